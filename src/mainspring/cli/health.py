"""What `doctor` looks at: each check is a function that gives findings, worst things said plainly."""

import importlib.metadata
import os
import re
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from mainspring.kernel.hashing import Digest

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["Finding", "check_machine", "check_port", "check_workspace"]

State = Literal["ok", "note", "wrong"]

_LOOKED_AT = 1000
_LEAST_FREE_BYTES = 200_000_000
_EARLIEST_MS = 1_735_689_600_000  # 2025-01-01, before the first release
_AHEAD_MS = 5 * 60_000
_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?(?P<bounds>[^;]*)(?:;(?P<marker>.*))?")
_BOUND = re.compile(r"(>=|<=|==|<|>)\s*([0-9][0-9.]*)")
_EXTRA = re.compile(r"extra == ['\"]([\w-]+)['\"]")


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: fine, worth knowing, or wrong with what to do about it."""

    check: str
    state: State
    message: str
    fix: str = ""


def check_machine(folder: Path, *, now_ms: int) -> Iterator[Finding]:
    """Python, packages, disk and clock."""
    yield Finding("python", "ok", sys.version.split()[0])
    yield from check_packages(importlib.metadata.requires("mainspring") or [])
    free = shutil.disk_usage(_existing(folder)).free
    enough = free >= _LEAST_FREE_BYTES
    yield Finding(
        "disk", "ok" if enough else "wrong", f"{free / 1e9:.1f} GB free", "" if enough else "make room on this disk"
    )
    if now_ms < _EARLIEST_MS:
        yield Finding("clock", "wrong", "the system's clock is before the first release", "set the clock")
    else:
        yield Finding("clock", "ok", "plausible")


def check_packages(requirements: list[str]) -> Iterator[Finding]:
    """Installed versions against the bounds that this release was tested with, and which extras are there."""
    core, extras = _parse(requirements)
    wrong = [text for name, bounds in core if (text := _mismatch(name, bounds))]
    if wrong:
        yield Finding("packages", "wrong", "; ".join(wrong), "pip install --upgrade mainspring")
    else:
        yield Finding("packages", "ok", f"{len(core)} within the bounds tested")
    for extra, needed in sorted(extras.items()):
        faults = [(name, _installed(name), _mismatch(name, bounds)) for name, bounds in needed]
        absent = [name for name, version, _ in faults if not version]
        outside = [text for _, version, text in faults if version and text]
        if absent:
            message = f"not installed ({', '.join(absent[:4])}{' …' if len(absent) > 4 else ''})"
            yield Finding(f"extra {extra}", "note", message, f"pip install 'mainspring[{extra}]'")
        elif outside:
            yield Finding(f"extra {extra}", "wrong", "; ".join(outside), f"pip install --upgrade 'mainspring[{extra}]'")
        else:
            yield Finding(f"extra {extra}", "ok", "installed")


Bounds = list[tuple[str, str]]


def _parse(requirements: list[str]) -> tuple[list[tuple[str, str]], dict[str, Bounds]]:
    core: Bounds = []
    extras: dict[str, Bounds] = {}
    for requirement in requirements:
        match = _REQUIREMENT.match(requirement)
        if match is None or match["name"] == "mainspring":
            continue
        extra = _EXTRA.search(match["marker"] or "")
        kept = core if extra is None else extras.setdefault(extra[1], [])
        kept.append((match["name"], match["bounds"]))
    return core, extras


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _mismatch(name: str, bounds: str) -> str:
    """Why the installed version is outside of its bounds; empty if it is inside."""
    found = _installed(name)
    if not found:
        return f"{name} is not installed"
    version = _release(found)
    for sign, bound in _BOUND.findall(bounds):
        other = _release(bound)
        fits = {
            ">=": version >= other,
            "<=": version <= other,
            "==": version == other,
            "<": version < other,
            ">": version > other,
        }
        if not fits[sign]:
            return f"{name} {found} is not {sign}{bound}"
    return ""


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version without trailing zeros, so that 3.0 equals 3."""
    match = re.match(r"[0-9.]+", version)
    numbers = [int(part) for part in (match[0] if match else "0").strip(".").split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def check_port(host: str, port: int) -> Finding:
    """Whether the server's port is free."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return Finding("port", "note", f"{port} is in use", "if that is not mainspring up: mainspring up --port 0")
    return Finding("port", "ok", f"{port} is free")


def check_workspace(ws: "Workspace", *, every_object: bool) -> Iterator[Finding]:
    """Permissions, database, migrations, objects, captures and the chain of events of an open workspace."""
    from mainspring.storage import migrate
    from mainspring.storage.integrity import check_database, damaged_objects, verify_chains

    yield _permissions(ws.folder)
    fault = check_database(ws.db)
    yield Finding("database", "wrong" if fault else "ok", fault or "whole", "restore a backup" if fault else "")
    with ws.read() as connection:
        revision = migrate.revision(connection)
        chains = verify_chains(connection)
    current = revision == migrate.HEAD
    yield Finding(
        "schema",
        "ok" if current else "wrong",
        f"{revision} of {migrate.HEAD}",
        "" if current else "open it with this version",
    )
    read, damaged = damaged_objects(ws.objects, most=None if every_object else 100, source=ws.random)
    if damaged:
        yield Finding(
            "objects", "wrong", f"{len(damaged)} of {read} read have changed: {damaged[0]}", "restore a backup"
        )
    else:
        yield Finding("objects", "ok", f"{read} read, all as their names say")
    yield _referenced(ws)
    yield _captures(ws)
    for chain in chains:
        name = f"events of {chain.project}"
        if chain.valid:
            yield Finding(name, "ok", f"{chain.events:,} verify")
        else:
            yield Finding(
                name, "wrong", chain.reason, f"events before {chain.broken_at} can be trusted; restore a backup"
            )


def _referenced(ws: "Workspace") -> Finding:
    """Whether the objects that versions, datasets and runs name are there."""
    from mainspring.data import ops as data
    from mainspring.models import ops as models
    from mainspring.tracking import ops as tracking

    named: dict[Digest, str] = {}
    for dataset in data.list_datasets(ws, limit=_LOOKED_AT):
        newest = data.show_version(ws, dataset.name, dataset.latest)
        named |= dict.fromkeys((newest.digest, newest.schema, newest.profile), newest.reference)
        named |= {part.digest: newest.reference for part in newest.parts}
    for model in models.list_models(ws, limit=_LOOKED_AT):
        for version in models.list_versions(ws, model.name, limit=_LOOKED_AT):
            named[version.package] = version.reference
    for run in tracking.list_runs(ws, limit=_LOOKED_AT):
        named |= {artifact.digest: f"run {run.id[-8:]}" for artifact in run.artifacts}
    lost = [(digest, owner) for digest, owner in named.items() if not ws.objects.exists(digest)]
    if not lost:
        return Finding("references", "ok", f"{len(named)} objects that are named are there")
    digest, owner = lost[0]
    return Finding(
        "references", "wrong", f"{len(lost)} of {len(named)} are gone: {digest[:12]} of {owner}", "restore a backup"
    )


def _captures(ws: "Workspace") -> Finding:
    from mainspring.serving.actual import damaged_segments

    damaged = damaged_segments(ws)
    if not damaged:
        return Finding("captures", "ok", "no segment was put aside")
    return Finding(
        "captures",
        "wrong",
        f"{len(damaged)} segments of answers could not be read and were put aside: {damaged[0]}",
        "their answers are missing; keep the files",
    )


def _permissions(folder: Path) -> Finding:
    open_to_others = [
        path.name for path in (folder, *sorted(folder.iterdir())) if not path.is_symlink() and _writable_by_others(path)
    ]
    if open_to_others:
        return Finding(
            "permissions", "wrong", f"others may write {', '.join(open_to_others)}", f"chmod -R go-w {folder}"
        )
    if folder.stat().st_uid != os.getuid():
        return Finding("permissions", "note", "the folder belongs to another user")
    return Finding("permissions", "ok", "only its owner may write")


def _writable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH))
