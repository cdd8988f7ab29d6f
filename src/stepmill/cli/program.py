"""Runs one command and turns whatever happens into one message and one exit code.

In: a command line. Out: an exit code. Touches: stdout and stderr; on a bug of ours, a report file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from stepmill.cli.parser import HIDDEN, VERBS, asked, build, module
from stepmill.cli.refusal import BUG, INTERRUPTED, OK, REFUSED, USAGE, Refusal, nearest


def run(argv: Sequence[str] | None = None) -> int:
    """One command, start to end."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name must never end a command for want of an encoding
    args: Any = None
    try:
        args = _parsed(words)
        code = OK if args is None else int(module(args.verb).run(args))
        sys.stdout.flush()
        return code
    except SystemExit as end:  # argparse's --help
        return int(end.code or 0)
    except BrokenPipeError:
        # whoever read our output has seen enough; the interpreter must not complain about it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as problem:  # noqa: BLE001 - the one place where every error becomes a message
        return _ended(problem, words, "--debug" in words)


def _parsed(words: list[str]) -> Any:
    if sys.platform == "win32":
        raise Refusal("Stepmill needs Linux or macOS; on Windows use it inside WSL2, which is Linux")
    verb = asked(words)
    if verb is not None and verb not in VERBS and verb not in HIDDEN:
        raise Refusal(f'stepmill: there is no verb "{verb}"{nearest(verb, list(VERBS))}\nsee `stepmill --help`')
    parser = build([verb] if verb else [])
    args = parser.read(words)
    if args.version:
        from stepmill import __version__

        print(f"stepmill {__version__}")
        return None
    if args.verb is None:
        parser.print_help()
        return None
    return args


def _ended(problem: Exception, words: list[str], debug: bool) -> int:
    known = _known(problem)
    if debug:
        import traceback

        traceback.print_exception(problem, file=sys.stderr)
    if known is not None:
        message, code = known
        print(message if debug else f"error: {message}", file=sys.stderr)
        return code
    from stepmill.cli.bug import write_report

    place = write_report(problem, words)
    said = f"this is a bug of Stepmill: {type(problem).__name__}: {problem}".splitlines()[0]
    print(f"error: {said}\nplease report it with {place}", file=sys.stderr)
    return BUG


def _known(problem: Exception) -> tuple[str, int] | None:
    """What a person is told, and the exit code; None for what no command expects."""
    if isinstance(problem, Refusal):
        return str(problem), problem.code
    # by name, because most commands never load the rooms these come from
    names = {kind.__name__ for kind in type(problem).__mro__ if kind.__module__.startswith("stepmill.")}
    if names & {"StoreBusy", "StoreTooNew"}:
        return str(problem), REFUSED
    if names & {"SettingsError", "InvalidDefinition", "StoreError", "EnvironmentFailed", "BadName"}:
        return str(problem), USAGE
    if "DeployRefused" in names:
        return str(problem), REFUSED if getattr(problem, "unsafe", False) else USAGE
    if "AwsRefusal" in names:
        return f"AWS refused {getattr(problem, 'operation', '')}: {problem.code}: {problem.message}", USAGE  # type: ignore[attr-defined]
    if names & {"NoSuchKey", "NoSuchBucket"}:
        return f"{type(problem).__name__}: {problem}", USAGE
    if "ServiceError" in names and getattr(problem, "code", "") != "InternalError":
        return str(problem), USAGE
    if isinstance(problem, OSError) and problem.errno is not None and (problem.filename is not None or _cure(problem)):
        where = f"{problem.filename}: " if problem.filename is not None else ""
        return f"{where}{problem.strerror}{_cure(problem)}", USAGE
    return None


def _cure(problem: OSError) -> str:
    import errno

    return {
        errno.ENOSPC: ": the disk is full; free some space and try again",
        errno.EDQUOT: ": the disk is full for you; free some space and try again",
        errno.EACCES: "; the folder or file must be readable and writable for you",
        errno.EROFS: "; choose a folder that can be written",
    }.get(problem.errno or 0, "")
