"""What became of a Map Run's child executions: as the state's result, or in files in S3.

In: a Run whose children have ended, and the one verb `call`. Out: the result; files below the prefix, with a
manifest.json. Touches: history, and S3 through `call`. What is held is one execution and one piece of a file.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from stepmill.asl import timestamps
from stepmill.asl.text import dumps
from stepmill.engine.data import PAYLOAD_LIMIT, loads
from stepmill.history.log import History
from stepmill.services.map_runs.reading import Call, refused
from stepmill.services.map_runs.records import ABORTED, FAILED, PENDING, PENDING_REDRIVE, SUCCEEDED, TIMED_OUT, Run
from stepmill.services.operations import ServiceError

# S3 takes 5 GiB in one put; AWS begins a new file there too.
LARGEST_FILE: Final = 5 << 30
_FILES: Final = (
    ("SUCCEEDED", (SUCCEEDED,)),
    ("FAILED", (FAILED, TIMED_OUT, ABORTED)),
    ("PENDING", (PENDING, PENDING_REDRIVE)),
)


class WriterFault(Exception):
    """The results cannot be written; the text is the cause of States.ResultWriterFailed."""


class TooLarge(Exception):
    """The results are more than a state may hand on; the text is AWS's cause."""


def result(run: Run, history: History) -> Any:
    """The state's result: where the files are, or the list of results in the order of the items. Raises TooLarge."""
    writer = run.body["writer"] or {}
    if writer.get("to") is not None:
        where = {"Bucket": writer["to"].get("Bucket"), "Key": run.body["manifest"]}
        return {"MapRunArn": run.arn, "ResultWriterDetails": where}
    found, size = [], 0
    for text in _texts(run, history, range(len(run.states)), _form(run, "COMPACT")):
        size += len(text) + 1
        if size > PAYLOAD_LIMIT:
            raise TooLarge(
                f"The state/task '{run.body['state']}' returned a result with a size exceeding the maximum number of "
                "bytes service limit."
            )
        found.append(loads(text))
    return found


def write(run: Run, history: History, call: Call, *, largest: int = LARGEST_FILE) -> None:
    """Write the files; those of a redrive stand below `Redrive-N/`, and the manifest names them all. The same call
    again writes the same files. Raises WriterFault."""
    to = run.body["writer"]["to"]
    uuid, redrives = run.arn.rpartition(":")[2], run.body["redrives"]
    prefix = str(to.get("Prefix") or "").strip("/")
    folder = f"{prefix}/{uuid}/" if prefix else f"{uuid}/"
    lines = run.body["writer"]["config"].get("OutputType") == "JSONL"
    files: dict[str, list[dict[str, Any]]] = run.body.setdefault("files", {})
    for name, states in _FILES:
        here = f"{folder}Redrive-{redrives}/" if redrives else folder
        kept = [file for file in files.get(name, []) if not file["Key"].startswith(here) or not redrives]
        files[name] = kept if redrives else []
        indexes = [index for index, state in enumerate(run.states) if state in states and _new(run, index)]
        pieces = _Pieces(_texts(run, history, indexes, _form(run, "NONE")), lines=lines, largest=largest)
        while pieces.more():
            key = f"{here}{name}_{pieces.number}.json{'l' if lines else ''}"
            _put(call, run, key, pieces)
            files[name].append({"Key": key, "Size": pieces.size})
            pieces.number += 1
    run.body["manifest"] = f"{folder}manifest.json"
    shown = {
        "DestinationBucket": to.get("Bucket"),
        "MapRunArn": run.arn,
        "ResultFiles": {name: files[name] for name in ("FAILED", "PENDING", "SUCCEEDED")},
    }
    _put(call, run, run.body["manifest"], dumps(shown))


def _new(run: Run, index: int) -> bool:
    """Whether a child's result is still to be written: what succeeded before a redrive may have been written then."""
    written = run.body.get("written", -1)
    if written < 0 or run.states[index] != SUCCEEDED:
        return True
    found = run.found(index)
    return found is not None and any(
        found[0] == run.child(index, generation)[0] for generation in range(written + 1, run.body["redrives"] + 1)
    )


