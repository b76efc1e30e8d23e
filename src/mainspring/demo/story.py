"""The year, played: data in, model out, served, watched, drifted, retrained, rolled out; every number from this run."""

import importlib
import sys
from typing import TYPE_CHECKING

import polars as pl

from mainspring import data
from mainspring.data.errors import DataRefused
from mainspring.demo.client import EndpointClient
from mainspring.demo.source import Year
from mainspring.demo.telling import EventTeller, tell_refusal, tell_verdict
from mainspring.demo.timeline import Timeline
from mainspring.demo.traffic import DAY_MS, PROJECT, Batch, Traffic, break_batch
from mainspring.domain.plan import Plan
from mainspring.domain.run import Run
from mainspring.kernel.clock import PlayedClock
from mainspring.loop import controllers
from mainspring.loop import ops as loop
from mainspring.loop.admission import admit
from mainspring.models import ops as models
from mainspring.pipelines import Pipeline
from mainspring.serving import ops as endpoints
from mainspring.tracking import ops as tracking

if TYPE_CHECKING:
    from mainspring.workspace import Workspace

__all__ = ["DAYS", "MODEL", "START_MS", "Story"]

START_MS = 1_364_774_400_000  # 2013-04-01T00:00:00Z: the first quarter is history by then
DAYS = 275
MODEL = "arrival-delay"
_HISTORY_DAYS = 90
_BROKEN_WEEK = 3
_WEEK = 7


