"""Frameworks are described as with SageMaker's SDK 2, and what cannot be is said in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sagemaker_standin import Later

from stepmill.jobs import toolkit
from stepmill.sagemaker import FileSystemInput, FrameworkProcessor, InstanceGroup, Rule, Session, get_execution_role
from stepmill.sagemaker.huggingface import HuggingFace, HuggingFaceModel, HuggingFaceProcessor
from stepmill.sagemaker.image_uris import ImageUnknown
from stepmill.sagemaker.processing_request import START
from stepmill.sagemaker.pytorch import PyTorch, PyTorchModel, PyTorchProcessor
from stepmill.sagemaker.requests import Built, Place, processing_request, training_request
from stepmill.sagemaker.sklearn import SKLearn, SKLearnModel, SKLearnProcessor
from stepmill.sagemaker.spark import PySparkProcessor, SparkJarProcessor
from stepmill.sagemaker.tensorflow import TensorFlow, TensorFlowModel
from stepmill.sagemaker.xgboost import XGBoost, XGBoostModel

PLACE = Place(bucket="bucket", prefix="w/e", job_name="the-job")
TORCH = {"framework_version": "2.1.0", "py_version": "py310", "instance_type": "ml.p3.2xlarge"}
HF = {"py_version": "py310", "transformers_version": "4.28.1", "pytorch_version": "2.0.0"}


@pytest.fixture
def script(tmp_path: Path) -> str:
    (tmp_path / "train.py").write_text("print(1)\n")
    return str(tmp_path / "train.py")


def built(estimator: Any, **more: Any) -> Built:
    return training_request(estimator, place=PLACE, **more)


@pytest.mark.parametrize(
    ("mistake", "kind", "words"),
    [
        (lambda: SKLearn("t.py"), ValueError, "SKLearn: framework_version= is missing"),
        (lambda: PyTorch("t.py"), ValueError, "framework_version= and py_version= are missing"),
        (lambda: TensorFlow(framework_version="2.12"), ValueError, "TensorFlow: py_version= is missing"),
        (lambda: HuggingFace(entry_point="t.py", py_version="py310"), ValueError, "transformers_version= is missing"),
        (lambda: SKLearn("t.py", "1.2-1", requirements=["pandas"]), ValueError,
         "framework_version= and requirements= both say what the image is"),
        (lambda: SKLearn("t.py", "1.2"), ImageUnknown, "did you mean '1.2-1'?"),
        (lambda: SKLearn("t.py", "1.2-1", py_version="py310"), ValueError, "Python 3 only"),
        (lambda: SKLearn("t.py", "1.2-1", instance_count=2), ValueError, "does not train on several machines"),
        (lambda: SKLearn("t.py", "1.2-1", instance_tpye="ml.m5.large"), TypeError, "did you mean 'instance_type'?"),
        (lambda: XGBoost("t.py", "1.7-1", distribution={}), TypeError, "XGBoost has no argument 'distribution'"),
        (lambda: PyTorch("t.py", **TORCH, distribution={"torch_distibuted": {}}), ValueError,
         "did you mean 'torch_distributed'?"),
        (lambda: PyTorch("t.py", **TORCH, distribution={"mpi": True}), TypeError, '{"mpi": {"enabled": True}}'),
        (lambda: PyTorch("t.py", **TORCH, distribution="mpi"), TypeError, "is no dict"),
        (lambda: PyTorch("t.py", **TORCH, distribution={"smdistributed": {"modelparalel": {}}}), ValueError,
         "did you mean 'modelparallel'?"),
        (lambda: PyTorch("t.py", **TORCH, distribution={"smdistributed": {"modelparallel": {}, "dataparallel": {}}}),
         ValueError, "not both"),
        (lambda: PyTorch("t.py", **TORCH, distribution={"pytorchddp": {}, "smdistributed": {"dataparallel": {}}}),
         ValueError, "keep one of them"),
        (lambda: PyTorch("t.sh", **TORCH, distribution={"torch_distributed": {"enabled": True}}), ValueError,
         "Python programs only"),
        (lambda: PyTorch("t.py", **TORCH, distribution={"mpi": {}, "instance_groups": ["g"]}), ValueError,
         "add instance_groups="),
        (lambda: PyTorch("t.py", **TORCH, compiler_config=object()), ValueError, "compiler_config= is not supported"),
        (lambda: TensorFlow("py2", "2.12"), ValueError, "no Python 2 image"),
        (lambda: TensorFlow("py3", "1.10"), ValueError, "script mode came with 1.11"),
        (lambda: TensorFlow("py38", "2.8", distribution={"multi_worker_mirrored_strategy": {"enabled": True}}),
         ValueError, "needs 2.9 or newer"),
        (lambda: HuggingFace(**HF, tensorflow_version="2.6.3", entry_point="t.py"), ValueError, "both given"),
        (lambda: HuggingFace("py310", "t.py", "4.28", pytorch_version="2.0.0"), ValueError, "as many parts"),
        (lambda: HuggingFaceModel(py_version="py310", transformers_version="4.28"), ValueError,
         "say pytorch_version= or tensorflow_version="),
        (lambda: TensorFlowModel("s3://b/m", framework_version="2.12", container_log_level=7), ValueError,
         "is none of 10, 20"),
        (lambda: XGBoostModel("s3://b/m"), ValueError, "XGBoostModel: framework_version= is missing"),
        (SKLearnProcessor, ValueError, "SKLearnProcessor: framework_version= is missing"),
        (lambda: FrameworkProcessor(SKLearn), ValueError, "framework_version= is missing"),
        (lambda: HuggingFaceProcessor(**HF), ImageUnknown, "there is no kind of machine 'cpu' (ml.m5.large)"),
        (lambda: PySparkProcessor(framework_version="3.3", py_version="py39"), ValueError, "one without the other"),
        (SparkJarProcessor, ValueError, "SparkJarProcessor: framework_version= is missing"),
        (lambda: FileSystemInput("fs-1", "NFS", "/"), ValueError, "there is no file_system_type 'NFS'"),
        (lambda: FileSystemInput("fs-1", "EFS", "/", "read"), ValueError, "there are: ro, rw"),
        (lambda: Rule.custom("r", "i", "ml.m5.large", 5, source="s3://b/r.py"), ValueError, "give both"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is_made(mistake: Callable[[], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as said:
        mistake()
    assert words in str(said.value)


def test_an_image_that_is_looked_up_late_is_a_problem_of_the_pipeline(script: str) -> None:
    problems = built(PyTorch(script, framework_version="2.1.0", py_version="py39")).problems
    assert [each.code for each in problems] == ["image-unknown"]
    assert problems[0].message == "there is no py_version 'py39' of pytorch 2.1.0"


def test_a_framework_in_an_image_of_ones_own_requirements(script: str) -> None:
    request = built(SKLearn(script, requirements=["scikit-learn==1.5.2"])).request
    assert request["AlgorithmSpecification"]["TrainingImage"] == "${Image}"
    assert request["HyperParameters"]["sagemaker_program"] == '"train.py"'


def test_a_framework_s_hyperparameters_are_JSON_and_run_time_values_are_text(script: str) -> None:
    values = {"name": "x", "on": True, "later": Later("lr")}
    request = built(SKLearn(script, "1.2-1", hyperparameters=values)).request
    assert request["HyperParameters"]["name"] == '"x"'
    assert request["HyperParameters"]["on"] == "true"
    assert request["HyperParameters"]["later"] == "\ue000lr\ue001"


def test_the_step_s_texts_reach_a_framework_as_they_are(script: str) -> None:
    request = built(SKLearn(script, "1.2-1"), hyperparameters={"kind": "fast", "depth": 3}).request
    assert request["HyperParameters"]["kind"] == "fast"
    assert request["HyperParameters"]["depth"] == "3"


def test_a_tensorflow_script_is_told_where_its_model_goes(script: str) -> None:
    estimator = TensorFlow("py310", "2.12", entry_point=script)
    assert built(estimator).request["HyperParameters"]["model_dir"] == '"s3://bucket/w/e/the-job/model"'


def test_of_several_machines_those_with_GPUs_choose_the_image(script: str) -> None:
    groups = [InstanceGroup("a", "ml.c5.xlarge", 1), InstanceGroup("b", "ml.p3.2xlarge", 1)]
    estimator = PyTorch(script, "2.1.0", "py310", instance_groups=groups)
    assert "2.1.0-gpu-py310" in estimator.training_image_uri()


def test_images_are_those_of_the_session_s_region(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEPMILL_REGION", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert Session().boto_region_name == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert SKLearnProcessor("1.2-1").image_uri.startswith("662702820516.dkr.ecr.eu-north-1.")
    monkeypatch.setenv("STEPMILL_REGION", "eu-west-1")
    assert ".eu-west-1." in SKLearnProcessor("1.2-1").image_uri
    boto = type("Boto", (), {"region_name": "us-west-2"})()
    assert ".us-west-2." in SKLearnProcessor("1.2-1", sagemaker_session=Session(boto)).image_uri


def test_a_session_s_bucket_is_the_stage_s_and_the_role_the_generated_one() -> None:
    assert Session().default_bucket() == "${Bucket}"
    assert Session(default_bucket="mine").default_bucket() == "mine"
    assert get_execution_role() is None


@pytest.mark.parametrize(
    ("estimator", "kind", "image"),
    [
        (SKLearn("t.py", "1.2-1"), SKLearnModel, "sagemaker-scikit-learn:1.2-1-cpu-py3"),
        (XGBoost("t.py", "1.7-1"), XGBoostModel, "sagemaker-xgboost:1.7-1"),
        (PyTorch("t.py", **TORCH), PyTorchModel, "pytorch-inference:2.1.0-cpu-py310"),
        (TensorFlow("py310", "2.12", entry_point="t.py"), TensorFlowModel, "tensorflow-inference:2.12-cpu"),
        (HuggingFace(entry_point="t.py", **HF), HuggingFaceModel,
         "huggingface-pytorch-inference:2.0.0-transformers4.28.1-cpu-py310-ubuntu20.04"),
    ],
)  # fmt: skip
def test_an_estimator_makes_its_framework_s_model(estimator: Any, kind: type, image: str) -> None:
    model = estimator.create_model(env={"A": "b"})
    assert type(model) is kind
    assert model.env == {"A": "b"}
    assert model.serving_image_uri("us-east-1", "ml.m5.large").endswith(f"/{image}")
    assert estimator.transformer(1, "ml.m5.large").instance_count == 1


def test_a_framework_processor_starts_its_script_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print(1)\n")
    processor = PyTorchProcessor("2.1.0", py_version="py310")
    request = processing_request(processor, place=PLACE, code="main.py", source_dir=str(tmp_path)).request
    assert request["AppSpecification"]["ContainerEntrypoint"] == [
        "/bin/bash",
        "-c",
        START,
        "start",
        "python",
        "main.py",
    ]


def test_what_starts_a_framework_processor_is_known_to_the_jobs_of_this_machine() -> None:
    assert toolkit.FRAMEWORK == START
    assert len(START) <= 256, "SageMaker's limit for one argument"
    request = {"AppSpecification": {"ContainerEntrypoint": ["/bin/bash", "-c", START, "start", "python", "main.py"]}}
    command = toolkit.entry("processing", request, "", "us-east-1", "python").command
    assert "pip" not in command[2]
    assert command[3:] == ["start", "python", "main.py"]


def test_where_code_lies_is_not_for_the_user_to_say(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print(1)\n")
    processor = FrameworkProcessor(SKLearn, "1.2-1", code_location="s3://b/code")
    found = processing_request(processor, place=PLACE, code=str(tmp_path / "main.py"))
    assert [each.code for each in found.problems] == ["no-code-location"]
