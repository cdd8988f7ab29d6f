"""What Stepmill costs, beside the same work without it and in Metaflow, measured in one run on one machine.

In: `--reps N` (at least 5), `--without-metaflow`. Out: one table on stdout, the raw figures in bench/out/bench.json.
Touches: bench/out only. It asserts nothing: absolute figures belong to a machine and a day, ratios are what to compare.

The three variants take turns, so that a busy machine is busy for all of them; every figure is a median, and the threads
of numeric libraries are pinned to one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIGITS = HERE.parent / "examples" / "digits"
OUT = HERE / "out"
WORK = OUT / "work"
PINNED = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
SCRIPTS = ("preprocess.py", "train.py", "evaluate.py")
STATES = ("Preprocess", "Train", "Evaluate")
BIN = Path(sys.executable).parent


def prepare() -> None:
    """A project of its own: the scripts, the pipeline, the data in its store."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    for name in SCRIPTS:
        shutil.copy(DIGITS / name, WORK)
    for name in ("pipeline.py", "flow.py"):
        shutil.copy(HERE / name, WORK)
    passed = ", ".join(f'"{name}"' for name in PINNED)
    (WORK / "pyproject.toml").write_text(f"[tool.stepmill]\npass_env = [{passed}]\n")
    for folder in ("input", "model"):
        (WORK / "bare" / folder).mkdir(parents=True)
    data = WORK / "bare" / "input" / "input.zip"
    run([sys.executable, DIGITS / "make_data.py", data])
    run([BIN / "stepmill", "cp", data, "s3://stepmill-local/bench-input/input.zip"])


def run(command: list[object], **environ: str) -> float:
    """Seconds a command takes; its own words are shown only when it fails."""
    env = {**os.environ, **PINNED, "STEPMILL_CACHE": str(OUT / "cache"), "PYTHONPATH": "", **environ}
    began = time.perf_counter()
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, cwd=WORK, env=env, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


def bare() -> dict[str, float]:
    """The three scripts as three processes. The archive between the last two is made outside the time."""
    base = WORK / "bare"
    code = "import sys; from pathlib import Path; import {0}; {0}.main(Path(sys.argv[1]))"
    seconds = {"Preprocess": run([sys.executable, "-c", code.format("preprocess"), base])}
    folders = ["--train", base / "train", "--model_dir", base / "weights"]
    seconds["Train"] = run([sys.executable, "train.py", *folders, "--learning_rate", "0.01", "--epochs", "20"])
    with tarfile.open(base / "model" / "model.tar.gz", "w:gz", compresslevel=1) as tar:
        tar.add(base / "weights" / "weights.npz", "weights.npz")
    seconds["Evaluate"] = run([sys.executable, "-c", code.format("evaluate"), base])
    return seconds


def stepmill(number: int, watched: bool = False) -> dict[str, float]:
    """The three scripts as three jobs: seconds of each state and of the whole run; peak memory when watched.

    Watching costs processor time, so a run is either timed or watched.
    """
    env = {**os.environ, **PINNED, "STEPMILL_CACHE": str(OUT / "cache"), "PYTHONPATH": "", "CI": "true"}
    log = WORK / f"run-{number}.log"
    began = time.perf_counter()
    with log.open("w") as out:
        process = subprocess.Popen(
            [BIN / "stepmill", "run", "pipeline.py"], cwd=WORK, env=env, stdout=out, stderr=subprocess.STDOUT
        )
        peak = Peak(process.pid)
        if watched:
            peak.start()
        code = process.wait()
    seconds = time.perf_counter() - began
    if watched:
        peak.finish()
    if code:
        sys.exit(f"stepmill run ended with {code}:\n{log.read_text()}")
    return {**state_seconds(), "whole": seconds, "peak_mb": peak.mb}


def state_seconds() -> dict[str, float]:
    """From the newest execution's history: how long each state lasted."""
    store = next((WORK / ".stepmill").glob("*.sqlite*"), None) or next((WORK / ".stepmill").glob("*.db"))
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        (subject,) = database.execute("SELECT subject FROM event ORDER BY at DESC LIMIT 1").fetchone()
        rows = database.execute(
            "SELECT at, type, details FROM event WHERE subject = ? ORDER BY id", (subject,)
        ).fetchall()
    entered, seconds = {}, {}
    for at, kind, details in rows:
        name = json.loads(details).get("name")
        if kind == "TaskStateEntered":
            entered[name] = at
        elif kind == "TaskStateExited":
            seconds[name] = at - entered[name]
    return seconds


