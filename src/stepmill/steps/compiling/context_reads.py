"""Whether the context object has, in the state that reads it, what is read of it.

In: every value that a pipeline's states read. Out: problems of those states. Touches: nothing.

Source: Step Functions guide, "Accessing execution data from the Context object in Step Functions".
"""

from __future__ import annotations

from collections.abc import Iterable

from stepmill.inputs.expressions import Ref
from stepmill.steps.build import Ledger

from .roads import Read


def check_context(reads: Iterable[Read], ledger: Ledger) -> None:
    """Keep a problem for every task token and item that is read where there is none."""
    for read in reads:
        value, state = read.value, read.state
        if not isinstance(value, Ref) or value.root != "context":
            continue
        resource = str(ledger.builds[id(state)].fields.get("Resource"))
        if value.keys[:1] == ("Task",) and not resource.endswith(".waitForTaskToken"):
            ledger.problem(
                state.source,
                "context.token",
                f"{state.state_id!r} reads its task token, and has none, because it does not wait for one",
                "wait_for_callback=True makes it wait; a plain Task does so with a resource that ends in "
                ".waitForTaskToken",
            )
        around = read.machine.around
        if value.keys[:1] == ("Map",) and state.type != "Map" and around not in ("inline", "nested"):
            distributed = around == "distributed"
            where = (
                "inside a distributed one, whose items are executions of their own" if distributed else "outside any"
            )
            ledger.problem(
                state.source,
                "context.item",
                f"{state.state_id!r} reads the item of a Map {where}",
                "the Map's own item_selector={…} can read it and hand it in; inside, StepInput() reads that",
            )
