"""What goes wrong on the way to AWS: each with its clear sentence, and a second `deploy` that finishes it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from cloud import KEYS, MOTO, moto, stage_file
from faulty import Asked, Fault, Line, line_to

from projects import Project

ACCOUNT = "123456789012"  # moto's
needs_moto = pytest.mark.skipif(
    not MOTO, reason="STEPMILL_MOTO names no folder with moto's server; `make test-all` makes one"
)


@pytest.fixture
def nobody(project: Project, tmp_path) -> dict[str, str]:
    """An environment without credentials of any kind."""
    nowhere = str(tmp_path / "nothing")
    return {
        "HOME": str(tmp_path),
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def test_missing_credentials_are_told_before_anything_is_asked(project, nobody):
    project.tiny()
    stage_file(project)
    for verb in ("plan", "deploy", "destroy"):
        said = project.stepmill(verb, "pipeline.py", code=1, **nobody).stderr
        assert "there are no AWS credentials; log in" in said
        assert "aws sts get-caller-identity" in said


def test_an_unknown_profile_is_told_by_its_name(project, nobody):
    project.tiny()
    stage_file(project, profile="ml-prod")
    said = project.stepmill("plan", "pipeline.py", code=1, **nobody).stderr
    assert "there is no AWS profile 'ml-prod'" in said


def test_a_region_without_step_functions_is_told_with_those_that_have_it(project, nobody):
    project.tiny()
    stage_file(project)
    said = project.stepmill("plan", "pipeline.py", "--region", "eu-nowhere-9", code=1, **nobody).stderr
    assert "Step Functions is not in the region eu-nowhere-9" in said
    assert "eu-west-1" in said


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL_S3"])
def test_an_endpoint_at_this_machine_is_no_aws_unless_the_stage_says_so(project, nobody, variable):
    project.tiny()
    stage_file(project)
    more = {**nobody, **KEYS, variable: "http://localhost:4566"}
    said = project.stepmill("deploy", "pipeline.py", "--yes", code=5, **more).stderr
    assert "sends" in said and "http://localhost:4566, which is this machine and not AWS" in said
    assert "write endpoint = 'http://localhost:4566'" in said


def test_botocore_is_named_when_it_is_not_there(project, nobody, tmp_path):
    project.tiny()
    stage_file(project)
    (tmp_path / "without" / "botocore").mkdir(parents=True)
    (tmp_path / "without" / "botocore" / "__init__.py").write_text("raise ImportError('not here')\n")
    said = project.stepmill("plan", "pipeline.py", code=1, PYTHONPATH=str(tmp_path / "without"), **nobody).stderr
    assert 'pip install "stepmill[aws]"' in said


@pytest.fixture
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """A connection to a server of moto's own, on which things can go wrong."""
    with moto(tmp_path_factory.mktemp("moto")) as address, line_to(address) as found:
        yield found


@pytest.fixture
def there(project: Project, line: Line) -> Project:
    """The tiny pipeline with its stage at the end of that connection."""
    project.tiny()
    stage_file(project, endpoint=line.address, expected_account=ACCOUNT)
    return project


def deploy(project: Project, code: int = 0, *words: str) -> str:
    return project.stepmill("deploy", "pipeline.py", "--yes", *words, code=code, **KEYS).stderr


