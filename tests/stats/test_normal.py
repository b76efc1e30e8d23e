"""Deviates against printed tables."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.stats import normal


@pytest.mark.parametrize(
    ("t", "df", "upper"),
    [(2.228, 10, 0.025), (1.697, 30, 0.05), (3.365, 5, 0.01), (2.764, 10, 0.01), (3.646, 30, 0.0005)],
)
def test_t_has_the_tail_of_the_printed_table(t: float, df: float, upper: float) -> None:
    assert normal.from_t(t, df) == pytest.approx(normal.quantile(upper), abs=0.02)


@pytest.mark.parametrize(
    ("chi", "df", "upper"), [(11.070, 5, 0.05), (18.307, 10, 0.05), (15.086, 5, 0.01), (6.635, 1, 0.01)]
)
def test_chi_squared_has_the_tail_of_the_printed_table(chi: float, df: float, upper: float) -> None:
    assert normal.from_f(chi / df, df, math.inf) == pytest.approx(normal.quantile(upper), abs=0.06)


@pytest.mark.parametrize(
    ("f", "df", "error_df", "upper"), [(3.10, 3, 20, 0.05), (4.94, 3, 20, 0.01), (2.38, 12, 17, 0.05)]
)
def test_f_has_the_tail_of_the_printed_table(f: float, df: float, error_df: float, upper: float) -> None:
    assert normal.from_f(f, df, error_df) == pytest.approx(normal.quantile(upper), abs=0.07)


def test_two_sided_probability_of_196_is_five_percent() -> None:
    assert normal.two_sided(-1.959964) == pytest.approx(0.05, abs=1e-6)


@given(st.floats(-8, 8), st.floats(1, 500))
def test_to_t_is_the_inverse_of_from_t(z: float, df: float) -> None:
    assert normal.from_t(normal.to_t(z, df), df) == pytest.approx(z, rel=1e-6, abs=1e-9)


@given(st.floats(allow_nan=False), st.floats(1, 1e6))
def test_deviates_are_always_finite(t: float, df: float) -> None:
    assert abs(normal.from_t(t, df)) <= 38
    assert abs(normal.from_t(t, math.inf)) <= 38
    assert math.isfinite(normal.from_f(abs(t), df, 10.0))
