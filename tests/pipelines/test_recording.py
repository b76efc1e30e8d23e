"""What counts as a use, and what as a leak, event by event."""

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from mainspring.pipelines.protocol import Use
from mainspring.pipelines.recording import Recorder


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(str(tmp_path / "root"), allowed=(str(tmp_path / "inputs"),))


@pytest.mark.parametrize(
    ("event", "name", "mode", "use"),
    [
        ("open", "root/data.txt", "r", Use("file", "data.txt")),
        ("open", "root/missing.txt", "rb", Use("file", "missing.txt")),
        ("os.listdir", "root/parts", "", Use("folder", "parts")),
        ("os.scandir", "root", "", Use("folder", "")),
        ("open", "inputs/frame", "rb", None),
        ("os.listdir", "elsewhere", "", None),
    ],
)
def test_the_projects_files_and_folders_are_uses(
    recorder: Recorder, tmp_path: Path, event: str, name: str, mode: str, use: Use | None
) -> None:
    recorder.hear(event, (tmp_path / name, mode, 0))
    assert recorder.uses == ({use} if use else set())
    assert recorder.leaks == set()


class _Socket:
    """As much of a socket as its audit event is asked for."""

    def __init__(self, family: int) -> None:
        self.family = family


@pytest.mark.parametrize(
    ("event", "args", "leak"),
    [
        ("open", ("/data/flights.csv", "r", 0), "the file /data/flights.csv"),
        ("socket.connect", (_Socket(socket.AF_INET), ("127.0.0.1", 1)), "a connection to ('127.0.0.1', 1)"),
        ("sqlite3.connect", ("/data/rows.db",), "the database '/data/rows.db'"),
        ("subprocess.Popen", (None, ["/usr/bin/git", "log"]), "the process 'git'"),
        ("os.system", (b"ls",), "a shell command"),
    ],
)
def test_what_cannot_be_verified_later_is_a_leak(recorder: Recorder, event: str, args: Any, leak: str) -> None:
    recorder.hear(event, args)
    assert recorder.leaks == {leak}
    assert recorder.uses == set()


@pytest.mark.parametrize(
    ("event", "args"),
    [
        ("open", (3, "r", 0)),
        ("open", ("/usr/share/zoneinfo/UTC", "rb", 0)),
        ("open", ("/proc/self/status", "r", 0)),
        ("socket.connect", (_Socket(socket.AF_UNIX), "/run/x")),
        ("sqlite3.connect", (":memory:",)),
        ("subprocess.Popen", ("lscpu", ["lscpu"])),
        ("import", ("json",)),
    ],
)
def test_the_systems_own_files_and_probes_are_nothing(recorder: Recorder, event: str, args: Any) -> None:
    recorder.hear(event, args)
    assert recorder.leaks == set()
    assert recorder.uses == set()


def test_a_file_that_the_step_wrote_is_its_own(recorder: Recorder) -> None:
    recorder.hear("open", ("/data/scratch.txt", "w", 0))
    recorder.hear("open", ("/data/other.txt", None, os.O_WRONLY))
    recorder.hear("open", ("/data/scratch.txt", "r", 0))
    assert recorder.leaks == set()


def test_writing_to_the_project_is_a_leak(recorder: Recorder, tmp_path: Path) -> None:
    recorder.hear("open", (str(tmp_path / "root/data.txt"), "a", 0))
    assert recorder.leaks == {"writing to the project's file data.txt"}


def test_native_readers_tell_paths_and_addresses(recorder: Recorder, tmp_path: Path) -> None:
    recorder.read_native(str(tmp_path / "root/table.csv"))
    recorder.read_native("s3://bucket/table.parquet")
    assert recorder.uses == {Use("file", "table.csv")}
    assert recorder.leaks == {"the address s3://bucket/table.parquet"}
