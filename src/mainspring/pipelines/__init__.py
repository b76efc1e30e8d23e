"""Pipelines: typed graphs of steps that run in processes of their own, from a snapshot of their code, and are cached.

The names load on first use: a step's process needs the decorators, not the runner and the database behind it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring.pipelines.definition import Pipeline, pipeline
    from mainspring.pipelines.metrics import Metrics
    from mainspring.pipelines.start import run_pipeline, run_snapshot
    from mainspring.pipelines.steps import Step, step
    from mainspring.pipelines.values import load

__all__ = ["Metrics", "Pipeline", "Step", "load", "pipeline", "run_pipeline", "run_snapshot", "step"]

_HOMES = {
    "Metrics": "metrics",
    "Pipeline": "definition",
    "Step": "steps",
    "load": "values",
    "pipeline": "definition",
    "run_pipeline": "start",
    "run_snapshot": "start",
    "step": "steps",
}


# Any: each public name has its own type, which TYPE_CHECKING above tells.
def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mainspring.pipelines' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"mainspring.pipelines.{home}"), name)
    globals()[name] = value
    return value
