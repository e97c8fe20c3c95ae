"""What a text may say of the distance between two figures: how large it is, and which of them is the larger."""

from __future__ import annotations

import polars as pl

from genomlys.engine.conditions.base import Field


def apart(own: pl.Expr, basis: pl.Expr) -> dict[str, Field]:
    """The fields gap, gap_percent, over and higher of a value beside a basis."""
    literal = own - basis
    return {
        "gap": Field("difference", (literal,)),
        "gap_percent": gap_percent(own, basis),
        "over": Field("word", _by_sign(literal, ("över", "above"), ("under", "below"), ("på", "at"))),
        "higher": Field("word", _by_sign(literal, ("högre", "higher"), ("lägre", "lower"), ("lika hög", "equal"))),
    }


def gap_percent(own: pl.Expr, basis: pl.Expr) -> Field:
    """How far apart they are in per cent of the basis."""
    literal = own - basis
    # "161 % below" and "2 337 % above" tell nobody anything: then the difference is written.
    telling = (basis > 0) & (own > 0) & (literal.abs() <= 2 * basis)
    ratio = pl.when(telling).then(literal.abs() / basis)
    return Field("percent", (ratio,), instead=Field("difference", (literal,)))


def _by_sign(
    difference: pl.Expr, positive: tuple[str, str], negative: tuple[str, str], zero: tuple[str, str]
) -> tuple[pl.Expr, pl.Expr]:
    def pick(index: int) -> pl.Expr:
        return (
            pl.when(difference > 0)
            .then(pl.lit(positive[index]))
            .when(difference < 0)
            .then(pl.lit(negative[index]))
            .otherwise(pl.lit(zero[index]))
        )

    return pick(0), pick(1)
