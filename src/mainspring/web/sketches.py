"""Small pictures drawn on the server as inline SVG: lines, histograms, bars. No script, no inline style."""

import math
from collections.abc import Sequence

from markupsafe import Markup

__all__ = ["bars", "interval", "share", "spark"]


def spark(values: Sequence[float | None], *, label: str, width: int = 120, height: int = 28) -> Markup:
    """A line of `values` in their order, with a dot on the last; gaps where a value is missing."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (width - 6) / max(1, len(values) - 1)
    parts, pen = [], "M"
    last = (0.0, 0.0)
    for index, value in enumerate(values):
        if value is None or not math.isfinite(value):
            pen = "M"
            continue
        last = (3 + index * step, height - 4 - (value - low) / span * (height - 8))
        parts.append(f"{pen}{last[0]:.1f} {last[1]:.1f}")
        pen = "L"
    return Markup(
        '<svg class="spark" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        '<path d="{path}"/><circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    ).format(label=label, width=width, height=height, path=" ".join(parts), x=last[0], y=last[1])


def bars(
    counts: Sequence[float], *, label: str, names: Sequence[str] = (), width: int = 132, height: int = 32
) -> Markup:
    """A histogram: one bar a count, in order; `names` become the bars' titles."""
    top = max(counts, default=0)
    if top <= 0:
        return Markup("")
    slot = width / len(counts)
    gap = 1 if slot > 3 else 0
    drawn = []
    for index, value in enumerate(counts):
        tall = max(1.0, value / top * (height - 2)) if value > 0 else 0
        title = f"{names[index]}: {value:,.0f}" if index < len(names) else f"{value:,.0f}"
        drawn.append(
            Markup(
                '<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}"><title>{title}</title></rect>'
            ).format(x=index * slot, y=height - tall, w=max(0.5, slot - gap), h=tall, title=title)
        )
    return Markup(
        '<svg class="bars" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}" height="{height}">{drawn}</svg>'
    ).format(label=label, width=width, height=height, drawn=Markup("").join(drawn))


def share(part: float, *, label: str, kind: str = "live", width: int = 160, height: int = 10) -> Markup:
    """A horizontal bar filled to `part` of 1."""
    filled = min(1.0, max(0.0, part)) * width
    return Markup(
        '<svg class="share {kind}" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        '<rect class="track" width="{width}" height="{height}" rx="2"/><rect class="fill" width="{filled:.1f}" height="{height}" rx="2"/></svg>'
    ).format(label=label, kind=kind, width=width, height=height, filled=filled)


def interval(
    value: float,
    low: float,
    high: float,
    *,
    threshold: float,
    extent: tuple[float, float],
    label: str,
    width: int = 140,
    height: int = 16,
) -> Markup:
    """A dot with its interval on a line from `extent[0]` to `extent[1]`, beside the tick of a threshold."""
    left, right = extent
    span = (right - left) or 1.0

    def at(point: float) -> float:
        return 3 + min(1.0, max(0.0, (point - left) / span)) * (width - 6)

    middle = height / 2
    return Markup(
        '<svg class="interval" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        '<line class="limit" x1="{t:.1f}" x2="{t:.1f}" y1="1" y2="{bottom}"/>'
        '<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="{m}" y2="{m}"/><circle cx="{v:.1f}" cy="{m}" r="3"/></svg>'
    ).format(
        label=label,
        width=width,
        height=height,
        t=at(threshold),
        bottom=height - 1,
        low=at(low),
        high=at(high),
        v=at(value),
        m=middle,
    )
