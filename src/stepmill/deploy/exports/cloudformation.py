"""A workflow as its two CloudFormation templates, to be deployed with the AWS CLI.

In: what was built. Out: what `stepmill build` writes, and a README. Touches: the folder that is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from stepmill.deploy import naming
from stepmill.deploy.build import fill
from stepmill.deploy.exports import parts

if TYPE_CHECKING:
    from stepmill.deploy.build import Built


def cloudformation(built: Built, folder: Path) -> tuple[str, ...]:
    """Write the templates, the assets and how to deploy them into an empty folder."""
    fill(built, folder)
    parts.put_contexts(built, folder)
    parts.put(folder, "README.md", _readme(built))
    return ()


def _readme(built: Built) -> str:
    base, stack = naming.base_stack(built.stage), naming.stack(built.bundle, built.stage)
    bucket = parts.in_shell(naming.bucket(built.stage), built.stage.region)
    sync = f'aws s3 sync assets "s3://{bucket}"\n' if built.assets or built.images else ""
    return (
        f"{parts.heading(built, 'CloudFormation templates')}\n"
        "What all workflows of the stage share comes first, then code and data, then the workflow:\n\n"
        f"```sh\n{parts.variables(built)}"
        f"aws cloudformation deploy --stack-name {base} --template-file base.json \\\n"
        "  --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset\n"
        f"{sync}"
        f"aws cloudformation deploy --stack-name {stack} --template-file template.json \\\n"
        f'  --s3-bucket "{bucket}" --s3-prefix stepmill/templates \\\n'
        "  --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset\n```\n"
        f"{parts.images_told(built)}"
        f"{parts.starting_told(parts.live_arn(built))}"
        "\n## To review\n\n"
        "`definition.asl.json` is the definition before its names are filled in, `policies/` what each role may do, "
        "`places.json` the line of the pipeline behind each resource, `assets.json` what each asset was made of.\n"
    )
