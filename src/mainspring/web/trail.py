"""A wide line over time drawn on the server: values, what was expected of them, and where something changed."""

import math
from collections.abc import Sequence
from typing import TypeGuard

import msgspec
from markupsafe import Markup

from mainspring.web.figures import sig

__all__ = ["Change", "draw"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 1080, 120, 44, 1070, 20, 94


class Change(msgspec.Struct, frozen=True):
    """Something that changed at the value with this index, and the word for it."""

    index: int
    word: str


class _Scale(msgspec.Struct, frozen=True):
    low: float
    high: float
    count: int

    def x(self, index: int) -> float:
        return _LEFT + index * (_RIGHT - _LEFT) / max(1, self.count - 1)

    def y(self, value: float) -> float:
        return _TOP + (self.high - value) / ((self.high - self.low) or 1.0) * (_BOTTOM - _TOP)


def draw(
    values: Sequence[float | None],
    *,
    expected: float | None,
    changes: Sequence[Change],
    ends: tuple[str, str],
    label: str,
) -> Markup:
    """The line as SVG, with gaps where a value is missing; nothing where there are fewer than three numbers.

    ends: the words below its left and right end.
    """
    known = [value for value in (*values, expected) if _is_number(value)]
    if len(known) < 3:
        return Markup("")
    scale = _Scale(min(known), max(known), len(values))
    drawn = [_expected(scale, expected), *(_change(scale, change) for change in changes), _line(scale, values)]
    drawn += [_words(_LEFT - 6, scale.y(value) + 4, sig(value, 3), "end") for value in (scale.low, scale.high)]
    drawn += [_words(_LEFT, _HEIGHT - 3, ends[0], "start"), _words(_RIGHT, _HEIGHT - 3, ends[1], "end")]
    return Markup('<svg class="trail" role="img" aria-label="{}" viewBox="0 0 {} {}">{}</svg>').format(
        label, _WIDTH, _HEIGHT, Markup("").join(drawn)
    )


def _is_number(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _line(scale: _Scale, values: Sequence[float | None]) -> Markup:
    path, pen = [], "M"
    for index, value in enumerate(values):
        if _is_number(value):
            path.append(f"{pen}{scale.x(index):.1f} {scale.y(value):.1f}")
        pen = "L" if _is_number(value) else "M"
    return Markup('<path class="error" d="{}"/>').format(" ".join(path))


def _expected(scale: _Scale, value: float | None) -> Markup:
    if value is None:
        return Markup("")
    return Markup('<line class="expected" x1="{}" x2="{}" y1="{y:.1f}" y2="{y:.1f}"/>').format(
        _LEFT, _RIGHT, y=scale.y(value)
    )


def _change(scale: _Scale, change: Change) -> Markup:
    x = scale.x(change.index)
    mark = Markup(
        '<line class="version" x1="{x:.1f}" x2="{x:.1f}" y1="8" y2="{y}"/><path class="version-sign" d="M{x:.1f} 3l5 8h-10z"/>'
    )
    return mark.format(x=x, y=_HEIGHT - 18) + _words(x + 8, 12, change.word, "start")


def _words(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>').format(
        x=x, y=y, anchor=anchor, text=text
    )
