"""SageMaker's own rules for requests: what is required, how long, how many, which values.

In: an operation's name and a request. Out: what breaks a rule. Touches: `shapes.json` beside this file, once, when
first asked. The table is made from botocore by tools/make_shapes.py (docs/decisions/0004-shapes-table.md).

What is known only at run time is not judged, except for the length of its constant parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from stepmill.nearest import nearest
from stepmill.sagemaker.built import DEFERRED, TOKEN, is_placeholder

Keys = tuple[str | int, ...]
_KINDS = {
    "processing": "ProcessingInstanceType",
    "training": "TrainingInstanceType",
    "transform": "TransformInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "text"),
    "integer": ((int,), "a whole number"),
    "long": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "boolean": ((bool,), "True or False"),
    "structure": ((Mapping,), "an object"),
    "map": ((Mapping,), "an object"),
    "list": ((list, tuple), "a list"),
}
# Java's character classes, as SageMaker's patterns have them, in Python's words; marks, punctuation and symbols are
# told apart in ASCII only.
_CLASSES = {
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": r"\s",
    r"\p{M}": r"\x80-\U0010ffff",
    r"\p{P}": r"!-#%-*,\-./:;?@\[\\\]_{}\x80-\U0010ffff",
    r"\p{S}": r"$+<=>^`|~\x80-\U0010ffff",
}
_END = re.compile(r"\$\{\d+,\d+\}")  # an end that is there several times is one end


@cache
def table() -> dict[str, Any]:
    """The whole table: `source` (botocore's version and the date), `operations`, `shapes`."""
    loaded: dict[str, Any] = json.loads(Path(__file__).with_name("shapes.json").read_text("utf-8"))
    return loaded


def __getattr__(name: str) -> Any:
    if name == "INSTANCE_TYPES":
        return instance_types()
    raise AttributeError(name)


@cache
def instance_types() -> dict[str, frozenset[str]]:
    """The instance types of each kind of work: `{"processing": …, "training": …}`. Also as `INSTANCE_TYPES`."""
    return {kind: frozenset(table()["shapes"][shape]["enum"]) for kind, shape in _KINDS.items()}


def nearest_instance_type(name: str, kind: str = "training") -> str | None:
    """The instance type that was probably meant; None when nothing is near."""
    known = instance_types()[kind]
    return next((guess for guess in (name.lower(), f"ml.{name.lower()}") if guess in known), None) or nearest(
        name, known
    )


@dataclass(frozen=True)
class Violation:
    """One broken rule. kind: `required`, `unknown`, `type`, `min`, `max`, `pattern` or `enum`. path: keys, indices.

    within, part: the list or map that a plain value stands in, and AWS's word for its place there.
    """

    kind: str
    path: Keys
    value: Any
    shape: Mapping[str, Any]
    limit: Any = None
    within: Any = None
    part: str = ""

    @property
    def code(self) -> str:
        """The problem's code."""
        return f"request-{self.kind}"

    @property
    def pointer(self) -> str:
        """The place as a JSON pointer."""
        return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in self.path)

    def _counted(self) -> str:
        type_ = self.shape["type"]
        return "length" if type_ in ("string", "list", "map") else "value"

    def rule(self) -> str:
        """The rule in the words of AWS's ValidationException."""
        if self.kind == "required":
            return "Member must not be null"
        if self.kind == "enum":
            return f"Member must satisfy enum value set: [{', '.join(self.shape['enum'])}]"
        if self.kind == "pattern":
            return f"Member must satisfy regular expression pattern: {self.shape['pattern']}"
        if self.kind == "min":
            return f"Member must have {self._counted()} greater than or equal to {self.limit}"
        return f"Member must have {self._counted()} less than or equal to {self.limit}"

    def aws(self) -> str:
        """The whole complaint in AWS's words, as it stands after `1 validation error detected: `."""
        if self.kind == "unknown":
            return f"The field '{self.path[-1]}' is not supported by Step Functions"
        if self.kind == "type":
            return f"{_json_kind(self.value)} can not be converted to {_ARTICLES.get(self.shape['type'], 'a String')}"
        if self.within is not None:
            where, rules = _member_path(self.path[:-1]), ", ".join(_rules(self.shape))
            words = f"{self.part} must satisfy constraint: [{rules}]"
            return f"Value '{_shown(self.within)}' at '{where}' failed to satisfy constraint: {words}"
        shown = "null" if self.value is None else f"'{_shown(self.value)}'"
        return f"Value {shown} at '{_member_path(self.path)}' failed to satisfy constraint: {self.rule()}"

    def plain(self) -> tuple[str, str]:
        """(message, hint) for the person who wrote the pipeline."""
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path).lstrip(".")
        if self.kind == "required":
            return f"{where} is missing", "SageMaker requires it"
        if self.kind == "unknown":
            guess = nearest(str(self.path[-1]), self.shape["members"])
            return f"{where} is not a field of this request", f"did you mean {guess}?" if guess else ""
        if self.kind == "type":
            return f"{where} is {self.value!r}", f"SageMaker wants {_TYPES[self.shape['type']][1]}"
        if self.kind == "enum":
            return self._plain_enum(where)
        if self.kind == "pattern":
            return f"{where} is {_cut(self.value)}", f"SageMaker wants the pattern {self.shape['pattern']}"
        most = f"at {'least' if self.kind == 'min' else 'most'} {self.limit}"
        if self._counted() == "value":
            return f"{where} is {self.value}", f"SageMaker wants {most}"
        what = "characters" if self.shape["type"] == "string" else "entries"
        return f"{where} has {_length(self.value)} {what}", f"SageMaker wants {most}"

    def _plain_enum(self, where: str) -> tuple[str, str]:
        for kind, name in _KINDS.items():
            if self.shape is table()["shapes"][name]:
                guess = nearest_instance_type(str(self.value), kind)
                source = table()["source"]
                known = f"known are the types of {source['date']} (botocore {source['botocore']})"
                hint = f"did you mean {guess}? {known}" if guess else known
                return f"{where} is {self.value!r}, which is no {kind} instance type", hint
        return f"{where} is {_cut(self.value)}", f"SageMaker wants one of {', '.join(self.shape['enum'])}"


