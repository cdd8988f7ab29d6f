"""`stepmill run` and its sisters as a person types them: what is said, where, and the exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from projects import Project

JOB = """
    from stepmill.sagemaker import ScriptProcessor
    from stepmill.steps import Chain, ProcessingStep
    from stepmill.workflow import Workflow
    workflow = Workflow("one", definition=Chain([ProcessingStep("Work", ScriptProcessor(), code="work.py")]))
"""
FLOW = """
    from stepmill.steps import Chain, Choice, Fail, Pass, Succeed, Wait
    from stepmill.inputs import ExecutionInput
    from stepmill.workflow import Workflow
"""


def wait_for(condition, seconds: float = 20):
    """Until something another process does has happened; the story has no other way to know."""
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def log_of(project: Project) -> str:
    return "".join(path.read_text() for path in (project.root / ".stepmill" / "jobs").glob("*/*/log"))


def test_a_new_project_runs_and_its_tests_pass(project: Project) -> None:
    assert "stepmill run pipeline.py" in project.stepmill("new", "Ein Projekt!").stdout
    made = Project(project.root / "Ein Projekt!")
    ran = subprocess.run(
        [sys.executable, "-m", "stepmill", "run", "pipeline.py"],
        cwd=made.root, env=made.environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert re.search(r"Read report +[0-9.]+ s  accuracy 0\.9", ran.stderr)
    tested = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=made.root, capture_output=True, check=False)
    assert tested.returncode == 0, tested.stdout
    assert "is there already" in project.stepmill("new", "Ein Projekt!", code=1).stderr


def test_results_are_on_stdout_and_progress_on_stderr(project: Project) -> None:
    ran = project.tiny().stepmill("run", "pipeline.py", "--name", "eins")
    assert [line.split()[2] for line in ran.stderr.splitlines() if " ✔ " in line] == [
        "Input",
        "Prepare",
        "Train",
        "Tell",
    ]
    assert ran.stdout.startswith("✔ tiny eins  SUCCEEDED in ")
    assert "model of Train  s3://stepmill-local/tiny/eins/" in ran.stdout
    assert "\x1b" not in ran.stdout + ran.stderr
    assert re.search(r"Train +[0-9.]+ s  loss 0\.1667", ran.stderr)


def test_json_is_the_same_shape_from_run_and_show(project: Project) -> None:
    project.tiny()
    ran = json.loads(project.stepmill("run", "pipeline.py", "--json").stdout)
    shown = json.loads(project.stepmill("show", "--json").stdout)
    assert ran == shown
    assert ran["schema"] == 1
    assert set(ran) == {
        "schema", "arn", "workflow", "name", "status", "started", "ended", "input", "output", "error", "cause",
        "store", "states",
    }  # fmt: skip
    train = next(state for state in ran["states"] if state["name"] == "Train")
    assert train["metrics"] == {"loss": [0.1667]}


def test_a_rejecting_gate_ends_with_3_and_its_sentence(project: Project) -> None:
    project.write(
        "pipeline.py",
        FLOW
        + """
    run = ExecutionInput({"accuracy": 0.5})
    no = Fail("Rejected", error="GateRejected", cause=f"accuracy {run['accuracy']} is below 0.9")
    gate = Choice("Good?", choices=[(run["accuracy"] >= 0.9, Succeed("Accepted"))], default=no)
    workflow = Workflow("gate", definition=gate, query_language="JSONata")
    """,
    )
    ended = project.stepmill("run", "pipeline.py", code=3)
    assert re.search(r"why +accuracy 0\.5 is below 0\.9", ended.stdout)
    project.stepmill("run", "pipeline.py", "--set", "accuracy=0.95")


def test_a_script_that_raises_ends_with_4_and_one_screen(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", "for i in range(40):\n    print('line', i)\nraise ValueError('数字がない')\n")
    ended = project.stepmill("run", "pipeline.py", code=4)
    for said in ("Work  (pipeline.py:4)", "exit code  1", "reason", "line 39", "ValueError: 数字がない", "whole log"):
        assert said in ended.stdout
    assert "line 10\n" not in ended.stdout
    assert len(ended.stdout.splitlines()) <= 24
    log = re.search(r"whole log +(\S+)", ended.stdout)
    assert log is not None
    assert "line 10" in (project.root / log[1]).read_text()


@pytest.mark.slow  # it lasts as long as the job may, and its grace
def test_a_job_over_its_maximum_runtime_gets_sigterm_and_sigkill_and_the_run_says_so(
    project: Project,
) -> None:
    project.write("pipeline.py", JOB.replace("ScriptProcessor()", "ScriptProcessor(max_runtime_in_seconds=1)"))
    project.write(
        "work.py",
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *a: print('not yet', flush=True))\n"
        "while True: time.sleep(0.1)\n",
    )
    out = project.stepmill("run", "pipeline.py", code=4, STEPMILL_GRACE="1").stdout
    assert "Stopped (MaxRuntimeExceeded)" in out
    assert "137 (SIGKILL, after SIGTERM did not end it)" in out
    assert "ran longer than its MaxRuntimeInSeconds (1)" in out
    assert "│ not yet" in out


def test_a_timed_out_execution_ends_with_6(project: Project) -> None:
    project.write(
        "pipeline.py",
        FLOW + '    workflow = Workflow("late", definition=Wait("Wait", seconds=60), timeout_seconds=1)\n',
    )
    assert "TIMED_OUT" in project.stepmill("run", "pipeline.py", code=6).stdout


def test_ctrl_c_stops_the_execution_and_its_job_and_ends_with_130(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    run = project.spawn("run", "pipeline.py")
    wait_for(lambda: "begun" in log_of(project))
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130, err
    assert "stopping the execution" in err
    assert "ABORTED" in out
    assert json.loads(project.stepmill("list", "--json").stdout)["executions"][0]["status"] == "ABORTED"


def test_a_second_ctrl_c_kills(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write(
        "work.py",
        "import signal, time\nsignal.signal(signal.SIGTERM, lambda *a: print('not yet', flush=True))\n"
        "print('begun', flush=True)\nfor _ in range(600): time.sleep(0.1)\n",
    )
    run = project.spawn("run", "pipeline.py", STEPMILL_GRACE="60")
    wait_for(lambda: "begun" in log_of(project))
    run.send_signal(signal.SIGINT)
    wait_for(lambda: "not yet" in log_of(project))
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "killing" in err
    # what is said of the job is how it ended
    assert re.search(r"job +one-work-\S+  Stopped\n", out), out
    assert "137 (SIGKILL, after SIGTERM did not end it)" in out


def test_detached_runs_go_on_alone_and_can_be_followed_and_stopped(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    assert project.stepmill("run", "pipeline.py", "--detach", "--name", "allein").stdout == "allein\n"
    follower = project.spawn("logs", "-f", "allein")
    wait_for(lambda: "begun" in log_of(project))
    project.stepmill("stop", "allein")
    out, _ = follower.communicate(timeout=30)
    assert out == "Work │ begun\n"
    assert "nothing to resume" in project.stepmill("resume").stderr


@pytest.mark.slow  # it waits for the owner's answer
def test_a_store_whose_owner_does_not_answer_is_refused_with_5_naming_it(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    owner = project.spawn("run", "pipeline.py")
    wait_for(lambda: "begun" in log_of(project))
    owner.send_signal(signal.SIGSTOP)
    try:
        assert str(owner.pid) in project.stepmill("run", "pipeline.py", code=5).stderr
        assert "RUNNING" in project.stepmill("list").stdout, "reading needs no owner"
    finally:
        owner.send_signal(signal.SIGCONT)
        owner.send_signal(signal.SIGINT)
        owner.communicate(timeout=30)


def test_resume_goes_on_with_what_nobody_runs(project: Project, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    project.write("pipeline.py", JOB)
    project.write("work.py", f"print('begun', flush=True)\nopen({str(gate)!r}).read()\nprint('done')\n")
    run = project.spawn("run", "pipeline.py", "--name", "weiter")
    wait_for(lambda: "begun" in log_of(project))
    run.kill()
    run.communicate()
    with gate.open("w"):
        pass
    assert "weiter  SUCCEEDED" in project.stepmill("resume", "weiter").stdout
    assert log_of(project).count("begun") == 1
    assert "has ended already: SUCCEEDED" in project.stepmill("resume", "weiter").stderr


def test_what_nobody_runs_can_be_stopped(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)\n")
    run = project.spawn("run", "pipeline.py", "--name", "waise")
    wait_for(lambda: "begun" in log_of(project))
    run.kill()
    run.communicate()
    listed = project.stepmill("list")
    assert re.search(r"waise +one +○ RUNNING \(nobody runs it\)", listed.stdout)
    assert "nobody runs waise: `stepmill resume waise` goes on with it" in listed.stderr
    assert "waise is stopped" in project.stepmill("stop").stderr
    wait_for(lambda: list((project.root / ".stepmill" / "jobs").glob("*/*/exit.json")))
    assert "ABORTED" in project.stepmill("show", "waise").stdout
    assert "nothing runs" in project.stepmill("stop", code=1).stderr


def test_log_lines_are_interleaved_and_harmless(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", r"print('\x1b[31mrot\x1b[0m \x1b]0;title\x07 学習'); print('10%\r100%')" + "\n")
    ended = project.stepmill("run", "pipeline.py", "-f")
    assert "Work │ rot \\x1b]0;title\\x07 学習" in ended.stderr
    assert "Work │ 100%" in ended.stderr
    assert "\x1b" not in ended.stderr


def test_what_a_function_prints_is_among_the_logs(project: Project) -> None:
    project.write(
        "pipeline.py",
        FLOW
        + """
    from stepmill.steps import LambdaStep
    say = lambda name: LambdaStep(name, function="functions.py:tell", payload={"name": name})
    workflow = Workflow("tell", definition=Chain([say("一"), say("二")]))
    """,
    )
    project.write("functions.py", "def tell(event, context):\n    print('こんにちは', event['name'])\n")
    ended = project.stepmill("run", "pipeline.py", "-f")
    assert "一 │ こんにちは 一" in ended.stderr
    assert project.stepmill("logs").stdout == "一 │ こんにちは 一\n二 │ こんにちは 二\n"
    latest = json.loads(project.stepmill("list", "--json").stdout)["executions"][0]["name"]
    assert project.stepmill("logs", latest, "二").stdout == "こんにちは 二\n"


def test_a_run_goes_on_when_nobody_reads_its_progress(project: Project) -> None:
    project.tiny()
    run = project.spawn("run", "pipeline.py")
    assert run.stderr is not None
    run.stderr.close()
    assert run.stdout is not None
    with run.stdout:
        assert "SUCCEEDED" in run.stdout.read()
    assert run.wait() == 0


def test_objects_are_copied_in_both_directions(project: Project, tmp_path: Path) -> None:
    (tmp_path / "in" / "b").mkdir(parents=True)
    (tmp_path / "in" / "一.txt").write_text("eins")
    (tmp_path / "in" / "b" / "c.txt").write_text("zwei")
    assert "made the bucket my-data" in project.stepmill("cp", "-r", str(tmp_path / "in"), "s3://my-data/x").stderr
    assert project.stepmill("cp", "s3://my-data/x/一.txt", "-").stdout == "eins"
    project.stepmill("cp", "-r", "s3://my-data/x/", str(tmp_path / "out"))
    assert (tmp_path / "out" / "b" / "c.txt").read_text() == "zwei"
    project.stepmill("cp", "s3://my-data/x/b/c.txt", str(tmp_path))
    assert (tmp_path / "c.txt").read_text() == "zwei"
    refused = project.stepmill("cp", "s3://my-data/x/b/d.txt", str(tmp_path), code=1).stderr
    assert "there is no such object; there are: s3://my-data/x/b/c.txt" in refused


def test_clean_keeps_the_newest_and_what_they_use(project: Project) -> None:
    project.tiny()
    for name in ("a", "b", "c"):
        project.stepmill("run", "pipeline.py", "--name", name)
    assert "would remove tiny a" in project.stepmill("clean", "--keep", "1", "--dry-run").stdout
    assert project.stepmill("clean", "--keep", "1").stdout.count("removed") == 2
    left = json.loads(project.stepmill("list", "--json").stdout)["executions"]
    assert [row["name"] for row in left] == ["c"]
    objects = project.root / ".stepmill" / "objects" / "stepmill-local" / "tiny"
    assert [path.name for path in objects.iterdir()] == ["c"]


def test_pass_env_gives_a_variable_to_jobs_and_masks_secret_ones(project: Project) -> None:
    project.write("pipeline.py", JOB)
    project.write("work.py", "import os\nprint(os.environ['LEVEL'], os.environ['MY_TOKEN'], os.environ.get('OTHER'))\n")
    words = ("run", "pipeline.py", "-f", "--pass-env", "LEVEL", "--pass-env", "MY_TOKEN")
    ended = project.stepmill(*words, LEVEL="seven", MY_TOKEN="do-not-tell-anybody", OTHER="x")
    assert "Work │ seven *** None" in ended.stderr


@pytest.mark.slow
def test_a_live_terminal_gets_a_footer_and_keeps_only_finished_lines(project: Project) -> None:
    import pty

    project.tiny()
    leader, follower = pty.openpty()
    environ = {name: value for name, value in project.environ(TERM="xterm").items() if name not in ("CI", "NO_COLOR")}
    run = subprocess.Popen(
        [sys.executable, "-m", "stepmill", "run", "pipeline.py"],
        cwd=project.root, env=environ, stdin=follower, stdout=subprocess.PIPE, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    seen = b""
    while True:
        try:
            block = os.read(leader, 65536)
        except OSError:
            break
        if not block:
            break
        seen += block
    run.communicate()
    text = seen.decode()
    assert run.returncode == 0
    assert "\x1b[2K" in text
    assert re.search(r"\x1b\[32m✔\x1b\[0m Train", text)
