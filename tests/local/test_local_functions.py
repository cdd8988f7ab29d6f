"""Functions that a pipeline calls by name, and that the project's configuration maps to files."""

from __future__ import annotations

import json
from pathlib import Path

from projects import Project

FUNCTIONS = """
    def greet(event, context):
        return {"said": f"{context.function_name} greets {event['name']}"}
"""


def project(root: Path, function: str, mapping: str) -> Project:
    made = Project(root)
    made.write("pyproject.toml", f"[tool.stepmill.functions]\n{mapping}\n")
    made.write("code/functions.py", FUNCTIONS)
    made.write(
        "pipelines/pipeline.py",
        f"""
        from stepmill import Chain, LambdaStep, Pass, Workflow
        greet = LambdaStep("Greet", function="{function}", payload={{"name": "Ada"}})
        end = Pass("End", output={{"said": greet.payload["said"]}})
        workflow = Workflow("by-name", definition=Chain([greet, end]), query_language="JSONata")
        """,
    )
    return made


def test_a_function_is_called_by_the_name_that_the_configuration_gives_it(tmp_path: Path) -> None:
    made = project(tmp_path, "greeter", 'greeter = "code/functions.py:greet"')
    said = made.stepmill("run", "pipelines/pipeline.py", "--json")
    assert json.loads(said.stdout)["output"] == {"said": "greeter greets Ada"}


def test_so_is_one_that_is_named_by_its_arn_on_aws(tmp_path: Path) -> None:
    arn = "arn:aws:lambda:eu-west-1:123456789012:function:greeter:live"
    made = project(tmp_path, arn, 'greeter = "code/functions.py:greet"')
    made.stepmill("run", "pipelines/pipeline.py")


def test_a_name_nobody_knows_is_refused_before_anything_starts(tmp_path: Path) -> None:
    made = project(tmp_path, "greter", 'greeter = "code/functions.py:greet"')
    said = made.stepmill("run", "pipelines/pipeline.py", code=1)
    assert "pipelines/pipeline.py:2: there is no function 'greter' here" in said.stderr
    assert "did you mean 'greeter'?" in said.stderr


def test_a_mapping_that_leads_nowhere_is_told_at_its_own_place(tmp_path: Path) -> None:
    made = project(tmp_path, "greeter", 'greeter = "code/functions.py:gret"')
    said = made.stepmill("run", "pipelines/pipeline.py", code=1)
    assert "[tool.stepmill.functions] greeter: functions.py has no function 'gret'" in said.stderr
    assert "did you mean 'greet'?" in said.stderr
