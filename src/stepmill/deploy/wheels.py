"""What a Lambda function requires, as the wheels that its runtime can load.

In: requirement lines, a version of Python. Out: a folder of unpacked wheels. Touches: the user's cache; uv or pip,
which ask the package index.

A folder is made once for a text of requirements and then kept, so that an unpinned line is the same tomorrow and
nothing is asked of the index again. Clearing the cache is how to get newer ones.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from stepmill.deploy.refusals import DeployRefused

# Lambda's Python runtimes from 3.12 on are Amazon Linux 2023, glibc 2.34; that of 3.11 is Amazon Linux 2, glibc 2.26
# (Lambda developer guide, "Lambda runtimes").
_PLATFORMS: Final = {"3.11": ("manylinux2014",), "3.12": ("manylinux2014", "manylinux_2_28"),
                     "3.13": ("manylinux2014", "manylinux_2_28")}  # fmt: skip
_DONE: Final = ".complete"
# What installing leaves behind that holds paths of this machine, or is no use to a function.
_LEFT_OUT: Final = ("bin", "__pycache__")
_LEFT_OUT_FILES: Final = ("direct_url.json", "INSTALLER", "REQUESTED", "RECORD", ".lock")


def wheels(requirements: Sequence[str], python: str, machine: str, cache: Path, say: Callable[[str], None]) -> Path:
    """The folder with everything that these requirements install. python: "3.12". machine: "x86_64".

    Raises DeployRefused when a requirement has no wheel for Lambda, with the last lines of uv or pip.
    """
    text = "\n".join(["1", python, machine, *requirements])
    folder = cache / "wheels" / sha256(text.encode()).hexdigest()[:24]
    if (folder / _DONE).exists():
        return folder / "site"
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _DONE).exists():
            shutil.rmtree(folder, ignore_errors=True)
            say(f"getting wheels for Lambda: {', '.join(requirements)}")
            _install(requirements, python, machine, folder / "site")
            _clean(folder / "site")
            (folder / _DONE).touch()
    return folder / "site"


def _install(requirements: Sequence[str], python: str, machine: str, target: Path) -> None:
    platforms = [f"{name}_{machine}" for name in _PLATFORMS[python]]
    if uv := shutil.which("uv"):
        words = [uv, "pip", "install", "--quiet", "--target", str(target), "--python-version", python]
        words += ["--python-platform", f"{machine}-{_PLATFORMS[python][-1]}", "--only-binary", ":all:"]
    else:
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        words += ["--target", str(target), "--python-version", python, "--implementation", "cp"]
        words += ["--only-binary", ":all:", *(word for name in platforms for word in ("--platform", name))]
    done = subprocess.run([*words, *requirements], capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(target.parent, ignore_errors=True)
        last = "\n    ".join(done.stderr.strip().splitlines()[-6:])
        raise DeployRefused(
            f"the requirements {', '.join(requirements)} cannot be had as wheels for Lambda (Python {python}, "
            f"{machine}):\n    {last}"
        )


def _clean(site: Path) -> None:
    for path in sorted(site.rglob("*"), reverse=True):
        if path.is_dir() and (path.name in _LEFT_OUT and (path.name != "bin" or path.parent == site)):
            shutil.rmtree(path)
        elif path.is_file() and path.name in _LEFT_OUT_FILES:
            path.unlink()
