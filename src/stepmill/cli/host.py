"""`stepmill host`: the background process behind `run --detach`.

In: nothing but the settings. Out: nothing; it ends when nothing runs. Touches: the store, which it hosts.
"""

from __future__ import annotations

import argparse
import time

FIRST = 30.0  # seconds in which the one who started this has something for it
TICK = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes: nothing."""


def run(args: argparse.Namespace) -> int:
    """Host the engine until what was started has ended."""
    from stepmill.cli.reading import settings_of
    from stepmill.cli.session import Session

    session = Session(settings_of(args))
    if not session.take():
        return 0  # somebody was faster, and hosts
    try:
        until = time.monotonic() + FIRST
        before = len(session.reader().executions())
        # what was started may have ended between two looks, so that it is counted and not only seen running
        while len(session.reader().executions()) == before and not session.local.running() and time.monotonic() < until:
            time.sleep(TICK)
        session.local.linger(hand_over=False)
    finally:
        session.local.release()
    return 0
