"""A small world of domain values, as ops answer them, and a workspace that answers with them.

It stands where a remote workspace stands: an op hands itself and its arguments to `perform`. So every page can be shown
with every state of its subject, hostile text included, which no op would let into a real workspace.
"""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from mainspring.domain.event import ChainReport
from mainspring.domain.model import Alias, RegisteredModel
from mainspring.kernel.clock import PlayedClock
from mainspring.kernel.op import Op

from .seeds import DAY_MS, HOUR_MS, NOW_MS, digest_of_seed, id_of_seed
from .world_data import analysis, data_version, dataset, quarantined
from .world_models import endpoint, model_versions, package, retraining, rollouts, trace, verdicts
from .world_runs import asked_runs, comparison, history, runs_and_steps
from .world_watch import alerts_raised, events_told, monitor_status

__all__ = ["NOW_MS", "PAGES", "Answers", "World", "answers"]

# Any: each op answers a type of its own.
Answers = dict[str, Callable[[Mapping[str, Any]], Any]]


class World:
    """A workspace whose ops answer from a table."""

    def __init__(self, table: Answers, *, project: str = "default") -> None:
        self.table = table
        self.project = project
        self.clock = PlayedClock(NOW_MS)

    def perform(self, op: Op, arguments: Mapping[str, Any]) -> Any:
        """The table's answer for `op`."""
        return self.table[op.name](arguments)


def answers() -> Answers:
    """Every op that the pages call, over one consistent story: a model that drifted and was retrained."""
    runs, steps = runs_and_steps()
    version = model_versions(runs[1].id)
    alerts = alerts_raised()
    return {
        "tracking.list_runs": lambda asked: asked_runs(runs, steps, asked),
        "tracking.show_run": lambda asked: next(
            run for run in [*runs, *chain.from_iterable(steps.values())] if run.id == asked["run"]
        ),
        "tracking.list_metrics": lambda asked: history(asked["name"]),
        "tracking.compare_runs": lambda _: comparison(runs),
        "data.list_datasets": lambda _: [dataset()],
        "data.show_dataset": lambda _: dataset(),
        "data.list_versions": lambda _: [data_version(number) for number in (1, 2, 3)],
        "data.list_quarantined": lambda _: [quarantined()],
        "data.analyse": lambda _: analysis(),
        "models.list_models": lambda _: [
            RegisteredModel("arrival-delay", NOW_MS - 200 * DAY_MS, 3, (Alias("arrival-delay", "champion", 2),))
        ],
        "models.show_model": lambda _: RegisteredModel("arrival-delay", NOW_MS - 200 * DAY_MS, 3),
        "models.list_versions": lambda _: list(version.values()),
        "models.show_version": lambda asked: version[int(asked["version"])],
        "models.show_package": lambda _: package(),
        "models.list_verdicts": lambda asked: verdicts(int(asked["version"])),
        "serving.list_endpoints": lambda _: [endpoint()],
        "serving.show_endpoint": lambda _: endpoint(),
        "monitoring.list_monitors": lambda _: [monitor_status()],
        "monitoring.show_monitor": lambda _: monitor_status(),
        "monitoring.list_alerts": lambda asked: [
            alert for alert in alerts if asked.get("state", "") in ("", alert.state)
        ],
        "monitoring.show_alert": lambda asked: next(alert for alert in alerts if alert.id == asked["alert"]),
        "loop.list_rollouts": lambda _: rollouts(),
        "loop.list_retrainings": lambda _: [retraining(f"alert:{alerts[1].id}", runs[1].id)],
        "governance.trace_prediction": lambda _: trace(runs[1].id),
        "governance.list_events": lambda _: events_told(runs[1].id),
        "governance.verify_events": lambda _: ChainReport("default", 312, digest_of_seed(312), True),
    }


PAGES = {
    "overview": "/p/default/",
    "runs": "/p/default/runs",
    "run running": f"/p/default/runs/{id_of_seed(0, NOW_MS - 7 * HOUR_MS)}",
    "run cached": f"/p/default/runs/{id_of_seed(1, NOW_MS - 7 * HOUR_MS - 3 * DAY_MS)}",
    "run failed": f"/p/default/runs/{id_of_seed(3, NOW_MS - 7 * HOUR_MS - 9 * DAY_MS)}",
    "run along the time": f"/p/default/runs/{id_of_seed(2, NOW_MS - 7 * HOUR_MS - 6 * DAY_MS)}?view=time",
    "compare": "/p/default/runs/compare?runs=a,b",
    "pipelines": "/p/default/pipelines",
    "pipeline": "/p/default/pipelines/arrival_delay",
    "datasets": "/p/default/datasets",
    "dataset": "/p/default/datasets/flights",
    "dataset version": "/p/default/datasets/flights/3",
    "models": "/p/default/models",
    "model": "/p/default/models/arrival-delay",
    "model version passed": "/p/default/models/arrival-delay/2",
    "model version failed": "/p/default/models/arrival-delay/3",
    "model version not judged": "/p/default/models/arrival-delay/1",
    "endpoints": "/p/default/endpoints",
    "endpoint": "/p/default/endpoints/arrival-delay",
    "prediction": "/p/default/predictions/2013110107/12",
    "monitors": "/p/default/monitors",
    "monitor": "/p/default/monitors/arrival-delay",
    "alerts": "/p/default/alerts",
    "alert open": f"/p/default/alerts/{id_of_seed(51, NOW_MS - 5 * DAY_MS)}",
    "alert that retrained": f"/p/default/alerts/{id_of_seed(50, NOW_MS - 105 * DAY_MS)}",
    "events": "/p/default/events",
    "unknown": "/p/default/no/such/page",
}
"""One address of every page and of every state of it."""
