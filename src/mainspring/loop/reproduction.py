"""Reproduction: a version made again from its recorded code, data and parameters, compared byte by byte.

Nothing comes from the cache: every step runs again in a new process, and only what it makes is compared.
"""

import time
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from mainspring import pipelines
from mainspring.domain.model import ModelVersion
from mainspring.domain.object import Digest, Tree
from mainspring.domain.run import Run
from mainspring.domain.trace import Reproduction, TracedFile
from mainspring.kernel import canonical
from mainspring.loop.admission import artifact_of
from mainspring.loop.errors import NoModel, NoRun
from mainspring.tracking import ops as tracking

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["compare_trees", "reproduce"]


def reproduce(ws: "Workspace", version: ModelVersion) -> Reproduction:
    """Run the version's pipeline again from its snapshot and compare the packages; raises NoRun, RunFailed.

    The verdict is `identical` where every byte of the package is the same, else `different` with each file that differs.
    """
    if not version.run_id:
        raise NoRun(version=version.reference)
    started = time.monotonic()
    recipe = _origin(ws, tracking.show_run(ws, version.run_id))
    inputs = {name: ref.reference for name, ref in recipe.inputs.items() if ref.reference}
    run = pipelines.run_snapshot(
        ws, recipe.snapshot, recipe.pipeline, inputs=inputs, params=recipe.params, use_cache=False
    )
    rebuilt = artifact_of(run, "model")
    if rebuilt is None:
        raise NoModel(run=run.id[:12])
    files = compare_trees(ws, version.package, rebuilt.digest)
    identical = all(file.identical for file in files)
    result = Reproduction(
        version=version.reference,
        verdict="identical" if identical else "different",
        recorded=version.package,
        rebuilt=rebuilt.digest,
        run_id=run.id,
        environment_changes=_environment_changes(recipe, run),
        files=files,
        seconds=round(time.monotonic() - started, 3),
    )
    with ws.change() as tx:
        tx.event("model.reproduced", subject=version.reference, payload=result)
        return tx.reply(result)


def _origin(ws: "Workspace", run: Run) -> Run:
    """The run that really made this run's model: itself, or the one whose step the cache took it from."""
    made = artifact_of(run, "model")
    if made is None or run.graph is None:
        return run
    step = next(
        (
            step
            for step in tracking.list_runs(ws, parent=run.id, kind="step")
            if step.name == run.graph.outputs[made.name].node
        ),
        None,
    )
    if step is None or not step.cached_from:
        return run
    return tracking.show_run(ws, tracking.show_run(ws, step.cached_from).parent)


def compare_trees(ws: "Workspace", recorded: Digest, rebuilt: Digest) -> tuple[TracedFile, ...]:
    """Every file of two trees side by side; for one that differs, where its first unequal byte is and how many there are."""
    sides = [_files(ws, tree) for tree in (recorded, rebuilt)]
    return tuple(
        _compare(ws, path, sides[0].get(path, ""), sides[1].get(path, "")) for path in sorted({*sides[0], *sides[1]})
    )


def _files(ws: "Workspace", tree: Digest) -> dict[str, str]:
    return {entry.path: entry.digest for entry in canonical.loads(ws.objects.get_bytes(tree), type=Tree).entries}


def _compare(ws: "Workspace", path: str, recorded: str, rebuilt: str) -> TracedFile:
    same = TracedFile(path=path, recorded=recorded, rebuilt=rebuilt)
    if same.identical or not recorded or not rebuilt:
        return same
    a, b = (np.frombuffer(ws.objects.get_bytes(Digest(name)), dtype=np.uint8) for name in (recorded, rebuilt))
    shared = min(len(a), len(b))
    unequal = np.flatnonzero(a[:shared] != b[:shared])
    first = int(unequal[0]) if len(unequal) else shared
    return msgspec.structs.replace(same, first_difference=first, differing_bytes=len(unequal) + abs(len(a) - len(b)))


def _environment_changes(recipe: Run, run: Run) -> tuple[str, ...]:
    """What the two runs' environments do not share, as `name: then -> now`."""
    then, now = recipe.tags, run.tags
    names = sorted(name for name in {*then, *now} if name.startswith("environment."))
    return tuple(
        f"{name.partition('.')[2]}: {then.get(name, 'absent')} -> {now.get(name, 'absent')}"
        for name in names
        if then.get(name) != now.get(name)
    )
