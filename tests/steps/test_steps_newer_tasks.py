"""Task tokens, activities, HTTP tasks, roles, timeouts and retries known at run time: what the old SDK never had."""

import pytest

from stepmill.inputs import ContextObject, TaskToken
from stepmill.steps import ActivityStep, HttpStep

FUNCTION = '"arn:aws:lambda:us-east-1:123456789012:function:ask"'
CONNECTION = '"arn:aws:events:us-east-1:123456789012:connection/labels/1"'


def states(author, text, language="JSONPath"):
    return author.states(
        "from stepmill.inputs import ContextObject, TaskToken\n" + text.replace("\n    ", "\n"), language
    )


# -- task tokens and the context object


def test_a_function_is_told_the_token_it_must_send_back(author):
    text = f"""
    definition = LambdaStep("Ask", wait_for_callback=True, function={FUNCTION}, heartbeat_seconds=3600,
                            payload={{"token": TaskToken(), "run": ContextObject()["Execution"]["Name"]}})
    """
    assert states(author, text)["Ask"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {
            "FunctionName": FUNCTION.strip('"'),
            "Payload": {"token.$": "$$.Task.Token", "run.$": "$$.Execution.Name"},
        },
        "HeartbeatSeconds": 3600,
        "End": True,
    }
    payload = states(author, text, "JSONata")["Ask"]["Arguments"]["Payload"]
    assert payload == {
        "token": "{% $states.context.Task.Token %}",
        "run": "{% $states.context.Execution.Name %}",
    }


@pytest.mark.parametrize("language", ["JSONPath", "JSONata"])
def test_a_token_that_is_handed_to_nobody_is_told(author, language):
    line, text = author.problem(
        f'definition = LambdaStep("Ask", True, function={FUNCTION}, payload={{"a": 1}})', language
    )
    assert line == 2
    assert "'Ask' waits for its task token, but hands it to nobody" in text
    assert "TaskToken()" in text


@pytest.mark.parametrize(
    "payload",
    [
        '{"t.$": "$$.Task.Token"}',
        '{"t.$": "$$.Task"}',
        '{"all.$": "$$"}',
        """{"t.$": "States.Format('{}', $$.Task.Token)"}""",
        """{"deep": [{"t.$": "$$['Task']['Token']"}]}""",
    ],
)
def test_a_token_in_the_user_s_own_paths_is_seen(author, payload):
    author.states(f'definition = LambdaStep("Ask", True, function={FUNCTION}, payload={payload})')


def test_a_plain_task_without_its_token_is_only_noticed_because_aws_takes_it(author):
    text = """
        definition = Task("Ask", resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                          parameters={"QueueUrl": "q", "MessageBody": {"name.$": "$$.Execution.Name"}})
    """
    assert any("waits for its task token" in notice for notice in author.bundle(text).manifest.notices)


def test_the_context_object_has_aws_s_names_and_types(author):
    found = states(author, """
    context = ContextObject()
    definition = Pass("Note", parameters={"all": context, "execution": context["Execution"],
        "day": f"{context['Execution']['StartTime']} {context['State']['Name']}",
        "deep": context["Execution"]["Input"]["a"]["b"], "again": context["Execution"]["RedriveCount"] + 1})
    """)  # fmt: skip
    assert found["Note"]["Parameters"] == {
        "all.$": "$$",
        "execution.$": "$$.Execution",
        "day.$": "States.Format('{} {}', $$.Execution.StartTime, $$.State.Name)",
        "deep.$": "$$.Execution.Input.a.b",
        "again.$": "States.MathAdd($$.Execution.RedriveCount, 1)",
    }


def test_the_context_object_names_the_nearest_of_its_fields():
    with pytest.raises(KeyError, match="did you mean 'Execution'"):
        ContextObject()["Executions"]
    with pytest.raises(KeyError, match=r"\['Map'\]\['Item'\] has no 'Position'; there is Index, Value, Key, Source"):
        ContextObject()["Map"]["Item"]["Position"]
    assert TaskToken().to_jsonpath() == "$$.Task.Token"


def test_a_token_where_nobody_waits_is_told(author):
    line, text = author.problem("""
        from stepmill.inputs import TaskToken
        definition = LambdaStep("Ask", function="f", payload={"token": TaskToken()})
    """)
    assert line == 3
    assert "'Ask' reads its task token, and has none" in text
    assert "wait_for_callback=True" in text


@pytest.mark.parametrize(
    ("definition", "where"),
    [
        ("inside", "outside any"),
        ('Map("Each", item_processor=inside, mode="DISTRIBUTED")', "inside a distributed one"),
    ],
)
def test_an_item_where_there_is_none_is_told(author, definition, where):
    line, text = author.problem(f"""
        from stepmill.inputs import ContextObject
        inside = Pass("Inside", parameters={{"item": ContextObject()["Map"]["Item"]["Value"]}})
        definition = {definition}
    """)
    assert line == 3
    assert f"'Inside' reads the item of a Map {where}" in text


