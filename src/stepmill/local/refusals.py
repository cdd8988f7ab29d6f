"""What this machine cannot do of a Bundle, told before anything starts.

In: a Bundle and the settings. Out: Problems at the user's own lines; sentences about what is not simulated; the
functions that the project's configuration maps. Touches: reads the store, to know the functions in it.

Here: what the local stage lacks. What AWS itself would refuse is found when the pipeline is compiled.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from stepmill.asl.checks import check
from stepmill.asl.definition import walk_states
from stepmill.asl.problems import Problem
from stepmill.assets import AssetError, pack_function
from stepmill.history.log import StoreError
from stepmill.history.sqlite import SqliteHistory
from stepmill.jobs.refusals import notes
from stepmill.jobs.refusals import refusals as refusals_of_request
from stepmill.local.store import Store
from stepmill.nearest import nearest
from stepmill.services.reach import unreachable
from stepmill.stage import Settings
from stepmill.steps.bundle import FunctionSource
from stepmill.steps.scripts import check_handler

if TYPE_CHECKING:
    from stepmill.steps.bundle import Bundle

JOB_ROLE = "arn:aws:iam::{account}:role/stepmill-job"
_JOBS = {"createTrainingJob": "training", "createProcessingJob": "processing"}


class _Task(NamedTuple):
    """A Task state: where it stands in the definition, where the user wrote it, its name and itself."""

    pointer: str
    place: str
    name: str
    state: Mapping[str, Any]

    @property
    def request(self) -> Mapping[str, Any]:
        found = self.state.get("Arguments") or self.state.get("Parameters")
        return found if isinstance(found, dict) else {}

    @property
    def job(self) -> str:
        """`training`, `processing`, or empty for what is no job."""
        action = str(self.state.get("Resource", "")).rpartition(":")[2]
        return _JOBS.get(action.removesuffix(".sync"), "")

    @property
    def function(self) -> str:
        """The name of the function it calls, when that is known before the run; else empty."""
        resource = str(self.state.get("Resource", ""))
        if ":lambda:invoke" in resource:
            named = self.request.get("FunctionName")
        else:
            named = resource if ":function:" in resource else ""
        if not isinstance(named, str) or named.startswith(("{%", "${")):
            return ""
        return named.rpartition(":function:")[2].split(":")[0]


def bindings(
    bundle: Bundle, settings: Settings, job_role: Callable[[str], str] = lambda name: JOB_ROLE
) -> dict[str, str]:
    """What the local stage fills a Bundle's names with. job_role: the ARN of a role of jobs by its substitution name,
    `{account}` open; one role for all when left out."""
    scope = f"arn:aws:lambda:{settings.region}:{settings.account}:function"
    activity = f"arn:aws:states:{settings.region}:{settings.account}:activity"
    return {
        "Bucket": settings.bucket,
        **{name: job_role(name).format(account=settings.account) for name in ("JobRole", *bundle.manifest.roles)},
        "Stage": settings.stage,
        **{placeholder: image.uri for placeholder, image in bundle.manifest.images.items()},
        **{placeholder: f"{scope}:{made.name}" for placeholder, made in bundle.manifest.functions.items()},
        **{placeholder: f"{activity}:{name}" for placeholder, name in bundle.manifest.activities.items()},
    }


def refusals(bundle: Bundle, settings: Settings) -> list[Problem]:
    """Everything that keeps a Bundle from running here; empty when it can."""
    text = bundle.bind(bindings(bundle, settings))
    found = [
        Problem(_place(problem.place, bundle), problem.code, problem.message, problem.hint)
        for problem in (*check(json.loads(text)), *unreachable(json.loads(text)))
    ]
    for task in _tasks(text, bundle):
        found += [Problem(task.place, "here.request", f"{task.name!r}: {said}") for said in _of_request(task)]
    for placeholder, image in bundle.manifest.images.items():
        if image.dockerfile is not None:
            found += [
                Problem(
                    task.place,
                    "here.dockerfile",
                    f"{task.name!r}: dockerfile= is not built on this machine yet",
                    "say requirements= instead, or image_uri= of an image that exists on AWS",
                )
                for task in _users(bundle, placeholder)
            ]
    return found + list(_unknown_functions(text, bundle, settings))


def warnings(bundle: Bundle, settings: Settings) -> list[Problem]:
    """What AWS takes of a Bundle and what can only fail, or never happen, when it runs, at the user's own lines."""
    from stepmill.asl.flow import warnings as found

    text = bundle.bind(bindings(bundle, settings))
    return [replace(problem, place=_both(problem.place, bundle)) for problem in found(json.loads(text))]


def not_simulated(bundle: Bundle, settings: Settings) -> list[str]:
    """Sentences about what is named in a Bundle and not had here."""
    types: dict[str, None] = {}
    images: dict[str, None] = {}
    effectless: dict[str, None] = {}
    made = {image.uri for image in bundle.manifest.images.values()}
    for task in _tasks(bundle.bind(bindings(bundle, settings)), bundle):
        if task.job:
            request = task.request
            with contextlib.suppress(ValueError, TypeError, AttributeError):  # a value that only the run knows
                effectless |= dict.fromkeys(notes(task.job, dict(request)))
            cluster = (request.get("ProcessingResources") or {}).get("ClusterConfig") or request.get("ResourceConfig")
            types |= _constant(cluster, "InstanceType")
            images |= _constant(request.get("AppSpecification"), "ImageUri")
            images |= _constant(request.get("AlgorithmSpecification"), "TrainingImage")
    said = list(effectless)
    if types:
        verb = "is" if len(types) == 1 else "are"
        said.append(f"{' and '.join(types)} {verb} not simulated: jobs have the processors and memory of this machine")
    own = "" if sys.prefix == sys.base_prefix else f" ({sys.prefix})"
    said += [
        f"the image {image} is not run here: its jobs run in Stepmill's own environment{own}, "
        "or in one of their own with requirements="
        for image in images
        if image not in made
    ]
    return said


