"""Task states that call other services of AWS, and Stepmill's own, through the SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stepmill.asl.checks import check
from stepmill.asl.integrations import integration
from stepmill.local import Local
from stepmill.services import sdk
from stepmill.services.operations import ServiceError
from stepmill.services.reach import answered, unreachable
from stores import create, machine_text, refused, run, task

STATES = "arn:aws:states:::"


def calls(resource: str, /, *, next_: str = "", **arguments: Any) -> dict[str, Any]:
    where = {"Next": next_} if next_ else {"End": True}
    return {"Type": "Task", "Resource": STATES + resource, "Arguments": arguments, **where}


def queue(local: Local, name: str) -> str:
    return str(local.call("sqs", "CreateQueue", {"QueueName": name})["QueueUrl"])


def bodies(local: Local, url: str) -> list[str]:
    received = local.call("sqs", "ReceiveMessage", {"QueueUrl": url, "MaxNumberOfMessages": 10})
    return [message["Body"] for message in received.get("Messages", [])]


def table(local: Local, name: str) -> None:
    key = {"AttributeName": "id"}
    local.call(
        "dynamodb",
        "CreateTable",
        {
            "TableName": name,
            "KeySchema": [key | {"KeyType": "HASH"}],
            "AttributeDefinitions": [key | {"AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    )


def test_one_machine_keeps_an_item_sends_a_message_publishes_and_puts_an_event(local: Local):
    url, name = queue(local, "walk"), "walk"
    table(local, name)
    topic = local.call("sns", "CreateTopic", {"Name": name})["TopicArn"]
    arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
    local.call("sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn,
                                    "Attributes": {"RawMessageDelivery": "true"}})  # fmt: skip
    item = {"id": {"S": "a"}, "n": {"N": "1"}}
    text = machine_text(
        Put=calls("dynamodb:putItem", next_="Send", TableName=name, Item=item),
        Send=calls("sqs:sendMessage", next_="Tell", QueueUrl=url, MessageBody={"n": 1}),
        Tell=calls("sns:publish", next_="Event", TopicArn=topic, Message={"m": 2}),
        Event=calls("events:putEvents", next_="Get",
                    Entries=[{"Source": "s", "DetailType": "d", "Detail": {"e": 3}}]),
        Get=calls("dynamodb:getItem", TableName=name, Key={"id": {"S": "a"}}),
    )  # fmt: skip
    ended = run(local, text)
    assert ended["status"] == "SUCCEEDED", ended
    found = json.loads(ended["output"])
    assert found["Item"] == item
    assert found["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert sorted(bodies(local, url)) == ['{"m":2}', '{"n":1}']


def test_a_scheduled_call_says_the_service_the_operation_and_its_parameters(local: Local):
    url = queue(local, "said")
    arn = run(local, task("sqs:sendMessage", QueueUrl=url, MessageBody={"n": 1}))["executionArn"]
    events = local.call("states", "GetExecutionHistory", {"executionArn": arn})["events"]
    scheduled = next(e["taskScheduledEventDetails"] for e in events if e["type"] == "TaskScheduled")
    assert (scheduled["resourceType"], scheduled["resource"], scheduled["region"]) == (
        "sqs", "sendMessage", "us-east-1"
    )  # fmt: skip
    assert json.loads(scheduled["parameters"]) == {"QueueUrl": url, "MessageBody": {"n": 1}}
    succeeded = next(e["taskSucceededEventDetails"] for e in events if e["type"] == "TaskSucceeded")
    output = json.loads(succeeded["output"])
    assert set(output) == {"MD5OfMessageBody", "MessageId", "SdkHttpMetadata", "SdkResponseMetadata"}


def test_an_sdk_call_is_answered_with_the_names_of_the_sdk_and_nothing_else(local: Local):
    url = queue(local, "names")
    ended = run(local, task("aws-sdk:sqs:sendMessage", QueueUrl=url, MessageBody="x"))
    assert set(json.loads(ended["output"])) == {"Md5OfMessageBody", "MessageId"}
    assert json.loads(run(local, task("aws-sdk:secretsmanager:listSecrets"), name="n")["output"]) == {"SecretList": []}


def test_a_task_lists_the_executions_of_this_machine_in_the_sdks_spelling(local: Local):
    machine = create(local, "first")
    arn = local.call("states", "StartExecution", {"stateMachineArn": machine, "name": "one"})["executionArn"]
    assert local.wait(arn, 60)
    ended = run(local, task("aws-sdk:sfn:listExecutions", StateMachineArn=machine))
    (found,) = json.loads(ended["output"])["Executions"]
    assert (found["ExecutionArn"], found["Status"]) == (arn, "SUCCEEDED")
    assert found["StartDate"].endswith("Z")


def test_any_operation_that_is_answered_here_can_be_called(local: Local):
    assert json.loads(run(local, task("aws-sdk:lambda:listFunctions"), name="a")["output"]) == {"Functions": []}
    buckets = json.loads(run(local, task("aws-sdk:s3:listBuckets"), name="b")["output"])["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["stepmill-local"]


def test_a_failed_condition_is_caught_by_the_name_of_each_kind_of_integration(local: Local):
    table(local, "once")
    request = {
        "TableName": "once",
        "Item": {"id": {"S": "a"}},
        "ConditionExpression": "attribute_not_exists(id)",
    }
    local.call("dynamodb", "PutItem", request)
    for number, (resource, error) in enumerate(
        [
            ("dynamodb:putItem", "DynamoDB.ConditionalCheckFailedException"),
            ("aws-sdk:dynamodb:putItem", "DynamoDb.ConditionalCheckFailedException"),
        ]
    ):
        put = calls(resource, **request) | {"Catch": [{"ErrorEquals": [error], "Next": "There"}]}
        there = {"Type": "Pass", "End": True, "Output": "{% $states.input.Cause %}"}
        ended = run(local, machine_text(Put=put, There=there), name=f"m{number}")
        assert ended["status"] == "SUCCEEDED", ended
        cause = json.loads(ended["output"])
        assert cause.startswith("The conditional request failed (Service: ")
        assert ("Error Code: ConditionalCheckFailedException" in cause) == (number == 0)


@pytest.mark.parametrize(
    ("resource", "arguments", "error", "service"),
    [
        ("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": None}, "SQS.AmazonSQSException", "AmazonSQS"),
        (
            "aws-sdk:sqs:sendMessage",
            {"QueueUrl": "http://localhost/000000000000/gone", "MessageBody": "x"},
            "Sqs.QueueDoesNotExistException",
            "Sqs",
        ),
        ("aws-sdk:dynamodb:putItem", {"TableName": "t", "Item": None}, "DynamoDb.DynamoDbException", "DynamoDb"),
        ("dynamodb:putItem", {"TableName": "t", "Item": None}, "DynamoDB.AmazonDynamoDBException", "AmazonDynamoDBv2"),
        (
            "aws-sdk:sfn:describeExecution",
            {"ExecutionArn": "arn:aws:states:us-east-1:000000000000:execution:m:none"},
            "Sfn.ExecutionDoesNotExistException",
            "Sfn",
        ),
    ],
)
def test_an_error_has_the_services_name_or_the_general_one(
    local: Local, resource: str, arguments: dict[str, Any], error: str, service: str
):
    ended = run(local, task(resource, **arguments))
    assert (ended["status"], ended["error"]) == ("FAILED", error), ended
    assert f"(Service: {service}" in ended["cause"]


def test_an_event_carries_the_execution_and_its_machine_as_resources():
    row = integration(STATES + "events:putEvents")
    execution = "arn:aws:states:us-east-1:000000000000:execution:m:one"
    entry = {"Source": "s", "DetailType": "d", "Detail": {"a": 1}, "Resources": ["mine"]}
    made = sdk.request_of(row, {"Entries": [entry]}, execution)["Entries"][0]
    assert made["Detail"] == '{"a":1}'
    assert made["Resources"] == ["mine", execution, "arn:aws:states:us-east-1:000000000000:stateMachine:m"]
    assert entry["Detail"] == {"a": 1}


def test_an_entry_that_failed_fails_the_task():
    row = integration(STATES + "events:putEvents")
    response = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    failure = sdk.failure_of(row, response)
    assert failure is not None and failure[0] == "EventBridge.FailedEntry"
    assert json.loads(failure[1]) == response
    assert sdk.failure_of(row, response | {"FailedEntryCount": 0}) is None


@pytest.mark.parametrize(
    ("botocore", "aws"),
    [("stateMachineArn", "StateMachineArn"), ("DBClusterIdentifier", "DbClusterIdentifier"), ("ETag", "ETag"),
     ("MD5OfMessageBody", "Md5OfMessageBody"), ("ACL", "Acl"), ("logGroupName", "LogGroupName")],
)  # fmt: skip
def test_members_are_spelt_as_the_sdk_for_java_does(botocore: str, aws: str):
    assert sdk.java(botocore) == aws


def test_a_parameter_that_the_operation_does_not_have_fails_under_its_name():
    row = integration(STATES + "aws-sdk:sqs:sendMessage")
    with pytest.raises(ServiceError, match="sendMessage has no parameter MessageBodie"):
        sdk.request_of(row, {"MessageBodie": "x"}, "")


def test_names_inside_lists_and_maps_are_respelt_and_keys_of_maps_are_not():
    row = integration(STATES + "aws-sdk:rds:createDBCluster")
    made = sdk.request_of(row, {"DbClusterIdentifier": "d", "Tags": [{"Key": "DbCluster", "Value": "v"}]}, "")
    assert made == {"DBClusterIdentifier": "d", "Tags": [{"Key": "DbCluster", "Value": "v"}]}


@pytest.mark.parametrize(
    ("resource", "hint"),
    [
        ("aws-sdk:sfn:listExecution", "Did you mean arn:aws:states:::aws-sdk:sfn:listExecutions?"),
        ("aws-sdk:lambda:listLayers", "AWS runs it; lambda:ListLayers is not answered on this machine."),
        ("aws-sdk:sagemaker:createTransformJob", "AWS runs it; sagemaker:CreateTransformJob is not answered"),
        (
            "aws-sdk:gamelift:listFleets",
            "AWS runs it; moto, which answers other services on this machine, has no game",
        ),
        ("aws-sdk:glue:startJobRun", "AWS runs it; nothing on this machine does."),
    ],
)
def test_what_nobody_here_answers_is_told_before_anything_starts(resource: str, hint: str):
    definition = json.loads(task(resource))
    told = [str(problem) for problem in (*check(definition), *unreachable(definition))]
    assert any(f"The resource {STATES}{resource} cannot be run here\n    {hint}" in one for one in told), told


def test_a_machine_that_calls_what_nobody_here_answers_is_not_made(local: Local):
    text = task("aws-sdk:glue:startJobRun", JobName="j")
    said = f"NOT_SUPPORTED_HERE: The resource {STATES}aws-sdk:glue:startJobRun cannot be run here at /States/T/Resource"
    assert refused(lambda: create(local, text=text)) == (
        "InvalidDefinition",
        f"Invalid State Machine Definition: '{said}'",
    )


def test_what_moto_answers_of_a_service_that_is_partly_ours_can_be_called():
    known = answered()
    assert {("states", "ListExecutions"), ("s3", "ListBuckets"), ("lambda", "Invoke")} <= known
    for resource in ("aws-sdk:sagemaker:listModels", "aws-sdk:iam:listRoles", "aws-sdk:sts:assumeRole"):
        assert not list(unreachable(json.loads(task(resource))))
