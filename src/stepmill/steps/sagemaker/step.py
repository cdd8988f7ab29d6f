"""What all steps share that send SageMaker a request.

In: what a step says. Out: a state that sends the request. Touches: the scripts named, to see that they parse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import Ref, references
from stepmill.inputs.placeholders import remembered
from stepmill.inputs.rendering import Language, refuse
from stepmill.inputs.templates import expressions
from stepmill.sagemaker.requests import Built, Place
from stepmill.steps.build import Build
from stepmill.steps.scripts import check_script
from stepmill.steps.state import Task


class SageMakerStep(Task):
    """A step that sends SageMaker one request.

    Args:
        state_id: the state's name.
        name: what the request makes is named so; left out, every attempt of every execution gets a name of its own.
        parameters: joined to the request, object by object, and stronger than it.
        fields: retry, catch, and the fields of `Task` except resource and arguments.
    """

    allowed = Task.allowed - {"resource", "arguments"}
    _longest = 63

    def __init__(self, state_id: str, name: Any, parameters: Any = None, **fields: Any) -> None:
        super().__init__(state_id, **fields)
        if parameters is not None and not isinstance(parameters, Mapping):
            raise TypeError(
                f"parameters= of {state_id!r} is an object that is joined to the request, not {parameters!r}"
            )
        self._name, self._joined = name, parameters
        self._whole: Any = None

    # -- what a step says of itself

    def described(self) -> Sequence[Any]:
        """The descriptions of things that run in an image."""
        return ()

    def _base(self) -> Any:
        """What names start with, when the description says so."""
        return None

    def _paths(self) -> list[Any]:
        """The local paths that say which folder is meant."""
        return []

    def _build(self, place: Place, parameters: Any) -> Built:
        raise NotImplementedError

    def _scripts(self, base: Path) -> Sequence[Path]:
        """The scripts that must parse."""
        return ()

    # -- the state

    def update_parameters(self, params: Any) -> None:
        """Replace the whole request by `params`."""
        self._whole = params

    @property
    def parameters(self) -> Any:
        """What was given to be joined to the request, or what replaced it."""
        return self._joined if self._whole is None else self._whole

    @parameters.setter
    def parameters(self, params: Any) -> None:
        self.update_parameters(params)

    def build(self, build: Build) -> dict[str, Any]:
        """The request as the state's parameters."""
        if self._whole is not None:
            build.request = self._whole
            return {**super().build(build), "Parameters": self._whole}
        place = build.place(self._name, self._base(), *self._paths(), longest=self._longest)
        images = tuple(build.image(each) for each in self.described())
        place = replace(place, images=images, image=images[0] if images else place.image)
        built = self._build(place, self._joined)
        for code, message, hint in built.problems:
            build.problem(code, f"{self.state_id!r}: {message}", hint)
        for file in self._scripts(place.base or Path()):
            check_script(file, build.used, build.problem)
        build.ledger.keep(built.assets)
        build.outputs, build.request = built.outputs, built.request
        return {**super().build(build), "Parameters": built.request}


class JobStep(SageMakerStep):
    """A step that starts a job of SageMaker and, unless told otherwise, waits for its end.

    Args:
        state_id: the state's name.
        job_name: the job's name; left out, every attempt of every execution gets a name of its own.
        wait: whether the state waits for the job's end.
        fields: parameters, and as in SageMakerStep.
    """

    _action = ""

    def __init__(self, state_id: str, job_name: Any, wait: bool, **fields: Any) -> None:
        super().__init__(state_id, job_name, **fields)
        self.job_name, self.wait_for_completion = job_name, wait

    def _called(self) -> str:
        return f"sagemaker:{self._action}{'.sync' if self.wait_for_completion else ''}"

    def build(self, build: Build) -> dict[str, Any]:
        """The request as the state's parameters."""
        if self.job_name is not None and self.retries:
            fixed = isinstance(self.job_name, str) and "\ue000" not in self.job_name
            said = f"the job name {self.job_name!r}" if fixed else "a job name of its own"
            build.notice(
                f"{self.state_id!r} has a Retry and {said}: the second attempt ends in "
                "ResourceInUse, which hides the first error. Leave job_name out and every attempt gets its own"
            )
        return super().build(build)

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse to read what this job does not leave behind."""
        answered = ref.kind == "result" and str(ref.keys[0] if ref.keys else "Arn").endswith(("Arn", "Metadata"))
        if not self.wait_for_completion and not answered:
            refuse(
                "value.not-waited",
                f"{self.state_id!r} does not wait for its job, which has no result yet when the next state starts",
                "leave wait_for_completion=False out",
            )


class NamedStep(SageMakerStep):
    """A step that makes something with a name, of which SageMaker answers with the ARN.

    Args:
        state_id: the state's name.
        name: the name; left out, every attempt of every execution gets a name of its own.
        fields: parameters, and as in SageMakerStep.
    """

    _names = ""
    _arn = ""

    @property
    def name(self) -> Any:
        """The name of what this step made: the one it was given, or the one it got, for every state downstream."""
        if self._name is None or any(self._own(self._name)):
            return remembered(self.state_id, "name", self._arn)
        return self._name

    @property
    def arn(self) -> Placeholder:
        """The ARN of what this step made."""
        return remembered(self.state_id, "result", self._arn)

    def _own(self, name: Any) -> list[Ref]:
        """The parts of a name that come from this state's own input, which nobody else has."""
        found = [value for expr in expressions(name) for value in references(expr)]
        return [ref for ref in found if isinstance(ref, Ref) and ref.root == "state"]

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse to read a name that only this state's own input says: its ARN has it in lower case."""
        if ref.kind == "name" and self._name is not None:
            refuse(
                "value.own-input",
                f"{self.state_id!r} takes {self._names} from its own input, which other states do not have",
                f"take it from ExecutionInput or from a step's .result, or leave {self._names} out",
            )
