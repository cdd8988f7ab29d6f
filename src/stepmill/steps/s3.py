"""A step that reads one small object of S3 in the definition itself.

In: an `s3://` URI, constant or known at run time. Out: a state that reads it. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.expressions import Const, Expr, JobName, Ref, Text, UriPart, const, parse
from stepmill.inputs.placeholders import expression, remembered

from .build import Build
from .state import Task


class S3GetObjectStep(Task):
    """Reads an object; its text travels nowhere, what is asked of it by `json[...]` is remembered.

    A state's whole result is at most 256 KiB; beyond it is States.DataLimitExceeded. Keep reports small.

    Args:
        state_id: the state's name.
        uri: `s3://bucket/key`; may hold another step's output: `f"{evaluate.outputs['report']}/evaluation.json"`.
        fields: retry, catch, and the fields of `Task` except resource and parameters. Left out, the state hands its
            input on.
    """

    allowed = Task.allowed - {"resource", "parameters", "arguments"}

    def __init__(self, state_id: str, uri: Any, **fields: Any) -> None:
        super().__init__(state_id, **fields)
        self.uri = uri

    @property
    def json(self) -> Placeholder:
        """The object read as JSON: `step.json["accuracy"]`."""
        return remembered(self.state_id, "json")

    def _called(self) -> str:
        return "aws-sdk:s3:getObject"

    def build(self, build: Build) -> dict[str, Any]:
        """`s3:getObject` with the URI's bucket and key."""
        fields = super().build(build)
        if build.language == "JSONata":
            fields.setdefault("Output", "{% $states.input %}")
        elif "ResultPath" not in fields and "ResultSelector" not in fields:
            fields["ResultPath"] = None
        bucket, key = bucket_and_key(self.uri, build)
        return {**fields, "Parameters": {"Bucket": bucket, "Key": key}}


def bucket_and_key(uri: Any, build: Build, *, prefix: bool = False) -> tuple[Any, Any]:
    """A URI taken apart, as far as it is known; what is no URI is a problem of the state.

    Args:
        uri: `s3://bucket/key`, run-time values anywhere in it.
        build: of the state that reads or writes there.
        prefix: what follows the bucket is a prefix, and may be missing.
    """
    state = build.state.state_id
    try:
        expr = expression(uri)
    except (TypeError, ValueError) as fault:
        build.problem("uri", f"{state!r}: {fault}")
        return "", ""
    if prefix and isinstance(uri, str) and uri.startswith("s3://") and "/" not in uri[5:]:
        expr = Text((expr, const("/")))
    parts = list(_flat(expr, build))
    first = parts[0].value if parts and isinstance(parts[0], Const) else None
    if isinstance(first, str) and "s3://".startswith(first[:5]) and "/" in first[5:]:
        bucket, _, start = first[5:].partition("/")
        rest = [const(start), *parts[1:]] if start else parts[1:]
        if all(isinstance(part, Const) for part in rest):
            return bucket, "".join(str(part.value) for part in rest if isinstance(part, Const))
        return bucket, Placeholder(Text(tuple(rest)))
    if build.language == "JSONPath" and len(parts) > 2 and first == "s3://":
        match parts[1:3]:  # JSONPath cannot split a text, so a value between two slashes is taken as the whole bucket
            case [Ref() as bucket_ref, Const() as after] if str(after.value).startswith("/"):
                rest = [const(str(after.value)[1:]), *parts[3:]]
                if len(rest) == 1:
                    return Placeholder(bucket_ref), str(after.value)[1:]
                return Placeholder(bucket_ref), Placeholder(Text(tuple(rest)))
    if isinstance(expr, Const):
        what, last = ("prefix", "prefix") if prefix else ("object", "key")
        build.problem("uri", f"{state!r} names {uri!r}, which is no {what}'s URI", f"s3://bucket/{last} is one")
        return "", ""
    return Placeholder(UriPart("bucket", expr)), Placeholder(UriPart("key", expr))


def _flat(expr: Expr, build: Build) -> Iterator[Expr]:
    """The parts of a URI, with the outputs of jobs taken apart; neighbouring constants joined."""
    held = ""
    for part in _parts(expr, build):
        if isinstance(part, Const):
            held += str(part.value)
            continue
        if held:
            yield const(held)
            held = ""
        yield part
    if held:
        yield const(held)


def _parts(expr: Expr, build: Build) -> Iterator[Expr]:
    for part in expr.parts if isinstance(expr, Text) else (expr,):
        yield from _written(part, build) if isinstance(part, Ref) else (part,)


def _written(ref: Ref, build: Build) -> Iterator[Expr]:
    """Where a job wrote, as the request says it; the job's name is read from its result, never computed again."""
    other = build.ledger.states.get(ref.step)
    theirs = build.ledger.builds.get(id(other))
    text: Any = None
    if theirs is not None and ref.kind == "outputs" and ref.keys and ref.keys[0] in theirs.outputs:
        output = theirs.request["ProcessingOutputConfig"]["Outputs"][theirs.outputs[str(ref.keys[0])]]
        text, name = output.get("S3Output", {}).get("S3Uri"), "ProcessingJobName"
    elif theirs is not None and ref.kind == "model":
        path, name = theirs.request.get("OutputDataConfig", {}).get("S3OutputPath"), "TrainingJobName"
        if isinstance(path, str):
            text = f"{path.rstrip('/')}/{Placeholder(JobName(''))}/output/model.tar.gz"
    elif theirs is not None and ref.kind == "result" and ref.keys == ("TransformOutput", "S3OutputPath"):
        text, name = theirs.request.get("TransformOutput", {}).get("S3OutputPath"), "TransformJobName"
    if not isinstance(text, str):
        yield ref
        return
    parts = parse(text)
    pieces = parts.parts if isinstance(parts, Text) else (parts,)
    if any(isinstance(piece, Ref) and piece.root == "state" for piece in pieces):
        yield ref  # written in terms of that state's own input, which nobody else has
        return
    for piece in pieces:
        yield Ref("step", (name,), ref.step, "result") if isinstance(piece, JobName) else piece
