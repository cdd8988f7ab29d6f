"""The shapes table, and what is told about a request that breaks it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sagemaker_standin import Later

from stepmill.sagemaker import shapes

TRAINING: dict[str, Any] = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::123456789012:role/jobs",
    "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
    "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 1},
}


def broken(**change: Any) -> list[tuple[str, str]]:
    return shapes.validate("CreateTrainingJob", {**TRAINING, **change}, bound=True)


def test_a_good_request_breaks_nothing() -> None:
    assert broken() == []


def test_complaints_are_worded_as_aws_words_them() -> None:
    assert broken(TrainingJobName="a_b") == [
        (
            "/TrainingJobName",
            "Value 'a_b' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression "
            "pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        )
    ]
    channel = {"ChannelName": "a", "DataSource": {"S3DataSource": {"S3DataType": "x", "S3Uri": "s3://b"}}}
    ((pointer, text),) = broken(InputDataConfig=[channel])
    assert pointer == "/InputDataConfig/0/DataSource/S3DataSource/S3DataType"
    assert text.startswith(
        "Value 'x' at 'inputDataConfig.1.member.dataSource.s3DataSource.s3DataType' failed to satisfy constraint: "
        "Member must satisfy enum value set: ["
    )


def test_aws_complains_of_a_whole_map_or_list_of_plain_values() -> None:
    rules = (
        "[Member must have length less than or equal to {}, Member must have length greater than or equal to {}, {}]"
    )
    pattern = "Member must satisfy regular expression pattern: .*"
    long = "x" * 2501
    ((_, text),) = broken(HyperParameters={"a": long, "b": "1"})
    assert text == (
        f"Value '{{a={long}, b=1}}' at 'hyperParameters' failed to satisfy constraint: "
        f"Map value must satisfy constraint: {rules.format(2500, 0, pattern)}"
    )
    algorithm = {**TRAINING["AlgorithmSpecification"], "ContainerArguments": ["a", "x" * 257]}
    ((pointer, text),) = broken(AlgorithmSpecification=algorithm)
    assert pointer == "/AlgorithmSpecification/ContainerArguments/1"
    assert "at 'algorithmSpecification.containerArguments' failed to satisfy constraint: Member must satisfy" in text


def test_what_is_missing_is_null() -> None:
    assert broken(RoleArn=None) == [
        ("/RoleArn", "Value null at 'roleArn' failed to satisfy constraint: Member must not be null")
    ]


def test_several_complaints_make_one_message() -> None:
    many = broken(RoleArn=None, StoppingCondition={"MaxRuntimeInSeconds": 0})
    message = shapes.validation_message(many)
    assert message.startswith("2 validation errors detected: Value null at 'roleArn'")
    assert message.endswith("; Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: "
                            "Member must have value greater than or equal to 1")  # fmt: skip
    assert shapes.validation_message(many[:1]).startswith("1 validation error detected: ")


def test_numbers_are_not_text_and_truth_is_no_number() -> None:
    assert broken(TrainingJobName=3) == [("/TrainingJobName", "NUMBER_VALUE can not be converted to a String")]
    assert broken(StoppingCondition={"MaxRuntimeInSeconds": True}) == [
        ("/StoppingCondition/MaxRuntimeInSeconds", "TRUE_VALUE can not be converted to an Integer")
    ]


def test_run_time_values_are_not_judged_but_their_constant_parts_are_measured() -> None:
    later = Later("x")
    name = {"TrainingJobName": f"{later}_"}
    assert shapes.validate("CreateTrainingJob", {**TRAINING, **name, "RoleArn": later}) == []
    assert shapes.validate("CreateTrainingJob", {**TRAINING, "RoleArn": "${JobRole}"}) == []
    assert broken(RoleArn="${JobRole}")
    ((pointer, _),) = shapes.validate("CreateTrainingJob", {**TRAINING, "TrainingJobName": f"{later}{'a' * 64}"})
    assert pointer == "/TrainingJobName"


def test_every_pattern_of_the_table_can_be_asked() -> None:
    patterns = {each["pattern"] for each in shapes.table()["shapes"].values() if "pattern" in each}
    assert len(patterns) > 50
    assert all(shapes._pattern(pattern) for pattern in patterns)


@pytest.mark.parametrize(
    ("field", "fits"),
    [
        ({"CustomerMetadataProperties": {"accuracy": "0.93"}}, True),
        ({"CustomerMetadataProperties": {"accuracy": "93 %"}}, False),
        ({"ModelPackageDescription": "trained on Ümläüts; 93 % (good) 😀"}, True),
        ({"ModelPackageDescription": "two\x00zeros"}, False),
        ({"SourceUri": "https://example.com/a/b"}, True),
        ({"SourceUri": "https://example.com/a?b=c"}, False),
    ],
)
def test_patterns_that_python_does_not_have_say_the_same(field: dict[str, Any], fits: bool) -> None:
    assert (shapes.validate("CreateModelPackage", field, bound=True) == []) is fits


def test_java_patterns_take_letters_of_every_script() -> None:
    assert broken(Tags=[{"Key": "所有者", "Value": "山田 太郎"}]) == []
    assert broken(Tags=[{"Key": "a!", "Value": ""}])


def test_pointers_are_escaped() -> None:
    ((pointer, _),) = broken(HyperParameters={"a/b~c": "x" * 2501})
    assert pointer == "/HyperParameters/a~1b~0c"


@pytest.mark.parametrize(
    ("given", "meant"), [("m5.large", "ml.m5.large"), ("ML.M5.LARGE", "ml.m5.large"), ("ml.m5.xlage", "ml.m5.xlarge")]
)
def test_the_instance_type_that_was_meant_is_found(given: str, meant: str) -> None:
    assert shapes.nearest_instance_type(given) == meant
    assert shapes.nearest_instance_type("a potato") is None


def test_instance_types_are_known_by_kind_of_job() -> None:
    assert "ml.m5.large" in shapes.INSTANCE_TYPES["training"]
    assert "ml.m5.large" in shapes.INSTANCE_TYPES["processing"]


def test_the_table_names_its_source() -> None:
    assert set(shapes.table()["source"]) == {"botocore", "date", "api"}


@pytest.mark.slow
def test_the_table_is_what_the_script_makes_of_that_botocore(tmp_path: Path) -> None:
    python = os.environ.get("STEPMILL_ORACLE_PYTHON")
    script = Path(__file__).parents[2] / "tools" / "make_shapes.py"
    if not python or not script.exists():
        pytest.skip("STEPMILL_ORACLE_PYTHON names no interpreter that has botocore")
    target = tmp_path / "shapes.json"
    subprocess.run([python, str(script), shapes.table()["source"]["date"], str(target)], check=True)
    made = json.loads(target.read_text("utf-8"))
    if made["source"] != shapes.table()["source"]:
        pytest.skip("another botocore")
    assert made == shapes.table()
