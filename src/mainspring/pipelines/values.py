"""Values and objects: what a step wrote becomes an artifact, and an artifact becomes a value or an input again."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainspring.domain.artifact import Artifact
from mainspring.domain.gate import Evaluation
from mainspring.kernel.hashing import Digest
from mainspring.pipelines.codecs import CODECS
from mainspring.pipelines.errors import ArtifactUnreadable

if TYPE_CHECKING:
    from mainspring.storage.objects import Objects
    from mainspring.workspace import Workspace

__all__ = ["adopt", "checkout", "load"]


def adopt(objects: "Objects", path: Path, *, name: str, kind: str) -> Artifact:
    """Move a file, or a folder's files, into the object store; durable when this returns."""
    if path.is_dir():
        # Only models are trees; pipelines without them load nothing of that package.
        from mainspring.models.trees import store

        size_bytes = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        return Artifact(name=name, kind=kind, digest=store(objects, path), size_bytes=size_bytes)
    size_bytes = path.stat().st_size
    return Artifact(name=name, kind=kind, digest=objects.put_file(path, move=True), size_bytes=size_bytes)


def checkout(objects: "Objects", *, kind: str, digest: str, scratch: Path) -> Path:
    """A path that a step can read the artifact from: the object itself, or for a tree a folder in `scratch`."""
    if kind != "model":
        return objects.path(Digest(digest))
    from mainspring.models.trees import checkout as check_out

    return check_out(objects, Digest(digest), scratch / digest[:32])


# Any: the value has the type of the artifact's kind.
def load(ws: "Workspace", artifact: Artifact) -> Any:
    """The value of an artifact: a frame, an array, plain JSON, bytes, an Evaluation; raises ArtifactUnreadable for the rest."""
    codec = CODECS.get(artifact.kind)
    if codec is None or codec.tree:
        raise ArtifactUnreadable(name=artifact.name, kind=artifact.kind)
    return codec.read(ws.objects.path(artifact.digest), Evaluation if artifact.kind == "evaluation" else Any)
