"""The one idea of the semantics: a condition is an interval [lo, hi] for a signed margin.

Positive means that the condition holds. A missing cell gives [-inf, inf]; a condition without a
scale of its own (a measure's status, a signal's kind) gives inf or -inf, so that it never decides
how far a verdict is from turning. Beside the interval goes the truth, because at exact equality a
condition does not hold and its negation does, and a margin of 0 alone cannot say that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import add, and_, or_

import polars as pl

INF = float("inf")

Once = Callable[[pl.Expr], pl.Expr]
"""Takes an expression that several others read, and gives what they are to read."""


def as_it_is(expression: pl.Expr) -> pl.Expr:
    """Each of those that read it works it out for itself."""
    return expression


@dataclass(frozen=True)
class Margin:
    """Polars expressions over the subject's frame, one value a row.

    ``lo`` and ``hi`` (Float64, never null) bound the margin in the condition's own measure.
    ``holds`` (Boolean) is null where it cannot be known; ``rounded`` is the same when every printed
    figure may be off by half of its last decimal. ``applies`` (Boolean, never null) is false where
    the condition has no meaning, such as "worse" for a neutral KPI; None means that it always
    applies. ``exact``, where there is one, is null where a cell is missing and else both ``lo`` and ``hi``.
    """

    lo: pl.Expr
    hi: pl.Expr
    holds: pl.Expr
    rounded: pl.Expr
    applies: pl.Expr | None = None
    exact: pl.Expr | None = None

    @property
    def meant(self) -> pl.Expr:
        """``holds``, and false where the condition has no meaning."""
        return self.holds if self.applies is None else self.applies & self.holds


def of_numbers(
    exact: pl.Expr,
    lowest: pl.Expr | None = None,
    highest: pl.Expr | None = None,
    applies: pl.Expr | None = None,
    once: Once = as_it_is,
) -> Margin:
    """A margin from numbers that are null where a cell is missing.

    lowest, highest: what rounding may make of it; None where the number is not rounded.
    """
    exact = once(exact)
    holds = exact > 0
    rounded = holds if lowest is None or highest is None else _truth(lowest, highest)
    return Margin(exact.fill_null(-INF), exact.fill_null(INF), holds, rounded, applies, exact)


def of_difference(
    value: pl.Expr,
    tie: pl.Expr,
    lowest: pl.Expr,
    highest: pl.Expr,
    applies: pl.Expr | None = None,
    once: Once = as_it_is,
) -> Margin:
    """A margin from a difference that is 0 where it is at most ``tie`` (at least 0), and so are its bounds.

    What is above ``tie`` is above 0: the truth needs no number that is set to 0 first.
    """
    value, tie = once(value), once(tie)
    exact = once(pl.when(value.abs() <= tie).then(0.0).otherwise(value))
    rounded = once(_truth(once(lowest), once(highest), tie))
    return Margin(exact.fill_null(-INF), exact.fill_null(INF), once(value > tie), rounded, applies, exact)


def _truth(lowest: pl.Expr, highest: pl.Expr, turn: pl.Expr | float = 0) -> pl.Expr:
    return pl.when(lowest > turn).then(True).when(highest <= turn).then(False)


def bounded(lo: pl.Expr, hi: pl.Expr, lowest: pl.Expr, highest: pl.Expr, tie: pl.Expr | float = 0) -> Margin:
    """A margin from its least and most, which are never null; lowest, highest: what rounding may make of them.

    tie: what a margin must exceed to be more than 0.
    """
    return Margin(lo, hi, _truth(lo, hi, tie), _truth(lowest, highest, tie))


def of_truth(holds: pl.Expr, applies: pl.Expr | None = None) -> Margin:
    """A margin for what is so or not so, without a scale: inf, -inf, or both where unknown."""
    return of_numbers(pl.when(holds).then(INF).when(~holds).then(-INF), applies=applies)


def all_of(parts: Sequence[Margin]) -> Margin:
    """Every part holds: the smallest margin. Has a meaning only where each part has one."""
    if len(parts) == 1:
        return parts[0]
    return Margin(
        lo=pl.min_horizontal([part.lo for part in parts]),
        hi=pl.min_horizontal([part.hi for part in parts]),
        holds=reduce(and_, [part.holds for part in parts]),
        rounded=reduce(and_, [part.rounded for part in parts]),
        applies=_all_stated([part.applies for part in parts]),
    )


def any_of(parts: Sequence[Margin], once: Once = as_it_is) -> Margin:
    """At least one part holds: the largest margin among the parts that have a meaning."""
    return k_of(parts, 1, once)


def k_of(parts: Sequence[Margin], k: int, once: Once = as_it_is) -> Margin:
    """At least ``k`` parts hold: the k-th largest margin; parts without a meaning cannot hold.

    Has a meaning where at least ``k`` parts have one.
    """
    if len(parts) == 1:
        return parts[0]
    meant = [_without_meaningless(part, once) for part in parts]
    return Margin(
        lo=_kth_largest([part.lo for part in meant], k, once),
        hi=_kth_largest([part.hi for part in meant], k, once),
        holds=_k_true([part.holds for part in meant], k),
        rounded=_k_true([part.rounded for part in meant], k),
        applies=_k_stated([part.applies for part in parts], k),
    )


def negated(part: Margin) -> Margin:
    """The part does not hold: the interval's ends change sign and place."""
    return Margin(lo=-part.hi, hi=-part.lo, holds=~part.holds, rounded=~part.rounded, applies=part.applies)


