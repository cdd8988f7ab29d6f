"""The least rights of whoever deploys: a person, or a CI job that takes a role on.

In: what was built. Out: a policy document, each statement with what needs it. Touches: nothing.

CloudFormation makes resources with the rights of its caller, so a deployer needs those of every resource type in the
templates: what the type's handlers call to create, read, update, tag and delete one (CloudFormation registry,
"handlers" of each type; Service Authorization Reference for resources and conditions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.stage import partition

if TYPE_CHECKING:
    from stepmill.deploy.aws.account import Identity
    from stepmill.deploy.build import Built

_HERE: Final = "{region}:{account}"
_SECRET: Final = re.compile(r"\{\{resolve:secretsmanager:(arn:(?:[^:}]+:){5}[^:}]+|[^:}]+)")
_TAGS: Final = ("TagResource", "UntagResource")


@dataclass(frozen=True)
class Need:
    """What one resource type, or the deployment itself, needs of a service.

    resources: ARNs with `{partition}`, `{region}`, `{account}`, `{app}` (the workflow's stack and machine), `{base}`
    (the stage's stack), `{bucket}`, `{repository}`. why: in the statement's Sid, and told where a resource is `*`.
    """

    sid: str
    service: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Any] | None = None


def _s3(*actions: str) -> tuple[str, ...]:
    return tuple(f"{verb}{action}" for action in actions for verb in ("Get", "Put"))


_KINDS: Final[Mapping[str, tuple[Need, ...]]] = {
    "AWS::S3::Bucket": (
        Need(
            "Bucket",
            "s3",
            (
                "CreateBucket",
                "DeleteBucket",
                *_s3("EncryptionConfiguration", "BucketPublicAccessBlock", "BucketOwnershipControls"),
                *_s3("LifecycleConfiguration", "BucketNotification", "BucketTagging"),
            ),
            ("arn:{partition}:s3:::{bucket}",),
        ),
    ),
    "AWS::S3::BucketPolicy": (
        Need(
            "BucketPolicy",
            "s3",
            ("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
            ("arn:{partition}:s3:::{bucket}",),
        ),
    ),
    "AWS::ECR::Repository": (
        Need(
            "Repository",
            "ecr",
            (
                "CreateRepository", "DescribeRepositories", "DeleteRepository", "PutImageTagMutability",
                "PutImageScanningConfiguration", "PutLifecyclePolicy", "GetLifecyclePolicy", "GetRepositoryPolicy",
                "ListTagsForResource", *_TAGS,
            ),
            (f"arn:{{partition}}:ecr:{_HERE}:repository/{{repository}}",),
        ),
    ),
    "AWS::CodeBuild::Project": (
        Need(
            "Builds",
            "codebuild",
            ("CreateProject", "UpdateProject", "DeleteProject", "BatchGetProjects", "StartBuild", "BatchGetBuilds"),
            (f"arn:{{partition}}:codebuild:{_HERE}:project/{{base}}",),
        ),
    ),
    "AWS::Logs::LogGroup": (
        Need(
            "LogGroups",
            "logs",
            ("CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "ListTagsForResource",
             *_TAGS),
            (
                f"arn:{{partition}}:logs:{_HERE}:log-group:/aws/vendedlogs/states/{{app}}*",
                f"arn:{{partition}}:logs:{_HERE}:log-group:/aws/lambda/{{functions}}",
                f"arn:{{partition}}:logs:{_HERE}:log-group:/aws/codebuild/{{base}}*",
            ),
        ),
        Need("FindLogGroups", "logs", ("DescribeLogGroups",), ("*",)),
    ),
    "AWS::Lambda::Function": (
        Need(
            "Functions",
            "lambda",
            ("CreateFunction", "GetFunction", "GetFunctionConfiguration", "GetFunctionCodeSigningConfig",
             "GetFunctionRecursionConfig", "GetRuntimeManagementConfig", "UpdateFunctionCode",
             "UpdateFunctionConfiguration", "DeleteFunction", "ListTags", *_TAGS),
            (f"arn:{{partition}}:lambda:{_HERE}:function:{{functions}}",),
        ),
    ),
    "AWS::StepFunctions::StateMachine": (
        Need(
            "Machine",
            "states",
            ("CreateStateMachine", "DescribeStateMachine", "UpdateStateMachine", "DeleteStateMachine",
             "ListTagsForResource", "ListExecutions", *_TAGS),
            (f"arn:{{partition}}:states:{_HERE}:stateMachine:{{app}}",),
        ),
    ),
    "AWS::StepFunctions::StateMachineVersion": (
        Need(
            "Versions",
            "states",
            ("PublishStateMachineVersion", "ListStateMachineVersions", "DeleteStateMachineVersion"),
            (f"arn:{{partition}}:states:{_HERE}:stateMachine:{{app}}",
             f"arn:{{partition}}:states:{_HERE}:stateMachine:{{app}}:*"),
        ),
    ),
    "AWS::StepFunctions::StateMachineAlias": (
        Need(
            "Alias",
            "states",
            ("CreateStateMachineAlias", "DescribeStateMachineAlias", "UpdateStateMachineAlias",
             "DeleteStateMachineAlias", "ListStateMachineAliases"),
            (f"arn:{{partition}}:states:{_HERE}:stateMachine:{{app}}",
             f"arn:{{partition}}:states:{_HERE}:stateMachine:{{app}}:*"),
        ),
    ),
    "AWS::StepFunctions::Activity": (
        Need(
            "Activities",
            "states",
            ("CreateActivity", "DescribeActivity", "DeleteActivity", "ListTagsForResource", *_TAGS),
            (f"arn:{{partition}}:states:{_HERE}:activity:*",),
        ),
    ),
    "AWS::Scheduler::ScheduleGroup": (
        Need(
            "ScheduleGroup",
            "scheduler",
            ("CreateScheduleGroup", "GetScheduleGroup", "DeleteScheduleGroup", "ListTagsForResource", *_TAGS),
            (f"arn:{{partition}}:scheduler:{_HERE}:schedule-group/{{app}}",),
        ),
    ),
    "AWS::Scheduler::Schedule": (
        Need(
            "Schedule",
            "scheduler",
            ("CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"),
            (f"arn:{{partition}}:scheduler:{_HERE}:schedule/{{app}}/*",),
        ),
    ),
    "AWS::Events::Rule": (
        Need(
            "Rules",
            "events",
            ("PutRule", "DescribeRule", "DeleteRule", "PutTargets", "RemoveTargets", "ListTargetsByRule"),
            (f"arn:{{partition}}:events:{_HERE}:rule/{{app}}-*",),
        ),
    ),
    "AWS::SNS::Topic": (
        Need(
            "Topic",
            "sns",
            ("CreateTopic", "GetTopicAttributes", "SetTopicAttributes", "DeleteTopic", "GetDataProtectionPolicy",
             "ListSubscriptionsByTopic", "ListTagsForResource", *_TAGS),
            (f"arn:{{partition}}:sns:{_HERE}:{{app}}-failures",),
        ),
    ),
    "AWS::SNS::TopicPolicy": (),
    "AWS::SNS::Subscription": (
        Need("Subscribe", "sns", ("Subscribe",), (f"arn:{{partition}}:sns:{_HERE}:{{app}}-failures",)),
        Need("Unsubscribe", "sns", ("Unsubscribe",), ("*",)),  # has no resource level
    ),
    "AWS::CloudWatch::Alarm": (
        Need(
            "Alarm",
            "cloudwatch",
            ("PutMetricAlarm", "DescribeAlarms", "DeleteAlarms", "ListTagsForResource", *_TAGS),
            (f"arn:{{partition}}:cloudwatch:{_HERE}:alarm:{{app}}-*",),
        ),
    ),
    "AWS::IAM::Role": (),  # below, since a boundary is a condition of them
}  # fmt: skip

_ITSELF: Final = (
    Need(
        "Stacks",
        "cloudformation",
        (
            "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DescribeStacks",
            "DescribeStackEvents", "GetTemplate", "DeleteStack", "TagResource", "UntagResource",
        ),
        (
            f"arn:{{partition}}:cloudformation:{_HERE}:stack/{{app}}/*",
            f"arn:{{partition}}:cloudformation:{_HERE}:stack/{{base}}/*",
        ),
    ),
    Need("Assets", "s3", ("GetObject", "PutObject"), ("arn:{partition}:s3:::{bucket}/stepmill/*",)),
    # Without it S3 answers 403 and not 404 for an object that is not there.
    Need("FindAssets", "s3", ("ListBucket",), ("arn:{partition}:s3:::{bucket}",)),
)  # fmt: skip
_IMAGES: Final = (
    Need("RegistryLogin", "ecr", ("GetAuthorizationToken",), ("*",)),  # has no resource level
    Need(
        "Images",
        "ecr",
        (
            "DescribeImages", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer",
            "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage",
        ),
        (f"arn:{{partition}}:ecr:{_HERE}:repository/{{repository}}",),
    ),
)  # fmt: skip
_DATA: Final = (
    Need("AllStacks", "cloudformation", ("DescribeStacks",), ("*",)),  # to see whether others need the stage still
    Need("Data", "s3", ("DeleteObject",), ("arn:{partition}:s3:::{bucket}/*",)),
)
_ROLE_CHANGES: Final = (
    "CreateRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "PutRolePolicy", "DeleteRolePolicy",
    "DeleteRole", "PutRolePermissionsBoundary", "TagRole", "UntagRole",
)  # fmt: skip
_ROLE_READS: Final = ("GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies")
_PASSED: Final = {
    "AWS::Lambda::Function": "lambda.amazonaws.com",
    "AWS::StepFunctions::StateMachine": "states.amazonaws.com",
    "AWS::Scheduler::Schedule": "scheduler.amazonaws.com",
    "AWS::Events::Rule": "events.amazonaws.com",
    "AWS::CodeBuild::Project": "codebuild.amazonaws.com",
}


def deployer_policy(built: Built, identity: Identity | None = None, *, data: bool = False) -> dict[str, Any]:
    """What whoever deploys this must be allowed, and no more. data: also for `destroy --data`.

    Without an identity the account is the stage's, else a `*` in every ARN, which IAM takes.
    """
    stage = built.stage
    known = {
        "partition": identity.partition if identity else partition(stage.region),
        "region": stage.region,
        "account": identity.account if identity else stage.expected_account or "*",
        "app": naming.stack(built.bundle, stage),
        "base": naming.base_stack(stage),
        "repository": naming.repository(stage),
        "functions": f"{naming.app(built.bundle)}-*",
    }
    bucket = naming.bucket(stage).replace(naming.ACCOUNT, known["account"]).replace(naming.REGION, stage.region)
    known["bucket"] = bucket
    return {"Version": "2012-10-17", "Statement": [_statement(need, known) for need in _needs(built, data)]}


def _needs(built: Built, data: bool) -> Iterator[Need]:
    made = [*built.base["Resources"].values(), *built.app.body["Resources"].values()]
    kinds = sorted({each["Type"] for each in made})
    yield from _ITSELF
    if built.images:
        yield from _IMAGES
    for kind in kinds:
        yield from _KINDS[kind]
    yield from _roles(built, [kind for kind in kinds if kind in _PASSED])
    if "AWS::Lambda::Function" in kinds and (secrets := _secrets(built)):
        yield Need("Secrets", "secretsmanager", ("GetSecretValue",), secrets)
    if data:
        yield from _DATA


def _secrets(built: Built) -> tuple[str, ...]:
    """The secrets that CloudFormation fills into functions: a name, behind which AWS puts six characters, or an ARN."""
    named = [found[1] for text in built.stage.environment.values() if (found := _SECRET.search(text))]
    return tuple(
        name if name.startswith("arn:") else f"arn:{{partition}}:secretsmanager:{_HERE}:secret:{name}-??????"
        for name in dict.fromkeys(named)
    )


def _roles(built: Built, kinds: list[str]) -> Iterator[Need]:
    stage = built.stage
    own = (
        f"arn:{{partition}}:iam::{{account}}:role/{naming.stack(built.bundle, stage)[:24]}*",
        f"arn:{{partition}}:iam::{{account}}:role/{naming.base_stack(stage)[:24]}*",
    )
    given = tuple(role for role in (stage.machine_role, stage.job_role, stage.function_role) if role)
    limited = {"ArnEquals": {"iam:PermissionsBoundary": stage.boundary}} if stage.boundary else None
    # A boundary is a condition of what gives a role rights; the rest knows no such condition.
    giving = ("CreateRole", "PutRolePolicy", "DeleteRolePolicy", "PutRolePermissionsBoundary")
    yield Need("GiveRights", "iam", giving, own, limited)
    yield Need("Roles", "iam", (*(each for each in _ROLE_CHANGES if each not in giving), *_ROLE_READS), own)
    passed = {"StringEquals": {"iam:PassedToService": [_PASSED[kind] for kind in kinds]}}
    yield Need("PassRoles", "iam", ("PassRole",), (*own, *given), passed)


def _statement(need: Need, known: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Sid": need.sid,
        "Effect": "Allow",
        "Action": sorted(f"{need.service}:{action}" for action in set(need.actions)),
        "Resource": [resource.format(**known) for resource in need.resources],
    }
    return made | ({"Condition": need.condition} if need.condition else {})
