"""AWS::SNS and AWS::SQS: topics, their policies and subscriptions, queues.

In: properties. Out: Made. Touches: sns, sqs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SNS.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SQS.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from stepmill.services.cloudformation.kinds.kind import (
    Kind,
    Made,
    Place,
    Properties,
    changed_tags,
    document,
    exists,
    flag,
    picked,
)
from stepmill.services.cloudformation.values import text_of

_OF_TOPIC = "ContentBasedDeduplication DisplayName FifoTopic KmsMasterKeyId SignatureVersion TracingConfig"
_OF_QUEUE = (
    "ContentBasedDeduplication DeduplicationScope DelaySeconds FifoQueue FifoThroughputLimit "
    "KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod "
    "ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled VisibilityTimeout"
)
_OF_SUBSCRIPTION = "DeliveryPolicy FilterPolicy FilterPolicyScope RawMessageDelivery RedrivePolicy SubscriptionRoleArn"


class Topic(Kind):
    """A topic, and the subscriptions that stand in it."""

    type = "AWS::SNS::Topic"
    properties = (
        "ArchivePolicy ContentBasedDeduplication DataProtectionPolicy DeliveryStatusLogging DisplayName "
        "FifoThroughputScope FifoTopic KmsMasterKeyId MaximumMessageSize SignatureVersion Subscription Tags TopicName "
        "TracingConfig"
    )
    replaced = "FifoTopic TopicName"
    attributes = "TopicArn TopicName"
    naming = "TopicName"
    longest = 256
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        name = f"{name}.fifo" if flag(props.get("FifoTopic", False)) and not name.endswith(".fifo") else name
        arn = place.arn("sns", name)
        if place.find("sns", "GetTopicAttributes", TopicArn=arn) is not None:
            raise exists(self, arn)
        place.ask("sns", "CreateTopic", Name=name, Attributes=_texts(props, _OF_TOPIC), Tags=props.get("Tags"))
        return Made(arn, {"TopicArn": arn, "TopicName": name})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        _attributes(place, "Topic", made.physical, _texts(before, _OF_TOPIC), _texts(after, _OF_TOPIC))
        written, lost = changed_tags(before, after)
        if written:
            place.ask("sns", "TagResource", ResourceArn=made.physical, Tags=written)
        if lost:
            place.ask("sns", "UntagResource", ResourceArn=made.physical, TagKeys=lost)
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        old, new = before.get("Subscription") or [], after.get("Subscription") or []
        for one in [one for one in new if one not in old]:
            request = {"Protocol": one["Protocol"], "Endpoint": one["Endpoint"]}
            place.offer("sns", "Subscribe", TopicArn=made.physical, **request)
        lost = [(one["Protocol"], one["Endpoint"]) for one in old if one not in new]
        if lost:
            listed = place.ask("sns", "ListSubscriptionsByTopic", TopicArn=made.physical)["Subscriptions"]
            for one in [one for one in listed if (one["Protocol"], one["Endpoint"]) in lost]:
                place.forget("sns", "Unsubscribe", SubscriptionArn=one["SubscriptionArn"])

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("sns", "DeleteTopic", TopicArn=made.physical)


class TopicPolicy(Kind):
    """The policy of topics. Removed, it leaves them as they are."""

    type = "AWS::SNS::TopicPolicy"
    properties = "PolicyDocument Topics"
    required = properties
    attributes = "Id"

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        return Made(name, {"Id": name})

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        text = document(after["PolicyDocument"])
        for arn in after["Topics"]:
            place.ask("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=text)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""


class Subscription(Kind):
    """A subscription. One to an address outside of this machine, or to a function, is kept in the stack alone."""

    type = "AWS::SNS::Subscription"
    properties = (
        "DeliveryPolicy Endpoint FilterPolicy FilterPolicyScope Protocol RawMessageDelivery RedrivePolicy Region "
        "ReplayPolicy SubscriptionRoleArn TopicArn"
    )
    required = "Protocol TopicArn"
    replaced = "Endpoint Protocol Region TopicArn"
    attributes = "Arn"

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        place.ask("sns", "GetTopicAttributes", TopicArn=props["TopicArn"])
        made = place.offer(
            "sns",
            "Subscribe",
            ReturnSubscriptionArn=True,
            Attributes=_texts(props, _OF_SUBSCRIPTION),
            **picked(props, "Endpoint Protocol TopicArn"),
        )
        arn = made["SubscriptionArn"] if made is not None else f"{props['TopicArn']}:{uuid.uuid4()}"
        return Made(arn, {"Arn": arn})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        if place.find("sns", "GetSubscriptionAttributes", SubscriptionArn=made.physical) is not None:
            old, new = _texts(before, _OF_SUBSCRIPTION), _texts(after, _OF_SUBSCRIPTION)
            _attributes(place, "Subscription", made.physical, old, new)
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("sns", "Unsubscribe", SubscriptionArn=made.physical)


class Queue(Kind):
    """A queue. `Ref` is its URL."""

    type = "AWS::SQS::Queue"
    properties = f"{_OF_QUEUE} QueueName Tags"
    replaced = "FifoQueue QueueName"
    attributes = "Arn QueueName QueueUrl"
    naming = "QueueName"
    longest = 80
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        name = f"{name}.fifo" if flag(props.get("FifoQueue", False)) and not name.endswith(".fifo") else name
        if (found := place.find("sqs", "GetQueueUrl", QueueName=name)) is not None:
            raise exists(self, found["QueueUrl"])
        tags = {str(tag["Key"]): str(tag["Value"]) for tag in props.get("Tags") or ()}
        made = place.ask("sqs", "CreateQueue", QueueName=name, Attributes=_texts(props, _OF_QUEUE), tags=tags)
        url = made["QueueUrl"]
        return Made(url, {"Arn": place.arn("sqs", name), "QueueName": name, "QueueUrl": url})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter. A setting that is no longer given stays what it was."""
        settings = _texts(after, _OF_QUEUE)
        settings.pop("FifoQueue", None)
        if settings:
            place.ask("sqs", "SetQueueAttributes", QueueUrl=made.physical, Attributes=settings)
        written, lost = changed_tags(before, after)
        if written:
            tags = {tag["Key"]: tag["Value"] for tag in written}
            place.ask("sqs", "TagQueue", QueueUrl=made.physical, Tags=tags)
        if lost:
            place.ask("sqs", "UntagQueue", QueueUrl=made.physical, TagKeys=lost)
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("sqs", "DeleteQueue", QueueUrl=made.physical)


def _texts(props: Properties, names: str) -> dict[str, str]:
    """Attributes as SNS and SQS take them: text, a document as JSON."""
    return {
        name: document(value) if isinstance(value, Mapping) else text_of(value)
        for name, value in picked(props, names).items()
    }


def _attributes(place: Place, what: str, arn: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            request: dict[str, Any] = {f"{what}Arn": arn, "AttributeName": name, "AttributeValue": after.get(name, "")}
            place.ask("sns", f"Set{what}Attributes", **request)
