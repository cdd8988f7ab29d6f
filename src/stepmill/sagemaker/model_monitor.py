"""What an endpoint keeps of its requests and answers.

In: the arguments of the SageMaker SDK 2 class of the same name. Out: the request's object. Touches: nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stepmill.sagemaker.built import given

_MODES = {"REQUEST": "Input", "RESPONSE": "Output"}


class DataCaptureConfig:
    """What an endpoint keeps of its requests and answers (`DataCaptureConfig`).

    enable_capture: whether it keeps anything. sampling_percentage: how many of them, 0 to 100. destination_s3_uri: an
    `s3://` prefix; left out, `model-monitor/data-capture` in the session's or the stage's bucket. kms_key_id: the key
    they are encrypted with. capture_options: `REQUEST`, `RESPONSE` or both, a list; both when left out.
    csv_content_types, json_content_types: which types are kept as they are; `text/csv` and `application/json` when left
    out. sagemaker_session: says the bucket.
    """

    def __init__(
        self,
        enable_capture: Any,
        sampling_percentage: Any = 20,
        destination_s3_uri: Any = None,
        kms_key_id: Any = None,
        capture_options: Sequence[Any] | None = None,
        csv_content_types: Sequence[Any] | None = None,
        json_content_types: Sequence[Any] | None = None,
        sagemaker_session: Any = None,
    ) -> None:
        if destination_s3_uri is None:
            bucket = "${Bucket}" if sagemaker_session is None else sagemaker_session.default_bucket()
            destination_s3_uri = f"s3://{bucket}/model-monitor/data-capture"
        self.enable_capture = enable_capture
        self.sampling_percentage = sampling_percentage
        self.destination_s3_uri = destination_s3_uri
        self.kms_key_id = kms_key_id
        self.capture_options = capture_options or ["REQUEST", "RESPONSE"]
        self.csv_content_types = csv_content_types or ["text/csv"]
        self.json_content_types = json_content_types or ["application/json"]

    def _to_request_dict(self) -> dict[str, Any]:
        return {
            "EnableCapture": self.enable_capture,
            "InitialSamplingPercentage": self.sampling_percentage,
            "DestinationS3Uri": self.destination_s3_uri,
            "CaptureOptions": [{"CaptureMode": _MODES.get(str(each).upper(), each)} for each in self.capture_options],
            **given(KmsKeyId=self.kms_key_id),
            "CaptureContentTypeHeader": {
                "CsvContentTypes": self.csv_content_types,
                "JsonContentTypes": self.json_content_types,
            },
        }
