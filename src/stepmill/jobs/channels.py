"""Brings a job's data and code into its `/opt/ml`, and takes its results away.

In: a request and the job's tree. Out: files in the tree before the job, objects under `s3://` after it. Touches: the
tree, the object store.
A job may overwrite its inputs in place; the objects never change. So small inputs are copied (sharing blocks where the
disk can), large ones are seen through an overlay where the sandbox can, and nothing is ever hard linked.
"""

from __future__ import annotations

import json
import os

from stepmill.objects.folder import FolderStore
from stepmill.objects.store import NoSuchBucket, NoSuchKey, ObjectError, parse_url

from . import contract, toolkit
from .sandbox import Overlay

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Request = Mapping[str, Any]

OVERLAY_FROM = 64 << 20
"""Bytes from which an input is overlaid instead of copied; `STEPMILL_OVERLAY_FROM` overrides it.

A copy behaves like a disk in every respect. In an overlay a folder that came from the input cannot be renamed (EXDEV),
and objects that arrive under the prefix while the job runs may show. Copying 64 MB takes about as
long as importing numpy.
"""


class ClientError(Exception):
    """The request asks for data that is not there or cannot be used; the message names the S3 URI."""


class Staging:
    """The transfers of one job. `scratch` is a private folder outside the tree, on the same disk."""

    def __init__(self, kind: str, request: Request, tree: str, objects: str, scratch: str) -> None:
        self.kind = kind
        self.request = request
        self.tree = tree
        self.store = FolderStore(objects)
        self.scratch = scratch

    def bring(self, *, overlays: bool) -> list[Overlay]:
        """Fills the tree; what is to be overlaid comes back instead. Raises ClientError."""
        found: list[Overlay] = []
        sources = self._sources()
        for number, (url, target, kind) in enumerate(sources):
            folder = self.tree + contract.below(target)
            if kind == "ManifestFile":
                self._manifest(url, folder)
                continue
            overlay = self._overlay(number, url, target) if overlays and self._apart(target) else None
            if overlay:
                found.append(overlay)
            else:
                self._prefix(url, folder)
        if self.kind == "training":
            self._checkpoints_in()
            self._code()
        return found

    def copy(self, overlays: Sequence[Overlay]) -> None:
        """Copies what was to be overlaid, where the sandbox cannot. Raises ClientError."""
        for overlay in overlays:
            self._prefix(overlay.source, self.tree + contract.below(overlay.target))

    def take_outputs(self) -> None:
        """Uploads the outputs of a processing job. Raises ClientError."""
        for output in contract.outputs(self.request):
            where = output["S3Output"]
            folder = self.tree + contract.below(where["LocalPath"])
            # A link in the place of the folder is not followed, as SageMaker follows none.
            if not os.path.islink(folder) and os.path.isdir(folder):
                self._upload(folder, where["S3Uri"], f"output {output['OutputName']}")

    def take_model(self) -> str:
        """Uploads `model` and, when it has content, `output/data` of a training job; the URL of the model."""
        config = self.request.get("OutputDataConfig") or {}
        name = contract.name_of(self.kind, self.request)
        place = f"{str(config.get('S3OutputPath', '')).rstrip('/')}/{name}/output"
        model, data = f"{self.tree}/model", f"{self.tree}/output/data"
        if os.path.isdir(data) and os.listdir(data):
            self._archive(data, f"{place}/output.tar.gz")
        if config.get("CompressionType") == "NONE":
            self._upload(model, f"{place}/model/", "the model")
            return f"{place}/model/"
        self._archive(model, f"{place}/model.tar.gz")
        return f"{place}/model.tar.gz"

    def take_checkpoints(self) -> None:
        """Uploads the checkpoints, whatever became of the job: they are what the next attempt starts from."""
        config = self.request.get("CheckpointConfig") or {}
        folder = self.tree + contract.below(config.get("LocalPath") or "/opt/ml/checkpoints") if config else ""
        if config.get("S3Uri") and os.path.isdir(folder):
            self._upload(folder, config["S3Uri"].rstrip("/") + "/", "checkpoints")

    def _sources(self) -> list[tuple[str, str, str]]:
        """What to bring: URL, path below `/opt/ml`, S3DataType."""
        if self.kind == "processing":
            return [
                (one["S3Input"]["S3Uri"], one["S3Input"]["LocalPath"], one["S3Input"].get("S3DataType") or "S3Prefix")
                for one in contract.inputs(self.request)
            ]
        return [
            (source["S3Uri"], f"/opt/ml/input/data/{channel['ChannelName']}", source.get("S3DataType") or "S3Prefix")
            for channel in self.request.get("InputDataConfig") or []
            if (source := (channel.get("DataSource") or {}).get("S3DataSource"))
        ]

    def _prefix(self, url: str, folder: str) -> None:
        try:
            count = self.store.download(url, folder)
        except (ObjectError, OSError) as problem:
            raise _not_there(url, problem) from problem
        if not count:
            raise _not_there(url, None)

    def _manifest(self, url: str, folder: str) -> None:
        bucket, key = parse_url(url)
        try:
            entries = json.loads(self.store.get(bucket, key))
            prefix, names = entries[0]["prefix"], entries[1:]
            sources = [(prefix + name, f"{folder}/{name}") for name in names]
        except (NoSuchKey, NoSuchBucket) as problem:
            raise _not_there(url, problem) from problem
        except (ValueError, LookupError, TypeError) as problem:
            raise ClientError(
                f'the manifest {url} is not a JSON array of {{"prefix": "s3://…"}} and keys: {problem}'
            ) from problem
        for source, target in sources:
            if not os.path.normpath(target).startswith(folder + "/"):
                raise ClientError(f"the manifest {url} names {source}, which has no place below {folder}")
            source_bucket, source_key = parse_url(source)
            try:
                data = self.store.path(source_bucket, source_key)
                self.store.info(source_bucket, source_key)
                os.makedirs(os.path.dirname(target), exist_ok=True)
                from stepmill.objects.transfer import copy_file

                copy_file(str(data), target)
            except (ObjectError, OSError) as problem:
                raise _not_there(source, problem) from problem

    def _apart(self, target: str) -> bool:
        """Whether no other input or output lies in or around this folder: an overlay would hide one from the other."""
        mine = contract.below(target) + "/"
        others = [contract.below(path) + "/" for _, path, _ in self._sources()]
        others += [contract.below(one["S3Output"]["LocalPath"]) + "/" for one in contract.outputs(self.request)]
        others.remove(mine)
        return not any(mine.startswith(other) or other.startswith(mine) for other in others)

    def _overlay(self, number: int, url: str, target: str) -> Overlay | None:
        """The overlay for a large input whose folder in the store looks exactly as the job must see it."""
        from stepmill.objects import listing

        least = int(os.environ.get("STEPMILL_OVERLAY_FROM", OVERLAY_FROM))
        bucket, key = parse_url(url)
        prefix = key.rstrip("/") + "/" if key else ""
        top = f"{self.store.root}/{bucket}"
        lower = f"{top}/{prefix}".rstrip("/")
        size = 0
        try:
            for found, path in listing.walk(self.store.format, top, key, ""):
                if path != f"{top}/{found}" or not found.startswith(prefix):
                    return None
                size += os.lstat(path).st_size
        except OSError:
            return None
        if size < max(least, 1):
            return None
        upper, work = (f"{self.scratch}/overlay/{number}/{name}" for name in ("upper", "work"))
        for folder in (upper, work, self.tree + contract.below(target)):
            os.makedirs(folder, exist_ok=True)
        return Overlay(url, lower, target, upper, work)

    def _checkpoints_in(self) -> None:
        config = self.request.get("CheckpointConfig") or {}
        if not config.get("S3Uri"):
            return
        folder = self.tree + contract.below(config.get("LocalPath") or "/opt/ml/checkpoints")
        try:
            self.store.download(config["S3Uri"].rstrip("/") + "/", folder)
        except (ObjectError, OSError) as problem:
            raise _not_there(config["S3Uri"], problem) from problem

    def _code(self) -> None:
        source = toolkit.submitted(self.request)
        code = f"{self.tree}/code"
        if not source or toolkit.program(self.request) is None or os.listdir(code):
            return
        if source.startswith("s3://"):
            bucket, key = parse_url(source)
            try:
                self.store.info(bucket, key)
            except ObjectError as problem:
                raise _not_there(source, problem) from problem
            self._unpack(str(self.store.path(bucket, key)), code, source)
            return
        source = source.removeprefix("file://")
        if source == toolkit.CODE or not os.path.normpath(source).startswith("/opt/ml/"):
            raise ClientError(f"sagemaker_submit_directory {source} is neither an s3:// URL nor below /opt/ml/")
        path = self.tree + contract.below(source)
        if os.path.isdir(path):
            from stepmill.objects.transfer import copy_file

            for folder, folders, files in os.walk(path):
                inner = code + folder[len(path) :]
                for name in folders:
                    os.mkdir(f"{inner}/{name}")
                for name in files:
                    copy_file(f"{folder}/{name}", f"{inner}/{name}")
        else:
            self._unpack(path, code, source)

    def _unpack(self, archive: str, folder: str, named: str) -> None:
        from stepmill.objects import archives

        try:
            archives.extract(archive, folder)
        except (OSError, ValueError, archives.BadArchive) as problem:
            raise ClientError(f"the code {named} cannot be unpacked: {problem}") from problem

    def _archive(self, folder: str, url: str) -> None:
        from stepmill.objects import archives

        bucket, key = parse_url(url)
        target = f"{self.scratch}/{key.rpartition('/')[2]}"
        archives.pack(folder, target)
        try:
            self.store.put_file(bucket, key, target, move=True)
        except ObjectError as problem:
            raise _refused(url, problem) from problem

    def _upload(self, folder: str, url: str, what: str) -> None:
        try:
            self.store.upload(folder, url)
        except ObjectError as problem:
            raise _refused(url, problem, what) from problem


def _not_there(url: str, problem: Exception | None) -> ClientError:
    if isinstance(problem, NoSuchBucket):
        return ClientError(f"Data download failed: the bucket of {url} does not exist")
    if problem is None or isinstance(problem, NoSuchKey):
        return ClientError(
            f'No S3 objects found under S3 URL "{url}" given in input data source. Please ensure that the bucket '
            "exists in the selected region, that objects exist under that S3 prefix, and that the role has permissions "
            "on it."
        )
    return ClientError(f"Data download failed: {url}: {problem}")


def _refused(url: str, problem: Exception, what: str = "the archive") -> ClientError:
    return ClientError(f"Data upload failed: {what} could not be stored at {url}: {problem}")
