"""Monitoring: windows of what endpoints answer, held against references; alerts when they differ."""

from mainspring.monitoring.monitors import ensure_monitor, matured_until, rebase
from mainspring.monitoring.observe import needed, observe

__all__ = ["ensure_monitor", "matured_until", "needed", "observe", "rebase"]
