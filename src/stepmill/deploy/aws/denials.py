"""Turns AWS's "not authorized" into what has to be added to which policy.

In: AWS's message, the operation, who asked. Out: one text. Touches: nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

_WHO: Final = re.compile(r"User: (\S+) is not authorized")
_ACTION: Final = re.compile(r"perform: ([a-z0-9-]+:[A-Za-z0-9]+)")
_RESOURCE: Final = re.compile(r"on resource: (?:\S+ )?(arn:\S+?)(?= with | because |[,;]?\s|$)")
_ROLE: Final = re.compile(r"arn:(aws[a-z-]*):sts::(\d+):assumed-role/([^/]+)/")
# What AWS calls an action where it is not the operation's name.
_ACTIONS: Final = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:DeleteObjects": "s3:DeleteObject",
    "stepfunctions:StartExecution": "states:StartExecution",
}


def denial(message: str, asked: str, who: str | None, request: Mapping[str, Any], region: str) -> str:
    """The sentence, and the statement to add.

    message: AWS's own. asked: `s3:PutObject`, the operation. who: the ARN of the caller, when it is known. request:
    what was asked with. region: of the stage.
    """
    action = found[1] if (found := _ACTION.search(message)) else _action(asked)
    caller = found[1] if (found := _WHO.search(message)) else who
    resource = found[1].rstrip(".") if (found := _RESOURCE.search(message)) else _resource(asked, request, region)
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    lines = [
        f"{_role(caller)} may not {action} on {resource}. Add this statement to its policy:",
        f"    {json.dumps(statement)}",
    ]
    if "explicit deny" in message:
        lines[0] = f"{_role(caller)} is denied {action} on {resource}, by a statement with Effect Deny:"
        lines[1] = f"    {message.strip()}"
    lines.append("docs/howto/deploy-to-aws.md has the whole policy of who deploys.")
    return "\n".join(lines)


def _role(arn: str | None) -> str:
    if arn is None:
        return "whoever these credentials belong to"
    if found := _ROLE.match(arn):
        return f"the role arn:{found[1]}:iam::{found[2]}:role/{found[3]}"
    return f"the user {arn}" if ":user/" in arn else arn


def _action(asked: str) -> str:
    service, _, operation = asked.partition(":")
    return _ACTIONS.get(asked, f"{'states' if service == 'stepfunctions' else service}:{operation}")


def _resource(asked: str, request: Mapping[str, Any], region: str) -> str:
    """The resource, as far as the request tells; the partition and the account stay open."""
    service = asked.partition(":")[0]
    if service == "s3" and isinstance(request.get("Bucket"), str):
        key = request.get("Key") or ""
        return f"arn:aws:s3:::{request['Bucket']}" + (f"/{key}" if key else "")
    if service == "cloudformation" and isinstance(request.get("StackName"), str):
        name = str(request["StackName"])
        return name if name.startswith("arn:") else f"arn:aws:cloudformation:{region}:*:stack/{name}/*"
    if service == "ecr" and isinstance(request.get("repositoryName"), str):
        return f"arn:aws:ecr:{region}:*:repository/{request['repositoryName']}"
    if service == "codebuild" and isinstance(request.get("projectName"), str):
        return f"arn:aws:codebuild:{region}:*:project/{request['projectName']}"
    return "*"
