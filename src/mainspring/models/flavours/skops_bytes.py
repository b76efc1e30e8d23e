"""skops bytes made the same in every process.

skops numbers objects by their address in memory and stamps the time of writing on every member of its zip. Here
objects are numbered in order of appearance, the arrays are named by that number, and the members are written in order
with a fixed time. What a file says is not changed: it loads with plain skops.
"""

import io
import json
import zipfile
from typing import Any

__all__ = ["canonical_bytes"]

_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def canonical_bytes(data: bytes) -> bytes:
    """`data`, a skops file, with its ids, member names, order and times made canonical."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        schema = json.loads(archive.read(_SCHEMA))
        numbering = _Numbering()
        numbering.visit(schema)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", compression=zipfile.ZIP_STORED) as canonical:
            _write(canonical, _SCHEMA, json.dumps(schema, separators=(",", ":")).encode())
            for old, new in numbering.files.items():
                _write(canonical, new, archive.read(old))
    return target.getvalue()


class _Numbering:
    """Walks the schema in its own order and gives every object the number of its first appearance."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._numbers: dict[object, int] = {}

    # Any: the schema is skops' own JSON.
    def visit(self, node: Any) -> None:
        """Renumber `node` and all below it, in place."""
        if isinstance(node, list):
            for item in node:
                self.visit(item)
        elif isinstance(node, dict):
            if "__id__" in node:
                # Whether two equal numbers or texts are one object is the interpreter's whim: go by their value.
                plain = node.get("__loader__") == "JsonNode"
                key = ("value", node["content"]) if plain else node["__id__"]
                node["__id__"] = self._numbers.setdefault(key, len(self._numbers) + 1)
            if isinstance(node.get("file"), str) and "__loader__" in node:
                old = node["file"]
                suffix = old.rpartition(".")[2]
                node["file"] = self.files.setdefault(old, f"{len(self.files) + 1}.{suffix}")
            for item in node.values():
                self.visit(item)


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=_EPOCH)
    # Not compressed: what zlib writes differs between its versions.
    info.external_attr = 0o600 << 16
    archive.writestr(info, data)
