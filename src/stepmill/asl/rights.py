"""What an integration needs to be allowed: actions, resources, conditions, as one row gives them.

In: a right, the request of a Task (patterns before the run, values in it), and where it is made. Out: the ARNs, each
with the reason for a `*` in it. Touches: nothing.

One right serves both ways: from a pattern it makes a policy, from a request what a policy is asked. Resources are
those of AWS's Service Authorization Reference; what the rows need beside the call itself is in the Step Functions
guide, "How Step Functions generates IAM policies for integrated services".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from stepmill.asl.patterns import ANY, Dynamic, joined

NO_LEVEL: Final = "AWS has no resource level for it"
UNTOLD: Final = "the request does not tell its resource"
Condition = Mapping[str, Mapping[str, Any]]
_NONE: Final[Condition] = {}
_OPAQUE: Final = re.compile(r"\$\{[^{}]+\}")


class Where(NamedTuple):
    """Where requests are made. Each may be text that CloudFormation fills in, such as `${AWS::Region}`. `machine` is
    the state machine's name."""

    partition: str
    region: str
    account: str
    machine: str = ""


class Target(NamedTuple):
    """A resource, and why it holds a `*` ("" when it does not)."""

    arn: str
    why: str = ""


Targets = Callable[[Any, Where], Iterable[Target]]


@dataclass(frozen=True)
class Right:
    """Actions on resources.

    Attributes:
        actions: `sagemaker:CreateTrainingJob`. resources: texts such as `arn:{partition}:sns:…:{TopicArn}` over the
            request and where it is made, or a function that finds them; a text with a member that the request lacks
            gives none. condition: IAM's, or a function of the request that gives it.
        why: why a text of `resources` holds a `*`.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...] | Targets
    condition: Condition | Callable[[Any], Condition] = field(default_factory=lambda: _NONE)
    why: str = ""

    def targets(self, request: Any, where: Where) -> tuple[Target, ...]:
        """What the actions are done to, for one request."""
        if callable(self.resources):
            return tuple(dict.fromkeys(self.resources(request, where)))
        found = (filled(text, request, where, self.why) for text in self.resources)
        return tuple(dict.fromkeys(target for target in found if target is not None))

    def conditions(self, request: Any) -> Condition:
        """The condition for one request."""
        return self.condition(request) if callable(self.condition) else self.condition


class Grant(NamedTuple):
    """Actions on one resource, as a policy allows them or a request asks for them."""

    actions: tuple[str, ...]
    target: Target
    condition: Condition = _NONE


def grants(rights: Iterable[Right], request: Any, where: Where) -> Iterator[Grant]:
    """What rights come to for one request."""
    for right in rights:
        for target in right.targets(request, where):
            yield Grant(right.actions, target, right.conditions(request))


def member(request: Any, name: str) -> Any:
    """A member of a request; ANY where not even its members are known, None where it has none of that name."""
    if isinstance(request, Dynamic):
        return ANY
    return request.get(name) if isinstance(request, Mapping) else None


def text(value: Any) -> str | None:
    """A member as text: ANY for what is known to be there and nothing else."""
    return value if isinstance(value, str) or value is None else ANY


def filled(template: str, request: Any, where: Where, why: str = "") -> Target | None:
    """A resource's text with its names filled in; None when the request has not all of them."""
    parts: list[str] = []
    reasons: list[str] = [why] if "*" in template else []
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        if name in Where._fields:
            parts.append(str(getattr(where, name)))
            continue
        value = text(member(request, name))
        if value is None or value == "":
            return None
        if isinstance(value, Dynamic):
            reasons.append(run_time(name))
        parts.append(value)
    return Target(str(joined(*parts)), "; ".join(filter(None, reasons)))


def run_time(name: str) -> str:
    """The reason for the `*` of a value that only the run knows."""
    return f"{name} is known only at run time"


def is_opaque(value: str) -> bool:
    """Whether a text is one that CloudFormation fills in, `${X}` or `${X.Arn}`: an ARN that nobody here can read."""
    return _OPAQUE.fullmatch(value) is not None


def _arn(service: str, rest: str, where: Where) -> str:
    return f"arn:{where.partition}:{service}:{where.region}:{where.account}:{rest}"


