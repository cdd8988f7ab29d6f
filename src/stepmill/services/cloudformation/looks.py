"""What a stack consists of and what happened to it; what a template asks for.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: reads history, and s3 for a template
that lies there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from stepmill.services.cloudformation.kinds.kind import Place
from stepmill.services.cloudformation.records import Records, Stack
from stepmill.services.cloudformation.requests import page, required, template_text
from stepmill.services.cloudformation.templates import Template, parse
from stepmill.services.cloudformation.values import invalid
from stepmill.services.operations import Response, ServiceError, operation


class Looks:
    """The operations that change nothing."""

    def __init__(self, records: Records, place: Place) -> None:
        self._records = records
        self._place = place

    @operation("DescribeStackEvents")
    def describe_stack_events(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """What happened to a stack, newest first."""
        stack = self._records.stack(request.get("StackName"))
        return page("StackEvents", [_event(stack, one) for one in self._records.events(stack)], request)

    @operation("DescribeStackResource")
    def describe_stack_resource(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """One resource of a stack, by its logical id."""
        stack, logical = self._records.stack(request.get("StackName")), str(request.get("LogicalResourceId"))
        body = stack["resources"].get(logical)
        if body is None:
            raise invalid(f"Resource {logical} does not exist for stack {stack['name']}")
        row = {**_resource(stack, logical, body), "LastUpdatedTimestamp": body["at"]}
        del row["Timestamp"]
        if body["metadata"]:
            row["Metadata"] = json.dumps(body["metadata"], ensure_ascii=False)
        return {"StackResourceDetail": row}

    @operation("DescribeStackResources")
    def describe_stack_resources(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The resources of a stack, which may be named by the physical id of one of them."""
        physical, logical = request.get("PhysicalResourceId"), request.get("LogicalResourceId")
        if request.get("StackName"):
            stack = self._records.stack(request["StackName"])
        else:
            if not physical:
                raise invalid("Either StackName or PhysicalResourceId must be specified")
            stack = self._holder(str(physical))
        rows = [
            _resource(stack, name, body)
            for name, body in stack["resources"].items()
            if logical in (None, name) and (not request.get("StackName") or physical in (None, body["physical"]))
        ]
        return {"StackResources": rows}

    @operation("ListStackResources")
    def list_stack_resources(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The resources of a stack, in short."""
        stack = self._records.stack(request.get("StackName"))
        rows = []
        for name, body in stack["resources"].items():
            row = {**_resource(stack, name, body), "LastUpdatedTimestamp": body["at"]}
            rows.append({key: value for key, value in row.items() if key not in ("StackId", "StackName", "Timestamp")})
        return page("StackResourceSummaries", rows, request)

    @operation("GetTemplate")
    def get_template(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The template of a stack or of a change set, as it was sent."""
        if request.get("ChangeSetName"):
            body = self._records.change_set(request["ChangeSetName"], request.get("StackName"))
            digest = body["fields"]["template"]
        else:
            digest = self._records.stack(request.get("StackName"))["template"]
        return {"TemplateBody": self._records.template(digest), "StagesAvailable": ["Original", "Processed"]}

    @operation("ValidateTemplate")
    def validate_template(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Whether a template can be read; its parameters and the capabilities that it needs."""
        template = parse(template_text(request, "", self._place))
        rows = []
        for name, declared in template.parameters.items():
            row = {"ParameterKey": name, "NoEcho": str(declared.get("NoEcho", "")).lower() == "true"}
            if "Default" in declared:
                row["DefaultValue"] = str(declared["Default"])
            rows.append({**row, **({"Description": declared["Description"]} if "Description" in declared else {})})
        return {"Parameters": rows, **_about(template)}

    @operation("GetTemplateSummary")
    def get_template_summary(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The parameters and resource types of a template, or of a stack's."""
        if request.get("StackName"):
            text = self._records.template(self._records.stack(request["StackName"])["template"])
        else:
            text = template_text(request, "", self._place)
        template = parse(text)
        rows = []
        for name, declared in template.parameters.items():
            silent = str(declared.get("NoEcho", "")).lower() == "true"
            row = {"ParameterKey": name, "ParameterType": str(declared.get("Type")), "NoEcho": silent}
            if "Default" in declared:
                row["DefaultValue"] = str(declared["Default"])
            rows.append({**row, **({"Description": declared["Description"]} if "Description" in declared else {})})
        types = sorted({one.type for one in template.resources.values()})
        metadata = {"Metadata": json.dumps(template.metadata)} if template.metadata else {}
        return {"Parameters": rows, "ResourceTypes": types, **metadata, **_about(template)}

    def _holder(self, physical: str) -> Stack:
        for stack in self._records.all():
            if any(body["physical"] == physical for body in stack["resources"].values()):
                return stack
        raise ServiceError("ValidationError", f"Stack for {physical} does not exist")


def _about(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = {"Description": template.description} if template.description else {}
    capability, types = required(template)
    if capability:
        found["Capabilities"] = [capability]
        found["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{', '.join(types)}]"
    return found


def _event(stack: Stack, one: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "StackId": stack["id"],
        "EventId": one["id"],
        "StackName": stack["name"],
        "LogicalResourceId": one["logical"],
        "PhysicalResourceId": one["physical"],
        "ResourceType": one["type"],
        "Timestamp": one["at"],
        "ResourceStatus": one["status"],
    }
    if "properties" in one:
        row["ResourceProperties"] = json.dumps(one["properties"], separators=(",", ":"), ensure_ascii=False)
    named = {"ResourceStatusReason": one["reason"], "ClientRequestToken": one.get("token")}
    return row | {key: value for key, value in named.items() if value}


def _resource(stack: Stack, logical: str, body: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "StackId": stack["id"],
        "StackName": stack["name"],
        "LogicalResourceId": logical,
        "ResourceType": body["type"],
        "Timestamp": body["at"],
        "ResourceStatus": body["status"],
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
    }
    named = {"PhysicalResourceId": body["physical"], "ResourceStatusReason": body["reason"]}
    return row | {key: value for key, value in named.items() if value}
