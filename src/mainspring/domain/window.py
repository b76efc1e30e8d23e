"""Windows: closed spans of what an endpoint answered, and the tests made on them."""

from typing import Literal

import msgspec

__all__ = ["ColumnTally", "Subject", "Tally", "Test", "Window", "WindowState"]

Subject = Literal["input", "prediction", "error"]
WindowState = Literal["closed", "matured"]


class ColumnTally(msgspec.Struct, frozen=True):
    """Exact counts of one column on the bins or categories of its reference."""

    counts: tuple[int, ...]
    nulls: int


class Tally(msgspec.Struct, frozen=True):
    """All that the tests need to know of a window; two windows merge by addition.

    `columns` and `prediction` are on the reference's bins; error sums are over labelled rows.
    """

    rows: int
    columns: tuple[ColumnTally, ...]
    prediction: ColumnTally
    labelled: int = 0
    error_sum: float = 0.0
    error_squares: float = 0.0


class Test(msgspec.Struct, frozen=True):
    """One statistic over the last `days` windows, beside what the reference expects of it.

    `z` is in standard deviations of that statistic when nothing changed, `limit` where it counts as an alarm; `effect`
    is the size of the change, free of the number of rows; `value` and `expected` are in the statistic's own unit.
    """

    # pytest looks for classes of this name.
    __test__ = False

    subject: Subject
    column: str
    statistic: str
    days: int
    value: float
    expected: float
    effect: float
    z: float
    limit: float
    alarm: bool

    @property
    def score(self) -> float:
        """The statistic in units of its limit."""
        return abs(self.z) / self.limit


class Window(msgspec.Struct, frozen=True):
    """A closed span `[start_ms, end_ms)` of one version's predictions; `error` is known once it has matured.

    `tests` holds the strongest of each column and horizon, worst first. `rows` 0 means that there was no data, which is
    not the same as no drift. `expected` is the error on held-out rows, `limit` the mean error of `limit_days` windows
    that would be an alarm.
    """

    monitor: str
    start_ms: int
    end_ms: int
    version: int
    state: WindowState
    rows: int
    labelled: int = 0
    error: float | None = None
    expected: float | None = None
    limit: float | None = None
    limit_days: int = 0
    tests: tuple[Test, ...] = ()

    def worst(self, subject: Subject) -> Test | None:
        """The strongest test of a subject, or None where none could be made."""
        return max((test for test in self.tests if test.subject == subject), key=lambda test: test.score, default=None)
