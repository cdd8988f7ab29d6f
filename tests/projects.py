"""A project folder with a pipeline in it, and the `stepmill` command over it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

PIPELINE = """
    from stepmill.inputs import ExecutionInput
    from stepmill.sagemaker import Estimator, ScriptProcessor
    from stepmill.steps import Chain, LambdaStep, ProcessingStep, TrainingStep
    from stepmill.workflow import Workflow

    run = ExecutionInput({"effects": ""})
    prepare = ProcessingStep("Prepare", ScriptProcessor(), code="prepare.py", inputs={"raw": "raw/"}, outputs=["train"],
                             container_arguments=[run["effects"]])
    train = TrainingStep("Train", Estimator(entry_point="train.py", metric_definitions={"loss": r"loss: ([0-9.]+)"}),
                         data={"train": prepare.outputs["train"]}, hyperparameters={"effects": run["effects"]})
    tell = LambdaStep("Tell", function="functions.py:tell", payload={"model": train.model, "effects": run["effects"]},
                      timeout=60)
    workflow = Workflow("tiny", definition=Chain([prepare, train, tell]), query_language="JSONata")
"""

PREPARE = """
    import pathlib, sys
    effects = sys.argv[1] if len(sys.argv) > 1 else ""
    if effects:
        with open(effects, "a") as log:
            log.write("Prepare\\n")
    text = pathlib.Path("/opt/ml/processing/raw/numbers.txt").read_text()
    pathlib.Path("/opt/ml/processing/train/numbers.txt").write_text(text)
    print("prepared", text.strip())
"""

TRAIN = """
    import argparse, os, pathlib
    parser = argparse.ArgumentParser()
    parser.add_argument("--effects", default="")
    args = parser.parse_args()
    if args.effects:
        with open(args.effects, "a") as log:
            log.write("Train\\n")
    gate = pathlib.Path(args.effects + ".train") if args.effects else None
    if gate is not None and gate.exists():
        gate.read_text()  # a named pipe: goes on when the test, which has opened the other end, closes it
    numbers = [float(n) for n in pathlib.Path(os.environ["SM_CHANNEL_TRAIN"], "numbers.txt").read_text().split()]
    print(f"loss: {1 / sum(numbers):.4f}")
    pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(str(sum(numbers)))
"""

FUNCTIONS = """
    import os

    def tell(event, context):
        if event["effects"]:
            with open(event["effects"], "a") as log:
                log.write("Tell\\n")
            if os.path.exists(event["effects"] + ".tell"):
                open(event["effects"] + ".tell").read()
        return {"told": event["model"]}
"""


def when_read(pipe: Path, process: subprocess.Popen[str], patience: float = 60) -> int:
    """Open the writing end of a named pipe as soon as a step has come so far as to read it."""
    until = time.monotonic() + patience
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as fault:
            if fault.errno != errno.ENXIO:
                raise
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"nothing came to read {pipe.name}\n{out}\n{err}")
        time.sleep(0.01)


class Project:
    """A folder with a pipeline, and the command run in it as a user would."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.python = sys.executable
        self.user: int | None = None  # another one than this process runs as
        (root / "pyproject.toml").write_text("[tool.stepmill]\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def tiny(self) -> Project:
        """Three steps that need nothing but Python: Prepare, Train, Tell."""
        for name, text in {
            "pipeline.py": PIPELINE,
            "prepare.py": PREPARE,
            "train.py": TRAIN,
            "functions.py": FUNCTIONS,
            "raw/numbers.txt": "1 2 3\n",
        }.items():
            self.write(name, text)
        return self

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STEPMILL_", "AWS_"))}
        cache = os.environ.get("STEPMILL_CACHE", str(self.root / "cache"))
        return kept | {"STEPMILL_CACHE": cache, "STEPMILL_GRACE": "1", "CI": "true", "PYTHONUTF8": "1"} | more

    def spawn(self, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.python, "-m", "stepmill", *words],
            cwd=self.root,
            user=self.user,
            group=self.user,
            extra_groups=None if self.user is None else [],
            env=self.environ(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def stepmill(
        self, *words: str, code: int = 0, timeout: float = 120, **more: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command to its end and expect this exit code."""
        process = self.spawn(*words, **more)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            raise AssertionError(f"stepmill {' '.join(words)} did not end in {timeout} s\n{out}\n{err}") from None
        assert process.returncode == code, f"stepmill {' '.join(words)} ended with {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(words, process.returncode, out, err)
