"""The two pipelines of the old SDK.

In: estimators and a bucket. Out: a Workflow that trains and deploys. Touches: nothing itself.
"""

from __future__ import annotations

from .inference import InferencePipeline
from .train import TrainingPipeline

__all__ = ["InferencePipeline", "TrainingPipeline"]
