"""A function that raises: what a person sees of it, caught or not, and how executions are told apart."""

from __future__ import annotations

import re

from projects import Project

PIPELINE = """
    from stepmill.steps import Catch, Fail, LambdaStep
    from stepmill.workflow import Workflow

    first = LambdaStep("First", function="notify", payload={})
    last = LambdaStep("Last one", function="notify", payload={})
    first.add_catch(Catch(error_equals=["Boom"], next_step=last))
    workflow = Workflow("calls", definition=first)
"""


def test_a_function_that_raises_is_one_screen_and_a_caught_error_is_no_failure(project: Project) -> None:
    project.write("pyproject.toml", "[tool.stepmill.functions]\nnotify = 'lib/functions.py:tell'\n")
    project.write("pipeline.py", PIPELINE)
    project.write(
        "lib/functions.py",
        """
        class Boom(Exception): ...
        def tell(event, context):
            print("telling")
            raise Boom("no luck")
        """,
    )
    ended = project.stepmill("run", "pipeline.py", "--name", "eins", code=4)
    # the name was mapped to a file in the project's configuration
    assert re.search(r"↪ First +[0-9.]+ s +caught Boom → Last one", ended.stderr)
    assert re.search(r"✖ Last one +[0-9.]+ s +Boom\n", ended.stderr)
    for said in ("step   Last one  (pipeline.py:5)", "error  Boom", "Boom: no luck", "│ telling"):
        assert said in ended.stdout
    assert "whole log  stepmill logs eins 'Last one'" in ended.stdout
    assert len(ended.stdout.splitlines()) <= 24
    # its traceback names the file as AWS would, not a folder of the store
    assert '/var/task/functions.py", line 4, in tell' in ended.stdout
    assert "functions/code" not in ended.stdout + project.stepmill("logs", "eins").stdout
    again = project.stepmill("run", "pipeline.py", "--name", "eins", code=1).stderr
    assert "--name eins: calls has an execution of that name already; choose another" in again
