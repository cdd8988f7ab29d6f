"""A state machine's text, parsed once.

In: Amazon States Language JSON. Out: the same text with its JSON and its digest. Touches: nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stepmill.asl.checks import check
from stepmill.asl.places import escape
from stepmill.asl.problems import InvalidDefinition, Problem


@dataclass(frozen=True)
class Definition:
    """A definition that passed every check. `digest` is the sha256 of `text`, in hex; it is the identity."""

    text: str
    json: dict[str, Any]
    digest: str

    @classmethod
    def parse(cls, text: str, *, express: bool = False) -> Definition:
        """Reads and checks a definition. Raises InvalidDefinition with everything that is wrong with it."""
        if len(text) > MAX_BYTES // 4 and (size := len(text.encode(errors="surrogatepass"))) > MAX_BYTES:
            said = f"The definition has {size} bytes; {MAX_BYTES} are allowed"
            hint = "Move a part of it to a state machine of its own, and start that."
            raise InvalidDefinition([Problem("", "SCHEMA_VALIDATION_FAILED", said, hint)])
        try:
            parsed = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
        except _TwiceError as twice:
            raise InvalidDefinition(
                [
                    Problem(
                        "", "INVALID_JSON_DESCRIPTION", f"The field {twice} stands twice in one object", "Remove one."
                    )
                ]
            ) from None
        except ValueError as wrong:
            raise InvalidDefinition(
                [Problem("", "SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", _where(wrong))]
            ) from None
        except RecursionError:
            raise InvalidDefinition([_TOO_DEEP]) from None
        if not isinstance(parsed, dict):
            raise InvalidDefinition([Problem("", "SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object")])
        problems = check(parsed, express=express) if _flat(parsed) else [_TOO_DEEP]
        if problems:
            raise InvalidDefinition(problems)
        return cls(text, parsed, hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest())

    def states(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Every state as (JSON pointer, name, state), outer before inner, in the order of the text."""
        return walk_states(self.json)


def walk_states(machine: Mapping[str, Any], pointer: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The states of a machine, a branch or an item processor, nested ones too. Skips what has not the right shape."""
    states = machine.get("States")
    if not isinstance(states, dict):
        return
    for name, state in states.items():
        if not isinstance(state, dict):
            continue
        here = f"{pointer}/States/{escape(name)}"
        yield here, name, state
        branches = state.get("Branches")
        if isinstance(branches, list):
            for index, branch in enumerate(branches):
                if isinstance(branch, dict):
                    yield from walk_states(branch, f"{here}/Branches/{index}")
        for inner in ("ItemProcessor", "Iterator"):
            if isinstance(state.get(inner), dict):
                yield from walk_states(state[inner], f"{here}/{inner}")


MAX_BYTES = 1_048_576  # the model of CreateStateMachine, and the guide, "Service quotas": 1 MB
MAX_DEPTH = 200  # ours: what walks a definition calls itself, and must not run out of stack
_TOO_DEEP = Problem(
    "",
    "SCHEMA_VALIDATION_FAILED",
    f"The definition is nested too deeply; {MAX_DEPTH} levels are allowed",
    "Flatten it.",
)


def _flat(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return True
    return False


class _TwiceError(Exception):
    pass


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _TwiceError(json.dumps(key, ensure_ascii=False))
            seen.add(key)
    return value


def _where(wrong: ValueError) -> str:
    if isinstance(wrong, json.JSONDecodeError):
        return f"{wrong.msg}, line {wrong.lineno}, column {wrong.colno}."
    return f"{wrong}."
