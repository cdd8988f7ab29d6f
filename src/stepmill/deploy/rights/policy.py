"""The least rights that a Bundle needs on AWS, each with the states that need it.

In: a Bundle, the values of its names, and where it runs. Out: the statements of three kinds of role, and documents of
them. Touches: nothing.

Values may be text that CloudFormation fills in later, such as `${AWS::Region}`; they only become part of resources.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from stepmill.asl.definition import walk_states
from stepmill.asl.patterns import ANY, Dynamic, assigned
from stepmill.asl.permissions import Need, NoRights, needs
from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.asl.rights import Grant, Target, Where, grants, member
from stepmill.asl.rights_jobs import Place, function_grants, job_grants, key, network, read
from stepmill.asl.rights_rows import INVOKE, LOGGING, TRACING
from stepmill.deploy.rights.merging import Wanted, merged
from stepmill.steps.bundle import BUCKET, JOB_ROLE, Bundle, FunctionSource

LIMIT: Final = 10_240
"""Characters that the inline policies of a role may have in all (IAM guide, "IAM and AWS STS quotas"), no blanks."""
_NAME: Final = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")
_MARK: Final = re.compile("\ue000([A-Za-z0-9]+)\ue001")
_SAID: Final = "the pipeline says so, in permissions="


@dataclass(frozen=True, order=True)
class Reason:
    """Why a statement is there. state: the state's name, or what else needs it. place: `pipeline.py:41`, else the
    state's JSON pointer. integration: `sagemaker:createTrainingJob.sync`, `logging`, …"""

    state: str
    place: str
    integration: str


