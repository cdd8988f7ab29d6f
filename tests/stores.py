"""A store of one test, hosted in the test's own process, and machines for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stepmill.local import Local
from stepmill.services.operations import ServiceError
from stepmill.stage import load_settings

ROLE = "arn:aws:iam::000000000000:role/r"
SCOPE = "arn:aws:states:us-east-1:000000000000"
PASS = {"Type": "Pass", "End": True}


def open_store(folder: Path) -> Local:
    settings = load_settings(folder, {}, store=str(folder / ".stepmill"), cache=str(folder / "cache"), grace=1)
    return Local(settings, say=lambda sentence: None)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    """A store that this process hosts."""
    local = open_store(tmp_path)
    yield local
    local.release()


def machine_text(**states: dict[str, Any]) -> str:
    """A JSONata machine of these states; the first is the start."""
    return json.dumps({"StartAt": next(iter(states)), "QueryLanguage": "JSONata", "States": states})


def create(local: Local, name: str = "m", text: str = "") -> str:
    request = {"name": name, "definition": text or machine_text(Done=PASS), "roleArn": ROLE}
    return str(local.call("states", "CreateStateMachine", request)["stateMachineArn"])


def run(local: Local, text: str, value: Any = None, name: str = "m") -> dict[str, Any]:
    """Run a machine to its end → DescribeExecution's answer."""
    start = {"stateMachineArn": create(local, name, text), "input": json.dumps(value or {})}
    arn = local.call("states", "StartExecution", start)["executionArn"]
    assert local.wait(arn, 60)
    return local.call("states", "DescribeExecution", {"executionArn": arn})


def task(resource: str, **arguments: Any) -> str:
    """A machine that is one Task."""
    return machine_text(
        T={"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True}
    )


def refused(call: Callable[[], object]) -> tuple[str, str]:
    """The code and the message with which a call is refused."""
    with pytest.raises(ServiceError) as caught:
        call()
    return caught.value.code, caught.value.message
