"""Writes src/stepmill/sagemaker/shapes.json from botocore's model of SageMaker.

In: the botocore of the interpreter that runs this. Out: the table, one shape a line, long enumerations one value a
line. Touches: that one file. Run: `python tools/make_shapes.py [YYYY-MM-DD [TARGET]]` where botocore is installed.
"""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

import botocore
import botocore.session

TARGET = Path(__file__).parent.parent / "src" / "stepmill" / "sagemaker" / "shapes.json"
JOBS = ("ProcessingJob", "TrainingJob")
OPERATIONS = [f"{verb}{job}" for job in JOBS for verb in ("Create", "Describe", "Stop")] + [
    f"List{job}s" for job in JOBS
] + [
    "CreateTransformJob", "CreateHyperParameterTuningJob", "CreateModel", "CreateEndpointConfig", "CreateEndpoint",
    "UpdateEndpoint", "DescribeEndpoint", "CreateModelPackage",
]  # fmt: skip
LONG = 12


def entry(shape: Any) -> dict[str, Any]:
    """One shape as the table has it: `type`, limits, and what it is made of."""
    meta = shape.metadata
    row: dict[str, Any] = {"type": shape.type_name}
    row |= {key: meta[key] for key in ("min", "max", "pattern") if key in meta}
    if shape.type_name == "structure":
        if shape.required_members:
            row["required"] = sorted(shape.required_members)
        row["members"] = {name: member.name for name, member in sorted(shape.members.items())}
    elif shape.type_name == "list":
        row["member"] = shape.member.name
    elif shape.type_name == "map":
        row |= {"key": shape.key.name, "value": shape.value.name}
    elif getattr(shape, "enum", None):
        row["enum"] = sorted(shape.enum)
    return row


def reach(shape: Any, found: dict[str, dict[str, Any]]) -> None:
    """Add a shape and all it is made of."""
    if shape.name in found:
        return
    found[shape.name] = entry(shape)
    below = {"structure": lambda: list(shape.members.values()), "list": lambda: [shape.member]}
    for each in below.get(shape.type_name, lambda: [shape.key, shape.value] if shape.type_name == "map" else [])():
        reach(each, found)


def line(name: str, row: dict[str, Any]) -> str:
    """One row of the table as text."""
    text = json.dumps(row, ensure_ascii=False)
    if len(row.get("enum", ())) > LONG:
        values = ",\n".join(f"      {json.dumps(value)}" for value in row["enum"])
        rest = json.dumps({key: value for key, value in row.items() if key != "enum"})[:-1]
        text = f'{rest}, "enum": [\n{values}\n    ]}}'
    return f"    {json.dumps(name)}: {text}"


def main() -> None:
    """Write the table."""
    date = sys.argv[1] if len(sys.argv) > 1 else datetime.datetime.now(datetime.UTC).date().isoformat()
    model = botocore.session.get_session().get_service_model("sagemaker")
    found: dict[str, dict[str, Any]] = {}
    operations = {}
    for name in OPERATIONS:
        shape = model.operation_model(name).input_shape
        operations[name] = shape.name
        reach(shape, found)
    source = {"botocore": botocore.__version__, "date": date, "api": model.api_version}
    head = f'{{\n  "source": {json.dumps(source)},\n  "operations": {json.dumps(operations)},\n  "shapes": {{\n'
    rows = ",\n".join(line(name, row) for name, row in sorted(found.items()))
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else TARGET
    target.write_text(f"{head}{rows}\n  }}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
