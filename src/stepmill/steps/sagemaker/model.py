"""The steps that make and register models.

In: models. Out: states that create them, and their names. Touches: the inference scripts named, to see that they parse.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.placeholders import remembered
from stepmill.sagemaker.built import request_dict
from stepmill.sagemaker.requests import Built, Place, model_request, models_of, package_request
from stepmill.steps.scripts import script

from .step import NamedStep, SageMakerStep


class _OfModels(SageMakerStep):
    """What both steps share: models with images and scripts."""

    model: Any

    def described(self) -> Sequence[Any]:
        """The models."""
        return models_of(self.model)

    def _paths(self) -> list[Any]:
        return [
            getattr(each, "source_dir", None) or getattr(each, "entry_point", None) for each in self.described()
        ]  # fmt: skip

    def _scripts(self, base: Path) -> Sequence[Path]:
        found = [
            script(base, getattr(each, "source_dir", None), getattr(each, "entry_point", None))
            for each in self.described()
        ]
        return [file for file in found if file is not None]


class ModelStep(_OfModels, NamedStep):
    """Makes a model of SageMaker: containers and where their data lies.

    Args:
        state_id: the state's name.
        model: a `Model`, a `PipelineModel` or a `ModelPackage`, ours or `sagemaker` 2's; such as
            `train.get_expected_model()`, when this step comes right after.
        model_name: left out, the model's own name, or else a name of its own for every attempt of every execution.
        instance_type: the machine it will run on, for framework models that look their image up by it.
        tags: `{key: value}`, or SageMaker's list.
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.
    """

    _names = "model_name"
    _arn = "ModelArn"

    def __init__(
        self, state_id: str, model: Any, model_name: Any = None, instance_type: Any = None, tags: Any = None,
        **fields: Any,
    ) -> None:  # fmt: skip
        super().__init__(state_id, getattr(model, "name", None) if model_name is None else model_name, **fields)
        self.model, self.instance_type, self._tags = model, instance_type, tags

    def _called(self) -> str:
        return "sagemaker:createModel"

    def _build(self, place: Place, parameters: Any) -> Built:
        return model_request(
            self.model, place=place, instance_type=self.instance_type, tags=self._tags, parameters=parameters
        )


class ModelPackageStep(_OfModels):
    """Registers a model in the Model Registry (`CreateModelPackage`).

    Args:
        state_id: the state's name.
        model: a `Model` or a `PipelineModel`, such as `Model(image_uri=…, model_data=train.model)`.
        model_package_group_name: the group's name or ARN; the registry numbers the versions in it.
        content_types: what the model reads, such as `["text/csv"]`.
        response_types: what it answers with.
        inference_instances: the machines it may be deployed to.
        transform_instances: the machines it may transform on.
        approval_status: `PendingManualApproval`, `Approved` or `Rejected`.
        model_metrics: `ModelMetrics` as the request has it, an object with `_to_request_dict`, or the `s3://` URI of a
            JSON report, which becomes the statistics of the model's quality.
        description: of this version.
        customer_metadata_properties: `{name: text}`, at most 50.
        metadata_properties: as in the request, or an object with `_to_request_dict`: repository, commit, who made it.
        drift_check_baselines: as in the request, or an object with `_to_request_dict`.
        domain: `COMPUTER_VISION`, `NATURAL_LANGUAGE_PROCESSING` or `MACHINE_LEARNING`.
        task: such as `IMAGE_CLASSIFICATION`.
        sample_payload_url: an `s3://` URI.
        framework: such as `PYTORCH`, of every container.
        framework_version: of every container.
        nearest_model_name: of every container.
        skip_model_validation: `All` or `None`, as text.
        source_uri: where the model comes from.
        instance_type: the machine, for framework models that look their image up by it.
        tags: `{key: value}`, or SageMaker's list; only without a group.
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.
    """

    def __init__(
        self,
        state_id: str,
        model: Any,
        model_package_group_name: Any = None,
        *,
        content_types: Any = None,
        response_types: Any = None,
        inference_instances: Any = None,
        transform_instances: Any = None,
        approval_status: Any = "PendingManualApproval",
        model_metrics: Any = None,
        description: Any = None,
        customer_metadata_properties: Any = None,
        metadata_properties: Any = None,
        drift_check_baselines: Any = None,
        domain: Any = None,
        task: Any = None,
        sample_payload_url: Any = None,
        framework: Any = None,
        framework_version: Any = None,
        nearest_model_name: Any = None,
        skip_model_validation: Any = None,
        source_uri: Any = None,
        instance_type: Any = None,
        tags: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, None, **fields)
        self.model, self.group, self.instance_type, self._tags = model, model_package_group_name, instance_type, tags
        self._metrics = model_metrics
        self._about = {
            "ModelPackageDescription": description,
            "ModelApprovalStatus": approval_status,
            "CustomerMetadataProperties": customer_metadata_properties,
            "MetadataProperties": request_dict(metadata_properties),
            "DriftCheckBaselines": request_dict(drift_check_baselines),
            "Domain": domain,
            "Task": task,
            "SamplePayloadUrl": sample_payload_url,
            "SkipModelValidation": skip_model_validation,
            "SourceUri": source_uri,
        }
        self._supported = {
            "SupportedContentTypes": content_types,
            "SupportedResponseMIMETypes": response_types,
            "SupportedRealtimeInferenceInstanceTypes": inference_instances,
            "SupportedTransformInstanceTypes": transform_instances,
        }
        self._framework = {
            "Framework": framework,
            "FrameworkVersion": framework_version,
            "NearestModelName": nearest_model_name,
        }

    def _called(self) -> str:
        return "aws-sdk:sagemaker:createModelPackage"

    def _build(self, place: Place, parameters: Any) -> Built:
        return package_request(
            self.model,
            place=place,
            group=self.group,
            about=self._about,
            supported=self._supported,
            framework=self._framework,
            instance_type=self.instance_type,
            metrics=self._metrics,
            tags=self._tags,
            parameters=parameters,
        )

    @property
    def arn(self) -> Placeholder:
        """The ARN of the registered version."""
        return remembered(self.state_id, "result", "ModelPackageArn")
