"""`stepmill policy explain`: the least rights that a pipeline needs on AWS, and why each.

In: the command's arguments. Out: every role with its statements, on stdout; with --json the documents. Touches: imports
the file; writes nothing.
"""

from __future__ import annotations

import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("what", metavar="explain", choices=["explain"], help="say what each statement is for")
    parser.add_argument("file", metavar="FILE[:NAME]", help="the pipeline, and which of its workflows")
    parser.add_argument("--stage", metavar="NAME", help="name the machine as this stage does (default: no stage)")
    parser.add_argument("--json", action="store_true", help="print the policy documents as JSON")


def run(args: argparse.Namespace) -> int:
    """Compile, and print what the roles must be allowed. Names of an account are left to CloudFormation."""
    from stepmill.asl.problems import InvalidDefinition
    from stepmill.cli import screen
    from stepmill.cli.loader import in_file, load
    from stepmill.deploy.explain import anywhere, lines, open_names, roles
    from stepmill.deploy.policy import LIMIT, size

    bundle = load(args.file).bundle()
    machine = f"{bundle.name}-{args.stage}" if args.stage else bundle.name
    try:
        found = roles(bundle, open_names(bundle), anywhere(machine))
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
