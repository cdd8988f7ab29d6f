"""Any call of the AWS SDK, by AWS's own names: what is not there is told with the nearest that is."""

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from stepmill.asl import operations
from stepmill.asl.operations import find_service, nearest_service, source
from stepmill.steps import AwsSdkStep


def test_a_call_is_written_in_both_languages_with_run_time_values_anywhere(author):
    text = """
        run = ExecutionInput({"cluster": str, "role": str})
        definition = AwsSdkStep("Look", "rds:describeDBClusters",
                                {"DbClusterIdentifier": run["cluster"], "Filters": [{"Name": "x", "Values": ["y"]}]},
                                result_selector={"found.$": "$.DbClusters"}, credentials={"RoleArn": run["role"]})
    """
    assert author.states(text)["Look"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:rds:describeDBClusters",
        "Parameters": {
            "DbClusterIdentifier.$": "$$.Execution.Input['cluster']",
            "Filters": [{"Name": "x", "Values": ["y"]}],
        },
        "Credentials": {"RoleArn.$": "$$.Execution.Input['role']"},
        "ResultSelector": {"found.$": "$.DbClusters"},
        "End": True,
    }
    jsonata = text.replace('result_selector={"found.$": "$.DbClusters"}, ', "")
    assert author.states(jsonata, "JSONata")["Look"]["Arguments"] == {
        "DbClusterIdentifier": "{% $states.context.Execution.Input.cluster %}",
        "Filters": [{"Name": "x", "Values": ["y"]}],
    }


def test_a_call_that_waits_for_its_token_hands_it_on(author):
    text = """
        from stepmill.inputs import TaskToken
        definition = AwsSdkStep("Ask", "sfn:startExecution", wait_for_callback=True,
                                parameters={"StateMachineArn": "a", "Input": TaskToken()})
    """
    assert author.states(text)["Ask"]["Resource"] == "arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken"
    line, told = author.problem(text.replace(', "Input": TaskToken()', ""))
    assert (line, "hands it to nobody" in told) == (3, True)


@pytest.mark.parametrize(
    ("call", "parameters", "said", "hint"),
    [
        ("stepfunctions:startExecution", {}, "no service that Step Functions knows", "did you mean 'sfn'?"),
        ("logs:putLogEvents", {}, "calls 'logs'", "did you mean 'cloudwatchlogs'?"),
        ("dynamoDB:getItem", {}, "calls 'dynamoDB'", "did you mean 'dynamodb'?"),
        ("s3:getObjekt", {}, "calls 'getObjekt', no operation of s3", "did you mean 'getObject'?"),
        ("s3:GetObject", {}, "calls 'GetObject'", "did you mean 'getObject'?"),
        ("s3:selectObjectContent", {}, "which Step Functions cannot call", "can be called"),
        ("s3:getObject", {"Bucket": "b", "Keys": "k"}, "gives 'Keys' to s3:getObject", "did you mean 'Key'?"),
        ("s3:getObject", {"Bucket": "b"}, "does not give Key to s3:getObject", "cannot do without"),
        (
            "rds:describeDBClusters",
            {"DBClusterIdentifier": "c"},
            "gives 'DBClusterIdentifier'",
            "'DbClusterIdentifier'",
        ),
        ("s3:putObject", {"Bucket": "b", "Key": "k", "ACL": "private"}, "gives 'ACL'", "did you mean 'Acl'?"),
        ("sts:getCallerIdentity", {"Qqq": 1}, "gives 'Qqq'", "it has none"),
        ("nimbus9000:fly", {}, "calls 'nimbus9000'", "Task(resource=…)"),
    ],
)
def test_what_aws_does_not_have_is_told_with_the_nearest(author, call, parameters, said, hint):
    found = author.problems(f'definition = AwsSdkStep("Call", "{call}", {parameters})')
    assert found[0][0] == 2
    assert said in found[0][2]
    assert hint in found[0][3]


def test_all_faults_of_a_call_are_told_at_once(author):
    found = author.problems('definition = AwsSdkStep("Copy", "s3:copyObject", {"Buckett": "b", "CopySorce": "c"})')
    assert [code for _, code, *_ in found] == ["call.parameter", "call.parameter", "call.required"]
    assert "Bucket and CopySource and Key" in found[2][2]


