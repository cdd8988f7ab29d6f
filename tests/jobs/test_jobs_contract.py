"""What a job finds below /opt/ml and in its environment."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from stepmill.jobs import contract, refusals, toolkit

DUMP = """
import json, os, sys
from pathlib import Path
tree = {str(p): p.read_text() if p.is_file() else None for p in sorted(Path('/opt/ml').rglob('*'))}
told = {'tree': tree, 'environ': dict(os.environ), 'argv': sys.argv, 'cwd': os.getcwd(), 'stdin': sys.stdin.read()}
Path(os.environ.get('DUMP', '/opt/ml/model/dump.json')).write_text(json.dumps(told))
"""


def test_a_training_job_finds_the_files_variables_and_arguments_of_the_toolkit(desk):
    train = desk.put("data/train/x.csv", "1\n").removesuffix("x.csv")
    request = desk.training(
        "contract-1",
        code={"train.py": DUMP, "helper.py": ""},
        channels={"train": train, "my-data": train},
        hyperparameters={
            "epochs": "3",
            "learning-rate": "0.1",
            "name": '"digits"',
            "flag": "true",
            "plain": "True",
            "layers": "[1, 2]",
            "deep": '{"b": 2, "a": "x"}',
            "n": "1",
            "none": "null",
        },
        Environment={"MODE": "test"},
    )
    request["InputDataConfig"][0]["ContentType"] = "text/csv"
    job = desk.run(request, environ={"LANG": "C.UTF-8"})
    assert job.state().status == "Completed", desk.said(job)
    told = json.loads(desk.unpacked(job.state().model)["dump.json"])
    tree, environ = told["tree"], told["environ"]

    assert tree["/opt/ml/input/data/train/x.csv"] == tree["/opt/ml/input/data/my-data/x.csv"] == "1\n"
    for folder in ("model", "output/data", "code", "checkpoints", "input/config"):
        assert f"/opt/ml/{folder}" in tree
    assert json.loads(tree["/opt/ml/input/config/hyperparameters.json"]) == request["HyperParameters"]
    assert json.loads(tree["/opt/ml/input/config/inputdataconfig.json"]) == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        },
        "my-data": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        },
    }
    resources = json.loads(tree["/opt/ml/input/config/resourceconfig.json"])
    assert resources["current_host"] == "algo-1" and resources["hosts"] == ["algo-1"]
    assert resources["current_instance_type"] == "ml.m5.large"

    assert told["argv"][0] == "train.py" and told["cwd"] == "/opt/ml/code" and told["stdin"] == ""
    assert told["argv"][1:] == [
        *("--deep", "a=x,b=2", "--epochs", "3", "--flag", "True", "--layers", "[1, 2]", "--learning-rate", "0.1"),
        *("-n", "1", "--name", "digits", "--none", "", "--plain", "True"),
    ]
    assert json.loads(environ["SM_USER_ARGS"]) == told["argv"][1:]
    expected = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_CHANNELS": '["my-data","train"]',
        "SM_CHANNEL_TRAIN": "/opt/ml/input/data/train",
        "SM_CHANNEL_MY-DATA": "/opt/ml/input/data/my-data",
        "SM_CHANNEL_MY_DATA": "/opt/ml/input/data/my-data",
        "SM_HP_LEARNING-RATE": "0.1",
        "SM_HP_LEARNING_RATE": "0.1",
        "SM_HP_NAME": "digits",
        "SM_HP_FLAG": "true",
        "SM_HP_PLAIN": "True",
        "SM_HP_LAYERS": "[1,2]",
        "SM_HP_NONE": "",
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.large",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_MODULE_NAME": "train",
        "SM_MODULE_DIR": "s3://stepmill-local/code/contract-1/sourcedir.tar.gz",
        "SM_LOG_LEVEL": "20",
        "SM_IS_HETERO": "false",
        "SM_NUM_GPUS": str(contract.gpus()),
        "SM_NUM_CPUS": str(len(os.sched_getaffinity(0))),
        "TRAINING_JOB_NAME": "contract-1",
        "TRAINING_JOB_ARN": "arn:aws:sagemaker:us-east-1:000000000000:training-job/contract-1",
        "SAGEMAKER_JOB_NAME": "contract-1",
        "SAGEMAKER_REGION": "us-east-1",
        "CURRENT_HOST": "algo-1",
        "MODE": "test",
        "AWS_REGION": "us-east-1",
    }
    assert {key: environ.get(key) for key in expected} == expected
    assert environ["PYTHONPATH"].split(":")[0] == "/opt/ml/code"
    assert environ["PATH"].split(":")[0] == str(Path(sys.executable).parent)
    own = json.loads(environ["SM_TRAINING_ENV"])
    assert own["hyperparameters"] == json.loads(environ["SM_HPS"])
    assert own["channel_input_dirs"]["train"] == "/opt/ml/input/data/train" and own["job_name"] == "contract-1"
    assert "sagemaker_program" in json.loads(environ["SM_FRAMEWORK_PARAMS"])


def test_a_processing_job_finds_its_whole_request_and_its_folders(desk):
    request = desk.processing(
        "contract-2",
        "python3",
        "/opt/ml/processing/input/code/dump.py",
        inputs={"code": (desk.put("p/dump.py", DUMP), "/opt/ml/processing/input/code")},
        outputs={"dump": "/opt/ml/processing/dump"},
        environment={"DUMP": "/opt/ml/processing/dump/dump.json"},
    )
    request["AppSpecification"]["ContainerArguments"] = ["--rows", "5"]
    job = desk.run(request)
    assert job.state().status == "Completed", desk.said(job)
    told = json.loads(desk.get("out/contract-2/dump/dump.json"))
    assert told["argv"][1:] == ["--rows", "5"]
    assert told["cwd"] == "/opt/ml/processing"
    assert not [name for name in told["environ"] if name.startswith(("SM_", "TRAINING_JOB"))]
    config = json.loads(told["tree"]["/opt/ml/config/processingjobconfig.json"])
    assert config["ProcessingJobArn"] == "arn:aws:sagemaker:us-east-1:000000000000:processing-job/contract-2"
    assert config["ProcessingInputs"][0]["S3Input"]["S3DownloadMode"] == "StartOfJob"
    assert config["AppSpecification"]["ContainerArguments"] == ["--rows", "5"]
    assert config["Environment"] == {"DUMP": "/opt/ml/processing/dump/dump.json"}
    assert config["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert json.loads(told["tree"]["/opt/ml/config/resourceconfig.json"])["hosts"] == ["algo-1"]


def test_a_shell_entry_point_is_run_by_the_shell_with_quoted_arguments(desk):
    request = desk.training(
        "shell",
        code={"go.sh": 'echo "$@" > "$SM_MODEL_DIR/said"; pwd >> "$SM_MODEL_DIR/said"'},
        program="go.sh",
        hyperparameters={"text": "a b;c"},
    )
    job = desk.run(request)
    assert desk.unpacked(job.state().model) == {"said": "--text a b;c\n/opt/ml/code\n"}


def test_a_package_entry_point_is_run_as_a_module():
    request = {
        "TrainingJobName": "t",
        "AlgorithmSpecification": {},
        "HyperParameters": {"sagemaker_program": "pkg/train.py", "a": "1"},
    }
    assert toolkit.entry("training", request, "/nowhere", "us-east-1", "py").command == [
        "py",
        "pkg/train.py",
        "-a",
        "1",
    ]


def test_what_cannot_run_here_is_refused_by_the_name_of_its_field():
    channel = {
        "ChannelName": "train",
        "InputMode": "Pipe",
        "CompressionType": "Gzip",
        "DataSource": {"S3DataSource": {"S3DataType": "AugmentedManifestFile", "S3Uri": "s3://b/k"}},
    }
    disk = {"ChannelName": "disk", "DataSource": {"FileSystemDataSource": {"FileSystemType": "EFS"}}}
    refused = refusals.refusals(
        "training",
        {
            "TrainingJobName": "t",
            "AlgorithmSpecification": {
                "TrainingImage": "me/own:1",
                "MetricDefinitions": [{"Name": "loss", "Regex": "("}, {"Name": "acc", "Regex": "acc"}],
            },
            "InputDataConfig": [channel, disk],
            "ResourceConfig": {"InstanceCount": 2},
        },
    )
    words = (
        "mode Pipe",
        "AugmentedManifestFile",
        "Gzip",
        "FileSystemDataSource",
        "[loss]",
        "[acc]",
        "InstanceCount 2",
        "me/own:1",
    )
    assert len(refused) == len(words)
    for word in words:
        assert sum(word in sentence for sentence in refused) == 1, (word, refused)
    refused = refusals.refusals(
        "processing",
        {
            "ProcessingJobName": "p",
            "AppSpecification": {"ImageUri": "me/own:2"},
            "ProcessingInputs": [
                {"InputName": "a", "DatasetDefinition": {}},
                {"InputName": "b", "DatasetDefinition": {"x": 1}},
            ],
            "ProcessingOutputConfig": {
                "Outputs": [{"OutputName": "f", "FeatureStoreOutput": {"FeatureGroupName": "g"}}]
            },
        },
    )
    assert len(refused) == 3 and "me/own:2" in refused[-1]


def test_a_plain_request_is_not_refused(desk):
    assert refusals.refusals("training", desk.training("fine", code={"train.py": ""})) == []
    assert refusals.refusals("processing", desk.processing("fine", "true")) == []
    continuous = desk.processing("note", "true", outputs={"o": "/opt/ml/processing/o"})
    continuous["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3UploadMode"] = "Continuous"
    assert "Continuous" in refusals.notes("processing", continuous)[0]
