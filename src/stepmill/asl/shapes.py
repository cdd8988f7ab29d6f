"""What can be said of a value before anything runs: which types it can have, which fields, which items.

In: constants, shapes, steps of a path. Out: shapes. Touches: nothing.

A Shape says what a value *may* be. A field that it does not have cannot be there; one that it has need not be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Final

from stepmill.asl.paths import type_name
from stepmill.asl.pathsyntax import Step

_KINDS: Final = frozenset({"object", "array", "string", "number", "boolean", "null"})
_DEEPEST, _LARGEST = 30, 2_000  # what is beyond them is "anything": a loop can make ever larger values


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value may be.

    `kinds` are the JSON types it can have; none means that there can be no such value. `fields` are those an object
    can have, and `open` says that it can have others. `items` are those of an array whose length is known, else
    `item` stands for each of them (None: anything).
    """

    kinds: frozenset[str]
    fields: Mapping[str, Shape] = field(default_factory=dict)
    open: bool = False
    items: tuple[Shape, ...] | None = None
    item: Shape | None = None
    depth: int = 1
    size: int = 1

    def __bool__(self) -> bool:
        return bool(self.kinds)

    @property
    def each(self) -> Shape:
        """What any item of the array can be."""
        if self.items is not None:
            return joined(self.items)
        return ANY if self.item is None else self.item


ANY: Final = Shape(_KINDS, open=True)
NONE: Final = Shape(frozenset())
TEXT: Final = Shape(frozenset({"string"}))


def simple(*kinds: str) -> Shape:
    """A value of one of these types, of which no more is known."""
    return Shape(frozenset(kinds), open="object" in kinds)


def an_object(fields: Mapping[str, Shape], *, open: bool = False) -> Shape:
    """An object with these fields and, unless `open`, no others."""
    return _bounded(Shape(frozenset({"object"}), fields, open), fields.values())


def an_array(items: Sequence[Shape] | None = None, item: Shape | None = None) -> Shape:
    """An array of exactly these items, or of any number of `item`."""
    if items is not None and len(items) > 100:
        items, item = None, None
    known = None if items is None else tuple(items)
    return _bounded(Shape(frozenset({"array"}), items=known, item=item), known or ([item] if item else []))


def _bounded(shape: Shape, inner: Iterable[Shape]) -> Shape:
    depth, size = 1, 1
    for each in inner:
        depth, size = max(depth, each.depth + 1), size + each.size
    if depth > _DEEPEST or size > _LARGEST:
        return Shape(shape.kinds, open=True)
    return Shape(shape.kinds, shape.fields, shape.open, shape.items, shape.item, depth, size)


def constant(value: Any) -> Shape:
    """The shape of a value that stands in the definition."""
    if isinstance(value, dict):
        return an_object({key: constant(item) for key, item in value.items()})
    if isinstance(value, list):
        return an_array([constant(item) for item in value[:101]])
    return Shape(frozenset({type_name(value)}))


def joined(shapes: Iterable[Shape]) -> Shape:
    """What is one of these."""
    return reduce(join, shapes, NONE)


def join(one: Shape, other: Shape) -> Shape:
    """What is the one or the other."""
    if one is other or not other:
        return one
    if not one:
        return other
    if one is ANY or other is ANY:
        return ANY
    fields: dict[str, Shape] = {}
    open = False
    for shape, beside in ((one, other), (other, one)):
        if "object" in shape.kinds:
            open = open or shape.open
            for name, inner in shape.fields.items():
                fields[name] = join(fields[name], inner) if name in fields else inner
                if "object" in beside.kinds and beside.open and name not in beside.fields:
                    fields[name] = ANY
    arrays = [shape for shape in (one, other) if "array" in shape.kinds]
    items: tuple[Shape, ...] | None = None
    item: Shape | None = None
    if len(arrays) == 1:
        items, item = arrays[0].items, arrays[0].item
    elif arrays:
        a, b = arrays[0].items, arrays[1].items
        if a is not None and b is not None and len(a) == len(b):
            items = tuple(map(join, a, b))
        else:
            # An empty array has items of no kind; one of which nothing is known has any.
            item = join(arrays[0].each, arrays[1].each)
    inner_shapes = [*fields.values(), *(items or ()), *([item] if item else [])]
    return _bounded(Shape(one.kinds | other.kinds, fields, open, items, item), inner_shapes)


def get(shape: Shape, name: str) -> Shape:
    """The field of an object; NONE where there can be none."""
    if "object" not in shape.kinds:
        return NONE
    return shape.fields.get(name, ANY if shape.open else NONE)


def at(shape: Shape, index: int) -> Shape:
    """The item of an array; NONE where there can be none."""
    if "array" not in shape.kinds:
        return NONE
    if shape.items is None:
        return shape.each
    return shape.items[index] if -len(shape.items) <= index < len(shape.items) else NONE


def along(shape: Shape, steps: Sequence[Step]) -> Shape:
    """What a definite JSONPath finds; NONE where it can find nothing."""
    for step in steps:
        if step.kind == "key":
            shape = get(shape, step.value)
        elif step.kind == "index":
            shape = at(shape, step.value)
        elif step.kind == "keys":
            if "object" not in shape.kinds:
                return NONE
            shape = an_object({name: found for name in step.value if (found := get(shape, name))})
        else:  # a function ends a path, and what it says of other types is its own affair
            return ANY if shape else NONE
        if not shape:
            return NONE
    return shape


def mapped(shape: Shape, names: Sequence[str]) -> Shape:
    """What a JSONata path of names finds: arrays are mapped over, and their results flattened."""
    for at_name, name in enumerate(names):
        if "array" in shape.kinds:
            if (shape.item is None and shape.items is None) or get(shape, name):
                return ANY
            return ANY if mapped(shape.each, names[at_name:]) else NONE
        shape = get(shape, name)
        if not shape:
            return NONE
    return shape


def put(shape: Shape, steps: Sequence[Step], result: Shape) -> Shape:
    """What a ResultPath makes of an input; NONE where it cannot be put there."""
    if not steps:
        return result
    kind, key = steps[0]
    if kind == "key":
        if "object" not in shape.kinds:
            return NONE
        child = get(shape, key)
        # The child may be missing, or null: an object is made then.
        inner = put(child, steps[1:], result) if len(steps) == 1 or "object" in child.kinds else NONE
        made = inner or _fresh(steps[1:], result)
        return an_object({**shape.fields, key: made}, open=shape.open) if made else NONE
    if "array" not in shape.kinds or not at(shape, key):
        return NONE
    if shape.items is None or len(steps) > 1:
        return simple("array")
    return an_array([*shape.items[:key], result, *shape.items[key + 1 :]]) if key >= 0 else NONE


def _fresh(steps: Sequence[Step], result: Shape) -> Shape:
    for step in reversed(steps):
        if step.kind != "key":
            return ANY
        result = an_object({step.value: result})
    return result
