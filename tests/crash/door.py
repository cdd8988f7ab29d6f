"""The crash loop at the front door: a served store killed with -9 while clients use it.

    python tests/crash/door.py [--executions N] [--kills K] [--seed S] [--out FOLDER]

Clients are boto3 with its own retries, on a port that stays the same. What they were told has started must end, and
what it did, written to one file by every function and job, must have been done once. Exits 1 with what is wrong.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROLE = "arn:aws:iam::000000000000:role/door"
PATIENCE = 300.0
CLIENTS = 8
# Enough attempts to sit out a restart; a client that gives up would be told so, and its execution not be counted.
_RETRIES = Config(retries={"mode": "standard", "total_max_attempts": 40}, connect_timeout=2, read_timeout=30)

FUNCTION = """
import os

def handler(event, context):
    line = f"{event['execution']} {event['step']}\\n".encode()
    effects = os.open(event["effects"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(effects, line)
    os.close(effects)
    return {"step": event["step"]}
"""
JOB = """
import os, sys
effects = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
os.write(effects, f"{sys.argv[2]} job\\n".encode())
"""


class Wrong(Exception):
    """What should not be; says it."""


class Door:
    """A store, its server, and the clients."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.store = root / ".stepmill"
        self.effects = root / "effects"
        self.dice = random.Random(seed)
        self.port = 0
        self.server: subprocess.Popen[str] | None = None
        self.kills = 0

    def serve(self) -> None:
        """Start the server; the port is the one it had."""
        words = ["serve", "--json", "--port", str(self.port)]
        self.server = subprocess.Popen(
            [sys.executable, "-m", "stepmill", "--store", str(self.store), *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=(self.root / "said").open("ab"),
            text=True,
            start_new_session=True,
        )
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        if not line:
            raise Wrong(f"the server did not start: {(self.root / 'said').read_text()}")
        self.port = int(json.loads(line)["url"].rpartition(":")[2])

    def kill(self) -> None:
        """`kill -9` the server, and nothing else: jobs and functions are no part of it."""
        assert self.server is not None
        self.server.send_signal(signal.SIGKILL)
        self.server.wait()
        self.kills += 1

    def client(self, service: str) -> Any:
        """boto3 as a user has it, from `stepmill env`."""
        said = subprocess.run(
            [sys.executable, "-m", "stepmill", "--store", str(self.store), "env", "--json"],
            check=True,
            capture_output=True,
            text=True,
        )
        found = json.loads(said.stdout)
        return boto3.client(
            service,
            endpoint_url=found["AWS_ENDPOINT_URL"],
            aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
            region_name=found["AWS_REGION"],
            config=_RETRIES,
        )

    def machine(self) -> str:
        """Function, job, function. Out: the machine's ARN."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", FUNCTION)
        self.client("lambda").create_function(
            FunctionName="effect",
            Runtime="python3.12",
            Role=ROLE,
            Handler="app.handler",
            Timeout=60,
            Code={"ZipFile": packed.getvalue()},
        )
        self.client("s3").create_bucket(Bucket="door-code")
        self.client("s3").put_object(Bucket="door-code", Key="job/job.py", Body=JOB)
        return str(
            self.client("stepfunctions").create_state_machine(
                name="door", definition=json.dumps(_definition()), roleArn=ROLE
            )["stateMachineArn"]
        )

    def play(self, executions: int, kills: int) -> list[str]:
        """Start, kill, restart, wait. Out: what is wrong."""
        self.serve()
        try:
            machine = self.machine()
            # each of its own: what one spends on retries, no other lacks
            free: queue.SimpleQueue[Any] = queue.SimpleQueue()
            for _ in range(CLIENTS):
                free.put(self.client("stepfunctions"))
            names = [f"e{number:03}" for number in range(executions)]
            over = threading.Event()
            with ThreadPoolExecutor(CLIENTS) as clients:
                killer = clients.submit(self._strike, kills, over)
                doing = [clients.submit(self._run, free, machine, name) for name in names]
                statuses = [done.result() for done in doing]
                over.set()
                killer.result()
            return self._faults(dict(zip(names, statuses, strict=True)))
        finally:
            if self.server is not None and self.server.poll() is None:
                self.server.terminate()
                self.server.wait(30)

    def _strike(self, kills: int, over: threading.Event) -> None:
        for _ in range(kills):
            if over.wait(self.dice.uniform(0.3, 3.0)):
                return
            self.kill()
            over.wait(self.dice.uniform(0, 0.5))
            self.serve()

    def _run(self, free: queue.SimpleQueue[Any], machine: str, name: str) -> str:
        """Start one execution and look until it has ended. Out: its status."""
        states = free.get()
        try:
            return self._follow(states, machine, name)
        finally:
            free.put(states)

    def _follow(self, states: Any, machine: str, name: str) -> str:
        value = json.dumps({"name": name, "effects": str(self.effects)})
        try:
            arn = states.start_execution(stateMachineArn=machine, name=name, input=value)["executionArn"]
        except states.exceptions.ExecutionAlreadyExists:
            # Started by an attempt whose answer was lost, and over before the next one came: AWS says the same.
            arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        until = time.monotonic() + PATIENCE
        while (status := states.describe_execution(executionArn=arn)["status"]) == "RUNNING":
            if time.monotonic() > until:
                raise Wrong(f"{name} was acknowledged and has not ended after {PATIENCE:g} s")
            time.sleep(0.2)
        return str(status)

    def _faults(self, statuses: dict[str, str]) -> list[str]:
        wrong = [f"{name} was acknowledged and ended {said}" for name, said in statuses.items() if said != "SUCCEEDED"]
        done = collections.Counter(self.effects.read_text().splitlines())
        for name in statuses:
            for step in ("before", "job", "after"):
                if (times := done.pop(f"{name} {step}", 0)) != 1:
                    wrong.append(f"{name}: {step} was done {times} times")
        return wrong + [f"nobody asked for {what}" for what in done]


def _definition() -> dict[str, Any]:
    def call(step: str, then: str) -> dict[str, Any]:
        values = {"execution": "{% $states.context.Execution.Name %}", "step": step, "effects": "{% $effects %}"}
        return {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "effect", "Payload": values},
            **({"Next": then} if then else {"End": True}),
        }

    name = "{% $states.context.Execution.Name %}"
    job = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
        "Arguments": {
            "ProcessingJobName": "{% 'door-' & $states.context.Execution.Name %}",
            "RoleArn": ROLE,
            "AppSpecification": {
                "ImageUri": "door",
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/input/code/job.py"],
                "ContainerArguments": ["{% $effects %}", name],
            },
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
            },
            "ProcessingInputs": [
                {
                    "InputName": "code",
                    "S3Input": {
                        "S3Uri": "s3://door-code/job",
                        "LocalPath": "/opt/ml/processing/input/code",
                        "S3DataType": "S3Prefix",
                        "S3InputMode": "File",
                    },
                }
            ],
        },
        "Next": "After",
    }
    first = {"Type": "Pass", "Assign": {"effects": "{% $states.input.effects %}"}, "Next": "Before"}
    states = {"First": first, "Before": call("before", "Job"), "Job": job, "After": call("after", "")}
    return {"QueryLanguage": "JSONata", "StartAt": "First", "States": states}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=100)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="keep everything here (default: a folder that goes when all is well)")
    args = parser.parse_args()
    root = args.out or Path(tempfile.mkdtemp(prefix="stepmill-door-"))
    root.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    door = Door(root, args.seed)
    wrong = door.play(args.executions, args.kills)
    for fault in wrong:
        print(fault)
    print(f"{args.executions} executions, {door.kills} kills, {time.monotonic() - began:.0f} s: {len(wrong)} faults")
    if wrong:
        print(f"kept: {root}")
    elif args.out is None:
        import shutil

        shutil.rmtree(root)
    return 1 if wrong else 0


if __name__ == "__main__":
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    sys.exit(main())
