"""What several stacks are made of: roles and log groups.

In: names, documents, a Stage. Out: CloudFormation resources. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stepmill.deploy.naming import value

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage

Tags = Sequence[Mapping[str, str]]


def iam_role(
    said: str, trust: Mapping[str, Any], policies: Mapping[str, Mapping[str, Any]], tags: Tags, stage: Stage
) -> dict[str, Any]:
    """A role. trust: who takes it on, a policy document. policies: name → document of its inline policies."""
    properties: dict[str, Any] = {"Description": said, "AssumeRolePolicyDocument": value(trust)}
    if policies:
        properties["Policies"] = [
            {"PolicyName": name, "PolicyDocument": value(document)} for name, document in policies.items()
        ]
    if stage.boundary is not None:
        properties["PermissionsBoundary"] = stage.boundary
    return {"Type": "AWS::IAM::Role", "Properties": properties | {"Tags": list(tags)}}


def log_group(name: str, tags: Tags, stage: Stage) -> dict[str, Any]:
    """A log group that goes with its stack: under a name that stayed, the next deployment could make none."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"LogGroupName": name, "RetentionInDays": stage.log_days, "Tags": list(tags)},
    }
