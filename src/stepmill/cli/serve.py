"""`stepmill serve`: the store behind AWS's wire protocol.

In: the command's arguments. Out: where it is served, on stderr, and with --json on stdout. Touches: the store, which
this process hosts; a listening socket.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepmill.local import Local

_PATIENCE = 30.0  # seconds in which a server has finished what it was asked


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--port", metavar="N", type=int, default=8420, help="where to listen (default: 8420; 0: any)")
    parser.add_argument("--next-free", action="store_true", help="take the next free port when that one is taken")
    parser.add_argument(
        "--listen", metavar="ADDRESS", default="127.0.0.1", help="listen elsewhere than on this machine's loopback"
    )
    parser.add_argument(
        "--allow-host", metavar="NAME", action="append", default=[], help="answer to this host name too"
    )
    parser.add_argument(
        "--allow-test-keys", action="store_true", help="let the key test/test in, which every program knows"
    )
    parser.add_argument(
        "--pass-env", metavar="NAME", action="append", default=[], help="give this variable to jobs and functions"
    )
    parser.add_argument(
        "--enforce-rights",
        action="store_true",
        help="hold executions to what their roles may do in IAM here",
    )
    parser.add_argument("--json", action="store_true", help="print the address as a line of JSON when it is ready")
    parser.add_argument("--detach", action="store_true", help="come back when it is ready, and leave it running")
    parser.add_argument("--stop", action="store_true", help="end the one that serves this store")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    import importlib.util
    import json
    import signal

    from stepmill.cli import screen
    from stepmill.cli.refusal import REFUSED, Refusal
    from stepmill.stage import load_settings

    if args.stop:
        return _stop(args)
    if not 0 <= args.port <= 65_535:
        raise Refusal(f"--port {args.port}: a port is a number from 0 to 65535")
    if missing := [name for name in ("botocore", "httptools") if importlib.util.find_spec(name) is None]:
        raise Refusal(f'serving needs {" and ".join(missing)}: pip install "stepmill[serve]"')

    from stepmill.local import open_local
    from stepmill.local.front import Front, is_loopback

    if args.allow_test_keys and not is_loopback(args.listen):
        raise Refusal(f"--allow-test-keys with --listen {args.listen}: whoever reaches it would get in", REFUSED)
    if args.detach:
        return _detach(args)
    settings = load_settings(store=args.store, pass_env=args.pass_env or None)
    local = open_local(settings, screen.say, enforce_rights=args.enforce_rights)
    front = Front(
        local,
        port=args.port,
        next_free=args.next_free,
        listen=args.listen,
        hosts=args.allow_host,
        test_keys=args.allow_test_keys,
    )
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: front.stop())
    try:
        endpoint = front.open()
        _say(local, endpoint.url, args)
        if args.json:
            print(json.dumps({"url": endpoint.url, "store": str(settings.store)}), flush=True)
        front.tend()
        running = local.running() if local.hosting else []
        front.close()
    finally:
        front.close()
        local.release()
    if running:
        names = ", ".join(arn.rpartition(":")[2] for arn in running)
        screen.say(f"{names}: goes on with the next `stepmill serve` or `stepmill resume`; jobs run on meanwhile")
    return 0


def _detach(args: argparse.Namespace) -> int:
    """Serve in a process of its own, which outlives this terminal."""
    import json
    import subprocess
    import sys

    from stepmill.cli.refusal import REFUSED, Refusal
    from stepmill.cli.screen import say
    from stepmill.local.store import Store
    from stepmill.stage import load_settings

    store = Store(load_settings(store=args.store).store)
    store.make()
    log = store.root / "serve.log"
    words = [sys.executable, "-m", "stepmill", "--store", str(store.root), "serve", "--json"]
    words += ["--port", str(args.port), "--listen", args.listen, *["--next-free"] * args.next_free]
    words += [*["--allow-test-keys"] * args.allow_test_keys, *["--enforce-rights"] * args.enforce_rights]
    words += [word for name in args.allow_host for word in ("--allow-host", name)]
    words += [word for name in args.pass_env for word in ("--pass-env", name)]
    with log.open("wb") as out:
        log.chmod(0o600)
        server = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=out, start_new_session=True
        )
    assert server.stdout is not None
    with server.stdout as answer:
        line = answer.readline()
    if not line:
        said = log.read_text(encoding="utf-8", errors="replace").strip()
        raise Refusal(said.removeprefix("error: ") or f"the server did not start; see {log}", server.wait() or REFUSED)
    if args.json:
        print(line.decode().strip())
    say(f"serving {store.root} at {json.loads(line)['url']}; `stepmill serve --stop` ends it")
    return 0


def _stop(args: argparse.Namespace) -> int:
    """End the process that serves the store, and wait until it has."""
    import os
    import signal
    import time

    from stepmill.cli.refusal import REFUSED, Refusal
    from stepmill.cli.screen import say
    from stepmill.local.endpoint import server_of
    from stepmill.local.store import Store
    from stepmill.stage import load_settings

    store = Store(load_settings(store=args.store).store)
    found = server_of(store)
    if found is None:
        say(f"{store.root} is not served")
        return 0
    os.kill(found.pid, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE
    while server_of(store) == found:
        if time.monotonic() > until:
            raise Refusal(f"process {found.pid}, which serves {store.root}, does not end; kill -9 {found.pid}", REFUSED)
        time.sleep(0.02)
    return 0


def _say(local: Local, url: str, args: argparse.Namespace) -> None:
    from stepmill.cli.screen import say
    from stepmill.local.front import is_loopback
    from stepmill.services.others import IN_MEMORY

    say(f"serving Step Functions, SageMaker jobs, Lambda, S3, CloudWatch Logs, CloudFormation and STS at {url}")
    say(f"  kept in    {local.settings.store}")
    say(f"  in memory  {IN_MEMORY}")
    if not local.objects.keeps_metadata:
        say("  note: this disk has no extended attributes: content types and metadata of objects are not kept")
    if not local.hosting:
        say(f"  the engine runs in {local.owner()} and comes here when that ends, with all that is in memory")
    if args.allow_test_keys:
        say("  note: the key test/test is let in; other programs of this machine know it too")
    if not is_loopback(args.listen):
        say(f"  warning: {args.listen} can be reached from other machines; who has the store's key can run code here")
    say('in another terminal:\n  eval "$(stepmill env)"\n  aws stepfunctions list-state-machines\nCtrl-C ends it')