@dataclass(frozen=True)
class Counts:
    """How many members hold for certain and how many may, and the same when figures are rounded."""

    holding: pl.Expr
    unknown: pl.Expr
    holding_rounded: pl.Expr
    unknown_rounded: pl.Expr


def counted(counts: Counts, k: pl.Expr | int, applies: pl.Expr | None = None) -> Margin:
    """At least ``k`` of counted members hold; the margin is in members.

    The count lies in [holding, holding + unknown]; the margin is the count less (k - 1/2), so that
    it is positive exactly when k or more hold, and its negation when fewer do. It does not depend
    on the members' measures. A count that is null is not known at all.
    """
    turn = k - 0.5
    lowest, highest = counts.holding - turn, counts.holding + counts.unknown - turn
    rounded = _truth(counts.holding_rounded - turn, counts.holding_rounded + counts.unknown_rounded - turn)
    return Margin(
        lowest.cast(pl.Float64).fill_null(-INF),
        highest.cast(pl.Float64).fill_null(INF),
        _truth(lowest, highest),
        rounded,
        applies,
    )


def _without_meaningless(part: Margin, once: Once) -> Margin:
    if part.applies is None:
        return part
    applies = once(part.applies)
    return Margin(
        lo=once(pl.when(applies).then(part.lo).otherwise(-INF)),
        hi=once(pl.when(applies).then(part.hi).otherwise(-INF)),
        holds=once(applies & part.holds),
        rounded=once(applies & part.rounded),
    )


def _k_true(truths: Sequence[pl.Expr], k: int) -> pl.Expr:
    if k in (1, len(truths)):
        return reduce(or_ if k == 1 else and_, truths)
    certain = reduce(add, [truth.fill_null(False).cast(pl.Int32) for truth in truths])
    possible = reduce(add, [truth.fill_null(True).cast(pl.Int32) for truth in truths])
    return pl.when(certain >= k).then(True).when(possible < k).then(False)


def _kth_largest(values: Sequence[pl.Expr], k: int, once: Once) -> pl.Expr:
    """The k-th largest of a few expressions: T(m, k) = max(T(m-1, k), min(x_m, T(m-1, k-1)))."""

    @cache
    def largest(many: int, k: int) -> pl.Expr:
        if k == 1:
            return once(pl.max_horizontal(values[:many]))
        if k == many:
            return once(pl.min_horizontal(values[:many]))
        with_last = pl.min_horizontal(values[many - 1], largest(many - 1, k - 1))
        return once(pl.max_horizontal(largest(many - 1, k), with_last))

    return largest(len(values), k)


def _k_stated(parts: Sequence[pl.Expr | None], k: int) -> pl.Expr | None:
    """At least ``k`` are true, None being so always; never null."""
    stated = [part for part in parts if part is not None]
    if len(parts) - len(stated) >= k:
        return None
    if len(stated) == len(parts) and all(part.meta == stated[0].meta for part in stated):
        return stated[0]
    return reduce(add, [part.cast(pl.Int32) for part in stated]) >= k - (len(parts) - len(stated))


def _all_stated(parts: Sequence[pl.Expr | None]) -> pl.Expr | None:
    stated = [part for part in parts if part is not None]
    return reduce(and_, stated) if stated else None
