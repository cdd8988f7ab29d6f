"""Services that Stepmill has no code for: moto answers them, and only them, in this process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.test_services_lambda import function as function
from stepmill.local import Local
from stepmill.services.bounds import takes
from stepmill.services.operations import ServiceError
from stepmill.services.others import Others, backend_of
from stores import refused

REGION = "eu-central-1"
TARGET = {"content-type": "application/x-amz-json-1.0", "host": "localhost:4566"}


@pytest.fixture
def others() -> Others:
    """moto keeps its world for the process: names differ from test to test."""
    return Others("000000000000", REGION)


def asked(others: Others, service: str, target: str, **request: Any) -> tuple[int, dict[str, Any]]:
    headers = TARGET | {"x-amz-target": target}
    status, _, body = others.answer("POST", "/", "", headers, json.dumps(request).encode(), service, REGION)
    return status, json.loads(body)


def test_a_message_sent_by_http_is_received_by_call(others: Others):
    status, made = asked(others, "sqs", "AmazonSQS.CreateQueue", QueueName="both-doors")
    assert (status, made["QueueUrl"]) == (200, "http://localhost:4566/000000000000/both-doors")
    asked(others, "sqs", "AmazonSQS.SendMessage", QueueUrl=made["QueueUrl"], MessageBody="hello")
    received = others.call("sqs", "ReceiveMessage", {"QueueUrl": made["QueueUrl"]})
    assert [message["Body"] for message in received["Messages"]] == ["hello"]


def test_what_is_made_belongs_to_our_account_and_the_region_of_the_signature(others: Others):
    assert others.call("sns", "CreateTopic", {"Name": "mine"}) == {
        "TopicArn": f"arn:aws:sns:{REGION}:000000000000:mine"
    }
    body = b"Action=CreateTopic&Name=far&Version=2010-03-31"
    headers = {"content-type": "application/x-www-form-urlencoded", "x-moto-account-id": "111111111111"}
    _, _, answer = others.answer("POST", "/", "", headers, body, "sns", "us-west-2")
    assert b"arn:aws:sns:us-west-2:000000000000:far" in answer


def test_the_service_decides_who_answers_and_never_the_host(others: Others):
    headers = TARGET | {"x-amz-target": "AmazonSQS.ListQueues", "host": "s3.amazonaws.com"}
    status, _, _ = others.answer("POST", "/", "", headers, b"{}", "sqs", REGION)
    assert status == 200


def test_times_are_seconds(others: Others):
    role = others.call("iam", "CreateRole", {"RoleName": "times", "AssumeRolePolicyDocument": "{}"})["Role"]
    assert isinstance(role["CreateDate"], float)


def test_an_error_keeps_the_code_the_message_and_the_status_of_the_service(others: Others):
    with pytest.raises(ServiceError) as caught:
        others.call("dynamodb", "GetItem", {"TableName": "none", "Key": {"id": {"S": "a"}}})
    assert (caught.value.code, caught.value.status) == ("ResourceNotFoundException", 400)
    assert caught.value.message == "Requested resource not found"


def test_a_missing_parameter_is_refused_in_the_words_of_its_service(others: Others):
    assert refused(lambda: others.call("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": None})) == (
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
    )
    assert refused(lambda: others.call("dynamodb", "PutItem", {"TableName": "t"})) == (
        "ValidationException",
        "1 validation error detected: Value null at 'item' failed to satisfy constraint: Member must not be null",
    )


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("states", "AWSStepFunctions.ListStateMachines"),
        ("logs", "Logs_20140328.DescribeLogGroups"),
        ("lambda", ""),
        ("s3", ""),
        ("sagemaker", "SageMaker.CreateTrainingJob"),
        ("sagemaker", "SageMaker.ListHyperParameterTuningJobs"),
        ("moto_api", ""),
        ("instance_metadata", ""),
        ("nothing", "Nothing.Do"),
    ],
)
def test_what_is_stepmills_own_or_motos_own_business_never_reaches_moto(others: Others, service: str, target: str):
    headers = TARGET | ({"x-amz-target": target} if target else {})
    code, message = refused(lambda: others.answer("POST", "/", "", headers, b"{}", service, REGION))
    assert (code, message.endswith("is not answered on this machine.")) == ("UnknownOperationException", True)


def test_motos_own_routes_are_no_door_whatever_service_is_named(others: Others):
    for path in ("/moto-api/reset", "/moto-api/data.json", "/latest/meta-data/iam/security-credentials/"):
        refused(lambda path=path: others.answer("POST", path, "", {}, b"", "sns", REGION))


def test_an_operation_that_moto_does_not_have_is_refused_by_name(others: Others):
    assert refused(lambda: others.call("dynamodb", "ListImports", {})) == (
        "UnknownOperationException",
        "dynamodb:ListImports is not answered on this machine.",
    )


def test_a_fault_of_motos_is_one_sentence_without_a_traceback(others: Others):
    code, message = refused(lambda: others.call("sns", "Publish", {"Message": "to nobody"}))
    assert code == "InternalFailure"
    assert message.startswith("moto, which answers sns:Publish on this machine, failed (")
    assert "Traceback" not in message and "\n" not in message


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("glue", "StartJobRun", {"JobName": "j"}),
        ("athena", "StartQueryExecution", {"QueryString": "select 1"}),
        ("batch", "SubmitJob", {"jobName": "j", "jobQueue": "q", "jobDefinition": "d"}),
        ("sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "e", "Body": b"x"}),
    ],
)
def test_what_nothing_here_would_run_is_refused_instead_of_pretended(
    others: Others, service: str, operation: str, request_: dict[str, Any]
):
    code, message = refused(lambda: others.call(service, operation, request_))
    assert (code, "nothing here runs it" in message) == ("NotImplemented", True)


@pytest.mark.parametrize(
    ("service", "operation", "request_", "said"),
    [
        (
            "sns",
            "Subscribe",
            {"TopicArn": "arn:aws:sns:eu-central-1:000000000000:t", "Protocol": "https", "Endpoint": "https://a.b"},
            "the protocol https is not served",
        ),
        (
            "events",
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn:aws:states:eu-central-1:000000000000:stateMachine:m"}]},
            "events are not delivered to arn:aws:states:",
        ),
    ],
)
def test_what_would_be_lost_or_leave_this_machine_is_refused(
    others: Others, service: str, operation: str, request_: dict[str, Any], said: str
):
    code, message = refused(lambda: others.call(service, operation, request_))
    assert (code, said in message) == ("NotImplemented", True)


def test_the_models_name_of_an_error_is_found_by_its_code_on_the_wire(others: Others):
    code, _ = refused(lambda: others.call("sqs", "PurgeQueue", {"QueueUrl": "http://localhost/000000000000/gone"}))
    assert code == "AWS.SimpleQueueService.NonExistentQueue"
    assert others.error_shape("sqs", code) == "QueueDoesNotExist"
    assert others.error_shape("sns", "NotFound") == "NotFoundException"
    assert others.error_shape("states", "ExecutionDoesNotExist") == "ExecutionDoesNotExist"
    assert others.error_shape("sqs", "MissingParameter") is None


def test_what_stepmill_has_of_a_service_stays_its_own():
    assert takes("sagemaker", "CreateModel") and not takes("sagemaker", "CreateProcessingJob")
    assert takes("sts", "AssumeRole") and not takes("sts", "GetCallerIdentity")
    assert backend_of("logs") is backend_of("s3") is backend_of("gamelift") is None
    assert (backend_of("events"), backend_of("ecr", "api.ecr"), backend_of("cognito-idp")) == (
        "events",
        "ecr",
        "cognitoidp",
    )


def test_call_falls_through_to_others_only_for_what_nobody_here_owns(local: Local):
    assert local.call("iam", "ListRoles", {})["IsTruncated"] is False
    assert refused(lambda: local.call("lambda", "ListLayers", {}))[0] == "UnknownOperationException"
    assert refused(lambda: local.call("none", "Do", {})) == ("UnknownOperationException", "AWS has no service 'none'.")


def test_moto_is_imported_when_it_is_asked_and_not_before(tmp_path: Path):
    program = """
import sys
from stepmill.local import open_local
from stepmill.stage import load_settings
from pathlib import Path
local = open_local(load_settings(Path(sys.argv[1]), {}, store=sys.argv[1] + "/store"))
local.call("s3", "ListBuckets", {})
assert not {"moto", "flask", "botocore"} & set(sys.modules)
local.call("sqs", "ListQueues", {})
assert "moto" in sys.modules
local.release()
"""
    subprocess.run([sys.executable, "-c", program, tmp_path], check=True, cwd=tmp_path)
