"""Channels of a training job: objects in S3, or a file system.

In: the arguments of the SageMaker SDK 2 classes of the same names.
Out: attributes of the same names, read by the builders. Touches: nothing; what S3 has is not checked before a request
is built.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stepmill.nearest import did_you_mean
from stepmill.sagemaker.built import is_placeholder

_TYPES = ("EFS", "FSxLustre")
_MODES = ("ro", "rw")


class ShuffleConfig:
    """A channel's order is shuffled at the start of each epoch (Pipe mode). seed: a whole number."""

    def __init__(self, seed: Any) -> None:
        self.seed = seed


class FileSystemInput:
    """A channel that is a folder of a file system in the job's VPC; refused on this machine.

    file_system_id: such as "fs-0123456789abcdef0". file_system_type: `EFS` or `FSxLustre`. directory_path: the folder.
    file_system_access_mode: `ro` or `rw`. content_type: of what is in it. Raises ValueError for another type or mode.
    """

    def __init__(
        self,
        file_system_id: Any,
        file_system_type: Any,
        directory_path: Any,
        file_system_access_mode: Any = "ro",
        content_type: Any = None,
    ) -> None:
        for name, value, known in (
            ("file_system_type", file_system_type, _TYPES),
            ("file_system_access_mode", file_system_access_mode, _MODES),
        ):
            if not is_placeholder(value) and value not in known:
                hint = did_you_mean(str(value), known, f"there are: {', '.join(known)}")
                raise ValueError(f"FileSystemInput: there is no {name} {value!r}; {hint}")
        self.config: dict[str, Any] = {
            "DataSource": {
                "FileSystemDataSource": {
                    "FileSystemId": file_system_id,
                    "FileSystemType": file_system_type,
                    "DirectoryPath": directory_path,
                    "FileSystemAccessMode": file_system_access_mode,
                }
            },
            **_given(ContentType=content_type),
        }


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
