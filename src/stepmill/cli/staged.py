"""What the verbs that deploy have in common: a stage, a workflow compiled for it, an account, exit codes.

In: a verb's arguments. Out: a Stage, a Built, an Account. Touches: imports the pipeline; the environment variable that
tells it the stage's region.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from stepmill.cli.refusal import FAILED, REFUSED, USAGE, Refusal
from stepmill.cli.screen import say

if TYPE_CHECKING:
    from stepmill.deploy.build import Built
    from stepmill.deploy.stages import Stage
    from stepmill.stage import Settings
    from stepmill.steps.bundle import Bundle


def arguments(parser: argparse.ArgumentParser, *, account: bool = True) -> None:
    """What these verbs take."""
    parser.add_argument("file", metavar="FILE[:NAME]", help="the pipeline, and which of its workflows")
    parser.add_argument("--stage", metavar="NAME", help="a stage of pyproject.toml (default: the only one there)")
    parser.add_argument("--region", metavar="REGION", help="another region than the stage's")
    if account:
        parser.add_argument("--profile", metavar="NAME", help="another profile of the AWS configuration")


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings in force, with the stage that is meant. Raises SettingsError."""
    from stepmill.cli import reading

    settings = reading.settings_of(args, stage=args.stage)
    if settings.stage == "local" and args.stage is None and len(settings.stages) == 1:
        from dataclasses import replace

        return replace(settings, stage=next(iter(settings.stages)))
    return settings


def stage_of(args: argparse.Namespace) -> Stage:
    """The stage that is meant. Raises SettingsError."""
    from stepmill.deploy.stages import stage

    return stage(settings_of(args), region=getattr(args, "region", None), profile=getattr(args, "profile", None))


def bundle_of(args: argparse.Namespace, stage: Stage) -> Bundle:
    """The workflow, compiled for the stage's region: images that AWS publishes have another name in each."""
    from stepmill.cli.loader import load

    os.environ["STEPMILL_REGION"] = stage.region
    return load(args.file).bundle()


def built_of(args: argparse.Namespace, stage: Stage) -> Built:
    """The workflow, built for the stage."""
    from stepmill.deploy.build import build

    bundle = bundle_of(args, stage)
    for notice in bundle.manifest.notices:
        say(f"note: {notice}")
    return build(bundle, stage, settings_of(args).cache, say)


@contextmanager
def refusals() -> Iterator[None]:
    """Turns what a deployment is refused or fails with into this command's end."""
    from stepmill.deploy.aws.account import AwsRefusal
    from stepmill.deploy.aws.stacks import DeployFailed
    from stepmill.deploy.refusals import DeployRefused

    try:
        yield
    except DeployRefused as refused:
        raise Refusal(str(refused), REFUSED if refused.unsafe else USAGE) from refused
    except DeployFailed as failed:
        raise Refusal(str(failed), FAILED) from failed
    except AwsRefusal as refused:
        raise Refusal(f"AWS refused {refused.operation}: {refused.code}: {refused.message}") from refused
