"""Pipelines as people wrote them with the old SDK: source texts, run with that SDK and with ours.

Every module here has `DEFINITIONS`, name → text; a text leaves its first step in `definition`. Only the packages in the
import lines differ between the two runs. A module may have `DIFFERENCES` too: name → (words that stand in
docs/parity.md, {JSON pointer into the definition: what ours has there, or ABSENT}); all the rest must still be equal.
"""

import importlib
import pkgutil

HEAD = """
import sagemaker
from oracle_session import session
from stepfunctions.inputs import ExecutionInput, StepInput
from stepfunctions.steps import *
from stepfunctions.steps.integration_resources import IntegrationPattern
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor, ScriptProcessor
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
role = "arn:aws:iam::123456789012:role/SageMaker"
image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/digits:1"
"""
ABSENT = "«absent»"
DEFINITIONS: dict[str, str] = {}
DIFFERENCES: dict[str, tuple[str, dict[str, object]]] = {}
for _found in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_found.name}")
    assert not _module.DEFINITIONS.keys() & DEFINITIONS.keys(), f"a name of {_found.name} is taken"
    DEFINITIONS |= _module.DEFINITIONS
    DIFFERENCES |= getattr(_module, "DIFFERENCES", {})
