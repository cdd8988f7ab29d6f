"""JSON texts as AWS writes them.

In: a JSON value. Out: its text, without blanks between its parts and without escapes for what is not ASCII. Touches:
nothing.
"""

from __future__ import annotations

import json

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
