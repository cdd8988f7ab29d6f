"""What the builders take and give, and how they tell a constant from a value known only at run time.

In: any value a user may have given. Out: Built, Place, and answers about one value. Touches: nothing.

A value known only at run time is a Placeholder (its class has `to_jsonpath`, as the old SDK's has), a text with tokens
U+E000 … U+E001 in it, or a text with a `${Name}` that the stage fills in. Where SageMaker wants text (hyperparameters,
arguments, environment), a Placeholder is turned into a text that is one token: so a reader of the request knows that
this value must arrive as a string.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from stepmill.assets import Asset, AssetError, pack_data
from stepmill.sagemaker.image_uris import ImageUnknown

TOKEN = re.compile("\ue000[^\ue001]*\ue001")
SEGMENT = re.compile(r"""[^\s/\\'"`{}\x00-\x1f\x7f]+""")
DEFERRED = re.compile(r"\$\{[A-Za-z][A-Za-z0-9]*\}")


@dataclass(frozen=True)
class Place:
    """Where a job stands: what the step knows and the description does not.

    prefix: `<workflow>/<execution name>`, usually a run-time text. job_name: the job's name, likewise. images: the
    images made for several things, in their order. slug: the state's name as letters, digits and dashes, for what all
    attempts of the job share. base: the folder relative paths start from; the current one when left out.
    tags: of a job whose role is the one here, by key.
    """

    bucket: str = "${Bucket}"
    prefix: Any = ""
    job_name: Any = ""
    image: str = "${Image}"
    role: str = "${JobRole}"
    slug: str = "job"
    base: Path | None = None
    images: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class Complaint(NamedTuple):
    """A problem without a place; the step that asked adds the user's file and line."""

    code: str
    message: str
    hint: str


@dataclass
class Built:
    """A request and what it needs.

    request: its leaves may be run-time values. assets: to be stored before the request is sent. outputs: the position
    of each processing output by name.
    """

    request: dict[str, Any] = field(default_factory=dict)
    assets: list[Asset] = field(default_factory=list)
    problems: list[Complaint] = field(default_factory=list)
    outputs: dict[str, int] = field(default_factory=dict)

    def complain(self, code: str, message: str, hint: str = "") -> None:
        """Keep a problem; building goes on, so that all of them are told at once."""
        self.problems.append(Complaint(code, message, hint))

    def keep(self, asset: Asset, place: Place) -> str:
        """Keep an asset once; its `s3://` URI."""
        if all(asset.key != other.key for other in self.assets):
            self.assets.append(asset)
        return f"s3://{place.bucket}/{asset.key}"


def is_placeholder(value: Any) -> bool:
    """Whether this is a Placeholder, ours or the old SDK's, by duck type."""
    kind = type(value)
    return getattr(kind, "__stepmill_placeholder__", False) is True or hasattr(kind, "to_jsonpath")


def first(*values: Any) -> Any:
    """The first value that says something; None when all are empty. A Placeholder is never asked whether it is."""
    return next((value for value in values if is_placeholder(value) or value), None)


def at_run_time(value: Any) -> bool:
    """Whether (part of) this value is known only at run time."""
    if isinstance(value, str):
        return "\ue000" in value
    if isinstance(value, Mapping):
        return any(map(at_run_time, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(at_run_time, value))
    return is_placeholder(value)


def as_text(value: Any) -> str:
    """A value as SageMaker's text fields want it; a Placeholder becomes a text that is one token."""
    return value if isinstance(value, str) else f"{value}"


def shown(thing: Any) -> str:
    """What a thing is, for a message: a constant as it is written, an object by the name of its class."""
    return repr(thing) if isinstance(thing, str | int | float | bool | None) else f"{type(thing).__name__}(…)"


def texts(values: Any) -> Any:
    """A list of arguments as SageMaker wants it; one text is a list of one, and a list without any is left out."""
    if values is None or is_placeholder(values):
        return values
    return [as_text(value) for value in ([values] if isinstance(values, str) else values)] or None


def once(names: Sequence[Any], what: str, code: str, built: Built, why: Mapping[str, str] | None = None) -> None:
    """Complain about each name that two things have; `why` says of a name how that came about."""
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        built.complain(
            code, f"two {what} are named {name!r}{(why or {}).get(name, '')}", "give one of them another name"
        )


def inside(script: str, folder: str, base: Path) -> str:
    """The script's path in its folder; `src/train.py` beside `source_dir="src"` is understood too."""
    whole, root = (base / script).resolve(), (base / folder).resolve()
    if not (root / script).exists() and whole.is_file() and whole.is_relative_to(root):
        return whole.relative_to(root).as_posix()
    return Path(script).as_posix()


def is_isolated(estimator: Any) -> Any:
    """Whether a container has no network: True, False or a run-time value; sagemaker 2 keeps it behind a method."""
    isolated = attribute(estimator, "enable_network_isolation")
    return isolated() if callable(isolated) and not is_placeholder(isolated) else isolated


def attribute(thing: Any, name: str, default: Any = None) -> Any:
    """An attribute of an object that may come from another library and lack it; None counts as lacking.

    sagemaker 3 marks a field nobody set by an object of a class `Unassigned`; that counts so too.
    """
    value = getattr(thing, name, None)
    return default if value is None or type(value).__name__ == "Unassigned" else value


def request_dict(thing: Any) -> Any:
    """The request form of a description from another library (`_to_request_dict`), or the thing itself."""
    method = getattr(thing, "_to_request_dict", None)
    return method() if callable(method) else thing


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def segment(name: Any, what: str, built: Built) -> None:
    """Complain when a name cannot be the last part of a path in the container."""
    if isinstance(name, str) and not at_run_time(name) and (name in (".", "..") or not SEGMENT.fullmatch(name)):
        built.complain("bad-name", f"{what} is named {name!r}", "it becomes a folder: no slash, quote, brace or space")


def tag_list(tags: Any) -> Any:
    """Tags as SageMaker wants them. A mapping is `{key: value}`; a list or a Placeholder stays."""
    if isinstance(tags, Mapping):
        return [{"Key": key, "Value": value} for key, value in tags.items()]
    return list(tags) if isinstance(tags, Sequence) and not isinstance(tags, str) else tags


def job_tags(tags: Any, role: Any, place: Place) -> Any:
    """The tags of a job: the user's and, where the user names no role, those of whoever makes one. None for none."""
    own = None if tags is None else tag_list(tags)
    if role is not None or not place.tags or not (own is None or isinstance(own, list)):
        return own
    said = {each.get("Key") for each in own or () if isinstance(each, Mapping)}
    return [*(own or ()), *(tag for tag in tag_list(place.tags) if tag["Key"] not in said)]


def data_uri(value: Any, what: str, place: Place, built: Built) -> Any:
    """Where data lies: run-time values and URIs as they are; a local path is packed and becomes its URI."""
    if is_placeholder(value):
        return value
    if not isinstance(value, (str, os.PathLike)):
        built.complain(
            "bad-source", f"{what} is {value!r}", "give an s3:// URI, a local path or a value known at run time"
        )
        return ""
    text = os.fspath(value)
    if at_run_time(text) or DEFERRED.match(text) or re.match("(s3|https)://", text):
        return text
    scheme = re.match("([a-z][a-z0-9+.-]*)://", text)
    if scheme and scheme[1] != "file":
        built.complain("bad-source", f"{what} is {text}", "SageMaker reads s3:// URIs; a path without :// is local")
        return text
    try:
        return built.keep(pack_data(text.removeprefix("file://"), base=place.base), place)
    except AssetError as error:
        built.complain(error.code, f"{what}: {error.message}", error.hint)
        return ""


def image_uri(description: Any, place: Place, built: Built) -> Any:
    """The image of a processor or an estimator, and what is wrong with the ways it is described."""
    uri = attribute(description, "image_uri")
    requirements = attribute(description, "requirements")
    dockerfile = attribute(description, "dockerfile")
    ways = [
        name
        for name, value in (("image_uri=", uri), ("requirements=", requirements), ("dockerfile=", dockerfile))
        if value is not None
    ]
    if len(ways) > 1:
        built.complain("image-twice", f"{' and '.join(ways)} both say what the image is", "keep one of them")
    for name, path in (("dockerfile", dockerfile), ("requirements", requirements)):
        if isinstance(path, (str, os.PathLike)) and not ((place.base or Path()) / path).is_file():
            hint = "requirements= takes a list of requirement lines, or the path of a requirements file"
            built.complain(
                "file-missing",
                f"{name}={os.fspath(path)!r}: there is no such file",
                hint if name == "requirements" else "dockerfile= takes the path of a Dockerfile",
            )
    if not ways and callable(resolve := getattr(description, "training_image_uri", None)):
        try:
            return resolve()
        except ImageUnknown as error:
            built.complain("image-unknown", error.message, error.hint)
        except Exception as error:  # noqa: BLE001  # another library's look-up, which may fail in any way
            built.complain("image-unknown", f"the image could not be looked up: {error}", "pass image_uri=")
    return place.image if uri is None else uri


def is_classic(description: Any, explicit_job_name: bool) -> bool:
    """Whether everything is said that the old SDK asked for; then its own defaults apply too."""
    if attribute(description, "requirements") is not None or attribute(description, "dockerfile") is not None:
        return False
    image = attribute(description, "image_uri", attribute(description, "training_image_uri"))
    return explicit_job_name and image is not None and attribute(description, "role") is not None
