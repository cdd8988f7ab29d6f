"""Makes a Bundle runnable on this machine.

In: a Bundle. Out: a state machine's ARN. Touches: the store's objects and records, and the cache of environments.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.asl.definition import Definition
from stepmill.asl.problems import InvalidDefinition
from stepmill.jobs.environments import EnvironmentFailed, code_requirements, prepare
from stepmill.local.refusals import bindings, configured, not_simulated, places_of, refusals
from stepmill.local.roles import FUNCTION_ROLE, MACHINE_ROLE, Roles
from stepmill.objects.store import NoSuchKey
from stepmill.services.operations import ServiceError

if TYPE_CHECKING:
    from stepmill.assets import Asset
    from stepmill.local import Local
    from stepmill.steps.bundle import Bundle, FunctionSource


def deploy(local: Local, bundle: Bundle, role: str | None, say: Callable[[str], None]) -> str:
    """See Local.deploy. Everything is named by its content, so doing it again changes nothing."""
    manifest = bundle.manifest
    if problems := refusals(bundle, local.settings):
        raise InvalidDefinition(problems)
    for notice in manifest.notices:
        say(f"note: {notice}")
    _prepare(local, bundle, say)
    local.store.make()
    own = Roles(bundle, local) if local.enforce_rights else None
    names = bindings(bundle, local.settings, *([own.job] if own else []))
    text = bundle.bind(names)
    brought = configured(text, bundle, local.settings)
    _store_assets(local, (*manifest.assets, *(function.asset for function in brought)))
    for activity in manifest.activities.values():
        local.call("states", "CreateActivity", {"name": activity})
    for image in manifest.images.values():
        _note_requirements(local, "image", image.uri, image.requirements)
    for function in (*manifest.functions.values(), *brought):
        _note_requirements(local, "function", function.name, function.requirements)
        _function(local, function, own.function(function) if own else FUNCTION_ROLE)
    _prepare_code(local, bundle, text, say)
    if own is not None:
        own.keep(names, machine=role is None, brought=brought)
    given = role or (own.machine if own else MACHINE_ROLE)
    arn = _machine(local, bundle.name, text, given.format(account=local.settings.account))
    local.call(
        "stepmill",
        "Note",
        {
            "kind": "bundle",
            "name": bundle.name,
            "body": {"digest": bundle.digest, "names": names, "sources": dict(manifest.sources)},
        },
    )
    _say_once(local, not_simulated(bundle, local.settings), say)
    return arn


def _machine(local: Local, name: str, text: str, role: str) -> str:
    """A machine of this name with this definition and role. Out: its ARN."""
    machine = {"definition": text, "roleArn": role}
    arn = f"arn:aws:states:{local.settings.region}:{local.settings.account}:stateMachine:{name}"
    try:
        local.call("states", "CreateStateMachine", {"name": name, **machine})
        if local.call("states", "DescribeStateMachine", {"stateMachineArn": arn})["roleArn"] == role:
            return arn
    except ServiceError as refusal:
        if refusal.code != "StateMachineAlreadyExists":
            raise
    local.call("states", "UpdateStateMachine", {"stateMachineArn": arn, **machine})
    return arn


def _prepare(local: Local, bundle: Bundle, say: Callable[[str], None]) -> None:
    """Build the environments that the steps ask for, before the store is touched."""
    wanted = {name: image.requirements for name, image in bundle.manifest.images.items()}
    wanted |= {name: function.requirements for name, function in bundle.manifest.functions.items()}
    for placeholder, requirements in wanted.items():
        try:
            prepare("\n".join(requirements), local.settings.cache, progress=say)
        except EnvironmentFailed as fault:
            raise EnvironmentFailed(f"{places_of(bundle, placeholder)}: {fault}") from fault


def _say_once(local: Local, sentences: list[str], say: Callable[[str], None]) -> None:
    """What is true of every run is said in the first run of a store, and not again."""
    for sentence in sentences:
        if local.history.record("stepmill", "said", sentence) is None:
            say(f"note: {sentence}")
            local.call("stepmill", "Note", {"kind": "said", "name": sentence, "body": {}})


def _store_assets(local: Local, assets: Iterable[Asset]) -> None:
    """Put what is not there yet into the bucket; a key says what its content is, so what is there is right."""
    objects, bucket = local.objects, local.settings.bucket
    objects.create_bucket(bucket)

    def absent(key: str) -> bool:
        try:
            objects.info(bucket, key)
        except NoSuchKey:
            return True
        return False

    for asset in assets:
        if asset.key.endswith("/"):
            fresh = [(key, path) for key, path in asset.files() if absent(key)]
            for key, path in fresh:
                objects.put_file(bucket, key, path)
            try:
                asset.verify()
            except BaseException:
                for key, _ in fresh:  # a file that changed meanwhile would stay wrong under its content's name
                    objects.delete(bucket, key)
                raise
        elif absent(asset.key):
            with tempfile.TemporaryDirectory(dir=local.store.root) as scratch:
                packed = Path(scratch) / "asset"
                asset.write(packed)
                objects.put_file(bucket, asset.key, packed, move=True)


def _function(local: Local, function: FunctionSource, role: str) -> None:
    code = {"S3Bucket": local.settings.bucket, "S3Key": function.asset.key}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    settings: dict[str, Any] = {
        "FunctionName": function.name,
        "Runtime": version,
        "Role": role.format(account=local.settings.account),
        "Handler": function.handler,
        "Timeout": math.ceil(function.timeout),  # AWS counts whole seconds
        "MemorySize": function.memory,
        "Environment": {"Variables": dict(function.environment)},
    }
    try:
        local.call("lambda", "CreateFunction", settings | {"Code": code})
        return
    except ServiceError as refusal:
        if refusal.code != "ResourceConflictException":
            raise
    local.call("lambda", "UpdateFunctionCode", {"FunctionName": function.name, **code})
    local.call("lambda", "UpdateFunctionConfiguration", settings)


def _note_requirements(local: Local, kind: str, name: str, requirements: tuple[str, ...]) -> None:
    """Remember what an image or a function is made of."""
    local.call("stepmill", "Note", {"kind": kind, "name": name, "body": {"requirements": list(requirements)}})


def _prepare_code(local: Local, bundle: Bundle, text: str, say: Callable[[str], None]) -> None:
    """Build what a `requirements.txt` in a job's code asks for, on top of its image, before anything runs."""
    images = {image.uri: image.requirements for image in bundle.manifest.images.values()}
    for _, _, state in Definition.parse(text).states():
        request = state.get("Arguments") or state.get("Parameters")
        resource = state.get("Resource", "")
        if ("createTrainingJob" in resource or "createProcessingJob" in resource) and isinstance(request, dict):
            # what may be one value that only the run knows is a text then, where there is an object or list otherwise
            known: dict[str, Any] = {f: value for f, value in request.items() if isinstance(value, dict | list)}
            image = (
                known.get("AlgorithmSpecification", {}).get("TrainingImage")
                or known.get("AppSpecification", {}).get("ImageUri")
                or ""
            )
            own = code_requirements(known, local.store.objects)
            if own:
                prepare(
                    "".join(f"{line}\n" for line in images.get(image, ())) + own, local.settings.cache, progress=say
                )
