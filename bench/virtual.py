"""How long the virtual clock takes for a year, and for a ladder of retries over days; and that a seed repeats itself.

In: nothing. Out: one table on stdout. Touches: nothing. It asserts nothing.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from stepmill.testing import fail, run, succeed

REPS = 50
YEAR = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 31_536_000, "End": True}}}
RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3600, "MaxAttempts": 8, "BackoffRate": 2.0}
TASK = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Parameters": {}, "End": True}
LADDER = {"StartAt": "Work", "States": {"Work": {**TASK, "Retry": [RETRY]}}}
JITTER = {"StartAt": "Work", "States": {"Work": {**TASK, "Retry": [{**RETRY, "JitterStrategy": "FULL"}]}}}


def script() -> dict[str, Any]:
    return {"Work": [*[fail("Busy")] * 8, succeed()]}


def main() -> None:
    print(f"{'':24}{'virtual':>16}{'median, real':>16}{'slowest, real':>16}")
    for name, definition, tasks in (("a Wait of one year", YEAR, dict), ("a ladder of 8 retries", LADDER, script)):
        taken, result = [], None
        for _ in range(REPS):
            began = time.perf_counter()
            result = run(definition, tasks=tasks())
            taken.append((time.perf_counter() - began) * 1000)
        assert result is not None
        days = result.seconds / 86_400
        print(f"{name:24}{days:>11.1f} days{statistics.median(taken):>13.2f} ms{max(taken):>13.2f} ms")
    hashes = {run(JITTER, tasks=script(), seed=7).digest for _ in range(100)}
    print(f"one seed, 100 times: {len(hashes)} history ({hashes.pop()[:16]}…)")


if __name__ == "__main__":
    main()
