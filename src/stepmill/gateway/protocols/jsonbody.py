"""JSON bodies: text to the members a shape names, and members to text.

In: a shape of a model, then bytes or a dict. Out: a dict, or bytes. Touches: nothing. What belongs here is JSON alone;
what travels in headers and paths is rest's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NoReturn

from stepmill.gateway.protocols.models import ServiceModel, Shape
from stepmill.gateway.protocols.values import (
    blob_read,
    blob_text,
    float_read,
    float_text,
    in_range,
    seconds,
    time_read,
    time_text,
    unix,
    unserialized,
)

Convert = Callable[[Any], Any]

DEPTH = 128
"""How deep a body may nest. No operation needs a quarter of it."""

ARTICLES = {"boolean": "a Boolean", "string": "a String", "integer": "an Integer", "long": "a Long"}
ARTICLES |= {"float": "a Float", "double": "a Double", "timestamp": "milliseconds since epoch", "blob": "a Blob"}


def loads(body: bytes) -> Any:
    """The value of a JSON text; None when it is empty. Raises SerializationException."""
    if not body:
        return None
    try:
        text = body.decode()
        value = _DECODER.decode(text.lstrip("\ufeff \t\r\n"))
        if "\\u" in text and "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        # AWS sends no message, or one of its parser's; neither is recorded.
        raise unserialized("The request body is not a JSON text.") from None
    if body.count(b"[") + body.count(b"{") > DEPTH and _depth(value) > DEPTH:
        raise unserialized(f"The request body nests deeper than {DEPTH} levels.")
    return value


def dumps(value: Any) -> bytes:
    """JSON as AWS sends it: no spaces, UTF-8."""
    return _ENCODER.encode(value).encode(errors="replace")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _depth(value: Any) -> int:
    deep, level = 0, [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        deep += 1
        level = [inner for item in level for inner in (item.values() if isinstance(item, dict) else item)]
    return deep


def reader(model: ServiceModel, ref: Shape) -> Convert:
    """What reads a value of the shape `ref` means. What it returns raises SerializationException."""
    kind = model.resolve(ref)["type"] if "type" not in ref else ref["type"]
    made: dict[str, Convert] = model.plans.setdefault("json readers", {})
    if kind in ("structure", "list", "map"):
        name = ref["shape"]
        if name not in made:
            _COMPOSED_READERS[kind](model, name, made)
        return made[name]
    return _SCALAR_READERS[kind]


def _read_structure(model: ServiceModel, name: str, made: dict[str, Convert]) -> None:
    shape = model.shapes[name]
    table: dict[str, tuple[str, Convert]] = {}

    def read(value: Any) -> Any:
        if type(value) is not dict:
            _misplaced(value, "structure")
        found = {}
        for key, item in value.items():
            # A member nobody knows is passed over, as AWS does: newer clients send some.
            if item is not None and (entry := table.get(key)) is not None:
                found[entry[0]] = entry[1](item)
        return found

    made[name] = _whatever if shape.get("document") else read
    for member, ref in shape["members"].items():
        table[ref.get("locationName", member)] = member, reader(model, ref)


def _read_list(model: ServiceModel, name: str, made: dict[str, Convert]) -> None:
    inner: list[Convert] = []

    def read(value: Any) -> Any:
        if type(value) is not list:
            _misplaced(value, "list")
        convert = inner[0]
        return [convert(item) for item in value]

    made[name] = read
    inner.append(reader(model, model.shapes[name]["member"]))


def _read_map(model: ServiceModel, name: str, made: dict[str, Convert]) -> None:
    inner: list[Convert] = []

    def read(value: Any) -> Any:
        if type(value) is not dict:
            _misplaced(value, "map")
        convert = inner[0]
        return {key: convert(item) for key, item in value.items()}

    made[name] = read
    inner.append(reader(model, model.shapes[name]["value"]))


_COMPOSED_READERS = {"structure": _read_structure, "list": _read_list, "map": _read_map}


def _whatever(value: Any) -> Any:
    return value


def _misplaced(value: Any, wanted: str) -> NoReturn:
    # The wording AWS's JSON services share, as users quote it of Athena, SQS, SES and Kinesis (2020 to 2026).
    if isinstance(value, dict):
        raise unserialized("Start of structure or map found where not expected")
    if isinstance(value, list):
        raise unserialized("Start of list found where not expected")
    if wanted in ARTICLES:
        raise unserialized(f"{_token(value)} can not be converted to {ARTICLES[wanted]}")
    raise unserialized("Expected list or null" if wanted == "list" else "Expected map or null")


def _token(value: Any) -> str:
    if value is None:
        return "NULL_VALUE"
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "DECIMAL_VALUE" if isinstance(value, float) else "NUMBER_VALUE"


def _read_string(value: Any) -> str:
    if type(value) is not str:
        _misplaced(value, "string")
    return value


def _read_boolean(value: Any) -> bool:
    if value is not True and value is not False:
        _misplaced(value, "boolean")
    return bool(value)


def _whole(kind: str) -> Convert:
    def read(value: Any) -> int:
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            _misplaced(value, kind)
        try:
            return in_range(value, kind)
        except ValueError:  # AWS's wording for this is not recorded
            raise unserialized(f"{_token(value)} can not be converted to {ARTICLES[kind]}") from None

    return read


def _read_float(value: Any) -> float:
    if type(value) is float:
        return value
    try:
        if type(value) is int:
            return float(value)
        if value in ("NaN", "Infinity", "-Infinity"):
            return float_read(value)
    except OverflowError:
        pass
    _misplaced(value, "double")


def _read_time(value: Any) -> float:
    try:
        if type(value) in (int, float):
            return float(value)
        if type(value) is str:
            return time_read(value)
    except (ValueError, OverflowError):
        pass
    _misplaced(value, "timestamp")


def _read_blob(value: Any) -> bytes:
    try:
        if type(value) is str:
            return blob_read(value)
    except ValueError:
        pass
    _misplaced(value, "blob")


_SCALAR_READERS: dict[str, Convert] = {
    "string": _read_string,
    "character": _read_string,
    "boolean": _read_boolean,
    "integer": _whole("integer"),
    "long": _whole("long"),
    "float": _read_float,
    "double": _read_float,
    "timestamp": _read_time,
    "blob": _read_blob,
}


def writer(model: ServiceModel, ref: Shape) -> Convert | None:
    """What makes a value of the shape `ref` means ready for JSON; None when it is already."""
    shape = ref if "type" in ref else model.resolve(ref)
    kind = shape["type"]
    made: dict[str, Convert] = model.plans.setdefault("json writers", {})
    if kind in ("structure", "list", "map"):
        if shape.get("document"):
            return None
        name = ref["shape"]
        if name not in made:
            _COMPOSED_WRITERS[kind](model, name, made)
        return made[name]
    if kind == "timestamp" and shape.get("timestampFormat", "unixTimestamp") != "unixTimestamp":
        form = shape["timestampFormat"]
        return lambda value: time_text(value, form)
    return _SCALAR_WRITERS.get(kind)


def _write_structure(model: ServiceModel, name: str, made: dict[str, Convert]) -> None:
    table: dict[str, tuple[str, Convert | None]] = {}

    def write(value: Any) -> Any:
        said = {}
        for key, item in value.items():
            if item is not None and (entry := table.get(key)) is not None:
                convert = entry[1]
                said[entry[0]] = item if convert is None else convert(item)
        return said

    made[name] = write
    for member, ref in model.shapes[name]["members"].items():
        table[member] = ref.get("locationName", member), writer(model, ref)


def _write_list(model: ServiceModel, name: str, made: dict[str, Convert]) -> None:
    inner: list[Convert | None] = []

    def write(value: Any) -> Any:
        convert = inner[0]
        return list(value) if convert is None else [convert(item) for item in value]

    made[name] = write
    inner.append(writer(model, model.shapes[name]["member"]))


def _write_map(model: ServiceModel, name: str, made: dict[str, Convert]) -> None:
    inner: list[Convert | None] = []

    def write(value: Any) -> Any:
        convert = inner[0]
        return dict(value) if convert is None else {key: convert(item) for key, item in value.items()}

    made[name] = write
    inner.append(writer(model, model.shapes[name]["value"]))


_COMPOSED_WRITERS = {"structure": _write_structure, "list": _write_list, "map": _write_map}
_SCALAR_WRITERS: dict[str, Convert] = {
    "timestamp": lambda value: unix(seconds(value)),
    "blob": blob_text,
    "float": float_text,
    "double": float_text,
}
