"""States in groups, and the states that hold groups: Parallel and Map.

In: JSON, once; then scopes. Out: compiled states; a Map's items, and the input of each. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.modes import is_distributed
from stepmill.asl.paths import compile_path
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.asl.text import dumps
from stepmill.engine.data import Entry, Evaluate
from stepmill.engine.states import (
    ChoiceState,
    FailState,
    PassState,
    State,
    SucceedState,
    WaitState,
    unexpected,
)
from stepmill.engine.tasks import TaskState
from stepmill.engine.tolerance import Tolerance

# An inline Map runs at most 40 iterations at once (developer guide, "Map state processing modes").
INLINE_CONCURRENCY = 40


class Block:
    """States that lead to each other: the whole machine, one branch of a Parallel, or what a Map repeats."""

    __slots__ = ("start_at", "states")

    def __init__(self, json: Mapping[str, Any], language: str) -> None:
        self.start_at: str = json["StartAt"]
        self.states: dict[str, State] = {
            name: compile_state(name, state, language) for name, state in json["States"].items()
        }


class ParallelState(State):
    """Runs several blocks on the same input."""

    type = "Parallel"

    def __init__(self, name: str, json: Mapping[str, Any], language: str, outer: str) -> None:
        super().__init__(name, json, language)
        self.blocks = [Block(branch, outer) for branch in json["Branches"]]


class MapState(State):
    """Runs one block for each item."""

    type = "Map"
    reads = False  # its items with an ItemReader
    writes = False  # its results with a ResultWriter
    batches = False  # its items with an ItemBatcher

    def __init__(self, name: str, json: Mapping[str, Any], language: str, outer: str) -> None:
        super().__init__(name, json, language)
        self.block = Block(json.get("ItemProcessor") or json["Iterator"], outer)
        if language != "JSONata":
            # Parameters is the older name of ItemSelector: it shapes an item, not the state's input.
            self.entry = Entry({key: value for key, value in json.items() if key != "Parameters"}, language)
        self._selector: Evaluate | None = None
        for field in ("ItemSelector", "Parameters"):
            if field in json and (language != "JSONata" or field == "ItemSelector"):
                self._selector = compile_template(json[field], language, field=field)
                break
        self._items_field = json.get("Items") if language == "JSONata" else json.get("ItemsPath", "$")
        self._items: Evaluate | None = None
        if language == "JSONata":
            if "Items" in json:
                self._items = compile_template(json["Items"], language, field="Items")
        elif self._items_field != "$":
            self._items = compile_path(str(self._items_field))
        self.tolerance = Tolerance(json, language)
        self._concurrency_path = json.get("MaxConcurrencyPath") if language != "JSONata" else None
        self._concurrency_value = json.get("MaxConcurrency", 0)
        self._concurrency: Evaluate | None = None
        if self._concurrency_path is not None:
            self._concurrency = compile_path(self._concurrency_path)
        elif isinstance(self._concurrency_value, str):
            self._concurrency = compile_template(self._concurrency_value, language, field="MaxConcurrency")

    @property
    def selects(self) -> bool:
        """Whether an ItemSelector shapes its items."""
        return self._selector is not None

    def data(self, scope: Scope) -> Any:
        """What ItemsPath, MaxConcurrencyPath and ItemSelector read."""
        return self.entry.data(scope)

    def items(self, scope: Scope) -> list[Any]:
        """The items; a StatesError when they are no array."""
        items = scope.data if self._items is None else self._items(scope)
        if isinstance(items, list):
            return items
        if self.language != "JSONata":
            path = str(self._items_field).replace("$$", "$", 1)  # so it is recorded from AWS
            raise StatesError(errors.RUNTIME, f'Reference path "{path}" must point to array.')
        if self._items is None:
            raise StatesError(errors.QUERY_EVALUATION, f"Map state input must be an array but was: {dumps(items)}")
        raise unexpected(self._items_field, "Items", "array", items)

    def concurrency(self, scope: Scope) -> int:
        """How many iterations may run at once."""
        return self.limit(self.asked(scope))

    def asked(self, scope: Scope) -> int:
        """How many the definition asks for; 0 when it does not."""
        value = self._concurrency_value if self._concurrency is None else self._concurrency(scope)
        if self._concurrency_path is not None:
            try:
                value = int(value) if not isinstance(value, bool | float | None) else int(dumps(value))
            except (TypeError, ValueError):
                shown = value if isinstance(value, str) else dumps(value)
                raise StatesError(
                    errors.RUNTIME,
                    f'The MaxConcurrencyPath field refers to value "{shown}" which is not a valid integer: '
                    f"{self._concurrency_path}",
                ) from None
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise unexpected(self._concurrency_value, "MaxConcurrency", "number", value)
        return int(value)

    def limit(self, value: int) -> int:
        """How many iterations run at once at most; 0 is AWS's own limit."""
        return min(value or INLINE_CONCURRENCY, INLINE_CONCURRENCY)

    def item_input(self, scope: Scope, item: Any) -> Any:
        """The input of one iteration; `scope.context` holds Map.Item."""
        return item if self._selector is None else self._selector(scope)


# By whether it is distributed; `distributed` adds its own.
MAPS: dict[bool, type[MapState]] = {False: MapState}
_SIMPLE: dict[str, type[State]] = {
    kind.type: kind for kind in (PassState, SucceedState, FailState, ChoiceState, WaitState, TaskState)
}


def compile_state(name: str, json: Mapping[str, Any], outer: str) -> State:
    """One state as callables.

    `outer` is the machine's query language. A state's own QueryLanguage is for that state, not for the blocks in it.
    """
    language = json.get("QueryLanguage", outer)
    match json["Type"]:
        case "Map":
            return MAPS[is_distributed(json)](name, json, language, outer)
        case "Parallel":
            return ParallelState(name, json, language, outer)
        case kind:
            return _SIMPLE[kind](name, json, language)
