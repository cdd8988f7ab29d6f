"""AWS::Lambda and AWS::Logs: functions, permissions to call them, log groups.

In: properties. Out: Made. Touches: lambda, logs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from stepmill.services.cloudformation.kinds.kind import Kind, Made, Place, Properties, number, picked

_SETTINGS = "Architectures Description Environment EphemeralStorage Handler MemorySize Role Runtime Timeout"
# What changes how a function runs: Lambda decides about it, and refuses by name what it cannot do.
_HEEDED = "FileSystemConfigs ImageConfig Layers PackageType"
_FIRST = (1980, 1, 1, 0, 0, 0)  # the time of a file in a zip whose content alone counts


class Function(Kind):
    """A function. What has no effect here (VPC, tracing, concurrency, keys, dead letters) the stack alone keeps."""

    type = "AWS::Lambda::Function"
    properties = (
        "Architectures CapacityProviderConfig Code CodeSigningConfigArn DeadLetterConfig Description DurableConfig "
        "Environment EphemeralStorage FileSystemConfigs FunctionName FunctionScalingConfig Handler ImageConfig "
        "KmsKeyArn Layers LoggingConfig MemorySize PackageType PublishToLatestPublished RecursiveLoop "
        "ReservedConcurrentExecutions Role Runtime RuntimeManagementConfig SnapStart Tags TenancyConfig Timeout "
        "TracingConfig VpcConfig"
    )
    required = "Code Role"
    replaced = "FunctionName PackageType TenancyConfig"
    attributes = "Arn"
    naming = "FunctionName"
    tagged = True
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        made = place.ask(
            "lambda",
            "CreateFunction",
            FunctionName=name,
            Code=_code(props),
            Tags=_tags(props) or None,
            **_settings(props),
            **picked(props, _HEEDED),
        )
        return Made(name, {"Arn": made["FunctionArn"]})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        if before.get("Code") != after.get("Code") or before.get("Architectures") != after.get("Architectures"):
            place.ask(
                "lambda",
                "UpdateFunctionCode",
                FunctionName=made.physical,
                Architectures=after.get("Architectures") or ["x86_64"],
                **_code(after),
            )
        empty = {"Description": "", "Environment": {"Variables": {}}, "EphemeralStorage": {"Size": 512}}
        settings = {**empty, "MemorySize": 128, "Timeout": 3, **_settings(after)}
        settings.pop("Architectures", None)
        heeded = picked(after, _HEEDED)
        heeded.pop("PackageType", None)
        place.ask("lambda", "UpdateFunctionConfiguration", FunctionName=made.physical, **settings, **heeded)
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        if not before:
            return
        old, new, arn = _tags(before), _tags(after), made.attributes["Arn"]
        if written := {key: value for key, value in new.items() if old.get(key) != value}:
            place.ask("lambda", "TagResource", Resource=arn, Tags=written)
        if lost := [key for key in old if key not in new]:
            place.ask("lambda", "UntagResource", Resource=arn, TagKeys=lost)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("lambda", "DeleteFunction", FunctionName=made.physical)

    def seen(self, place: Place, made: Made, props: Properties) -> dict[str, Any] | None:
        """The configuration, and whether the code is still the one that was given."""
        found = place.find("lambda", "GetFunctionConfiguration", FunctionName=made.physical)
        if found is None:
            return None
        has = {name: found[name] for name in _SETTINGS.split() if name in props and name in found}
        wanted = place.find("lambda", "UpdateFunctionCode", FunctionName=made.physical, DryRun=True, **_code(props))
        if wanted is not None and wanted["CodeSha256"] != found["CodeSha256"]:
            has["Code"] = {"CodeSha256": found["CodeSha256"]}
        same = {name: number(props[name]) for name in ("MemorySize", "Timeout") if name in props}
        return {**props, **has, **{name: props[name] for name, value in same.items() if has.get(name) == value}}


class Permission(Kind):
    """Who may call a function; kept in the stack alone where Lambda has no AddPermission."""

    type = "AWS::Lambda::Permission"
    properties = (
        "Action EventSourceToken FunctionName FunctionUrlAuthType InvokedViaFunctionUrl Principal PrincipalOrgID "
        "SourceAccount SourceArn"
    )
    required = "Action FunctionName Principal"
    replaced = properties
    attributes = "Id"
    longest = 100
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        place.ask("lambda", "GetFunctionConfiguration", FunctionName=props["FunctionName"])
        place.offer("lambda", "AddPermission", StatementId=name, **props)
        return Made(name, {"Id": name})

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("lambda", "RemovePermission", FunctionName=props["FunctionName"], StatementId=made.physical)


class LogGroup(Kind):
    """A log group; kept in the stack alone where CloudWatch Logs has no CreateLogGroup. Retention has no effect."""

    type = "AWS::Logs::LogGroup"
    properties = (
        "BearerTokenAuthenticationEnabled DataProtectionPolicy DeletionProtectionEnabled FieldIndexPolicies KmsKeyId "
        "LogGroupClass LogGroupName ResourcePolicyDocument RetentionInDays Tags"
    )
    replaced = "LogGroupName"
    attributes = "Arn"
    naming = "LogGroupName"
    longest = 512
    tagged = True
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        place.offer("logs", "CreateLogGroup", logGroupName=name, tags=_tags(props) or None)
        return Made(name, {"Arn": place.arn("logs", f"log-group:{name}:*")})

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        days = after.get("RetentionInDays")
        if days is not None and days != before.get("RetentionInDays"):
            place.offer("logs", "PutRetentionPolicy", logGroupName=made.physical, retentionInDays=int(days))
        elif days is None and before.get("RetentionInDays") is not None:
            place.offer("logs", "DeleteRetentionPolicy", logGroupName=made.physical)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("logs", "DeleteLogGroup", logGroupName=made.physical)


def _settings(props: Properties) -> dict[str, Any]:
    found = picked(props, _SETTINGS)
    for name in ("MemorySize", "Timeout"):
        if name in found:
            found[name] = number(found[name])
    if "EphemeralStorage" in found:
        found["EphemeralStorage"] = {"Size": number(found["EphemeralStorage"].get("Size"))}
    if found.get("Environment"):
        variables = found["Environment"].get("Variables") or {}
        found["Environment"] = {"Variables": {name: str(value) for name, value in variables.items()}}
    return found


def _code(props: Properties) -> dict[str, Any]:
    """`Code` as Lambda takes it. Text in `ZipFile` is the one file `index.py`, as CloudFormation packs it."""
    code: Mapping[str, Any] = props["Code"]
    found = picked(code, "S3Bucket S3Key S3ObjectVersion ImageUri")
    if "ZipFile" in code:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            entry = zipfile.ZipInfo("index.py", _FIRST)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, str(code["ZipFile"]))
        found["ZipFile"] = packed.getvalue()
    return found


def _tags(props: Properties) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in props.get("Tags") or ()}
