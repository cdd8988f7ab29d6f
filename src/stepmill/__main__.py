"""`python -m stepmill`: the same as the command `stepmill`.

In: the command line. Out: an exit code. Touches: nothing itself.
"""

from __future__ import annotations

from stepmill.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
