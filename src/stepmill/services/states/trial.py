"""One state by itself, with what its data is between the filters.

In: a compiled state, what its expressions see, a mock or a way to perform a task. Out: what TestState answers. Touches:
nothing itself.

The filters are those of executions, which tell of the values between them. Which values are told of each type of state
is recorded from AWS, or else from
https://docs.aws.amazon.com/step-functions/latest/apireference/API_InspectionData.html.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.scope import MISSING, Scope
from stepmill.asl.text import dumps
from stepmill.engine.blocks import MapState, ParallelState
from stepmill.engine.data import with_data
from stepmill.engine.distributed import DistributedMapState
from stepmill.engine.retry import choose
from stepmill.engine.states import ChoiceState, FailState, PassState, State, WaitState
from stepmill.engine.tasks import TaskState
from stepmill.services.map_runs import batching, formats
from stepmill.services.map_runs.formats import ReaderFault
from stepmill.services.map_runs.limits import EXCEEDED, READER_FAILED, THRESHOLD, exceeds
from stepmill.services.operations import Response, ServiceError

LONGEST: Final = 300.0
"""Seconds that a test may take (API reference, TestState)."""


class Failure(Exception):
    """A task that failed; `cause` is None when there is none."""

    def __init__(self, error: str, cause: str | None) -> None:
        super().__init__(error)
        self.error = error
        self.cause = cause


class Given(NamedTuple):
    """What a test says beside the state and its input. `result` is the mocked one, `failure` the mocked error.

    failures: of a Map's iterations. data: what an ItemReader would read. tries: retries so far."""

    mocked: bool = False
    result: Any = None
    failure: Failure | None = None
    tries: int = 0
    failures: int = 0
    data: str | None = None


Perform = Callable[[TaskState, Any, Mapping[str, Any]], Any]
"""Asks what a task asks, with its parameters and terms → its result; raises Failure."""


