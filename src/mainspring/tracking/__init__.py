"""Runs and what they log: parameters, metrics, artifacts, tags."""

from mainspring.tracking.connection import current, set_current
from mainspring.tracking.lost import mark_lost
from mainspring.tracking.ops import (
    compare_runs,
    create_run,
    finish_run,
    list_metrics,
    list_runs,
    log_artifact,
    log_metrics,
    log_params,
    show_run,
)
from mainspring.tracking.script import Script, run

__all__ = [
    "Script",
    "compare_runs",
    "create_run",
    "current",
    "finish_run",
    "list_metrics",
    "list_runs",
    "log_artifact",
    "log_metrics",
    "log_params",
    "mark_lost",
    "run",
    "set_current",
    "show_run",
]
