"""What can be wrong with a request about monitors and alerts."""

from mainspring.kernel.errors import Conflict, Invalid, NotFound

__all__ = ["AlertUnknown", "LimitInvalid", "MonitorMoved", "MonitorUnknown"]


class MonitorUnknown(NotFound):
    code = "monitor.unknown"
    template = "monitor '{name}' does not exist in project '{project}'"
    hint = "see: mainspring monitors list"


class AlertUnknown(NotFound):
    code = "alert.unknown"
    template = "alert '{id}' does not exist in project '{project}'"
    hint = "see: mainspring alerts list"


class MonitorMoved(Conflict):
    code = "monitor.moved"
    template = "monitor '{name}' changed while its windows were being closed"
    hint = "try again"


class LimitInvalid(Invalid):
    code = "monitoring.limit"
    template = "a list of {what} has 1 to {most} entries, not {limit}"
    hint = "ask for fewer and go on with `after`"