def _rules(shape: Mapping[str, Any]) -> Iterator[str]:
    """All rules of a shape, in AWS's order."""
    for kind, name in (("max", "max"), ("min", "min"), ("pattern", "pattern"), ("enum", "enum")):
        if name in shape:
            yield Violation(kind, (), None, shape, shape[name]).rule()


_ARTICLES = {"integer": "an Integer", "long": "a Long", "boolean": "a Boolean", "string": "a String"}


def _json_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    if isinstance(value, str):
        return "STRING_VALUE"
    return "NUMBER_VALUE" if isinstance(value, (int, float)) else "Start of structure or map"


def _member_path(path: Keys) -> str:
    parts = [f"{part + 1}.member" if isinstance(part, int) else f"{part[:1].lower()}{part[1:]}" for part in path]
    return ".".join(parts)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(each)}" for key, each in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_shown, value)) + "]"
    return str(value)


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"


def _constant(value: str) -> str:
    """The parts of a text that are the same in every run."""
    return DEFERRED.sub("", TOKEN.sub("", value))


def _length(value: Any) -> int:
    return len(_constant(value)) if isinstance(value, str) else len(value)


def validate(operation: str, request: Mapping[str, Any], *, bound: bool = False) -> list[tuple[str, str]]:
    """(JSON pointer, complaint in AWS's words) for every broken rule; empty when all is well.

    bound: the request is about to be sent, so `${Name}` in it is text like any other. Raises KeyError for an operation
    that is not in the table.
    """
    return list(dict.fromkeys((each.pointer, each.aws()) for each in violations(operation, request, bound=bound)))


def validation_message(complaints: list[tuple[str, str]]) -> str:
    """The message of the ValidationException AWS would send for them."""
    errors = "validation error" if len(complaints) == 1 else "validation errors"
    return f"{len(complaints)} {errors} detected: " + "; ".join(text for _, text in complaints)


