"""Student's t distribution, without SciPy: the tail by the incomplete beta function's continued fraction.

P(|T| >= t) with df degrees of freedom is I_x(df/2, 1/2) at x = df / (df + t²) (Abramowitz and Stegun 1964, 26.7.1).
The continued fraction is theirs too (26.5.8), worked out by Lentz's method as in Press et al., "Numerical Recipes",
section 6.4.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TINY = 1e-300
_EPSILON = 1e-15
_MOST_TERMS = 400  # far more than any df below a million needs at this precision
_POINTS = 34  # of which the ends are known


def tail(t: Floats, df: Floats) -> Floats:
    """P(T >= t) for t >= 0, as long as both arrays; NaN where either is. df: at least 1."""
    whole = df + t * t
    return 0.5 * _regularised(df / 2, 0.5, df / whole, t * t / whole)


@lru_cache(maxsize=4096)
def critical(alpha: float, df: int) -> float:
    """The t that is exceeded with the probability ``alpha``, 0 < alpha <= 0.5."""

    def beyond(t: Floats) -> Floats:
        return tail(t, np.full(len(t), float(df)))

    low, high = 0.0, 1.0
    while beyond(np.array([high]))[0] > alpha:
        low, high = high, high * 2
    # Many points at a time, since a call costs much more than a point.
    while True:
        points = np.linspace(low, high, _POINTS)
        points = points[(points > low) & (points < high)]
        if not len(points):
            return high
        enough = np.append(beyond(points) <= alpha, True)
        first = int(enough.argmax())
        low, high = float(np.append(low, points)[first]), float(np.append(points, high)[first])


def _regularised(a: Floats, b: float, x: Floats, rest: Floats) -> Floats:
    """I_x(a, b); ``rest`` is 1 - x, from which nothing is lost near 1.

    The fraction converges fast below the mean of the distribution; above it, the other end is used.
    """
    flip = x > (a + 1) / (a + b + 2)
    p, q = np.where(flip, b, a), np.where(flip, a, b)
    y, above = np.where(flip, rest, x), np.where(flip, x, rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        front = np.exp(p * np.log(y) + q * np.log(above) - _log_beta(p, q)) / p
    found = np.where(y <= 0, 0.0, front * _fraction(p, q, y))
    return np.where(np.isnan(x), np.nan, np.where(flip, 1 - found, found))


def _log_beta(a: Floats, b: Floats) -> Floats:
    """Of few different numbers: as many as there are degrees of freedom."""
    pairs, at = np.unique(np.stack([a, b]), axis=1, return_inverse=True)
    logs = [math.lgamma(p) + math.lgamma(q) - math.lgamma(p + q) if p == p and q == q else math.nan for p, q in pairs.T]
    return np.array(logs)[at.reshape(-1)]


def _fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    c = np.ones_like(x)
    d = 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_0(1 + term * d)
            c = _away_from_0(1 + term / c)
            value = value * d * c
        if not (np.abs(d * c - 1) > _EPSILON).any():
            break
    return value


def _away_from_0(values: Floats) -> Floats:
    return np.where(np.abs(values) < _TINY, _TINY, values)
