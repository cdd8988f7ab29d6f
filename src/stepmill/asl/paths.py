"""JSONPath: reading a value out of the state's data, the context object or a variable, and writing a result back.

In: the text of a path. Out: a function of a Scope, or a ReferencePath that puts a value. Touches: nothing.

A path of names and indexes becomes a plain walk. Wildcards, slices and filters give a list, and an empty one when the
data is missing, as AWS was recorded to do. Intrinsic calls are accepted where AWS accepts them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from stepmill.asl.errors import RESULT_PATH_MATCH_FAILURE, RUNTIME, BadExpression, StatesError
from stepmill.asl.filters import compile_filter
from stepmill.asl.pathsyntax import Path, Step, parse_path
from stepmill.asl.scope import MISSING, Scope
from stepmill.asl.text import dumps

Evaluate = Callable[[Scope], Any]
Walk = Callable[[Any, Any], Any]  # (where to start, the whole document) → value or MISSING


class PathMiss(StatesError):
    """A path that found nothing. `path` is its text, `document` what was searched: payload templates word it anew."""

    def __init__(self, path: str, detail: str, document: Any) -> None:
        super().__init__(RUNTIME, f"Invalid path '{path}' : {detail}")
        self.path = path
        self.document = document

    def shown(self) -> str:
        """The searched document as text, for a cause."""
        return json.dumps(self.document, ensure_ascii=False, separators=(",", ":"), default=str)


def compile_path(text: str) -> Evaluate:
    """Compiles a path, or an intrinsic call, to a function that raises StatesError (States.Runtime) when a definite
    path finds nothing. Raises BadExpression for what is not a path."""
    if text.startswith("States."):
        from stepmill.asl.intrinsics import compile_intrinsic

        return compile_intrinsic(text)
    path = parse_path(text)
    if path.root == "$" and not path.steps:
        return lambda scope: scope.data
    lookup = _lookup(path)

    def get(scope: Scope) -> Any:
        value = lookup(scope)
        if value is MISSING:
            raise _miss(path, scope)
        return value

    return get


def compile_lookup(text: str) -> Evaluate:
    """Like `compile_path`, for paths only, with MISSING in place of the error (IsPresent asks exactly this)."""
    return _lookup(parse_path(text))


def _lookup(path: Path) -> Evaluate:
    if path.root == "$" and path.steps and all(step.kind == "key" for step in path.steps):
        return _plain([step.value for step in path.steps])
    walk = compile_walk(path)
    name = path.root
    if name == "$":
        return lambda scope: walk(scope.data, scope.data)
    if name == "$$":
        return lambda scope: walk(scope.context, scope.context)

    def variable(scope: Scope) -> Any:
        if name not in scope.variables:
            return MISSING if path.definite else []
        value = scope.variables[name]
        return walk(value, value)

    return variable


def _plain(keys: list[str]) -> Evaluate:
    # A key that is text fails on everything but an object, so no type needs to be looked at.
    if len(keys) == 1:
        (key,) = keys

        def one(scope: Scope) -> Any:
            try:
                return scope.data[key]
            except (KeyError, TypeError):
                return MISSING

        return one

    def many(scope: Scope) -> Any:
        value = scope.data
        try:
            for key in keys:
                value = value[key]
        except (KeyError, TypeError):
            return MISSING
        return value

    return many


def compile_walk(path: Path) -> Walk:
    """The walk along a path's steps, from wherever it starts."""
    function = None
    steps = path.steps
    if steps and steps[-1].kind == "function":
        function = _function(steps[-1].value)
        steps = steps[:-1]
    walk = _definite(steps) if Path(path.text, path.root, steps).definite else _indefinite(steps)
    if function is None:
        return walk

    def call(start: Any, root: Any) -> Any:
        value = walk(start, root)
        return MISSING if value is MISSING else function(value)

    return call


def _definite(steps: tuple[Step, ...]) -> Walk:
    if not steps:
        return lambda start, root: start
    moves = [_move(step) for step in steps]

    def walk(start: Any, root: Any) -> Any:
        value = start
        for move in moves:
            value = move(value)
            if value is MISSING:
                return MISSING
        return value

    return walk


def _move(step: Step) -> Callable[[Any], Any]:
    key = step.value
    if step.kind == "index":

        def index(value: Any) -> Any:
            return value[key] if isinstance(value, list) and -len(value) <= key < len(value) else MISSING

        return index
    if step.kind == "keys":

        def several(value: Any) -> Any:
            return {name: value[name] for name in key if name in value} if isinstance(value, dict) else MISSING

        return several

    def name(value: Any) -> Any:
        try:
            return value[key]
        except (KeyError, TypeError):
            return MISSING

    return name


Spread = Callable[[Any, Any, list[Any]], None]  # (value, document, where to add what is found)


def _indefinite(steps: tuple[Step, ...]) -> Walk:
    spreads = [_spread(step) for step in steps]
    if steps[-1].kind == "keys":
        spreads[-1] = _each(_move(steps[-1]))  # several names at the end are cut out together

    def walk(start: Any, root: Any) -> Any:
        nodes = [start]
        for spread in spreads:
            found: list[Any] = []
            for node in nodes:
                spread(node, root, found)
            nodes = found
        return nodes

    return walk


