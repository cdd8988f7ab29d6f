"""What a state is given when it turns itself into ASL: its place, and where to leave what it needs.

In: the state, its language, where it stands. Out: substitution names, places for requests; problems and assets are
collected. Touches: the files named in `requirements=` and `dockerfile=`, to name images by their content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stepmill.asl.problems import Problem
from stepmill.inputs.expressions import JobName
from stepmill.inputs.placeholders import Placeholder, context
from stepmill.inputs.rendering import Language
from stepmill.sagemaker.requests import Place

from . import names
from .bundle import BUCKET, JOB_ROLE, STAGE, FunctionSource, ImageSource
from .source import Source

if TYPE_CHECKING:
    from stepmill.assets import Asset

    from .state import State

Around = Literal["", "inline", "nested", "distributed"]


@dataclass
class Ledger:
    """What compiling one workflow collects."""

    workflow: str
    source: str = ""
    states: Mapping[str, State] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    assets: dict[str, Asset] = field(default_factory=dict)
    functions: dict[str, FunctionSource] = field(default_factory=dict)
    images: dict[str, ImageSource] = field(default_factory=dict)
    activities: dict[str, str] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    builds: dict[int, Build] = field(default_factory=dict)
    checked: set[tuple[Path, str]] = field(default_factory=set)
    partition: str = "aws"
    _handlers: dict[tuple[str, str], str] = field(default_factory=dict)
    _declared: dict[tuple[tuple[str, ...], str | None, str], tuple[str, str]] = field(default_factory=dict)

    def problem(self, source: Source | str, code: str, message: str, hint: str = "") -> None:
        """Keep a problem, once; of a step that a function of the user's makes, also say who called that."""
        if isinstance(source, Source) and source.via:
            message = f"{message} (called from line {source.via})"
        found = Problem(str(source), code, message, hint)
        if found not in self.problems:
            self.problems.append(found)

    def keep(self, assets: list[Asset]) -> None:
        """Keep assets, each key once."""
        for asset in assets:
            self.assets.setdefault(asset.key, asset)

    def declare_image(self, description: Any, state: State) -> None:
        """Take note of what a job's image is made of, before names are given out."""
        key = _image_key(description, state.source.folder)
        if key is not None:
            self._declared.setdefault(key, (names.pascal(state.state_id), state.state_id))

    def image(self, description: Any, folder: Path) -> str:
        """`${Image}`, or `${<Step>Image}` when the steps' images differ."""
        key = _image_key(description, folder)
        if key is None:
            return "${Image}"
        name = (
            "Image"
            if len(self._declared) == 1
            else names.free(f"{self._declared[key][0]}Image", _others(self, key), "")
        )
        requirements, dockerfile, content = key
        text = json.dumps([requirements, content], ensure_ascii=False)
        uri = f"stepmill.local/{names.slug(self.workflow, 'workflow').lower()}:{sha256(text.encode()).hexdigest()[:12]}"
        self.images[name] = ImageSource(uri, requirements, dockerfile)
        return f"${{{name}}}"

    def declare_role(self, state: State) -> None:
        """Take note of a step whose jobs need a role that is made, before names are given out."""
        self.roles[state.state_id] = names.free(f"{names.pascal(state.state_id)}JobRole", self.roles.values(), "")

    def role(self, state: State) -> str:
        """`${TrainJobRole}`: a job has a role of its own, with the rights of that job. `${JobRole}` where there is one
        job alone, and for models, whose role all that uses them shares."""
        own = self.roles.get(state.state_id, JOB_ROLE)
        return f"${{{own if len(self.roles) > 1 else JOB_ROLE}}}"

    def activity(self, name: str) -> str:
        """`${LabelActivity}`: one name for each activity."""
        for placeholder, other in self.activities.items():
            if other == name:
                return f"${{{placeholder}}}"
        placeholder = names.free(f"{names.pascal(name, '')}Activity", self.activities, "")
        self.activities[placeholder] = name
        return f"${{{placeholder}}}"

    def _function_name(self, *parts: str) -> str:
        return "-".join(names.slug(part) for part in (self.workflow, *parts))[:64]

    def function(self, file: Path, handler: str, made: FunctionSource, state: State) -> str:
        """`${NotifyFunction}`: one name for each file and handler; the function is named `<workflow>-<handler>`."""
        made = replace(made, name=self._function_name(handler))
        key = (str(file), handler)
        if key not in self._handlers:
            name = f"{names.pascal(handler, 'Handler')}Function"
            if name in self.functions:
                name = names.free(f"{names.pascal(file.stem, '')}{name}", self.functions, "")
                made = replace(made, name=self._function_name(names.slug(file.stem), handler))
            self._handlers[key], self.functions[name] = name, made
        elif (known := self.functions[self._handlers[key]]) != replace(made, name=known.name):
            fields = [f for f in ("timeout", "memory", "environment", "requirements", "permissions", "asset")
                      if getattr(known, f) != getattr(made, f)]  # fmt: skip
            self.problem(
                state.source,
                "function.differs",
                f"{state.state_id!r} and another step use the function {file.name}:{handler} with different "
                f"{' and '.join(fields).replace('asset', 'code')}",
                "one function has one setting: say the same in both steps, or give one of them a handler of its own",
            )
        return f"${{{self._handlers[key]}}}"


