"""Models: a name, its numbered versions and the movable names for them."""

from typing import Any

import msgspec

from mainspring.domain.object import Digest

__all__ = ["Alias", "ModelDiff", "ModelDifference", "ModelVersion", "RegisteredModel"]


class Alias(msgspec.Struct, frozen=True):
    """A movable name for a version; `previous` is the version it pointed to before, 0 if none."""

    model: str
    alias: str
    version: int
    previous: int = 0
    moved_ms: int = 0
    reason: str = ""


class ModelVersion(msgspec.Struct, frozen=True):
    """A package registered under a name with a number; `passed` is its latest verdict, None where no gate judged it."""

    model: str
    version: int
    package: Digest
    run_id: str
    created_ms: int
    flavour: str
    task: str
    dataset: str
    size_bytes: int
    aliases: tuple[str, ...] = ()
    passed: bool | None = None

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.model}@{self.version}"


class RegisteredModel(msgspec.Struct, frozen=True):
    """A model's name with its newest version and its aliases."""

    name: str
    created_ms: int
    versions: int
    aliases: tuple[Alias, ...] = ()


class ModelDifference(msgspec.Struct, frozen=True):
    """One thing that two versions do not share; None where one of them lacks it."""

    area: str
    name: str
    # Any: whatever JSON-able value the two differ in.
    a: Any = None
    b: Any = None


class ModelDiff(msgspec.Struct, frozen=True):
    """What differs between two versions; `identical_bytes` says whether their packages are the same object."""

    a: str
    b: str
    identical_bytes: bool
    differences: tuple[ModelDifference, ...] = ()
