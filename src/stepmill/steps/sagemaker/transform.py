"""The step that is a transform job.

In: a transformer and its data. Out: a state that applies the model, and where its output went. Touches: local data
files, to pack them.
"""

from __future__ import annotations

from typing import Any

from stepmill.inputs import Placeholder
from stepmill.inputs.placeholders import remembered
from stepmill.sagemaker.requests import Built, Place, transform_request

from .step import JobStep


class TransformStep(JobStep):
    """A batch transform job: a model applied to every record of some files.

    Args:
        state_id: the state's name.
        transformer: a `Transformer`, ours or `sagemaker` 2's or 3's.
        job_name: left out, every attempt of every execution gets a name of its own.
        model_name: the model's name, such as `save.name` of a ModelStep; left out, the transformer's.
        data: an `s3://` URI, a local path or a run-time value.
        data_type: `S3Prefix` or `ManifestFile`.
        content_type: the type of the data, such as `text/csv`.
        compression_type: `Gzip`, or left out.
        split_type: what a record is: `None`, `Line`, `RecordIO` or `TFRecord`, as text.
        experiment_config: as in the request; sent only when given.
        wait_for_completion: whether the state waits for the job's end.
        tags: `{key: value}`, or SageMaker's list; instead of the transformer's.
        input_filter: a JSONPath of SageMaker's, the part of a record that the model gets, such as `$[1:]`.
        output_filter: likewise, the part of an answer that is kept.
        join_source: `Input` writes each record beside its answer.
        model_client_config: `{"InvocationsTimeoutInSeconds": …, "InvocationsMaxRetries": …}`.
        batch_data_capture_config: as in the request, or an object with `_to_request_dict`.
        fields: parameters, joined to the request object by object and stronger than it; retry, catch, and the fields
            of `Task` except resource and arguments.
    """

    _action = "createTransformJob"

    def __init__(
        self,
        state_id: str,
        transformer: Any,
        job_name: Any = None,
        model_name: Any = None,
        data: Any = None,
        data_type: Any = "S3Prefix",
        content_type: Any = None,
        compression_type: Any = None,
        split_type: Any = None,
        experiment_config: Any = None,
        wait_for_completion: bool = True,
        tags: Any = None,
        input_filter: Any = None,
        output_filter: Any = None,
        join_source: Any = None,
        *,
        model_client_config: Any = None,
        batch_data_capture_config: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(state_id, job_name, wait_for_completion, **fields)
        self.transformer = transformer
        self._said = {
            "model_name": model_name,
            "data": data,
            "data_type": data_type,
            "content_type": content_type,
            "compression_type": compression_type,
            "split_type": split_type,
            "experiment_config": experiment_config,
            "tags": tags,
            "input_filter": input_filter,
            "output_filter": output_filter,
            "join_source": join_source,
            "model_client_config": model_client_config,
            "batch_data_capture_config": batch_data_capture_config,
        }

    def _base(self) -> Any:
        return getattr(self.transformer, "base_transform_job_name", None)

    def _paths(self) -> list[Any]:
        return [self._said["data"]]

    def _build(self, place: Place, parameters: Any) -> Built:
        return transform_request(
            self.transformer,
            place=place,
            explicit_job_name=self.job_name is not None,
            parameters=parameters,
            **self._said,
        )

    @property
    def name(self) -> Placeholder:
        """The job's name."""
        return remembered(self.state_id, "result", "TransformJobName")

    @property
    def s3_output_path(self) -> Placeholder:
        """Where the answers went, an `s3://` prefix; each file has its input's name and `.out`."""
        return remembered(self.state_id, "result", "TransformOutput", "S3OutputPath")
