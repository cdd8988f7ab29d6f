"""How a plan is shown: + ~ ∓ −, each with the lines of the pipeline behind it.

In: a Plan. Out: lines for people, a document for programs. Touches: nothing.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from stepmill.console.words import clip
from stepmill.deploy.aws.consoles import console_urls
from stepmill.deploy.differences import shown
from stepmill.deploy.prices import cost

if TYPE_CHECKING:
    from stepmill.console.canvas import Look
    from stepmill.deploy.differences import Difference
    from stepmill.deploy.plan import Change, Plan, StackPlan

_MARKS: Final = {
    "add": ("+", "+", "good"),
    "modify": ("~", "~", "warn"),
    "replace": ("∓", "-/+", "warn"),
    "remove": ("−", "-", "bad"),
}
_WORDS: Final = {"add": "to add", "modify": "to change", "replace": "to replace", "remove": "to remove"}
_HASHED: Final = re.compile(r"stepmill/(?:code|data|functions|images)/([0-9a-f]{64})/?([^\s\"']*)")
_STATE: Final = re.compile(r"/Definition(?:/.*)?/States/[^/]+")
_VALUE: Final = 60  # columns of a value


def lines(plan: Plan, look: Look) -> list[str]:
    """The plan, for people."""
    who, stage = plan.identity, plan.built.stage
    found = [f"{plan.built.bundle.name}, stage {stage.name}: account {who.account}, {stage.region}, as {who.arn}"]
    if not plan.changes:
        return [*found, "no changes"]
    found += _stack("what the stage's workflows share", plan.base, plan, look)
    if plan.uploads:
        found += ["", "uploads"]
        found += [f"  {look.paint('+', 'good')} {asset.source}  {asset.sha256[:12]}" for asset in plan.uploads]
    if plan.images:
        found += ["", "images"]
        found += [f"  {look.paint('+', 'good')} {name}" for name in plan.images]
    found += _stack("the workflow", plan.app, plan, look)
    found += ["", "a run costs", *(f"  {each}" for each in cost(plan.built.bundle.template, stage.region))]
    return [*found, "", summary(plan)]


def summary(plan: Plan) -> str:
    """`3 to add, 1 to change`."""
    changes = [*plan.base.changes, *plan.app.changes]
    counts = {words: sum(change.action == action for change in changes) for action, words in _WORDS.items()}
    return ", ".join(f"{count} {words}" for words, count in counts.items() if count) or "nothing but images and uploads"


def document(plan: Plan) -> dict[str, Any]:
    """The plan, for programs."""
    return {
        "schema": 1,
        "workflow": plan.built.bundle.name,
        "stage": plan.built.stage.name,
        "account": plan.identity.account,
        "region": plan.built.stage.region,
        "identity": plan.identity.arn,
        "changes": plan.changes,
        "base": _stack_document(plan.base),
        "uploads": [asset.key for asset in plan.uploads],
        "images": list(plan.images),
        "app": _stack_document(plan.app),
        "cost": cost(plan.built.bundle.template, plan.built.stage.region),
    }


def console(machine: str) -> str:
    """Where the AWS console shows a state machine. machine: its ARN."""
    return next(iter(console_urls(machine)["machine"].values()))


def _stack_document(stack: StackPlan) -> dict[str, Any]:
    return {
        "stack": stack.name,
        "changes": [
            {
                "action": change.action,
                "resource": change.logical,
                "type": change.kind,
                "place": change.place,
                "drifted": change.drifted,
                "follows": change.follows,
                "differences": [
                    {"path": each.path, "before": each.before, "after": each.after} for each in change.differences
                ],
            }
            for change in stack.changes
        ],
        "rights": [
            {"role": each.role, "gained": each.gained, "action": each.action, "resource": each.resource}
            for each in stack.rights
        ],
    }


def _stack(title: str, stack: StackPlan, plan: Plan, look: Look) -> list[str]:
    if not stack.changes:
        return []
    found = ["", f"{title}: stack {stack.name}"]
    if stack.stack is not None and stack.stack.left_over:
        found.append(f"  the stack that a failed deployment left ({stack.stack.status}) is deleted first")
    for change in stack.changes:
        found += _change(change, plan, look)
    if stack.rights and any(change.action != "add" for change in stack.changes):
        found += ["  rights"]
        for right in stack.rights:
            mark = look.paint("+", "good") if right.gained else look.paint("−" if look.unicode else "-", "bad")
            found.append(f"    {mark} {right.role}: {right.action} on {right.resource}")
    return found


def _change(change: Change, plan: Plan, look: Look) -> list[str]:
    sign, plain, style = _MARKS[change.action]
    mark = look.paint(sign if look.unicode else plain, style)
    short = change.kind.removeprefix("AWS::")
    notes = [look.paint(change.place, "faint")] if change.place else []
    if change.follows:
        notes.append(look.paint(f"follows {change.follows}", "faint"))
    if change.drifted:
        notes.append("changed by hand; this takes it back")
    head = f"  {mark} {change.logical}  {look.paint(short, 'faint')}"
    found = [f"{head}  {', '.join(notes)}" if notes else head]
    if change.kind == "AWS::IAM::Role":
        return found  # its rights are told below, one by one
    return found + [f"      {_difference(each, plan)}" for each in change.differences]


def _difference(each: Difference, plan: Plan) -> str:
    where = _place(each.path, plan)
    if _STATE.fullmatch(each.path) and None in (each.before, each.after):
        return f"{where.rpartition('/')[2]}: {'a new state' if each.before is None else 'the state is gone'}"
    return f"{where}: {_value(each.before)} → {_value(each.after)}"


def _place(path: str, plan: Plan) -> str:
    """`pipeline.py:57 Train HyperParameters/epochs` for what lies in the definition, else the path."""
    pointer = path.removeprefix("/Definition")
    if pointer == path:
        return path.removeprefix("/")
    sources = plan.built.bundle.manifest.sources
    parts = pointer.split("/")
    for end in range(len(parts), 1, -1):
        state = "/".join(parts[:end])
        if state in sources:
            rest = [part for part in parts[end:] if part not in ("Arguments", "Parameters")]
            return f"{sources[state]} {parts[end - 1]} {'/'.join(rest)}".rstrip()
    return pointer.removeprefix("/")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    text = shown(value) if isinstance(value, dict) else value if isinstance(value, str) else json.dumps(value)
    if found := _HASHED.search(text):
        return f"{found[2] or 'folder'} {found[1][:12]}"
    return clip(text, _VALUE)
