"""One request per integration, with names that only the run knows where users have them: what the golden policies are
of."""

from __future__ import annotations

from typing import Any

STATES = "arn:aws:states:::"
JOB_NAME = "{% 'digits-train-' & $substring($hash($states.context.Execution.Id, 'MD5'), 0, 12) %}"
BUCKET = "${Bucket}"


def task(resource: str, **arguments: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": STATES + resource, "Arguments": arguments, "End": True}


def training(resource: str) -> dict[str, Any]:
    return task(
        resource,
        TrainingJobName=JOB_NAME,
        AlgorithmSpecification={"TrainingImage": "${Image}", "TrainingInputMode": "File"},
        HyperParameters={"sagemaker_submit_directory": f'"s3://{BUCKET}/stepmill/code/1f/sourcedir.tar.gz"'},
        InputDataConfig=[
            {"ChannelName": "a", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in/"}}},
            {"ChannelName": "b", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "{% $uri %}"}}},
        ],
        OutputDataConfig={"S3OutputPath": f"{{% 's3://{BUCKET}/digits/' & $states.context.Execution.Name %}}"},
        CheckpointConfig={"S3Uri": f"s3://{BUCKET}/checkpoints/digits"},
        RoleArn="${JobRole}",
    )


def processing(resource: str) -> dict[str, Any]:
    return task(
        resource,
        ProcessingJobName="digits-preprocess",
        ProcessingInputs=[{"InputName": "in", "S3Input": {"S3Uri": f"s3://{BUCKET}/raw"}}],
        ProcessingOutputConfig={"Outputs": [{"OutputName": "out", "S3Output": {"S3Uri": f"s3://{BUCKET}/out/train"}}]},
        AppSpecification={"ImageUri": "763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-training:2.4-cpu"},
        RoleArn="${JobRole}",
    )


def path_task(resource: str, **parameters: Any) -> dict[str, Any]:
    """A Task of a JSONPath state."""
    return {"Type": "Task", "QueryLanguage": "JSONPath", "Resource": STATES + resource, "Parameters": parameters}


