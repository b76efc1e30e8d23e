"""Both object stores keep the contract."""

from pathlib import Path

from mainspring.storage.objects import LocalObjects, Objects
from mainspring.testing import MemoryObjects
from mainspring.testing.contracts import ObjectsContract


class TestLocalObjects(ObjectsContract):
    """Objects in a folder."""

    def make(self, folder: Path) -> Objects:
        return LocalObjects(folder)


class TestMemoryObjects(ObjectsContract):
    """Objects in memory."""

    def make(self, folder: Path) -> Objects:
        return MemoryObjects()
