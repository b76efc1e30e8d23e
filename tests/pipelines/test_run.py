"""Pipelines run in real processes: results, caching, failures."""

import os
from pathlib import Path

import polars as pl
import pytest

from mainspring import pipelines, tracking
from mainspring.domain.run import Run
from mainspring.pipelines.errors import InputInvalid, RunFailed
from mainspring.workspace import Workspace
from pipelines.conftest import Project

FLOW = """
    import mainspring as ms
    import polars as pl
    from helper import double

    @ms.step
    def make(*, rows: int = 3) -> pl.DataFrame:
        print("making", rows)
        return pl.DataFrame({"x": range(rows)})

    @ms.step
    def scale(table: pl.DataFrame, *, factor: float = 2.0) -> pl.DataFrame:
        return table.select(pl.col("x") * factor)

    @ms.step
    def measure(table: pl.DataFrame) -> ms.Metrics:
        return ms.Metrics(total=double(table["x"].sum()))

    @ms.pipeline
    def flow(*, rows: int = 3, factor: float = 2.0):
        table = scale(make(rows=rows), factor=factor)
        return {"table": table, "metrics": measure(table)}
"""


@pytest.fixture
def flow(project: Project) -> Project:
    project.write("helper.py", "def double(x):\n    return 2 * x\n")
    project.write("flow.py", FLOW)
    return project


def _steps(ws: Workspace, run: Run) -> dict[str, Run]:
    return {step.name: step for step in tracking.list_runs(ws, parent=run.id)}


def _executed(ws: Workspace, run: Run) -> set[str]:
    return {name for name, step in _steps(ws, run).items() if not step.cached_from}


def test_a_run_has_its_outputs_metrics_and_steps(ws: Workspace, flow: Project) -> None:
    run = flow.load().flow.run(ws, rows=4)
    table, metrics = run.artifacts
    assert run.status == "succeeded"
    assert run.metrics == {"total": 24.0}
    assert pipelines.load(ws, table).equals(pl.DataFrame({"x": [0.0, 2.0, 4.0, 6.0]}))
    assert pipelines.load(ws, metrics) == {"total": 24.0}
    assert run.params == {"rows": 4, "factor": 2.0}
    assert run.tags["environment.polars"] == pl.__version__
    steps = _steps(ws, run)
    assert {name: step.status for name, step in steps.items()} == dict.fromkeys(
        ["make", "scale", "measure"], "succeeded"
    )
    log = next(artifact for artifact in steps["make"].artifacts if artifact.kind == "log")
    assert ws.objects.get_bytes(log.digest) == b"making 4\n"
    assert not any((ws.folder / "scratch").iterdir())


def test_the_same_run_again_executes_nothing(any_ws: Workspace, flow: Project) -> None:
    ws = any_ws
    first = flow.load().flow.run(ws)
    again = flow.load().flow.run(ws)
    assert _executed(ws, first) == {"make", "scale", "measure"}
    assert _executed(ws, again) == set()
    assert [a.digest for a in again.artifacts] == [a.digest for a in first.artifacts]
    assert again.metrics == first.metrics


def test_a_changed_parameter_reruns_what_depends_on_it(ws: Workspace, flow: Project) -> None:
    flow.load().flow.run(ws)
    assert _executed(ws, flow.load().flow.run(ws, factor=3.0)) == {"scale", "measure"}


def test_a_result_that_is_equal_cuts_the_rest_off(ws: Workspace, flow: Project) -> None:
    flow.load().flow.run(ws)
    flow.change("flow.py", 'pl.DataFrame({"x": range(rows)})', 'pl.DataFrame({"x": list(range(rows))})')
    assert _executed(ws, flow.load().flow.run(ws)) == {"make"}


def test_a_result_whose_object_is_gone_is_made_again(ws: Workspace, flow: Project) -> None:
    first = flow.load().flow.run(ws)
    scale = _steps(ws, first)["scale"]
    ws.objects.path(scale.artifacts[0].digest).unlink()
    assert _executed(ws, flow.load().flow.run(ws)) == {"scale"}
    assert _executed(ws, flow.load().flow.run(ws)) == set()


