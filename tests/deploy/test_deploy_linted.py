"""What a linter of IAM policies says of ours, and what AWS's own list of actions says of their resources."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from deploy.integrations import REQUESTS
from deploy.test_deploy_policies import NAMES, SCOPE, all_statements, bundle
from stepmill.deploy.policy import document, trust

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("parliament") is None, reason="`make test-all` installs parliament"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
]
# What the linter says that is no fault of ours, with the reason.
KNOWN = {
    "sns-endpoint-and-phone": "RESOURCE_STAR.*sns:Publish",  # a telephone number has no ARN
    # Its list calls all kinds of resource required, of which each action has one at a time.
    "states-start-sync": "states:DescribeExecution.*:express:",
    "states-start-sync-unknown": "states:DescribeExecution.*:express:",
    "map-distributed": "states:DescribeExecution.*:express:",
    "map-distributed-listing": "states:DescribeExecution.*:express:",
    "bedrock": "bedrock:InvokeModel",
    # Its list is older than the guide's page on HTTP Tasks, which has the machine and both keys.
    "http": "states:InvokeHTTPEndpoint|states:HTTP",
}


@cache
def actions() -> dict[str, Any]:
    """Every action of AWS, in lower case, as the linter knows it."""
    import parliament

    table = json.loads(Path(parliament.__file__).with_name("iam_definition.json").read_text(encoding="utf-8"))
    return {
        f"{service['prefix']}:{one['privilege']}".lower(): one for service in table for one in service["privileges"]
    }


def findings(text: str) -> list[str]:
    from parliament import analyze_policy_string

    return [f"{found.issue}: {found.detail}" for found in analyze_policy_string(text).findings]


@pytest.mark.parametrize("name", REQUESTS)
def test_the_linter_finds_nothing_wrong_with_a_policy(name: str):
    statements = [one for one in all_statements(bundle(REQUESTS[name]), logging=True, tracing=True)
                  if not any(resource.startswith("${") for resource in one.resources)]  # fmt: skip
    found = findings(json.dumps(document(statements)))
    assert [
        one for one in found if not re.search(KNOWN.get(name, r"\Z."), one.replace("[{", "").replace("[", ""))
    ] == []


@pytest.mark.parametrize("name", REQUESTS)
def test_every_action_is_one_of_aws(name: str):
    wanted = {action for one in all_statements(bundle(REQUESTS[name])) for action in one.actions}
    assert {action for action in wanted if action.lower() not in actions()} == set()


@pytest.mark.parametrize("name", REQUESTS)
def test_an_action_said_to_have_no_resource_level_has_none(name: str):
    for statement in all_statements(bundle(REQUESTS[name]), logging=True, tracing=True):
        if "no resource level" in statement.wildcard:
            for action in statement.actions:
                kinds = [kind["resource_type"] for kind in actions()[action.lower()]["resource_types"]]
                assert not [kind for kind in kinds if kind], action


def test_the_linter_finds_what_is_wrong():
    wrong = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}
    assert findings(json.dumps({"Version": "2012-10-17", "Statement": [wrong]}))
    assert re.match(r"sts:AssumeRole", trust("states", SCOPE)["Statement"][0]["Action"]) and NAMES
