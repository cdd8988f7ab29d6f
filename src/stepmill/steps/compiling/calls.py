"""Whether what a Task calls is there, is given what it needs, and is told the task token when it must send one back.

In: a Task's fields, run-time values still in them. Out: problems of its state. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from stepmill.asl.operations import Operation, Service, find_service, nearest_service, source
from stepmill.inputs.expressions import Ref, references
from stepmill.inputs.templates import expressions
from stepmill.nearest import nearest
from stepmill.steps.aws_sdk import AwsSdkStep
from stepmill.steps.build import Build
from stepmill.steps.state import Task

_SDK = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:aws-sdk:([^:.]+):([^:.]+)(\..+)?")
_OPTIMISED = re.compile(r"arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:([a-z-]+):([A-Za-z0-9]+)(?:\..+)?")
# Optimised integrations whose parameters are those of the service's own operation, under the SDK's name of the service
_SAME = {"events": "eventbridge", "states": "sfn"} | {
    name: name
    for name in ("athena", "batch", "codebuild", "databrew", "dynamodb", "ecs", "glue", "lambda", "sns", "sqs")
}
_TOKEN = re.compile(r"\$\$(\.Task(\.Token)?|\['Task'\].*)?(?![A-Za-z.\[])|\$states\.context(\.Task|(?![.A-Za-z]))")


def check_call(build: Build) -> None:
    """Keep every problem of what a Task calls."""
    resource = build.fields.get("Resource")
    if not isinstance(resource, str):
        return
    if resource.endswith(".waitForTaskToken"):
        _check_token(build)
    if found := _SDK.fullmatch(resource):
        _Call(build, *found.groups()).check()
    elif (found := _OPTIMISED.fullmatch(resource)) and found[1] in _SAME:
        _Call(build, _SAME[found[1]], found[2], None).check_names()


def _given(build: Build) -> Any:
    return build.fields.get("Arguments", build.fields.get("Parameters"))


def _check_token(build: Build) -> None:
    given = _given(build)
    reads = (value for expr in expressions(given) for value in references(expr))
    if any(isinstance(value, Ref) and value.root == "context" and _leads_to_token(value.keys) for value in reads):
        return
    if hands_token_on(given):
        return
    said = f"{build.state.state_id!r} waits for its task token, but hands it to nobody, so it would wait for ever"
    if type(build.state) is Task:  # AWS takes it
        build.notice(said)
        return
    build.problem(
        "token.missing", said, 'put TaskToken() into what it is given, such as payload={"token": TaskToken()}'
    )


def hands_token_on(given: Any) -> bool:
    """Whether a request as ASL has it holds the task token, or the whole context object."""
    return any(_TOKEN.search(text) for text in _texts(given))


def _leads_to_token(keys: tuple[str | int, ...]) -> bool:
    return keys == ("Task", "Token")[: len(keys)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


class _Call:
    """One call through the AWS SDK. An `AwsSdkStep` may say only what the table has; a plain Task may be newer than the
    table, so of it only what is nearly right is a problem."""

    def __init__(self, build: Build, service: str, operation: str, pattern: str | None) -> None:
        self.build, self.service, self.operation, self.pattern = build, service, operation, pattern
        self.strict = isinstance(build.state, AwsSdkStep)

    def check(self) -> None:
        if self.pattern not in (None, ".waitForTaskToken"):
            self.wrong(
                "call.pattern",
                f"waits by {self.pattern}, which AWS SDK integrations do not have",
                "they answer at once or, with .waitForTaskToken, when the token is sent back",
            )
        service = find_service(self.service)
        if service is None:
            self.unknown("call.service", f"calls {self.service!r}, no service that Step Functions knows",
                         nearest_service(self.service))  # fmt: skip
            return
        if not service.listed:
            self.build.notice(
                f"{self.build.state.state_id!r} calls {self.service}, which the Step Functions guide of spring 2025 "
                "does not list among the AWS SDK integrations"
            )
        operation = service.operation(self.operation)
        if operation is None:
            said = f"calls {self.operation!r}, no operation of {self.service}"
            self.unknown("call.operation", said, nearest(self.operation, service.names))
        elif not operation.callable:
            self.wrong("call.operation", f"calls {self.service}:{self.operation}, which Step Functions cannot call",
                       _instead(service, self.operation))  # fmt: skip
        else:
            self.parameters(operation)

    def check_names(self) -> None:
        """Of an optimised integration, only what is nearly a parameter's name."""
        service = find_service(self.service)
        operation = service.operation(self.operation) if service else None
        given = _given(self.build)
        if operation is not None and isinstance(given, Mapping):
            self.names([_name(key) for key in given], operation)

    def names(self, names: list[str], operation: Operation) -> None:
        for name in names:
            if name not in operation.parameters:
                guess = nearest(name, [other for other in operation.parameters if other not in names], 0.75)
                said = f"gives {name!r} to {self.service}:{self.operation}, which has no such parameter"
                self.unknown("call.parameter", said, guess, f"it has {', '.join(operation.parameters) or 'none'}")

    def parameters(self, operation: Operation) -> None:
        given = _given(self.build)
        if not isinstance(given, Mapping):
            return  # the state's input, or a run-time value: known only when the execution runs
        names = [_name(key) for key in given]
        self.names(names, operation)
        missing = sorted(operation.required.difference(names))
        if missing and (self.strict or given):
            said = f"does not give {' and '.join(missing)} to {self.service}:{self.operation}"
            self.wrong("call.required", said, f"{self.operation} cannot do without")

    def unknown(self, code: str, said: str, guess: str | None, otherwise: str = "") -> None:
        newer = f"our table is that of {source()}; for what is newer write Task(resource=…)"
        if guess is not None:
            self.wrong(code, said, f"did you mean {guess!r}?")
        elif self.strict:
            self.wrong(code, said, otherwise or newer)
        else:
            self.build.notice(f"{self.build.state.state_id!r} {said} in the table of {source()}")

    def wrong(self, code: str, said: str, hint: str) -> None:
        self.build.problem(code, f"{self.build.state.state_id!r} {said}", hint)


def _name(key: Any) -> str:
    return str(key).removesuffix(".$")  # in JSONata too, where the ending itself is told as a fault


def _instead(service: Service, operation: str) -> str:
    guess = nearest(operation, service.names)
    return f"{guess!r} can be called; is it meant?" if guess else "see the guide's page on AWS SDK integrations"
