"""Whole programs as teams wrote them with the old SDK: several services each, from data to endpoint."""

XGB = """
from sagemaker.model import Model
from sagemaker.transformer import Transformer
xgb = Estimator(
    image_uri="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", role=role, instance_count=1,
    instance_type="ml.m5.2xlarge", volume_size=50, max_run=7200, output_path="s3://churn/models",
    hyperparameters={"objective": "binary:logistic", "num_round": 200, "eta": 0.1}, sagemaker_session=session,
)
"""

DEFINITIONS = {
    "train, register and deploy": XGB
    + """
run = ExecutionInput(schema={"JobName": str, "ModelName": str, "EndpointName": str, "Train": str, "Validation": str})
training = TrainingStep(
    "Train", estimator=xgb, job_name=run["JobName"],
    data={
        "train": TrainingInput("s3://churn/train", content_type="text/csv"),
        "validation": TrainingInput("s3://churn/validation", content_type="text/csv"),
    },
)
model = ModelStep("Save model", model=training.get_expected_model(), model_name=run["ModelName"],
                  result_path="$.ModelStepResults")
config = EndpointConfigStep("Configure endpoint", endpoint_config_name=run["ModelName"], model_name=run["ModelName"],
                            initial_instance_count=1, instance_type="ml.m5.large")
endpoint = EndpointStep("Create endpoint", endpoint_name=run["EndpointName"], endpoint_config_name=run["ModelName"])
definition = Chain([training, model, config, endpoint])
""",
    "an endpoint that is updated when it exists": XGB
    + """
run = ExecutionInput(schema={"ModelName": str, "EndpointName": str, "ModelData": str})
churn = Model(image_uri=xgb.image_uri, model_data="s3://churn/models/best/model.tar.gz", role=role, name="churn",
              env={"SAGEMAKER_PROGRAM": "serve.py"}, sagemaker_session=session)
save = ModelStep("Save model", model=churn, model_name=run["ModelName"], tags={"team": "churn"})
config = EndpointConfigStep("Configure endpoint", endpoint_config_name=run["ModelName"], model_name=run["ModelName"],
                            initial_instance_count=2, instance_type="ml.c5.large", variant_name="main",
                            tags={"team": "churn"})
ask = LambdaStep("Does the endpoint exist?", parameters={
    "FunctionName": "endpoint-exists", "Payload": {"EndpointName": run["EndpointName"]}})
create = EndpointStep("Create endpoint", endpoint_name=run["EndpointName"], endpoint_config_name=run["ModelName"])
update = EndpointStep("Update endpoint", endpoint_name=run["EndpointName"], endpoint_config_name=run["ModelName"],
                      update=True)
exists = Choice("Exists?")
exists.add_choice(ChoiceRule.BooleanEquals(variable=ask.output()["Payload"]["exists"], value=True), next_step=update)
exists.default_choice(next_step=create)
definition = Chain([save, config, ask, exists])
""",
    "batch inference every night": XGB
    + """
run = ExecutionInput(schema={"Day": str, "TransformJob": str, "ModelName": str, "Input": str})
transformer = Transformer(
    model_name="churn", instance_count=2, instance_type="ml.m5.xlarge", strategy="MultiRecord", assemble_with="Line",
    accept="text/csv", max_payload=6, max_concurrent_transforms=4, output_path="s3://churn/scores",
    env={"THRESHOLD": "0.4"}, sagemaker_session=session,
)
export = GlueStartJobRunStep("Export customers", parameters={"JobName": "export-customers", "Arguments": {
    "--day": run["Day"]}}, timeout_seconds=3600)
export.add_retry(Retry(error_equals=["Glue.ConcurrentRunsExceededException"], interval_seconds=60, max_attempts=5,
                       backoff_rate=1.5))
score = TransformStep("Score", transformer=transformer, job_name=run["TransformJob"], model_name=run["ModelName"],
                      data="s3://churn/customers", content_type="text/csv", split_type="Line",
                      input_filter="$[1:]", output_filter="$[0,-1]", join_source="Input")
store = DynamoDBPutItemStep("Remember the run", parameters={"TableName": "runs", "Item": {
    "day": {"S": run["Day"]}, "job": {"S": run["TransformJob"]}}})
tell = SnsPublishStep("Tell", parameters={"TopicArn": "arn:aws:sns:us-east-1:123456789012:scores",
                                          "Message": run["Day"], "Subject": "scores are there"})
definition = Chain([export, score, store, tell])
""",
    "tuning, then the best model": XGB
    + """
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner, IntegerParameter
run = ExecutionInput(schema={"TuningJob": str, "Model": str})
tuner = HyperparameterTuner(
    estimator=xgb, objective_metric_name="validation:auc", max_jobs=20, max_parallel_jobs=4,
    metric_definitions=[{"Name": "validation:auc", "Regex": "validation-auc:([0-9.]+)"}],
    hyperparameter_ranges={"eta": ContinuousParameter(0.01, 0.3), "max_depth": IntegerParameter(3, 9)},
)
tune = TuningStep("Tune", tuner=tuner, job_name=run["TuningJob"], data={
    "train": TrainingInput("s3://churn/train", content_type="text/csv"),
    "validation": TrainingInput("s3://churn/validation", content_type="text/csv")})
best = LambdaStep("Find the best", parameters={
    "FunctionName": "best-training-job", "Payload": {"Job": tune.output()["BestTrainingJob"]["TrainingJobName"]}})
good = Choice("Good enough?")
save = ModelStep("Save it", model=Model(image_uri=xgb.image_uri, model_data="s3://churn/best/model.tar.gz", role=role,
                                        sagemaker_session=session), model_name=run["Model"])
reject = Fail("Not good enough", error="LowAuc", cause="validation:auc is below 0.8")
good.add_choice(ChoiceRule.NumericGreaterThanEquals(variable=best.output()["Payload"]["auc"], value=0.8), save)
good.default_choice(reject)
definition = Chain([tune, best, good])
""",
    "Spark on EMR, then training": XGB
    + """
run = ExecutionInput(schema={"Day": str, "TrainJob": str})
cluster = EmrCreateClusterStep("Create cluster", parameters={
    "Name": "features", "ReleaseLabel": "emr-6.10.0", "ServiceRole": "EMR_DefaultRole",
    "JobFlowRole": "EMR_EC2_DefaultRole", "Applications": [{"Name": "Spark"}], "LogUri": "s3://churn/logs",
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True, "InstanceFleets": [
        {"Name": "master", "InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1,
         "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}]}}, result_path="$.cluster")
protect = EmrSetClusterTerminationProtectionStep("Protect", parameters={
    "ClusterId.$": "$.cluster.ClusterId", "TerminationProtected": True}, result_path=None)
features = EmrAddStepStep("Features", parameters={"ClusterId.$": "$.cluster.ClusterId", "Step": {
    "Name": "features", "ActionOnFailure": "CONTINUE",
    "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://churn/code/features.py"]}}},
    result_path="$.step")
unprotect = EmrSetClusterTerminationProtectionStep("Unprotect", parameters={
    "ClusterId.$": "$.cluster.ClusterId", "TerminationProtected": False}, result_path=None)
end = EmrTerminateClusterStep("Terminate", parameters={"ClusterId.$": "$.cluster.ClusterId"}, result_path=None)
failed = Fail("No features", error="Spark", cause="the Spark step failed")
end_after_failure = EmrTerminateClusterStep("Terminate after failure", parameters={
    "ClusterId.$": "$.cluster.ClusterId"})
end_after_failure.next(failed)
features.add_catch(Catch(error_equals=["States.TaskFailed"], next_step=end_after_failure, result_path="$.error"))
train = TrainingStep("Train", estimator=xgb, job_name=run["TrainJob"],
                     data={"train": TrainingInput("s3://churn/features", content_type="text/libsvm")})
definition = Chain([cluster, protect, features, unprotect, end, train])
""",
    "a person approves in a nested workflow": """
run = ExecutionInput(schema={"Report": str, "Queue": str})
approve = StepFunctionsStartExecutionStep(
    "Ask for approval", integration_pattern=IntegrationPattern.WaitForTaskToken,
    parameters={"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:approval",
                "Input": {"report": run["Report"], "token.$": "$$.Task.Token"}},
    timeout_seconds=86400, heartbeat_seconds=3600)
answered = Choice("Approved?")
promote = StepFunctionsStartExecutionStep(
    "Promote", integration_pattern=IntegrationPattern.WaitForCompletion,
    parameters={"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:promote",
                "Input": {"report": run["Report"], "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID.$": "$$.Execution.Id"}})
audit = StepFunctionsStartExecutionStep(
    "Audit", integration_pattern=IntegrationPattern.CallAndContinue,
    parameters={"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:audit"})
promote.next(audit)
answered.add_choice(ChoiceRule.StringEquals(variable=approve.output()["decision"], value="yes"), promote)
answered.add_choice(ChoiceRule.StringMatches(variable=approve.output()["decision"], value="later*"),
                    SqsSendMessageStep("Remind", parameters={"QueueUrl": run["Queue"], "MessageBody": run["Report"]}))
answered.default_choice(Fail("Refused", error="Refused", cause="a person said no"))
timed_out = Catch(error_equals=["States.Timeout"], next_step=Fail("Nobody answered", error="NoAnswer", cause="a day"))
approve.add_catch(timed_out)
definition = Chain([approve, answered])
""",
    "trainings side by side, the better one wins": XGB
    + """
run = ExecutionInput(schema={"TrainXgb": str, "TrainLinear": str})
linear = Estimator(
    image_uri="382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1", role=role, instance_count=1,
    instance_type="ml.c5.xlarge", output_path="s3://churn/models", sagemaker_session=session,
    hyperparameters={"predictor_type": "binary_classifier", "mini_batch_size": 100},
)
channels = {"train": TrainingInput("s3://churn/train", content_type="text/csv")}
both = Parallel("Train both", result_path="$.trained")
both.add_branch(Chain([
    TrainingStep("Train XGBoost", estimator=xgb, job_name=run["TrainXgb"], data=channels),
    LambdaStep("Score XGBoost", parameters={"FunctionName": "score", "Payload.$": "$"}),
]))
both.add_branch(Chain([
    TrainingStep("Train linear", estimator=linear, job_name=run["TrainLinear"], data=channels),
    LambdaStep("Score linear", parameters={"FunctionName": "score", "Payload.$": "$"}),
]))
both.add_retry(Retry(error_equals=["SageMaker.AmazonSageMakerException"], interval_seconds=30, max_attempts=2,
                     backoff_rate=2.0))
both.add_catch(Catch(error_equals=["States.ALL"],
                     next_step=Fail("Trainings failed", error="Train", cause="see events")))
which = Choice("Which is better?")
which.add_choice(
    ChoiceRule.NumericGreaterThanPath(variable="$.trained[0].Payload.auc", value="$.trained[1].Payload.auc"),
    Pass("XGBoost", result={"winner": "xgboost"}, result_path="$.winner"))
which.default_choice(Pass("Linear", result={"winner": "linear"}, result_path="$.winner"))
definition = Chain([both, which])
""",
    "one training for every data set": XGB
    + """
each = StepInput(schema={"name": str, "uri": str, "params": dict})
train = TrainingStep("Train one", estimator=xgb, job_name=each["name"], data=each["uri"],
                     hyperparameters=each["params"], result_path="$.job")
keep = Pass("Keep the artifact", parameters={"name.$": "$.name",
                                             "model.$": "$.job.ModelArtifacts.S3ModelArtifacts"})
train.add_catch(Catch(error_equals=["SageMaker.AmazonSageMakerException", "States.TaskFailed"], result_path="$.error",
                      next_step=Pass("Skip it", result="skipped")))
definition = Chain([
    LambdaStep("List data sets", parameters={"FunctionName": "list-data-sets"}, output_path="$.Payload"),
    Map("Every data set", iterator=Chain([train, keep]), items_path="$.sets", max_concurrency=3,
        parameters={"name.$": "$$.Map.Item.Value.name", "uri.$": "$$.Map.Item.Value.uri",
                    "params.$": "$.params"}, result_path="$.models"),
    LambdaStep("Report", parameters={"FunctionName": "report", "Payload": {"models.$": "$.models"}}),
])
""",
    "drift decides whether to train again": XGB
    + """
run = ExecutionInput(schema={"CheckJob": str, "TrainJob": str})
check = ProcessingStep(
    "Measure drift", job_name=run["CheckJob"],
    processor=Processor(image_uri=image, role=role, instance_count=1, instance_type="ml.m5.large",
                        entrypoint=["python3", "/opt/ml/processing/code/drift.py"], env={"METHOD": "psi"},
                        max_runtime_in_seconds=900, sagemaker_session=session),
    inputs=[ProcessingInput(source="s3://churn/captured", destination="/opt/ml/processing/in", input_name="captured"),
            ProcessingInput(source="s3://churn/code/drift.py", destination="/opt/ml/processing/code",
                            input_name="code")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination="s3://churn/drift", output_name="drift")],
)
read = LambdaStep("Read drift", parameters={"FunctionName": "read-json", "Payload": {"uri": "s3://churn/drift/psi.json"}})
drift = read.output()["Payload"]["psi"]
decide = Choice("How much?")
train = TrainingStep("Train again", estimator=xgb, job_name=run["TrainJob"], data="s3://churn/captured")
page = EventBridgePutEventsStep("Tell the event bus", parameters={"Entries": [
    {"Source": "churn", "DetailType": "drift", "Detail": {"psi": drift}, "EventBusName": "ml"}]})
decide.add_choice(ChoiceRule.And([ChoiceRule.IsNumeric(variable=drift, value=True),
                                  ChoiceRule.NumericGreaterThan(variable=drift, value=0.25)]), train)
decide.add_choice(ChoiceRule.And([ChoiceRule.NumericGreaterThan(variable=drift, value=0.1),
                                  ChoiceRule.NumericLessThanEquals(variable=drift, value=0.25)]), page)
decide.add_choice(ChoiceRule.Not(ChoiceRule.IsPresent(variable=drift, value=True)),
                  Fail("No measure", error="NoDrift", cause="psi.json has no psi"))
decide.default_choice(Succeed("All quiet"))
definition = Chain([check, read, decide])
""",
    "a job that is asked again and again": """
start = BatchSubmitJobStep("Start simulation", wait_for_completion=False, result_path="$.job", parameters={
    "JobName": "simulate", "JobQueue": "arn:aws:batch:us-east-1:123456789012:job-queue/gpu",
    "JobDefinition": "arn:aws:batch:us-east-1:123456789012:job-definition/simulate:7",
    "ContainerOverrides": {"Environment": [{"Name": "SEED", "Value": "42"}]}})
wait = Wait("A minute", seconds=60)
ask = LambdaStep("Ask", parameters={"FunctionName": "batch-status", "Payload": {"id.$": "$.job.JobId"}},
                 result_path="$.status", heartbeat_seconds=20, timeout_seconds=30)
ask.add_retry(Retry(error_equals=["Lambda.ServiceException", "Lambda.SdkClientException"], interval_seconds=2,
                    max_attempts=6, backoff_rate=2.0))
done = Choice("Done?")
done.add_choice(ChoiceRule.StringEquals("$.status.Payload.state", "SUCCEEDED"), Succeed("Simulated"))
done.add_choice(ChoiceRule.Or([ChoiceRule.StringEquals("$.status.Payload.state", "FAILED"),
                               ChoiceRule.TimestampLessThanPath("$.deadline", "$$.State.EnteredTime")]),
                Fail("Not simulated", error="Simulation", cause="failed, or too late"))
done.default_choice(wait)
definition = Chain([start, wait, ask, done])
""",
    "containers on ECS and Kubernetes": """
run = ExecutionInput(schema={"Image": str, "Rows": int})
fetch = EcsRunTaskStep("Fetch", parameters={
    "LaunchType": "FARGATE", "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/data", "TaskDefinition": "fetch:3",
    "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "DISABLED"}},
    "Overrides": {"ContainerOverrides": [{"Name": "fetch", "Environment": [
        {"Name": "ROWS", "Value": run["Rows"]}]}]}}, result_path=None, timeout_seconds=1800)
train = EksRunJobStep("Train on Kubernetes", integration_pattern=IntegrationPattern.WaitForCompletion, parameters={
    "ClusterName": "research", "CertificateAuthority": "ca", "Endpoint": "https://k8s.example.com",
    "LogOptions": {"RetrieveLogs": True},
    "Job": {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "train"}, "spec": {
        "backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", "containers": [
            {"name": "train", "image": run["Image"], "command": ["python3", "train.py"]}]}}}}})
pods = EksCallStep("List pods", parameters={"ClusterName": "research", "CertificateAuthority": "ca",
    "Endpoint": "https://k8s.example.com", "Method": "GET", "Path": "/api/v1/namespaces/default/pods"})
definition = Chain([fetch, train, pods])
""",
    "clean with DataBrew and compare before publishing": """
run = ExecutionInput(schema={"Recipe": str, "Job": str, "Owner": str})
clean = GlueDataBrewStartJobRunStep("Clean", parameters={"Name": run["Recipe"]})
compare = ProcessingStep(
    "Compare", job_name=run["Job"],
    processor=ScriptProcessor(command=["python3"], image_uri=image, role=role, instance_count=1,
                              instance_type="ml.t3.large", base_job_name="compare", sagemaker_session=session),
    inputs=[ProcessingInput(source="s3://brew/old", destination="/opt/ml/processing/old", input_name="old"),
            ProcessingInput(source="s3://brew/new", destination="/opt/ml/processing/new", input_name="new",
                            s3_input_mode="File", s3_data_type="S3Prefix")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/report", destination="s3://brew/report",
                              output_name="report")],
    container_entrypoint=["python3", "/opt/ml/processing/code/compare.py"],
    container_arguments=["--tolerance", "0.01"], experiment_config={"ExperimentName": "brew"},
    tags={"owner": "data"}, wait_for_completion=True)
last = DynamoDBGetItemStep("Last published", parameters={"TableName": "published", "Key": {"recipe": {
    "S": run["Recipe"]}}}, result_path="$.last")
count = DynamoDBUpdateItemStep("Count", parameters={"TableName": "published", "Key": {"recipe": {"S": run["Recipe"]}},
    "UpdateExpression": "SET runs = runs + :one", "ExpressionAttributeValues": {":one": {"N": "1"}}})
forget = DynamoDBDeleteItemStep("Unlock", parameters={"TableName": "locks", "Key": {"recipe": {"S": run["Recipe"]}}})
definition = Chain([clean, compare, last, count, forget])
""",
    "two workflows' steps from one function": """
def notify(name, message):
    return LambdaStep(name, parameters={"FunctionName": "slack", "Payload": {"text": message}},
                      result_path=None, retry=[Retry(error_equals=["States.ALL"], max_attempts=2)])

def guarded(step, failed):
    step.add_retry([Retry(error_equals=["SageMaker.AmazonSageMakerException"], interval_seconds=60, max_attempts=3),
                    Retry(error_equals=["States.Timeout"], max_attempts=0)])
    step.add_catch(Catch(error_equals=["States.ALL"], next_step=failed, result_path="$.error"))
    return step

run = ExecutionInput(schema={"jobs": {"a": str, "b": str}, "note": str})
processor = Processor(image_uri=image, role=role, instance_count=1, instance_type="ml.m5.large",
                      volume_size_in_gb=10, sagemaker_session=session)
data = dict(
    inputs=[ProcessingInput(source="s3://data/in", destination="/opt/ml/processing/in", input_name="in")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination="s3://data/out", output_name="out")],
)
failed = Chain([notify("Tell failure", "it failed"), Fail("Failed", error="E", cause="a step failed")])
first = guarded(ProcessingStep("A", processor=processor, job_name=run["jobs"]["a"], **data), failed)
second = guarded(ProcessingStep("B", processor=processor, job_name=run["jobs"]["b"], **data,
                                container_arguments=["--last"]), failed)
definition = Chain([first, second, notify("Tell success", run["note"]), Succeed("Over")])
""",
    "wait for the day the data arrives": XGB
    + """
run = ExecutionInput(schema={"ArrivesAt": str, "Train": bool, "TrainJob": str})
start = Pass("Start", parameters={"at": run["ArrivesAt"], "train": run["Train"]}, comment="what the schedule sent")
until = Wait("Until it arrives", timestamp_path="$.at")
wanted = Choice("Train?", comment="a dry run only lists")
train = TrainingStep("Train", estimator=xgb, job_name=run["TrainJob"], data="s3://churn/train",
                     wait_for_completion=False, tags={"kind": "scheduled"}, comment="goes on by itself",
                     output_data_config_path="s3://churn/scheduled")
wanted.add_choice(ChoiceRule.BooleanEquals(variable=start.output()["train"], value=True), train)
wanted.default_choice(LambdaStep("List", parameters={"FunctionName": "list", "Payload": {"at.$": "$.at"}}))
definition = Chain([start, until, wanted])
""",
    "a loop inside a map inside a parallel": """
inner = Choice("Enough?")
again = Pass("Again", parameters={"n.$": "States.MathAdd($.n, 1)"})
inner.add_choice(ChoiceRule.NumericGreaterThanEquals("$.n", 3), Succeed("Counted"))
inner.default_choice(again)
again.next(inner)
counted = Map("Count each", items_path="$.list", max_concurrency=1,
              iterator=Chain([Pass("Zero", result={"n": 0}), inner]))
side = Parallel("Side by side", input_path="$.in", output_path="$[0]", parameters={"list.$": "$.numbers"})
side.add_branch(counted)
side.add_branch(Wait("A moment", seconds=1))
definition = Chain([side, Succeed("All counted")])
""",
}

DIFFERENCES = {
    "drift decides whether to train again": (
        "a processor's own `entrypoint`",
        {
            "/States/Measure drift/Parameters/AppSpecification/ContainerEntrypoint": [
                "python3",
                "/opt/ml/processing/code/drift.py",
            ]
        },
    ),
}
