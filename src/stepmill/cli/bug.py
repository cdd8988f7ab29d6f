"""Writes the report of a bug of ours: the traceback without secrets, and the versions.

In: an exception. Out: the report's path. Touches: one file in the temporary folder, readable by its user only.
"""

from __future__ import annotations

import os
import platform
import re
import tempfile
import traceback
from collections.abc import Sequence

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|WEBHOOK|CREDENTIAL|PRIVATE|AUTH", re.IGNORECASE)


def write_report(problem: BaseException, words: Sequence[str]) -> str:
    """Write the report; gives back where. Values of secret-looking variables and known key formats are masked."""
    from stepmill import __version__
    from stepmill.history.redaction import Redactor

    secrets = {name: value for name, value in os.environ.items() if _SECRET_NAME.search(name)}
    text = "\n".join(
        [
            f"stepmill {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"command: {' '.join(words)}",
            "",
            "".join(traceback.format_exception(problem)),
        ]
    )
    handle, path = tempfile.mkstemp(prefix="stepmill-bug-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(Redactor(secrets).text(text))
    return path
