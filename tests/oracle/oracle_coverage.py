"""Which classes and arguments of the old SDK the definitions use.

In: the sources in `definitions`, and the surface. Out: what is used and what should be. Touches: nothing.

A positional argument counts under the name it has in the surface; `**name` counts when the name was given a literal
dict or `dict(…)` in the same source. Wanted is what `stepfunctions.steps` and `.inputs` show: Workflow, Execution and
the ready-made pipelines make no ASL of their own, and have oracles in tests/workflow and tests/template.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from surface import SURFACE

# what never ends up in ASL by itself: other tests hold these against the old SDK
ELSEWHERE = {
    "FrozenGraph": "ASL as it is: tests/steps, tests/workflow",
    "Graph": "what compiles every definition here",
}
# arguments that a program does not give
NOT_GIVEN = {
    ("Fail", "output_schema"): "nothing follows that could read it",
    ("Succeed", "output_schema"): "nothing follows that could read it",
}


def described(name: str) -> dict:
    """What the surface says of a class that `stepfunctions.steps` or `.inputs` shows."""
    for package in ("stepfunctions.steps", "stepfunctions.inputs"):
        if name in SURFACE[package]:
            return SURFACE[SURFACE[package][name]["module"]][name]
    raise KeyError(name)


def wanted() -> Iterator[tuple[str, str]]:
    """Every class with every argument, and every operator of ChoiceRule."""
    names = {*SURFACE["stepfunctions.steps"], "ExecutionInput", "StepInput"} - ELSEWHERE.keys()
    for name in sorted(names):
        facts = described(name)
        for argument in order(facts) + facts["keywords"]:
            if (name, argument) not in NOT_GIVEN:
                yield name, argument
        if name == "ChoiceRule":
            yield from ((name, operator) for operator in facts["methods"])


def order(facts: dict) -> list[str]:
    return [said.partition("=")[0] for said in facts["arguments"]]


def used(source: str) -> set[tuple[str, str]]:
    """The arguments a source gives, each with its class; `ChoiceRule.X` as it stands, also under another name."""
    tree = ast.parse(source)
    names = {*SURFACE["stepfunctions.steps"], "ExecutionInput", "StepInput"}
    found, literals, others = set(), {}, {"ChoiceRule": "ChoiceRule"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            literals[node.targets[0].id] = set(keys(node.value))
            if isinstance(node.value, ast.Name):
                others[node.targets[0].id] = node.value.id
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and others.get(getattr(node.value, "id", "")) == "ChoiceRule":
            found.add(("ChoiceRule", node.attr))
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in names:
            continue
        found |= {(name, argument) for argument, _ in zip(order(described(name)), node.args, strict=False)}
        for keyword in node.keywords:
            if keyword.arg:
                found.add((name, keyword.arg))
            else:
                splat = literals.get(getattr(keyword.value, "id", ""), set()) | set(keys(keyword.value))
                found |= {(name, argument) for argument in splat}
    return found


def keys(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Dict):
        yield from (key.value for key in value.keys if isinstance(key, ast.Constant))
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        yield from (keyword.arg for keyword in value.keywords if keyword.arg)
