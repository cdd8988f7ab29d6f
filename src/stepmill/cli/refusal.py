"""How a command ends: its exit codes, and the exception that carries one with a sentence.

In: nothing. Out: constants and Refusal. Touches: nothing.
"""

from __future__ import annotations

OK = 0
USAGE = 1  # a mistake in the command, the pipeline or the settings
CHANGES = 2  # `plan` found some, or `parity` differences
REJECTED = 3  # the execution ended in GateRejected
FAILED = 4
REFUSED = 5  # for safety, or a store whose owner does not answer
TIMED_OUT = 6
BUG = 10
INTERRUPTED = 130

MEANINGS = {
    OK: "done; the execution succeeded",
    USAGE: "a mistake in the command, the pipeline, its input or the settings",
    CHANGES: "there are changes (`plan`) or differences (`parity`)",
    REJECTED: "the execution failed with `GateRejected`: the quality gate said no",
    FAILED: "the execution failed or was stopped",
    REFUSED: "refused for safety, or the store's owner does not answer",
    TIMED_OUT: "the execution timed out",
    BUG: "a bug of Stepmill; a report was written",
    INTERRUPTED: "interrupted by Ctrl-C",
}


class Refusal(Exception):
    """The command cannot do what was asked: says where, what and what to do. `code` is the exit code."""

    def __init__(self, message: str, code: int = USAGE) -> None:
        super().__init__(message)
        self.code = code


def nearest(word: str, known: list[str]) -> str:
    """`; did you mean "train"?`, or nothing when nothing is near."""
    from stepmill import nearest as words

    guess = words.nearest(word, known)
    return f'; did you mean "{guess}"?' if guess else ""
