"""The console's addresses, partition by partition."""

from __future__ import annotations

import pytest

from stepmill.cli.planned import console
from stepmill.deploy.aws.consoles import console_urls

HOSTS = {
    ("aws", "eu-central-1"): "https://eu-central-1.console.aws.amazon.com",
    ("aws-cn", "cn-north-1"): "https://cn-north-1.console.amazonaws.cn",
    ("aws-us-gov", "us-gov-west-1"): "https://console.amazonaws-us-gov.com",
}


@pytest.mark.parametrize(("partition", "region"), HOSTS)
def test_each_partition_has_its_own_host(partition: str, region: str) -> None:
    host, scope = HOSTS[partition, region], f"arn:{partition}:states:{region}:111122223333"
    machine, execution = f"{scope}:stateMachine:digits-prod", f"{scope}:execution:digits-prod:one"
    assert console(machine) == f"{host}/states/home?region={region}#/statemachines/view/{machine}"
    logs = f"{host}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
    assert console_urls(execution, [("training", "t-1"), ("processing", "p-1")], ["tell-prod"]) == {
        "machine": {machine: console(machine)},
        "execution": {execution: f"{host}/states/home?region={region}#/v2/executions/details/{execution}"},
        "job": {
            "t-1": f"{host}/sagemaker/home?region={region}#/jobs/t-1",
            "p-1": f"{host}/sagemaker/home?region={region}#/processing-jobs/p-1",
        },
        "log": {
            "t-1": f"{logs}$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dt-1$252F",
            "p-1": f"{logs}$252Faws$252Fsagemaker$252FProcessingJobs$3FlogStreamNameFilter$3Dp-1$252F",
            "tell-prod": f"{logs}$252Faws$252Flambda$252Ftell-prod",
        },
    }


def test_an_alias_leads_to_its_machine_and_a_child_execution_to_its_parents() -> None:
    scope = "arn:aws:states:us-east-1:111122223333"
    machine = f"{scope}:stateMachine:m"
    assert list(console_urls(f"{machine}:live")["machine"]) == [machine]
    assert list(console_urls(f"{scope}:execution:m/Each:abc")["machine"]) == [machine]
    express = console_urls(f"{scope}:express:m:one:uuid")["execution"]
    assert next(iter(express.values())).endswith(f"#/express-executions/details/{scope}:express:m:one:uuid")


def test_another_arn_has_no_page_of_step_functions() -> None:
    with pytest.raises(ValueError, match="state machine"):
        console_urls("arn:aws:s3:::bucket")
