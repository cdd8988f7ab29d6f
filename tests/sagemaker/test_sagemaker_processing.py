"""Processing requests in the short style, and what is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sagemaker_standin import Later

from stepmill.sagemaker import NetworkConfig, ProcessingInput, ProcessingOutput, Processor, ScriptProcessor
from stepmill.sagemaker.requests import Built, Place, processing_request

NAME, PREFIX = str(Later("name")), str(Later("prefix"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "preprocess.py").write_text("print()")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("import other")
    (tmp_path / "src" / "other.py").write_text("")
    return Place(prefix=f"digits/{PREFIX}", job_name=NAME, slug="preprocess", base=tmp_path)


def codes(built: Built) -> list[str]:
    return [problem.code for problem in built.problems]


def test_the_short_style_says_what_the_reference_says(place: Place) -> None:
    run = Later("run")
    built = processing_request(
        ScriptProcessor(requirements=["numpy"]),
        place=place,
        code="preprocess.py",
        inputs={"input": run},
        outputs=["train"],
        container_arguments=["--learning-rate", run, 3],
    )
    assert built.problems == []
    (asset,) = built.assets
    assert built.outputs == {"train": 0}
    assert built.request == {
        "ProcessingJobName": NAME,
        "ProcessingInputs": [
            {
                "InputName": "input",
                "S3Input": {
                    "S3Uri": run,
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            },
            {
                "InputName": "code",
                "S3Input": {
                    "S3Uri": f"s3://${{Bucket}}/stepmill/code/{asset.sha256}/preprocess.py",
                    "LocalPath": "/opt/ml/processing/input/code",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            },
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "train",
                    "S3Output": {
                        "S3Uri": f"s3://${{Bucket}}/digits/{PREFIX}/{NAME}/output/train",
                        "LocalPath": "/opt/ml/processing/train",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "AppSpecification": {
            "ImageUri": "${Image}",
            "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/preprocess.py"],
            "ContainerArguments": ["--learning-rate", str(run), "3"],
        },
        "RoleArn": "${JobRole}",
    }


@pytest.mark.parametrize("code", ["main.py", "src/main.py"])
def test_a_source_dir_lies_unpacked_under_a_prefix_named_by_its_content(place: Place, code: str) -> None:
    built = processing_request(ScriptProcessor(), place=place, code=code, source_dir="src")
    assert built.problems == []
    (asset,) = built.assets
    assert [key.rsplit("/", 1)[1] for key, _ in asset.files()] == ["main.py", "other.py"]
    (only,) = built.request["ProcessingInputs"]
    assert only["S3Input"]["S3Uri"] == f"s3://${{Bucket}}/stepmill/code/{asset.sha256}/"
    entrypoint = built.request["AppSpecification"]["ContainerEntrypoint"]
    assert entrypoint == ["python3", "/opt/ml/processing/input/code/main.py"]


def test_code_on_s3_stays_where_it_is(place: Place) -> None:
    built = processing_request(ScriptProcessor(command=["python3", "-u"]), place=place, code="s3://b/c/run.py")
    assert built.assets == []
    assert built.request["ProcessingInputs"][0]["S3Input"]["S3Uri"] == "s3://b/c/run.py"
    entrypoint = built.request["AppSpecification"]["ContainerEntrypoint"]
    assert entrypoint == ["python3", "-u", "/opt/ml/processing/input/code/run.py"]


def test_local_data_is_stored_by_content(place: Place) -> None:
    assert place.base
    (place.base / "data").mkdir()
    (place.base / "data" / "a.csv").write_text("1")
    given = [ProcessingInput("data", "/opt/ml/processing/d", "d"), ProcessingInput("data/a.csv")]
    built = processing_request(Processor(), place=place, inputs=given)
    assert built.problems == []
    uris = [each["S3Input"]["S3Uri"] for each in built.request["ProcessingInputs"]]
    # The same one file either way, so it is stored once.
    (asset,) = built.assets
    assert uris == [f"s3://${{Bucket}}/{asset.key}"] * 2
    assert built.request["ProcessingInputs"][1]["InputName"] == "input-2"


def test_every_argument_may_be_known_only_at_run_time(place: Place) -> None:
    later = Later("x")
    every: dict[str, Any] = dict.fromkeys(
        ("role", "image_uri", "instance_count", "instance_type", "volume_size_in_gb", "volume_kms_key", "env", "tags",
         "output_kms_key", "max_runtime_in_seconds", "entrypoint"), later
    )  # fmt: skip
    network = NetworkConfig(later, [later], [later], later)
    built = processing_request(
        Processor(**every, network_config=network),
        place=place,
        inputs=[ProcessingInput(later, later, later, later, later, later, later, app_managed=later)],
        outputs=[ProcessingOutput(later, later, Later("o"), later, later)],
        container_arguments=later,
        experiment_config={"ExperimentName": later},
        kms_key_id=later,
        tags=later,
    )
    assert built.problems == []
    assert built.request["Environment"] is later
    assert built.request["NetworkConfig"]["VpcConfig"] == {"SecurityGroupIds": [later], "Subnets": [later]}


def test_values_in_the_environment_are_text(place: Place) -> None:
    later = Later("x")
    built = processing_request(Processor(env={"N": 3, "LATER": later}), place=place)
    assert built.request["Environment"] == {"N": "3", "LATER": str(later)}


def test_outputs_by_name_take_a_uri_a_path_or_nothing(place: Place) -> None:
    outputs = {"a": None, "b": "s3://b/there", "c": "/opt/ml/processing/elsewhere", "d": ProcessingOutput()}
    built = processing_request(Processor(), place=place, outputs=outputs)
    assert built.problems == []
    made = {each["OutputName"]: each["S3Output"] for each in built.request["ProcessingOutputConfig"]["Outputs"]}
    assert made["b"]["S3Uri"] == "s3://b/there"
    assert made["c"]["LocalPath"] == "/opt/ml/processing/elsewhere"
    assert made["a"]["S3Uri"].endswith("/output/a")
    assert made["d"]["LocalPath"] == "/opt/ml/processing/d"


def test_nothing_is_sent_for_nothing(place: Place) -> None:
    request = processing_request(Processor(image_uri="i", role="arn:aws:iam::123456789012:role/r"), place=place).request
    assert sorted(request) == ["AppSpecification", "ProcessingJobName", "ProcessingResources", "RoleArn"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"inputs": {"a": "s3://b/a"}, "outputs": ["a"]}, "in-and-out"),
        ({"inputs": {f"i{n}": "s3://b/a" for n in range(11)}}, "too-many-inputs"),
        ({"outputs": [f"o{n}" for n in range(11)]}, "too-many-outputs"),
        ({"outputs": ["a", "a"]}, "output-twice"),
        ({"inputs": [ProcessingInput("s3://b/a", "/opt/ml/processing/i")] * 2}, "same-local-path"),
        ({"inputs": {"a": "s3://b/a"}, "outputs": {"b": "/opt/ml/processing/a/"}}, "in-and-out"),
        ({"outputs": ["../a"]}, "bad-name"),
        ({"inputs": {"a/b": "s3://b/a"}}, "bad-name"),
        ({"inputs": {"code": "s3://b/a"}, "code": "preprocess.py"}, "input-twice"),
        ({"inputs": [ProcessingInput("s3://b", "/data", "a")]}, "bad-local-path"),
        ({"inputs": [ProcessingInput("s3://b", s3_compression_type="Gzip")]}, "gzip-without-pipe"),
        ({"inputs": {"a": "gs://b/a"}}, "bad-source"),
        ({"inputs": {"a": "missing.csv"}}, "file-missing"),
        ({"inputs": {"a": 3}}, "bad-input"),
        ({"inputs": ["s3://b/a"]}, "input-without-name"),
        ({"inputs": "s3://b/a"}, "bad-inputs"),
        ({"outputs": {"a": "there"}}, "bad-destination"),
        ({"code": "preproces.py"}, "file-missing"),
        ({"source_dir": "src"}, "entry-missing"),
        ({"code": "nothing.py", "source_dir": "src"}, "file-missing"),
        ({"code": Later("x")}, "code-at-run-time"),
        ({"container_arguments": ["x" * 257]}, "request-max"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_told(place: Place, more: dict[str, Any], code: str) -> None:
    built = processing_request(ScriptProcessor(), place=place, **more)
    assert code in codes(built)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"requirements": ["numpy"], "dockerfile": "preprocess.py"}, "image-twice"),
        ({"image_uri": "i", "requirements": ["numpy"]}, "image-twice"),
        ({"dockerfile": "Dockerfile"}, "file-missing"),
        ({"instance_type": "ml.m5.larg"}, "request-enum"),
        ({"instance_count": "${N}"}, "request-type"),
        ({"volume_size_in_gb": 0}, "request-min"),
        ({"env": {"A B": "c"}}, "request-pattern"),
        ({"env": {"A": "c" * 257}}, "request-max"),
    ],
)
def test_a_processor_that_sagemaker_would_refuse_is_told(place: Place, arguments: dict[str, Any], code: str) -> None:
    assert codes(processing_request(ScriptProcessor(**arguments), place=place)) == [code]


def test_a_wrong_name_brings_the_nearest_one(place: Place) -> None:
    built = processing_request(ScriptProcessor(instance_type="ml.m5.larg"), place=place, code="preproces.py")
    hints = " ".join(problem.hint for problem in built.problems)
    assert "did you mean ml.m5.large?" in hints
    assert "preprocess.py?" in hints


def test_processors_of_sagemaker_3_are_taken_by_their_attributes(place: Place) -> None:
    class Unassigned:
        pass

    source = SimpleNamespace(
        s3_uri="s3://b/i", local_path="/opt/ml/processing/i", s3_data_type="S3Prefix", s3_input_mode="File",
        s3_data_distribution_type=Unassigned(), s3_compression_type=Unassigned(),
    )  # fmt: skip
    given = SimpleNamespace(input_name="i", s3_input=source, app_managed=Unassigned(), dataset_definition=Unassigned())
    target = SimpleNamespace(s3_uri="s3://b/o", local_path="/opt/ml/processing/o", s3_upload_mode="EndOfJob")
    made = SimpleNamespace(output_name="o", s3_output=target, app_managed=None, feature_store_output=Unassigned())
    built = processing_request(ScriptProcessor(), place=place, inputs=[given], outputs=[made])
    assert built.problems == []
    assert built.request["ProcessingInputs"][0]["S3Input"]["LocalPath"] == "/opt/ml/processing/i"
    assert built.request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] == "s3://b/o"


def test_something_else_is_no_processor(place: Place) -> None:
    assert codes(processing_request(object(), place=place)) == ["not-a-processor"]
