"""What a run costs, as far as a price with a source and a date is known; else `n/a`, never a guess.

In: a definition and a region. Out: lines. Touches: nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from stepmill.asl.definition import walk_states

SOURCE: Final = "aws.amazon.com/step-functions/pricing"
SEEN: Final = "2026-11-28"
"""When the page was read: a stored copy, whose own date is not known."""
_USUAL: Final = 0.0250
TRANSITIONS: Final[Mapping[str, float]] = {
    "us-east-1": _USUAL, "us-east-2": _USUAL, "us-west-2": _USUAL, "us-west-1": 0.0279, "ca-central-1": _USUAL,
    "sa-east-1": 0.0375, "us-gov-east-1": 0.0300, "us-gov-west-1": 0.0300, "eu-west-1": _USUAL,
    "eu-central-1": _USUAL, "eu-west-2": _USUAL, "eu-west-3": 0.0297, "eu-north-1": _USUAL, "ap-southeast-1": _USUAL,
    "ap-northeast-1": _USUAL, "ap-southeast-2": _USUAL, "ap-northeast-2": 0.0271, "ap-south-1": 0.0285,
}  # fmt: skip
"""US dollars per 1,000 state transitions of Standard workflows, by region."""


def cost(template: str, region: str) -> list[str]:
    """What one run costs. template: a definition's text; region: the stage's.

    Transitions are counted as if each state were visited once: branches that are not taken cost less, retries, loops
    and iterations more.
    """
    definition: dict[str, Any] = json.loads(template)
    states = [state for _, _, state in walk_states(definition)]
    price = TRANSITIONS.get(region)
    if price is None:
        first = f"Step Functions: n/a ({SOURCE} had no price of {region} on {SEEN})"
    else:
        count = len(states) + 1  # the start of an execution is one too
        first = (
            f"Step Functions: {count} transitions, ${count * price / 1000:.5f} "
            f"(${price:.4f} per 1,000, {SOURCE}, seen {SEEN})"
        )
    jobs = Counter(kind for state in states if (kind := _instance(state)))
    said = ", ".join(f"{count} on {kind}" for kind, count in sorted(jobs.items()))
    unknown = f"jobs: {said}: n/a (no price of instances with a source and a date is known here)"
    return [first, unknown] if jobs else [first]


def _instance(state: Mapping[str, Any]) -> str:
    """The instance type of a state's job; empty for what is no job."""
    resource = str(state.get("Resource", ""))
    if "createTrainingJob" not in resource and "createProcessingJob" not in resource:
        return ""
    request = state.get("Arguments") or state.get("Parameters") or {}
    cluster = (request.get("ProcessingResources") or {}).get("ClusterConfig") or request.get("ResourceConfig") or {}
    kind = cluster.get("InstanceType")
    return kind if isinstance(kind, str) and not kind.startswith("{%") else "an instance that only the run knows"
