"""Finding keys on the disk: where one is, and all of them in order.

In: a format, a bucket's folder, a key or a prefix. Out: paths. Touches: reads folders below the one it is given.
Only regular files and real folders count; links, sockets and devices are passed over.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH118

from __future__ import annotations

import errno
import os
import stat

from stepmill.objects.keys import SELF, KeyFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Found = tuple[str, str]  # key, path
    Entry = tuple[str, int, str, bool, bool]  # key or its beginning, how understood, path, folder, inside a split name


def is_folder(path: str) -> bool:
    """Whether `path` is a folder itself, not a link to one."""
    return stat.S_ISDIR(_mode(path))


def is_file(path: str) -> bool:
    """Whether `path` is a regular file itself, not a link to one."""
    return stat.S_ISREG(_mode(path))


def find(form: KeyFormat, top: str, key: str) -> str | None:
    """The file that is the object `key`, or None."""
    *folders, last = key.split("/")
    for folder in _folders(form, top, folders):
        for turn, parts in enumerate(form.candidates(last, False)):
            path = _down(folder, parts[:-1])
            if path is None:
                continue
            path = os.path.join(path, parts[-1])
            if is_file(path):
                return path
            if turn == 0 and is_file(path + SELF):
                return path + SELF
    return None


def walk(form: KeyFormat, top: str, prefix: str, after: str) -> Iterator[Found]:
    """Every object whose key begins with `prefix` and sorts after `after`, with its file, in order of the keys."""
    base, slash, _ = prefix.rpartition("/")
    try:
        prefix.encode()
    except UnicodeEncodeError:
        return iter(())
    tops = list(_folders(form, top, base.split("/") if slash else []))
    walks = [_below(form, top, (base + slash, 0, folder, True, False), prefix, after) for folder in tops]
    return walks[0] if len(walks) == 1 else _merge(walks)


def _folders(form: KeyFormat, top: str, segments: list[str]) -> Iterator[str]:
    """The real folders that stand for these segments of a key, ours before those made by hand."""
    waiting = [(top, 0)]
    while waiting:
        path, done = waiting.pop()
        if done == len(segments):
            yield path
            continue
        found = [_down(path, parts) for parts in form.candidates(segments[done], True)]
        waiting += [(folder, done + 1) for folder in reversed(found) if folder is not None]


def _mode(path: str) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise
        return 0


def _down(path: str, parts: tuple[str, ...]) -> str | None:
    for part in parts:
        path = os.path.join(path, part)
        if not is_folder(path):
            return None
    return path


def _below(form: KeyFormat, top: str, start: Entry, prefix: str, after: str) -> Iterator[Found]:
    """A walk without recursion: a key may have a thousand segments."""
    levels = [_groups(form, start, prefix, after)]
    while levels:
        group = next(levels[-1], None)
        if group is None:
            levels.pop()
        elif len(group) > 1:
            yield from _merge([_of(form, top, entry, prefix, after) for entry in group])
        elif group[0][3]:
            levels.append(_groups(form, group[0], prefix, after))
        elif _reachable(form, top, group[0]):
            yield group[0][0], group[0][2]


def _of(form: KeyFormat, top: str, entry: Entry, prefix: str, after: str) -> Iterator[Found]:
    if entry[3]:
        return _below(form, top, entry, prefix, after)
    return iter([(entry[0], entry[2])] if _reachable(form, top, entry) else [])


def _reachable(form: KeyFormat, top: str, entry: Entry) -> bool:
    """A folder made by hand may look like the beginning of a long name; what `find` cannot find is no object."""
    return not entry[4] or find(form, top, entry[0]) == entry[2]


def _merge(walks: list[Iterator[Found]]) -> Iterator[Found]:
    """Several walks whose keys interleave → one, each key once; the first walk wins."""
    from heapq import merge

    last = None
    for key, path in merge(*walks, key=lambda found: found[0]):
        if key != last:
            yield key, path
        last = key


def _groups(form: KeyFormat, start: Entry, prefix: str, after: str) -> Iterator[list[Entry]]:
    """The entries of a folder that can hold wanted keys, in order; those whose keys may interleave come together."""
    group: list[Entry] = []
    for entry in sorted(_entries(form, start, prefix, after)):
        if group:
            first, _, _, folder, _ = group[0]
            if entry[0].startswith(first) if folder else entry[0] == first:
                group.append(entry)
                continue
            yield group
        group = [entry]
    if group:
        yield group


def _entries(form: KeyFormat, start: Entry, prefix: str, after: str) -> Iterator[Entry]:
    base, _, folder, _, split = start
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            is_dir = entry.is_dir(follow_symlinks=False)
            if not is_dir and not entry.is_file(follow_symlinks=False):
                continue
            part = form.understand_part(entry.name) if is_dir else None
            if part is not None:
                key, how = base + part, 0
            else:
                understood = form.understand(entry.name, is_dir)
                if understood is None:
                    continue
                key, how = base + understood[0], understood[1]
            if is_dir:
                key += "" if part is not None else "/"
                wanted = key.startswith(prefix) or prefix.startswith(key)
                wanted = wanted and (key > after or after.startswith(key))
            else:
                wanted = key.startswith(prefix) and key > after
            if wanted:
                yield key, how, entry.path, is_dir, split or part is not None
