"""The distributed Map state: what its Map Run is to do, worked out before it starts.

In: a state's JSON, once; then scopes. Out: a plan, which is plain JSON; the names of the run. Touches: nothing.

The run itself (reading, starting executions, writing) is an act like a task's; `services/map_runs` performs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.jsonata import is_expression
from stepmill.asl.modes import processor_config
from stepmill.asl.paths import compile_path
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.asl.text import dumps
from stepmill.engine.blocks import MAPS, MapState
from stepmill.engine.tolerance import whole

MAP_RUN: Final = "mapRun"
"""The `resource` of the act that a Map Run is."""
# Distributed Map, developer guide: up to 10,000 child executions at once, also when nothing is said.
DISTRIBUTED_CONCURRENCY: Final = 10_000


class DistributedMapState(MapState):
    """A Map whose items are executions of their own."""

    def __init__(self, name: str, json: Mapping[str, Any], language: str, outer: str) -> None:
        super().__init__(name, json, language, outer)
        processor = json.get("ItemProcessor") or json["Iterator"]
        own = {key: processor[key] for key in ("Comment", "StartAt", "States") if key in processor}
        self.definition = dumps({**({"QueryLanguage": outer} if outer != "JSONPath" else {}), **own})
        self.express = processor_config(json).get("ExecutionType") == "EXPRESS"
        self.label: str | None = json.get("Label")
        self.reads = "ItemReader" in json
        self.batches = "ItemBatcher" in json
        self.writes = "Resource" in (json.get("ResultWriter") or {})
        self._reader = json.get("ItemReader")
        self._batcher = json.get("ItemBatcher")
        self._writer = json.get("ResultWriter")
        self.selector = json.get("ItemSelector", json.get("Parameters") if language != "JSONata" else None)
        self.batch_input = (self._batcher or {}).get("BatchInput")

    def limit(self, value: int) -> int:
        """How many child executions run at once at most; 0 is AWS's own limit."""
        return min(value or DISTRIBUTED_CONCURRENCY, DISTRIBUTED_CONCURRENCY)

    def plan(self, scope: Scope) -> dict[str, Any]:
        """What the run is to do, all expressions evaluated but those that see one item. `scope.data` is what InputPath
        left. A StatesError when it cannot be worked out."""
        plan: dict[str, Any] = dict(self.tolerance(scope))
        if self._reader is not None:
            plan["reader"] = self._reading(scope)
        if self._batcher is not None:
            plan["batcher"] = {
                name: number
                for name in ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
                if (number := self._batch_limit(scope, name)) is not None
            }
        if self._writer is not None:
            plan["writer"] = {
                "to": self._given(self._writer, scope, "ResultWriter") if "Resource" in self._writer else None,
                "config": self._writer.get("WriterConfig", {}),
            }
        return plan

    def _given(self, field: Mapping[str, Any], scope: Scope, name: str) -> Any:
        key = "Arguments" if self.language == "JSONata" else "Parameters"
        return compile_template(field.get(key, {}), self.language, field=f"{name}/{key}")(scope)

    def _reading(self, scope: Scope) -> dict[str, Any]:
        assert self._reader is not None
        config = dict(self._reader.get("ReaderConfig", {}))
        path, most = config.pop("MaxItemsPath", None), config.pop("MaxItems", 0)
        if path is not None:
            most = compile_path(path)(scope)
        elif self.language == "JSONata":
            config = compile_template(config, self.language, field="ItemReader/ReaderConfig")(scope)
            most = compile_template(most, self.language, field="ItemReader/ReaderConfig/MaxItems")(scope)
        reading = {"resource": self._reader["Resource"], "config": config}
        reading["from"] = self._given(self._reader, scope, "ItemReader")
        number = whole(most)
        # Recorded from AWS: it is the reader that fails, after the Map Run started.
        if number is None:
            shown = most if isinstance(most, str) else dumps(most)
            named = f'The MaxItemsPath field refers to value "{shown}" which is not a valid integer: {path}'
            reading["fault"] = named if path else f"field MaxItems is not a valid integer: {shown}"
        elif number < 0:
            reading["fault"] = "field MaxItems must be positive"
        else:
            reading["most"] = number
        return reading

    def _batch_limit(self, scope: Scope, name: str) -> int | None:
        assert self._batcher is not None
        path = self._batcher.get(f"{name}Path")
        if path is None and name not in self._batcher:
            return None
        value = self._batcher.get(name)
        if path is not None:
            value = compile_path(path)(scope)
        elif is_expression(value):
            value = compile_template(value, self.language, field=f"ItemBatcher/{name}")(scope)
        number = whole(value)
        if number is None or number < 0:
            shown = value if isinstance(value, str) else dumps(value)
            raise StatesError(
                errors.RUNTIME,
                f'The {name}Path field refers to value "{shown}" which is not a valid integer: {path}'
                if path
                else f"{name} must be a positive integer but was: {shown}",
            )
        return number


MAPS[True] = DistributedMapState


def names(arn: str, event: int, state: DistributedMapState, machine: str) -> tuple[str, str]:
    """The ARN of the Map Run that an event starts, and its label. The same event always gives the same ones, so that
    recovery finds the first run; AWS draws them at random.

    `arn:aws:states:region:account:mapRun:machine/label:uuid`, as recorded from AWS.
    """
    from uuid import NAMESPACE_URL, uuid5  # 3 ms that only a distributed Map is worth

    label = state.label or str(uuid5(NAMESPACE_URL, f"{machine}#{state.name}"))
    scope = ":".join(arn.split(":")[:5])
    base = machine.rpartition(":")[2].partition("/")[0]
    return f"{scope}:mapRun:{base}/{label}:{uuid5(NAMESPACE_URL, f'{arn}#{event}')}", label
