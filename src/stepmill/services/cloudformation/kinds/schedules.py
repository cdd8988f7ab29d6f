"""AWS::Events, AWS::Scheduler and AWS::CloudWatch: rules, schedules, alarms.

In: properties. Out: Made. Touches: events, scheduler, cloudwatch. Nothing here fires by itself on this machine.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Scheduler.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Events.html
"""

from __future__ import annotations

import re
from typing import Any, Final

from stepmill.services.cloudformation.kinds.kind import (
    Kind,
    Made,
    Place,
    Properties,
    changed_tags,
    document,
    exists,
    flag,
    number,
    picked,
)

_DEFAULT: Final = "default"
# Whom events.PutTargets refuses here, as no event reaches them: the target is kept in the stack alone.
_UNREACHED: Final = re.compile(r"arn:aws[a-z-]*:(lambda|states|sagemaker):")


class Rule(Kind):
    """A rule and its targets. Targets that run something on this machine are kept in the stack alone."""

    type = "AWS::Events::Rule"
    properties = "Description EventBusName EventPattern Name RoleArn ScheduleExpression State Tags Targets"
    replaced = "EventBusName Name"
    attributes = "Arn RuleName"
    naming = "Name"
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        if place.find("events", "DescribeRule", Name=name, EventBusName=props.get("EventBusName")) is not None:
            raise exists(self, name)
        arn = self._put(place, name, props, props.get("Tags"))
        return Made(name, {"Arn": arn, "RuleName": name})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        self._put(place, made.physical, after, None)
        written, lost = changed_tags(before, after)
        if written:
            place.ask("events", "TagResource", ResourceARN=made.attributes["Arn"], Tags=written)
        if lost:
            place.ask("events", "UntagResource", ResourceARN=made.attributes["Arn"], TagKeys=lost)
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        old = [one["Id"] for one in before.get("Targets") or () if _reached(one)]
        new = [one for one in after.get("Targets") or () if _reached(one)]
        lost = [name for name in old if name not in {one["Id"] for one in new}]
        where = {"Rule": made.physical, "EventBusName": (after or before).get("EventBusName")}
        if lost:
            place.forget("events", "RemoveTargets", **where, Ids=lost)
        if new:
            place.ask("events", "PutTargets", **where, Targets=new)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        self.dress(place, made, props, {})
        place.forget("events", "DeleteRule", Name=made.physical, EventBusName=props.get("EventBusName"))

    @staticmethod
    def _put(place: Place, name: str, props: Properties, tags: Any) -> str:
        pattern = props.get("EventPattern")
        made = place.ask(
            "events",
            "PutRule",
            Name=name,
            EventPattern=None if pattern is None else document(pattern),
            Tags=tags,
            **picked(props, "Description EventBusName RoleArn ScheduleExpression State"),
        )
        return str(made["RuleArn"])


class Schedule(Kind):
    """A schedule. It is kept; nothing starts by it on this machine."""

    type = "AWS::Scheduler::Schedule"
    properties = (
        "Description EndDate FlexibleTimeWindow GroupName KmsKeyArn Name ScheduleExpression "
        "ScheduleExpressionTimezone StartDate State Target"
    )
    required = "FlexibleTimeWindow ScheduleExpression Target"
    replaced = "Name"
    attributes = "Arn"
    naming = "Name"

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        made = place.ask("scheduler", "CreateSchedule", Name=name, **_schedule(props))
        return Made(name, {"Arn": made["ScheduleArn"]})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        if before.get("GroupName") != after.get("GroupName"):  # a schedule does not move: it is made there, then left
            moved = self.make(place, made.physical, after)
            self.remove(place, made, before)
            return moved
        place.ask("scheduler", "UpdateSchedule", Name=made.physical, **_schedule(after))
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("scheduler", "DeleteSchedule", Name=made.physical, GroupName=props.get("GroupName"))


class ScheduleGroup(Kind):
    """A group of schedules."""

    type = "AWS::Scheduler::ScheduleGroup"
    properties = "Name Tags"
    replaced = "Name"
    attributes = "Arn CreationDate LastModificationDate State"
    naming = "Name"
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        place.ask("scheduler", "CreateScheduleGroup", Name=name, Tags=props.get("Tags"))
        found = place.ask("scheduler", "GetScheduleGroup", Name=name)
        times = {key: str(found.get(key, "")) for key in ("CreationDate", "LastModificationDate")}
        return Made(name, {"Arn": found["Arn"], "State": found["State"], **times})

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        if not before:
            return
        written, lost = changed_tags(before, after)
        if written:
            place.offer("scheduler", "TagResource", ResourceArn=made.attributes["Arn"], Tags=written)
        if lost:
            place.offer("scheduler", "UntagResource", ResourceArn=made.attributes["Arn"], TagKeys=lost)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("scheduler", "DeleteScheduleGroup", Name=made.physical)


class Alarm(Kind):
    """An alarm. It is kept; nothing measures on this machine, so its state stays INSUFFICIENT_DATA."""

    type = "AWS::CloudWatch::Alarm"
    properties = (
        "ActionConfiguration ActionsEnabled AlarmActions AlarmDescription AlarmName ComparisonOperator "
        "DatapointsToAlarm Dimensions EvaluateLowSampleCountPercentile EvaluationCriteria EvaluationInterval "
        "EvaluationPeriods EvaluationWindow ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace "
        "OKActions Period Statistic Tags Threshold ThresholdMetricId TreatMissingData Unit WarmUpConfiguration"
    )
    replaced = "AlarmName"
    attributes = "Arn"
    naming = "AlarmName"
    longest = 255
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        if place.ask("cloudwatch", "DescribeAlarms", AlarmNames=[name]).get("MetricAlarms"):
            raise exists(self, name)
        self._put(place, name, props)
        return Made(name, {"Arn": place.arn("cloudwatch", f"alarm:{name}")})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        self._put(place, made.physical, after)
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("cloudwatch", "DeleteAlarms", AlarmNames=[made.physical])

    @staticmethod
    def _put(place: Place, name: str, props: Properties) -> None:
        request = picked(
            props,
            "AlarmActions AlarmDescription ComparisonOperator Dimensions EvaluateLowSampleCountPercentile "
            "ExtendedStatistic InsufficientDataActions MetricName Metrics Namespace OKActions Statistic Tags "
            "ThresholdMetricId TreatMissingData Unit",
        )
        for key in ("DatapointsToAlarm", "EvaluationPeriods", "Period"):
            if key in props:
                request[key] = number(props[key])
        if "Threshold" in props:
            request["Threshold"] = float(props["Threshold"])
        if "ActionsEnabled" in props:
            request["ActionsEnabled"] = flag(props["ActionsEnabled"])
        place.ask("cloudwatch", "PutMetricAlarm", AlarmName=name, **request)


def _reached(target: Properties) -> bool:
    return _UNREACHED.match(str(target.get("Arn"))) is None


def _schedule(props: Properties) -> dict[str, Any]:
    found = picked(
        props,
        "Description EndDate GroupName KmsKeyArn ScheduleExpression ScheduleExpressionTimezone StartDate State Target",
    )
    window = dict(props["FlexibleTimeWindow"])
    if "MaximumWindowInMinutes" in window:
        window["MaximumWindowInMinutes"] = number(window["MaximumWindowInMinutes"])
    target = dict(found["Target"])
    if "RetryPolicy" in target:
        target["RetryPolicy"] = {key: number(value) for key, value in target["RetryPolicy"].items()}
    return {**found, "Target": target, "FlexibleTimeWindow": window}
