"""`stepmill clean`: remove old executions, and the jobs and objects that only they kept.

In: the command's arguments. Out: what was removed, on stdout. Touches: the store, through its engine; job folders and
objects.

An execution's objects stay as long as a job of a kept execution reads or writes them: a run that reused older data
keeps that data. Of an execution that still runs, everything it has heard of counts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stepmill.cli.reading import Reader
    from stepmill.cli.session import Session
    from stepmill.objects.folder import FolderStore


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("--keep", type=_count, required=True, metavar="N", help="keep the newest N executions")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be removed")


def run(args: argparse.Namespace) -> int:
    """Remove, oldest first."""
    from stepmill.cli import screen
    from stepmill.cli.reading import DATABASE, Reader, settings_of
    from stepmill.cli.session import Session
    from stepmill.objects.folder import FolderStore
    from stepmill.services.map_runs.records import family

    settings = settings_of(args)
    if not (settings.store / DATABASE).exists():
        screen.say(f"no executions in {settings.store}")
        return 0
    reader = Reader(settings)
    rows = reader.executions()
    old = [row for row in rows[args.keep :] if row["status"] != "RUNNING"]
    kept = [row for row in rows if row not in old]
    objects = FolderStore(settings.store / "objects")
    bucket = settings.bucket
    spoken = _spoken_of(reader, kept)
    jobs = _jobs_by_execution(reader)
    children = {row["arn"]: [arn for arn, _ in family(reader.history, row["arn"])] for row in old}
    plan = [(row, *_objects_of(row, bucket, objects, spoken)) for row in reversed(old)]
    for row, keys, _ in plan:
        for arn in children[row["arn"]]:
            if arn in jobs:  # only jobs write below their execution's own prefix
                machine, name = arn.split(":")[6:8]
                its = {"machine": machine.partition("/")[0], "name": name}
                keys += _objects_of(its, bucket, objects, spoken)[0]
    running = {row["arn"] for row in reader.executions(children=True) if row["status"] == "RUNNING"}
    reader.history.close()
    session = None if args.dry_run else Session(settings)
    try:
        for row, keys, reused in plan:
            mine = [job for arn in (row["arn"], *children.get(row["arn"], ())) for job in jobs.get(arn, [])]
            stay = ", its objects stay: a kept run uses them" if reused else ""
            verb = "would remove" if session is None else "removed"
            if session is not None:
                _remove(session, row["arn"], mine, objects, keys)
            print(f"{verb} {row['machine']} {row['name']} ({len(mine)} jobs, {len(keys)} objects{stay})", flush=True)
        if session is not None:
            _tidy(session, running)
    finally:
        if session is not None:
            session.local.release()
    screen.say(
        f"{len(old)} removed, {len(kept)} kept" if not args.dry_run else f"{len(old)} would go, {len(kept)} stay"
    )
    screen.say(f"environments made from requirements are in {settings.cache}; removing that folder is safe")
    return 0


def _remove(session: Session, arn: str, jobs: Sequence[Any], objects: FolderStore, keys: Sequence[str]) -> None:
    """What an execution made first and its record last, so that a second try finds what a first one left."""
    for key in keys:
        objects.delete(session.settings.bucket, key)
    from stepmill.jobs.removal import remove_tree

    for job in jobs:
        if job.wait(0) or not job.alive():  # over, or never launched
            remove_tree(str(job.folder))
    session.forget(arn)


def _tidy(session: Session, running: set[str]) -> None:
    """What no execution needs any more, and what a killed process left half-made."""
    from stepmill.functions import Functions
    from stepmill.jobs.removal import remove_begun

    store = session.local.store
    remove_begun(str(store.jobs))
    if store.functions.exists():
        # Events, which no execution runs, forget their own calls.
        Functions(store.functions).forget_ended(
            lambda token: token.startswith("event-") or token.rpartition("#")[0] in running
        )


def _objects_of(row: Mapping[str, Any], bucket: str, objects: FolderStore, spoken: str) -> tuple[list[str], bool]:
    """The keys under the execution's own prefix, and whether they stay because somebody else speaks of them."""
    prefix = f"{row['machine']}/{row['name']}/"
    if bucket not in objects.buckets():
        return [], False
    keys = [info.key for info in objects.list(bucket, prefix)]
    reused = bool(keys) and (f"s3://{bucket}/{prefix}" in spoken or f'"{prefix}' in spoken)
    return ([] if reused else keys), reused


def _spoken_of(reader: Reader, kept: Sequence[Mapping[str, Any]]) -> str:
    """What the jobs of the kept executions were asked, as one text; all that a running one knows."""
    from stepmill.services.map_runs.records import family

    texts = [
        json.dumps(event.details, ensure_ascii=False).replace('\\"', '"')
        for row in kept
        for arn in (row["arn"], *(arn for arn, _ in family(reader.history, row["arn"])))
        for event in reader.events(arn)
        if row["status"] == "RUNNING" or event.details.get("resourceType") == "sagemaker"
    ]
    return "\n".join(texts)


def _jobs_by_execution(reader: Reader) -> dict[str, list[Any]]:
    from stepmill.jobs.job import Jobs

    found: dict[str, list[Any]] = {}
    for job in Jobs(reader.settings.store / "jobs", reader.settings.store / "objects").list():
        found.setdefault(job.token.rpartition("#")[0], []).append(job)
    return found


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"must be a number of executions, not {text!r}")
    return int(text)
