"""The grammar of JSONPath as Step Functions takes it.

In: the text of a path. Out: its root and its steps. Touches: nothing.

How the steps are walked belongs to `paths`, what a filter decides to `filters`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from stepmill.asl.errors import BadExpression

Kind = Literal["key", "keys", "index", "indexes", "slice", "wild", "filter", "scan", "function"]


class Step(NamedTuple):
    """One step. `value`: a key, keys, an index, indexes, (start, stop), nothing, a filter's text, a Step, a name."""

    kind: Kind
    value: Any

    def __str__(self) -> str:
        if self.kind == "key":
            return f"['{self.value}']"
        if self.kind == "keys":
            return "[" + ",".join(f"'{key}'" for key in self.value) + "]"
        if self.kind == "index":
            return f"[{self.value}]"
        if self.kind == "indexes":
            return "[" + ",".join(map(str, self.value)) + "]"
        if self.kind == "slice":
            start, stop = self.value
            return f"[{'' if start is None else start}:{'' if stop is None else stop}]"
        if self.kind == "wild":
            return "[*]"
        if self.kind == "scan":
            return f"..{self.value}"
        if self.kind == "function":
            return f".{self.value}()"
        return "[?]"


@dataclass(frozen=True)
class Path:
    """A parsed path. `root` is "$", "$$" or the name of a variable."""

    text: str
    root: str
    steps: tuple[Step, ...]

    @property
    def definite(self) -> bool:
        """Whether it names at most one value. An indefinite path always gives a list."""
        last = len(self.steps) - 1
        return all(
            step.kind in ("key", "index", "function") or (step.kind == "keys" and at == last)
            for at, step in enumerate(self.steps)
        )

    @property
    def reference(self) -> bool:
        """Whether it is a Reference Path: only names and single indexes."""
        return all(step.kind in ("key", "index") for step in self.steps)


FUNCTIONS: Final = frozenset({"length", "min", "max", "avg", "sum", "stddev", "keys", "first", "last"})
_NAME: Final = re.compile(r"[^\s.\[\]()'\"*,:?@$!&|<>=~/\\]+")
_VARIABLE: Final = re.compile(r"[^\W\d]\w*")
_INT: Final = re.compile(r"-?\d+")
_SLICE: Final = re.compile(r"(-?\d+)?\s*:\s*(-?\d+)?")


def parse_path(text: str) -> Path:
    """Parses a path; the whole text must be one. Raises BadExpression."""
    path, end = scan_path(text, 0)
    if end != len(text):
        raise BadExpression(text, f"Unexpected '{text[end]}' at character {end + 1} of the path")
    return path


def scan_path(text: str, start: int, *, relative: bool = False) -> tuple[Path, int]:
    """Parses the path that begins at `start`; gives it and where it ends. `relative` takes the `@` of a filter."""
    reader = _Reader(text, start)
    root = reader.root(relative)
    try:
        steps = reader.steps()
    except RecursionError:
        raise BadExpression(f"{text[:80]}…", "A filter is nested too deeply") from None
    return Path(text[start : reader.at], root, steps), reader.at


class _Reader:
    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at

    def fail(self, reason: str) -> BadExpression:
        return BadExpression(self.text, reason)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def root(self, relative: bool) -> str:
        if relative and self.peek() == "@":
            self.at += 1
            return "@"
        if self.peek() != "$":
            raise self.fail("A path must begin with '$'")
        self.at += 1
        if self.peek() == "$":
            self.at += 1
            return "$$"
        name = _VARIABLE.match(self.text, self.at)
        if name is None:
            return "$"
        self.at = name.end()
        return name.group()

    def steps(self) -> tuple[Step, ...]:
        steps: list[Step] = []
        while True:
            if self.text.startswith("..", self.at):
                self.at += 2
                inner = self.bracket() if self.peek() == "[" else self.name()
                if inner.kind == "function":
                    raise self.fail("'..' must be followed by a name or a bracket")
                steps.append(Step("scan", inner))
            elif self.peek() == ".":
                self.at += 1
                if self.peek() == "[":
                    steps.append(self.bracket())
                else:
                    steps.append(self.name())
            elif self.peek() == "[":
                steps.append(self.bracket())
            else:
                break
            if steps[-1].kind == "function" and self.peek() in (".", "["):
                raise self.fail("A function can only end a path")
        return tuple(steps)

    def name(self) -> Step:
        if self.peek() == "*":
            self.at += 1
            return Step("wild", None)
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.fail("A name is missing after '.'")
        self.at = found.end()
        if self.text.startswith("()", self.at):
            if found.group() not in FUNCTIONS:
                raise self.fail(f"There is no function '{found.group()}()' in a path")
            self.at += 2
            return Step("function", found.group())
        return Step("key", found.group())

    def space(self) -> None:
        while self.peek() == " ":
            self.at += 1

    def bracket(self) -> Step:
        self.at += 1
        self.space()
        char = self.peek()
        if char == "?":
            return self.filter()
        if char in ("'", '"'):
            step = self.quoted()
        elif char == "*":
            self.at += 1
            step = Step("wild", None)
        else:
            step = self.numbers()
        self.space()
        if self.peek() != "]":
            raise self.fail("A ']' is missing")
        self.at += 1
        return step

    def quoted(self) -> Step:
        keys = [self.string()]
        self.space()
        while self.peek() == ",":
            self.at += 1
            self.space()
            if self.peek() not in ("'", '"'):
                raise self.fail("A quoted name is missing after ','")
            keys.append(self.string())
            self.space()
        return Step("key", keys[0]) if len(keys) == 1 else Step("keys", tuple(keys))

    def string(self) -> str:
        quote = self.peek()
        self.at += 1
        out: list[str] = []
        while True:
            char = self.peek()
            if not char:
                raise self.fail(f"A closing {quote} is missing")
            self.at += 1
            if char == quote:
                return "".join(out)
            # Only the quote in use and the backslash are escaped; recorded on AWS: \" inside '…' keeps its backslash.
            if char == "\\" and self.peek() in (quote, "\\"):
                char = self.peek()
                self.at += 1
            out.append(char)

    def numbers(self) -> Step:
        slice_ = _SLICE.match(self.text, self.at)
        if slice_ is not None:
            self.at = slice_.end()
            start, stop = slice_.groups()
            return Step("slice", (int(start) if start else None, int(stop) if stop else None))
        indexes: list[int] = []
        while True:
            found = _INT.match(self.text, self.at)
            if found is None:
                raise self.fail("Expected a quoted name, an index, a slice, '*' or '?(…)' in brackets")
            indexes.append(int(found.group()))
            self.at = found.end()
            self.space()
            if self.peek() != ",":
                break
            self.at += 1
            self.space()
        return Step("index", indexes[0]) if len(indexes) == 1 else Step("indexes", tuple(indexes))

    def filter(self) -> Step:
        begin = self.at + 1
        depth, quote, at = 0, "", begin
        while at < len(self.text):
            char = self.text[at]
            if quote:
                if char == "\\":
                    at += 1
                elif char == quote:
                    quote = ""
            elif char in "'\"":
                quote = char
            elif char in "([":
                depth += 1
            elif char in ")]":
                if char == "]" and depth == 0:
                    break
                depth -= 1
            at += 1
        body = self.text[begin:at].strip()
        if at >= len(self.text):
            raise self.fail("The filter has no end: ')]' is missing")
        if not (body.startswith("(") and body.endswith(")")):
            raise self.fail("A filter is written [?(…)]")
        from stepmill.asl.filters import compile_filter

        compile_filter(body[1:-1])
        self.at = at + 1
        return Step("filter", body[1:-1])
