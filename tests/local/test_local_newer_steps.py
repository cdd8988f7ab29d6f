"""What AWS runs and this machine does not is refused by name, each at its line, before anything starts."""

import runpy
from pathlib import Path

from stepmill import steps
from stepmill.local.refusals import bindings, refusals
from stepmill.stage import load_settings

PIPELINE = Path(__file__).parents[1] / "steps" / "labels" / "pipeline.py"


def test_every_kind_of_step_that_does_not_run_here_is_named_at_its_line(tmp_path):
    settings = load_settings(tmp_path)
    bundle = steps.compile("labels", runpy.run_path(str(PIPELINE))["definition"], query_language="JSONata")
    lines = PIPELINE.read_text("utf-8").splitlines()
    told = {
        lines[int(problem.place.rpartition(":")[2]) - 1].partition(" = ")[0]: problem
        for problem in refusals(bundle, settings)
    }
    assert {variable: problem.hint.partition(";")[0] for variable, problem in told.items()} == {
        "predict": "AWS runs it",
        "tell": "HTTP tasks need a connection of EventBridge, which is not kept here",
    }
    assert {problem.code for problem in told.values()} == {"NOT_SUPPORTED_HERE"}


def test_an_activity_has_an_arn_of_the_local_stage(tmp_path):
    bundle = steps.compile("labels", steps.ActivityStep("Label", "label-images"))
    arn = bindings(bundle, load_settings(tmp_path))["LabelImagesActivity"]
    assert arn == "arn:aws:states:us-east-1:000000000000:activity:label-images"