@dataclass(frozen=True)
class Statement:
    """One statement of a policy. sid: letters and digits. condition: IAM's. wildcard: why a resource holds a `*`; ""
    when none does."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Mapping[str, Mapping[str, Any]]
    reasons: tuple[Reason, ...]
    wildcard: str

    def document(self) -> dict[str, Any]:
        """It as IAM takes it."""
        made: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _one(self.actions),
            "Resource": _one(self.resources),
        }
        return made | (
            {"Condition": {name: dict(keys) for name, keys in self.condition.items()}} if self.condition else {}
        )


@dataclass(frozen=True)
class Scope:
    """Where a machine runs; each may be text of CloudFormation such as `${AWS::Region}`. machine: its name."""

    partition: str
    region: str
    account: str
    machine: str

    @property
    def where(self) -> Where:
        """The same, as rights take it."""
        return Where(self.partition, self.region, self.account, self.machine)


def machine_policy(
    bundle: Bundle, names: Mapping[str, str], scope: Scope, *, logging: bool = False, tracing: bool = False
) -> tuple[Statement, ...]:
    """What the machine's role must be allowed.

    Args:
        names: the Bundle's substitution names → their values. logging: it writes a log. tracing: it sends traces.

    Raises:
        InvalidDefinition: a state calls what Stepmill knows no rights of.
    """
    wanted: list[Wanted[Reason]] = []
    faults: list[Problem] = []
    for task in _tasks(bundle):
        try:
            for need in task.needs(names):
                reason = Reason(task.name, task.place, need.integration)
                wanted += [Wanted(grant, reason) for grant in grants(need.rights, need.request, scope.where)]
        except NoRights as unknown:
            said = f"{task.name!r} calls {unknown.resource}, and what that needs to be allowed is not known here"
            faults.append(Problem(task.place, "policy.unknown", said, "give the state machine a role of your own"))
    if faults:
        raise InvalidDefinition(faults)
    for asked, rights, what in ((logging, LOGGING, "logging"), (tracing, TRACING, "tracing")):
        if asked:
            reason = Reason("the state machine", bundle.name, what)
            wanted += [Wanted(grant, reason) for grant in grants(rights, {}, scope.where)]
    return _statements(wanted)


def job_policy(
    bundle: Bundle,
    names: Mapping[str, str],
    scope: Scope,
    role: str = JOB_ROLE,
    *,
    read: Sequence[str] = (),
    kms_key: str | None = None,
    vpc: bool = False,
) -> tuple[Statement, ...]:
    """What a role of the jobs, `${JobRole}`, must be allowed; nothing when no job runs under it.

    Args:
        role: its substitution name. Models are served, and their transform jobs run, under the role of the model.
        read: further places that jobs may read, `s3://bucket/prefix`. kms_key: ARN of the key that data and volumes
            are encrypted with. vpc: jobs join a VPC.
    """
    wanted: list[Wanted[Reason]] = []
    for task in _tasks(bundle):
        for kind, integration, request in task.under(role, names):
            reason = Reason(task.name, task.place, integration)
            granted = job_grants(kind, request, scope.where, names.get(BUCKET, f"${{{BUCKET}}}"))
            wanted += [Wanted(grant, reason) for grant in granted]
    if not wanted:
        return ()
    jobs = Reason("the jobs", bundle.name, "settings")
    more = [grant for uri in read for grant in _read(_named(_marked(uri), names), scope.where)]
    more += [*(key(kms_key) if kms_key else ()), *(network(scope.where) if vpc else ())]
    return _statements([*wanted, *(Wanted(grant, jobs) for grant in more)])


def function_policy(
    function: FunctionSource, names: Mapping[str, str], scope: Scope, *, vpc: bool = False
) -> tuple[Statement, ...]:
    """What a function's role must be allowed: its log, and what the function's `permissions` say its code calls.

    Args:
        function: its `name` is what the stage calls it. vpc: it joins a VPC.
    """
    reason = Reason(function.name, Path(function.file).name or function.handler, "lambda")
    found = [*function_grants(function.name, scope.where), *(network(scope.where, function=True) if vpc else ())]
    wanted = [Wanted(grant, reason) for grant in found]
    asked = replace(reason, integration="permissions")
    for permission in function.permissions:
        for resource in _listed(permission["Resource"]):
            target = Target(_named(_marked(resource), names), _SAID if "*" in resource else "")
            grant = Grant(tuple(_listed(permission["Action"])), target, permission.get("Condition", {}))
            wanted.append(Wanted(grant, asked))
    return _statements(wanted)


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": [statement.document() for statement in statements]}


def size(statements: Iterable[Statement]) -> int:
    """The characters that IAM counts of a policy."""
    return len(json.dumps(document(statements), separators=(",", ":")))


def trust(service: str, scope: Scope) -> dict[str, Any]:
    """Who may take a role on: a service (`states`, `sagemaker`, `lambda`, `events`, `scheduler`), and that for this
    account alone ("The confused deputy problem", IAM guide). `states` only for this machine."""
    condition: dict[str, dict[str, Any]] = {"StringEquals": {"aws:SourceAccount": scope.account}}
    if service == "states":
        machine = f"arn:{scope.partition}:states:{scope.region}:{scope.account}:stateMachine:{scope.machine}"
        condition["ArnLike"] = {"aws:SourceArn": machine}
    principal = {"Service": f"{service}.amazonaws.com"}
    allowed = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [allowed]}


# ---- the states of a Bundle


class _Task(NamedTuple):
    """A state: its name, where it was written, itself with marks for names, and the variables of its machine."""

    name: str
    place: str
    state: Mapping[str, Any]
    variables: Mapping[str, Any]
    activities: frozenset[str]

    def under(self, role: str, names: Mapping[str, str]) -> Iterator[tuple[str, str, Any]]:
        """What runs under a role because of this state: its kind, the integration, the request with names filled in.

        A job whose role only the run knows may run under any."""
        _, sagemaker, action = str(self.state.get("Resource")).partition(":states:::sagemaker:")
        action = action.partition(".")[0]
        if not sagemaker or action not in _RUNS:
            return
        found = needs(self.state, self.variables)[0]
        for kind, request, given in _RUNS[action](found.request):
            if given in (ANY, _mark(role)):
                yield kind, found.integration, _filled(request, names)

    def needs(self, names: Mapping[str, str]) -> list[Need]:
        """What it needs, with names filled in."""
        resource = str(self.state.get("Resource"))
        if mark := _MARK.fullmatch(resource):
            if mark[1] in self.activities:
                return []
            return [Need("lambda:invoke", INVOKE, {"FunctionName": _named(resource, names)})]
        found = needs(self.state, self.variables)
        return [need._replace(request=_filled(need.request, names)) for need in found]


def _tuning(request: Any) -> Iterator[tuple[str, Any, Any]]:
    definitions = member(request, "TrainingJobDefinitions")
    for one in (member(request, "TrainingJobDefinition"), *(definitions if isinstance(definitions, list) else ())):
        if one is not None:
            yield "training", one, member(one, "RoleArn")


# What runs because of an action, and the role that its request gives it.
_RUNS: Final[Mapping[str, Callable[[Any], Iterable[tuple[str, Any, Any]]]]] = {
    "createTrainingJob": lambda request: [("training", request, member(request, "RoleArn"))],
    "createProcessingJob": lambda request: [("processing", request, member(request, "RoleArn"))],
    "createHyperParameterTuningJob": _tuning,
    "createModel": lambda request: [("model", request, member(request, "ExecutionRoleArn"))],
    "createTransformJob": lambda request: [("transform", request, _mark(JOB_ROLE))],
}


def _tasks(bundle: Bundle) -> Iterator[_Task]:
    definition = json.loads(_marked(bundle.template))
    variables = assigned(definition)
    activities = frozenset(bundle.manifest.activities)
    for pointer, name, state in walk_states(definition):
        yield _Task(name, bundle.manifest.sources.get(pointer, pointer), state, variables, activities)


def _mark(name: str) -> str:
    """A name while expressions are read: what stands for it may hold braces, which mean something in them."""
    return f"\ue000{name}\ue001"


def _marked(text: str) -> str:
    return _NAME.sub(lambda found: _mark(found[1]), text)


def _named(text: str, names: Mapping[str, str]) -> str:
    return _MARK.sub(lambda found: names.get(found[1], f"${{{found[1]}}}"), text)


def _filled(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Dynamic):
        return Dynamic(_named(value, names))
    if isinstance(value, str):
        return _named(value, names)
    if isinstance(value, list):
        return [_filled(item, names) for item in value]
    return {key: _filled(item, names) for key, item in value.items()} if isinstance(value, dict) else value


# ---- statements


def _statements(wanted: Iterable[Wanted[Reason]]) -> tuple[Statement, ...]:
    made = []
    for group in merged(wanted):
        sid = "".join(word[0].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]", group.lead) if word)
        made.append(
            Statement(sid, group.actions, group.resources, group.condition, group.reasons, "; ".join(group.whys))
        )
    made.sort(key=lambda statement: (statement.sid, statement.actions, statement.resources))
    counts: dict[str, int] = {}
    found = []
    for statement in made:
        number = counts[statement.sid] = counts.get(statement.sid, 0) + 1
        found.append(statement if number == 1 else replace(statement, sid=f"{statement.sid}{number}"))
    return tuple(found)


def _one(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _read(uri: str, where: Where) -> Iterator[Grant]:
    return read(Place(uri, "read="), where, "")
