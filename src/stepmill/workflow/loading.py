"""While a pipeline file is imported to be run, nothing in it may start anything.

In: the import of a file. Out: RuntimeError from `create`, `update` and `execute` during it. Touches: a flag of this
thread.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

_loading = threading.local()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """While a pipeline file is imported to be run, nothing in it may start anything: `create` and `execute` raise."""
    _loading.now = True
    try:
        yield
    finally:
        _loading.now = False


def refuse_on_import(verb: str) -> None:
    """Raise RuntimeError while a file is loaded."""
    if getattr(_loading, "now", False):
        raise RuntimeError(
            f"{verb}() was called while the file was being loaded; "
            'put it under `if __name__ == "__main__":`, and let `stepmill run` do it'
        )
