"""What starts executions by itself: a schedule, or new data under a prefix.

In: what a Workflow says. Out: `Triggers`, and Problems for what AWS would refuse. Touches: the tz database's index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stepmill.asl.problems import Problem
from stepmill.nearest import nearest

_DATA = re.compile(r"s3://(\$\{Bucket\}|[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.*)")


@dataclass(frozen=True)
class Triggers:
    """What starts executions of a deployed workflow. On this machine nothing does.

    Attributes:
        schedule: `cron(…)`, `rate(…)` or `at(…)` as EventBridge Scheduler takes it; None for none.
        time_zone: a name of the tz database, in which cron is read.
        new_data: `s3://bucket/prefix`; each object that is created under it starts an execution. None for none.
    """

    schedule: str | None = None
    time_zone: str = "UTC"
    new_data: str | None = None

    @property
    def data(self) -> tuple[str, str]:
        """Bucket and prefix of `new_data`, which there is."""
        found = _DATA.fullmatch(self.new_data or "")
        assert found is not None, "problems() was asked before"
        return found[1], found[2]

    def problems(self, place: str) -> Iterator[Problem]:
        """What is wrong with them, at the line `place`."""
        if self.schedule is not None and not is_schedule(self.schedule):
            yield Problem(
                place,
                "schedule",
                f"schedule={self.schedule!r} is none of EventBridge Scheduler",
                'write cron(minute hour day month weekday year), such as "cron(0 3 * * ? *)", or "rate(1 day)"',
            )
        if not _known_zone(self.time_zone):
            from zoneinfo import available_timezones

            guess = nearest(self.time_zone, available_timezones())
            hint = f"did you mean {guess!r}?" if guess else 'a name of the tz database, such as "Asia/Tokyo"'
            yield Problem(place, "time-zone", f"there is no time zone {self.time_zone!r}", hint)
        if self.new_data is not None and not _DATA.fullmatch(self.new_data):
            yield Problem(
                place,
                "new-data",
                f"new_data={self.new_data!r} is no place in S3",
                'write it as "s3://${Bucket}/incoming/"',
            )


def is_schedule(text: str) -> bool:
    """Whether a text has the form of a schedule: `cron(…)` with six fields, `rate(…)` or `at(…)` (EventBridge
    Scheduler user guide, "Schedule types")."""
    if found := re.fullmatch(r"cron\(([^()]+)\)", text):
        return len(found[1].split()) == 6
    if found := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text):
        return int(found[1]) > 0
    return re.fullmatch(r"at\(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\)", text) is not None


def _known_zone(name: str) -> bool:
    if name == "UTC":
        return True
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # ZoneInfoNotFoundError is a KeyError
        return False
    return True
