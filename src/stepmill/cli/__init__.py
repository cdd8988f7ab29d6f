"""The command `stepmill`: each verb parses, calls one public function and prints.

In: a command line. Out: an exit code; results on stdout, progress on stderr. Touches: the terminal; everything else
through the rooms below.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give back its exit code."""
    from stepmill.cli.program import run

    return run(argv)
