"""How a deployment is refused: one sentence, and whether it is a mistake or a matter of safety.

In: nothing. Out: `DeployRefused`. Touches: nothing.
"""

from __future__ import annotations


class DeployRefused(Exception):
    """What was asked cannot be deployed: says where, what, and what to do.

    unsafe: whether it is refused for safety (another account than expected, executions that run), not for a mistake.
    """

    def __init__(self, message: str, *, unsafe: bool = False) -> None:
        super().__init__(message)
        self.unsafe = unsafe
