"""`stepmill cp`: copy between the store's buckets and files.

In: the command's arguments. Out: one line on stderr; with `-` the object on stdout. Touches: the store's objects.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.cli.refusal import Refusal

if TYPE_CHECKING:
    from stepmill.objects.folder import FolderStore


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("source", metavar="FROM", help="s3://bucket/key, or a path; - is stdin")
    parser.add_argument("target", metavar="TO", help="s3://bucket/key, or a path; - is stdout")
    parser.add_argument("-r", "--recursive", action="store_true", help="everything under a prefix or folder")


def run(args: argparse.Namespace) -> int:
    """Copy."""
    from stepmill.cli import screen
    from stepmill.cli.reading import settings_of
    from stepmill.local.store import Store
    from stepmill.objects.folder import FolderStore
    from stepmill.objects.store import NoSuchBucket, NoSuchKey

    here, there = (word.startswith("s3://") for word in (args.source, args.target))
    if here == there:
        what = "both are s3:// URLs" if here else "neither is an s3:// URL"
        raise Refusal(f"cp {args.source} {args.target}: {what}; one must be s3://bucket/key, the other a path")
    store = Store(settings_of(args).store)
    folder = store.objects
    if here and not folder.exists():
        raise Refusal(f"{folder.parent}: there is no store here yet, and so no {args.source}")
    if there:
        store.make()
    objects = FolderStore(folder)
    try:
        count = _fetch(objects, args) if here else _put(objects, args)
    except NoSuchBucket as fault:
        known = ", ".join(objects.buckets())
        raise Refusal(f"{args.source}: there is no bucket {fault.bucket}; there are: {known or 'none'}") from None
    except NoSuchKey:
        raise Refusal(f"{args.source}: there is no such object{_under(objects, args.source)}") from None
    if args.target != "-":
        screen.say(f"{count} {'file' if count == 1 else 'files'} copied to {args.target}")
    return 0


def _fetch(objects: FolderStore, args: argparse.Namespace) -> int:
    from stepmill.objects.store import parse_url

    bucket, key = parse_url(args.source)
    if args.recursive:
        count = objects.download(args.source, args.target)
        if not count:
            raise Refusal(f"{args.source}: there is nothing under it")
        return count
    if not key or key.endswith("/"):
        raise Refusal(f"{args.source}: names many objects; copy them with -r, or give the whole key")
    with objects.open(bucket, key) as source:
        if args.target == "-":
            shutil.copyfileobj(source, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return 1
        target = Path(args.target)
        if target.is_dir() or args.target.endswith("/"):
            target = target / key.rpartition("/")[2]
        if not target.parent.is_dir():
            raise Refusal(f"{target.parent}: there is no such folder")
        # beside the target and then renamed, so that nobody ever finds half of it
        handle, path = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
        try:
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(source, file)
            Path(path).chmod(0o666 & ~_umask())
            Path(path).replace(target)
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
    return 1


def _put(objects: FolderStore, args: argparse.Namespace) -> int:
    from stepmill.cli import screen
    from stepmill.objects.store import parse_url

    bucket, key = parse_url(args.target)
    source = Path(args.source)
    if args.source != "-" and not source.exists():
        raise Refusal(f"{source}: there is no such file")
    if source.is_dir() and not args.recursive:
        raise Refusal(f"{source}: is a folder; copy it with -r")
    if args.source == "-" and (not key or key.endswith("/")):
        raise Refusal(f"{args.target}: what comes from stdin has no name; give the whole key")
    if bucket not in objects.buckets():
        objects.create_bucket(bucket)
        screen.say(f"made the bucket {bucket}")
    if args.source == "-":
        objects.put(bucket, key, sys.stdin.buffer.read())
        return 1
    if source.is_dir():
        return objects.upload(source, args.target)
    objects.put_file(bucket, key + source.name if not key or key.endswith("/") else key, source)
    return 1


def _under(objects: FolderStore, url: str) -> str:
    """A hint when the URL is the beginning of other keys."""
    from itertools import islice

    from stepmill.objects.store import parse_url

    bucket, key = parse_url(url)
    found = [info.key for info in islice(objects.list(bucket, key), 3)]
    if not found:
        found = [info.key for info in islice(objects.list(bucket, key.rpartition("/")[0]), 3)]
    return f"; there are: {', '.join(f's3://{bucket}/{name}' for name in found)}" if found else ""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
