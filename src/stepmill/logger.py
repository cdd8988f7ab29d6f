"""What the library says to Python's own logging.

In: a level. Out: lines on stdout. Touches: the logger `stepmill`.
"""

from __future__ import annotations

import logging
import sys

logger = logging.getLogger("stepmill")
logger.addHandler(logging.NullHandler())


def set_stream_logger(level: int = logging.INFO) -> None:
    """Show what the library says, from `level` on, as lines on stdout; once, however often it is called.

    level: one of Python's, such as `logging.INFO`.
    """
    logger.setLevel(level)
    logger.propagate = False
    logger.handlers[:] = [shown := logging.StreamHandler(sys.stdout)]
    shown.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
