"""Finds the jobs of a run for the verbs that look at them.

In: settings, a job's kind and name. Out: the Job, or None when its folder is gone. Touches: reads the store's jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stepmill.stage import Settings

if TYPE_CHECKING:
    from stepmill.jobs.job import Job


def find_job(settings: Settings, named: tuple[str, str]) -> Job | None:
    """A job by (kind, name), if its folder is still there."""
    from stepmill.jobs.job import Jobs

    kind, name = named
    jobs = Jobs(settings.store / "jobs", settings.store / "objects")
    return jobs.find("training" if kind == "training" else "processing", name)
