"""What the ARN of an execution says.

In: an ARN. Out: another. Touches: nothing.
"""

from __future__ import annotations


def machine_of(execution: str) -> str:
    """The ARN of the machine of an execution, of a Standard or an Express one."""
    parts = execution.split(":")
    return f"{':'.join(parts[:5])}:stateMachine:{parts[6]}"
