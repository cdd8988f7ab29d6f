"""The filters of JSONPath, `[?(@.price < 10)]`.

In: the text between the parentheses. Out: a test of one value. Touches: nothing.

Comparisons follow Jayway, which AWS uses: a number equals the text of the same number, `!=` is the opposite of `==`
(so a missing field differs from everything), and order exists between two numbers or two texts only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from stepmill.asl.errors import BadExpression
from stepmill.asl.scope import MISSING

Test = Callable[[Any, Any], bool]  # (the value "@", the document "$")
Operand = Callable[[Any, Any], Any]

_OPERATOR: Final = re.compile(
    r"===|!==|==|!=|<=|>=|=~|<|>|(?:nin|in|subsetof|anyof|noneof|contains|size|empty)\b", re.IGNORECASE
)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD: Final = re.compile(r"(?:true|false|null)\b")
_REGEX: Final = re.compile(r"/((?:\\.|[^/\\])*)/([a-z]*)")


def compile_filter(text: str) -> Test:
    """Compiles a filter. Raises BadExpression."""
    parser = _Parser(text)
    test = parser.either()
    if parser.rest():
        raise BadExpression(text, f"Unexpected '{parser.rest()}' in the filter")
    return test


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def rest(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at :]

    def take(self, token: str) -> bool:
        if self.rest().startswith(token):
            self.at += len(token)
            return True
        return False

    def either(self) -> Test:
        tests = [self.both()]
        while self.take("||"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda here, root: any(test(here, root) for test in tests)

    def both(self) -> Test:
        tests = [self.single()]
        while self.take("&&"):
            tests.append(self.single())
        return tests[0] if len(tests) == 1 else lambda here, root: all(test(here, root) for test in tests)

    def single(self) -> Test:
        if self.rest().startswith("!") and not self.rest().startswith("!="):
            self.at += 1
            inner = self.single()
            return lambda here, root: not inner(here, root)
        if self.take("("):
            test = self.either()
            if not self.take(")"):
                raise BadExpression(self.text, "A ')' is missing in the filter")
            return test
        left = self.operand()
        self.rest()
        found = _OPERATOR.match(self.text, self.at)
        if found is None:
            return lambda here, root: left(here, root) is not MISSING
        self.at = found.end()
        name = found.group().lower()
        if name == "=~":
            return _matching(left, self.regex())
        right = self.operand()
        compare = _COMPARE[name]
        return lambda here, root: compare(left(here, root), right(here, root))

    def regex(self) -> re.Pattern[str]:
        self.rest()
        found = _REGEX.match(self.text, self.at)
        if found is None:
            raise BadExpression(self.text, "'=~' must be followed by /a regular expression/")
        self.at = found.end()
        try:
            return re.compile(found.group(1), re.IGNORECASE if "i" in found.group(2) else 0)
        except re.error as wrong:
            raise BadExpression(self.text, f"The regular expression is not valid ({wrong})") from None

    def operand(self) -> Operand:
        rest = self.rest()
        if rest[:1] in ("@", "$"):
            return self.path()
        if rest[:1] in ("[", "{"):
            try:
                value, end = json.JSONDecoder().raw_decode(rest.replace("'", '"'))
            except ValueError:
                raise BadExpression(self.text, "The filter compares with something that is not JSON") from None
            self.at += end
            return lambda here, root: value
        if rest[:1] in ("'", '"'):
            return self.string(rest[0])
        for pattern in (_NUMBER, _WORD):
            found = pattern.match(self.text, self.at)
            if found is not None:
                self.at = found.end()
                literal = json.loads(found.group())
                return lambda here, root: literal
        raise BadExpression(self.text, "The filter lacks a value to compare")

    def string(self, quote: str) -> Operand:
        end = self.at + 1
        out: list[str] = []
        while end < len(self.text) and self.text[end] != quote:
            if self.text[end] == "\\" and end + 1 < len(self.text):
                end += 1
            out.append(self.text[end])
            end += 1
        if end >= len(self.text):
            raise BadExpression(self.text, f"A closing {quote} is missing in the filter")
        self.at = end + 1
        text = "".join(out)
        return lambda here, root: text

    def path(self) -> Operand:
        from stepmill.asl.paths import compile_walk
        from stepmill.asl.pathsyntax import scan_path

        path, self.at = scan_path(self.text, self.at, relative=True)
        if path.root not in ("@", "$"):
            raise BadExpression(self.text, "A filter can only look at '@' and '$'")
        walk = compile_walk(path)
        if path.root == "@":
            return walk
        return lambda here, root: walk(root, root)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return None


def equal(left: Any, right: Any) -> bool:
    """Jayway's `==`."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) or isinstance(right, int | float):
        a, b = _number(left), _number(right)
        return a is not None and a == b
    return type(left) is type(right) and bool(left == right)


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return test(left, right)
        a, b = _number(left), _number(right)
        return a is not None and b is not None and test(a, b)

    return compare


def _matching(left: Operand, pattern: re.Pattern[str]) -> Test:
    def test(here: Any, root: Any) -> bool:
        value = left(here, root)
        return isinstance(value, str) and pattern.fullmatch(value) is not None

    return test


def _among(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(equal(left, item) for item in right)


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return isinstance(left, list) and any(equal(item, right) for item in left)


_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": equal,
    "===": lambda a, b: type(a) is type(b) and equal(a, b),
    "!=": lambda a, b: not equal(a, b),
    "!==": lambda a, b: type(a) is not type(b) or not equal(a, b),
    "<": _ordered(lambda a, b: bool(a < b)),
    "<=": _ordered(lambda a, b: bool(a <= b)),
    ">": _ordered(lambda a, b: bool(a > b)),
    ">=": _ordered(lambda a, b: bool(a >= b)),
    "in": _among,
    "nin": lambda a, b: not _among(a, b),
    "contains": _contains,
    "subsetof": lambda a, b: isinstance(a, list) and all(_among(item, b) for item in a),
    "anyof": lambda a, b: isinstance(a, list) and any(_among(item, b) for item in a),
    "noneof": lambda a, b: isinstance(a, list) and not any(_among(item, b) for item in a),
    "size": lambda a, b: isinstance(a, list | str) and len(a) == b,
    "empty": lambda a, b: isinstance(a, list | str) and (len(a) == 0) is b,
}
