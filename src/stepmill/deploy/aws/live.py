"""A workflow as it stands on AWS: whether it is deployed, whether it is the one at hand, and how it is started.

In: an Account, a Bundle. Out: `Live`. Touches: AWS: reads, and starts executions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.deploy.aws.account import AwsRefusal
from stepmill.deploy.naming import ALIAS
from stepmill.deploy.refusals import DeployRefused

if TYPE_CHECKING:
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import Bundle

_NAME: Final = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]*)\}")
_ABSENT: Final = frozenset({"ResourceNotFound", "StateMachineDoesNotExist", "InvalidArn"})


@dataclass(frozen=True)
class Live:
    """A workflow that is deployed.

    Attributes:
        machine, alias: ARNs. versions: what the alias leads to, the one with the most weight first.
    """

    account: Account
    machine: str
    versions: tuple[str, ...]

    @property
    def stage(self) -> Stage:
        """Where it is deployed."""
        return self.account.stage

    @property
    def alias(self) -> str:
        """The ARN that executions are started through."""
        return f"{self.machine}:{ALIAS}"

    def start(self, name: str | None, text: str | None) -> str:
        """Start an execution; its ARN. name: left out, AWS gives one. text: its input, JSON. Raises AwsRefusal."""
        asked = {"stateMachineArn": self.alias, "name": name, "input": text}
        answer = self.account.call(
            "stepfunctions", "StartExecution", {key: given for key, given in asked.items() if given is not None}
        )
        return str(answer["executionArn"])

    def differs(self, bundle: Bundle, file: str) -> str:
        """How what is deployed is not this bundle, a sentence; empty when it is. Raises AwsRefusal.

        file: for the part that says how to deploy it."""
        if len(self.versions) > 1:
            return f"a deployment is under way there: the alias {ALIAS} leads to {len(self.versions)} versions"
        found = self.account.call("stepfunctions", "DescribeStateMachine", {"stateMachineArn": self.versions[0]})
        place = difference(json.loads(bundle.template), json.loads(found["definition"]), bundle.needs)
        if place is None:
            return ""
        return (
            f"what is deployed is not what the file says, beginning with {place or 'the definition'}; "
            f"`stepmill deploy {file} --stage {self.stage.name}` makes it that"
        )


def find(account: Account, bundle: Bundle, file: str) -> Live:
    """The workflow as it is deployed in the account's stage. file: for the sentence that says how to deploy it.

    Raises DeployRefused when it is not deployed there."""
    machine = account.machine(naming.stack(bundle, account.stage))
    try:
        asked = {"stateMachineAliasArn": f"{machine}:{ALIAS}"}
        found = account.call("stepfunctions", "DescribeStateMachineAlias", asked)
    except AwsRefusal as refusal:
        if refusal.code not in _ABSENT:
            raise
        stage = account.stage
        raise DeployRefused(
            f"{bundle.name} is not deployed to stage {stage.name} (there is no {machine}:{ALIAS}); "
            f"`stepmill deploy {file} --stage {stage.name}` brings it there"
        ) from None
    routes = sorted(found["routingConfiguration"], key=lambda route: -int(route["weight"]))
    return Live(account, machine, tuple(str(route["stateMachineVersionArn"]) for route in routes if route["weight"]))


def difference(template: Any, deployed: Any, names: tuple[str, ...]) -> str | None:
    """Where a deployed definition first differs from a template: `States/Train/Arguments`; None when it is the same.

    names: the `${Name}`s that a stage fills; each may stand for anything, but everywhere for the same. An empty text
    means the whole.
    """
    return _differs(template, deployed, frozenset(names), {}, ())


def _differs(
    wanted: Any, found: Any, names: frozenset[str], known: dict[str, str], place: tuple[str, ...]
) -> str | None:
    here = "/".join(place[:4])
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        if gone := sorted(wanted.keys() ^ found.keys()):
            return "/".join([*place, gone[0]][:4])
        inner = [(wanted[key], found[key], key) for key in wanted]
    elif isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return here
        inner = [(one, other, str(index)) for index, (one, other) in enumerate(zip(wanted, found, strict=True))]
    elif isinstance(wanted, str) and isinstance(found, str):
        return None if _fits(wanted, found, names, known) else here
    else:
        return None if type(wanted) is type(found) and wanted == found else here
    for one, other, key in inner:
        if (differs := _differs(one, other, names, known, (*place, key))) is not None:
            return differs
    return None


def _fits(wanted: str, found: str, names: frozenset[str], known: dict[str, str]) -> bool:
    """Whether a text is another one with its names filled in; what they stand for is remembered."""
    pieces, at, own = [], 0, set()
    for name in _NAME.finditer(wanted):
        if name[1] not in names:
            continue
        pieces.append(re.escape(wanted[at : name.start()]))
        at = name.end()
        if name[1] in known:
            pieces.append(re.escape(known[name[1]]))
        elif name[1] in own:
            pieces.append(f"(?P={name[1]})")
        else:
            own.add(name[1])
            pieces.append(f"(?P<{name[1]}>.+?)")
    fits = re.fullmatch("".join([*pieces, re.escape(wanted[at:])]), found, flags=re.S)
    if fits is None:
        return False
    known.update(fits.groupdict())
    return True
