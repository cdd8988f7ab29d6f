"""What a notebook shows: the graph of a workflow or of an execution, and tables, each a piece of HTML by itself.

In: a definition, a Digest, rows as Step Functions lists them. Out: HTML with its own colours, for light and dark pages;
no scripts, no fonts, no addresses but AWS's console for what lives there. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from stepmill.console.svg import Drawing
from stepmill.console.text import MARKS
from stepmill.console.words import clip, duration, one_line
from stepmill.deploy.aws.consoles import console_urls
from stepmill.history.digest import Digest

_ENDS = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "failed",
    "ABORTED": "stopped",
    "RUNNING": "running",
}
_CELL = 120  # characters of a table's cell; the whole text is in the tooltip
_FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
_STYLE = f"""<style>
.stepmill {{font:13px {_FONT}; --good:#1b7f3b; --bad:#c62828; --warn:#a35a00; --live:#1565c0; --plain:#5f6b7a;
--line:#7b8794; overflow-x:auto; color:inherit}}
@media (prefers-color-scheme:dark) {{.stepmill {{--good:#5fce84; --bad:#ff8a80; --warn:#ffb74d; --live:#82b7ff;
--plain:#9aa7b5; --line:#8794a1}}}}
[data-jp-theme-light=true] .stepmill {{--good:#1b7f3b; --bad:#c62828; --warn:#a35a00; --live:#1565c0; --plain:#5f6b7a}}
[data-jp-theme-light=false] .stepmill {{--good:#5fce84; --bad:#ff8a80; --warn:#ffb74d; --live:#82b7ff; --plain:#9aa7b5}}
.stepmill text {{font:12px {_FONT}; fill:currentColor}}
.stepmill .name {{font-weight:600}} .stepmill .fact,.stepmill .label {{font-size:11px; opacity:.78}}
.stepmill .faint {{opacity:.75; font-style:italic}}
.stepmill .edge {{fill:none; stroke:var(--line); stroke-width:1.2; stroke-dasharray:3 3}}
.stepmill .edge.taken {{stroke-dasharray:none; stroke-width:1.5}} .stepmill .tip {{fill:var(--line)}}
.stepmill rect {{stroke:var(--plain); stroke-width:1.3; fill:var(--plain); fill-opacity:.07}}
.stepmill .good>rect {{stroke:var(--good); fill:var(--good); fill-opacity:.14}}
.stepmill .bad>rect {{stroke:var(--bad); fill:var(--bad); fill-opacity:.16; stroke-width:2}}
.stepmill .warn>rect {{stroke:var(--warn); fill:var(--warn); fill-opacity:.15}}
.stepmill .live>rect {{stroke:var(--live); fill:var(--live); fill-opacity:.17; stroke-width:2}}
.stepmill .faint>rect {{stroke-dasharray:4 3; fill-opacity:.03}} .stepmill .group>rect {{fill-opacity:.04}}
.stepmill table {{border-collapse:collapse}} .stepmill th,.stepmill td {{text-align:left; padding:3px 12px 3px 0;
border-bottom:1px solid #8884; vertical-align:top}} .stepmill b.good {{color:var(--good)}}
.stepmill b.bad {{color:var(--bad)}} .stepmill b.warn {{color:var(--warn)}} .stepmill b.live {{color:var(--live)}}
</style>"""


def graph_html(definition: Mapping[str, Any], *, portrait: bool = False, digest: Digest | None = None) -> str:
    """The graph, from left to right or from top to bottom; with a Digest each state shows what became of it."""
    drawing = Drawing(definition, digest, portrait)
    names = list(definition.get("States", {}))
    if digest is None:
        label, head = f"Workflow with the states {', '.join(names)}", ""
    else:
        told = ", ".join(f"{name} {drawing.status(name)}" for name in names)
        label, head = f"Execution {digest.name}, {digest.status}: {told}", f"<div>{_headline(digest)}</div>"
    return _piece(f"{head}{drawing.svg(one_line(label))}")


def _headline(digest: Digest) -> str:
    took = f" in {duration(digest.ended - digest.started)}" if digest.ended and digest.started else ""
    why = escape(one_line(clip(f": {digest.error}: {digest.cause or ''}", 300))) if digest.error else ""
    return f"{_status(digest.status)} {escape(one_line(digest.name))}{took}{why}"


def _status(status: str) -> str:
    mark, _, style = MARKS[_ENDS.get(status, "waiting")]
    return f'<b class="{style}">{mark} {escape(status)}</b>'


def events_table(events: Iterable[Mapping[str, Any]]) -> str:
    """Events of a history, one a row: number, type, when, and their details as JSON."""
    rows = []
    for event in events:
        details: Any = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        text = json.dumps(details, ensure_ascii=False, default=str)
        rows.append([escape(str(event["id"])), escape(event["type"]), _time(event["timestamp"]), _cell(text)])
    return _table(("ID", "Type", "Time", "Details"), rows)


def executions_table(executions: Iterable[Mapping[str, Any]]) -> str:
    """Executions, one a row: name, status, beginning, end."""
    rows = [
        [_cell(each["name"]), _status(str(each["status"])), _time(each.get("startDate")), _time(each.get("stopDate"))]
        for each in executions
    ]
    return _table(("Name", "Status", "Started", "Ended"), rows)


def workflows_table(machines: Iterable[Mapping[str, Any]]) -> str:
    """State machines, one a row: name, when it was made, ARN."""
    rows = [[_cell(each["name"]), _time(each.get("creationDate")), _cell(each["stateMachineArn"])] for each in machines]
    return _table(("Name", "Created", "ARN"), rows)


def link(what: str, arn: str | None, *, local: bool) -> str:
    """The name of a workflow or of an execution; what lives on AWS leads to its console."""
    if arn is None:
        return _piece(f"{escape(what)}: not created yet")
    if local:
        return _piece(f"{escape(what)}: {escape(arn)}")
    try:
        address = next(iter(console_urls(arn)["execution" if what == "Execution" else "machine"].values()))
    except (ValueError, KeyError):
        return _piece(f"{escape(what)}: {escape(arn)}")
    return _piece(f'{escape(what)}: <a target="_blank" rel="noopener" href="{escape(address)}">{escape(arn)}</a>')


def _piece(body: str) -> str:
    return f'{_STYLE}<div class="stepmill">{body}</div>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return _piece(f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>")


def _cell(text: str) -> str:
    shown = clip(one_line(text), _CELL)
    return escape(shown) if shown == text else f'<span title="{escape(one_line(text))}">{escape(shown)}</span>'


def _time(value: Any) -> str:
    if isinstance(value, int | float):
        value = datetime.fromtimestamp(value, UTC)
    return escape(value.strftime("%Y-%m-%d %H:%M:%S %Z").strip()) if isinstance(value, datetime) else ""