def _others(ledger: Ledger, key: Any) -> set[str]:
    """Image names that other declarations before this one have."""
    taken: set[str] = set()
    for other, (pascal, _) in ledger._declared.items():
        if other == key:
            break
        taken.add(names.free(f"{pascal}Image", taken, ""))
    return taken


def _image_key(description: Any, folder: Path) -> tuple[tuple[str, ...], str | None, str] | None:
    """Requirement lines, the Dockerfile's path and its content; None when the image has a URI of its own."""
    requirements, dockerfile = getattr(description, "requirements", None), getattr(description, "dockerfile", None)
    published = requirements is None and dockerfile is None and hasattr(description, "training_image_uri")
    if getattr(description, "image_uri", None) is not None or published:
        return None
    if requirements is None and dockerfile is None and hasattr(description, "model_data"):
        return None  # a model's image is never plain Python
    lines: tuple[str, ...] = ()
    if isinstance(requirements, list | tuple):
        lines = tuple(str(line) for line in requirements)
    elif requirements is not None:
        with suppress(OSError, UnicodeDecodeError):  # the request's builder tells that the file is missing
            lines = requirement_lines(folder / requirements)
    if dockerfile is None:
        return lines, None, ""
    path = (folder / dockerfile).resolve()
    try:
        return lines, str(path), sha256(path.read_bytes()).hexdigest()
    except OSError:  # the request's builder tells that the file is missing
        return lines, str(path), ""


def requirement_lines(path: Path) -> tuple[str, ...]:
    """The lines of a requirements file that say something. Raises OSError or UnicodeDecodeError."""
    text = path.read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))


@dataclass
class Build:
    """What one state is given.

    Attributes:
        ledger: where everything is collected. state: the state. language: its own.
        around: the Map it stands in: none, an inline one, one within another, or a distributed one.
    """

    ledger: Ledger
    state: State
    language: Language
    around: Around = ""
    outputs: dict[str, int] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)

    def problem(self, code: str, message: str, hint: str = "", source: Source | str | None = None) -> None:
        """Keep a problem of this state."""
        self.ledger.problem(source or self.state.source, code, message, hint)

    def resource(self, called: str) -> str:
        """The Resource of what a step of ours calls, such as `lambda:invoke`, in the partition of the stage."""
        return f"arn:{self.ledger.partition}:states:::{called}"

    @property
    def used(self) -> str:
        """Who uses a file, as the hint of a fault in it."""
        return f"{self.state.state_id!r} runs it (written at {self.state.source})"

    def notice(self, sentence: str) -> None:
        """Keep something worth telling that is no fault."""
        self.ledger.notices.append(f"{self.state.source}: {sentence}")

    def base(self, *paths: Any) -> Path:
        """The folder relative paths start from: the user's file's, or the current one if only that has them."""
        folder, cwd = self.state.source.folder, Path.cwd()
        texts = [path for path in paths if isinstance(path, str | Path) and "://" not in str(path)]
        if texts and not any((folder / path).exists() for path in texts) and any((cwd / p).exists() for p in texts):
            return cwd
        return folder

    def image(self, description: Any) -> str:
        """The name of the image that is made for a description."""
        return self.ledger.image(description, self.state.source.folder)

    def place(self, job_name: Any, own: Any = None, *paths: Any, longest: int = 63) -> Place:
        """Where a job stands: its bucket, prefix, name and role.

        own: what its name starts with, if the user said so. longest: how long SageMaker lets such a name be.
        """
        base = self.base(*paths)
        workflow = self.ledger.workflow
        if job_name is None:
            start = names.slug(own) if isinstance(own, str) and own else names.job_base(workflow, self.state.state_id)
            job_name = Placeholder(JobName(start, longest))
            if self.around == "nested":
                self.problem(
                    "job-name.nested-map",
                    f"{self.state.state_id!r} is in a Map within a Map, where only the inner item's number is known, "
                    "so its jobs' names could collide",
                    "give it job_name=, made of something that differs for every item",
                )
        return Place(
            bucket=f"${{{BUCKET}}}",
            prefix=f"{workflow}/{context('Execution', 'Name')}",
            job_name=job_name,
            role=self.ledger.role(self.state),
            slug=names.slug(self.state.state_id).lower(),
            base=base,
            # whose a job is, so that a bill can be told apart; the words are those of `deploy.naming.tags`
            tags={"stepmill:app": names.slug(workflow, "workflow"), "stepmill:stage": f"${{{STAGE}}}"},
        )
