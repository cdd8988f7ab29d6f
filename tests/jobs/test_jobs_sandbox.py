"""The private /opt/ml: each way to it, side by side, for root and for others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stepmill.jobs import sandbox
from stepmill.jobs.logs import follow

LOOK = "pwd; cd /opt/ml/processing; echo *; cat in/name; echo out > out/o; cd /opt; echo *"


def look(desk, name, script=LOOK, **more):
    desk.put(f"{name}/name", f"I am {name}\n")
    inputs = {"in": (f"s3://stepmill-local/{name}/", "/opt/ml/processing/in")}
    outputs = {"out": "/opt/ml/processing/out"}
    return desk.start(desk.processing(name, "/bin/sh", "-c", script, inputs=inputs, outputs=outputs), **more)


def heard(desk, job):
    return [line.split(" ", 2)[2] for line in desk.said(job).splitlines() if " out " in line]


def opt():
    return sorted(path.name for path in Path("/opt").glob("*"))


def test_a_job_sees_its_own_opt_ml_and_the_machine_sees_none(desk):
    before = opt()
    job = look(desk, "alone")
    assert job.wait(10) and job.state().status == "Completed", (job.state(), desk.said(job))
    assert heard(desk, job) == ["/opt/ml/processing", "in out", "I am alone", " ".join(sorted({*before, "ml"}))]
    assert desk.get("out/alone/out/o") == "out\n"
    assert opt() == before


def test_a_store_may_lie_in_a_folder_with_any_name(desk, monkeypatch):
    monkeypatch.setenv("STEPMILL_OVERLAY_FROM", "1")
    desk = type(desk)(desk.root / "デー タ: a,b\\c 'd'")
    job = look(desk, "named")
    assert job.wait(10) and job.state().status == "Completed", (job.state(), desk.said(job))
    assert "out I am named" in desk.said(job) and desk.get("out/named/out/o") == "out\n"


def test_a_job_with_network_isolation_has_a_loopback_and_nothing_else(desk):
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); "
        "print(socket.if_nameindex())"
    )
    job = desk.run(desk.training("alone", "python3", "-c", code, EnableNetworkIsolation=True))
    assert heard(desk, job) == ["[(1, 'lo')]"], desk.said(job)


def test_two_jobs_at_once_see_only_their_own(desk):
    gates = {}
    jobs = {}
    for name in ("one", "two"):
        gates[name] = desk.root / f"gate-{name}"
        os.mkfifo(gates[name])
        script = (
            f"echo {name} > /opt/ml/processing/mine; echo ready; read x < {gates[name]}; ls /opt/ml/processing; "
            + ("cat /opt/ml/processing/mine /opt/ml/processing/in/name")
        )
        jobs[name] = look(desk, name, script)
    for job in jobs.values():
        assert next(iter(follow(job.log, job.wait))).text == "ready"
    for name, gate in gates.items():
        gate.write_text("go\n")
        assert jobs[name].wait(10)
        words = [line.split(" ", 2)[2] for line in desk.said(jobs[name]).splitlines()]
        assert words == ["ready", "in", "mine", "out", name, f"I am {name}"]


def test_a_machine_without_any_way_is_told_what_to_install(desk, monkeypatch):
    monkeypatch.setenv("STEPMILL_SANDBOX", "bwrap")
    monkeypatch.setenv("PATH", str(desk.root))
    job = look(desk, "refused")
    assert job.wait(10)
    reason = job.state().failure_reason
    assert "no private /opt/ml is possible here (bwrap: not installed)" in reason
    assert "apt-get install bubblewrap" in reason and "proot" in reason


def test_the_probe_says_which_ways_work_and_why_others_do_not(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    found = sandbox.probe(str(tmp_path))
    assert tuple(found) == sandbox.MODES
    assert found["bwrap"] == found["proot"] == "not installed"
    if os.geteuid():
        assert found["namespace"] == "needs root"


def test_an_unknown_mode_is_refused(desk, monkeypatch):
    monkeypatch.setenv("STEPMILL_SANDBOX", "chroot")
    job = look(desk, "unknown")
    assert job.wait(10)
    assert "STEPMILL_SANDBOX=chroot is not one of namespace, userns, bwrap, proot" in job.state().failure_reason


@pytest.mark.slow
@pytest.mark.parametrize("mode", sandbox.MODES)
def test_every_way_gives_the_same_view(desk, monkeypatch, mode):
    why = sandbox.probe(str(desk.root / "objects"))[mode]
    if why:
        pytest.skip(f"{mode} does not work here: {why}")
    monkeypatch.setenv("STEPMILL_SANDBOX", mode)
    monkeypatch.setenv("STEPMILL_OVERLAY_FROM", "1")
    before = opt()
    job = look(desk, f"by-{mode}")
    assert job.wait(20) and job.state().status == "Completed", (job.state(), desk.said(job))
    assert job.state().sandbox == mode
    assert heard(desk, job) == [
        "/opt/ml/processing",
        "in out",
        f"I am by-{mode}",
        " ".join(sorted({*before, "ml"})),
    ]
    assert ("err stepmill: this proot" in desk.said(job)) <= (mode == "proot")
    assert desk.get(f"out/by-{mode}/out/o") == "out\n" and desk.get(f"by-{mode}/name") == f"I am by-{mode}\n"
    assert opt() == before

    job = look(desk, f"code-{mode}", "echo said >&2; exit 7")
    assert job.wait(20) and job.state().exit_code == 7

    job = look(desk, f"stop-{mode}", "trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.05; done", grace=10)
    assert "ready" in (line.text for line in follow(job.log, job.wait))
    job.stop()
    assert job.wait(20)
    assert (job.state().status, job.state().exit_code) == ("Stopped", 5) and "bye" in desk.said(job)

    job = look(desk, f"kill-{mode}", "trap '' TERM; echo ready; while :; do sleep 0.05; done", grace=0.1)
    assert "ready" in (line.text for line in follow(job.log, job.wait))
    job.stop()
    assert job.wait(20) and job.state().exit_code == 137

    request = desk.processing(f"alone-{mode}", "/bin/sh", "-c", "cat /proc/net/dev")
    request["NetworkConfig"] = {"EnableNetworkIsolation": True}
    job = desk.start(request)
    assert job.wait(20)
    if mode == "proot":
        assert "proot: cannot take the network away (EnableNetworkIsolation)" in job.state().failure_reason
    else:
        assert [line.split()[0] for line in heard(desk, job)] == ["Inter-|", "face", "lo:"]

    job = desk.start(desk.processing(f"absent-{mode}", "/opt/ml/processing/none"))
    assert job.wait(20) and "none: No such file" in job.state().failure_reason
    assert opt() == before


NOBODY = """
import json, os, sys
from pathlib import Path
from stepmill.jobs.job import Jobs
from stepmill.objects.folder import FolderStore
root = Path(sys.argv[1])
assert os.geteuid() != 0
store = FolderStore(root / "objects"); store.create_bucket("stepmill-local")
store.put("stepmill-local", "in/a", b"old")
request = json.loads(sys.argv[2])
jobs = Jobs(root / "jobs", root / "objects")
job = jobs.create("processing", request, token="t", python=sys.executable, grace=1, environ={"PATH": os.defpath})
job.wait(20)
state = job.state()
print(json.dumps([state.status, state.sandbox, job.log.read_text() if job.log.exists() else "", state.reason,
    store.get("stepmill-local", "in/a").decode(), [i.key for i in store.list("stepmill-local", "out/")]]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("overlay_from", ["1000000000", "1"], ids=["copied", "overlaid"])
def test_an_unprivileged_user_needs_nothing_but_user_namespaces(desk, tmp_path_factory, overlay_from):
    if os.geteuid():
        pytest.skip("this process is unprivileged already: every other test shows it")
    python = next((one for one in (sys.executable, "/usr/bin/python3") if _reachable(one)), None)
    if python is None:
        pytest.skip("no Python of this machine can be run by the user nobody")
    home = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    os.chown(home, 65534, 65534)
    before = opt()
    request = desk.processing(
        *(
            "nobody",
            "/bin/sh",
            "-c",
            "id -u; cd /opt/ml/processing; cat in/a; echo new > in/a; cp in/a out/",
        ),
        inputs={"in": ("s3://stepmill-local/in/", "/opt/ml/processing/in")},
        outputs={"out": "/opt/ml/processing/out"},
    )
    try:
        source = home / "source"
        shutil.copytree(Path(sandbox.__file__).parents[2], source, ignore=shutil.ignore_patterns("__pycache__"))
        said = subprocess.run(
            [python, "-c", NOBODY, str(home), json.dumps(request)],
            env={
                "PYTHONPATH": str(source),
                "PATH": os.defpath,
                "STEPMILL_OVERLAY_FROM": overlay_from,
                "STEPMILL_SANDBOX": "userns",
            },
            user=65534,
            group=65534,
            extra_groups=[],
            cwd="/",
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    finally:
        shutil.rmtree(home)
    status, mode, log, reason, source_text, keys = json.loads(said)
    assert (status, mode) == ("Completed", "userns"), (reason, log)
    assert [line.split(" ", 2)[2] for line in log.splitlines()] == ["65534", "old"]
    assert source_text == "old" and keys == ["out/nobody/out/a"]
    assert opt() == before


def _reachable(python):
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    try:
        return (
            subprocess.run(
                [python, "-c", code], user=65534, group=65534, extra_groups=[], env={}, cwd="/", check=False
            ).returncode
            == 0
        )
    except OSError:
        return False
