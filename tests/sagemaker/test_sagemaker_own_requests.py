"""Objects of sagemaker 2 and 3 give the requests that those SDKs send themselves.

STEPMILL_ORACLE_PYTHON and STEPMILL_ORACLE3_PYTHON name interpreters that have them. What is left to differ is named in
`plain`, with its reason.
"""

from __future__ import annotations

import copy
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import own_cases
import pytest

import stepmill.sagemaker
from stepmill.sagemaker import huggingface, pytorch, sklearn, spark, tensorflow, xgboost
from stepmill.sagemaker.processing_request import START
from stepmill.sagemaker.requests import Place, processing_request, training_request

HERE = Path(__file__).parent
SAID_BY_DEFAULT = {"S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None", "AppManaged": False,
                   "CompressionType": "GZIP", "EnableNetworkIsolation": False}  # fmt: skip


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "code"
    folder.mkdir()
    (folder / "train.py").write_text("print(1)\n")
    (folder / "requirements.txt").write_text("numpy\n")
    return folder


def asked_of(variable: str, code: Path) -> Any:
    if not (python := os.environ.get(variable)):
        pytest.skip(f"{variable} names no interpreter with that SDK")
    target = code.parent / f"{variable}.json"
    sources = Path(stepmill.sagemaker.__file__).parents[2]
    environ = {**os.environ, "HOME": str(code.parent), "AWS_DEFAULT_REGION": "us-east-1"}
    program = [python, HERE / "own_program.py", target, sources, code]
    done = subprocess.run(program, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(target.read_text("utf-8"))


@pytest.fixture(scope="module")
def sdk2(code: Path) -> Any:
    return asked_of("STEPMILL_ORACLE_PYTHON", code)


@pytest.fixture(scope="module")
def sdk3(code: Path) -> Any:
    return asked_of("STEPMILL_ORACLE3_PYTHON", code)


def ours(name: str, code: Path) -> Any:
    place = Place(bucket="bucket", prefix="the-job", job_name="the-job")
    names: dict[str, Any] = {}
    for module in (stepmill.sagemaker, huggingface, pytorch, sklearn, spark, tensorflow, xgboost):
        names |= vars(module)
    names["fit"] = lambda it, data=None: training_request(it, place=place, data=data, explicit_job_name=True)
    names["run"] = lambda it, arguments=None, **how: processing_request(
        it, place=place, container_arguments=arguments, explicit_job_name=True, **how
    )
    built = eval(own_cases.SDK2[name], {**names, "code": str(code)})
    assert built.problems == []
    return built.request


def plain(request: Any, name: str) -> Any:
    """A request without what is known to differ, and why."""
    request = copy.deepcopy(request)
    # SageMaker's own defaults, which one side says and the other leaves to SageMaker.
    _drop(request, SAID_BY_DEFAULT)
    if request.get("DebugHookConfig", {}).get("CollectionConfigurations") == []:
        del request["DebugHookConfig"]["CollectionConfigurations"]
    # We watch a job when that is asked for; the SDK asks for it by itself.
    if name != "a profiler" and not request.get("ProfilerConfig", {}).get("DisableProfiler"):
        request.pop("ProfilerConfig", None)
    if request.get("HyperParameters") == {}:
        del request["HyperParameters"]
    # Code of ours lies under a name made of its content, so that it is stored once.
    for each in request.get("ProcessingInputs", ()):
        if each["InputName"] == "code":
            each["S3Input"]["S3Uri"] = "code"
    hyperparameters = request.get("HyperParameters", {})
    if str(hyperparameters.get("sagemaker_submit_directory", "")).startswith('"s3://bucket/'):
        hyperparameters["sagemaker_submit_directory"] = "code"
    return request


def _drop(node: Any, said: dict[str, Any]) -> None:
    for each in list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else ():
        _drop(each, said)
    for key, value in said.items() if isinstance(node, dict) else ():
        if key in node and node[key] == value:
            del node[key]


def without_runproc(request: Any) -> Any:
    """A framework processor's request without the way its script is started: theirs by one more input."""
    inputs = [each for each in request["ProcessingInputs"] if each["InputName"] not in ("code", "entrypoint")]
    entrypoint = request["AppSpecification"].pop("ContainerEntrypoint")
    assert entrypoint[:3] == ["/bin/bash", "-c", START] or entrypoint[0] == "/bin/bash"
    return {**request, "ProcessingInputs": inputs}


@pytest.mark.slow
@pytest.mark.parametrize("name", own_cases.SDK2)
def test_objects_of_sagemaker_2_give_the_request_it_sends_itself(name: str, sdk2: Any) -> None:
    own, mixed = plain(sdk2["own"][name], name), plain(sdk2["mixed"][name], name)
    if name in ("a framework processor", "a PyTorch processor"):
        own, mixed = without_runproc(own), without_runproc(mixed)
    assert mixed == own


@pytest.mark.slow
@pytest.mark.parametrize("name", own_cases.SDK2)
def test_our_classes_give_what_those_of_sagemaker_2_give(name: str, sdk2: Any, code: Path) -> None:
    assert ours(name, code) == sdk2["mixed"][name]


@pytest.mark.slow
@pytest.mark.parametrize("name", own_cases.SDK3)
def test_objects_of_sagemaker_3_give_the_request_it_sends_itself(name: str, sdk3: Any) -> None:
    own, mixed = plain(sdk3["own"][name], name), plain(sdk3["mixed"][name], name)
    if name == "a framework processor":
        own, mixed = without_runproc(own), without_runproc(mixed)
    if "trainer" in name:
        own, mixed = without_drivers(own), without_toolkit(mixed)
    assert mixed == own


def without_drivers(request: Any) -> Any:
    """A ModelTrainer's own request: it starts the script by a shell program of its own, from two more channels."""
    assert request["AlgorithmSpecification"].pop("ContainerEntrypoint") == ["/bin/bash"]
    assert "sm_train.sh" in request["AlgorithmSpecification"].pop("ContainerArguments")[1]
    assert request["TrainingJobName"].startswith("the-job-")
    channels = [each for each in request["InputDataConfig"] if each["ChannelName"] not in ("code", "sm_drivers")]
    for each in channels:  # the job's own mode, said again
        assert each.pop("InputMode", request["AlgorithmSpecification"]["TrainingInputMode"])
    return {**request, "TrainingJobName": "the-job", "InputDataConfig": channels}


def without_toolkit(request: Any) -> Any:
    """Ours of a ModelTrainer: the training toolkit starts the script, told so by two hyperparameters."""
    hyperparameters = request["HyperParameters"]
    said = hyperparameters.pop("sagemaker_program"), hyperparameters.pop("sagemaker_submit_directory")
    assert said == ('"train.py"', "code")
    return {**request, "HyperParameters": hyperparameters} if hyperparameters else _less(request, "HyperParameters")


def _less(request: Any, field: str) -> Any:
    return {name: value for name, value in request.items() if name != field}


@pytest.mark.parametrize("name", own_cases.SDK2)
def test_what_sagemaker_2_can_start_our_classes_describe(name: str, code: Path) -> None:
    request = ours(name, code)
    assert request.get("TrainingJobName", request.get("ProcessingJobName")) == "the-job"
