"""Holds `stepmill` beside the Data Science SDK 2.3.0: what of that SDK's surface is the same, more, or left out.

In: tests/oracle/surface.json, read off that SDK by tests/oracle/read_surface.py; our classes. Out: findings, and the
page docs/reference/data-science-sdk.md. Touches: nothing.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

SURFACE = Path(__file__).resolve().parents[1] / "tests" / "oracle" / "surface.json"
REQUIRED = "«required»"

# Whole modules that no page of that SDK names and no program imports.
INTERNAL = {
    "stepfunctions.inputs.utils": "flattens schemas for `validate`",
    "stepfunctions.steps.utils": "merges requests and finds the partition",
    "stepfunctions.template.utils": "rewrites parameters for the templates",
    "stepfunctions.workflow.cloudformation": "behind `Workflow.get_cloudformation_template`",
    "stepfunctions.workflow.utils": "sets the user agent and the colours of its log",
    "stepfunctions.workflow.widgets": "draws with scripts fetched from a network; our pictures need none",
}

# Single names and arguments. `module:name`, `name.method`, `name(argument)`; a `*` stands for every class.
LEFT_OUT = {
    "stepfunctions.steps.states:Block": "a base without a meaning of its own; ours are `State`, `Retry` and `Catch`",
    "stepfunctions.steps.states:GraphVisitor": "its way to walk a graph; ours is the compiler's",
    "stepfunctions.steps.states:ValidationVisitor": "its way to walk a graph; ours is the compiler's",
    "stepfunctions.steps.states:to_pascalcase": "turns names; ours are a table",
    "stepfunctions.steps.choice_rule:BaseRule": "rules are `Condition`s, made by `ChoiceRule` or by comparing",
    "stepfunctions.steps.choice_rule:Rule": "rules are `Condition`s, made by `ChoiceRule` or by comparing",
    "stepfunctions.steps.choice_rule:NotRule": "rules are `Condition`s, made by `ChoiceRule` or by comparing",
    "stepfunctions.steps.choice_rule:CompoundRule": "rules are `Condition`s, made by `ChoiceRule` or by comparing",
    "stepfunctions.workflow.stepfunctions:json_serializer": "writes dates for its widgets",
    "*.accept": "a step of its way to walk a graph",
    "*.allowed_fields": "ours is the class attribute `fields`",
    "*.is_field_allowed": "ours is the class attribute `fields`",
    "*.in_chain": "always None there",
}


class Finding(NamedTuple):
    """One thing that a program could say to the old SDK. `verdict`: same, more, missing or left out."""

    module: str
    name: str
    verdict: str
    said: str


def surface() -> dict[str, dict[str, Any]]:
    """That SDK's surface, module by module."""
    found: dict[str, dict[str, Any]] = json.loads(SURFACE.read_text("utf-8"))
    return found


def findings() -> Iterator[Finding]:
    """Every name of that SDK, held beside ours."""
    for module, names in surface().items():
        inside = next((known for known in INTERNAL if module == known or module.startswith(f"{known}.")), None)
        if inside is not None:
            yield Finding(module, "", "left out", INTERNAL[inside])
            continue
        for name, row in names.items():
            yield _finding(module, name, row)


def _finding(module: str, name: str, row: Any) -> Finding:
    if reason := LEFT_OUT.get(f"{module}:{name}"):
        return Finding(module, name, "left out", reason)
    try:
        ours = getattr(importlib.import_module(module.replace("stepfunctions", "stepmill", 1)), name)
    except (ImportError, AttributeError):
        return Finding(module, name, "missing", "the name")
    if isinstance(row, str):
        return Finding(module, name, "same", "")
    lacks, more, without = _compare(name, row, ours)
    if lacks:
        return Finding(module, name, "missing", "; ".join(lacks))
    said = "; ".join(filter(None, [f"also {', '.join(more)}" if more else "", *without]))
    return Finding(module, name, "more" if more else "same", said)


