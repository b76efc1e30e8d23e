"""Steps as bars on one time axis: when each began, how long it worked, and what was taken from the cache."""

from collections.abc import Sequence

import msgspec
from markupsafe import Markup

from mainspring.web.figures import duration

__all__ = ["Bar", "draw"]

_LEFT, _WIDTH, _ROW = 180, 760, 26


class Bar(msgspec.Struct, frozen=True):
    """One step: when it began after the run's start, how long it took, and its kind (ok, bad, busy, cached)."""

    name: str
    start_ms: int
    span_ms: int
    kind: str
    href: str = ""


def draw(bars: Sequence[Bar], *, label: str) -> Markup:
    """The chart as SVG; one row a step, in the order given."""
    end = max((bar.start_ms + bar.span_ms for bar in bars), default=0) or 1
    scale = (_WIDTH - _LEFT - 90) / end
    height = len(bars) * _ROW + 26
    ticks = Markup("").join(
        Markup(
            '<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{y}"/><text class="quiet-text" x="{x:.1f}" y="{t}" text-anchor="middle">{text}</text>'
        ).format(x=_LEFT + end * part / 4 * scale, y=height - 20, t=height - 5, text=duration(end * part / 4))
        for part in range(5)
    )
    rows = Markup("").join(_row(bar, index, scale) for index, bar in enumerate(bars))
    return Markup(
        '<svg class="gantt" role="group" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}">{}{}</svg>'
    ).format(label, _WIDTH, height, _WIDTH, height, ticks, rows)


def _row(bar: Bar, index: int, scale: float) -> Markup:
    y = index * _ROW + 4
    shown = bar.name if len(bar.name) <= 24 else bar.name[:23] + "\N{HORIZONTAL ELLIPSIS}"
    fact = "cached" if bar.kind == "cached" else duration(bar.span_ms)
    x, width = _LEFT + bar.start_ms * scale, max(3.0, bar.span_ms * scale)
    drawn = Markup(
        '<g class="{kind}"><title>{name}: {fact}</title><text x="0" y="{t}">{shown}</text>'
        '<rect x="{x:.1f}" y="{y}" width="{w:.1f}" height="16" rx="3"/><text class="quiet-text" x="{after:.1f}" y="{t}">{fact}</text></g>'
    ).format(kind=bar.kind, name=bar.name, shown=shown, fact=fact, t=y + 12, x=x, y=y, w=width, after=x + width + 6)
    return Markup('<a href="{}">{}</a>').format(bar.href, drawn) if bar.href else drawn
