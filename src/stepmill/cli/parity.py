"""`stepmill parity`: whether the same happened here and on AWS, state by state.

In: the command's arguments. Out: a line per state, or JSON; the exit code says whether anything differs.
Touches: reads the store, and AWS.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any, Final

from stepmill.cli import where

if TYPE_CHECKING:
    from stepmill.console.canvas import Look
    from stepmill.history.comparing import Comparison, Difference
    from stepmill.history.digest import Digest

_SHOWN: Final = 3  # differences of a state that are told
_VALUE: Final = 60  # columns of a value


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("run", metavar="RUN", help="an execution of this machine: its name or its beginning")
    parser.add_argument("arn", metavar="ARN", help="an execution on AWS; with --stage its name is enough")
    parser.add_argument("--json", action="store_true", help="print JSON")
    where.arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    from stepmill.cli import screen
    from stepmill.cli.reading import settings_of
    from stepmill.cli.refusal import CHANGES, OK, Refusal
    from stepmill.history.comparing import compare

    sides: list[Digest] = []
    for word, settings in (
        (args.run, settings_of(args, stage="local")),
        (args.arn, settings_of(args, stage=args.stage)),
    ):
        looking = _sight(settings, word)
        row = looking.execution(word)
        if row["status"] == "RUNNING":
            raise Refusal(f"{row['name']} still runs; what has ended can be compared")
        sides.append(looking.digest(row["arn"]))
    here, there = sides
    found = compare(here, there)
    if args.json:
        screen.print_json(document(here, there, found))
    else:
        print("\n".join(lines(here, there, found, screen.look())))
    return OK if found.same else CHANGES


def _sight(settings: Any, word: str) -> Any:
    from stepmill.cli.reading import Reader

    return where.remote_of(settings, word) or Reader(settings)


def lines(here: Digest, there: Digest, found: Comparison, look: Look) -> list[str]:
    """The comparison, for people."""
    from stepmill.console.text import MARKS
    from stepmill.console.words import one_line

    said = [f"here   {here.machine} {here.name}  {here.status}", f"there  {there.arn}  {there.status}", ""]
    for row in found.rows:
        mark, plain, style = MARKS["succeeded" if row.same else "failed"]
        sign = look.paint(mark if look.unicode else plain, style)
        words = [_told(each) for each in row.differences[:_SHOWN]]
        if len(row.differences) > _SHOWN:
            words.append(f"and {len(row.differences) - _SHOWN} more")
        if row.tries[0] != row.tries[1] and 0 not in row.tries:
            words.append(look.paint(f"tried {row.tries[0]} times here, {row.tries[1]} there", "faint"))
        name = one_line(" / ".join((*row.branch, row.state)))
        said.append(f"{sign} {name}" + (f"  {'; '.join(words)}" if words else ""))
    said.append("")
    said += [f"the execution: {_told(each)}" for each in found.whole]
    if found.ignored:
        said.append(look.paint(f"not compared, because it must differ: {', '.join(found.ignored)}", "faint"))
    differ = sum(not row.same for row in found.rows)
    said.append("the same happened" if found.same else f"{differ} of {len(found.rows)} states differ")
    return said


def document(here: Digest, there: Digest, found: Comparison) -> dict[str, Any]:
    """The comparison, for programs."""
    return {
        "schema": 1,
        "here": here.arn,
        "there": there.arn,
        "same": found.same,
        "differences": [each._asdict() for each in found.whole],
        "states": [
            {
                "name": row.state,
                "branch": list(row.branch),
                "same": row.same,
                "tries": {"here": row.tries[0], "there": row.tries[1]},
                "differences": [each._asdict() for each in row.differences],
            }
            for row in found.rows
        ],
        "ignored": list(found.ignored),
    }


def _told(each: Difference) -> str:
    if each.what == "path":
        return "only here" if each.there is None else "only there"
    return f"{each.what}: {_value(each.here)} here, {_value(each.there)} there"


def _value(value: Any) -> str:
    from stepmill.console.words import clip, one_line

    return "nothing" if value is None else clip(one_line(json.dumps(value, ensure_ascii=False)), _VALUE)
