"""Loops over the items of a list: `Map`.

In: the states run for each item. Out: a state that holds them. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .fields import ALWAYS, FIELDS, RESULTS
from .state import Target, _Fallible

_MAP = {name for name, field in FIELDS.items() if field.asl.startswith(("Item", "Max", "Tol"))}
_MAP |= {"result_writer", "label"}


class Map(_Fallible):
    """One machine, once for every item of a list; its result is the list of their outputs, in order.

    Args:
        state_id: the state's name.
        retry: one Retry or several.
        catch: one Catch or several.
        iterator: a state or a chain, run for each item. `attach_iterator` says it later. It is written as `Iterator`,
            the old name, where that is enough.
        item_processor: the same, always written as `ItemProcessor`.
        mode: "INLINE", or "DISTRIBUTED" (every item an execution of its own; not run on this machine). None: nothing is
            said about it, and `iterator` stays `Iterator`.
        execution_type: of a distributed Map, "STANDARD" or "EXPRESS".
        processor_config: ASL's `ProcessorConfig` as it shall stand, instead of mode and execution_type.
        fields: items_path (or items), max_concurrency, parameters (or item_selector), tolerated_failure_…,
            result_selector, result_path, input_path, output_path, assign, output, item_reader, item_batcher,
            result_writer, label, comment, query_language.
    """

    type = "Map"
    fields = ALWAYS | RESULTS - {"arguments"} | _MAP
    _instead = {  # noqa: RUF012
        "Parameters": "ItemSelector",
        "MaxConcurrencyPath": "MaxConcurrency",
        "ToleratedFailureCountPath": "ToleratedFailureCount",
        "ToleratedFailurePercentagePath": "ToleratedFailurePercentage",
    }

    def __init__(
        self,
        state_id: str,
        retry: Any = None,
        catch: Any = None,
        *,
        iterator: Target | None = None,
        item_processor: Target | None = None,
        mode: str | None = "INLINE",
        execution_type: str = "STANDARD",
        processor_config: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, retry=retry, catch=catch, **fields)
        if processor_config is not None:
            mode = processor_config.get("Mode", "INLINE")
        if mode not in ("INLINE", "DISTRIBUTED", None):
            raise ValueError(f'the mode of Map {state_id!r} is "INLINE" or "DISTRIBUTED", not {mode!r}')
        if iterator is not None and item_processor is not None:
            raise TypeError(f"Map {state_id!r} has both iterator= and item_processor=; give one of them")
        self.iterator, self.item_processor = iterator, item_processor
        self.mode, self.execution_type, self.processor_config = mode, execution_type, processor_config

    def config(self) -> dict[str, Any] | None:
        """`ProcessorConfig`, if there is any to write."""
        if self.processor_config is not None or self.mode is None:
            return self.processor_config
        return {"Mode": self.mode, **({"ExecutionType": self.execution_type} if self.mode == "DISTRIBUTED" else {})}

    def attach_iterator(self, iterator: Target) -> None:
        """Say what is run for each item."""
        self.iterator = iterator

    def machines(self) -> Iterator[tuple[str, Target]]:
        """The one machine inside."""
        if self.item_processor is not None:
            yield "ItemProcessor", self.item_processor
        elif self.iterator is not None:
            yield "Iterator", self.iterator
