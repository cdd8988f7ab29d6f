"""What the old SDK makes of a pipeline, we make of it too."""

import json
import os
import re
import subprocess
from pathlib import Path

import jlens
import pytest
from definitions import ABSENT, DEFINITIONS, DIFFERENCES, HEAD

from stepmill import steps

HERE = Path(__file__).parent
PARITY = (HERE.parents[1] / "docs" / "parity.md").read_text("utf-8")
PYTHON = os.environ.get("STEPMILL_ORACLE_PYTHON", "")
oracle = pytest.mark.skipif(not PYTHON, reason="STEPMILL_ORACLE_PYTHON names no interpreter with stepfunctions 2.3.0")


def ours(source: str) -> str:
    """The same program with the packages' names changed, and nothing else."""
    source = re.sub(r"^from stepfunctions", "from stepmill", source, flags=re.M)
    source = re.sub(r"^from sagemaker", "from stepmill.sagemaker", source, flags=re.M)
    return re.sub(r"^import sagemaker$", "import stepmill.sagemaker as sagemaker", source, flags=re.M)


def compiled(source: str) -> dict:
    space: dict = {}
    exec(ours(source), space)
    bundle = steps.compile("oracle", space["definition"])
    assert "${" not in bundle.template, "everything was said, so nothing is left to a stage"
    return json.loads(bundle.template)


def with_differences(name: str, theirs: dict) -> dict:
    """Theirs, changed where a difference is declared; it must be one."""
    _, changes = DIFFERENCES.get(name, ("", {}))
    for pointer, value in changes.items():
        *way, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
        holder = theirs
        for part in way:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        assert holder.get(last, ABSENT) != value, f"{name}: {pointer} is no difference any more"
        if value == ABSENT:
            del holder[last]
        else:
            holder[last] = value
    return theirs


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the old SDK says to all of them, from one process."""
    answer = tmp_path_factory.mktemp("oracle") / "answers.json"
    folders = [HERE, Path(steps.__file__).parents[2], Path(jlens.__file__).parents[1]]
    done = subprocess.run(
        [PYTHON, HERE / "ask.py", answer, *folders],
        input=json.dumps({name: HEAD + source for name, source in DEFINITIONS.items()}),
        text=True,
        capture_output=True,
        env={"AWS_DEFAULT_REGION": "us-east-1", "HOME": str(answer.parent), "AWS_ACCESS_KEY_ID": "x",
             "AWS_SECRET_ACCESS_KEY": "x"},
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(answer.read_text("utf-8"))


@pytest.mark.parametrize("name", DEFINITIONS)
def test_old_sources_compile_and_ask_nothing_of_a_stage(name):
    assert compiled(HEAD + DEFINITIONS[name])["States"]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_from_the_old_sdk_is_a_row_of_the_parity_page(name):
    assert DIFFERENCES[name][0] in PARITY


@pytest.mark.slow
@oracle
@pytest.mark.parametrize("name", DEFINITIONS)
def test_our_definition_is_the_old_sdk_s(name, answers):
    assert compiled(HEAD + DEFINITIONS[name]) == with_differences(name, answers["theirs"][name])


@pytest.mark.slow
@oracle
@pytest.mark.parametrize("name", DEFINITIONS)
def test_sagemaker_2_s_own_objects_give_the_same_definition(name, answers):
    assert answers["mixed"][name] == compiled(HEAD + DEFINITIONS[name])
