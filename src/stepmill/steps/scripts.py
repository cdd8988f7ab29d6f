"""Looks into the Python files that steps run, before anything runs.

In: a file, and whom to tell. Out: what is wrong with it, told. Touches: reads the file.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, Protocol

from stepmill.nearest import did_you_mean

from .source import Source


class Tell(Protocol):
    """Takes one problem; `source` is its place when that is not the step's own line."""

    def __call__(self, code: str, message: str, hint: str = "", source: Source | str | None = None) -> None:
        """Keep it."""


def script(base: Path, folder: Any, name: Any) -> Path | None:
    """The local file that a step runs; None when it lies elsewhere or nowhere (whoever packs it tells that)."""
    if not isinstance(name, str | Path) or "://" in str(name) or "://" in str(folder or ""):
        return None
    places = [base / folder / name, base / name] if folder is not None else [base / name]
    return next((place for place in places if place.is_file()), None)


def check_script(file: Path, used: str, tell: Tell) -> None:
    """A Python script must parse; other scripts are taken as they are. `used` says who runs it."""
    if file.suffix == ".py":
        _parsed(file, used, tell)


def check_handler(file: Path, handler: str, used: str, tell: Tell) -> None:
    """A function's file must parse, and hold the handler."""
    tree = _parsed(file, used, tell)
    if tree is None:
        return
    known: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                known.append(name)
            case ast.Import(names=found) | ast.ImportFrom(names=found):
                known.extend((alias.asname or alias.name).split(".")[0] for alias in found)
            case ast.Name(id=name, ctx=ast.Store()):
                known.append(name)
    if handler not in known and "*" not in known:
        public = [name for name in known if not name.startswith("_")]
        tell(
            "function.handler",
            f"{file.name} has no function {handler!r}",
            did_you_mean(handler, public, "name a function on the file's top level"),
        )


def _parsed(file: Path, used: str, tell: Tell) -> ast.Module | None:
    """The file's syntax tree; a fault in it is a problem at its own line."""
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as fault:
        tell(
            "script.syntax",
            f"{file.name} does not parse: {fault.msg}",
            used,
            source=f"{_shown(file)}:{fault.lineno or 1}",
        )
    except (OSError, ValueError) as fault:
        tell("script.unreadable", f"{file.name} cannot be read: {fault}", used, _shown(file))
    return None


def _shown(file: Path) -> str:
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)
