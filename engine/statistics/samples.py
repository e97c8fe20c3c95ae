"""Statistics of many small samples at once: Float64 [..., most], NaN where a sample has fewer members.

Nothing here knows of units or KPIs. What a sample is too small for is NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def quantile_of_sorted(values: Floats, share: float) -> Floats:
    """The quantile of each sample along the last axis, which is in order with NaN last; NaN for an empty one.

    Definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages" (1996): of n values in order, the
    share p lies at place 1 + p(n - 1), on the straight line between its neighbours.
    """
    last = (~np.isnan(values)).sum(axis=-1) - 1
    place = np.maximum(last, 0) * share
    low = np.floor(place).astype(np.int64)
    below = _at(values, low)
    above = _at(values, np.minimum(low + 1, np.maximum(last, 0)))
    found: Floats = below + (above - below) * (place - low)
    return found


def _at(values: Floats, place: NDArray[np.int64]) -> Floats:
    found: Floats = np.take_along_axis(values, place[..., None], axis=-1)[..., 0]
    return found
