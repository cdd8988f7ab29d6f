"""A workflow as an application of the AWS Serverless Application Model: one template, for `sam build && sam deploy`.

In: what was built. Out: `template.yaml`, the definition, the functions' code as folders, assets. Touches: the folder
that is written.

Functions and the state machine become SAM's; the rest stays plain CloudFormation, which SAM takes as it is ("AWS SAM
template anatomy", SAM developer guide). What all workflows of a stage share is made unless `CreateShared` says that it
is there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.deploy.exports import parts
from stepmill.deploy.exports.yaml import yaml_of
from stepmill.deploy.naming import ALIAS
from stepmill.deploy.refusals import DeployRefused
from stepmill.deploy.templates.app import text_of

if TYPE_CHECKING:
    from stepmill.deploy.build import Built

_DEFINITION: Final = "statemachine/definition.asl.json"
_SHARED: Final = "CreateShared"
_LIVE: Final = f"MachineAlias{ALIAS}"
"""The alias that AutoPublishAlias of `Machine` makes ("Generated CloudFormation resources", SAM developer guide)."""


def sam(built: Built, folder: Path) -> tuple[str, ...]:
    """Write the application into an empty folder. Raises DeployRefused for what SAM has no word for."""
    parts.put(folder, "template.yaml", yaml_of(template(built)))
    parts.put(folder, _DEFINITION, text_of(json.loads(built.bundle.template)))
    for logical, asset in parts.functions(built).items():
        parts.unpack(asset, folder / "functions" / logical)
    parts.put_assets(built, folder, without=parts.functions(built).values())
    parts.put_contexts(built, folder)
    parts.put(folder, "README.md", _readme(built, assets=(folder / "assets").exists()))
    return ()


def template(built: Built) -> dict[str, Any]:
    """The SAM template as JSON values."""
    app, base = built.app.body["Resources"], built.base["Resources"]
    if both := set(app) & set(base):
        raise DeployRefused(f"{min(both)} is in both stacks, which one template cannot hold")
    resources: dict[str, Any] = {}
    for logical, made in app.items():
        if made["Type"] == "AWS::Lambda::Function":
            resources[logical] = _function(logical, made["Properties"])
        elif made["Type"] == "AWS::StepFunctions::StateMachine":
            resources[logical] = _machine(made["Properties"], app["Live"]["Properties"])
        elif logical not in ("Version", "Live"):  # AutoPublishAlias makes both
            resources[logical] = made
    shared = {logical: {"Type": made["Type"], "Condition": _SHARED} | made for logical, made in base.items()}
    stage = built.stage
    said = (
        f"Make the bucket, repository and build project that workflows of stage {stage.name} share; false if they exist"
    )
    body = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": built.app.body["Description"],
        "Parameters": {
            _SHARED: {
                "Type": "String",
                "AllowedValues": ["true", "false"],
                "Default": "true",
                "Description": said,
            }
        },
        "Conditions": {_SHARED: {"Fn::Equals": [{"Ref": _SHARED}, "true"]}},
        "Resources": resources | shared,
        "Outputs": built.app.body["Outputs"],
    }
    found: dict[str, Any] = _with_alias(body)
    return found


def _function(logical: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    left = dict(properties)
    left.pop("Code")
    made = {"FunctionName": left.pop("FunctionName"), "CodeUri": f"functions/{logical}/"}
    return {
        "Type": "AWS::Serverless::Function",
        # The folder holds what the function requires already, as wheels for Lambda; `sam build` leaves it as it is.
        "Metadata": {"SkipBuild": True},
        "Properties": made | left | {"Tags": _map(left["Tags"])},
    }


def _machine(properties: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    left = dict(properties)
    left.pop("DefinitionString")
    preference = dict(live["DeploymentPreference"])
    preference.pop("StateMachineVersionArn")
    made = {
        "Name": left.pop("StateMachineName"),
        "Type": left.pop("StateMachineType"),
        "DefinitionUri": _DEFINITION,
        "DefinitionSubstitutions": left.pop("DefinitionSubstitutions", None),
        "Role": left.pop("RoleArn"),
        "Logging": left.pop("LoggingConfiguration", None),
        "Tracing": left.pop("TracingConfiguration"),
        "AutoPublishAlias": live["Name"],
        "DeploymentPreference": preference,
        "Tags": _map(left.pop("Tags")),
    }
    if left:
        raise DeployRefused(f"Machine.{next(iter(left))} has no form in SAM yet")
    return {
        "Type": "AWS::Serverless::StateMachine",
        "Properties": {name: value for name, value in made.items() if value is not None},
    }


def _map(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def _with_alias(value: Any) -> Any:
    """The same, with SAM's name for the alias."""
    if isinstance(value, Mapping):
        if value == {"Ref": "Live"}:
            return {"Ref": _LIVE}
        if "Fn::Sub" in value:
            return {"Fn::Sub": value["Fn::Sub"].replace("${Live}", f"${{{_LIVE}}}")}
        return {key: _with_alias(item) for key, item in value.items()}
    return [_with_alias(item) for item in value] if isinstance(value, list) else value


def _readme(built: Built, *, assets: bool) -> str:
    bucket = parts.in_shell(naming.bucket(built.stage), built.stage.region)
    sync = (
        "\n## Code and data of the jobs\n\nThey lie in the stage's bucket, which has to be there; a deployment with "
        f'changed code needs this first:\n\n```sh\naws s3 sync assets "s3://{bucket}"\n```\n'
    )
    stack = naming.stack(built.bundle, built.stage)
    return (
        f"{parts.heading(built, 'a SAM application')}\n"
        f"```sh\n{parts.variables(built)}sam build\n"
        f"sam deploy --guided --stack-name {stack} --region {built.stage.region} --capabilities CAPABILITY_IAM\n```\n\n"
        f"`CreateShared` is true for the first workflow of a stage and false for every other one.\n"
        f"{sync if assets else ''}"
        f"{parts.images_told(built)}"
        f"{parts.starting_told(parts.live_arn(built))}"
    )