def _spread(step: Step) -> Spread:
    kind, value = step
    if kind == "wild":

        def every(node: Any, root: Any, found: list[Any]) -> None:
            if isinstance(node, dict):
                found.extend(node.values())
            elif isinstance(node, list):
                found.extend(node)

        return every
    if kind == "slice":
        part = slice(*value)

        def cut(node: Any, root: Any, found: list[Any]) -> None:
            if isinstance(node, list):
                found.extend(node[part])

        return cut
    if kind == "filter":
        return _filtering(value)
    if kind == "scan":
        return _scanning(_spread(value))
    wanted = value if kind in ("keys", "indexes") else (value,)
    return _each(*[_move(Step("index" if kind.startswith("index") else "key", one)) for one in wanted])


def _each(*moves: Callable[[Any], Any]) -> Spread:
    def pick(node: Any, root: Any, found: list[Any]) -> None:
        for move in moves:
            got = move(node)
            if got is not MISSING:
                found.append(got)

    return pick


def _filtering(text: str) -> Spread:
    test = compile_filter(text)

    def keep(node: Any, root: Any, found: list[Any]) -> None:
        if isinstance(node, list):
            found.extend(item for item in node if test(item, root))
        elif isinstance(node, dict) and test(node, root):
            found.append(node)

    return keep


def _scanning(inner: Spread) -> Spread:
    def scan(node: Any, root: Any, found: list[Any]) -> None:
        waiting = [node]
        while waiting:
            here = waiting.pop()
            inner(here, root, found)
            below = here.values() if isinstance(here, dict) else here if isinstance(here, list) else ()
            waiting.extend(item for item in reversed(list(below)) if isinstance(item, dict | list))

    return scan


def _function(name: str) -> Callable[[Any], Any]:
    if name == "length":
        return lambda value: len(value) if isinstance(value, list | dict | str) else MISSING
    if name == "keys":
        return lambda value: list(value) if isinstance(value, dict) else MISSING
    if name in ("first", "last"):
        at = 0 if name == "first" else -1
        return lambda value: value[at] if isinstance(value, list) and value else MISSING

    def numbers(value: Any) -> Any:
        items = value if isinstance(value, list) else []
        known = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
        return _STATISTICS[name](known) if known else MISSING

    return numbers


_STATISTICS: dict[str, Callable[[list[Any]], Any]] = {
    "min": lambda known: float(min(known)),
    "max": lambda known: float(max(known)),
    "sum": lambda known: float(sum(known)),
    "avg": lambda known: sum(known) / len(known),
    "stddev": lambda known: math.sqrt(sum(x * x for x in known) / len(known) - (sum(known) / len(known)) ** 2),
}


def _miss(path: Path, scope: Scope) -> PathMiss:
    if path.root not in ("$", "$$") and path.root not in scope.variables:
        return PathMiss(path.text, f"The variable '${path.root}' has no value here", None)
    document = {"$": scope.data, "$$": scope.context}.get(path.root, scope.variables.get(path.root))
    return PathMiss(path.text, _why(path, document), document)


def _why(path: Path, document: Any) -> str:
    """Jayway's words for the first step that found nothing."""
    value, done = document, "$"
    last = len(path.steps) - 1
    for at, step in enumerate(path.steps):
        if step.kind == "function":
            return f"Property ['{step.value}()'] not found in path {done}"
        if step.kind == "index" and value is None:
            return f"The path {done} is null"
        if step.kind == "index" and not isinstance(value, list):
            shown = dumps(value)
            return f"Filter: {step} can only be applied to arrays. Current context is: {shown}"
        if step.kind == "key" and not isinstance(value, dict):
            kind = "null" if value is None else type_name(value)
            return f"Expected to find an object with property {step} in path {done} but found '{kind}'."
        done += str(step)
        value = _move(step)(value)
        if value is MISSING:
            if at == last or step.kind == "index":
                return "No results for path: $" + "".join(map(str, path.steps))
            return f"Missing property in path {done}"
    return f"No results for path: {done}"


def type_name(value: Any) -> str:
    """JSON's name for the type of a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


class ReferencePath:
    """Where a result goes (ResultPath): None drops it, "$" replaces the input with it."""

    __slots__ = ("_steps", "text")

    def __init__(self, text: str | None) -> None:
        self.text = text
        self._steps: tuple[Step, ...] = ()
        if text is None:
            return
        path = parse_path(text)
        if path.root != "$":
            raise BadExpression(text, "A ResultPath must begin with '$.': it cannot write the context or a variable")
        if not path.reference:
            raise BadExpression(text, "Only names and single indexes are allowed")
        self._steps = path.steps

    def put(self, value: Any, result: Any) -> Any:
        """`value` with `result` at this place; objects on the way are made. Neither argument is changed. Raises
        StatesError (States.ResultPathMatchFailure) when the place cannot be in such a value."""
        if self.text is None:
            return value
        return self._put(value, 0, result, value)

    def _put(self, value: Any, at: int, result: Any, whole: Any) -> Any:
        if at == len(self._steps):
            return result
        kind, key = self._steps[at]
        if kind == "key":
            if value is MISSING or (value is None and at > 0):
                return {key: self._put(MISSING, at + 1, result, whole)}
            if isinstance(value, dict):
                return {**value, key: self._put(value.get(key, MISSING), at + 1, result, whole)}
        elif isinstance(value, list) and 0 <= key < len(value):
            return [*value[:key], self._put(value[key], at + 1, result, whole), *value[key + 1 :]]
        shown = dumps(whole)
        raise StatesError(RESULT_PATH_MATCH_FAILURE, f"Unable to apply ReferencePath {self.text} to input {shown}")


def compile_reference(text: str | None) -> ReferencePath:
    """Compiles a ResultPath. Raises BadExpression when it is no Reference Path into the state's data."""
    return ReferencePath(text)
