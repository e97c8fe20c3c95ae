"""The Theil-Sen slope: the median of the slopes of all pairs of years (Theil 1950; Sen 1968, JASA 63, p. 1379).

The years are calendar years, so that a slope is a change a year also where years between are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Median:
    """Of each series: the median of what is known (NaN of nothing), and of all, the least and most it can be."""

    known: Floats
    least: Floats
    most: Floats


def slope(planes: Sequence[Floats], off: Floats | float = 0.0) -> Median:
    """``planes``: an array per calendar year, the oldest first, with an element a series, NaN where there is none.

    off: what is added to the difference of each pair.
    """
    pairs = combinations(range(len(planes)), 2)
    return median(np.stack([(planes[after] - planes[before] + off) / (after - before) for before, after in pairs]))


def median(figures: Floats) -> Median:
    """Over the first axis. A figure that is NaN may be any number."""
    every = len(figures)
    ordered = np.sort(figures, axis=0)  # NaN come last
    there = every - np.isnan(ordered).sum(axis=0)

    def at(place: NDArray[np.int64]) -> Floats:
        """The figures of that place, -inf before the first and inf after the last known one."""
        inside = np.clip(place, 0, np.maximum(there - 1, 0))
        found = np.take_along_axis(ordered, inside[None], axis=0)[0]
        return np.where(place < 0, -np.inf, np.where(place >= there, np.inf, found))

    def middle(count: NDArray[np.int64] | int, before: NDArray[np.int64] | int) -> Floats:
        low, high = (count - 1) // 2 - before, count // 2 - before
        return (at(np.broadcast_to(low, there.shape)) + at(np.broadcast_to(high, there.shape))) / 2

    known = np.where(there > 0, middle(np.maximum(there, 1), 0), np.nan)
    return Median(known, middle(every, every - there), middle(every, 0))
