"""The items of a Map Run that has an ItemReader.

In: what the plan says of the reader, and the one verb `call`. Out: items, one after another. Touches: S3, by `call`.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Protocol
from urllib.parse import urlsplit

from stepmill.asl.integrations import error_cause, integration
from stepmill.functions import request_of
from stepmill.services.map_runs import formats
from stepmill.services.map_runs.formats import ReaderFault
from stepmill.services.operations import Response, ServiceError


class Call(Protocol):
    """The one verb."""

    def __call__(self, service: str, name: str, request: Mapping[str, Any], /) -> Response: ...


def read(plan: Mapping[str, Any], call: Call, token: str) -> Iterator[Any]:
    """The items, at most as many as the plan wants, for the act of the name `token`. Raises ReaderFault."""
    if "fault" in plan:
        raise ReaderFault(plan["fault"])
    most = plan["most"]
    found = _Dataset(plan["config"], call, token).items(plan["resource"], dict(plan["from"]))
    return islice(found, most) if most else found


class _Dataset:
    def __init__(self, config: Mapping[str, Any], call: Call, token: str) -> None:
        self._config = config
        self._token = token
        self._call = call

    def items(self, resource: str, request: dict[str, Any]) -> Iterator[Any]:
        if not resource.endswith(":s3:listObjectsV2"):
            yield from self._object(request)
            return
        flat = self._config.get("Transformation") == "LOAD_AND_FLATTEN"
        for row in self._listed(request):
            if flat:
                yield from self._object({"Bucket": request["Bucket"], "Key": row["Key"]})
            else:
                yield row

    def _listed(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every object of a listing; the names are AWS's (recorded), and differ from S3's own in `Etag`."""
        while True:
            page = self._asked("listObjectsV2", "ListObjectsV2", request)
            for row in page.get("Contents", ()):
                yield {
                    "Etag": row["ETag"],
                    "LastModified": int(row["LastModified"]),
                    "Key": row["Key"],
                    "Size": row["Size"],
                    "StorageClass": row["StorageClass"],
                }
            if not page.get("IsTruncated"):
                return
            request = {**request, "ContinuationToken": page["NextContinuationToken"]}

    def _object(self, request: dict[str, Any]) -> Iterator[Any]:
        config = self._config
        if config.get("ManifestType") == "ATHENA_DATA":
            yield from self._athena(request)
        elif config.get("ManifestType") == "S3_INVENTORY" or config.get("InputType") == "MANIFEST":
            yield from self._inventory(request)
        else:
            yield from self._opened(request, config)

    def _opened(self, request: dict[str, Any], config: Mapping[str, Any]) -> Iterator[Any]:
        body = self._asked("getObject", "GetObject", request)["Body"]
        try:
            yield from formats.items(body, str(request["Key"]), config)
        finally:
            body.close()

    def _inventory(self, request: dict[str, Any]) -> Iterator[Any]:
        """The rows of an S3 inventory's CSV files, with the names its manifest.json gives them."""
        body = self._asked("getObject", "GetObject", request)["Body"]
        try:
            manifest = json.loads(body.read())
            kind, files = manifest["fileFormat"], [str(file["key"]) for file in manifest["files"]]
            names = [name.strip() for name in manifest["fileSchema"].split(",")]
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise ReaderFault(f"{request.get('Key')} is no manifest of an S3 inventory: {fault!r}") from None
        finally:
            body.close()
        if kind != "CSV":
            raise ReaderFault(f"The S3 inventory is {kind}; Step Functions reads those that are CSV")
        bucket = str(manifest.get("destinationBucket") or "").rpartition(":")[2] or request["Bucket"]
        config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": names}
        for key in files:
            yield from self._opened({"Bucket": bucket, "Key": key}, config)

    def _athena(self, request: dict[str, Any]) -> Iterator[Any]:
        """What is in the files that an UNLOAD of Athena lists, one URL a line."""
        listed = self._opened(request, {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["url"]})
        for row in listed:
            place = urlsplit(row["url"])
            if place.scheme != "s3" or not place.netloc or not place.path:
                raise ReaderFault(f"The Athena manifest lists {row['url']!r}, which is no s3:// URL")
            yield from self._opened({"Bucket": place.netloc, "Key": place.path.lstrip("/")}, self._config)

    def _asked(self, action: str, operation: str, request: dict[str, Any]) -> Response:
        try:
            return self._call("s3", operation, request)
        except ServiceError as refusal:
            raise ReaderFault(refused(action, refusal, self._token)) from None


def refused(action: str, refusal: ServiceError, token: str) -> str:
    """A refusal of S3 as the cause of the Map Run's failure; `token` is the name of its act."""
    row = integration(f"arn:aws:states:::aws-sdk:s3:{action}")
    return error_cause(row, refusal.code, refusal.message, refusal.status, request_of(token))
