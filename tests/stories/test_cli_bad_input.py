"""Bad input gets one clear message (where, what, what to do), exit code 1, and nothing half-written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from projects import Project
from stepmill.cli import main

HEAD = """\
from stepmill.inputs import ExecutionInput, StepInput
from stepmill.sagemaker import Estimator, ProcessingInput, ScriptProcessor
from stepmill.steps import *
from stepmill.steps import Chain, Choice, LambdaStep, Map, Parallel, Pass, ProcessingStep, Task, TrainingStep
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
    "a transition to a missing state": (
        'start = Pass("Train")\nstart.next("Tell")',
        r"pipeline\.py:\d+: 'Train' leads to 'Tell'",
    ),
    "a step that leads into it and that nothing leads to": (
        'start = Pass("A")\nlost = Pass("Lost")\nlost.next(start)',
        r"pipeline\.py:\d+: 'Lost' leads to 'A', but nothing leads to 'Lost'",
    ),
    "an integration that cannot run here": (
        'start = Task("Run", resource="arn:aws:states:::glue:startJobRun.sync", parameters={"JobName": "x"})',
        r"pipeline\.py:\d+: .*glue:startJobRun\.sync cannot be run here",
    ),
    "a call of AWS's SDK that nothing here answers": (
        'start = AwsSdkStep("Run", "glue:startJobRun", {"JobName": "x"})',
        r"pipeline\.py:\d+: .*glue:startJobRun cannot be run here(.|\n)*nothing on this machine does",
    ),
    "a dockerfile, which this machine does not build": (
        'start = ProcessingStep("A", ScriptProcessor(dockerfile="Dockerfile"), code="work.py")',
        r"pipeline\.py:\d+: 'A': dockerfile= is not built",
    ),
    "more instances than this machine is": (
        'start = ProcessingStep("A", ScriptProcessor(instance_count=2), code="work.py")', r"pipeline\.py:\d+: .*use 1",
    ),
    "a function that is nowhere": (
        'start = LambdaStep("A", function="notfy", payload={})',
        r"pipeline\.py:\d+: .*'notfy'(.|\n)*did you mean 'notify'",
    ),
    "a handler that its file does not have": (
        'start = LambdaStep("A", function="functions.py:tel", payload={})',
        r"functions\.py has no function 'tel'(.|\n)*'tell'",
    ),
    "no step at all": ("start = None", r"pipeline\.py:\d+: .*empty"),
    "something else as its definition": (
        'start = {"StartAt": "A"}',
        r"pipeline\.py:\d+: .*'bad' is a dict: give a step",
    ),
    "a function that the configuration maps to a handler which is not there": (
        'start = LambdaStep("A", parameters={"FunctionName": "told"})',
        r"pipeline\.py:\d+: .*functions\.py has no function 'tel'(?s:.*)did you mean 'tell'\?",
    ),
    "an argument that is misspelt": (
        "start = ScriptProcessor(instance_typ='x')",
        r'pipeline\.py:\d+: .*"instance_type"',
    ),
}  # fmt: skip


@pytest.fixture
def bad(project: Project) -> Project:
    project.write("work.py", "print('hello')\n")
    project.write("broken.py", "def f(:\n")
    project.write("Dockerfile", "FROM python\n")
    project.write("functions.py", "def tell(event, context):\n    return event\n")
    project.write(
        "pyproject.toml", "[tool.stepmill.functions]\nnotify = 'functions.py:tell'\ntold = 'functions.py:tel'\n"
    )
    return project


def untouched(project: Project) -> None:
    """Nothing was begun: no store, no half of one."""
    assert not (project.root / ".stepmill").exists()


