"""A distributed Map as a person sees it: while it runs, in the list, as a picture, when it fails, and cleaned away."""

from __future__ import annotations

import json
import re

from projects import Project
from stepmill.history.sqlite import SqliteHistory

PIPELINE = """
    from stepmill.steps import Choice, ChoiceRule, Fail, Map, Succeed
    from stepmill.workflow import Workflow
    ask = Choice("Bad?")
    ask.add_choice(ChoiceRule.BooleanEquals("$.bad", True), Fail("No", error="Bad", cause="it is bad"))
    ask.default_choice(Succeed("Yes"))
    each = Map("Each", item_processor=ask, mode="DISTRIBUTED", items_path="$.items", tolerated_failure_count=1)
    workflow = Workflow("rows", each)
"""


def items(project: Project, *bad: bool) -> str:
    (project.root / "in.json").write_text(json.dumps({"items": [{"bad": one} for one in bad]}))
    return "in.json"


def test_many_items_are_one_line_everywhere(project: Project) -> None:
    project.write("pipeline.py", PIPELINE)
    good = ("run", "pipeline.py", "--input", items(project, False, True, False), "--name", "good")
    assert re.search(r"✔ Each +[0-9.]+ s  2 of 3 items, 1 failed", project.stepmill(*good).stderr)
    shown = project.stepmill("show", "good").stdout
    assert "2 of 3 items, 1 failed" in shown
    assert "· Bad?" in shown  # it ran in other executions
    said = json.loads(project.stepmill("show", "good", "--json").stdout)
    (each,) = [state for state in said["states"] if state["name"] == "Each"]
    assert ":mapRun:rows/" in each["map_run"]

    bad = ("run", "pipeline.py", "--input", items(project, True, True), "--name", "bad")
    failed = project.stepmill(*bad, code=4).stdout
    assert "0 of 2 items, 2 failed" in failed
    child = re.search(r"first failed +`stepmill show ([0-9a-f-]+)`", failed)
    assert child is not None
    assert "it is bad" in project.stepmill("show", child[1]).stdout

    assert len(project.stepmill("list").stdout.splitlines()) == 3
    project.stepmill("clean", "--keep", "0")
    history = SqliteHistory(project.root / ".stepmill" / "history.db", readonly=True)
    kinds = ("execution", "unfinished", "maprun", "mapitems")
    assert [kind for kind in kinds if history.records("states", kind)] == []
    history.close()
