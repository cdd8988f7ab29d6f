"""Where an execution that a verb is given lies: in the store, or on AWS.

In: a verb's arguments and the word it was given. Out: who looks at it. Touches: nothing itself; settings are read.

An ARN of another account than the local stage's lies on AWS, and so does everything when a stage there is named, by
`--stage`, `STEPMILL_STAGE` or the settings. The rest is the store's.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from stepmill.cli.refusal import Refusal

if TYPE_CHECKING:
    from stepmill.cli.remote import Remote
    from stepmill.stage import Settings

STAGE_HELP = "a stage of pyproject.toml that lies on AWS (default: local)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What every verb takes that can look at AWS."""
    parser.add_argument("--stage", metavar="NAME", help=STAGE_HELP)


def remote(args: argparse.Namespace, word: str | None = None) -> Remote | None:
    """Who looks at what a word means, when that lies on AWS; None when it is the store's. Raises SettingsError,
    DeployRefused, Refusal."""
    from stepmill.cli.reading import settings_of

    return remote_of(settings_of(args, stage=args.stage), word)


def remote_of(settings: Settings, word: str | None = None) -> Remote | None:
    """The same, of settings."""
    parts = _arn(word)
    if settings.stage == "local" and (parts is None or parts[4] == settings.account):
        return None
    from stepmill.cli.remote import SERVICES, Remote
    from stepmill.deploy.aws.account import Account
    from stepmill.deploy.stages import of_arn, stage

    if settings.stage == "local":
        return Remote(Account(of_arn(settings, str(word)), SERVICES))
    found = stage(settings)
    if parts is not None and (parts[3] != found.region or parts[4] != (found.expected_account or parts[4])):
        account = found.expected_account or "an account"
        raise Refusal(f"{word}: stage {found.name} is {account} in {found.region}; leave --stage out")
    return Remote(Account(found, SERVICES))


def sight(args: argparse.Namespace, word: str | None) -> Any:
    """A Reader of the store or a Remote, whichever knows what a word means."""
    from stepmill.cli.reading import Reader, settings_of

    return remote(args, word) or Reader(settings_of(args))


def _arn(word: str | None) -> list[str] | None:
    """The parts of an ARN of Step Functions; None for another word. Raises Refusal for another ARN."""
    if word is None or not word.startswith("arn:"):
        return None
    parts = word.split(":")
    if len(parts) < 7 or parts[2] != "states":
        raise Refusal(f"{word}: not the ARN of an execution or a state machine")
    return parts
