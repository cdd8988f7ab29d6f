"""Several containers that serve one after another, as one model.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: attributes of the same names. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stepmill.sagemaker.model import Model


class PipelineModel:
    """Models that serve one after another (`CreateModel` with `Containers`): an inference pipeline.

    models: 2 to 15 Models, in order. role: as in Model. name: the model's name; left out, the step makes one.
    vpc_config, enable_network_isolation: as in Model, for all of them. predictor_cls: accepted, no effect.
    sagemaker_session: says the region that framework models look their images up in.
    """

    def __init__(
        self,
        models: Sequence[Model],
        role: Any = None,
        predictor_cls: Callable[..., Any] | None = None,
        name: Any = None,
        vpc_config: Any = None,
        sagemaker_session: Any = None,
        enable_network_isolation: Any = None,
    ) -> None:
        self.models = list(models)
        self.role = role
        self.predictor_cls = predictor_cls
        self.name = name
        self.vpc_config = vpc_config
        self.sagemaker_session = sagemaker_session
        self.enable_network_isolation = enable_network_isolation

    def pipeline_container_def(self, instance_type: Any = None) -> list[dict[str, Any]]:
        """The containers as `CreateModel` has them; instance_type: for models that look their images up."""
        return [model.prepare_container_def(instance_type) for model in self.models]
