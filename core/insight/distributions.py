"""Student's t and the beta distribution, which the standard library lacks. Pure; it knows nothing of feedback."""

from functools import lru_cache
from math import exp, inf, lgamma, log, log1p
from statistics import NormalDist
from typing import Final

_TINY: Final = 1e-300
_PRECISION: Final = 1e-14
_TERMS: Final = 10_000
_LIKE_NORMAL: Final = 1e6
"""Degrees of freedom from which Student's t differs from the normal distribution by less than a millionth."""


def log_beta(a: float, b: float) -> float:
    """The logarithm of the beta function (DLMF 5.12.1)."""
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def log_beta_density(x: float, a: float, b: float) -> float:
    """The logarithm of Beta(`a`, `b`)'s density at `x`; -inf where it is 0."""
    left, right = _times_log(a - 1, x), _times_log(b - 1, 1 - x)
    return left + right - log_beta(a, b)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The probability that Beta(`a`, `b`) is at most `x`: the incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = exp(a * log(x) + b * log1p(-x) - log_beta(a, b))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b  # where the fraction converges fast (DLMF 8.17.4)


@lru_cache(maxsize=4096)
def t_quantile(probability: float, freedom: float) -> float:
    """The value that Student's t with `freedom` > 0 degrees of freedom stays below with a `probability` in (0, 1)."""
    if probability == 0.5:  # noqa: PLR2004 - the middle
        return 0.0
    if probability < 0.5:  # noqa: PLR2004 - the middle
        return -t_quantile(1 - probability, freedom)
    t = NormalDist().inv_cdf(probability)
    if freedom > _LIKE_NORMAL:
        return t
    constant = -log_beta(freedom / 2, 0.5) - log(freedom) / 2
    # Newton's method. Above 0 the distribution function bends down, so that from below it never oversteps.
    for _ in range(_TERMS):
        tail = beta_cdf(freedom / (freedom + t * t), freedom / 2, 0.5) / 2
        density = exp(constant - (freedom + 1) / 2 * log1p(t * t / freedom))
        step = (tail - (1 - probability)) / density
        t += step
        if step < _PRECISION * t:
            break
    return t


def normal_quantile(probability: float) -> float:
    """The value that a standard normal variable stays below with this `probability`."""
    return NormalDist().inv_cdf(probability)


def _times_log(factor: float, x: float) -> float:
    if factor == 0:
        return 0.0
    return factor * log(x) if x > 0 else -inf * factor


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of I_x(a, b) (DLMF 8.17.22), by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for term in range(_TERMS):
        half, odd = divmod(term, 2)
        if term == 0:
            numerator = 1.0
        elif odd:
            numerator = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            numerator = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        d = 1 / _away_from_zero(1 + numerator * d)
        c = _away_from_zero(1 + numerator / c)
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value - 1


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
