"""`stepmill policy explain`: the least rights that a pipeline needs on AWS, and why each; `policy deployer`: those of
whoever deploys it.

In: the command's arguments. Out: every role with its statements, on stdout; with --json the documents. Touches: imports
the file; writes nothing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from stepmill.cli import staged

if TYPE_CHECKING:
    from stepmill.deploy.rights.explain import Role
    from stepmill.steps.bundle import Bundle


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument(
        "what",
        metavar="explain|deployer",
        choices=["explain", "deployer"],
        help="explain: the roles of the pipeline, and why each right is there; deployer: the policy of who deploys it",
    )
    parser.add_argument("file", metavar="FILE[:NAME]", help="the pipeline, and which of its workflows")
    parser.add_argument("--stage", metavar="NAME", help="as this stage of pyproject.toml has it (default: no stage)")
    parser.add_argument("--data", action="store_true", help="deployer: also what `destroy --data` needs")
    parser.add_argument("--json", action="store_true", help="print the policy documents as JSON")


def run(args: argparse.Namespace) -> int:
    """Compile, and print. Names of an account are left to CloudFormation, or come from the stage."""
    return _deployer(args) if args.what == "deployer" else _explain(args)


def _explain(args: argparse.Namespace) -> int:
    from stepmill.asl.problems import InvalidDefinition
    from stepmill.cli import screen
    from stepmill.cli.loader import in_file, load
    from stepmill.deploy.rights.explain import anywhere, lines, open_names, roles
    from stepmill.deploy.rights.policy import LIMIT, size

    try:
        if args.stage is None:
            bundle = load(args.file).bundle()
            found = roles(bundle, open_names(bundle), anywhere(bundle.name))
        else:
            bundle, found = _of_stage(args)
    except InvalidDefinition as fault:
        raise InvalidDefinition(tuple(in_file(args.file, list(fault.problems)))) from None
    if args.json:
        rows = [{"role": role.name, "service": role.service, "policy": role.document()} for role in found]
        screen.print_json({"schema": 1, "workflow": bundle.name, "roles": rows})
        return 0
    for at, role in enumerate(found):
        print("\n" * bool(at) + "\n".join(lines(role)))
        if (characters := size(role.statements)) > LIMIT:
            screen.say(f"note: the policy of {role.name} has {characters:,} characters; IAM takes {LIMIT:,} inline")
    return 0


def _of_stage(args: argparse.Namespace) -> tuple[Bundle, list[Role]]:
    """The roles that the stage's stack makes, under their logical ids."""
    from stepmill.deploy.build import rights
    from stepmill.deploy.rights.explain import roles_of

    stage = staged.stage_of(args)
    bundle = staged.bundle_of(args, stage)
    return bundle, roles_of(rights(bundle, stage))


def _deployer(args: argparse.Namespace) -> int:
    from stepmill.cli import screen
    from stepmill.deploy.deployer import deployer_policy

    stage = staged.stage_of(args)
    with staged.refusals():
        screen.print_json(deployer_policy(staged.built_of(args, stage), data=args.data))
    return 0
