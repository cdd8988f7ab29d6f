"""TestState: one state of a definition, run by itself.

In: requests as boto3 spells them. Out: responses. Touches: what a task touches that is not mocked; nothing is kept.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html; wordings are recorded from AWS where
a test of ours says so, and else our own.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol

from stepmill.asl import timestamps
from stepmill.asl.checks import TARGET
from stepmill.asl.definition import Definition, walk_states
from stepmill.asl.integrations import UnknownIntegration, integration
from stepmill.asl.places import HERE
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.scope import Scope
from stepmill.clock import Clock
from stepmill.engine.blocks import compile_state
from stepmill.engine.signals import Act, Failed, Finished, Signal, act_name
from stepmill.engine.states import State
from stepmill.engine.tasks import TaskState
from stepmill.services.operations import Response, ServiceError, invalid, operation, unbounded, unmet
from stepmill.services.states import mocks
from stepmill.services.states.executions import input_text
from stepmill.services.states.machines import refused_definition
from stepmill.services.states.trial import LONGEST, Failure, Given, Trial

_ALONE: Final = "StateName"  # what AWS calls a state that is tested without a machine
_LEVELS: Final = ("INFO", "DEBUG", "TRACE")
_LIMIT: Final = 262_144  # characters of each text
_LOOSE: Final = frozenset({TARGET, "MISSING_END_STATE"})
# Of the context object, what AWS checks when a test brings its own.
_CONTEXT: Final[dict[tuple[str, ...], tuple[type | tuple[type, ...], str]]] = {
    ("Execution",): (dict, "an object"),
    ("Execution", "Id"): (str, "a string"),
    ("Execution", "Input"): (dict, "an object"),
    ("Execution", "Name"): (str, "a string"),
    ("Execution", "RoleArn"): (str, "a string"),
    ("Execution", "StartTime"): (str, "a string"),
    ("Execution", "RedriveCount"): ((int, float), "a number"),
    ("Execution", "RedriveTime"): (str, "a string"),
    ("State",): (dict, "an object"),
    ("State", "EnteredTime"): (str, "a string"),
    ("State", "Name"): (str, "a string"),
    ("State", "RetryCount"): ((int, float), "a number"),
    ("StateMachine",): (dict, "an object"),
    ("StateMachine", "Id"): (str, "a string"),
    ("StateMachine", "Name"): (str, "a string"),
    ("Task",): (dict, "an object"),
    ("Task", "Token"): (str, "a string"),
    ("Map",): (dict, "an object"),
    ("Map", "Item"): (dict, "an object"),
    ("Map", "Item", "Index"): ((int, float), "a number"),
}


class Performer(Protocol):
    """What performs a task: `services.tasks.Tasks`."""

    def perform(self, act: Act, signal: Callable[[Signal], None]) -> None:
        """Begin it."""

    def settled(self, act: Act) -> None:
        """Its outcome is known here."""


class Trials:
    """Tests of single states. A task that is not mocked is performed for real; a Wait is not waited for."""

    def __init__(self, tasks: Performer, clock: Clock, *, region: str, account: str) -> None:
        self._tasks = tasks
        self._clock = clock
        self._scope = f"arn:aws:states:{region}:{account}"

    @operation("TestState", "definition")
    def test_state(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Run one state with an input, and tell what came out and, from inspectionLevel DEBUG on, what was between.

        Raises ServiceError: InvalidDefinition, InvalidExecutionInput, ValidationException.
        """
        _constrained(request)
        mock, config = request.get("mock"), request.get("stateConfiguration") or {}
        state, kind = _state(request, mocked=mock is not None)
        if isinstance(state, TaskState) and mock is None:
            if not request.get("roleArn"):
                raise _refused("RoleArn must be specified when testing a Task state")
            _needs_no_mock(state.resource)
        result = mocks.checked(state, kind, mock, bool(request.get("revealSecrets")))
        error = (mock or {}).get("errorOutput")
        text = input_text(request.get("input", "{}"))
        entered, variables = json.loads(text), _object(request.get("variables"), "variables")
        arn = f"{self._scope}:express:{uuid.uuid4()}:{uuid.uuid4()}"
        now = self._clock.now()
        scope = Scope(entered, entered, self._context(request, kind, arn, entered, now), variables, now=now)
        given = Given(
            mocked=mock is not None,
            result=result,
            failure=None if error is None else Failure(error.get("error") or "", error.get("cause")),
            tries=int(config.get("retrierRetryCount") or 0),
            failures=int(config.get("mapIterationFailureCount") or 0),
            data=config.get("mapItemReaderData"),
        )
        trial = Trial(state, scope, given, lambda task, asked, terms: self._perform(arn, task, asked, terms))
        answer = trial.run()
        if (request.get("inspectionLevel") or "INFO") != "INFO":
            answer["inspectionData"] = {"input": text, **trial.inspection()}
        return answer

    def _context(self, request: Mapping[str, Any], kind: str, arn: str, data: Any, now: float) -> dict[str, Any]:
        if request.get("context") is not None:
            given = _object(request["context"], "context")
            for path, (types, said) in _CONTEXT.items():
                value: Any = given
                for key in path:
                    value = value.get(key) if isinstance(value, dict) else None
                if value is not None and (isinstance(value, bool) or not isinstance(value, types)):
                    raise _refused(f"Invalid Context object provided: {'.'.join(path)} must be {said}")
            return given
        machine, name = arn.split(":")[6:]
        moment = timestamps.render(now)
        retried = {"RetryCount": 0} if kind in ("Task", "Map", "Parallel") else {}
        return {
            "Execution": {
                "Id": arn,
                "Input": data,
                "Name": name,
                "RoleArn": request.get("roleArn"),
                "StartTime": moment,
            },
            "StateMachine": {"Id": f"{self._scope}:stateMachine:{machine}", "Name": machine},
            "State": {"Name": _ALONE, "EnteredTime": moment, **retried},
        }

    def _perform(self, arn: str, state: TaskState, parameters: Any, terms: Mapping[str, Any]) -> Any:
        seconds = min(LONGEST, terms.get("timeoutInSeconds") or LONGEST)
        now = self._clock.now()
        act = Act(act_name(arn, 1), arn, state.name, state.resource, parameters, False, now, seconds)
        told: list[Signal] = []
        done = threading.Event()

        def hear(signal: Signal) -> None:
            if isinstance(signal, Finished | Failed):
                told.append(signal)
                done.set()

        self._tasks.perform(act, hear)
        if not done.wait(seconds):
            raise Failure("States.Timeout", None)
        self._tasks.settled(act)
        outcome = told[0]
        if isinstance(outcome, Failed):
            raise Failure(outcome.error or "", outcome.cause)
        assert isinstance(outcome, Finished)
        return outcome.output


