"""What requests about stacks have in common: their template, parameters, tags, capabilities and pages.

In: requests. Out: what a stack is to become. Touches: s3, for a template that lies there.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from stepmill.services.cloudformation import parameters
from stepmill.services.cloudformation.kinds.kind import Place
from stepmill.services.cloudformation.kinds.table import IAM, KINDS, NAMED
from stepmill.services.cloudformation.planning import Change, plan, pseudo_of
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.templates import Template, parse
from stepmill.services.cloudformation.values import invalid
from stepmill.services.operations import Response, ServiceError

# Bytes of a template in the request, and in a bucket (CloudFormation quotas).
_BODY, _IN_BUCKET = 51_200, 1_048_576
_PAGE: Final = 100  # rows of one answer
_TAGS: Final = 50
_HOSTED: Final = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-]([a-z0-9-]+\.)?amazonaws\.com")
UPDATABLE: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
"""The statuses in which a stack may be given another template."""
_MORE: Final = ("NotificationARNs", "RoleARN", "TimeoutInMinutes", "RollbackConfiguration", "Capabilities")


class Target(NamedTuple):
    """What a stack is to become, and the changes that it takes. `fields` are those of the stack's record."""

    template: Template
    fields: dict[str, Any]
    changes: list[Change]
    same: bool


def target_of(
    request: Mapping[str, Any],
    stack: Stack,
    records: Records,
    place: Place,
    actual: Mapping[str, dict[str, Any] | None] | None = None,
) -> Target:
    """Hold a request against a stack, which is fresh or lives. Raises ServiceError as CloudFormation refuses it.

    actual: properties of resources that are not what the stack has of them; None for one that is gone.
    """
    new = "operation" not in stack  # a stack that no operation ever touched
    had = records.template(stack["template"])
    text = template_text(request, had, place)
    template = parse(text)
    _capable(template, request.get("Capabilities") or ())
    given = request.get("Parameters") or ()
    values = parameters.values(template, given, None if new else stack["parameters"])
    tags = stack["tags"]
    if request.get("Tags") is not None:
        tags = {str(one["Key"]): str(one["Value"]) for one in request["Tags"]}
    if len(tags) > _TAGS:
        raise invalid(f"A stack has at most {_TAGS} tags")
    more = {**stack.get("more", {}), **{key: request[key] for key in _MORE if request.get(key) is not None}}
    fields = {
        "template": records.keep(text),
        "parameters": values,
        "tags": tags,
        "description": template.description,
        "more": more,
        "token": request.get("ClientRequestToken"),
    }
    old = parse(had) if had else None
    pseudo = pseudo_of({**stack, "more": more}, place.region, place.account)
    before = {
        name: {**body, "properties": (actual or {}).get(name, body["properties"])}
        for name, body in stack["resources"].items()
        if (actual or {}).get(name, body) is not None
    }
    changes = plan(before, old, stack["parameters"], template, values, tags, pseudo)
    same = old is not None and not changes and old.outputs == template.outputs and tags == stack["tags"]
    return Target(template, fields, changes, same)


def template_text(request: Mapping[str, Any], had: str, place: Place) -> str:
    """The template that a request gives, by its text, by its URL, or by what the stack has."""
    body, url = request.get("TemplateBody"), request.get("TemplateURL")
    if request.get("UsePreviousTemplate"):
        if not had:
            raise invalid("Stack has no previous template to use")
        return had
    if (body is None) == (url is None):
        raise invalid("Either Template URL or Template Body must be specified.")
    if body is not None:
        if len(str(body).encode()) > _BODY:
            raise invalid(
                f"1 validation error detected: Value '{str(body)[:40]}…' at 'templateBody' failed to satisfy "
                f"constraint: Member must have length less than or equal to {_BODY}"
            )
        return str(body)
    bucket, key = _place_of(str(url))
    try:
        with contextlib.closing(place.ask("s3", "GetObject", Bucket=bucket, Key=key)["Body"]) as stored:
            data = stored.read(_IN_BUCKET + 1)
    except ServiceError as refusal:
        raise invalid(f"S3 error: {refusal.message}") from None
    if len(data) > _IN_BUCKET:
        raise invalid(f"Template may not exceed {_IN_BUCKET} bytes in size.")
    return bytes(data).decode()


def check_updatable(stack: Stack) -> None:
    """Refuse to change a stack that is in another operation, or in a state with no way on."""
    if stack["status"] not in UPDATABLE:
        raise invalid(f"Stack:{stack['id']} is in {stack['status']} state and can not be updated.")


def required(template: Template) -> tuple[str, list[str]]:
    """The capability that a template needs, "" for none, and the types that need it."""
    types = sorted({one.type for one in template.resources.values()} & IAM)
    named = any(one.type in NAMED and KINDS[one.type].naming in one.properties for one in template.resources.values())
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM" if types else ""), types


def page(name: str, rows: list[dict[str, Any]], request: Mapping[str, Any]) -> Response:
    """At most a hundred rows from where the token says."""
    start = 0
    if token := request.get("NextToken"):
        try:
            start = int(base64.b64decode(str(token), validate=True))
        except (binascii.Error, ValueError):
            raise invalid("The token is not one that this operation gave") from None
    more = len(rows) > start + _PAGE
    after = base64.b64encode(str(start + _PAGE).encode()).decode()
    return {name: rows[start : start + _PAGE], **({"NextToken": after} if more else {})}


def tag_rows(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as CloudFormation lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _capable(template: Template, given: Any) -> None:
    needed, _ = required(template)
    if needed and needed not in given and not (needed == "CAPABILITY_IAM" and "CAPABILITY_NAMED_IAM" in given):
        raise ServiceError("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")


def _place_of(url: str) -> tuple[str, str]:
    """Bucket and key of a URL of S3, in AWS's two forms or on this machine."""
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    if parts.scheme == "s3":
        return parts.netloc, path
    hosted = _HOSTED.fullmatch(parts.netloc.partition(":")[0])
    bucket, key = (hosted["bucket"], path) if hosted else path.split("/", 1) if "/" in path else ("", "")
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise invalid("TemplateURL must be a supported URL.")
    return bucket, key
