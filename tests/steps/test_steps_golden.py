"""The digits pipeline, word for word in both languages. To see a change as a diff: STEPMILL_GOLDEN=write pytest …"""

import json
import os
import runpy
from pathlib import Path

import pytest

from stepmill import steps

HERE = Path(__file__).parent
GOLDEN = HERE.parent / "golden" / "pipelines"


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("pipeline", ["digits", "deploy", "labels"])
def test_a_pipeline_compiles_to_the_definition_we_promised(pipeline, language):
    definition = runpy.run_path(str(HERE / pipeline / "pipeline.py"))["definition"]
    bundle = steps.compile(pipeline, definition, query_language=None if language == "JSONPath" else language)
    text = json.dumps(json.loads(bundle.template), indent=2, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{pipeline}.{language.lower()}.asl.json"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


def test_a_bundle_s_digest_is_that_of_the_text_before_substitution_and_stays_the_same():
    path = str(HERE / "digits" / "pipeline.py")
    one, two = (steps.compile("digits", runpy.run_path(path)["definition"]) for _ in range(2))
    assert one.digest == two.digest
    assert one.template == two.template
