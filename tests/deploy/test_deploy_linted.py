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
from stepmill.deploy.rights.policy import document, trust

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


# Operations that are newer than the linter's list of 2025, or of buckets that are folders (`s3express:`).
NEWER = re.compile(
    "Abac|Annotation|Metadata|DirectoryBuckets|CreateSession|RenameObject|UpdateObject|Bulk|SearchVectors|capsulate"
    "|KeyLastUsage|RestoreObject|WriteGetObject"
)


@cache
def actions() -> dict[str, Any]:
    """Every action of AWS, in lower case, as the linter knows it."""
    import parliament

    table = json.loads(Path(parliament.__file__).with_name("iam_definition.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for service in table:  # two pages may have the same prefix and action
        for one in service["privileges"]:
            name = f"{service['prefix']}:{one['privilege']}".lower()
            kinds = [*found.get(name, {"resource_types": []})["resource_types"], *one["resource_types"]]
            found[name] = {**one, "resource_types": kinds}
    return found


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


def test_the_table_of_actions_without_a_resource_level_is_that_of_aws():
    from stepmill.asl.rights_sdk import _open_actions

    wanted = {
        name for name, one in actions().items() if not any(kind["resource_type"] for kind in one["resource_types"])
    }
    assert {name.lower() for name in _open_actions()} == wanted


def test_every_service_that_a_task_can_call_has_a_prefix_of_aws():
    from stepmill.asl.operations import _blocks, find_service
    from stepmill.asl.rights_sdk import prefix

    known = {name.partition(":")[0] for name in actions()}
    listed = [find_service(name) for name in _blocks()[1] if not name.endswith("?")]
    unknown = {one.name for one in listed if prefix(one.name, one.names_elsewhere[-1]) not in known}
    assert unknown - {"iotthingsgraph"} == set()  # AWS has ended that service


@pytest.mark.parametrize("service", ["s3", "dynamodb", "sqs", "sns", "sfn", "eventbridge", "kms"])
def test_the_operations_of_a_service_are_called_by_actions_of_aws(service: str):
    from stepmill.asl.operations import find_service
    from stepmill.asl.rights_sdk import sdk

    found = find_service(service)
    assert found is not None
    asked = {
        action
        for name in found.names
        for right in sdk(service, found.names_elsewhere[-1], name[0].upper() + name[1:], ())
        for action in right.actions
    }
    unknown = {action for action in asked if action.lower() not in actions()}
    assert {action for action in unknown if not NEWER.search(action)} == set()


def test_the_linter_finds_what_is_wrong():
    wrong = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket"}
    assert findings(json.dumps({"Version": "2012-10-17", "Statement": [wrong]}))
    assert re.match(r"sts:AssumeRole", trust("states", SCOPE)["Statement"][0]["Action"]) and NAMES
