"""What an execution's events add up to.

In: events, one after another. Out: where every branch stands. Touches: nothing.

`apply` is the only thing that changes a Fold, live and after a crash alike. What happens next is decided in
`execution`; nothing is decided or evaluated here.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from stepmill.engine.blocks import MapState, ParallelState
from stepmill.engine.branch import DONE, ENTER, JOIN, REDRIVE, RETRY, TASK, UNREAD, WAIT, WORK, Branch
from stepmill.engine.data import loads
from stepmill.engine.machine import Machine
from stepmill.engine.signals import Act, act_name
from stepmill.engine.tasks import TaskState
from stepmill.history.events import ENDINGS, Event

# An Express execution may run for five minutes (Step Functions quotas).
EXPRESS_LIMIT = 300.0


class Fold:
    """An execution as its history tells it."""

    def __init__(self, arn: str, machine: Machine) -> None:
        self.arn = arn
        self.machine = machine
        self.status = "RUNNING"
        self.last_id = 0
        self.started = 0.0
        self.facts: dict[str, Any] = {}  # details of ExecutionStarted
        self.root = Branch("", machine.root, "null", 0, None, 0)
        self.branches: dict[str, Branch] = {"": self.root}
        self.ready: OrderedDict[str, Branch] = OrderedDict()  # in the order they became so
        self.timers: list[tuple[float, int, Branch]] = []  # a heap; one whose branch says another `due` is void
        self._timers_set = 0
        self.deadline: float | None = None  # of the machine's TimeoutSeconds
        self.acts: dict[int, Branch] = {}  # event that asked → branch that waits
        self.asked: list[int] = []  # acts since the last `take`
        self.dropped: list[Act] = []  # acts nobody waits for any more, since the last `take`
        self.ended: Event | None = None
        # The value of a text about to be applied, so that the live path parses nothing twice.
        self.memo: tuple[str, Any] = ("", None)

    def apply(self, event: Event) -> None:
        """Take in the next event."""
        self.last_id = event.id
        apply = _APPLY.get(event.type)
        if apply is not None:
            branch = self.branches[event.details.get("_branch", "")]
            if branch.phase == REDRIVE:
                branch.phase = WORK
                self.ready.pop(branch.key, None)
            apply(self, branch, event)
        if "_retry" in event.details:
            self._retry(event.details["_retry"])

    def _set(self, branch: Branch, text: str) -> None:
        branch.text = text
        branch.value = self.memo[1] if self.memo[0] is text else UNREAD

    def _started(self, branch: Branch, event: Event) -> None:
        self.started = event.at
        self.facts = event.details
        self._set(branch, event.details["input"])
        self.ready[""] = branch
        self.set_deadline(event.at)

    def set_deadline(self, began: float) -> None:
        """When the execution times out, if its time begins then."""
        limits = [self.machine.timeout, EXPRESS_LIMIT if self.facts.get("_express") else None]
        self.deadline = min((began + limit for limit in limits if limit is not None), default=None)

    def _entered(self, branch: Branch, event: Event) -> None:
        branch.state = branch.block.states[event.details["name"]]
        branch.before = event.previous
        branch.entered_id = branch.last = event.id
        branch.entered_at = event.at
        branch.phase = WORK
        branch.tries = {}
        self.ready.pop(branch.key, None)
        if "_due" in event.details:
            branch.phase = WAIT
            self._timer(branch, event.details["_due"])

    def _exited(self, branch: Branch, event: Event) -> None:
        details = event.details
        self._close(branch)
        self._set(branch, details["output"])
        assigned = details.get("assignedVariables")
        if assigned:
            branch.variables = {**branch.variables, **{name: loads(text) for name, text in assigned.items()}}
        branch.last = event.id
        branch.due = None
        branch.state = None
        branch.next = details.get("_next", "")
        if branch.next:
            branch.phase = ENTER
            self.ready[branch.key] = branch
            return
        branch.phase = DONE
        parent = branch.parent
        if parent is not None and isinstance(parent.state, ParallelState):
            parent.results[branch.index] = branch.text
            parent.active -= 1
            parent.last = event.id
            self._forget(branch)

    def _scheduled(self, branch: Branch, event: Event) -> None:
        branch.last = branch.act = event.id
        branch.phase = TASK
        branch.due = None
        branch.submitted = False
        self.acts[event.id] = branch
        self.asked.append(event.id)
        timeout = event.details.get("timeoutInSeconds")
        parameters = event.details["parameters" if event.type == "TaskScheduled" else "input"]
        branch.request = (parameters, event.at, timeout)
        branch.token = event.details.get("_token")
        branch.heartbeat = None
        if branch.token is not None:
            branch.heartbeat = event.details.get("heartbeatInSeconds")
        if event.type == "ActivityScheduled" or branch.heartbeat is None:  # an activity's beats begin with its worker
            if timeout is not None:
                self._timer(branch, event.at + timeout)
        else:
            self.beat(branch, event.at)

    def _run_started(self, branch: Branch, event: Event) -> None:
        """A Map Run is asked for, or asked for again; its event is the act."""
        branch.last = branch.act = event.id
        branch.phase = TASK
        branch.due = None
        branch.run = event.details.get("_run", branch.run)
        branch.request = (event.details["mapRunArn"], event.at, None)
        self.acts[event.id] = branch
        self.asked.append(event.id)

    def _run_succeeded(self, branch: Branch, event: Event) -> None:
        # What follows points to MapRunStarted (recorded from AWS), so `last` stays.
        branch.phase = WORK
        branch.items = []
        self.acts.pop(branch.act, None)

    def _under_way(self, branch: Branch, event: Event) -> None:
        branch.last = event.id

    def _accepted(self, branch: Branch, event: Event) -> None:
        branch.last = event.id
        branch.submitted = True

    def _taken(self, branch: Branch, event: Event) -> None:
        """A worker has an activity's task."""
        self._accepted(branch, event)
        self.beat(branch, event.at)

    def beat(self, branch: Branch, now: float) -> None:
        """A heartbeat came, or the waiting for one begins: the next one is due so many seconds later. Heartbeats are no
        events, as on AWS, so after a crash their time begins anew."""
        if branch.heartbeat is None:
            return
        _, started, timeout = branch.request
        due = now + branch.heartbeat
        self._timer(branch, due if timeout is None else min(due, started + timeout))

    def beats(self, now: float) -> None:
        """Nobody could beat while this was not running: the time begins anew."""
        for branch in self.acts.values():
            if branch.heartbeat is not None and (branch.submitted or not self._is_activity(branch)):
                self.beat(branch, now)

    @staticmethod
    def _is_activity(branch: Branch) -> bool:
        return isinstance(branch.state, TaskState) and branch.state.is_activity

    def _outcome(self, branch: Branch, event: Event) -> None:
        branch.last = event.id
        branch.phase = WORK
        branch.due = None
        self.acts.pop(branch.act, None)

    def _timed_out(self, branch: Branch, event: Event) -> None:
        self._drop(branch)
        self._outcome(branch, event)

    def _evaluation_failed(self, branch: Branch, event: Event) -> None:
        branch.last = event.id

    def _parallel_started(self, branch: Branch, event: Event) -> None:
        state = branch.state
        assert isinstance(state, ParallelState)
        self._begin(branch, event, len(state.blocks))
        text = event.details.get("_input", branch.text)
        for index, block in enumerate(state.blocks):
            self._open(branch, Branch(f"{event.id}.{index}", block, text, event.id, branch, index))

    def _map_started(self, branch: Branch, event: Event) -> None:
        if "_concurrency" not in event.details:  # a distributed one: its Map Run goes over the items
            branch.started_id = branch.last = event.id
            branch.due = None
            branch.items = event.details.get("_items", [])
            return
        self._begin(branch, event, event.details["length"])
        branch.items = event.details["_items"]
        branch.limit = event.details["_concurrency"]

    def _begin(self, branch: Branch, event: Event, length: int) -> None:
        branch.phase = JOIN
        branch.due = None
        branch.started_id = branch.last = event.id
        branch.results = [None] * length
        branch.children = {}
        branch.active = branch.begun = 0

    def _open(self, parent: Branch, child: Branch) -> None:
        parent.children[child.index] = self.branches[child.key] = child
        parent.active += 1
        parent.begun += 1
        self.ready[child.key] = child

    def _iteration_started(self, branch: Branch, event: Event) -> None:
        index = event.details["index"]
        state = branch.state
        assert isinstance(state, MapState)
        text = event.details["_input"]
        child = Branch(f"{branch.started_id}.{index}", state.block, text, event.id, branch, index)
        self._set(child, text)
        child.item = (index, branch.items[index])
        self._open(branch, child)

    def _iteration_succeeded(self, branch: Branch, event: Event) -> None:
        child = branch.children[event.details["index"]]
        branch.results[child.index] = child.text
        branch.active -= 1
        branch.last = event.id
        self._forget(child)

    def _iteration_failed(self, branch: Branch, event: Event) -> None:
        # What follows points to the event that failed, not to this one (recorded from AWS).
        branch.last = event.previous

    def _join_failed(self, branch: Branch, event: Event) -> None:
        self._close(branch)
        branch.last = event.id
        branch.phase = WORK

    def _over(self, branch: Branch, event: Event) -> None:
        self.status = ENDINGS[event.type]
        self.ended = event
        for one in list(self.acts.values()):
            self._drop(one)
        self.ready.clear()
        self.timers.clear()
        self.deadline = None
        self.branches = {"": self.root}

    def _retry(self, told: list[Any]) -> None:
        """A retry was granted: [branch, retrier, due, the event it will point back to]."""
        key, retrier, due, last = told
        branch = self.branches[key]
        self._close(branch)
        branch.tries[retrier] = branch.tries.get(retrier, 0) + 1
        branch.phase = RETRY
        branch.last = last
        self._timer(branch, due)

    def _timer(self, branch: Branch, due: float) -> None:
        branch.due = due
        self._timers_set += 1
        heapq.heappush(self.timers, (due, self._timers_set, branch))

    def _forget(self, branch: Branch) -> None:
        del self.branches[branch.key]
        self.ready.pop(branch.key, None)
        if branch.parent is not None:
            branch.parent.children.pop(branch.index, None)

    def _close(self, branch: Branch) -> None:
        """End everything inside a branch's present state."""
        for child in list(branch.children.values()):
            self._close(child)
            if child.phase == TASK:
                self._drop(child)
            child.phase = DONE
            child.due = None
            self._forget(child)

    def _drop(self, branch: Branch) -> None:
        act = self.act(branch)
        if self.acts.pop(branch.act, None) is not None:
            self.dropped.append(act)

    def act(self, branch: Branch, *, recovered: bool = False) -> Act:
        """What a branch in a task asks of the world."""
        state = branch.state
        assert isinstance(state, TaskState)
        parameters, started, timeout = branch.request
        return Act(
            act_name(self.arn, branch.act),
            self.arn,
            state.name,
            state.resource,
            loads(parameters),
            branch.submitted,
            started,
            timeout,
            recovered,
            branch.token,
        )

    def take(self) -> tuple[list[Act], list[Act]]:
        """Acts to begin and acts to cancel since the last call; call it after the commit."""
        begin = [self.act(self.acts[event_id]) for event_id in self.asked if event_id in self.acts]
        cancel = [act for act in self.dropped if act.event not in self.asked]
        self.asked, self.dropped = [], []
        return begin, cancel

    def outstanding(self) -> tuple[list[Act], list[Act]]:
        """After a fold: acts whose outcome is not known, and acts to cancel. The world may know of both already."""
        begin = [self.act(branch, recovered=True) for branch in self.acts.values()]
        cancel, self.asked, self.dropped = self.dropped, [], []
        return begin, cancel

    def next_due(self) -> float | None:
        """When something is due without a signal; None when nothing is."""
        while self.timers and self.timers[0][2].due != self.timers[0][0]:
            heapq.heappop(self.timers)
        if not self.timers:
            return self.deadline
        due = self.timers[0][0]
        return due if self.deadline is None else min(due, self.deadline)


