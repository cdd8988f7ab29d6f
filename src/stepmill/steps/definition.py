"""A definition to look at before there is a Workflow.

In: a state or a chain, or a definition as it is. Out: Amazon States Language as a dict and as JSON. Touches: the code
and data files a pipeline names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .compiling.compiler import compile
from .fields import refuse_unknown
from .flow import Chain
from .state import State, Target


class Graph:
    """The states that can be reached from a first one, as Amazon States Language.

    Args:
        branch: a state or a chain.
        query_language: "JSONPath" or "JSONata"; left out, it is JSONPath, as in ASL.
        fields: the machine's own: timeout_seconds, comment, version.

    Raises:
        ValueError: the branch is neither.
        TypeError: a field that a machine does not have.
    """

    allowed = frozenset({"comment", "timeout_seconds", "version"})

    def __init__(self, branch: Target, *, query_language: str | None = None, **fields: Any) -> None:
        if not isinstance(branch, State | Chain):
            raise ValueError(f"a graph is made of a state or a chain, not of {branch!r}")
        refuse_unknown("Graph", fields, self.allowed)
        self.branch: Target = branch
        self.query_language = query_language
        self.timeout_seconds: int | None = fields.get("timeout_seconds")
        self.comment: str | None = fields.get("comment")
        self.version: str | None = fields.get("version")

    @property
    def fields(self) -> dict[str, Any]:
        """Of timeout_seconds, comment and version, those that were given."""
        return {name: value for name in sorted(self.allowed) if (value := getattr(self, name)) is not None}

    @cached_property
    def _made(self) -> dict[str, Any]:
        about = {name: getattr(self, name) for name in self.allowed}
        made: dict[str, Any] = json.loads(
            compile("workflow", self.branch, query_language=self.query_language, **about).template
        )
        return made

    @property
    def states(self) -> dict[str, Any]:
        """The states as ASL, by name. Raises InvalidDefinition with everything that is wrong with them."""
        return dict(self.to_dict().get("States", {}))

    def contains(self, state: State) -> Any:
        """The state as ASL when it is one of these, else False."""
        return self.states.get(state.state_id, False)

    def build_graph(self, state: Target) -> None:
        """Look again, from `state` on: what was added to the steps since is seen."""
        self.branch = state
        self.__dict__.pop("_made", None)

    def to_dict(self) -> dict[str, Any]:
        """The definition. Raises InvalidDefinition."""
        return dict(self._made)

    def to_json(self, pretty: bool = False) -> str:
        """The definition as text; `pretty` indents it by four. Raises InvalidDefinition."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=4 if pretty else None)

    def __str__(self) -> str:
        return self.to_json(pretty=True)


class FrozenGraph(Graph):
    """A definition as it is, such as `DescribeStateMachine` gives it. definition: Amazon States Language as a dict.

    Raises:
        ValueError: it is no dict.
    """

    def __init__(self, definition: Mapping[str, Any]) -> None:
        if not isinstance(definition, Mapping):
            raise ValueError(f"a definition is a dict, not {definition!r:.60}")
        self.definition = dict(definition)
        self.timeout_seconds = definition.get("TimeoutSeconds")
        self.comment, self.version = definition.get("Comment"), definition.get("Version")

    def to_dict(self) -> dict[str, Any]:
        """The definition."""
        return self.definition

    @classmethod
    def from_json(cls, json_definition: str) -> FrozenGraph:
        """The definition of a JSON text. Raises ValueError for what is no JSON object."""
        return cls(json.loads(json_definition))
