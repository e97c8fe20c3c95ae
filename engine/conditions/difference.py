"""The signed difference between two figures, less a dead band: the margin of every comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from genomlys.engine.conditions.base import Sight, phrase
from genomlys.engine.conditions.columns import DIRECTION, OWN_HALF, WEIGHT
from genomlys.engine.conditions.margin import Margin, of_difference
from genomlys.engine.errors import Lang, Text

Side = Literal["above", "below", "worse", "better"]

# What binary representation may add to a difference of decimal figures, relative to their size.
# A margin below it is an exact tie (0.33 against 0.30 by 10 %), which must not hold.
TIE = 1e-12


@dataclass(frozen=True)
class Band:
    """How large a difference must be: relative to the basis, absolute, or the KPI's own dead band."""

    kind: Literal["none", "relative", "absolute", "material"] = "none"
    value: float = 0.0

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
                return pl.coalesce(pl.col("materiality_abs"), pl.col("materiality_rel") * basis.abs(), pl.lit(0.0))

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
    aim = target if sight.targets and side in ("worse", "better") else None
    tie = _tie(own, basis, aim)
    sign = {"above": pl.lit(1.0), "below": pl.lit(-1.0), "worse": WEIGHT, "better": -WEIGHT}[side]
    ends = []
    for end in (-1.0, 1.0):
        moved = basis - end * sign * half_basis
        value = sign * (own - moved) + end * OWN_HALF - band.width(moved)
        if aim is not None:
            value = (
                pl.when(DIRECTION == "target")
                .then(_target_end(own, basis, aim, half_basis, band, side, end))
                .otherwise(value)
            )
        ends.append(value)
    return of_difference(gap(own, basis, side, aim) - band.width(basis), tie, ends[0], ends[1], applies(side))


def _target_end(
    own: pl.Expr, basis: pl.Expr, aim: pl.Expr, half_basis: pl.Expr, band: Band, side: Side, end: float
) -> pl.Expr:
    toward = end if side == "worse" else -end
    own_distance = ((own - aim).abs() + toward * OWN_HALF).clip(lower_bound=0.0)
    basis_distance = ((basis - aim).abs() - toward * half_basis).clip(lower_bound=0.0)
    difference = own_distance - basis_distance
    widest = band.width((basis.abs() - end * half_basis).clip(lower_bound=0.0))
    return (difference if side == "worse" else -difference) - widest


def _tie(own: pl.Expr, basis: pl.Expr, aim: pl.Expr | None) -> pl.Expr:
    """What a margin must exceed to be more than a tie; a far target makes every distance to it less exact."""
    size = own.abs() + basis.abs()
    return (size if aim is None else size + aim.abs().fill_null(0.0)) * TIE
