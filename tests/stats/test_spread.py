"""Spread between blocks: the published estimate, and deviates that have the stated distribution."""

import numpy as np
import pytest

from mainspring.stats import spread

# The 13 trials of the BCG vaccine (Colditz et al. 1994): log risk ratios and their variances.
BCG = np.array(
    [
        [-0.8893, 0.3256], [-1.5854, 0.1946], [-1.3481, 0.4154], [-1.4416, 0.0200], [-0.2175, 0.0512],
        [-0.7861, 0.0069], [-1.6209, 0.2230], [0.0120, 0.0040], [-0.4694, 0.0564], [-1.3713, 0.0730],
        [-0.3394, 0.0124], [0.4459, 0.5325], [-0.0173, 0.0714],
    ]
)  # fmt: skip


def test_between_is_dersimonian_and_lairds_estimate_before_it_is_moderated() -> None:
    found = spread.baseline(BCG[:, 0], 1 / BCG[:, 1], within=1.0)
    assert found.between * (13 + 1) / (13 - 1) == pytest.approx(0.3088, abs=0.0005)


def test_one_block_means_independent_rows() -> None:
    found = spread.baseline(np.array([2.0]), np.array([400.0]), within=1.0)
    assert (found.between, found.blocks) == (0.0, 0)
    assert spread.deviate(found, 2.0 + 0.1, [400]) == pytest.approx(0.1 / np.sqrt(2 / 400))


def test_value_at_is_the_inverse_of_deviate() -> None:
    found = spread.baseline(np.array([1.0, 2.0, 1.5, 0.5]), np.array([50.0, 60.0, 40.0, 50.0]), within=1.0)
    assert spread.deviate(found, spread.value_at(found, 2.5, [50, 60]), [50, 60]) == pytest.approx(2.5)


def test_a_constant_statistic_makes_no_infinity() -> None:
    found = spread.baseline(np.zeros(5), np.full(5, 10.0), within=0.0)
    assert spread.deviate(found, 0.0, [10]) == 0.0
    assert spread.deviate(found, 1.0, [10]) == 38.0


def test_mean_of_correlated_values_is_as_wide_as_the_ar1_formula_says() -> None:
    assert spread.inflation(0.0, 7) == 1.0
    assert spread.inflation(0.5, 2) == pytest.approx(1.5)
    assert spread.inflation(0.5, 10_000) == pytest.approx(3.0, abs=0.001)


def test_correlation_is_found_on_average() -> None:
    rng = np.random.default_rng(1)
    found = []
    for _ in range(200):
        noise = rng.normal(size=60)
        for day in range(1, 60):
            noise[day] += 0.5 * noise[day - 1]
        found.append(spread.lag_one(noise))
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)


def test_deviates_of_dependent_days_keep_their_tail() -> None:
    """Given day effects eight times wider than rows would make them, then 1 in 20 new days lies beyond 1.645."""
    rng = np.random.default_rng(2)
    beyond = 0
    for _ in range(2000):
        days = rng.normal(0, 0.25, size=31) + rng.normal(0, 1 / 30, size=31)
        beyond += spread.deviate(spread.baseline(days[:30], np.full(30, 900.0), within=1.0), days[30], [900]) > 1.645
    assert 0.035 < beyond / 2000 < 0.065
