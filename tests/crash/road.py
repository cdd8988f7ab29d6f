"""The crash loop on the whole road: real processes, real jobs, real functions, killed with -9 at random moments.

    python tests/crash/road.py [--rounds N] [--seed S] [--at-once K] [--out FOLDER]

A round is a seed: it decides whom to kill and when (the machine decides what they were doing). The folder of a round
that failed is kept. Exits 1 when one did.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import road_check
from road_project import road

from projects import Project
from stepmill.history.log import StoreError
from stepmill.history.sqlite import SqliteHistory
from stepmill.jobs.job import Jobs

MODES = ("engine", "nested", "group", "supervisor", "host", "everything", "start")
PATIENCE = 120.0
_ABOUT = 6.0  # seconds that a run takes when nothing happens to it


class Wrong(Exception):
    """There is no point in going on with the round."""


class Round:
    """One project folder, its executions, and the kills among them."""

    def __init__(self, root: Path, seed: int) -> None:
        self.dice = random.Random(seed)
        self.mode = MODES[seed % len(MODES)]
        self.project: Project = road(root)
        self.store = root / ".stepmill"
        self.names = ["a", "b", "c"] if self.mode == "start" else ["a", "b"] if self.dice.random() < 0.4 else ["a"]
        self.commands: dict[str, subprocess.Popen[bytes]] = {}
        self.effects = {name: root / f"{name}.effects" for name in self.names}
        self.killed: list[str] = []
        self.until = time.monotonic() + PATIENCE

    def play(self) -> list[str]:
        """Run, kill, resume, to the end; what is wrong afterwards."""
        try:
            for name in self.names:
                self._go_on(name)
            for _ in range(self.dice.randint(1, 5)):
                self._sleep(self.dice.uniform(0, 0.6 if self.mode == "start" else _ABOUT / 2))
                self._aim()
                self._strike()
                for _ in range(3 if self.mode == "nested" else 0):
                    self._continue()
                    self._sleep(self.dice.uniform(0, 0.5))
                    self._strike()
                self._continue()
            while not self._over():
                self._sleep(0.05)
                self._continue()
        except Wrong as error:
            return [str(error)]
        finally:
            for command in self.commands.values():
                if command.poll() is None:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        command.wait(10)  # the last one stays until what it hosts has ended
                if command.poll() is None:
                    self.killed.append(f"left over: {command.pid}")
                    os.killpg(command.pid, signal.SIGKILL)
                    command.wait()
        if any(command.returncode not in (0, -signal.SIGKILL) for command in self.commands.values()):
            return [f"commands ended with {[command.returncode for command in self.commands.values()]}"]
        below = any(word in ("supervisor", "host") for word in self.killed)
        return road_check.faults(self.project.root, self.effects, killed_below=below)

    def _sleep(self, seconds: float) -> None:
        if time.monotonic() > self.until:
            raise Wrong(f"not over after {PATIENCE:g} s: {self._statuses()}")
        time.sleep(seconds)

    # commands

    def _continue(self) -> None:
        """A user who finds a command gone types the next one."""
        for name in self.names:
            self._go_on(name)

    def _go_on(self, name: str) -> None:
        command = self.commands.get(name)
        if command is not None and command.poll() is None:
            return
        if command is not None and command.returncode not in (0, -signal.SIGKILL):
            raise Wrong(f"a command for {name} ended with {command.returncode}")
        said = self.project.root / f"{name}.said"
        known = name in self._statuses()
        if not known and said.exists() and f" road {name}\n" in said.read_text():
            raise Wrong(f"{name} was acknowledged and is lost")
        if self._statuses().get(name, "RUNNING") != "RUNNING":
            return
        words = ["resume", name] if known else ["run", "pipeline.py", "--name", name]
        if not known:
            words += ["--set", f"effects={self.effects[name]}"]
        with said.open("ab") as out:
            out.write(f"\n$ stepmill {' '.join(words)}\n".encode())
            out.flush()
            self.commands[name] = subprocess.Popen(
                [sys.executable, "-m", "stepmill", *words],
                cwd=self.project.root,
                env=self.project.environ(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def _statuses(self) -> dict[str, str]:
        try:
            history = SqliteHistory(self.store / "history.db", readonly=True)
        except StoreError:
            return {}
        try:
            found = history.records("states", "execution")
        except StoreError:
            return {}
        finally:
            history.close()
        return {body["name"]: body["status"] for _, body in found}

    def _over(self) -> bool:
        found = self._statuses()
        return all(found.get(name, "RUNNING") != "RUNNING" for name in self.names)

    # kills

    def _aim(self) -> None:
        """Below the engine there is not always somebody to kill: wait for one, and a moment more."""
        if self.mode in ("supervisor", "host"):
            while not self._over() and not (self._supervisors() if self.mode == "supervisor" else self._busy_host()):
                self._sleep(0.02)
                self._continue()
            self._sleep(self.dice.uniform(0, 0.1 if self.mode == "supervisor" else 0.3))

    def _supervisors(self) -> list[Path]:
        return [job.folder for job in Jobs(self.store / "jobs", self.store / "objects").list() if job.alive()]

    def _busy_host(self) -> bool:
        host = _number(self.store / "functions" / "host.json")
        return host is not None and Path(f"/proc/{host}").exists()

    def _strike(self) -> None:
        if self.mode in ("engine", "nested", "everything", "start"):
            self._kill("engine", self._owner())
        if self.mode == "group":
            for command in self.commands.values():
                if command.poll() is None:
                    os.killpg(command.pid, signal.SIGKILL)
                    command.wait()
                    self.killed.append("group")
        if self.mode in ("supervisor", "everything") and (running := self._supervisors()):
            self._kill("supervisor", _number(self.dice.choice(running) / "started"))
        if self.mode in ("host", "everything"):
            self._kill("host", _number(self.store / "functions" / "host.json"))

    def _owner(self) -> int | None:
        running = [command.pid for command in self.commands.values() if command.poll() is None]
        owner = _number(self.store / "owner.json")
        return owner if owner in running else self.dice.choice(running) if running else None

    def _kill(self, whom: str, pid: int | None) -> None:
        if pid is None:
            return
        for command in self.commands.values():
            if command.pid == pid and command.poll() is None:
                command.kill()
                command.wait()
                self.killed.append(whom)
                return
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
            if str(self.project.root) in words:  # still who it was
                os.kill(pid, signal.SIGKILL)
                self.killed.append(whom)


def _number(record: Path) -> int | None:
    try:
        return int(json.loads(record.read_bytes())["pid"])
    except (OSError, ValueError, KeyError):
        return None


def play(seed: int, out: Path) -> tuple[str, bool]:
    """One round; a line about it, and whether all was well."""
    root = Path(tempfile.mkdtemp(prefix=f"stepmill-crash-{seed}-"))
    began = time.monotonic()
    game = Round(root, seed)
    wrong = game.play()
    took = time.monotonic() - began
    line = f"seed {seed} {game.mode}, {len(game.names)} runs, killed {', '.join(game.killed) or 'nobody'}: {took:.1f} s"
    if wrong:
        kept = out / f"crash-seed-{seed}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(root, kept, symlinks=True, ignore_dangling_symlinks=True)
        line += "".join(f"\n    {fault}" for fault in wrong) + f"\n    kept in {kept}"
    else:
        line += ", ok"
    shutil.rmtree(root, ignore_errors=True)
    return line, not wrong


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0, help="the first seed; a round that failed can be played again")
    parser.add_argument("--at-once", type=int, default=max(2, os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, default=Path("bench/out"))
    args = parser.parse_args(words)
    args.out.mkdir(parents=True, exist_ok=True)
    good = 0
    with (args.out / "crash.log").open("a") as log, ThreadPoolExecutor(args.at_once) as crew:
        for line, well in crew.map(lambda seed: play(seed, args.out), range(args.seed, args.seed + args.rounds)):
            good += well
            for where in (sys.stdout, log):
                print(line, file=where, flush=True)
        last = f"{good} of {args.rounds} rounds from seed {args.seed}: nothing lost, nothing twice"
        for where in (sys.stdout, log):
            print(last, file=where, flush=True)
    return 0 if good == args.rounds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
