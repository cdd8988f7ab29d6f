"""The roles of what is deployed on this machine, and the policies of those that are enforced.

In: a Bundle. Out: ARNs of roles; their policies, as records of the store. Touches: the store, by `call`.

A role that has a policy here is enforced, whoever hosts the engine; so each Bundle has roles of its own when it is to
be, and an execution that goes on later is still held to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from stepmill.services.rights import POLICY
from stepmill.stage import partition

if TYPE_CHECKING:
    from stepmill.deploy.rights.policy import Statement
    from stepmill.local import Local
    from stepmill.steps.bundle import Bundle, FunctionSource

MACHINE_ROLE: Final = "arn:aws:iam::{account}:role/stepmill-machine"
FUNCTION_ROLE: Final = "arn:aws:iam::{account}:role/stepmill-function"


class Roles:
    """The enforced roles of one Bundle. ARNs have `{account}` open, as the others have."""

    def __init__(self, bundle: Bundle, local: Local) -> None:
        self._bundle = bundle
        self._local = local
        self._head = f"arn:{partition(local.settings.region)}:iam::{{account}}:role/stepmill-{bundle.name}"

    @property
    def machine(self) -> str:
        """The machine's role."""
        return f"{self._head}-machine"

    def job(self, name: str) -> str:
        """The role of its jobs with this substitution name."""
        return f"{self._head}-{name}"

    def function(self, function: FunctionSource) -> str:
        """The role of a function."""
        return f"{self._head}-function-{function.name}"

    def keep(self, names: Mapping[str, str], *, machine: bool, brought: Iterable[FunctionSource]) -> None:
        """Write the generated policies down. machine: that of the machine's role too. brought: functions that the
        settings map, beside those of the Bundle. Raises InvalidDefinition."""
        from stepmill.deploy.rights import policy

        settings = self._local.settings
        scope = policy.Scope(partition(settings.region), settings.region, settings.account, self._bundle.name)
        made: dict[str, Iterable[Statement]] = {
            self.job(name): policy.job_policy(self._bundle, names, scope, name) for name in self._bundle.job_roles
        }
        if machine:
            made[self.machine] = policy.machine_policy(self._bundle, names, scope)
        for function in (*self._bundle.manifest.functions.values(), *brought):
            made[self.function(function)] = policy.function_policy(function, names, scope)
        for role, statements in made.items():
            self._note(role.format(account=settings.account), [policy.document(statements)])

    def _note(self, role: str, documents: list[dict[str, Any]]) -> None:
        self._local.call("stepmill", "Note", {"kind": POLICY, "name": role, "body": {"documents": documents}})
