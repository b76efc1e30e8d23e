"""What can go wrong with pipelines, before, while and after they run."""

from mainspring.kernel.errors import Conflict, Failed, Invalid, NotFound

__all__ = [
    "ArtifactUnreadable",
    "EarlyUse",
    "InputInvalid",
    "PipelineInvalid",
    "PipelineRemote",
    "PipelineUnknown",
    "ProjectUnreadable",
    "RunFailed",
    "RunTaken",
    "RunnerStopped",
    "SnapshotInvalid",
    "StepInvalid",
    "WiringInvalid",
]


class StepInvalid(Invalid):
    code = "step.invalid"
    template = "step '{step}' cannot be used: {reason}"
    hint = "a step is a function of a module with a type on each argument and on its result"


class PipelineInvalid(Invalid):
    code = "pipeline.invalid"
    template = "pipeline '{pipeline}' cannot be used: {reason}"
    hint = "a pipeline is a function of a module that calls steps and returns what they gave"


class PipelineRemote(Invalid):
    code = "pipeline.remote"
    template = "pipeline '{pipeline}' cannot run on {where}: steps run beside the workspace's folder"
    hint = "nothing has run; run it on the server's machine, or connect to a folder"


class PipelineUnknown(NotFound):
    code = "pipeline.unknown"
    template = "there is no pipeline '{pipeline}' in {where}"
    hint = "give its function's name, or module:name"


class WiringInvalid(Invalid):
    code = "pipeline.wiring"
    template = "step '{step}', argument '{argument}': expected {expected}, given {given}"
    hint = "nothing has run; correct the call in the pipeline"


class EarlyUse(Invalid):
    code = "pipeline.early_use"
    template = "the result of step '{step}' is not known while the pipeline is put together"
    hint = "do with it what you want inside another step"


class InputInvalid(Invalid):
    code = "pipeline.input"
    template = "pipeline '{pipeline}', argument '{argument}': {reason}"
    hint = "nothing has run; correct the call"


class SnapshotInvalid(Invalid):
    code = "snapshot.invalid"
    template = "the project at '{folder}' cannot be kept as a snapshot: {reason}"
    hint = "put the pipeline into a folder of its own with a mainspring.toml"


class ProjectUnreadable(Invalid):
    code = "snapshot.syntax"
    template = "{file}:{line}: {reason}"
    hint = "nothing has run; correct the file"


class ArtifactUnreadable(Invalid):
    code = "artifact.kind"
    template = "artifact '{name}' of kind '{kind}' cannot be read as a value"
    hint = "export its files instead"


class RunFailed(Failed):
    code = "run.failed"
    template = "{report}"
    hint = "see: mainspring runs show {run}"


class RunnerStopped(Failed):
    code = "run.stopped"
    template = "the process that runs the steps of '{pipeline}' ended: {reason}"
    hint = "run it again; finished steps are taken from the cache"


class RunTaken(Conflict):
    code = "run.taken"
    template = "run '{run}' was marked as lost while it went on: its claim had run out"
    hint = "run it again; finished steps are taken from the cache"
