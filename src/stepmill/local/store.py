"""The store's folder, and who owns the engine in it.

In: a path. Out: the folder's parts, the lock, the owner's record. Touches: `.stepmill/`.
What belongs here is which process may write; what it writes never does.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from stepmill.history.log import StoreError
from stepmill.local.locks import held, let_go, take

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs", "lustre"})
_LONGEST_BASE = 60  # bytes; what follows takes up to 40 of a socket's 108


class StoreBusy(StoreError):
    """Another process owns the store's engine and does not answer; names it."""


@dataclass(frozen=True)
class Owner:
    """The process whose engine runs in a store.

    pid: its process id. started: when it took the store, in seconds since 1970. command: what it was started as, cut to
    120 characters. socket: the path it listens on.
    """

    pid: int
    started: float
    command: str
    socket: str

    def __str__(self) -> str:
        since = time.strftime("%H:%M:%S", time.localtime(self.started))
        return f"process {self.pid} ({self.command}, since {since})"


class Store:
    """A folder `.stepmill/`: the history, the objects, the jobs, the functions, and the engine's lock.

    Made on first use, for its user alone (0700), ignored by git through a `.gitignore` of its own. Raises StoreError
    when the folder cannot be made or written, or lies on a network file system, where locks are not dependable.
    `root` is the folder's path.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "history.db"
        self.objects = root / "objects"
        self.jobs = root / "jobs"
        self.functions = root / "functions"
        self._lock_file = root / "engine.lock"
        self._owner_file = root / "owner.json"
        self._lock: int | None = None

    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return self.database.exists()

    def make(self) -> None:
        """Make the folder if it is not there."""
        try:
            for folder in (self.root, self.jobs, self.functions):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
            if not os.access(self.root, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable", str(self.root))
        except OSError as fault:
            raise StoreError(self._unusable(fault)) from None
        kind = _file_system(self.root)
        if kind in _NETWORK:
            raise StoreError(
                f"{self.root}: lies on a network file system ({kind}), where file locks cannot be relied on; "
                "choose a local folder with --store or STEPMILL_STORE"
            )

    def take(self) -> bool:
        """Become the owner, if nobody is. True when this process now holds the store."""
        if self._lock is not None:
            return True
        try:
            self._lock = take(self._lock_file)
        except OSError as fault:
            raise StoreError(self._unusable(fault)) from None
        if self._lock is None:
            return False
        # What a killed owner left must not be read as the name of this one.
        self._owner_file.unlink(missing_ok=True)
        return True

    def sign(self) -> Owner:
        """Write down that this process owns the store, and where it listens."""
        owner = Owner(os.getpid(), time.time(), _command(), str(self._socket()))
        fresh = self._owner_file.with_suffix(f".{os.getpid()}")
        try:
            fresh.touch(mode=0o600)
            fresh.write_text(json.dumps(asdict(owner)))
            fresh.replace(self._owner_file)
        except OSError as fault:
            fresh.unlink(missing_ok=True)
            raise StoreError(self._unusable(fault)) from None
        return owner

    def release(self) -> None:
        """Let the store go; a waiting process may take it."""
        if self._lock is not None:
            self._owner_file.unlink(missing_ok=True)
            let_go(self._lock)
            self._lock = None

    def disown(self) -> None:
        """In a fork of the owner: the lock is the parent's, and lasts no longer than the parent."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def owner(self) -> Owner | None:
        """The process that holds the store, or None when nobody does."""
        if not held(self._lock_file):
            return None
        # The lock comes a moment before the record that names its holder.
        for _ in range(100):
            try:
                return Owner(**json.loads(self._owner_file.read_text()))
            except (OSError, ValueError, TypeError):
                if not held(self._lock_file):
                    return None
                time.sleep(0.01)
        raise StoreBusy(f"{self.root}: another process holds the store and has not said who it is")

    def _socket(self) -> Path:
        """A path short enough for a socket's name (108 bytes), in a folder of this user alone."""
        runtime = os.environ.get("XDG_RUNTIME_DIR", "")
        wanted = runtime if runtime and Path(runtime).is_dir() else tempfile.gettempdir()
        base = Path(wanted if len(os.fsencode(wanted)) <= _LONGEST_BASE else "/tmp")  # noqa: S108 - made 0700 below
        folder = base / f"stepmill-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        state = folder.lstat()
        if state.st_uid != os.getuid() or state.st_mode & 0o077:
            raise StoreError(f"{folder}: belongs to somebody else or is open to others; remove it, or set TMPDIR")
        name = hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:16]
        return folder / f"{name}.sock"

    def _unusable(self, fault: OSError) -> str:
        if fault.errno == errno.ENOSPC:
            return f"{self.root}: the disk is full; free some space (`stepmill clean --keep 5` removes old runs)"
        reason = os.strerror(fault.errno) if fault.errno else str(fault)
        return f"{fault.filename or self.root}: {reason}; choose another store with --store or STEPMILL_STORE"


def _command() -> str:
    program = Path(sys.argv[0])
    words = [program.parent.name if program.name == "__main__.py" else program.name or "python", *sys.argv[1:]]
    text = " ".join(words)
    return text if len(text) <= 120 else text[:119] + "…"


def _file_system(path: Path) -> str:
    """The type of the file system that holds `path`, from the kernel's mount table; "" where there is none."""
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return ""
    real, best, kind = str(path.resolve()), "", ""
    for line in lines:
        _, point, name, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if (real == point or real.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, name
    return kind
