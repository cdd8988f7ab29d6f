"""JSONata as Step Functions has it, on the `jlens` engine.

In: the text of an expression; an input and bindings, or a Scope. Out: a JSON value, or MISSING for undefined. Touches:
nothing ($random and $uuid draw numbers; $now() answers the scope's time).

This is the only module that knows jlens. AWS's functions are added ($partition, $range, $hash, $random, $uuid,
$parse); what AWS's JSONata 2.0.6 lacks is refused ($eval, `??`, `?:`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from stepmill.asl import chance, functions
from stepmill.asl.errors import QUERY_EVALUATION, StatesError
from stepmill.asl.paths import Evaluate, type_name
from stepmill.asl.scope import MISSING, Scope
from stepmill.asl.text import dumps

SECONDS: Final = 1.0
DEPTH: Final = 2_000


class JsonataError(ValueError):
    """A JSONata error with its code ("T2002"), the engine's sentence, and the character where it was met."""

    def __init__(self, code: str, message: str, position: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.position = position


# JavaScript's own for a half of a surrogate pair (JSONata, D3140, "Malformed URL"); other engines have no such text.
_NO_UNICODE: Final = JsonataError("D3140", "a text holds half of a surrogate pair, which is no Unicode character")


def is_expression(text: object) -> bool:
    """Whether a value is a text `{% … %}`; anything before or after the marks makes it plain text."""
    return isinstance(text, str) and len(text) >= 4 and text.startswith("{%") and text.endswith("%}")


def compile(text: str) -> Expression:
    """Compiles what stands between the marks. Raises JsonataError."""
    return Expression(text)


class Expression:
    """A compiled expression. `text` is its source, `reads` the tree of variables and fields it can look
    at, `variables` the names of the state machine's variables in it."""

    __slots__ = ("_engine", "_failure", "_timed", "reads", "text", "variables")

    def __init__(self, text: str) -> None:
        import jlens  # 6 ms that a JSONPath machine does not need

        self.text = text
        self._failure = jlens.JlensError
        _refuse(text)
        try:
            self._engine = jlens.Expression(text)
            # The engine leaves out what has the name of a built-in function, though a variable may have it too.
            self.reads: dict[str, Any] = dict.fromkeys(_VARIABLE.findall(text), True)
            seen = self._engine.reads()["bindings"]
            self.reads.update(seen)
            self.variables = frozenset(seen.keys() - _ADDED.keys() - {"states"})
        except jlens.JlensError as wrong:
            raise JsonataError(wrong.code, str(wrong), wrong.position) from None
        except UnicodeEncodeError:
            raise _NO_UNICODE from None
        for name, (function, signature) in _ADDED.items():
            if "$" + name in text:
                self._engine.register_function(name, function, signature)
        self._timed = "$now" in text or "$millis" in text

    def evaluate(
        self, input: Any = None, bindings: Mapping[str, Any] | None = None, *, now: float | None = None
    ) -> Any:
        """The value of the expression, MISSING when it is undefined. `now` is in seconds. Raises JsonataError, also
        after a second or 2,000 levels."""
        options: dict[str, Any] = {"timeout": SECONDS, "max_depth": DEPTH}
        if self._timed and now is not None:
            options["now"] = round(now * 1000)
        bound = dict(bindings or {})
        try:
            value = self._engine.evaluate(input, bound, **options)
            if value is not None:
                return value
            # The engine says None for null and for undefined alike; its JSON form tells them apart.
            text = None if input is None else json.dumps(input, ensure_ascii=False)
            return MISSING if self._engine.evaluate_json(text, bound, **options) is None else None
        except UnicodeEncodeError:
            raise _NO_UNICODE from None
        except self._failure as wrong:
            raise JsonataError(wrong.code, str(wrong), wrong.position) from None


def compile_expression(text: str, *, field: str, expect: str | None = None) -> Evaluate:
    """Compiles `{% … %}` to a function of a Scope. `field` is the expression's place in the state, as AWS's texts name
    it ("Assign/result"). `expect` is a JSON type: "array", "boolean", "number", "string" or "object". The function
    raises StatesError (States.QueryEvaluationError) when the expression fails, is undefined or has another type.
    Raises JsonataError when it cannot be compiled."""
    body = text[2:-2].strip() if is_expression(text) else text
    expression = compile(body)
    value_of = _walk(body) or _evaluation(expression)
    head = f"The JSONata expression '{body}' specified for the field '{field}'"

    def evaluate(scope: Scope) -> Any:
        try:
            value = value_of(scope)
        except JsonataError as wrong:
            raise StatesError(
                QUERY_EVALUATION, f"{head} threw an error during evaluation. {wrong.code}: {wrong.message}", field
            ) from None
        if value is MISSING:
            raise StatesError(QUERY_EVALUATION, f"{head} returned nothing (undefined).", field)
        return value

    if expect is None:
        return evaluate

    def typed(scope: Scope) -> Any:
        value = evaluate(scope)
        if type_name(value) != expect:
            shown = dumps(value)
            raise StatesError(
                QUERY_EVALUATION,
                f"{head} returned an unexpected result type. Expected '{expect}', but was '{type_name(value)}' "
                f"for value: {shown}",
                field,
            )
        return value

    return typed


_PARTS: Final[dict[str, Callable[[Scope], Any]]] = {
    "input": lambda scope: scope.input,
    "context": lambda scope: scope.context,
    "result": lambda scope: scope.result,
    "errorOutput": lambda scope: scope.error_output,
}


def _evaluation(expression: Expression) -> Evaluate:
    """Hands the engine only what the expression reads: converting a whole state for one field is what costs time."""
    reads = dict(expression.reads)
    states = reads.pop("states", {})
    parts = [(name, part, True if states is True else states[name]) for name, part in _PARTS.items()
             if states is True or name in states]  # fmt: skip
    variables = list(reads.items())

    def evaluate(scope: Scope) -> Any:
        bindings: dict[str, Any] = {}
        if states:
            seen = bindings["states"] = {}
            for name, part, tree in parts:
                value = part(scope)
                if value is not MISSING:
                    seen[name] = _prune(value, tree)
        for name, tree in variables:
            if name in scope.variables:
                bindings[name] = _prune(scope.variables[name], tree)
        return expression.evaluate(None, bindings, now=scope.now)

    return evaluate


def _prune(value: Any, tree: Any) -> Any:
    if tree is True or not isinstance(value, dict):
        return value
    return {key: _prune(value[key], below) for key, below in tree.items() if key in value}


_PLAIN_PATH: Final = re.compile(r"\$([A-Za-z_]\w*)((?:\.(?:[A-Za-z_]\w*|`[^`]+`))*)", re.ASCII)
_NO_NAMES: Final = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def plain_path(body: str) -> tuple[str, tuple[str, ...]] | None:
    """The variable and the names of a path such as `$states.input.a`; None for every other expression."""
    found = _PLAIN_PATH.fullmatch(body)
    if found is None:
        return None
    names = tuple(name.strip("`") for name in re.findall(r"`[^`]+`|\w+", found.group(2)))
    return None if _NO_NAMES.intersection(names) else (found.group(1), names)


def _walk(body: str) -> Evaluate | None:
    """A path of names such as `$states.input.a` needs no engine, as long as it only meets objects."""
    path = plain_path(body)
    if path is None or (path[0] == "states" and (not path[1] or path[1][0] not in _PARTS)):
        return None
    root, names = path[0], list(path[1])
    part = _PARTS[names.pop(0)] if root == "states" else None
    whole = _evaluation(compile(body))

    def walk(scope: Scope) -> Any:
        value = part(scope) if part else scope.variables.get(root, MISSING)
        for name in names:
            if isinstance(value, list):
                return whole(scope)  # arrays are mapped over, and their results flattened
            if not isinstance(value, dict):
                return MISSING
            value = value.get(name, MISSING)
        if type(value) is float and value.is_integer():
            return int(value)
        return value

    return walk


_VARIABLE: Final = re.compile(r"\$([^\W\d]\w*)")
_STRING_OR_REGEX: Final = re.compile(
    r"""/\*.*?\*/                                 # comment
      | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'     # text
      | `[^`]*`                                   # quoted name
      | (?:(?<=[(,:?=\[{;&|+*<>!~-])|(?<=\band)|(?<=\bor)|(?<=\bin)|^)\s*/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\])+/[im]*
    """,
    re.VERBOSE | re.DOTALL,
)
_SIGNATURE: Final = re.compile(r"((?:function|λ)\s*\([^)]*\)\s*)<[^{]*>(?=\s*\{)")
_CALLED: Final = re.compile(r"\$([^\W\d]\w*)\s*\(")
_REFUSED: Final = (
    (re.compile(r"\$eval(?!\w)"), "$eval", "Step Functions has no $eval; use $parse to read JSON from a text"),
    (re.compile(r"\?\?"), "??", "Step Functions' JSONata has no '??'; write $exists(x) ? x : y"),
    (re.compile(r"\?:"), "?:", "Step Functions' JSONata has no '?:'; write $boolean(x) ? x : y"),
)


def called(text: str) -> frozenset[str]:
    """The names that an expression calls as functions, `$sum(…)`, whether or not they are."""
    return frozenset(_CALLED.findall(_bare(text))) if "(" in text else frozenset()


def _bare(text: str) -> str:
    """The text with blanks where its comments, texts, quoted names and patterns are."""
    return _STRING_OR_REGEX.sub(lambda found: " " * len(found.group()), text)


def _refuse(text: str) -> None:
    if "$eval" not in text and "?" not in text:
        return
    bare = _bare(text)
    bare = _SIGNATURE.sub(lambda found: found.group(1) + " " * (len(found.group()) - len(found.group(1))), bare)
    for pattern, token, reason in _REFUSED:
        found = pattern.search(bare)
        if found is not None:
            raise JsonataError("T1006" if token == "$eval" else "S0201", reason, found.start())  # noqa: S105


def _added(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        if values and values[0] is None:
            return None  # undefined in, undefined out, as JSONata's own functions do
        try:
            return function(*values)
        except functions.Failure as failure:
            raise JsonataError("D3000", str(failure)) from None

    return call


def _range(first: Any, last: Any, step: Any) -> Any:
    items = functions.array_range(first, last, step)
    return items[0] if len(items) == 1 else items or None  # a JSONata sequence: recorded, one item is no array


def _random(seed: Any = None) -> float:
    return chance.source().random() if seed is None else Random(seed).random()  # noqa: S311 - not a secret


_ADDED: Final[dict[str, tuple[Callable[..., Any], str]]] = {
    "partition": (_added(functions.array_partition), "<an:a>"),
    "range": (_added(_range), "<nnn:x>"),
    "hash": (_added(functions.digest), "<ss:s>"),
    "random": (_random, "<n?:n>"),
    "uuid": (chance.new_uuid, "<:s>"),
    "parse": (_added(functions.string_to_json), "<s:x>"),
}
