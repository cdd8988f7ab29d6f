"""What a Workflow is made of: steps to compile, a Graph, or Amazon States Language as it is.

In: what was given as `definition=`. Out: a Bundle, and its text. Touches: the code and data files a pipeline names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.steps.bundle import Bundle
    from stepmill.steps.triggers import Triggers


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


@dataclass(frozen=True)
class Written:
    """Amazon States Language as it is. text: kept byte by byte."""

    text: str

    @classmethod
    def of(cls, definition: str | Mapping[str, Any]) -> Written:
        """A definition's text, or its value as text.

        Raises:
            ValueError: text that is no JSON object, with the place.
        """
        try:
            value = json.loads(definition) if isinstance(definition, str) else definition
        except ValueError as fault:
            raise ValueError(f"the definition is no JSON: {fault}") from None
        if not isinstance(value, Mapping):
            raise ValueError(f"a definition is a JSON object with StartAt and States, not {value!r:.60}")
        return cls(definition if isinstance(definition, str) else json.dumps(definition, ensure_ascii=False))


@dataclass(frozen=True)
class Made:
    """What `Workflow(…)` was told about its machine: the steps or the text, the machine's own fields, and what else the
    compiler takes."""

    name: str
    definition: Any
    about: Mapping[str, Any]
    more: Mapping[str, Any]
    triggers: Triggers

    def bundle(self) -> Bundle:
        """The Definition and what it needs. Raises InvalidDefinition with every Problem in it."""
        from stepmill.asl.problems import InvalidDefinition

        problems = list(self.triggers.problems(str(self.more.get("source", ""))))
        try:
            made = self._compiled()
        except InvalidDefinition as fault:
            raise InvalidDefinition((*fault.problems, *problems)) from fault
        if problems:
            raise InvalidDefinition(tuple(problems))
        return replace(made, manifest=replace(made.manifest, triggers=self.triggers))

    def _compiled(self) -> Bundle:
        from stepmill import steps
        from stepmill.steps.bundle import Bundle

        if isinstance(self.definition, Written):
            return Bundle(self.name, self.definition.text)
        definition, about, more = self.definition, dict(self.about), dict(self.more)
        if (branch := getattr(definition, "branch", None)) is not None:  # a Graph
            about |= {key: value for key in about if (value := getattr(definition, key, None)) is not None}
            more["query_language"] = more["query_language"] or getattr(definition, "query_language", None)
            definition = branch
        return steps.compile(self.name, definition, **about, **more)


def checked(name: str, definition: Any) -> Any:
    """A workflow's definition, refused on the line that gives it when it is none.

    Raises:
        TypeError: neither steps nor a Graph nor Amazon States Language.
    """
    from stepmill.steps.state import begun

    if isinstance(definition, Written) or getattr(definition, "branch", None) is not None:
        return definition
    if isinstance(frozen := getattr(definition, "definition", None), dict):  # the old SDK's FrozenGraph
        return Written.of(frozen)
    try:
        if isinstance(definition, str):
            raise TypeError
        begun(definition)
    except TypeError:
        written = "; what is written already goes into Workflow.from_definition"
        raise TypeError(
            f"the definition of {name!r} is a {type(definition).__name__}: give a step or a Chain of steps"
            + (written if isinstance(definition, str | Mapping) else "")
        ) from None
    return definition
