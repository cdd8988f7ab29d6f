"""Whole pipelines, ready-made: what the old SDK calls templates.

In: estimators and a bucket. Out: a Workflow that trains and deploys. Touches: nothing itself.
"""

from __future__ import annotations

from .pipeline import InferencePipeline, TrainingPipeline

__all__ = ["InferencePipeline", "TrainingPipeline"]
