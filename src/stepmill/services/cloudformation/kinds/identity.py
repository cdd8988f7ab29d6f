"""AWS::IAM: roles and policies.

In: properties. Out: Made. Touches: iam.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stepmill.services.cloudformation.kinds.kind import (
    Kind,
    Made,
    Place,
    Properties,
    changed_tags,
    document,
    number,
)

_VERSIONS = 5  # of a managed policy, at most (IAM quotas)
# Whom a policy is put to: the property, the operations' ending, and the member that names one.
_HOLDERS = (("Roles", "Role", "RoleName"), ("Users", "User", "UserName"), ("Groups", "Group", "GroupName"))


class Role(Kind):
    """A role with its inline policies and the managed ones that are attached to it."""

    type = "AWS::IAM::Role"
    properties = (
        "AssumeRolePolicyDocument Description ManagedPolicyArns MaxSessionDuration Path PermissionsBoundary Policies "
        "RoleName Tags"
    )
    required = "AssumeRolePolicyDocument"
    replaced = "Path RoleName"
    attributes = "Arn RoleId"
    naming = "RoleName"
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        made = place.ask(
            "iam",
            "CreateRole",
            RoleName=name,
            Path=props.get("Path"),
            AssumeRolePolicyDocument=document(props["AssumeRolePolicyDocument"]),
            Description=props.get("Description"),
            MaxSessionDuration=number(props.get("MaxSessionDuration")),
            PermissionsBoundary=props.get("PermissionsBoundary"),
            Tags=props.get("Tags"),
        )["Role"]
        return Made(name, {"Arn": made["Arn"], "RoleId": made["RoleId"]})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        name = made.physical
        trust = document(after["AssumeRolePolicyDocument"])
        place.ask("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=trust)
        place.ask(
            "iam",
            "UpdateRole",
            RoleName=name,
            Description=after.get("Description", ""),
            MaxSessionDuration=number(after.get("MaxSessionDuration", 3600)),
        )
        if after.get("PermissionsBoundary"):
            boundary = after["PermissionsBoundary"]
            place.ask("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
        elif before.get("PermissionsBoundary"):
            place.forget("iam", "DeleteRolePermissionsBoundary", RoleName=name)
        written, lost = changed_tags(before, after)
        if written:
            place.ask("iam", "TagRole", RoleName=name, Tags=written)
        if lost:
            place.ask("iam", "UntagRole", RoleName=name, TagKeys=lost)
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        name = made.physical
        old = {one["PolicyName"]: document(one["PolicyDocument"]) for one in before.get("Policies") or ()}
        new = {one["PolicyName"]: document(one["PolicyDocument"]) for one in after.get("Policies") or ()}
        for policy in old.keys() - new.keys():
            place.forget("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        for policy, text in new.items():
            if old.get(policy) != text:
                place.ask("iam", "PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=text)
        had, has = before.get("ManagedPolicyArns") or [], after.get("ManagedPolicyArns") or []
        for arn in [arn for arn in had if arn not in has]:
            place.forget("iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)
        for arn in [arn for arn in has if arn not in had]:
            place.ask("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        name = made.physical
        for policy in (place.find("iam", "ListRolePolicies", RoleName=name) or {}).get("PolicyNames", ()):
            place.forget("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        for one in props.get("ManagedPolicyArns") or ():
            place.forget("iam", "DetachRolePolicy", RoleName=name, PolicyArn=one)
        place.forget("iam", "DeleteRole", RoleName=name)


class ManagedPolicy(Kind):
    """A managed policy, and whom it is attached to."""

    type = "AWS::IAM::ManagedPolicy"
    properties = "Description Groups ManagedPolicyName Path PolicyDocument Roles Users"
    required = "PolicyDocument"
    replaced = "Description ManagedPolicyName Path"
    attributes = "PolicyArn PolicyId"
    naming = "ManagedPolicyName"
    longest = 128

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        made = place.ask(
            "iam",
            "CreatePolicy",
            PolicyName=name,
            Path=props.get("Path"),
            Description=props.get("Description"),
            PolicyDocument=document(props["PolicyDocument"]),
        )["Policy"]
        return Made(made["Arn"], {"PolicyArn": made["Arn"], "PolicyId": made["PolicyId"]})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        text = document(after["PolicyDocument"])
        if document(before["PolicyDocument"]) != text:
            versions = place.ask("iam", "ListPolicyVersions", PolicyArn=made.physical)["Versions"]
            spare = [one["VersionId"] for one in versions if not one["IsDefaultVersion"]]
            if len(versions) >= _VERSIONS:
                place.forget("iam", "DeletePolicyVersion", PolicyArn=made.physical, VersionId=spare[0])
            place.ask("iam", "CreatePolicyVersion", PolicyArn=made.physical, PolicyDocument=text, SetAsDefault=True)
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        for ending, member, name in _lost(before, after):
            place.forget("iam", f"Detach{ending}Policy", **{member: name}, PolicyArn=made.physical)
        for ending, member, name in _lost(after, before):
            place.ask("iam", f"Attach{ending}Policy", **{member: name}, PolicyArn=made.physical)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        self.dress(place, made, props, {})
        versions = (place.find("iam", "ListPolicyVersions", PolicyArn=made.physical) or {}).get("Versions", ())
        for one in versions:
            if not one["IsDefaultVersion"]:
                place.forget("iam", "DeletePolicyVersion", PolicyArn=made.physical, VersionId=one["VersionId"])
        place.forget("iam", "DeletePolicy", PolicyArn=made.physical)


class Policy(Kind):
    """An inline policy of roles, users or groups."""

    type = "AWS::IAM::Policy"
    properties = "Groups PolicyDocument PolicyName Roles Users"
    required = "PolicyDocument PolicyName"
    attributes = "Id"
    longest = 128

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        return Made(name, {"Id": name})

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        renamed = before.get("PolicyName") != after.get("PolicyName")
        for ending, member, holder in _lost(before, {} if renamed else after):
            place.forget("iam", f"Delete{ending}Policy", **{member: holder}, PolicyName=before["PolicyName"])
        text = document(after.get("PolicyDocument", ""))
        for ending, member, holder in _lost(after, {}):
            request: dict[str, Any] = {member: holder, "PolicyName": after["PolicyName"], "PolicyDocument": text}
            place.ask("iam", f"Put{ending}Policy", **request)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        self.dress(place, made, props, {})


def _lost(before: Properties, after: Properties) -> Iterator[tuple[str, str, str]]:
    """Whom `before` names and `after` does not: the operation's ending, the member, the name."""
    for prop, ending, member in _HOLDERS:
        for name in before.get(prop) or ():
            if name not in (after.get(prop) or ()):
                yield ending, member, str(name)
