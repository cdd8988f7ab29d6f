"""Run by an interpreter that has stepfunctions 2.3.0 and sagemaker below 3: asks for a request in both ways.

In: the file to write, the folder our package lies in. Out: JSON: `theirs`, request by case, by the old SDK; `mixed`,
the same by our builders from the old SDK's objects; `trainer`, by ours from a real ModelTrainer. Touches: no network;
the SDK's session is a stand-in with a bucket's name.
"""

import importlib.util
import json
import sys
from pathlib import Path
from unittest.mock import MagicMock

from sagemaker.debugger import CollectionConfig, DebuggerHookConfig
from sagemaker.estimator import Estimator
from sagemaker.inputs import ShuffleConfig, TrainingInput
from sagemaker.instance_group import InstanceGroup
from sagemaker.modules import Session as CoreSession
from sagemaker.modules.configs import Compute, InputData, SourceCode, Tag
from sagemaker.modules.train import ModelTrainer
from sagemaker.network import NetworkConfig
from sagemaker.processing import FeatureStoreOutput, ProcessingInput, ProcessingOutput, Processor, ScriptProcessor
from stepfunctions.steps import ProcessingStep, TrainingStep

session = MagicMock()
session.default_bucket.return_value = "bucket"
session.default_bucket_prefix = None
session.boto_region_name = "us-east-1"
session.local_mode = False
session.config = None
session.sagemaker_config = {}
session.settings = MagicMock(include_jobs_in_git_config=False)


def with_session(cls):
    return lambda *args, **kwargs: cls(*args, sagemaker_session=session, **kwargs)


names = {
    "CollectionConfig": CollectionConfig,
    "DebuggerHookConfig": DebuggerHookConfig,
    "Estimator": with_session(Estimator),
    "FeatureStoreOutput": FeatureStoreOutput,
    "InstanceGroup": InstanceGroup,
    "NetworkConfig": NetworkConfig,
    "ProcessingInput": ProcessingInput,
    "ProcessingOutput": ProcessingOutput,
    "Processor": with_session(Processor),
    "ScriptProcessor": with_session(ScriptProcessor),
    "ShuffleConfig": ShuffleConfig,
    "TrainingInput": TrainingInput,
    "processing": lambda processor, **more: ProcessingStep("S", processor, "the-job", **more),
    "training": lambda estimator, **more: TrainingStep("S", estimator, "the-job", **more),
}

spec = importlib.util.spec_from_file_location("oracle_cases", Path(__file__).with_name("oracle_cases.py"))
cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cases)
texts = {**cases.PROCESSING, **cases.TRAINING}
theirs = {name: eval(text, dict(names)).to_dict()["Parameters"] for name, text in texts.items()}

sys.path.insert(0, sys.argv[2])
from stepmill.sagemaker.requests import Place, processing_request, training_request  # noqa: E402

place = Place(bucket="bucket", prefix="w/e", job_name="the-job")
names["processing"] = lambda it, **more: processing_request(it, place=place, explicit_job_name=True, **more)
names["training"] = lambda it, **more: training_request(it, place=place, explicit_job_name=True, **more)
mixed = {}
for name, text in texts.items():
    built = eval(text, dict(names))
    assert not built.problems, built.problems
    mixed[name] = built.request


class Session(CoreSession):
    """A session that never speaks to AWS."""

    def __init__(self):
        self.sagemaker_config = {}
        self.default_bucket_prefix = None

    def default_bucket(self):
        return "bucket"


trainer = ModelTrainer(
    sagemaker_session=Session(),
    role="arn:aws:iam::123456789012:role/r",
    training_image="i",
    base_job_name="base",
    source_code=SourceCode(source_dir=str(Path(__file__).parent), entry_script=Path(__file__).name),
    compute=Compute(instance_type="ml.m5.large", instance_count=1, enable_managed_spot_training=True),
    hyperparameters={"a": 1},
    tags=[Tag(key="k", value="v")],
    input_data_config=[InputData(channel_name="train", data_source="s3://b/train")],
)
built = training_request(trainer, place=place)
assert not built.problems, built.problems
trained = built.request
Path(sys.argv[1]).write_text(
    json.dumps({"theirs": theirs, "mixed": mixed, "trainer": trained}, indent=1, sort_keys=True) + "\n"
)
