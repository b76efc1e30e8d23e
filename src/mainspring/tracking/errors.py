"""What can go wrong with runs."""

from mainspring.kernel.errors import Conflict, Invalid, NotFound

__all__ = [
    "ComparisonInvalid",
    "LimitInvalid",
    "LogInvalid",
    "NotConnected",
    "ParamConflict",
    "RunAmbiguous",
    "RunEnded",
    "RunUnknown",
]


class RunUnknown(NotFound):
    code = "run.unknown"
    template = "run '{run}' does not exist in project '{project}'"
    hint = "see: mainspring runs list"


class RunAmbiguous(Invalid):
    code = "run.ambiguous"
    template = "'{run}' is the beginning of more than one run"
    hint = "give more characters of the id; see: mainspring runs list"


class RunEnded(Conflict):
    code = "run.ended"
    template = "run '{run}' has ended ({status}) and takes no more"
    hint = "start a new run"


class ParamConflict(Conflict):
    code = "param.conflict"
    template = "parameter '{name}' of run '{run}' is {found} already, not {given}"
    hint = "a parameter is logged once; use another name or a new run"


class LogInvalid(Invalid):
    code = "run.log_invalid"
    template = "{what} cannot be logged: {reason}"
    hint = "see: mainspring runs show --help"


class ComparisonInvalid(Invalid):
    code = "run.comparison"
    template = "{count} runs were given to compare"
    hint = "give 2 to 20 runs, as in: mainspring runs compare 3fa9 41c0"


class LimitInvalid(Invalid):
    code = "runs.limit"
    template = "limit {limit} is not between 1 and {most}"
    hint = "use a smaller limit and go on from the last run"


class NotConnected(Invalid):
    code = "workspace.not_connected"
    template = "no workspace is connected"
    hint = "call ms.connect() first, or give a workspace"
