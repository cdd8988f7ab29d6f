"""Run by an interpreter that has stepfunctions 2.3.0 and sagemaker below 3: compiles every definition in two ways.

In: sources by name on standard input; the file to write; folders for sys.path. Out: JSON: `theirs`, the definition by
the old SDK, or what it raised; `mixed`, the same by our steps from sagemaker 2's own objects. Touches: no network.
"""

import json
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
sources = json.load(sys.stdin)
sys.path += sys.argv[2:]

from stepfunctions.steps import Graph  # noqa: E402

theirs, mixed = {}, {}
for name, source in sources.items():
    space = {}
    try:
        exec(source, space)
        theirs[name] = json.loads(Graph(space["definition"]).to_json())
    except Exception as fault:  # noqa: BLE001 -- the answer is what it says
        theirs[name] = repr(fault)

from stepmill import steps  # noqa: E402

for name, source in sources.items():
    space = {}
    try:
        exec(source.replace("from stepfunctions", "from stepmill"), space)
        mixed[name] = json.loads(steps.compile("oracle", space["definition"]).template)
    except Exception as fault:  # noqa: BLE001 -- the answer is what it says
        mixed[name] = repr(fault)

Path(sys.argv[1]).write_text(json.dumps({"theirs": theirs, "mixed": mixed}), encoding="utf-8")
