"""Vega-Lite specs as plain data. A colour is a role (`@c1`) that the page's script fills in for light and dark."""

from collections.abc import Sequence
from typing import Any

import msgspec

__all__ = ["Marker", "Point", "timeline"]

_ERROR_HEIGHT, _DRIFT_HEIGHT, _LANES = 220, 110, 4
_MOST_DOTS = 60

# Any: a Vega-Lite spec is a JSON object of its own grammar.
_Spec = dict[str, Any]


class Point(msgspec.Struct, frozen=True):
    """One window on the timeline; None where it is not known yet. Scores are in units of their limit, so 1 is the limit."""

    start_ms: int
    end_ms: int
    error: float | None = None
    expected: float | None = None
    limit: float | None = None
    prediction_drift: float | None = None
    input_drift: float | None = None


class Marker(msgspec.Struct, frozen=True):
    """Something that happened: `deployed`, `retrained`, `alert` or `rolled back`, with a word about it."""

    at_ms: int
    kind: str
    text: str


def timeline(points: Sequence[Point], markers: Sequence[Marker], *, running_days: int = 1) -> _Spec:
    """Error above, drift below, on one time axis, with markers of what happened across both.

    running_days: over how many windows the limit of the error holds; the bold line is the mean over as many.
    """
    values = [msgspec.to_builtins(point) | {"middle_ms": (point.start_ms + point.end_ms) // 2} for point in points]
    happened = _in_lanes(points, markers)
    x = {
        "field": "middle_ms",
        "type": "temporal",
        "title": None,
        "scale": {"type": "utc"},
        "axis": {"grid": False, "labelOverlap": "greedy", "labelSeparation": 8, "format": "%b %d"},
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "datasets": {"windows": values, "markers": happened},
        "spacing": 14,
        "vconcat": [_errors(x, running_days), _drifts(x, dots=len(points) <= _MOST_DOTS)],
        "resolve": {"scale": {"x": "shared", "y": "independent"}},
    }


def _errors(x: _Spec, running_days: int) -> _Spec:
    tooltip = _tooltip([("error", "Error"), ("expected", "Expected"), ("limit", "Limit")])
    y = {"type": "quantitative", "title": "error", "scale": {"zero": False}, "axis": {"minExtent": 46, "tickCount": 5}}
    return {
        "height": _ERROR_HEIGHT,
        "layer": [
            *_markers(x, labelled=True),
            _line("expected", x, y, colour="@quiet", dash=[2, 3]),
            _line("limit", x, y, colour="@bad", dash=[6, 3]),
            _running_mean(x, y, running_days),
            _dots("error", x, y, colour="@c1", shape="circle", tooltip=tooltip, size=16, opacity=0.7),
        ],
    }


def _drifts(x: _Spec, *, dots: bool) -> _Spec:
    seen = 1 if dots else 0
    tooltip = _tooltip([("prediction_drift", "Predictions"), ("input_drift", "Inputs, most drifted")])
    y = {
        "type": "quantitative",
        "title": "drift / limit",
        "scale": {"type": "symlog"},
        "axis": {"minExtent": 46, "tickCount": 4},
    }
    return {
        "height": _DRIFT_HEIGHT,
        "layer": [
            *_markers(x, labelled=False),
            {
                "data": {"values": [{"limit": 1}]},
                "mark": {"type": "rule", "color": "@bad", "strokeDash": [6, 3]},
                "encoding": {"y": {"field": "limit", **y}},
            },
            _line("input_drift", x, y, colour="@c2", dash=[4, 2]),
            _line("prediction_drift", x, y, colour="@c3", width=2),
            _dots("input_drift", x, y, colour="@c2", shape="triangle-up", tooltip=tooltip, opacity=seen),
            _dots("prediction_drift", x, y, colour="@c3", shape="square", tooltip=tooltip, opacity=seen),
        ],
    }


def _in_lanes(points: Sequence[Point], markers: Sequence[Marker]) -> list[_Spec]:
    """The markers, each with its height above the panel: close ones lie above each other, so that no words overlap.

    Where every lane is taken the word is left out; the sign and its tooltip stay.
    """
    start, end = (
        min((point.start_ms for point in points), default=0),
        max((point.end_ms for point in points), default=1),
    )
    free_from = [float("-inf")] * _LANES
    placed = []
    for marker in sorted(markers, key=lambda marker: marker.at_ms):
        lane = next((lane for lane in range(_LANES) if free_from[lane] <= marker.at_ms), None)
        if lane is not None:
            free_from[lane] = marker.at_ms + (end - start) * (0.03 + 0.008 * len(marker.text))
        word = marker.text if lane is not None else ""
        placed.append(msgspec.to_builtins(marker) | {"y": -9 - 14 * (lane or 0), "word": word})
    return placed


def _line(field: str, x: _Spec, y: _Spec, *, colour: str, width: float = 1.25, dash: Sequence[int] = ()) -> _Spec:
    mark = {"type": "line", "color": colour, "strokeWidth": width, "strokeDash": list(dash), "clip": True}
    return {"data": {"name": "windows"}, "mark": mark, "encoding": {"x": x, "y": {"field": field, **y}}}


def _running_mean(x: _Spec, y: _Spec, windows: int) -> _Spec:
    mean = {
        "window": [{"op": "mean", "field": "error", "as": "running"}],
        "frame": [1 - max(1, windows), 0],
        "sort": [{"field": "middle_ms"}],
    }
    line = _line("running", x, y, colour="@c1", width=2)
    return {**line, "transform": [{"filter": "isValid(datum.error)"}, mean]}


def _dots(
    field: str, x: _Spec, y: _Spec, *, colour: str, shape: str, tooltip: list[_Spec], size: int = 34, opacity: float = 1
) -> _Spec:
    mark = {
        "type": "point",
        "filled": True,
        "color": colour,
        "shape": shape,
        "size": size,
        "opacity": opacity,
        "clip": True,
    }
    encoding = {"x": x, "y": {"field": field, **y}, "tooltip": tooltip}
    return {
        "data": {"name": "windows"},
        "transform": [{"filter": f"isValid(datum.{field})"}],
        "mark": mark,
        "encoding": encoding,
    }


def _markers(x: _Spec, *, labelled: bool) -> list[_Spec]:
    at = {**x, "field": "at_ms"}
    colour = _by_kind(["@c3", "@c4", "@bad", "@brass"])
    tooltip = [
        {"field": "kind", "title": "What"},
        {"field": "text", "title": "About"},
        {"field": "at_ms", "type": "temporal", "title": "At", "format": "%Y-%m-%d %H:%M"},
    ]
    rule = {
        "data": {"name": "markers"},
        "mark": {"type": "rule", "strokeDash": [1, 3], "strokeWidth": 1.5},
        "encoding": {"x": at, "color": colour, "tooltip": tooltip},
    }
    if not labelled:
        return [rule]
    top = {"field": "y", "type": "quantitative", "scale": None, "axis": None}
    shape = _by_kind(["triangle-up", "diamond", "cross", "triangle-down"])
    sign = {
        "data": {"name": "markers"},
        "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
        "encoding": {"x": at, "y": top, "color": colour, "shape": shape, "tooltip": tooltip},
    }
    return [rule, sign, _words(at, top)]


def _by_kind(values: list[str]) -> _Spec:
    kinds = ["deployed", "retrained", "alert", "rolled back"]
    return {"field": "kind", "type": "nominal", "scale": {"domain": kinds, "range": values}, "legend": None}


def _words(at: _Spec, top: _Spec) -> _Spec:
    """The words beside the signs; the page's script leaves them out where the chart is narrow."""
    mark = {"type": "text", "align": "left", "dx": 9, "dy": 1, "baseline": "middle", "fontSize": 10.5}
    return {
        "data": {"name": "markers"},
        "mark": {**mark, "color": "@quiet", "limit": 160},
        "encoding": {"x": at, "y": top, "text": {"field": "word"}},
    }


def _tooltip(fields: list[tuple[str, str]]) -> list[_Spec]:
    shown: list[_Spec] = [
        {"field": "start_ms", "type": "temporal", "title": "From", "format": "%Y-%m-%d"},
        {"field": "end_ms", "type": "temporal", "title": "To", "format": "%Y-%m-%d"},
    ]
    return shown + [
        {"field": field, "type": "quantitative", "title": title, "format": ".4r"} for field, title in fields
    ]
