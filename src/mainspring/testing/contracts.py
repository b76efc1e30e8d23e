"""Contract suites: what holds for every implementation of a seam. They need pytest.

class TestMyObjects(ObjectsContract):
    def make(self, folder: Path) -> Objects:
        return MyObjects(folder)
"""

from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from mainspring.domain.object import Digest
from mainspring.kernel.errors import Invalid
from mainspring.kernel.hashing import digest
from mainspring.storage.objects import DigestInvalid, Objects, ObjectUnknown

__all__ = ["ObjectsContract"]


class ObjectsContract(ABC):
    """What holds for every object store; subclass it in a test module and say how to make yours."""

    @abstractmethod
    def make(self, folder: Path) -> Objects:
        """A new, empty store; `folder` is empty and for its use alone."""

    @pytest.fixture
    def objects(self, tmp_path: Path) -> Objects:
        """The store under test."""
        folder = tmp_path / "store"
        folder.mkdir()
        return self.make(folder)

    @pytest.mark.parametrize("data", [b"", b"x", b"\x00\xff" * 70_000])
    def test_bytes_come_back_under_their_digest(self, objects: Objects, data: bytes) -> None:
        name = objects.put_bytes(data)

        assert name == digest(data)
        assert objects.exists(name)
        assert objects.get_bytes(name) == data
        assert objects.path(name).read_bytes() == data
        with objects.open(name) as file:
            assert file.read() == data

    def test_same_bytes_twice_are_one_object(self, objects: Objects) -> None:
        assert objects.put_bytes(b"twice") == objects.put_bytes(b"twice")

    def test_file_is_kept_and_left_where_it_is(self, objects: Objects, tmp_path: Path) -> None:
        source = tmp_path / "source"
        source.write_bytes(b"from a file")

        name = objects.put_file(source)

        assert objects.get_bytes(name) == b"from a file"
        assert source.read_bytes() == b"from a file"

    def test_moved_file_is_gone_whether_or_not_the_object_was_there(self, objects: Objects, tmp_path: Path) -> None:
        for _ in range(2):
            source = tmp_path / "source"
            source.write_bytes(b"moved")
            assert objects.get_bytes(objects.put_file(source, move=True)) == b"moved"
            assert not source.exists()

    def test_link_and_folder_are_refused(self, objects: Objects, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to("/etc/hostname")
        for path in (tmp_path / "link", tmp_path, tmp_path / "absent"):
            with pytest.raises(Invalid):
                objects.put_file(path)

    def test_absent_object_is_unknown(self, objects: Objects) -> None:
        name = digest(b"never stored")

        assert not objects.exists(name)
        for read in (objects.get_bytes, objects.open, objects.path):
            with pytest.raises(ObjectUnknown):
                read(name)

    @pytest.mark.parametrize("text", ["", "..", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65, "/" * 64])
    def test_no_other_text_is_a_name(self, objects: Objects, text: str) -> None:
        for use in (objects.exists, objects.get_bytes, objects.path):
            with pytest.raises(DigestInvalid):
                use(Digest(text))
