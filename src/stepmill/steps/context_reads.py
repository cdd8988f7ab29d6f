"""Whether the context object has, in the state that reads it, what is read of it.

In: a state's fields, run-time values still in them. Out: problems of its state. Touches: nothing.

Source: Step Functions guide, "Accessing execution data from the Context object in Step Functions".
"""

from __future__ import annotations

from stepmill.inputs.expressions import Ref, references
from stepmill.inputs.templates import expressions

from .build import Build


def check_context(build: Build) -> None:
    """Keep a problem for a task token or an item that is not there."""
    state = build.state
    values = [value for expr in expressions(build.fields) for value in references(expr)]
    roots = {value.keys[0] for value in values if isinstance(value, Ref) and value.root == "context" and value.keys}
    if "Task" in roots and not str(build.fields.get("Resource")).endswith(".waitForTaskToken"):
        build.problem(
            "context.token",
            f"{state.state_id!r} reads its task token, and has none, because it does not wait for one",
            "wait_for_callback=True makes it wait; a plain Task does so with a resource that ends in .waitForTaskToken",
        )
    if "Map" in roots and state.type != "Map" and build.around not in ("inline", "nested"):
        inside = build.around == "distributed"
        build.problem(
            "context.item",
            f"{state.state_id!r} reads the item of a Map "
            + ("inside a distributed one, whose items are executions of their own" if inside else "outside any Map"),
            "the Map's own item_selector={…} can read it and hand it in; StepInput() inside reads what it was given",
        )
