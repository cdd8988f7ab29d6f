"""The rights of integrations that AWS has and this machine does not run yet.

In: nothing. Out: rows of rights by the name of the integration; a name in `integrations` is not here. Touches: nothing.

They are for policies of machines that go to AWS, and say nothing of what can be run. Sources: Step Functions guide, the
pages of the services under "Integrating optimized services"; Service Authorization Reference (November 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from stepmill.asl.patterns import ANY, Dynamic
from stepmill.asl.rights import Right, Target, Where, both, is_opaque, managed, member, named, passed, run_time, text
from stepmill.asl.rights_rows import job

_SAGEMAKER: Final = "arn:{partition}:sagemaker:{region}:{account}:"
_RUN_MADE: Final = "AWS names what is started"
_TRAINING: Final = Right(
    ("sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"),
    (_SAGEMAKER + "training-job/{HyperParameterTuningJobName}-*",),
    why="the tuning job names its training jobs",
)


def _sagemaker(action: str, path: str, *more: Right, also: str = "") -> tuple[Right, ...]:
    noun = "".join(part.capitalize() for part in path.split("-"))
    arns = (_SAGEMAKER + path + "/{" + noun + "Name}", *([also] if also else ()))
    tags = Right(("sagemaker:AddTags",), (arns[0],))
    return (Right((f"sagemaker:{action}",), arns), *((tags,) if action.startswith("Create") else ()), *more)


def _both_ways(name: str, *request: Right, sync: tuple[Right, ...]) -> dict[str, tuple[Right, ...]]:
    """An integration, and the same waited for."""
    return {name: request, f"{name}.sync": (*request, *sync)}


def _definition(request: Any, where: Where) -> Iterator[Target]:
    """The task definition of ECS: `family`, `family:revision` or an ARN; without a revision, the newest."""
    said = text(member(request, "TaskDefinition"))
    if not said:
        return
    why = run_time("TaskDefinition") if isinstance(said, Dynamic) else ""
    if said.startswith("arn:") or is_opaque(said):
        yield Target(str(said), why)
        return
    head = f"arn:{where.partition}:ecs:{where.region}:{where.account}:task-definition/"
    newest = "" if ":" in said or isinstance(said, Dynamic) else ":*"
    yield Target(f"{head}{said}{newest}", why or ("the newest revision runs" if newest else ""))


def _tasks(request: Any, where: Where) -> Iterator[Target]:
    cluster = text(member(request, "Cluster")) or "default"
    name = cluster.rpartition("/")[2] if cluster.startswith("arn:") else "*" if is_opaque(cluster) else cluster
    why = f"{run_time('Cluster')}; {_RUN_MADE}" if isinstance(cluster, Dynamic) else _RUN_MADE
    arn = f"arn:{where.partition}:ecs:{where.region}:{where.account}:task/{name}/*"
    yield Target(arn.replace("/*/*", "/*"), why)


def _roles_of_task(request: Any, where: Where) -> Iterator[Target]:
    """The roles that a task runs under: those of the request, else those that the definition alone names."""
    overrides = {} if isinstance(request, Dynamic) else member(request, "Overrides")
    given = [text(member(overrides, name)) for name in ("TaskRoleArn", "ExecutionRoleArn")]
    for role in given:
        if role:
            yield Target(str(role), run_time("the role") if isinstance(role, Dynamic) else "")
    if not any(given):
        arn = f"arn:{where.partition}:iam::{where.account}:role/*"
        yield Target(arn, "the task definition names the roles, which the request does not tell")


def _model(request: Any, where: Where) -> Iterator[Target]:
    """A model of Bedrock by its id or ARN."""
    model = text(member(request, "ModelId"))
    if not model:
        return
    if model.startswith("arn:") or is_opaque(model):
        yield Target(str(model), run_time("ModelId") if isinstance(model, Dynamic) else "")
    else:
        why = run_time("ModelId") if isinstance(model, Dynamic) else ""
        yield Target(f"arn:{where.partition}:bedrock:{where.region}::foundation-model/{model}", why)


def _api(request: Any, where: Where) -> Iterator[Target]:
    """A method of an API of API Gateway: `<api>/<stage>/<method>/<path>`."""
    endpoint = text(member(request, "ApiEndpoint"))
    if not endpoint:
        return
    parts, reasons = [endpoint.partition(".")[0]], []
    for name in ("Stage", "Method", "Path"):
        value = ANY if isinstance(request, Dynamic) else text(member(request, name)) or "*"
        reasons += [run_time(name)] if isinstance(value, Dynamic) else [f"the request has no {name}"] * (value == "*")
        parts.append(value.strip("/"))
    reasons += [run_time("ApiEndpoint")] if isinstance(endpoint, Dynamic) else []
    head = f"arn:{where.partition}:execute-api:{where.region}:{where.account}:"
    yield Target(head + "/".join(parts), "; ".join(reasons))


def _connection(request: Any, where: Where) -> Iterator[Target]:
    authentication = {} if isinstance(request, Dynamic) else member(request, "Authentication")
    arn = ANY if isinstance(request, Dynamic) else text(member(authentication, "ConnectionArn"))
    if arn is not None:
        everything = f"arn:{where.partition}:events:{where.region}:{where.account}:connection/*"
        why = run_time("ConnectionArn") if isinstance(arn, Dynamic) else ""
        yield Target(everything if arn == "*" else str(arn), why)


def _called(request: Any) -> dict[str, dict[str, Any]]:
    """What may be called over HTTP: the guide's own condition keys."""
    found: dict[str, dict[str, Any]] = {}
    for name, key in (("Method", "states:HTTPMethod"), ("ApiEndpoint", "states:HTTPEndpoint")):
        value = ANY if isinstance(request, Dynamic) else text(member(request, name))
        if value and value != "*":
            found.setdefault("StringLike" if "*" in value else "StringEquals", {})[key] = str(value)
    return found


