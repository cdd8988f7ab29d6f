"""One store, several processes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from projects import Project, when_read


def test_two_runs_at_once_in_one_store_both_succeed_each_with_its_own_opt_ml(project: Project, tmp_path: Path):
    two_at_once(project.tiny(), tmp_path)


def two_at_once(project: Project, folder: Path) -> None:
    """Two runs whose trainings are under way at the same moment."""
    names = ("left", "right")
    gates = {}
    for name in names:
        os.mkfifo(folder / f"{name}.log.train")
        if project.user is not None:
            os.chown(folder / f"{name}.log.train", project.user, project.user)
    runs = {
        name: project.spawn("run", "pipeline.py", "--name", name, "--set", f"effects={folder / name}.log")
        for name in names
    }
    for name in names:
        gates[name] = when_read(folder / f"{name}.log.train", runs[name])
    for hand in gates.values():
        os.close(hand)
    for name, run in runs.items():
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, f"{name}\n{out}\n{err}"
        assert (folder / f"{name}.log").read_text().split() == ["Prepare", "Train", "Tell"]
    listed = json.loads(project.stepmill("list", "--json").stdout)
    assert {row["name"]: row["status"] for row in listed["executions"]} == dict.fromkeys(names, "SUCCEEDED")


def test_the_sources_of_inputs_stay_as_they_were_when_a_job_overwrites_them(project: Project):
    project.tiny()
    project.write(
        "prepare.py",
        """
        import pathlib
        raw = pathlib.Path("/opt/ml/processing/raw/numbers.txt")
        text = raw.read_text()
        with raw.open("r+") as file:
            file.write("9")
        pathlib.Path("/opt/ml/processing/train/numbers.txt").write_text(text)
        """,
    )
    project.stepmill("run", "pipeline.py")
    stored = list((project.root / ".stepmill" / "objects").rglob("numbers.txt"))
    assert stored
    assert {path.read_text() for path in stored} == {"1 2 3\n"}
    assert (project.root / "raw" / "numbers.txt").read_text() == "1 2 3\n"


def test_a_run_beside_a_detached_one_ends_when_it_is_done_and_the_detached_one_goes_on(
    project: Project, tmp_path: Path
):
    project.tiny()
    gate = tmp_path / "long.log.train"
    os.mkfifo(gate)
    project.stepmill("run", "pipeline.py", "--detach", "--name", "long", "--set", f"effects={tmp_path}/long.log")
    watched = project.spawn("resume", "long")
    hand = when_read(gate, watched)
    project.stepmill("run", "pipeline.py", "--name", "short", "--set", f"effects={tmp_path}/short.log", timeout=20)
    listed = json.loads(project.stepmill("list", "--json").stdout)["executions"]
    assert {row["name"]: row["status"] for row in listed} == {"short": "SUCCEEDED", "long": "RUNNING"}
    os.close(hand)
    out, err = watched.communicate(timeout=60)
    assert watched.returncode == 0, out + err
    assert (tmp_path / "long.log").read_text().split() == ["Prepare", "Train", "Tell"]
