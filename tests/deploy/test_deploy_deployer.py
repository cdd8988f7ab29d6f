"""The rights of whoever deploys: the documented policy is enough, each action in it is needed, a missing one is named.

moto enforces IAM for what is asked of it directly. Its CloudFormation makes resources without asking, so what
CloudFormation needs on the deployer's behalf is only evaluated here, kind by kind, and not seen on AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import boto3
import pytest
from cloud import DEV, EVERYTHING, MOTO, built, moto, stage_file, tiny

from projects import Project
from stepmill.deploy.aws.account import Identity
from stepmill.deploy.deployer import deployer_policy
from stepmill.services.policies import decide

ACCOUNT = "123456789012"
WHO = Identity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/deployer")
# What the linter says that is no fault: who makes a bucket sets its policy; its list of actions wants a Map Run's ARN
# beside the machine's for ListExecutions, which takes either.
KNOWN = "does allow s3:PutBucketPolicy|states:ListExecutions"
INLINE = 10_240  # characters of a role's inline policies, blanks not counted (IAM and AWS STS quotas)


def test_the_policy_fits_into_a_role_and_names_no_other_stage(project, tmp_path):
    policy = deployer_policy(built(tiny(project, schedule="rate(1 day)"), DEV, tmp_path), WHO, data=True)
    text = json.dumps(policy, separators=(",", ":"))
    assert len(text) <= INLINE, len(text)
    for statement in policy["Statement"]:
        for resource in statement["Resource"]:
            own = re.search("tiny|stepmill-dev", resource)
            assert own or statement["Sid"] in ("RegistryLogin", "AllStacks", "FindLogGroups"), statement


def test_every_kind_of_resource_of_a_stack_has_its_rights(project, tmp_path):
    made = built(tiny(project, new_data="s3://${Bucket}/in/"), EVERYTHING, tmp_path)
    policy = deployer_policy(made, WHO)  # a kind without a row would be a KeyError
    (giving,) = [each for each in policy["Statement"] if each["Sid"] == "GiveRights"]
    assert giving["Condition"] == {"ArnEquals": {"iam:PermissionsBoundary": EVERYTHING.boundary}}
    (passing,) = [each for each in policy["Statement"] if each["Sid"] == "PassRoles"]
    assert "iam:PassedToService" in passing["Condition"]["StringEquals"]


needs_moto = pytest.mark.skipif(
    not MOTO, reason="STEPMILL_MOTO names no folder with moto's server; `make test-all` makes one"
)
# What the deployment itself asks of AWS in the story below; everything else is asked by CloudFormation for it.
ASKED = (
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:DescribeStacks",
    "cloudformation:DescribeStackEvents",
    "cloudformation:GetTemplate",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "s3:PutObject",
    "states:ListExecutions",
)


class Deployer:
    """A user of moto's, held to one policy."""

    def __init__(self, address: str, policy: dict[str, Any]) -> None:
        admin = boto3.client(
            "iam", endpoint_url=address, region_name="us-east-1",
            aws_access_key_id="root", aws_secret_access_key="root",
        )  # fmt: skip
        admin.create_user(UserName="deployer")
        admin.put_user_policy(UserName="deployer", PolicyName="deploy", PolicyDocument=json.dumps(policy))
        key = admin.create_access_key(UserName="deployer")["AccessKey"]  # the last request that nobody checks
        self.keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto(tmp_path_factory.mktemp("moto"), INITIAL_NO_AUTH_ACTION_COUNT="3") as address:
        yield address


def as_moto_asks(policy: dict[str, Any], without: str = "") -> dict[str, Any]:
    """The policy for moto, which asks about `*` wherever the service is not S3; without one action."""
    statements = []
    for each in policy["Statement"]:
        actions = [action for action in each["Action"] if action != without]
        if not actions:
            continue
        on_s3 = actions[0].startswith("s3:")
        statements.append(each | {"Action": actions, "Resource": each["Resource"] if on_s3 else "*"})
        statements[-1].pop("Condition", None)  # which moto does not read
    return policy | {"Statement": statements}


def story(project: Project, keys: dict[str, str]) -> str:
    """Deploy, deploy a change, destroy; what was said up to the first refusal."""
    said = ""
    for words in (["deploy"], ["deploy"], ["plan"], ["destroy"]):
        more = ["--yes"] if words[0] != "plan" else []
        process = project.spawn(*words, "pipeline.py", *more, **keys)
        out, err = process.communicate(timeout=120)
        said += out + err
        if process.returncode:
            break
        with (project.root / "prepare.py").open("a") as script:
            script.write("# again\n")
    return said


@pytest.fixture
def there(project: Project, aws: str) -> Project:
    project.tiny()
    stage_file(project, endpoint=aws, images={"Image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/own:1"})
    return project


def policy_of(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.stepmill("policy", "deployer", "pipeline.py", "--stage", "dev").stdout)
    return found


@needs_moto
@pytest.mark.slow
def test_the_policy_is_enough_to_deploy_to_change_and_to_destroy(there, aws):
    deployer = Deployer(aws, as_moto_asks(policy_of(there)))
    said = story(there, deployer.keys)
    assert "may not" not in said
    assert "keeps its data" in said


