"""New images are labelled by a model, what it is unsure of by people, and a team outside AWS is told.

Each step is of a kind that the old SDK did not have.
"""

from stepmill.inputs import CaughtError, ContextObject, ExecutionInput, StepInput, TaskToken
from stepmill.steps import (
    ActivityStep,
    AwsSdkStep,
    Catch,
    Chain,
    Choice,
    Fail,
    HttpStep,
    ItemBatcher,
    ItemReader,
    LambdaStep,
    Map,
    Pass,
    ResultWriter,
    Retry,
)

run = ExecutionInput({"day": str, "batch": int, "role": str, "patience": int, "unsure": int})
context = ContextObject()
patient = Retry(
    error_equals=["SageMakerRuntime.ModelErrorException"],
    interval_seconds=2,
    max_attempts=4,
    backoff_rate=2.0,
    max_delay_seconds=30,
    jitter_strategy="FULL",
)

predict = AwsSdkStep(
    "Predict",
    "sagemakerruntime:invokeEndpoint",
    {"EndpointName": "labels", "Body": StepInput()["Items"], "ContentType": "application/json"},
    retry=patient,
    timeout_seconds=60,
)
images = Map(
    "Images",
    item_processor=predict,
    mode="DISTRIBUTED",
    execution_type="EXPRESS",
    item_reader=ItemReader("OBJECTS", f"s3://${{Bucket}}/images/{run['day']}/", max_items=10_000),
    item_selector={"key": context["Map"]["Item"]["Value"], "day": run["day"]},
    item_batcher=ItemBatcher(run["batch"], batch_input={"run": context["Execution"]["Name"]}),
    result_writer=ResultWriter(f"s3://${{Bucket}}/labels/{run['day']}", transformation="COMPACT", output_type="JSONL"),
    max_concurrency=100,
    tolerated_failure_percentage=5,
    label="images",
)
count = AwsSdkStep(
    "Count",
    "s3:listObjectsV2",
    {"Bucket": "${Bucket}", "Prefix": f"labels/{run['day']}"},
    credentials={"RoleArn": run["role"]},
)
ask = LambdaStep(
    "Ask",
    wait_for_callback=True,
    function="functions.py:ask",
    payload={"token": TaskToken(), "day": run["day"]},
    heartbeat_seconds=run["patience"],
)
label = ActivityStep("Label", "label-images", payload={"day": run["day"]}, timeout_seconds=7200, heartbeat_seconds=600)
tell = HttpStep(
    "Tell",
    f"https://labels.example.com/days/{run['day']}",
    "POST",
    connection="arn:aws:events:us-east-1:123456789012:connection/labels/11111111-2222-3333-4444-555555555555",
    headers={"Accept": "application/json"},
    request_body={"found": count.result["KeyCount"]},
)
error = CaughtError()
failed = Fail("Failed", error="LabelsFailed", cause=f"{error['State']}: {error['Cause']}")
done = Pass("Done", parameters={"told": tell.body["id"]})

people = Chain([ask, label, tell, done])
unsure = Choice("Unsure?", choices=[(run["unsure"] > 0, people)], default=tell)
definition = Chain([images, count, unsure])
people.add_catch(Catch(failed, error_equals=["States.ALL"]))
