"""Whether what only Maps have is what AWS takes: how items are processed, read, batched, and where results go.

In: a Map state. Out: Problems. Touches: nothing.

Sources: Step Functions guide, "Using Map state in Distributed mode", "ItemReader (Map)", "ItemBatcher (Map)" and
"ResultWriter (Map)".
"""

from __future__ import annotations

import re
from typing import Any, Final

from stepmill.asl import jsonata
from stepmill.asl.modes import is_distributed, processor_config
from stepmill.asl.places import HERE, Found, Place, unknown_field
from stepmill.asl.values import check_value
from stepmill.nearest import nearest

_CALL: Final = re.compile(r"arn:aws[a-z-]*:states:::s3:(getObject|listObjectsV2|putObject)")
_LABEL: Final = re.compile(r"[^\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]{1,40}")
_READER: Final = {
    "InputType": ("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "ManifestType": ("S3_INVENTORY", "ATHENA_DATA"),
    "Transformation": ("NONE", "LOAD_AND_FLATTEN"),
}
_WRITER: Final = {"Transformation": ("NONE", "COMPACT", "FLATTEN"), "OutputType": ("JSON", "JSONL")}


def express_inside(state: dict[str, Any]) -> bool:
    """Whether every item of a Map is an Express execution."""
    return is_distributed(state) and processor_config(state).get("ExecutionType") == "EXPRESS"


def check_map(state: dict[str, Any], place: Place) -> Found:
    """Everything wrong with what only a Map has."""
    label = state.get("Label")
    if isinstance(label, str) and not _LABEL.fullmatch(label):
        yield place.at("Label").wrong(
            "A Label has 1 to 40 characters, no spaces, brackets, quotes or other special ones"
        )
    yield from _mode(state, place)


def _mode(state: dict[str, Any], place: Place) -> Found:
    name = "ItemProcessor" if "ItemProcessor" in state else "Iterator"
    processor = state.get(name)
    config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
    mode = "INLINE" if config is None else config.get("Mode", "INLINE") if isinstance(config, dict) else None
    where = place.at(name, "ProcessorConfig")
    if mode == "DISTRIBUTED" and isinstance(config, dict):
        if place.express:
            hint = "Write it in a Standard state machine, or make it inline."
            yield where.at("Mode").wrong("Express state machine does not support a distributed Map", hint)
        kind = config.get("ExecutionType")
        if kind not in ("STANDARD", "EXPRESS"):
            near = nearest(str(kind), ("STANDARD", "EXPRESS"))
            hint = f"Did you mean '{near}'?" if near else "Say what each item's execution is."
            yield where.at("ExecutionType").wrong("Expected one of STANDARD, EXPRESS", hint)
        for field, check in (("ItemReader", _reader), ("ItemBatcher", _batcher), ("ResultWriter", _writer)):
            if isinstance(state.get(field), dict):
                yield from check(state[field], place.at(field))
        return
    if mode != "INLINE":
        yield where.wrong("Expected an object with a Mode, one of INLINE, DISTRIBUTED")
    for field in ("ItemReader", "ItemBatcher", "ResultWriter", "Label"):
        if field in state:
            hint = 'Write "Mode": "DISTRIBUTED" and an ExecutionType in ProcessorConfig, or go without it.'
            yield place.at(field).wrong(f"'{field}' is for a distributed Map; this one is inline", hint, HERE)


def _fields(value: dict[str, Any], known: tuple[str, ...], place: Place) -> Found:
    """Unknown fields; Parameters and Arguments go with their language."""
    other = {"JSONPath": "Arguments", "JSONata": "Parameters"}[place.language]
    given = {"JSONPath": "Parameters", "JSONata": "Arguments"}[place.language]
    for name in value:
        if name == other:
            said = f"'{name}' cannot be used when the query language is {place.language}"
            yield place.at(name).wrong(said, f"Use {given}.")
        elif name == given:
            yield from check_value("template", value[name], place.at(name))
        elif name not in known:
            yield unknown_field(place, name, (*known, given))


def _words(value: dict[str, Any], known: dict[str, tuple[str, ...]], place: Place) -> Found:
    for name, words in known.items():
        if name in value and value[name] not in words and not jsonata.is_expression(value[name]):
            near = nearest(str(value[name]), words)
            hint = f"Did you mean '{near}'?" if near else ""
            yield place.at(name).wrong(f"Expected one of {', '.join(words)}", hint)


def _counts(value: dict[str, Any], names: tuple[str, ...], place: Place) -> Found:
    """Numbers, and in JSONPath the paths to them."""
    for name in names:
        if name in value and not (place.language == "JSONata" and jsonata.is_expression(value[name])):
            number = value[name]
            if isinstance(number, bool) or not isinstance(number, int) or number < 0:
                yield place.at(name).wrong("Expected a whole number")
        path = f"{name}Path"
        if path not in value:
            continue
        if place.language == "JSONata":
            yield place.at(path).wrong(f"'{path}' cannot be used when the query language is JSONata", f"Use {name}.")
        elif name in value:
            yield place.wrong(f"Only one of [{name}, {path}] can be given", "Remove one of them.")
        else:
            yield from check_value("path", value[path], place.at(path))


def _resource(value: dict[str, Any], calls: tuple[str, ...], place: Place) -> Found:
    found = _CALL.fullmatch(str(value.get("Resource")))
    if found is None or found[1] not in calls:
        known = " or ".join(f"arn:aws:states:::s3:{call}" for call in calls)
        yield (place.at("Resource") if "Resource" in value else place).wrong(f"Expected the Resource {known}")


def _reader(value: dict[str, Any], place: Place) -> Found:
    yield from _fields(value, ("Resource", "ReaderConfig"), place)
    yield from _resource(value, ("getObject", "listObjectsV2"), place)
    config = value.get("ReaderConfig", {})
    if not isinstance(config, dict):
        yield place.at("ReaderConfig").wrong("Expected value of type Object")
        return
    where = place.at("ReaderConfig")
    known = (*_READER, "CSVHeaders", "ItemsPointer", "MaxItems", "MaxItemsPath")
    for name in config:
        if name not in known:
            yield unknown_field(where, name, known)
    yield from _words(config, _READER, where)
    yield from _counts(config, ("MaxItems",), where)
    if config.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in config:
        yield where.wrong("The field 'CSVHeaders' is required but was missing", "CSVHeaderLocation is GIVEN.")


def _batcher(value: dict[str, Any], place: Place) -> Found:
    limits = ("MaxItemsPerBatch", "MaxInputBytesPerBatch")
    known = (*limits, *(f"{name}Path" for name in limits), "BatchInput")
    for name in value:
        if name not in known:
            yield unknown_field(place, name, known)
    yield from _counts(value, limits, place)
    if not any(name in value for name in known[:-1]):
        yield place.wrong(f"One of [{', '.join(limits)}] is required")
    if "BatchInput" in value:
        yield from check_value("template", value["BatchInput"], place.at("BatchInput"))


def _writer(value: dict[str, Any], place: Place) -> Found:
    yield from _fields(value, ("Resource", "WriterConfig"), place)
    given = "Arguments" if place.language == "JSONata" else "Parameters"
    if not value:
        yield place.wrong("Value cannot be empty", f"Give Resource and {given}, or WriterConfig, or all three.")
    elif "Resource" in value or given in value:
        yield from _resource(value, ("putObject",), place)
        if given not in value:
            yield place.wrong(f"The field '{given}' is required but was missing", "It says Bucket and Prefix.")
    config = value.get("WriterConfig", {})
    if not isinstance(config, dict):
        yield place.at("WriterConfig").wrong("Expected value of type Object")
        return
    for name in config:
        if name not in _WRITER:
            yield unknown_field(place.at("WriterConfig"), name, _WRITER)
    yield from _words(config, _WRITER, place.at("WriterConfig"))
