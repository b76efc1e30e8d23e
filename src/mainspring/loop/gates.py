"""Gates: an evaluation held against what a plan asks, and the verdict with its numbers."""

import msgspec

from mainspring.domain.gate import Evaluation, Gate
from mainspring.domain.verdict import Check, Verdict
from mainspring.kernel import canonical
from mainspring.kernel.hashing import digest_of

__all__ = ["judge"]


def judge(
    evaluation: Evaluation, gate: Gate, *, margin: float, candidate: str, data: str, run_id: str, at_ms: int
) -> Verdict:
    """The verdict on a candidate whose errors, beside an opponent's on the same rows, are in `evaluation`.

    It passes when its bounds are as sure as the gate asks, there are blocks enough, the paired difference of error is below `margin` (a part of the opponent's
    error) by its upper bound, and no group is worse than the opponent by more than the group's margin by its lower bound.
    """
    overall, *groups = evaluation.checks
    most = margin * evaluation.opponent_error
    most_of_group = gate.group_margin * evaluation.opponent_error
    checks = [_strict(evaluation, gate), _enough(evaluation, gate), _overall(overall, evaluation, most)]
    checks += [_group(check, evaluation, most_of_group) for check in groups]
    identity = digest_of([candidate, run_id, data, margin, canonical.dumps(evaluation), canonical.dumps(gate)])
    return Verdict(
        id=identity[:32],
        gate=f"{evaluation.metric} against {evaluation.opponent}",
        candidate=candidate,
        baseline=evaluation.opponent,
        checks=tuple(checks),
        passed=all(check.passed for check in checks),
        at_ms=at_ms,
        data=data,
        run_id=run_id,
    )


def _strict(evaluation: Evaluation, gate: Gate) -> Check:
    return Check(
        name="error rate",
        value=evaluation.error_rate,
        threshold=gate.error_rate,
        passed=evaluation.error_rate <= gate.error_rate,
        message=f"each bound is wrong with probability {evaluation.error_rate:g}; at most {gate.error_rate:g} is asked for",
    )


def _enough(evaluation: Evaluation, gate: Gate) -> Check:
    return Check(
        name="enough days",
        value=float(evaluation.blocks),
        threshold=float(gate.least_blocks),
        n=evaluation.rows,
        passed=evaluation.blocks >= gate.least_blocks,
        message=f"{evaluation.rows:,} rows on {evaluation.blocks} days; at least {gate.least_blocks} days are needed",
    )


def _overall(check: Check, evaluation: Evaluation, most: float) -> Check:
    passed = check.high is not None and check.high < most
    words = "is below" if passed else "is not below"
    message = (
        f"{evaluation.metric} {evaluation.model_error:.3f} against {evaluation.opponent_error:.3f} of {evaluation.opponent}: "
        f"difference {_interval(check)}, whose upper bound {words} {most:.3g}"
    )
    return msgspec.structs.replace(check, threshold=most, passed=passed, message=message)


def _group(check: Check, evaluation: Evaluation, most: float) -> Check:
    worse = check.low is not None and check.low > most
    words = "is above" if worse else "is not above"
    message = f"{evaluation.by} {check.group}: difference {_interval(check)}, whose lower bound {words} {most:.3g}"
    return msgspec.structs.replace(check, threshold=most, passed=not worse, message=message)


def _interval(check: Check) -> str:
    if check.low is None or check.high is None:
        return f"{check.value:+.3f} (too few days for an interval)"
    return f"{check.value:+.3f} ({check.low:+.3f} to {check.high:+.3f}, n={check.n:,})"
