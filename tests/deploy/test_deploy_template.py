"""Templates: what is in a stack, and what is not."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cloud import DEV, EVERYTHING, OWN, PYTHON, built, resources, stage_file, tiny

from projects import Project
from stepmill.asl.problems import InvalidDefinition
from stepmill.deploy import naming
from stepmill.deploy.build import write
from stepmill.deploy.refusals import DeployRefused
from stepmill.deploy.stages import Stage

GOLDEN = Path(__file__).parents[1] / "golden" / "deploy"


def kinds(made) -> dict[str, str]:
    return {name: each["Type"] for name, each in resources(made).items()}


def test_a_workflow_becomes_these_resources(project, tmp_path):
    made = built(tiny(project), DEV, tmp_path)
    assert kinds(made) == {
        "TellFunctionLogs": "AWS::Logs::LogGroup",
        "TellFunctionRole": "AWS::IAM::Role",
        "TellFunction": "AWS::Lambda::Function",
        "PrepareJobRole": "AWS::IAM::Role",
        "TrainJobRole": "AWS::IAM::Role",
        "MachineRole": "AWS::IAM::Role",
        "MachineLogs": "AWS::Logs::LogGroup",
        "Machine": "AWS::StepFunctions::StateMachine",
        "Version": "AWS::StepFunctions::StateMachineVersion",
        "Live": "AWS::StepFunctions::StateMachineAlias",
        "Topic": "AWS::SNS::Topic",
        "TopicPolicy": "AWS::SNS::TopicPolicy",
        "Failures": "AWS::Events::Rule",
    }


def test_what_a_stage_has_already_is_used_and_not_made(project, tmp_path):
    made = built(tiny(project), OWN, tmp_path)
    assert kinds(made) == {
        "TellFunctionLogs": "AWS::Logs::LogGroup",
        "TellFunction": "AWS::Lambda::Function",
        "Machine": "AWS::StepFunctions::StateMachine",
        "Version": "AWS::StepFunctions::StateMachineVersion",
        "Live": "AWS::StepFunctions::StateMachineAlias",
        "Failures": "AWS::Events::Rule",
    }
    machine = resources(made)["Machine"]["Properties"]
    assert machine["RoleArn"] == OWN.machine_role
    assert machine["DefinitionSubstitutions"]["Bucket"] == "our-bucket"
    assert machine["DefinitionSubstitutions"]["TrainJobRole"] == OWN.job_role
    assert resources(made)["Failures"]["Properties"]["Targets"][0]["Arn"] == OWN.topic
    assert {"Bucket", "Images"}.isdisjoint(made.base["Resources"])


def test_the_definition_stands_in_the_template_byte_for_byte(project, tmp_path):
    workflow = tiny(project)
    made = built(workflow, DEV, tmp_path)
    assert resources(made)["Machine"]["Properties"]["DefinitionString"] == workflow.bundle().template
    assert set(resources(made)["Machine"]["Properties"]["DefinitionSubstitutions"]) == set(workflow.bundle().needs)


def test_every_resource_that_can_be_tagged_says_whose_it_is(project, tmp_path):
    made = built(tiny(project, new_data="s3://${Bucket}/in/"), EVERYTHING, tmp_path)
    untaggable = {
        "AWS::StepFunctions::StateMachineVersion",
        "AWS::StepFunctions::StateMachineAlias",
        "AWS::SNS::TopicPolicy",
        "AWS::SNS::Subscription",
        "AWS::Events::Rule",
        "AWS::Scheduler::Schedule",
    }
    for name, each in resources(made).items():
        tags = {tag["Key"]: tag["Value"] for tag in each["Properties"].get("Tags", ())}
        if each["Type"] not in untaggable:
            assert tags == {"team": "ml", "stepmill:app": "tiny", "stepmill:stage": "prod"}, name


def test_every_role_has_the_boundary_and_is_taken_on_by_one_service_for_this_account(project, tmp_path):
    made = built(tiny(project, new_data="s3://${Bucket}/in/"), EVERYTHING, tmp_path)
    roles = {name: each["Properties"] for name, each in resources(made).items() if each["Type"] == "AWS::IAM::Role"}
    assert set(roles) == {
        *("TellFunctionRole", "PrepareJobRole", "TrainJobRole", "MachineRole", "ScheduleRole", "NewDataRole")
    }
    for name, role in roles.items():
        assert role["PermissionsBoundary"] == EVERYTHING.boundary, name
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}, name


def test_each_job_has_a_role_of_its_own_with_the_rights_of_that_job(project, tmp_path):
    made = built(tiny(project), DEV, tmp_path)

    def reads(role):
        found = [each for each in made.rights[role] if "s3:GetObject" in each.actions]
        return [resource.partition(":s3:::")[2] for each in found for resource in each.resources]

    bucket = "stepmill-dev-${AWS::AccountId}-${AWS::Region}"
    assert f"{bucket}/raw/*" in reads("PrepareJobRole")
    assert not [resource for resource in reads("TrainJobRole") if "/raw/" in resource]
    (passing,) = [each for each in made.rights["MachineRole"] if each.actions == ("iam:PassRole",)]
    assert passing.resources == ("${PrepareJobRole.Arn}", "${TrainJobRole.Arn}")


def test_a_schedule_starts_the_alias_in_its_time_zone_and_tells_when_it_could_not(project, tmp_path):
    made = built(tiny(project, schedule="cron(0 3 * * ? *)", time_zone="Asia/Tokyo"), DEV, tmp_path)
    schedule = resources(made)["Schedule"]["Properties"]
    assert schedule["ScheduleExpression"] == "cron(0 3 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Tokyo"
    assert schedule["Target"]["Arn"] == {"Ref": "Live"}
    assert resources(made)["ScheduleAlarm"]["Properties"]["MetricName"] == "InvocationDroppedCount"


def test_a_stage_may_have_a_schedule_of_its_own_or_none(project, tmp_path):
    workflow = tiny(project, schedule="cron(0 3 * * ? *)")
    other = resources(built(workflow, Stage(name="dev", region="us-east-1", schedule="rate(7 days)"), tmp_path))
    assert other["Schedule"]["Properties"]["ScheduleExpression"] == "rate(7 days)"
    none = built(workflow, Stage(name="dev", region="us-east-1", schedule=False), tmp_path)
    assert not [name for name in kinds(none) if name.startswith("Schedule")]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schedule": "every day"}, "is none of EventBridge Scheduler"),
        ({"time_zone": "Asia/Tokio"}, "did you mean 'Asia/Tokyo'?"),
        ({"new_data": "incoming/"}, "is no place in S3"),
    ],
)
def test_a_trigger_that_cannot_be_is_a_problem_at_the_workflows_line(project, fields, said):
    with pytest.raises(InvalidDefinition) as refused:
        tiny(project, **fields).bundle()
    (problem,) = refused.value.problems
    assert said in f"{problem.message} {problem.hint}"
    assert problem.place.startswith("cloud.py:") or "cloud.py:" in problem.place


def test_new_data_under_a_prefix_starts_the_alias(project, tmp_path):
    made = built(tiny(project, new_data="s3://${Bucket}/incoming/"), DEV, tmp_path)
    rule = resources(made)["NewData"]["Properties"]
    assert rule["EventPattern"]["detail"] == {
        "bucket": {"name": [{"Fn::Sub": "stepmill-dev-${AWS::AccountId}-${AWS::Region}"}]},
        "object": {"key": [{"prefix": "incoming/"}]},
    }
    assert rule["Targets"][0]["Arn"] == {"Ref": "Live"}


def test_a_rejected_gate_is_no_failure_that_somebody_is_told_of(project, tmp_path):
    rule = resources(built(tiny(project), DEV, tmp_path))["Failures"]["Properties"]
    assert rule["EventPattern"]["detail"]["error"] == [{"exists": False}, {"anything-but": ["GateRejected"]}]


def test_a_canary_moves_the_alias_by_a_part_first_and_goes_back_on_an_alarm(project, tmp_path):
    made = built(tiny(project), EVERYTHING, tmp_path)
    assert resources(made)["Live"]["Properties"]["DeploymentPreference"] == {
        "StateMachineVersionArn": {"Ref": "Version"},
        "Type": "CANARY",
        "Percentage": 10,
        "Interval": 10,
        "Alarms": list(EVERYTHING.alarms),
    }


def test_the_bucket_is_encrypted_private_kept_and_open_to_tls_alone(project, tmp_path):
    base = built(tiny(project), DEV, tmp_path).base["Resources"]
    bucket = base["Bucket"]
    assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    rules = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rules[0]["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (deny,) = base["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_secret_in_a_functions_environment_is_refused_before_it_gets_into_a_template(project, tmp_path):
    from stepmill.steps import LambdaStep
    from stepmill.workflow import Workflow

    project.tiny()
    hook = "https://hooks.slack.com/services/T000/B000/XXXXXXXXXXXXXXXX"
    step = LambdaStep("Tell", function=f"{project.root / 'functions.py'}:tell", payload={}, environment={"URL": hook})
    with pytest.raises(DeployRefused) as refused:
        built(Workflow("tiny", definition=step), DEV, tmp_path)
    assert "Secrets Manager" in str(refused.value)
    assert "XXXX" not in str(refused.value)


def test_jobs_say_whose_they_are_and_keep_what_the_user_says(project):
    from stepmill.sagemaker import Estimator
    from stepmill.steps import TrainingStep
    from stepmill.workflow import Workflow

    script = project.write("train.py", "print(1)")

    def tags(**fields):
        step = TrainingStep("Train", Estimator(entry_point=str(script), instance_type="ml.m5.large", **fields))
        definition = Workflow("tiny", definition=step, query_language="JSONata").definition.to_dict()
        found = definition["States"]["Train"]["Arguments"].get("Tags", ())
        return {tag["Key"]: tag["Value"] for tag in found}

    assert tags() == {"stepmill:app": "tiny", "stepmill:stage": "${Stage}"}
    assert tags(tags={"team": "ml", "stepmill:app": "mine"}) == {
        "team": "ml",
        "stepmill:app": "mine",
        "stepmill:stage": "${Stage}",
    }
    # a role of one's own is a job that is deployed by somebody else, as the old SDK's are
    assert tags(role="arn:aws:iam::123456789012:role/own") == {}


@pytest.mark.slow
def test_what_a_function_requires_is_packed_as_wheels_for_lambda_the_same_each_time(project, tmp_path):
    import zipfile

    from stepmill.steps import LambdaStep
    from stepmill.workflow import Workflow

    project.tiny()
    code = f"{project.root / 'functions.py'}:tell"
    step = LambdaStep("Tell", function=code, payload={}, requirements=["apsw==3.51.3.0", "idna==3.10"])
    workflow = Workflow("tiny", definition=step)
    one, other = (built(workflow, DEV, tmp_path / name) for name in ("cache", "another cache"))
    assert one.app.text == other.app.text
    (asset,) = one.assets
    asset.write(tmp_path / "function.zip")
    with zipfile.ZipFile(tmp_path / "function.zip") as archive:
        names = archive.namelist()
    assert {"functions.py", "idna/__init__.py"} < set(names)
    (library,) = (name for name in names if name.startswith("apsw/__init__.") and name.endswith(".so"))
    assert "cpython-312-x86_64-linux-gnu" in library  # Lambda's Python, whichever this is
    assert not [name for name in names if name.endswith(("RECORD", "INSTALLER")) or "__pycache__" in name]


@pytest.mark.slow
def test_a_requirement_without_a_wheel_for_lambda_is_told_by_its_name(project, tmp_path):
    from stepmill.steps import LambdaStep
    from stepmill.workflow import Workflow

    project.tiny()
    code = f"{project.root / 'functions.py'}:tell"
    step = LambdaStep("Tell", function=code, payload={}, requirements=["stepmill-has-no-such-package==9.9"])
    with pytest.raises(DeployRefused, match=r"stepmill-has-no-such-package==9\.9 cannot be had as wheels for Lambda"):
        built(Workflow("tiny", definition=step), DEV, tmp_path)


def test_a_secret_is_named_in_the_stage_and_filled_in_by_cloudformation(project, tmp_path):
    from stepmill.deploy.deployer import deployer_policy

    hook = "{{resolve:secretsmanager:slack:SecretString}}"
    stage = Stage(name="dev", region="us-east-1", environment={"SLACK_WEBHOOK_URL": hook})
    made = built(tiny(project), stage, tmp_path)
    variables = resources(made)["TellFunction"]["Properties"]["Environment"]["Variables"]
    assert variables == {"SLACK_WEBHOOK_URL": hook}
    (secrets,) = [each for each in deployer_policy(made)["Statement"] if each["Sid"] == "Secrets"]
    assert secrets["Resource"] == ["arn:aws:secretsmanager:us-east-1:*:secret:slack-??????"]


def test_names_stay_within_what_aws_takes(project, tmp_path):
    from stepmill.steps import Pass
    from stepmill.workflow import Workflow

    long = Workflow("w" * 80, definition=Pass("P")).bundle()
    other = Workflow("前処理", definition=Pass("P")).bundle()
    third = Workflow("学習", definition=Pass("P")).bundle()
    assert len(naming.stack(long, DEV)) <= 80
    names = [naming.stack(each, DEV) for each in (long, other, third)]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name) for name in names)
    assert len(set(names)) == 3


def test_functions_of_workflows_whose_names_have_no_latin_letters_do_not_meet(project, tmp_path):
    from stepmill.deploy.aws.account import Identity
    from stepmill.deploy.deployer import deployer_policy
    from stepmill.services.policies import decide
    from stepmill.steps import LambdaStep
    from stepmill.workflow import Workflow

    project.tiny()
    found = []
    for name in ("前処理", "学習", "digits"):
        step = LambdaStep("Tell", function=f"{project.root / 'functions.py'}:tell", payload={})
        made = built(Workflow(name, definition=step), DEV, tmp_path)
        function = resources(made)["TellFunction"]["Properties"]["FunctionName"]
        policy = deployer_policy(made, Identity("123456789012", "arn:aws:iam::123456789012:user/deployer"))
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
        assert decide([policy], "lambda:CreateFunction", arn, {}) == "allow", function
        found.append(function)
    assert len(set(found)) == 3
    assert found[2] == "digits-tell-dev"


def test_the_template_is_this_one(project, tmp_path):
    made = built(tiny(project, schedule="cron(0 3 * * ? *)", time_zone="Asia/Tokyo"), DEV, tmp_path)
    found = re.sub(r"[0-9a-f]{64}", "<sha256>", made.app.text) + made.base_text
    golden = GOLDEN / "template.json"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(found)
    assert found == golden.read_text()


def test_two_checkouts_build_the_same_bytes(tmp_path):
    folders = []
    for name in ("one", "another/and deeper"):
        root = tmp_path / name
        root.mkdir(parents=True)
        project = Project(root).tiny()
        stage_file(project)
        (root / "train.py").touch()
        project.stepmill("build", "pipeline.py", "--out", "out")
        folders.append(root / "out")
    one, other = (
        {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
        for root in folders
    )
    assert one == other
    assert any(name.endswith("function.zip") for name in one)
    assert any(name.endswith("sourcedir.tar.gz") for name in one)


def test_a_build_takes_the_place_of_the_last_one_and_of_nothing_else(project, tmp_path):
    made = built(tiny(project), DEV, tmp_path / "cache")
    write(made, tmp_path / "out")
    (tmp_path / "out" / "old.txt").write_text("left over")
    write(made, tmp_path / "out")
    assert not (tmp_path / "out" / "old.txt").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(DeployRefused, match="holds something that no build wrote"):
        write(made, tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_building_needs_no_credentials_no_network_and_no_botocore(project):
    project.tiny()
    stage_file(project)
    program = (
        "import socket, sys\n"
        "def no(*_): raise AssertionError('the network')\n"
        "socket.socket.connect = no\n"
        "from stepmill.cli import main\n"
        "code = main(['build', 'pipeline.py'])\n"
        "assert 'botocore' not in sys.modules\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [PYTHON, "-c", program], cwd=project.root, env=project.environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    policies = sorted(path.name for path in (project.root / "build" / "dev" / "policies").iterdir())
    assert policies == [*("MachineRole.json", "PrepareJobRole.json", "TellFunctionRole.json", "TrainJobRole.json")]


@pytest.mark.slow
@pytest.mark.parametrize("stage", [DEV, EVERYTHING, OWN], ids=lambda stage: stage.name)
def test_cfn_lint_finds_nothing(project, tmp_path, stage):
    lint = shutil.which("cfn-lint", path=str(Path(sys.executable).parent))
    assert lint, "`make test-all` installs cfn-lint"
    made = built(tiny(project, new_data="s3://${Bucket}/in/", schedule="rate(1 day)"), stage, tmp_path)
    for name, text in (("app.json", made.app.text), ("base.json", made.base_text)):
        (tmp_path / name).write_text(text)
        command = [lint, "--regions", stage.region, "--include-checks", "W", "--", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_a_role_that_may_do_nothing_has_no_policy(project, tmp_path):
    from stepmill.steps import Pass
    from stepmill.workflow import Workflow

    quiet = Stage(name="dev", region="us-east-1", log_level="OFF", tracing=False)
    made = built(Workflow("still", definition=Pass("P")), quiet, tmp_path)
    assert "Policies" not in resources(made)["MachineRole"]["Properties"]
    assert json.loads(made.app.text)["Resources"]["Machine"]["Properties"]["DefinitionString"]
