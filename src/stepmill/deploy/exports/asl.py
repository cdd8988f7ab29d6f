"""A workflow as plain Amazon States Language, with its policies: for reviewers, and for any other tool.

In: what was built. Out: the definition, what its names stand for, policies, assets. Touches: the folder that is
written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.deploy.exports import parts
from stepmill.deploy.images import context_key
from stepmill.deploy.templates.app import text_of, users
from stepmill.steps.bundle import BUCKET, STAGE, names_in

if TYPE_CHECKING:
    from stepmill.deploy.build import Built

_OTHER: Final = "a name of your own deployment, which Stepmill does not fill in"


def asl(built: Built, folder: Path) -> tuple[str, ...]:
    """Write the definition and what belongs to it into an empty folder."""
    parts.put(folder, "definition.asl.json", text_of(json.loads(built.bundle.template)))
    parts.put(folder, "substitutions.json", text_of(substitutions(built)))
    for logical, made in built.app.body["Resources"].items():
        if made["Type"] == "AWS::IAM::Role":
            properties = parts.plain(made["Properties"])
            parts.put(folder, f"trust/{logical}.json", text_of(properties["AssumeRolePolicyDocument"]))
            for policy in properties.get("Policies", ()):
                parts.put(folder, f"policies/{logical}.json", text_of(policy["PolicyDocument"]))
    parts.put_assets(built, folder)
    parts.put_contexts(built, folder)
    parts.put(folder, "README.md", _readme(built))
    return ()


def substitutions(built: Built) -> dict[str, Any]:
    """What each `${Name}` of the definition is, by name: its kind, its value in the stage, the lines that use it."""
    bundle, stage = built.bundle, built.stage
    bound = naming.bindings(bundle, stage)
    zips = parts.functions(built)
    found: dict[str, Any] = {}
    for name in names_in(bundle.template):
        row: dict[str, Any] = {"is": _OTHER}
        if name == BUCKET:
            row = {"is": "name of the stage's bucket"}
        elif name in bundle.job_roles:
            row = {"is": "ARN of a role that SageMaker runs jobs with", "role": name}
        elif name == STAGE:
            row = {"is": "name of the stage"}
        elif name in bundle.manifest.functions:
            made = bundle.manifest.functions[name]
            row = {"is": "ARN of a Lambda function", "handler": made.handler, "runtime": f"python{stage.python}"}
            row |= {"code": f"assets/{zips[name].key}", "role": f"{name}Role"} if name in zips else {}
        elif name in bundle.manifest.images:
            row = {"is": "URI of an image"}
            if name in built.images:
                row |= {"context": f"assets/{context_key(built.images[name], stage)}"}
        elif name in bundle.manifest.activities:
            row = {
                "is": "ARN of an activity",
                "name": naming.cut(f"{bundle.manifest.activities[name]}-{stage.name}", 80),
            }
        if name in bound:
            row["value"] = bound[name]
        row["used"] = users(bundle, name)
        found[name] = row
    return found


def _readme(built: Built) -> str:
    return (
        f"{parts.heading(built, 'Amazon States Language')}\n"
        "- `definition.asl.json`: the definition, with `${Name}` where an account fills something in.\n"
        "- `substitutions.json`: what each of these names is, its value in this stage, and the lines of the pipeline "
        "that use it. In values, `${AWS::AccountId}` and the like are CloudFormation's pseudo parameters, and "
        "`${NotifyFunction.Arn}` is the ARN of what the name before the dot stands for.\n"
        "- `policies/` and `trust/`: for each role what it may do, and who may take it on.\n"
        "- `assets/`: what must lie in the bucket, below its key; `images/`: what images are built from.\n\n"
        "`stepmill policy explain` says why each right is there.\n"
    )
