"""Makes one schema of all that steps say about the execution's input, and finds where they contradict each other.

In: the schemas and the reads of the steps. Out: the schema an execution's input is checked by; problems. Touches:
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from stepmill.inputs import ExecutionInput, InputSchema
from stepmill.inputs.expressions import Either, Key, Ref, compatible
from stepmill.inputs.schema import WORDS
from stepmill.nearest import did_you_mean
from stepmill.steps.build import Ledger
from stepmill.steps.source import Source
from stepmill.steps.state import State

from .roads import Read

_WHOSE = {"execution": "the execution's input", "state": "the state's input"}


def schema_of(own: ExecutionInput | None, reads: Sequence[Read], start: State | None, ledger: Ledger) -> InputSchema:
    """One schema of all ExecutionInputs; what is wrong with them and with the reads goes to the ledger.

    Args:
        own: the workflow's own, if it has one.
        reads: every value that is read, and where.
        start: the first step, to which faults belong that no step has.
        ledger: takes the problems.
    """
    asked = [(read.state, ref) for read in reads for ref in _inputs(read)]
    whole = _merged(own, asked, start, ledger)
    said: dict[tuple[Key, ...], tuple[str, State]] = {}
    for state, ref in asked:
        if ref.schema != "null":
            _check(state, ref, _schema(ref), ledger)
        elif ref.root == "execution" and whole.given:
            _check(state, ref, whole, ledger)
        elif ref.root == "execution" and ref.type:
            kind, reader = said.setdefault(ref.keys, (ref.type, state))
            if not compatible(kind, ref.type):
                ledger.problem(
                    state.source,
                    "input.twice",
                    f"{state.state_id!r} reads {ref.keys[-1]!r} as {WORDS[ref.type]}, and {reader.state_id!r} reads it "
                    f"as {WORDS[kind]}",
                    f"say its type once, in ExecutionInput({{{ref.keys[-1]!r}: …}})",
                )
    return whole


def _merged(
    own: ExecutionInput | None, asked: Sequence[tuple[State, Ref]], start: State | None, ledger: Ledger
) -> InputSchema:
    """All schemas of the execution's input as one."""
    faults: dict[tuple[str, str], Source | str] = {}
    merged: dict[str, tuple[Any, str]] = {}  # name → type or default, and who says so
    if own is not None:
        faults |= dict.fromkeys(own.schema.faults, start.source if start else ledger.source)
        given = InputSchema.from_dict(own.schema.to_dict()).given
        merged |= {name: (value, "the workflow's own") for name, value in given.items()}
    seen: dict[tuple[str, str], tuple[State, Ref]] = {}
    for state, ref in asked:
        if ref.schema != "null":
            seen.setdefault((ref.root, ref.schema), (state, ref))
    for state, ref in seen.values():
        found = _schema(ref)
        for fault in found.faults:
            faults.setdefault(fault, state.source)
        if ref.root == "state":
            for name in found.defaults:
                what = f"{name!r} has a default, and a state's input has none"
                faults.setdefault((what, "write its type; defaults are for ExecutionInput"), state.source)
            continue
        for name, value in found.given.items():
            known, who = merged.setdefault(name, (value, f"the one at {state.source}"))
            if _text(known) != _text(value):
                ledger.problem(
                    state.source,
                    "input.twice",
                    f"two ExecutionInputs disagree about {name!r}: the one that {state.state_id!r} reads says "
                    f"{_said(value)}, and {who} says {_said(known)}",
                    "make one ExecutionInput and use it everywhere",
                )
    for (message, hint), place in faults.items():
        ledger.problem(place, "input.schema", message, hint)
    return InputSchema.of({name: value for name, (value, _) in merged.items()})


def _schema(ref: Ref) -> InputSchema:
    return InputSchema.from_dict(json.loads(ref.schema))


def _inputs(read: Read) -> Iterator[Ref]:
    for ref in read.value.options if isinstance(read.value, Either) else (read.value,):
        if ref.root in _WHOSE:
            yield ref


def _check(state: State, ref: Ref, schema: InputSchema, ledger: Ledger) -> None:
    """Whether a read goes together with a schema."""
    types: Any = schema.types()
    for before, key in zip(("", *ref.keys), ref.keys, strict=False):
        if types in ("str", "int", "float", "bool"):
            said = f"{state.state_id!r} reads {key!r} inside {before!r}, which is {WORDS[types]} in the schema"
            ledger.problem(state.source, "input.deeper", said, "there is nothing inside it")
        elif types == "list" and not isinstance(key, int):
            said = f"{state.state_id!r} reads {key!r} inside {before!r}, which is a list in the schema"
            ledger.problem(state.source, "input.deeper", said, "take an item by its index, or go through them with Map")
        if not isinstance(types, dict):
            return
        if key not in types:
            ledger.problem(
                state.source,
                "input.unknown",
                f"{state.state_id!r} reads {key!r}, which is not in the schema of {_WHOSE[ref.root]}",
                did_you_mean(str(key), types, f"the schema has {', '.join(types)}"),
            )
            return
        types = types[key]
    kind = "dict" if isinstance(types, dict) else types
    if ref.type and not compatible(kind, ref.type):
        name = ref.keys[-1]
        default = name in schema.defaults and len(ref.keys) == 1
        ledger.problem(
            state.source,
            "input.type",
            f"{state.state_id!r} reads {name!r} as {WORDS[ref.type]}, and "
            + (f"its default is {_said(schema.defaults[str(name)])}" if default else f"the schema says {WORDS[kind]}"),
            f"give it a default that is {WORDS[ref.type]}, or read it as {WORDS[kind]}: .get({name!r}, {kind})"
            if default
            else f"read it as {WORDS[kind]}: .get({name!r}, {kind}), or change the schema",
        )


def _text(value: Any) -> str:
    """A type or a default as text, in which 1, 1.0 and true are three values, as in JSON."""
    return json.dumps(InputSchema.of({"it": value}).to_dict(), sort_keys=True)


def _said(value: Any) -> str:
    kind = InputSchema.of({"it": value}).types()["it"]
    word = WORDS["dict"] if isinstance(kind, dict) else WORDS.get(kind or "", "a value of any type")
    if "it" not in InputSchema.of({"it": value}).defaults:
        return word
    return f"{json.dumps(value, ensure_ascii=False, default=repr)} ({word})"
