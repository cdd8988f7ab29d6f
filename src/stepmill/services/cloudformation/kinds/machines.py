"""AWS::StepFunctions: state machines, their versions and aliases, activities.

In: properties. Out: Made. Touches: states, and s3 for a definition that lies there.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_StepFunctions.html
"""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from stepmill.services.cloudformation.kinds.kind import Kind, Made, Place, Properties, exists, flag, lowered
from stepmill.services.cloudformation.values import text_of
from stepmill.services.operations import ServiceError


class StateMachine(Kind):
    """A state machine. Encryption is kept and has no effect."""

    type = "AWS::StepFunctions::StateMachine"
    properties = (
        "Definition DefinitionS3Location DefinitionString DefinitionSubstitutions EncryptionConfiguration "
        "LoggingConfiguration RoleArn StateMachineName StateMachineType Tags TracingConfiguration"
    )
    required = "RoleArn"
    replaced = "StateMachineName StateMachineType"
    attributes = "Arn Name StateMachineRevisionId"
    volatile = "StateMachineRevisionId"
    naming = "StateMachineName"
    longest = 80
    tagged = True
    memory = False

    def identity(self, place: Place, name: str) -> str:
        """See Kind.identity."""
        return place.arn("states", f"stateMachine:{name}")

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        arn = self.identity(place, name)
        if place.find("states", "DescribeStateMachine", stateMachineArn=arn) is not None:
            raise exists(self, arn)
        place.ask(
            "states",
            "CreateStateMachine",
            name=name,
            type=props.get("StateMachineType"),
            tags=lowered(props["Tags"]) if props.get("Tags") else None,
            **_settings(place, props),
        )
        return self._made(place, arn)

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        empty = {"loggingConfiguration": {"level": "OFF", "includeExecutionData": False}}
        settings = {**empty, "tracingConfiguration": {"enabled": False}, **_settings(place, after)}
        place.ask("states", "UpdateStateMachine", stateMachineArn=made.physical, **settings)
        return self._made(place, made.physical)

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        if before:
            _retagged(place, made.physical, before, after)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("states", "DeleteStateMachine", stateMachineArn=made.physical)

    def seen(self, place: Place, made: Made, props: Properties) -> dict[str, Any] | None:
        """The definition, as CloudFormation's property for it, and the role."""
        found = place.find("states", "DescribeStateMachine", stateMachineArn=made.physical)
        if found is None:
            return None
        expected = {**props, "RoleArn": found["roleArn"]}
        if found["definition"] != _definition(place, props):
            key = "Definition" if "Definition" in props else "DefinitionString"
            expected[key] = json.loads(found["definition"]) if key == "Definition" else found["definition"]
        return expected

    @staticmethod
    def _made(place: Place, arn: str) -> Made:
        found = place.ask("states", "DescribeStateMachine", stateMachineArn=arn)
        revision = found.get("revisionId") or "INITIAL"
        return Made(arn, {"Arn": arn, "Name": found["name"], "StateMachineRevisionId": revision})


class StateMachineVersion(Kind):
    """What a machine is at this moment, published. Every property makes a new one."""

    type = "AWS::StepFunctions::StateMachineVersion"
    properties = "Description StateMachineArn StateMachineRevisionId"
    required = "StateMachineArn"
    replaced = "Description StateMachineArn StateMachineRevisionId"
    attributes = "Arn"
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        made = place.ask(
            "states",
            "PublishStateMachineVersion",
            stateMachineArn=props["StateMachineArn"],
            revisionId=props.get("StateMachineRevisionId"),
            description=props.get("Description"),
        )
        arn = made["stateMachineVersionArn"]
        return Made(arn, {"Arn": arn})

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("states", "DeleteStateMachineVersion", stateMachineVersionArn=made.physical)


class StateMachineAlias(Kind):
    """A name for versions. A `DeploymentPreference` is carried out at once and wholly."""

    type = "AWS::StepFunctions::StateMachineAlias"
    properties = "DeploymentPreference Description Name RoutingConfiguration StateMachineArn"
    replaced = "Name"
    attributes = "Arn"
    naming = "Name"
    longest = 80
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        routes = _routes(props)
        machine = str(routes[0]["stateMachineVersionArn"]).rpartition(":")[0]
        arn = f"{machine}:{name}"
        if place.find("states", "DescribeStateMachineAlias", stateMachineAliasArn=arn) is not None:
            raise exists(self, arn)
        place.ask(
            "states",
            "CreateStateMachineAlias",
            name=name,
            description=props.get("Description"),
            routingConfiguration=routes,
        )
        return Made(arn, {"Arn": arn})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        place.ask(
            "states",
            "UpdateStateMachineAlias",
            stateMachineAliasArn=made.physical,
            description=after.get("Description", ""),
            routingConfiguration=_routes(after),
        )
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("states", "DeleteStateMachineAlias", stateMachineAliasArn=made.physical)


