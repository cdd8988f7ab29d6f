"""What the old SDK makes of a pipeline, we make of it too."""

import json
import os
import re
import subprocess
from pathlib import Path

import jlens
import pytest
from oracle_definitions import DEFINITIONS, HEAD

from stepmill import steps

PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")


def ours(source: str) -> str:
    source = re.sub(r"^from stepfunctions", "from stepmill", source, flags=re.M)
    return re.sub(r"^from sagemaker\.\w+ import", "from stepmill.sagemaker import", source, flags=re.M)


def compiled(source: str) -> dict:
    space: dict = {}
    exec(ours(source), space)
    bundle = steps.compile("oracle", space["definition"])
    assert "${" not in bundle.template, "everything was said, so nothing is left to a stage"
    return json.loads(bundle.template)


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the old SDK says to all of them, from one process."""
    script = tmp_path_factory.mktemp("oracle") / "ask.py"
    script.write_text(
        "import json, sys, warnings\nwarnings.filterwarnings('ignore')\n"
        "from stepfunctions.steps import Graph\nanswers = {}\n"
        "sources = json.load(sys.stdin)\nfor name, source in sources.items():\n"
        "    space = {}\n"
        "    try:\n"
        "        exec(source, space)\n"
        "        answers[name] = json.loads(Graph(space['definition']).to_json())\n"
        "    except Exception as fault:\n"
        "        answers[name] = repr(fault)\n"
        "sys.path += sys.argv[2:]\n"
        "from stepmill import steps\n"
        "ours = {}\n"
        "for name, source in sources.items():\n"
        "    space = {}\n"
        "    exec(source.replace('from stepfunctions', 'from stepmill'), space)\n"
        "    ours[name] = json.loads(steps.compile('oracle', space['definition']).template)\n"
        "json.dump([answers, ours], open(sys.argv[1], 'w'))\n"
    )
    done = subprocess.run(
        [PYTHON, script, script.with_suffix(".json"), Path(steps.__file__).parents[2], Path(jlens.__file__).parents[1]],
        input=json.dumps({name: HEAD + source for name, source in DEFINITIONS.items()}),
        text=True,
        capture_output=True,
        env={"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(script.parent), "AWS_ACCESS_KEY_ID": "x",
             "AWS_SECRET_ACCESS_KEY": "x"},
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(script.with_suffix(".json").read_text())


@pytest.mark.parametrize("name", DEFINITIONS)
def test_old_sources_compile_and_ask_nothing_of_a_stage(name):
    assert compiled(HEAD + DEFINITIONS[name])["States"]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
@pytest.mark.parametrize("name", DEFINITIONS)
def test_our_definition_is_the_old_sdk_s(name, answers):
    assert compiled(HEAD + DEFINITIONS[name]) == answers[0][name]


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")
@pytest.mark.parametrize("name", DEFINITIONS)
def test_sagemaker_2_s_own_objects_give_the_same_definition(name, answers):
    assert answers[1][name] == answers[0][name]
