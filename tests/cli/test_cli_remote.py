"""Executions on AWS, looked at: the same pictures, whoever runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from abroad import ACCOUNT, MACHINE, STAGE, Near, abroad, machine, ran

from stepmill.cli import report, where
from stepmill.cli.refusal import Refusal
from stepmill.cli.remote import Remote
from stepmill.cli.remote_logs import Patterns, of_request
from stepmill.cli.there import There
from stepmill.console.canvas import Look
from stepmill.deploy.aws.live import difference, find
from stepmill.deploy.refusals import DeployRefused
from stepmill.deploy.stages import of_arn
from stepmill.local import Local
from stepmill.stage import load_settings
from stepmill.steps import Chain, Pass, Task
from stepmill.workflow import Workflow
from stores import machine_text

LOOK = Look(100, True, False)
GATE = machine_text(
    Input={"Type": "Pass", "Assign": {"n": "{% $states.input.n %}"}, "Next": "Gate"},
    Gate={
        "Type": "Choice",
        "Choices": [{"Condition": "{% $n >= 10 %}", "Next": "Good"}],
        "Default": "Rejected",
    },
    Good={"Type": "Succeed"},
    Rejected={"Type": "Fail", "Error": "GateRejected", "Cause": "{% 'n is ' & $string($n) %}"},
)
WAITS = machine_text(Wait={"Type": "Wait", "Seconds": 3600, "End": True})


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Local]:
    """A store that stands in for an account on AWS."""
    local = abroad(tmp_path / "aws")
    yield local
    local.release()


@pytest.fixture
def remote(aws: Local) -> Remote:
    return Remote(Near(aws))


def test_the_executions_of_a_stage_are_those_of_the_machines_that_bear_its_name(aws: Local, remote: Remote) -> None:
    gate = machine(aws, "gate-prod", GATE)
    machine(aws, "gate-dev", GATE)
    assert remote.machines() == [gate]
    for name in ("one", "two", "three"):
        ran(aws, gate, name, '{"n": 12}')
    rows, more = remote.executions(limit=2)
    assert ([row["name"] for row in rows], more) == (["three", "two"], True)
    assert [row["name"] for row in remote.executions(f"{gate}:live")[0]] == ["three", "two", "one"]
    assert rows[0]["machine"] == "gate-prod"
    assert remote.machine("gate") == remote.machine("gate-prod") == gate
    with pytest.raises(Refusal, match='no state machine "gait"; did you mean "gate"'):
        remote.machine("gait")
    assert rows[0]["started"] <= rows[0]["ended"]


def test_an_execution_is_found_by_arn_name_and_beginning(aws: Local, remote: Remote) -> None:
    gate = machine(aws, "gate-prod", GATE)
    arn = ran(aws, gate, "monday", '{"n": 12}')
    ran(aws, gate, "tuesday", '{"n": 12}')
    for word in (arn, "monday", "gate-prod:monday", "mon"):
        assert remote.execution(word)["arn"] == arn
    assert remote.execution(None)["name"] == "tuesday"
    with pytest.raises(Refusal, match=r'no execution "sunday".*\n`stepmill list --stage prod`'):
        remote.execution("sunday")
    with pytest.raises(Refusal, match="there is no execution arn:"):
        remote.execution(arn + "x")
    with pytest.raises(Refusal, match="Express"):
        remote.execution(arn.replace(":execution:", ":express:") + ":1")


def test_a_rejected_gate_ends_here_as_it_would_have_ended_here(aws: Local, remote: Remote) -> None:
    arn = ran(aws, machine(aws, "gate-prod", GATE), "one", '{"n": 3}')
    digest = remote.digest(arn)
    assert report.code_of(digest) == 3
    shown = "\n".join(report.ending(digest, remote, LOOK))
    assert "REJECTED by the gate" in shown
    assert "n is 3" in shown
    assert (
        f"https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/{arn}" in shown
    )
    assert "store" not in shown


def test_events_that_were_read_are_not_read_again(aws: Local) -> None:
    account = Near(aws)
    remote = Remote(account)
    arn = ran(aws, machine(aws, "gate-prod", GATE), "one", '{"n": 12}')
    first = remote.events(arn)
    assert remote.events(arn) == first
    assert [event.id for event in first] == list(range(1, len(first) + 1))


def test_following_an_execution_gives_its_events_once_and_ctrl_c_leaves_it_alone(aws: Local, remote: Remote) -> None:
    waits = machine(aws, "waits-prod", WAITS)
    arn = str(aws.call("states", "StartExecution", {"stateMachineArn": f"{waits}:live", "name": "w"})["executionArn"])
    there = There(remote, arn, logs=False)
    said: list[str] = []
    there.say = said.append
    assert [event.type for event in there.new()][:2] == ["ExecutionStarted", "WaitStateEntered"]
    assert there.new() == []  # it is not time to ask again
    there.interrupted()
    assert said == [f"not followed any more; the execution goes on. `stepmill stop {arn}` stops it"]
    assert remote.execution(arn)["status"] == "RUNNING"
    aws.call("states", "StopExecution", {"executionArn": arn})


def test_an_execution_that_was_redriven_ends_with_its_second_end(aws: Local, remote: Remote) -> None:
    gate = machine(aws, "gate-prod", GATE)
    arn = ran(aws, gate, "one", '{"n": 3}')
    before = len(remote.events(arn))
    aws.call("states", "RedriveExecution", {"executionArn": arn})
    found = There(remote, arn, logs=False, after=before).new()
    assert "ExecutionRedriven" in [event.type for event in found]
    assert found[0].id == 1


def test_the_items_of_a_map_run_and_its_first_failure_are_told(aws: Local, remote: Remote) -> None:
    inner = {"Fails": {"Type": "Fail", "Error": "Bad"}}
    each = {
        "Type": "Map",
        "Items": [1, 2],
        "ToleratedFailurePercentage": 0,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Fails",
            "States": inner,
        },
        "End": True,
    }
    arn = ran(aws, machine(aws, "each-prod", machine_text(Each=each)), "one")
    digest = remote.digest(arn)
    run = str(digest.visits[0].attempts[0].map_run)
    counts = remote.map_run(run)
    assert counts is not None
    assert counts["total"] == 2
    assert remote.execution(remote.first_failed(run))["status"] == "FAILED"
    assert f"`stepmill show {remote.first_failed(run)}`" in "\n".join(report.ending(digest, remote, LOOK))


def test_what_may_not_be_read_is_said_once_and_the_rest_is_shown(
    aws: Local, remote: Remote, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        assert remote.ask("logs", "GetLogEvents", {"logGroupName": "g"}) is None  # the stream is missing
    assert capsys.readouterr().err.count("note: not everything can be shown") == 1
    assert remote.ask("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "none"}) is None
    assert remote.ask("logs", "DescribeLogStreams", {"logGroupName": "/aws/lambda/none"}) is None
    assert capsys.readouterr().err == ""


# what is deployed


def greet(text: str = "hello") -> Workflow:
    return Workflow("greet", Chain([Pass("Greet", result=text), Pass("End")]))


def test_a_workflow_is_started_through_its_alias(aws: Local) -> None:
    bundle = greet().bundle()
    arn = machine(aws, "greet-prod", bundle.template)
    live = find(Near(aws), bundle, "pipeline.py")
    assert live.alias == f"{arn}:live"
    assert live.differs(bundle, "pipeline.py") == ""
    started = live.start("one", "{}")
    assert aws.wait(started, 10)
    found = aws.call("states", "DescribeExecution", {"executionArn": started})
    assert found["stateMachineAliasArn"] == live.alias


def test_a_workflow_that_is_not_deployed_is_refused_in_one_sentence(aws: Local) -> None:
    with pytest.raises(DeployRefused) as refused:
        find(Near(aws), greet().bundle(), "pipeline.py")
    assert str(refused.value) == (
        f"greet is not deployed to stage prod (there is no {MACHINE}greet-prod:live); "
        "`stepmill deploy pipeline.py --stage prod` brings it there"
    )


def test_two_versions_under_one_alias_are_told(aws: Local) -> None:
    bundle = greet().bundle()
    machine(aws, "greet-prod", bundle.template)
    both = replace(find(Near(aws), bundle, "p.py"), versions=("one", "two"))
    assert both.differs(bundle, "p.py") == "a deployment is under way there: the alias live leads to 2 versions"


def test_what_is_deployed_and_is_not_the_file_is_told_with_its_place(aws: Local) -> None:
    machine(aws, "greet-prod", greet("bye").bundle().template)
    said = find(Near(aws), greet().bundle(), "p.py").differs(greet().bundle(), "p.py")
    assert said == (
        "what is deployed is not what the file says, beginning with States/Greet/Result; "
        "`stepmill deploy p.py --stage prod` makes it that"
    )


@pytest.mark.parametrize(
    ("template", "deployed", "place"),
    [
        ({"a": "s3://${Bucket}/x", "b": "${Bucket}"}, {"a": "s3://one/x", "b": "one"}, None),
        ({"a": "s3://${Bucket}/x", "b": "${Bucket}"}, {"a": "s3://one/x", "b": "two"}, "b"),
        ({"a": "${Bucket}/${Bucket}"}, {"a": "one/two"}, "a"),
        ({"a": "${Other}"}, {"a": "filled"}, "a"),  # no name of ours: whoever deployed it left it as it is
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "a/1/b"),
        ({"a": 1}, {"a": 1, "b": 2}, "b"),
        ({"a": 1}, {"a": True}, "a"),
        ("x", ["x"], ""),
    ],
)
def test_a_name_that_a_stage_fills_may_be_anything_but_everywhere_the_same(
    template: Any, deployed: Any, place: str | None
) -> None:
    assert difference(template, deployed, ("Bucket",)) == place


# which stage


def settings(folder: Path, text: str = "", **flags: Any) -> Any:
    (folder / "pyproject.toml").write_text(f"[tool.stepmill]\n{text}")
    return load_settings(folder, {}, **flags)


def test_an_arn_takes_profile_and_endpoint_from_the_stage_of_its_account_and_region(tmp_path: Path) -> None:
    arn = f"{MACHINE.replace('stateMachine', 'execution')}m:one"
    tables = """
