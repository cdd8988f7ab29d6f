"""The page that says, for every public name of the Data Science SDK 2.3.0, what has become of it here.

In: tests/oracle/surface.json and what tests/oracle/surface.py finds of it here. Out: the text of
docs/reference/data-science-sdk.md. Touches: nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from surface import SURFACE, Entry, Finding, bases, entries

HEAD = """# The Data Science SDK's names

Made by `make docs` from what the AWS Step Functions Data Science SDK 2.3.0 says of itself and from what is found here.
Every public module, class, function, argument, default, method and attribute of that SDK is compared; a test fails when
one is missing or other without a reason on this page. How to move a program is in
[Move from the Data Science SDK](../howto/move-from-the-data-science-sdk.md).

`stepfunctions` becomes `stepmill`, and the module paths stay. **same**: the same name, arguments in the same order, the
same defaults. What ours takes besides is named; what else it can do is in [Python](python.md). The states below take,
beside the old fields, those that Amazon States Language has got since: there too.

"""
STATES = "steps.states"


def page() -> str:
    """The whole page."""
    found = entries()
    public = [entry for entry in found if not entry.left_out]
    differing = [entry for entry in public if entry.findings]
    same = len(public) - len(differing)
    count = f"{len(found)} names: {same} are the same, {len(differing)} differ in what is said beside them, "
    lines = [f"{HEAD}{count}{len(found) - len(public)} are left out.", ""]
    for module, names in groupby(found, key=home):
        lines += [f"## {'.'.join(filter(None, ('stepfunctions', module)))}", "", *section(list(names)), ""]
    return "\n".join(lines)


def home(entry: Entry) -> str:
    return entry.name.rpartition(".")[0]


def section(names: list[Entry]) -> Iterator[str]:
    """What is left out or shown by another module is one sentence; the rest is a table."""
    listed = [entry for entry in names if not entry.left_out and entry.facts["kind"] != "from"]
    shown = [entry for entry in names if not entry.left_out and entry.facts["kind"] == "from"]
    if shown:
        yield f"Also found here: {listing(short(entry) for entry in shown)}. {sentence(shown)}"
    if listed:
        yield from (["", "| Name | Here |", "|---|---|"] if shown else ["| Name | Here |", "|---|---|"])
        for entry in listed:
            yield from rows(entry)
    reasons = dict.fromkeys(entry.left_out for entry in names if entry.left_out)
    for place, why in enumerate(reasons):
        yield from ([""] if place or listed or shown else [])
        yield f"Left out: {listing(short(entry) for entry in names if entry.left_out == why)}. {why}"


def sentence(shown: list[Entry]) -> str:
    """Whether what a package shows is the same as where it is defined."""
    said = [finding for entry in shown for finding in entry.findings]
    return "They are the same." if not said else verdict(said, [])


def rows(entry: Entry) -> Iterator[str]:
    """A row for the name, for each method, for the attributes that are the same, and for each that is not."""
    methods = list(entry.facts.get("methods", ()))
    attributes = [name for name in entry.facts.get("attributes", ()) if name not in methods]
    of_methods = [f for f in entry.findings if f.what.split(" ")[0] in methods or f.what.startswith("method ")]
    of_attributes = {f.what.split(" ")[1]: f for f in entry.findings if f.what.startswith("attribute ")}
    own = [f for f in entry.findings if f not in of_methods and f not in of_attributes.values()]
    added = [one for one in entry.added if " " not in one or one.endswith("may be left out")]
    yield row(call(entry), verdict(own, [one for one in added if one.split(" ")[0] not in methods]))
    operators = [m for m in methods if entry.name.endswith("ChoiceRule") and entry.facts["methods"][m][1:] == ["value"]]
    if operators:
        yield row(f"Each of `variable, value`: {listing(f'.{name}' for name in operators)}", "same")
    for name in methods:
        if name in operators or name in inherited(entry):
            continue
        mine = [f for f in of_methods if f.what.split(" ")[0] == name or f.what == f"method {name}"]
        more = [one.removeprefix(f"{name} ") for one in entry.added if one.startswith(f"{name} ")]
        yield row(f"`.{name}({', '.join(entry.facts['methods'][name])})`", verdict(mine, more))
    if same := [name for name in attributes if name not in of_attributes]:
        yield row(listing(f".{name}" for name in same), "same")
    for name, finding in of_attributes.items():
        yield row(f"`.{name}`", verdict([finding], []))


def inherited(entry: Entry) -> set[str]:
    """The methods that stand at a base of the class on this page; to make them anew is the class's own affair."""
    named = {short(each): each for each in entries() if not each.left_out and each.facts["kind"] == "class"}
    return {method for base in bases(short(entry)) & named.keys() for method in named[base].facts["methods"]}


def row(what: str, here: str) -> str:
    return f"| {what} | {here} |".replace("\n", " ")


def verdict(findings: list[Finding], added: list[str]) -> str:
    """same, or what differs and why; then what is there besides."""
    reasons = list(dict.fromkeys(f.reason or f"**missing**: {f.said}" for f in findings))
    said = f"differs: {' '.join(reasons)}" if reasons else "same"
    optional = [one.split(" ")[0] for one in added if one.endswith(" may be left out")]
    more = [one for one in added if one.endswith("=")]
    if optional:
        said = f"{said}; {listing(optional)} may be left out"
    return f"{said}; and also {listing(more)}" if more else said


def call(entry: Entry) -> str:
    """The name as it is called, with what goes through keywords alone."""
    kind, name = entry.facts["kind"], linked(entry)
    if kind == "enum":
        return f"{name}: {listing(entry.facts['members'])}"
    if kind in ("exception", "value"):
        return name
    arguments, keywords = entry.facts["arguments"], list(entry.facts.get("keywords", ()))
    task = SURFACE[f"stepfunctions.{STATES}"]["Task"]["keywords"]
    if "Task" in bases(short(entry)):
        lacking = [one for one in task if one not in keywords and one != "resource"]
        rest = f" and what `Task` takes{f' but {listing(lacking)}' if lacking else ''}"
    else:
        rest = f" and {listing(f'{one}=' for one in keywords)}" if keywords else ""
    return f"{name} `({', '.join(arguments)})`{rest}"


def short(entry: Entry) -> str:
    return entry.name.rpartition(".")[2]


def linked(entry: Entry) -> str:
    """The name, as a link to what is said of it in the Python reference, when something is."""
    name = short(entry)
    for room in ("stepmill.steps", "stepmill.inputs", "stepmill.workflow", "stepmill.template"):
        if name in public(room):
            return f"[`{name}`](python.md#{name.lower()})"
    return f"`{name}`"


def public(room: str) -> Any:
    try:
        return getattr(importlib.import_module(room), "__all__", ())
    except ModuleNotFoundError:
        return ()


def listing(names: Any) -> str:
    return ", ".join(f"`{name}`" for name in names)
