"""What the forms have in common: assets, functions and images as files, and how people are told about them.

In: what was built. Out: files below a folder; lines of a README. Touches: that folder; the files that are packed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stepmill.deploy import naming
from stepmill.deploy.images import context, context_key, packed

if TYPE_CHECKING:
    from stepmill.assets import Asset
    from stepmill.deploy.build import Built


# Beginning of a region's name → its partition and what its addresses end in (IAM guide, "Identify AWS resources with
# ARNs"; botocore's endpoints.json).
_PARTITIONS: Final = {
    "cn-": ("aws-cn", "amazonaws.com.cn"),
    "us-gov-": ("aws-us-gov", "amazonaws.com"),
    "eusc-": ("aws-eusc", "amazonaws.eu"),
}


def put(folder: Path, name: str, text: str) -> None:
    """Write a text below a folder."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def functions(built: Built) -> dict[str, Asset]:
    """The zip of each function that the stack makes, by logical id."""
    by_key = {asset.key: asset for asset in built.assets}
    return {
        logical: by_key[made["Properties"]["Code"]["S3Key"]]
        for logical, made in built.app.body["Resources"].items()
        if made["Type"] == "AWS::Lambda::Function"
    }


def put_assets(built: Built, folder: Path, without: Iterable[Asset] = ()) -> None:
    """Write `assets/`: what must lie in the bucket, below its key there. without: what the form carries elsewhere."""
    left_out = {asset.key for asset in without}
    for asset in built.assets:
        if asset.key not in left_out:
            target = folder / "assets" / asset.key
            (target if asset.key.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
            asset.write(target)
    for made in built.images.values():
        target = folder / "assets" / context_key(made, built.stage)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(packed(made, built.stage))


def put_contexts(built: Built, folder: Path) -> None:
    """Write `images/NAME/`: what each image that is not there yet is built from."""
    for name, made in built.images.items():
        for path, content in context(made, built.stage).items():
            target = folder / "images" / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def unpack(asset: Asset, folder: Path) -> None:
    """The files of a function's zip, as files."""
    folder.mkdir(parents=True)
    packed_at = folder / ".zip"
    asset.write(packed_at)
    with zipfile.ZipFile(packed_at) as archive:
        for each in archive.infolist():
            archive.extract(each, folder)
            (folder / each.filename).chmod(each.external_attr >> 16 & 0o777)
    packed_at.unlink()


def plain(value: Any) -> Any:
    """A CloudFormation value as text with `${…}` in it: what `naming.value` makes of it, back again."""
    match value:
        case {"Ref": str(name)} if len(value) == 1:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
    return value


def in_shell(text: str, region: str) -> str:
    """A text with pseudo parameters as one with the shell's variables ACCOUNT and AWS_REGION, to be put in quotes."""
    place = next((each for prefix, each in _PARTITIONS.items() if region.startswith(prefix)), ("aws", "amazonaws.com"))
    partition, suffix = place
    for name, value in {
        "AWS::AccountId": "${ACCOUNT}",
        "AWS::Region": "${AWS_REGION}",
        "AWS::Partition": partition,
        "AWS::URLSuffix": suffix,
    }.items():
        text = text.replace(f"${{{name}}}", value)
    return text


def variables(built: Built) -> str:
    """The lines of a shell that set what `in_shell` uses."""
    return (
        f"export AWS_REGION={built.stage.region} AWS_DEFAULT_REGION={built.stage.region}\n"
        "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)\n"
    )


def heading(built: Built, form: str) -> str:
    """The first lines of a README."""
    stage = built.stage
    whose = f", meant for the account {stage.expected_account}" if stage.expected_account else ""
    return (
        f"# {built.bundle.name}, stage {stage.name}, as {form}\n\n"
        f"Written by `stepmill export` for the region {stage.region}{whose}. Changes belong in the pipeline: "
        "the next export writes these files again. Files of your own in this folder stay.\n"
    )


def images_told(built: Built) -> str:
    """The section on images; "" when none is to be built."""
    if not built.images:
        return ""
    blocks = []
    for name in built.images:
        uri = in_shell(naming.image(built.bundle, name, built.stage), built.stage.region)
        blocks.append(
            f'IMAGE="{uri}"\n'
            'aws ecr get-login-password | docker login --username AWS --password-stdin "${IMAGE%%/*}"\n'
            f'docker build --platform linux/amd64 --tag "$IMAGE" images/{name}\n'
            'docker push "$IMAGE"\n'
        )
    first = next(iter(built.images))
    key = context_key(built.images[first], built.stage)
    bucket, project = in_shell(naming.bucket(built.stage), built.stage.region), f"stepmill-{built.stage.name}"
    return (
        "\n## Images\n\n"
        "The jobs run in images that are built from `images/`, once for each content; the repository must be there:\n\n"
        f"```sh\n{chr(10).join(blocks)}```\n\n"
        f"Without Docker, the CodeBuild project {project} builds them from the bucket. For {first}:\n\n"
        "```text\n"
        f"aws codebuild start-build --project-name {project} --environment-variables-override \\\n"
        f'  "name=CONTEXT,value=s3://{bucket}/{key}" "name=IMAGE,value=$IMAGE"\n'
        "```\n"
    )


def starting_told(arn: str) -> str:
    """How an execution is started."""
    return f'\n## Start an execution\n\n```sh\naws stepfunctions start-execution --state-machine-arn "{arn}"\n```\n'


def live_arn(built: Built) -> str:
    """The ARN of the alias that starts executions, for the shell."""
    from stepmill.deploy.naming import ALIAS

    machine = naming.stack(built.bundle, built.stage)
    where = f"arn:{naming.PARTITION}:states:{naming.REGION}:{naming.ACCOUNT}"
    return in_shell(f"{where}:stateMachine:{machine}:{ALIAS}", built.stage.region)
