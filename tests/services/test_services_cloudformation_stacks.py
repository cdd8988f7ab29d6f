"""Stacks over time: two at once, a process that ends, a process that dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudformation_templates import body, pipeline, trust
from stepmill.clock import SystemClock
from stepmill.history.sqlite import SqliteHistory
from stepmill.objects.folder import FolderStore
from stepmill.services.cloudformation.offering import CloudFormation
from stepmill.services.operations import Operations
from stepmill.services.s3 import S3
from stores import open_store, refused

WHERE = {"region": "us-east-1", "account": "000000000000"}


class Died(BaseException):
    """The process ends here."""


class World:
    """Buckets and stacks over one folder; `meanwhile` happens before a bucket is made or removed."""

    def __init__(self, folder: Path, meanwhile: Callable[[str, str], None] = lambda operation, bucket: None) -> None:
        self.history = SqliteHistory(folder / "history.db")
        self.operations = Operations()
        self._meanwhile = meanwhile
        self.stacks = CloudFormation(self.history, SystemClock(), self._call, **WHERE)
        objects = FolderStore(folder / "objects")
        self.operations.add("s3", S3(objects, "000000000000"))
        self.operations.defer("cloudformation", lambda: self.stacks.providers)

    def _call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if operation in ("CreateBucket", "DeleteBucket"):
            self._meanwhile(operation, request["Bucket"])
        return self.operations.call(service, operation, request)

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.operations.call("cloudformation", operation, request)

    def status(self, stack: str) -> str:
        return str(self.ask("DescribeStacks", StackName=stack)["Stacks"][0]["StackStatus"])

    def buckets(self) -> list[str]:
        return [one["Name"] for one in self.operations.call("s3", "ListBuckets", {})["Buckets"]]


def buckets(*names: str) -> str:
    return body(
        {name: {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"the-{name.lower()}"}} for name in names}
    )


def test_a_second_operation_on_a_stack_is_refused_while_the_first_is_under_way(tmp_path: Path):
    said: list[tuple[str, str]] = []

    def meanwhile(operation: str, bucket: str) -> None:
        if bucket == "the-b" and not said:
            for asked in ("UpdateStack", "DeleteStack"):
                request = {"StackName": "s", "TemplateBody": buckets("C")}
                said.append(refused(lambda asked=asked, request=request: world.ask(asked, **request)))  # type: ignore[misc]
            said.append(refused(lambda: world.ask("CreateChangeSet", ChangeSetName="c", **request)))

    world = World(tmp_path, meanwhile)
    made = world.ask("CreateStack", StackName="s", TemplateBody=buckets("A"))["StackId"]
    world.ask("UpdateStack", StackName="s", TemplateBody=buckets("A", "B"))
    busy = ("ValidationError", f"Stack:{made} is in UPDATE_IN_PROGRESS state and can not be updated.")
    cannot = ("ValidationError", f"Stack [{made}] cannot be deleted while in status UPDATE_IN_PROGRESS")
    assert said == [busy, cannot, busy]
    assert world.status("s") == "UPDATE_COMPLETE"


def dies_at(wanted: str, bucket: str) -> Callable[[str, str], None]:
    def meanwhile(operation: str, name: str) -> None:
        if (operation, name) == (wanted, bucket):
            raise Died

    return meanwhile


def test_what_was_being_made_when_the_process_died_is_taken_back_by_the_next(tmp_path: Path):
    world = World(tmp_path, dies_at("CreateBucket", "the-b"))
    with pytest.raises(Died):
        world.ask("CreateStack", StackName="s", TemplateBody=buckets("A", "B"))
    assert (world.status("s"), world.buckets()) == ("CREATE_IN_PROGRESS", ["the-a"])
    world.history.close()
    after = World(tmp_path)
    after.stacks.recover()
    assert (after.status("s"), after.buckets()) == ("ROLLBACK_COMPLETE", [])


def test_an_update_that_the_process_did_not_survive_is_put_back(tmp_path: Path):
    world = World(tmp_path, dies_at("CreateBucket", "the-c"))
    world.ask("CreateStack", StackName="s", TemplateBody=buckets("A"))
    with pytest.raises(Died):
        world.ask("UpdateStack", StackName="s", TemplateBody=buckets("B", "C"))
    assert world.buckets() == ["the-a", "the-b"]
    world.history.close()
    after = World(tmp_path)
    after.stacks.recover()
    assert (after.status("s"), after.buckets()) == ("UPDATE_ROLLBACK_COMPLETE", ["the-a"])
    after.ask("UpdateStack", StackName="s", TemplateBody=buckets("B", "C"))
    assert (after.status("s"), after.buckets()) == ("UPDATE_COMPLETE", ["the-b", "the-c"])


def test_what_was_going_when_the_process_died_goes(tmp_path: Path):
    world = World(tmp_path, dies_at("DeleteBucket", "the-a"))
    made = world.ask("CreateStack", StackName="s", TemplateBody=buckets("A", "B"))["StackId"]
    with pytest.raises(Died):
        world.ask("DeleteStack", StackName="s")
    world.history.close()
    after = World(tmp_path)
    after.stacks.recover()
    assert (after.status(made), after.buckets()) == ("DELETE_COMPLETE", [])


def test_a_stack_outlives_the_process_that_made_it(tmp_path: Path):
    request = {"StackName": "s", "Capabilities": ["CAPABILITY_IAM"]}
    first = open_store(tmp_path)
    first.call("cloudformation", "CreateStack", {**request, "TemplateBody": pipeline()})
    events = first.call("cloudformation", "DescribeStackEvents", {"StackName": "s"})["StackEvents"]
    first.release()
    second = open_store(tmp_path)
    try:
        assert second.call("cloudformation", "DescribeStackEvents", {"StackName": "s"})["StackEvents"] == events
        change = {**request, "TemplateBody": pipeline(comment="second")}
        second.call("cloudformation", "UpdateStack", change)
        found = second.call("cloudformation", "DescribeStacks", {"StackName": "s"})["Stacks"][0]
        assert found["StackStatus"] == "UPDATE_COMPLETE"
        second.call("cloudformation", "DeleteStack", {"StackName": "s"})
        assert second.call("cloudformation", "DescribeStacks", {})["Stacks"] == []
        assert second.call("states", "ListStateMachines", {})["stateMachines"] == []
    finally:
        second.release()


def test_what_was_lost_with_the_memory_of_a_process_is_made_again_when_it_changes(tmp_path: Path):
    def template(description: str) -> str:
        properties = {
            "RoleName": "lost",
            "AssumeRolePolicyDocument": trust("states.amazonaws.com"),
            "Description": description,
        }
        return body({"Role": {"Type": "AWS::IAM::Role", "Properties": properties}})

    request = {"StackName": "s", "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    local = open_store(tmp_path)
    try:
        local.call("cloudformation", "CreateStack", {**request, "TemplateBody": template("a")})
        local.call("iam", "DeleteRole", {"RoleName": "lost"})
        local.call("cloudformation", "UpdateStack", {**request, "TemplateBody": template("b")})
        assert local.call("iam", "GetRole", {"RoleName": "lost"})["Role"]["Description"] == "b"
        local.call("cloudformation", "DeleteStack", {"StackName": "s"})
    finally:
        local.release()


def test_a_change_set_shows_why_a_property_changes_and_what_only_its_execution_knows(tmp_path: Path):
    world = World(tmp_path)

    def template(**more: Any) -> str:
        named = {"Fn::Join": ["-", ["the", {"Ref": "Name"}]]}
        policy = {"Statement": [{"Resource": {"Fn::Sub": "${Data.Arn}/*"}}]}
        return body(
            {
                "Data": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": named}},
                "Policy": {
                    "Type": "AWS::S3::BucketPolicy",
                    "Properties": {"Bucket": {"Ref": "Data"}, "PolicyDocument": policy},
                },
                **more,
            },
            Parameters={"Name": {"Type": "String"}},
        )

    def named(value: str) -> dict[str, Any]:
        return {"StackName": "s", "Parameters": [{"ParameterKey": "Name", "ParameterValue": value}]}

    world.ask("CreateStack", TemplateBody=template(), **named("one"))
    world.ask("CreateChangeSet", ChangeSetName="c", UsePreviousTemplate=True, **named("two"))
    shown = world.ask("DescribeChangeSet", ChangeSetName="c", StackName="s", IncludePropertyValues=True)
    bucket, policy = (change["ResourceChange"] for change in shown["Changes"])
    assert bucket["Details"] == [
        {
            "Target": {
                "Attribute": "Properties",
                "Name": "BucketName",
                "RequiresRecreation": "Always",
                "Path": "/Properties/BucketName",
                "AttributeChangeType": "Modify",
                "BeforeValue": "the-one",
                "AfterValue": "the-two",
            },
            "Evaluation": "Static",
            "ChangeSource": "ParameterReference",
            "CausingEntity": "Name",
        }
    ]
    assert (policy["Replacement"], policy["PhysicalResourceId"]) == ("Conditional", "the-one")
    after = json.loads(policy["AfterContext"])["Properties"]
    assert after["PolicyDocument"]["Statement"][0]["Resource"] == "{{changeSet:KNOWN_AFTER_APPLY}}/*"
    plain = world.ask("DescribeChangeSet", ChangeSetName="c", StackName="s")["Changes"][0]["ResourceChange"]
    assert "BeforeContext" not in plain and "AfterValue" not in plain["Details"][0]["Target"]
    world.ask("ExecuteChangeSet", ChangeSetName="c", StackName="s")
    assert (world.status("s"), world.buckets()) == ("UPDATE_COMPLETE", ["the-two"])


def test_only_outputs_or_tags_are_changes_too(tmp_path: Path):
    world = World(tmp_path)
    data = {"Data": {"Type": "AWS::S3::Bucket"}}
    world.ask("CreateStack", StackName="s", TemplateBody=body(data))
    outputs = {"Arn": {"Value": {"Fn::GetAtt": "Data.Arn"}}}
    world.ask("UpdateStack", StackName="s", TemplateBody=body(data, Outputs=outputs))
    found = world.ask("DescribeStacks", StackName="s")["Stacks"][0]
    assert found["Outputs"][0]["OutputValue"].startswith("arn:aws:s3:::s-data-")
    world.ask(
        "CreateChangeSet", StackName="s", ChangeSetName="c", UsePreviousTemplate=True, Tags=[{"Key": "k", "Value": "v"}]
    )
    shown = world.ask("DescribeChangeSet", ChangeSetName="c", StackName="s")
    assert [change["ResourceChange"]["Scope"] for change in shown["Changes"]] == [["Tags"]]
