"""What all states share, and the ones that ask nobody and hold no others.

In: a state's JSON, once; then scopes. Out: inputs, outputs, choices, times. Touches: nothing.

Nothing here knows of events or of other visits; that is `execution`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from stepmill.asl import errors, timestamps
from stepmill.asl.choices import compile_rule
from stepmill.asl.errors import StatesError
from stepmill.asl.paths import compile_path, type_name
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.asl.text import dumps
from stepmill.engine.data import Completion, Entry, Evaluate, Note, with_data
from stepmill.engine.retry import Catcher, Retrier


class State:
    """What all types share. `next` is None at an end."""

    type = ""
    trivial = False  # gives its input on, untouched

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        self.name = name
        self.language = language
        self.entered = f"{self.type}StateEntered"
        self.exited = f"{self.type}StateExited"
        self.next: str | None = json.get("Next")
        self.entry = Entry(json, language)
        self.completion = Completion(json, language)
        self.retriers = [Retrier(one) for one in json.get("Retry") or ()]
        self.catchers = [Catcher(one, language) for one in json.get("Catch") or ()]


class PassState(State):
    """Hands on its input, a fixed Result, or what Parameters make of it."""

    type = "Pass"

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        super().__init__(name, json, language)
        self._fixed = language != "JSONata" and "Result" in json
        self._result = json.get("Result")
        self.trivial = not self._fixed and self.entry.plain and self.completion.plain

    def result(self, scope: Scope, note: Note | None = None) -> Any:
        """What goes into ResultPath or Output."""
        if not self._fixed:
            return self.entry.arguments(scope, note)
        if note is not None:
            note("result", self._result)
        return self._result


class SucceedState(State):
    """Ends its block with its input."""

    type = "Succeed"

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        super().__init__(name, json, language)
        self.trivial = self.entry.plain and self.completion.plain


class FailState(State):
    """Ends its block with an error."""

    type = "Fail"

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        super().__init__(name, json, language)
        self._fields = [_text_field(json, language, field) for field in ("Error", "Cause")]

    def outcome(self, scope: Scope) -> tuple[str | None, str | None]:
        """Error and cause, None where the definition gives none."""
        error, cause = (None if read is None else read(scope) for read in self._fields)
        return error, cause


def _text_field(json: Mapping[str, Any], language: str, field: str) -> Callable[[Scope], str] | None:
    if language != "JSONata" and f"{field}Path" in json:
        path = json[f"{field}Path"]
        read = compile_path(path)

        def at_path(scope: Scope) -> str:
            value = read(scope)
            if not isinstance(value, str):
                raise StatesError(
                    errors.RUNTIME,
                    f"The {field}Path parameter must refer to a string, but {path} is {dumps(value)}",
                )
            return value

        return at_path
    if field not in json:
        return None
    if language != "JSONata":
        text = str(json[field])
        return lambda scope: text
    template = compile_template(json[field], language, field=field)

    def evaluated(scope: Scope) -> str:
        value = template(scope)
        if not isinstance(value, str):
            raise unexpected(json[field], field, "string", value)
        return value

    return evaluated


class ChoiceState(State):
    """Picks where to go on."""

    type = "Choice"

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        super().__init__(name, json, language)
        self._rules = []
        for rule in json.get("Choices", ()):
            shape = {key: rule[key] for key in ("Assign", "Output") if key in rule}
            if "OutputPath" in json:
                shape["OutputPath"] = json["OutputPath"]
            self._rules.append((compile_rule(rule, language), rule["Next"], Completion(shape, language)))
        self._default: str | None = json.get("Default")

    def choose(self, scope: Scope) -> tuple[str, Any, dict[str, Any] | None]:
        """Next state, output, assigned variables."""
        data = self.entry.data(scope)
        seen = scope if data is scope.data else with_data(scope, data)
        for applies, next_, completion in self._rules:
            if applies(seen):
                return (next_, *completion(seen, data))
        if self._default is None:
            raise StatesError(
                errors.NO_CHOICE_MATCHED,
                "Failed to transition out of the state. The state does not point to a next state.",
            )
        return (self._default, *self.completion(seen, data))


class WaitState(State):
    """Waits for some seconds or until a moment."""

    type = "Wait"

    def __init__(self, name: str, json: Mapping[str, Any], language: str) -> None:
        super().__init__(name, json, language)
        self._field = next(f for f in ("Seconds", "Timestamp", "SecondsPath", "TimestampPath") if f in json)
        self._value = json[self._field]
        self._read: Evaluate
        if self._field.endswith("Path"):
            self._read = compile_path(self._value)
        elif language == "JSONata":
            self._read = compile_template(self._value, language, field=self._field)
        else:
            self._read = lambda scope: self._value

    def read(self, scope: Scope) -> Any:
        """The field's value."""
        return self._read(
            scope if self._field in ("Seconds", "Timestamp") else with_data(scope, self.entry.data(scope))
        )

    def until(self, value: Any, now: float) -> float:
        """When a wait that begins now and has this value is over."""
        if self._field.startswith("Timestamp"):
            try:
                return timestamps.parse(value)
            except (ValueError, TypeError, AttributeError):
                raise self._unreadable(value) from None
        if isinstance(value, bool) or not isinstance(value, int | float) or (value < 0 or not math.isfinite(value)):
            raise self._unreadable(value)
        return now + value

    def _unreadable(self, value: Any) -> StatesError:
        shown = value if isinstance(value, str) else dumps(value)
        match self._field:
            case "TimestampPath":
                cause = (
                    "The TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time format "
                    f"string: {self._value} == {shown}"
                )
            case "Timestamp":
                cause = "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: "
                cause += shown
            case "SecondsPath":
                cause = f"The SecondsPath parameter cannot be parsed as a long value: {self._value} == {shown}"
            case _:
                return unexpected(self._value, "Seconds", "non-negative integer", value)
        if self.language == "JSONata":
            return StatesError(errors.QUERY_EVALUATION, cause, self._field)
        return StatesError(errors.RUNTIME, cause)


def unexpected(written: Any, field: str, expected: str, value: Any) -> StatesError:
    """An expression of the right syntax with the wrong type of result, in AWS's words."""
    text = str(written).removeprefix("{%").removesuffix("%}").strip()
    return StatesError(
        errors.QUERY_EVALUATION,
        f"The JSONata expression '{text}' specified for the field '{field}' returned an unexpected result type. "
        f"Expected '{expected}', but was '{type_name(value)}' for value: {dumps(value)}",
        field,
    )
