"""One machine, one input, one history: the files in tests/golden/histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stepmill.history.digest import digest
from stepmill.testing import Outcome, ScriptedTasks, golden, hang, run

HISTORIES = Path(__file__).parents[1] / "golden" / "histories"


def outcome(script: dict[str, Any]) -> Outcome:
    return hang() if "hang" in script else Outcome(**script)


def tasks(scripts: dict[str, list[dict[str, Any]]]) -> ScriptedTasks:
    return ScriptedTasks({state: [outcome(one) for one in many] for state, many in scripts.items()})


@pytest.mark.parametrize("path", sorted(HISTORIES.glob("*.json")), ids=lambda path: path.stem)
def test_a_machine_has_the_history_its_golden_shows(path: Path) -> None:
    case = golden.load(path)
    result = run(case["definition"], case["input"], tasks(case["tasks"]))
    assert [event.id for event in result.events] == list(range(1, len(result.events) + 1))
    golden.compare(path.with_suffix(".txt"), golden.render(result.events, claim=case["claim"], truth=case["truth"]))
    folded = digest("arn:aws:states:us-east-1:000000000000:execution:Machine:run", result.events)
    assert folded.status == result.status
    assert folded.current() == []
