"""`run`, `show`, `logs`, `stop`, `redrive` and `parity` of executions elsewhere, over HTTP: a second store is AWS."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from abroad import ACCOUNT, abroad, machine, reached

from projects import Project, when_read
from stepmill.local import Local
from stores import machine_text

pytestmark = pytest.mark.slow

EXECUTION = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:tiny-prod:"


class Story:
    """A project, the store that is AWS, and the credentials for it."""

    def __init__(self, project: Project, aws: Local, keys: Mapping[str, str]) -> None:
        self.project, self.aws, self.keys = project, aws, keys

    def says(self, *words: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
        return self.project.stepmill(*words, code=code, **{**self.keys, "COLUMNS": "200", **more})


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The tiny pipeline, deployed; its function prints what it tells."""
    root = tmp_path_factory.mktemp("there")
    (root / "project").mkdir()
    project = Project(root / "project").tiny()
    functions = (project.root / "functions.py").read_text()
    project.write(
        "functions.py", functions.replace("    if event", '    print("telling of", event["model"])\n    if event', 1)
    )
    aws = abroad(root / "aws")
    with reached(project, aws) as keys:
        project.stepmill("deploy", "pipeline.py", "--stage", "prod", "--yes", **keys)
        yield Story(project, aws, keys)
    aws.release()


def test_a_run_there_is_followed_like_one_here(story: Story) -> None:
    done = story.says("run", "pipeline.py", "--stage", "prod", "--name", "one", "-f")
    for line in ("✔ Prepare", "✔ Train", "loss 0.1667", "✔ Tell", "Prepare │ prepared 1 2 3", "Train │ loss: 0.1667"):
        assert line in done.stderr
    assert "✔ tiny-prod one  SUCCEEDED" in done.stdout
    assert re.search(rf"model of Train +s3://stepmill-prod-{ACCOUNT}-us-east-1/tiny/one/", done.stdout)
    for page in (f"executions/details/{EXECUTION}one", "#/processing-jobs/tiny-prepare-", "#/jobs/tiny-train-"):
        assert page in done.stdout


def test_it_is_listed_shown_and_heard_from_here(story: Story) -> None:
    story.says("run", "pipeline.py", "--stage", "prod", "--name", "seen", "--json")
    listed = json.loads(story.says("list", "--stage", "prod", "--json").stdout)
    assert ("seen", "SUCCEEDED") in [(row["name"], row["status"]) for row in listed["executions"]]
    shown = json.loads(story.says("show", f"{EXECUTION}seen", "--json").stdout)
    assert [(s["name"], s["status"]) for s in shown["states"][1:]] == [
        ("Prepare", "succeeded"), ("Train", "succeeded"), ("Tell", "succeeded")
    ]  # fmt: skip
    assert shown["states"][2]["metrics"] == {"loss": [0.1667]}
    assert set(shown["console"]) == {"machine", "execution", "job", "log"}
    assert "loss ▅ 0.1667" in story.says("show", "seen", "--stage", "prod").stdout
    assert story.says("logs", f"{EXECUTION}seen", "Train").stdout == "loss: 0.1667\n"
    lines = story.says("logs", "-f", "seen", STEPMILL_STAGE="prod").stdout.splitlines()
    assert [line.partition(" │ ")[0] for line in lines] == ["Prepare", "Train", "Tell"]
    assert lines[2].startswith(f"Tell │ telling of s3://stepmill-prod-{ACCOUNT}-us-east-1/tiny/seen/")


def test_parity_says_that_the_same_happened_and_where_it_did_not(story: Story) -> None:
    story.says("run", "pipeline.py", "--name", "home")
    story.says("run", "pipeline.py", "--stage", "prod", "--name", "away", "--detach")
    story.says("logs", "-f", f"{EXECUTION}away")
    done = story.says("parity", "home", f"{EXECUTION}away")
    assert done.stdout.count("✔") == 4
    assert done.stdout.endswith("the same happened\n")
    story.project.write("raw/numbers.txt", "1 2 4\n")
    story.says("run", "pipeline.py", "--name", "other")
    same = json.loads(story.says("parity", "other", "away", "--stage", "prod", "--json", code=2).stdout)
    assert not same["same"]
    train = next(state for state in same["states"] if state["name"] == "Train")
    assert any("FinalMetricDataList" in each["what"] for each in train["differences"])
    story.project.write("raw/numbers.txt", "1 2 3\n")


