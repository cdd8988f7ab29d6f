"""Writes one state down in its language.

In: a state's fields with run-time values in them. Out: the state as ASL JSON. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stepmill.inputs import jsonata, jsonpath
from stepmill.inputs.expressions import Const, kind_of, said
from stepmill.inputs.placeholders import Placeholder
from stepmill.inputs.rendering import Refusal, Scope, refuse
from stepmill.inputs.schema import WORDS
from stepmill.inputs.templates import Templates, as_text, constant, run_time
from stepmill.steps.build import Build
from stepmill.steps.choice import Choice
from stepmill.steps.fields import FIELDS, INSTEAD, JSONATA_ONLY, Spelling
from stepmill.steps.flow import Catch, Retry
from stepmill.steps.source import Source

_TEXTS = frozenset({"Error", "Cause"})  # AWS takes nothing else there, not even a number
_NUMBERS = frozenset(
    {"Seconds", "TimeoutSeconds", "HeartbeatSeconds", "MaxConcurrency", "ToleratedFailureCount"}
    | {"ToleratedFailurePercentage"}
)
# Numbers inside ItemReader and ItemBatcher, whose run-time form in JSONPath is a field with Path behind its name
_COUNTED = frozenset({"MaxItems", "MaxItemsPerBatch", "MaxInputBytesPerBatch"})
_BY_ASL = {field.asl: field for field in FIELDS.values()}
_ORDER = (
    "Type",
    "QueryLanguage",
    "Comment",
    "Resource",
    "InputPath",
    "Parameters",
    "Arguments",
    "Credentials",
    "Result",
    "Choices",
    "Default",
    "Branches",
    "Items",
    "ItemsPath",
    "ItemReader",
    "ItemSelector",
    "ItemBatcher",
    "Iterator",
    "ItemProcessor",
    "MaxConcurrency",
    "Seconds",
    "Timestamp",
    "Error",
    "Cause",
    "ErrorPath",
    "CausePath",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "ResultSelector",
    "ResultPath",
    "Assign",
    "Output",
    "OutputPath",
    "ResultWriter",
    "Retry",
    "Catch",
    "Next",
    "End",
)


class Writer:
    """Writes the fields of one state; what cannot be said becomes a problem of that state."""

    def __init__(self, build: Build, scope: Scope) -> None:
        self.build, self.scope, self.state = build, scope, build.state
        self.jsonata = build.language == "JSONata"

    def write(self, assigns: Mapping[str, Any]) -> dict[str, Any]:
        """All fields but the links."""
        fields = dict(self.build.fields)
        if assigns:
            fields["Assign"] = {**_object(fields.get("Assign")), **assigns}
        done: dict[str, Any] = {"Type": self.state.type}
        said: dict[str, str] = {}
        for asl, value in fields.items():
            made = self._guarded(lambda asl=asl, value=value: self._field(asl, value))  # type: ignore[misc]
            for name in made.keys() & said.keys():
                self.build.problem(
                    "field.twice",
                    f"{self.state.state_id!r} says {name} twice, as {said[name]} and as {asl}",
                    "they are two names of one thing: give one of them",
                )
            said |= dict.fromkeys(made, asl)
            done.update(made)
        if isinstance(self.state, Choice):
            done["Choices"] = []
        return done

    def templates(self) -> Templates:
        """Templates of this state's language and place."""
        return Templates(self.build.language, self.scope, self.refused)

    def refused(self, refusal: Refusal, source: Source | None = None) -> None:
        """A refusal as a problem of this state; that a value is nowhere was told when it was looked for."""
        if refusal.code == "value.nowhere" and self.build.ledger.problems:
            return
        self.build.problem(refusal.code, f"{self.state.state_id!r}: {refusal.message}", refusal.hint, source)

    def _guarded(self, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            return make()
        except Refusal as refusal:
            self.refused(refusal)
            return {}

    # -- fields

    def _field(self, asl: str, value: Any) -> dict[str, Any]:
        field = _BY_ASL[asl]
        if asl in _TEXTS:
            value = as_text(value)
        elif asl in _NUMBERS and (expr := run_time(value)) and kind_of(expr) not in (None, "int", "float"):
            refuse(
                "field.number",
                f"{asl} is a number, and this value is {WORDS[str(kind_of(expr))]}: {said(expr)}",
                "give it a number: in a schema the type int, or a default such as 60",
            )
        if self.jsonata:
            return self._jsonata(asl, field, value)
        if asl in JSONATA_ONLY and not (asl == "Output" and value is None):
            refuse(
                "jsonpath.field",
                f"{asl} is a field of JSONata states, and this one is JSONPath",
                f'use {JSONATA_ONLY[asl]}, or query_language="JSONata"',
            )
        match field.kind:
            case "plain" | "json" | "reference":
                return {asl: self._constant(asl, value)}
            case "path":
                return {asl: self._path(asl, value)}
            case "scalar":
                expr = run_time(value)
                if expr is None:
                    return {asl: constant(value)}
                make = jsonpath.intrinsic if asl in _TEXTS else jsonpath.path
                return {f"{asl}Path": make(expr, self.scope)}
        if not isinstance(value, Mapping):
            refuse(
                "template.object",
                f"{asl} must be an object in JSONPath, not {_said(value)}",
                'give it a name inside an object, or use JSONata: query_language="JSONata"',
            )
        done = self.templates().object(value)
        if asl == "ItemReader" and isinstance(done.get("ReaderConfig"), dict):
            done["ReaderConfig"] = _with_paths(done["ReaderConfig"])
        return {asl: _with_paths(done) if asl == "ItemBatcher" else done}

    def _path(self, asl: str, value: Any) -> Any:
        if value is None or (isinstance(value, str) and run_time(value) is None):
            return value
        expr = run_time(value)
        if expr is None:
            refuse("path.kind", f"{asl} is a path or a run-time value, not {value!r}")
        return (jsonpath.intrinsic if asl in ("ErrorPath", "CausePath") else jsonpath.path)(expr, self.scope)

    def _constant(self, asl: str, value: Any) -> Any:
        if run_time(value) is not None:
            refuse(
                "field.constant",
                f"{asl} must be constant, not a value known at run time",
                "it is part of the definition, which is written before anything runs",
            )
        return constant(_plain(value))

    def _jsonata(self, asl: str, field: Spelling, value: Any) -> dict[str, Any]:
        name = self.state._instead.get(asl, asl)
        if asl == "ItemsPath" and isinstance(value, Placeholder):
            name, field = "Items", _BY_ASL["Items"]
        elif name == asl and (asl in INSTEAD or asl.endswith("Path")):
            refuse(
                "jsonata.field",
                f"{asl} is a field of JSONPath states, and this one is JSONata",
                INSTEAD.get(asl, "give the run-time value to the field without Path"),
            )
        if field.kind == "path" and isinstance(value, str) and run_time(value) is None:
            return {name: "{% " + jsonata.translated(value) + " %}"}
        if field.kind in ("plain", "reference"):
            return {name: self._constant(asl, value)}
        return self.templates().member(name, value, raw=field.raw)

    # -- links

    def rule(self, index: int, target: str) -> dict[str, Any]:
        """One choice."""
        assert isinstance(self.state, Choice)
        option = self.state.options[index]
        done = self._own(option.given)
        try:
            if not self.jsonata:
                return {**jsonpath.rule(option.rule, self.scope), **done, "Next": target}
            given = option.rule
            text = given.value if isinstance(given, Const) else jsonata.wrap(given, self.scope)
            return {"Condition": text, **done, "Next": target}
        except Refusal as refusal:
            self.refused(refusal, option.source)
            return {"Next": target}

    def _own(self, given: Mapping[str, Any], assigns: Mapping[str, Any] = {}) -> dict[str, Any]:
        """Comment, Assign and Output of one way out."""
        done: dict[str, Any] = {}
        if given.get("comment") is not None:
            done["Comment"] = given["comment"]
        if assigns or given.get("assign") is not None:
            done["Assign"] = self.templates().object({**_object(given.get("assign")), **assigns}, raw=True)
        if given.get("output") is not None:
            done.update(self._guarded(lambda: self._field("Output", given["output"])))
        return done

    def retry(self, retry: Retry) -> dict[str, Any]:
        """One retrier; a limit that limits from the first wait on is worth a word."""
        done = retry.to_dict()
        first, limit = done.get("IntervalSeconds", 1), done.get("MaxDelaySeconds")
        if isinstance(first, int) and isinstance(limit, int) and limit <= first:
            self.build.ledger.notices.append(
                f"{retry.source}: MaxDelaySeconds of {limit} is not above IntervalSeconds of {first}, so every attempt "
                f"of {self.state.state_id!r} waits {limit} seconds"
            )
        return done

    def catcher(self, catch: Catch, target: str, error: str | None) -> dict[str, Any]:
        """One catcher; `error` is the variable that keeps what it catches."""
        done: dict[str, Any] = {"ErrorEquals": catch.given["error_equals"]}
        if "result_path" in catch.given:
            if self.jsonata:
                self.build.problem(
                    "jsonata.field",
                    f"{self.state.state_id!r}: result_path of a Catch is JSONPath's",
                    "read CaughtError() instead, or say output=",
                    source=catch.source,
                )
            done["ResultPath"] = catch.given["result_path"]
        own = self._own(catch.given, {} if error is None else {error: self._error()})
        return {**done, **own, "Next": target}

    def _error(self) -> dict[str, Any]:
        if self.jsonata:
            return {
                "State": "{% $states.context.State.Name %}",
                "Error": "{% $states.errorOutput.Error %}",
                "Cause": "{% $states.errorOutput.Cause %}",
            }
        return {"State.$": "$$.State.Name", "Error.$": "$.Error", "Cause.$": "$.Cause"}


def _with_paths(fields: dict[str, Any]) -> dict[str, Any]:
    done = {}
    for key, value in fields.items():
        name = key.removesuffix(".$")
        if name in _COUNTED and key != name:
            if value.startswith("States."):
                refuse("path.kind", f"{name} is a number or a path to one, and this value is put together")
            key = f"{name}Path"
        done[key] = value
    return done


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if run_time(value) is not None:
        refuse("field.constant", "Result is constant; a run-time value goes into parameters=")
    return value


def _said(value: Any) -> str:
    return (
        "a run-time value" if isinstance(value, Placeholder) else "a list" if isinstance(value, list) else repr(value)
    )


def ordered(state: dict[str, Any]) -> dict[str, Any]:
    """The fields in the order one reads a state."""
    rank = {name: index for index, name in enumerate(_ORDER)}
    return dict(sorted(state.items(), key=lambda item: rank.get(item[0], rank["Seconds"])))