def places_of(bundle: Bundle, placeholder: str) -> str:
    """The lines of the steps that use an image or a function: `pipeline.py:4, pipeline.py:9`."""
    return ", ".join(dict.fromkeys(task.place for task in _users(bundle, placeholder)))


def configured(text: str, bundle: Bundle, settings: Settings) -> list[FunctionSource]:
    """The functions that a definition calls by a name which the project's configuration maps to a file."""
    names = dict.fromkeys(task.function for task in _tasks(text, bundle) if task.function in settings.functions)
    return [_mapped(name, settings) for name in names]


def _mapped(name: str, settings: Settings) -> FunctionSource:
    file, _, handler = settings.functions[name].rpartition(":")
    asset = pack_function(file, base=settings.root)
    return FunctionSource(name, f"{Path(file).stem}.{handler}", asset, file=str(settings.root / file))


def _in_mapped(task: _Task, settings: Settings) -> list[Problem]:
    """What is wrong with the file that the configuration maps a function to."""
    entry = settings.functions[task.function]
    about = f'{task.name!r}: [tool.stepmill.functions] {task.function} = "{entry}"'
    found: list[Problem] = []

    def tell(code: str, message: str, hint: str = "", source: object = None) -> None:
        found.append(Problem(str(source or task.place), code, f"{about}: {message}", hint))

    file, _, handler = entry.rpartition(":")
    try:
        _mapped(task.function, settings)
    except AssetError as fault:
        tell(fault.code, fault.message, fault.hint)
    else:
        check_handler(settings.root / file, handler, f"{task.name!r} calls it", tell)
    return found


def _unknown_functions(text: str, bundle: Bundle, settings: Settings) -> Iterator[Problem]:
    known: set[str] | None = None
    for task in _tasks(text, bundle):
        name = task.function
        if name in settings.functions:
            yield from _in_mapped(task, settings)
            continue
        if known is None:
            known = _in_store(settings) | {made.name for made in bundle.manifest.functions.values()}
        if name and name not in known:
            guess = nearest(name, [*settings.functions, *known])
            yield Problem(
                task.place,
                "here.function",
                f"{task.name!r} calls the function {name!r}, which is not on this machine",
                f"did you mean {guess!r}?"
                if guess
                else 'say function="functions.py:handler", or map the name to it '
                "under [tool.stepmill.functions] in pyproject.toml",
            )


def _in_store(settings: Settings) -> set[str]:
    database = Store(settings.store).database
    if not database.exists():
        return set()
    try:
        history = SqliteHistory(database, readonly=True)
        try:
            return {name for name, _ in history.records("lambda", "function")}
        finally:
            history.close()
    except StoreError:  # whoever uses the store says what is wrong with it
        return set()


def _of_request(task: _Task) -> list[str]:
    if not task.job or not task.request:  # without one, the whole request is a value that only the run knows
        return []
    request = dict(task.request)
    for field in ("AppSpecification", "AlgorithmSpecification"):
        # what the run fills in as a whole may name the program; if it does not, the job says so when it starts
        if f"{field}.$" in request:
            request[field] = {"ContainerEntrypoint": [request[f"{field}.$"]]}
        # JSONPath marks a command line with a run-time word in it as a whole; that there is one is known
        elif "ContainerEntrypoint.$" in (request.get(field) or ()):
            request[field] = {**request[field], "ContainerEntrypoint": [request[field]["ContainerEntrypoint.$"]]}
    try:
        return refusals_of_request(task.job, request)
    except (ValueError, TypeError, AttributeError):  # a value that only the run knows
        return []


def _tasks(text: str, bundle: Bundle) -> Iterator[_Task]:
    for pointer, name, state in walk_states(json.loads(text)):
        if state.get("Type") == "Task":
            yield _Task(pointer, _place(pointer, bundle), name, state)


def _users(bundle: Bundle, placeholder: str) -> Iterator[_Task]:
    for task in _tasks(bundle.template, bundle):
        if f"${{{placeholder}}}" in json.dumps(task.state, ensure_ascii=False):
            yield task


def _constant(part: Any, field: str) -> dict[str, None]:
    value = part.get(field) if isinstance(part, Mapping) else None
    return {value: None} if isinstance(value, str) and not value.startswith("{%") else {}


def _both(pointer: str, bundle: Bundle) -> str:
    """`pipeline.py:41 (/States/Train/Next)`, or the pointer alone where no Python says it."""
    place = _place(pointer, bundle)
    return place if place == pointer else f"{place} ({pointer})"


def _place(pointer: str, bundle: Bundle) -> str:
    """`pipeline.py:41` for a pointer into a state that was written there."""
    parts = pointer.split("/")
    for end in range(len(parts), 0, -1):
        if place := bundle.manifest.sources.get("/".join(parts[:end])):
            return place
    return pointer
