"""The stack of one workflow in one stage, as a CloudFormation template.

In: a Bundle and a Stage. Out: a template, and the line of the pipeline behind each resource. Touches: nothing.

Nothing in it depends on who builds it, when or where: what only the account knows are pseudo parameters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stepmill.deploy import naming
from stepmill.deploy.naming import ALIAS, tag_list, value
from stepmill.deploy.templates.functions import function_resources
from stepmill.deploy.templates.pieces import log_group
from stepmill.deploy.templates.roles import job_role, machine_role
from stepmill.deploy.templates.starting import starting_resources
from stepmill.deploy.templates.watching import watching_resources

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle


@dataclass(frozen=True)
class Template:
    """A template and where its parts come from.

    Attributes:
        body: the template as JSON values. places: logical id → `pipeline.py:41, pipeline.py:57`.
    """

    body: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The template as it is written, reviewed and sent."""
        return text_of(self.body)


def text_of(body: Mapping[str, Any]) -> str:
    """A template as text: JSON, an indent of one, so that a change in a pull request is a change of few lines."""
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def app_template(bundle: Bundle, stage: Stage, code: Mapping[str, str]) -> Template:
    """The template of a workflow's stack.

    code: substitution name of a function → the key of its zip in the stage's bucket.
    """
    resources: dict[str, Any] = {}
    places: dict[str, str] = {}
    start = _first_place(bundle)

    def add(made: Mapping[str, Any], place: str = "") -> None:
        resources.update(made)
        places.update(dict.fromkeys(made, place or start))

    needs = bundle.needs
    for placeholder, made in bundle.manifest.functions.items():
        if placeholder in needs and placeholder not in stage.functions:
            add(function_resources(placeholder, made, code[placeholder], bundle, stage), users(bundle, placeholder))
    for placeholder, name in bundle.manifest.activities.items():
        if placeholder in needs:
            add(_activity(placeholder, name, bundle, stage), users(bundle, placeholder))
    if stage.job_role is None:
        for name in bundle.job_roles:
            add({name: job_role(bundle, stage, name)}, users(bundle, name))
    if stage.machine_role is None:
        add({"MachineRole": machine_role(bundle, stage)})
    add(_machine(bundle, stage))
    add(starting_resources(bundle, stage))
    add(watching_resources(bundle, stage))
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Stepmill: the workflow {bundle.name}, stage {stage.name}.",
        "Metadata": {"Stepmill": {"Definition": bundle.digest, "Assets": _assets(bundle, code)}},
        "Resources": resources,
        "Outputs": {
            "Machine": {"Value": {"Ref": "Machine"}},
            "Live": {"Value": {"Ref": "Live"}, "Description": "start executions through this alias"},
            "Bucket": {"Value": value(naming.bucket(stage))},
        },
    }
    return Template(body, places)


def users(bundle: Bundle, placeholder: str) -> str:
    """The lines of the states that use a substitution name: `pipeline.py:4, pipeline.py:9`."""
    from stepmill.asl.definition import walk_states

    found = [
        bundle.manifest.sources.get(pointer, "")
        for pointer, _, state in walk_states(json.loads(bundle.template))
        if "States" not in state and f"${{{placeholder}}}" in json.dumps(state, ensure_ascii=False)
    ]
    return ", ".join(dict.fromkeys(place for place in found if place))


def _first_place(bundle: Bundle) -> str:
    return next(iter(bundle.manifest.sources.values()), "").partition(":")[0]


def _assets(bundle: Bundle, code: Mapping[str, str]) -> list[str]:
    """The keys of everything the stack needs in the bucket, so that the next deployment knows what is there."""
    return sorted({*code.values(), *(asset.key for asset in bundle.manifest.assets)})


def _activity(placeholder: str, name: str, bundle: Bundle, stage: Stage) -> dict[str, Any]:
    properties = {"Name": naming.cut(f"{name}-{stage.name}", 80), "Tags": tag_list(bundle, stage)}
    return {placeholder: {"Type": "AWS::StepFunctions::Activity", "Properties": properties}}


def _machine(bundle: Bundle, stage: Stage) -> dict[str, Any]:
    name = naming.stack(bundle, stage)
    properties: dict[str, Any] = {
        "StateMachineName": name,
        "StateMachineType": "STANDARD",
        "RoleArn": stage.machine_role or {"Fn::GetAtt": ["MachineRole", "Arn"]},
        "DefinitionString": bundle.template,
        "TracingConfiguration": {"Enabled": stage.tracing},
        "Tags": tag_list(bundle, stage),
    }
    if bound := naming.bindings(bundle, stage):
        properties["DefinitionSubstitutions"] = value(bound)
    made: dict[str, Any] = {}
    if stage.log_level != "OFF":
        # With this prefix log groups share one resource policy, whose size is limited (Step Functions developer guide,
        # "Using CloudWatch Logs to log execution history").
        group = f"/aws/vendedlogs/states/{name}"
        made["MachineLogs"] = log_group(group, tag_list(bundle, stage), stage)
        properties["LoggingConfiguration"] = {
            "Level": stage.log_level,
            "IncludeExecutionData": False,  # inputs and outputs may be personal data
            "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["MachineLogs", "Arn"]}}}],
        }
    made["Machine"] = {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
    made["Version"] = {
        "Type": "AWS::StepFunctions::StateMachineVersion",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",  # an earlier version is what one goes back to
        "Properties": {
            "StateMachineArn": {"Ref": "Machine"},
            "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
        },
    }
    made["Live"] = {
        "Type": "AWS::StepFunctions::StateMachineAlias",
        "Properties": {"Name": ALIAS, "DeploymentPreference": _preference(stage)},
    }
    return made


def _preference(stage: Stage) -> dict[str, Any]:
    found: dict[str, Any] = {
        "StateMachineVersionArn": {"Ref": "Version"},
        "Type": stage.deployment.upper().replace("-", "_"),
    }
    if stage.deployment != "all-at-once":
        found |= {"Percentage": stage.percent, "Interval": stage.minutes}
    if stage.alarms:
        found["Alarms"] = list(stage.alarms)
    return found
