"""Mainspring: one system for the whole life of a machine-learning model.

    import mainspring as ms

The public names load on first use, so that importing this package costs almost nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring.api.client import connect
    from mainspring.data import Dataset, add, dataset
    from mainspring.domain.gate import Evaluation, Gate
    from mainspring.features.asof import join_asof
    from mainspring.models import Model
    from mainspring.models.evaluation import evaluate, with_reference
    from mainspring.pipelines import Metrics, pipeline, step
    from mainspring.tracking import run

__version__ = "0.1.0"
__all__ = [
    "Dataset",
    "Evaluation",
    "Gate",
    "Metrics",
    "Model",
    "add",
    "connect",
    "dataset",
    "evaluate",
    "join_asof",
    "pipeline",
    "run",
    "step",
    "with_reference",
]

_HOMES = {
    "Dataset": "mainspring.data",
    "Evaluation": "mainspring.domain.gate",
    "Gate": "mainspring.domain.gate",
    "Metrics": "mainspring.pipelines",
    "Model": "mainspring.serving.loading",  # where models and the code of transformations are joined
    "add": "mainspring.data",
    "connect": "mainspring.api.client",
    "dataset": "mainspring.data",
    "evaluate": "mainspring.models.evaluation",
    "join_asof": "mainspring.features.asof",
    "pipeline": "mainspring.pipelines",
    "run": "mainspring.tracking",
    "step": "mainspring.pipelines",
    "with_reference": "mainspring.models.evaluation",
}


# Any: each public name has its own type, which TYPE_CHECKING above tells.
def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'mainspring' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