def test_ctrl_c_leaves_it_running_there_and_stop_stops_it(story: Story, tmp_path: Path) -> None:
    effects = str(tmp_path / "effects")
    os.mkfifo(f"{effects}.train")
    words = ("run", "pipeline.py", "--stage", "prod", "--name", "long", "--set", f"effects={effects}")
    process = story.project.spawn(*words, **story.keys)
    pipe = when_read(Path(f"{effects}.train"), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"the execution goes on. `stepmill stop {EXECUTION}long` stops it" in err
    assert "RUNNING" in out
    story.says("run", "pipeline.py", "--stage", "prod", "--name", "long", code=1)
    assert "long is stopped" in story.says("stop", f"{EXECUTION}long").stderr
    os.close(pipe)
    assert "ABORTED" in story.says("list", "--stage", "prod", "-n", "1").stdout
    Path(f"{effects}.train").unlink()
    redriven = story.says("redrive", "long", "--stage", "prod")
    assert "goes on where it was" in redriven.stderr
    assert "✔ tiny-prod long  SUCCEEDED" in redriven.stdout


def test_a_failure_there_is_told_with_the_jobs_own_words(story: Story) -> None:
    failing = {"Type": "Fail", "Error": "Bad", "Cause": "no luck"}
    machine(story.aws, "bad-prod", machine_text(Fails=failing))
    story.project.write(
        "bad.py",
        """
        from stepmill.steps import Fail
        from stepmill.workflow import Workflow
        workflow = Workflow("bad", Fail("Fails", error="Bad", cause="other luck"), query_language="JSONata")
        """,
    )
    done = story.says("run", "bad.py", "--stage", "prod", code=4)
    assert "warning: what is deployed is not what the file says, beginning with States/Fails/Cause" in done.stderr
    assert re.search(r"cause +no luck", done.stdout)
    # A job's: the same execution with numbers it cannot read.
    state = {"Prepare": f"{EXECUTION}broken"}
    story.says(
        "run", "pipeline.py", "--stage", "prod", "--name", "broken", "--set", "effects=/no/such/folder/x", code=4
    )
    shown = story.says("show", state["Prepare"]).stdout
    assert "FileNotFoundError" in shown
    assert re.search(r"step +Prepare", shown)
    assert "whole log" in shown


def test_a_function_that_fails_there_is_told_with_what_it_printed(story: Story) -> None:
    story.project.write(
        "fails.py", "def fail(event, context):\n    print('about to fail')\n    raise KeyError('nothing')\n"
    )
    story.project.write(
        "call.py",
        """
        from stepmill.steps import LambdaStep
        from stepmill.workflow import Workflow
        call = LambdaStep("Call", function="fails.py:fail", payload={})
        workflow = Workflow("call", call, query_language="JSONata")
        """,
    )
    story.says("deploy", "call.py", "--stage", "prod", "--yes")
    done = story.says("run", "call.py", "--stage", "prod", "--name", "one", code=4)
    assert re.search(r"step +Call  \(call.py:3\)", done.stdout)
    assert "KeyError" in done.stdout
    assert "about to fail" in done.stdout
    assert f"stepmill logs {EXECUTION.replace('tiny', 'call')}one Call" in done.stdout


def test_what_is_not_deployed_is_refused_with_what_to_do(story: Story) -> None:
    story.project.write(
        "new.py",
        """
        from stepmill.steps import Pass
        from stepmill.workflow import Workflow
        workflow = Workflow("new", Pass("P"))
        """,
    )
    done = story.says("run", "new.py", "--stage", "prod", code=1)
    assert "`stepmill deploy new.py --stage prod` brings it there" in done.stderr
    assert "no stage 'prof'" in story.says("run", "new.py", "--stage", "prof", code=1).stderr


def test_a_workflow_of_a_stage_is_executed_and_looked_at_from_python(story: Story) -> None:
    script = story.project.write(
        "script.py",
        """
        from pipeline import workflow as made
        from stepmill.workflow import Workflow

        workflow = Workflow("tiny", made._definition, query_language="JSONata", stage="prod")
        execution = workflow.execute("python")
        assert execution.wait(60)
        print(execution.arn, execution.get_output()["StatusCode"])
        print([each.name for each in workflow.list_executions(1)])
        try:
            workflow.create()
        except ValueError as refusal:
            print(refusal)
        """,
    )
    done = subprocess.run(
        [story.project.python, str(script)],
        cwd=story.project.root,
        env=story.project.environ(**story.keys),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, second, third = done.stdout.splitlines()
    assert first == f"{EXECUTION}python 200"
    assert second == "['python']"
    assert third.startswith("create() does not change what is on AWS")
    assert "`stepmill deploy" in third
