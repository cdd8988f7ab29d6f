"""CloudFormation's references as Terraform's, and the properties of one resource as they are used up.

In: JSON values of a template. Out: HCL values. Touches: nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stepmill.deploy.exports.hcl import Expression, escaped
from stepmill.deploy.refusals import DeployRefused

_PSEUDO: Final = {
    "AWS::AccountId": "local.account",
    "AWS::Region": "local.region",
    "AWS::Partition": "local.partition",
    "AWS::URLSuffix": "local.dns_suffix",
}
# What a logical id, and its Arn, are in Terraform: the resource's type, then what follows its address.
_TYPES: Final[Mapping[str, tuple[str, str, str]]] = {
    "AWS::CloudWatch::Alarm": ("aws_cloudwatch_metric_alarm", ".alarm_name", ".arn"),
    "AWS::CodeBuild::Project": ("aws_codebuild_project", ".name", ".arn"),
    "AWS::ECR::Repository": ("aws_ecr_repository", ".name", ".arn"),
    "AWS::Events::Rule": ("aws_cloudwatch_event_rule", ".name", ".arn"),
    "AWS::IAM::Role": ("aws_iam_role", ".name", ".arn"),
    "AWS::Lambda::Function": ("aws_lambda_function", ".function_name", ".arn"),
    "AWS::Logs::LogGroup": ("aws_cloudwatch_log_group", ".name", ".arn"),
    "AWS::S3::Bucket": ("aws_s3_bucket", ".id", ".arn"),
    "AWS::SNS::Topic": ("aws_sns_topic", ".arn", ".arn"),
    "AWS::Scheduler::Schedule": ("aws_scheduler_schedule", ".name", ".arn"),
    "AWS::Scheduler::ScheduleGroup": ("aws_scheduler_schedule_group", ".name", ".arn"),
    "AWS::StepFunctions::Activity": ("aws_sfn_activity", ".id", ".id"),
    "AWS::StepFunctions::StateMachine": ("aws_sfn_state_machine", ".arn", ".arn"),
    "AWS::StepFunctions::StateMachineAlias": ("aws_sfn_alias", ".arn", ".arn"),
}
_LOGS: Final = "AWS::Logs::LogGroup"
_PART: Final = re.compile(r"\$\{([^}]*)\}")


def snake(logical: str) -> str:
    """`NotifyFunctionRole` as `notify_function_role`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", logical).lower()


class References:
    """Where the resources of both templates are found in the module.

    Args:
        types: logical id → its type. shared: the logical ids that are made only when the module makes what is shared.
        bucket: the bucket's name as Fn::Sub reads it, when it is a text with `${…}`; it becomes `local.bucket`.
    """

    def __init__(self, types: Mapping[str, str], shared: Iterable[str], bucket: str) -> None:
        self._types = types
        self._shared = frozenset(shared)
        self._bucket = bucket if "${" in bucket else None

    def value(self, found: Any) -> Any:
        """A value of a template as a value of HCL."""
        if isinstance(found, Mapping):
            if len(found) == 1:
                ((name, inner),) = found.items()
                if name == "Ref":
                    return Expression(self._ref(inner))
                if name == "Fn::GetAtt":
                    return self._attribute(*inner)
                if name == "Fn::Sub":
                    return self._text(inner)
                if name.startswith("Fn::"):
                    raise DeployRefused(f"{name} has no form in Terraform yet")
            return {key: self.value(item) for key, item in found.items()}
        return [self.value(item) for item in found] if isinstance(found, list) else found

    def address(self, logical: str, kind: str | None = None) -> str:
        """`aws_iam_role.job_role`, or with `[0]` where it may not be made. kind: a type that belongs to it instead."""
        made = kind or self._known(logical)[0]
        return f"{made}.{snake(logical)}{'[0]' if logical in self._shared else ''}"

    def _known(self, logical: str) -> tuple[str, str, str]:
        kind = self._types.get(logical, "")
        if kind not in _TYPES:
            raise DeployRefused(f"{logical} ({kind or 'no resource'}) cannot be referred to in Terraform yet")
        return _TYPES[kind]

    def _ref(self, logical: str) -> str:
        if logical in _PSEUDO:
            return _PSEUDO[logical]
        return f"{self.address(logical)}{self._known(logical)[1]}"

    def _attribute(self, logical: str, attribute: str) -> Expression:
        if attribute != "Arn":
            raise DeployRefused(f"{logical}.{attribute} has no form in Terraform yet")
        found = f"{self.address(logical)}{self._known(logical)[2]}"
        # CloudFormation's Arn of a log group ends in `:*`, Terraform's does not.
        return Expression(f'"${{{found}}}:*"' if self._types[logical] == _LOGS else found)

    def _text(self, text: str) -> Expression:
        if self._bucket is not None:
            text = text.replace(self._bucket, "${local.bucket}")
        made, at = "", 0
        for part in _PART.finditer(text):
            made += escaped(text[at : part.start()])
            made += self._part(part[1])
            at = part.end()
        made += escaped(text[at:])
        alone = re.fullmatch(r"\$\{([^{}\"]+)\}", made)
        return Expression(alone[1] if alone else f'"{made}"')

    def _part(self, name: str) -> str:
        if name.startswith("!"):
            return escaped(f"${{{name[1:]}}}")
        if name == "local.bucket":
            return "${local.bucket}"
        logical, dot, attribute = name.partition(".")
        if not dot:
            return f"${{{self._ref(logical)}}}"
        found = self._attribute(logical, attribute).text
        return found[1:-1] if found.startswith('"') else f"${{{found}}}"


class Properties:
    """The properties of one resource, each taken once; what nobody takes is a fault, not a loss."""

    def __init__(self, where: str, found: Mapping[str, Any], references: References) -> None:
        self._where = where
        self._left = dict(found)
        self._inner: list[Properties] = []
        self.references = references

    def take(self, name: str) -> Any:
        """A property as HCL; None when there is none."""
        return self.references.value(self._left.pop(name, None))

    def take_raw(self, name: str) -> Any:
        """A property as the template has it."""
        return self._left.pop(name, None)

    def inner(self, name: str) -> Properties:
        """The properties in a property; empty when there is none."""
        return self.of(name, self._left.pop(name, None) or {})

    def each(self, name: str) -> list[Properties]:
        """The properties of each item of a list."""
        return [self.of(f"{name}[{at}]", item) for at, item in enumerate(self._left.pop(name, None) or [])]

    def of(self, name: str, found: Mapping[str, Any]) -> Properties:
        """Properties that belong to these."""
        self._inner.append(Properties(f"{self._where}.{name}", found, self.references))
        return self._inner[-1]

    def expect(self, name: str, value: Any) -> None:
        """Take a property that Terraform has no word for because it always has this value."""
        if self._left.pop(name, value) != value:
            raise DeployRefused(f"{self._where}.{name} has no form in Terraform but {value!r}")

    def __bool__(self) -> bool:
        return bool(self._left)

    def done(self) -> None:
        """Raises DeployRefused when something has not been taken."""
        if self._left:
            raise DeployRefused(f"{self._where}.{next(iter(self._left))} has no form in Terraform yet")
        for each in self._inner:
            each.done()
