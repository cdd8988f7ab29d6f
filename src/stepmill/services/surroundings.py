"""What a job or a function is started with.

In: the name of an image or a function, the token of an act. Out: an interpreter, an environment, the values to mask.
Touches: nothing; the stage fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol


class Surroundings(Protocol):
    """The stage's answers to what a service needs to start something."""

    def python(self, kind: Literal["image", "function"], name: str) -> str:
        """The interpreter that stands for an image or runs a function."""
        ...

    def environ(self, token: str | None, python: str) -> Mapping[str, str]:
        """The whole environment of what the act `token` starts."""
        ...

    def secrets(self, token: str | None) -> Sequence[str]:
        """The values in that environment which no log may show."""
        ...
