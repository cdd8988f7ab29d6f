"""Whatever is wrong with a pipeline is told with its line and what to do, in words that a golden keeps."""

import os
import re
import traceback
from pathlib import Path

import pytest

from stepmill.asl.problems import InvalidDefinition

GOLDEN = Path(__file__).parents[1] / "golden" / "faults.txt"


def cases():
    """(heading, source, what is told) of every block."""
    _, *blocks = re.split(r"^## ", GOLDEN.read_text("utf-8"), flags=re.M)
    for block in blocks:
        heading, _, body = block.partition("\n")
        source, _, told = body.partition("\n→ ")
        yield heading, source.strip("\n"), told.strip("\n")


CASES = list(cases())


def told(author, heading, source):
    named = re.search(r"\[(JSON\w+)\]$", heading)
    try:
        author.bundle(source, named[1] if named else "JSONPath")
    except InvalidDefinition as refused:
        return "\n".join(str(problem) for problem in refused.problems)
    except (TypeError, ValueError, KeyError) as fault:
        (line,) = {f.lineno for f in traceback.extract_tb(fault.__traceback__) if f.filename.endswith("pipeline.py")}
        return f"pipeline.py:{line}: raises {type(fault).__name__}: {fault}"
    return "nothing is wrong"


@pytest.mark.parametrize(("heading", "source", "want"), CASES, ids=[heading for heading, *_ in CASES])
def test_a_fault_is_told_as_it_was_agreed(author, heading, source, want):
    found = told(author, heading, source)
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        before = GOLDEN.read_text("utf-8")
        start = before.index(f"## {heading}\n")
        end = before.find("\n## ", start)
        block = f"## {heading}\n{source}\n→ {found}\n"
        GOLDEN.write_text(before[:start] + block + (before[end:] if end >= 0 else ""), "utf-8")
    else:
        assert found == want
