"""The snapshot: a project's sources as objects, from which steps run, so that what was hashed is what runs.

It holds Python files and small text configuration, nothing hidden, no caches and no virtual environments. Its digest is
that of its manifest, which says nothing of where the project lay, so the same sources are the same snapshot anywhere.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mainspring.domain.object import TreeEntry
from mainspring.kernel import canonical
from mainspring.kernel.hashing import Digest, digest
from mainspring.kernel.names import check_relative
from mainspring.pipelines.errors import SnapshotInvalid
from mainspring.pipelines.project import Project

if TYPE_CHECKING:
    from mainspring.storage.objects import Objects

__all__ = ["Manifest", "Sources", "load_sources", "materialise", "read_sources", "store"]

FORMAT = 1

_TEXT = frozenset(
    [".py", ".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".txt", ".csv", ".tsv", ".sql", ".html", ".jinja", ".j2"]
)
_SKIPPED = frozenset(["__pycache__", "node_modules", "site-packages", "mlruns"])
_MAX_FILE_BYTES = 1 << 20
_MAX_FILES = 5000
_MAX_TOTAL_BYTES = 64 << 20
_MAX_VISITED = 100_000


class Manifest(msgspec.Struct, frozen=True):
    """What a snapshot is made of; `package`, `paths` and `module` as in Project."""

    package: str
    paths: tuple[str, ...]
    module: str
    files: tuple[TreeEntry, ...]
    format: int = FORMAT


class Sources(msgspec.Struct, frozen=True):
    """A snapshot in memory: its manifest, its digest and the bytes of each file."""

    manifest: Manifest
    digest: Digest
    files: dict[str, bytes]


def read_sources(project: Project) -> Sources:
    """Read a project's sources; raises SnapshotInvalid for links that leave it and for what is far too large."""
    files: dict[str, bytes] = {}
    total = 0
    for path in sorted(_walk(project.root)):
        relative = path.relative_to(project.root).as_posix()
        data = path.read_bytes()
        files[check_relative(relative)] = data
        total += len(data)
        if len(files) > _MAX_FILES or total > _MAX_TOTAL_BYTES:
            reason = f"it has more than {_MAX_FILES} source files or {_MAX_TOTAL_BYTES >> 20} MiB of them"
            raise SnapshotInvalid(folder=project.root, reason=reason)
    entries = tuple(TreeEntry(path=name, digest=digest(data), size_bytes=len(data)) for name, data in files.items())
    manifest = Manifest(package=project.package, paths=project.paths, module=project.module, files=entries)
    return Sources(manifest=manifest, digest=digest(canonical.dumps(manifest)), files=files)


def store(objects: "Objects", sources: Sources) -> Digest:
    """Put a snapshot into the object store, files first; its digest."""
    if objects.exists(sources.digest):
        return sources.digest
    for data in sources.files.values():
        objects.put_bytes(data)
    return objects.put_bytes(canonical.dumps(sources.manifest))


def load_sources(objects: "Objects", name: Digest) -> Sources:
    """A stored snapshot, every file checked against its digest; raises ObjectUnknown, ObjectDamaged, SnapshotInvalid."""
    try:
        manifest = canonical.loads(objects.get_bytes(name), type=Manifest)
    except msgspec.MsgspecError as error:
        raise SnapshotInvalid(folder=name, reason=f"object {name} is not a snapshot") from error
    if manifest.format > FORMAT:
        raise SnapshotInvalid(folder=name, reason=f"it has format {manifest.format}, this version knows {FORMAT}")
    files = {check_relative(entry.path): objects.get_bytes(entry.digest) for entry in manifest.files}
    return Sources(manifest=manifest, digest=name, files=files)


def materialise(sources: Sources, folder: Path) -> None:
    """Write the snapshot's files below `folder`, which is new; read-only, for steps must not change their code."""
    folder.mkdir(parents=True)
    for parent in sorted({Path(name).parent for name in sources.files}):
        (folder / parent).mkdir(parents=True, exist_ok=True)
    for name, data in sources.files.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        with os.fdopen(handle, "wb") as file:
            file.write(data)


def _walk(root: Path) -> Iterator[Path]:
    visited = 0
    pending = [root]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                visited += 1
                if visited > _MAX_VISITED:
                    raise SnapshotInvalid(folder=root, reason=f"it holds more than {_MAX_VISITED} files")
                if entry.name.startswith(".") or entry.name in _SKIPPED:
                    continue
                path = Path(entry.path)
                if entry.is_symlink():
                    _check_link(root, path)
                if entry.is_dir(follow_symlinks=False):
                    if not (path / "pyvenv.cfg").exists() and not (path / "workspace.json").exists():
                        pending.append(path)
                elif _is_source(entry, path):
                    yield path


def _is_source(entry: "os.DirEntry[str]", path: Path) -> bool:
    if not entry.is_file() or path.suffix not in _TEXT:
        return False
    return path.suffix == ".py" or entry.stat().st_size <= _MAX_FILE_BYTES


def _check_link(root: Path, path: Path) -> None:
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise SnapshotInvalid(folder=root, reason=f"the link '{path.relative_to(root)}' leads nowhere") from error
    if not target.is_relative_to(root):
        raise SnapshotInvalid(folder=root, reason=f"the link '{path.relative_to(root)}' leaves it")
