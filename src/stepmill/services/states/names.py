"""Names and ARNs of Step Functions' things.

In: what a request says. Out: the same, or AWS's refusal. Touches: nothing.
"""

from __future__ import annotations

import re
from typing import Any

from stepmill.services.operations import ServiceError, invalid, unmet

# AWS: names are 1 to 80 characters without white space, brackets, wildcards and these special ones.
_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_NAME_LIMIT = 80


def resource(arn: str, kind: str) -> str:
    """What a Step Functions ARN of this kind names. Raises InvalidArn."""
    parts = str(arn).split(":", 6)
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "states":
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if parts[5] != kind:
        raise ServiceError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
    return parts[6]


def checked(name: Any) -> str:
    """A name that a machine or an execution may have. Raises InvalidName, ValidationException."""
    if len(str(name)) > _NAME_LIMIT:
        raise invalid(unmet(name, "name", f"have length less than or equal to {_NAME_LIMIT}"))
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ServiceError("InvalidName", f"Invalid Name: '{name}'")
    return name
