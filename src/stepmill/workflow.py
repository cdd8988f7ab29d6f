"""What a user holds: a Workflow, and the Executions it starts.

In: a definition written with `stepmill.steps`. Out: a state machine and its executions, on the stage it talks to.
Touches: nothing itself; the local stage through `stepmill.local`, another through the client it was given.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.stage import load_settings

if TYPE_CHECKING:
    from stepmill.local import Local
    from stepmill.steps.bundle import Bundle

__all__ = ["Execution", "Workflow", "loading"]

_Call = Callable[[str, dict[str, Any]], dict[str, Any]]
_loading = threading.local()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While a pipeline file is imported to be run, nothing in it may start anything: `create` and `execute` raise."""
    _loading.now = True
    try:
        yield
    finally:
        _loading.now = False


def _refuse_on_import(verb: str) -> None:
    if getattr(_loading, "now", False):
        raise RuntimeError(
            f"{verb}() was called while the file was being loaded; "
            'put it under `if __name__ == "__main__":`, and let `stepmill run` do it'
        )


class Workflow:
    """A state machine, written in Python.

    name: 1 to 80 characters, as AWS allows. definition: a state or a Chain; the machine starts there and holds what can
    be reached from it. role: ARN of the machine's role; left out, one is made (shape only on this machine).
    query_language: "JSONPath" or "JSONata"; left out, it is JSONPath, as in ASL. comment, timeout_seconds, version: the
    machine's own fields. substitutions: names in `${…}` that your own deployment fills in, besides Stepmill's.
    tags: as for CreateStateMachine, a list of `{"key": …, "value": …}`. execution_input: the ExecutionInput, in case no
    step reads it. client: a boto3 `stepfunctions` client; without one the workflow talks to its
    stage. stage: "local" unless named here or by STEPMILL_STAGE; never AWS because credentials happen to exist.
    """

    def __init__(
        self,
        name: str,
        definition: Any,
        role: str | None = None,
        tags: list[dict[str, str]] | None = None,
        execution_input: Any = None,
        client: Any = None,
        *,
        query_language: str | None = None,
        comment: str | None = None,
        timeout_seconds: int | None = None,
        version: str | None = None,
        substitutions: Collection[str] = (),
        stage: str | None = None,
    ) -> None:
        from stepmill.steps.source import here

        self.name = name
        self.role = role
        self.tags = list(tags or ())
        self.execution_input = execution_input
        self.state_machine_arn: str | None = None
        self._source = str(here())
        self._definition = _entry(name, definition)
        self._client = client
        self._stage = stage
        self._query_language = query_language
        self._comment = comment
        self._timeout_seconds = timeout_seconds
        self._version = version
        self._substitutions = tuple(substitutions)
        self._bundle: Bundle | None = None
        self._local: Local | None = None

    def __repr__(self) -> str:
        return f"Workflow({self.name!r})"

    # what it is

    def bundle(self) -> Bundle:
        """The Definition and what it needs, compiled once. Raises InvalidDefinition with every Problem in it."""
        if self._bundle is None:
            from stepmill import steps

            self._bundle = steps.compile(
                self.name,
                self._definition,
                query_language=self._query_language,
                comment=self._comment,
                timeout_seconds=self._timeout_seconds,
                version=self._version,
                execution_input=self.execution_input,
                substitutions=self._substitutions,
                source=self._source,
            )
        return self._bundle

    @property
    def definition(self) -> DefinitionText:
        """The Amazon States Language of this workflow, before names such as `${Bucket}` are filled in."""
        return DefinitionText(self.bundle().template)

    # where it lives

    def use(self, local: Local) -> Workflow:
        """Talk to this store from now on, instead of the one that the settings name."""
        self._local = local
        return self

    @property
    def local(self) -> Local:
        """The store this workflow talks to, when its stage is this machine."""
        if self._local is None:
            from stepmill.local import open_local

            settings = load_settings(stage=self._stage)
            if settings.stage != "local":
                raise ValueError(
                    f"workflow {self.name!r}: the stage {settings.stage!r} lies on AWS, which this version does not "
                    "deploy to yet; use the stage local, or give a boto3 client as client="
                )
            self._local = open_local(settings)
        return self._local

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if self._client is not None:
            return _over(self._client)(operation, request)
        return self.local.call("states", operation, request)

    # what it does

    def create(self) -> str:
        """Make the state machine. Out: its ARN.

        On this machine it is brought to this very definition, its code stored, its environments built. With a client,
        a machine of that name that has another definition is left as it is (the old SDK's rule): use `update`.
        Raises InvalidDefinition.
        """
        _refuse_on_import("create")
        if self._client is None:
            self.state_machine_arn = self.local.deploy(self.bundle(), self.role)
            return self.state_machine_arn
        try:
            answer = self._call("CreateStateMachine", self._request() | {"name": self.name, "tags": self.tags})
            self.state_machine_arn = str(answer["stateMachineArn"])
        except self._client.exceptions.StateMachineAlreadyExists as refusal:
            self.state_machine_arn = str(refusal).split("'")[1]
        return self.state_machine_arn

    def update(self, definition: Any = None, role: str | None = None) -> str:
        """Give the state machine another definition or role. Out: its ARN. Executions that run keep theirs."""
        _refuse_on_import("update")
        if definition is not None:
            self._definition, self._bundle = _entry(self.name, definition), None
        self.role = role or self.role
        if self._client is None:
            return self.create()
        if self.state_machine_arn is None:
            raise RuntimeError(f"workflow {self.name!r} is not on AWS yet: call create() first")
        self._call("UpdateStateMachine", self._request() | {"stateMachineArn": self.state_machine_arn})
        return self.state_machine_arn

    def execute(self, name: str | None = None, inputs: Any = None) -> Execution:
        """Start an execution and return at once.

        inputs: what the execution's input is, as a JSON value (default `{}`), checked against the schema of the
        ExecutionInput: a wrong type or an unknown key raises InvalidDefinition. On this machine the process that hosts
        the engine stays until its executions end.
        """
        _refuse_on_import("execute")
        given = {} if inputs is None else inputs
        problems = self.bundle().manifest.schema.check(given)
        if problems:
            raise InvalidDefinition(tuple(problems))
        if self.state_machine_arn is None:
            self.create()
        request = {"stateMachineArn": self.state_machine_arn, "input": json.dumps(given, ensure_ascii=False)}
        answer = self._call("StartExecution", request | ({"name": name} if name else {}))
        if self._client is None:
            self.local.stay()
        return Execution(str(answer["executionArn"]), self._call, self._local)

    def list_executions(self, max_items: int = 100, status_filter: str | None = None) -> list[Execution]:
        """The executions of this state machine, newest first, at most `max_items`.

        status_filter: RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED.
        """
        request: dict[str, Any] = {"stateMachineArn": self._arn(), "maxResults": min(max_items, 1000)}
        answer = self._call("ListExecutions", request | ({"statusFilter": status_filter} if status_filter else {}))
        return [Execution(row["executionArn"], self._call, self._local) for row in answer["executions"][:max_items]]

    def delete(self) -> None:
        """Delete the state machine; what it ran stays readable."""
        self._call("DeleteStateMachine", {"stateMachineArn": self._arn()})
        self.state_machine_arn = None

    @classmethod
    def attach(cls, state_machine_arn: str, client: Any = None, *, stage: str | None = None) -> Workflow:
        """A Workflow for a state machine that exists already, with the definition it has. It is executed, not compiled.

        Raises ServiceError (StateMachineDoesNotExist, InvalidArn), or boto3's ClientError with a client.
        """
        workflow = cls(state_machine_arn.rpartition(":")[2], None, client=client, stage=stage)
        found = workflow._call("DescribeStateMachine", {"stateMachineArn": state_machine_arn})
        from stepmill.steps.bundle import Bundle

        workflow.name, workflow.role = found["name"], found["roleArn"]
        workflow._bundle = Bundle(found["name"], found["definition"])
        workflow.state_machine_arn = state_machine_arn
        return workflow

    def _request(self) -> dict[str, Any]:
        if self.role is None:
            problem = Problem(f"Workflow({self.name!r})", "no-role", "AWS needs a role to create a state machine with")
            raise InvalidDefinition((problem,))
        return {"definition": self.bundle().template, "roleArn": self.role}

    def _arn(self) -> str:
        return self.state_machine_arn or self.create()


