"""Errors that only the command line knows."""

from mainspring.kernel.errors import Conflict, Failed, Invalid, NotFound

__all__ = [
    "AmbiguousId",
    "ChainBroken",
    "ConfigBroken",
    "ConfigUnknownKey",
    "ConfirmationNeeded",
    "DifferentDatasets",
    "FailedTests",
    "FileMissing",
    "FolderNotEmpty",
    "LocalOnly",
    "ModelAmbiguous",
    "NoModels",
    "NotAProject",
    "PairInvalid",
    "PipelineAmbiguous",
    "PipelineBroken",
    "TemplateUnknown",
]


class ConfirmationNeeded(Invalid):
    code = "confirmation.needed"
    template = "{question} nobody is here to answer"
    hint = "add --yes to go on without asking"


class AmbiguousId(Invalid):
    code = "id.ambiguous"
    template = "{text!r} fits more than one {noun}: {candidates}"
    hint = "write more of its characters"


class ChainBroken(Failed):
    code = "events.broken"
    template = "the events of project '{project}' do not verify: {reason}"
    hint = "events before {number} can be trusted; restore a backup: mainspring restore --help"


class DifferentDatasets(Invalid):
    code = "dataset.different"
    template = "'{a}' and '{b}' are two datasets, and only versions of one can be compared"
    hint = "as in: mainspring data diff {a}@1 {a}@2"


class FileMissing(NotFound):
    code = "file.missing"
    template = "{path} does not exist or is not a file"
    hint = "check the path"


class FolderNotEmpty(Conflict):
    code = "folder.not_empty"
    template = "{path} exists and is not empty"
    hint = "choose another name, or empty it first"


class ConfigBroken(Invalid):
    code = "config.broken"
    template = "{path} cannot be read: {reason}"
    hint = "see: Settings in docs/cli.md"


class ConfigUnknownKey(Invalid):
    code = "config.unknown_key"
    template = "{path} has the unknown key {key!r}"
    hint = "{suggestion}it takes the keys {keys}"


class LocalOnly(Invalid):
    code = "workspace.remote"
    template = "'{command}' works on a workspace's folder, not on {workspace}"
    hint = "run it on the server's machine"


class NoModels(NotFound):
    code = "model.none"
    template = "project '{project}' has no model yet"
    hint = "make one with: mainspring run"


class ModelAmbiguous(Invalid):
    code = "model.ambiguous"
    template = "there is more than one model: {known}"
    hint = "say which: mainspring deploy MODEL"


class NotAProject(NotFound):
    code = "project.missing"
    template = "there is no mainspring.toml in {folder} or above it"
    hint = "make a project with: mainspring init NAME, or change to its folder"


class PairInvalid(Invalid):
    code = "pair.invalid"
    template = "{text!r} is not NAME=VALUE"
    hint = "as in: --param trees=300 --input houses=houses@2"


class PipelineAmbiguous(Invalid):
    code = "pipeline.ambiguous"
    template = "{module} has more than one pipeline: {known}"
    hint = "say which: mainspring run NAME"


class PipelineBroken(Failed):
    code = "pipeline.broken"
    template = "{module} cannot be imported: {reason}"
    hint = "{where}"


class TemplateUnknown(Invalid):
    code = "template.unknown"
    template = "there is no template {name!r}"
    hint = "there is: {known}"


class FailedTests(Failed):
    code = "tests.failed"
    template = "{failed} of {count} tests failed"
    hint = "their output is above"