def test_a_choice_reads_no_item_outside_a_map(author):
    _, text = author.problem("""
        from stepmill.inputs import ContextObject
        definition = Choice("First?", choices=[(ContextObject()["Map"]["Item"]["Index"] == 0, Pass("P"))],
                            default=Pass("Q"))
    """)
    assert "'First?' reads the item of a Map outside any" in text


def test_an_item_of_an_inline_map_is_known_inside(author):
    found = states(author, """
    inside = Pass("Inside", parameters={"at": ContextObject()["Map"]["Item"]["Index"]})
    definition = Map("Each", iterator=inside)
    """)  # fmt: skip
    assert found["Each"]["Iterator"]["States"]["Inside"]["Parameters"] == {"at.$": "$$.Map.Item.Index"}


# -- activities


def test_an_activity_is_named_and_the_stage_knows_its_arn(author):
    text = """
        images = ExecutionInput()["images"]
        work = ActivityStep("Label", "label-images", payload={"images": images}, heartbeat_seconds=60)
        more = ActivityStep("Label again", "label-images")
        other = ActivityStep("Count", "arn:aws:states:us-east-1:123456789012:activity:count")
        definition = Chain([work, more, other])
    """
    bundle = author.bundle(text)
    assert bundle.manifest.activities == {"LabelImagesActivity": "label-images"}
    found = author.states(text)
    assert found["Label"] == {
        "Type": "Task",
        "Resource": "${LabelImagesActivity}",
        "Parameters": {"images.$": "$$.Execution.Input['images']"},
        "HeartbeatSeconds": 60,
        "Next": "Label again",
    }
    assert found["Label again"]["Resource"] == "${LabelImagesActivity}"
    assert found["Count"]["Resource"] == "arn:aws:states:us-east-1:123456789012:activity:count"
    assert bundle.manifest.notices == ()


def test_a_name_no_activity_can_have_is_refused():
    with pytest.raises(ValueError, match=r"is a name of 1 to 80 characters or an ARN"):
        ActivityStep("Label", "label images")
    with pytest.raises(TypeError, match="both payload= and parameters="):
        ActivityStep("Label", "label", payload={"a": 1}, parameters={"a": 1})


# -- HTTP tasks


def test_an_https_api_is_called_in_both_languages(author):
    text = f"""
    run = ExecutionInput({{"id": int}})
    ask = HttpStep("Ask", f"https://api.example.com/labels/{{run['id']}}", "POST", connection={CONNECTION},
                   headers={{"Accept": "application/json"}}, query_parameters={{"page": run["id"]}},
                   request_body={{"id": run["id"]}}, url_encoded="INDICES")
    definition = Chain([ask, Pass("Keep", parameters={{"label": ask.body["label"]}})])
    """
    assert states(author, text)["Ask"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint.$": "States.Format('https://api.example.com/labels/{}', $$.Execution.Input['id'])",
            "Method": "POST",
            "Authentication": {"ConnectionArn": CONNECTION.strip('"')},
            "Headers": {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            "QueryParameters": {"page.$": "$$.Execution.Input['id']"},
            "RequestBody": {"id.$": "$$.Execution.Input['id']"},
            "Transform": {
                "RequestBodyEncoding": "URL_ENCODED",
                "RequestEncodingOptions": {"ArrayFormat": "INDICES"},
            },
        },
        "Assign": {"ask": {"ResponseBody": {"label.$": "$.ResponseBody.label"}}},
        "Next": "Keep",
    }
    found = states(author, text, "JSONata")
    assert found["Ask"]["Arguments"]["RequestBody"] == {"id": "{% $states.context.Execution.Input.id %}"}
    assert found["Keep"]["Output"] == {"label": "{% $ask.ResponseBody.label %}"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"endpoint": "http://a"}, "calls an https:// URL"),
        ({"method": "POTS"}, "did you mean 'POST'"),
        ({"connection": "labels"}, "the ARN of an EventBridge connection"),
        ({"url_encoded": "COMMA"}, "BRACKETS, COMMAS, INDICES, REPEAT"),
    ],
)
def test_what_an_http_task_cannot_be_is_refused_at_once(given, said):
    with pytest.raises(ValueError, match=said):
        HttpStep("Ask", **{"endpoint": "https://a", "connection": "arn:aws:events:r:1:connection/a/b"} | given)


# -- what every task has


