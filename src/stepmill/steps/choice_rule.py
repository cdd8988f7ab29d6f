"""The rules of a Choice under the old SDK's module path.

In: `from stepmill.steps.choice_rule import ChoiceRule`. Out: the class of `stepmill.steps`. Touches: nothing.
"""

from __future__ import annotations

from .choice import ChoiceRule

__all__ = ["ChoiceRule"]
