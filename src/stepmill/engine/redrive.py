"""Executions that ended badly and go on: which events count, and where every branch stands then.

In: an execution's events. Out: the same, applied to a Fold. Touches: nothing.

What the last step of an execution said on its way out (states that failed, branches that were aborted) is passed over:
what had been reached before it is where a redrive goes on. Succeeded branches and iterations keep their results.
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from stepmill.engine.branch import REDRIVE, RETRY, TASK
from stepmill.engine.fold import Fold
from stepmill.history.events import Event

REDRIVEN = "ExecutionRedriven"


def replay(fold: Fold, events: Sequence[Event]) -> None:
    """Apply all events of an execution, redrives and all."""
    passed: set[int] = set()
    for ended, event in pairwise(events):
        if event.type == REDRIVEN:
            passed.update(range(ended.details.get("_from", ended.id - 1) + 1, ended.id + 1))
    for event in events:
        if event.id in passed:
            fold.last_id = event.id
        elif event.type == REDRIVEN:
            reopen(fold, event)
        else:
            fold.apply(event)


def reopen(fold: Fold, event: Event) -> None:
    """Have every branch that was at work begin its state's work anew, with none of its retries used up."""
    fold.last_id = event.id
    fold.facts = {**fold.facts, "_redrives": event.details["redriveCount"], "_redriven": event.at}
    fold.set_deadline(event.at)
    for branch in list(fold.branches.values()):
        branch.tries = {}
        if not branch.key:
            branch.last = event.id  # an inner branch goes on from its own last event
        if branch.phase in (TASK, RETRY):
            fold.acts.pop(branch.act, None)
            branch.phase = REDRIVE
            branch.due = None
            fold.ready[branch.key] = branch
    fold.asked, fold.dropped = [], []
