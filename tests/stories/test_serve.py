"""A user serves a store, points clients at it, and runs pipelines beside it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config

from projects import Project
from stepmill.local.store import Store
from stores import PASS, ROLE, machine_text


def clients(project: Project) -> Any:
    """boto3's clients, by what `stepmill env` prints."""
    found = json.loads(project.stepmill("env", "--json").stdout)
    return lambda service: boto3.client(
        service,
        endpoint_url=found["AWS_ENDPOINT_URL"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        region_name=found["AWS_REGION"],
        config=Config(retries={"total_max_attempts": 2}),
    )


@contextmanager
def serving(project: Project, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`stepmill serve`, ready."""
    server = project.spawn("serve", "--port", "0", "--json", *words)
    try:
        assert server.stdout is not None and server.stderr is not None
        line = server.stdout.readline()
        assert line, server.stderr.read()
        server.url = json.loads(line)["url"]  # type: ignore[attr-defined]
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
        server.communicate(timeout=30)


def test_a_server_says_where_it_is_and_what_to_type_and_ends_with_ctrl_c(project: Project):
    with serving(project) as server:
        client = clients(project)("stepfunctions")
        client.create_state_machine(name="kept", definition=machine_text(Done=PASS), roleArn=ROLE)
        client.close()
        server.send_signal(signal.SIGINT)
        said = server.communicate(timeout=30)[1]
    assert server.returncode == 0
    assert str(project.root / ".stepmill") in said
    assert server.url in said  # type: ignore[attr-defined]
    assert 'eval "$(stepmill env)"' in said
    assert "in memory" in said
    with serving(project):  # and another day
        client = clients(project)("stepfunctions")
        assert [row["name"] for row in client.list_state_machines()["stateMachines"]] == ["kept"]
        client.close()


def test_env_is_for_a_shell(project: Project):
    with serving(project):
        words = project.stepmill("env").stdout
        shell = ["sh", "-euc", f'{words}\nprintf \'%s %s\' "$AWS_ENDPOINT_URL" "${{AWS_PROFILE-none}}"']
        said = subprocess.run(
            shell, env={**os.environ, "AWS_PROFILE": "work"}, capture_output=True, text=True, check=True
        )
        assert said.stdout.startswith("http://127.0.0.1:")
        assert said.stdout.endswith(" none")
        fish = project.stepmill("env", "--shell", "fish").stdout
        assert all(shlex.split(line)[0] == "set" for line in fish.splitlines())


def test_env_of_a_store_that_is_not_served_says_what_to_do(project: Project):
    done = project.stepmill("env", code=1)
    assert done.stdout == ""
    assert "is not served" in done.stderr
    assert "stepmill serve" in done.stderr


@pytest.mark.slow
def test_a_port_that_is_taken_is_refused_or_the_next_one_is_found(project: Project):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = project.stepmill("serve", "--port", str(port), code=1)
        assert f"{port} is taken" in done.stderr
        assert "--next-free" in done.stderr
        assert "Traceback" not in done.stderr
        project.stepmill("serve", "--port", str(port), "--next-free", "--detach")
    found = json.loads(project.stepmill("env", "--json").stdout)
    assert int(found["AWS_ENDPOINT_URL"].rpartition(":")[2]) > port
    project.stepmill("serve", "--stop")
    project.stepmill("env", code=1)


def test_a_store_is_served_once(project: Project):
    with serving(project) as server:
        done = project.stepmill("serve", "--port", "0", code=5)
        assert f"served already, at {server.url}" in done.stderr  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--port", "70000"), 1, "0 to 65535"),
        (("--port", "x"), 1, "invalid int value"),
        (("--listen", "203.0.113.9", "--port", "0"), 1, "cannot be listened on"),
        (("--listen", "0.0.0.0", "--allow-test-keys"), 5, "would get in"),
        (("--stop",), 0, "is not served"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_sentence(project: Project, words: tuple[str, ...], code: int, said: str):
    done = project.stepmill("serve", *words, code=code)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_test_keys_come_in_when_they_are_let_in_and_not_before(project: Project):
    def ask(url: str) -> Any:
        client = boto3.client(
            "sts", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1"
        )
        try:
            return client.get_caller_identity()["Account"]
        except client.exceptions.ClientError as refusal:
            return refusal.response["Error"]["Code"]
        finally:
            client.close()

    with serving(project) as server:
        assert ask(server.url) == "InvalidClientTokenId"  # type: ignore[attr-defined]
    with serving(project, "--allow-test-keys") as server:
        assert ask(server.url) == "000000000000"  # type: ignore[attr-defined]


def test_a_run_beside_a_server_submits_to_it(project: Project):
    project.tiny()
    with serving(project) as server:
        project.stepmill("run", "pipeline.py", "--name", "beside")
        states = clients(project)("stepfunctions")
        machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        found = states.list_executions(stateMachineArn=machine)["executions"]
        assert [(row["name"], row["status"]) for row in found] == [("beside", "SUCCEEDED")]
        states.close()
        owner = json.loads((project.root / ".stepmill" / "owner.json").read_text())
        assert owner["pid"] == server.pid


@pytest.mark.slow
def test_a_server_beside_a_run_answers_and_takes_over_when_that_ends(project: Project):
    project.tiny()
    long = {"Type": "Wait", "Seconds": 2, "End": True}
    project.write("long.json", machine_text(Wait=long))
    project.write("long.py", """
        from stepmill.workflow import Workflow

        workflow = Workflow.from_definition(open("long.json").read(), "long")
    """)  # fmt: skip
    run = project.spawn("run", "long.py", "--name", "first")
    until = time.monotonic() + 30
    while not (project.root / ".stepmill" / "owner.json").exists() and time.monotonic() < until:
        time.sleep(0.02)  # until another process is there
    with serving(project) as server:
        client = clients(project)
        s3, states = client("s3"), client("stepfunctions")
        s3.create_bucket(Bucket="while-it-runs")
        s3.put_object(Bucket="while-it-runs", Key="k", Body=b"x" * 100_000)
        assert s3.get_object(Bucket="while-it-runs", Key="k")["Body"].read() == b"x" * 100_000
        assert states.list_state_machines()["stateMachines"][0]["name"] == "long"
        assert run.wait(60) == 0
        run.communicate()
        store = Store(project.root / ".stepmill")
        while (owner := store.owner()) is None or owner.pid != server.pid:
            assert time.monotonic() < until
            time.sleep(0.02)  # until the other process has taken over
        assert client("sqs").create_queue(QueueName="now")["QueueUrl"]
        for made in (s3, states):
            made.close()


def test_jobs_and_functions_reach_the_store_that_runs_them(project: Project):
    project.write("pipeline.py", """
        from stepmill.sagemaker import ScriptProcessor
        from stepmill.steps import Chain, ProcessingStep
        from stepmill.workflow import Workflow

        processor = ScriptProcessor(
            image_uri="any", command=["python3"], instance_type="ml.m5.large", instance_count=1
        )
        workflow = Workflow("calls", definition=Chain([ProcessingStep("Call", processor=processor, code="call.py")]))
    """)  # fmt: skip
    project.write("call.py", """
        import boto3

        boto3.client("s3").put_object(Bucket="stepmill-local", Key="from-the-job", Body=b"hello")
        print("account", boto3.client("sts").get_caller_identity()["Account"])
    """)  # fmt: skip
    with serving(project):
        project.stepmill("run", "pipeline.py", "--name", "one")
        s3 = clients(project)("s3")
        assert s3.get_object(Bucket="stepmill-local", Key="from-the-job")["Body"].read() == b"hello"
        s3.close()
        secret = json.loads((project.root / ".stepmill" / "key.json").read_text())["secret"]
        assert secret not in project.stepmill("logs", "one").stdout


@pytest.mark.slow
def test_what_runs_when_the_server_ends_goes_on_with_the_next(project: Project):
    with serving(project) as server:
        states = clients(project)("stepfunctions")
        machine = states.create_state_machine(
            name="long", definition=machine_text(Wait={"Type": "Wait", "Seconds": 2, "End": True}), roleArn=ROLE
        )["stateMachineArn"]
        arn = states.start_execution(stateMachineArn=machine, name="through")["executionArn"]
        states.close()
        server.terminate()
        said = server.communicate(timeout=30)[1]
        assert "through: goes on" in said
    with serving(project):
        states = clients(project)("stepfunctions")
        until = time.monotonic() + 30
        while (status := states.describe_execution(executionArn=arn)["status"]) == "RUNNING":
            assert time.monotonic() < until
            time.sleep(0.05)  # another process does it
        assert status == "SUCCEEDED"
        states.close()
