"""Bad input gets one clear message (where, what, what to do), exit code 1, and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from projects import Project

HEAD = """\
from stepmill.inputs import ExecutionInput, StepInput
from stepmill.sagemaker import Estimator, ProcessingInput, ScriptProcessor
from stepmill.steps import *
from stepmill.steps import Chain, Choice, Fail, LambdaStep, Map, Parallel, Pass, ProcessingStep, Succeed, TrainingStep
from stepmill.workflow import Workflow

def job(name, **more):
    return ProcessingStep(name, ScriptProcessor(), **{"code": "work.py", "outputs": ["o"]} | more)

def train(name, data, **more):
    return TrainingStep(name, Estimator(entry_point="work.py"), data=data, **more)
"""
END = '\nworkflow = Workflow("bad", definition=start, query_language="JSONata")\n'

GOOD = HEAD + "start = Pass('A')" + END

DEFINITIONS = {
    "a duplicate name": ('start = Chain([Pass("A"), Pass("A")])', r"pipeline\.py:\d+: .*'?A'?"),
    "an output that the step does not have": (
        'a = job("A", outputs=["train", "test"])\nstart = Chain([a, train("B", {"train": a.outputs["trian"]})])',
        r"pipeline\.py:\d+: .*trian(.|\n)*did you mean.*train",
    ),
    "a value no earlier road provides": (
        'a = job("A")\nb = job("B", inputs={"x": a.outputs["o"]})\na.next(b)\n'
        'start = Choice("C", choices=[(run["n"] > 1, a)], default=b)',
        r"pipeline\.py:\d+: ",
    ),
    "a value crossing a Parallel's border": (
        'a = job("A")\np = Parallel("P")\np.add_branch(a)\nstart = Chain([p, job("B", inputs={"x": a.outputs["o"]})])',
        r"pipeline\.py:\d+: (.|\n)*(Parallel|branch)",
    ),
    "a value crossing a Map's border": (
        'a = job("A")\nstart = Chain([Map("M", iterator=a), job("B", inputs={"x": a.outputs["o"]})])',
        r"pipeline\.py:\d+: (.|\n)*(Map|item)",
    ),
    "a script that does not exist": ('start = job("A", code="wrok.py")', r"pipeline\.py:\d+: .*wrok\.py"),
    "a script that does not parse": ('start = job("A", code="broken.py")', r"broken\.py(.|\n)*(pars|syntax)"),
    "a job name that SageMaker would refuse": (
        'start = job("A", job_name="no_underscores")', r"pipeline\.py:\d+: .*no_underscores",
    ),
    "a channel that SageMaker would refuse": (
        'start = train("A", {"no channel!": "s3://my-data/x"})', r"pipeline\.py:\d+: .*no channel!",
    ),
    "more than 10 processing inputs": (
        'start = job("A", inputs={f"i{n}": "s3://my-data/x" for n in range(11)})', r"pipeline\.py:\d+: (.|\n)*10",
    ),
    "more than 20 channels": (
        'start = train("A", {f"c{n}": "s3://my-data/x" for n in range(21)})', r"pipeline\.py:\d+: (.|\n)*20",
    ),
    "an environment value over the limit": (
        'start = ProcessingStep("A", ScriptProcessor(env={"X": "x" * 257}), code="work.py")',
        r"pipeline\.py:\d+: (.|\n)*256",
    ),
    "an instance type that is not one": (
        'start = ProcessingStep("A", ScriptProcessor(instance_type="ml.m5.lrage"), code="work.py")',
        r"pipeline\.py:\d+: .*ml\.m5\.lrage(.|\n)*ml\.m5\.large",
    ),
    "no end to reach": ('start = Pass("A")\nstart.next(start)', r""),
}  # fmt: skip


@pytest.fixture
def bad(project: Project) -> Project:
    project.write("work.py", "print('hello')\n")
    project.write("broken.py", "def f(:\n")
    return project


def untouched(project: Project) -> None:
    """Nothing was begun: no store, no half of one."""
    assert not (project.root / ".stepmill").exists()


@pytest.mark.parametrize("what", [what for what, (_, said) in DEFINITIONS.items() if said])
def test_a_definition_with(bad: Project, what: str) -> None:
    lines, said = DEFINITIONS[what]
    (bad.root / "pipeline.py").write_text(HEAD + 'run = ExecutionInput({"n": 1})\n' + lines + END, encoding="utf-8")
    ended = bad.stepmill("run", "pipeline.py", code=1)
    assert re.search(said, ended.stderr), ended.stderr
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr
    untouched(bad)
    assert bad.stepmill("check", "pipeline.py", code=1).stderr == ended.stderr


def test_all_problems_of_a_definition_are_told_at_once_each_with_its_line(bad: Project) -> None:
    lines = (
        'a = ProcessingStep("A", ScriptProcessor(), code="none.py")\n'
        'b = ProcessingStep("B", ScriptProcessor(), code="work.py", job_name="a_b")\n'
        "start = Chain([a, b])"
    )
    (bad.root / "pipeline.py").write_text(HEAD + lines + END, encoding="utf-8")
    told = bad.stepmill("check", "pipeline.py", code=1).stderr
    first = HEAD.count("\n") + 1
    assert f"pipeline.py:{first}: " in told
    assert f"pipeline.py:{first + 1}: " in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "n=many"), r"'n'|input\.n"),
        (("--set", "m=1"), r"there is no input 'm'(.|\n)*n"),
        (("--input", "none.json"), r"none\.json: cannot be read"),
        (("--input", "bad.json"), r"bad\.json:2:3: not JSON"),
        (("--name", "not a name?"), r"Invalid Name"),
    ],
)
def test_input_that_does_not_fit(bad: Project, words: tuple[str, ...], said: str) -> None:
    text = HEAD + 'run = ExecutionInput({"n": 1})\nstart = Pass("A", output={"n": run["n"]})' + END
    (bad.root / "pipeline.py").write_text(text, encoding="utf-8")
    bad.write("bad.json", '{"n": 1,\n  n: 2}\n')
    ended = bad.stepmill("run", "pipeline.py", *words, code=1)
    assert re.search(said, ended.stderr), ended.stderr
    if "--name" not in words:
        untouched(bad)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 / 0\n", "pipeline.py:1: ZeroDivisionError"),
        ("x = 1\n", "pipeline.py: has no Workflow"),
        (GOOD + "workflow.execute()\n", "execute() was called while the file was being loaded"),
        (GOOD + "other = Workflow('b', definition=start)\n", "pipeline.py:workflow or pipeline.py:other"),
        (HEAD + "start = Pass('A'" + END, "pipeline.py:"),
    ],
)
def test_a_pipeline_file_that_cannot_be_run(bad: Project, text: str, said: str) -> None:
    (bad.root / "pipeline.py").write_text(text, encoding="utf-8")
    assert said in bad.stepmill("run", "pipeline.py", code=1).stderr
    untouched(bad)


def test_an_unknown_setting_is_told_with_the_nearest(bad: Project) -> None:
    bad.write("pyproject.toml", "[tool.stepmill]\ngrase = 1\n")
    assert "there is no setting 'grase'; did you mean 'grace'?" in bad.stepmill("list", code=1).stderr


def test_a_transition_to_a_missing_state_and_an_unreachable_one_are_told() -> None:
    """The vocabulary cannot write them; hand-written ASL can."""
    from stepmill.asl.problems import check

    train = {"Type": "Pass", "End": True}
    missing = check({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Trian"}, "Train": train}})
    assert "Did you mean 'Train'?" in "\n".join(map(str, missing))
    unreachable = check({"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "Train": train}})
    assert [problem.place for problem in unreachable] == ["/States/Train"]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write everywhere")
@pytest.mark.parametrize("words", [("run", "pipeline.py"), ("run", "pipeline.py", "--detach"), ("new", "more")])
def test_an_unwritable_folder_is_one_message(bad: Project, words: tuple[str, ...]) -> None:
    (bad.root / "pipeline.py").write_text(GOOD, encoding="utf-8")
    bare: list[str] = []
    if os.geteuid() == 0:  # without this right root is as anybody else in a folder that is not its own
        bare = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
        os.chown(bad.root, 65534, -1)
    bad.root.chmod(0o555)
    try:
        ended = subprocess.run(
            [*bare, sys.executable, "-B", "-m", "stepmill", *words],
            cwd=bad.root, env=bad.environ(), capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        bad.root.chmod(0o755)
    assert ended.returncode == 1
    assert re.fullmatch(rf"error: {bad.root}.*: {os.strerror(errno.EACCES)}; choose .*\n", ended.stderr), ended.stderr


def test_a_store_that_is_a_file_is_one_message(bad: Project) -> None:
    (bad.root / "pipeline.py").write_text(GOOD, encoding="utf-8")
    (bad.root / "file").write_text("")
    told = bad.stepmill("--store", "file", "run", "pipeline.py", code=1).stderr
    assert "file" in told
    assert "bug" not in told


@pytest.mark.slow
def test_a_full_disk_is_one_message(bad: Project, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (bad.root / "pipeline.py").write_text(HEAD + "start = job('A')" + END, encoding="utf-8")
    script = f'mount -t tmpfs -o size=128k none "{disk}" && exec "$@"'
    flags = "-m" if os.geteuid() == 0 else "-rm"
    ended = subprocess.run(
        ["unshare", flags, "sh", "-c", script, "sh", sys.executable, "-m", "stepmill", "run", "pipeline.py",
         "--store", str(disk / ".stepmill")],
        cwd=bad.root, env=bad.environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode in (1, 4), ended.stderr
    assert re.search("disk is full|No space left", ended.stderr + ended.stdout), ended.stderr
    assert "Traceback" not in ended.stderr
