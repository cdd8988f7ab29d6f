"""What the children of a Map Run are given, and what is known of their jobs and calls."""

from __future__ import annotations

import json
from typing import Any

from maps import distributed, run
from projects import Project
from stepmill.local import Local
from stepmill.local.surroundings import LocalSurroundings
from stepmill.stage import load_settings
from stores import local

__all__ = ["local"]


def test_a_child_is_given_what_its_parent_s_caller_passed_on(local: Local) -> None:
    inside = {"Each2": distributed(Label="In")["States"]["Each"]}
    ended = run(local, distributed({"StartAt": "Each2", "States": inside}), [[1]])
    (row,) = local.call("states", "ListMapRuns", {"executionArn": ended["executionArn"]})["mapRuns"]
    (child,) = local.call("states", "ListExecutions", {"mapRunArn": row["mapRunArn"]})["executions"]
    (row,) = local.call("states", "ListMapRuns", {"executionArn": child["executionArn"]})["mapRuns"]
    (grandchild,) = local.call("states", "ListExecutions", {"mapRunArn": row["mapRunArn"]})["executions"]
    surroundings = LocalSurroundings(load_settings(local.settings.root, {}))
    surroundings.read(local.history)
    surroundings.give(ended["executionArn"], {"TEAM": "ml"})
    assert surroundings.environ(f"{grandchild['executionArn']}#3", "python")["TEAM"] == "ml"
    assert "TEAM" not in surroundings.environ("arn:aws:states:us-east-1:000000000000:execution:m:other#3", "python")


def test_the_jobs_of_child_executions_are_their_parent_s_and_go_with_it(project: Project) -> None:
    project.write(
        "pipeline.py",
        """
        from stepmill.sagemaker import ScriptProcessor
        from stepmill.steps import Map, ProcessingStep
        from stepmill.workflow import Workflow
        work = ProcessingStep("Work", ScriptProcessor(), code="work.py", outputs=["out"])
        each = Map("Each", item_processor=work, mode="DISTRIBUTED", items_path="$.items", label="L")
        workflow = Workflow("rows", each)
        """,
    )
    project.write("work.py", "open('/opt/ml/processing/out/a', 'w').write('done')")
    (project.root / "in.json").write_text(json.dumps({"items": [1, 2]}))
    ran = project.stepmill("run", "pipeline.py", "--input", "in.json", "--name", "one")
    assert "2 of 2 items" in ran.stderr
    jobs: list[Any] = [*(project.root / ".stepmill" / "jobs" / "processing").iterdir()]
    assert len(jobs) == 2
    assert "(2 jobs, 2 objects)" in project.stepmill("clean", "--keep", "0").stdout
    assert [*(project.root / ".stepmill" / "jobs" / "processing").iterdir()] == []
