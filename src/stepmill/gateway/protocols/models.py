"""AWS's own description of a service: its operations, and the shapes that travel.

In: the name of a service. Out: ServiceModel, Operation, Found. Touches: the model files of an installed botocore;
botocore itself is never imported, which would cost every start 110 ms. What belongs here is what a model says; what its
words look like on the wire is protocols', which request means which operation is routing's.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Shape = dict[str, Any]
"""A shape, or a reference to one, as the model spells it."""

Pairs = list[tuple[str, str]]

BOTOCORE_NAMES = {"states": "stepfunctions"}
"""The services whose models botocore files under another name than the one `call` knows."""

PROTOCOLS = ("json", "rest-json", "rest-xml", "query")
"""The protocols spoken here."""


class NoModel(RuntimeError):
    """The description of a service is not on this machine, or in a protocol not spoken here."""


class Operation:
    """One operation of a service.

    method, uri: how a rest-* request names it; `POST`, `/` elsewhere. status: of a success. input, output: structures
    (None when it has none). wrapper: the element around the result, of query services. streams: whether its answer, or
    its request, is a stream of events.
    """

    __slots__ = (
        "input",
        "method",
        "model",
        "name",
        "output",
        "plans",
        "required",
        "status",
        "streams",
        "uri",
        "wrapper",
    )

    def __init__(self, model: ServiceModel, name: str, described: Shape) -> None:
        self.model = model
        self.name = name
        self.method: str = described["http"]["method"]
        self.uri: str = described["http"]["requestUri"]
        self.status: int = described["http"].get("responseCode", 200)
        self.input = model.resolve(described["input"]) if "input" in described else None
        self.output = model.resolve(described["output"]) if "output" in described else None
        self.required: list[str] = self.input.get("required", []) if self.input else []
        self.wrapper: str | None = described.get("output", {}).get("resultWrapper")
        self.streams = any(self._streams(shape) for shape in (self.input, self.output))
        self.plans: dict[str, Any] = {}  # what protocols worked out about it, once

    def _streams(self, shape: Shape | None) -> bool:
        members = (shape or {}).get("members", {}).values()
        return any(self.model.resolve(ref).get("eventstream") for ref in members)

    def __repr__(self) -> str:
        return f"<{self.model.name}:{self.name}>"


class ServiceModel:
    """What AWS says of one service.

    name: as `call` knows it. protocol: one of PROTOCOLS. target: before the `.` of `X-Amz-Target`. version: the
    `Version` of query requests. namespace: of its XML. deprecated: the operations that others replaced.
    """

    def __init__(self, name: str, described: Shape) -> None:
        metadata = described["metadata"]
        self.name = name
        self.protocol: str = next((known for known in PROTOCOLS if known in spoken(metadata)), "")
        if not self.protocol:
            raise NoModel(f"The model of {name} speaks {metadata['protocol']}, which is not spoken here.")
        self.json_version: str = metadata.get("jsonVersion", "1.0")
        self.target: str = metadata.get("targetPrefix", "")
        self.version: str = metadata["apiVersion"]
        self.namespace: str = metadata.get("xmlNamespace", "")
        self.shapes: dict[str, Shape] = described["shapes"]
        self.deprecated = {key for key, value in described["operations"].items() if value.get("deprecated")}
        self.plans: dict[str, Any] = {}  # what protocols worked out about its shapes, once
        self._described: dict[str, Shape] = described["operations"]
        self._made: dict[str, Operation] = {}

    @property
    def operations(self) -> list[str]:
        """The names of all its operations."""
        return list(self._described)

    def operation(self, name: str) -> Operation | None:
        """The operation of that name; None when AWS has none."""
        made = self._made.get(name)
        if made is None and name in self._described:
            made = self._made[name] = Operation(self, name, self._described[name])
        return made

    def resolve(self, ref: Shape) -> Shape:
        """The shape a reference means, with what the reference says of it on top."""
        return {**self.shapes[ref["shape"]], **ref}

    def __repr__(self) -> str:
        return f"<ServiceModel {self.name} ({self.protocol})>"


@dataclass(slots=True)
class Found:
    """The operation a request means, and what the finding read already.

    labels: what stands in the path, decoded once. query: what stands after the `?`, decoded, in order. form: what a
    form body said; query services only.
    """

    operation: Operation
    labels: dict[str, str] = field(default_factory=dict)
    query: Pairs = field(default_factory=list)
    form: Pairs = field(default_factory=list)


def spoken(metadata: Shape) -> list[str]:
    """The protocols a model offers; old models name one."""
    offered: list[str] = [metadata["protocol"], *metadata.get("protocols", ())]
    return offered


@cache
def load(service: str) -> ServiceModel:
    """The model of `service`, as `call` or botocore name it: read once.

    Raises NoModel when botocore is not installed, knows no such service, or speaks another protocol.
    """
    return ServiceModel(service, _read(BOTOCORE_NAMES.get(service, service)))


def _read(name: str) -> Shape:
    folder = _data() / name
    versions = sorted(path.parent for path in folder.glob("*/service-2.json*"))
    if not versions:
        raise NoModel(f"botocore has no model of a service {name!r}.")
    packed = versions[-1] / "service-2.json.gz"
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else (versions[-1] / "service-2.json").read_bytes()
    described: Shape = json.loads(data)
    for shape in described["shapes"].values():
        shape.pop("documentation", None)  # two thirds of the memory
        for member in shape.get("members", {}).values():
            member.pop("documentation", None)
    return described


def _data() -> Path:
    # find_spec finds a top-level package without running any of it.
    spec = importlib.util.find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise NoModel(
            "AWS's models of its operations come with botocore, which is not installed here. "
            'Install it with `pip install "stepmill[serve]"`.'
        )
    return Path(spec.submodule_search_locations[0]) / "data"
