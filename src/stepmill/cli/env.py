"""`stepmill env`: the variables that point AWS's clients at the store that is served.

In: the command's arguments. Out: lines for a shell, or JSON, on stdout. Touches: reads the store's key and endpoint.
"""

from __future__ import annotations

import argparse

# What would win over what is exported here, or send a key of AWS along.
FORGOTTEN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--shell", choices=("sh", "fish"), default="sh", help="whose words to use (default: sh)")
    parser.add_argument("--json", action="store_true", help="print the variables as JSON")


def run(args: argparse.Namespace) -> int:
    """Print them."""
    import shlex

    from stepmill.cli.refusal import Refusal
    from stepmill.cli.screen import print_json
    from stepmill.local.endpoint import endpoint_of
    from stepmill.stage import load_settings

    settings = load_settings(store=args.store)
    endpoint = endpoint_of(settings)
    if endpoint is None:
        raise Refusal(f"{settings.store} is not served; `stepmill serve` does that, in a terminal of its own")
    variables = endpoint.environ()
    if args.json:
        print_json(variables)
        return 0
    for name, value in variables.items():
        print(f"set -gx {name} {shlex.quote(value)}" if args.shell == "fish" else f"export {name}={shlex.quote(value)}")
    print(f"set -e {' '.join(FORGOTTEN)}" if args.shell == "fish" else f"unset {' '.join(FORGOTTEN)}")
    return 0
