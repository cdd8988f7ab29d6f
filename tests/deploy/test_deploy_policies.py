"""The policy of every integration, word for word. To see a change as a diff: STEPMILL_GOLDEN=write pytest …"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deploy.integrations import REQUESTS, task
from stepmill.asl.integrations import INTEGRATIONS
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.rights_elsewhere import ELSEWHERE
from stepmill.assets import Asset
from stepmill.deploy.rights.explain import anywhere, lines, open_names, roles
from stepmill.deploy.rights.policy import (
    LIMIT,
    Scope,
    Statement,
    document,
    function_policy,
    job_policy,
    machine_policy,
    size,
    trust,
)
from stepmill.steps.bundle import Bundle, FunctionSource, Manifest

GOLDEN = Path(__file__).parents[1] / "golden" / "policies"
SCOPE = Scope("aws", "us-east-1", "111122223333", "digits")
NAMES = {
    "Bucket": "stage-bucket",
    "JobRole": "arn:aws:iam::111122223333:role/jobs",
    "Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/digits:1",
    "NotifyFunction": "arn:aws:lambda:us-east-1:111122223333:function:digits-notify",
    "Table": "runs",
    "Child": "${Child}",
}


def bundle(*states: dict, sources: dict | None = None) -> Bundle:
    named = {f"Step {at}" if at else "Step": state for at, state in enumerate(states)}
    text = json.dumps({"QueryLanguage": "JSONata", "StartAt": next(iter(named)), "States": named})
    return Bundle("digits", text, Manifest(sources=sources or {}))


def all_statements(made: Bundle, **more) -> list[Statement]:
    return [*machine_policy(made, NAMES, SCOPE, **more), *job_policy(made, NAMES, SCOPE)]


def shown(made: Bundle) -> str:
    parts = ["\n".join(lines(role)) for role in roles(made, NAMES, SCOPE)]
    text = "\n\n".join(parts)
    return f"{text}\n\n{json.dumps(document(machine_policy(made, NAMES, SCOPE)), indent=2)}\n"


@pytest.mark.parametrize("name", REQUESTS)
def test_an_integration_has_the_policy_we_promised(name: str):
    text = shown(bundle(REQUESTS[name], sources={"/States/Step": "pipeline.py:41"}))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def reading(made: Bundle, role: str = "JobRole") -> list[str]:
    found = [each for each in job_policy(made, NAMES, SCOPE, role) if "s3:GetObject" in each.actions]
    return [resource for each in found for resource in each.resources]


def test_the_jobs_of_a_tuning_job_may_read_what_each_of_their_definitions_reads():
    def training(bucket: str) -> dict:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/train/"}}
        return {
            "AlgorithmSpecification": {"TrainingImage": "${Image}", "TrainingInputMode": "File"},
            "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": "s3://${Bucket}/out"},
            "RoleArn": "${JobRole}",
        }

    one = task("sagemaker:createHyperParameterTuningJob.sync", TrainingJobDefinition=training("one"))
    assert reading(bundle(one)) == ["arn:aws:s3:::one/train/*"]
    several = task("sagemaker:createHyperParameterTuningJob.sync", TrainingJobDefinitions=[*map(training, "ab")])
    assert reading(bundle(several)) == ["arn:aws:s3:::a/train/*", "arn:aws:s3:::b/train/*"]


def test_a_model_may_read_its_data_and_pull_its_image_and_its_transform_jobs_run_under_its_role():
    container = {"Image": "${Image}", "ModelDataUrl": "s3://models/1/model.tar.gz"}
    model = task("sagemaker:createModel", ModelName="m", PrimaryContainer=container, ExecutionRoleArn="${JobRole}")
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://records/in/"}}}
    out = {"S3OutputPath": "s3://records/out"}
    transform = task("sagemaker:createTransformJob.sync", ModelName="m", TransformInput=source, TransformOutput=out)
    assert reading(bundle(model)) == ["arn:aws:s3:::models/1/model.tar.gz*"]
    assert reading(bundle(model, transform)) == ["arn:aws:s3:::models/1/model.tar.gz*", "arn:aws:s3:::records/in/*"]
    pulled = [each for each in job_policy(bundle(model), NAMES, SCOPE) if "ecr:BatchGetImage" in each.actions]
    assert [each.resources for each in pulled] == [("arn:aws:ecr:us-east-1:111122223333:repository/digits",)]


def test_every_integration_has_a_golden_policy():
    called = {state.get("Resource", "").rpartition(":::")[2] for state in REQUESTS.values()}
    covered = {name.partition(".")[0] for name in called}
    wanted = {f"{row.resource_type}:{row.resource}" for row in INTEGRATIONS} | set(ELSEWHERE)
    alike = {"aws-sdk:sagemaker:describeProcessingJob", "aws-sdk:sagemaker:listProcessingJobs"}
    assert {name for name in wanted if name.partition(".")[0] not in covered} - alike == set()
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(REQUESTS)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_wildcard_says_why_it_is_there(name: str):
    for statement in all_statements(bundle(REQUESTS[name])):
        holds = any("*" in resource or "?" in resource for resource in statement.resources)
        assert bool(statement.wildcard) == holds, statement
        assert statement.reasons


@pytest.mark.parametrize("name", REQUESTS)
def test_a_role_is_passed_to_one_service_alone(name: str):
    for statement in all_statements(bundle(REQUESTS[name])):
        if "iam:PassRole" in statement.actions:
            assert statement.actions == ("iam:PassRole",)
            assert list(statement.condition["StringEquals"]) == ["iam:PassedToService"]


def test_no_integration_needs_all_resources_but_where_aws_knows_no_others():
    for name, state in REQUESTS.items():
        for statement in all_statements(bundle(state)):
            if "*" in statement.resources:
                said = ("no resource level", "has no ARN", "does not tell its resource", "known only at run time")
                assert any(words in statement.wildcard for words in said), (name, statement)


def test_logging_and_tracing_are_asked_for_only_when_wanted():
    made = bundle(REQUESTS["s3-put"])
    plain, full = machine_policy(made, NAMES, SCOPE), machine_policy(made, NAMES, SCOPE, logging=True, tracing=True)
    more = [statement for statement in full if statement not in plain]
    assert [{action.partition(":")[0] for action in statement.actions} for statement in more] == [{"logs"}, {"xray"}]
    assert all(statement.wildcard == "AWS has no resource level for it" for statement in more)
    assert len(more[0].actions) == 8


def test_the_same_bundle_gives_the_same_policy_and_equal_statements_are_one():
    one, two = bundle(*REQUESTS.values()), bundle(*REQUESTS.values())
    assert machine_policy(one, NAMES, SCOPE) == machine_policy(two, NAMES, SCOPE)
    twice = machine_policy(bundle(REQUESTS["s3-put"], REQUESTS["s3-put"]), NAMES, SCOPE)
    assert [(len(statement.reasons), statement.actions) for statement in twice] == [(2, ("s3:PutObject",))]
    assert len({statement.sid for statement in machine_policy(one, NAMES, SCOPE)}) == len(
        machine_policy(one, NAMES, SCOPE)
    )
    assert all(statement.sid.isalnum() for statement in machine_policy(one, NAMES, SCOPE))


def test_a_resource_that_another_one_covers_is_left_out():
    narrow = task("aws-sdk:s3:getObject", Bucket="b", Key="digits/a.csv")
    wide = task("aws-sdk:s3:getObject", Bucket="b", Key="{% 'digits/' & $x %}")
    (got,) = [s for s in machine_policy(bundle(narrow, wide), NAMES, SCOPE) if "s3:GetObject" in s.actions]
    assert got.resources == ("arn:aws:s3:::b/digits/*",)
    assert [reason.state for reason in got.reasons] == ["Step", "Step 1"]


def test_what_cloudformation_fills_in_stays_a_text():
    made = bundle(REQUESTS["sagemaker-training-sync"], REQUESTS["lambda-function"], REQUESTS["s3-put"])
    names = open_names(made) | {"NotifyFunction": "${NotifyFunction.Arn}"}
    for role in roles(made, names, anywhere("digits")):
        for statement in role.statements:
            for resource in statement.resources:
                assert resource == "*" or resource.startswith(("arn:${AWS::Partition}:", "${", "arn:aws:s3:::data"))
    resources = {r for s in machine_policy(made, names, anywhere("digits")) for r in s.resources}
    assert {"${JobRole.Arn}", "${NotifyFunction.Arn}"} <= resources


def test_names_in_braces_do_not_disturb_what_is_known_of_a_text():
    made = bundle(REQUESTS["sagemaker-training-jsonpath"])
    names = NAMES | {"Bucket": "stepmill-${AWS::AccountId}-${AWS::Region}"}
    found = {r for s in job_policy(made, names, SCOPE) for r in s.resources}
    assert "arn:aws:s3:::stepmill-${AWS::AccountId}-${AWS::Region}/digits/*" in found


def test_a_job_of_another_role_is_no_business_of_the_stages_role():
    state = task("sagemaker:createProcessingJob", ProcessingJobName="x", RoleArn="arn:aws:iam::111122223333:role/own")
    assert job_policy(bundle(state), NAMES, SCOPE) == ()
    (passed,) = [s for s in machine_policy(bundle(state), NAMES, SCOPE) if s.actions == ("iam:PassRole",)]
    assert passed.resources == ("arn:aws:iam::111122223333:role/own",)


def test_further_data_a_key_and_a_network_are_asked_for_only_when_wanted():
    made = bundle(REQUESTS["sagemaker-processing-sync"])
    key = "arn:aws:kms:us-east-1:111122223333:key/1"
    plain = job_policy(made, NAMES, SCOPE)
    full = job_policy(made, NAMES, SCOPE, read=["s3://other/data/"], kms_key=key, vpc=True)
    assert not {a.partition(":")[0] for s in plain for a in s.actions} & {"kms", "ec2"}
    assert {a.partition(":")[0] for s in full for a in s.actions} >= {"kms", "ec2"}
    assert "arn:aws:s3:::other/data/*" in {r for s in full for r in s.resources}
    listing = next(s for s in full if s.actions == ("s3:ListBucket",) and s.resources == ("arn:aws:s3:::other",))
    assert listing.condition == {"StringLike": {"s3:prefix": "data/*"}}


def test_a_function_may_write_its_own_log_and_what_its_pipeline_says(tmp_path: Path):
    function = FunctionSource(
        "digits-notify",
        "functions.notify",
        Asset.__new__(Asset),
        file="/somewhere/functions.py",
        permissions=({"Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::${Bucket}/reports/*"]},),
    )
    logs, put = function_policy(function, NAMES, SCOPE)
    assert logs.resources == ("arn:aws:logs:us-east-1:111122223333:log-group:/aws/lambda/digits-notify:*",)
    assert (put.actions, put.resources) == (("s3:PutObject",), ("arn:aws:s3:::stage-bucket/reports/*",))
    assert put.reasons[0].place == "functions.py" and put.wildcard


def test_what_nobody_knows_the_rights_of_is_refused_where_it_is_written():
    made = bundle(task("eks:runJob.sync"), sources={"/States/Step": "pipeline.py:7"})
    with pytest.raises(InvalidDefinition) as refused:
        machine_policy(made, NAMES, SCOPE)
    (problem,) = refused.value.problems
    assert (problem.place, problem.code) == ("pipeline.py:7", "policy.unknown")


def test_only_the_service_and_this_account_may_take_a_role_on():
    (said,) = trust("states", SCOPE)["Statement"]
    assert said["Principal"] == {"Service": "states.amazonaws.com"}
    assert said["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
    assert said["Condition"]["ArnLike"]["aws:SourceArn"].endswith(":stateMachine:digits")
    assert "ArnLike" not in trust("sagemaker", SCOPE)["Statement"][0]["Condition"]


def test_the_policies_of_a_whole_pipeline_fit_into_a_role():
    assert size(machine_policy(bundle(REQUESTS["sagemaker-training-sync"]), NAMES, SCOPE)) < LIMIT
