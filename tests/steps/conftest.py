"""A pipeline file for a test: its text, compiled, or everything that is wrong with it."""

import json
import textwrap

import pytest

from stepmill import steps
from stepmill.asl.problems import InvalidDefinition

HEAD = (
    "from stepmill.inputs import CaughtError, ContextObject, ExecutionInput, StepInput, TaskToken, either; "
    "from stepmill.sagemaker import Estimator, ProcessingInput, ProcessingOutput, ScriptProcessor, TrainingInput; "
    "from stepmill.steps import *\n"
)


class Author:
    """Line 1 of the file is the imports; the text given starts on line 2."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("preprocess.py", "train.py", "evaluate.py"):
            (folder / name).write_text("print('hello')\n")
        (folder / "functions.py").write_text("def notify(event, context):\n    return event\n")

    def bundle(self, text, language="JSONPath", name="digits", **more):
        file = self.folder / "pipeline.py"
        file.write_text(HEAD + textwrap.dedent(text).strip() + "\n")
        space = {}
        exec(compile(file.read_text(), str(file), "exec"), space)
        return steps.compile(name, space["definition"], query_language=language, **more)

    def states(self, text, language="JSONPath", **more):
        return json.loads(self.bundle(text, language, **more).template)["States"]

    def problems(self, text, language="JSONPath", **more):
        """[(line, code, message, hint)]"""
        with pytest.raises(InvalidDefinition) as refused:
            self.bundle(text, language, **more)
        found = []
        for problem in refused.value.problems:
            file, _, line = problem.place.rpartition(":")
            where = int(line) if file.endswith("pipeline.py") else problem.place
            found.append((where, problem.code, problem.message, problem.hint))
        return found

    def problem(self, text, language="JSONPath", **more):
        """(line, message and hint) of the only problem."""
        (found,) = self.problems(text, language, **more)
        return found[0], f"{found[2]} | {found[3]}"


@pytest.fixture
def author(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Author(tmp_path)
