"""A local run reaches nothing but this machine, and neither do the jobs and functions it starts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from projects import Project
from stepmill.functions import Functions

CALLS_AWS = """
import boto3, botocore.exceptions

def call(*_):
    try:
        boto3.client("s3").list_buckets()
    except botocore.exceptions.EndpointConnectionError as refusal:
        print("refused:", refusal)
    else:
        raise SystemExit("a call to AWS went through")
"""


@pytest.mark.slow
def test_no_socket_outside_loopback_is_opened_by_a_run_or_by_a_jobs_or_functions_own_boto3(
    project: Project, tmp_path: Path
):
    assert shutil.which("strace"), "this test observes connections with strace: apt-get install strace"
    assert find_spec("boto3"), "this test watches what a script's own boto3 does: it belongs to the group dev"
    project.tiny()
    for script in ("prepare.py", "train.py"):
        project.write(script, (project.root / script).read_text() + CALLS_AWS + "call()\n")
    project.write("functions.py", CALLS_AWS + "\ntell = call\n")
    trace = tmp_path / "trace"
    # An empty network namespace blocks what strace would otherwise only see.
    inside = f'ip link set lo up && exec strace -D -f -e trace=connect -o "{trace}" "$@"'
    command = [sys.executable, "-m", "stepmill", "run", "pipeline.py"]
    said = tmp_path / "said"
    # strace -D stays as long as the function host it follows; so nobody may wait for the end of its output.
    with said.open("wb") as out:
        try:
            ended = subprocess.run(
                ["unshare", "-n" if os.geteuid() == 0 else "-rn", "sh", "-c", inside, "sh", *command],
                cwd=project.root,
                env=project.environ(AWS_ACCESS_KEY_ID="AKIAREALLOOKINGKEY00", AWS_PROFILE="production"),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
                timeout=180,
            )
        finally:
            Functions(project.root / ".stepmill" / "functions").stop()
    assert ended.returncode == 0, said.read_text()
    reached = re.findall(
        r'connect\(.*?sa_family=AF_INET6?.*?inet_(?:addr|pton)\((?:AF_INET6, )?"([^"]+)"', trace.read_text()
    )
    assert "htons(9)" in trace.read_text(), "the jobs' own boto3 was not seen to try"
    assert {address for address in reached if not re.match(r"127\.|::1$|::ffff:127\.", address)} == set()


def test_no_aws_client_is_made_in_a_run(project: Project):
    project.tiny()
    project.write(
        "watch.py",
        """
        import runpy, sys
        sys.argv = ["stepmill", "run", "pipeline.py"]
        try:
            runpy.run_module("stepmill", run_name="__main__")
        except SystemExit as end:
            assert not end.code, end.code
        print("LOADED", *(name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore", "moto")))
        """,
    )
    ended = subprocess.run(
        [sys.executable, "watch.py"],
        cwd=project.root,
        env=project.environ(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.rstrip().endswith("LOADED")
