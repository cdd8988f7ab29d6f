"""What the disk under a store can do: the format that follows from it is settled once and written down.

In: the folder of a store. Out: its `KeyFormat`. Touches: `format.json` in that folder.
"""
# Supervisors import this, and importing pathlib or contextlib takes longer than starting Python does.
# ruff: noqa: PTH103, PTH104, PTH108, PTH118, PTH123, SIM105

from __future__ import annotations

import os

from stepmill.objects.keys import VERSION, KeyFormat


def settle_format(root: str) -> KeyFormat:
    """Read the format the store was made with; a new store probes its disk once and writes it down."""
    import json

    os.makedirs(root, 0o700, exist_ok=True)
    record = os.path.join(root, "format.json")
    try:
        with open(record, encoding="utf-8") as file:
            found = json.load(file)
    except FileNotFoundError:
        found = {"version": VERSION, "fold": _folds(root)}
        temporary = f"{record}.{os.getpid()}-{os.urandom(4).hex()}"
        with open(temporary, "x", encoding="utf-8", opener=_private) as file:
            json.dump(found, file)
        os.rename(temporary, record)
    if not isinstance(found, dict) or found.get("version") != VERSION:
        raise ValueError(f"{record}: this Stepmill reads objects of format {VERSION}; use the version that wrote it")
    return KeyFormat(bool(found.get("fold")))


def _folds(root: str) -> bool:
    """Whether this disk takes two spellings for one name."""
    base = os.path.join(root, f".probe-{os.urandom(4).hex()}")
    for mine, other in (("a", "A"), ("\u00e9", "e\u0301")):
        with open(base + mine, "xb", opener=_private):
            pass
        same = os.path.lexists(base + other)
        try:
            os.unlink(base + mine)
        except FileNotFoundError:
            pass
        if same:
            return True
    return False


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)
