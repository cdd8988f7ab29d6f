"""Faults in a definition, collected and told all at once.

In: what a check found. Out: Problems, and the exception that carries all of them. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["ERROR", "WARNING"]
ERROR: Final[Severity] = "ERROR"
WARNING: Final[Severity] = "WARNING"


@dataclass(frozen=True)
class Problem:
    """One fault: where it is, AWS's code for it where AWS has one, what is wrong, and what to do.

    `place` is a JSON pointer such as "/States/Train/Next", or "file.py:line" once authoring has translated it.
    `severity` is "ERROR" for what AWS refuses or what cannot be run here, "WARNING" for what AWS takes and what can
    only fail, or never happen, when it runs (the words of ValidateStateMachineDefinition).
    """

    place: str
    code: str
    message: str
    hint: str = ""
    severity: Severity = ERROR

    def __str__(self) -> str:
        said = f"warning: {self.message}" if self.severity == WARNING else self.message
        first = f"{self.place}: {said}" if self.place else said
        return f"{first}\n    {self.hint} [{self.code}]" if self.hint else f"{first} [{self.code}]"

    def aws(self) -> str:
        """The fault as AWS's InvalidDefinition words it: "CODE: message at /States/…"."""
        return f"{self.code}: {self.message} at {self.place}" if self.place else f"{self.code}: {self.message}"


class InvalidDefinition(ValueError):
    """A definition with faults. `problems` holds all of them; the text of the exception is all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))
