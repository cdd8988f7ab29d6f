"""Run by an interpreter that has sagemaker 2 or 3: lets that SDK start jobs, and has our builders read its objects.

In: the file to write, the folder our package lies in, a folder with code. Out: JSON: `own`, request by case, as the SDK
sends it; `mixed`, as ours reads it from the SDK's own objects. Touches: no network; the connection to SageMaker is a
stand-in that keeps the request and raises.
"""

import importlib
import json
import logging
import sys
import warnings
from pathlib import Path
from unittest.mock import MagicMock

import boto3

target, sources, code = sys.argv[1:]
here = Path(__file__).parent
sys.path[:0] = [str(here)]
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
own_cases = importlib.import_module("own_cases")


class Sent(Exception):
    """The request has left."""


class Wire:
    """What the SDK takes for its client: it keeps what is created and answers nothing."""

    request = None

    def __getattr__(self, name):
        def call(**request):
            if name in ("create_training_job", "create_processing_job"):
                self.request = request
                raise Sent
            return MagicMock()

        return call


class Boto(boto3.Session):
    """A session that reaches nobody."""

    def client(self, name, *_, **__):
        return wire if name.startswith("sagemaker") else MagicMock()

    def resource(self, *_, **__):
        return MagicMock()


wire = Wire()
boto = Boto(aws_access_key_id="x", aws_secret_access_key="x", region_name="us-east-1")


def sent(start):
    wire.request = None
    try:
        start()
    except Exception:  # SDK 3 wraps what is raised
        if wire.request is None:
            raise
    return wire.request


def names2():
    import sagemaker
    from sagemaker import (
        debugger,
        estimator,
        huggingface,
        inputs,
        instance_group,
        network,
        processing,
        pytorch,
        sklearn,
        spark,
        tensorflow,
        xgboost,
    )

    session = sagemaker.Session(boto_session=boto, sagemaker_client=wire, default_bucket="bucket")
    found = {}
    for module in (debugger, estimator, inputs, instance_group, network, processing, huggingface, pytorch, sklearn,
                   spark.processing, tensorflow, xgboost):  # fmt: skip
        found |= vars(module)
    with_session = ("Estimator", "SKLearn", "XGBoost", "PyTorch", "TensorFlow", "HuggingFace", "Processor",
                    "ScriptProcessor", "SKLearnProcessor", "FrameworkProcessor", "PyTorchProcessor",
                    "PySparkProcessor")  # fmt: skip
    # a framework processor is told the class of its estimator, which must stay a class
    known = {name: found[name] for name in with_session}
    for name, cls in known.items():
        found[name] = type(name, (cls,), {"__init__": _with(cls, session), "__module__": cls.__module__})
    return found


def _with(cls, session):
    def init(self, *args, **kwargs):
        kwargs.setdefault("sagemaker_session", session)
        cls.__init__(self, *args, **kwargs)

    return init


def names3():
    from sagemaker.core import processing, shapes
    from sagemaker.core.helper.session_helper import Session
    from sagemaker.core.network import NetworkConfig
    from sagemaker.train import configs, defaults
    from sagemaker.train.model_trainer import ModelTrainer

    defaults.resolve_and_validate_role = lambda provided_role=None, **_: provided_role  # it would ask IAM
    session = Session(boto_session=boto, sagemaker_client=wire, default_bucket="bucket")
    found = {**vars(shapes), **vars(configs), **vars(processing), "NetworkConfig": NetworkConfig}
    for name in ("Processor", "ScriptProcessor", "FrameworkProcessor"):
        found[name] = lambda *args, _cls=found[name], **kwargs: _cls(*args, sagemaker_session=session, **kwargs)
    found["trainer"] = lambda **kwargs: ModelTrainer(sagemaker_session=session, **kwargs)
    return found


try:
    names, cases, newer = names2(), own_cases.SDK2, False
except ImportError:
    names, cases, newer = names3(), own_cases.SDK3, True


def fit(estimator=None, data=None, **kwargs):
    if newer:
        return sent(lambda: names["trainer"](**kwargs).train(wait=False))
    return sent(lambda: estimator.fit(data, wait=False, job_name="the-job"))


def run(processor, **how):
    if "Spark" in type(processor).__name__:
        how["submit_app"] = how.pop("code")
    return sent(lambda: processor.run(wait=False, logs=False, job_name="the-job", **how))


def asked(text, **more):
    return eval(text, {**names, "code": code, **more})


own = {name: asked(text, fit=fit, run=run) for name, text in cases.items()}

sys.path.insert(0, sources)
from stepmill.sagemaker.requests import Place, processing_request, training_request  # noqa: E402

place = Place(bucket="bucket", prefix="the-job", job_name="the-job")


def read_fit(estimator=None, data=None, **kwargs):
    given = names["trainer"](**kwargs) if newer else estimator
    return training_request(given, place=place, data=data, explicit_job_name=True)


def read_run(processor, arguments=None, **how):
    return processing_request(processor, place=place, container_arguments=arguments, explicit_job_name=True, **how)


mixed = {}
for name, text in cases.items():
    built = asked(text, fit=read_fit, run=read_run)
    assert not built.problems, (name, built.problems)
    mixed[name] = built.request
Path(target).write_text(json.dumps({"own": own, "mixed": mixed}, indent=1, sort_keys=True, default=str), "utf-8")
