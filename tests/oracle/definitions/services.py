"""Workflows around other services, and steps that teams derived from the old SDK's own."""

OWN = """
from enum import Enum
from stepfunctions.steps.fields import Field
from stepfunctions.steps.integration_resources import (
    IntegrationPattern, get_service_integration_arn, is_integration_pattern_valid)
from stepfunctions.steps.states import Task

class AthenaApi(Enum):
    StartQueryExecution = "startQueryExecution"
    GetQueryResults = "getQueryResults"

class AthenaQueryStep(Task):
    def __init__(self, state_id, wait_for_completion=True, **kwargs):
        pattern = IntegrationPattern.WaitForCompletion if wait_for_completion else IntegrationPattern.CallAndContinue
        is_integration_pattern_valid(
            pattern, [IntegrationPattern.WaitForCompletion, IntegrationPattern.CallAndContinue])
        kwargs[Field.Resource.value] = get_service_integration_arn("athena", AthenaApi.StartQueryExecution, pattern)
        super(AthenaQueryStep, self).__init__(state_id, **kwargs)
"""

DEFINITIONS = {
    "a step of one's own": OWN
    + """
query = AthenaQueryStep("Query", parameters={
    "QueryString": "select 1", "WorkGroup": "primary", "ResultConfiguration": {"OutputLocation": "s3://q/out"}},
    timeout_seconds=600, result_path="$.query",
    catch=Catch(error_equals=["States.ALL"], next_step=Fail("Query failed")))
read = Task("Read", resource=get_service_integration_arn("athena", AthenaApi.GetQueryResults), parameters={
    "QueryExecutionId": query.output()["query"]["QueryExecution"]["QueryExecutionId"]})
later = AthenaQueryStep("Query in the dark", wait_for_completion=False, parameters={"QueryString": "select 2"})
definition = Chain([query, read, later])
""",
    "a step of one's own with an argument of its own": OWN
    + """
class Notify(SnsPublishStep):
    def __init__(self, state_id, topic, text, **kwargs):
        kwargs.setdefault("comment", f"tells {topic}")
        super().__init__(state_id, parameters={"TopicArn": topic, "Message": text}, **kwargs)

run = ExecutionInput(schema={"who": str})
definition = Chain([Notify("Tell", "arn:aws:sns:us-east-1:123456789012:ml", run["who"], result_path=None),
                    Notify("Tell again", "arn:aws:sns:us-east-1:123456789012:ml", "done", comment="the last word")])
""",
    "arns with versions": OWN
    + """
class StatesApi(Enum):
    StartExecution = "startExecution"

sync, token = IntegrationPattern.WaitForCompletion, IntegrationPattern.WaitForTaskToken
definition = Chain([
    Task("Plain", resource=get_service_integration_arn("states", StatesApi.StartExecution), parameters={"A.$": "$.a"}),
    Task("First", resource=get_service_integration_arn("states", StatesApi.StartExecution, sync, 1)),
    Task("Second", resource=get_service_integration_arn(service="states", api=StatesApi.StartExecution,
                                                        integration_pattern=sync, version=2)),
    Task("Token", resource=get_service_integration_arn("states", StatesApi.StartExecution, integration_pattern=token),
         parameters={"Token.$": "$$.Task.Token"}),
])
""",
    "a lock in a table": """
run = ExecutionInput(schema={"job": str})
key = {"TableName": "locks", "Key": {"job": {"S": run["job"]}}}
take = DynamoDBPutItemStep("Take lock", result_path=None, parameters={
    "TableName": "locks", "Item": {"job": {"S": run["job"]}, "by": {"S.$": "$$.Execution.Name"}},
    "ConditionExpression": "attribute_not_exists(job)"},
    retry=Retry(error_equals=["DynamoDB.ConditionalCheckFailedException"], interval_seconds=60, max_attempts=60))
look = DynamoDBGetItemStep("Look", parameters={**key, "ConsistentRead": True}, result_path="$.lock")
beat = DynamoDBUpdateItemStep("Beat", result_path=None, parameters={
    **key, "UpdateExpression": "SET beat = :now",
    "ExpressionAttributeValues": {":now": {"S.$": "$$.State.EnteredTime"}}})
give = DynamoDBDeleteItemStep("Give lock back", parameters=key, result_path=None)
work = LambdaStep("Work", parameters={"FunctionName": "work"},
                  catch=Catch(error_equals=["States.ALL"], next_step=give, result_path="$.error"))
definition = Chain([take, look, beat, work, give])
""",
    "a queue and somebody who answers": """
run = ExecutionInput(schema={"queue": str, "claim": {"id": int, "text": str}})
ask = SqsSendMessageStep("Ask", wait_for_callback=True, timeout_seconds=86400, heartbeat_seconds=3600, parameters={
    "QueueUrl": run["queue"], "MessageBody": {"token.$": "$$.Task.Token", "claim": run["claim"]},
    "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "claim"}}})
late = SnsPublishStep("Nobody answered", parameters={
    "TopicArn": "arn:aws:sns:us-east-1:123456789012:late", "Message": run["claim"]["text"], "Subject": "late"})
ask.add_catch(Catch(error_equals=["States.Timeout", "States.HeartbeatTimeout"], next_step=late))
tell = EventBridgePutEventsStep("Tell", parameters={"Entries": [
    {"Source": "claims", "DetailType": "answered", "EventBusName": "claims",
     "Detail": {"answer": ask.output()["answer"], "id": run["claim"]["id"]}}]})
definition = Chain([ask, tell])
""",
    "glue, databrew and batch one after another": """
run = ExecutionInput(schema={"day": str, "rows": int})
clean = GlueDataBrewStartJobRunStep("Clean", parameters={"Name": "clean"},
                                    integration_pattern=IntegrationPattern.WaitForCompletion)
join = GlueStartJobRunStep("Join", wait_for_completion=True, parameters={
    "JobName": "join", "Arguments": {"--day": run["day"], "--enable-metrics": "true"}, "Timeout": 60})
simulate = BatchSubmitJobStep("Simulate", timeout_seconds_path="$.limits.simulate", parameters={
    "JobName": "simulate", "JobQueue": "high", "JobDefinition": "simulate:3",
    "ArrayProperties": {"Size": run["rows"]}, "Parameters": {"day": run["day"]},
    "ContainerOverrides": {"Command": ["python", "run.py", "--all"], "Environment": [
        {"Name": "DAY", "Value": run["day"]}, {"Name": "MODE", "Value": "full"}]}})
start = GlueStartJobRunStep("Start crawl", wait_for_completion=False, parameters={"JobName": "crawl"})
definition = Chain([clean, join, simulate, start])
""",
    "a fargate task with a token": """
task = EcsRunTaskStep("Fetch", wait_for_completion=True, heartbeat_seconds_path="$.beat", parameters={
    "LaunchType": "FARGATE", "Cluster": "data", "TaskDefinition.$": "$.definition",
    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["a", "b"], "SecurityGroups.$": "$.groups"}},
    "Overrides": {"ContainerOverrides": [{"Name": "fetch", "Command.$": "$.commands"}]}})
left = EcsRunTaskStep("Leave running", wait_for_completion=False, parameters={"TaskDefinition": "serve"})
definition = Chain([task, left])
""",
    "a kubernetes cluster from birth to death": """
run = ExecutionInput(schema={"cluster": str, "role": str})
named = {"ClusterName": run["cluster"]}
create = EksCreateClusterStep("Create", parameters={
    "Name": run["cluster"], "RoleArn": run["role"],
    "ResourcesVpcConfig": {"SubnetIds": ["subnet-1", "subnet-2"]}}, result_path="$.eks")
nodes = EksCreateNodegroupStep("Add nodes", result_path=None, parameters={
    **named, "NodegroupName": "nodes", "NodeRole": run["role"], "Subnets": ["subnet-1"]})
profile = EksCreateFargateProfileStep("Add profile", result_path=None, parameters={
    **named, "FargateProfileName": "jobs", "PodExecutionRoleArn": run["role"],
    "Selectors": [{"Namespace": "jobs", "Labels": {"app": "job"}}]})
reach = {"CertificateAuthority.$": "$.eks.Cluster.CertificateAuthority.Data", "Endpoint.$": "$.eks.Cluster.Endpoint"}
job = EksRunJobStep("Run", result_path="$.job", parameters={
    **named, **reach, "LogOptions": {"RetrieveLogs": True},
    "Job": {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "pi"}, "spec": {"backoffLimit": 0}}})
pods = EksCallStep("Pods", result_path=None, parameters={
    **named, **reach, "Method": "GET", "Path": "/api/v1/namespaces/default/pods",
    "QueryParameters": {"labelSelector": ["job-name=pi"]}})
calls = IntegrationPattern.CallAndContinue
gone = [EksDeleteFargateProfileStep("Remove profile", parameters={**named, "FargateProfileName": "jobs"}),
        EksDeleteNodegroupStep("Remove nodes", parameters={**named, "NodegroupName": "nodes"}),
        EksDeleteClusterStep("Remove", calls, parameters={"Name": run["cluster"]})]
definition = Chain([create, nodes, profile, job, pods, *gone])
""",
    "an EMR cluster that is resized": """
run = ExecutionInput(schema={"nodes": int})
create = EmrCreateClusterStep("Create", result_path="$.cluster", parameters={
    "Name": "etl", "ReleaseLabel": "emr-6.15.0", "Applications": [{"Name": "Spark"}], "VisibleToAllUsers": True,
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [
        {"InstanceRole": "MASTER", "InstanceCount": 1, "InstanceType": "m5.xlarge"}]}})
cluster = {"ClusterId": create.output()["cluster"]["ClusterId"]}
grow = EmrModifyInstanceGroupByNameStep("Grow", result_path=None, parameters={
    **cluster, "InstanceGroupName": "core", "InstanceGroup": {"InstanceCount": run["nodes"]}})
fleet = EmrModifyInstanceFleetByNameStep("Grow fleet", result_path=None, parameters={
    "ClusterId.$": "$.cluster.ClusterId", "InstanceFleetName": "task", "InstanceFleet": {"TargetSpotCapacity": 4}})
add = EmrAddStepStep("Add", wait_for_completion=False, result_path="$.step", parameters={
    "ClusterId.$": "$.cluster.ClusterId", "Step": {
        "Name": "etl", "ActionOnFailure": "CONTINUE", "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["ls"]}}})
cancel = EmrCancelStepStep("Cancel", result_path=None, parameters={
    "ClusterId.$": "$.cluster.ClusterId", "StepId.$": "$.step.StepId"})
end = EmrTerminateClusterStep("End", wait_for_completion=False, parameters={"ClusterId.$": "$.cluster.ClusterId"})
definition = Chain([create, grow, fleet, add, cancel, end])
""",
    "workflows that start workflows": """
run = ExecutionInput(schema={"children": list, "machine": str})
child = StepFunctionsStartExecutionStep("Run child", output_path="$.Output", parameters={
    "StateMachineArn": run["machine"], "Name.$": "$.name",
    "Input": {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id", "item.$": "$.item"}})
every = Map("Every child", iterator=child, items_path="$.children", max_concurrency=3)
leave = StepFunctionsStartExecutionStep("Leave running", integration_pattern=IntegrationPattern.CallAndContinue,
                                        parameters={"StateMachineArn": run["machine"]})
definition = Chain([every, leave])
""",
    "a function that answers later": """
wait = LambdaStep("Ask", wait_for_callback=True, heartbeat_seconds=60, timeout_seconds=3600, parameters={
    "FunctionName": "arn:aws:lambda:us-east-1:123456789012:function:ask:live",
    "Payload": {"token.$": "$$.Task.Token", "input.$": "$"}})
plain = LambdaStep("Go on", False, parameters={"FunctionName": "go", "InvocationType": "Event"}, input_path="$.go")
definition = Chain([wait, plain])
""",
}
