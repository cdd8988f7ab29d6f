"""One line of control in an execution, and where it stands.

In: the events that `Fold.apply` hands on. Out: its fields. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.engine.blocks import Block
from stepmill.engine.data import loads
from stepmill.engine.states import State

# Phases of a branch.
ENTER = "enter"  # `next` is to be entered
WORK = "work"  # inside a state, in the middle of one step
TASK = "task"  # an act is under way
WAIT = "wait"  # until `due`
RETRY = "retry"  # until `due`, then once more
REDRIVE = "redrive"  # its state's work is to begin anew
JOIN = "join"  # its own branches are under way
DONE = "done"

UNREAD: Any = object()


class Branch:
    """One line of control: the root, a branch of a Parallel, an iteration of a Map.

    `text` is the JSON handed to the next state, or to the present one while it runs. `last` is the event the next one
    points back to; `before` the one the present state's Entered event points back to.
    """

    __slots__ = (
        "act",
        "active",
        "before",
        "begun",
        "block",
        "children",
        "due",
        "entered_at",
        "entered_id",
        "heartbeat",
        "index",
        "item",
        "items",
        "key",
        "last",
        "limit",
        "next",
        "parent",
        "phase",
        "request",
        "results",
        "run",
        "started_id",
        "state",
        "submitted",
        "text",
        "token",
        "tries",
        "value",
        "variables",
    )

    def __init__(self, key: str, block: Block, text: str, last: int, parent: Branch | None, index: int) -> None:
        self.key = key
        self.block = block
        self.text = text
        self.value: Any = UNREAD
        self.last = last
        self.parent = parent
        self.index = index
        self.variables: dict[str, Any] = {} if parent is None else parent.variables
        self.item: tuple[int, Any] | None = None if parent is None else parent.item
        self.phase = ENTER
        self.next = block.start_at
        self.state: State | None = None
        self.before = 0
        self.entered_id = 0
        self.entered_at = 0.0
        self.due: float | None = None
        self.tries: dict[int, int] = {}  # retrier → retries so far, in this visit
        # While in a Task: the event that asked; its parameters, time and timeout.
        self.act = 0
        self.request: tuple[str, float, float | None] = ("null", 0.0, None)
        self.submitted = False
        self.token: str | None = None
        self.heartbeat: float | None = None  # seconds between two heartbeats, once they are waited for
        # While in a Parallel or Map:
        self.started_id = 0
        self.children: dict[int, Branch] = {}
        self.active = 0
        self.results: list[str | None] = []
        self.items: list[Any] = []
        self.begun = 0
        self.limit = 0
        # While in a distributed Map: what its Map Run is to do; its ARN is in `request`.
        self.run: dict[str, Any] = {}

    def data(self) -> Any:
        """`text` as a value. It is shared: never change it."""
        if self.value is UNREAD:
            self.value = loads(self.text)
        return self.value
