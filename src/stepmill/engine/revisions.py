"""Compiled machines by the digest of their definition, the latest few.

In: definitions, or digests of those on record. Out: Machines. Touches: reads history.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from stepmill.asl.definition import Definition
from stepmill.engine.machine import Machine, compile
from stepmill.history.log import History

_KEPT = 32


class Revisions:
    """Safe to use from several threads. `known` are the digests whose definition is certainly on record."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._machines: OrderedDict[str, Machine] = OrderedDict()
        self._lock = threading.Lock()
        self.known: set[str] = set()

    def of(self, definition: Definition) -> Machine:
        """A definition, compiled."""
        with self._lock:
            machine = self._machines.get(definition.digest)
            if machine is not None:
                self._machines.move_to_end(definition.digest)
                return machine
        machine = compile(definition)
        with self._lock:
            self._machines[definition.digest] = machine
            while len(self._machines) > _KEPT:
                self._machines.popitem(last=False)
        return machine

    def read(self, digest: str) -> Machine:
        """The machine of a definition on record. Raises LookupError."""
        machine = self._machines.get(digest)
        if machine is None:
            body = self._history.record("states", "revision", digest)
            if body is None:
                raise LookupError(f"the definition {digest} is not on record")
            machine = self.of(Definition.parse(body["definition"]))
        return machine