@pytest.mark.parametrize("what", DEFINITIONS)
def test_a_definition_with(bad: Project, what: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    lines, said = DEFINITIONS[what]
    text = HEAD + 'run = ExecutionInput({"n": 1})\n' + lines + END
    told = []
    monkeypatch.chdir(bad.root)
    for name in os.environ:
        if name.startswith("STEPMILL_"):
            monkeypatch.delenv(name)
    for verb in ("run", "check"):
        # each time another name, as each command is another process
        (bad.root / f"{verb}" / "pipeline.py").parent.mkdir()
        for file in ("work.py", "broken.py", "functions.py", "Dockerfile"):
            (bad.root / verb / file).write_bytes((bad.root / file).read_bytes())
        (bad.root / verb / "pipeline.py").write_text(text, encoding="utf-8")
        assert main([verb, f"{verb}/pipeline.py"]) == 1
        out, err = capsys.readouterr()
        assert re.search(said, err), err
        assert out == ""
        assert "Traceback" not in err
        told.append(err.replace(f"{verb}/", ""))
    untouched(bad)
    assert told[0] == told[1]


def test_a_fault_is_told_once(bad: Project) -> None:
    lines = (
        'a = job("A", inputs={f"i{n}": "s3://my-data/x" for n in range(11)}, job_name="x" * 64)\n'
        'b = train("B", {f"c{n}": "s3://my-data/x" for n in range(21)})\n'
        'c = train("C", {"no channel!": "gs://my-data/x"})\n'
        'd = job("D", inputs={"x": "no-such-folder/"})\n'
        "start = Chain([a, b, c, d])"
    )
    (bad.root / "pipeline.py").write_text(HEAD + lines + END, encoding="utf-8")
    told = bad.stepmill("check", "pipeline.py", code=1).stderr
    assert sorted(re.findall(r"\[([\w-]+)\]$", told, flags=re.M)) == [
        "bad-name", "bad-source", "file-missing", "request-max", "too-many-channels", "too-many-inputs",
    ], told  # fmt: skip


def test_requirements_that_cannot_be_installed_name_the_steps_that_want_them(bad: Project) -> None:
    lines = 'start = ProcessingStep("A", ScriptProcessor(requirements=["-r other.txt"]), code="work.py")'
    (bad.root / "pipeline.py").write_text(HEAD + lines + END, encoding="utf-8")
    told = bad.stepmill("run", "pipeline.py", code=1).stderr
    assert re.search(r"error: pipeline\.py:\d+: requirements: '-r other.txt' points to another file", told), told
    untouched(bad)


def test_all_problems_of_a_definition_are_told_at_once_each_with_its_line(bad: Project) -> None:
    lines = (
        'a = ProcessingStep("A", ScriptProcessor(), code="none.py")\n'
        'b = ProcessingStep("B", ScriptProcessor(), code="work.py", job_name="a_b")\n'
        'twin = Pass("A")\n'
        'c = train("C", {"x": b.outputs["none"], "!": "s3://my-data/x"})\n'
        "start = Chain([a, b, twin, c])"
    )
    (bad.root / "pipeline.py").write_text(HEAD + lines + END, encoding="utf-8")
    told = bad.stepmill("check", "pipeline.py", code=1).stderr
    first = HEAD.count("\n") + 1
    assert f"pipeline.py:{first}: " in told
    assert f"pipeline.py:{first + 1}: " in told
    for said in ("none.py does not exist", "'a_b'", "two states are named 'A'", "has no output 'none'", "'!'"):
        assert said in told
    assert "has not run before" not in told
    # `train` of this file made C: its own line, and the one that called it
    assert re.search(rf"pipeline\.py:{first - 1}: 'C': .*\(called from line {first + 3}\)", told)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "n=many"), r"'n'|input\.n"),
        (("--set", "m=1"), r"there is no input 'm'(.|\n)*n"),
        (("--input", "none.json"), r"none\.json: cannot be read"),
        (("--input", "bad.json"), r"bad\.json:2:3: not JSON"),
        (("--input", "big.json"), r"big\.json: the input has 262,\d+ bytes; AWS takes 262,144"),
        (("--name", "not a name?"), r"Invalid Name"),
    ],
)
def test_input_that_does_not_fit(bad: Project, words: tuple[str, ...], said: str) -> None:
    text = HEAD + 'run = ExecutionInput({"n": 1})\nstart = Pass("A", output={"n": run["n"]})' + END
    (bad.root / "pipeline.py").write_text(text, encoding="utf-8")
    bad.write("bad.json", '{"n": 1,\n  n: 2}\n')
    bad.write("big.json", '{"n": "' + "x" * 262_144 + '"}')
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
        ("import sys\nsys.exit(3)\n", "pipeline.py:2: the file ends the program"),
        ("class Odd(BaseException): ...\nraise Odd('x')\n", "pipeline.py:2: Odd: x"),
        ("from stepmill.steps import ProcesingStep\n", 'did you mean "ProcessingStep"?'),
        ("import stepmill.workflows\n", 'did you mean "stepmill.workflow"?'),
        ("def f(): f()\nf()\n", "more lines"),
    ],
)
def test_a_pipeline_file_that_cannot_be_run(bad: Project, text: str, said: str) -> None:
    (bad.root / "pipeline.py").write_text(text, encoding="utf-8")
    told = bad.stepmill("run", "pipeline.py", code=1).stderr
    assert said in told
    assert len(told.splitlines()) <= 9
    untouched(bad)


def test_an_unknown_setting_is_told_with_the_nearest(bad: Project) -> None:
    bad.write("pyproject.toml", "[tool.stepmill]\ngrase = 1\n")
    assert "there is no setting 'grase'; did you mean 'grace'?" in bad.stepmill("list", code=1).stderr


def test_a_transition_to_a_missing_state_and_an_unreachable_one_are_told() -> None:
    """The vocabulary cannot write them; hand-written ASL can."""
    from stepmill.asl.checks import check

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
@pytest.mark.parametrize("size", ["16k", "128k", "4m"])
def test_a_full_disk_is_one_message_and_leaves_no_half_of_a_store(bad: Project, tmp_path: Path, size: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    (bad.root / "pipeline.py").write_text(HEAD + "start = job('A')" + END, encoding="utf-8")
    bad.write("work.py", "open('/opt/ml/processing/o/big', 'wb').write(bytes(2_500_000))\n")
    script = (
        f'mount -t tmpfs -o size={size} none "{disk}"; "$@"; code=$?; '
        f'cd "{disk}/.stepmill" && echo left: $(ls -A); exit $code'
    )
    flags = "-m" if os.geteuid() == 0 else "-rm"
    ended = subprocess.run(
        ["unshare", flags, "sh", "-c", script, "sh", sys.executable, "-m", "stepmill", "run", "pipeline.py",
         "--store", str(disk / ".stepmill")],
        cwd=bad.root, env=bad.environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode in (1, 4), ended.stderr
    assert re.search("disk( of this machine)? is full", ended.stderr + ended.stdout), ended.stderr
    assert "Traceback" not in ended.stderr
    if size == "16k":
        assert " ".join(ended.stdout.split()) == "left: .gitignore engine.lock functions jobs key.json objects"
