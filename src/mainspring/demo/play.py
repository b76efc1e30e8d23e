"""Plays the demo in a folder's workspace and leaves it in good order, whatever ends it."""

import resource
import shutil
import time
from pathlib import Path

from mainspring.demo.source import read_year
from mainspring.demo.story import DAYS, MODEL, START_MS, Story
from mainspring.demo.summary import Summary, by_month
from mainspring.demo.timeline import Timeline
from mainspring.demo.traffic import DAY_MS
from mainspring.governance import ops as governance
from mainspring.kernel.clock import FlowingClock, PlayedClock
from mainspring.kernel.errors import Conflict, MainspringError
from mainspring.loop import ops as loop
from mainspring.monitoring import ops as monitoring
from mainspring.serving.controller import stop
from mainspring.workspace import Workspace, create_workspace, open_workspace

__all__ = ["NotTheDemos", "play"]

_SEED = 2013  # the same year plays the same way
_MARKER = "demo"
_EARLIER = "-earlier"


class NotTheDemos(Conflict):
    code = "demo.workspace"
    template = "'{folder}' holds a workspace that is not the demo's"
    hint = "run it in another folder: mkdir flights && cd flights && mainspring demo"


def play(folder: Path, *, quiet: bool = False, days: int = DAYS) -> Summary:
    """Play `days` days of 2013 in the workspace at `folder`; raises NotTheDemos, MissingExtra.

    An earlier demo's workspace is moved to `<folder>-earlier`, in the place of the one before it.
    """
    started = time.monotonic()
    clock = FlowingClock(START_MS)
    year = read_year()
    ws = _fresh(folder, clock)
    with ws.hold("mainspring demo"), Timeline(days=days, quiet=quiet) as timeline:
        try:
            story = Story(ws, clock, year, timeline)
            story.enter_data()
            story.register(story.train())
            story.reproduce()
            client = story.deploy()
            for day in range(days):
                story.play_day(day, client)
            story.finish(client, days=days)
            client.close()
            return _summary(ws, story, timeline, days=days, started=started)
        finally:
            stop(ws, MODEL)
            ws.close()


def _fresh(folder: Path, clock: PlayedClock) -> Workspace:
    """A new workspace, after an earlier demo's was moved aside."""
    if (folder / "workspace.json").exists():
        if not (folder / _MARKER).exists():
            raise NotTheDemos(folder=folder)
        _end_earlier(folder)
        aside = folder.with_name(folder.name + _EARLIER)
        if (aside / _MARKER).exists():
            shutil.rmtree(aside)
        folder.rename(aside)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(folder.iterdir()):
        # First of all: a demo that is killed from here on leaves a folder that the next one knows as its own.
        (folder / _MARKER).touch()
    return create_workspace(folder, clock=clock, seed=_SEED)


def _end_earlier(folder: Path) -> None:
    """Stop what an earlier demo, killed in the middle, may have left running; raises WorkspaceHeld where it is in use."""
    try:
        earlier = open_workspace(folder)
    except MainspringError:
        return  # Killed before it could be opened: nothing of it runs.
    with earlier.hold("mainspring demo"):
        stop(earlier, MODEL)
    earlier.close()


def _summary(ws: Workspace, story: Story, timeline: Timeline, *, days: int, started: float) -> Summary:
    end = START_MS + days * DAY_MS
    months = by_month(ws, MODEL, MODEL, from_ms=START_MS, to_ms=end)
    last = story.traffic.departed.filter(story.traffic.departed["at_ms"] < end).tail(1)["prediction_id"][0]
    peak_kb = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return Summary(
        requests=story.requests,
        predictions=story.predictions,
        outcomes=story.outcomes,
        months=tuple(months),
        trace=governance.trace_prediction(ws, last),
        happenings=tuple(timeline.happenings),
        alerts=len(monitoring.list_alerts(ws, limit=1000)),
        retrainings=len(loop.list_retrainings(ws)),
        promotions=sum(rollout.state == "promoted" for rollout in loop.list_rollouts(ws)),
        seconds=round(time.monotonic() - started, 1),
        peak_memory_bytes=peak_kb * 1024,
    )
