"""Imports a pipeline file and finds the one Workflow in it.

In: FILE or FILE:NAME; or FILE.json, Amazon States Language. Out: a Workflow, or a Refusal with the user's own file and
line. Touches: imports that file, with its folder first on the module path, as `python FILE` would have it.
"""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
import traceback
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.cli.refusal import Refusal, nearest

if TYPE_CHECKING:
    from stepmill.workflow import Workflow

_PACKAGE = str(Path(__file__).parents[1])
_LINES = 6  # of a traceback: more is a recursion, or tells nothing new


def load(reference: str) -> Workflow:
    """The Workflow of `pipeline.py` or `pipeline.py:name`. Raises Refusal; InvalidDefinition passes through."""
    path, name = _split(reference)
    if path.suffix == ".json":
        return _definition(path, name)
    return _chosen(_imported(path), path, name)


def in_file(reference: str, problems: Iterable[Problem]) -> list[Problem]:
    """Problems of what was loaded, with the file where their place has none: a pointer into `machine.json`."""
    path, _ = _split(reference)
    if path.suffix != ".json":
        return list(problems)
    return [replace(each, place=f"{path}{each.place}") if each.place[:1] in ("", "/") else each for each in problems]


def _definition(path: Path, name: str | None) -> Workflow:
    """A workflow of Amazon States Language as it is, named like its file."""
    from stepmill.workflow import Workflow

    try:
        return Workflow.from_definition(path.read_text(encoding="utf-8"), name or path.name.split(".")[0])
    except (OSError, UnicodeDecodeError) as fault:
        raise Refusal(f"{path}: cannot be read: {fault}") from fault
    except InvalidDefinition as fault:
        raise InvalidDefinition(in_file(str(path), fault.problems)) from fault
    except ValueError as fault:
        raise Refusal(f"{path}: {fault}") from fault


