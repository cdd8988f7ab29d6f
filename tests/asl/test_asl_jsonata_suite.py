"""JSONata's own test suite, through `compile`: at least 99.5 % of what AWS's version 2.0.6 has.

The suite is that of JSONata 2.1.0, as the sdist of jsonata-python 0.6.0 carries it (MIT); its folder is told by
STEPMILL_JSONATA_SUITE, and `make test-all` gets it. Left out are what 2.0.6 does not have, and `$eval`, which AWS
refuses.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stepmill.asl.jsonata import JsonataError, compile
from stepmill.asl.scope import MISSING

pytestmark = pytest.mark.slow
SUITE = Path(os.environ.get("STEPMILL_JSONATA_SUITE", "nowhere"))
LATER = {"default-operator", "coalescing-operator"}  # `?:` and `??`, 2.1
REFUSED = {"function-eval"}
# AWS bounds an evaluation in a way of its own; the suite's bounds are of the one that runs it.
BOUNDED = ("timelimit", "depth")


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(SUITE.glob("groups/*/*.json")):
        found = json.loads(path.read_text("utf-8"))
        for number, case in enumerate(found if isinstance(found, list) else [found]):
            if "expr-file" in case:
                case["expr"] = (path.parent / case["expr-file"]).read_text("utf-8")
            if path.parent.name not in LATER | REFUSED:
                yield f"{path.parent.name}/{path.stem}[{number}]", case


def given(case: dict[str, Any]) -> Any:
    if "data" in case:
        return case["data"]
    if case.get("dataset") is None:
        return None
    return json.loads((SUITE / "datasets" / f"{case['dataset']}.json").read_text("utf-8"))


def outcome(case: dict[str, Any]) -> Any:
    try:
        value = compile(case["expr"]).evaluate(given(case), case.get("bindings") or {})
    except JsonataError as fault:
        return ("code", fault.code)
    return ("undefined",) if value is MISSING else ("result", value)


def wanted(case: dict[str, Any]) -> Any:
    if case.get("undefinedResult"):
        return ("undefined",)
    code = case.get("code") or (case.get("error") or {}).get("code")
    return ("code", code) if code else ("result", case.get("result"))


@pytest.mark.skipif(not SUITE.is_dir(), reason="the suite is got by `make test-all`")
def test_the_official_suite_passes():
    total, missed = 0, []
    for name, case in cases():
        if any(bound in case for bound in BOUNDED):
            continue
        total += 1
        seen, expected = outcome(case), wanted(case)
        if case.get("unordered") and seen[0] == expected[0] == "result":
            seen, expected = sorted(map(repr, seen[1])), sorted(map(repr, expected[1]))
        if seen != expected:
            missed.append(f"{name}: {case['expr'][:80]!r} gave {str(seen)[:80]}, not {str(expected)[:80]}")
    print(f"{total - len(missed)} of {total}", *missed, sep="\n")
    assert total > 1500
    assert len(missed) / total <= 0.005, "\n".join(missed)
