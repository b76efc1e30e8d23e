"""Datasets: named tables in immutable, numbered, validated versions.

The names load on first use: a step's process needs the handle alone, without the database behind the operations.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring.data.client import add, frame, open_dataset, paths, resolve, validate_source
    from mainspring.data.handle import Dataset, DatasetRef, dataset
    from mainspring.data.ops import (
        add_version,
        analyse,
        diff,
        list_datasets,
        list_quarantined,
        list_versions,
        set_schema,
        show_dataset,
        show_quarantined,
        show_version,
        validate,
    )

__all__ = [
    "Dataset",
    "DatasetRef",
    "add",
    "add_version",
    "analyse",
    "dataset",
    "diff",
    "frame",
    "list_datasets",
    "list_quarantined",
    "list_versions",
    "open_dataset",
    "paths",
    "resolve",
    "set_schema",
    "show_dataset",
    "show_quarantined",
    "show_version",
    "validate",
    "validate_source",
]

_HANDLE = frozenset({"Dataset", "DatasetRef", "dataset"})
_CLIENT = frozenset({"add", "frame", "open_dataset", "paths", "resolve", "validate_source"})


# Any: each name has its own type, which TYPE_CHECKING above tells.
def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mainspring.data' has no attribute {name!r}")
    home = "handle" if name in _HANDLE else "client" if name in _CLIENT else "ops"
    value = getattr(importlib.import_module(f"mainspring.data.{home}"), name)
    globals()[name] = value
    return value
