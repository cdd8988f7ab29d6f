"""Where a training job keeps its checkpoints.

In: the arguments of the SageMaker SDK 3 class of the same name. Out: attributes of the same names. Touches: nothing.
"""

from __future__ import annotations

from typing import Any


class CheckpointConfig:
    """Where a training job keeps its checkpoints, for `Estimator(checkpoint_config=…)`.

    s3_uri: an `s3://` prefix; True means a prefix of the execution that every attempt of the job shares. local_path:
    the folder in the container, `/opt/ml/checkpoints` when left out.
    """

    def __init__(self, s3_uri: Any = True, local_path: Any = None) -> None:
        self.s3_uri = s3_uri
        self.local_path = local_path
