"""Writes docs/reference/cli.md from the parser: `python tools/make_cli_reference.py`, or `--check` to only compare.

In: the parser of the command line. Out: one page. Touches: that page alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from stepmill.cli.parser import VERBS, build
from stepmill.cli.refusal import MEANINGS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "cli.md"
OPENING = """\
# Commands

Made from the parser by `make docs`. Results go to stdout, progress to stderr; `--json` prints one document whose
`schema` counts up when a key changes its meaning. Settings come from flags, then `STEPMILL_…` variables, then
`pyproject.toml`: see [configuration](configuration.md).

An execution is named by its name, by the beginning of it, by `workflow:name` or by its ARN; left out, it is the newest.
"""


def page() -> str:
    """The whole page."""
    parser = build(list(VERBS))
    verbs = parser.verbs()
    known = _options(parser)
    lines = [OPENING, "## For every command", "", *_table(known), ""]
    shared = {tuple(action.option_strings) for action in known}
    for verb, words in VERBS.items():
        actions = [a for a in verbs[verb]._actions if not isinstance(a, argparse._HelpAction)]
        own = [action for action in actions if tuple(action.option_strings) not in shared]
        places = [_place(action) for action in own if not action.option_strings]
        flags = " [options]" if any(action.option_strings for action in own) else ""
        lines += [f"## `stepmill {' '.join([verb, *places])}{flags}`", "", f"{words[0].upper()}{words[1:]}.", ""]
        lines += [*_table(own), ""] if own else []
    codes = [f"| {code} | {meaning} |" for code, meaning in MEANINGS.items()]
    return "\n".join([*lines, "## Exit codes", "", "| Code | Meaning |", "|---|---|", *codes, ""])


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [a for a in parser._actions if a.option_strings and not isinstance(a, argparse._HelpAction)]


def _place(action: argparse.Action) -> str:
    return f"[{action.metavar}]" if action.nargs == "?" else str(action.metavar)


def _table(actions: list[argparse.Action]) -> list[str]:
    rows = []
    for action in actions:
        takes = f" {action.metavar}" if action.metavar and action.nargs != 0 else ""
        name = ", ".join(action.option_strings) + takes if action.option_strings else str(action.metavar)
        rows.append(f"| `{name}` | {str(action.help).replace('|', chr(92) + '|')} |")
    return ["| Word | Meaning |", "|---|---|", *rows]


def main(check: bool) -> int:
    """0, or 1 when `check` finds that the page is not what the parser says."""
    text = page()
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    if not check:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    print(f"docs/reference/cli.md: {'is not what the parser says; make docs' if check else 'written'}")  # noqa: T201
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
