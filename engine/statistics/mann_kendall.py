"""The Mann-Kendall test for trend, exact for short series with or without ties, over many series at once.

A series of n years has N = n(n - 1) / 2 pairs of years, of which some rise, some fall and some are ties. The test asks
how probable so few falling pairs are when the values come in random order (Mann 1945; Kendall 1975, "Rank Correlation
Methods"). S, as it is tabulated, is the rising pairs less the falling ones.

Without ties, the number of arrangements with k falling pairs is the coefficient of q^k in
(1)(1 + q)(1 + q + q²)…(1 + q + … + q^(n-1)). Where values are tied in groups of t1, t2, … the arrangements of the
multiset are counted by the Gaussian multinomial coefficient [n; t1, t2, …] instead (MacMahon 1913; Andrews 1976, "The
Theory of Partitions", theorem 3.6). Both are exact, so that no normal approximation is needed.

A series with holes, or whose figures are rounded, has pairs that may go either way. If at least C pairs rise and at
least D fall, whatever the others do, then p lies between F(D) and F(N - C), where F(k) is the probability of at most
k falling pairs without ties: breaking ties at random makes falls of some of them, and never of more than all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.uint8]
Truths = NDArray[np.bool_]
Rows = NDArray[np.int64]

MOST_YEARS = 20  # more arrangements than 20! do not fit in 64 bits; and pairs are counted in 8


def pairs_of(years: int) -> int:
    return years * (years - 1) // 2


@cache
def at_most(groups: tuple[int, ...]) -> Floats:
    """F(k) for k = 0, 1 … N: the probability of at most k falling pairs, where values are tied in ``groups``.

    ``groups`` are the sizes of the groups of equal values, (1, 1, 1) for three years without ties.
    """
    years = sum(groups)
    counts = np.zeros(pairs_of(years) + 1, dtype=np.int64)
    counts[0] = 1
    placed = 0
    for size in groups:
        for one in range(1, size + 1):
            # Times (1 - q^(placed + one)), divided by (1 - q^one).
            step = placed + one
            counts[step:] -= counts[:-step].copy() if step < len(counts) else 0
            for offset in range(one):
                counts[offset::one] = np.cumsum(counts[offset::one])
        placed += size
    summed = np.cumsum(counts).tolist()
    # Python divides whole numbers to the nearest float, however large they are.
    return np.array([each / summed[-1] for each in summed])


def smallest_p(years: int, *, two_sided: bool = False) -> float:
    """The smallest p that so many years can give: that all pairs rise, without ties."""
    return min(1.0, float(at_most((1,) * years)[0]) * (2 if two_sided else 1))


@dataclass(frozen=True)
class Trend:
    """Of each series: inf where the trend is significant, -inf where it is not, NaN where holes leave it open.

    rounded: the same when every figure may be off by half of its last decimal; p: the largest that it can be, NaN
    where it is open whether the trend is significant.
    """

    significant: Floats
    p: Floats
    when_rounded: Callable[[], Floats]

    @cached_property
    def rounded(self) -> Floats:
        return self.when_rounded()


def trend(planes: Sequence[Floats], tie: Floats, half: Floats, alpha: float, *, two_sided: bool) -> Trend:
    """Whether series rise (one-sided), or rise or fall (two-sided), with a p of at most ``alpha``.

    planes: an array per year, the oldest first, with an element a series, NaN where there is no figure; tie: how far
    apart equal figures may be in binary; half: how much a figure may be off by rounding.

    More than half of all pairs must rise too, so that a series of equal values and a single higher one is no trend;
    without ties that follows from a p below one half.
    """
    counted = _pairs(planes, tie)
    years, complete = len(planes), np.logical_and.reduce([~np.isnan(plane) for plane in planes])
    if not complete.all():
        counted = _with_holes(counted, planes, tie, np.zeros_like(half), complete, alpha / 2 if two_sided else alpha)
    least, most = _bounds(counted, two_sided)
    tied = np.flatnonzero(complete & (counted.rising + counted.falling < pairs_of(years)))
    if len(tied):
        near = [plane.take(tied) for plane in planes]
        least[tied] = most[tied] = _p_of_tied(near, counted.of(tied), tie[tied], two_sided)
    most_one_way = np.maximum(counted.rising, counted.falling) if two_sided else counted.rising
    scattered = complete & (2.0 * most_one_way <= pairs_of(years))
    significant = np.where(scattered, -np.inf, _side_of(least, most, alpha))

    def when_rounded() -> Floats:
        return _rounded(significant, planes, tie, half, complete, alpha, two_sided=two_sided)

    return Trend(significant, np.where(np.isnan(significant), np.nan, most), when_rounded)


def _rounded(
    significant: Floats,
    planes: Sequence[Floats],
    tie: Floats,
    half: Floats,
    complete: Truths,
    alpha: float,
    *,
    two_sided: bool,
) -> Floats:
    """What remains of ``significant`` when every figure may be off by ``half``."""
    rounded = significant.copy()
    blurred = np.flatnonzero(~np.isnan(significant) & (half > 0))
    if len(blurred):
        near, off, whole = [plane.take(blurred) for plane in planes], half[blurred], complete[blurred]
        apart = tie[blurred] + 2 * off
        certain = _pairs(near, apart)
        if not whole.all():
            certain = _with_holes(certain, near, tie[blurred], off, whole, alpha / 2 if two_sided else alpha)
        rounded[blurred] = _side_of(*_bounds(certain, two_sided), alpha)
    return rounded


@dataclass(frozen=True)
class _Pairs:
    """Of each series, at least how many pairs of years rise and fall, whatever the others do."""

    years: int
    rising: Counts
    falling: Counts

    def of(self, rows: Rows) -> _Pairs:
        return _Pairs(self.years, self.rising[rows], self.falling[rows])


def _pairs(planes: Sequence[Floats], apart: Floats) -> _Pairs:
    """``apart``: how much more than another a figure must be to be certainly larger."""
    rising = np.zeros(len(apart), dtype=np.uint8)
    falling = np.zeros(len(apart), dtype=np.uint8)
    beyond = [plane + apart for plane in planes]
    for before, after in combinations(range(len(planes)), 2):
        # A comparison with NaN is false: nothing is certain of a hole.
        rising += planes[after] > beyond[before]
        falling += planes[before] > beyond[after]
    return _Pairs(len(planes), rising, falling)


def _bounds(pairs: _Pairs, two_sided: bool) -> tuple[Floats, Floats]:
    """What p is at least and at most; equal where every pair is certain."""
    below = at_most((1,) * pairs.years)
    every = pairs_of(pairs.years)
    least, most = below[pairs.falling], below[every - pairs.rising]
    if not two_sided:
        return least, most
    other_least, other_most = below[pairs.rising], below[every - pairs.falling]
    return _doubled(least, other_least), _doubled(most, other_most)


def _doubled(one: Floats, other: Floats) -> Floats:
    doubled: Floats = np.minimum(1.0, 2 * np.minimum(one, other))
    return doubled


def _side_of(least: Floats, most: Floats, alpha: float) -> Floats:
    return np.where(most <= alpha, np.inf, np.where(least > alpha, -np.inf, np.nan))


def _p_of_tied(planes: Sequence[Floats], pairs: _Pairs, tie: Floats, two_sided: bool) -> Floats:
    """The exact p of series without holes, some of whose values are equal."""
    equals = [np.ones(len(tie), dtype=np.uint8) for _ in planes]
    for before, after in combinations(range(len(planes)), 2):
        equal = np.abs(planes[after] - planes[before]) <= tie
        equals[before] += equal
        equals[after] += equal
    # One number for each way of being tied, so that each is worked out once.
    signature = sum((_WEIGHTS[equal] for equal in equals), start=np.zeros(len(tie), dtype=np.uint64))
    _, first, which = np.unique(signature, return_index=True, return_inverse=True)
    tables = np.stack([at_most(_groups([int(equal[row]) for equal in equals])) for row in first])
    p: Floats = tables[which, pairs.falling]
    return _doubled(p, tables[which, pairs.rising]) if two_sided else p


_WEIGHTS = np.array([pow(0x9E3779B97F4A7C15, size, 2**64) for size in range(MOST_YEARS + 1)], dtype=np.uint64)


def _groups(equals: Sequence[int]) -> tuple[int, ...]:
    """The sizes of the groups of equal values, from how many values each one is equal to, itself among them."""
    sizes = [size for size in set(equals) for _ in range(equals.count(size) // size)]
    # Values a tie apart in a row need not be a group: what is left over is taken for single values.
    return tuple(sorted([*sizes, *[1] * (len(equals) - sum(sizes))], reverse=True))


def _with_holes(
    pairs: _Pairs, planes: Sequence[Floats], tie: Floats, half: Floats, complete: Truths, alpha: float
) -> _Pairs:
    """The pairs that must rise and fall also when a hole is filled: for any value there, some of its pairs do.

    Only where that may make the trend significant or rule it out.
    """
    every = pairs_of(pairs.years)
    # p is at most alpha where fewer pairs than this fall.
    too_many = int(np.searchsorted(at_most((1,) * pairs.years), alpha, side="right"))

    def may_turn(rows: Rows, spread: Counts | int) -> Rows:
        """Those that are open, and so many pairs more might settle."""
        found = np.zeros(len(rows), dtype=np.bool_)
        for one, other in ((pairs.rising[rows], pairs.falling[rows]), (pairs.falling[rows], pairs.rising[rows])):
            open_ = (every - one >= too_many) & (other < too_many)
            found |= open_ & ((every - one - spread < too_many) | (other + spread >= too_many))
        return rows[found]

    rows = np.flatnonzero(~complete)
    rows = may_turn(rows, every - pairs.rising[rows] - pairs.falling[rows])
    figures = np.stack([plane[rows] for plane in planes])
    known = ~np.isnan(figures)
    before = np.cumsum(known, axis=0, dtype=np.uint8)
    # Of a hole's pairs no more can be settled than are on the side where it has fewer figures.
    spread = np.where(known, 0, np.minimum(before, before[-1] - before)).sum(axis=0, dtype=np.uint8)
    chosen = np.isin(rows, may_turn(rows, spread))
    rows, figures = rows[chosen], figures[:, chosen]
    rising, falling = pairs.rising.copy(), pairs.falling.copy()
    rising[rows] += _least_rising(figures, half[rows], tie[rows])
    falling[rows] += _least_rising(-figures, half[rows], tie[rows])
    return _Pairs(pairs.years, rising, falling)


def _least_rising(figures: Floats, half: Floats, tie: Floats) -> Counts:
    """Of the pairs with a hole, how many rise at least, over all values it may have; pairs of two holes may not.

    figures: [years, series]. As a hole's value grows, the pair with an earlier figure begins to rise just above it,
    and the pair with a later one ceases to at it: the fewest are found at one of the figures.
    """
    total = np.zeros(figures.shape[1], dtype=np.uint8)
    for hole in range(len(figures)):
        here = np.flatnonzero(np.isnan(figures[hole]))
        mine, off, dust = figures[:, here], half[here], tie[here]
        earlier, later = mine[:hole] + off, mine[hole + 1 :] - off
        # Where there is no figure at all, nothing rises for certain.
        fewest = np.where(np.isnan(mine).all(axis=0), 0, len(figures)).astype(np.uint8)
        for value in (*earlier, *later):
            rise = (earlier < value - dust).sum(axis=0, dtype=np.uint8)
            rise += (later > value + dust).sum(axis=0, dtype=np.uint8)
            fewest = np.where(np.isnan(value), fewest, np.minimum(fewest, rise))
        total[here] += fewest
    return total
