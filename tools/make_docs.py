"""Writes the pages that are made from the code: `python tools/make_docs.py`, or `--check` to say which are not current.

In: the tables of the code, the headings of decisions. Out: pages in docs/reference, docs/decisions/README.md. Touches:
those pages alone. A page that needs judgement is written by hand and does not belong here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def integrations() -> str:
    """What a Task state can call, with what its role needs for it."""
    from stepmill.asl.integrations import INTEGRATIONS

    waits = {"request": "the answer", "sync": "the job's end", "token": "the task token"}
    rows = [
        f"| `{row.arn}` | {waits[row.pattern]} | `{row.error_prefix}.…` | {', '.join(f'`{a}`' for a in row.actions)} |"
        for row in INTEGRATIONS
    ]
    return "\n".join(
        [
            "# What a Task state can call",
            "",
            "Made from `src/stepmill/asl/integrations.py` by `make docs`. Anything else is refused by name before",
            "a run begins. Permissions are what the state machine's role needs on AWS; locally nothing checks them.",
            "",
            "| Resource | Waits for | Its errors | Permissions |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def decisions() -> str:
    """The index of decisions, under the titles that the pages give themselves."""
    rows = []
    for page in sorted((DOCS / "decisions").glob("0*.md")):
        heading = page.read_text(encoding="utf-8").partition("\n")[0]
        title = re.sub(r"^#\s*\d+[\s.·:-]*", "", heading)
        rows.append(f"- [{page.name[:4]} {title}]({page.name})")
    return "\n".join(
        [
            "# Decisions",
            "",
            "One page for each choice that somebody will question: what was decided, what else there was, why, and",
            "what would change our mind. A page is not rewritten when we change it; the new one says which it",
            "replaces. `make docs` makes this list from the pages.",
            "",
            *rows,
            "",
        ]
    )


PAGES: dict[str, Callable[[], str]] = {"reference/integrations.md": integrations, "decisions/README.md": decisions}


def main(check: bool) -> int:
    """0, or 1 when `check` finds a page that differs from what the code says."""
    stale = []
    for name, make in PAGES.items():
        page, text = DOCS / name, make()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                page.parent.mkdir(parents=True, exist_ok=True)
                page.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"docs/{name}: {'is not what the code says; make docs' if check else 'written'}")  # noqa: T201
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
