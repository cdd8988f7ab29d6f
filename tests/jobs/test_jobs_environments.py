"""Requirements become a cached environment."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from stepmill.jobs import environments, toolkit


def wheel(folder, version="1.0"):
    """A package that can be installed without a network."""
    path = folder / f"stepmill_probe-{version}-py3-none-any.whl"
    about = f"stepmill_probe-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stepmill_probe.py", f"version = {version!r}\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: stepmill-probe\nVersion: {version}\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(
            f"{about}/RECORD", f"stepmill_probe.py,,\n{about}/METADATA,,\n{about}/WHEEL,,\n{about}/RECORD,,\n"
        )
    return f"--no-index\n--find-links {folder}\nstepmill-probe=={version}\n"


def test_without_requirements_the_given_interpreter_serves(tmp_path):
    assert environments.prepare("# nothing\n\n", tmp_path) == sys.executable
    assert not list(tmp_path.iterdir())


def test_the_same_requirements_have_the_same_identity():
    assert environments.identity("a\nb # why\n") == environments.identity("a\n\n  b\n")
    assert environments.identity("a\n") != environments.identity("b\n")
    assert environments.identity("a\n") != environments.identity("a\n", "/usr/bin/other")


@pytest.mark.parametrize(
    "line", ["-r other.txt", "-e .", "./local", "../up", "/abs/x.whl", "file:///x", "-c limits.txt"]
)
def test_a_requirement_that_points_to_another_file_is_refused(tmp_path, line):
    with pytest.raises(environments.EnvironmentFailed, match="points to another file"):
        environments.prepare(f"numpy\n{line}\n", tmp_path)


def test_the_requirements_inside_the_code_are_found(desk):
    request = desk.training("inside", code={"train.py": "", "requirements.txt": "left-pad\n"})
    assert environments.code_requirements(request, desk.root / "objects") == "left-pad\n"
    assert environments.code_requirements(desk.training("none", code={"train.py": ""}), desk.root / "objects") == ""
    assert environments.code_requirements(desk.training("own", "true"), desk.root / "objects") == ""


def test_the_requirements_beside_a_framework_s_script_are_found(desk):
    folder = desk.put("code/abc/requirements.txt", "left-pad\n").removesuffix("requirements.txt")
    start = ["/bin/bash", "-c", toolkit.FRAMEWORK, "start", "python", "main.py"]
    code = {"code": (folder, "/opt/ml/processing/input/code")}
    request = desk.processing("framework", *start, inputs=code)
    assert environments.code_requirements(request, desk.root / "objects") == "left-pad\n"
    other = desk.processing("own", "python", "main.py", inputs=code)
    assert environments.code_requirements(other, desk.root / "objects") == ""


def test_a_failed_installation_says_why_and_leaves_nothing(tmp_path, monkeypatch):
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "uv").write_text("#!/bin/sh\necho making\necho 'no such package' >&2\nexit 9\n")
    (fake / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(fake))
    said = []
    with pytest.raises(environments.EnvironmentFailed, match="ended with 9\n    making\n    no such package"):
        environments.prepare("x\n", tmp_path / "cache", progress=said.append)
    assert [path.suffix for path in (tmp_path / "cache" / "environments").iterdir()] == [".lock"]
    assert said[0].startswith("making an environment, once, with uv: x")


@pytest.mark.slow
def test_an_environment_is_made_once_with_plain_pip_and_used_by_a_job(desk, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    requirements = wheel(desk.root)
    made = []

    def ask():
        made.append(environments.prepare(requirements, desk.root / "cache", progress=said.append))

    said: list[str] = []
    asking = [threading.Thread(target=ask) for _ in range(3)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(set(made)) == 1 and len(made) == 3
    assert sum(line.startswith("making an environment, once, with pip") for line in said) == 1
    assert subprocess.check_output([made[0], "-c", "import stepmill_probe as p; print(p.version)"]) == b"1.0\n"
    request = desk.training(
        "with-env",
        code={"train.py": "import stepmill_probe as p; print('has', p.version)", "requirements.txt": requirements},
    )
    job = desk.jobs.create("training", request, token="t", python=made[0], grace=1, environ=desk.environ)
    assert job.wait(20)
    assert "out has 1.0" in desk.said(job) and "not installed" not in desk.said(job)


@pytest.mark.slow
def test_an_environment_is_made_with_uv_where_it_is_installed(tmp_path, monkeypatch):
    import shutil

    oracle = Path(os.environ.get("STEPMILL_ORACLE_PYTHON", "")).parent
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}{os.pathsep}{oracle}")
    if not shutil.which("uv"):
        pytest.skip("uv is not installed")
    python = environments.prepare(wheel(tmp_path), tmp_path / "cache")
    assert subprocess.check_output([python, "-c", "import stepmill_probe as p; print(p.version)"]) == b"1.0\n"