class Activity(Kind):
    """An activity."""

    type = "AWS::StepFunctions::Activity"
    properties = "EncryptionConfiguration Name Tags"
    required = "Name"
    replaced = "EncryptionConfiguration Name"
    attributes = "Arn Name"
    naming = "Name"
    tagged = True
    memory = False

    def identity(self, place: Place, name: str) -> str:
        """See Kind.identity."""
        return place.arn("states", f"activity:{name}")

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        arn = self.identity(place, name)
        if place.find("states", "DescribeActivity", activityArn=arn) is not None:
            raise exists(self, arn)
        place.ask("states", "CreateActivity", name=name, tags=lowered(props["Tags"]) if props.get("Tags") else None)
        return Made(arn, {"Arn": arn, "Name": name})

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        if before:
            _retagged(place, made.physical, before, after)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("states", "DeleteActivity", activityArn=made.physical)


def _settings(place: Place, props: Properties) -> dict[str, Any]:
    found: dict[str, Any] = {"definition": _definition(place, props), "roleArn": props["RoleArn"]}
    if logging := props.get("LoggingConfiguration"):
        said = lowered(logging)
        if "includeExecutionData" in said:
            said["includeExecutionData"] = flag(said["includeExecutionData"])
        found["loggingConfiguration"] = {"level": "OFF", "includeExecutionData": False, **said}
    if tracing := props.get("TracingConfiguration"):
        found["tracingConfiguration"] = {"enabled": flag(tracing.get("Enabled", False))}
    return found


def _definition(place: Place, props: Properties) -> str:
    """The definition's text with its `${Name}`s filled in; a name that nobody fills in stays."""
    given = [name for name in ("Definition", "DefinitionString", "DefinitionS3Location") if props.get(name)]
    if len(given) != 1:
        raise ServiceError(
            "InvalidRequest", "Exactly one of DefinitionString, Definition and DefinitionS3Location must be provided."
        )
    if given[0] == "Definition":
        text = json.dumps(props["Definition"], separators=(",", ":"), ensure_ascii=False)
    elif given[0] == "DefinitionString":
        text = str(props["DefinitionString"])
    else:
        where = props["DefinitionS3Location"]
        found = place.ask("s3", "GetObject", Bucket=where["Bucket"], Key=where["Key"])
        with contextlib.closing(found["Body"]) as body:
            text = body.read().decode()
    names = {str(name): text_of(value) for name, value in (props.get("DefinitionSubstitutions") or {}).items()}
    return re.sub(r"\$\{([^${}]+)\}", lambda match: names.get(match[1], match[0]), text)


def _routes(props: Properties) -> list[dict[str, Any]]:
    preference, routing = props.get("DeploymentPreference"), props.get("RoutingConfiguration")
    if bool(preference) == bool(routing):
        raise ServiceError(
            "InvalidRequest", "Exactly one of DeploymentPreference and RoutingConfiguration must be provided."
        )
    if preference:
        return [{"stateMachineVersionArn": preference["StateMachineVersionArn"], "weight": 100}]
    routes: list[dict[str, Any]] = [
        {"stateMachineVersionArn": one["StateMachineVersionArn"], "weight": int(one["Weight"])} for one in routing or ()
    ]
    return routes


def _retagged(place: Place, arn: str, before: Properties, after: Properties) -> None:
    old = {str(tag["Key"]): str(tag["Value"]) for tag in before.get("Tags") or ()}
    new = {str(tag["Key"]): str(tag["Value"]) for tag in after.get("Tags") or ()}
    if written := [{"key": key, "value": value} for key, value in new.items() if old.get(key) != value]:
        place.ask("states", "TagResource", resourceArn=arn, tags=written)
    if lost := [key for key in old if key not in new]:
        place.ask("states", "UntagResource", resourceArn=arn, tagKeys=lost)
