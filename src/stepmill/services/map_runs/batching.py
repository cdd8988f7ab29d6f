"""The inputs of a Map Run's child executions.

In: items, and what the act knows of the state. Out: one input after another, with the number of items in it.
Touches: nothing.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from stepmill.asl import errors
from stepmill.asl.errors import StatesError
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template
from stepmill.asl.text import dumps
from stepmill.engine.data import PAYLOAD_LIMIT, too_large


class Input(NamedTuple):
    """The input of one child execution as JSON, and how many items are in it."""

    text: str
    items: int


def inputs(items: Iterable[Any], told: Mapping[str, Any]) -> Iterator[Input]:
    """`told` is the act's parameters. Raises StatesError: what an ItemSelector cannot find, an input that is too
    large."""
    texts = map(_selected(told), range(1 << 62), items)
    batcher = told["plan"].get("batcher")
    if batcher is None:
        for text in texts:
            if too_large(text):
                raise _over(text)
            yield Input(text, 1)
        return
    yield from _batches(texts, batcher, _batch_input(told))


def _selected(told: Mapping[str, Any]) -> Callable[[int, Any], str]:
    if told["selector"] is None:
        return lambda index, item: dumps(item)
    select = compile_template(told["selector"], told["language"], field="ItemSelector")

    def selected(index: int, item: Any) -> str:
        return dumps(select(_scope(told, {"Map": {"Item": {"Index": index, "Value": item}}})))

    return selected


def _batch_input(told: Mapping[str, Any]) -> str:
    """What stands before the list of items in a batch."""
    if told["batchInput"] is None:
        return '{"Items":['
    value = compile_template(told["batchInput"], told["language"], field="ItemBatcher/BatchInput")(_scope(told, {}))
    return f'{{"BatchInput":{dumps(value)},"Items":['


def _scope(told: Mapping[str, Any], more: Mapping[str, Any]) -> Scope:
    seen = told["scope"]
    return Scope(seen["data"], seen["input"], {**seen["context"], **more}, seen["variables"])


def _batches(texts: Iterable[str], batcher: Mapping[str, int], head: str) -> Iterator[Input]:
    """As many items as fit: in number, in bytes, and in AWS's limit for an input, of which the smallest counts. An item
    that alone is larger than MaxInputBytesPerBatch makes a batch of its own."""
    most = batcher.get("MaxItemsPerBatch") or PAYLOAD_LIMIT
    limit = min(batcher.get("MaxInputBytesPerBatch") or PAYLOAD_LIMIT, PAYLOAD_LIMIT)
    frame = len(head.encode()) + len("]}")
    held: list[str] = []
    size = frame
    for text in texts:
        length = len(text.encode("utf-8", "surrogatepass"))
        if held and (len(held) >= most or size + 1 + length > limit):
            yield Input(f"{head}{','.join(held)}]}}", len(held))
            held, size = [], frame
        size += length + bool(held)
        held.append(text)
        if size > PAYLOAD_LIMIT:
            raise _over(text)
    if held:
        yield Input(f"{head}{','.join(held)}]}}", len(held))


def _over(text: str) -> StatesError:
    return StatesError(
        errors.DATA_LIMIT_EXCEEDED,
        f"The input of a child execution is larger than the maximum number of bytes service limit: {text[:60]}…",
    )
