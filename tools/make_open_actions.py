"""Writes src/stepmill/asl/open_actions.txt.gz: the actions of IAM that AWS takes only on `*`.

In: AWS's Service Authorization Reference, as the linter parliament carries it (`tools/venv.sh more`). Out: the table,
one line for each service. Touches: that file alone. Run it when parliament is newer.
"""

from __future__ import annotations

import gzip
import json
import sys
from importlib.metadata import version
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "src" / "stepmill" / "asl" / "open_actions.txt.gz"


def text() -> str:
    """The whole table: a head, then `prefix Action Action …`."""
    import parliament

    table = json.loads(Path(parliament.__file__).with_name("iam_definition.json").read_text(encoding="utf-8"))
    found: dict[str, dict[str, bool]] = {}
    for service in table:  # two pages may have the same prefix and action
        names = found.setdefault(service["prefix"], {})
        for action in service["privileges"]:
            free = not any(kind["resource_type"] for kind in action["resource_types"])
            names[action["privilege"]] = names.get(action["privilege"], True) and free
    rows = {prefix: sorted(name for name, free in names.items() if free) for prefix, names in sorted(found.items())}
    lines = [" ".join([prefix, *names]) for prefix, names in rows.items() if names]
    return "\n".join([f"# parliament {version('parliament')}", *lines, ""])


def main() -> int:
    """0; the file is written when it says something else."""
    made = gzip.compress(text().encode(), 9, mtime=0)
    if not TARGET.exists() or gzip.decompress(TARGET.read_bytes()) != gzip.decompress(made):
        TARGET.write_bytes(made)
        print(f"{TARGET.name}: {len(made):,} bytes")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
