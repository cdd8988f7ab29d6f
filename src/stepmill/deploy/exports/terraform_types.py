"""Each type of resource that a stack can hold, as Terraform's resources.

In: the properties of a resource. Out: HCL blocks. Touches: nothing.

Names of resources and arguments are those of the AWS provider 5 and 6 (Terraform registry, hashicorp/aws). A type
that is missing in `TYPES`, and a property that nobody takes, are refused: an export is whole or is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from stepmill.deploy import naming
from stepmill.deploy.exports.hcl import Block, Expression, call
from stepmill.deploy.exports.terraform_values import Properties, snake

Pairs = list[tuple[str, Any] | Block]


class Resource:
    """What a function of `TYPES` is told. stack: the name of the stack, for names that CloudFormation would make up.
    definition: the machine's text as an expression. zips: logical id of a function → path of its zip in the module."""

    def __init__(
        self, logical: str, properties: Properties, *, stack: str, definition: Expression, zips: Mapping[str, str]
    ) -> None:
        self.logical = logical
        self.name = snake(logical)
        self.properties = properties
        self.stack = stack
        self.definition = definition
        self.zips = zips

    def block(self, kind: str, body: Pairs, suffix: str = "") -> Block:
        """A resource of the module."""
        return Block("resource", (kind, self.name + suffix), body)

    def here(self, kind: str | None = None) -> str:
        """The address of the resource itself."""
        return self.properties.references.address(self.logical, kind)


def _bucket(made: Resource) -> list[Block]:
    p = made.properties
    bucket = Expression(f"{made.here()}.id")
    encryption = p.inner("BucketEncryption").each("ServerSideEncryptionConfiguration")[0]
    by = encryption.inner("ServerSideEncryptionByDefault")
    default = [("sse_algorithm", by.take("SSEAlgorithm")), ("kms_master_key_id", by.take("KMSMasterKeyID"))]
    rule = Block("rule", body=[("bucket_key_enabled", encryption.take("BucketKeyEnabled"))])
    rule.body.append(Block("apply_server_side_encryption_by_default", body=[*default]))
    public = p.inner("PublicAccessBlockConfiguration")
    owner = p.inner("OwnershipControls").each("Rules")[0]
    (abort,) = p.inner("LifecycleConfiguration").each("Rules")
    days = abort.inner("AbortIncompleteMultipartUpload").take("DaysAfterInitiation")
    events = p.inner("NotificationConfiguration").inner("EventBridgeConfiguration").take("EventBridgeEnabled")
    return [
        made.block("aws_s3_bucket", [("bucket", p.take("BucketName")), ("tags", p.take("Tags"))]),
        made.block("aws_s3_bucket_server_side_encryption_configuration", [("bucket", bucket), rule]),
        made.block(
            "aws_s3_bucket_public_access_block",
            [
                ("bucket", bucket),
                ("block_public_acls", public.take("BlockPublicAcls")),
                ("block_public_policy", public.take("BlockPublicPolicy")),
                ("ignore_public_acls", public.take("IgnorePublicAcls")),
                ("restrict_public_buckets", public.take("RestrictPublicBuckets")),
            ],
        ),
        made.block(
            "aws_s3_bucket_ownership_controls",
            [("bucket", bucket), Block("rule", body=[("object_ownership", owner.take("ObjectOwnership"))])],
        ),
        made.block(
            "aws_s3_bucket_lifecycle_configuration",
            [
                ("bucket", bucket),
                Block(
                    "rule",
                    body=[
                        ("id", abort.take("Id")),
                        ("status", abort.take("Status")),
                        Block("filter"),
                        Block("abort_incomplete_multipart_upload", body=[("days_after_initiation", days)]),
                    ],
                ),
            ],
        ),
        made.block("aws_s3_bucket_notification", [("bucket", bucket), ("eventbridge", events)]),
    ]


def _bucket_policy(made: Resource) -> list[Block]:
    p = made.properties
    body: Pairs = [("bucket", p.take("Bucket")), ("policy", call("jsonencode", p.take("PolicyDocument")))]
    return [made.block("aws_s3_bucket_policy", body)]


