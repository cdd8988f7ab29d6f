"""Who hears when executions fail: a topic, and the rule that tells it.

In: a Bundle and a Stage. Out: CloudFormation resources. Touches: nothing.

A quality gate that says no is no failure. The metric `ExecutionsFailed` counts it as one, so an alarm on that would
ring for every rejected model; the event of an execution's end carries its error, and the rule looks at that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.deploy.naming import ACCOUNT, PARTITION, REGION, tag_list, value
from stepmill.deploy.templates.starting import schedule_of

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle

GATE: Final = "GateRejected"


def watching_resources(bundle: Bundle, stage: Stage) -> dict[str, Any]:
    """The topic, unless the stage has one, and the rule of failed executions; an alarm on starts that never came."""
    name = naming.stack(bundle, stage)
    topic = stage.topic or "${Topic}"
    made: dict[str, Any] = {}
    if stage.topic is None:
        made["Topic"] = {
            "Type": "AWS::SNS::Topic",
            "Properties": {"TopicName": f"{name}-failures", "Tags": tag_list(bundle, stage)},
        }
        made["TopicPolicy"] = _topic_policy(name)
        if stage.email is not None:
            made["TopicMail"] = {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": stage.email},
            }
    made["Failures"] = _failures(name, topic)
    if schedule_of(bundle, stage):
        made["ScheduleAlarm"] = _schedule_alarm(name, topic, bundle, stage)
    return made


def _failures(name: str, topic: str) -> dict[str, Any]:
    machine = f"arn:{PARTITION}:states:{REGION}:{ACCOUNT}:stateMachine:{name}"
    return {
        "Type": "AWS::Events::Rule",
        "Properties": value(
            {
                "Name": naming.cut(f"{name}-failures", 64),
                "Description": f"Tells when an execution of {name} fails. A rejected gate is no failure.",
                "EventPattern": {
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "stateMachineArn": [machine],
                        "status": ["FAILED", "TIMED_OUT"],
                        # An event without the field tells too: better one message too many than a silent failure.
                        "error": [{"exists": False}, {"anything-but": [GATE]}],
                    },
                },
                "State": "ENABLED",
                "Targets": [
                    {
                        "Id": "topic",
                        "Arn": topic,
                        "InputTransformer": {
                            "InputPathsMap": {
                                "arn": "$.detail.executionArn",
                                "status": "$.detail.status",
                                "error": "$.detail.error",
                            },
                            "InputTemplate": f'"{name}: <status> <error>, <arn>"',
                        },
                    }
                ],
            }
        ),
    }


def _topic_policy(name: str) -> dict[str, Any]:
    rule = f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:rule/{naming.cut(f'{name}-failures', 64)}"
    alarm = f"arn:{PARTITION}:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}-schedule"

    def allow(sid: str, service: str, source: str) -> dict[str, Any]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": "${Topic}",
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }

    statements = [allow("Failures", "events", rule), allow("Alarms", "cloudwatch", alarm)]
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": value({"Topics": ["${Topic}"], "PolicyDocument": document}),
    }


def _schedule_alarm(name: str, topic: str, bundle: Bundle, stage: Stage) -> dict[str, Any]:
    """EventBridge Scheduler gave up starting an execution (its user guide, "Monitoring with CloudWatch")."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": f"{name}-schedule",
            "AlarmDescription": f"The schedule of {name} could not start an execution.",
            "Namespace": "AWS/Scheduler",
            "MetricName": "InvocationDroppedCount",
            "Dimensions": [{"Name": "ScheduleGroup", "Value": {"Ref": "ScheduleGroup"}}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [value(topic)],
            "Tags": tag_list(bundle, stage),
        },
    }
