"""The Theil-Sen slope: the median of the slopes of all pairs of years (Theil 1950; Sen 1968, JASA 63, p. 1379).

The years are calendar years, so that a slope is a change a year also where years between are missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Median:
    """Of each series: the median of what is known (NaN of nothing), and of all, the least and most it can be."""

    known: Floats
    least: Floats
    most: Floats


def slope(series: Floats, off: Floats | float = 0.0) -> Median:
    """``series``: [series, calendar years], the oldest first, NaN where there is no figure.

    off: what is added to the difference of each pair, one for all or a column with a number a series.
    """
    before, after = np.triu_indices(series.shape[1], 1)
    return median((series[:, after] - series[:, before] + off) / (after - before))


def median(figures: Floats) -> Median:
    """Of each row. A figure that is NaN may be any number."""
    every = figures.shape[1]
    ordered = np.sort(figures, axis=1)  # NaN come last
    there = every - np.isnan(ordered).sum(axis=1)

    def at(place: NDArray[np.int64]) -> Floats:
        """The figures of that place, -inf before the first and inf after the last known one."""
        inside = np.clip(place, 0, np.maximum(there - 1, 0))
        found = np.take_along_axis(ordered, inside[:, None], axis=1)[:, 0]
        return np.where(place < 0, -np.inf, np.where(place >= there, np.inf, found))

    def middle(count: NDArray[np.int64] | int, before: NDArray[np.int64] | int) -> Floats:
        low, high = (count - 1) // 2 - before, count // 2 - before
        return (at(np.broadcast_to(low, there.shape)) + at(np.broadcast_to(high, there.shape))) / 2

    known = np.where(there > 0, middle(np.maximum(there, 1), 0), np.nan)
    return Median(known, middle(every, every - there), middle(every, 0))
