"""The channels of a training job: its `InputDataConfig`.

In: what `data=` says. Out: a list of channels. Touches: local data files, to pack them.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.built import Built, Place, at_run_time, attribute, data_uri, is_placeholder, once, segment
from stepmill.sagemaker.hyperparameters import Code
from stepmill.sagemaker.inputs import TrainingInput

MOST = 20  # reference/sagemaker.md §2.1


def channels(estimator: Any, data: Any, code: Code, place: Place, built: Built) -> list[dict[str, Any]]:
    """All channels: the data's, the estimator's model, the code of an isolated container."""
    named = data if isinstance(data, Mapping) else {} if data is None else _records(data) or {"training": data}
    result = [_channel(name, value, place, built) for name, value in named.items()]
    if (model := attribute(estimator, "model_uri")) is not None:
        channel = TrainingInput(model, content_type="application/x-sagemaker-model", input_mode="File")
        result.append(_channel(attribute(estimator, "model_channel_name", "model"), channel, place, built))
    if code.channel is not None:
        result.append(_channel("code", code.channel, place, built))
    once([each["ChannelName"] for each in result], "channels", "channel-twice", built)
    if len(result) > MOST:
        built.complain("too-many-channels", f"there are {len(result)} channels", f"SageMaker allows {MOST}")
    return result


def feature_dim(data: Any) -> Any:
    """How wide the records are that sagemaker 2's own algorithms train on; None when the data are no RecordSets."""
    wide = [each for each in _listed(data) if hasattr(each, "records_s3_input")]
    return next((each.feature_dim for each in wide if len(wide) == 1 or each.channel == "train"), None)


def _records(data: Any) -> dict[str, Any]:
    """One or several RecordSets of sagemaker 2 by their channels; empty when the data are none."""
    sets = _listed(data)
    return {each.channel: each.records_s3_input() for each in sets if hasattr(each, "records_s3_input")}


def _listed(data: Any) -> list[Any]:
    return list(data) if isinstance(data, list | tuple) else [data]


def _channel(name: Any, value: Any, place: Place, built: Built) -> dict[str, Any]:
    what = f"channel {name!r}"
    segment(name, "a channel", built)
    if is_placeholder(value) or isinstance(value, (str, os.PathLike)):
        value = TrainingInput(value)
    config = getattr(value, "config", None)
    if not isinstance(config, Mapping):
        built.complain("bad-channel", f"{what} is {value!r}", "give a URI, a path, a run-time value or a TrainingInput")
        config = TrainingInput(f"s3://{place.bucket}/").config
    channel: dict[str, Any] = copy.copy(dict(config))
    source = channel.get("DataSource", {}).get("S3DataSource")
    if source is not None:
        source = {**source, "S3Uri": data_uri(source.get("S3Uri"), what, place, built)}
        channel["DataSource"] = {**channel["DataSource"], "S3DataSource": source}
    mode = channel.get("InputMode")
    if channel.get("CompressionType") == "Gzip" and mode not in (None, "Pipe") and not at_run_time(mode):
        built.complain("gzip-without-pipe", f"{what} is Gzip", "SageMaker unpacks it in input_mode='Pipe' only")
    return {"ChannelName": name, **channel}
