"""TestState as boto3 sees it. What the answers hold is recorded from AWS, unless a test says otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stores import ROLE

INVOKE = "arn:aws:states:::lambda:invoke"


@pytest.fixture
def test(client: Any) -> Any:
    def asked(state: Any, input: Any = None, **more: Any) -> dict[str, Any]:
        given = {"input": json.dumps(input)} if input is not None else {}
        found = client("stepfunctions").test_state(definition=json.dumps(state), **given, **more)
        found.pop("ResponseMetadata")
        return dict(found)

    return asked


def refused(test: Any, *args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        test(*args, **more)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def mocked(value: Any, **more: Any) -> dict[str, Any]:
    return {"mock": {"result": json.dumps(value), **more}}


def broken(error: str, cause: str = "why") -> dict[str, Any]:
    return {"mock": {"errorOutput": {"error": error, "cause": cause}}}


def inspected(answer: dict[str, Any]) -> dict[str, Any]:
    data = dict(answer["inspectionData"])
    return {key: json.loads(value) if isinstance(value, str) else value for key, value in data.items()}


def test_a_state_alone_says_its_output_and_where_it_leads(test: Any):
    assert test({"Type": "Pass", "Result": 7, "Next": "Later"}) == {
        "status": "SUCCEEDED",
        "output": "7",
        "nextState": "Later",
    }


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"Type": "Pass", "End": True}, "input afterInputPath afterParameters afterResultSelector afterResultPath"),
        ({"Type": "Pass", "Result": 1, "End": True}, "input result afterResultSelector afterResultPath"),
        ({"Type": "Succeed"}, "input afterInputPath"),
        ({"Type": "Fail", "Error": "E"}, "input afterInputPath"),
        ({"Type": "Wait", "Seconds": 300, "End": True}, "input afterInputPath"),
        ({"Type": "Choice", "Choices": [], "Default": "D"}, "input afterInputPath"),
        ({"Type": "Pass", "QueryLanguage": "JSONata", "Output": 1, "End": True}, "input"),
        ({"Type": "Fail", "QueryLanguage": "JSONata", "Error": "E"}, "input"),
    ],
)
def test_what_is_told_between_the_filters_depends_on_the_state(test: Any, state: dict[str, Any], told: str):
    if state["Type"] == "Choice":
        state = {**state, "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "X"}]}
    assert list(inspected(test(state, {"a": 1}, inspectionLevel="DEBUG"))) == told.split()


def test_a_mocked_task_goes_through_every_filter(test: Any):
    state = {
        "Type": "Task",
        "Resource": INVOKE,
        "InputPath": "$.in",
        "Parameters": {"FunctionName": "f", "Payload.$": "$.x"},
        "ResultSelector": {"code.$": "$.StatusCode"},
        "ResultPath": "$.out",
        "OutputPath": "$.out",
        "Next": "Later",
    }
    answer = test(state, {"in": {"x": 1}}, inspectionLevel="TRACE", **mocked({"StatusCode": 200}))
    assert (answer["output"], answer["nextState"]) == ('{"code":200}', "Later")
    assert inspected(answer) == {
        "input": {"in": {"x": 1}},
        "afterInputPath": {"x": 1},
        "afterParameters": {"FunctionName": "f", "Payload": 1},
        "result": {"StatusCode": 200},
        "afterResultSelector": {"code": 200},
        "afterResultPath": {"in": {"x": 1}, "out": {"code": 200}},
    }


def test_a_filter_that_fails_is_the_last_one_told(test: Any):
    state = {"Type": "Pass", "InputPath": "$.in", "Parameters": {"x.$": "$.y"}, "End": True}
    answer = test(state, {"in": {}}, inspectionLevel="DEBUG")
    assert (answer["status"], answer["error"]) == ("FAILED", "States.Runtime")
    assert list(inspected(answer)) == ["input", "afterInputPath"]


RETRY = {"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2}
TASK = {"Type": "Task", "QueryLanguage": "JSONata", "Resource": INVOKE, "Arguments": {"FunctionName": "f"}, "End": True}


@pytest.mark.parametrize(
    ("tries", "status", "details"),
    [
        (0, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 2}),
        (1, "RETRIABLE", {"retryIndex": 0, "retryBackoffIntervalSeconds": 6}),
        (2, "FAILED", {"retryIndex": 0}),
    ],
)
def test_a_retry_is_told_with_its_delay_until_they_are_used_up(test: Any, tries: int, status: str, details: Any):
    more = {"stateConfiguration": {"retrierRetryCount": tries}, "inspectionLevel": "DEBUG", **broken("Busy")}
    answer = test({**TASK, "Retry": [RETRY]}, {}, **more)
    assert (answer["status"], answer["error"], answer["cause"]) == (status, "Busy", "why")
    assert answer["inspectionData"]["errorDetails"] == details


def test_a_caught_error_leads_on_with_the_catchers_output(test: Any):
    catch = [{"ErrorEquals": ["Other"], "Next": "A"}, {"ErrorEquals": ["States.ALL"], "Next": "B"}]
    catch[1]["Output"] = "{% $states.errorOutput.Error & '!' %}"
    answer = test({**TASK, "Catch": catch}, {}, inspectionLevel="DEBUG", **broken("Busy"))
    assert (answer["status"], answer["nextState"], answer["output"]) == ("CAUGHT_ERROR", "B", '"Busy!"')
    assert answer["inspectionData"]["errorDetails"] == {"catchIndex": 1}


PROCESSOR = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "One",
    "States": {"One": {"Type": "Pass", "End": True}},
}
MAP = {"Type": "Map", "ItemsPath": "$.v", "ItemProcessor": PROCESSOR, "End": True}


def test_a_map_tells_its_items_their_selection_their_batches_and_its_limits(test: Any):
    state = {
        **MAP,
        "ItemSelector": {"n.$": "$$.Map.Item.Index", "all.$": "$.v"},
        "ItemBatcher": {"MaxItemsPerBatch": 1},
        "MaxConcurrency": 5,
        "ToleratedFailurePercentage": 50,
    }
    told = inspected(test(state, {"v": [8, 9]}, inspectionLevel="DEBUG", **mocked([1, 2])))
    assert told["afterItemsPath"] == [8, 9]
    # the next two are the guide's, and not recorded
    assert told["afterItemSelector"] == [{"n": 0, "all": [8, 9]}, {"n": 1, "all": [8, 9]}]
    assert told["afterItemBatcher"] == [{"Items": [one]} for one in told["afterItemSelector"]]
    assert (told["maxConcurrency"], told["toleratedFailurePercentage"]) == (5, 50.0)


@pytest.mark.parametrize(
    ("tolerated", "failures", "status"),
    [
        ({}, 0, "SUCCEEDED"),
        ({}, 1, "FAILED"),
        ({"ToleratedFailureCount": 1}, 1, "SUCCEEDED"),
        ({"ToleratedFailureCount": 1}, 2, "FAILED"),
        ({"ToleratedFailurePercentage": 50}, 2, "SUCCEEDED"),
        ({"ToleratedFailurePercentage": 50}, 3, "FAILED"),
    ],
)
def test_a_map_fails_when_more_items_failed_than_it_tolerates(test: Any, tolerated: Any, failures: int, status: str):
    config = {"mapIterationFailureCount": failures}
    answer = test({**MAP, **tolerated}, {"v": [1, 2, 3, 4]}, stateConfiguration=config, **mocked([1, 2, 3, 4]))
    assert answer["status"] == status
    assert answer.get("error") == (None if status == "SUCCEEDED" else "States.ExceedToleratedFailureThreshold")


READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    "Parameters": {"Bucket": "b", "Key": "k"},
}


def test_an_item_reader_reads_what_the_test_brings(test: Any):
    state = {
        "Type": "Map",
        "ItemReader": READER,
        "ItemProcessor": PROCESSOR,
        "ItemSelector": {"id.$": "$$.Map.Item.Value.id"},
    }
    state["End"] = True
    config = {"mapItemReaderData": "id,name\n1,a\n2,b\n"}
    told = inspected(test(state, {}, stateConfiguration=config, inspectionLevel="DEBUG", **mocked([])))
    assert told["afterItemSelector"] == [{"id": "1"}, {"id": "2"}]
    assert refused(test, state, {}, **mocked([]))[0] == "ValidationException"


def test_a_state_of_a_machine_is_found_wherever_it_stands(test: Any):
    machine = {"StartAt": "M", "QueryLanguage": "JSONata", "States": {"M": {**MAP, "QueryLanguage": "JSONata"}}}
    del machine["States"]["M"]["ItemsPath"]
    machine["States"]["M"]["ItemProcessor"] = {
        **PROCESSOR,
        "States": {"One": {"Type": "Pass", "Output": "{% 1 + 1 %}", "End": True}},
    }
    assert test(machine, {}, stateName="One")["output"] == "2"
    assert refused(test, machine, {}, stateName="Two") == ("ValidationException", "State not found in definition")


def test_variables_and_a_context_can_be_brought(test: Any):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"n": "{% $n + 1 %}"}, "End": True}
    state["Output"] = "{% $states.context.Execution.Name %}"
    more = {"variables": '{"n": 1, "m": 0}', "context": '{"Execution": {"Name": "mine"}}'}
    answer = test(state, {}, inspectionLevel="DEBUG", **more)
    assert answer["output"] == '"mine"'
    assert inspected(answer)["variables"] == {"n": 2, "m": 0}


def test_without_a_context_there_is_one_of_an_express_execution(test: Any):
    state = {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $states.context %}", "End": True}
    context = json.loads(test(state, {"a": 1}, roleArn=ROLE)["output"])
    assert context["Execution"]["Id"].split(":")[5] == "express"
    assert (context["Execution"]["Input"], context["Execution"]["RoleArn"]) == ({"a": 1}, ROLE)
    assert context["State"]["Name"] == "StateName"


def test_a_task_that_is_not_mocked_is_performed(test: Any, client: Any):
    client("s3").create_bucket(Bucket="seen")
    client("s3").put_object(Bucket="seen", Key="k", Body=b"hello")
    state = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "End": True}
    state["Parameters"] = {"Bucket": "seen", "Key.$": "$.key"}
    answer = test(state, {"key": "k"}, roleArn=ROLE)
    assert json.loads(answer["output"])["Body"] == "hello"
    answer = test(state, {"key": "none"}, roleArn=ROLE)
    assert (answer["status"], answer["error"]) == ("FAILED", "S3.NoSuchKeyException")


def test_a_wait_beyond_five_minutes_times_out_as_a_test_would(test: Any):
    assert test({"Type": "Wait", "Seconds": 301, "End": True})["error"] == "States.Timeout"  # the guide's limit


@pytest.mark.parametrize(
    ("value", "mode", "message"),
    [
        ({"StatusCode": "200"}, "STRICT", "Field 'StatusCode' must be a number"),
        ({"StatusCode": True}, "PRESENT", "Field 'StatusCode' must be a number"),
        ({"ExecutedVersion": 1}, "STRICT", "Field 'ExecutedVersion' must be a string"),
        ({"StatusCode": "200", "Mine": 1}, "NONE", None),
        ({"Mine": 1}, "STRICT", None),
    ],
)
def test_a_mock_is_held_against_the_model_of_the_operation(test: Any, value: Any, mode: str, message: str | None):
    if message is None:
        assert test(TASK, {}, **mocked(value, fieldValidationMode=mode))["status"] == "SUCCEEDED"
    else:
        said = ("ValidationException", f"Mock result schema validation error: {message}")
        assert refused(test, TASK, {}, **mocked(value, fieldValidationMode=mode)) == said


def test_what_a_job_would_describe_is_what_a_sync_mock_must_look_like(test: Any):
    state = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "End": True}
    state["Parameters"] = {"TrainingJobName": "t", "RoleArn": ROLE, "OutputDataConfig": {"S3OutputPath": "s3://b/"}}
    answer = test(state, {}, **mocked({"TrainingJobStatus": "Completed"}, fieldValidationMode="PRESENT"))
    assert json.loads(answer["output"]) == {"TrainingJobStatus": "Completed"}
    said = refused(test, state, {}, **mocked({"TrainingJobStatus": "Complete"}, fieldValidationMode="PRESENT"))
    assert said[1].endswith("Field 'TrainingJobStatus' is not an expected value")
    assert refused(test, state, {}, roleArn=ROLE)[0] == "InvalidDefinition"


WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b"}}
INVALID = "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED:"


@pytest.mark.parametrize(
    ("state", "more", "code", "message"),
    [
        (TASK, {}, "ValidationException", "RoleArn must be specified when testing a Task state"),
        (
            {"Type": "Succeed"},
            mocked(1),
            "ValidationException",
            "State type 'Succeed' is not supported when a mock is specified",
        ),
        (
            TASK,
            {**mocked({}), "revealSecrets": True},
            "ValidationException",
            "TestState does not support RevealSecrets when a mock is specified.",
        ),
        (
            TASK,
            mocked({}, **broken("E")["mock"]),
            "ValidationException",
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (MAP, mocked({}), "ValidationException", "Mocked result must be an array."),
        (
            {**MAP, "ResultWriter": WRITER},
            mocked([]),
            "ValidationException",
            "Mocked result must be a JSON object.",
        ),
        (
            TASK,
            {**mocked({}), "context": '{"State": {"Name": 1}}'},
            "ValidationException",
            "Invalid Context object provided: State.Name must be a string",
        ),
        (
            {"Type": "Pass"},
            {},
            "InvalidDefinition",
            f"{INVALID} One of [Next, End] is required at /States/StateName'",
        ),
        ("Pass", {}, "InvalidDefinition", f"{INVALID} Expected value of type Object at /States/StateName'"),
    ],
)
def test_what_cannot_be_tested_is_refused_by_name(test: Any, state: Any, more: Any, code: str, message: str):
    assert refused(test, state, {"v": []}, **more) == (code, message)


def test_a_map_alone_is_no_test(test: Any):
    assert refused(test, MAP, {"v": []})[0] == "InvalidDefinition"
    config = {"mapIterationFailureCount": 3}
    said = "Map iteration failure count must be less than or equal to the number of Map iterations"
    assert refused(test, MAP, {"v": [1, 2]}, stateConfiguration=config, **mocked([]))[1] == said
