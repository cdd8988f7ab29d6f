"""What steps call is written in the partition of the stage's region."""

import json

import pytest

from stepmill import stage, steps


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso"),
     ("us-isob-east-1", "aws-iso-b"), ("eu-isoe-west-1", "aws-iso-e"), ("eusc-de-east-1", "aws-eusc")],
)  # fmt: skip
def test_a_region_is_in_one_partition(region, partition):
    assert stage.partition(region) == partition


def test_every_step_of_ours_names_its_service_in_the_partition_and_a_resource_of_the_users_stays(monkeypatch):
    monkeypatch.setenv("STEPMILL_REGION", "cn-north-1")
    chain = steps.Chain(
        [
            steps.LambdaStep("Call", parameters={"FunctionName": "f"}),
            steps.S3GetObjectStep("Read", "s3://bucket/key"),
            steps.SqsSendMessageStep("Send", parameters={"QueueUrl": "q", "MessageBody": "m"}),
            steps.AwsSdkStep("Look", "s3:headObject", {"Bucket": "b", "Key": "k"}),
            steps.wait_for_endpoint("Wait", "digits"),
            steps.Task("Own", resource="arn:aws:states:::sns:publish", parameters={"TopicArn": "t", "Message": "m"}),
        ]
    )
    states = json.loads(steps.compile("w", chain).template)["States"]
    partitions = {name: state["Resource"].split(":")[1] for name, state in states.items() if "Resource" in state}
    assert partitions == dict.fromkeys(("Call", "Read", "Send", "Look", "Wait"), "aws-cn") | {"Own": "aws"}
