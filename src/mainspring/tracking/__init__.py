"""Runs and what they log: parameters, metrics, artifacts, tags."""

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
    "finish_run",
    "list_metrics",
    "list_runs",
    "log_artifact",
    "log_metrics",
    "log_params",
    "run",
    "show_run",
]