def test_a_step_that_raises_shows_the_users_line_first(
    ws: Workspace, flow: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow.write("helper.py", "def double(x):\n    raise ValueError(f'cannot double {x}')\n")
    monkeypatch.chdir(flow.root)
    with pytest.raises(RunFailed) as caught:
        flow.load().flow.run(ws)
    assert caught.value.exit_code == 1
    assert caught.value.message.splitlines()[:4] == [
        "step 'measure' failed: ValueError: cannot double 6.0",
        "  helper.py:2, in double",
        "    raise ValueError(f'cannot double {x}')",
        "  flow.py:17, in measure",
    ]
    [run] = tracking.list_runs(ws, kind="pipeline")
    assert run.status == "failed"
    assert run.failure is not None
    assert run.failure.frames[0].file == "helper.py"
    assert {name: step.status for name, step in _steps(ws, run).items()} == {
        "make": "succeeded",
        "scale": "succeeded",
        "measure": "failed",
    }


def test_after_a_failure_the_finished_steps_are_not_run_again(ws: Workspace, flow: Project) -> None:
    flow.write("helper.py", "def double(x):\n    raise ValueError\n")
    with pytest.raises(RunFailed):
        flow.load().flow.run(ws)
    flow.write("helper.py", "def double(x):\n    return 2 * x\n")
    assert _executed(ws, flow.load().flow.run(ws)) == {"measure"}


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed", "killed by SIGKILL"),
        ("import os; os._exit(3)", "exited", "exit code 3 and no result"),
        ("import os; os._exit(0)", "exited", "step 'bad' failed: its process ended with exit code 0 and no result"),
        ("raise SystemExit(2)", "raised", "SystemExit: 2"),
        ("return 'text'", "output", "it returned str, expected int"),
    ],
)
def test_each_way_to_end_badly_is_told_apart(
    ws: Workspace, project: Project, body: str, kind: str, message: str
) -> None:
    project.write(
        "flow.py",
        f"""
        import mainspring as ms

        @ms.step
        def bad() -> int:
            {body}

        @ms.pipeline
        def flow():
            return bad()
        """,
    )
    with pytest.raises(RunFailed, match=message):
        project.load().flow.run(ws)
    [run] = tracking.list_runs(ws, kind="pipeline")
    assert run.failure is not None
    assert run.failure.kind == kind


def test_inputs_are_given_by_value_and_counted_by_content(ws: Workspace, project: Project) -> None:
    project.write(
        "flow.py",
        """
        import mainspring as ms
        import numpy as np
        import polars as pl

        @ms.step
        def mean(table: pl.DataFrame, weights: np.ndarray) -> tuple[float, np.ndarray]:
            return float((table["x"].to_numpy() * weights).sum()), weights / weights.sum()

        @ms.pipeline
        def flow(table: pl.DataFrame, weights: np.ndarray):
            return mean(table, weights)
        """,
    )
    import numpy as np

    frame = pl.DataFrame({"x": [1.0, 2.0]})
    run = project.load().flow.run(ws, table=frame, weights=np.array([1.0, 3.0]))
    assert pipelines.load(ws, run.artifacts[0]) == 7.0
    assert pipelines.load(ws, run.artifacts[1]).tolist() == [0.25, 0.75]
    again = project.load().flow.run(ws, table=frame.clone(), weights=np.array([1.0, 3.0]))
    assert _executed(ws, again) == set()
    with pytest.raises(InputInvalid, match="expected a value of kind frame, given str"):
        project.load().flow.run(ws, table="flights", weights=np.array([1.0]))
    with pytest.raises(InputInvalid, match="there is no such argument; there are: table, weights"):
        project.load().flow.run(ws, table=frame, weight=1)


def test_a_snapshot_runs_without_its_folder(ws: Workspace, flow: Project, tmp_path: Path) -> None:
    first = flow.load().flow.run(ws, rows=5)
    flow.root.rename(tmp_path / "moved")
    again = pipelines.run_snapshot(ws, first.snapshot, "flow", first.inputs, first.params, use_cache=False)
    assert _executed(ws, again) == {"make", "scale", "measure"}
    assert [a.digest for a in again.artifacts] == [a.digest for a in first.artifacts]
    assert again.snapshot == first.snapshot


