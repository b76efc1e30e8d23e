"""Gates: what a version must pass, and the judged rows it is held against."""

import msgspec

from mainspring.domain.verdict import Check

__all__ = ["Evaluation", "Gate"]


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a version of a model must pass before its alias may move.

    Margins are parts of the opponent's error, so 0.02 is two hundredths of it. The upper bound of the paired difference of
    error must lie below the margin: `baseline_margin` against the trivial baseline, which a model has to beat, and
    `margin` against the champion, which it must not be worse than. No group may be worse by more than `group_margin`
    beyond doubt. `error_rate` is the stated chance that a version worse than the margin passes; simulated, it is kept at 28
    days and becomes 8 % at the least number of days for strongly correlated ones (docs/maths/paired.md).
    """

    baseline_margin: float = 0.0
    margin: float = 0.02
    group_margin: float = 0.02
    error_rate: float = 0.05
    least_blocks: int = 14


class Evaluation(msgspec.Struct, frozen=True):
    """Held-out rows judged: error of the model and of the opponent on the same rows, and the paired difference by part.

    `label`, `at` and `by` are the columns of the outcome, the time (whose days are the blocks) and the groups.
    Each bound of `checks` is wrong with at most `error_rate`, those of all groups together.
    `checks[0]` is of all rows, the others of one group each; values are model minus opponent, negative is better.
    """

    metric: str
    label: str
    at: str
    opponent: str
    rows: int
    blocks: int
    model_error: float
    opponent_error: float
    by: str
    checks: tuple[Check, ...]
    error_rate: float
