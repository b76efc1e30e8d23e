"""A decided rollout that waits to be carried out, and the process that carries it out."""

import sys
from pathlib import Path

import msgspec

from mainspring.domain.endpoint import Variant
from mainspring.domain.rollout import Rollout
from mainspring.domain.verdict import Check, Verdict
from mainspring.kernel.clock import PlayedClock
from mainspring.loop import rollouts, tables
from mainspring.loop.admission import CHAMPION
from mainspring.models import ops as models
from mainspring.models import packages
from mainspring.models.model import Model
from mainspring.models.trees import store
from mainspring.serving import ops as endpoints
from mainspring.workspace import Workspace, create_workspace, open_workspace

NOW_MS = 1_356_998_400_000
DECIDED = Rollout(
    id="r",
    project="default",
    endpoint="ride",
    model="ride",
    champion=1,
    candidate=2,
    share=0.2,
    margin=0.02,
    error_rate=0.05,
    state="promoted",
    started_ms=0,
    longest_ms=1,
    decided_ms=NOW_MS,
    reason="the candidate is not worse",
)


def prepare(folder: Path) -> None:
    """A workspace whose endpoint runs a canary of version 2, the decision to promote it recorded, nothing done yet."""
    ws = create_workspace(folder, clock=PlayedClock(NOW_MS), seed=3)
    for version in (1, 2):
        _register(ws, folder.parent / f"package-{version}", slope=float(version))
    models.set_alias(ws, "ride", alias=CHAMPION, version=1)
    endpoints.deploy(ws, "ride", model="ride@champion")
    canary = [
        Variant(name="champion", model="ride", version=1, weight=0.8),
        Variant(name="candidate", model="ride", version=2, weight=0.2),
    ]
    endpoints.set_route(ws, "ride", variants=canary)
    decided = msgspec.structs.replace(DECIDED, route=endpoints.show_endpoint(ws, "ride").wanted.number)
    with ws.change() as tx:
        tables.insert_rollout(tx.conn, decided)
        tx.event("rollout.promoted", subject="ride", payload=DECIDED)
    ws.close()


def settle(folder: Path) -> None:
    """What a controller does next."""
    ws = open_workspace(folder, clock=PlayedClock(NOW_MS))
    with ws.read() as connection:
        waiting = tables.list_rollouts(connection, unsettled=True)
    for rollout in waiting:
        rollouts.advance(ws, rollout)
    ws.close()


def _register(ws: Workspace, folder: Path, *, slope: float) -> None:
    # Not needed by the process that is killed, which is started some thirty times.
    import numpy as np
    import polars as pl
    from sklearn.linear_model import LinearRegression

    x = np.arange(8, dtype=np.float64).reshape(-1, 1)
    model = Model(LinearRegression().fit(x, slope * x[:, 0]), example=pl.DataFrame({"x": x[:, 0]}))
    packages.write(model, folder)
    version = models.register_version(ws, "ride", package=store(ws.objects, folder))
    check = Check(name="mae difference", value=-1.0, passed=True, message="better")
    verdict = Verdict(gate="mae", candidate=version.reference, baseline="zero", checks=(check,), passed=True)
    models.record_verdict(ws, "ride", version.version, verdict=verdict)


if __name__ == "__main__":
    settle(Path(sys.argv[1]))
