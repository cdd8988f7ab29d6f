"""One channel of a training job.

In: the arguments of the SageMaker SDK 2 class of the same name.
Out: attributes of the same names, read by the builders. Touches: nothing; nothing is checked before a request is built.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class TrainingInput:
    """One channel of a training job. s3_data: an `s3://` URI, or a local file or folder, which is stored by content.

    Arguments left out are left to the estimator and to SageMaker. shuffle_config: a seed, or an object with `seed`.
    input_mode: on this machine `File`. Arguments not named here mean what they mean in SageMaker's SDK.
    """

    def __init__(
        self,
        s3_data: Any,
        distribution: Any = None,
        compression: Any = None,
        content_type: Any = None,
        record_wrapping: Any = None,
        s3_data_type: Any = "S3Prefix",
        instance_groups: Sequence[Any] | None = None,
        input_mode: Any = None,
        attribute_names: Sequence[Any] | None = None,
        target_attribute_name: Any = None,
        shuffle_config: Any = None,
        hub_access_config: Mapping[str, Any] | None = None,
        model_access_config: Mapping[str, Any] | None = None,
    ) -> None:
        source: dict[str, Any] = {"S3DataType": s3_data_type, "S3Uri": s3_data}
        if distribution is None and target_attribute_name is None:
            distribution = "FullyReplicated"
        source |= _given(S3DataDistributionType=distribution)
        source |= _given(
            InstanceGroupNames=instance_groups,
            AttributeNames=attribute_names,
            HubAccessConfig=hub_access_config,
            ModelAccessConfig=model_access_config,
        )
        self.config: dict[str, Any] = {"DataSource": {"S3DataSource": source}}
        self.config |= _given(
            CompressionType=compression,
            ContentType=content_type,
            RecordWrapperType=record_wrapping,
            InputMode=input_mode,
            TargetAttributeName=target_attribute_name,
        )
        if shuffle_config is not None:
            self.config["ShuffleConfig"] = {"Seed": getattr(shuffle_config, "seed", shuffle_config)}


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
