"""Tail probabilities and quantiles in closed form, so that the core needs no scipy.

Everything is expressed as a standard normal deviate `z`: statistics of other families are turned into the z that has
(nearly) the same tail probability. Source and accuracy: docs/maths/normal.md.
"""

import math
from statistics import NormalDist

__all__ = ["from_f", "from_t", "quantile", "to_t", "two_sided"]

_NORMAL = NormalDist()
_LARGEST = 38.0


def quantile(upper: float) -> float:
    """The z that is exceeded with probability `upper`, 0 < upper < 1."""
    return -_NORMAL.inv_cdf(upper)


def two_sided(z: float) -> float:
    """The probability that |Z| is at least |z|."""
    return math.erfc(abs(z) / math.sqrt(2))


def from_t(t: float, df: float) -> float:
    """The z with the tail probability of Student's `t` on `df` > 0 degrees of freedom, at most 38 in size.

    Source: Wallace 1959, formula 7.2; docs/maths/normal.md.
    """
    if math.isinf(df):
        return max(-_LARGEST, min(_LARGEST, t))
    if math.isinf(t) or t * t > 1e300:
        t = math.copysign(1e150, t)
    z = (8 * df + 1) / (8 * df + 3) * math.sqrt(df * math.log1p(t * t / df))
    return math.copysign(min(z, _LARGEST), t)


def to_t(z: float, df: float) -> float:
    """The Student's t on `df` degrees of freedom with the tail probability of `z`: the inverse of `from_t`."""
    if math.isinf(df):
        return z
    exponent = (z * (8 * df + 3) / (8 * df + 1)) ** 2 / df
    return math.copysign(math.sqrt(df * math.expm1(min(exponent, 700.0))), z)


def from_f(f: float, df: float, error_df: float) -> float:
    """The z with the upper tail probability of an F statistic; `error_df` may be inf, then df * f is chi-squared.

    Source: Paulson 1942 (for chi-squared Wilson and Hilferty 1931); docs/maths/normal.md.
    """
    a = 2 / (9 * df)
    b = 0.0 if math.isinf(error_df) else 2 / (9 * error_df)
    root = math.cbrt(max(f, 0.0))
    z = ((1 - b) * root - (1 - a)) / math.sqrt(b * root * root + a)
    return max(-_LARGEST, min(_LARGEST, z))
