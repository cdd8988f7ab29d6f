"""A stage on AWS, as a Workflow and its executions use it.

In: the settings that name it. Out: a client of Step Functions, the alias of a deployed workflow. Touches: AWS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stepmill.deploy import naming
from stepmill.deploy.aws.account import Account
from stepmill.deploy.aws.live import find
from stepmill.deploy.stages import stage

if TYPE_CHECKING:
    from stepmill.stage import Settings
    from stepmill.steps.bundle import Bundle


class There:
    """A stage of `pyproject.toml`. Raises SettingsError, and DeployRefused where AWS cannot be asked."""

    def __init__(self, settings: Settings) -> None:
        self.account = Account(stage(settings), ("stepfunctions",))
        self.name = self.account.stage.name
        self.client: Any = self.account.client("stepfunctions")

    def alias(self, bundle: Bundle, file: str) -> str:
        """The ARN that executions of a workflow are started through. Raises DeployRefused: it is not deployed."""
        return find(self.account, bundle, file).alias

    def machine(self, bundle: Bundle) -> str:
        """The ARN that a workflow's state machine has, whether it is deployed or not."""
        return self.account.machine(naming.stack(bundle, self.account.stage))
