"""Numbers, times, sizes and digests as people read them; the full value goes into the title."""

import math
from datetime import UTC, datetime

from markupsafe import Markup, escape

__all__ = [
    "ago",
    "clock",
    "count",
    "day",
    "duration",
    "full",
    "percent",
    "short",
    "sig",
    "signed",
    "size",
    "tail",
    "when",
]

_MINUS = "\N{MINUS SIGN}"
_NOTHING = "\N{EN DASH}"


def sig(value: float | None, digits: int = 4) -> str:
    """`value` to `digits` significant digits, never in scientific notation between 1e-4 and 1e15; an exact value shows no zeros behind."""
    if value is None or math.isnan(value):
        return _NOTHING
    if math.isinf(value):
        return "\N{INFINITY}" if value > 0 else _MINUS + "\N{INFINITY}"
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e15:
        return f"{value:.{digits - 1}e}".replace("-", _MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    if "." in text and float(text.replace(",", "")) == value:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", _MINUS)


def signed(value: float | None, digits: int = 3) -> str:
    """`value` with its sign always shown, for differences."""
    if value is None or math.isnan(value):
        return _NOTHING
    return ("+" if value > 0 else "") + sig(value, digits)


def full(value: float | int | str | None) -> str:
    """Every digit, for titles."""
    return _NOTHING if value is None else str(value)


def count(value: int | None) -> str:
    """A whole number with separators of thousands."""
    return _NOTHING if value is None else f"{value:,}"


def percent(share: float | None, digits: int = 3) -> str:
    """A share of 1 as a percentage; a small one is never rounded to nothing."""
    if share is None or math.isnan(share):
        return _NOTHING
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    return sig(share * 100, digits) + " %"


def size(size_bytes: int | None) -> str:
    """Bytes in decimal units."""
    if size_bytes is None:
        return _NOTHING
    value, unit = float(size_bytes), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{size_bytes} B" if unit == "B" else f"{sig(value, 3)} {unit}"


def duration(span_ms: float | None) -> str:
    """A span in its two largest units."""
    if span_ms is None:
        return _NOTHING
    if span_ms < 1000:
        return f"{span_ms:.0f} ms"
    seconds = span_ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def short(digest: str | None) -> str:
    """The beginning of a digest, enough to tell it from others."""
    return digest[:8] if digest else _NOTHING


def tail(id: str | None) -> str:
    """The end of an id: ids begin with the time, so the end is what tells them apart."""
    return id[-8:] if id else _NOTHING


def day(at_ms: int | None) -> str:
    """The date in UTC."""
    return _NOTHING if at_ms is None else _utc(at_ms).strftime("%Y-%m-%d")


def clock(at_ms: int | None) -> str:
    """Date and time of day in UTC, to the minute."""
    return _NOTHING if at_ms is None else _utc(at_ms).strftime("%Y-%m-%d %H:%M")


def ago(at_ms: int, now_ms: int) -> str:
    """How long before (or after) now, in one unit; empty when further than 60 days, where the date says more."""
    span_s = abs(now_ms - at_ms) / 1000
    if span_s < 10:
        return "now"
    if span_s >= 60 * 86400:
        return ""
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if span_s >= seconds:
            text = f"{span_s // seconds:.0f} {unit}"
            break
    return f"{text} ago" if at_ms <= now_ms else f"in {text}"


def when(at_ms: int | None, now_ms: int) -> Markup:
    """A `<time>` with the absolute time in UTC and, when near, the relative one."""
    if not at_ms:
        return Markup('<span class="quiet">{}</span>').format(_NOTHING)
    moment = _utc(at_ms)
    near = ago(at_ms, now_ms)
    return Markup('<time datetime="{iso}" title="{full} UTC">{text}{near}</time>').format(
        iso=moment.isoformat(timespec="milliseconds"),
        full=moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        text=clock(at_ms),
        near=Markup(' <span class="quiet">{}</span>').format(near) if near else escape(""),
    )


def _utc(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