def _constrained(request: Mapping[str, Any]) -> None:
    problems: list[str] = []
    level = request.get("inspectionLevel")
    if level is not None and level not in _LEVELS:
        problems.append(unmet(level, "inspectionLevel", f"satisfy enum value set: [{', '.join(_LEVELS)}]"))
    mock, config = request.get("mock") or {}, request.get("stateConfiguration") or {}
    texts = {
        "variables": request.get("variables"),
        "context": request.get("context"),
        "mock.result": mock.get("result"),
        "stateConfiguration.mapItemReaderData": config.get("mapItemReaderData"),
    }
    for member, text in texts.items():
        if text is not None and len(str(text)) > _LIMIT:
            problems.append(f"Value at '{member}' failed to satisfy constraint: {_most(_LIMIT)}")
    for member in ("retrierRetryCount", "mapIterationFailureCount"):
        problems += unbounded(config.get(member), f"stateConfiguration.{member}", 0, 1 << 31)
    if problems:
        raise invalid(*problems)


def _most(limit: int) -> str:
    return f"Member must have length less than or equal to {limit}"


def _state(request: Mapping[str, Any], *, mocked: bool) -> tuple[State, str]:
    """The state to test, compiled, and its type."""
    name, text = request.get("stateName"), str(request["definition"])
    try:
        if name is None and _is_json(text):
            text = f'{{"StartAt":"{_ALONE}","States":{{"{_ALONE}":{text}}}}}'
        definition = Definition.parse(text).json
    except InvalidDefinition as fault:
        # A state alone leads nowhere; and what a mock answers need not be something that runs on this machine.
        ignored = (_LOOSE if name is None else frozenset()) | ({HERE} if mocked else set())
        lacking = [problem for problem in fault.problems if problem.code not in ignored]
        if lacking:
            raise refused_definition(InvalidDefinition(lacking)) from None
        definition = json.loads(text)
    outer = str(definition.get("QueryLanguage", "JSONPath"))
    found = dict(_named(definition)).get(name or _ALONE)
    if found is None:
        raise _refused("State not found in definition")
    return compile_state(name or _ALONE, found, outer), str(found["Type"])


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _named(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for _, name, state in walk_states(definition):
        yield name, state


def _needs_no_mock(resource: str) -> None:
    try:
        if integration(resource).pattern == "request":
            return
    except UnknownIntegration:  # an activity, since all others were found before
        pass
    raise ServiceError(
        "InvalidDefinition",
        "TestState API supports activities and the .sync and .waitForTaskToken service integration patterns only when "
        "a mock is specified",
    )


def _object(text: str | None, what: str) -> dict[str, Any]:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict):
        said = "Context object" if what == "context" else what
        raise _refused(f"Invalid {said} provided: must be a JSON object")
    return value


def _refused(words: str) -> ServiceError:
    return ServiceError("ValidationException", words)
