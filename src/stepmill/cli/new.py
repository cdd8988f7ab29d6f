"""`stepmill new`: a small pipeline that runs at once.

In: the name of a folder that is not there yet, or is empty. Out: the folder, and what to type next on stdout.
Touches: that folder.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import tempfile
from pathlib import Path

from stepmill.cli.refusal import Refusal

TEMPLATE = Path(__file__).parent / "template"
_RENAMED = {"gitignore": ".gitignore"}  # a dot file of that name would also rule this folder


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the verb takes."""
    parser.add_argument("dir", metavar="DIR", help="the folder to make")


def run(args: argparse.Namespace) -> int:
    """Write the files."""
    folder = Path(args.dir)
    make(folder)
    print(f"{folder} is made. Now:\n  cd {folder}\n  stepmill run pipeline.py")
    return 0


def make(folder: Path) -> None:
    """Make the project. Raises Refusal when something is there already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal(f"{folder}: is there already{' and not empty' if folder.is_dir() else ''}; choose another name")
    name = re.sub(r"[^a-z0-9]+", "-", folder.absolute().name.lower()).strip("-")[:40].strip("-") or "pipeline"
    parent = folder.absolute().parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        # made beside its place and then renamed, so that it is there whole or not at all
        made = Path(tempfile.mkdtemp(dir=parent, prefix=".stepmill-new-"))
    except OSError as fault:
        raise Refusal(f"{parent}: {fault.strerror}; choose a folder that you can write to") from None
    try:
        for source in sorted(TEMPLATE.iterdir()):
            target = source.name.removesuffix(".in")
            text = source.read_text(encoding="utf-8").replace("@name@", name)
            (made / _RENAMED.get(target, target)).write_text(text, encoding="utf-8")
        made.chmod(0o777 & ~_umask())
        made.replace(folder.absolute())
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