_START_GLUE: Final = Right(("glue:StartJobRun",), named("glue", "job/", "JobName"))
_BUILD: Final = named("codebuild", "project/", "ProjectName")
_BATCH: Final = both(
    named("batch", "job-definition/", "JobDefinition", "* a job may take any revision"),
    named("batch", "job-queue/", "JobQueue"),
    lambda request, where: [Target(f"arn:{where.partition}:batch:{where.region}:{where.account}:job/*", _RUN_MADE)],
)
_ECS: Final = (Right(("ecs:RunTask",), _definition), Right(("iam:PassRole",), _roles_of_task, {
    "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}))  # fmt: skip
_SECRET: Final = "arn:{partition}:secretsmanager:{region}:{account}:secret:events!connection/*"  # noqa: S105 - an ARN
_MACHINE: Final = "arn:{partition}:states:{region}:{account}:stateMachine:{machine}"
_ATHENA: Final = named("athena", "workgroup/", "WorkGroup")

ELSEWHERE: Final[dict[str, tuple[Right, ...]]] = {
    "sagemaker:createTransformJob": job("Transform", "transform-job", sync=False, runs_as=""),
    "sagemaker:createTransformJob.sync": job("Transform", "transform-job", sync=True, runs_as=""),
    **{
        f"sagemaker:createHyperParameterTuningJob{way}": job(
            "HyperParameterTuning",
            "hyper-parameter-tuning-job",
            sync=bool(way),
            runs_as="TrainingJobDefinition.RoleArn",
            more=(_TRAINING,),
        )
        for way in ("", ".sync")
    },
    "sagemaker:createLabelingJob": job("Labeling", "labeling-job", sync=False),
    "sagemaker:createLabelingJob.sync": job("Labeling", "labeling-job", sync=True),
    "sagemaker:createModel": _sagemaker("CreateModel", "model", passed("ExecutionRoleArn", "sagemaker")),
    "sagemaker:createEndpointConfig": _sagemaker("CreateEndpointConfig", "endpoint-config"),
    "sagemaker:createEndpoint": _sagemaker(
        "CreateEndpoint", "endpoint", also=_SAGEMAKER + "endpoint-config/{EndpointConfigName}"
    ),
    "sagemaker:updateEndpoint": _sagemaker(
        "UpdateEndpoint", "endpoint", also=_SAGEMAKER + "endpoint-config/{EndpointConfigName}"
    ),
    **_both_ways(
        "glue:startJobRun",
        _START_GLUE,
        sync=(
            Right(("glue:BatchStopJobRun", "glue:GetJobRun", "glue:GetJobRuns"), named("glue", "job/", "JobName")),
        ),
    ),
    **_both_ways(
        "databrew:startJobRun",
        Right(("databrew:StartJobRun",), named("databrew", "job/", "Name")),
        sync=(
            Right(
                ("databrew:DescribeJobRun", "databrew:ListJobRuns", "databrew:StopJobRun"),
                named("databrew", "job/", "Name"),
            ),
        ),
    ),
    **_both_ways(
        "batch:submitJob",
        Right(("batch:SubmitJob",), _BATCH),
        sync=(
            Right(("batch:DescribeJobs",), ("*",), why="AWS has no resource level for it"),
            Right(("batch:TerminateJob",), ("arn:{partition}:batch:{region}:{account}:job/*",), why=_RUN_MADE),
            managed("StepFunctionsGetEventsForBatchJobsRule"),
        ),
    ),
    **_both_ways(
        "ecs:runTask",
        *_ECS,
        sync=(
            Right(("ecs:DescribeTasks", "ecs:StopTask"), _tasks),
            managed("StepFunctionsGetEventsForECSTaskRule"),
        ),
    ),
    **_both_ways(
        "codebuild:startBuild",
        Right(("codebuild:StartBuild",), _BUILD),
        sync=(
            Right(("codebuild:BatchGetBuilds", "codebuild:StopBuild"), _BUILD),
            managed("StepFunctionsGetEventForCodeBuildStartBuildRule"),
        ),
    ),
    **_both_ways(
        "codebuild:startBuildBatch",
        Right(("codebuild:StartBuildBatch",), _BUILD),
        sync=(
            Right(("codebuild:BatchGetBuildBatches", "codebuild:StopBuildBatch"), _BUILD),
            managed("StepFunctionsGetEventForCodeBuildStartBuildBatchRule"),
        ),
    ),
    **_both_ways(
        "athena:startQueryExecution",
        Right(("athena:StartQueryExecution",), _ATHENA),
        sync=(Right(("athena:GetQueryExecution", "athena:StopQueryExecution"), _ATHENA),),
    ),
    "bedrock:invokeModel": (Right(("bedrock:InvokeModel",), _model),),
    "apigateway:invoke": (Right(("execute-api:Invoke",), _api),),
    "http:invoke": (
        Right(("states:InvokeHTTPEndpoint",), (_MACHINE,), _called),
        Right(("events:RetrieveConnectionCredentials",), _connection),
        Right(
            ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
            (_SECRET,),
            why="EventBridge names the secret of a connection",
        ),
    ),
}  # fmt: skip
"""Not here are eks, elasticmapreduce, emr-containers, emr-serverless, mediaconvert and the sub-services of athena and
bedrock with rules of their own: what of them a policy needs is asked of their own pages, and is said as a fault."""
