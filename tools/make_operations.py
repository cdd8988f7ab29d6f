"""Writes src/stepmill/asl/operations.txt.gz: what a Task can call through the AWS SDK, by Step Functions' own names.

In: the botocore of the interpreter that runs this, and tools/aws_sdk_services.txt. Out: a line for each service
(`=sfn Sfn stepfunctions states`: its name, with `?` behind it when the guide's page does not list it, what its errors
begin with, boto3's name, and the other names that boto3 and endpoints have for it) and below it a line for each
operation (`startExecution StateMachineArn! Input Name`; `!` is required, `-` before the operation means that Step
Functions cannot call it). Touches: that one file. Run where botocore is:
`python tools/make_operations.py [YYYY-MM-DD [TARGET]]`.

Step Functions spells names as the AWS SDK for Java 2 does: of capitals at the beginning, all but the last one before a
small letter go together (`DBClusterIdentifier` is `DbClusterIdentifier`, `ACL` is `Acl`, `ETag` stays).
"""

from __future__ import annotations

import datetime
import gzip
import re
import sys
from pathlib import Path
from typing import Any

import botocore
import botocore.session

HERE = Path(__file__).parent
TARGET = HERE.parent / "src" / "stepmill" / "asl" / "operations.txt.gz"


def guide() -> dict[str, set[str]]:
    """What the guide lists: service → the operations it calls unsupported."""
    text = re.sub(r"(?m)^#.*$", "", (HERE / "aws_sdk_services.txt").read_text("utf-8"))
    return {
        name: set(filter(None, rest.split(","))) for name, _, rest in (word.partition(":") for word in text.split())
    }


def service(service_id: str) -> str:
    """`Cognito Identity Provider` → `cognitoidentityprovider`, `Config Service` → `config`."""
    name = re.sub(r"[^A-Za-z0-9]", "", service_id)
    return re.sub(r"^(AWS|Amazon)|Service$", "", name).lower()


def client(service_id: str) -> str:
    """`DynamoDB` → `DynamoDb`, `IoT` → `Iot`: a service as the SDK's classes begin with it, in words of one capital."""
    text = re.sub(r"[^A-Za-z0-9]+", " ", service_id)
    text = re.sub(r"(?<=[a-z])(?=[A-Z][A-Za-z0-9])", " ", text)
    text = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", text)
    text = re.sub(r"(\d)([A-Za-z])", r"\1 \2", text)
    name = "".join(word.capitalize() for word in text.split())
    return re.sub(r"^(Aws|Amazon)|Service$", "", name)


def small(name: str) -> str:
    """A name as a Java variable."""
    end = 1
    while end < len(name) and name[end].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[:end].lower() + name[end:]


def parameter(name: str) -> str:
    """A member's name as Step Functions writes it."""
    found = small(name)
    return found[0].upper() + found[1:]


def line(name: str, model: Any, unsupported: set[str]) -> str:
    """One operation; what streams events cannot be called, whether the guide says so or not."""
    stream = model.has_event_stream_output or model.has_event_stream_input
    words = [("-" if stream or name in unsupported else "") + small(name)]
    shape = model.input_shape
    if shape is not None:
        given = {name for name, member in shape.members.items() if member.metadata.get("idempotencyToken")}
        asked = set(shape.required_members) - given  # the SDK makes up an idempotency token by itself
        words += [f"{parameter(member)}!" for member in shape.members if member in asked]
        words += sorted(parameter(member) for member in shape.members if member not in asked)
    return " ".join(words)


def main() -> None:
    """Write the table."""
    date = sys.argv[1] if len(sys.argv) > 1 else datetime.datetime.now(datetime.UTC).date().isoformat()
    session, listed = botocore.session.get_session(), guide()
    found: dict[str, dict[str, str]] = {}
    others: dict[str, list[str]] = {}
    prefixes: dict[str, str] = {}
    for name in session.get_available_services():
        model = session.get_service_model(name)
        java = service(model.service_id)
        others.setdefault(java, []).extend((name, model.endpoint_prefix))
        prefixes.setdefault(java, client(model.service_id))
        operations = found.setdefault(java, {})
        for operation in model.operation_names:
            text = line(operation, model.operation_model(operation), listed.get(java, set()))
            operations.setdefault(operation, text)
    rows = [f"# botocore {botocore.__version__}, {date}"]
    for name, operations in sorted(found.items()):
        names = dict.fromkeys(others[name])
        rows.append(" ".join([f"={name}{'' if name in listed else '?'}", prefixes[name], *names]))
        rows.extend(operations[operation] for operation in sorted(operations))
    target = Path(sys.argv[2]) if len(sys.argv) > 2 else TARGET
    target.write_bytes(gzip.compress("\n".join([*rows, ""]).encode(), 9, mtime=0))


if __name__ == "__main__":
    main()
