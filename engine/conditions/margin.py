"""The one idea of the semantics: a condition is an interval [lo, hi] for a signed margin.

Positive means that the condition holds. A missing cell gives [-inf, inf]; a condition without a
scale of its own (a measure's status, a signal's kind) gives inf or -inf, so that it never decides
how far a verdict is from turning. Beside the interval goes the truth, because at exact equality a
condition does not hold and its negation does, and a margin of 0 alone cannot say that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

INF = float("inf")


@dataclass(frozen=True)
class Margin:
    """Polars expressions over the subject's frame, one value a row.

    ``lo`` and ``hi`` (Float64, never null) bound the margin in the condition's own measure;
    ``wide_lo`` and ``wide_hi`` do the same when every printed figure may be off by half of its
    last decimal. ``holds`` (Boolean) is null where it cannot be known. ``applies`` (Boolean, never
    null) is false where the condition has no meaning, such as "worse" for a neutral KPI; None
    means that it always applies.
    """

    lo: pl.Expr
    hi: pl.Expr
    wide_lo: pl.Expr
    wide_hi: pl.Expr
    holds: pl.Expr
    applies: pl.Expr | None = None


def of_numbers(
    exact: pl.Expr, wide_lo: pl.Expr, wide_hi: pl.Expr, applies: pl.Expr | None = None
) -> Margin:
    """A margin from numbers that are null where a cell is missing."""
    return Margin(
        lo=exact.fill_null(-INF),
        hi=exact.fill_null(INF),
        wide_lo=wide_lo.fill_null(-INF),
        wide_hi=wide_hi.fill_null(INF),
        holds=exact > 0,
        applies=applies,
    )


def of_truth(holds: pl.Expr, applies: pl.Expr | None = None) -> Margin:
    """A margin for what is so or not so, without a scale: inf, -inf, or both where unknown."""
    signed = pl.when(holds).then(INF).when(~holds).then(-INF)
    return of_numbers(signed, signed, signed, applies)


def all_of(parts: Sequence[Margin]) -> Margin:
    """Every part holds: the smallest margin. Has a meaning only where each part has one."""
    if len(parts) == 1:
        return parts[0]
    return Margin(
        lo=pl.min_horizontal([part.lo for part in parts]),
        hi=pl.min_horizontal([part.hi for part in parts]),
        wide_lo=pl.min_horizontal([part.wide_lo for part in parts]),
        wide_hi=pl.min_horizontal([part.wide_hi for part in parts]),
        holds=reduce(lambda left, right: left & right, [part.holds for part in parts]),
        applies=_joined([part.applies for part in parts], lambda left, right: left & right),
    )


def any_of(parts: Sequence[Margin]) -> Margin:
    """At least one part holds: the largest margin among the parts that have a meaning."""
    return k_of(parts, 1)


def k_of(parts: Sequence[Margin], k: int) -> Margin:
    """At least ``k`` parts hold: the k-th largest margin; parts without a meaning cannot hold.

    Has a meaning where at least ``k`` parts have one.
    """
    if len(parts) == 1:
        return parts[0]
    meant = [_without_meaningless(part) for part in parts]
    certain = pl.sum_horizontal([part.holds.fill_null(False).cast(pl.Int32) for part in meant])
    possible = pl.sum_horizontal([part.holds.fill_null(True).cast(pl.Int32) for part in meant])
    applies = None
    if sum(part.applies is None for part in parts) < k:
        applies = pl.sum_horizontal(
            [pl.lit(1) if part.applies is None else part.applies.cast(pl.Int32) for part in parts]
        ).ge(k)
    return Margin(
        lo=_kth_largest([part.lo for part in meant], k),
        hi=_kth_largest([part.hi for part in meant], k),
        wide_lo=_kth_largest([part.wide_lo for part in meant], k),
        wide_hi=_kth_largest([part.wide_hi for part in meant], k),
        holds=pl.when(certain >= k).then(True).when(possible < k).then(False),
        applies=applies,
    )


def negated(part: Margin) -> Margin:
    """The part does not hold: the interval's ends change sign and place."""
    return Margin(
        lo=-part.hi,
        hi=-part.lo,
        wide_lo=-part.wide_hi,
        wide_hi=-part.wide_lo,
        holds=~part.holds,
        applies=part.applies,
    )


def counted(holding: pl.Expr, unknown: pl.Expr, k: pl.Expr | int, applies: pl.Expr) -> Margin:
    """At least ``k`` of counted members hold; the margin is in members.

    With ``holding`` members that hold and ``unknown`` that may, the count lies in
    [holding, holding + unknown]; the margin is the count less (k - 1), so that it is positive
    exactly when k or more hold. It does not depend on the members' measures.
    """
    lo = (holding - k + 1).cast(pl.Float64)
    hi = (holding + unknown - k + 1).cast(pl.Float64)
    holds = pl.when(lo > 0).then(True).when(hi <= 0).then(False)
    return Margin(
        lo=lo.fill_null(-INF),
        hi=hi.fill_null(INF),
        wide_lo=lo.fill_null(-INF),
        wide_hi=hi.fill_null(INF),
        holds=holds,
        applies=applies,
    )


def _without_meaningless(part: Margin) -> Margin:
    if part.applies is None:
        return part
    never = {
        name: pl.when(part.applies).then(getattr(part, name)).otherwise(-INF)
        for name in ("lo", "hi", "wide_lo", "wide_hi")
    }
    return Margin(**never, holds=pl.when(part.applies).then(part.holds).otherwise(False))


def _kth_largest(values: Sequence[pl.Expr], k: int) -> pl.Expr:
    """The k-th largest of a few expressions: T(m, k) = max(T(m-1, k), min(x_m, T(m-1, k-1)))."""
    if k == 1:
        return pl.max_horizontal(values)
    if k == len(values):
        return pl.min_horizontal(values)
    *rest, last = values
    return pl.max_horizontal(_kth_largest(rest, k), pl.min_horizontal(last, _kth_largest(rest, k - 1)))


def _joined(
    parts: Sequence[pl.Expr | None], join: Callable[[pl.Expr, pl.Expr], pl.Expr]
) -> pl.Expr | None:
    stated = [part for part in parts if part is not None]
    return reduce(join, stated) if stated else None
