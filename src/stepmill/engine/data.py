"""Input to arguments, result to output, in both query languages.

In: a state's JSON, then scopes and results. Out: arguments; an output and the variables it assigns. Touches: nothing.

What a state does with its data; when it does so is `states` and `execution`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from stepmill.asl import errors
from stepmill.asl.paths import compile_path, compile_reference
from stepmill.asl.scope import MISSING, Scope
from stepmill.asl.templates import compile_template

loads = json.loads

Evaluate = Callable[[Scope], Any]
Note = Callable[[str, Any], None]
"""Hears of a value between two filters, under the name that TestState's inspection data has for it."""

# Payloads are limited to 256 KiB of UTF-8 text (Step Functions quotas).
PAYLOAD_LIMIT = 262_144
VARIABLES_LIMIT = 10 << 20


def too_large(text: str) -> bool:
    """Whether a payload passes AWS's limit. A character is at most four bytes, so small ones are not counted."""
    return len(text) > PAYLOAD_LIMIT // 4 and len(text.encode("utf-8", "surrogatepass")) > PAYLOAD_LIMIT


def with_data(scope: Scope, data: Any, result: Any = MISSING) -> Scope:
    """The same scope with another `$`."""
    return Scope(data, scope.input, scope.context, scope.variables, result, scope.error_output, scope.now)


class Entry:
    """How a state's input becomes what it works on: InputPath and Parameters, or Arguments."""

    __slots__ = ("_input_path", "_jsonata", "_template", "plain")

    def __init__(self, state: Mapping[str, Any], language: str, *, parameters: str = "Parameters") -> None:
        self._jsonata = language == "JSONata"
        self._input_path: Evaluate | None = None
        self._template: Evaluate | None = None
        if self._jsonata:
            if "Arguments" in state:
                self._template = compile_template(state["Arguments"], language, field="Arguments")
        else:
            self._input_path = _data_path(state, "InputPath")
            if parameters in state:
                self._template = compile_template(state[parameters], language, field=parameters)
        self.plain = self._input_path is None and self._template is None

    def data(self, scope: Scope) -> Any:
        """The input after InputPath."""
        return scope.data if self._input_path is None else self._input_path(scope)

    def arguments(self, scope: Scope, note: Note | None = None) -> Any:
        """The input after InputPath and Parameters, or the Arguments."""
        data = self.data(scope)
        if note is not None and not self._jsonata:
            note("afterInputPath", data)
        made = data if self._template is None else self._template(with_data(scope, data))
        if note is not None and not self._jsonata:
            note("afterParameters", made)
        elif note is not None and self._template is not None:
            note("afterArguments", made)
        return made


class Completion:
    """How a state's result becomes its output and its variables.

    JSONPath: ResultSelector, ResultPath, OutputPath, Assign. JSONata: Output, Assign. With `where="Catch"` the result
    is the error output and OutputPath does not apply; with `where="Choice"` only Output and Assign do.
    """

    __slots__ = ("_assign", "_jsonata", "_output", "_output_path", "_result_path", "_selector", "plain")

    def __init__(self, state: Mapping[str, Any], language: str, *, where: str = "") -> None:
        self._jsonata = language == "JSONata"
        self._selector: Evaluate | None = None
        self._output: Evaluate | None = None
        self._output_path: Evaluate | None = None
        self._result_path: Any = None
        if self._jsonata:
            if "Output" in state:
                self._output = compile_template(state["Output"], language, field="Output")
        else:
            if "ResultSelector" in state:
                self._selector = compile_template(state["ResultSelector"], language, field="ResultSelector")
            if state.get("ResultPath", "$") != "$":
                self._result_path = compile_reference(state["ResultPath"])
            if where == "":
                self._output_path = _data_path(state, "OutputPath")
        self._assign = compile_template(state["Assign"], language, field="Assign") if state.get("Assign") else None
        self.plain = not (self._selector or self._output or self._output_path or self._result_path or self._assign)

    def __call__(
        self, scope: Scope, result: Any, *, shown: Any = MISSING, note: Note | None = None
    ) -> tuple[Any, dict[str, Any] | None]:
        """Output and assigned variables (None when there is no Assign).

        `scope.data` is the state's raw input. `shown` is `$states.result`, MISSING for states that have none. Every
        expression sees the variables as they were before the state assigned any.
        """
        if self._jsonata:
            seen = with_data(scope, scope.input, shown)
            output = result if self._output is None else self._output(seen)
            return output, None if self._assign is None else self._assign(seen)
        if self._selector is not None:
            result = self._selector(with_data(scope, result))
        if note is not None:
            note("afterResultSelector", result)
        assigned = None if self._assign is None else self._assign(with_data(scope, result))
        output = result if self._result_path is None else self._result_path.put(scope.data, result)
        if note is not None:
            note("afterResultPath", output)
        if self._output_path is not None:
            output = self._output_path(with_data(scope, output))
        return output, assigned


def _data_path(state: Mapping[str, Any], field: str) -> Evaluate | None:
    """InputPath or OutputPath: absent or "$" changes nothing, null stands for {}."""
    path = state.get(field, "$")
    if path == "$":
        return None
    return _nothing if path is None else compile_path(path)


def _nothing(_: Scope) -> Any:
    return {}


def number(value: Any, describe: Callable[[], str], *, error: str = errors.RUNTIME, location: str = "") -> float:
    """A number of a field, or the StatesError AWS would give."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise errors.StatesError(error, describe(), location)
    return value
