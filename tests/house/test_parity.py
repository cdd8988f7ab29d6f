"""docs/parity.md leaves out nothing of Step Functions: no field, operation or error; no operation of CloudFormation."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest

from stepmill.asl.fields import INNER_FIELDS, MACHINE_FIELDS, STATE_FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "parity.md").read_text(encoding="utf-8")
MODEL = botocore.session.get_session().get_service_model("stepfunctions")
STACKS = botocore.session.get_session().get_service_model("cloudformation")
# The fields below a state's own: "Fields of …" in the Amazon States Language and the developer guide, read 2026-11-27.
INSIDE = {
    "Retry": "ErrorEquals IntervalSeconds MaxAttempts BackoffRate MaxDelaySeconds JitterStrategy",
    "Catch": "ErrorEquals Next ResultPath Output Assign Comment",
    "Choices": "Variable And Or Not Condition Next Output Assign Comment",
    "ProcessorConfig": "Mode ExecutionType",
    "ItemReader": "Resource Parameters Arguments ReaderConfig",
    "ReaderConfig": (
        "InputType CSVHeaderLocation CSVHeaders CSVDelimiter ItemsPointer MaxItems MaxItemsPath ManifestType "
        "Transformation"
    ),
    "ItemBatcher": "MaxItemsPerBatch MaxItemsPerBatchPath MaxInputBytesPerBatch MaxInputBytesPerBatchPath BatchInput",
    "ResultWriter": "Resource Parameters Arguments WriterConfig",
    "WriterConfig": "Transformation OutputType",
    "Credentials": "RoleArn",
}
# Developer guide, "Handling errors in Step Functions workflows", read 2026-11-27.
ERRORS = """
ALL BranchFailed DataLimitExceeded ExceedToleratedFailureThreshold HeartbeatTimeout Http.Socket IntrinsicFailure
ItemReaderFailed NoChoiceMatched ParameterPathFailure Permissions QueryEvaluationError ResultPathMatchFailure
ResultWriterFailed Runtime TaskFailed Timeout
"""


def section(title: str) -> dict[str, str]:
    """The rows of a table under this heading, by what their first cell names."""
    found = re.search(rf"^##+ {re.escape(title)}$(.*?)(?=^##+ |\Z)", PAGE, re.M | re.S)
    assert found is not None, f"docs/parity.md has no section {title!r}"
    rows: dict[str, str] = {}
    for line in found[1].splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `"):
            for name in re.findall(r"`([^`]+)`", cells[0]):
                rows[name] = " | ".join(cells[1:])
    return rows


def fields() -> list[str]:
    named = [f"{kind}.{name}" for kind, known in STATE_FIELDS.items() for name in known]
    named += [f"{holder}.{name}" for holder, names in INSIDE.items() for name in names.split()]
    return [*named, *(f"machine.{name}" for name in MACHINE_FIELDS | INNER_FIELDS)]


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Every field", sorted({field.partition(".")[2] for field in fields()})),
        ("Every operation", list(MODEL.operation_names)),
        ("Every operation of CloudFormation", list(STACKS.operation_names)),
        (
            "Every error",
            sorted(
                {f"States.{name}" for name in ERRORS.split()}
                | {error.name for name in MODEL.operation_names for error in MODEL.operation_model(name).error_shapes}
            ),
        ),
    ],
)
def test_every_name_has_a_verdict(title: str, names: list[str]):
    rows = section(title)
    assert [name for name in names if name not in rows] == []
    verdicts = ("works", "differs", "refused", "does not occur")
    assert [name for name in names if not rows[name].startswith(verdicts)] == []
