"""The interval that a share or a rate lies in, for what it is counted on: closed formulas over whole columns.

Shares: Pratt's approximation to the exact binomial limits of Clopper and Pearson (1968, J. Amer. Statist. Ass. 63, p.
1457; Blyth 1986, J. Amer. Statist. Ass. 81, p. 843). Counts: Byar's approximation to the exact Poisson limits (Breslow
and Day 1987, "Statistical Methods in Cancer Research" II, p. 69). The limits of shares are at most five hundredths of
an event, or of the limit, narrower than the exact ones, and of whole events no wider than that either; those of counts
are within a few per cent where there are few events. Both are far better where there are many.

A printed share times what it is of is seldom a whole number of events, and the exact limits go on between the whole
ones (by the beta distribution). The approximation does not hold below one event: from none to one the limit of a share
goes straight, and less than one lies above nothing.

An interval that does not reach the basis and a figure outside the funnel's limits around it say the same: Spiegelhalter
2005, "Funnel plots for comparing institutional performance", Statistics in Medicine 24, p. 1185.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROOM = 1e-9
"""A share times what it is of is a whole number of events to so much of one."""


def exact(share: Floats, n: Floats, z: float) -> tuple[Floats, Floats]:
    """The lower and upper limit of a share (0 to 1) of ``n``; z: the normal quantile, 1.96 for 95 %.

    NaN where the share is not between 0 and 1 or nothing is counted.
    """
    p = np.where((share >= 0) & (share <= 1) & (n > 0), share, np.nan)
    lower, upper = 1 - _upper(n - n * p, n, z), _upper(n * p, n, z)
    # Never on the other side of the share itself, where the approximation would be for the very last cases.
    lower = np.where(p == 0, 0.0, np.clip(lower, 0.0, p))
    upper = np.where(p == 1, 1.0, np.clip(upper, p, 1.0))
    return np.where(np.isnan(p), np.nan, lower), np.where(np.isnan(p), np.nan, upper)


def _upper(events: Floats, n: Floats, z: float) -> Floats:
    few, others = np.clip(events, 0.0, 1.0), n - events
    # Of no event the exact limit has a closed form.
    none = 1 - (math.erfc(z / math.sqrt(2)) / 2) ** (1 / np.where(n > 0, n, np.nan))
    one = np.where(n < 2 - _ROOM, 1.0, _pratt(np.ones_like(n), n, z))
    found = np.where(events < 1, none + few * (one - none), _pratt(np.maximum(events, 1.0), n, z))
    return np.where(others < 1 - _ROOM, 1.0, found)


def _pratt(events: Floats, n: Floats, z: float) -> Floats:
    """Where there is at least one event, and one of the others."""
    a, b = events + 1, n - events
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(9 * a * b * (9 * n + 5 - z * z) + n + 1, 0))
        turn = (81 * a * b - 9 * n - 8 - 3 * z * root) / (81 * a * a - 9 * a * (2 + z * z) + 1)
        found: Floats = 1 / (1 + (a / b) ** 2 * turn**3)
    return found


def byar(events: Floats, z: float) -> tuple[Floats, Floats]:
    """The lower and upper limit of the expected number behind so many events; NaN below 0."""
    seen = np.where(events >= 0, events, np.nan)
    more = seen + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        low = seen * np.maximum(1 - 1 / (9 * seen) - z / (3 * np.sqrt(seen)), 0) ** 3
    lower = np.where(seen == 0, 0.0, low)
    upper: Floats = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return lower, upper
