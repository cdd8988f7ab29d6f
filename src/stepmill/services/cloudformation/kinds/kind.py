"""What a resource type is, and where its resources are made.

In: properties without functions. Out: Made. Touches: other services, through the one verb.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from stepmill.services.operations import Response, ServiceError

Call = Callable[[str, str, Mapping[str, Any]], Response]
Properties = Mapping[str, Any]

_GONE: Final = re.compile(r".*(NoSuch|NotFound|DoesNotExist|NonExistent|NotExist).*")
_NOT_HERE: Final = ("UnknownOperationException", "NotImplemented")


@dataclass(frozen=True)
class Made:
    """A resource that is there: its physical id, which is what `Ref` gives, and what `Fn::GetAtt` gives."""

    physical: str
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """The account and region in which resources are made, and who makes them."""

    call: Call
    region: str
    account: str

    def ask(self, service: str, operation: str, **request: Any) -> Response:
        """One call; members that are None are left out. Raises ServiceError."""
        return self.call(service, operation, {name: value for name, value in request.items() if value is not None})

    def offer(self, service: str, operation: str, **request: Any) -> Response | None:
        """One call whose operation may not be there: then None, and the stack's record alone has what was asked."""
        try:
            return self.ask(service, operation, **request)
        except ServiceError as refusal:
            if refusal.code in _NOT_HERE:
                return None
            raise

    def find(self, service: str, operation: str, **request: Any) -> Response | None:
        """One call that looks for something; None when it is not there."""
        try:
            return self.offer(service, operation, **request)
        except ServiceError as refusal:
            if gone(refusal):
                return None
            raise

    def forget(self, service: str, operation: str, **request: Any) -> None:
        """One call that removes something; what is gone already is no error."""
        self.find(service, operation, **request)

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """The ARN of a resource here; global services leave region or account out by ''."""
        where = self.region if region is None else region
        return f"arn:aws:{service}:{where}:{self.account if account is None else account}:{resource}"


class Kind:
    """One type of resource. Subclasses say what is special; names in the lists are apart by spaces.

    properties: what a template may say. required: what it must. replaced: whose change makes a new resource.
    attributes: what Fn::GetAtt knows. volatile: those of them that an update changes. naming: the property that names
    the resource; without it, or when it is not given, the name is made. longest, lower: of such a name. tagged:
    whether it takes `Tags`, and so the stack's too. memory: whether it is lost when the process that made it ends.
    """

    type: ClassVar[str]
    properties: ClassVar[str]
    required: ClassVar[str] = ""
    replaced: ClassVar[str] = ""
    attributes: ClassVar[str] = ""
    volatile: ClassVar[str] = ""
    naming: ClassVar[str] = ""
    longest: ClassVar[int] = 64
    lower: ClassVar[bool] = False
    tagged: ClassVar[bool] = False
    memory: ClassVar[bool] = True

    def identity(self, place: Place, name: str) -> str:
        """The physical id that a resource of this name will have; the name, where nothing else is known."""
        return name

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """Make it, by one call that does it or does nothing. Raises ServiceError."""
        raise NotImplementedError

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """Bring it from one description to another. The default is for types of which `dress` does all."""
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """What takes further calls, after `make` (then `before` is empty) and after `alter`."""

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """Remove it; one that is gone is no error. Raises ServiceError when it cannot be removed."""
        raise NotImplementedError

    def seen(self, place: Place, made: Made, props: Properties) -> dict[str, Any] | None:
        """What of `props` it has now, for drift; None when it is gone. NotImplementedError where nobody compares."""
        raise NotImplementedError


def gone(refusal: ServiceError) -> bool:
    """Whether an error says that something is not there."""
    return _GONE.fullmatch(refusal.code) is not None or refusal.code in ("404", "NotFound")


def exists(kind: Kind, identifier: str) -> ServiceError:
    """The refusal to make what is there already, in the words of CloudFormation's resource handlers."""
    said = f"Resource of type '{kind.type}' with identifier '{identifier}' already exists."
    return ServiceError("AlreadyExists", said)


def picked(props: Properties, names: str) -> dict[str, Any]:
    """The properties of these names that are given."""
    return {name: props[name] for name in names.split() if name in props}


def lowered(value: Any) -> Any:
    """A value whose keys begin small, as several services spell what CloudFormation begins with a capital."""
    if isinstance(value, Mapping):
        return {key[:1].lower() + key[1:]: lowered(part) for key, part in value.items()}
    return [lowered(part) for part in value] if isinstance(value, list) else value


def document(value: Any) -> str:
    """A policy, or another document, as text."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def changed_tags(before: Properties, after: Properties) -> tuple[list[dict[str, str]], list[str]]:
    """Of `Tags` as a list: those to write, and the keys to take away."""
    old = {str(tag["Key"]): str(tag["Value"]) for tag in before.get("Tags") or ()}
    new = {str(tag["Key"]): str(tag["Value"]) for tag in after.get("Tags") or ()}
    written = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
    return written, [key for key in old if key not in new]


def number(value: Any) -> Any:
    """A number that a template may spell as text."""
    if not isinstance(value, str):
        return value
    try:
        return int(value)
    except ValueError:
        try:
            return float(value)
        except ValueError:
            return value


def flag(value: Any) -> bool:
    """A boolean that a template may spell as text."""
    return value if isinstance(value, bool) else str(value).lower() == "true"
