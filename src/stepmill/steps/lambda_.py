"""A step that calls a Lambda function, given by name or as a file and a handler.

In: a function and its payload. Out: a state that calls it. Touches: the function's file, to find the handler in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stepmill.assets import Asset, AssetError, pack_function
from stepmill.inputs import Placeholder
from stepmill.inputs.placeholders import remembered
from stepmill.inputs.templates import expressions

from .build import Build, requirement_lines
from .bundle import FunctionSource
from .permissions import checked
from .scripts import check_handler
from .state import Task


class LambdaStep(Task):
    """Calls a Lambda function.

    Args:
        state_id: the state's name.
        wait_for_callback: wait until somebody sends the task token back (not run on this machine).
        function: `"functions.py:notify"`, a file and the handler in it, which the pipeline brings along; or the name
            of a function that exists.
        payload: what the function is given; run-time values anywhere in it.
        parameters: `{"FunctionName": …, "Payload": …}`, instead of function and payload.
        timeout: seconds the function may take (60). memory: MB (128). environment: its variables.
        requirements: pip requirement lines, or a requirements file. dependencies: files, folders and modules beside it.
        source_dir: the folder the function's file is in, packed whole.
        permissions: what the function's code calls on AWS, for the policy of its role: `[{"Action": "s3:PutObject",
            "Resource": "arn:aws:s3:::${Bucket}/reports/*"}]`, an action or resource or a list of them each, and a
            Condition if need be. Its log is allowed without being said.
        fields: retry, catch, and the fields of `Task` except resource.
    """

    allowed = Task.allowed - {"resource"}

    def __init__(
        self,
        state_id: str,
        wait_for_callback: bool = False,
        *,
        function: str | None = None,
        payload: Any = None,
        timeout: float = 60,
        memory: int = 128,
        environment: Mapping[str, str] | None = None,
        requirements: Sequence[str] | str | None = None,
        dependencies: Sequence[Any] = (),
        source_dir: Any = None,
        permissions: Sequence[Mapping[str, Any]] = (),
        **fields: Any,
    ) -> None:
        super().__init__(state_id, **fields)
        if function is not None and not isinstance(function, str):
            raise TypeError(f'function= of {state_id!r} is text such as "functions.py:notify", not {function!r}')
        if function is None and payload is not None:
            raise TypeError(f"LambdaStep {state_id!r} has a payload but no function=")
        if function is not None and ("parameters" in fields or "arguments" in fields):
            raise TypeError(f"LambdaStep {state_id!r} has both function= and parameters=; give one of them")
        self.wait_for_callback, self.function, self.body = wait_for_callback, function, payload
        self.timeout, self.memory, self.environment = timeout, memory, dict(environment or {})
        self.requirements, self.dependencies, self.source_dir = requirements, tuple(dependencies), source_dir
        self.permissions = tuple(permissions)

    @property
    def payload(self) -> Placeholder:
        """What the function returned: `step.payload["train"]`."""
        return remembered(self.state_id, "payload")

    def _called(self) -> str:
        return f"lambda:invoke{'.waitForTaskToken' if self.wait_for_callback else ''}"

    def build(self, build: Build) -> dict[str, Any]:
        """The call."""
        fields = super().build(build)
        if self.function is not None:
            fields["Parameters"] = {"FunctionName": self._name(build, self.function)}
            if self.body is not None:
                fields["Parameters"]["Payload"] = self.body
        elif "Parameters" not in fields and "Arguments" not in fields:
            build.problem("function.missing", f"{self.state_id!r} calls no function", 'function="functions.py:handler"')
        return fields

    def _name(self, build: Build, function: str) -> str:
        file, colon, handler = function.rpartition(":")
        if function.startswith(("arn:", "${")) or not (colon and file.endswith(".py")):
            if function.endswith(".py"):
                build.problem(
                    "function.handler",
                    f"{self.state_id!r}: function={function!r} names a file but no handler in it",
                    f'write function="{function}:handler", with the name of the Python function',
                )
            return function
        base = build.base(self.source_dir if self.source_dir is not None else file)
        path = base / (self.source_dir or "") / file
        if path.is_file() and (path, handler) not in build.ledger.checked:  # one fault is told once
            build.ledger.checked.add((path, handler))
            check_handler(path, handler, build.used, build.problem)
        asset = self._asset(base, file, build)
        if asset is None:
            return function
        made = FunctionSource(
            name="",
            handler=f"{_module(file) if self.source_dir else Path(file).stem}.{handler}",
            asset=asset,
            timeout=self.timeout,
            memory=self.memory,
            environment=self._environment(build),
            requirements=self._requirements(base, build),
            file=str(path),
            permissions=checked(self.permissions, f"{self.state_id!r}", build.problem),
        )
        return build.ledger.function(path.resolve(), handler, made, self)

    def _asset(self, base: Path, file: str, build: Build) -> Asset | None:
        try:
            asset = pack_function(file, self.dependencies, self.source_dir, base=base)
        except AssetError as fault:
            build.problem(fault.code, f"{self.state_id!r}: the function's code: {fault.message}", fault.hint)
            return None
        build.ledger.keep([asset])
        return asset

    def _environment(self, build: Build) -> dict[str, str]:
        for name, value in self.environment.items():
            if not isinstance(value, str) or any(expressions(value)):
                build.problem(
                    "function.environment",
                    f"{self.state_id!r}: the function's variable {name} must be a constant text, not {value!r}",
                    "a function's environment is set when it is deployed; run-time values go into payload=",
                )
        return {name: str(value) for name, value in self.environment.items()}

    def _requirements(self, base: Path, build: Build) -> tuple[str, ...]:
        if self.requirements is None:
            return ()
        if not isinstance(self.requirements, str):
            return tuple(self.requirements)
        try:
            return requirement_lines(base / self.requirements)
        except (OSError, UnicodeDecodeError):
            build.problem(
                "file-missing",
                f"{self.state_id!r}: there is no requirements file {self.requirements!r}",
                "requirements= takes a list of requirement lines, or the path of a requirements file",
            )
            return ()


def _module(file: str) -> str:
    return Path(file).with_suffix("").as_posix().replace("/", ".")
