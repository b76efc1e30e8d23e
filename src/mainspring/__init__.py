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
    from mainspring.models import Model
    from mainspring.models.evaluation import evaluate
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
    "pipeline",
    "run",
    "step",
]

_HOMES = {
    "Dataset": "mainspring.data",
    "Evaluation": "mainspring.domain.gate",
    "Gate": "mainspring.domain.gate",
    "Metrics": "mainspring.pipelines",
    "Model": "mainspring.models",
    "add": "mainspring.data",
    "connect": "mainspring.connection",
    "dataset": "mainspring.data",
    "evaluate": "mainspring.models.evaluation",
    "pipeline": "mainspring.pipelines",
    "run": "mainspring.tracking",
    "step": "mainspring.pipelines",
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
