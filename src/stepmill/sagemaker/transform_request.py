"""Builds `CreateTransformJob` requests.

In: a transformer, its data, a Place. Out: Built. Touches: the data files named, to pack them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepmill.sagemaker.built import (
    Built,
    Place,
    as_text,
    attribute,
    data_uri,
    first,
    given,
    request_dict,
    shown,
    tag_list,
)
from stepmill.sagemaker.limits import complete, named


def transform_request(
    transformer: Any,
    *,
    place: Place,
    data: Any,
    model_name: Any = None,
    data_type: Any = "S3Prefix",
    content_type: Any = None,
    compression_type: Any = None,
    split_type: Any = None,
    experiment_config: Any = None,
    tags: Any = None,
    input_filter: Any = None,
    output_filter: Any = None,
    join_source: Any = None,
    model_client_config: Any = None,
    batch_data_capture_config: Any = None,
    explicit_job_name: bool = False,
    parameters: Any = None,
) -> Built:
    """The `CreateTransformJob` request of a transformer: ours, sagemaker 2's or sagemaker 3's.

    data: an `s3://` URI, a local path (stored by content) or a run-time value. model_name: stronger than the
    transformer's. The other arguments: as in sagemaker 2's `Transformer.transform`. parameters: joined to the request,
    object by object, and stronger than it. Left out, the output path is `s3://<bucket>/<prefix>/<job name>/output`; of
    a job with a name of its own and a session, `s3://<the session's bucket>/<job name>`, as stepfunctions 2.3.0 has it.
    """
    built = Built()
    if not (hasattr(transformer, "assemble_with") and hasattr(transformer, "instance_type")):
        built.complain("not-a-transformer", f"{shown(transformer)} is no transformer", "give a Transformer")
        return built
    model = first(model_name, attribute(transformer, "model_name"))
    if model is None and "ModelName" not in named(parameters):
        built.complain("model-missing", "no model is named", "say model_name=, such as .name of a ModelStep")
        model = "model"
    if data is None and "TransformInput" not in named(parameters):
        built.complain("data-missing", "data= is missing", "say where the input lies: an s3:// URI or a local path")
    source = {"S3DataType": data_type, "S3Uri": "s3://b" if data is None else data_uri(data, "data=", place, built)}
    output_path = attribute(transformer, "output_path")
    session = attribute(transformer, "sagemaker_session")
    if output_path is None and explicit_job_name and session is not None:
        output_path = f"s3://{session.default_bucket()}/{place.job_name}"
    elif output_path is None:
        output_path = f"s3://{place.bucket}/{place.prefix}/{place.job_name}/output"
    environment = attribute(transformer, "env")
    if isinstance(environment, Mapping):
        environment = {str(name): as_text(value) for name, value in environment.items()}
    processing = given(InputFilter=input_filter, OutputFilter=output_filter, JoinSource=join_source)
    built.request |= {
        "TransformJobName": place.job_name,
        "ModelName": model,
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            **given(ContentType=content_type, CompressionType=compression_type, SplitType=split_type),
        },
        "TransformOutput": {
            "S3OutputPath": output_path,
            **given(
                KmsKeyId=attribute(transformer, "output_kms_key"),
                AssembleWith=attribute(transformer, "assemble_with"),
                Accept=attribute(transformer, "accept"),
            ),
        },
        "TransformResources": given(
            InstanceCount=attribute(transformer, "instance_count"),
            InstanceType=attribute(transformer, "instance_type"),
            VolumeKmsKeyId=attribute(transformer, "volume_kms_key"),
            TransformAmiVersion=attribute(transformer, "transform_ami_version"),
        ),
        **given(
            DataProcessing=processing or None,
            BatchStrategy=attribute(transformer, "strategy"),
            MaxConcurrentTransforms=attribute(transformer, "max_concurrent_transforms"),
            MaxPayloadInMB=attribute(transformer, "max_payload"),
            Environment=environment,
            ExperimentConfig=experiment_config,
            ModelClientConfig=model_client_config,
            DataCaptureConfig=request_dict(batch_data_capture_config),
        ),
    }
    if (all_tags := first(tags, attribute(transformer, "tags"))) is not None:
        built.request["Tags"] = tag_list(all_tags)
    return complete("CreateTransformJob", built, parameters)
