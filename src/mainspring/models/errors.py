"""The errors of models: what a caller of the registry or of a package can act on."""

from mainspring.kernel.errors import Conflict, Failed, Invalid, NotFound, Refused

__all__ = [
    "AliasMoved",
    "AliasReserved",
    "AliasUnknown",
    "ColumnInvalid",
    "ExampleInvalid",
    "FlavourUnknown",
    "LimitInvalid",
    "ModelUnknown",
    "NoPassingVerdict",
    "PackageChanged",
    "PackageInvalid",
    "RowsUnusable",
    "SplitInvalid",
    "TransformUnavailable",
    "TypeNotTrusted",
    "VerdictInvalid",
    "VersionUnknown",
]


class ModelUnknown(NotFound):
    code = "model.unknown"
    template = "model '{name}' does not exist in project '{project}'{suggestion}"
    hint = "see: mainspring models list"


class VersionUnknown(NotFound):
    code = "model.version_unknown"
    template = "model '{name}' has no version {version}; it has {known}"
    hint = "see: mainspring models show {name}"


class AliasUnknown(NotFound):
    code = "alias.unknown"
    template = "model '{name}' has no alias '{alias}'{suggestion}"
    hint = "see: mainspring models show {name}"


class AliasMoved(Conflict):
    code = "alias.moved"
    template = "alias '{alias}' of '{model}' points to version {found}, not {expected}: someone moved it meanwhile"
    hint = "look at what it points to now and decide again; see: mainspring models show {model}"


class AliasReserved(Invalid):
    code = "alias.reserved"
    template = "'{alias}' cannot be an alias: a reference with it means something else"
    hint = "choose a name with a letter in it, such as champion"


class NoPassingVerdict(Refused):
    code = "verdict.none_passing"
    template = "'{alias}' cannot point to {model}@{version}: {reason}"
    hint = "see its checks: mainspring models show {model}@{version}"


class VerdictInvalid(Invalid):
    code = "verdict.invalid"
    template = "the verdict of gate '{gate}' on {model}@{version} is not consistent: {reason}"
    hint = "a verdict passes exactly when it has checks and all of them pass"


class PackageInvalid(Invalid):
    code = "package.invalid"
    template = "'{where}' is not a model package: {reason}"
    hint = "write one by returning ms.Model from a step"


class PackageChanged(Failed):
    code = "package.changed"
    template = "'{file}' in the package {where} is not what was packaged: expected {expected}, found {found}"
    hint = "delete the folder; it is made again from the object store. If it comes back, see: mainspring doctor"


class TypeNotTrusted(Refused):
    code = "package.type_not_trusted"
    template = "the model holds {types}, which Mainspring does not know to be safe to load"
    hint = "load it only if you know its maker, naming those types as trusted"


class FlavourUnknown(Invalid):
    code = "package.flavour"
    template = "a model of type {type} cannot be packaged"
    hint = "give an estimator of scikit-learn, fitted"


class TransformUnavailable(Invalid):
    code = "package.transform"
    template = "the transformation '{entry}' of the model cannot be packed or unpacked here"
    hint = "import Model by way of `import mainspring as ms`, which brings the transformation code along"


class ExampleInvalid(Invalid):
    code = "model.example"
    template = "the model cannot be described by its example: {reason}"
    hint = "give a few rows of input columns as they will be sent to the endpoint"


class ColumnInvalid(Invalid):
    code = "input.column"
    template = "input column '{column}'{where}: {reason}"
    hint = ""


class RowsUnusable(Invalid):
    code = "evaluation.rows"
    template = "the rows cannot be judged: {reason}"
    hint = "give held-out rows with the outcome, the time and the columns that the call names"


class SplitInvalid(Invalid):
    code = "split.invalid"
    template = "split '{name}' is not a set of row ids: {reason}"
    hint = "give the `_row_id` values of the rows, each once"


class LimitInvalid(Invalid):
    code = "models.limit"
    template = "limit must be 1 to 1000, not {limit}"
    hint = "page with `after` instead"
