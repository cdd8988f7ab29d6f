"""What is told when a step is asked for a value that it does not have.

In: a read, and the names that there are. Out: a Refusal. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Collection

from stepmill.inputs.expressions import Ref
from stepmill.inputs.rendering import refuse
from stepmill.nearest import did_you_mean


def one_of(ref: Ref, step: str, what: str, attribute: str, known: Collection[str]) -> None:
    """Refuse a read that does not begin with one of the known names, or goes on behind it."""
    if not ref.keys:
        refuse("value.unnamed", f"{step!r} has several {attribute}: say which one", f"step.{attribute}[name]")
    if ref.keys[0] not in known:
        hint = did_you_mean(str(ref.keys[0]), known, f"it has {', '.join(known) or 'none'}")
        refuse(f"value.{what}", f"{step!r} has no {what} {ref.keys[0]!r}", hint)
    if len(ref.keys) > 1:
        refuse("value.deeper", f"the {what} {ref.keys[0]!r} of {step!r} is one value; there is nothing inside it")
