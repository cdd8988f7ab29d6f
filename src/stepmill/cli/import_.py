"""`stepmill import`: a definition as the Python that compiles to it.

In: the command's arguments. Out: a Python module, on stdout or in a file. Touches: the file it is told to write.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from stepmill.cli.refusal import Refusal


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("definition", metavar="FILE", help="Amazon States Language as JSON; - is stdin")
    parser.add_argument("-o", "--output", metavar="FILE", help="write there, not to stdout")
    parser.add_argument("--force", action="store_true", help="replace the file that is there")
    parser.add_argument("--name", help="the workflow's name (default: the file's)")


def run(args: argparse.Namespace) -> int:
    """Read, write down, print."""
    from stepmill.asl.problems import InvalidDefinition, Problem
    from stepmill.steps.importing import python_of

    target = Path(args.output) if args.output is not None else None
    if target is not None and target.exists() and not args.force:
        raise Refusal(f"{target}: is there already; --force replaces it")
    source = "stdin" if args.definition == "-" else args.definition
    try:
        text = python_of(_read(args.definition), args.name if args.name is not None else _name(args.definition))
    except InvalidDefinition as fault:
        raise InvalidDefinition(
            Problem(f"{source}: {each.place}" if each.place else source, each.code, each.message, each.hint)
            for each in fault.problems
        ) from None
    if target is None:
        print(text, end="")
    else:
        target.write_text(text, encoding="utf-8")
    return 0


def _read(path: str) -> str:
    data = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refusal(f"{path}: is no UTF-8 text (byte {fault.start + 1}); a definition is JSON in UTF-8") from None


def _name(path: str) -> str:
    """`digits.asl.json` → `digits`: as much of the file's name as a state machine's name can hold."""
    stem = "" if path == "-" else Path(path).name.partition(".")[0]
    return re.sub(r"[^\w-]+", "-", stem).strip("-")[:80] or "workflow"