def cloudformation(line: Line):
    return boto3.client(
        "cloudformation",
        endpoint_url=line.address,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def only(operation: str, fault: Fault, times: int = 1_000):
    """A rule: this operation goes wrong, so many times."""
    left = [times]

    def rule(asked: Asked) -> Fault | None:
        if asked.operation != operation or left[0] == 0:
            return None
        left[0] -= 1
        return fault

    return rule


@needs_moto
@pytest.mark.slow
def test_expired_credentials_are_told_and_nothing_is_done(there, line):
    line.rule = only("GetCallerIdentity", Fault("ExpiredToken", "The security token is expired", 403))
    said = deploy(there, 1)
    assert "the AWS credentials have expired (ExpiredToken); log in" in said
    assert {asked.operation for asked in line.asked} == {"GetCallerIdentity"}


@needs_moto
@pytest.mark.slow
def test_the_wrong_account_is_refused_for_safety(there, line):
    stage_file(there, endpoint=line.address, expected_account="999999999999")
    for verb, more in (("deploy", ["--yes"]), ("plan", []), ("destroy", ["--yes"])):
        said = there.stepmill(verb, "pipeline.py", *more, code=5, **KEYS).stderr
        assert f"stage dev is account 999999999999, and these credentials are of account {ACCOUNT}" in said
    assert {asked.operation for asked in line.asked} == {"GetCallerIdentity"}


@needs_moto
@pytest.mark.slow
def test_throttling_is_waited_out_and_told_when_it_does_not_end(there, line):
    line.rule = only("CreateChangeSet", Fault("Throttling", "Rate exceeded"), times=1)
    assert "to add" in there.stepmill("plan", "pipeline.py", **KEYS).stdout
    line.rule = only("CreateChangeSet", Fault("Throttling", "Rate exceeded"))
    said = deploy(there, 1)
    assert "AWS asked to slow down (cloudformation:CreateChangeSet: Throttling)" in said
    line.rule = lambda asked: None
    deploy(there)
    assert "no changes" in deploy(there)


@needs_moto
@pytest.mark.slow
def test_a_network_cut_in_mid_upload_leaves_what_the_second_deploy_finishes(there, line):
    puts = []

    def second_put_breaks(asked: Asked) -> Fault | None:
        if asked.method != "PUT" or "stepmill/code" not in asked.path:
            return None
        puts.append(asked.path)
        return Fault(cut=True) if len(set(puts)) == 2 else None

    line.rule = second_put_breaks
    said = deploy(there, 1)
    assert "the same command goes on from there" in said
    stacks = {each["StackName"]: each["StackStatus"] for each in cloudformation(line).describe_stacks()["Stacks"]}
    assert stacks == {"stepmill-dev": "CREATE_COMPLETE"}
    line.rule, line.asked[:] = (lambda asked: None), []
    deploy(there)
    again = [asked.path for asked in line.asked if asked.method == "PUT" and "stepmill/code" in asked.path]
    assert puts[0] not in again and len(again) == len(set(again)) == 2
    assert "no changes" in deploy(there)


@needs_moto
@pytest.mark.slow
def test_a_right_that_is_missing_is_told_with_the_role_and_the_statement_to_add(there, line):
    message = (
        "User: arn:aws:sts::123456789012:assumed-role/ci/run-1 is not authorized to perform: "
        "cloudformation:CreateChangeSet on resource: arn:aws:cloudformation:us-east-1:123456789012:stack/tiny-dev/* "
        "because no identity-based policy allows the cloudformation:CreateChangeSet action"
    )
    line.rule = only("CreateChangeSet", Fault("AccessDenied", message, 403))
    said = deploy(there, 1)
    assert "the role arn:aws:iam::123456789012:role/ci may not cloudformation:CreateChangeSet" in said
    statement = json.loads(next(row for row in said.splitlines() if row.strip().startswith('{"Effect"')))
    assert statement == {
        "Effect": "Allow",
        "Action": "cloudformation:CreateChangeSet",
        "Resource": "arn:aws:cloudformation:us-east-1:123456789012:stack/tiny-dev/*",
    }


@needs_moto
@pytest.mark.slow
def test_nobody_at_the_terminal_is_no_agreement(there, line):
    said = there.stepmill("deploy", "pipeline.py", code=5, **KEYS).stderr
    assert "nobody is there to be asked" in said
    assert "ExecuteChangeSet" not in {asked.operation for asked in line.asked}


@needs_moto
@pytest.mark.slow
def test_what_is_no_aws_at_all_is_told(there, line):
    line.rule = only("GetCallerIdentity", Fault("x", "<<<not xml", 200))
    said = deploy(there, 1)
    assert "answered sts:GetCallerIdentity with something that is not of AWS's form" in said
