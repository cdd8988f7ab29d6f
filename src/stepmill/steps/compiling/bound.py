"""What AWS would say of a compiled text, once its names are filled in.

In: a Bundle, and the line each part of it was written on. Out: problems at the user's lines; notices of what AWS takes
and this machine does not run. Touches: nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from stepmill.asl.checks import check
from stepmill.asl.places import HERE
from stepmill.asl.problems import InvalidDefinition, Problem
from stepmill.steps.bundle import BUCKET, Bundle, filled


def check_bound(bundle: Bundle, lines: Mapping[str, str], start: str, others: Collection[str] = ()) -> list[str]:
    """The notices of a text that AWS takes.

    Args:
        bundle: the text, and the names in it.
        lines: JSON pointer → `pipeline.py:41`. start: the line of what stands below no pointer.
        others: names in it that somebody else fills in.

    Raises:
        InvalidDefinition: AWS would not take it.
    """
    sample = {name: f"arn:aws:iam::000000000000:role/{name}" for name in (*bundle.needs, *others)}
    scope = "arn:aws:states:us-east-1:000000000000:activity"
    sample |= {name: f"{scope}:{called}" for name, called in bundle.manifest.activities.items()}
    found, notices = [], []
    for problem in check(json.loads(filled(bundle.template, {**sample, BUCKET: "stepmill-local"}))):
        pointer = problem.place
        while pointer and pointer not in lines:
            pointer = pointer.rpartition("/")[0]
        place = lines.get(pointer) or start or problem.place
        if problem.code == HERE:  # AWS takes it; the local stage refuses it when it is created
            notices.append(f"{place}: {problem.message}")
        else:
            found.append(Problem(place, problem.code, f"{problem.place}: {problem.message}", problem.hint))
    if found:
        raise InvalidDefinition(found)
    return notices