def test_steps_start_from_the_runs_seed_and_pinned_threads(ws: Workspace, project: Project) -> None:
    project.write(
        "flow.py",
        """
        import os
        import random
        import mainspring as ms
        import numpy as np
        import polars as pl

        @ms.step(cache=False)
        def draw() -> list:
            return [random.random(), float(np.random.rand()), hash("text"), pl.thread_pool_size(), os.getpid()]

        @ms.pipeline(seed=11, threads=2)
        def flow():
            return draw()
        """,
    )
    one, two = (pipelines.load(ws, project.load().flow.run(ws).artifacts[0]) for _ in range(2))
    assert one[:4] == two[:4]
    assert one[3] == 2
    assert len({one[4], two[4], os.getpid()}) == 3


def test_a_step_that_ends_its_process_leaves_the_others_alone(ws: Workspace, project: Project) -> None:
    project.write(
        "flow.py",
        """
        import os
        import time
        import mainspring as ms

        @ms.step
        def bad() -> int:
            os._exit(0)

        @ms.step
        def good() -> int:
            time.sleep(0.3)
            return 1

        @ms.pipeline
        def flow():
            return bad(), good()
        """,
    )
    with pytest.raises(RunFailed, match="exit code 0 and no result"):
        project.load().flow.run(ws)
    [run] = tracking.list_runs(ws, kind="pipeline")
    assert {name: step.status for name, step in _steps(ws, run).items()} == {"bad": "failed", "good": "succeeded"}


def test_steps_see_the_variables_they_declare_and_no_credentials(
    ws: Workspace, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(
        "flow.py",
        """
        import os
        import mainspring as ms

        AT_IMPORT = os.environ.get("FLOW_DECLARED", "none")

        @ms.step(env=["FLOW_DECLARED", "MAINSPRING_TOKEN"])
        def seen() -> list:
            names = ("FLOW_DECLARED", "FLOW_SECRET", "MAINSPRING_TOKEN")
            return [AT_IMPORT, *(os.environ.get(name, "none") for name in names)]

        @ms.pipeline
        def flow():
            return seen()
        """,
    )
    for name in ("FLOW_DECLARED", "FLOW_SECRET", "MAINSPRING_TOKEN"):
        monkeypatch.setenv(name, "given")
    run = project.load().flow.run(ws)
    monkeypatch.setenv("FLOW_SECRET", "another")
    again = project.load().flow.run(ws)
    project.forget()
    replayed = pipelines.run_snapshot(ws, run.snapshot, "flow", {}, {}, use_cache=False)

    for made in (run, again, replayed):
        assert pipelines.load(ws, made.artifacts[0]) == ["given", "given", "none", "none"]
    assert (_executed(ws, again), _executed(ws, replayed)) == (set(), {"seen"})


def test_imports_that_start_threads_are_run_by_spawning(ws: Workspace, project: Project) -> None:
    project.write(
        "flow.py",
        """
        import os, threading, time
        import mainspring as ms

        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()

        @ms.step
        def one() -> int:
            return os.getppid()

        @ms.step
        def two(x: int) -> int:
            return x

        @ms.pipeline
        def flow():
            return two(one())
        """,
    )
    run = project.load().flow.run(ws)
    assert pipelines.load(ws, run.artifacts[0]) == os.getpid()


def test_a_project_that_cannot_be_imported_there_fails_before_any_step(ws: Workspace, project: Project) -> None:
    project.write(
        "flow.py",
        """
        import os
        import mainspring as ms

        if os.environ["OMP_NUM_THREADS"] == "1":
            raise RuntimeError("not with one thread")

        @ms.step
        def one() -> int:
            return 1

        @ms.pipeline
        def flow():
            return one()
        """,
    )
    os.environ["OMP_NUM_THREADS"] = "2"
    try:
        flow = project.load().flow
    finally:
        del os.environ["OMP_NUM_THREADS"]
    with pytest.raises(RunFailed, match="RuntimeError: not with one thread"):
        flow.run(ws)
    [run] = tracking.list_runs(ws)
    assert run.failure is not None
    assert (run.status, run.failure.kind, run.failure.frames[0].line) == ("failed", "import", 6)


def test_a_damaged_store_ends_the_run_instead_of_leaving_it_open(ws: Workspace, flow: Project) -> None:
    flow.load().flow.run(ws)
    (ws.folder / "objects/incoming").rmdir()
    with pytest.raises(FileNotFoundError):
        flow.load().flow.run(ws, rows=9)
    assert {run.status for run in tracking.list_runs(ws, kind="pipeline")} == {"succeeded", "failed"}
