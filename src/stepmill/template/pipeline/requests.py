"""A Workflow whose requests come with its input: it needs what they need.

In: the requests as a Bundle, and a definition that reads them from the execution's input. Out: executions whose input
names what the stage has. Touches: what Workflow touches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.steps.bundle import Bundle, Manifest
from stepmill.workflow import Execution, Workflow


class RequestsFromInput(Workflow):
    """A Workflow that takes its requests from the input of every execution.

    Args:
        described: the requests as they stand before an execution fills them in, and the code, the data and the images
            that they name.
        given, more: as in Workflow.
    """

    def __init__(self, described: Bundle, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._described = described

    def bundle(self) -> Bundle:
        """The Definition, and what the requests need that an execution gives it. Raises InvalidDefinition."""
        made = super().bundle()
        return replace(made, manifest=replace(self._described.manifest, schema=made.manifest.schema))

    def create(self) -> str:
        """Make the state machine. Out: its ARN.

        Raises:
            InvalidDefinition: as `Workflow.create`; and with a client, when the requests name what only a stage has.
        """
        self._refuse_names()
        return super().create()

    def execute(self, name: str | None = None, inputs: Any = None) -> Execution:
        """Start an execution, and return at once. name, inputs: as in `Workflow.execute`.

        Raises:
            InvalidDefinition: as in `create`.
        """
        self._refuse_names()
        return super().execute(name, self.filled(inputs))

    def filled(self, inputs: Any) -> Any:
        """The input with the names of the stage filled in, as a Definition has them. inputs: JSON."""
        asked = Bundle(self.name, json.dumps(inputs, ensure_ascii=False), self._described.manifest)
        if not asked.needs:
            return inputs
        from stepmill.local.refusals import bindings

        return json.loads(asked.bind(bindings(asked, self.local.settings)))

    def _refuse_names(self) -> None:
        """A client stores no code and no data, and makes no images and no roles."""
        if self.client is None or not self._described.needs:
            return
        states = json.loads(self._described.template)["States"]
        raise InvalidDefinition(
            Problem(
                place_of(name, self._described.manifest),
                "client.name",
                f"{name!r} still asks for ${{{need}}}, and a client fills no names",
                "give the estimator image_uri= and role=, and give data and source_dir= as s3:// URIs",
            )
            for name, state in states.items()
            for need in self._described.needs
            if f"${{{need}}}" in json.dumps(state)
        )


def refuse_run_time_values(template: Mapping[str, Any], manifest: Manifest) -> None:
    """Raise InvalidDefinition for requests that ask for what only the execution knows: in an input nobody reads that.

    template: the requests by state. manifest: where the states are written.
    """
    found = [
        Problem(
            place_of(name, manifest),
            "input.at-run-time",
            f"{name!r}: {field} is known only at run time, and the requests of a ready-made pipeline are its input",
            "give a constant, or change the input: `pipeline.get_workflow().execute(inputs=…)`",
        )
        for name, request in template.items()
        for field in _at_run_time(request)
    ]
    if found:
        raise InvalidDefinition(found)


def place_of(name: str, manifest: Manifest) -> str:
    """Where a state of the top machine is written."""
    pointer = f"/States/{name}"
    return manifest.sources.get(pointer, pointer)


def _at_run_time(value: Any, place: str = "") -> Iterator[str]:
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        inner = f"{place}.{key}".lstrip(".")
        if str(key).endswith(".$"):
            yield inner.removesuffix(".$")
        yield from _at_run_time(each, inner)
