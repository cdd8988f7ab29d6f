"""The old SDK's own errors, under the old SDK's module path.

In: nothing. Out: three exceptions, each also what Python would call it. Touches: nothing.
"""

from __future__ import annotations


class WorkflowNotFound(RuntimeError):
    """A workflow that lives on AWS was used before `create()` or `attach()` said where."""


class MissingRequiredParameter(ValueError):
    """A call lacks what it is about, as `update()` without a definition and without a role."""


class DuplicateStatesInChain(ValueError):
    """One step stands twice in a Chain; a loop is made by `next()`."""
