"""What an expression can see while it is evaluated.

In: the state's data, the context object, the variables. Out: one object handed to every compiled expression. Touches:
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


class Missing:
    """JSONata's undefined: no value at all, which is not the same as `null`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing()


@dataclass(slots=True)
class Scope:
    """The values of one evaluation. Nothing here is ever changed by an expression.

    `data` is JSONPath's `$`. `input` is `$states.input`. `context` is `$$` and `$states.context`. `result` and
    `error_output` are `$states.result` and `$states.errorOutput`, and MISSING where a state has none. `now`, in seconds
    since 1970, is what `$now()` and `$millis()` answer; None leaves them to the machine's clock.
    """

    data: Any = None
    input: Any = None
    context: Mapping[str, Any] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)
    result: Any = MISSING
    error_output: Any = MISSING
    now: float | None = None
