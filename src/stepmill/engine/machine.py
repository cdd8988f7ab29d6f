"""A Definition compiled once, so that running it only calls.

In: a Definition. Out: a Machine. Touches: nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from stepmill.asl.definition import Definition
from stepmill.engine import distributed
from stepmill.engine.blocks import MAPS, Block


@dataclass(frozen=True, slots=True)
class Machine:
    """`root` holds the states; `timeout` is the machine's TimeoutSeconds; `digest` is the definition's sha256."""

    digest: str
    root: Block
    timeout: float | None


def compile(definition: Definition) -> Machine:
    """Compile a definition that has passed `asl.check`. The caller keeps the Machine by its digest."""
    assert MAPS[True] is distributed.DistributedMapState
    json = definition.json
    return Machine(definition.digest, Block(json, json.get("QueryLanguage", "JSONPath")), json.get("TimeoutSeconds"))
