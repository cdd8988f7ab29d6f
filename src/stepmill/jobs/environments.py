"""Turns requirements into a cached virtual environment, made once and found again by their content.

In: the text of a `requirements.txt`. Out: the path of an interpreter that has them. Touches: `environments/` in the
cache folder, the network through uv or pip.
Environments are built where they stay, because their scripts carry their own path; a `.complete` file says that one is
whole, and a lock beside it makes everybody else wait.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from stepmill.objects import archives
from stepmill.objects.folder import FolderStore
from stepmill.objects.store import ObjectError, parse_url

from . import toolkit

_COMPLETE = ".complete"
_LAST = 15
_ELSEWHERE = re.compile(r"(?:-r|-c|-e|--requirement|--constraint|--editable)\b|\.{0,2}/|file:")


class EnvironmentFailed(Exception):
    """The environment cannot be made; the message says why, with the last lines of uv or pip."""


def prepare(
    requirements: str,
    cache: Path,
    *,
    python: str = sys.executable,
    progress: Callable[[str], None] | None = None,
) -> str:
    """The interpreter of an environment with these requirements; `python` itself when there are none.

    `cache` is the user's cache folder for Stepmill, `python` the interpreter the environment is made from, and
    `progress` is told what is being made or waited for, when anything is. Raises EnvironmentFailed.
    """
    lines = _lines(requirements)
    if not lines:
        return python
    for line in lines:
        if _ELSEWHERE.match(line):
            raise EnvironmentFailed(
                f"requirements: {line!r} points to another file, which a job on AWS would not have; write its content "
                "into the requirements, or give local code as source_dir or dependencies"
            )
    folder = cache / "environments" / identity(requirements, python)
    interpreter = folder / "bin" / "python"
    if (folder / _COMPLETE).exists():
        return str(interpreter)
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    tell = progress or (lambda _: None)
    with (folder.parent / f"{folder.name}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another process that makes the same environment")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _COMPLETE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _build(folder, requirements, python, tell)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    return str(interpreter)


def identity(requirements: str, python: str = sys.executable) -> str:
    """The name of an environment: what it is made of, and for which interpreter."""
    made = "\n".join(
        ["1", os.path.realpath(python), sys.version if python == sys.executable else "", *_lines(requirements)]
    )
    return sha256(made.encode()).hexdigest()[:24]


def code_requirements(request: Mapping[str, Any], objects: Path) -> str:
    """The `requirements.txt` inside the code of a job, which is installed on AWS when it starts; "" without."""
    if toolkit.starts_framework(request):
        return _beside_the_script(request, objects)
    source = toolkit.submitted(request) or ""
    if toolkit.program(request) is None or not source.startswith("s3://"):
        return ""
    return _in_archive(source, objects)


def _beside_the_script(request: Mapping[str, Any], objects: Path) -> str:
    """The same of a framework's processing job: in the folder of its input `code`, or in an archive there."""
    read = [each for each in request.get("ProcessingInputs") or () if isinstance(each, Mapping)]
    source = next((each["S3Input"].get("S3Uri", "") for each in read if each.get("InputName") == "code"), "")
    if source.endswith(".tar.gz"):
        return _in_archive(source, objects)
    try:
        bucket, prefix = parse_url(source)
        return FolderStore(objects).get(bucket, f"{prefix.rstrip('/')}/requirements.txt").decode("utf-8", "replace")
    except (ObjectError, OSError):
        return ""  # there is none, or the job itself says what is wrong with its code


def _in_archive(source: str, objects: Path) -> str:
    try:
        bucket, key = parse_url(source)
        path = FolderStore(objects).path(bucket, key)
        for member in archives.members(path):
            if member.name.removeprefix("./") == "requirements.txt" and not member.is_folder:
                pieces: list[bytes] = []
                member.copy(pieces.append)
                return b"".join(pieces).decode("utf-8", "replace")
    except (ObjectError, OSError, archives.BadArchive):
        return ""  # the job itself says what is wrong with its code
    return ""


def _lines(requirements: str) -> list[str]:
    """The lines that say something, without comments, in their order."""
    stripped = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in requirements.splitlines())
    return [line for line in stripped if line]


def _build(folder: Path, requirements: str, python: str, tell: Callable[[str], None]) -> None:
    uv = shutil.which("uv")
    tell(f"making an environment, once, with {'uv' if uv else 'pip'}: {', '.join(_lines(requirements))}")
    interpreter = str(folder / "bin" / "python")
    if uv:
        _run([uv, "venv", "--no-project", "--python", python, str(folder)], "the environment cannot be made")
        install = [uv, "pip", "install", "--python", interpreter]
    else:
        _run([python, "-m", "venv", str(folder)], "the environment cannot be made (is python3-venv installed?)")
        install = [interpreter, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    listed = folder / toolkit.INSTALLED
    listed.write_text(requirements, encoding="utf-8")
    _run([*install, "-r", str(listed)], "the requirements cannot be installed")
    marker = os.open(folder / _COMPLETE, os.O_WRONLY | os.O_CREAT, 0o600)
    os.fsync(marker)
    os.close(marker)


def _run(command: list[str], what: str) -> None:
    last: deque[str] = deque(maxlen=_LAST)
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environ
        ) as process:
            assert process.stdout is not None
            for raw in process.stdout:
                line = raw.decode("utf-8", "replace").rstrip()
                if line:
                    last.append(line)
    except OSError as problem:
        raise EnvironmentFailed(f"{what}: {command[0]}: {problem.strerror}") from problem
    if process.returncode:
        said = "\n".join(f"    {line}" for line in last)
        raise EnvironmentFailed(f"{what}: `{' '.join(command[:4])} …` ended with {process.returncode}\n{said}")
