"""Packages as folders that a process can load from, made once from the object store."""

from pathlib import Path
from typing import TYPE_CHECKING

from mainspring.domain.object import Digest
from mainspring.kernel.hashing import is_digest
from mainspring.models.errors import PackageInvalid
from mainspring.models.trees import checkout

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["materialise"]


def materialise(ws: "Workspace", package: Digest) -> Path:
    """The folder of a package in the workspace, every file's digest verified; made whole or not at all."""
    if not is_digest(package):
        raise PackageInvalid(where=package[:80], reason="it is not a digest")
    return checkout(ws.objects, package, ws.folder / "packages" / package)
