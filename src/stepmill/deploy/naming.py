"""What things are called on AWS, and what a stage fills a Bundle's names with there.

In: a Bundle and a Stage. Out: names, texts and CloudFormation values. Touches: nothing.

Everything is derived from the workflow, the stage and AWS's pseudo parameters, so that a template is the same whoever
builds it, wherever. A text may hold `${…}` as Fn::Sub reads it; `value` makes it one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from stepmill.steps import names as words

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle

PARTITION: Final = "${AWS::Partition}"
REGION: Final = "${AWS::Region}"
ACCOUNT: Final = "${AWS::AccountId}"
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
ALIAS: Final = "live"
"""The alias that schedules, rules and `stepmill run` start executions through."""


def value(text: Any) -> Any:
    """A text as a CloudFormation value: Fn::GetAtt or Ref for `${A.Arn}` or `${A}` alone, Fn::Sub where there is a
    `${` in it, else itself. Lists and objects are gone through."""
    if isinstance(text, str) and "${" in text:
        inner = text[2:-1]
        if text.startswith("${") and text.endswith("}") and "${" not in inner:
            logical, dot, attribute = inner.partition(".")
            return {"Fn::GetAtt": [logical, attribute]} if dot else {"Ref": inner}
        return {"Fn::Sub": text}
    if isinstance(text, Mapping):
        return {key: value(item) for key, item in text.items()}
    if isinstance(text, Sequence) and not isinstance(text, str):
        return [value(item) for item in text]
    return text


def cut(text: str, limit: int) -> str:
    """A name of at most `limit` characters; what is cut off lives on in a hash."""
    return text if len(text) <= limit else f"{text[: limit - 9].rstrip('-')}-{sha256(text.encode()).hexdigest()[:8]}"


def app(bundle: Bundle) -> str:
    """The workflow's name as stacks can have it: letters, digits and hyphens; unlike names stay unlike."""
    slug = words.slug(bundle.name, "workflow")
    if not slug[0].isalpha():
        slug = f"w-{slug}"
    return slug if slug == bundle.name else f"{slug}-{sha256(bundle.name.encode()).hexdigest()[:6]}"


def stack(bundle: Bundle, stage: Stage) -> str:
    """The stack of one workflow in one stage; the state machine has this name too."""
    return cut(f"{app(bundle)}-{stage.name}", 80)


def base_stack(stage: Stage) -> str:
    """The stack that all workflows of a stage share."""
    return f"stepmill-{stage.name}"


def bucket(stage: Stage) -> str:
    """The bucket of a stage, as a text."""
    return stage.bucket or f"stepmill-{stage.name}-{ACCOUNT}-{REGION}"


def repository(stage: Stage) -> str:
    """The ECR repository of a stage's images."""
    return stage.repository or f"stepmill-{stage.name}"


def function(bundle: Bundle, placeholder: str, stage: Stage) -> str:
    """The name of a Lambda function in a stage: `digits-latest-data-dev` for `LatestDataFunction`."""
    own = _WORD.sub("-", placeholder.removesuffix("Function")).lower()
    return cut(f"{app(bundle)}-{own}-{stage.name}", 64)


def image_tag(bundle: Bundle, placeholder: str, stage: Stage) -> str:
    """The tag of an image that is built: what it is made of, so that another content is another tag."""
    from stepmill.deploy.images import context_digest

    made = bundle.manifest.images[placeholder]
    return f"{cut(app(bundle).lower(), 80)}-{context_digest(made, stage)[:12]}"


def image(bundle: Bundle, placeholder: str, stage: Stage) -> str:
    """The URI of an image, as a text."""
    if given := stage.images.get(placeholder):
        return given
    registry = f"{ACCOUNT}.dkr.ecr.{REGION}.${{AWS::URLSuffix}}"
    return f"{registry}/{repository(stage)}:{image_tag(bundle, placeholder, stage)}"


def bindings(bundle: Bundle, stage: Stage) -> dict[str, str]:
    """What a stage fills the names with that a Bundle's template uses, as texts."""
    manifest = bundle.manifest
    known = {"Bucket": bucket(stage), "Stage": stage.name}
    known |= {name: stage.job_role or f"${{{name}.Arn}}" for name in bundle.job_roles}
    known |= {name: stage.functions.get(name) or f"${{{name}.Arn}}" for name in manifest.functions}
    known |= {name: f"${{{name}}}" for name in manifest.activities}
    needed = bundle.needs
    known |= {name: image(bundle, name, stage) for name in manifest.images if name in needed}
    return {name: known[name] for name in needed}


def tags(bundle: Bundle | None, stage: Stage) -> dict[str, str]:
    """The tags of everything in a stack: whose it is, in words that cost reports can group by."""
    own = {"stepmill:stage": stage.name}
    if bundle is not None:
        own = {"stepmill:app": words.slug(bundle.name, "workflow")} | own
    return {**stage.tags, **own}


def tag_list(bundle: Bundle | None, stage: Stage) -> list[dict[str, str]]:
    """The same, as most resource types take them."""
    return [{"Key": key, "Value": text} for key, text in sorted(tags(bundle, stage).items())]
