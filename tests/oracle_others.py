"""Rank, case and outlier in plain Python: exact fractions, and SciPy's t where a root makes them floats."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import TypeAlias

from scipy import stats

INF = float("inf")
Extended: TypeAlias = Fraction | float
Interval: TypeAlias = tuple[Extended, Extended]
UNKNOWN: Interval = (-INF, INF)


@dataclass(frozen=True)
class Around:
    """A unit's value and the values of the others that the KPI applies to, None where one is missing.

    included: whether the unit itself is one of those it is measured against, as in a nation.
    """

    own: Fraction
    others: tuple[Fraction | None, ...]
    included: bool

    @property
    def known(self) -> list[Fraction]:
        return [value for value in self.others if value is not None]

    def corners(self, half: Fraction) -> Iterator[Around]:
        """Every value off by half a decimal one way or the other, or not at all."""
        yield self
        ends = (-half, half) if half else (half,)
        for moved, *rest in product(ends, repeat=1 + len(self.known)):
            offs = iter(rest)
            others = tuple(None if value is None else value + next(offs) for value in self.others)
            yield Around(self.own + moved, others, self.included)


def percentile(figures: Sequence[Fraction], share: Fraction) -> Fraction:
    """At place 1 + p(n - 1) of the figures in order, on the straight line between its neighbours."""
    ordered = sorted(figures)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    return ordered[low] + (ordered[min(low + 1, len(ordered) - 1)] - ordered[low]) * (place - low)


def rank(seen: Around, k: int, sign: int, half: Fraction) -> Interval:
    """How far the unit is beyond the k-th of the others, if all that are unknown are nearer and if all are farther."""
    ahead = sorted((sign * value for value in seen.known), reverse=True)
    unknown = len(seen.others) - len(ahead)
    least: Extended = ahead[k - 1] if k <= len(ahead) else -INF
    ordered = [INF] * unknown + ahead
    most: Extended = ordered[k - 1] if k <= len(ordered) else -INF
    own = sign * seen.own
    return own - most - 2 * half, own - least + 2 * half


def case(seen: Around, sign: int, alpha: float, fewest: int, half: Fraction) -> Interval:
    """sign 0: either way. ``alpha`` is what is left beyond one limit."""

    def ask(at: Around) -> float | None:
        values = at.known
        if len(values) < fewest or (len(set(values)) == 1 and at is seen):
            return None
        n, mean = len(values), statistics.mean(values)
        limit = float(stats.t.isf(alpha, n - 1)) * math.sqrt(statistics.variance(values) * Fraction(n + 1, n))
        return _untied(float(_distance(at.own, mean, sign)) - limit, at.own, mean)

    return _over(ask, seen, half)


def outlier(seen: Around, sign: int, beyond: Fraction, fewest: int, half: Fraction) -> Interval:
    def ask(at: Around) -> Extended | None:
        values = [*at.known, at.own] if at.included else at.known
        if len(values) < fewest:
            return None
        median = percentile(values, Fraction(1, 2))
        mad = percentile([abs(value - median) for value in values], Fraction(1, 2))
        iqr = percentile(values, Fraction(3, 4)) - percentile(values, Fraction(1, 4))
        scale = mad * Fraction("1.4826") or iqr / Fraction("1.349")
        if scale == 0 and at is seen:
            return None
        return _untied(_distance(at.own, median, sign) - beyond * scale, at.own, median)

    return _over(ask, seen, half)


def interval(value: Fraction, n: Fraction, per: Fraction, share: bool, confidence: float) -> tuple[float, float]:
    """Of a share Pratt's limits, of a rate Byar's; how near they are to the exact ones is tested elsewhere."""
    z = float(stats.norm.isf((1 - confidence) / 2))
    if not share:
        events = float(value * n / per)
        low = events * max(1 - 1 / (9 * events) - z / (3 * math.sqrt(events)), 0) ** 3 if events else 0.0
        high = (events + 1) * (1 - 1 / (9 * (events + 1)) + z / (3 * math.sqrt(events + 1))) ** 3
        return low / float(n) * float(per), high / float(n) * float(per)
    p, of = float(value / per), float(n)

    def end(events: float) -> float:
        if of - events < 1 - 1e-9:
            return 1.0
        if events < 1:
            none = 1 - float(stats.norm.sf(z)) ** (1 / of)
            return none + events * ((end(1.0) if of >= 2 - 1e-9 else 1.0) - none)
        a, b = events + 1, of - events
        root = math.sqrt(max(9 * a * b * (9 * of + 5 - z**2) + of + 1, 0))
        odds = (81 * a * b - 9 * of - 8 - 3 * z * root) / (81 * a**2 - 9 * a * (2 + z**2) + 1)
        return 1 / (1 + (a / b) ** 2 * odds**3)

    low = 0.0 if p == 0 else min(max(1 - end(of - of * p), 0.0), p)
    high = 1.0 if p == 1 else max(min(end(of * p), 1.0), p)
    return low * float(per), high * float(per)


def _distance(own: Fraction, middle: Fraction, sign: int) -> Fraction:
    return sign * (own - middle) if sign else abs(own - middle)


def _untied(margin: Extended, own: Fraction, middle: Fraction) -> Extended:
    """A root is known to so many digits: what is nearer 0 is a tie."""
    return 0.0 if abs(margin) <= 1e-12 * (abs(own) + abs(middle)) else margin


def _over(ask: Callable[[Around], Extended | None], seen: Around, half: Fraction) -> Interval:
    """The least and most over the corners: the true ends are there or farther out.

    Where the printed values have no spread it is not known what they are measured by; a corner of others that has none
    is as near to it as can be.
    """
    found = [ask(at) for at in (seen.corners(half) if half else [seen])]
    known = [margin for margin in found if margin is not None]
    return (min(known), max(known)) if len(known) == len(found) else UNKNOWN
