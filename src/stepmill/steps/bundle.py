"""What compiling gives: a Definition whose `${Name}`s a stage fills, and everything the stage needs for that.

In: the compiler's findings. Out: `Bundle` and its `Manifest`. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.assets import Asset
from stepmill.inputs import InputSchema
from stepmill.nearest import nearest

from .triggers import Triggers

BUCKET, JOB_ROLE, STAGE = "Bucket", "JobRole", "Stage"
_NAME = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")
_SAID = re.compile(r"\$\\?\{([A-Za-z][A-Za-z0-9]*)\\?\}")  # in an intrinsic's text, braces have a backslash
_UNFIT = re.compile(r"[\x00-\x1f\x7f'\"\\{}`]")
_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class FunctionSource:
    """A Lambda function that a pipeline brings along.

    Attributes:
        name: `<workflow>-<handler>`. handler: `functions.notify`, as Lambda takes it. asset: its code, a zip.
        timeout: seconds. memory: MB. environment: its variables. requirements: pip requirement lines.
        file: the file of the handler, for messages. permissions: what its code calls, `{"Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::${Bucket}/*"}` each, for the policy of its role.
    """

    name: str
    handler: str
    asset: Asset
    timeout: float = 60.0
    memory: int = 128
    environment: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    requirements: tuple[str, ...] = ()
    file: str = ""
    permissions: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class ImageSource:
    """What the image of a job is made of.

    Attributes:
        uri: its name in the local stage, `stepmill.local/<workflow>:<12 hex digits of what it is made of>`.
        requirements: pip requirement lines; none means plain Python. dockerfile: an absolute path, or None.
    """

    uri: str
    requirements: tuple[str, ...] = ()
    dockerfile: str | None = None


@dataclass(frozen=True)
class Manifest:
    """What a Definition needs around it.

    Attributes:
        assets: code and data to be stored in the stage's bucket. functions, images: by substitution name.
        activities: substitution name → the activity's name, whose ARN the stage fills in. roles: the substitution names
        of jobs' roles, where there are several; else there is JobRole alone.
        sources: JSON pointer of a state → `pipeline.py:41`. schema: what an execution may be started with.
        notices: sentences worth telling that are no faults. triggers: what starts executions once it is deployed.
    """

    assets: tuple[Asset, ...] = ()
    functions: Mapping[str, FunctionSource] = field(default_factory=lambda: _EMPTY)
    images: Mapping[str, ImageSource] = field(default_factory=lambda: _EMPTY)
    activities: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    roles: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    schema: InputSchema = field(default_factory=InputSchema)
    notices: tuple[str, ...] = ()
    triggers: Triggers = field(default_factory=Triggers)

    @property
    def substitutions(self) -> tuple[str, ...]:
        """Every name a stage can be asked to fill."""
        return (BUCKET, JOB_ROLE, STAGE, *self.roles, *self.images, *self.functions, *self.activities)


@dataclass(frozen=True)
class Bundle:
    """A Definition before substitution, and its manifest.

    Attributes:
        name: the workflow's. template: ASL text with `${Name}`s. manifest: what the stage needs.
    """

    name: str
    template: str
    manifest: Manifest = field(default_factory=Manifest)

    @property
    def digest(self) -> str:
        """sha256 of the template: what identifies the Definition, in every stage."""
        return sha256(self.template.encode()).hexdigest()

    @property
    def job_roles(self) -> tuple[str, ...]:
        """The substitution names of roles that SageMaker takes on, as far as this template uses them."""
        roles = {JOB_ROLE, *self.manifest.roles}
        return tuple(name for name in self.needs if name in roles)

    @property
    def needs(self) -> tuple[str, ...]:
        """The substitution names this very template uses, in order of appearance."""
        ours = set(self.manifest.substitutions)
        return tuple(name for name in names_in(self.template) if name in ours)

    def bind(self, values: Mapping[str, str]) -> str:
        """The Definition of one stage: one textual pass over the template.

        Args:
            values: substitution name → value. More than is needed may be given.

        Raises:
            InvalidDefinition: a value is missing, or holds a quote, a backslash, a brace, a backtick or a control
                character: it would end the text or the expression it stands in.
        """
        found: list[Problem] = []
        for name in self.needs:
            place = f"${{{name}}}"
            if name not in values:
                guess = nearest(name, values)
                hint = f"{guess!r} is given; is it meant?" if guess else "the stage must give it"
                found.append(Problem(place, "binding.missing", f"{name} has no value", hint))
            elif not isinstance(values[name], str):
                found.append(Problem(place, "binding.value", f"{name} must be text, not {values[name]!r}"))
            elif bad := _UNFIT.search(values[name]):
                found.append(
                    Problem(
                        place,
                        "binding.value",
                        f"{values[name]!r} holds {bad.group()!r}",
                        "values stand inside quoted texts and expressions: no quotes, backslashes, braces, "
                        "backticks or control characters",
                    )
                )
        if found:
            raise InvalidDefinition(found)
        return filled(self.template, {name: values[name] for name in self.needs})


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with these names filled in; others stay as they are."""
    return _NAME.sub(lambda found: values.get(found[1], found[0]), template)


def names_in(template: str) -> tuple[str, ...]:
    """Every `${Name}` in a template, in order of appearance."""
    return tuple(dict.fromkeys(_NAME.findall(template)))


def names_said(text: str) -> tuple[str, ...]:
    """Every `${Name}` in one text of a template, those an intrinsic holds as text included."""
    return tuple(dict.fromkeys(_SAID.findall(text)))
