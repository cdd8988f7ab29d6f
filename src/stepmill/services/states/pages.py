"""Lists of Step Functions in pages.

In: rows and a request. Out: a page that begins after the row its token names. Touches: nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from stepmill.services.operations import Response, ServiceError, invalid, unbounded, unmet

_PAGE, _LARGEST_PAGE = 100, 1000
_TOKEN_LIMITS = {"executions": 3096}  # of the other lists: 1024


def page(field: str, rows: list[dict[str, Any]], request: Mapping[str, Any], key: str) -> Response:
    """A page that begins after the row its token names, so that rows which came meanwhile shift nothing."""
    token, size, problems = request.get("nextToken"), request.get("maxResults"), []
    limit = _TOKEN_LIMITS.get(field, 1024)
    if token is not None and not 1 <= len(str(token)) <= limit:
        edge = f"less than or equal to {limit}" if token else "greater than or equal to 1"
        problems.append(unmet(token, "nextToken", f"have length {edge}"))
    problems += unbounded(size, "maxResults", 0, _LARGEST_PAGE)
    if problems:
        raise invalid(*problems)
    start = _after(rows, key, str(token)) if token is not None else 0
    end = start + (int(size or 0) or _PAGE)
    response: Response = {field: rows[start:end]}
    if end < len(rows):
        response["nextToken"] = base64.urlsafe_b64encode(str(rows[end - 1][key]).encode()).decode()
    return response


def _after(rows: list[dict[str, Any]], key: str, token: str) -> int:
    try:
        last = base64.urlsafe_b64decode(token.encode()).decode()
        return next(index for index, row in enumerate(rows) if str(row[key]) == last) + 1
    except (ValueError, StopIteration):
        raise ServiceError("InvalidToken", "Invalid Token: 'Invalid token'") from None  # recorded: no more is said