def _split(reference: str) -> tuple[Path, str | None]:
    path, name = Path(reference), None
    if not path.exists() and ":" in reference:
        before, _, name = reference.rpartition(":")
        path = Path(before)
        if not name.isidentifier():
            raise Refusal(f'{reference}: "{name}" cannot be the name of a workflow; give FILE:NAME')
    if path.is_dir():
        inside = sorted(child.name for child in path.glob("*.py"))
        guess = f"; did you mean {path / inside[0]}?" if len(inside) == 1 else f"; there are: {', '.join(inside)}"
        raise Refusal(f"{path}: is a folder{guess if inside else ' without a Python file'}")
    if not path.exists():
        known = [str(child) for child in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise Refusal(f"{path}: there is no such file{nearest(str(path), known)}")
    if path.suffix not in (".py", ".json"):
        raise Refusal(f"{path}: a pipeline is a Python file (*.py), or Amazon States Language (*.json)")
    return path, name


def _imported(path: Path) -> ModuleType:
    from stepmill.workflow import loading

    # a file named like a module that is loaded already must not replace it
    name = path.stem if path.stem.isidentifier() and path.stem not in sys.modules else f"stepmill_pipeline_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.absolute())
    assert spec is not None and spec.loader is not None, "a path that ends in .py has a loader"
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(path.absolute().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with loading():
            spec.loader.exec_module(module)
    except InvalidDefinition:
        raise
    except SyntaxError as fault:
        place = _short(fault.filename or str(path))
        line = (fault.text or "").rstrip()
        shown = f"\n    {line}" if line else ""
        raise Refusal(f"{place}:{fault.lineno}: does not parse: {fault.msg}{shown}") from fault
    except SystemExit as fault:
        place = _users_lines(fault, path)[0]
        raise Refusal(f"{place}: the file ends the program when it is imported (sys.exit)") from fault
    except KeyboardInterrupt:
        raise
    except BaseException as fault:
        raise Refusal(_raised(fault, path)) from fault
    return module


def _raised(fault: BaseException, path: Path) -> str:
    """The message of what a pipeline file raised, with the user's own lines of the traceback under it."""
    place, lines = _users_lines(fault, path)
    known = (RuntimeError, ValueError) if type(fault).__module__.startswith("stepmill.") else ()
    kind = "" if isinstance(fault, known) else f"{type(fault).__name__}: "
    message = f"{place}: {kind}{fault}{_meant(fault)}"
    if isinstance(fault, ModuleNotFoundError) and not str(fault.name).startswith("stepmill"):
        message += f"\n    it must be beside {path.name}, or installed where Stepmill runs: {sys.executable}"
    if len(lines) > _LINES:
        dots = f"… {len(lines) - _LINES} more lines …"
        lines = [*lines[: _LINES // 2], dots, *lines[-_LINES // 2 :]]
    return message + "".join(f"\n    {line}" for line in lines)


def _meant(fault: BaseException) -> str:
    """The nearest name, where a name is wrong."""
    if isinstance(fault, ModuleNotFoundError) and fault.name and fault.name.startswith("stepmill."):
        package = fault.name.rpartition(".")[0]
        home = sys.modules.get(package)
        places = [Path(place) for place in getattr(home, "__path__", ())]
        names = [f"{package}.{p.stem}" for place in places for p in place.iterdir() if not p.name.startswith("_")]
        return nearest(fault.name, names)
    if isinstance(fault, ImportError) and not isinstance(fault, ModuleNotFoundError) and fault.name:
        wrong = re.search(r"cannot import name '(\w+)'", str(fault))
        known = getattr(sys.modules.get(fault.name), "__all__", None) or dir(sys.modules.get(fault.name))
        return nearest(wrong[1], known) if wrong else ""
    wrong = re.search(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", str(fault))
    if isinstance(fault, TypeError) and wrong:
        from stepmill import inputs, sagemaker, steps, workflow

        rooms = (steps, sagemaker, workflow, inputs)
        made = next((getattr(room, wrong[1]) for room in rooms if hasattr(room, wrong[1])), None)
        return nearest(wrong[2], list(inspect.signature(made).parameters)) if made else ""
    return ""


def _users_lines(fault: BaseException, path: Path) -> tuple[str, list[str]]:
    """The last place in the user's own files, and the lines that led there."""
    frames = [
        frame
        for frame in traceback.extract_tb(fault.__traceback__)
        if not frame.filename.startswith((_PACKAGE, "<frozen")) and "importlib" not in frame.filename
    ]
    folder = str(path.absolute().parent)
    own = [frame for frame in frames if frame.filename.startswith(folder)] or frames
    if not own:
        return _short(str(path)), []
    lines = [f"{_short(frame.filename)}:{frame.lineno}  {frame.line}" for frame in own if frame.line]
    return f"{_short(own[-1].filename)}:{own[-1].lineno}", lines


def _short(filename: str) -> str:
    try:
        return str(Path(filename).relative_to(Path.cwd()))
    except ValueError:
        return filename


def _chosen(module: ModuleType, path: Path, name: str | None) -> Workflow:
    from stepmill.workflow import Workflow

    found: dict[str, Workflow] = {}
    for key, value in vars(module).items():
        if isinstance(value, Workflow) and all(value is not other for other in found.values()):
            found[key] = value
    if name is not None:
        named: Any = getattr(module, name, None)
        if isinstance(named, Workflow):
            return named
        what = f"is a {type(named).__name__}, no Workflow" if hasattr(module, name) else "is not in it"
        raise Refusal(f'{path}: "{name}" {what}{nearest(name, list(found)) or _there_are(found)}')
    if not found:
        raise Refusal(f'{path}: has no Workflow at module level; add `workflow = Workflow("name", definition=…)`')
    if len(found) > 1:
        choices = " or ".join(f"{path}:{key}" for key in found)
        raise Refusal(f"{path}: has {len(found)} workflows; say which: {choices}")
    return next(iter(found.values()))


def _there_are(found: dict[str, Workflow]) -> str:
    return f"; there are: {', '.join(found)}" if found else ""