EVERY = """
    run = ExecutionInput({"role": str, "limit": int, "beat": int})
    definition = Task("Call", resource="arn:aws:states:::sns:publish", parameters={"TopicArn": "t", "Message": "m"},
                      credentials={"RoleArn": run["role"]}, timeout_seconds=run["limit"],
                      heartbeat_seconds=run["beat"], assign={"id": run["role"]},
                      retry=Retry(error_equals=["Sns.ThrottledException"], interval_seconds=2, max_attempts=5,
                                  backoff_rate=1.5, max_delay_seconds=60, jitter_strategy="FULL"))
"""


def test_role_and_times_may_be_known_at_run_time_only(author):
    common = {
        "Retry": [
            {
                "ErrorEquals": ["Sns.ThrottledException"],
                "IntervalSeconds": 2,
                "MaxAttempts": 5,
                "BackoffRate": 1.5,
                "MaxDelaySeconds": 60,
                "JitterStrategy": "FULL",
            }
        ],
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "End": True,
    }
    path, expression = "$$.Execution.Input['{}']", "{{% $states.context.Execution.Input.{} %}}"
    assert author.states(EVERY)["Call"] == common | {
        "Parameters": {"TopicArn": "t", "Message": "m"},
        "Credentials": {"RoleArn.$": path.format("role")},
        "TimeoutSecondsPath": path.format("limit"),
        "HeartbeatSecondsPath": path.format("beat"),
        "Assign": {"id.$": path.format("role")},
    }
    assert author.states(EVERY, "JSONata")["Call"] == common | {
        "Arguments": {"TopicArn": "t", "Message": "m"},
        "Credentials": {"RoleArn": expression.format("role")},
        "TimeoutSeconds": expression.format("limit"),
        "HeartbeatSeconds": expression.format("beat"),
        "Assign": {"id": expression.format("role")},
    }


@pytest.mark.parametrize(
    ("retry", "said"),
    [
        ("interval_seconds=0", "IntervalSeconds: Expected a whole number from 1 to 99999999"),
        ("max_attempts=100_000_000", "MaxAttempts: Expected a whole number from 0 to 99999999"),
        ("backoff_rate=0.5", "BackoffRate: Expected a number greater than or equal to 1.0"),
        ("max_delay_seconds=31_622_400", "MaxDelaySeconds: Expected a whole number from 1 to 31622399"),
        ('jitter_strategy="SOME"', "JitterStrategy: Expected one of FULL, NONE"),
        ('max_attempts="3"', "MaxAttempts: Expected a whole number"),
    ],
)
def test_a_retrier_s_numbers_are_aws_s_and_told_at_its_own_line(author, retry, said):
    line, text = author.problem(f"""
        task = Task("Call", resource="arn:aws:states:::sns:publish", parameters={{"TopicArn": "t", "Message": "m"}})
        task.add_retry(Retry(error_equals=["States.ALL"], {retry}))
        definition = task
    """)
    assert line == 3
    assert said in text


def test_the_catch_all_of_a_retrier_stands_alone_and_last(author):
    alone, last = ((found[0], found[2]) for found in author.problems("""
        task = Task("Call", resource="arn:aws:states:::sns:publish", parameters={"TopicArn": "t", "Message": "m"})
        task.add_retry(Retry(error_equals=["States.ALL", "A"]))
        task.add_catch(Catch(Pass("P"), error_equals=["States.ALL"]))
        task.add_catch(Catch(Pass("Q"), error_equals=["A"]))
        definition = task
    """))  # fmt: skip
    assert alone == (3, "/States/Call/Retry/0/ErrorEquals: States.ALL must be the only name in its ErrorEquals")
    assert last == (4, "/States/Call/Catch/0/ErrorEquals: States.ALL must stand in the last entry")


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ("timeout_seconds=0", "TimeoutSeconds: Expected a whole number from 1"),
        ("timeout_seconds=60, heartbeat_seconds=60", "HeartbeatSeconds must be smaller than TimeoutSeconds"),
        ("credentials={'Role': 'r'}", "The field 'RoleArn' is required"),
    ],
)
def test_a_task_s_times_and_role_are_aws_s(author, times, said):
    line, text = author.problem(f"""
        definition = Task("Call", resource="arn:aws:states:::sns:publish",
                          parameters={{"TopicArn": "t", "Message": "m"}}, {times})
    """)
    assert line == 2
    assert said in text


def test_a_limit_that_limits_from_the_first_wait_on_is_noticed(author):
    notices = author.bundle("""
        task = Task("Call", resource="arn:aws:states:::sns:publish", parameters={"TopicArn": "t", "Message": "m"})
        task.add_retry(Retry(error_equals=["States.ALL"], interval_seconds=30, max_delay_seconds=10))
        definition = task
    """).manifest.notices
    assert notices[0].startswith("pipeline.py:3: MaxDelaySeconds of 10 is not above IntervalSeconds of 30")