def named(service: str, kind: str, name: str, more: str = "") -> Targets:
    """The function that finds what a member names, by name or by ARN: `table/<name>` of dynamodb.

    more: what is behind the name, such as `-*`, with its reason after a blank.
    """
    tail, _, why = more.partition(" ")

    def find(request: Any, where: Where) -> Iterator[Target]:
        value = text(member(request, name))
        if not value:
            return
        reason = run_time(name) if isinstance(value, Dynamic) else ""
        if value.startswith("arn:") or is_opaque(value):
            yield Target(str(value), reason)
        else:
            reasons = filter(None, (reason, why))
            yield Target(str(joined(_arn(service, kind, where), value.removeprefix("/"), tail)), "; ".join(reasons))

    return find


def both(*finders: Targets) -> Targets:
    """What several functions find."""
    return lambda request, where: (target for find in finders for target in find(request, where))


# ---- the services of optimised integrations


def function(request: Any, where: Where) -> Iterator[Target]:
    """The function of a call: `name`, `name:version`, `account:function:name` or an ARN, and a Qualifier."""
    name, qualifier = text(member(request, "FunctionName")), text(member(request, "Qualifier"))
    if not name:
        return
    behind = "" if not qualifier or isinstance(request, Dynamic) else f":{qualifier}"
    reasons = [run_time("FunctionName")] if isinstance(name, Dynamic) else []
    reasons += [run_time("Qualifier")] if behind and isinstance(qualifier, Dynamic) else []
    if name.startswith("arn:") or is_opaque(name):
        head = str(name)
    elif re.match(r"\d{12}:function:", name):
        head = f"arn:{where.partition}:lambda:{where.region}:{name}"
    else:
        head = _arn("lambda", f"function:{name}", where)
    yield Target(head + behind, "; ".join(reasons))


def queue(request: Any, where: Where) -> Iterator[Target]:
    """The queue of a URL: `https://sqs.<region>.amazonaws.com/<account>/<name>`."""
    url = text(member(request, "QueueUrl"))
    if not url:
        return
    why = run_time("QueueUrl") if isinstance(url, Dynamic) else ""
    if is_opaque(url):  # AWS::SQS::Queue gives its URL as Ref, of which no ARN can be made
        yield Target(_arn("sqs", "*", where), "QueueUrl is filled in by CloudFormation")
        return
    if url.startswith("arn:"):
        yield Target(str(url), why)
        return
    parts = url.split("/")
    region = re.match(r"https?://sqs\.([a-z0-9-]+)\.", url)
    if len(parts) < 5:
        yield Target(_arn("sqs", "*", where), run_time("QueueUrl"))
        return
    place = region[1] if region else where.region
    yield Target(f"arn:{where.partition}:sqs:{place}:{parts[-2]}:{parts[-1]}", why)


def topic(request: Any, where: Where) -> Iterator[Target]:
    """The topic or the endpoint of a message; a telephone number has no ARN."""
    if member(request, "PhoneNumber") is not None and not isinstance(request, Dynamic):
        yield Target("*", "a telephone number has no ARN")
        return
    for name in ("TopicArn", "TargetArn"):
        yield from named("sns", "", name)(request, where)


def table(request: Any, where: Where) -> Iterator[Target]:
    """The table, and the index when one is asked for; of batches and transactions all tables."""
    several = [] if isinstance(request, Dynamic) else [*_tables(request)]
    for one in several:
        yield from named("dynamodb", "table/", "TableName")({"TableName": one}, where)
    for found in named("dynamodb", "table/", "TableName")(request, where):
        index = None if isinstance(request, Dynamic) else text(member(request, "IndexName"))
        why = [found.why, run_time("IndexName") if isinstance(index, Dynamic) else ""]
        yield Target(f"{found.arn}/index/{index}", "; ".join(filter(None, why))) if index else found


def _tables(request: Any) -> Iterator[Any]:
    items = member(request, "RequestItems")
    yield from items if isinstance(items, dict) else [] if items is None else [ANY]
    acts = member(request, "TransactItems")
    for act in acts if isinstance(acts, list) else [] if acts is None else [ANY]:
        for inner in act.values() if isinstance(act, dict) else [ANY]:
            yield ANY if isinstance(inner, Dynamic) else member(inner, "TableName")


def buses(request: Any, where: Where) -> Iterator[Target]:
    """The event buses of all entries; an entry that names none goes to `default`."""
    entries = member(request, "Entries")
    for entry in entries if isinstance(entries, list) else [ANY]:
        name = ANY if isinstance(entry, Dynamic) else text(member(entry, "EventBusName")) or "default"
        yield from named("events", "event-bus/", "EventBusName")({"EventBusName": name}, where)


