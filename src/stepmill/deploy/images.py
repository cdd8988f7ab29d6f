"""The images that a pipeline's own requirements and Dockerfiles become.

In: an ImageSource and a Stage. Out: a build context, its digest, the files in it. Touches: the Dockerfile's folder.

A context is the same from any checkout. Who builds it (docker, podman, CodeBuild) is decided in `pushing`.
"""

from __future__ import annotations

import io
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stepmill.assets import Asset, Member

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage
    from stepmill.steps.bundle import ImageSource

_BASE: Final = "public.ecr.aws/docker/library/python:{python}-slim"
# The training toolkit gives an image the `train` command and script mode (github.com/aws/sagemaker-training-toolkit);
# it compiles a small extension, hence the compiler, which is gone again in the same layer.
_DOCKERFILE: Final = """\
FROM {base}
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends gcc libc6-dev \\
 && pip install --no-cache-dir 'sagemaker-training>=5.1' \\
 && apt-get purge --yes --auto-remove gcc libc6-dev \\
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt /opt/stepmill/requirements.txt
RUN pip install --no-cache-dir -r /opt/stepmill/requirements.txt
"""


def context(made: ImageSource, stage: Stage) -> dict[str, bytes]:
    """The files of a build context, by path. With a Dockerfile of the user's, its folder is the context."""
    if made.dockerfile is None:
        return {
            "Dockerfile": _DOCKERFILE.format(base=_BASE.format(python=stage.python)).encode(),
            "requirements.txt": "".join(f"{line}\n" for line in made.requirements).encode(),
        }
    return {each.name: each.path.read_bytes() for each in _folder(Path(made.dockerfile))} | {
        "Dockerfile": Path(made.dockerfile).read_bytes()
    }


def _folder(dockerfile: Path) -> tuple[Member, ...]:
    from stepmill.assets import pack_folder

    asset: Asset = pack_folder(dockerfile.parent)
    return asset.members


def context_digest(made: ImageSource, stage: Stage) -> str:
    """sha256 over the names and bytes of a context."""
    digest = sha256(b"stepmill image 1\0")
    for name, content in sorted(context(made, stage).items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def packed(made: ImageSource, stage: Stage) -> bytes:
    """The context as an uncompressed tar, the same bytes for the same content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in sorted(context(made, stage).items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(content), 0o644, 315532800
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def context_key(made: ImageSource, stage: Stage) -> str:
    """Where the context lies in the stage's bucket, for CodeBuild to read."""
    return f"stepmill/images/{context_digest(made, stage)}/context.tar"