def _compare(name: str, row: dict[str, Any], ours: Any) -> tuple[list[str], list[str], list[str]]:
    """What ours lacks, what it has beyond, and what it leaves out with a reason."""
    lacks: list[str] = []
    without: list[str] = []

    def miss(key: str, said: str) -> None:
        reason = LEFT_OUT.get(f"{name}{key}") or LEFT_OUT.get(f"*{key}")
        if reason is None:
            lacks.append(said)
        elif f"*{key}" not in LEFT_OUT:
            without.append(f"without `{key.strip('.()')}`: {reason}")

    if "members" in row:
        have = {each.name: each.value for each in ours} if issubclass(ours, enum.Enum) else {}
        lacks += [f"member {key}" for key, value in row["members"].items() if have.get(key, REQUIRED) != value]
        return lacks, [], without
    more = list(_arguments(row.get("args", []), ours, lambda said, key: miss(f"({key})", said)))
    allowed = set(getattr(ours, "fields", ())) | set(_parameters(ours))
    for field in row.get("fields", ()):
        if field not in allowed:
            miss(f"({field})", f"field {field}")
    if row.get("fields") and isinstance(getattr(ours, "fields", None), frozenset):
        more += sorted(f"`{each}`" for each in ours.fields - set(row["fields"]))
    for method, args in row.get("methods", {}).items():
        mine = getattr(ours, method, None)
        if not callable(mine):
            miss(f".{method}", f"method {method}")
        else:
            list(_arguments(args, mine, lambda said, key, m=method: miss(f".{m}({key})", f"{m}: {said}")))
    stored = _stored(ours) if row.get("attributes") else set()
    for attribute in row.get("attributes", ()):
        if attribute not in stored and not hasattr(ours, attribute):
            miss(f".{attribute}", f"attribute {attribute}")
    return lacks, more, without


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    try:
        found = inspect.signature(function).parameters
    except ValueError:
        return {}
    return {name: one for name, one in found.items() if name not in ("self", "cls")}


def _arguments(theirs: list[list[Any]], ours: Any, miss: Any) -> Iterator[str]:
    mine = {name: one for name, one in _parameters(ours).items() if one.kind is not one.VAR_KEYWORD}
    order = [name for name, one in mine.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    for position, (name, default) in enumerate(theirs):
        if name not in mine:
            miss(f"argument {name}", name)
            continue
        if order[position : position + 1] != [name]:
            miss(f"argument {name} at position {position + 1}", name)
        own = mine[name].default
        own = f"{type(own).__name__}.{own.name}" if isinstance(own, enum.Enum) else own
        own = [] if own == () else own
        if default != REQUIRED and own != default:
            miss(f"default {default!r} of {name}, ours is {own!r}", name)
        if default == REQUIRED and own is not inspect.Parameter.empty:
            yield f"`{name}` may be left out"
    yield from (f"`{name}`" for name in mine if name not in [each[0] for each in theirs])


def _stored(kind: type) -> set[str]:
    """What the constructors of a class and its bases leave on an object."""
    found: set[str] = set()
    for base in kind.__mro__[:-1]:
        if inspect.isfunction(made := vars(base).get("__init__")):
            tree = ast.parse(textwrap.dedent(inspect.getsource(made)))
            stores = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
            found |= {node.attr for node in stores if isinstance(node.ctx, ast.Store)}
    return found


def page() -> str:
    """docs/reference/data-science-sdk.md."""
    lines = [
        "# Beside the Data Science SDK",
        "",
        "Every public name of the AWS Step Functions Data Science SDK 2.3.0, and what becomes of it when a program",
        "says `stepmill` where it said `stepfunctions`. Made by `make docs` from what that SDK itself says; a test",
        "fails when one is missing. *same*: same module, arguments in the same order with the same defaults, same",
        "methods, same ASL. *more*: the same, and what is listed. How to move is in",
        "[Move from the Data Science SDK](../howto/move-from-the-data-science-sdk.md).",
        "",
    ]
    rows: dict[str, list[Finding]] = {}
    for found in findings():
        rows.setdefault(found.module, []).append(found)
    for module, names in rows.items():
        lines += [f"## {module}", ""]
        if not names[0].name:
            lines += [f"Left out: {names[0].said}.", ""]
            continue
        lines += ["| Name | | |", "|---|---|---|"]
        lines += [f"| `{each.name}` | {each.verdict} | {each.said} |" for each in names]
        lines.append("")
    return "\n".join(lines)
