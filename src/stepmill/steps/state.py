"""The states: one Python object is one ASL state, under the user's own name.

In: what users write. Out: objects that know their fields and where they lead. Touches: nothing.

What a state says about itself belongs here. What is checked or written about several states together belongs to the
compiler.
"""

from __future__ import annotations

import inspect
import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from stepmill.inputs import Placeholder, StepInput
from stepmill.inputs.expressions import holds_token, readable
from stepmill.inputs.placeholders import remembered
from stepmill.nearest import did_you_mean
from stepmill.stage import load_settings, partition

from .fields import ALWAYS, FIELDS, PATHS, RESULTS, TIMES, refuse_unknown
from .source import Source, here

if TYPE_CHECKING:
    from stepmill.inputs.expressions import Ref
    from stepmill.inputs.rendering import Language

    from .build import Build
    from .flow import Catch, Chain, Retry

Target: TypeAlias = "State | Chain | str"


def first(target: Target | None) -> State | str | None:
    """Where a link to this leads: a chain is entered at its first step.

    Raises:
        TypeError: it is neither a state nor a chain nor a name.
    """
    if target is None or isinstance(target, State | str):
        return target
    if not isinstance(steps := getattr(target, "steps", None), list):
        raise TypeError(f"a step leads to a state, a chain or the name of a state, not to {target!r}")
    return steps[0] if steps else None


def entered(target: Any, what: str) -> Target:
    """What a machine inside a state begins with, as it is.

    Raises:
        TypeError: it is neither a state nor a chain.
    """
    if not isinstance(target, State) and not isinstance(getattr(target, "steps", None), list):
        raise TypeError(f"{what} is a state or a chain, not {target!r}")
    found: Target = target
    return found


@dataclass(frozen=True, slots=True)
class Link:
    """A way from one state to another."""

    kind: Literal["next", "choice", "default", "catch"]
    target: State | str | None
    source: Source
    index: int = 0


