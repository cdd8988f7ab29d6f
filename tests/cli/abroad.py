"""A store that stands in for an account on AWS, and a project that looks at it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from projects import Project
from stepmill.deploy.aws.account import Account
from stepmill.deploy.stages import Stage
from stepmill.local import Local
from stepmill.stage import Endpoint, load_settings

ACCOUNT = "111122223333"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
STAGE = Stage(name="prod", expected_account=ACCOUNT, region="us-east-1", endpoint="http://127.0.0.1:9")


def abroad(folder: Path) -> Local:
    """A store whose account is another one than a local stage's."""
    folder.mkdir(exist_ok=True)
    cache = os.environ.get("STEPMILL_CACHE", str(folder / "cache"))
    given: dict[str, Any] = {"store": str(folder / ".stepmill"), "cache": cache, "grace": 1}
    settings = load_settings(folder, {}, account=ACCOUNT, **given)
    return Local(settings, say=lambda sentence: None)


class Near(Account):
    """That store as an account: botocore's clients, their requests signed and answered, but no socket."""

    def __init__(self, local: Local, stage: Stage = STAGE) -> None:
        self._local = local
        super().__init__(stage, ("stepfunctions",))

    def client(self, service: str) -> Any:
        return self._clients.setdefault(service, self._local.client(service))


def alias(local: Local, machine: str) -> str:
    """Publish a version and let `live` lead to it."""
    version = local.call("states", "PublishStateMachineVersion", {"stateMachineArn": machine})["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    made = local.call("states", "CreateStateMachineAlias", {"name": "live", "routingConfiguration": routes})
    return str(made["stateMachineAliasArn"])


def machine(local: Local, name: str, text: str) -> str:
    """A machine with this definition, and its alias `live`."""
    request = {"name": name, "definition": text, "roleArn": ROLE}
    arn = str(local.call("states", "CreateStateMachine", request)["stateMachineArn"])
    alias(local, arn)
    return arn


def ran(local: Local, machine: str, name: str, given: str = "{}") -> str:
    """An execution that was started through the alias, and has ended; its ARN."""
    request = {"stateMachineArn": f"{machine}:live", "name": name, "input": given}
    arn = str(local.call("states", "StartExecution", request)["executionArn"])
    assert local.wait(arn, 60)
    return arn


@contextlib.contextmanager
def reached(project: Project, local: Local) -> Iterator[Mapping[str, str]]:
    """The project has a stage `prod`, which that store answers for; the variables that its verbs need."""
    with local.serve() as endpoint:
        project.write(
            "pyproject.toml",
            f"""
            [tool.stepmill]
            [tool.stepmill.stages.prod]
            region = "us-east-1"
            expected_account = "{ACCOUNT}"
            endpoint = "{endpoint.url}"
            """,
        )
        yield keys(endpoint)


def keys(endpoint: Endpoint) -> dict[str, str]:
    """The credentials that open an endpoint, and nothing else."""
    return {name: value for name, value in endpoint.environ().items() if "KEY" in name}
