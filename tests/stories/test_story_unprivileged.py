"""A user who is nobody, on a machine that has no /opt/ml: whole runs, by every way to a private one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from test_story_two_runs import two_at_once

import stepmill
from projects import Project
from stepmill.functions import Functions
from stepmill.jobs import sandbox

NOBODY = 65534


@pytest.fixture(scope="module")
def ground() -> Iterator[Path]:
    """A folder that everybody reaches, with an environment in it that needs nothing from anywhere else."""
    folder = Path(tempfile.mkdtemp(prefix="stepmill-nobody-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # a function host may still be on its way out


@pytest.fixture(scope="module")
def python(ground: Path) -> str:
    """An interpreter that nobody can run, with Stepmill and what it needs."""
    if os.geteuid():
        return sys.executable
    base = next((one for one in (sys.executable, "/usr/bin/python3") if _reachable(one)), None) or _copied(ground)
    subprocess.run([base, "-m", "venv", "--without-pip", "--symlinks", ground / "venv"], check=True)
    packages = next((ground / "venv" / "lib").glob("python*")) / "site-packages"
    for name in _needed("stepmill", set()):
        for file in distribution(name).files or []:
            source = Path(str(file.locate()))
            if source.is_file() and ".." not in file.parts and source.suffix != ".pth":
                (packages / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, packages / file)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(stepmill.__file__).parent, packages / "stepmill", ignore=ignored, dirs_exist_ok=True)
    subprocess.run(["chmod", "-R", "a+rX", ground], check=True)
    return str(ground / "venv" / "bin" / "python")


@pytest.fixture
def nobodys(ground: Path, python: str) -> Iterator[Project]:
    root = Path(tempfile.mkdtemp(dir=ground))
    project = Project(root).tiny()
    project.python = python
    if not os.geteuid():
        project.user = NOBODY
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", root], check=True)
    yield project
    if os.geteuid() and (root / ".stepmill").exists():
        Functions(root / ".stepmill" / "functions").stop()
    elif (host := root / ".stepmill" / "functions" / "host.json").exists():
        os.kill(json.loads(host.read_text())["pid"], 15)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["", "userns", "bwrap", "proot"])
def test_nobody_runs_pipelines_one_and_two_at_a_time_where_there_is_no_opt_ml(
    nobodys: Project, monkeypatch: pytest.MonkeyPatch, mode: str
):
    assert not Path("/opt/ml").exists(), "this story is about a machine without one"
    if mode and (why := _refusal(nobodys, mode)):
        pytest.skip(f"{mode} does not work here: {why}")
    more = {"STEPMILL_SANDBOX": mode} if mode else {}
    more |= {"HOME": str(nobodys.root), "TMPDIR": str(nobodys.root), "STEPMILL_CACHE": f"{nobodys.root}/cache"}
    nobodys.stepmill("run", "pipeline.py", "--name", "alone", **more)
    monkeypatch.setattr(nobodys, "environ", lambda: Project.environ(nobodys, **more))
    nobodys.stepmill("clean", "--keep", "0")
    two_at_once(nobodys, nobodys.root)
    ends = [json.loads(end.read_text()) for end in (nobodys.root / ".stepmill" / "jobs").glob("*/*/exit.json")]
    assert len(ends) >= 4
    assert {end["sandbox"] for end in ends} == {mode or "userns"}
    assert not Path("/opt/ml").exists()


def _refusal(project: Project, mode: str) -> str:
    code = "import sys; from stepmill.jobs import sandbox; print(sandbox.probe(sys.argv[1])[sys.argv[2]])"
    user = {} if project.user is None else {"user": project.user, "group": project.user, "extra_groups": []}
    said = subprocess.run(
        [project.python, "-c", code, str(project.root), mode],
        **user,
        cwd=project.root,
        env=project.environ(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert mode in sandbox.MODES
    return "" if said == "None" else said


def _needed(name: str, seen: set[str]) -> set[str]:
    """The distributions that Stepmill cannot do without."""
    try:
        requirements = distribution(name).requires or []
    except PackageNotFoundError:
        return seen  # for another platform or Python
    seen.add(name)
    for requirement in requirements:
        other = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if "extra ==" not in requirement and other not in seen:
            _needed(other, seen)
    return seen


def _reachable(python: str) -> bool:
    code = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    command = [str(Path(python).resolve()), "-c", code]
    try:
        tried = subprocess.run(command, user=NOBODY, group=NOBODY, extra_groups=[], env={}, cwd="/", check=False)
    except OSError:
        return False
    return tried.returncode == 0


def _copied(ground: Path) -> str:
    """Python itself, out of a home folder that nobody may enter."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    home = ground / "python"
    ignored = shutil.ignore_patterns("__pycache__", "test", "site-packages", "config-*")
    shutil.copytree(Path(sys.base_prefix, "lib", name), home / "lib" / name, ignore=ignored)
    for library in Path(sys.base_prefix, "lib").glob("libpython*.so*"):
        shutil.copy(library, home / "lib")
    (home / "bin").mkdir()
    shutil.copy(Path(sys.base_prefix, "bin", name), home / "bin" / name)
    subprocess.run(["chmod", "-R", "a+rX", home], check=True)
    return str(home / "bin" / name)
