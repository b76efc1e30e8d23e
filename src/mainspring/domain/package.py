"""Packages: an immutable packaged model, what goes in, what comes out, and what it was made from."""

from typing import Any, Literal

import msgspec

from mainspring.domain.object import Digest
from mainspring.domain.split import Split

__all__ = ["Field", "FieldType", "Package", "Provenance", "Signature", "Task", "Transform"]

FieldType = Literal["boolean", "integer", "long", "float", "double", "string", "datetime"]
"""MLflow's names of the types of a column."""

Task = Literal["regression", "classification"]


class Field(msgspec.Struct, frozen=True):
    """One column: its type on the wire, the exact column type the model was made with, and whether it may be null."""

    name: str
    type: FieldType
    dtype: str
    nullable: bool = False


class Signature(msgspec.Struct, frozen=True):
    """The columns a model takes, in order, and those it answers."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]


class Transform(msgspec.Struct, frozen=True):
    """The code that turns input columns into features: its entry `module:function`, its sources and their digest."""

    entry: str
    digest: str
    files: dict[str, str] = {}


class Provenance(msgspec.Struct, frozen=True):
    """What a package was made from, by content alone, so that it is the same whenever it is made again."""

    snapshot: str = ""
    datasets: tuple[str, ...] = ()
    # Any: parameters are whatever JSON-able values the pipeline was given.
    params: dict[str, Any] = {}


class Package(msgspec.Struct, frozen=True):
    """What `package.json` of a package says; `trusted` lists the types that loading its model needs.

    `rowwise` says that a row is answered alone as it is among others.
    """

    flavour: str
    task: Task
    model_file: str
    model_digest: Digest
    signature: Signature
    dataset: str = ""
    splits: tuple[Split, ...] = ()
    transform_entry: str = ""
    transform_digest: str = ""
    transform_files: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    python: str = ""
    # Any: the estimator's own parameters, as JSON.
    params: dict[str, Any] = {}
    has_reference: bool = False
    rowwise: bool = False
    version: int = 1
