"""Whether the Tasks of a definition call what somebody on this machine answers.

In: a definition that passed AWS's checks, and the operations answered here. Out: Problems. Touches: looks whether moto
is installed, without importing it.

`asl` says what AWS has; here is what this machine has of it. Both are asked before anything starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

from stepmill.asl.definition import walk_states
from stepmill.asl.integrations import Integration, UnknownIntegration, integration
from stepmill.asl.modes import reads_parquet
from stepmill.asl.places import HERE
from stepmill.asl.problems import Problem
from stepmill.nearest import nearest
from stepmill.services.bounds import pretends, takes
from stepmill.services.map_runs.formats import INSTALL as PARQUET
from stepmill.services.operations import offered
from stepmill.services.others import INSTALL, backend_of, installed

Answered = Callable[[], Collection[tuple[str, str]]]

# Who answers for a service on this machine.
PROVIDERS: Final = {
    "states": (
        "states.machines.Machines",
        "states.about.About",
        "states.executions.Executions",
        "states.map_runs.Runs",
        "states.trials.Trials",
        "states.versions.Versions",
        "states.activities.Activities",
        "states.tokens.Tokens",
        "states.redrives.Redrives",
        "states.aliases.Aliases",
    ),
    "sagemaker": ("sagemaker.SageMaker", "tags.JobTags"),
    "lambda": ("lambda_.Lambda",),
    "s3": ("s3.S3",),
    "logs": ("logs.Logs",),
    "sts": ("sts.Sts",),
    "cloudformation": (
        "cloudformation.stacks.StackOperations",
        "cloudformation.change_sets.ChangeSets",
        "cloudformation.looks.Looks",
        "cloudformation.drift.Drift",
    ),
}


def owned() -> dict[str, frozenset[str]]:
    """The operations that Stepmill itself answers, by service."""
    found: dict[str, frozenset[str]] = {}
    for service, paths in PROVIDERS.items():
        for module, _, name in (path.rpartition(".") for path in paths):
            provider = getattr(import_module(f"stepmill.services.{module}"), name)
            found[service] = found.get(service, frozenset()) | offered(provider)
    return found


def answered() -> set[tuple[str, str]]:
    """Every (service, operation) that Stepmill itself answers."""
    return {(service, name) for service, names in owned().items() for name in names}


def unreachable(definition: Mapping[str, Any], known: Answered = answered) -> Iterator[Problem]:
    """Everything that Tasks call and nobody here answers. `known` gives what Stepmill itself answers; it is asked only
    when there is a Task that could be of it."""
    for pointer, _, state in walk_states(definition):
        if reads_parquet(state) and find_spec("pyarrow") is None:
            said = f"It is read by pyarrow: {PARQUET}"
            yield Problem(f"{pointer}/ItemReader/ReaderConfig", HERE, "Parquet files cannot be read here", said)
        resource = state.get("Resource")
        if state.get("Type") != "Task" or not isinstance(resource, str):
            continue
        try:
            row = integration(resource)
        except UnknownIntegration:
            continue  # told already
        hint = _lacking(row, known)
        if hint is not None:
            yield Problem(f"{pointer}/Resource", HERE, f"The resource {resource} cannot be run here", hint)


def _lacking(row: Integration, known: Answered) -> str | None:
    """Why nobody answers a row; None when somebody does."""
    if row.activity is not None:
        return None  # whether there is one of that name is asked when it runs
    here = not takes(row.service)
    if not row.java and (here or row.service == "sagemaker"):
        return None
    if here or not takes(row.service, row.operation):
        operations = [name for service, name in known() if service == row.service]
        if row.operation in operations:
            return None
        near = nearest(row.operation, operations)
        guess = f" Did you mean {near[0].lower() + near[1:]}?" if near else ""
        return f"AWS runs it; {row.service}:{row.operation} is not answered on this machine.{guess}"
    if row.service == "sagemaker" and (row.service, row.operation) in known():
        return None
    if not installed():
        return f"It is answered by moto: {INSTALL}"
    backend = backend_of(*(row.names or (row.service,)))
    if backend is None:
        return f"AWS runs it; moto, which answers other services on this machine, has no {row.java or row.service}."
    if pretends(backend, row.operation):
        return "AWS runs it; nothing on this machine does."
    return None
