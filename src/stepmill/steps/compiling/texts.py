"""Looks through the texts that were written: no run-time value may be left, no `${Name}` be nearly one of ours.

In: a state as ASL, or what stands above the states. Out: problems. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from stepmill.inputs.expressions import holds_token
from stepmill.nearest import nearest
from stepmill.steps.build import Ledger
from stepmill.steps.bundle import names_said
from stepmill.steps.state import State


def check_texts(state: State, done: Any, known: Set[str], ledger: Ledger) -> None:
    """Keep a problem for every such text; `known` are the names that somebody fills in."""
    for text in _texts(done):
        if holds_token(text):
            ledger.problem(
                state.source,
                "value.left",
                f"{state.state_id!r} has a run-time value where only a constant can stand",
                "take it out of names, comments and resources",
            )
        for name in names_said(text):
            guess = None if name in known else nearest(name, known)
            if guess is None and name not in known and re.search(r"(Bucket|Role|Image|Function)$", name):
                guess = sorted(known)[0]
            if guess is not None:
                ledger.problem(
                    state.source,
                    "substitution.unknown",
                    f"{state.state_id!r} says ${{{name}}}, which is no name",
                    f"did you mean ${{{guess}}}? A stage fills {', '.join(sorted(known))}",
                )


def check_head(head: Mapping[str, Any], ledger: Ledger) -> None:
    """Keep a problem for every run-time value in what stands above the states, such as the workflow's comment."""
    for name, value in head.items():
        if isinstance(value, str) and holds_token(value):
            ledger.problem(
                ledger.source or name,
                "field.constant",
                f"{name} of the workflow must be constant, not a value known at run time",
                "it is part of the definition, which is written before anything runs",
            )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(key)
            if key not in ("Branches", "Iterator", "ItemProcessor"):
                yield from _texts(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
