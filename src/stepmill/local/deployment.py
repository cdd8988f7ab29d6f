"""Makes a Bundle runnable on this machine.

In: a Bundle. Out: a state machine's ARN. Touches: the store's objects and records, and the cache of environments.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stepmill.asl.definition import Definition
from stepmill.jobs.environments import code_requirements, prepare
from stepmill.objects.store import NoSuchKey
from stepmill.services.operations import ServiceError

if TYPE_CHECKING:
    from stepmill.local import Local
    from stepmill.steps.bundle import Bundle, FunctionSource, ImageSource

JOB_ROLE = "arn:aws:iam::{account}:role/stepmill-job"
MACHINE_ROLE = "arn:aws:iam::{account}:role/stepmill-machine"
FUNCTION_ROLE = "arn:aws:iam::{account}:role/stepmill-function"


def deploy(local: Local, bundle: Bundle, role: str | None, say: Callable[[str], None]) -> str:
    """See Local.deploy. Everything is named by its content, so doing it again changes nothing."""
    manifest = bundle.manifest
    account = local.settings.account
    _store_assets(local, bundle)
    names = {"Bucket": local.settings.bucket, "JobRole": JOB_ROLE.format(account=account)}
    for placeholder, image in manifest.images.items():
        names[placeholder] = _image(local, image, say)
    for placeholder, function in manifest.functions.items():
        names[placeholder] = _function(local, function, say)
    text = bundle.bind(names)
    _prepare_code(local, bundle, text, say)
    machine = {"definition": text, "roleArn": role or MACHINE_ROLE.format(account=account)}
    try:
        arn = local.call("states", "CreateStateMachine", {"name": bundle.name, **machine})["stateMachineArn"]
    except ServiceError as refusal:
        if refusal.code != "StateMachineAlreadyExists":
            raise
        arn = refusal.message.split("'")[1]
        local.call("states", "UpdateStateMachine", {"stateMachineArn": arn, **machine})
    local.call(
        "stepmill",
        "Note",
        {
            "kind": "bundle",
            "name": bundle.name,
            "body": {"digest": bundle.digest, "names": names, "sources": dict(manifest.sources)},
        },
    )
    return str(arn)


def _store_assets(local: Local, bundle: Bundle) -> None:
    """Put what is not there yet into the bucket; a key says what its content is, so what is there is right."""
    objects, bucket = local.objects, local.settings.bucket
    objects.create_bucket(bucket)

    def absent(key: str) -> bool:
        try:
            objects.info(bucket, key)
        except NoSuchKey:
            return True
        return False

    for asset in bundle.manifest.assets:
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


def _image(local: Local, image: ImageSource, say: Callable[[str], None]) -> str:
    _note_requirements(local, "image", image.uri, image.requirements, say)
    return image.uri


def _function(local: Local, function: FunctionSource, say: Callable[[str], None]) -> str:
    _note_requirements(local, "function", function.name, function.requirements, say)
    code = {"S3Bucket": local.settings.bucket, "S3Key": function.asset.key}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    settings: dict[str, Any] = {
        "FunctionName": function.name,
        "Runtime": version,
        "Role": FUNCTION_ROLE.format(account=local.settings.account),
        "Handler": function.handler,
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "Environment": {"Variables": dict(function.environment)},
    }
    try:
        local.call("lambda", "GetFunction", {"FunctionName": function.name})
    except ServiceError as refusal:
        if refusal.code != "ResourceNotFoundException":
            raise
        return str(local.call("lambda", "CreateFunction", settings | {"Code": code})["FunctionArn"])
    local.call("lambda", "UpdateFunctionCode", {"FunctionName": function.name, **code})
    return str(local.call("lambda", "UpdateFunctionConfiguration", settings)["FunctionArn"])


def _note_requirements(
    local: Local, kind: str, name: str, requirements: tuple[str, ...], say: Callable[[str], None]
) -> None:
    """Build the environment that `requirements` ask for, and remember them for `name`."""
    prepare("\n".join(requirements), local.settings.cache, progress=say)
    local.call("stepmill", "Note", {"kind": kind, "name": name, "body": {"requirements": list(requirements)}})


def _prepare_code(local: Local, bundle: Bundle, text: str, say: Callable[[str], None]) -> None:
    """Build what a `requirements.txt` in a training's code asks for, on top of its image, before anything runs."""
    images = {image.uri: image.requirements for image in bundle.manifest.images.values()}
    for _, _, state in Definition.parse(text).states():
        request = state.get("Arguments") or state.get("Parameters")
        if "createTrainingJob" in state.get("Resource", "") and isinstance(request, dict):
            # all hyperparameters may be one value that only the run knows: a text, where there is an object otherwise
            known = {field: value for field, value in request.items() if isinstance(value, dict)}
            image = known.get("AlgorithmSpecification", {}).get("TrainingImage", "")
            own = code_requirements(known, local.store.objects)
            if own:
                prepare(
                    "".join(f"{line}\n" for line in images.get(image, ())) + own, local.settings.cache, progress=say
                )