class Story:
    """The chapters of the demo, each a piece of the loop; `client` talks to the endpoint once it is up."""

    def __init__(self, ws: "Workspace", clock: PlayedClock, year: Year, timeline: Timeline) -> None:
        self._ws = ws
        self._clock = clock
        self._year = year
        self._timeline = timeline
        self._teller = EventTeller(ws, timeline)
        self.traffic = Traffic(year, start_ms=START_MS)
        self.requests = 0
        self.predictions = 0
        self.outcomes = 0

    def enter_data(self) -> None:
        """January to March become the first versions."""
        history = self.traffic.batch(0, days=_HISTORY_DAYS)
        flights = data.add(self._ws, "flights", history.flights, event_time="time_hour", label="flights-2013-q1")
        data.add(self._ws, "weather", history.weather, event_time="time_hour", label="weather-2013-q1")
        data.add(self._ws, "airports", self._year.airports, label="airports")
        self._tell(
            "data",
            f"{flights.reference}: {flights.rows:,} flights of January to March; schema inferred, profile made, row ids given",
        )

    def train(self) -> Run:
        """The first model, by a pipeline that then shows what it does not do twice."""
        pipeline = load_pipeline()
        inputs = {"flights": "flights@1", "weather": "weather@1", "airports": "airports@1"}
        run = pipeline.run(self._ws, **inputs)
        self._tell("pipeline", f"five steps ran, each in its own process: {_steps(self._ws, run)}", good=True)
        again = pipeline.run(self._ws, **inputs)
        self._tell("pipeline", f"the same inputs again: {_steps(self._ws, again)}")
        other = pipeline.run(self._ws, **inputs, learning_rate=0.2)
        self._tell("pipeline", f"another learning rate: {_steps(self._ws, other)}")
        return run

    def register(self, run: Run) -> None:
        """Version 1, its gate, and the alias."""
        plan = Plan(params={"window_days": 120, "holdout_days": 28})
        loop.set_plan(self._ws, MODEL, plan=plan)
        version = admit(self._ws, MODEL, run=run.id)
        verdict = models.list_verdicts(self._ws, MODEL, version.version)[0]
        tell_verdict(self._timeline, verdict, at_ms=self._clock.now_ms())
        if version.passed:
            self._tell("model", f"{version.reference} is champion now", good=True)

    def reproduce(self) -> None:
        """Version 1 made again from its records."""
        result = loop.reproduce_version(self._ws, MODEL, 1)
        files = len(result.files)
        self._tell(
            "model",
            f"{result.version} made again in new processes without a cache: {result.verdict} "
            f"({sum(file.identical for file in result.files)} of {files} files, {result.seconds:.1f} s)",
            good=result.verdict == "identical",
        )

    def deploy(self) -> EndpointClient:
        """The endpoint, a process of its own."""
        endpoints.deploy(self._ws, MODEL, model=f"{MODEL}@champion", clock="request")
        self._tick()
        status = endpoints.show_endpoint(self._ws, MODEL)
        self._tell(
            "endpoint",
            f"{MODEL} answers at {status.url} (process {status.process.pid if status.process else '-'})",
            good=True,
        )
        self._teller.skip()
        return EndpointClient(status.url, model=MODEL)

    def play_day(self, day: int, client: EndpointClient) -> None:
        """One day: its departures, the outcomes reported, on Mondays the week's batch, then the controllers."""
        for request in self.traffic.requests(day):
            self._clock.advance_to(request.at_ms)
            client.infer(request.body)
            self.requests += 1
            self.predictions += request.rows
        end = START_MS + (day + 1) * DAY_MS
        self._clock.advance_to(end)
        reports = self.traffic.reports(day)
        if reports.height:
            client.feedback(list(reports.select("prediction_id", "label", "reported_ms").iter_rows()))
            self.outcomes += reports.height
        if (day + 1) % _WEEK == 0:
            self._enter_week((day + 1) // _WEEK, self.traffic.batch(day + 1))
        self._tick()
        self._teller.tell()
        self._timeline.day(end, done=day + 1)

    def finish(self, client: EndpointClient, *, days: int) -> None:
        """The outcomes that are still on their way when the played days end."""
        late = pl.concat([self.traffic.reports(days + day) for day in range(3)])
        self._clock.advance_to(START_MS + (days + 3) * DAY_MS)
        if late.height:
            client.feedback(list(late.select("prediction_id", "label", "reported_ms").iter_rows()))
            self.outcomes += late.height
        self._tick()
        self._teller.tell()

    def _tick(self) -> None:
        """Let the controllers take their steps; what they could not do is a line of the story."""
        for failure in controllers.tick(self._ws).failures:
            self._tell("loop", f"{failure.subject}: {failure.message}", good=False)

    def _enter_week(self, week: int, batch: Batch) -> None:
        """A week's flights and weather; in one week the export is broken first."""
        if week == _BROKEN_WEEK:
            try:
                data.add(self._ws, "flights", break_batch(batch.flights), label=f"flights-week-{week}-broken")
                self._tell("data", "a broken batch was let in", good=False)
            except DataRefused as error:
                tell_refusal(self._ws, self._timeline, error, at_ms=self._clock.now_ms())
        data.add(self._ws, "weather", batch.weather, label=f"weather-week-{week}")
        version = data.add(self._ws, "flights", batch.flights, label=f"flights-week-{week}")
        if week in (1, _BROKEN_WEEK):
            self._tell(
                "data",
                f"{version.reference}: the week's {version.added_rows:,} flights enter, {version.rows:,} in all",
                good=True,
            )

    def _tell(self, part: str, text: str, *, good: bool | None = None) -> None:
        self._timeline.tell(self._clock.now_ms(), part, text, good=good)


def load_pipeline() -> Pipeline[..., object]:
    """The demo's pipeline, imported from its project folder as any project's is."""
    if str(PROJECT) not in sys.path:
        sys.path.insert(0, str(PROJECT))
    pipeline: Pipeline[..., object] = importlib.import_module("arrival_delay").arrival_delay
    return pipeline


def _steps(ws: "Workspace", run: Run) -> str:
    """How many steps ran and how many were taken from the cache."""
    steps = tracking.list_runs(ws, parent=run.id, kind="step", limit=100)
    ran = [step.name for step in reversed(steps) if not step.cached_from]
    if not ran:
        return f"nothing executed, {len(steps)} of {len(steps)} steps from the cache"
    return f"{', '.join(ran)} ran" + (f", {len(steps) - len(ran)} from the cache" if len(ran) < len(steps) else "")
