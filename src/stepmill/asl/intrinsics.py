"""The intrinsic functions of JSONPath states, `States.Format('{}', $.a)`.

In: the text of a call. Out: a function of a Scope. Touches: nothing (States.UUID and States.MathRandom draw numbers).

What each function does with its values belongs to `functions`; here are the grammar, the escapes and the errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from stepmill.asl.errors import INTRINSIC_FAILURE, RUNTIME, BadExpression, StatesError
from stepmill.asl.functions import FUNCTIONS, Failure
from stepmill.asl.paths import Evaluate, PathMiss, compile_path
from stepmill.asl.pathsyntax import scan_path
from stepmill.asl.scope import Scope
from stepmill.nearest import nearest

MAX_NESTING: Final = 10
_NAME: Final = re.compile(r"States\.([A-Za-z0-9]+)\s*\(")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS: Final = {"true": True, "false": False, "null": None}
_WORD: Final = re.compile(r"(?:true|false|null)\b")


def compile_intrinsic(text: str) -> Evaluate:
    """Compiles one call. The result raises StatesError: States.IntrinsicFailure when the function refuses its values,
    States.Runtime when a path argument finds nothing. Raises BadExpression for what is not a call."""
    reader = _Reader(text)
    call = reader.call(1)
    reader.space()
    if reader.at != len(text):
        raise BadExpression(text, f"Unexpected '{text[reader.at :]}' after the intrinsic function")
    return call


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, reason: str) -> BadExpression:
        return BadExpression(self.text, reason)

    def space(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def call(self, depth: int) -> Evaluate:
        begin = self.at
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.fail("An intrinsic function is written States.Name(…)")
        name = found.group(1)
        if name not in FUNCTIONS:
            near = nearest(name, FUNCTIONS)
            guess = f"; did you mean States.{near}?" if near else ""
            raise self.fail(f"There is no intrinsic function States.{name}{guess}")
        if depth > MAX_NESTING:
            raise self.fail(f"Intrinsic functions can be nested {MAX_NESTING} deep at most")
        self.at = found.end()
        arguments = self.arguments(depth, formats=name == "Format")
        function, least, most = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"at least {least}" if most > 99 else f"{least} to {most}"
            plural = "argument" if wanted == "1" else "arguments"
            raise self.fail(f"States.{name} takes {wanted} {plural}, not {len(arguments)}")
        return _calling(self.text[begin : self.at], function, arguments)

    def arguments(self, depth: int, *, formats: bool) -> list[Evaluate]:
        arguments: list[Evaluate] = []
        self.space()
        if self.text[self.at : self.at + 1] == ")":
            self.at += 1
            return arguments
        while True:
            self.space()
            arguments.append(self.argument(depth, template=formats and not arguments))
            self.space()
            char = self.text[self.at : self.at + 1]
            self.at += 1
            if char == ")":
                break
            if char != ",":
                raise self.fail("Expected ',' or ')' after an argument")
        return arguments

    def argument(self, depth: int, *, template: bool) -> Evaluate:
        char = self.text[self.at : self.at + 1]
        if char == "'":
            return self.string(template)
        if char == "$":
            path, end = scan_path(self.text, self.at)
            self.at = end
            return compile_path(path.text)
        if self.text.startswith("States.", self.at):
            return self.call(depth + 1)
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            self.at = number.end()
            digits = number.group()
            value = int(digits) if re.fullmatch(r"-?\d+", digits) else float(digits)
            return lambda scope: value
        word = _WORD.match(self.text, self.at)
        if word is not None:
            self.at = word.end()
            constant = _WORDS[word.group()]
            return lambda scope: constant
        raise self.fail("An argument is a 'text', a number, true, false, null, a path or another intrinsic function")

    def string(self, template: bool) -> Evaluate:
        self.at += 1
        pieces: list[str] = [""]  # what stands between the `{}` of a States.Format
        while True:
            char = self.text[self.at : self.at + 1]
            if not char:
                raise self.fail("A closing ' is missing")
            self.at += 1
            if char == "'":
                break
            if char == "\\":
                char = self.text[self.at : self.at + 1]
                if char not in ("'", "{", "}", "\\") or not char:
                    raise self.fail(f"Only \\' \\{{ \\}} and \\\\ can be escaped, not \\{char}")
                self.at += 1
            elif template and char == "{" and self.text[self.at : self.at + 1] == "}":
                self.at += 1
                pieces.append("")
                continue
            elif template and char in "{}":
                raise self.fail(f"A '{char}' that is no placeholder is written \\{char} in States.Format")
            pieces[-1] += char
        value: Any = tuple(pieces) if template else pieces[0]
        return lambda scope: value


def _calling(text: str, function: Callable[..., Any], arguments: list[Evaluate]) -> Evaluate:
    def call(scope: Scope) -> Any:
        try:
            return function(*[argument(scope) for argument in arguments])
        except PathMiss as miss:
            raise StatesError(
                RUNTIME,
                f"The function '{text}' had the following error: The JsonPath argument for the field '{miss.path}' "
                f"could not be found in the input '{miss.shown()}'",
            ) from None
        except Failure as failure:
            raise StatesError(INTRINSIC_FAILURE, f"The function '{text}' had the following error: {failure}") from None

    return call
