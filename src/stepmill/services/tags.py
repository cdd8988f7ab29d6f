"""SageMaker's tags of jobs.

In: ListTags, AddTags, DeleteTags. Out: responses. Touches: history, where tags that were changed are kept by ARN; those
that a job was made with stand in its request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from stepmill.history.log import History, Record
from stepmill.jobs.job import Jobs, Kind
from stepmill.services.operations import Response, ServiceError, operation

LIMIT = 50
"""Tags of one resource, at most."""
_KINDS: dict[str, Kind] = {"training-job": "training", "processing-job": "processing"}


class JobTags:
    """SageMaker's tags, of jobs."""

    def __init__(self, history: History, jobs: Jobs, *, region: str, account: str) -> None:
        self._history = history
        self._jobs = jobs
        self._writing = threading.Lock()
        self._scope = f"arn:aws:sagemaker:{region}:{account}:"

    @operation("ListTags", "ResourceArn")
    def list_tags(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """The tags of a job, all of them on one page."""
        return {"Tags": rows(self._tags(request["ResourceArn"]), "Key", "Value")}

    @operation("AddTags", "ResourceArn", "Tags")
    def add_tags(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Add tags to a job. Out: all that it has then."""
        added = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        tags = self._change(request["ResourceArn"], lambda tags: tags | added)
        return {"Tags": rows(tags, "Key", "Value")}

    @operation("DeleteTags", "ResourceArn", "TagKeys")
    def delete_tags(self, request: dict[str, Any], *, token: str | None = None) -> Response:
        """Take tags from a job; those that it does not have are no error."""
        self._change(request["ResourceArn"], lambda tags: without(tags, request["TagKeys"]))
        return {}

    def _change(self, arn: str, change: Callable[[dict[str, str]], dict[str, str]]) -> dict[str, str]:
        with self._writing:
            tags = change(self._tags(arn))
            if len(tags) > LIMIT:
                raise ServiceError("ResourceLimitExceeded", f"A resource has at most {LIMIT} tags")
            self._history.put(Record("sagemaker", "tags", arn, tags))
        return tags

    def _tags(self, arn: str) -> dict[str, str]:
        kind, _, name = str(arn).removeprefix(self._scope).partition("/")
        job = self._jobs.find(_KINDS[kind], name) if kind in _KINDS and str(arn).startswith(self._scope) else None
        if job is None:
            raise ServiceError("ValidationException", f"{arn} names no job on this machine; only jobs have tags here")
        kept = self._history.record("sagemaker", "tags", arn)
        made = job.request.get("Tags") or []
        return dict(kept) if kept is not None else {tag["Key"]: tag["Value"] for tag in made}


def rows(tags: Mapping[str, str], key: str, value: str) -> list[dict[str, str]]:
    """Tags as a list of maps, under the names that a service gives its two parts."""
    return [{key: name, value: said} for name, said in tags.items()]


def without(tags: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Tags without those of these names."""
    gone = set(names)
    return {name: value for name, value in tags.items() if name not in gone}
