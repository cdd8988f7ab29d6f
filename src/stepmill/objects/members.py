"""What an archive holds, whatever its format.

In: nothing. Out: `Member`, `BadArchive`. Touches: nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class BadArchive(Exception):
    """An archive that is broken, too big, or asks for something an archive has no business asking for."""


class Member:
    """One entry: `name` relative with `/`, `is_folder`, `size` in bytes, `executable`, `modified` in epoch seconds.

    `copy(write)` hands its bytes over in pieces; a member is copied before the next one is asked for.
    """

    __slots__ = ("copy", "executable", "is_folder", "modified", "name", "size")

    def __init__(
        self,
        name: str,
        is_folder: bool,
        size: int,
        executable: bool,
        modified: float,
        copy: Callable[[Callable[[bytes], object]], None],
    ) -> None:
        self.name = name
        self.is_folder = is_folder
        self.size = size
        self.executable = executable
        self.modified = modified
        self.copy = copy
