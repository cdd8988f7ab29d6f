"""What a job or a function is started with.

In: the request of a job or the name of a function, the token of an act. Out: an interpreter, an environment, the
values to mask. Touches: nothing; the stage fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Surroundings(Protocol):
    """The stage's answers to what a service needs to start something."""

    def job_python(self, request: Mapping[str, Any]) -> str:
        """The interpreter that stands for the image of a job."""
        ...

    def function_python(self, name: str) -> str:
        """The interpreter that runs a function."""
        ...

    def environ(self, token: str | None, python: str) -> Mapping[str, str]:
        """The whole environment of what the act `token` starts."""
        ...

    def secrets(self, token: str | None) -> Sequence[str]:
        """The values in that environment which no log may show."""
        ...
