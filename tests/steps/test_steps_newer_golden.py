"""A pipeline of what the old SDK never had, word for word in both languages. STEPMILL_GOLDEN=write writes it anew."""

import json
import os
import runpy
from pathlib import Path

import pytest

from stepmill import steps

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "pipelines"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_steps_that_the_old_sdk_never_had_compile_to_the_definition_we_promised(language):
    definition = runpy.run_path(str(HERE / "labels" / "pipeline.py"))["definition"]
    bundle = steps.compile("labels", definition, query_language=None if language == "JSONPath" else language)
    text = json.dumps(json.loads(bundle.template), indent=2, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"labels.{language.lower()}.asl.json"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()
    kinds = ("distributed Map", "listObjectsV2", "waitForTaskToken", "activity", "http:invoke", "invokeEndpoint")
    told = [kind for kind in kinds if any(kind in notice for notice in bundle.manifest.notices)]
    assert told == [kind for kind in kinds if kind != "listObjectsV2"], "the rest can be run here"