def executions(request: Any, where: Where) -> Iterator[Target]:
    """The executions of the machine that a request starts."""
    arn = text(member(request, "StateMachineArn")) or text(member(request, "stateMachineArn"))
    if not arn:
        return
    why = "the execution's name is made when it starts"
    if is_opaque(arn):
        yield Target(_arn("states", "execution:*", where), f"{why}, and CloudFormation fills in the machine's ARN")
    elif isinstance(arn, Dynamic) and ":stateMachine:" not in arn:
        yield Target(_arn("states", "execution:*", where), f"{run_time('StateMachineArn')}; {why}")
    else:
        head, _, name = arn.partition(":stateMachine:")
        reasons = [run_time("StateMachineArn")] if isinstance(arn, Dynamic) else []
        yield Target(f"{head}:execution:{name.partition(':')[0]}:*", "; ".join([*reasons, why]))


# ---- S3


def bucket(request: Any, where: Where) -> Iterator[Target]:
    """The bucket that a request names."""
    name = text(member(request, "Bucket"))
    if name:
        why = run_time("Bucket") if isinstance(name, Dynamic) else ""
        yield Target(name if name.startswith("arn:") else f"arn:{where.partition}:s3:::{name}", why)


def objects(request: Any, where: Where) -> Iterator[Target]:
    """The object that a request names, or all of the bucket where it names none."""
    key = text(member(request, "Key"))
    for found in bucket(request, where):
        reasons = [found.why, "" if key and not isinstance(key, Dynamic) else run_time("Key")]
        yield Target(str(joined(found.arn, "/", key or ANY)), "; ".join(filter(None, reasons)))


def prefixed(request: Any, where: Where) -> Iterator[Target]:
    """Every object under the prefix that a request names."""
    prefix = text(member(request, "Prefix"))
    for found in bucket(request, where):
        reasons = [found.why, run_time("Prefix") if isinstance(prefix, Dynamic) else ""]
        reasons.append("the objects under a prefix have names of their own")
        yield Target(str(joined(found.arn, "/", prefix or "", ANY)), "; ".join(filter(None, reasons)))


def source(request: Any, where: Where) -> Iterator[Target]:
    """The object that a copy is made of: `bucket/key`, with or without a slash before, percent-encoded."""
    said = text(member(request, "CopySource"))
    if said is None:
        return
    if isinstance(said, Dynamic):
        name, slash, key = said.removeprefix("/").partition("/")
        name, key = Dynamic(name), Dynamic(key if slash else "*")
    else:
        name, _, key = unquote(said.removeprefix("/").partition("?")[0]).partition("/")
    why = run_time("CopySource") if isinstance(said, Dynamic) else ""
    yield Target(f"arn:{where.partition}:s3:::{name}/{key}", why)


def source_bucket(request: Any, where: Where) -> Iterator[Target]:
    """The bucket of `source`."""
    for found in source(request, where):
        arn = found.arn.partition("/")[0]
        yield Target(arn, found.why if "*" in arn else "")


def listed(request: Any) -> Condition:
    """The prefix that a listing asks for, as a condition; none where it asks for everything."""
    prefix = text(member(request, "Prefix"))
    if not prefix or prefix == "*":
        return {}
    return {"StringLike" if "*" in prefix else "StringEquals": {"s3:prefix": str(prefix)}}


def passed(name: str, service: str) -> Right:
    """`iam:PassRole` on the role that a member names, to this service and to no other."""
    principal = f"{service}.amazonaws.com"
    return Right(("iam:PassRole",), role(name), {"StringEquals": {"iam:PassedToService": principal}})


def role(name: str) -> Targets:
    """The function that finds the role that a member names, with the members around it before dots."""

    def find(request: Any, where: Where) -> Iterator[Target]:
        for value in _named(request, name.split(".")):
            if isinstance(value, Dynamic):
                arn = str(value) if value.startswith("arn:") else f"arn:{where.partition}:iam::{where.account}:role/*"
                yield Target(arn, run_time(name.rpartition(".")[2]))
            elif value.startswith("arn:") or is_opaque(value):
                yield Target(value)
            else:
                yield Target(f"arn:{where.partition}:iam::{where.account}:role/{value}")

    return find


def _named(request: Any, path: list[str]) -> Iterator[str]:
    if isinstance(request, list):
        for item in request:
            yield from _named(item, path)
    elif path:
        value = member(request, path[0])
        if value is not None:
            yield from _named(value, path[1:])
    elif (value := text(request)) is not None:
        yield value


def managed(rule: str) -> Right:
    """The rule by which Step Functions hears of the end of what `.sync` started, in its own name."""
    actions = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
    return Right(actions, (f"arn:{{partition}}:events:{{region}}:{{account}}:rule/{rule}",))
