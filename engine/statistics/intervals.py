"""The interval that a share or a rate lies in, for what it is counted on: closed formulas over whole columns.

Shares: Wilson's score interval with continuity correction (Newcombe 1998, "Two-sided confidence intervals for the
single proportion", Statistics in Medicine 17, p. 857, method 4). Counts: Byar's approximation to the exact Poisson
limits (Breslow and Day 1987, "Statistical Methods in Cancer Research" II, p. 69). Both are a little wider than the
exact ones where there are few events, never much narrower.

An interval that does not reach the basis and a figure outside the funnel's limits around it say the same: Spiegelhalter
2005, "Funnel plots for comparing institutional performance", Statistics in Medicine 24, p. 1185.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def wilson(share: Floats, n: Floats, z: float) -> tuple[Floats, Floats]:
    """The lower and upper limit of a share (0 to 1) of ``n``; z: the normal quantile, 1.96 for 95 %.

    NaN where the share is not between 0 and 1 or nothing is counted.
    """
    p = np.where((share >= 0) & (share <= 1) & (n > 0), share, np.nan)
    q, room = 1 - p, 2 * (n + z * z)
    with np.errstate(divide="ignore", invalid="ignore"):
        low = 2 * n * p + z * z - 1 - z * np.sqrt(np.maximum(z * z - 2 - 1 / n + 4 * p * (n * q + 1), 0))
        high = 2 * n * p + z * z + 1 + z * np.sqrt(np.maximum(z * z + 2 - 1 / n + 4 * p * (n * q - 1), 0))
        # Never on the other side of the share itself, which a correction by half a case would else move them to.
        lower = np.where(p == 0, 0.0, np.clip(low / room, 0.0, p))
        upper = np.where(p == 1, 1.0, np.clip(high / room, p, 1.0))
    return np.where(np.isnan(p), np.nan, lower), np.where(np.isnan(p), np.nan, upper)


def byar(events: Floats, z: float) -> tuple[Floats, Floats]:
    """The lower and upper limit of the expected number behind so many events; NaN below 0."""
    seen = np.where(events >= 0, events, np.nan)
    more = seen + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        low = seen * np.maximum(1 - 1 / (9 * seen) - z / (3 * np.sqrt(seen)), 0) ** 3
    lower = np.where(seen == 0, 0.0, low)
    upper: Floats = more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3
    return lower, upper
