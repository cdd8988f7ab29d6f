"""Finds what is worth one more word about a visit: metrics, the numbers of a report, the sentence of a gate.

In: a definition, and events as they come. Out: a few words by visit. Touches: nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from stepmill.console.graph import every_state
from stepmill.console.rules import rule_text
from stepmill.console.words import items_said, number, one_line, scalars
from stepmill.history.digest import Digest, Visit
from stepmill.history.events import Event

MapRun = Callable[[str], Mapping[str, int] | None]
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)((?:\.\w+)*)")


class Facts:
    """Fed with the same events as a Digest, right after it."""

    def __init__(self, definition: Mapping[str, Any], digest: Digest, map_run: MapRun = lambda arn: None) -> None:
        """`map_run` gives how many items of a Map Run stand where, by its ARN; None when that is not known."""
        self._map_run = map_run
        self._states = dict(every_state(definition))
        self._digest = digest
        self._variables: dict[str, Any] = {}
        self._reports: dict[int, str] = {}
        self._then: dict[int, dict[str, Any]] = {}  # the variables a Choice saw

    def feed(self, event: Event) -> None:
        """Take in the next event."""
        assigned = event.details.get("assignedVariables")
        if isinstance(assigned, Mapping):
            self._variables |= {name: _parsed(value) for name, value in assigned.items()}
        if event.type == "ChoiceStateExited":
            choice = next(
                (v for v in reversed(self._digest.visits) if v.type == "Choice" and v.exited == event.at), None
            )
            if choice is not None:
                self._then[id(choice)] = dict(self._variables)
        if event.type == "TaskSucceeded" and event.details.get("resource") == "getObject":
            body = _parsed(event.details.get("output"))
            said = scalars(_parsed(body.get("Body")) if isinstance(body, dict) else None)
            visit = next((v for v in reversed(self._digest.visits) if _is_now(v, event.at)), None)
            if said and visit is not None:
                self._reports[id(visit)] = said

    def of(self, visit: Visit) -> str:
        """What a visit tells beyond its time; empty when nothing."""
        if visit.type == "Choice" and visit.next:
            return self._sentence(visit)
        if visit.type == "Fail" and visit.error:
            return one_line(f"{visit.error}: {visit.cause}" if visit.cause else visit.error)
        if visit.status == "caught" and visit.error:
            return one_line(f"caught {visit.error}" + (f" → {visit.next}" if visit.next else ""))
        return self._reports.get(id(visit), "") or self.items(visit)

    def items(self, visit: Visit) -> str:
        """How the items of a distributed Map stand: `980 of 1,000 items, 20 failed`; empty for other visits."""
        arn = next((attempt.map_run for attempt in reversed(visit.attempts) if attempt.map_run), None)
        counts = None if arn is None else self._map_run(arn)
        return "" if counts is None else items_said(counts)

    def brief(self, visit: Visit) -> str:
        """The same for a picture that shows the way taken: the numbers of a report, the values a rule compared."""
        if visit.type != "Choice":
            return self._reports.get(id(visit), "") or self.items(visit)
        rules = self._states.get(visit.state, {}).get("Choices", ())
        rule = next((rule for rule in rules if rule.get("Next") == visit.next), rules[0] if len(rules) == 1 else None)
        text = one_line(rule_text(rule)) if rule is not None else ""
        known = self._filled(text, visit)
        return known if known != text else ""

    def _sentence(self, visit: Visit) -> str:
        """Which rule led on, with the values it compared: `$report.accuracy >= 0.9 (0.97 >= 0.9) → Export`."""
        rules = self._states.get(visit.state, {}).get("Choices", ())
        rule = next((rule for rule in rules if rule.get("Next") == visit.next), None)
        target = one_line(visit.next or "")
        if rule is None:
            tried = "; ".join(f"not {self._told(rule, visit)}" for rule in rules[:2])
            return f"{tried or 'default'} → {target}"
        return f"{self._told(rule, visit)} → {target}"

    def _told(self, rule: Mapping[str, Any], visit: Visit) -> str:
        text = one_line(rule_text(rule))
        known = self._filled(text, visit)
        return text if known == text else f"{text} ({known})"

    def _filled(self, text: str, visit: Visit) -> str:
        variables = self._then.get(id(visit), {})
        filled = one_line(_VARIABLE.sub(lambda found: _value(found, variables), text))
        # "false = true" says no more than "false"
        return filled.removesuffix(" = true") if filled in ("true = true", "false = true") else filled


def _value(found: re.Match[str], variables: Mapping[str, Any]) -> str:
    value: Any = variables.get(found[1])
    for key in found[2].split(".")[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return number(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) and len(value) <= 40 else found[0]


def _is_now(visit: Visit, at: float) -> bool:
    return bool(visit.exited is None and visit.attempts and visit.attempts[-1].ended == at)


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None
