"""Builds everything a deployment consists of, without credentials and without a connection to AWS.

In: a Bundle and a Stage. Out: `Built`: templates, policies, assets; the same as files in a folder. Touches: the files
that are packed; the cache of wheels; the folder that is written.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stepmill.assets import Asset, pack_beside
from stepmill.deploy.images import context_key, packed
from stepmill.deploy.refusals import DeployRefused
from stepmill.deploy.rights.explain import lines, roles_of
from stepmill.deploy.rights.policy import Statement, document
from stepmill.deploy.templates.app import Template, app_template, text_of
from stepmill.deploy.templates.base import base_template
from stepmill.deploy.templates.functions import ARCHITECTURE, function_rights
from stepmill.deploy.templates.roles import job_rights, machine_rights
from stepmill.deploy.wheels import wheels

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle, ImageSource

_MARK: Final = "template.json"


@dataclass(frozen=True)
class Built:
    """A workflow, ready for a stage.

    Attributes:
        bundle, stage: what it was built of. app: the template of the workflow's stack. base: that of the stage's.
        assets: what must lie in the bucket before the stack is made. images: substitution name → image to be built.
        rights: logical id of a role → its statements, for the roles that the stack makes.
    """

    bundle: Bundle
    stage: Stage
    app: Template
    base: Mapping[str, Any]
    assets: tuple[Asset, ...]
    images: Mapping[str, ImageSource]
    rights: Mapping[str, tuple[Statement, ...]]

    @property
    def base_text(self) -> str:
        """The template of the base stack, as it is sent."""
        return text_of(self.base)


def build(bundle: Bundle, stage: Stage, cache: Path, say: Callable[[str], None] = lambda _: None) -> Built:
    """Build a Bundle for a stage. `cache` is the user's cache folder, `say` is told what takes a while.

    Raises DeployRefused, with one sentence, and InvalidDefinition with problems at the user's lines.
    """
    _check(bundle, stage)
    zips = _zips(bundle, stage, cache, say)
    app = app_template(bundle, stage, {name: asset.key for name, asset in zips.items()})
    _no_secrets(app.text)
    plain = {asset.key: asset for asset in bundle.manifest.assets}
    for name, made in bundle.manifest.functions.items():
        if name not in zips or zips[name].key != made.asset.key:
            plain.pop(made.asset.key, None)  # replaced by one that has its packages beside it, or not wanted here
    assets = plain | {asset.key: asset for asset in zips.values()}
    images = {
        name: made for name, made in bundle.manifest.images.items() if name in bundle.needs and name not in stage.images
    }
    return Built(
        bundle,
        stage,
        app,
        base_template(stage),
        tuple(assets[key] for key in sorted(assets)),
        images,
        rights(bundle, stage),
    )


def rights(bundle: Bundle, stage: Stage) -> dict[str, tuple[Statement, ...]]:
    """The statements of each role that the stack makes, by the role's logical id."""
    found: dict[str, tuple[Statement, ...]] = {}
    if stage.machine_role is None:
        found["MachineRole"] = machine_rights(bundle, stage)
    if stage.job_role is None:
        found |= {name: job_rights(bundle, stage, name) for name in bundle.job_roles}
    if stage.function_role is None:
        for name in bundle.manifest.functions:
            if name in bundle.needs and name not in stage.functions:
                found[f"{name}Role"] = function_rights(name, bundle, stage)
    return found


def write(built: Built, folder: Path) -> None:
    """Write what was built, to be reviewed: the whole folder anew, or nothing.

    Raises DeployRefused when the folder holds something else.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / _MARK).exists())):
        raise DeployRefused(f"{folder} holds something that no build wrote; choose another folder with --out")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fill(built, scratch)
        scratch.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        os.rename(scratch, folder)  # noqa: PTH104 - says that it is one step
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def fill(built: Built, folder: Path) -> None:
    """Write what was built into an empty folder."""

    def put(name: str, text: str) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

    put(_MARK, built.app.text)
    put("base.json", built.base_text)
    put("definition.asl.json", text_of(json.loads(built.bundle.template)))
    put("places.json", text_of(built.app.places))
    for role, statements in built.rights.items():
        put(f"policies/{role}.json", text_of(document(statements)))
    put("policies.txt", "\n\n".join("\n".join(lines(role)) for role in roles_of(built.rights)) + "\n")
    sums = {asset.key: {"sha256": asset.sha256, "source": asset.source} for asset in built.assets}
    put("assets.json", text_of(sums))
    for asset in built.assets:
        target = folder / "assets" / asset.key
        (target if asset.key.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
        asset.write(target)
    for made in built.images.values():
        target = folder / "assets" / context_key(made, built.stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(packed(made, built.stage))


def _zips(bundle: Bundle, stage: Stage, cache: Path, say: Callable[[str], None]) -> dict[str, Asset]:
    """The zip of each function that the stack makes, by substitution name."""
    found: dict[str, Asset] = {}
    for name, made in bundle.manifest.functions.items():
        if name not in bundle.needs or name in stage.functions:
            continue
        found[name] = made.asset
        if made.requirements:
            found[name] = pack_beside(made.asset, wheels(made.requirements, stage.python, ARCHITECTURE, cache, say))
    return found


def _check(bundle: Bundle, stage: Stage) -> None:
    """What no stage on AWS can take, told before anything is packed."""
    ours = sorted({*stage.functions, *stage.images} - {*bundle.manifest.functions, *bundle.manifest.images})
    if ours:
        raise DeployRefused(
            f"the stage {stage.name} gives {ours[0]}, which {bundle.name} has not; it has: "
            f"{', '.join([*bundle.manifest.functions, *bundle.manifest.images]) or 'no functions and no images'}"
        )
    if bundle.manifest.functions and stage.subnets and not stage.security_groups:
        raise DeployRefused(f"the stage {stage.name} has subnets but no security_groups; functions need both")


def _no_secrets(text: str) -> None:
    from stepmill.history.redaction import MASK, Redactor

    for line, hidden in zip(text.splitlines(), Redactor({}).text(text).splitlines(), strict=False):
        if line != hidden:
            where = hidden.strip()[:120]
            raise DeployRefused(
                f"the template would hold a secret ({where}, where {MASK} stands for it); everyone who may read the "
                "stack could read it. Keep it in Secrets Manager, and give the function permissions= to read it"
            )
