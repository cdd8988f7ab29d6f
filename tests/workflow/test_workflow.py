"""What a user holds: a Workflow and its Executions, on this machine and over a client of AWS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from projects import Project
from stepmill.asl.problems import InvalidDefinition
from stepmill.inputs import ExecutionInput
from stepmill.local import Local
from stepmill.services.operations import ServiceError
from stepmill.stage import SettingsError
from stepmill.steps import Pass, Task, Wait
from stepmill.workflow import Execution, Workflow, loading
from stores import ROLE, SCOPE

SCRIPT = """
    from stepmill.steps import Chain, Pass, Wait
    from stepmill.workflow import Workflow

    if __name__ == "__main__":
        workflow = Workflow("scripted", Chain([Wait("W", seconds={seconds}), Pass("Done", result="ok")]))
        execution = workflow.execute("one")
        print(execution.name, execution.status, flush=True)
"""


class Client:
    """Answers as boto3's `stepfunctions` client does, out of a store of ours, and keeps what it was asked."""

    class exceptions:
        class StateMachineAlreadyExists(Exception):
            pass

    def __init__(self, local: Local) -> None:
        self._local = local
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        operation = "".join(part.capitalize() for part in name.split("_"))

        def call(**request: Any) -> dict[str, Any]:
            self.asked.append(operation)
            try:
                return self._local.call("states", operation, request)
            except ServiceError as refusal:
                if refusal.code != "StateMachineAlreadyExists":
                    raise
                raise self.exceptions.StateMachineAlreadyExists(
                    f"An error occurred ({refusal.code}) when calling the {operation} operation: {refusal.message}"
                ) from None

        return call


def greet(word: str = "hello", **more: Any) -> Workflow:
    return Workflow("greet", Pass("Greet", result=word), **more)


def test_a_workflow_is_made_changed_run_listed_and_deleted(local: Local):
    workflow = greet().use(local)
    assert workflow.create() == workflow.create() == f"{SCOPE}:stateMachine:greet"
    first = workflow.execute("first", {"a": 1})
    assert (first.get_output(wait=True), first.get_input(), first.status) == ("hello", {"a": 1}, "SUCCEEDED")
    workflow.update(Pass("Greet", result="bye"), role=ROLE)
    second = workflow.execute()
    assert second.get_output(wait=True) == "bye"
    described = local.call("states", "DescribeStateMachine", {"stateMachineArn": workflow.state_machine_arn})
    assert described["roleArn"] == ROLE
    assert [execution.arn for execution in workflow.list_executions()] == [second.arn, first.arn]
    assert [execution.arn for execution in workflow.list_executions(1)] == [second.arn]
    assert workflow.list_executions(status_filter="FAILED") == []
    types = [event["type"] for event in first.list_events()]
    assert types == [event["type"] for event in first.list_events(reverse_order=True)][::-1]
    assert len(first.list_events(2)) == 2
    workflow.delete()
    with pytest.raises(ServiceError, match="StateMachineDoesNotExist"):
        local.call("states", "DescribeStateMachine", {"stateMachineArn": described["stateMachineArn"]})


def test_an_execution_is_stopped_with_its_reasons(local: Local):
    execution = Workflow("slow", Wait("W", seconds=3600)).use(local).execute()
    assert (execution.get_output(), execution.wait(0)) == (None, False)
    execution.stop("cause", "error")
    assert execution.wait(10)
    described = execution.describe()
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "error", "cause")
    assert execution.get_output() is None


def test_input_that_does_not_fit_starts_nothing(local: Local):
    given = ExecutionInput(schema={"epochs": int})
    workflow = Workflow("m", Pass("P", parameters={"n": given["epochs"]}), execution_input=given).use(local)
    with pytest.raises(InvalidDefinition, match="epochs"):
        workflow.execute(inputs={"epochs": "three"})
    assert not local.store.exists()


def test_a_machine_that_exists_is_attached_and_run(local: Local, monkeypatch: pytest.MonkeyPatch):
    arn = greet().use(local).create()
    client = Client(local)
    attached = Workflow.attach(arn, client)
    assert (attached.name, attached.definition.to_dict()["StartAt"]) == ("greet", "Greet")
    execution = attached.execute()
    assert local.wait(execution.arn, 10)
    assert execution.get_output() == "hello"


def test_with_a_client_the_old_sdks_rules_hold(local: Local):
    client = Client(local)
    with pytest.raises(InvalidDefinition, match="role"):
        greet(client=client).create()
    workflow = greet(role=ROLE, client=client)
    arn = workflow.create()
    other = greet("bye", role=ROLE, client=client)
    assert other.create() == arn  # left as it is
    other.update(Pass("Greet", result="bye"))
    execution = workflow.execute("named")
    assert isinstance(execution, Execution)
    assert local.wait(execution.arn, 10)
    assert execution.get_output() == "bye"
    assert [each.name for each in workflow.list_executions()] == ["named"]
    workflow.delete()
    assert client.asked[:3] == ["CreateStateMachine", "CreateStateMachine", "UpdateStateMachine"]


