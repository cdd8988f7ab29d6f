"""Pictures of a workflow and of its runs, for notebooks.

In: a definition, and the events of an execution. Out: HTML that needs no network. Touches: the display of the notebook
it is called in, while a picture is live.
"""

from __future__ import annotations

from typing import Any, Protocol

from .lists import Html

_LOOK = 0.5  # seconds between two pictures of a running execution


class Shown(Protocol):
    """What is needed of an execution to draw it."""

    execution_arn: str
    workflow: Any

    def list_events(self, max_items: int) -> Any:
        """Its first events."""
        ...

    def wait(self, timeout: float | None) -> bool:
        """Whether it has ended, asked for at most so many seconds."""
        ...


class Picture(Html):
    """A graph as HTML, and in a terminal as text. data: the HTML. text: the graph in characters."""

    def __init__(self, data: str, text: str) -> None:
        super().__init__(data)
        self.text = text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def graph(definition: dict[str, Any], portrait: bool) -> Picture:
    """The graph of a definition, before any run."""
    from stepmill.console.html import graph_html
    from stepmill.console.text import draw
    from stepmill.history.digest import digest

    return Picture(graph_html(definition, portrait=portrait), draw(definition, digest("", [])))


def progress(execution: Shown, *, portrait: bool, max_events: int, live: bool) -> Picture:
    """See Execution.render_progress."""
    picture = _now(execution, portrait, max_events)
    if not live:
        return picture
    show = _display(picture)
    while not execution.wait(_LOOK):
        picture = _now(execution, portrait, max_events)
        show(picture)
    picture = _now(execution, portrait, max_events)
    show(picture)
    return picture


def _now(execution: Shown, portrait: bool, max_events: int) -> Picture:
    from stepmill.console.html import graph_html
    from stepmill.console.text import draw
    from stepmill.history.digest import digest
    from stepmill.history.events import from_public

    definition = execution.workflow.definition.to_dict()
    found = digest(execution.execution_arn, from_public(execution.list_events(max_events)))
    return Picture(graph_html(definition, portrait=portrait, digest=found), draw(definition, found))


def _display(picture: Picture) -> Any:
    """How a picture is replaced where it stands: in a notebook by its handle, elsewhere not at all."""
    try:
        from IPython import get_ipython  # type: ignore[import-not-found, unused-ignore]
        from IPython.display import display  # type: ignore[import-not-found, attr-defined, unused-ignore]
    except ImportError:
        return lambda _: None
    if get_ipython() is None:
        return lambda _: None
    handle = display(picture, display_id=True)  # type: ignore[no-untyped-call, unused-ignore]
    return handle.update
