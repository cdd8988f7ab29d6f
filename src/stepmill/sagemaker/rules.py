"""What SageMaker refuses although every field by itself is well formed.

In: a whole request, everything known. Out: the message of the ValidationException. Touches: the shapes table.

Words seen on the real service say where; the others are ours until a recording settles them.

Here: rules between fields. Rules of one field are in the shapes table; rules of the account (quotas) are nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stepmill.sagemaker.shapes import validate, validation_message


def refusal(operation: str, request: Mapping[str, Any]) -> str | None:
    """Why SageMaker would refuse a request with a ValidationException: its message; None when it would not.

    Raises KeyError for an operation that is not in the table.
    """
    if complaints := validate(operation, request, bound=True):
        return validation_message(complaints)
    rules = {"CreateProcessingJob": _processing, "CreateTrainingJob": _training}.get(operation)
    return next(rules(request), None) if rules else None


def _processing(request: Mapping[str, Any]) -> Iterator[str]:
    places: list[str] = []
    for each in request.get("ProcessingInputs") or ():
        source, managed = each.get("S3Input"), not each.get("AppManaged")
        if source is None and each.get("DatasetDefinition") is None:
            yield f"Input {each['InputName']} has neither S3Input nor DatasetDefinition"
        if source is None or not managed:
            continue
        if not source.get("LocalPath") or not source.get("S3InputMode"):
            # Worded by the service itself; S3DownloadMode is no field of the API (reference/sagemaker.md §1.2).
            yield (
                f"Input {each['InputName']} is missing one or more required fields for SageMaker-managed S3Input: "
                "LocalPath, S3DownloadMode, S3InputMode"
            )
        place = source.get("LocalPath", "").rstrip("/")
        if not place.startswith("/opt/ml/processing/"):
            yield f"LocalPath {place} of input {each['InputName']} must begin with /opt/ml/processing/"
        if place in places:
            # The service sends an empty message here (aws/sagemaker-python-sdk#4939), which helps nobody.
            yield f"LocalPath {place} is used by more than one input"
        places.append(place)
        if source.get("S3CompressionType") == "Gzip" and source["S3InputMode"] != "Pipe":
            yield f"S3CompressionType Gzip of input {each['InputName']} is only supported with S3InputMode Pipe"
    yield from _twice("InputName", request.get("ProcessingInputs"))
    yield from _twice("OutputName", (request.get("ProcessingOutputConfig") or {}).get("Outputs"))


def _training(request: Mapping[str, Any]) -> Iterator[str]:
    algorithm = request.get("AlgorithmSpecification") or {}
    if bool(algorithm.get("TrainingImage")) == bool(algorithm.get("AlgorithmName")):
        yield "Exactly one of TrainingImage and AlgorithmName must be specified in AlgorithmSpecification"
    stopping = request.get("StoppingCondition") or {}
    wait, run = stopping.get("MaxWaitTimeInSeconds"), stopping.get("MaxRuntimeInSeconds", 86400)
    if wait is not None and not request.get("EnableManagedSpotTraining"):
        # As the service words it (Kenza-AI/sagify#111).
        yield "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true"
    if request.get("EnableManagedSpotTraining") and (wait is None or wait < run):
        yield "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
    yield from _twice("ChannelName", request.get("InputDataConfig"))


def _twice(field: str, things: Any) -> Iterator[str]:
    names = [each[field] for each in things or ()]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{field} {name} is used more than once; each must be unique"
