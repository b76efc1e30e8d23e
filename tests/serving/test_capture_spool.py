"""The spool's files: checksummed records, torn tails, damage, orphans."""

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.domain.object import Digest
from mainspring.serving.captures import MAGIC, Answered, Record, Spool, Told, adopt, read_segment
from mainspring.serving.errors import CaptureFailed, SegmentDamaged


def answered(request_id: str = "r1", rows: int = 1) -> Answered:
    return Answered(
        request_id=request_id,
        at_ms=5,
        variant="v1",
        model="ride",
        version=1,
        package=Digest("0" * 64),
        role="live",
        columns={"distance": [1.0] * rows},
        predictions=[2.0] * rows,
    )


def spool_in(folder: Path, *, segment_bytes: int = 1 << 20) -> Spool:
    names = (f"{number:032x}" for number in itertools.count(len(list(folder.glob("*")))))
    return Spool(folder, segment_bytes=segment_bytes, new_id=lambda: next(names))


def test_records_come_back_in_order(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    written: list[Record] = [answered("a"), Told(ids=["a/0"], labels=[3.0], at_ms=[9]), answered("b", rows=3)]
    for record in written:
        spool.write(record)

    segment = spool.rotate()

    assert read_segment(tmp_path / f"{segment}.segment").records == written
    assert spool.rotate() == ""


def test_a_full_segment_is_closed_and_another_begun(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, segment_bytes=400)
    for number in range(10):
        spool.write(answered(f"r{number}"))
    spool.rotate()

    paths = sorted(tmp_path.glob("*.segment"))
    ids = [record.request_id for path in paths for record in read_segment(path).records if isinstance(record, Answered)]
    assert ids == [f"r{number}" for number in range(10)]
    assert len(paths) > 2


@settings(max_examples=60)
@given(cut=st.integers(0, 10_000))
def test_a_segment_cut_anywhere_gives_every_whole_record(cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = spool_in(folder)
    ends = [len(MAGIC)]
    for number in range(4):
        spool.write(answered(f"r{number}", rows=number))
        ends.append(next(iter(folder.glob("*.open"))).stat().st_size)
    path = folder / f"{spool.rotate()}.segment"
    data = path.read_bytes()
    cut = min(cut, len(data))
    path.write_bytes(data[:cut])

    segment = read_segment(path)

    whole = sum(end <= cut for end in ends[1:])
    assert len(segment.records) == whole
    assert segment.dropped == (cut not in ends and cut > len(MAGIC))


@settings(max_examples=60)
@given(cut=st.integers(0, 10_000), zeros=st.integers(1, 5000))
def test_what_power_loss_filled_with_zeros_is_a_torn_tail(
    cut: int, zeros: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = spool_in(folder)
    ends = [len(MAGIC)]
    for number in range(4):
        spool.write(answered(f"r{number}", rows=number))
        ends.append(next(iter(folder.glob("*.open"))).stat().st_size)
    path = folder / f"{spool.rotate()}.segment"
    data = path.read_bytes()
    kept = data[:cut].rstrip(b"\0")
    path.write_bytes(kept + bytes(zeros))

    segment = read_segment(path)

    whole = sum((kept + bytes(zeros))[:end] == data[:end] for end in ends[1:])
    assert len(segment.records) == whole
    assert segment.dropped == (len(kept) + zeros > ends[whole])


def test_zeros_between_records_are_damage(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.write(answered("a"))
    path = tmp_path / f"{spool.rotate()}.segment"
    data = path.read_bytes()
    path.write_bytes(data + bytes(64) + data[len(MAGIC) :])

    with pytest.raises(SegmentDamaged, match="is wrong"):
        read_segment(path)


def test_a_wrong_byte_inside_is_damage_and_not_a_torn_tail(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for number in range(3):
        spool.write(answered(f"r{number}"))
    path = tmp_path / f"{spool.rotate()}.segment"
    data = bytearray(path.read_bytes())
    data[len(MAGIC) + 20] ^= 1
    path.write_bytes(data)

    with pytest.raises(SegmentDamaged, match="is wrong"):
        read_segment(path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.segment"
    path.write_bytes(b"mainspring capture 2\nrecords")

    with pytest.raises(SegmentDamaged, match="does not begin as one"):
        read_segment(path)


def test_a_segment_of_the_first_format_reads_the_same_for_ever() -> None:
    segment = read_segment(Path(__file__).parent / "fixtures" / "capture-1.segment")

    assert segment.records == [answered("first", rows=2), Told(ids=["first/0"], labels=[3.0], at_ms=[9])]


def test_an_open_segment_is_adopted_only_when_its_writer_is_gone(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.write(answered())

    assert adopt(tmp_path) == []
    del spool
    # A descriptor that is lost keeps its lock as long as the process lives: a real death is tested with processes.
    assert adopt(tmp_path) == []


def test_a_disk_that_refuses_fails_the_write(tmp_path: Path) -> None:
    spool = spool_in(tmp_path / "spool")
    (tmp_path / "spool").rmdir()

    with pytest.raises(CaptureFailed, match="No such file"):
        spool.write(answered())


def test_what_is_not_on_disk_yet_is_handed_out_once(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    assert spool.take_unsynced() == -1
    spool.write(answered())

    descriptor = spool.take_unsynced()
    os.fsync(descriptor)
    os.close(descriptor)

    assert spool.take_unsynced() == -1
