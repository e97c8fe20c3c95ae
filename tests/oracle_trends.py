"""Trends in plain Python, one series at a time: part of the oracle.

A series has a figure a calendar year, the oldest first, None for a hole. Pairs of years rise, fall or may do either:
those with a hole, and of rounded figures those closer than what they may be off together.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise, permutations
from typing import TypeAlias

INF = float("inf")
Extended: TypeAlias = Fraction | float
Series: TypeAlias = Sequence[Fraction | None]


def significant(series: Series, half: Fraction, alpha: Fraction, two_sided: bool) -> bool | None:
    """Whether p is at most ``alpha`` and more than half of the pairs rise; None where it cannot be known."""
    sides = [series, [None if value is None else -value for value in series]] if two_sided else [series]
    answers = [_one_sided(side, half, alpha / len(sides)) for side in sides]
    return True if True in answers else None if None in answers else False


def _one_sided(series: Series, half: Fraction, alpha: Fraction) -> bool | None:
    figures = [value for value in series if value is not None]
    every = len(series) * (len(series) - 1) // 2
    if len(figures) == len(series) and half == 0:
        scattered = 2 * _certain(figures, half) <= every
        return _p(figures) <= alpha and not scattered
    risen = _certain(series, half) + _of_holes(series, half)
    fallen = _certain(series[::-1], half) + _of_holes(series[::-1], half)
    # Without ties p is how often chance gives at most so many falls: that many, or all that are not known to rise.
    if _below(len(series), every - risen) <= alpha:
        return True
    return False if _below(len(series), fallen) > alpha else None


def _certain(series: Series, half: Fraction) -> int:
    """How many pairs rise for certain; of a series turned round, how many fall."""
    pairs = combinations(series, 2)
    return sum(after - before > 2 * half for before, after in pairs if before is not None and after is not None)


def _of_holes(series: Series, half: Fraction) -> int:
    """How many pairs of a hole and a figure rise whatever the hole is: the fewest over all that it may be."""
    total = 0
    for hole, value in enumerate(series):
        if value is not None:
            continue
        earlier = [figure + half for figure in series[:hole] if figure is not None]
        later = [figure - half for figure in series[hole + 1 :] if figure is not None]
        marks = sorted({*earlier, *later})
        tried = [mark + step for mark in marks for step in (-1, 0, 1)]
        tried += [(low + high) / 2 for low, high in pairwise(marks)]
        total += min((sum(x > at for at in earlier) + sum(x < at for at in later) for x in tried), default=0)
    return total


def _p(figures: Sequence[Fraction]) -> Fraction:
    """How often the same figures in any order have as many more rises than falls."""
    orders = [_score(order) for order in permutations(figures)]
    return Fraction(sum(score >= _score(figures) for score in orders), len(orders))


def _score(figures: Sequence[Fraction]) -> int:
    return sum((after > before) - (after < before) for before, after in combinations(figures, 2))


@cache
def _below(years: int, falls: int) -> Fraction:
    """How often so many different figures in any order fall at most that often."""
    orders = [sum(a > b for a, b in combinations(order, 2)) for order in permutations(range(years))]
    return Fraction(sum(fallen <= falls for fallen in orders), len(orders))


def slope(series: Series, half: Fraction) -> tuple[Extended, Extended]:
    """The least and the most that the median of the slopes a year can be; each pair is off by itself."""
    least: list[Extended] = []
    most: list[Extended] = []
    for (first, before), (last, after) in combinations(enumerate(series), 2):
        known = before is not None and after is not None
        apart = after - before if before is not None and after is not None else Fraction(0)
        least.append((apart - 2 * half) / (last - first) if known else -INF)
        most.append((apart + 2 * half) / (last - first) if known else INF)
    return _middle(least), _middle(most)


def median(values: Series, half: Fraction) -> tuple[Extended, Extended]:
    return (
        _middle([-INF if value is None else value - half for value in values]),
        _middle([INF if value is None else value + half for value in values]),
    )


def _middle(values: Sequence[Extended]) -> Extended:
    ordered = sorted(values)
    low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    return (low + high) / 2


def absolute(ends: tuple[Extended, Extended]) -> tuple[Extended, Extended]:
    least, most = ends
    return max(Fraction(0), least, -most), max(abs(least), abs(most))