class Trial:
    """One test of one state. `scope` is what expressions see when the state is entered."""

    def __init__(self, state: State, scope: Scope, given: Given, perform: Perform) -> None:
        self._state = state
        self._scope = scope
        self._given = given
        self._perform = perform
        self.inspected: dict[str, Any] = {}
        self._variables = dict(scope.variables)

    def run(self) -> Response:
        """`status` and what goes with it. Raises ServiceError for a test that AWS would not make."""
        try:
            output, assigned, next_ = self._work()
        except StatesError as fault:
            return self._failed(Failure(fault.error, fault.cause))
        except Failure as failure:
            return self._failed(failure)
        return {"status": "SUCCEEDED", **self._left(output, assigned, next_)}

    def _left(self, output: Any, assigned: Mapping[str, Any] | None, next_: str | None) -> Response:
        self._variables |= assigned or {}
        return {"output": dumps(output), **({"nextState": next_} if next_ else {})}

    def inspection(self) -> Response:
        """`inspectionData`: what was noted, as JSON texts, and the variables as the state leaves them."""
        shown = {
            name: value if name in _AS_THEY_ARE else dumps(value) for name, value in self.inspected.items()
        }  # fmt: skip
        return shown | ({"variables": dumps(self._variables)} if self._variables else {})

    def _note(self, name: str, value: Any) -> None:
        self.inspected[name] = value

    def _work(self) -> tuple[Any, Mapping[str, Any] | None, str | None]:
        """Output, assigned variables, next state."""
        state, scope = self._state, self._scope
        match state:
            case TaskState():
                result = self._task(state)
            case MapState():
                result = self._map(state)
            case ParallelState():
                result = self._mocked()
            case PassState():
                output, assigned = state.completion(scope, state.result(scope, self._note), note=self._note)
                return output, assigned, state.next
            case ChoiceState():
                self._data(state)
                next_, output, assigned = state.choose(scope)
                return output, assigned, next_
            case FailState():
                self._data(state)
                error, cause = state.outcome(scope)
                raise Failure(error or "", cause)
            case _:
                data = self._data(state)
                if isinstance(state, WaitState):
                    now = scope.now or 0.0
                    if state.until(state.read(scope), now) > now + LONGEST:
                        raise Failure(errors.TIMEOUT, None)
                output, assigned = state.completion(scope, data)
                return output, assigned, state.next
        output, assigned = state.completion(scope, result, shown=result, note=self._note)
        return output, assigned, state.next

    def _data(self, state: State) -> Any:
        """The input as InputPath leaves it."""
        data = state.entry.data(self._scope)
        if state.language != "JSONata":
            self._note("afterInputPath", data)
        return data

    def _mocked(self) -> Any:
        if self._given.failure is not None:
            raise self._given.failure
        return self._given.result

    def _task(self, state: TaskState) -> Any:
        parameters = state.entry.arguments(self._scope, self._note)
        terms = state.terms(self._scope)
        result = self._mocked() if self._given.mocked else self._perform(state, parameters, terms)
        self._note("result", result)
        return result

    def _map(self, state: MapState) -> Any:
        data = self._data(state)
        scope = with_data(self._scope, data)
        items = self._items(state, scope)
        if self._given.failures > len(items):
            words = "Map iteration failure count must be less than or equal to the number of Map iterations"
            raise ServiceError("ValidationException", words)
        self._inputs(state, scope, items)
        self._note("maxConcurrency", state.asked(scope))
        tolerance = state.tolerance(scope)
        if "ToleratedFailureCount" in tolerance:
            self._note("toleratedFailureCount", tolerance["ToleratedFailureCount"])
        if "ToleratedFailurePercentage" in tolerance:
            self._note("toleratedFailurePercentage", float(tolerance["ToleratedFailurePercentage"]))
        result = self._mocked()
        count, percentage = (tolerance.get(f"ToleratedFailure{kind}") for kind in ("Count", "Percentage"))
        if exceeds(self._given.failures, len(items), count, percentage):
            raise Failure(EXCEEDED, THRESHOLD)
        return result

    def _items(self, state: MapState, scope: Scope) -> list[Any]:
        if not state.reads:
            items = state.items(scope)
            if state.language != "JSONata":
                self._note("afterItemsPath", items)
            return items
        if self._given.data is None:
            words = "ItemReader data must be specified when testing a Map state with ItemReader specified."
            raise ServiceError("ValidationException", words)
        assert isinstance(state, DistributedMapState)
        reader = state.plan(scope)["reader"]
        source = reader["from"]
        try:
            if "fault" in reader:
                raise ReaderFault(reader["fault"])
            if reader["resource"].endswith(":listObjectsV2"):
                items = list(json.loads(self._given.data))
            else:
                body = io.BytesIO(self._given.data.encode())
                items = list(formats.items(body, str(source.get("Key", "")), reader["config"]))
        except (ReaderFault, ValueError, TypeError) as fault:
            raise Failure(READER_FAILED, str(fault)) from None
        if "ItemsPointer" in reader["config"]:
            self._note("afterItemsPointer", items)
        return items[: reader["most"]] if reader["most"] else items

    def _inputs(self, state: MapState, scope: Scope, items: list[Any]) -> None:
        """What the iterations would be given."""
        if state.selects:
            context = scope.context
            chosen = []
            for index, item in enumerate(items):
                seen = with_data(scope, scope.data)
                seen.context = {**context, "Map": {"Item": {"Index": index, "Value": item}}}
                chosen.append(state.item_input(seen, item))
            self._note("afterItemSelector", chosen)
        if isinstance(state, DistributedMapState) and state.batches:
            told = {
                "plan": {"batcher": state.plan(scope)["batcher"]},
                "selector": state.selector,
                "batchInput": state.batch_input,
                "language": state.language,
                "scope": {
                    "data": scope.data,
                    "input": scope.input,
                    "context": scope.context,
                    "variables": scope.variables,
                },
            }
            self._note("afterItemBatcher", [json.loads(one.text) for one in batching.inputs(items, told)])

    def _failed(self, failure: Failure) -> Response:
        """Retried, caught, or failed for good."""
        state = self._state
        told = {"error": failure.error, "cause": failure.cause}
        answer: Response = {name: text for name, text in told.items() if text is not None}
        details: dict[str, Any] = {}
        index = next((at for at, one in enumerate(state.retriers) if one.applies(failure.error)), None)
        if index is not None:
            details["retryIndex"] = index
            tries = {index: self._given.tries}
            if choose(state.retriers, tries, failure.error) is not None:
                delay = state.retriers[index].due(0.0, self._given.tries, lambda: 1.0)
                details["retryBackoffIntervalSeconds"] = int(delay)
                self._note("errorDetails", details)
                return {**answer, "status": "RETRIABLE"}
        answer["status"] = "FAILED"
        for at, catcher in enumerate(state.catchers):
            if catcher.applies(failure.error):
                details["catchIndex"] = at
                shown = {"Error": failure.error, "Cause": failure.cause or ""}
                seen = with_data(self._scope, self._scope.data, MISSING)
                seen.error_output = shown
                try:
                    output, assigned = catcher.completion(seen, shown)
                except StatesError as fault:
                    answer |= {"error": fault.error, "cause": fault.cause}
                    break
                answer |= {"status": "CAUGHT_ERROR", **self._left(output, assigned, catcher.next)}
                break
        if details:
            self._note("errorDetails", details)
        return answer


_AS_THEY_ARE: Final = frozenset(
    {"errorDetails", "maxConcurrency", "toleratedFailureCount", "toleratedFailurePercentage"}
)
