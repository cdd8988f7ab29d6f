"""The Lambda functions that a workflow brings along.

In: a FunctionSource, the key of its zip. Out: CloudFormation resources: function, role, log group. Touches: nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stepmill.deploy import naming
from stepmill.deploy.naming import tag_list, value
from stepmill.deploy.rights import policy
from stepmill.deploy.templates.pieces import log_group
from stepmill.deploy.templates.roles import role, scope

if TYPE_CHECKING:
    from stepmill.deploy.rights.policy import Statement
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle, FunctionSource

ARCHITECTURE = "x86_64"
"""Of all functions, and of the wheels that are packed for them."""


def function_rights(placeholder: str, bundle: Bundle, stage: Stage) -> tuple[Statement, ...]:
    """What a function's role may do."""
    from dataclasses import replace

    named = replace(bundle.manifest.functions[placeholder], name=naming.function(bundle, placeholder, stage))
    names = naming.bindings(bundle, stage)
    return policy.function_policy(named, names, scope(bundle, stage), vpc=bool(stage.subnets))


def function_resources(
    placeholder: str, made: FunctionSource, key: str, bundle: Bundle, stage: Stage
) -> dict[str, Any]:
    """A function, its log group and, unless the stage has one, its role."""
    name = naming.function(bundle, placeholder, stage)
    logs = log_group(f"/aws/lambda/{name}", tag_list(bundle, stage), stage)
    resources: dict[str, Any] = {f"{placeholder}Logs": logs}
    if stage.function_role is None:
        said = f"Runs the function {name}."
        resources[f"{placeholder}Role"] = role(
            "lambda", said, function_rights(placeholder, bundle, stage), bundle, stage
        )
    properties: dict[str, Any] = {
        "FunctionName": name,
        "Runtime": f"python{stage.python}",
        "Architectures": [ARCHITECTURE],
        "Handler": made.handler,
        "Code": {"S3Bucket": value(naming.bucket(stage)), "S3Key": key},
        "Role": stage.function_role or {"Fn::GetAtt": [f"{placeholder}Role", "Arn"]},
        "Timeout": math.ceil(made.timeout),  # AWS counts whole seconds
        "MemorySize": made.memory,
        "LoggingConfig": {"LogGroup": {"Ref": f"{placeholder}Logs"}},
        "Tags": tag_list(bundle, stage),
    }
    if variables := {**made.environment, **stage.environment}:
        properties["Environment"] = {"Variables": variables}
    if stage.subnets:
        properties["VpcConfig"] = {
            "SubnetIds": list(stage.subnets),
            "SecurityGroupIds": list(stage.security_groups),
        }
    if stage.kms_key is not None:
        properties["KmsKeyArn"] = stage.kms_key
    resources[placeholder] = {"Type": "AWS::Lambda::Function", "Properties": properties}
    return resources
