"""What can be known to be wrong with a request before it is sent.

In: Built. Out: its problems. Touches: nothing but the shapes table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.built import Built, Complaint, at_run_time, first, once
from stepmill.sagemaker.shapes import Violation, violations


def complete(operation: str, built: Built, parameters: Any = None) -> Built:
    """Join what the user gave to the request, and compare all of it with SageMaker's shapes."""
    if parameters is not None:
        join(built.request, parameters)
    check_request(operation, built)
    return built


def named(parameters: Any) -> set[str]:
    """The fields that `parameters` says, `Name.$` as `Name`."""
    return {str(name).removesuffix(".$") for name in parameters or ()}


def join(target: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Join `given` to `target`: objects are joined, anything else replaces what was there.

    `Name.$`, which the user wrote for a run-time value, stands for `Name`.
    """
    for key, value in given.items():
        plain = key.removesuffix(".$")
        mine = target.get(key)
        if isinstance(mine, Mapping) and isinstance(value, Mapping):
            target[key] = dict(mine)
            join(target[key], value)
            continue
        target.pop(plain if plain != key else f"{key}.$", None)
        target[key] = value


def check_request(operation: str, built: Built) -> None:
    """Compare the constants of a request with SageMaker's own shapes. One fault is told once, in the plainest words."""
    said = list(built.problems)
    places = set()
    for violation in violations(operation, built.request):
        if violation.path in places or _is_told(violation, said):
            continue
        places.add(violation.path)
        built.complain(violation.code, *violation.plain())


def _is_told(violation: Violation, said: list[Complaint]) -> bool:
    """Whether what was said before is about this very fault."""
    value = violation.value
    if violation.kind == "max" and isinstance(value, (list, tuple)):
        return any(each.code.startswith("too-many-") and f" {len(value)} " in each.message for each in said)
    if violation.kind not in ("pattern", "min") or not isinstance(value, str):
        return False
    if not value:  # what could not be packed has no URI
        return any(each.code in ("bad-source", "file-missing") for each in said)
    return any(repr(value) in each.message or each.message.endswith(f" {value}") for each in said)


def check_spot(spot: Any, max_run: Any, max_wait: Any, built: Built) -> Any:
    """The rules of managed spot training; the max_wait to send (2 x max_run when left out)."""
    if first(spot) is None:
        if max_wait is not None:
            built.complain(
                "wait-without-spot", "max_wait= is given without spot", "add use_spot_instances=True, or leave it out"
            )
        return max_wait
    if max_wait is None:
        return max_run if isinstance(max_run, str) else max_run * 2
    if isinstance(max_run, int) and isinstance(max_wait, int) and max_wait < max_run:
        built.complain(
            "wait-below-run",
            f"max_wait={max_wait} is below max_run={max_run}",
            "it covers waiting and running together; leave it out for twice max_run",
        )
    return max_wait


def check_metrics(metrics: Any, built: Built) -> None:
    """Metric definitions must be regular expressions with one group: the value."""
    if not isinstance(metrics, (list, tuple)):
        return
    once([each.get("Name") for each in metrics], "metrics", "metric-twice", built)
    for each in metrics:
        name, regex = each.get("Name"), each.get("Regex")
        if not isinstance(regex, str) or at_run_time(regex):
            continue
        try:
            groups = re.compile(regex).groups
        except re.error as error:
            built.complain("bad-regex", f"metric {name!r}: {regex!r} is not a regular expression: {error}")
            continue
        if groups == 0:
            built.complain(
                "regex-without-group",
                f"metric {name!r}: {regex!r} has no group",
                "put the number in parentheses: accuracy: ([0-9.]+)",
            )
