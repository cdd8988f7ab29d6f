"""Starts a job's command where `/opt/ml` is the job's own folder and nobody else's.

In: a command, its folder, environment and streams. Out: a running process, or what stands in the way. Touches:
processes and mount namespaces; never the machine's own `/opt`.
It is a private view, not a prison: a job can do what its user can do. Four ways are tried, in this order: a mount
namespace (root), a user namespace, bubblewrap, proot. `STEPMILL_SANDBOX` names the only one to try.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal

from . import wrappers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypedDict

    class _Failure(TypedDict, total=False):
        step: str
        errno: int
        why: str


MODES = ("namespace", "userns", "bwrap", "proot")
ML = wrappers.ML
CURE = (
    "install bubblewrap (apt-get install bubblewrap) or proot (apt-get install proot), or allow user namespaces: on "
    "Ubuntu 23.10 and later `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in a container, add the "
    "capability SYS_ADMIN or install proot in the image"
)

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_SIOCSIFFLAGS, _IFF_UP, _IFF_RUNNING = 0x8914, 0x1, 0x40
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_SLAVE = 0x2, 0x4, 0x1000, 0x4000, 0x80000
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Refused(Exception):
    """No way to a private `/opt/ml` works here; the message says why not, way by way, and what to install."""


class NotStarted(Exception):
    """The command itself cannot be run: there is no such file, or it is not executable. `code` is 127 or 126."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class OverlayRefused(Exception):
    """The sandbox works, but not with overlays: the inputs have to be copied."""


class Overlay:
    """A folder to be seen at `target` (below `/opt/ml`): reads come from `lower`, writes go to `upper`.

    `source` is the URL it stands for.
    """

    __slots__ = ("lower", "source", "target", "upper", "work")

    def __init__(self, source: str, lower: str, target: str, upper: str, work: str) -> None:
        self.source = source
        self.lower = lower
        self.target = target
        self.upper = upper
        self.work = work


class Started:
    """A running command: its process id (it leads its own session), the mode that made its `/opt/ml`, and a note."""

    __slots__ = ("mode", "note", "pid")

    def __init__(self, pid: int, mode: str, note: str) -> None:
        self.pid = pid
        self.mode = mode
        self.note = note

    @property
    def wrapped(self) -> bool:
        """Whether `pid` is a wrapper (bwrap, proot) and the command its child."""
        return self.mode in ("bwrap", "proot")


def adopt_orphans() -> None:
    """Makes this process the parent of every orphan among its descendants, so that none escapes the end of the job."""
    _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def modes() -> tuple[str, ...]:
    """The modes to be tried, in order."""
    only = os.environ.get("STEPMILL_SANDBOX", "")
    if only:
        if only not in MODES:
            raise Refused(f"STEPMILL_SANDBOX={only} is not one of {', '.join(MODES)}")
        return (only,)
    return MODES if os.geteuid() == 0 else MODES[1:]


def start(
    command: Sequence[str],
    *,
    tree: str,
    cwd: str,
    env: Mapping[str, str],
    streams: tuple[int, int],
    overlays: Sequence[Overlay] = (),
    isolated: bool = False,
) -> Started:
    """Runs `command` with `tree` at `/opt/ml`, stdin empty, `streams` as stdout and stderr; `isolated`: no network.

    Raises Refused, OverlayRefused (only when overlays were asked for) or NotStarted.
    """
    reasons = []
    for mode in modes():
        if mode in ("namespace", "userns"):
            pid, failed = _fork(command, mode, tree, cwd, env, streams, overlays, isolated)
        elif overlays:
            raise OverlayRefused(f"{mode} has no overlays")
        else:
            wrapper, failed = _wrapper(mode, tree, cwd, isolated)
            if not failed:
                _look_for(command[0], tree, env)
                pid, failed = _fork([*wrapper, *command], mode, tree, "/", env, streams, ())
        if not failed:
            return Started(pid, mode, _proot_note(tree) if mode == "proot" else "")
        if failed["step"] == "exec":
            number = failed["errno"]
            text = f"{command[0]}: {os.strerror(number)}"
            raise NotStarted(text, 127 if number == 2 else 126)
        if failed["step"] == "overlay":
            raise OverlayRefused(failed["why"])
        reasons.append(f"{mode}: {failed['why']}")
    raise Refused(f"no private /opt/ml is possible here ({'; '.join(reasons)}); {CURE}")


