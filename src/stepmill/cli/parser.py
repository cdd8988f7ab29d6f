"""The command line: which verbs there are, and what each takes.

In: words. Out: a parser; a verb's own arguments come from its module, loaded only when that verb is asked for.
Touches: nothing.
"""

from __future__ import annotations

import argparse
import importlib
import keyword
from collections.abc import Sequence
from typing import Any, NoReturn

from stepmill.cli.refusal import MEANINGS, Refusal, nearest

VERBS = {
    "new": "make a small pipeline that runs at once, in a new folder",
    "check": "find everything wrong with a pipeline, without running it",
    "policy": "show the least rights that a pipeline needs on AWS, and why each",
    "import": "print a definition as the Python that compiles to it",
    "run": "run a pipeline on this machine and watch it",
    "resume": "go on with what was interrupted",
    "redrive": "go on with an execution that failed, where it failed",
    "list": "list the executions, newest first",
    "show": "draw an execution: each state's outcome, time, retries and curves",
    "logs": "print what the jobs and functions of an execution said",
    "parity": "compare an execution of this machine with one on AWS, state by state",
    "stop": "stop a running execution and its jobs",
    "build": "build what a deployment consists of, as files to review",
    "plan": "say what a deployment would change on AWS",
    "deploy": "bring a workflow to a stage on AWS",
    "destroy": "take a workflow off AWS again",
    "export": "write a workflow as CloudFormation, SAM, Terraform or plain ASL",
    "serve": "answer boto3, the AWS CLI and every other client of AWS on this machine",
    "env": "print the variables that point them here",
    "cp": "copy between s3:// and files",
    "clean": "remove old executions and what only they kept",
}
HIDDEN = {"host": "run the store's engine in the background until nothing runs"}
_TAKES_VALUE = ("--store",)
_ALONE = ("-h", "--help", "--version", "--debug")


class Parser(argparse.ArgumentParser):
    """argparse that ends a usage error as ours: one message, exit code 1, the nearest word."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("allow_abbrev", False)
        super().__init__(**options)

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            options = [option for action in self._actions for option in action.option_strings]
            first = unknown.split()[0]
            message = f"{self.prog}: {first} is not known here{nearest(first, options)}"
        else:
            message = f"{self.prog}: {message}"
        raise Refusal(f"{message}\nsee `{self.prog} --help`")

    def read(self, words: Sequence[str]) -> Any:
        """`parse_args`, except that what is left over is told by the verb's own parser, which knows its options."""
        found, left = self.parse_known_args(words)
        if left:
            verb = getattr(found, "verb", None)
            chosen = self.verbs().get(verb) if verb else None
            (chosen or self).error(f"unrecognized arguments: {' '.join(left)}")
        return found

    def verbs(self) -> dict[str, Parser]:
        """The parsers of the verbs."""
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                return dict(action.choices)
        return {}


def build(verbs: Sequence[str]) -> Parser:
    """The whole parser, with the arguments of `verbs` filled in."""
    codes = "\n".join(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())
    parser = Parser(
        prog="stepmill",
        description="Runs SageMaker jobs joined by Step Functions: the same definition here and on AWS.",
        epilog=f"exit codes:\n{codes}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    _globals(parser, {"default": None}, {"default": False})
    places = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for verb in (*VERBS, *HIDDEN):
        if verb in HIDDEN and verb not in verbs:
            continue
        words: dict[str, Any] = {"help": VERBS[verb]} if verb in VERBS else {}
        place = places.add_parser(
            verb,
            description=_sentence({**VERBS, **HIDDEN}[verb]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **words,
        )
        _globals(place, {"default": argparse.SUPPRESS}, {"default": argparse.SUPPRESS})
        if verb in verbs:
            module(verb).arguments(place)
    return parser


def module(verb: str) -> Any:
    """The module of a verb: `arguments(parser)` and `run(args) -> int`."""
    return importlib.import_module(f"stepmill.cli.{verb}{'_' if keyword.iskeyword(verb) else ''}")


def asked(words: Sequence[str]) -> str | None:
    """The verb in a command line, before it is parsed: the first word that is no option or an option's value.

    Raises Refusal for an option before it that only a verb, or nobody, knows.
    """
    skip = False
    for word in words:
        if skip or word in _TAKES_VALUE:
            skip = not skip
        elif not word.startswith("-"):
            return word
        elif word.partition("=")[0] not in (*_TAKES_VALUE, *_ALONE):
            near = nearest(word, [*_TAKES_VALUE, *_ALONE])
            raise Refusal(f"stepmill: {word} is not known before a verb{near}\nsee `stepmill --help`")
    return None


def _globals(parser: argparse.ArgumentParser, text: dict[str, Any], flag: dict[str, Any]) -> None:
    parser.add_argument("--store", metavar="DIR", help="the store's folder (default: the nearest .stepmill)", **text)
    parser.add_argument("--debug", action="store_true", help="show the traceback of every error", **flag)


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
