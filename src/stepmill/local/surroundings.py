"""What jobs and functions are given on this machine.

In: settings, the process's environment, the notes of deployments. Out: interpreters, clean environments, secrets.
Touches: reads `os.environ` and the history; what is passed on by name stays in memory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from stepmill.history.log import History
from stepmill.history.redaction import Redactor
from stepmill.jobs.environments import code_requirements, prepare
from stepmill.local.endpoint import endpoint_of, key_of
from stepmill.local.store import Store
from stepmill.stage import Settings, clean_environment


class LocalSurroundings:
    """See `services.surroundings.Surroundings`. What an execution's caller passes on is kept for that execution."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = {name: os.environ[name] for name in settings.pass_env if name in os.environ}
        self._given: dict[str, dict[str, str]] = {}
        self._history: History | None = None
        store = Store(settings.store)
        self._key = key_of(store)[1:] if store.root.is_dir() else ()  # what is not made has no key to hide
        self.redactor = Redactor([*self._masked(os.environ), *self._key])

    def read(self, history: History) -> None:
        """Look interpreters up here."""
        self._history = history

    def give(self, execution: str, environ: Mapping[str, str]) -> None:
        """Pass these variables on to everything that this execution starts."""
        self._given[execution] = dict(environ)
        self.redactor.add(self._masked(environ))

    def job_python(self, request: Mapping[str, Any]) -> str:
        """The interpreter that was made for the job's image and the requirements in its code.

        For an image that nobody described, and code without requirements, the one Stepmill runs in.
        """
        specification = request.get("AppSpecification") or request.get("AlgorithmSpecification") or {}
        image = specification.get("ImageUri") or specification.get("TrainingImage") or ""
        return prepare(self._requirements("image", image) + self._in_code(request), self._settings.cache)

    def function_python(self, name: str) -> str:
        """The interpreter that was made for a function's requirements."""
        return prepare(self._requirements("function", name), self._settings.cache)

    def environ(self, token: str | None, python: str) -> dict[str, str]:
        """A clean environment, what came with the act's execution, and where this store is served, if it is."""
        passed = self._passed(token)
        served = endpoint_of(self._settings)
        return clean_environment({**os.environ, **passed}, python, self._settings.region, tuple(passed), served)

    def secrets(self, token: str | None) -> list[str]:
        """Values of the variables that the settings call secret, and the secret of the store's own key."""
        return [*self._masked({**os.environ, **self._passed(token)}), *self._key]

    def _requirements(self, kind: str, name: str) -> str:
        found = self._history.record("stepmill", kind, name) if self._history else None
        return "".join(f"{line}\n" for line in found["requirements"]) if found else ""

    def _in_code(self, request: Mapping[str, Any]) -> str:
        return code_requirements(request, self._settings.store / "objects")

    def _passed(self, token: str | None) -> dict[str, str]:
        return self._given.get(self._started_by((token or "").partition("#")[0]), self._own)

    def _started_by(self, execution: str) -> str:
        """The execution that somebody started: of a Map Run's child, the one whose Map it is."""
        while self._given and self._history is not None and execution not in self._given:
            body = self._history.record("states", "execution", execution) or {}
            run = self._history.record("states", "maprun", body.get("map_run", ""))
            if run is None:
                break
            execution = run["execution"]
        return execution

    def _masked(self, environ: Mapping[str, str]) -> list[str]:
        return [environ[name] for name in self._settings.secrets if name in environ]