def _repository(made: Resource) -> list[Block]:
    p = made.properties
    body: Pairs = [
        ("name", p.take("RepositoryName")),
        ("image_tag_mutability", p.take("ImageTagMutability")),
        ("tags", p.take("Tags")),
    ]
    scan = p.inner("ImageScanningConfiguration").take("ScanOnPush")
    body.append(Block("image_scanning_configuration", body=[("scan_on_push", scan)]))
    policy = json.loads(p.inner("LifecyclePolicy").take_raw("LifecyclePolicyText"))
    of: Pairs = [("repository", Expression(f"{made.here()}.name")), ("policy", call("jsonencode", policy))]
    return [made.block("aws_ecr_repository", body), made.block("aws_ecr_lifecycle_policy", of)]


def _role(made: Resource) -> list[Block]:
    p = made.properties
    prefix = naming.cut(f"{made.stack}-{made.name.replace('_', '-')}", 37)  # of a name_prefix, at most 38
    body: Pairs = [
        ("name_prefix", f"{prefix}-"),
        ("description", p.take("Description")),
        ("assume_role_policy", call("jsonencode", p.take("AssumeRolePolicyDocument"))),
        ("permissions_boundary", p.take("PermissionsBoundary")),
        ("tags", p.take("Tags")),
    ]
    blocks = [made.block("aws_iam_role", body)]
    for policy in p.each("Policies"):
        of: Pairs = [
            ("name", policy.take("PolicyName")),
            ("role", Expression(f"{made.here()}.id")),
            ("policy", call("jsonencode", policy.take("PolicyDocument"))),
        ]
        blocks.append(made.block("aws_iam_role_policy", of))
    return blocks


def _log_group(made: Resource) -> list[Block]:
    p = made.properties
    body: Pairs = [
        ("name", p.take("LogGroupName")),
        ("retention_in_days", p.take("RetentionInDays")),
        ("tags", p.take("Tags")),
    ]
    return [made.block("aws_cloudwatch_log_group", body)]


def _project(made: Resource) -> list[Block]:
    p = made.properties
    source, kept, where = p.inner("Source"), p.inner("Artifacts"), p.inner("Environment")
    logs = p.inner("LogsConfig").inner("CloudWatchLogs")
    body: Pairs = [
        ("name", p.take("Name")),
        ("description", p.take("Description")),
        ("service_role", p.take("ServiceRole")),
        ("build_timeout", p.take("TimeoutInMinutes")),
        ("tags", p.take("Tags")),
        Block("source", body=[("type", source.take("Type")), ("buildspec", source.take("BuildSpec"))]),
        Block("artifacts", body=[("type", kept.take("Type"))]),
        Block(
            "environment",
            body=[
                ("type", where.take("Type")),
                ("image", where.take("Image")),
                ("compute_type", where.take("ComputeType")),
                ("privileged_mode", where.take("PrivilegedMode")),
            ],
        ),
        Block(
            "logs_config",
            body=[
                Block(
                    "cloudwatch_logs",
                    body=[("status", logs.take("Status")), ("group_name", logs.take("GroupName"))],
                )
            ],
        ),
    ]
    return [made.block("aws_codebuild_project", body)]


