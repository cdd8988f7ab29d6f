"""The notebook runs from its first cell to its last, and shows what happens while it happens."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook" / "pipeline.ipynb"
CI = bool(os.environ.get("STEPMILL_ORACLE_PYTHON"))  # where `make test-all` runs, nothing may be missing


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Everything the notebook showed, in order."""
    if not CI and importlib.util.find_spec("nbclient") is None:
        pytest.skip("nbclient is not installed; `make test-all` brings it")
    import nbformat
    from nbclient import NotebookClient

    folder = tmp_path_factory.mktemp("notebook")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STEPMILL_", "AWS_"))}
    replaced: list[str] = []

    class Client(NotebookClient):
        def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
            if msg["msg_type"] == "update_display_data":
                replaced.append(msg["content"]["data"]["text/html"])
            return super().process_message(msg, cell, cell_index)

    Client(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}).execute(env=environment)
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return [*shown, {"output_type": "replaced", "data": {"pictures": replaced}}]


def pictures(outputs: list[dict[str, Any]]) -> list[str]:
    found = [output.get("data", {}).get("text/html", "") for output in outputs]
    return [html for html in found if "<svg" in html]


pytestmark = [pytest.mark.slow]


def test_the_graph_is_drawn_before_anything_ran(outputs: list[dict[str, Any]]) -> None:
    graph = pictures(outputs)[0]
    for name in ("Preprocess", "Train", "Evaluate", "Read report", "Good enough?", "Accepted", "Rejected"):
        assert f"<title>{name}</title>" in graph
    assert "SUCCEEDED" not in graph


def test_the_live_picture_ends_with_the_execution(outputs: list[dict[str, Any]]) -> None:
    live = pictures(outputs)[1]
    running = [html for html in outputs[-1]["data"]["pictures"] if "● RUNNING" in html]
    assert [html for html in running if "● Train" in html], "it was seen while it trained"
    assert "✔ SUCCEEDED" in live
    assert "✔ Train" in live
    assert "RUNNING" not in live


def test_a_rejected_model_is_seen_and_told(outputs: list[dict[str, Any]]) -> None:
    last = pictures(outputs)[-1]
    assert "✖ FAILED" in last
    assert "GateRejected: loss" in last


def test_events_and_executions_are_tables(outputs: list[dict[str, Any]]) -> None:
    tables = [html for out in outputs if "<table" in (html := out.get("data", {}).get("text/html", ""))]
    assert len(tables) == 2
    assert "ExecutionStarted" in tables[0]


def test_no_cell_wrote_an_error(outputs: list[dict[str, Any]]) -> None:
    assert [out for out in outputs if out["output_type"] == "error"] == []
    said = [line for out in outputs if out.get("name") == "stderr" for line in out["text"].splitlines()]
    assert [line for line in said if not line.startswith("stepmill: note: ")] == []
