"""Whole folders between the disk and a bucket: the inputs and outputs of jobs.

In: a store, a bucket, a prefix, a folder. Out: files copied, their number. Touches: the folder and the store.
Copies share blocks where the disk can (copy_file_range makes a reflink there); never a hard link, through which a job
could change its source, and never a symbolic link.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH102, PTH103, PTH118

from __future__ import annotations

import errno
import os
import stat

from stepmill.objects.store import BadName, NoSuchKey, check_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from stepmill.objects.store import ObjectStore

_CHUNK = 8 << 20
_ONE_BY_ONE = 32
"""Up to this many files are flushed each by itself; for more, one flush of the whole disk is faster."""
_CANNOT_SHARE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.ETXTBSY)


def download(store: ObjectStore, bucket: str, prefix: str, folder: str) -> int:
    """Copy objects into `folder` as SageMaker does for `S3DataType: S3Prefix` → the number of files.

    A prefix that is a whole key gives that one file under its last segment. Otherwise every key that begins with the
    prefix gives a file under the rest of the key without leading slashes; keys that end with `/` are folder markers
    and give nothing (reference/sagemaker.md §1.1). Raises BadName for a key that has no place in a folder (`..`), or
    when two keys want the same place, before or after some files were copied.
    """
    os.makedirs(folder, 0o700, exist_ok=True)
    if prefix and not prefix.endswith("/"):
        try:
            info = store.info(bucket, prefix)
        except NoSuchKey:
            pass
        else:
            _fetch(store, bucket, info.key, folder, prefix.rpartition("/")[2])
            return 1
    count = 0
    for info in store.list(bucket, prefix):
        if not info.key.endswith("/"):
            _fetch(store, bucket, info.key, folder, info.key[len(prefix) :].lstrip("/"))
            count += 1
    return count


def upload(store: ObjectStore, folder: str, bucket: str, prefix: str) -> int:
    """Put every regular file below `folder` at `prefix/relative path`, in sorted order → their number; durable.

    Links, sockets and devices are passed over: SageMaker does not follow symbolic links on upload.
    """
    base = prefix.rstrip("/") + "/" if prefix else ""
    paths = []
    for relative, path in _regular_files(folder):
        check_key(base + relative)
        paths.append((base + relative, path))
    for key, path in paths:
        store.put_file(bucket, key, path, durable=False)
    if len(paths) > _ONE_BY_ONE:
        os.sync()
    else:
        # After all of them are written: the disk works on the later ones while the first is waited for.
        written = [os.fspath(store.path(bucket, key)) for key, _ in paths]
        for path in written + sorted({path.rpartition("/")[0] for path in written}):
            try:
                flush(path)
            except FileNotFoundError:  # another process has moved it aside, replaced or deleted it
                os.sync()
    return len(paths)


def copy_file(source: str, target: str) -> None:
    """Copy a regular file to a path that does not exist yet (mode 0600)."""
    with open(source, "rb", opener=_no_link) as reading:
        if not stat.S_ISREG(os.fstat(reading.fileno()).st_mode):
            raise BadName("InvalidURI", f"{source} is not a regular file; only regular files are copied")
        with open(target, "xb", opener=_private) as writing:
            append(reading.fileno(), writing.fileno())


def flush(path: str) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fetch(store: ObjectStore, bucket: str, key: str, folder: str, relative: str) -> None:
    parts = [part for part in relative.split("/") if part]
    if not parts or any(part in (".", "..") or "\0" in part for part in parts):
        raise BadName("InvalidURI", f"s3://{bucket}/{key} cannot be downloaded: {relative!r} is no path in a folder")
    path = folder
    try:
        for part in parts[:-1]:
            path = os.path.join(path, part)
            try:
                os.mkdir(path, 0o700)
            except FileExistsError:
                if not stat.S_ISDIR(os.lstat(path).st_mode):
                    raise
        path = os.path.join(path, parts[-1])
        with store.open(bucket, key) as reading, open(path, "xb", opener=_private) as writing:
            append(reading.fileno(), writing.fileno())
    except FileExistsError:
        raise BadName(
            "InvalidURI",
            f"s3://{bucket}/{key} cannot be downloaded: {path} is taken by another object of the same prefix",
        ) from None
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        raise BadName("InvalidURI", f"s3://{bucket}/{key} cannot be downloaded: a name in it is too long") from None


def append(source: int, target: int) -> None:
    """Copy an open file from where it stands to its end, to where the other stands, sharing blocks where it can be."""
    try:
        while os.copy_file_range(source, target, 1 << 30):
            pass
    except AttributeError:
        pass  # macOS has no copy_file_range
    except OSError as error:
        if error.errno not in _CANNOT_SHARE:
            raise
    # What is left, which is everything where the kernel could not copy; files of /proc report nothing to it.
    while chunk := os.read(source, _CHUNK):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]


def copy_range(source: int, start: int, target: int, at: int, length: int) -> None:
    """Copy `length` bytes from one place in an open file to one in another, sharing blocks where it can be.

    Raises OSError when the source has fewer.
    """
    try:
        while length and (done := os.copy_file_range(source, target, min(length, 1 << 30), start, at)):
            start, at, length = start + done, at + done, length - done
    except AttributeError:
        pass  # macOS has no copy_file_range
    except OSError as error:
        if error.errno not in _CANNOT_SHARE:
            raise
    while length:
        chunk = os.pread(source, min(length, _CHUNK), start)
        if not chunk:
            raise OSError(errno.EIO, "a file ends before the part that should lie there")
        done = os.pwrite(target, chunk, at)
        start, at, length = start + done, at + done, length - done


def _regular_files(folder: str) -> Iterator[tuple[str, str]]:
    """Relative path and path of each regular file, folders in sorted order; raises OSError on what cannot be read."""
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        found = []
        with os.scandir(os.path.join(folder, relative) if relative else folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                name = f"{relative}/{entry.name}" if relative else entry.name
                if entry.is_dir(follow_symlinks=False):
                    found.append(name)
                elif entry.is_file(follow_symlinks=False):
                    yield name, entry.path
        waiting += reversed(found)


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
