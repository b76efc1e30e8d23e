"""Runs, their steps and their graph."""

from collections.abc import Mapping
from typing import Any

from mainspring.domain.artifact import Artifact
from mainspring.domain.pipeline import Graph, Node, Port, Source
from mainspring.domain.run import Comparison, Frame, InputRef, Metric, Run, RunFailure, RunId

from .seeds import DAY_MS, HOUR_MS, NOW_MS, digest_of_seed, id_of_seed

__all__ = ["asked_runs", "comparison", "history", "runs_and_steps"]


def _graph() -> Graph:
    def node(name: str, kind: str, *sources: str) -> Node:
        inputs = {source or name: Source(source, "out") if source else Source("", name) for source in sources}
        return Node(name, f"flights:{name}", inputs, (Port("out", kind),))

    nodes = (
        Node("extract", "flights:extract", {"flights": Source("", "flights")}, (Port("out", "frame"),)),
        Node("weather", "flights:weather", {"weather": Source("", "weather")}, (Port("out", "frame"),)),
        node("validate", "frame", "extract"),
        node("prepare", "frame", "validate", "weather"),
        node("train", "model", "prepare"),
        node("evaluate", "json", "train", "prepare"),
    )
    return Graph(
        "arrival_delay", (Port("flights", "dataset"), Port("weather", "dataset")), {"learning_rate": 0.1}, nodes, {}
    )


def runs_and_steps() -> tuple[list[Run], dict[RunId, list[Run]]]:
    """14 runs of one pipeline, newest first: the first one runs, the fourth failed, every fourth took steps from the cache."""
    runs, steps, graph = [], {}, _graph()
    for index in range(14):
        started = NOW_MS - 7 * HOUR_MS - index * 3 * DAY_MS
        run_id = RunId(id_of_seed(index, started))
        status = {0: "running", 3: "failed"}.get(index, "succeeded")
        children, ended = _steps(graph, run_id, index, started)
        steps[run_id] = children
        failed, finished = index == 3, status == "succeeded"
        runs.append(
            Run(
                id=run_id,
                kind="pipeline",
                name="arrival_delay",
                status=status,  # type: ignore[arg-type]  # one of the three words above
                started_ms=started,
                ended_ms=0 if status == "running" else ended,
                pipeline="arrival_delay",
                params={"learning_rate": 0.1, "max_depth": 8},
                inputs={
                    "flights": InputRef("dataset", digest_of_seed(index), f"flights@{3 if index < 5 else 2}"),
                    "weather": InputRef("dataset", digest_of_seed(77), "weather@1"),
                },
                metrics={"mae_minutes": 11.83 - index / 50, "rmse_minutes": 18.2034 + index / 10, "r2": 0.4112}
                if finished
                else {},
                artifacts=(
                    Artifact("model", "model", digest_of_seed(3), 812_344),
                    Artifact("report.json", "json", digest_of_seed(9), 4_213),
                )
                if finished
                else (),
                failure=_failure() if failed else None,
                snapshot=digest_of_seed(4),
                trigger_id=id_of_seed(8, started) if index % 3 == 0 else "",
                principal="ada",
                graph=graph,
            )
        )
    return runs, steps


def _steps(graph: Graph, run_id: str, index: int, started: int) -> tuple[list[Run], int]:
    children = []
    for position, (node, span) in enumerate(zip(graph.nodes, (420, 180, 150, 2600, 8400, 900), strict=True)):
        if index == 0 and position > 3:
            break
        cached = index % 4 == 1 and position < 3
        status = (
            "failed"
            if index == 3 and node.name == "train"
            else "running"
            if index == 0 and position == 3
            else "succeeded"
        )
        ended = 0 if status == "running" else started + (3 if cached else span)
        children.append(
            Run(
                id=RunId(id_of_seed(1000 + index * 10 + position, started)),
                kind="step",
                name=node.name,
                status=status,  # type: ignore[arg-type]  # one of the three words above
                started_ms=started,
                ended_ms=ended,
                parent=run_id,
                pipeline="arrival_delay",
                cached_from=id_of_seed(5, started) if cached else "",
                artifacts=(
                    Artifact("out", node.outputs[0].kind, digest_of_seed(position), 3_100_000 * (position + 1)),
                ),
            )
        )
        started = ended or started
        if status != "succeeded":
            break
    return children, started


def _failure() -> RunFailure:
    frames = (
        Frame("flights.py", 88, "train", '    model.fit(features.to_numpy(), rows["arr_delay"])', True),
        Frame("flights.py", 31, "design", "    return rows.select(COLUMNS)", True),
    )
    return RunFailure("raised", "ValueError", "could not convert string to float: 'B6'", "train", frames, 9)


def asked_runs(runs: list[Run], steps: Mapping[RunId, list[Run]], asked: Mapping[str, Any]) -> list[Run]:
    parent = asked.get("parent", "")
    if parent not in ("", "none"):
        return steps.get(RunId(parent), [])
    return [run for run in runs if asked.get("status", "") in ("", run.status)]


def comparison(runs: list[Run]) -> Comparison:
    return Comparison(
        runs=tuple(run.id for run in runs[1:3]),
        params={"learning_rate": (0.1, 0.05)},
        inputs={"flights": (digest_of_seed(1), digest_of_seed(2))},
        facts={},
        metrics={"mae_minutes": (11.2, 11.34567), "r2": (0.41, None)},
    )


def history(name: str) -> list[Metric]:
    """A metric that falls over twenty steps, with one value missing."""
    return [Metric(name, None if step == 7 else 20 - step / 3, step, NOW_MS + step * 1000) for step in range(20)]