class State:
    """What all states share.

    Args:
        state_id: the state's name, at most 80 characters, once in a workflow.
        state_type: ASL's type, such as `Task`. Each type has a class of its own, which says it.
        output_schema: what the state hands on, name → type, for `output()`.
        fields: ASL's fields in Python's spelling (`result_path=`, `timeout_seconds=`, …). They are read as attributes
            too, and set: `step.comment = "…"`.

    Raises:
        TypeError: a field this type of state does not have; with the nearest one.
    """

    type = ""
    allowed: frozenset[str] = ALWAYS | PATHS | {"parameters", "result_path"}
    _instead: dict[str, str] = {}  # noqa: RUF012 -- names of an ASL field under which this type has it

    def __init__(
        self, state_id: str, state_type: str, output_schema: dict[str, Any] | None = None, **fields: Any
    ) -> None:
        if not isinstance(state_id, str):
            raise TypeError(f"a state's name is text, not {state_id!r}")
        if holds_token(state_id):
            raise TypeError(f"a state's name is constant, and {readable(state_id)!r} has a run-time value in it")
        own = inspect.signature(type(self)).parameters
        refuse_unknown(f"{type(self).__name__} {state_id!r}", fields, self.allowed, (*own, *self.allowed))
        self.state_id, self.type = state_id, state_type
        self.source = here()
        self.given = {name: value for name, value in fields.items() if value is not None or name in _NULLABLE}
        self.output_schema = output_schema
        self.next_step: Target | None = None
        self._next_source = self.source
        self.retries: list[Retry] = []
        self.catches: list[Catch] = []
        self._came_from: weakref.WeakSet[State] = weakref.WeakSet()

    # -- links

    def next(self, next_step: Target) -> Any:
        """Go on with `next_step`: a state, a chain, or the name of a state. Returns it.

        Raises:
            ValueError: Succeed and Fail end the execution; nothing follows them.
        """
        if self.type in ("Succeed", "Fail"):
            raise ValueError(f"nothing can follow {self.state_id!r}: a {self.type} state ends the execution")
        self.next_step, self._next_source = next_step, here()
        self._leads_to(next_step)
        return next_step

    def _leads_to(self, target: Target | None) -> None:
        if isinstance(state := first(target), State):
            state._came_from.add(self)

    def links(self) -> Iterator[Link]:
        """The ways out of this state, catchers last."""
        if self.next_step is not None:
            yield Link("next", first(self.next_step), self._next_source)
        for index, catch in enumerate(self.catches):
            yield Link("catch", first(catch.next_step), catch.source, index)

    def machines(self) -> Iterator[tuple[str, Target]]:
        """The machines inside this state, each with its place in the state (`Branches/0`)."""
        return iter(())

    def add_retry(self, retry: Retry | Sequence[Retry]) -> None:
        """Try again after these errors. Tasks, Parallels and Maps only."""
        raise ValueError(f"{self.state_id!r} cannot be retried: a {self.type} state has no Retry")

    def add_catch(self, catch: Catch | Sequence[Catch]) -> None:
        """Go elsewhere after these errors. Tasks, Parallels and Maps only."""
        raise ValueError(f"{self.state_id!r} cannot catch: a {self.type} state has no Catch")

    # -- values

    def output(self) -> StepInput:
        """What this state hands to the next one: that state's input. For states further on take `.result`."""
        return StepInput(self.output_schema, _step=self.state_id)

    def update_parameters(self, params: Any) -> None:
        """Replace the parameters. Of a state that has none, nothing is replaced."""
        if "parameters" in self.allowed:
            self.given["parameters"] = params

    @property
    def parameters(self) -> Any:
        """The parameters as they were given; may be set anew."""
        return self.given.get("parameters")

    @parameters.setter
    def parameters(self, params: Any) -> None:
        self.update_parameters(params)

    @property
    def fields(self) -> dict[str, Any]:
        """The fields as they were given, by their names in Python; what is changed here is changed in the state."""
        return self.given

    @property
    def state_type(self) -> str:
        """ASL's type of this state, such as `Task`."""
        return self.type

    @property
    def step_output(self) -> StepInput:
        """The same as `output()`."""
        return self.output()

    if not TYPE_CHECKING:  # or every slip of the pen would pass the type checker

        def __getattr__(self, name):
            if name in FIELDS:  # fields read as attributes, as in the old SDK: `step.comment`
                return self.__dict__.get("given", {}).get(name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def __setattr__(self, name, value):
            if name not in FIELDS or hasattr(type(self), name) or "given" not in self.__dict__:
                object.__setattr__(self, name, value)
                return
            refuse_unknown(f"{type(self).__name__} {self.state_id!r}", [name], self.allowed)
            self.given[name] = value

    # -- compiling

    def build(self, build: Build) -> dict[str, Any]:
        """ASL's fields with run-time values still in them; keys as in JSONPath, the compiler turns them."""
        for name in self.given.keys() - FIELDS:  # put into `fields` later on
            build.problem(
                "field.unknown",
                f"{self.state_id!r} has a field {name!r}, which no state has",
                did_you_mean(name, self.allowed),
            )
        return {
            FIELDS[name].asl: value
            for name, value in self.given.items()
            if name in FIELDS and (value is not None or name in _NULLABLE)
        }

    def to_dict(self, query_language: str | None = None) -> dict[str, Any]:
        """This state as ASL, as far as it speaks for itself: with the links it has now, and without what other states
        make of it (variables that they read, the error they want kept). `Graph` gives whole definitions.

        Raises:
            InvalidDefinition: with everything that is wrong with its own fields and what is inside it.
        """
        from .compiling.compiler import alone

        return alone(self, query_language)

    def to_json(self, pretty: bool = False) -> str:
        """`to_dict()` as text; `pretty` indents it by four."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=4 if pretty else None)

    def __str__(self) -> str:
        return self.to_json(pretty=True)

    def check_read(self, ref: Ref, build: Build, language: Language) -> None:
        """Refuse to read what this state's result does not have. Its own `build` is given."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.state_id!r}>"


_NULLABLE = frozenset({"input_path", "output_path", "result_path", "result"})


class _Typed(State):
    """States whose class says their type."""

    def __init__(self, state_id: str, *, output_schema: dict[str, Any] | None = None, **fields: Any) -> None:
        super().__init__(state_id, type(self).type, output_schema, **fields)


class _Fallible(_Typed):
    """States that do work and so can fail."""

    def __init__(
        self,
        state_id: str,
        retry: Retry | Sequence[Retry] | None = None,
        catch: Catch | Sequence[Catch] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, **fields)
        self.add_retry(_several(retry))
        self.add_catch(_several(catch))

    def add_retry(self, retry: Retry | Sequence[Retry]) -> None:
        """Try again after these errors, one Retry or several; the first that names an error decides."""
        from .flow import Retry

        for each in _several(retry):
            if not isinstance(each, Retry):
                raise TypeError(f"retry= of {self.state_id!r} is a Retry or a list of them, not {each!r}")
            self.retries.append(each)

    def add_catch(self, catch: Catch | Sequence[Catch]) -> None:
        """Go elsewhere after these errors, when no Retry is left; one Catch or several, the first that names an error
        decides."""
        from .flow import Catch

        for each in _several(catch):
            if not isinstance(each, Catch):
                raise TypeError(f"catch= of {self.state_id!r} is a Catch or a list of them, not {each!r}")
            self.catches.append(each)
            self._leads_to(each.next_step)

    @property
    def result(self) -> Placeholder:
        """What the work resulted in, remembered for every state downstream: `step.result["A"]["B"]`."""
        return remembered(self.state_id, "result")


def _several(value: Any) -> Sequence[Any]:
    return () if value is None else value if isinstance(value, list | tuple) else (value,)


class Task(_Fallible):
    """One call of a service.

    Args:
        state_id: the state's name.
        retry: one Retry or several.
        catch: one Catch or several.
        fields: resource (an integration's ARN such as `arn:aws:states:::aws-sdk:s3:putObject`), parameters or
            arguments, result_selector, result_path, input_path, output_path, assign, output, timeout_seconds,
            heartbeat_seconds (and both with `_path`; 1 to 99,999,999), credentials, comment, query_language.

    Raises:
        ValueError: a timeout or a heartbeat is given both as a number and as a path.
    """

    type = "Task"
    allowed = ALWAYS | RESULTS | TIMES | {"resource", "credentials"}
    _instead = {  # noqa: RUF012
        "Parameters": "Arguments",
        "TimeoutSecondsPath": "TimeoutSeconds",
        "HeartbeatSecondsPath": "HeartbeatSeconds",
    }

    def __init__(self, state_id: str, retry: Any = None, catch: Any = None, **fields: Any) -> None:
        if "resource" in fields and "resource" not in self.allowed:
            raise TypeError(f"{type(self).__name__} {state_id!r} knows what it calls; Task takes resource=")
        super().__init__(state_id, retry, catch, **fields)
        for name in ("timeout_seconds", "heartbeat_seconds"):
            if name in self.given and f"{name}_path" in self.given:
                raise ValueError(f"{self.state_id!r} has both {name}= and {name}_path=: give one of them")

    def _called(self) -> str:
        """What stands in the Resource after the partition, of steps that know what they call."""
        return ""

    @property
    def resource(self) -> Any:
        """The Resource: as it was given, or of what the step calls, in the partition of the stage's region."""
        if "resource" in self.given or not (called := self._called()):
            return self.given.get("resource")
        return f"arn:{partition(load_settings().region)}:states:::{called}"

    @resource.setter
    def resource(self, resource: Any) -> None:
        self.given["resource"] = resource

    def build(self, build: Build) -> dict[str, Any]:
        """The call."""
        called = self._called()
        return {**({"Resource": build.resource(called)} if called else {}), **super().build(build)}
