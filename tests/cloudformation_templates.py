"""Templates that tests of CloudFormation share, and how they are sent."""

from __future__ import annotations

import json
from typing import Any

LAMBDA_CODE = "def handler(event, context):\n    return {'doubled': event['n'] * 2}\n"


def trust(service: str) -> dict[str, Any]:
    """Who may take a role."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }


def allow(*actions: str, resource: Any = "*") -> dict[str, Any]:
    """A policy of one statement."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resource}]}


def body(resources: dict[str, Any], **sections: Any) -> str:
    """A template's text."""
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", **sections, "Resources": resources})


def pipeline(*, code: str = LAMBDA_CODE, comment: str = "first", **more: Any) -> str:
    """A machine with a function, published as a version that an alias leads to."""
    definition = {
        "Comment": comment,
        "StartAt": "Double",
        "States": {"Double": {"Type": "Task", "Resource": "${Function}", "End": True}},
    }
    return body(
        {
            "Live": {
                "Type": "AWS::StepFunctions::StateMachineAlias",
                "Properties": {
                    "Name": "live",
                    "DeploymentPreference": {
                        "StateMachineVersionArn": {"Ref": "Version"},
                        "Type": "CANARY",
                        "Percentage": 10,
                        "Interval": 5,
                    },
                },
            },
            "Version": {
                "Type": "AWS::StepFunctions::StateMachineVersion",
                "UpdateReplacePolicy": "Retain",
                "Properties": {
                    "StateMachineArn": {"Ref": "Machine"},
                    "StateMachineRevisionId": {"Fn::GetAtt": ["Machine", "StateMachineRevisionId"]},
                },
            },
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {
                    "DefinitionString": json.dumps(definition),
                    "DefinitionSubstitutions": {"Function": {"Fn::GetAtt": "Double.Arn"}},
                    "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                    "LoggingConfiguration": {
                        "Level": "ALL",
                        "IncludeExecutionData": True,
                        "Destinations": [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": ["Logs", "Arn"]}}}],
                    },
                    "TracingConfiguration": {"Enabled": True},
                    "Tags": [{"Key": "team", "Value": "ml"}],
                },
            },
            "Double": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.12",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": code},
                    "VpcConfig": {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
                    "Environment": {"Variables": {"STACK": {"Ref": "AWS::StackName"}}},
                },
            },
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 30}},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": trust("states.amazonaws.com"),
                    "Policies": [{"PolicyName": "invoke", "PolicyDocument": allow("lambda:InvokeFunction")}],
                },
            },
        },
        Outputs={"Alias": {"Value": {"Ref": "Live"}}, "Machine": {"Value": {"Fn::GetAtt": ["Machine", "Name"]}}},
        **more,
    )