def violations(operation: str, request: Mapping[str, Any], *, bound: bool = False) -> Iterator[Violation]:
    """Every broken rule, in the order of the request."""
    shapes = table()["shapes"]
    return _check(shapes[table()["operations"][operation]], request, (), shapes, bound)


def _check(
    shape: Mapping[str, Any], value: Any, path: Keys, shapes: Mapping[str, Any], bound: bool
) -> Iterator[Violation]:
    kinds, _ = _TYPES.get(shape["type"], ((object,), ""))
    if is_placeholder(value):
        kind = getattr(value, "type", None)  # the old SDK's have it too: None, or what a schema says
        if isinstance(kind, type) and not issubclass(kind, kinds):
            yield Violation("type", path, value, shape)
        return
    fits = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds or object in kinds)
    if not fits:
        yield Violation("type", path, value, shape)
        return
    yield from _limits(shape, value, path, bound)
    if shape["type"] == "structure":
        yield from _structure(shape, value, path, shapes, bound)
    elif shape["type"] == "list":
        member = shapes[shape["member"]]
        for index, each in enumerate(value):
            yield from _inside(_check(member, each, (*path, index), shapes, bound), member, value, "Member")
    elif shape["type"] == "map":
        keys, values = shapes[shape["key"]], shapes[shape["value"]]
        for key, each in value.items():
            if not bound and str(key).endswith(".$"):
                continue
            yield from _inside(_check(keys, key, (*path, key), shapes, bound), keys, value, "Map keys")
            yield from _inside(_check(values, each, (*path, key), shapes, bound), values, value, "Map value")


def _inside(found: Iterator[Violation], shape: Mapping[str, Any], within: Any, part: str) -> Iterator[Violation]:
    """AWS complains about a whole list or map of plain values, not about one of them."""
    plain = shape["type"] not in ("structure", "list", "map")
    for each in found:
        yield replace(each, within=within, part=part) if plain else each


def _structure(
    shape: Mapping[str, Any], value: Mapping[str, Any], path: Keys, shapes: Mapping[str, Any], bound: bool
) -> Iterator[Violation]:
    later = set() if bound else {name.removesuffix(".$") for name in value if name.endswith(".$")}
    for name in shape.get("required", ()):
        if value.get(name) is None and name not in later:
            yield Violation("required", (*path, name), None, shape)
    for name, each in value.items():
        if not bound and name.endswith(".$") and name[:-2] in shape["members"]:
            continue
        if name not in shape["members"]:
            yield Violation("unknown", (*path, name), each, shape)
        elif each is not None:
            yield from _check(shapes[shape["members"][name]], each, (*path, name), shapes, bound)


def _limits(shape: Mapping[str, Any], value: Any, path: Keys, bound: bool) -> Iterator[Violation]:
    size = value if isinstance(value, (int, float)) else len(value)
    if isinstance(value, str) and not bound:
        rest = _constant(value)
        if rest != value:
            if len(rest) > shape.get("max", len(rest)):
                yield Violation("max", path, value, shape, shape["max"])
            return
    if shape["type"] != "boolean":
        if size < shape.get("min", size):
            yield Violation("min", path, value, shape, shape["min"])
        if size > shape.get("max", size):
            yield Violation("max", path, value, shape, shape["max"])
    if "enum" in shape and value not in shape["enum"]:
        yield Violation("enum", path, value, shape)
    if "pattern" in shape and not _pattern(shape["pattern"]).fullmatch(value):
        yield Violation("pattern", path, value, shape)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    if r"\uD800" in text:  # written for UTF-16: any character XML may have
        return re.compile("[\\t\\x20-\\uD7FF\\uE000-\\uFFFD\\U00010000-\\U0010FFFF]*")
    for theirs, ours in _CLASSES.items():
        text = text.replace(theirs, ours)
    return re.compile(_END.sub("", text))


def members(shape: str) -> frozenset[str]:
    """The names of a structure's fields. Raises KeyError for a shape that is not in the table."""
    return frozenset(table()["shapes"][shape]["members"])
