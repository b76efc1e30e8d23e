"""What can go wrong with datasets, by what the caller can do about it."""

from mainspring.kernel.errors import Conflict, Failed, Invalid, NotFound, Refused

__all__ = [
    "ColumnTypeUnsupported",
    "ColumnUnknown",
    "ColumnsInvalid",
    "DataRefused",
    "DatasetMoved",
    "DatasetUnknown",
    "FileEmpty",
    "FileTooLarge",
    "FileUnreadable",
    "FormatUnknown",
    "LimitInvalid",
    "QuarantinedUnknown",
    "SchemaFixed",
    "VersionDamaged",
    "VersionUnknown",
]


class DatasetUnknown(NotFound):
    code = "dataset.unknown"
    template = "dataset '{name}' does not exist in project '{project}'"
    hint = "see: mainspring data list"


class VersionUnknown(NotFound):
    code = "dataset.version_unknown"
    template = "dataset '{name}' has no version '{version}'; its newest is {latest}"
    hint = "see: mainspring data show {name}"


class QuarantinedUnknown(NotFound):
    code = "dataset.quarantined_unknown"
    template = "there is no quarantined batch '{id}'"
    hint = "see: mainspring data show NAME"


class DataRefused(Refused):
    code = "dataset.refused"
    template = "{source} was refused for dataset '{dataset}': {summary}"
    hint = (
        "nothing of it was added; its report is quarantined as {id}: correct the file, or the schema, and add it again"
    )


class DatasetMoved(Conflict):
    code = "dataset.moved"
    template = "dataset '{name}' received other versions while this file was being added"
    hint = "add it again; what was added meanwhile is kept"


class FormatUnknown(Invalid):
    code = "dataset.format"
    template = "cannot tell the format of '{source}' by its name"
    hint = "use a file that ends in .csv, .parquet, .arrow, .ipc or .feather"


class FileUnreadable(Invalid):
    code = "dataset.unreadable"
    template = "{source} cannot be read as {format}: {reason}"
    hint = "{fix}"


class FileEmpty(Invalid):
    code = "dataset.empty"
    template = "{source} has {what}"
    hint = "add a table with at least one column and one row"


class FileTooLarge(Invalid):
    code = "dataset.too_large"
    template = "{source} has {found} {unit}, the limit is {limit}"
    hint = "split it and add the parts one after another"


class ColumnsInvalid(Invalid):
    code = "dataset.columns"
    template = "{source}: {reason}"
    hint = "rename the columns in the file and add it again"


class ColumnUnknown(Invalid):
    code = "dataset.column_unknown"
    template = "the {role} '{column}' is not a usable column of {source}: {reason}"
    hint = "name one of: {columns}"


class ColumnTypeUnsupported(Invalid):
    code = "dataset.column_type"
    template = "column '{column}' of {source} has the type {type}, which a dataset cannot hold"
    hint = "turn it into plain columns of bool, int, float, text, date or time first"


class SchemaFixed(Invalid):
    code = "dataset.schema_fixed"
    template = "dataset '{name}' has the {role} {known!r}, not {wanted!r}"
    hint = "leave it out, or add to another dataset"


class LimitInvalid(Invalid):
    code = "dataset.limit"
    template = "limit {limit} is not between 1 and {most}"
    hint = "ask for fewer, and for the rest with `after`"


class VersionDamaged(Failed):
    code = "dataset.damaged"
    template = "version {version} of dataset '{name}' does not match its manifest: {reason}"
    hint = "restore it from a backup; see: mainspring doctor"
