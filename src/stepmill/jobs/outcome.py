"""What became of a job: the sentence for its end, and the atomic `exit.json` that holds it.

In: an exit code and what the program left in `output/`. Out: a failure reason in SageMaker's form, a durable file.
Touches: the job's folder.
"""

from __future__ import annotations

import json
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 1024
"""Characters of a FailureReason, and bytes of an ExitMessage."""


def exit_code(status: int) -> int:
    """The exit code as a container engine reports it: 128 plus the signal for a process that was killed."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def failure_reason(
    kind: str, tree: str, code: int, *, message: bool, toolkit: Sequence[str] | None, tail: Sequence[str]
) -> str:
    """The FailureReason of a program that ended with `code`.

    `toolkit` is the command when the training toolkit's rules made it; `tail` are the last lines of stderr.
    """
    written = _text(f"{tree}/output/failure")
    suffix = f", exit code: {code}"
    if written:
        return bounded(f"AlgorithmError: {written}", suffix if kind == "training" else "")
    if message:
        return "AlgorithmError: See job logs for more information"
    killed = _signal(code)
    if killed == "SIGKILL":
        return (
            f"AlgorithmError: OutOfMemory: Process killed by SIGKILL (signal 9){suffix}. "
            "Most often the machine had no memory left; `dmesg` tells."
        )
    if killed:
        return f"AlgorithmError: the program was killed by {killed}{suffix}"
    if toolkit is not None:
        said = "\n".join(tail)[-LONGEST // 2 :].strip()
        return bounded(
            f"AlgorithmError: ExecuteUserScriptError:\nExitCode {code}\n"
            f'ErrorMessage "{said}"\nCommand "{" ".join(toolkit)}"',
            suffix,
        )
    last = next((line.strip() for line in reversed(tail) if line.strip()), "")
    return bounded(f"AlgorithmError: the program ended with exit code {code}" + (f": {last}" if last else ""), "")


def bounded(text: str, suffix: str = "") -> str:
    """`text` with `suffix`, cut in the middle so that both fit the 1024 characters of a FailureReason."""
    return text[: LONGEST - len(suffix)] + suffix


def exit_message(tree: str) -> str | None:
    """The first KB of `output/message`; None when there is no such file. Raises UnicodeDecodeError."""
    try:
        with open(f"{tree}/output/message", "rb", opener=_no_link) as file:
            data = file.read(LONGEST + 4)
    except OSError:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError as problem:
        if problem.start < LONGEST - 4 or len(data) < LONGEST + 4:
            raise
        text = data[: problem.start].decode()
    return text.encode()[:LONGEST].decode("utf-8", "ignore")


def write(folder: str, name: str, value: Mapping[str, object]) -> None:
    """Writes a JSON file that is there whole or not at all, and stays after a power cut."""
    path = f"{folder}/{name}"
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    file = os.open(f"{path}.new", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        left = data
        while left:
            left = left[os.write(file, left) :]
        os.ftruncate(file, len(data))
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(f"{path}.new", path)
    sync_folder(folder)


def reserve(folder: str, name: str, size: int = 16384) -> None:
    """Takes the room for a later `write`, so that a job that fills the disk can still be told from a lost one."""
    file = os.open(f"{folder}/{name}.new", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, size)
    finally:
        os.close(file)


def sync_folder(folder: str) -> None:
    """Makes the names in a folder durable."""
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _text(path: str) -> str:
    try:
        with open(path, "rb", opener=_no_link) as file:
            return file.read(LONGEST * 4).decode("utf-8", "replace")[:LONGEST].strip()
    except OSError:
        return ""


def _signal(code: int) -> str:
    try:
        return signal.Signals(code - 128).name if code > 128 else ""
    except ValueError:
        return ""


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
