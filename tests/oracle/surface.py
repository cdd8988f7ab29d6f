"""Holds the old SDK's public surface (`surface.json`, what that SDK says of itself) against stepmill's.

In: the facts, and `surface_reasons`: what is left out and what differs, each with its reason. Out: for every public
name, what is missing or other here. Touches: nothing.

Arguments are compared by signature: ours begins with theirs, in their order, with their defaults. An argument that they
take through `**kwargs` and that our signature does not name is tried: an object is built with it. Attributes are looked
for in an object built with what the constructor asks for.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import importlib
import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from surface_reasons import DIFFERS, LEFT_OUT
from surface_samples import EXTRA, sample

SURFACE: dict[str, dict[str, dict[str, Any]]] = json.loads((Path(__file__).parent / "surface.json").read_text("utf-8"))


@dataclass(frozen=True)
class Finding:
    """Something of a public name that is not here as it was there. what: a short key; said: for a person."""

    what: str
    said: str
    reason: str = ""


@dataclass
class Entry:
    """A public name of the old SDK. name: without `stepfunctions.`; facts: from surface.json."""

    name: str
    facts: dict[str, Any]
    left_out: str = ""
    findings: list[Finding] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    @property
    def unexplained(self) -> list[Finding]:
        return [] if self.left_out else [finding for finding in self.findings if not finding.reason]


def reason(table: dict[str, str], key: str) -> str:
    return next((why for pattern, why in table.items() if fnmatchcase(key, pattern)), "")


@functools.cache
def entries() -> list[Entry]:
    """Every public name of the old SDK, compared."""
    found = []
    for module, names in SURFACE.items():
        room = module.removeprefix("stepfunctions").removeprefix(".")
        for name, facts in names.items():
            entry = Entry(f"{room}.{name}".removeprefix("."), facts)
            entry.left_out = reason(LEFT_OUT, entry.name)
            for what, said in compared(room, name, facts, entry.added):
                entry.findings.append(Finding(what, said, reason(DIFFERS, f"{entry.name} {what}")))
            found.append(entry)
    return found


def ours(room: str, name: str) -> Any:
    """Our thing of that name; AttributeError or ModuleNotFoundError when there is none."""
    return getattr(importlib.import_module(f"stepmill.{room}".removesuffix(".")), name)


def compared(room: str, name: str, facts: dict[str, Any], added: list[str]) -> Iterator[tuple[str, str]]:
    try:
        here = ours(room, name)
    except ModuleNotFoundError:
        yield "module", f"there is no module stepmill.{room}"
        return
    except AttributeError:
        yield "name", f"stepmill{'.' if room else ''}{room} has no {name}"
        return
    kind = facts["kind"]
    if kind == "from":
        home = facts["module"].removeprefix("stepfunctions.")
        with contextlib.suppress(ModuleNotFoundError, AttributeError):  # said where that module's names are
            if here is not ours(home, name):
                yield "name", f"it is not the {name} of stepmill.{home}"
    elif kind == "enum" and not issubclass(here, enum.Enum):
        yield "kind", "it is no Enum"
    elif kind == "enum":
        for member, value in facts["members"].items():
            if member not in here.__members__ or here[member].value != value:
                yield f"member {member}", f"no member {member} = {value!r}"
    elif kind == "exception":
        if not issubclass(here, Exception):
            yield "base", "it is no Exception"
    elif kind == "tuple":
        if list(here._fields) != facts["arguments"]:
            yield "fields", f"its fields are {', '.join(here._fields)}"
    elif kind == "function":
        yield from of_call("", facts["arguments"], here, added)
    elif kind == "class":
        yield from of_class(name, facts, here, added)


def shown(default: Any) -> str:
    return f"{type(default).__name__}.{default.name}" if isinstance(default, enum.Enum) else repr(default)


def of_call(where: str, wanted: list[str], here: Callable[..., Any], added: list[str]) -> Iterator[tuple[str, str]]:
    """The arguments of a function or constructor: theirs first, in their order, with their defaults."""
    given = inspect.signature(here).parameters
    kinds = inspect.Parameter
    order = [p.name for p in given.values() if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)]
    every = any(p.kind is kinds.VAR_POSITIONAL for p in given.values())
    named = [said.partition("=")[0] for said in wanted if not said.startswith("*")]
    for place, said in enumerate(one for one in wanted if not one.startswith("*")):
        argument, has_default, default = said.partition("=")
        if argument not in given:
            yield f"{where}argument {argument}", f"no argument {argument}"
        elif not every and (place >= len(order) or order[place] != argument):
            yield f"{where}place of {argument}", f"{argument} is not argument {place + 1}"
        elif has_default and given[argument].default is kinds.empty:
            yield f"{where}default of {argument}", f"{argument} must be given"
        elif has_default and shown(given[argument].default) != default:
            yield f"{where}default of {argument}", f"{argument} is {shown(given[argument].default)} when left out"
        elif not has_default and given[argument].default is not kinds.empty:
            added.append(f"{where}{argument} may be left out")
    for parameter in given.values():
        if parameter.name in named or parameter.name == "self":
            continue
        if parameter.kind in (kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY):
            if parameter.default is kinds.empty:
                yield f"{where}argument {parameter.name}", f"{parameter.name} must be given too"
            elif not parameter.name.startswith("_"):
                added.append(f"{where}{parameter.name}=")


def of_class(name: str, facts: dict[str, Any], here: type, added: list[str]) -> Iterator[tuple[str, str]]:
    more: list[str] = []
    yield from of_call("", facts["arguments"], here, more)
    added += [one for one in more if one.removesuffix("=") not in facts["keywords"]]
    signature = inspect.signature(here).parameters
    for keyword in facts["keywords"]:
        try:
            made = sample(name, here, keyword)
        except (ImportError, TypeError, ValueError) as fault:
            if keyword not in signature:
                yield f"argument {keyword}", f"no argument {keyword} ({fault})"
            continue
        if "Block" in bases(name) and keyword not in ("retry", "catch"):
            value = getattr(made, keyword, None)
            joined = (
                isinstance(value, dict) and isinstance(EXTRA[keyword], dict) and EXTRA[keyword].items() <= value.items()
            )
            if value is not EXTRA[keyword] and repr(value) != repr(EXTRA[keyword]) and not joined:
                yield f"attribute {keyword}", f".{keyword} is not what was given"
    for method, wanted in facts["methods"].items():
        if not callable(function := getattr(here, method, None)):
            yield f"method {method}", f"no {method}()"
            continue
        bound = not isinstance(inspect.getattr_static(here, method), classmethod | staticmethod)
        call = functools.partial(function, None) if bound else function
        yield from of_call(f"{method} ", wanted, call, added)
    if facts["attributes"]:
        try:
            made = sample(name, here)
        except (ImportError, TypeError, ValueError) as fault:
            yield "example", f"none can be made ({fault})"
            return
        for attribute in facts["attributes"]:
            if attribute not in dir(made) and not hasattr(made, attribute):
                yield f"attribute {attribute}", f"no .{attribute}"


@functools.cache
def bases(name: str) -> frozenset[str]:
    """The names of all classes of the old SDK that this one is made of."""
    every = {key: facts for names in SURFACE.values() for key, facts in names.items() if "bases" in facts}
    found, todo = set(), [name]
    while todo:
        todo += every.get(todo.pop(), {}).get("bases", ())
        found |= set(todo)
    return frozenset(found)