REQUESTS: dict[str, dict[str, Any]] = {
    "sagemaker-training": training("sagemaker:createTrainingJob"),
    "sagemaker-training-sync": training("sagemaker:createTrainingJob.sync"),
    "sagemaker-processing": processing("sagemaker:createProcessingJob"),
    "sagemaker-processing-sync": processing("sagemaker:createProcessingJob.sync"),
    "sagemaker-training-jsonpath": path_task(
        "sagemaker:createTrainingJob.sync",
        **{
            "TrainingJobName.$": "States.Format('digits-{}-{}', $$.Execution.Name, $.n)",
            "InputDataConfig.$": "$.channels",
            "OutputDataConfig": {"S3OutputPath.$": "States.Format('s3://${Bucket}/digits/{}', $$.Execution.Name)"},
            "AlgorithmSpecification": {"TrainingImage.$": "$.image"},
            "RoleArn": "${JobRole}",
        },
    ),
    "sagemaker-transform-sync": task("sagemaker:createTransformJob.sync", TransformJobName="{% 'score-' & $n %}"),
    "sagemaker-tuning-sync": task(
        "sagemaker:createHyperParameterTuningJob.sync",
        HyperParameterTuningJobName="{% 'tune-' & $n %}",
        TrainingJobDefinition={"RoleArn": "${JobRole}"},
    ),
    "sagemaker-labeling-sync": task(
        "sagemaker:createLabelingJob.sync", LabelingJobName="label", RoleArn="arn:aws:iam::111122223333:role/label"
    ),
    "sagemaker-model": task("sagemaker:createModel", ModelName="{% 'digits-' & $n %}", ExecutionRoleArn="${JobRole}"),
    "sagemaker-endpoint-config": task("sagemaker:createEndpointConfig", EndpointConfigName="{% 'digits-' & $n %}"),
    "sagemaker-endpoint": task("sagemaker:createEndpoint", EndpointName="digits", EndpointConfigName="{% $config %}"),
    "sagemaker-update-endpoint": task(
        "sagemaker:updateEndpoint", EndpointName="digits", EndpointConfigName="{% 'digits-' & $n %}"
    ),
    "lambda-function": task("lambda:invoke", FunctionName="${NotifyFunction}"),
    "lambda-name-and-version": task("lambda:invoke", FunctionName="notify", Qualifier="live"),
    "lambda-token": task("lambda:invoke.waitForTaskToken", FunctionName="{% 'ask-' & $who %}"),
    "lambda-arn": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111122223333:function:tell:3", "End": True},
    "sns-topic": task("sns:publish", TopicArn="arn:aws:sns:us-east-1:111122223333:done", Message="done"),
    "sns-endpoint-and-phone": task("sns:publish", PhoneNumber="+4100000000", Message="done"),
    "sqs-queue": task(
        "sqs:sendMessage", QueueUrl="https://sqs.eu-west-1.amazonaws.com/111122223333/orders", MessageBody="x"
    ),
    "sqs-token": task("sqs:sendMessage.waitForTaskToken", QueueUrl="{% $queue %}", MessageBody="x"),
    "dynamodb-get": task("dynamodb:getItem", TableName="runs", Key={}),
    "dynamodb-put": task("dynamodb:putItem", TableName="{% 'runs-' & $stage %}", Item={}),
    "dynamodb-update": task("dynamodb:updateItem", TableName="${Table}", Key={}),
    "dynamodb-delete": task(
        "dynamodb:deleteItem", TableName="arn:aws:dynamodb:us-east-1:111122223333:table/runs", Key={}
    ),
    "events-put": task(
        "events:putEvents",
        Entries=[{"Source": "digits"}, {"EventBusName": "models"}, {"EventBusName": "{% 'team-' & $team %}"}],
    ),
    "events-put-unknown": task("events:putEvents", Entries="{% $entries %}"),
    "states-start": task("states:startExecution", StateMachineArn="${Child}"),
    "states-start-sync": task(
        "states:startExecution.sync:2", StateMachineArn="arn:aws:states:us-east-1:111122223333:stateMachine:child:live"
    ),
    "states-start-sync-unknown": task("states:startExecution.sync", StateMachineArn="{% $machine %}"),
    "s3-list": task("aws-sdk:s3:listObjectsV2", Bucket=BUCKET, Prefix="digits/"),
    "s3-list-dynamic": task("aws-sdk:s3:listObjectsV2", Bucket=BUCKET, Prefix="{% 'digits/' & $day %}"),
    "s3-get": task("aws-sdk:s3:getObject", Bucket=BUCKET, Key="{% 'digits/' & $name & '/report.json' %}"),
    "s3-get-any": task("aws-sdk:s3:getObject", Bucket="{% $bucket %}", Key="{% $key %}"),
    "s3-put": task("aws-sdk:s3:putObject", Bucket=BUCKET, Key="digits/experiments.csv", Body="x"),
    "s3-head": task("aws-sdk:s3:headObject", Bucket=BUCKET, Key="a.csv"),
    "s3-copy": task("aws-sdk:s3:copyObject", Bucket=BUCKET, Key="live/model.tar.gz", CopySource=f"/{BUCKET}/new.gz"),
    "s3-delete": task("aws-sdk:s3:deleteObject", Bucket=BUCKET, Key="a.csv"),
    "s3-delete-several": task("aws-sdk:s3:deleteObjects", Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}]}),
    "s3-buckets": task("aws-sdk:s3:listBuckets"),
    "sdk-sagemaker-describe": task("aws-sdk:sagemaker:describeTrainingJob", TrainingJobName="{% $job %}"),
    "sdk-sagemaker-list": task("aws-sdk:sagemaker:listTrainingJobs"),
    "sdk-sagemaker-package": task(
        "aws-sdk:sagemaker:createModelPackage", ModelPackageGroupName="digits", Tags=[{"Key": "a", "Value": "b"}]
    ),
    "sdk-sagemaker-pipeline": task(
        "aws-sdk:sagemaker:createPipeline", PipelineName="p", RoleArn="arn:aws:iam::111122223333:role/p"
    ),
    "sdk-lambda-invoke": task("aws-sdk:lambda:invoke", FunctionName="notify"),
    "sdk-sfn-start": task("aws-sdk:sfn:startExecution", StateMachineArn="${Child}"),
    "sdk-token": task("aws-sdk:sfn:sendTaskSuccess", TaskToken="{% $token %}", Output="{}"),
    "sdk-dynamodb-query": task("aws-sdk:dynamodb:query", TableName="runs", IndexName="by-day"),
    "sdk-secret": task("aws-sdk:secretsmanager:getSecretValue", SecretId="slack"),
    "sdk-parameter": task("aws-sdk:ssm:getParameter", Name="/digits/threshold"),
    "sdk-metric": task("aws-sdk:cloudwatch:putMetricData", Namespace="digits", MetricData=[]),
    "sdk-logs": task("aws-sdk:cloudwatchlogs:putLogEvents", LogGroupName="digits", LogStreamName="x", LogEvents=[]),
    "sdk-events": task("aws-sdk:eventbridge:putEvents", Entries=[{"EventBusName": "models"}]),
    "sdk-untold": task("aws-sdk:polly:synthesizeSpeech", OutputFormat="mp3", Text="done", VoiceId="Joanna"),
    "glue-sync": task("glue:startJobRun.sync", JobName="clean"),
    "databrew-sync": task("databrew:startJobRun.sync", Name="clean"),
    "batch-sync": task("batch:submitJob.sync", JobName="x", JobDefinition="digits", JobQueue="fast"),
    "ecs-sync": task(
        "ecs:runTask.sync",
        Cluster="jobs",
        TaskDefinition="digits",
        Overrides={"TaskRoleArn": "arn:aws:iam::111122223333:role/task"},
    ),
    "codebuild-sync": task("codebuild:startBuild.sync", ProjectName="images"),
    "codebuild-batch-sync": task("codebuild:startBuildBatch.sync", ProjectName="images"),
    "athena-sync": task("athena:startQueryExecution.sync", QueryString="select 1", WorkGroup="reports"),
    "bedrock": task("bedrock:invokeModel", ModelId="anthropic.claude-3-haiku-20240307-v1:0"),
    "apigateway": task(
        "apigateway:invoke",
        ApiEndpoint="abc123.execute-api.us-east-1.amazonaws.com",
        Method="GET",
        Stage="prod",
        Path="/runs",
    ),
    "http": task(
        "http:invoke",
        ApiEndpoint="https://api.example.com/runs",
        Method="POST",
        Authentication={"ConnectionArn": "arn:aws:events:us-east-1:111122223333:connection/api/0123"},
    ),
    "credentials": {
        **task("aws-sdk:s3:getObject", Bucket="other", Key="a"),
        "Credentials": {"RoleArn": "arn:aws:iam::444455556666:role/reader"},
    },
    "map-distributed": {
        "Type": "Map",
        "Label": "Each",
        "ItemReader": {
            "Resource": STATES + "s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Arguments": {"Bucket": BUCKET, "Key": "{% 'lists/' & $day & '.csv' %}"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "End": True}},
        },
        "ResultWriter": {
            "Resource": STATES + "s3:putObject",
            "Arguments": {"Bucket": BUCKET, "Prefix": "results"},
        },
        "End": True,
    },
    "map-distributed-listing": {
        "Type": "Map",
        "ItemReader": {
            "Resource": STATES + "s3:listObjectsV2",
            "Arguments": {"Bucket": BUCKET, "Prefix": "images/"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "One",
            "States": {"One": {"Type": "Pass", "End": True}},
        },
        "End": True,
    },
}
