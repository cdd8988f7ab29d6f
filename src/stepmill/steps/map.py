"""Loops over the items of a list, or of a dataset in S3: `Map`.

In: the states run for each item. Out: a state that holds them. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .build import Build
from .distributed import ItemBatcher, ItemReader, ResultWriter
from .fields import ALWAYS, FIELDS, RESULTS
from .state import Target, _Fallible, entered

_MAP = {name for name, field in FIELDS.items() if field.asl.startswith(("Item", "Max", "Tol"))}
_MAP |= {"result_writer", "label"}


class Map(_Fallible):
    """One machine, once for every item of a list; its result is the list of their outputs, in order.

    Args:
        state_id: the state's name.
        retry: one Retry or several.
        catch: one Catch or several.
        iterator: a state or a chain, run for each item; written as the old field `Iterator`, where that is enough.
            `attach_iterator` says it later.
        item_processor: the same under the name ASL has for it today, and written so.
        mode: "INLINE", or "DISTRIBUTED" (every item an execution of its own). None: nothing is
            said about it, and `iterator` stays `Iterator`.
        execution_type: of a distributed Map, "STANDARD" or "EXPRESS".
        processor_config: ASL's `ProcessorConfig` as it shall stand, instead of mode and execution_type.
        item_reader: of a distributed Map, an ItemReader, or the field itself as an object.
        item_batcher: of a distributed Map, an ItemBatcher, or the field itself as an object.
        result_writer: of a distributed Map, a ResultWriter, or the field itself as an object.
        fields: items_path (or items), max_concurrency, parameters (or item_selector), result_selector, result_path,
            input_path, output_path, assign, output, comment, query_language; of a distributed Map also label (at most
            40 characters), tolerated_failure_count and tolerated_failure_percentage. Numbers may be run-time values.

    Raises:
        ValueError: a mode or an execution type AWS does not know.
        TypeError: both an iterator and an item processor, or both parameters and an item selector.
    """

    type = "Map"
    allowed = ALWAYS | RESULTS - {"arguments"} | _MAP
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
        item_reader: ItemReader | Mapping[str, Any] | None = None,
        item_batcher: ItemBatcher | Mapping[str, Any] | None = None,
        result_writer: ResultWriter | Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        datasets = {"item_reader": item_reader, "item_batcher": item_batcher, "result_writer": result_writer}
        super().__init__(state_id, retry=retry, catch=catch, **fields, **datasets)
        if processor_config is not None:
            mode = processor_config.get("Mode", "INLINE")
        if mode not in ("INLINE", "DISTRIBUTED", None):
            raise ValueError(f'the mode of Map {state_id!r} is "INLINE" or "DISTRIBUTED", not {mode!r}')
        if execution_type not in ("STANDARD", "EXPRESS"):
            raise ValueError(
                f'the execution type of Map {state_id!r} is "STANDARD" or "EXPRESS", not {execution_type!r}'
            )
        if fields.get("parameters") is not None and fields.get("item_selector") is not None:
            raise TypeError(
                f"Map {state_id!r} has both parameters= and item_selector=; they are two names of one thing"
            )
        if iterator is not None and item_processor is not None:
            raise TypeError(f"Map {state_id!r} has both iterator= and item_processor=; they are two names of one thing")
        for inside, name in ((iterator, "iterator"), (item_processor, "item_processor")):
            if inside is not None:
                entered(inside, f"{name}= of {state_id!r}")
        self.iterator, self.item_processor = iterator, item_processor
        self.mode, self.execution_type, self.processor_config = mode, execution_type, processor_config

    def config(self) -> dict[str, Any] | None:
        """`ProcessorConfig`, if there is any to write."""
        if self.processor_config is not None or self.mode is None:
            return self.processor_config
        return {"Mode": self.mode, **({"ExecutionType": self.execution_type} if self.mode == "DISTRIBUTED" else {})}

    def attach_iterator(self, iterator: Target) -> None:
        """Say what is run for each item."""
        self.iterator = entered(iterator, f"the iterator of {self.state_id!r}")

    def machines(self) -> Iterator[tuple[str, Target]]:
        """The one machine inside."""
        if self.item_processor is not None:
            yield "ItemProcessor", self.item_processor
        elif self.iterator is not None:
            yield "Iterator", self.iterator

    def build(self, build: Build) -> dict[str, Any]:
        """Its fields, with what it reads and writes as ASL has it."""
        fields = super().build(build)
        for name in ("ItemReader", "ItemBatcher", "ResultWriter"):
            if name not in fields:
                continue
            if self.mode == "INLINE":
                build.problem(
                    "map.inline",
                    f"{self.state_id!r} has {name}, which only a distributed Map has",
                    'mode="DISTRIBUTED" makes every item an execution of its own; an inline Map goes over items_path=',
                )
            if isinstance(fields[name], ItemReader | ItemBatcher | ResultWriter):
                fields[name] = fields[name].field(build)
        return fields
