"""CloudFormation as boto3 sees it: stacks, change sets, what they leave behind."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloudformation_templates import allow, body, pipeline, trust

CAPABLE = {"Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"]}
BUCKET = {"Type": "AWS::S3::Bucket"}
TOO_LONG = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "No_Bucket"}}


@pytest.fixture
def stacks(client: Any) -> Any:
    return client("cloudformation")


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def described(stacks: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = stacks.describe_stacks(StackName=name)["Stacks"][0]
    return found


def physical(stacks: Any, name: str) -> dict[str, str]:
    rows = stacks.list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}


def told(stacks: Any, name: str) -> list[tuple[str, str]]:
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]


def deploy(stacks: Any, name: str, template: str, kind: str = "UPDATE", **more: Any) -> list[dict[str, Any]]:
    """A change set made, shown and carried out, as a deployment does it. Out: its changes."""
    change_set = stacks.create_change_set(
        StackName=name, ChangeSetName="deploy", ChangeSetType=kind, TemplateBody=template, **CAPABLE, **more
    )["Id"]
    stacks.get_waiter("change_set_create_complete").wait(ChangeSetName=change_set)
    shown = stacks.describe_change_set(ChangeSetName=change_set, IncludePropertyValues=True)
    stacks.execute_change_set(ChangeSetName=change_set)
    stacks.delete_change_set(ChangeSetName=change_set)
    return [change["ResourceChange"] for change in shown["Changes"]]


def test_a_deployed_machine_runs_through_its_alias(stacks: Any, client: Any):
    changes = deploy(stacks, "pipe", pipeline(), "CREATE", Tags=[{"Key": "app", "Value": "digits"}])
    stacks.get_waiter("stack_create_complete").wait(StackName="pipe")
    assert [(change["Action"], change["LogicalResourceId"]) for change in changes][-1] == ("Add", "Live")
    assert "{{changeSet:KNOWN_AFTER_APPLY}}" in changes[-1]["AfterContext"]
    found = described(stacks, "pipe")
    outputs = {row["OutputKey"]: row["OutputValue"] for row in found["Outputs"]}
    assert outputs["Alias"].endswith(":live")
    machines, tagged = client("stepfunctions"), physical(stacks, "pipe")["Machine"]
    tags = machines.list_tags_for_resource(resourceArn=tagged)["tags"]
    assert tags == [{"key": "team", "value": "ml"}, {"key": "app", "value": "digits"}]
    assert machines.describe_state_machine(stateMachineArn=tagged)["loggingConfiguration"]["level"] == "ALL"
    started = machines.start_execution(stateMachineArn=outputs["Alias"], input='{"n": 21}')["executionArn"]
    until = time.monotonic() + 30
    while (execution := machines.describe_execution(executionArn=started))["status"] == "RUNNING":
        assert time.monotonic() < until
        time.sleep(0.02)  # a function of another process
    assert (execution["status"], json.loads(execution["output"])) == ("SUCCEEDED", {"doubled": 42})


def test_a_changed_definition_replaces_the_version_and_keeps_the_alias(stacks: Any, client: Any):
    deploy(stacks, "versions", pipeline(), "CREATE")
    before = physical(stacks, "versions")
    changes = deploy(stacks, "versions", pipeline(comment="second"))
    shown = {change["LogicalResourceId"]: change for change in changes}
    assert {name: change["Replacement"] for name, change in shown.items()} == {
        "Machine": "False",
        "Version": "Conditional",
        "Live": "False",
    }
    detail = shown["Version"]["Details"][0]
    assert (detail["Evaluation"], detail["ChangeSource"]) == ("Dynamic", "ResourceAttribute")
    assert detail["CausingEntity"] == "Machine.StateMachineRevisionId"
    machine = shown["Machine"]["Details"][0]["Target"]
    assert (machine["Name"], "first" in machine["BeforeValue"], "second" in machine["AfterValue"]) == (
        "DefinitionString",
        True,
        True,
    )
    after = physical(stacks, "versions")
    assert after["Version"] == before["Version"][:-1] + "2" and after["Live"] == before["Live"]
    routing = client("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=after["Live"])
    assert routing["routingConfiguration"] == [{"stateMachineVersionArn": after["Version"], "weight": 100}]
    # Retain keeps the version that was replaced
    assert ("Version", "DELETE_SKIPPED") in told(stacks, "versions")
    listed = client("stepfunctions").list_state_machine_versions(stateMachineArn=after["Machine"])
    assert len(listed["stateMachineVersions"]) == 2


def test_other_code_changes_the_function_alone(stacks: Any, client: Any):
    deploy(stacks, "code", pipeline(), "CREATE")
    changes = deploy(stacks, "code", pipeline(code="def handler(event, context):\n    return 7\n"))
    assert [change["LogicalResourceId"] for change in changes] == ["Double"]
    answer = client("lambda").invoke(FunctionName=physical(stacks, "code")["Double"], Payload=b"{}")
    assert json.loads(answer["Payload"].read()) == 7


def test_a_change_set_without_changes_fails_and_says_so(stacks: Any):
    stacks.create_stack(StackName="same", TemplateBody=body({"Data": BUCKET}))
    request = {"StackName": "same", "TemplateBody": body({"Data": BUCKET})}
    stacks.create_change_set(ChangeSetName="none", **request)
    found = stacks.describe_change_set(ChangeSetName="none", StackName="same")
    assert (found["Status"], found["ExecutionStatus"], found["StatusReason"]) == (
        "FAILED",
        "UNAVAILABLE",
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    )
    code, said = refused(stacks.execute_change_set, ChangeSetName="none", StackName="same")
    assert (code, said.endswith("current status of [FAILED]")) == ("InvalidChangeSetStatus", True)
    assert refused(stacks.update_stack, **request) == ("ValidationError", "No updates are to be performed.")
    listed = stacks.list_change_sets(StackName="same")["Summaries"]
    assert [row["ChangeSetName"] for row in listed] == ["none"]
    assert refused(stacks.create_change_set, ChangeSetName="none", **request)[0] == "AlreadyExistsException"
    stacks.delete_change_set(ChangeSetName="none", StackName="same")
    assert refused(stacks.describe_change_set, ChangeSetName="none", StackName="same")[0] == "ChangeSetNotFound"


def test_a_new_stack_waits_in_review_until_its_change_set_is_carried_out(stacks: Any):
    request = {"StackName": "review", "ChangeSetName": "c", "ChangeSetType": "CREATE"}
    made = stacks.create_change_set(TemplateBody=body({"Data": BUCKET}), **request)
    assert described(stacks, "review")["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert made["StackId"].startswith("arn:aws:cloudformation:us-east-1:000000000000:stack/review/")
    stacks.execute_change_set(ChangeSetName=made["Id"])
    assert described(stacks, made["StackId"])["StackStatus"] == "CREATE_COMPLETE"
    assert stacks.describe_change_set(ChangeSetName=made["Id"])["ExecutionStatus"] == "EXECUTE_COMPLETE"
    assert refused(stacks.create_change_set, TemplateBody=body({"Data": BUCKET}), **request) == (
        "ValidationError",
        "Stack [review] already exists and cannot be created again with the changeSet [c].",
    )


def test_a_resource_that_fails_takes_a_new_stack_back(stacks: Any, client: Any):
    template = body({"Good": BUCKET, "Bad": {**TOO_LONG, "DependsOn": "Good"}})
    stacks.create_stack(StackName="broken", TemplateBody=template)
    found = described(stacks, "broken")
    assert found["StackStatus"] == "ROLLBACK_COMPLETE"
    assert told(stacks, "broken") == [
        ("broken", "CREATE_IN_PROGRESS"),
        ("Good", "CREATE_IN_PROGRESS"),
        ("Good", "CREATE_IN_PROGRESS"),
        ("Good", "CREATE_COMPLETE"),
        ("Bad", "CREATE_IN_PROGRESS"),
        ("Bad", "CREATE_IN_PROGRESS"),
        ("Bad", "CREATE_FAILED"),
        ("broken", "ROLLBACK_IN_PROGRESS"),
        ("Good", "DELETE_IN_PROGRESS"),
        ("Good", "DELETE_COMPLETE"),
        ("broken", "ROLLBACK_COMPLETE"),
    ]
    failed = next(
        one
        for one in stacks.describe_stack_events(StackName="broken")["StackEvents"]
        if one["ResourceStatus"] == "CREATE_FAILED"
    )
    assert failed["ResourceStatusReason"].startswith("Resource handler returned message:")
    assert not [one for one in client("s3").list_buckets()["Buckets"] if one["Name"].startswith("broken")]
    code, said = refused(stacks.update_stack, StackName="broken", TemplateBody=body({"Good": BUCKET}))
    assert (code, said) == (
        "ValidationError",
        f"Stack:{found['StackId']} is in ROLLBACK_COMPLETE state and can not be updated.",
    )
    stacks.delete_stack(StackName="broken")
    stacks.get_waiter("stack_delete_complete").wait(StackName="broken")
    assert described(stacks, found["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_failed_creation_is_kept_or_forgotten_when_asked(stacks: Any):
    template = body({"Good": BUCKET, "Bad": {**TOO_LONG, "DependsOn": "Good"}})
    stacks.create_stack(StackName="kept", TemplateBody=template, DisableRollback=True)
    assert described(stacks, "kept")["StackStatus"] == "CREATE_FAILED"
    stacks.delete_stack(StackName="kept")
    made = stacks.create_stack(StackName="gone", TemplateBody=template, OnFailure="DELETE")
    assert described(stacks, made["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_resource_that_fails_puts_an_update_back(stacks: Any, client: Any):
    deploy(stacks, "back", pipeline(), "CREATE")
    before = physical(stacks, "back")
    worse = json.loads(pipeline(comment="worse"))
    worse["Resources"] |= {"Extra": BUCKET, "Bad": {**TOO_LONG, "DependsOn": ["Live", "Extra"]}}
    del worse["Outputs"]
    deploy(stacks, "back", json.dumps(worse))
    found = described(stacks, "back")
    assert found["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE" and len(found["Outputs"]) == 2
    assert physical(stacks, "back") == before
    machines = client("stepfunctions")
    definition = machines.describe_state_machine(stateMachineArn=before["Machine"])["definition"]
    assert json.loads(definition)["Comment"] == "first"
    routing = machines.describe_state_machine_alias(stateMachineAliasArn=before["Live"])["routingConfiguration"]
    assert [one["stateMachineVersionArn"] for one in routing] == [before["Version"]]
    events = told(stacks, "back")
    assert events.index(("back", "UPDATE_ROLLBACK_IN_PROGRESS")) < events.index(("Extra", "DELETE_COMPLETE"))
    assert ("Bad", "CREATE_FAILED") in events
    deploy(stacks, "back", pipeline(comment="better"))
    assert described(stacks, "back")["StackStatus"] == "UPDATE_COMPLETE"


def test_retained_resources_stay_when_their_stack_goes(stacks: Any, client: Any):
    kept = {**BUCKET, "DeletionPolicy": "Retain"}
    stacks.create_stack(StackName="retain", TemplateBody=body({"Kept": kept, "Dropped": BUCKET}))
    names, made = physical(stacks, "retain"), described(stacks, "retain")["StackId"]
    stacks.delete_stack(StackName="retain")
    assert refused(stacks.describe_stacks, StackName="retain") == (
        "ValidationError",
        "Stack with id retain does not exist",
    )
    assert ("Kept", "DELETE_SKIPPED") in told(stacks, made) and ("Dropped", "DELETE_COMPLETE") in told(stacks, made)
    left = {one["Name"] for one in client("s3").list_buckets()["Buckets"]}
    assert names["Kept"] in left and names["Dropped"] not in left
    stacks.delete_stack(StackName="retain")


@pytest.mark.parametrize(
    ("policy", "more", "left"),
    [("Retain", {}, 1), ("RetainExceptOnCreate", {}, 0), ("Retain", {"RetainExceptOnCreate": True}, 0)],
)
def test_retain_keeps_what_a_failed_creation_made(
    stacks: Any, client: Any, policy: str, more: dict[str, Any], left: int
):
    kept = {"Type": "AWS::S3::Bucket", "DeletionPolicy": policy, "Properties": {"BucketName": "left-over"}}
    template = body({"Kept": kept, "Bad": {**TOO_LONG, "DependsOn": "Kept"}})
    stacks.create_stack(StackName="left", TemplateBody=template, **more)
    assert described(stacks, "left")["StackStatus"] == "ROLLBACK_COMPLETE"
    found = [one["Name"] for one in client("s3").list_buckets()["Buckets"]]
    assert found.count("left-over") == left
    stacks.delete_stack(StackName="left")
    if left:
        client("s3").delete_bucket(Bucket="left-over")


def test_a_bucket_with_objects_in_it_is_not_deleted(stacks: Any, client: Any):
    stacks.create_stack(StackName="full", TemplateBody=body({"Data": BUCKET, "Other": BUCKET}))
    names = physical(stacks, "full")
    client("s3").put_object(Bucket=names["Data"], Key="k", Body=b"x")
    stacks.delete_stack(StackName="full")
    assert described(stacks, "full")["StackStatus"] == "DELETE_FAILED"
    assert ("Data", "DELETE_FAILED") in told(stacks, "full") and ("Other", "DELETE_COMPLETE") in told(stacks, "full")
    stacks.delete_stack(StackName="full", RetainResources=["Data"])
    assert refused(stacks.describe_stacks, StackName="full")[0] == "ValidationError"
    assert client("s3").head_bucket(Bucket=names["Data"])


def test_a_replaced_resource_is_made_before_the_old_one_goes(stacks: Any, client: Any):
    named = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "first-of-two"}}
    stacks.create_stack(StackName="swap", TemplateBody=body({"Data": named}))
    other = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "second-of-two"}}
    change = deploy(stacks, "swap", body({"Data": other}))[0]
    assert (change["Replacement"], change["PolicyAction"]) == ("True", "ReplaceAndDelete")
    assert change["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    assert json.loads(change["BeforeContext"])["Properties"] == {"BucketName": "first-of-two"}
    events = told(stacks, "swap")
    made = len(events) - 1 - events[::-1].index(("Data", "UPDATE_COMPLETE"))
    assert events.index(("swap", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")) > made
    assert events[-2:] == [("Data", "DELETE_COMPLETE"), ("swap", "UPDATE_COMPLETE")]
    names = {one["Name"] for one in client("s3").list_buckets()["Buckets"]}
    assert "second-of-two" in names and "first-of-two" not in names


def test_what_exists_already_is_neither_taken_over_nor_taken_back(stacks: Any, client: Any):
    client("s3").create_bucket(Bucket="somebodys-own")
    mine = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "somebodys-own"}}
    stacks.create_stack(StackName="greedy", TemplateBody=body({"Data": mine}))
    assert described(stacks, "greedy")["StackStatus"] == "ROLLBACK_COMPLETE"
    stacks.delete_stack(StackName="greedy")
    assert client("s3").head_bucket(Bucket="somebodys-own")


def test_parameters_conditions_and_outputs_come_from_the_request(stacks: Any):
    template = body(
        {
            "Topic": {
                "Type": "AWS::SNS::Topic",
                "Properties": {
                    "DisplayName": {"Fn::If": ["Loud", {"Fn::Sub": "${Name} ${AWS::Region} ${!kept}"}, "quiet"]}
                },
            },
            "Only": {"Type": "AWS::SNS::Topic", "Condition": "Loud"},
        },
        Parameters={
            "Name": {"Type": "String", "Default": "n", "AllowedValues": ["n", "m"]},
            "Volume": {"Type": "Number"},
            "Key": {"Type": "String", "NoEcho": True, "Default": "k"},
        },
        Conditions={"Loud": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Volume"}, "0"]}]}},
        Outputs={"Name": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}, "Export": {"Name": "exported"}}},
    )
    assert refused(stacks.create_stack, StackName="p", TemplateBody=template)[1] == (
        "Parameters: [Volume] must have values"
    )
    stacks.create_stack(
        StackName="p",
        TemplateBody=template,
        Parameters=[
            {"ParameterKey": "Volume", "ParameterValue": "11"},
            {"ParameterKey": "Name", "ParameterValue": "m"},
        ],
    )
    found = described(stacks, "p")
    assert {row["ParameterKey"]: row["ParameterValue"] for row in found["Parameters"]} == {
        "Name": "m",
        "Volume": "11",
        "Key": "****",
    }
    assert found["Outputs"][0]["ExportName"] == "exported"
    event = next(
        one
        for one in stacks.describe_stack_events(StackName="p")["StackEvents"]
        if one["LogicalResourceId"] == "Topic" and one["ResourceStatus"] == "CREATE_COMPLETE"
    )
    assert json.loads(event["ResourceProperties"]) == {"DisplayName": "m us-east-1 ${kept}"}
    changes = deploy_same(stacks, "p", Volume="0")
    assert {change["LogicalResourceId"]: change["Action"] for change in changes} == {
        "Topic": "Modify",
        "Only": "Remove",
    }
    assert list(physical(stacks, "p")) == ["Topic"]


def deploy_same(stacks: Any, name: str, **values: str) -> list[dict[str, Any]]:
    declared = [row["ParameterKey"] for row in described(stacks, name)["Parameters"]]
    given: list[dict[str, Any]] = [
        {"ParameterKey": key, "ParameterValue": values[key]}
        if key in values
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in declared
    ]
    change_set = stacks.create_change_set(
        StackName=name, ChangeSetName="again", UsePreviousTemplate=True, Parameters=given
    )["Id"]
    shown = stacks.describe_change_set(ChangeSetName=change_set)
    stacks.execute_change_set(ChangeSetName=change_set)
    return [change["ResourceChange"] for change in shown["Changes"]]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{", "JSON not well-formed"),
        (body({}), "At least one Resources member must be defined"),
        (
            body({"A": {"Type": "AWS::Lambda::Functoin"}}),
            "Unrecognized resource types: [AWS::Lambda::Functoin]. Did you",
        ),
        (
            body({"A": {**BUCKET, "DependsOn": "B"}, "B": {**BUCKET, "DependsOn": "A"}}),
            "Circular dependency between resources: [A, B]",
        ),
        (
            body({"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Nobody"}}}}),
            "Unresolved resource dependencies [Nobody] in the Resources block of the template",
        ),
        (
            body({"A": BUCKET}, Outputs={"O": {"Value": {"Fn::GetAtt": ["A", "Colour"]}}}),
            "resource A does not support attribute type Colour in Fn::GetAtt",
        ),
        (
            body({"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketNam": "b"}}}),
            "#: extraneous key [BucketNam] is not permitted. Did you mean BucketName?",
        ),
        (body({"A": {"Type": "AWS::IAM::Role"}}), "required key [AssumeRolePolicyDocument] not found"),
        (body({"A": {**BUCKET, "Condition": "No"}}), "Unresolved condition dependency No"),
        (body({"A": BUCKET}, Transform="AWS::Serverless-2016-10-31"), "Transform is not run on this machine"),
        (
            body({"A": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::ImportValue": "x"}}}}),
            "ImportValue",
        ),
    ],
)
def test_a_template_that_cannot_be_made_is_refused_before_anything_is(stacks: Any, template: str, said: str):
    code, message = refused(stacks.create_stack, StackName="never", TemplateBody=template)
    assert code == "ValidationError" and said in message
    code, message = refused(stacks.validate_template, TemplateBody=template)
    assert code == "ValidationError" and said in message
    assert refused(stacks.describe_stacks, StackName="never")[1] == "Stack with id never does not exist"


def test_a_stack_with_roles_needs_to_be_told_so(stacks: Any):
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust("states.amazonaws.com")}}
    assert refused(stacks.create_stack, StackName="iam", TemplateBody=body({"Role": role})) == (
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_IAM]",
    )
    role["Properties"]["RoleName"] = "mine"  # type: ignore[index]
    template = body({"Role": role}, Parameters={"P": {"Type": "String", "Default": "d", "Description": "why"}})
    assert (
        "NAMED"
        in refused(stacks.create_stack, StackName="iam", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])[1]
    )
    found = stacks.validate_template(TemplateBody=template)
    assert (found["Capabilities"], found["Parameters"][0]["DefaultValue"]) == (["CAPABILITY_NAMED_IAM"], "d")
    assert stacks.get_template_summary(TemplateBody=template)["ResourceTypes"] == ["AWS::IAM::Role"]


def test_a_template_may_lie_in_a_bucket_and_be_yaml(stacks: Any, client: Any):
    client("s3").create_bucket(Bucket="templates")
    text = "Resources:\n  Data:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: !Sub '${AWS::StackName}-b'}\n"
    client("s3").put_object(Bucket="templates", Key="a/t.yaml", Body=text.encode())
    url = "https://templates.s3.us-east-1.amazonaws.com/a/t.yaml"
    stacks.create_stack(StackName="yaml", TemplateURL=url)
    assert physical(stacks, "yaml") == {"Data": "yaml-b"}
    assert stacks.get_template(StackName="yaml")["TemplateBody"] == text
    assert "S3 error" in refused(stacks.create_stack, StackName="no", TemplateURL=url.replace("t.yaml", "no"))[1]


def test_stacks_and_their_resources_are_found_in_every_way(stacks: Any):
    data = {**BUCKET, "Metadata": {"why": "because"}}
    made = stacks.create_stack(StackName="found", TemplateBody=body({"Data": data}), ClientRequestToken="t")["StackId"]
    name = physical(stacks, "found")["Data"]
    assert name.startswith("found-data-")
    one = stacks.describe_stack_resource(StackName="found", LogicalResourceId="Data")["StackResourceDetail"]
    assert (one["PhysicalResourceId"], json.loads(one["Metadata"])) == (name, {"why": "because"})
    listed = stacks.describe_stack_resources(PhysicalResourceId=name)["StackResources"]
    assert [row["StackId"] for row in listed] == [made]
    assert refused(stacks.describe_stack_resource, StackName="found", LogicalResourceId="No")[0] == "ValidationError"
    statuses = {row["StackId"]: row["StackStatus"] for row in stacks.list_stacks()["StackSummaries"]}
    assert statuses[made] == "CREATE_COMPLETE"
    assert made in [row["StackId"] for row in stacks.describe_stacks()["Stacks"]]
    assert {one.get("ClientRequestToken") for one in stacks.describe_stack_events(StackName=made)["StackEvents"]} == {
        "t"
    }
    assert refused(stacks.create_stack, StackName="found", TemplateBody=body({"Data": data})) == (
        "AlreadyExistsException",
        "Stack [found] already exists",
    )


def test_a_protected_stack_stays(stacks: Any):
    stacks.create_stack(StackName="safe", TemplateBody=body({"Data": BUCKET}), EnableTerminationProtection=True)
    assert "TerminationProtection is enabled" in refused(stacks.delete_stack, StackName="safe")[1]
    stacks.update_termination_protection(StackName="safe", EnableTerminationProtection=False)
    stacks.delete_stack(StackName="safe")


def test_a_change_made_by_hand_is_drift(stacks: Any, client: Any):
    deploy(stacks, "drift", pipeline(), "CREATE")
    names = physical(stacks, "drift")

    def drifts() -> dict[str, str]:
        found = stacks.detect_stack_drift(StackName="drift")["StackDriftDetectionId"]
        status = stacks.describe_stack_drift_detection_status(StackDriftDetectionId=found)
        assert status["DetectionStatus"] == "DETECTION_COMPLETE"
        rows = stacks.describe_stack_resource_drifts(StackName="drift")["StackResourceDrifts"]
        return {row["LogicalResourceId"]: row["StackResourceDriftStatus"] for row in rows}

    assert {name: status for name, status in drifts().items() if status != "NOT_CHECKED"} == {
        "Machine": "IN_SYNC",
        "Double": "IN_SYNC",
    }
    client("lambda").update_function_configuration(FunctionName=names["Double"], Handler="index.other")
    client("stepfunctions").update_state_machine(
        stateMachineArn=names["Machine"], definition='{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    )
    assert (drifts()["Machine"], drifts()["Double"]) == ("MODIFIED", "MODIFIED")
    assert described(stacks, "drift")["DriftInformation"]["StackDriftStatus"] == "DRIFTED"
    client("lambda").delete_function(FunctionName=names["Double"])
    assert drifts()["Double"] == "DELETED"


def test_a_drift_aware_change_set_brings_back_what_was_changed_by_hand(stacks: Any, client: Any):
    deploy(stacks, "revert", pipeline(), "CREATE")
    names, machines = physical(stacks, "revert"), client("stepfunctions")
    by_hand = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
    machines.update_state_machine(stateMachineArn=names["Machine"], definition=by_hand)
    client("lambda").delete_function(FunctionName=names["Double"])
    request = {"StackName": "revert", "ChangeSetName": "c", "UsePreviousTemplate": True, **CAPABLE}
    stacks.create_change_set(**request)
    assert stacks.describe_change_set(StackName="revert", ChangeSetName="c")["Status"] == "FAILED"
    stacks.delete_change_set(StackName="revert", ChangeSetName="c")
    stacks.create_change_set(DeploymentMode="REVERT_DRIFT", **request)
    shown = stacks.describe_change_set(StackName="revert", ChangeSetName="c", IncludePropertyValues=True)
    assert (shown["DeploymentMode"], shown["StackDriftStatus"]) == ("REVERT_DRIFT", "DRIFTED")
    changes = {change["ResourceChange"]["LogicalResourceId"]: change["ResourceChange"] for change in shown["Changes"]}
    assert (changes["Double"]["Action"], changes["Double"]["ResourceDriftStatus"]) == ("Add", "DELETED")
    target = changes["Machine"]["Details"][0]["Target"]
    assert (target["Drift"]["ActualValue"], target["BeforeValueFrom"]) == (by_hand, "ACTUAL_STATE")
    stacks.execute_change_set(StackName="revert", ChangeSetName="c")
    assert described(stacks, "revert")["StackStatus"] == "UPDATE_COMPLETE"
    definition = machines.describe_state_machine(stateMachineArn=names["Machine"])["definition"]
    assert json.loads(definition)["Comment"] == "first"
    assert client("lambda").get_function(FunctionName=physical(stacks, "revert")["Double"])


def test_what_nobody_does_here_is_refused_by_name(stacks: Any):
    code, said = refused(stacks.create_stack_set, StackSetName="s", TemplateBody="{}")
    assert code == "UnknownOperationException" and "CreateStackSet is not answered on this machine" in said


def test_policies_are_put_where_the_template_says(stacks: Any, client: Any):
    def template(action: str) -> str:
        return body(
            {
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {
                        "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
                        "ManagedPolicyArns": [{"Ref": "Managed"}],
                    },
                },
                "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": allow(action)}},
                "Inline": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {
                        "PolicyName": "inline",
                        "PolicyDocument": allow(action),
                        "Roles": [{"Ref": "Role"}],
                    },
                },
            }
        )

    deploy(stacks, "rights", template("s3:GetObject"), "CREATE")
    deploy(stacks, "rights", template("s3:PutObject"))
    names, iam = physical(stacks, "rights"), client("iam")
    inline = iam.get_role_policy(RoleName=names["Role"], PolicyName="inline")["PolicyDocument"]
    assert inline["Statement"][0]["Action"] == ["s3:PutObject"]
    attached = iam.list_attached_role_policies(RoleName=names["Role"])["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [names["Managed"]]
    assert iam.get_policy(PolicyArn=names["Managed"])["Policy"]["DefaultVersionId"] == "v2"
    stacks.delete_stack(StackName="rights")
    assert names["Role"] not in [one["RoleName"] for one in iam.list_roles()["Roles"]]
