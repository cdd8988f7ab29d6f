"""Run by an interpreter that has sagemaker 3: makes transform and tuning requests in both ways.

In: the file to write, the folder our package lies in. Out: JSON: `theirs`, what that SDK would send, `ours`, what our
builders make of the same objects. Touches: no network; the session is a stand-in, and no role is looked up.
"""

import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.parameter import CategoricalParameter, ContinuousParameter, IntegerParameter
from sagemaker.core.shapes import (
    HyperParameterTuningJobWarmStartConfig,
    OutputDataConfig,
    ParentHyperParameterTuningJob,
    StoppingCondition,
)
from sagemaker.core.transformer import Transformer
from sagemaker.core.utils.utils import serialize
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute
from sagemaker.train.defaults import TrainDefaults
from sagemaker.train.tuner import HyperparameterTuner


class Silent(Session):
    """A session that never speaks to AWS."""

    def __init__(self):
        self.sagemaker_config, self.default_bucket_prefix = {}, None
        self.boto_session = MagicMock(region_name="us-east-1")
        self.settings = MagicMock(include_jobs_in_git_config=False)

    def default_bucket(self):
        return "bucket"


TrainDefaults.get_role = staticmethod(lambda role=None, **_: role)  # it asks IAM whether the role would do
transformer = Transformer(
    "digits", 2, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", output_path="s3://b/out",
    output_kms_key="outputs", accept="text/csv", max_concurrent_transforms=2, max_payload=3, env={"A": "b"},
    tags=[{"Key": "a", "Value": "b"}], sagemaker_session=Silent(), volume_kms_key="volumes",
    transform_ami_version="al2-ami-sagemaker-batch-gpu-470",
)  # fmt: skip
transformer._current_job_name = "job"
arguments = ("s3://b/in", "S3Prefix", "text/csv", "Gzip", "Line", "$[1:]", "$[0]", "Input")
transform = transformer._get_transform_request(**transformer._get_transform_args(*arguments, None, None, None))

trainer = ModelTrainer(
    training_image="image:1", role="arn:aws:iam::123456789012:role/r", sagemaker_session=Silent(),
    compute=Compute(instance_type="ml.m5.large", instance_count=1, volume_size_in_gb=30), base_job_name="digits",
    hyperparameters={"epochs": 3, "rate": 0.1}, output_data_config=OutputDataConfig(s3_output_path="s3://b/out"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=60), environment={"A": "b"},
)  # fmt: skip
ranges = {"rate": ContinuousParameter(0.1, 1), "n": IntegerParameter(1, 3), "c": CategoricalParameter(["a", "b"])}
tuner = HyperparameterTuner(
    trainer, "accuracy", ranges, [{"Name": "accuracy", "Regex": "accuracy: (.*)"}], max_jobs=3, max_parallel_jobs=2,
    random_seed=3, warm_start_config=HyperParameterTuningJobWarmStartConfig(
        parent_hyper_parameter_tuning_jobs=[ParentHyperParameterTuningJob(hyper_parameter_tuning_job_name="before")],
        warm_start_type="TransferLearning"),
)  # fmt: skip
tuner._prepare_static_hyperparameters_for_tuning()
tuning = {
    "HyperParameterTuningJobName": "job",
    "HyperParameterTuningJobConfig": tuner._build_tuning_job_config(),
    "TrainingJobDefinition": tuner._build_training_job_definition("s3://b/train"),
    "WarmStartConfig": tuner.warm_start_config,
}

sys.path.insert(0, sys.argv[2])
from stepmill.sagemaker.requests import Place, transform_request, tuning_request  # noqa: E402

place = Place(job_name="job")
names = ("content_type", "compression_type", "split_type", "input_filter", "output_filter", "join_source")
ours = [
    transform_request(transformer, place=place, data=arguments[0], **dict(zip(names, arguments[2:], strict=True))),
    tuning_request(tuner, place=place, data="s3://b/train"),
]
for built in ours:
    assert not built.problems, built.problems
Path(sys.argv[1]).write_text(
    json.dumps({
        "theirs": [serialize(transform), serialize(tuning)],
        "ours": [each.request for each in ours],
    }),
    encoding="utf-8",
)  # fmt: skip
