"""How good a registered model is.

In: the arguments of the SageMaker SDK 2 classes of the same names. Out: the request's objects. Touches: nothing.
"""

from __future__ import annotations

from typing import Any

from stepmill.sagemaker.built import given


class MetricsSource:
    """A report. content_type: such as `application/json`. s3_uri: where it lies. content_digest: its hash."""

    def __init__(self, content_type: Any, s3_uri: Any, content_digest: Any = None) -> None:
        self.content_type = content_type
        self.s3_uri = s3_uri
        self.content_digest = content_digest

    def _to_request_dict(self) -> dict[str, Any]:
        return given(ContentType=self.content_type, S3Uri=self.s3_uri, ContentDigest=self.content_digest)


class ModelMetrics:
    """What is known of a model when it is registered (`ModelMetrics`); each argument is a MetricsSource.

    model_statistics, model_constraints: of the model's quality. model_data_statistics, model_data_constraints: of its
    data's. bias, bias_pre_training, bias_post_training, explainability: reports.
    """

    def __init__(
        self,
        model_statistics: Any = None,
        model_constraints: Any = None,
        model_data_statistics: Any = None,
        model_data_constraints: Any = None,
        bias: Any = None,
        explainability: Any = None,
        bias_pre_training: Any = None,
        bias_post_training: Any = None,
    ) -> None:
        self.model_statistics = model_statistics
        self.model_constraints = model_constraints
        self.model_data_statistics = model_data_statistics
        self.model_data_constraints = model_data_constraints
        self.bias = bias
        self.explainability = explainability
        self.bias_pre_training = bias_pre_training
        self.bias_post_training = bias_post_training

    def _to_request_dict(self) -> dict[str, Any]:
        parts = {
            "ModelQuality": _sources(Statistics=self.model_statistics, Constraints=self.model_constraints),
            "ModelDataQuality": _sources(
                Statistics=self.model_data_statistics, Constraints=self.model_data_constraints
            ),
            "Bias": _sources(
                Report=self.bias, PreTrainingReport=self.bias_pre_training, PostTrainingReport=self.bias_post_training
            ),
            "Explainability": _sources(Report=self.explainability),
        }
        return {name: part for name, part in parts.items() if part}


def _sources(**sources: Any) -> dict[str, Any]:
    return {name: source._to_request_dict() for name, source in given(**sources).items()}
