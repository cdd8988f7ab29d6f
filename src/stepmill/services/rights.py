"""Whether a role may do what a state, a job or a function asks for, before it is done.

In: an act, a job's request or a function's name. Out: nothing, or ServiceError in AWS's words. Touches: history, where
the roles of a deployment have their policies; IAM, through `call`, when the roles there are to be asked too.

AWS asks for each right when it is used; here all that a state's row names are asked for when the state begins, those to
stop a job and to write its log too. So a role that passes here lacks nothing later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from stepmill.asl.permissions import NoRights, map_needs, need
from stepmill.asl.rights import Grant, Where, grants
from stepmill.asl.rights_jobs import function_grants, job_grants
from stepmill.asl.rights_rows import ASSUME
from stepmill.engine.signals import Act
from stepmill.history.log import History
from stepmill.services.operations import Operations, ServiceError
from stepmill.services.policies import NotUnderstood, decide

POLICY: Final = "policy"
"""The kind of record that holds the policies of a role: `documents`, under the role's ARN."""
# How services say it on the wire (their models in botocore); AccessDeniedException where not said.
_CODES: Final = {
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "lambda": ("AccessDeniedException", 403),
}
Documents = list[Mapping[str, Any]]


class Rights:
    """The policies of this store's roles. A role that nobody gave a policy here is not checked."""

    def __init__(
        self,
        history: History,
        operations: Operations,
        say: Callable[[str], None],
        *,
        region: str,
        account: str,
        partition: str,
        iam: bool,
    ) -> None:
        """iam: ask IAM for the roles that no deployment gave a policy."""
        self._history = history
        self._operations = operations
        self._say = say
        self._where = Where(partition, region, account)
        self._iam = iam
        self._said: set[str] = set()

    def task(self, act: Act, service: str) -> None:
        """Raise ServiceError when the role of an act's execution may not do what a Task asks for."""
        role = str(self._started(act).get("roleArn", ""))
        if not role or (documents := self._documents(role)) is None:
            return
        asked = self._history.read(act.execution, act.event - 1, 1)
        other = (asked[0].details.get("taskCredentials") or {}).get("roleArn") if asked else None
        if isinstance(other, str):  # the Task is done by a role that the machine's role takes on
            self._ask(documents, grants(ASSUME, {"RoleArn": other}, self._where), self._machine(role, act), service)
            role = other
            if (documents := self._documents(other)) is None:
                return
        try:
            needed = need(act.resource, act.parameters)
        except NoRights:
            return
        self._ask(documents, grants(needed.rights, needed.request, self._where), self._machine(role, act), service)

    def map_run(self, act: Act) -> tuple[str, str] | None:
        """(error, cause) when the role of a distributed Map's execution may not do what the Map Run asks for."""
        details = self._started(act)
        role = str(details.get("roleArn", ""))
        if not role or (documents := self._documents(role)) is None:
            return None
        told, plan = act.parameters, act.parameters.get("plan", {})
        where = self._where._replace(machine=str(details.get("_machine", "")).partition("/")[0])
        reader, writer = plan.get("reader") or {}, plan.get("writer") or {}
        read = (
            {"Resource": reader["resource"], "ReaderConfig": reader["config"], "Parameters": reader["from"]}
            if reader
            else {}
        )
        label = str(told.get("mapRunArn", "")).rpartition("/")[2].partition(":")[0]
        for needed in map_needs(label, read, writer.get("to")):
            try:
                self._ask(documents, grants(needed.rights, needed.request, where), self._machine(role, act), "states")
            except ServiceError as refusal:
                named = {"ItemReader": "States.ItemReaderFailed", "ResultWriter": "States.ResultWriterFailed"}
                return named.get(needed.integration, "States.Permissions"), refusal.message
        return None

    def job(self, kind: str, request: Mapping[str, Any]) -> None:
        """Raise ServiceError when the role of a job may not read, write and log what its request names."""
        role = request.get("RoleArn")
        if not isinstance(role, str) or (documents := self._documents(role)) is None:
            return
        self._ask(documents, job_grants(kind, request, self._where, None), _session(role, "SageMaker"), "sagemaker")

    def function(self, name: str, role: str) -> None:
        """Raise ServiceError when the role of a function may not write the function's log."""
        if (documents := self._documents(role)) is not None:
            self._ask(documents, function_grants(name, self._where), _session(role, name), "lambda")

    def _started(self, act: Act) -> Mapping[str, Any]:
        """What the first event of an act's execution says; {} where nothing is enforced in this store anyway, which is
        asked first because every Task of every store comes here."""
        if not self._iam and not self._history.records("stepmill", POLICY, limit=1):
            return {}
        started = self._history.read(act.execution, limit=1)
        return started[0].details if started else {}

    def _machine(self, role: str, act: Act) -> str:
        return _session(role, act.execution.rpartition(":")[2])

    def _ask(self, documents: Documents, asked: Iterable[Grant], who: str, service: str) -> None:
        for grant in asked:
            context = {"aws:PrincipalAccount": self._where.account, "aws:SecureTransport": "true"}
            context |= {key: value for keys in grant.condition.values() for key, value in keys.items()}
            for action in grant.actions:
                found = [_verdict(documents, action, arn, said) for arn, said in _ways(grant.target.arn, context)]
                if "allow" not in found:
                    raise _denied(who, action, grant.target.arn, "deny" in found, service)

    # ---- whose policies there are

    def _documents(self, role: str) -> Documents | None:
        """The policies of a role; None where nobody says what it may do."""
        kept = self._history.record("stepmill", POLICY, role)
        if kept is not None:
            return list(kept["documents"])
        if not self._iam:
            return None
        name = role.rpartition("/")[2]
        try:
            found = self._call("GetRole", RoleName=name)["Role"]
        except ServiceError as refusal:
            if refusal.code not in ("NoSuchEntity", "NoSuchEntityException"):
                raise
            if role not in self._said:
                self._said.add(role)
                self._say(f"note: IAM has no role {name} here, so what it may do is not checked")
            return None
        if found.get("PermissionsBoundary"):
            raise _not_understood(f"the role {name} has a permissions boundary, which is not evaluated here")
        return list(self._of_iam(name))

    def _of_iam(self, role: str) -> Iterator[Mapping[str, Any]]:
        for name in self._all("ListRolePolicies", "PolicyNames", RoleName=role):
            yield _document(self._call("GetRolePolicy", RoleName=role, PolicyName=name)["PolicyDocument"])
        for policy in self._all("ListAttachedRolePolicies", "AttachedPolicies", RoleName=role):
            arn = policy["PolicyArn"]
            version = self._call("GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
            found = self._call("GetPolicyVersion", PolicyArn=arn, VersionId=version)
            yield _document(found["PolicyVersion"]["Document"])

    def _all(self, operation: str, member: str, **request: str) -> Iterator[Any]:
        while True:
            page = self._call(operation, **request)
            yield from page[member]
            if not page.get("IsTruncated"):
                return
            request["Marker"] = page["Marker"]

    def _call(self, operation: str, **request: str) -> Mapping[str, Any]:
        return self._operations.call("iam", operation, request)


def _verdict(documents: Documents, action: str, arn: str, context: Mapping[str, Any]) -> str:
    try:
        return decide(documents, action, arn, context)
    except NotUnderstood as fault:
        raise _not_understood(str(fault)) from None


def _not_understood(message: str) -> ServiceError:
    return ServiceError("ValidationException", f"the policy cannot be evaluated on this machine: {message}")


def _ways(arn: str, context: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A request, and for a prefix that has no slash at its end the objects in the folder of that name: who may read
    `data/*` may read the prefix `data`."""
    yield arn, context
    prefix = context.get("s3:prefix")
    if isinstance(prefix, str) and prefix.endswith("*") and not prefix.endswith("/*"):
        yield arn, {**context, "s3:prefix": f"{prefix[:-1]}/"}
    elif arn.endswith("*") and not arn.endswith(("/*", ":*")):
        yield f"{arn[:-1]}/*", context


def _session(role: str, name: str) -> str:
    """Who a role is while a service has it."""
    head, _, path = role.partition(":role/")
    return f"{head.replace(':iam:', ':sts:')}:assumed-role/{path.rpartition('/')[2]}/{name}"


def _denied(who: str, action: str, arn: str, explicit: bool, service: str) -> ServiceError:
    """AWS's own sentence (IAM guide, "Troubleshoot access denied error messages")."""
    why = f"because no identity-based policy allows the {action} action"
    said = "with an explicit deny in an identity-based policy" if explicit else why
    code, status = _CODES.get(service, ("AccessDeniedException", 400))
    return ServiceError(code, f"User: {who} is not authorized to perform: {action} on resource: {arn} {said}", status)


def _document(value: Any) -> Mapping[str, Any]:
    found = json.loads(unquote(value)) if isinstance(value, str) else value
    return found if isinstance(found, Mapping) else {}
