"""The policies of a Bundle, role by role, as a person reads them.

In: a Bundle. Out: roles with their statements; lines of text. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from stepmill.deploy.rights.policy import Scope, Statement, document, function_policy, job_policy, machine_policy
from stepmill.steps.bundle import Bundle

_PSEUDO = ("${AWS::Partition}", "${AWS::Region}", "${AWS::AccountId}")


class Role(NamedTuple):
    """A role that a Bundle needs: what it is called here, the service that takes it on, and what it may do."""

    name: str
    service: str
    statements: tuple[Statement, ...]

    def document(self) -> dict[str, Any]:
        """Its policy as IAM takes it."""
        return document(self.statements)


def anywhere(machine: str) -> Scope:
    """A scope that CloudFormation fills in, for a machine of this name."""
    return Scope(*_PSEUDO, machine)


def open_names(bundle: Bundle) -> dict[str, str]:
    """Values for a Bundle's names that CloudFormation fills in: policies can be read before there is an account."""
    _, region, account = _PSEUDO
    manifest = bundle.manifest
    registry = f"{account}.dkr.ecr.{region}.${{AWS::URLSuffix}}"
    head = f"arn:${{AWS::Partition}}:states:{region}:{account}:activity"
    return {
        "Bucket": f"stepmill-{account}-{region}",
        **{name: f"${{{name}.Arn}}" for name in bundle.job_roles},
        "Stage": "stage",
        **{name: f"{registry}/{image.uri.partition('/')[2]}" for name, image in manifest.images.items()},
        **{name: f"${{{name}.Arn}}" for name in manifest.functions},
        **{name: f"{head}:{activity}" for name, activity in manifest.activities.items()},
    }


def roles(bundle: Bundle, names: Mapping[str, str], scope: Scope) -> list[Role]:
    """The roles of a Bundle: the machine's, the jobs' if there are any, each function's. Raises InvalidDefinition."""
    found = [Role("the state machine", "states", machine_policy(bundle, names, scope))]
    for name in bundle.job_roles:
        if statements := job_policy(bundle, names, scope, name):
            found.append(Role(f"the jobs (${{{name}}})", "sagemaker", statements))
    for name, function in bundle.manifest.functions.items():
        found.append(
            Role(f"the function {function.name} (${{{name}}})", "lambda", function_policy(function, names, scope))
        )
    return found


def roles_of(rights: Mapping[str, tuple[Statement, ...]]) -> list[Role]:
    """The roles of a stack, by their logical ids, as `build` has them."""

    def service(name: str) -> str:
        return "states" if name == "MachineRole" else "sagemaker" if name.endswith("JobRole") else "lambda"

    return [Role(name, service(name), statements) for name, statements in rights.items()]


def lines(role: Role) -> Iterator[str]:
    """A role as text: each statement with who needs it, and why a resource holds a `*`."""
    yield f"{role.name}: {len(role.statements)} statement{'' if len(role.statements) == 1 else 's'}"
    for statement in role.statements:
        yield f"  {statement.sid}"
        yield from (f"    {'allows' if not at else '      '}  {one}" for at, one in enumerate(statement.actions))
        yield from (f"    {'on' if not at else '  '}      {one}" for at, one in enumerate(statement.resources))
        for operator, keys in statement.condition.items():
            for key, value in keys.items():
                said = ", ".join(value) if isinstance(value, list | tuple) else value
                yield f"    if      {key} {operator} {said}"
        for at, reason in enumerate(statement.reasons):
            yield f"    {'for' if not at else '   '}     {reason.state}  {reason.place}  {reason.integration}"
        if statement.wildcard:
            yield f"    *       {statement.wildcard}"
