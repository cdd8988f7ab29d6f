"""Every type of resource: made, changed, removed, and told in docs/parity.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudformation_templates import allow, body, trust
from stepmill.local import Local
from stepmill.services.cloudformation.kinds.table import KINDS
from stepmill.services.operations import ServiceError
from stores import open_store

STATES = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
ROLE = "arn:aws:iam::000000000000:role/r"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Word}", "End": True}}}
SCHEDULE = {
    "GroupName": {"Ref": "Group"},
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleExpressionTimezone": "Asia/Tokyo",
    "Target": {"Arn": STATES, "RoleArn": ROLE, "RetryPolicy": {"MaximumRetryAttempts": "2"}},
}
ALARM = {
    "MetricName": "ExecutionsFailed",
    "Namespace": "AWS/States",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "Dimensions": [{"Name": "StateMachineArn", "Value": STATES}],
    "TreatMissingData": "notBreaching",
}
PROJECT = {
    "Source": {"Type": "S3", "Location": "b/k", "BuildSpec": "version: 0.2"},
    "Artifacts": {"Type": "NO_ARTIFACTS"},
    "Environment": {
        "Type": "LINUX_CONTAINER",
        "Image": "aws/codebuild/standard:7.0",
        "ComputeType": "BUILD_GENERAL1_SMALL",
        "PrivilegedMode": True,
        "EnvironmentVariables": [{"Name": "A", "Value": "b"}],
    },
    "ServiceRole": "arn:aws:iam::000000000000:role/service-role/r",
}
FUNCTION = {"Runtime": "python3.12", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": "x = 1\n"}}
RULE = {
    "rulePriority": 1,
    "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 5},
    "action": {"type": "expire"},
}
RULES = json.dumps({"rules": [RULE]})
TAG = {"Tags": [{"Key": "a", "Value": "b"}]}


def of(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


# (type, what else stands in the template, properties, other properties, whether they mean replacement)
CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], bool]] = [
    ("AWS::S3::Bucket", {}, {}, {"BucketEncryption": {"ServerSideEncryptionConfiguration": []}, **TAG}, False),
    (
        "AWS::S3::BucketPolicy",
        {"Bucket": of("AWS::S3::Bucket")},
        {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": allow("s3:GetObject")},
        {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": allow("s3:PutObject")},
        False,
    ),
    (
        "AWS::IAM::Role",
        {},
        {"AssumeRolePolicyDocument": trust("states.amazonaws.com"), **TAG},
        {
            "AssumeRolePolicyDocument": trust("scheduler.amazonaws.com"),
            "Policies": [{"PolicyName": "p", "PolicyDocument": allow("states:StartExecution")}],
            "MaxSessionDuration": "7200",
        },
        False,
    ),
    (
        "AWS::IAM::ManagedPolicy",
        {},
        {"PolicyDocument": allow("s3:GetObject")},
        {"PolicyDocument": allow("s3:GetObject"), "Description": "now described"},
        True,
    ),
    (
        "AWS::IAM::Policy",
        {"Role": of("AWS::IAM::Role", AssumeRolePolicyDocument=trust("states.amazonaws.com"))},
        {"PolicyName": "p", "PolicyDocument": allow("s3:GetObject"), "Roles": [{"Ref": "Role"}]},
        {"PolicyName": "q", "PolicyDocument": allow("s3:GetObject"), "Roles": [{"Ref": "Role"}]},
        False,
    ),
    ("AWS::Lambda::Function", {}, FUNCTION, {**FUNCTION, "Timeout": "9", "MemorySize": 256, **TAG}, False),
    (
        "AWS::Lambda::Permission",
        {"F": of("AWS::Lambda::Function", **FUNCTION)},
        {"FunctionName": {"Ref": "F"}, "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"},
        {"FunctionName": {"Ref": "F"}, "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"},
        True,
    ),
    (
        "AWS::StepFunctions::StateMachine",
        {},
        {"Definition": PASS, "DefinitionSubstitutions": {"Word": "one"}, "RoleArn": ROLE},
        {"Definition": PASS, "DefinitionSubstitutions": {"Word": "two"}, "RoleArn": ROLE, **TAG},
        False,
    ),
    (
        "AWS::StepFunctions::StateMachineVersion",
        {"M": of("AWS::StepFunctions::StateMachine", Definition=PASS, RoleArn=ROLE)},
        {"StateMachineArn": {"Ref": "M"}},
        {"StateMachineArn": {"Ref": "M"}, "Description": "again"},
        False,  # publishing what is published already finds it
    ),
    (
        "AWS::StepFunctions::StateMachineAlias",
        {
            "M": of("AWS::StepFunctions::StateMachine", Definition=PASS, RoleArn=ROLE),
            "V": of("AWS::StepFunctions::StateMachineVersion", StateMachineArn={"Ref": "M"}),
        },
        {"RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "V"}, "Weight": 100}]},
        {"DeploymentPreference": {"StateMachineVersionArn": {"Ref": "V"}, "Type": "ALL_AT_ONCE"}, "Description": "d"},
        False,
    ),
    ("AWS::StepFunctions::Activity", {}, {"Name": "act"}, {"Name": "act", **TAG}, False),
    ("AWS::Logs::LogGroup", {}, {"RetentionInDays": 7}, {"RetentionInDays": 14}, False),
    (
        "AWS::Events::Rule",
        {"Q": of("AWS::SQS::Queue")},
        {
            "EventPattern": {"source": ["aws.s3"]},
            "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Q", "Arn"]}}, {"Id": "m", "Arn": STATES, "RoleArn": ROLE}],
        },
        {"EventPattern": {"source": ["aws.s3"]}, "State": "DISABLED", "Targets": [{"Id": "m", "Arn": STATES}]},
        False,
    ),
    (
        "AWS::Scheduler::Schedule",
        {"Group": of("AWS::Scheduler::ScheduleGroup")},
        SCHEDULE,
        {**SCHEDULE, "ScheduleExpression": "rate(1 day)", "GroupName": "default"},
        False,
    ),
    ("AWS::Scheduler::ScheduleGroup", {}, {}, TAG, False),
    ("AWS::SNS::Topic", {}, {"DisplayName": "a", **TAG}, {"KmsMasterKeyId": "alias/aws/sns"}, False),
    (
        "AWS::SNS::TopicPolicy",
        {"T": of("AWS::SNS::Topic")},
        {"Topics": [{"Ref": "T"}], "PolicyDocument": allow("sns:Publish")},
        {"Topics": [{"Ref": "T"}], "PolicyDocument": allow("sns:Publish", resource={"Ref": "T"})},
        False,
    ),
    (
        "AWS::SNS::Subscription",
        {"T": of("AWS::SNS::Topic")},
        {"TopicArn": {"Ref": "T"}, "Protocol": "email", "Endpoint": "a@example.com"},
        {"TopicArn": {"Ref": "T"}, "Protocol": "https", "Endpoint": "https://example.com"},
        True,
    ),
    ("AWS::SQS::Queue", {}, {"VisibilityTimeout": 10, **TAG}, {"VisibilityTimeout": 20}, False),
    ("AWS::CloudWatch::Alarm", {}, ALARM, {**ALARM, "Threshold": "2", "ActionsEnabled": "true"}, False),
    (
        "AWS::ECR::Repository",
        {},
        {"ImageScanningConfiguration": {"ScanOnPush": True}, "LifecyclePolicy": {"LifecyclePolicyText": RULES}},
        {"ImageTagMutability": "IMMUTABLE", "EmptyOnDelete": True, **TAG},
        False,
    ),
    (
        "AWS::CodeBuild::Project",
        {},
        PROJECT,
        {**PROJECT, "TimeoutInMinutes": 30, "Source": {"Type": "NO_SOURCE", "BuildSpec": "version: 0.2"}},
        False,
    ),
    (
        "AWS::SageMaker::ModelPackageGroup",
        {},
        {"ModelPackageGroupName": "digits"},
        {"ModelPackageGroupName": "numbers"},
        True,
    ),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    local = open_store(tmp_path_factory.mktemp("store"))
    local.host()
    yield local
    local.release()


def status(store: Local, stack: str) -> str:
    found = store.call("cloudformation", "DescribeStacks", {"StackName": stack})["Stacks"][0]
    events = store.call("cloudformation", "DescribeStackEvents", {"StackName": stack})["StackEvents"]
    failed = [one.get("ResourceStatusReason") for one in events if one["ResourceStatus"].endswith("_FAILED")]
    assert failed == []
    return str(found["StackStatus"])


@pytest.mark.parametrize(("kind", "others", "first", "second", "replaced"), CASES, ids=[case[0] for case in CASES])
def test_a_resource_of_this_type_is_made_changed_and_removed(
    store: Local, kind: str, others: dict[str, Any], first: dict[str, Any], second: dict[str, Any], replaced: bool
):
    name = kind.replace("::", "")
    request = {"StackName": name, "Capabilities": ["CAPABILITY_NAMED_IAM"]}

    def template(properties: dict[str, Any]) -> str:
        outputs = {
            attribute: {"Value": {"Fn::GetAtt": ["It", attribute]}} for attribute in KINDS[kind].attributes.split()
        }
        return body({**others, "It": {"Type": kind, "Properties": properties}}, Outputs=outputs)

    def physical() -> str:
        asked = {"StackName": name, "LogicalResourceId": "It"}
        found = store.call("cloudformation", "DescribeStackResource", asked)["StackResourceDetail"]
        return str(found["PhysicalResourceId"])

    made = store.call("cloudformation", "CreateStack", {**request, "TemplateBody": template(first)})["StackId"]
    assert status(store, name) == "CREATE_COMPLETE"
    before = physical()
    store.call("cloudformation", "UpdateStack", {**request, "TemplateBody": template(second)})
    assert status(store, name) == "UPDATE_COMPLETE"
    assert (physical() != before) is replaced
    store.call("cloudformation", "UpdateStack", {**request, "TemplateBody": template(first)})
    assert status(store, name) == "UPDATE_COMPLETE"
    store.call("cloudformation", "DeleteStack", {"StackName": name})
    assert status(store, made) == "DELETE_COMPLETE"


def test_every_type_is_tried_here_and_has_a_row_in_parity():
    assert {case[0] for case in CASES} == KINDS.keys()
    page = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f"`{kind}`" not in page] == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_table_of_types_is_that_of_awss_own_schemas(kind: str):
    manager = pytest.importorskip("cfnlint.schema.manager").PROVIDER_SCHEMA_MANAGER
    schema = manager.get_resource_schema("us-east-1", kind).schema

    def tops(key: str) -> set[str]:
        """The properties that a list of the schema names as a whole."""
        return {path.split("/")[2] for path in schema.get(key, ()) if path.count("/") == 2}

    row = KINDS[kind]
    assert set(row.properties.split()) == schema["properties"].keys() - tops("readOnlyProperties")
    assert set(row.required.split()) == set(schema.get("required", ()))
    conditional = tops("conditionalCreateOnlyProperties")
    assert set(row.replaced.split()) - conditional == tops("createOnlyProperties")


def test_what_moto_has_is_what_the_template_says(store: Local):
    template = body(
        {
            "Topic": of("AWS::SNS::Topic", TopicName="news", Tags=[{"Key": "a", "Value": "b"}]),
            "Alarm": of("AWS::CloudWatch::Alarm", **{**ALARM, "AlarmActions": [{"Ref": "Topic"}]}),
            "Group": of("AWS::Scheduler::ScheduleGroup", Name="nightly"),
            "Nightly": of("AWS::Scheduler::Schedule", **{**SCHEDULE, "Name": "nightly"}),
            "Queue": of("AWS::SQS::Queue", QueueName="q", VisibilityTimeout=10),
            "Rule": of(
                "AWS::Events::Rule",
                Name="rule",
                EventPattern={"source": ["aws.s3"]},
                Targets=[{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            ),
            "Build": of("AWS::CodeBuild::Project", **{**PROJECT, "Name": "build"}),
        }
    )
    store.call("cloudformation", "CreateStack", {"StackName": "moto", "TemplateBody": template})
    assert status(store, "moto") == "CREATE_COMPLETE"
    alarm = store.call("cloudwatch", "DescribeAlarms", {})["MetricAlarms"][0]
    assert alarm["AlarmActions"] == ["arn:aws:sns:us-east-1:000000000000:news"]
    schedule = store.call("scheduler", "GetSchedule", {"Name": "nightly", "GroupName": "nightly"})
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Tokyo" and schedule["Target"]["Arn"] == STATES
    assert store.call("events", "ListTargetsByRule", {"Rule": "rule"})["Targets"][0]["Id"] == "q"
    project = store.call("codebuild", "BatchGetProjects", {"names": ["build"]})["projects"][0]
    assert project["environment"]["privilegedMode"] is True
    store.call("cloudformation", "DeleteStack", {"StackName": "moto"})
    assert store.call("cloudwatch", "DescribeAlarms", {})["MetricAlarms"] == []


def test_what_a_function_cannot_do_here_fails_its_stack_by_name(store: Local):
    layered = {**FUNCTION, "Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]}
    template = body({"F": of("AWS::Lambda::Function", **layered)})
    store.call("cloudformation", "CreateStack", {"StackName": "layers", "TemplateBody": template})
    events = store.call("cloudformation", "DescribeStackEvents", {"StackName": "layers"})["StackEvents"]
    said = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    assert "Layers" in said[0] and "does not run on this machine" in said[0]


def test_a_named_resource_that_must_be_replaced_is_told_so(store: Local):
    def template(description: str) -> str:
        properties = {"ManagedPolicyName": "named", "PolicyDocument": allow("s3:GetObject"), "Description": description}
        return body({"P": of("AWS::IAM::ManagedPolicy", **properties)})

    request = {"StackName": "named", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    store.call("cloudformation", "CreateStack", {**request, "TemplateBody": template("one")})
    store.call("cloudformation", "UpdateStack", {**request, "TemplateBody": template("two")})
    events = store.call("cloudformation", "DescribeStackEvents", {"StackName": "named"})["StackEvents"]
    said = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "UPDATE_FAILED"]
    assert said == [
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename named and update "
        "the stack again."
    ]
    found = store.call("cloudformation", "DescribeStacks", {"StackName": "named"})["Stacks"][0]
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert store.call("iam", "GetPolicy", {"PolicyArn": "arn:aws:iam::000000000000:policy/named"})


def test_a_definition_may_lie_in_a_bucket(store: Local):
    store.call("s3", "CreateBucket", {"Bucket": "definitions"})
    store.call("s3", "PutObject", {"Bucket": "definitions", "Key": "m.json", "Body": json.dumps(PASS).encode()})
    where = {"Bucket": "definitions", "Key": "m.json"}
    machine = of(
        "AWS::StepFunctions::StateMachine",
        StateMachineName="lying",
        DefinitionS3Location=where,
        DefinitionSubstitutions={"Word": True},
        RoleArn=ROLE,
    )
    store.call("cloudformation", "CreateStack", {"StackName": "lying", "TemplateBody": body({"M": machine})})
    arn = "arn:aws:states:us-east-1:000000000000:stateMachine:lying"
    text = store.call("states", "DescribeStateMachine", {"stateMachineArn": arn})["definition"]
    assert json.loads(text)["States"]["A"]["Result"] == "true"


def test_an_unknown_stack_is_an_error_of_cloudformation(store: Local):
    with pytest.raises(ServiceError) as refusal:
        store.call("cloudformation", "DescribeStackEvents", {"StackName": "none"})
    assert (refusal.value.code, refusal.value.message) == ("ValidationError", "Stack with id none does not exist")