def _function(made: Resource) -> list[Block]:
    p = made.properties
    p.take_raw("Code")  # it is in the bucket for CloudFormation; the module brings its zip along
    path = f'"${{path.module}}/{made.zips[made.logical]}"'
    body: Pairs = [
        ("function_name", p.take("FunctionName")),
        ("runtime", p.take("Runtime")),
        ("architectures", p.take("Architectures")),
        ("handler", p.take("Handler")),
        ("filename", Expression(path)),
        ("source_code_hash", Expression(f"filebase64sha256({path})")),
        ("role", p.take("Role")),
        ("timeout", p.take("Timeout")),
        ("memory_size", p.take("MemorySize")),
        ("kms_key_arn", p.take("KmsKeyArn")),
        ("tags", p.take("Tags")),
    ]
    group = p.inner("LoggingConfig").take("LogGroup")
    body.append(Block("logging_config", body=[("log_format", "Text"), ("log_group", group)]))
    if variables := p.inner("Environment").take("Variables"):
        body.append(Block("environment", body=[("variables", variables)]))
    if vpc := p.inner("VpcConfig"):
        ids: Pairs = [("subnet_ids", vpc.take("SubnetIds")), ("security_group_ids", vpc.take("SecurityGroupIds"))]
        body.append(Block("vpc_config", body=ids))
    return [made.block("aws_lambda_function", body)]


def _activity(made: Resource) -> list[Block]:
    p = made.properties
    return [made.block("aws_sfn_activity", [("name", p.take("Name")), ("tags", p.take("Tags"))])]


def _machine(made: Resource) -> list[Block]:
    p = made.properties
    p.take_raw("DefinitionString")
    p.take_raw("DefinitionSubstitutions")  # both are in made.definition
    body: Pairs = [
        ("name", p.take("StateMachineName")),
        ("type", p.take("StateMachineType")),
        ("role_arn", p.take("RoleArn")),
        ("definition", made.definition),
        ("publish", True),
        ("tags", p.take("Tags")),
    ]
    if logging := p.inner("LoggingConfiguration"):
        (to,) = logging.each("Destinations")
        kept: Pairs = [
            ("level", logging.take("Level")),
            ("include_execution_data", logging.take("IncludeExecutionData")),
            ("log_destination", to.inner("CloudWatchLogsLogGroup").take("LogGroupArn")),
        ]
        body.append(Block("logging_configuration", body=kept))
    enabled = p.inner("TracingConfiguration").take("Enabled")
    body.append(Block("tracing_configuration", body=[("enabled", enabled)]))
    return [made.block("aws_sfn_state_machine", body)]


def _version(made: Resource) -> list[Block]:
    """`publish = true` of the machine makes one; Terraform has no resource for it."""
    made.properties.take_raw("StateMachineArn")
    made.properties.take_raw("StateMachineRevisionId")
    return []


def _alias(made: Resource) -> list[Block]:
    p = made.properties
    preference = p.inner("DeploymentPreference")
    for name in ("StateMachineVersionArn", "Type", "Percentage", "Interval", "Alarms"):
        preference.take_raw(name)  # Terraform moves an alias at once; `terraform` says so where a stage wants more
    machine = p.references.address("Machine")
    routing: Pairs = [
        ("state_machine_version_arn", Expression(f"{machine}.state_machine_version_arn")),
        ("weight", 100),
    ]
    return [made.block("aws_sfn_alias", [("name", p.take("Name")), Block("routing_configuration", body=routing)])]


def _schedule_group(made: Resource) -> list[Block]:
    p = made.properties
    return [made.block("aws_scheduler_schedule_group", [("name", p.take("Name")), ("tags", p.take("Tags"))])]


def _schedule(made: Resource) -> list[Block]:
    p = made.properties
    window, target = p.inner("FlexibleTimeWindow"), p.inner("Target")
    body: Pairs = [
        ("name", p.take("Name")),
        ("group_name", p.take("GroupName")),
        ("schedule_expression", p.take("ScheduleExpression")),
        ("schedule_expression_timezone", p.take("ScheduleExpressionTimezone")),
        ("state", p.take("State")),
        Block("flexible_time_window", body=[("mode", window.take("Mode"))]),
    ]
    to: Pairs = [("arn", target.take("Arn")), ("role_arn", target.take("RoleArn")), ("input", target.take("Input"))]
    body.append(Block("target", body=[*to, _retry(target.inner("RetryPolicy"))]))
    return [made.block("aws_scheduler_schedule", body)]


