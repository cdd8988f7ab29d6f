"""Which jobs a list shows: SageMaker's filters, orders and pages.

In: rows of all jobs, newest first, and the request of a list. Out: the response. Touches: nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from stepmill.services.operations import Response, ServiceError, invalid, unmet

_PAGE, _LARGEST_PAGE = 10, 100  # AWS's default and limit
_STATUSES = ("InProgress", "Completed", "Failed", "Stopping", "Stopped")
_ENUMS = {
    "StatusEquals": _STATUSES,
    "SortBy": ("Name", "CreationTime", "Status"),
    "SortOrder": ("Ascending", "Descending"),
}
_KNOWN = {
    *_ENUMS,
    "CreationTimeAfter",
    "CreationTimeBefore",
    "LastModifiedTimeAfter",
    "LastModifiedTimeBefore",
    "NameContains",
    "MaxResults",
    "NextToken",
}


def listed(word: str, rows: list[Response], request: Mapping[str, Any]) -> Response:
    """A page of `rows`, which have the members of `word`'s summaries (`TrainingJob`, `ProcessingJob`).

    Without SortOrder the newest come first, as the service gives them, although its model says Ascending. Raises
    ServiceError for what SageMaker refuses, and by name for filters that are not answered here.
    """
    _check(request)
    name, status = f"{word}Name", f"{word}Status"
    keys = {"Name": name, "Status": status, "CreationTime": "CreationTime"}
    found = [row for row in rows if _wanted(row, name, status, request)]
    key = keys[request.get("SortBy") or "CreationTime"]
    found.sort(key=lambda row: (row[key], row[name]), reverse=(request.get("SortOrder") or "Descending") != "Ascending")
    names = [row[name] for row in found]
    start = 0
    if (token := request.get("NextToken")) is not None:
        last = _read(str(token))
        if last not in names:
            raise ServiceError("ValidationException", "Invalid NextToken.")
        start = names.index(last) + 1
    end = start + int(request.get("MaxResults") or _PAGE)
    response: Response = {f"{word}Summaries": found[start:end]}
    if end < len(found):
        response["NextToken"] = base64.urlsafe_b64encode(names[end - 1].encode()).decode()
    return response


def _check(request: Mapping[str, Any]) -> None:
    for member in sorted(request.keys() - _KNOWN):
        if request[member] is not None:
            raise ServiceError("ValidationException", f"{member} is not answered on this machine; leave it out")
    problems = [
        unmet(request[member], member[0].lower() + member[1:], f"satisfy enum value set: [{', '.join(allowed)}]")
        for member, allowed in _ENUMS.items()
        if request.get(member) is not None and request[member] not in allowed
    ]
    size = request.get("MaxResults")
    if size is not None and not 1 <= int(size) <= _LARGEST_PAGE:
        edge = "greater than or equal to 1" if int(size) < 1 else f"less than or equal to {_LARGEST_PAGE}"
        problems.append(unmet(size, "maxResults", f"have value {edge}"))
    if problems:
        raise invalid(*problems)


def _wanted(row: Response, name: str, status: str, request: Mapping[str, Any]) -> bool:
    if request.get("StatusEquals") not in (None, row[status]) or (request.get("NameContains") or "") not in row[name]:
        return False
    for field in ("CreationTime", "LastModifiedTime"):
        after, before = request.get(f"{field}After"), request.get(f"{field}Before")
        if (after is not None and row[field] <= after) or (before is not None and row[field] >= before):
            return False
    return True


def _read(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        raise ServiceError("ValidationException", "Invalid NextToken.") from None
