"""Whether a response is one that AWS's own model allows, as botocore has it.

`check("lambda", "Invoke", response)` fails with every member that is unknown, missing or of another type.
Services go by the names that Stepmill calls them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

_NAMES = {"states": "stepfunctions"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "timestamp": (float, int),
    "blob": (bytes,),
}


@functools.cache
def model(service: str) -> ServiceModel:
    """botocore's model of a service, by Stepmill's name for it."""
    name = _NAMES.get(service, service)
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def check(service: str, operation: str, response: Mapping[str, Any], *, without: str = "") -> None:
    """Fail unless `response` is one of the operation's. `without` names a member that may be missing all the same."""
    shape = model(service).operation_model(operation).output_shape
    faults = list(_faults(shape, response, "")) if shape is not None else [f"{key}: unknown" for key in response]
    faults = [fault for fault in faults if fault != f"{without}: missing"]
    assert not faults, f"{service}:{operation}: {'; '.join(faults)}"


def _faults(shape: Shape, value: Any, place: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        if not isinstance(value, Mapping):
            yield f"{place or 'response'}: {type(value).__name__} where a structure should be"
            return
        for name in shape.required_members:
            if name not in value:
                yield f"{place}{name}: missing"
        for name, part in value.items():
            if name not in shape.members:
                yield f"{place}{name}: unknown"
            else:
                yield from _faults(shape.members[name], part, f"{place}{name}.")
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            yield f"{place}: {type(value).__name__} where a list should be"
            return
        for index, part in enumerate(value):
            yield from _faults(shape.member, part, f"{place}{index}.")
    elif isinstance(shape, MapShape):
        if not isinstance(value, Mapping):
            yield f"{place}: {type(value).__name__} where a map should be"
            return
        for name, part in value.items():
            yield from _faults(shape.value, part, f"{place}{name}.")
    else:
        allowed = _TYPES[shape.type_name]
        if shape.type_name == "blob" and hasattr(value, "read"):
            return
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            yield f"{place}: {type(value).__name__} where {shape.type_name} should be"
        elif (enum := getattr(shape, "enum", None)) and value not in enum:
            yield f"{place}: {value!r} is none of {enum}"