class Peak(threading.Thread):
    """The largest sum of resident memory of the engine and its supervisors; the jobs' own processes are left out."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.mb, self._over = pid, 0.0, threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.02):
            self.mb = max(self.mb, self._sum())

    def finish(self) -> None:
        self._over.set()
        self.join()

    def _sum(self) -> float:
        parents, commands = {}, {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    commands[int(entry.name)] = (entry / "cmdline").read_bytes()
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                except OSError:
                    continue
        ours = str(WORK).encode()
        supervisors = {p for p, c in commands.items() if b"supervisor.py" in c and ours in c}
        supervisors -= {p for p in supervisors if parents.get(p) in supervisors}
        return sum(resident(p) for p in {self.pid, *supervisors})


def resident(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def metaflow_python() -> Path:
    python = OUT / "metaflow" / "bin" / "python"
    if not python.exists():
        print("installing Metaflow into bench/out/metaflow", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", OUT / "metaflow"], check=True)
        packages = ["metaflow", "setuptools<81", *pinned("numpy", "scikit-learn")]
        subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, stderr=subprocess.DEVNULL)
    return python


def pinned(*names: str) -> list[str]:
    from importlib.metadata import version

    return [f"{name}=={version(name)}" for name in names]


def metaflow(python: Path) -> float:
    home = str(OUT / "metaflow-home")
    return run(
        [python, "flow.py", "--quiet", "--no-pylint", "run"],
        BENCH_BASE=str(WORK / "bare"),
        METAFLOW_HOME=home,
        METAFLOW_USER="bench",
        HOME=home,
    )


def core_size() -> tuple[float, int]:
    """Megabytes and packages that `pip install stepmill` brings, itself included, pip and setuptools not."""
    target = OUT / "core"
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", target, HERE.parent]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return size / 1e6, len(list(target.glob("*.dist-info")))


def start_up(reps: int) -> tuple[float, float]:
    nothing, help_ = [], []
    for _ in range(reps):
        nothing.append(run([sys.executable, "-c", "pass"]))
        help_.append(run([BIN / "stepmill", "--help"]))
    return statistics.median(nothing), statistics.median(help_)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=5)
    parser.add_argument("--without-metaflow", action="store_true")
    options = parser.parse_args()
    reps = max(options.reps, 5)
    prepare()
    peer = None if options.without_metaflow else metaflow_python()
    bare(), stepmill(0), peer and metaflow(peer)  # the first of each fills caches
    rows = {"bare": [], "stepmill": [], "metaflow": []}
    for number in range(1, reps + 1):
        rows["bare"].append(bare())
        rows["stepmill"].append(stepmill(number))
        if peer:
            rows["metaflow"].append(metaflow(peer))
    peak = max(stepmill(reps + 1 + number, watched=True)["peak_mb"] for number in range(3))
    nothing, help_ = start_up(20)
    megabytes, packages = core_size()
    OUT.joinpath("bench.json").write_text(
        json.dumps({**rows, "peak_mb": peak, "pass": nothing, "help": help_}, indent=1)
    )
    print_table(rows, peak, nothing, help_, megabytes, packages, reps)


def print_table(rows, peak, nothing, help_, megabytes, packages, reps) -> None:
    def middle(kind, key):
        return statistics.median(row[key] for row in rows[kind])

    print(f"{reps} runs each, taking turns; medians; {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}\n")
    print(f"{'seconds':<34}{'bare':>8}{'Stepmill':>10}{'over':>8}")
    for name in STATES:
        over = statistics.median(s[name] - b[name] for s, b in zip(rows["stepmill"], rows["bare"], strict=True))
        print(f"{'  ' + name:<34}{middle('bare', name):>8.3f}{middle('stepmill', name):>10.3f}{over:>+8.3f}")
    total = [sum(row[name] for name in STATES) for row in rows["bare"]]
    jobs = [sum(row[name] for name in STATES) for row in rows["stepmill"]]
    per_step = statistics.median(s - b for s, b in zip(jobs, total, strict=True)) / len(STATES)
    print(f"{'  per step':<34}{'':>8}{'':>10}{per_step:>+8.3f}   (wanted: at most 0.10)")
    whole = [row["whole"] for row in rows["stepmill"]]
    for label, values in (("whole `stepmill run`", whole), ("whole Metaflow run", rows["metaflow"])):
        if values:
            over = statistics.median(v - b for v, b in zip(values, total, strict=True))
            print(f"{'  ' + label:<34}{statistics.median(total):>8.3f}{statistics.median(values):>10.3f}{over:>+8.3f}")
    print(f"\n{'engine and supervisors, peak':<34}{peak:>8.0f} MB  (wanted: at most 60)")
    print(f"{'python -c pass':<34}{nothing * 1000:>8.0f} ms")
    print(f"{'stepmill --help':<34}{help_ * 1000:>8.0f} ms  ({help_ / nothing:.1f} ×; wanted: at most 8 ×)")
    print(f"{'core install':<34}{megabytes:>8.1f} MB  in {packages} packages")


if __name__ == "__main__":
    main()
