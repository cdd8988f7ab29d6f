"""What applies a model to files.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: attributes of the same names, read by the
builders. Touches: nothing; nothing is checked before a request is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.processing import Tags


class Transformer:
    """Machines that apply a model to every record of some files (`CreateTransformJob`).

    model_name: the model's name, such as `model.name` of a ModelStep; the step's `model_name=` is stronger.
    strategy: `MultiRecord` or `SingleRecord`. assemble_with: `Line` or `None`, as text. output_path: an `s3://` prefix;
    left out, a prefix of this execution and job. accept: the type of what comes out. max_concurrent_transforms,
    max_payload: requests at the same time, and MB of each (0 to 100). env: up to 16 variables. base_transform_job_name:
    what names of jobs begin with. Arguments not named here mean what they mean in SageMaker's SDK.
    """

    def __init__(
        self,
        model_name: Any = None,
        instance_count: Any = 1,
        instance_type: Any = "ml.m5.large",
        strategy: Any = None,
        assemble_with: Any = None,
        output_path: Any = None,
        output_kms_key: Any = None,
        accept: Any = None,
        max_concurrent_transforms: Any = None,
        max_payload: Any = None,
        tags: Tags | None = None,
        env: Mapping[str, Any] | None = None,
        base_transform_job_name: str | None = None,
        sagemaker_session: Any = None,
        volume_kms_key: Any = None,
    ) -> None:
        self.model_name = model_name
        self.instance_count = instance_count
        self.instance_type = instance_type
        self.strategy = strategy
        self.assemble_with = assemble_with
        self.output_path = output_path
        self.output_kms_key = output_kms_key
        self.accept = accept
        self.max_concurrent_transforms = max_concurrent_transforms
        self.max_payload = max_payload
        self.tags = tags
        self.env = env
        self.base_transform_job_name = base_transform_job_name
        self.sagemaker_session = sagemaker_session
        self.volume_kms_key = volume_kms_key
