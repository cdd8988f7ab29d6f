"""The digits pipeline comes to each of its endings, the same in both languages; SageMaker takes every request."""

import json
import runpy
from pathlib import Path

import pytest

from stepmill import steps, testing
from stepmill.sagemaker.shapes import violations

PIPELINE = str(Path(__file__).parent / "digits" / "pipeline.py")
NAMES = {
    "Bucket": "stepmill-local",
    **{f"{step}JobRole": "arn:aws:iam::000000000000:role/stepmill-job" for step in ("Preprocess", "Train", "Evaluate")},
    "Stage": "local",
    "Image": "stepmill.local/digits:0123456789ab",
    "NotifyFunction": "arn:aws:lambda:us-east-1:000000000000:function:digits-notify",
    "LatestDataFunction": "digits-latest-data",
    "ExportExperimentsFunction": "digits-export-experiments",
}

pytestmark = pytest.mark.parametrize("language", ["JSONata", "JSONPath"])


def job(act):
    """What SageMaker describes at a job's end: the request and a little more."""
    return testing.succeed(
        {**act.parameters, "ModelArtifacts": {"S3ModelArtifacts": f"s3://m/{act.state}/model.tar.gz"}}
    )


def function(act):
    payload = {"train": "s3://last/train", "test": "s3://last/test"} if act.state == "Latest data" else act.parameters
    return testing.succeed({"Payload": payload, "StatusCode": 200})


def run(language, input=None, retry=False, accuracy=0.95, **outcomes):
    space = runpy.run_path(PIPELINE)
    if retry:
        space["train"].add_retry(steps.Retry(error_equals=["SageMaker.AmazonSageMakerException"], max_attempts=3))
    bundle = steps.compile("digits", space["definition"], query_language=language)
    scripted = {
        **dict.fromkeys(("Preprocess", "Train", "Evaluate"), job),
        **dict.fromkeys(
            ("Latest data", "Export experiments", "Tell success", "Tell rejection", "Tell failure"), function
        ),
        "Read report": testing.succeed({"Body": json.dumps({"accuracy": accuracy})}),
        **{name.replace("_", " "): outcome for name, outcome in outcomes.items()},
    }
    tasks = testing.ScriptedTasks(scripted)
    return testing.run(bundle.bind(NAMES), input or {}, tasks), tasks.started


def states(started):
    return [act.state for act in started]


def test_new_data_ends_well(language):
    result, started = run(language)
    assert result.status == "SUCCEEDED", result
    assert states(started) == ["Preprocess", "Train", "Evaluate", "Read report", "Export experiments", "Tell success"]
    sent = {act.state: act.parameters for act in started}
    assert sent["Tell success"]["Payload"] == {"text": "digits: accuracy 0.95"}
    assert sent["Train"]["HyperParameters"]["learning_rate"] == "0.01"
    assert sent["Preprocess"]["AppSpecification"]["ContainerArguments"] == ["--learning-rate", "0.01"]
    trained_on = sent["Train"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"]
    assert trained_on == sent["Preprocess"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    written = sent["Evaluate"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    read = sent["Read report"]
    assert f"s3://{read['Bucket']}/{read['Key']}" == f"{written}/evaluation.json"


def test_every_request_is_one_sagemaker_takes(language):
    _, started = run(language)
    for act in started:
        if "sagemaker" in act.resource:
            operation = "CreateTrainingJob" if act.state == "Train" else "CreateProcessingJob"
            assert list(violations(operation, act.parameters)) == []


def test_the_third_attempt_ends_well_under_its_own_name(language):
    busy = testing.fail("SageMaker.AmazonSageMakerException", "busy")
    attempts = []

    def train(act):
        attempts.append(act.parameters["TrainingJobName"])
        return job(act) if len(attempts) == 3 else busy

    result, _ = run(language, retry=True, Train=train)
    assert result.status == "SUCCEEDED", result
    assert [name[-2:] for name in attempts] == ["-0", "-1", "-2"]
    assert len({name[:-2] for name in attempts}) == 1


def test_without_new_data_preprocess_is_skipped(language):
    result, started = run(language, {"DataUpdate": False})
    assert result.status == "SUCCEEDED", result
    assert states(started)[:2] == ["Latest data", "Train"]
    sent = {act.state: act.parameters for act in started}
    assert sent["Train"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://last/train"
    assert sent["Evaluate"]["ProcessingInputs"][1]["S3Input"]["S3Uri"] == "s3://last/test"


def test_a_bad_model_is_rejected_with_the_sentence(language):
    result, started = run(language, {"min_accuracy": 0.99})
    assert (result.status, result.error) == ("FAILED", "GateRejected")
    assert result.cause == "accuracy 0.95 is below 0.99"
    assert states(started)[-1] == "Tell rejection"


def test_a_failed_training_is_told(language):
    result, started = run(language, Train=testing.fail("States.TaskFailed", "no memory"))
    assert (result.status, result.error) == ("FAILED", "PipelineFailed")
    assert result.cause == "Train: States.TaskFailed: no memory"
    assert started[-1].parameters["Payload"] == {"text": "Train failed: States.TaskFailed"}


def test_a_missing_report_is_told(language):
    result, _ = run(language, Read_report=testing.fail("S3.NoSuchKeyException", "The specified key does not exist."))
    assert (result.status, result.error) == ("FAILED", "PipelineFailed")
    assert result.cause == "Read report: S3.NoSuchKeyException: The specified key does not exist."
