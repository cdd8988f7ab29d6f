"""Every step that calls a service, twice: once with all that is said in numbers, once by paths."""

EVERYTHING = """
run = ExecutionInput(schema={"name": str, "uri": str, "rows": int, "deep": {"arn": str}})
failed = Fail("Failed", error="Service", cause="the service failed")
numbers = dict(
    comment="limits in numbers", timeout_seconds=600, heartbeat_seconds=60, input_path="$.given", output_path="$.kept",
    result_path="$.answer", output_schema={"answer": dict},
    retry=Retry(error_equals=["States.Timeout"], interval_seconds=5, max_attempts=2, backoff_rate=1.5),
    catch=Catch(error_equals=["States.ALL"], result_path="$.error", next_step=failed),
)
paths = dict(
    comment="limits by paths", timeout_seconds_path="$.limits.timeout", heartbeat_seconds_path="$.limits.heartbeat",
    result_path=None, retry=[Retry(error_equals=["A", "B"]), Retry(error_equals=["States.ALL"], max_attempts=0)],
    catch=[Catch(error_equals=["A"], next_step=Succeed("Over")), Catch(error_equals=["States.ALL"], next_step=failed)],
)
"""


def twice(step: str, parameters: str, first: str = "", second: str = "") -> str:
    """The step with everything; `first` and `second` are what it alone takes."""
    return f"""{EVERYTHING}
parameters = {parameters}
first = {step}("By numbers", parameters=parameters, {first}**numbers)
second = {step}("By paths", parameters={{"before": first.output()["answer"], **parameters}}, {second}**paths)
definition = Chain([first, second])
"""


SYNC = ("wait_for_completion=True, ", "wait_for_completion=False, ")
TOKEN = ("wait_for_callback=False, ", "wait_for_callback=True, ")
PATTERN = (
    "integration_pattern=IntegrationPattern.WaitForCompletion, ",
    "integration_pattern=IntegrationPattern.CallAndContinue, ",
)
CALL = ("", "integration_pattern=IntegrationPattern.CallAndContinue, ")
KEY = '{"TableName": "runs", "Key": {"id": {"S": run["name"]}}}'
FLEET = '{"ClusterId.$": "$.cluster", "InstanceFleetName": "f", "InstanceFleet": {"TargetSpotCapacity": run["rows"]}}'
GROUP = '{"ClusterId.$": "$.cluster", "InstanceGroupName": "core", "InstanceGroup": {"InstanceCount": run["rows"]}}'
KUBERNETES = '{"ClusterName": run["name"], "CertificateAuthority": "ca", "Endpoint": run["uri"]'
SERVICES = {
    "BatchSubmitJobStep": ('{"JobName": run["name"], "JobQueue": run["deep"]["arn"], "JobDefinition": "d"}', *SYNC),
    "DynamoDBDeleteItemStep": (KEY,),
    "DynamoDBGetItemStep": (KEY,),
    "DynamoDBPutItemStep": ('{"TableName": "runs", "Item": {"id": {"S": run["name"]}, "l": {"L": [{"N": "1"}]}}}',),
    "DynamoDBUpdateItemStep": (
        '{"TableName": "runs", "Key": {"id": {"S": run["name"]}}, "UpdateExpression": "SET n = :n", '
        '"ExpressionAttributeValues": {":n": {"N.$": "States.Format(\'{}\', $.n)"}}}',
    ),
    "EcsRunTaskStep": ('{"LaunchType": "FARGATE", "Cluster": run["deep"]["arn"], "TaskDefinition": "t:1"}', *SYNC),
    "EksCallStep": (
        KUBERNETES + ', "Method": "POST", "Path": "/api", "RequestBody": {"a": [{"b": run["rows"]}]}}',
        *CALL,
    ),
    "EksCreateClusterStep": ('{"Name": run["name"], "RoleArn": run["deep"]["arn"]}', *PATTERN),
    "EksCreateFargateProfileStep": ('{"ClusterName": run["name"], "FargateProfileName": "f"}', *PATTERN),
    "EksCreateNodegroupStep": ('{"ClusterName": run["name"], "NodegroupName": "n", "Subnets": ["s-1"]}', *PATTERN),
    "EksDeleteClusterStep": ('{"Name": run["name"]}', *PATTERN),
    "EksDeleteFargateProfileStep": ('{"ClusterName": run["name"], "FargateProfileName": "f"}', *PATTERN),
    "EksDeleteNodegroupStep": ('{"ClusterName": run["name"], "NodegroupName": "n"}', *PATTERN),
    "EksRunJobStep": (KUBERNETES + ', "Job": {"kind": "Job", "metadata": {"name": "j"}}}', *PATTERN),
    "EmrAddStepStep": (
        '{"ClusterId.$": "$.cluster", "Step": {"Name": run["name"], "HadoopJarStep": {"Jar": "j"}}}',
        *SYNC,
    ),
    "EmrCancelStepStep": ('{"ClusterId.$": "$.cluster", "StepId": run["name"]}',),
    "EmrCreateClusterStep": ('{"Name": run["name"], "ServiceRole": "r", "Tags": [{"Key": "a", "Value": "b"}]}', *SYNC),
    "EmrModifyInstanceFleetByNameStep": (FLEET,),
    "EmrModifyInstanceGroupByNameStep": (GROUP,),
    "EmrSetClusterTerminationProtectionStep": ('{"ClusterId.$": "$.cluster", "TerminationProtected": True}',),
    "EmrTerminateClusterStep": ('{"ClusterId.$": "$.cluster"}', *SYNC),
    "EventBridgePutEventsStep": (
        '{"Entries": [{"Source": "ml", "DetailType": "t", "Detail": {"uri": run["uri"], "token.$": "$$.Task.Token"}}]}',
        *TOKEN,
    ),
    "GlueDataBrewStartJobRunStep": ('{"Name": run["name"]}', *PATTERN),
    "GlueStartJobRunStep": ('{"JobName": run["name"], "Arguments": {"--uri": run["uri"]}}', *SYNC),
    "LambdaStep": ('{"FunctionName": run["deep"]["arn"], "Payload": {"token.$": "$$.Task.Token"}}', *TOKEN),
    "SnsPublishStep": ('{"TopicArn": run["deep"]["arn"], "Message": {"token.$": "$$.Task.Token"}}', *TOKEN),
    "SqsSendMessageStep": ('{"QueueUrl": run["uri"], "MessageBody": {"token.$": "$$.Task.Token"}}', *TOKEN),
    "StepFunctionsStartExecutionStep": (
        '{"StateMachineArn": run["deep"]["arn"], "Name": run["name"], "Input": {"token.$": "$$.Task.Token"}}',
        PATTERN[0],
        "integration_pattern=IntegrationPattern.WaitForTaskToken, ",
    ),
    "Task": (
        '{"Bucket": run["name"], "Key": run["uri"]}',
        'resource="arn:aws:states:::aws-sdk:s3:getObject", ',
        'resource="arn:aws:lambda:us-east-1:123456789012:function:read", ',
    ),
}

DEFINITIONS = {f"{step} with everything": twice(step, *given) for step, given in SERVICES.items()}
