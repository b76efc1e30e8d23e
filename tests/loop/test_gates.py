"""Gates: an evaluation held against a plan."""

from mainspring.domain.gate import Evaluation, Gate
from mainspring.domain.verdict import Check, Verdict
from mainspring.loop.gates import judge


def _evaluation(
    overall: tuple[float, float, float],
    *groups: tuple[str, float, float, float],
    blocks: int = 28,
    error_rate: float = 0.05,
) -> Evaluation:
    value, low, high = overall
    checks = [Check(name="mae difference", value=value, low=low, high=high, n=1000, passed=True, message="")]
    checks += [
        Check(name="mae difference", group=g, value=v, low=lo, high=hi, n=100, passed=True, message="")
        for g, v, lo, hi in groups
    ]
    return Evaluation(
        metric="mae",
        label="arr_delay",
        at="at",
        opponent="m@1",
        rows=1000,
        blocks=blocks,
        model_error=9.0,
        opponent_error=10.0,
        by="carrier",
        checks=tuple(checks),
        error_rate=error_rate,
    )


def _judge(evaluation: Evaluation, *, margin: float) -> Verdict:
    return judge(evaluation, Gate(), margin=margin, candidate="m@2", data="rows", run_id="r", at_ms=0)


def test_a_candidate_passes_when_its_upper_bound_is_below_the_margin() -> None:
    verdict = _judge(_evaluation((-1.0, -1.8, -0.2)), margin=0.0)
    assert verdict.passed
    assert "whose upper bound is below 0" in verdict.checks[2].message


def test_a_candidate_that_may_be_worse_is_refused_with_the_numbers() -> None:
    verdict = _judge(_evaluation((-0.1, -0.9, 0.7)), margin=0.02)
    assert not verdict.passed
    assert verdict.checks[2].threshold == 0.2
    assert "mae 9.000 against 10.000 of m@1: difference -0.100 (-0.900 to +0.700, n=1,000)" in verdict.checks[2].message


def test_the_margin_is_a_part_of_the_opponents_error() -> None:
    assert _judge(_evaluation((-0.1, -0.3, 0.19)), margin=0.02).passed
    assert not _judge(_evaluation((-0.1, -0.3, 0.21)), margin=0.02).passed


def test_a_group_that_is_surely_worse_refuses_a_candidate_that_is_better_overall() -> None:
    verdict = _judge(_evaluation((-1.0, -1.8, -0.2), ("AA", -1.0, -2.0, 0.0), ("ZZ", 2.0, 0.5, 3.5)), margin=0.0)
    assert not verdict.passed
    assert [check.group for check in verdict.checks if not check.passed] == ["ZZ"]


def test_a_group_that_only_may_be_worse_does_not_refuse() -> None:
    assert _judge(_evaluation((-1.0, -1.8, -0.2), ("AS", 1.0, -2.0, 4.0)), margin=0.0).passed


def test_too_few_days_refuse_whatever_the_interval_says() -> None:
    verdict = _judge(_evaluation((-1.0, -1.8, -0.2), blocks=13), margin=0.0)
    assert not verdict.passed
    assert verdict.checks[1].message == "1,000 rows on 13 days; at least 14 days are needed"


def test_bounds_that_are_less_sure_than_asked_for_are_refused() -> None:
    verdict = _judge(_evaluation((-1.0, -1.8, -0.2), error_rate=0.2), margin=0.0)
    assert [check.name for check in verdict.checks if not check.passed] == ["error rate"]
