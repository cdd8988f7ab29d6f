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
    faults: dict[tuple[str, str], Source | str] = {}
    merged: dict[str, Any] = {}
    where: dict[str, Source | str] = {}
    if own is not None:
        place = start.source if start else ledger.source
        faults |= dict.fromkeys(own.schema.faults, place)
        merged |= own.schema.given
        where |= dict.fromkeys(merged, ledger.source)
    seen = set()
    for state, ref in asked:
        if ref.schema == "null" or (ref.root, ref.schema) in seen:
            continue
        seen.add((ref.root, ref.schema))
        found = InputSchema.from_dict(json.loads(ref.schema))
        for fault in found.faults:
            faults.setdefault(fault, state.source)
        if ref.root == "state":
            for name in found.defaults:
                fault = (
                    f"{name!r} has a default, and a state's input has none",
                    "write its type; defaults are for ExecutionInput",
                )
                faults.setdefault(fault, state.source)
            continue
        for name, value in found.given.items():
            if name in merged and _text(InputSchema.of({name: merged[name]})) != _text(InputSchema.of({name: value})):
                other = f"the one at {where[name]}" if where[name] else "the workflow's own"
                ledger.problem(
                    state.source,
                    "input.twice",
                    f"two ExecutionInputs disagree about {name!r}: the one that {state.state_id!r} reads says "
                    f"{_said(value)}, and {other} says {_said(merged[name])}",
                    "make one ExecutionInput and use it everywhere",
                )
            merged.setdefault(name, value)
            where.setdefault(name, state.source)
    for (message, hint), place in faults.items():
        ledger.problem(place, "input.schema", message, hint)
    whole = InputSchema.of(merged)
    said: dict[tuple[Key, ...], tuple[str, State]] = {}
    for state, ref in asked:
        schema = InputSchema.from_dict(json.loads(ref.schema)) if ref.schema != "null" else None
        if schema is None and ref.root == "execution" and merged:
            schema = whole
        if schema is not None:
            _check(state, ref, schema, ledger)
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


def _text(schema: InputSchema) -> str:
    """A schema as text, in which 1, 1.0 and true are three values, as in JSON."""
    return json.dumps(schema.to_dict(), sort_keys=True)


def _said(value: Any) -> str:
    kind = InputSchema.of({"it": value}).types()["it"]
    word = WORDS["dict"] if isinstance(kind, dict) else WORDS.get(kind or "", "a value of any type")
    if "it" not in InputSchema.of({"it": value}).defaults:
        return word
    return f"{json.dumps(value, ensure_ascii=False, default=repr)} ({word})"
