"""Bins: every value of the reference lies inside, components are orthonormal, shares have a constant variance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.stats import bins, shares

values = st.lists(st.floats(-1e9, 1e9) | st.integers(-3, 3).map(float), min_size=1, max_size=300)


@given(values)
def test_all_values_lie_inside_their_own_edges(drawn: list[float]) -> None:
    edges = bins.edges(np.array(drawn))
    counts = bins.count(np.array(drawn), edges)
    assert counts[0] == counts[-1] == 0
    assert counts.sum() == len(drawn)
    assert len(counts) <= 257
    assert (np.diff(edges) > 0).all()


@given(values)
def test_components_are_orthonormal_under_the_reference(drawn: list[float]) -> None:
    counts = bins.count(np.array(drawn), bins.edges(np.array(drawn)))
    share = counts / counts.sum()
    basis = np.array([np.ones(len(counts)), *bins.components(counts).values()])
    assert (basis * share) @ basis.T == pytest.approx(np.eye(len(basis)), abs=1e-6)


def test_components_of_equal_bins_are_legendres_polynomials() -> None:
    counts = np.array([0, *[100] * 64, 0])
    found = bins.components(counts)
    assert found["location"][-1] == pytest.approx(math.sqrt(3), abs=0.02)
    assert found["scale"][-1] == pytest.approx(math.sqrt(5), abs=0.05)


def test_a_constant_has_no_components_and_infinities_fall_outside() -> None:
    edges = bins.edges(np.full(10, 7.0))
    assert bins.components(bins.count(np.full(10, 7.0), edges)) == {}
    assert bins.count(np.array([7.0, math.inf, -math.inf, 7.1]), edges).tolist() == [1, 1, 2]


@pytest.mark.parametrize("probability", [0.05, 0.3])
def test_variance_of_an_angle_does_not_depend_on_the_share(probability: float) -> None:
    hits = np.random.default_rng(3).binomial(100, probability, size=20_000).astype(np.float64)
    assert shares.angles(hits, np.full(20_000, 100.0)).var() * 4 * 100 == pytest.approx(1.0, abs=0.06)


def test_an_angle_gives_its_share_back() -> None:
    assert shares.share(shares.angle(300, 1000)) == pytest.approx(0.3, abs=0.001)
