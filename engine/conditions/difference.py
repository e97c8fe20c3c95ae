"""The signed difference between two figures, less a dead band: the margin of every comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import polars as pl

from genomlys.engine.conditions.base import Sight, phrase
from genomlys.engine.conditions.columns import DIRECTION, OWN_HALF, WEIGHT
from genomlys.engine.conditions.margin import Margin, of_difference
from genomlys.engine.errors import Lang, Text

Side = Literal["above", "below", "worse", "better"]
OPPOSITE: Mapping[Side, Side] = {"above": "below", "below": "above", "worse": "better", "better": "worse"}

# What binary representation may add to a difference of decimal figures, relative to their size.
# A margin below it is an exact tie (0.33 against 0.30 by 10 %), which must not hold.
TIE = 1e-12


@dataclass(frozen=True)
class Band:
    """How large a difference must be: relative to the basis, absolute, or the KPI's own dead band."""

    kind: Literal["none", "relative", "absolute", "material"] = "none"
    value: float = 0.0  # of a material one what it is multiplied by, less 1

    def width(self, basis: pl.Expr) -> pl.Expr:
        """The band in the KPI's measure (Float64, at least 0)."""
        match self.kind:
            case "none":
                return pl.lit(0.0)
            case "absolute":
                return pl.lit(self.value)
            case "relative":
                return basis.abs() * self.value
            case "material":
                own = pl.coalesce(pl.col("materiality_abs"), pl.col("materiality_rel") * basis.abs(), pl.lit(0.0))
                return own * (1 + self.value) if self.value else own

    def times(self, factor: float) -> Band:
        """A band so many times as wide."""
        return Band(self.kind, (1 + self.value) * factor - 1 if self.kind == "material" else self.value * factor)

    def say(self, lang: Lang) -> str:
        match self.kind:
            case "none":
                return ""
            case "absolute":
                number = f"{self.value:g}"
                number = number if lang == "en" else number.replace(".", ",")
                return phrase(f" med mer än {number}", f" by more than {number}", lang)
            case "relative":
                number = f"{self.value * 100:g}"
                number = number if lang == "en" else number.replace(".", ",")
                return phrase(f" med mer än {number} %", f" by more than {number} %", lang)
            case "material":
                return phrase(" med mer än väsentlighetsgränsen", " by more than the material difference", lang)


NO_DIRECTION = (
    DIRECTION == "neutral",
    Text(
        "nyckeltalet har ingen riktning: det är inte angivet om högre eller lägre är bättre",
        "the KPI has no direction: it is not stated whether higher or lower is better",
    ),
)


def applies(side: Side) -> pl.Expr | None:
    """ "worse" and "better" have no meaning for a KPI without direction."""
    return DIRECTION != "neutral" if side in ("worse", "better") else None


def gap(own: pl.Expr, basis: pl.Expr, side: Side, target: pl.Expr | None) -> pl.Expr:
    """How far ``own`` lies on the named side of ``basis``, in the KPI's measure (negative: other side).

    For a KPI that aims at a target, worse means farther from the target.
    """
    match side:
        case "above":
            return own - basis
        case "below":
            return basis - own
        case "worse" | "better":
            weighted = WEIGHT * (own - basis)
            if target is not None:
                distance = (own - target).abs() - (basis - target).abs()
                weighted = pl.when(DIRECTION == "target").then(distance).otherwise(weighted)
            return weighted if side == "worse" else -weighted


@dataclass(frozen=True)
class Pair:
    """A figure and its basis, both in the KPI's measure.

    half_basis: how much the basis may be off (0 for what is not rounded); target: what a KPI that aims at one
    aims at in that year.
    """

    own: pl.Expr
    basis: pl.Expr
    half_basis: pl.Expr
    target: pl.Expr


def margin(
    own: pl.Expr,
    basis: pl.Expr,
    side: Side,
    band: Band,
    sight: Sight,
    target: pl.Expr,
    *,
    half_basis: pl.Expr,
) -> Margin:
    """``gap`` less the band, and its bounds when printed figures may be off by half a decimal.

    half_basis: how much the basis may be off (0 for what is not rounded).

    The bounds are exact for literal sides and for higher- or lower-is-better KPIs: the margin is
    monotonic in both figures as long as a relative band is at most 100 %. For KPIs that aim at a
    target they are an enclosure (never too narrow).
    """
    pair, aim = _once(Pair(own, basis, half_basis, target), sight), _aim(side, sight, target)
    tie = _tie(pair, aim)
    lowest, highest = (_end(pair, side, band, aim, end) for end in (-1.0, 1.0))
    return of_difference(_exact(pair, side, band, aim), tie, lowest, highest, applies(side), sight.once)


def change(later: Pair, earlier: Pair, side: Side, band: Band, sight: Sight) -> Margin:
    """By how much ``gap`` has grown from the earlier pair to the later, less the band (of the later basis).

    The four figures are rounded each by itself, so that the bounds are as exact as those of ``margin``.
    """
    later, earlier = _once(later, sight), _once(earlier, sight)
    aims = [_aim(side, sight, pair.target) for pair in (later, earlier)]
    tie = _tie(later, aims[0]) + _tie(earlier, aims[1])
    exact = _exact(later, side, band, aims[0]) - _exact(earlier, side, Band(), aims[1])
    lowest, highest = (
        _end(later, side, band, aims[0], end) - _end(earlier, side, Band(), aims[1], -end) for end in (-1.0, 1.0)
    )
    return of_difference(exact, tie, lowest, highest, applies(side), sight.once)


def _once(pair: Pair, sight: Sight) -> Pair:
    return replace(pair, own=sight.once(pair.own), basis=sight.once(pair.basis))


def _aim(side: Side, sight: Sight, target: pl.Expr) -> pl.Expr | None:
    return target if sight.targets and side in ("worse", "better") else None


def _exact(pair: Pair, side: Side, band: Band, aim: pl.Expr | None) -> pl.Expr:
    return gap(pair.own, pair.basis, side, aim) - band.width(pair.basis)


def _end(pair: Pair, side: Side, band: Band, aim: pl.Expr | None, end: float) -> pl.Expr:
    """The least (end -1) or most (1) that ``_exact`` can be."""
    sign = {"above": pl.lit(1.0), "below": pl.lit(-1.0), "worse": WEIGHT, "better": -WEIGHT}[side]
    moved = pair.basis - end * sign * pair.half_basis
    value = sign * (pair.own - moved) + end * OWN_HALF - band.width(moved)
    if aim is None:
        return value
    to_target = _target_end(pair.own, pair.basis, aim, pair.half_basis, band, side, end)
    return pl.when(DIRECTION == "target").then(to_target).otherwise(value)


def _target_end(
    own: pl.Expr, basis: pl.Expr, aim: pl.Expr, half_basis: pl.Expr, band: Band, side: Side, end: float
) -> pl.Expr:
    toward = end if side == "worse" else -end
    own_distance = ((own - aim).abs() + toward * OWN_HALF).clip(lower_bound=0.0)
    basis_distance = ((basis - aim).abs() - toward * half_basis).clip(lower_bound=0.0)
    difference = own_distance - basis_distance
    widest = band.width((basis.abs() - end * half_basis).clip(lower_bound=0.0))
    return (difference if side == "worse" else -difference) - widest


def _tie(pair: Pair, aim: pl.Expr | None) -> pl.Expr:
    """What a margin must exceed to be more than a tie; a far target makes every distance to it less exact."""
    size = pair.own.abs() + pair.basis.abs()
    return (size if aim is None else size + aim.abs().fill_null(0.0)) * TIE