_KINDS = ("Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map")
# Events not named here change nothing but the count.
_APPLY: dict[str, Callable[[Fold, Branch, Event], None]] = {
    "ExecutionStarted": Fold._started,
    **{f"{kind}StateEntered": Fold._entered for kind in _KINDS},
    **{f"{kind}StateExited": Fold._exited for kind in _KINDS},
    "TaskScheduled": Fold._scheduled,
    "LambdaFunctionScheduled": Fold._scheduled,
    "TaskStarted": Fold._under_way,
    "LambdaFunctionStarted": Fold._under_way,
    "ActivityScheduled": Fold._scheduled,
    "ActivityStarted": Fold._taken,
    "TaskSubmitted": Fold._accepted,
    **dict.fromkeys(
        (
            "TaskSucceeded",
            "TaskFailed",
            "TaskSubmitFailed",
            "LambdaFunctionSucceeded",
            "LambdaFunctionFailed",
            "ActivitySucceeded",
            "ActivityFailed",
            "MapRunFailed",
        ),
        Fold._outcome,
    ),
    "TaskTimedOut": Fold._timed_out,
    "LambdaFunctionTimedOut": Fold._timed_out,
    "ActivityTimedOut": Fold._timed_out,
    "EvaluationFailed": Fold._evaluation_failed,
    "ParallelStateStarted": Fold._parallel_started,
    "ParallelStateFailed": Fold._join_failed,
    "MapStateStarted": Fold._map_started,
    "MapStateFailed": Fold._join_failed,
    "MapRunStarted": Fold._run_started,
    "MapRunRedriven": Fold._run_started,
    "MapRunSucceeded": Fold._run_succeeded,
    "MapIterationStarted": Fold._iteration_started,
    "MapIterationSucceeded": Fold._iteration_succeeded,
    "MapIterationFailed": Fold._iteration_failed,
    **dict.fromkeys(ENDINGS, Fold._over),
}