def _entry(name: str, definition: Any) -> Any:
    """A workflow's definition, refused on the line that gives it when it is none."""
    from stepmill.steps.state import first

    try:
        first(definition)
    except TypeError:
        raise TypeError(
            f"the definition of {name!r} is a {type(definition).__name__}: give a step or a Chain of steps"
        ) from None
    return definition


class DefinitionText:
    """A definition's text, read as JSON in two ways. text: Amazon States Language."""

    def __init__(self, text: str) -> None:
        self._text = text

    def to_dict(self) -> dict[str, Any]:
        """The definition as Python values."""
        value: dict[str, Any] = json.loads(self._text)
        return value

    def to_json(self, pretty: bool = False) -> str:
        """The definition's text; `pretty` indents it by four."""
        return json.dumps(self.to_dict(), indent=4, ensure_ascii=False) if pretty else self._text

    def __str__(self) -> str:
        return self.to_json(pretty=True)


class Execution:
    """One run of a state machine, as `Workflow.execute` and `list_executions` give it.

    arn: its ARN; `name` is the last part. call: `(operation, request) → response` of Step Functions. local: the Local
    it lives in; None for one on AWS. Every method asks anew and raises ServiceError (or boto3's ClientError) with AWS's
    code when it is refused.
    """

    def __init__(self, arn: str, call: _Call, local: Local | None = None) -> None:
        self.arn = arn
        self.name = arn.rpartition(":")[2]
        self._call = call
        self._local = local

    def __repr__(self) -> str:
        return f"Execution({self.arn!r})"

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return str(self.describe()["status"])

    def describe(self) -> dict[str, Any]:
        """DescribeExecution's answer."""
        return self._call("DescribeExecution", {"executionArn": self.arn})

    def get_input(self) -> Any:
        """The execution's input."""
        return json.loads(self.describe()["input"])

    def get_output(self, wait: bool = False) -> Any:
        """The execution's output; None while it runs (`wait=True` waits for its end) and when it failed."""
        if wait:
            self.wait()
        output = self.describe().get("output")
        return None if output is None else json.loads(output)

    def list_events(self, max_items: int = 100, reverse_order: bool = False) -> list[dict[str, Any]]:
        """The first `max_items` events in AWS's words; the last ones with `reverse_order`."""
        events: list[dict[str, Any]] = []
        request: dict[str, Any] = {"executionArn": self.arn, "reverseOrder": reverse_order}
        while len(events) < max_items:
            page = self._call("GetExecutionHistory", request | {"maxResults": min(1000, max_items - len(events))})
            events += page["events"]
            if "nextToken" not in page:
                break
            request["nextToken"] = page["nextToken"]
        return events

    def stop(self, cause: str | None = None, error: str | None = None) -> dict[str, Any]:
        """Abort the execution; the job it waits for is stopped with its grace. Out: `{"stopDate": seconds}`.

        cause, error: what the execution's end says. One that has ended already stays as it is.
        """
        given = {key: value for key, value in (("cause", cause), ("error", error)) if value is not None}
        return self._call("StopExecution", {"executionArn": self.arn, **given})

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the end. False when `timeout` seconds passed first; without one it waits for ever.

        Raises RuntimeError for an execution that is not on this machine.
        """
        if self._local is None:
            raise RuntimeError("waiting is for executions of this machine; ask describe() for one on AWS")
        return self._local.wait(self.arn, timeout)


def _over(client: Any) -> _Call:
    """`call` for a boto3 client: CreateStateMachine is its create_state_machine."""

    def call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        answer: dict[str, Any] = getattr(client, snake)(**request)
        return answer

    return call