def _retry(retry: Properties) -> Block:
    return Block(
        "retry_policy",
        body=[
            ("maximum_event_age_in_seconds", retry.take("MaximumEventAgeInSeconds")),
            ("maximum_retry_attempts", retry.take("MaximumRetryAttempts")),
        ],
    )


def _rule(made: Resource) -> list[Block]:
    p = made.properties
    body: Pairs = [
        ("name", p.take("Name")),
        ("description", p.take("Description")),
        ("event_pattern", call("jsonencode", p.take("EventPattern"))),
        ("state", p.take("State")),
        ("tags", p.take("Tags")),
    ]
    blocks = [made.block("aws_cloudwatch_event_rule", body)]
    for target in p.each("Targets"):
        to: Pairs = [
            ("rule", Expression(f"{made.here()}.name")),
            ("target_id", target.take("Id")),
            ("arn", target.take("Arn")),
            ("role_arn", target.take("RoleArn")),
            ("input", target.take("Input")),
        ]
        if transformer := target.inner("InputTransformer"):
            paths, template = transformer.take("InputPathsMap"), transformer.take("InputTemplate")
            to.append(Block("input_transformer", body=[("input_paths", paths), ("input_template", template)]))
        if retry := target.inner("RetryPolicy"):
            to.append(_retry(retry))
        blocks.append(made.block("aws_cloudwatch_event_target", to))
    return blocks


def _topic(made: Resource) -> list[Block]:
    p = made.properties
    return [made.block("aws_sns_topic", [("name", p.take("TopicName")), ("tags", p.take("Tags"))])]


def _topic_policy(made: Resource) -> list[Block]:
    p = made.properties
    (topic,) = p.take("Topics")
    body: Pairs = [("arn", topic), ("policy", call("jsonencode", p.take("PolicyDocument")))]
    return [made.block("aws_sns_topic_policy", body)]


def _subscription(made: Resource) -> list[Block]:
    p = made.properties
    body: Pairs = [
        ("topic_arn", p.take("TopicArn")),
        ("protocol", p.take("Protocol")),
        ("endpoint", p.take("Endpoint")),
    ]
    return [made.block("aws_sns_topic_subscription", body)]


def _alarm(made: Resource) -> list[Block]:
    p = made.properties
    dimensions = {each.take_raw("Name"): each.take("Value") for each in p.each("Dimensions")}
    body: Pairs = [
        ("alarm_name", p.take("AlarmName")),
        ("alarm_description", p.take("AlarmDescription")),
        ("namespace", p.take("Namespace")),
        ("metric_name", p.take("MetricName")),
        ("dimensions", dimensions),
        ("statistic", p.take("Statistic")),
        ("period", p.take("Period")),
        ("evaluation_periods", p.take("EvaluationPeriods")),
        ("threshold", p.take("Threshold")),
        ("comparison_operator", p.take("ComparisonOperator")),
        ("treat_missing_data", p.take("TreatMissingData")),
        ("alarm_actions", p.take("AlarmActions")),
        ("tags", p.take("Tags")),
    ]
    return [made.block("aws_cloudwatch_metric_alarm", body)]


TYPES: Final[Mapping[str, Callable[[Resource], list[Block]]]] = {
    "AWS::CloudWatch::Alarm": _alarm,
    "AWS::CodeBuild::Project": _project,
    "AWS::ECR::Repository": _repository,
    "AWS::Events::Rule": _rule,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::S3::Bucket": _bucket,
    "AWS::S3::BucketPolicy": _bucket_policy,
    "AWS::SNS::Subscription": _subscription,
    "AWS::SNS::Topic": _topic,
    "AWS::SNS::TopicPolicy": _topic_policy,
    "AWS::Scheduler::Schedule": _schedule,
    "AWS::Scheduler::ScheduleGroup": _schedule_group,
    "AWS::StepFunctions::Activity": _activity,
    "AWS::StepFunctions::StateMachine": _machine,
    "AWS::StepFunctions::StateMachineAlias": _alias,
    "AWS::StepFunctions::StateMachineVersion": _version,
}
"""CloudFormation's type → what it is in Terraform."""
