"""Training requests in the short style, and what is refused."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sagemaker_standin import Later

from stepmill.sagemaker import CheckpointConfig, DebuggerHookConfig, Estimator, TrainingInput
from stepmill.sagemaker.requests import Built, Place, training_request

NAME, PREFIX = str(Later("name")), str(Later("prefix"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "train.py").write_text("print()")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("import other")
    (tmp_path / "src" / "other.py").write_text("")
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").write_text("")
    return Place(prefix=f"digits/{PREFIX}", job_name=NAME, slug="train", base=tmp_path)


def codes(built: Built) -> list[str]:
    return [problem.code for problem in built.problems]


def test_the_short_style_says_what_the_reference_says(place: Place) -> None:
    run = Later("run")
    estimator = Estimator(
        entry_point="train.py",
        use_spot_instances=True,
        max_run=3600,
        max_wait=7200,
        metric_definitions={"accuracy": r"accuracy: ([0-9.]+)"},
        environment={"EXECUTION": run},
        requirements=["numpy"],
        instance_type="ml.m5.large",
    )
    built = training_request(estimator, place=place, data={"train": run}, hyperparameters={"lr": run, "epochs": 20})
    assert built.problems == []
    (asset,) = built.assets
    assert built.request == {
        "TrainingJobName": NAME,
        "AlgorithmSpecification": {
            "TrainingImage": "${Image}",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy: ([0-9.]+)"}],
        },
        "HyperParameters": {
            "lr": str(run),
            "epochs": "20",
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://${{Bucket}}/stepmill/code/{asset.sha256}/sourcedir.tar.gz"',
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": run,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://${{Bucket}}/digits/{PREFIX}"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "Environment": {"EXECUTION": str(run)},
        "RoleArn": "${JobRole}",
    }


def test_hyperparameters_are_json_for_a_script_and_plain_text_for_an_image(place: Place) -> None:
    values = {"text": "x", "flag": True, "list": [1, 2], "rate": 1e-05}
    script = training_request(Estimator(entry_point="train.py"), place=place, hyperparameters=values)
    image = training_request(Estimator(image_uri="i"), place=place, hyperparameters=values)
    sent = script.request["HyperParameters"]
    assert {name: json.loads(sent[name]) for name in values} == values
    assert image.request["HyperParameters"] == {"text": "x", "flag": "True", "list": "[1, 2]", "rate": "1e-05"}


def test_one_run_time_value_stands_for_all_hyperparameters(place: Place) -> None:
    later = Later("all")
    image = training_request(Estimator(image_uri="i"), place=place, hyperparameters=later)
    assert image.request["HyperParameters"] is later
    built = training_request(Estimator(entry_point="train.py"), place=place, hyperparameters=later)
    assert built.problems == []
    assert built.request["HyperParameters"] is later
    uri = f"s3://${{Bucket}}/{built.assets[0].key}"
    assert built.request["Environment"] == {"SAGEMAKER_PROGRAM": "train.py", "SAGEMAKER_SUBMIT_DIRECTORY": uri}


@pytest.mark.parametrize("entry", ["train.py", "src/train.py"])
def test_a_source_dir_travels_with_its_dependencies(place: Place, entry: str, tmp_path: Path) -> None:
    estimator = Estimator(entry_point=entry, source_dir="src", dependencies=["shared"])
    built = training_request(estimator, place=place)
    assert built.problems == []
    assert built.request["HyperParameters"]["sagemaker_program"] == '"train.py"'
    built.assets[0].write(tmp_path / "sourcedir.tar.gz")
    with tarfile.open(tmp_path / "sourcedir.tar.gz") as archive:
        assert archive.getnames() == ["other.py", "shared/__init__.py", "train.py"]


def test_an_isolated_container_gets_its_code_as_a_channel(place: Place) -> None:
    estimator = Estimator(entry_point="train.py", enable_network_isolation=True)
    built = training_request(estimator, place=place)
    assert built.request["EnableNetworkIsolation"] is True
    (channel,) = built.request["InputDataConfig"]
    assert channel["ChannelName"] == "code"
    directory = built.request["HyperParameters"]["sagemaker_submit_directory"]
    assert directory == '"/opt/ml/input/data/code/sourcedir.tar.gz"'


def test_spot_waits_twice_as_long_as_it_runs_unless_told(place: Place) -> None:
    built = training_request(Estimator(use_spot_instances=True, max_run=100), place=place)
    assert built.request["StoppingCondition"]["MaxWaitTimeInSeconds"] == 200
    later = training_request(Estimator(use_spot_instances=True, max_run=Later("n")), place=place)
    assert later.problems == []


def test_all_attempts_of_a_job_share_their_checkpoints(place: Place) -> None:
    built = training_request(Estimator(checkpoint_s3_uri=True), place=place)
    assert built.request["CheckpointConfig"] == {"S3Uri": f"s3://${{Bucket}}/digits/{PREFIX}/checkpoints/train"}


def test_a_checkpoint_config_says_both_and_nothing_beside_it(place: Place) -> None:
    built = training_request(Estimator(checkpoint_config=CheckpointConfig("s3://b/c", "/opt/ml/kept")), place=place)
    assert built.request["CheckpointConfig"] == {"S3Uri": "s3://b/c", "LocalPath": "/opt/ml/kept"}
    with pytest.raises(ValueError, match="checkpoint_config= says what"):
        Estimator(checkpoint_config=CheckpointConfig(), checkpoint_s3_uri="s3://b/c")


def test_the_debugger_hook_is_sent_only_when_asked_for(place: Place) -> None:
    assert "DebugHookConfig" not in training_request(Estimator(), place=place).request
    asked = training_request(Estimator(debugger_hook_config=DebuggerHookConfig()), place=place).request
    assert asked["DebugHookConfig"] == {"S3OutputPath": f"s3://${{Bucket}}/digits/{PREFIX}"}


def test_nothing_said_about_a_job_is_dropped(place: Place) -> None:
    estimator = Estimator(
        image_uri="i",
        environment={"A": "b"},
        max_retry_attempts=3,
        encrypt_inter_container_traffic=True,
        enable_remote_debug=True,
        enable_infra_check=True,
        enable_session_tag_chaining=True,
        enable_sagemaker_metrics=True,
        container_entry_point=["python3"],
        container_arguments=["train.py", 3],
        checkpoint_s3_uri="s3://b/c",
        training_repository_access_mode="Vpc",
        tags={"a": "b"},
    )
    built = training_request(estimator, place=place)
    assert built.problems == []
    request = built.request
    assert request["RetryStrategy"] == {"MaximumRetryAttempts": 3}
    assert request["Environment"] == {"A": "b"}
    assert request["EnableInterContainerTrafficEncryption"] is True
    assert request["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    assert request["InfraCheckConfig"] == {"EnableInfraCheck": True}
    assert request["SessionChainingConfig"] == {"EnableSessionTagChaining": True}
    assert request["CheckpointConfig"] == {"S3Uri": "s3://b/c"}
    assert request["Tags"] == [{"Key": "a", "Value": "b"}]
    assert request["AlgorithmSpecification"]["ContainerArguments"] == ["train.py", "3"]
    assert request["AlgorithmSpecification"]["TrainingImageConfig"] == {"TrainingRepositoryAccessMode": "Vpc"}


def test_local_data_is_stored_by_content(place: Place) -> None:
    data = {"a": "shared/__init__.py", "b": TrainingInput("src", content_type="text/x-python")}
    built = training_request(Estimator(), place=place, data=data)
    assert built.problems == []
    uris = [each["DataSource"]["S3DataSource"]["S3Uri"] for each in built.request["InputDataConfig"]]
    assert uris == [f"s3://${{Bucket}}/{asset.key}" for asset in built.assets]


def test_a_TrainingInput_is_not_changed_by_building(place: Place) -> None:
    given = TrainingInput("src")
    training_request(Estimator(), place=place, data={"a": given})
    assert given.config["DataSource"]["S3DataSource"]["S3Uri"] == "src"


def test_every_argument_may_be_known_only_at_run_time(place: Place) -> None:
    later = Later("x")
    names = """
        image_uri role instance_count instance_type keep_alive_period_in_seconds volume_size volume_kms_key max_run
        input_mode output_path output_kms_key tags encrypt_inter_container_traffic use_spot_instances max_wait
        checkpoint_s3_uri checkpoint_local_path enable_network_isolation environment max_retry_attempts model_uri
        container_entry_point container_arguments enable_infra_check training_plan hyperparameters subnets
        security_group_ids container_log_level
    """.split()  # noqa: SIM905
    arguments: dict[str, Any] = dict.fromkeys(names, later)
    channel = TrainingInput(later, later, later, later, later, later, [later], later, [later], None, later)
    built = training_request(
        Estimator(**arguments), place=place, data={"a": channel}, tags=later, output_data_config_path=later
    )
    assert built.problems == []
    assert built.request["EnableManagedSpotTraining"] is later


@pytest.mark.parametrize(
    ("arguments", "more", "code"),
    [
        ({"max_wait": 10}, {}, "wait-without-spot"),
        ({"instance_groups": [], "instance_type": "ml.m5.large"}, {}, "machines-twice"),
        ({"use_spot_instances": True, "max_run": 10, "max_wait": 5}, {}, "wait-below-run"),
        ({"source_dir": "src"}, {}, "entry-missing"),
        ({"dependencies": ["src"]}, {}, "entry-missing"),
        ({"entry_point": "trian.py"}, {}, "file-missing"),
        ({"entry_point": "nothing.py", "source_dir": "src"}, {}, "file-missing"),
        ({"entry_point": "train.py", "dependencies": ["train.py", "src/train.py"]}, {}, "same-name"),
        ({"entry_point": Later("x")}, {}, "code-at-run-time"),
        ({"entry_point": "train.py", "git_config": {"repo": "r"}}, {}, "no-git-config"),
        ({"requirements": ["a"], "dockerfile": "train.py"}, {}, "image-twice"),
        ({"metric_definitions": {"a": "("}}, {}, "bad-regex"),
        ({"metric_definitions": {"a": "a: [0-9]+"}}, {}, "regex-without-group"),
        ({"metric_definitions": [{"Name": "a", "Regex": "(.)"}] * 2}, {}, "metric-twice"),
        ({"metric_definitions": {f"m{n}": "(.)" for n in range(41)}}, {}, "request-max"),
        ({"subnets": ["subnet-1"]}, {}, "half-a-vpc"),
        ({"checkpoint_local_path": "/opt/ml/c"}, {}, "checkpoint-nowhere"),
        ({"environment": {"A": "x" * 513}}, {}, "request-max"),
        ({}, {"data": {f"c{n}": "s3://b/a" for n in range(21)}}, "too-many-channels"),
        ({}, {"data": {"a b": "s3://b/a"}}, "bad-name"),
        ({}, {"data": {"..": "s3://b/a"}}, "bad-name"),
        ({}, {"data": {"a": 3}}, "bad-channel"),
        ({}, {"data": {"a": "missing"}}, "file-missing"),
        ({"model_uri": "s3://b/m"}, {"data": {"model": "s3://b/a"}}, "channel-twice"),
        ({}, {"data": TrainingInput("s3://b/a", compression="Gzip", input_mode="File")}, "gzip-without-pipe"),
        ({}, {"hyperparameters": {"a": "x" * 2501}}, "request-max"),
        ({}, {"hyperparameters": {"a": [Later("x")]}}, "run-time-value-inside"),
        ({"entry_point": "train.py"}, {"hyperparameters": {"a": object()}}, "not-json"),
        ({"entry_point": "train.py", "environment": Later("e")}, {"hyperparameters": Later("h")}, "all-at-run-time"),
        ({}, {"hyperparameters": [1]}, "bad-hyperparameters"),
        ({"hyperparameters": Later("x")}, {"hyperparameters": {"a": "b"}}, "hyperparameters-twice"),
        ({}, {"experiment_config": {"ExperimentName": ""}}, "request-min"),
        ({}, {"experiment_config": {"Experiment": "e"}}, "request-unknown"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_told(
    place: Place, arguments: dict[str, Any], more: dict[str, Any], code: str
) -> None:
    built = training_request(Estimator(**arguments), place=place, **more)
    assert code in codes(built)
    assert all(problem.message for problem in built.problems)


def test_something_else_is_no_estimator(place: Place) -> None:
    assert codes(training_request(object(), place=place)) == ["not-an-estimator"]


def model_trainer(**more: Any) -> SimpleNamespace:
    parts: dict[str, Any] = {
        "training_image": "i",
        "role": "arn:aws:iam::123456789012:role/r",
        "source_code": SimpleNamespace(source_dir="src", entry_script="train.py", command=None, requirements=None),
        "compute": SimpleNamespace(
            instance_type="ml.m5.large", instance_count=2, volume_size_in_gb=40, enable_managed_spot_training=True
        ),
        "stopping_condition": SimpleNamespace(max_runtime_in_seconds=100),
        "networking": SimpleNamespace(subnets=["subnet-1"], security_group_ids=["sg-1"]),
        "output_data_config": SimpleNamespace(s3_output_path="s3://b/o", kms_key_id=None, compression_type="NONE"),
        "hyperparameters": {"epochs": 3},
        "tags": [SimpleNamespace(key="k", value="v")],
        "input_data_config": [
            SimpleNamespace(channel_name="train", data_source="s3://b/train"),
            SimpleNamespace(
                channel_name="test",
                input_mode="FastFile",
                data_source=SimpleNamespace(
                    s3_data_source=SimpleNamespace(s3_data_type="S3Prefix", s3_uri="s3://b/test")
                ),
            ),
        ],
        "_metric_definitions": [SimpleNamespace(name="loss", regex="loss: (.*)")],
    }
    return SimpleNamespace(**{**parts, **more})


def test_a_ModelTrainer_is_read_as_the_same_job(place: Place) -> None:
    built = training_request(model_trainer(), place=place, explicit_job_name=True)
    assert built.problems == []
    request = built.request
    assert "DebugHookConfig" not in request
    assert request["HyperParameters"]["epochs"] == "3"
    assert request["HyperParameters"]["sagemaker_program"] == '"train.py"'
    assert request["ResourceConfig"] == {"InstanceCount": 2, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 40}
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200}
    assert request["OutputDataConfig"] == {"S3OutputPath": "s3://b/o", "CompressionType": "NONE"}
    assert request["VpcConfig"] == {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    assert request["Tags"] == [{"Key": "k", "Value": "v"}]
    assert request["AlgorithmSpecification"]["MetricDefinitions"] == [{"Name": "loss", "Regex": "loss: (.*)"}]
    assert [each["ChannelName"] for each in request["InputDataConfig"]] == ["train", "test"]
    assert request["InputDataConfig"][1]["InputMode"] == "FastFile"
    assert request["InputDataConfig"][1]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://b/test"


def test_what_a_ModelTrainer_does_by_its_own_drivers_is_refused(place: Place) -> None:
    code = SimpleNamespace(source_dir="src", entry_script="train.py", command="make", requirements="more.txt")
    built = training_request(model_trainer(source_code=code, distributed=object()), place=place)
    assert codes(built) == ["no-command", "no-distributed", "no-requirements-path"]


def test_the_data_of_the_step_replaces_a_ModelTrainers_own(place: Place) -> None:
    built = training_request(model_trainer(), place=place, data={"all": "s3://b/all"})
    assert [each["ChannelName"] for each in built.request["InputDataConfig"]] == ["all"]