def test_a_key_that_is_a_path_is_a_parameter_of_its_name(author):
    author.states('definition = AwsSdkStep("Read", "s3:getObject", {"Bucket.$": "$.b", "Key.$": "$.k"})')
    (found,) = author.problems(
        """definition = AwsSdkStep("Read", "s3:getObject", {"Bucket": "{% $b %}", "Key.$": "k"}, output="{% 1 %}")""",
        "JSONata",
    )
    assert found[1] == "jsonata.path"


def test_a_plain_task_may_be_newer_than_the_table_but_not_misspelt(author):
    task = 'definition = Task("Call", resource="arn:aws:states:::aws-sdk:{}", parameters={})'
    newer = author.bundle(task.format("nimbus9000:fly", '{"High": 1}'))
    assert any("no service that Step Functions knows" in notice for notice in newer.manifest.notices)
    newer = author.bundle(task.format("s3:getObject", '{"Bucket": "b", "Key": "k", "Zzyzx": 1}'))
    assert any("gives 'Zzyzx'" in notice for notice in newer.manifest.notices)
    assert "did you mean 'Bucket'?" in author.problems(task.format("s3:getObject", '{"Buckte": "b", "Key": "k"}'))[0][3]
    assert "does not give Key" in author.problem(task.format("s3:getObject", '{"Bucket": "b"}'))[1]
    assert "waits by .sync" in author.problem(task.format("s3:listBuckets.sync", "{}"))[1]


def test_a_misspelt_parameter_of_an_optimised_integration_is_told(author):
    task = 'definition = Task("Call", resource="arn:aws:states:::{}", parameters={})'
    _, text = author.problem(task.format("dynamodb:getItem", '{"TabelName": "t", "Key": {}}'))
    assert "gives 'TabelName' to dynamodb:getItem" in text
    assert "did you mean 'TableName'?" in text
    author.states(task.format("sqs:sendMessage", '{"QueueUrl": "q", "MessageBody": {"a.$": "$.a"}}'))


def test_a_service_the_guide_does_not_list_is_noticed(author):
    notices = author.bundle('definition = AwsSdkStep("List", "globalaccelerator:listAccelerators")').manifest.notices
    assert any("guide of spring 2025 does not list" in notice for notice in notices)


def test_a_call_is_service_and_operation():
    with pytest.raises(ValueError, match=r'calls "service:operation", such as "s3:getObject"'):
        AwsSdkStep("Read", "getObject")
    with pytest.raises(TypeError, match="are an object"):
        AwsSdkStep("Read", "s3:getObject", ["b"])
    with pytest.raises(TypeError, match="both parameters and arguments="):
        AwsSdkStep("Read", "s3:getObject", {"Bucket": "b"}, arguments={"Bucket": "b"})
    with pytest.raises(TypeError, match="no field 'paramters'; did you mean 'parameters'"):
        AwsSdkStep("Read", "s3:getObject", paramters={})


def test_the_table_says_what_it_was_made_of_and_has_step_functions_names():
    assert source().startswith("botocore ")
    sfn = find_service("sfn")
    assert sfn.listed
    start = sfn.operation("startExecution")
    assert start.required == {"StateMachineArn"}
    assert {"StateMachineArn", "Name", "Input"} <= set(start.parameters)
    assert not find_service("lambda").operation("invokeWithResponseStream").callable
    assert find_service("SFN") is None
    assert (nearest_service("events"), nearest_service("ce")) == ("eventbridge", "costexplorer")


@pytest.mark.slow
def test_the_table_is_what_the_script_makes_of_the_same_botocore(tmp_path):
    botocore = pytest.importorskip("botocore")
    made_of, _, date = source().partition(", ")
    if made_of != f"botocore {botocore.__version__}":
        pytest.skip(f"the table is of {made_of}")
    table = Path(operations.__file__).with_name("operations.txt.gz")
    script = Path(__file__).parents[2] / "tools" / "make_operations.py"
    subprocess.run([sys.executable, script, date, tmp_path / "made"], check=True)
    assert gzip.decompress((tmp_path / "made").read_bytes()) == gzip.decompress(table.read_bytes())
