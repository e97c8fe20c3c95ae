"""Statistics of many small samples at once: Float64 [..., most], NaN where a sample has fewer members.

Nothing here knows of units or KPIs. What a sample is too small for is NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def quantile_of_sorted(values: Floats, share: float, n: NDArray[np.integer] | None = None) -> Floats:
    """The quantile of each sample along the last axis, which is in order with NaN last; NaN for an empty one.

    n: how many values each sample has, if what comes after them is inf and not NaN.

    Definition 7 of Hyndman and Fan, "Sample quantiles in statistical packages" (1996): of n values in order, the
    share p lies at place 1 + p(n - 1), on the straight line between its neighbours.
    """
    last = ((~np.isnan(values)).sum(axis=-1) if n is None else n) - 1
    place = np.maximum(last, 0) * share
    low = np.floor(place).astype(np.int64)
    below = _at(values, low)
    above = _at(values, np.minimum(low + 1, np.maximum(last, 0)))
    with np.errstate(invalid="ignore"):
        found: Floats = below + (above - below) * (place - low)
    return found


MOST_COLUMNS = 16  # beyond, sorting each sample by itself is faster


def median_of_columns(columns: Sequence[Floats], there: NDArray[np.int16], fewest: int) -> Floats:
    """The median over ``columns``, an array each of equal shapes, where ``there`` is at least ``fewest``; else NaN.

    there: how many of the columns have a value; the others are inf.

    All samples are put in order at once, by a network of comparisons of whole columns (Batcher 1968, "Sorting networks
    and their applications"); of few columns that is several times as fast as sorting each sample by itself.
    """
    ordered = list(columns)
    _put_in_order(ordered)
    found = np.full(there.shape, np.nan)
    for count in range(max(fewest, 1), len(columns) + 1):
        cells = np.flatnonzero(there == count)
        middle = ordered[(count - 1) // 2].reshape(-1).take(cells)
        if count % 2 == 0:  # as ``quantile_of_sorted`` reckons: the same bits
            middle += (ordered[count // 2].reshape(-1).take(cells) - middle) * 0.5
        found.reshape(-1)[cells] = middle
    return found


def _put_in_order(columns: list[Floats]) -> None:
    """Exchange values between the arrays until each one has the least that is left of every sample."""
    for low, high in _network(len(columns)):
        less = np.minimum(columns[low], columns[high])
        np.maximum(columns[low], columns[high], out=columns[high])
        columns[low] = less


@cache
def _network(columns: int) -> tuple[tuple[int, int], ...]:
    """Which columns to compare one after another, so that the lesser comes first: Batcher's odd-even merge sort."""
    size = 1 << max(columns - 1, 0).bit_length()
    pairs = []
    p = 1
    while p < size:
        k = p
        while k >= 1:
            for j in range(k % p, size - k, 2 * k):
                for i in range(min(k, size - j - k)):
                    if (i + j) // (2 * p) == (i + j + k) // (2 * p):
                        pairs.append((i + j, i + j + k))
            k //= 2
        p *= 2
    return tuple((low, high) for low, high in pairs if high < columns)


def _at(values: Floats, place: NDArray[np.int64]) -> Floats:
    found: Floats = np.take_along_axis(values, place[..., None], axis=-1)[..., 0]
    return found


def mean_and_sd(values: Floats) -> tuple[Floats, Floats]:
    """Of each row its mean and its standard deviation (with n - 1); NaN for an empty row, and for the sd of one value.

    Worked out column by column, so that empty columns change no bit, and from the first value on, so that equal values
    have exactly themselves as mean and no spread.
    """
    there = ~np.isnan(values)
    n = there.sum(axis=1).astype(np.float64)
    first = np.zeros(len(values))
    for column in range(values.shape[1] - 1, -1, -1):
        first = np.where(there[:, column], values[:, column], first)
    total = np.zeros(len(values))
    for column in range(values.shape[1]):
        total += np.where(there[:, column], values[:, column] - first, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(n > 0, first + total / n, np.nan)
        squares = np.zeros(len(values))
        for column in range(values.shape[1]):
            squares += np.where(there[:, column], (values[:, column] - mean) ** 2, 0.0)
        sd = np.where(n > 1, np.sqrt(squares / (n - 1)), np.nan)
    return mean, sd


def in_order(values: Floats) -> Floats:
    """Each row from its least value to its largest, and then inf for what is NaN."""
    if values.shape[1] > MOST_COLUMNS:
        return np.sort(np.where(np.isnan(values), np.inf, values), axis=1)
    columns = [np.where(np.isnan(column), np.inf, column) for column in values.T]
    _put_in_order(columns)
    return np.array(columns).reshape(values.shape[::-1]).T


def median_and_spreads(values: Floats, ordered: Floats, n: Ints) -> tuple[Floats, Floats, Floats]:
    """Of each row its median, its median absolute deviation from that and its interquartile range; NaN where empty.

    ordered: the same ``in_order``; n: how many values each row has.
    """
    if values.shape[1] == 0:
        nothing = np.full(len(values), np.nan)
        return nothing, nothing, nothing
    median = quantile_of_sorted(ordered, 0.5, n)
    mad = quantile_of_sorted(np.sort(np.abs(values - median[:, None]), axis=1), 0.5, n)
    return median, mad, quantile_of_sorted(ordered, 0.75, n) - quantile_of_sorted(ordered, 0.25, n)


def kth_largest(ordered: Floats, n: Ints, at: Ints, k: Ints, turn: Floats, without: Floats) -> Floats:
    """For each row the k-th largest value of its set ``at``, from 1; -inf where the set has fewer.

    ordered: [sets, most] as ``in_order`` gives them; n: [sets], how many values each has. turn: 1, or -1 where the
    values count with the other sign, or NaN where there are none. without: such a value of the set that is left out
    once, NaN where none is.
    """
    found = _place(ordered, n[at], at, k, turn)
    after = np.flatnonzero(without >= found)  # where it is one of the k
    found[after] = _place(ordered, n[at[after]], at[after], k[after] + 1, turn[after])
    return found


def _place(ordered: Floats, n: Ints, at: Ints, k: Ints, turn: Floats) -> Floats:
    there = (k <= n) & ~np.isnan(turn)
    if not there.any():
        return np.full(len(at), -np.inf)
    from_least = np.where(turn < 0, k - 1, n - k)
    from_least[~there] = 0
    found: Floats = ordered[at, from_least] * turn
    found[~there] = -np.inf
    return found


def places(values: Floats) -> tuple[Floats, Floats]:
    """For each value how many of its row are larger, and how many others are equal; NaN where there is none."""
    order = np.argsort(-values, axis=1, kind="stable")
    descending = np.take_along_axis(values, order, axis=1)
    index = np.broadcast_to(np.arange(values.shape[1]), values.shape)
    begins = np.ones(values.shape, dtype=np.bool_)
    begins[:, 1:] = descending[:, 1:] != descending[:, :-1]
    first = np.maximum.accumulate(np.where(begins, index, 0), axis=1)
    ends = np.ones(values.shape, dtype=np.bool_)
    ends[:, :-1] = begins[:, 1:]
    last = np.minimum.accumulate(np.where(ends, index, values.shape[1])[:, ::-1], axis=1)[:, ::-1]
    larger, equal = np.full(values.shape, np.nan), np.full(values.shape, np.nan)
    np.put_along_axis(larger, order, first.astype(np.float64), axis=1)
    np.put_along_axis(equal, order, (last - first).astype(np.float64), axis=1)
    missing = np.isnan(values)
    return np.where(missing, np.nan, larger), np.where(missing, np.nan, equal)