@needs_moto
@pytest.mark.slow
@pytest.mark.parametrize("action", ASKED)
def test_without_one_of_its_actions_the_right_that_is_missing_is_named(there, aws, action):
    deployer = Deployer(aws, as_moto_asks(policy_of(there), without=action))
    said = story(there, deployer.keys)
    assert f"the user arn:aws:iam::{ACCOUNT}:user/deployer may not {action} on " in said
    statement = next(line for line in said.splitlines() if line.strip().startswith('{"Effect"'))
    assert json.loads(statement)["Action"] == action


def test_it_allows_making_each_kind_of_resource_of_this_stage_and_of_no_other(project, tmp_path):
    made = built(tiny(project, schedule="rate(1 day)", new_data="s3://${Bucket}/in/"), DEV, tmp_path)
    policy = deployer_policy(made, Identity("000000000000", "arn:aws:iam::000000000000:user/deployer"))
    kinds = {each["Type"] for each in [*made.base["Resources"].values(), *made.app.body["Resources"].values()]}
    for kind in sorted(kinds):
        for action, arn, keys in _asked(kind, "tiny-dev", "stepmill-dev"):
            assert decide([policy], action, arn, keys) == "allow", (kind, action, arn)
        for action, arn, keys in _asked(kind, "tiny-prod", "stepmill-prod"):
            assert decide([policy], action, arn, keys) != "allow", (kind, action, arn)


def _passed(name: str, service: str) -> tuple[str, str, dict[str, str]]:
    arn = f"arn:aws:iam::000000000000:role/{name}-ABC"
    return "iam:PassRole", arn, {"iam:PassedToService": f"{service}.amazonaws.com"}


def _asked(kind: str, app: str, base: str) -> list[tuple[str, str, dict[str, str]]]:
    """What making one of a kind asks of IAM: action, resource, condition keys."""
    here = "us-east-1:000000000000"
    rows: dict[str, list[tuple[str, str, dict[str, str]]]] = {
        "AWS::S3::Bucket": [("s3:CreateBucket", f"arn:aws:s3:::{base}-000000000000-us-east-1", {})],
        "AWS::S3::BucketPolicy": [("s3:PutBucketPolicy", f"arn:aws:s3:::{base}-000000000000-us-east-1", {})],
        "AWS::ECR::Repository": [("ecr:CreateRepository", f"arn:aws:ecr:{here}:repository/{base}", {})],
        "AWS::CodeBuild::Project": [
            ("codebuild:CreateProject", f"arn:aws:codebuild:{here}:project/{base}", {}),
            _passed(f"{base}-BuildRole", "codebuild"),
        ],
        "AWS::Logs::LogGroup": [
            ("logs:CreateLogGroup", f"arn:aws:logs:{here}:log-group:/aws/vendedlogs/states/{app}:*", {}),
        ],
        "AWS::Lambda::Function": [_passed(f"{app}-TellFunctionRole", "lambda")],
        "AWS::StepFunctions::StateMachine": [
            ("states:CreateStateMachine", f"arn:aws:states:{here}:stateMachine:{app}", {}),
            _passed(f"{app}-MachineRole", "states"),
        ],
        "AWS::StepFunctions::StateMachineVersion": [
            ("states:PublishStateMachineVersion", f"arn:aws:states:{here}:stateMachine:{app}", {}),
            ("states:DeleteStateMachineVersion", f"arn:aws:states:{here}:stateMachine:{app}:1", {}),
        ],
        "AWS::StepFunctions::StateMachineAlias": [
            ("states:CreateStateMachineAlias", f"arn:aws:states:{here}:stateMachine:{app}", {}),
            ("states:UpdateStateMachineAlias", f"arn:aws:states:{here}:stateMachine:{app}:live", {}),
        ],
        "AWS::Scheduler::ScheduleGroup": [
            ("scheduler:CreateScheduleGroup", f"arn:aws:scheduler:{here}:schedule-group/{app}", {}),
        ],
        "AWS::Scheduler::Schedule": [
            ("scheduler:CreateSchedule", f"arn:aws:scheduler:{here}:schedule/{app}/{app}", {}),
            _passed(f"{app}-ScheduleRole", "scheduler"),
        ],
        "AWS::Events::Rule": [
            ("events:PutRule", f"arn:aws:events:{here}:rule/{app}-failures", {}),
            _passed(f"{app}-NewDataRole", "events"),
        ],
        "AWS::SNS::Topic": [("sns:CreateTopic", f"arn:aws:sns:{here}:{app}-failures", {})],
        "AWS::SNS::TopicPolicy": [("sns:SetTopicAttributes", f"arn:aws:sns:{here}:{app}-failures", {})],
        "AWS::CloudWatch::Alarm": [
            ("cloudwatch:PutMetricAlarm", f"arn:aws:cloudwatch:{here}:alarm:{app}-schedule", {})
        ],
        "AWS::IAM::Role": [
            ("iam:CreateRole", f"arn:aws:iam::000000000000:role/{app}-MachineRole-ABC", {}),
            ("iam:PutRolePolicy", f"arn:aws:iam::000000000000:role/{app}-MachineRole-ABC", {}),
        ],
    }
    return rows[kind]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.skipif(find_spec("parliament") is None, reason="`make test-all` installs parliament")
def test_an_iam_linter_finds_nothing(project, tmp_path):
    from parliament import analyze_policy_string

    made = built(tiny(project, schedule="rate(1 day)", new_data="s3://${Bucket}/in/"), EVERYTHING, tmp_path)
    found = analyze_policy_string(json.dumps(deployer_policy(made, WHO, data=True))).findings
    assert [str(each.detail) for each in found if not re.search(KNOWN, str(each.detail))] == []