def probe(scratch: str) -> dict[str, str]:
    """Each mode of this machine and user, with why it does not work ("" when it does). `scratch` is an empty folder."""
    found = {}
    scratch = f"{scratch}/ml"
    os.makedirs(scratch, exist_ok=True)
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        for mode in MODES:
            if mode == "namespace" and os.geteuid() != 0:
                found[mode] = "needs root"
                continue
            if mode in ("namespace", "userns"):
                pid, failed = _fork(["/bin/true"], mode, scratch, "/", {}, (null, null), ())
                if not failed:
                    os.waitpid(pid, 0)
            else:
                _, failed = _wrapper(mode, scratch, "/", isolated=False)
            found[mode] = failed["why"] if failed else ""
    finally:
        os.close(null)
    return found


def _fork(
    command: Sequence[str],
    mode: str,
    tree: str,
    cwd: str,
    env: Mapping[str, str],
    streams: tuple[int, int],
    overlays: Sequence[Overlay],
    isolated: bool = False,
) -> tuple[int, _Failure | None]:
    """A child that makes its view and becomes the command; what failed, if anything did."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        step = "sandbox"
        try:
            os.setsid()
            _reset_signals()
            if mode in ("namespace", "userns"):
                _enter(tree, mode == "userns")
                if isolated:
                    _leave_network()
                step = "overlay"
                for overlay in overlays:
                    _mount_overlay(overlay, mode == "userns")
            step = "streams"
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.dup2(streams[0], 1)
            os.dup2(streams[1], 2)
            os.chdir(cwd)
            # The command dies with its supervisor: a job that nobody watches would write where nobody expects it.
            _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(127)
            step = "exec"
            os.execvpe(command[0], list(command), dict(env))  # noqa: S606
        except OSError as problem:
            text = {"step": step, "errno": problem.errno or 0, "why": _why(problem)}
            os.write(writer, json.dumps(text).encode())
        except BaseException as problem:  # noqa: BLE001 - the child must never return into the parent's code
            os.write(writer, json.dumps({"step": step, "errno": 0, "why": repr(problem)}).encode())
        finally:
            os._exit(127)
    os.close(writer)
    said = b""
    while block := os.read(reader, 4096):
        said += block
    os.close(reader)
    if not said:
        return pid, None
    os.waitpid(pid, 0)
    failed: _Failure = json.loads(said)
    return pid, failed


def _reset_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGCHLD,
        signal.SIGPIPE,
        signal.SIGHUP,
        signal.SIGXFSZ,
    ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _enter(tree: str, user: bool) -> None:
    """A mount namespace of our own, with `tree` at `/opt/ml`."""
    uid, gid = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWNS | (_CLONE_NEWUSER if user else 0), says="a new namespace")
    if user:
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            file = os.open(f"/proc/self/{name}", os.O_WRONLY)
            try:
                os.write(file, text.encode())
            except OSError as problem:
                raise OSError(problem.errno, f"writing {name}: {problem.strerror}") from None
            finally:
                os.close(file)
    _mount(None, "/", None, _MS_REC | _MS_SLAVE, None)
    inner = os.open(tree, os.O_PATH | os.O_DIRECTORY)
    if not os.path.isdir(ML):
        _make_room()
    _mount(f"/proc/self/fd/{inner}", ML, None, _MS_BIND | _MS_REC, None)
    os.close(inner)


def _leave_network() -> None:
    """A network with a loopback and nothing else."""
    import fcntl
    import socket

    _call("unshare", _CLONE_NEWNET, says="a network of its own")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, _SIOCSIFFLAGS, b"lo".ljust(16, b"\0") + (_IFF_UP | _IFF_RUNNING).to_bytes(24, "little"))


def _make_room() -> None:
    """A private `/opt` that has an `ml` and shows everything the machine's `/opt` shows."""
    opt = os.path.dirname(ML)
    if not os.path.isdir(opt):
        raise OSError(2, f"there is no {opt} on this machine")
    old = []
    for entry in os.scandir(opt):
        if entry.is_symlink():
            old.append((entry.name, os.readlink(entry.path), -1))
        else:
            old.append((entry.name, "", os.open(entry.path, os.O_PATH | os.O_NOFOLLOW)))
    _mount("tmpfs", opt, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    for name, link, handle in old:
        path = f"{opt}/{name}"
        if handle < 0:
            os.symlink(link, path)
            continue
        source = f"/proc/self/fd/{handle}"
        if os.path.isdir(source):
            os.mkdir(path)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
        _mount(source, path, None, _MS_BIND | _MS_REC, None)
        os.close(handle)
    os.mkdir(ML, 0o755)


def _mount_overlay(overlay: Overlay, user: bool) -> None:
    # Through /proc/self/fd no character of a path can be taken for a separator of options, and no path is too long.
    handles = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (overlay.lower, overlay.upper, overlay.work)]
    lower, upper, work = (f"/proc/self/fd/{handle}" for handle in handles)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}" + (",userxattr" if user else "")
    _mount("overlay", overlay.target, "overlay", 0, options)
    for handle in handles:
        os.close(handle)


