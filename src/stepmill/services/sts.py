"""AWS STS: who asks.

In: GetCallerIdentity. Out: the one user of this machine. Touches: nothing.
Roles are not assumed here: nobody's permissions are checked, so there is nothing to assume them for.
"""

from __future__ import annotations

from typing import Any

from stepmill.services.operations import Response, operation

_USER_ID = "AIDASTEPMILLLOCALUSER"  # the form of an IAM user's id; of no account


class Sts:
    """The identity of whoever calls an account of this machine."""

    def __init__(self, account: str) -> None:
        self._account = account

    @operation("GetCallerIdentity")
    def get_caller_identity(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The account, and the user `stepmill` in it, whatever the credentials are."""
        arn = f"arn:aws:iam::{self._account}:user/stepmill"
        return {"UserId": _USER_ID, "Account": self._account, "Arn": arn}