def test_nothing_starts_while_a_file_is_loaded(local: Local):
    with loading():
        for verb in (greet().use(local).create, greet().use(local).update, greet().use(local).execute):
            with pytest.raises(RuntimeError, match="while the file was being loaded"):
                verb()
    assert not local.store.exists()


def test_an_unknown_stage_is_refused_by_name():
    with pytest.raises(SettingsError, match="there is no stage 'prod'"):
        greet(stage="prod").create()


def test_a_workflow_of_a_stage_on_aws_changes_nothing_there(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(
        "pyproject.toml",
        """
        [tool.stepmill.stages.prod]
        region = "us-east-1"
        expected_account = "111122223333"
        endpoint = "http://127.0.0.1:9"
        """,
    )
    monkeypatch.chdir(project.root)
    workflow = greet(stage="prod")
    for verb in (workflow.create, workflow.update, workflow.delete):
        with pytest.raises(ValueError, match=r"`stepmill deploy .*test_workflow.py --stage prod` does it"):
            verb()
    assert workflow.client.meta.service_model.service_name == "stepfunctions"
    assert "href" not in workflow._repr_html_()


def script(project: Project, seconds: int) -> subprocess.Popen[str]:
    project.write("script.py", SCRIPT.format(seconds=seconds))
    return subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=project.root,
        env=project.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_script_that_ends_stays_until_what_it_started_has_ended(project: Project):
    process = script(project, 1)
    out, err = process.communicate(timeout=30)
    assert (out, process.returncode) == ("one RUNNING\n", 0), err
    assert "staying until scripted/one ends (Ctrl-C stops it)" in err
    assert json.loads(project.stepmill("show", "one", "--json").stdout)["status"] == "SUCCEEDED"


def test_ctrl_c_stops_what_a_script_stays_for_and_ends_it_with_130(project: Project):
    process = script(project, 3600)
    assert process.stderr is not None
    assert re.search("staying until", process.stderr.readline())
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert json.loads(project.stepmill("show", "one", "--json").stdout)["status"] == "ABORTED"
    assert not Path(project.root, ".stepmill", "owner.json").exists()


HAND = '{ "StartAt":"Greet",\n  "States": {"Greet": {"Type": "Pass", "Result": "by hand", "End": true}} }'


def test_a_definition_written_by_hand_is_kept_byte_by_byte_and_runs(local: Local):
    workflow = Workflow.from_definition(HAND, "hand").use(local)
    assert workflow.definition.to_json() == HAND
    assert workflow.execute().get_output(wait=True) == "by hand"
    described = local.call("states", "DescribeStateMachine", {"stateMachineArn": workflow.state_machine_arn})
    assert described["definition"] == HAND


def test_what_aws_would_refuse_of_a_written_definition_is_told_by_its_place_in_the_json():
    with pytest.raises(InvalidDefinition, match=r"/States/A/Next: Missing .Next. target: B"):
        Workflow.from_definition({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}})
    for text in ("[1", '"text"', "[]"):
        with pytest.raises(ValueError, match=r"no JSON|JSON object"):
            Workflow.from_definition(text)


def test_a_definition_that_only_aws_can_run_is_kept_and_refused_here_when_it_should_run(local: Local):
    glue = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "Parameters": {}, "End": True}
    workflow = Workflow.from_definition({"StartAt": "Run", "States": {"Run": glue}}, "glue").use(local)
    assert "glue:startJobRun" in workflow.get_cloudformation_template()
    with pytest.raises(InvalidDefinition, match="glue:startJobRun"):
        workflow.create()
    assert not local.store.exists()


def test_a_definition_as_text_is_told_where_it_belongs():
    with pytest.raises(TypeError, match=r"is a str: give a step.*Workflow\.from_definition"):
        Workflow("hand", HAND)


def test_state_machines_are_listed_at_most_as_many_as_asked_for(local: Local):
    greet().use(local).create()
    Workflow("other", Pass("P")).use(local).create()
    assert {each["name"] for each in Workflow.list_workflows(client=Client(local))} == {"greet", "other"}
    assert len(Workflow.list_workflows(1, client=Client(local))) == 1


def test_a_client_is_given_no_definition_with_names_left_open(local: Local):
    client = Client(local)
    task = Task("T", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "${Bucket}"})
    with pytest.raises(InvalidDefinition, match=r"still asks for \$\{Bucket\}, and a client fills no names"):
        Workflow("open", task, ROLE, client=client).create()
    assert client.asked == []