def _wrapper(mode: str, tree: str, cwd: str, isolated: bool) -> tuple[list[str], _Failure | None]:
    """The words before the command, or why the program that they name does not work here."""
    path = wrappers.find(mode, os.environ.get("PATH", os.defpath))
    if path is None:
        return [], {"step": "sandbox", "why": "not installed"}
    if isolated and mode == "proot":
        return [], {"step": "sandbox", "why": "cannot take the network away (EnableNetworkIsolation)"}
    alone = ["--unshare-net"] if isolated else []
    # Their own failures look like the job's (exit 1, a line on stderr), so they are tried with what cannot fail.
    why = _try([*wrappers.words(mode, path, tree, "/", alone), "/bin/true"])
    return ([], {"step": "sandbox", "why": why}) if why else (wrappers.words(mode, path, tree, cwd, alone), None)


def _try(command: list[str]) -> str:
    """Runs a command that should succeed; the last line it said when it did not."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    pid, failed = _fork(command, "", "", "/", dict(os.environ), (writer, writer), ())
    os.close(writer)
    said = os.read(reader, 4096) if not failed else b""
    os.close(reader)
    if failed:
        return failed["why"]
    if os.waitpid(pid, 0)[1] != 0:
        return said.decode("utf-8", "replace").strip().split("\n")[-1] or "it fails"
    return ""


def _proot_note(tree: str) -> str:
    """Whether this proot is one of those that do not know the system call statx, and so hide `/opt/ml` from some."""
    path, inside = wrappers.find("proot", os.environ.get("PATH", os.defpath)), os.listdir(tree)
    if path is None or not inside:
        return ""
    if not _try([*wrappers.words("proot", path, tree, "/"), "/bin/ls", "-d", f"{ML}/{inside[0]}"]):
        return ""
    return (
        "stepmill: this proot does not know the system call statx: Python sees /opt/ml, programs such as ls do not; "
        "with bubblewrap installed they all do"
    )


def _look_for(program: str, tree: str, env: Mapping[str, str]) -> None:
    """Raises NotStarted for a program that is not there: the wrapper would report that as an exit code of its own."""
    if "/" not in program:
        found = wrappers.find(program, env.get("PATH", os.defpath)) is not None
    else:
        path = tree + program[len(ML) :] if program.startswith(ML + "/") else program
        found = os.path.exists(path) or not program.startswith("/")
    if not found:
        raise NotStarted(f"{program}: {os.strerror(2)}", 127)


_LIBC: list[ctypes.CDLL] = []


def _libc() -> ctypes.CDLL:
    if not _LIBC:
        _LIBC.append(ctypes.CDLL(None, use_errno=True))
    return _LIBC[0]


def _call(name: str, *arguments: object, says: str) -> None:
    if getattr(_libc(), name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{says}: {os.strerror(number)}")


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None) -> None:
    _call(
        "mount",
        source.encode() if source else None,
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() if options else None,
        says=f"mounting {kind or 'a bind'} on {target}",
    )


def _why(problem: OSError) -> str:
    return str(problem.strerror) if problem.strerror and not problem.filename else str(problem)