[tool.stepmill.stages.other]
region = "us-east-1"
expected_account = "999999999999"
[tool.stepmill.stages.any]
region = "us-east-1"
profile = "any"
"""
    own = f'[tool.stepmill.stages.prod]\nregion = "us-east-1"\nexpected_account = "{ACCOUNT}"\nprofile = "own"\n'
    assert of_arn(settings(tmp_path, tables + own), arn).name == "prod"
    found = of_arn(settings(tmp_path, tables), arn)
    assert (found.name, found.profile, found.expected_account) == ("any", "any", ACCOUNT)
    alone = of_arn(settings(tmp_path), arn.replace("us-east-1", "eu-west-1"))
    assert (alone.region, alone.expected_account, alone.profile, alone.endpoint) == ("eu-west-1", ACCOUNT, None, None)


def test_an_arn_of_the_local_account_means_the_store_and_so_does_a_name(tmp_path: Path) -> None:
    found = settings(tmp_path)
    for word in (None, "monday", "arn:aws:states:us-east-1:000000000000:execution:m:monday"):
        assert where.remote_of(found, word) is None
    with pytest.raises(Refusal, match="not the ARN of an execution"):
        where.remote_of(found, "arn:aws:s3:::bucket")
    table = f'[tool.stepmill.stages.prod]\nregion = "us-east-1"\nexpected_account = "{ACCOUNT}"\n'
    table += f'endpoint = "{STAGE.endpoint}"\n'
    named = settings(tmp_path, table, stage="prod")
    looking = where.remote_of(named, "monday")
    assert looking is not None
    assert looking.stage.name == "prod"
    with pytest.raises(Refusal, match="leave --stage out"):
        where.remote_of(named, f"arn:aws:states:eu-west-1:{ACCOUNT}:execution:m:monday")


def test_credentials_of_another_account_than_an_arns_are_refused(aws: Local) -> None:
    account = Near(aws, of_arn(load_settings(Path("/"), {}), "arn:aws:states:us-east-1:999999999999:execution:m:one"))
    with pytest.raises(DeployRefused, match=f"is account 999999999999, and these credentials are of account {ACCOUNT}"):
        Remote(account).machines()


# logs


def event(message: str, stream: str = "s", number: int = 0) -> dict[str, Any]:
    return {"message": message + "\n", "logStreamName": stream, "eventId": f"{message}{number}", "timestamp": number}


def test_the_lines_of_one_invocation_are_told_from_those_of_others() -> None:
    events = [
        event("START RequestId: a-1 Version: 1", "x"),
        event("START RequestId: b-2 Version: 1", "y"),
        event("of a", "x"),
        event("of b", "y"),
        event("END RequestId: a-1", "x"),
        event("START RequestId: c-3 Version: 1", "x"),
        event("of c", "x"),
    ]
    assert [e["message"] for e in of_request(events, "a-1")][1] == "of a\n"
    assert len(of_request(events, "a-1")) == 3
    assert of_request(events, "") == events
    logged = [event(json.dumps({"requestId": "a-1", "message": "hi"})), event('{"requestId": "b-2"}')]
    assert of_request(logged, "a-1") == logged[:1]


def test_metrics_are_found_by_the_definitions_of_the_request() -> None:
    patterns = Patterns([{"Name": "loss", "Regex": "loss: ([0-9.]+)"}, {"Name": "bad", "Regex": "(?<x"}])
    for line in ("loss: 3", "epoch", "loss: 2 loss: .", "loss: 1"):
        patterns.line(line)
    assert [(curve.name, list(curve.values)) for curve in patterns.curves()] == [("loss", [3.0, 2.0, 1.0])]


def test_a_task_of_any_kind_needs_nothing_of_sagemaker_to_be_shown(aws: Local, remote: Remote) -> None:
    resource = "arn:aws:states:::aws-sdk:sts:getCallerIdentity"
    bundle = Workflow("who", Task("Who", resource=resource, parameters={})).bundle()
    arn = ran(aws, machine(aws, "who-prod", bundle.template), "one")
    digest = remote.digest(arn)
    assert remote.metrics(digest) == {}
    assert [kind for kind, _ in remote.places(digest)] == ["execution", "machine"]
