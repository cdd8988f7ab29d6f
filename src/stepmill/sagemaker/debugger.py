"""What SageMaker Debugger saves of a training job.

In: the arguments of the SageMaker SDK 2 class of the same name.
Out: attributes of the same names, read by the builders. Touches: nothing; nothing is checked before a request is built.

Any value may be known only at run time (a Placeholder, or an f-string with one in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class CollectionConfig:
    """A collection of tensors SageMaker Debugger saves. name: its name; parameters: `{name: text}`."""

    def __init__(self, name: Any, parameters: Mapping[str, Any] | None = None) -> None:
        self.name = name
        self.parameters = parameters


class DebuggerHookConfig:
    """What SageMaker Debugger saves, and where (`DebugHookConfig`); recorded, no effect on this machine.

    s3_output_path: None means the job's own. container_local_output_path: a path in the container. hook_parameters:
    `{name: text}`. collection_configs: CollectionConfigs.
    """

    def __init__(
        self,
        s3_output_path: Any = None,
        container_local_output_path: Any = None,
        hook_parameters: Mapping[str, Any] | None = None,
        collection_configs: Sequence[Any] | None = None,
    ) -> None:
        self.s3_output_path = s3_output_path
        self.container_local_output_path = container_local_output_path
        self.hook_parameters = hook_parameters
        self.collection_configs = collection_configs
