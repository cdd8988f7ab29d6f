"""What of the old SDK's surface is not here or is other here, and why: the one list of exceptions, printed on the page.

In: nothing. Out: `LEFT_OUT`, a name (or a pattern of names) → why it is not here; `DIFFERS`, `name finding` → why.
Touches: nothing.
"""

LEFT_OUT: dict[str, str] = {}
DIFFERS: dict[str, str] = {}
