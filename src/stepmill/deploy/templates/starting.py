"""What starts a workflow's executions by itself: a schedule, and new data.

In: a Bundle's triggers and a Stage. Out: CloudFormation resources. Touches: nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.deploy import naming
from stepmill.deploy.naming import ACCOUNT, PARTITION, REGION, tag_list, value
from stepmill.deploy.templates.pieces import iam_role

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle

# A start that fails is tried for an hour; what is older than that has been overtaken by the next one.
_RETRY = {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 10}


def starting_resources(bundle: Bundle, stage: Stage) -> dict[str, Any]:
    """The schedule and the rule of a workflow, as the workflow or the stage asks for them."""
    triggers = bundle.manifest.triggers
    made: dict[str, Any] = {}
    if schedule := schedule_of(bundle, stage):
        zone = stage.time_zone or triggers.time_zone
        made |= _schedule(schedule, zone, bundle, stage)
    if triggers.new_data is not None:
        made |= _new_data(*triggers.data, bundle, stage)
    return made


def schedule_of(bundle: Bundle, stage: Stage) -> str | None:
    """The schedule that is in force in a stage: its own, or the workflow's; None for none."""
    schedule = bundle.manifest.triggers.schedule if stage.schedule is None else stage.schedule
    return schedule if isinstance(schedule, str) else None


def _schedule(schedule: str, zone: str, bundle: Bundle, stage: Stage) -> dict[str, Any]:
    name = naming.cut(naming.stack(bundle, stage), 64)
    group = f"arn:{PARTITION}:scheduler:{REGION}:{ACCOUNT}:schedule-group/{name}"
    return {
        "ScheduleGroup": {
            "Type": "AWS::Scheduler::ScheduleGroup",
            "Properties": {"Name": name, "Tags": tag_list(bundle, stage)},
        },
        "ScheduleRole": _starter("scheduler", group, bundle, stage),
        "Schedule": {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {
                "Name": name,
                "GroupName": {"Ref": "ScheduleGroup"},
                "ScheduleExpression": schedule,
                "ScheduleExpressionTimezone": zone,
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "State": "ENABLED",
                "Target": {
                    "Arn": {"Ref": "Live"},
                    "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
                    "Input": "{}",
                    "RetryPolicy": _RETRY,
                },
            },
        },
    }


def _new_data(bucket: str, prefix: str, bundle: Bundle, stage: Stage) -> dict[str, Any]:
    name = naming.cut(f"{naming.stack(bundle, stage)}-new-data", 64)
    where = naming.bucket(stage) if bucket == "${Bucket}" else bucket
    detail: dict[str, Any] = {"bucket": {"name": [where]}}
    if prefix:
        detail["object"] = {"key": [{"prefix": prefix}]}
    rule = f"arn:{PARTITION}:events:{REGION}:{ACCOUNT}:rule/{name}"
    return {
        "NewDataRole": _starter("events", rule, bundle, stage),
        "NewData": {
            "Type": "AWS::Events::Rule",
            "Properties": value(
                {
                    "Name": name,
                    "Description": f"Starts {naming.stack(bundle, stage)} for new data.",
                    "EventPattern": {
                        "source": ["aws.s3"],
                        "detail-type": ["Object Created"],
                        "detail": detail,
                    },
                    "State": "ENABLED",
                    "Targets": [
                        {
                            "Id": "live",
                            "Arn": "${Live}",
                            "RoleArn": "${NewDataRole.Arn}",
                            "Input": "{}",
                            "RetryPolicy": _RETRY,
                        }
                    ],
                }
            ),
        },
    }


def _starter(service: str, source: str, bundle: Bundle, stage: Stage) -> dict[str, Any]:
    """A role that may start the alias and nothing else, and that one schedule group or rule alone takes on."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnEquals": {"aws:SourceArn": source}},
    }
    start = {"Sid": "Start", "Effect": "Allow", "Action": ["states:StartExecution"], "Resource": ["${Live}"]}
    return iam_role(
        f"Starts executions of {naming.stack(bundle, stage)}.",
        {"Version": "2012-10-17", "Statement": [trust]},
        {"start": {"Version": "2012-10-17", "Statement": [start]}},
        tag_list(bundle, stage),
        stage,
    )
