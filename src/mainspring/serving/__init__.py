"""Serving: endpoint processes that answer over HTTP, and the controller that keeps them as wanted.

The names load on first use: the endpoint's own process is below this package, and opens no database.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring.serving.controller import reconcile, stop
    from mainspring.serving.history import captured, feedback
    from mainspring.serving.intake import ingest, ingest_closed

__all__ = ["captured", "feedback", "ingest", "ingest_closed", "reconcile", "stop"]

_HOMES = {
    "captured": "history",
    "feedback": "history",
    "ingest": "intake",
    "ingest_closed": "intake",
    "reconcile": "controller",
    "stop": "controller",
}


# Any: each name has its own type, which TYPE_CHECKING above tells.
def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'mainspring.serving' has no attribute {name!r}")
    return getattr(importlib.import_module(f"mainspring.serving.{_HOMES[name]}"), name)
