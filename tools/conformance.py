"""Scores `stepmill serve` against executions recorded on real AWS: `make conformance CONFORMANCE=<folder>`.

In: the folder that holds the scorer and its corpora, and what else the scorer takes. Out: its table, on stdout.
Touches: a store in a temporary folder, served on a free port; nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CORPORA = ("corpus", "corpus_lambda")


def main() -> int:
    """Serve, score, end."""
    folder, *more = sys.argv[1:] or [""]
    if not folder:
        sys.stdout.write("no recordings: say CONFORMANCE=<the folder that holds score.py and its corpora>\n")
        return 0
    scorer = Path(folder) / "score.py"
    if not scorer.is_file():
        sys.exit(f"{scorer}: there is no scorer")
    with tempfile.TemporaryDirectory(prefix="stepmill-conformance-") as scratch:
        stepmill = [sys.executable, "-m", "stepmill", "--store", str(Path(scratch) / ".stepmill")]
        server = subprocess.Popen(
            [*stepmill, "serve", "--port", "0", "--json"], cwd=scratch, stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout is not None
            if not server.stdout.readline():
                return 1  # it has said why
            said = subprocess.run([*stepmill, "env", "--json"], check=True, capture_output=True, text=True)
            variables: dict[str, str] = json.loads(said.stdout)
            words = [sys.executable, str(scorer), "--endpoint-url", variables["AWS_ENDPOINT_URL"], *more]
            for corpus in CORPORA:
                words += ["--corpus", str(scorer.parent / corpus)]
            # the recorded messages are those of a client that does not count its attempts in them
            variables["AWS_RETRY_MODE"] = "legacy"
            return subprocess.run(words, check=False, env=os.environ | variables).returncode
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    sys.exit(main())