def _form(run: Run, default: str) -> str:
    writer = run.body["writer"] or {}
    return str(writer.get("config", {}).get("Transformation") or default)


def _put(call: Call, run: Run, key: str, body: Any) -> None:
    to = run.body["writer"]["to"]
    try:
        call("s3", "PutObject", {**{k: v for k, v in to.items() if k != "Prefix"}, "Key": key, "Body": body})
    except ServiceError as refusal:
        raise WriterFault(refused("putObject", refusal, run.body["act"])) from None


def _texts(run: Run, history: History, indexes: Iterable[int], form: str) -> Iterator[str]:
    """The results of some children as JSON. What failed is told with all that is known of it, whatever the form."""
    for index in indexes:
        found = run.found(index)
        if found is None:
            yield dumps({"Input": run.input(index), "InputDetails": {"Included": True}, "Status": "PENDING"})
            continue
        arn, record = found
        events = history.read(arn)
        output = events[-1].details.get("output")
        if form == "NONE" or run.states[index] != SUCCEEDED or output is None:
            yield dumps(_told(run, arn, record, str(events[0].details.get("input", "{}")), output))
            continue
        value = loads(output) if form == "FLATTEN" else None
        yield from map(dumps, value) if isinstance(value, list) else (output,)


def _told(run: Run, arn: str, record: dict[str, Any], given: str, output: str | None) -> dict[str, Any]:
    """An execution as AWS's result files describe it, in their order."""
    succeeded = record["status"] == "SUCCEEDED"
    redrive: dict[str, Any] = {}
    if not run.body["express"]:
        redrive = {"RedriveStatus": "NOT_REDRIVABLE" if succeeded else "REDRIVABLE_BY_MAP_RUN"}
        if succeeded:
            redrive["RedriveStatusReason"] = "Execution is SUCCEEDED and cannot be redriven"
    told = {
        "Cause": record.get("cause"),
        "Error": record.get("error"),
        "ExecutionArn": arn,
        "Input": given,
        "InputDetails": {"Included": True},
        "Name": record["name"],
        "Output": output,
        "OutputDetails": {"Included": True},
        "RedriveCount": record.get("redrives", 0),
        **redrive,
        "StartDate": timestamps.render(record["started"]),
        "StateMachineArn": run.body["machine_arn"],
        "Status": record["status"],
        "StopDate": None if record.get("ended") is None else timestamps.render(record["ended"]),
    }
    return {name: value for name, value in told.items() if value is not None}


class _Pieces:
    """Results as the bytes of one file after another: a Reader that ends where a file is full."""

    def __init__(self, texts: Iterator[str], *, lines: bool, largest: int) -> None:
        self._texts = texts
        self._lines = lines
        self._largest = largest
        self._ahead = next(texts, None)
        self._buffer = bytearray()
        self._open = False
        self.number = 0
        self.size = 0

    def more(self) -> bool:
        """Whether there is another file; it is begun."""
        self.size, self._open = 0, self._ahead is not None
        self._buffer = bytearray()
        return self._open

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes of this file."""
        while self._open and (size < 0 or len(self._buffer) < size):
            self._take()
        data = bytes(self._buffer if size < 0 else self._buffer[:size])
        del self._buffer[: len(data)]
        return data

    def _take(self) -> None:
        assert self._ahead is not None
        before = b"" if self._lines else b"[" if not self.size else b","
        piece = before + self._ahead.encode("utf-8", "surrogatepass") + (b"\n" if self._lines else b"")
        self._ahead = next(self._texts, None)
        self._buffer += piece
        self.size += len(piece)
        following = 0 if self._ahead is None else len(self._ahead.encode("utf-8", "surrogatepass")) + 2
        if self._ahead is None or self.size + following > self._largest:
            self._open = False
            if not self._lines:
                self._buffer += b"]"
                self.size += 1
