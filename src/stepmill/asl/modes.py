"""How a Map goes over its items, as its definition says.

In: a Map state. Out: answers. Touches: nothing. Whether what it says is right, is for `maps`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def processor_config(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """How a Map processes its items; {} when it does not say. The old Iterator may say it too (recorded from AWS)."""
    processor = state.get("ItemProcessor", state.get("Iterator"))
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    return config if isinstance(config, dict) else {}


def is_distributed(state: Mapping[str, Any]) -> bool:
    """Whether every item of a Map is an execution of its own."""
    return processor_config(state).get("Mode") == "DISTRIBUTED"


def reads_parquet(state: Mapping[str, Any]) -> bool:
    """Whether a Map's items are rows of Parquet files."""
    reader = state.get("ItemReader")
    config = reader.get("ReaderConfig") if isinstance(reader, dict) else None
    return isinstance(config, dict) and config.get("InputType") == "PARQUET"
