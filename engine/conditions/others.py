"""What the kinds share that set a unit against others one by one: rank, case and outlier.

Their sides are literal, or follow the KPI's direction. A KPI without one, or that aims at a target, is neither worse
nor better than others in a way that can be ordered or measured by their spread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.apart import apart
from genomlys.engine.conditions.base import Among, Field, Sight, Window
from genomlys.engine.conditions.difference import TIE
from genomlys.engine.conditions.margin import Margin, of_difference
from genomlys.engine.conditions.reading import Scope
from genomlys.engine.errors import Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.words import QUANTITY, Choice, Word

# high and low are literal; worse and better follow the KPI's direction; apart is either.
Toward = Literal["high", "low", "worse", "better", "apart"]
SIDES: Final[dict[str, Toward]] = {
    "worse": "worse",
    "better": "better",
    "above": "high",
    "below": "low",
    "apart": "apart",
}
SIDE: Final = Word(
    Choice(tuple(SIDES)),
    Text(
        "above, below och apart (endera hållet) är bokstavliga; worse och better följer nyckeltalets riktning.",
        "above, below and apart (either way) are literal; worse and better follow the KPI's direction.",
    ),
)
SIDE_WORDS: Final[Mapping[str, Text]] = {
    "worse": Text("sämre än", "worse than"),
    "better": Text("bättre än", "better than"),
    "above": Text("över", "above"),
    "below": Text("under", "below"),
    "apart": Text("skilt från", "apart from"),
}
AMONG: Final[dict[str, Among]] = {"peers": "peers", "nation": "nation"}
AMONG_WORD: Final = Word(
    Choice(tuple(AMONG)),
    Text(
        "peers är liknande kommuner, nation alla kommuner i datamängden (minst 145).",
        "peers are similar municipalities, nation all municipalities of the data set (at least 145).",
    ),
)
AMONG_WORDS: Final[Mapping[Among, Text]] = {
    "peers": Text("liknande kommuner", "similar municipalities"),
    "nation": Text("alla kommuner", "all municipalities"),
}
CONFIDENCE: Final = Word(
    QUANTITY,
    Text(
        "Hur säkert det ska vara: 95 % ger falskt larm i ett fall av tjugo.",
        "How certain it must be: 95 % is a false alarm in one case of twenty.",
    ),
)
NO_ORDER: Final = (
    ~columns.DIRECTION.is_in(["higher", "lower"]),
    Text(
        "nyckeltalet har ingen riktning mot högre eller lägre som är bättre",
        "the KPI has no direction that says whether higher or lower is better",
    ),
)
_ORDERED: Final = ("higher", "lower")


def sign(toward: Toward) -> pl.Expr:
    """1 where more is farther that way, -1 where less is (Float64, null for a KPI without such a direction)."""
    match toward:
        case "high" | "apart":
            return pl.lit(1.0)
        case "low":
            return pl.lit(-1.0)
        case "worse":
            return columns.WEIGHT
        case "better":
            return -columns.WEIGHT


def signs(toward: Toward, window: Window) -> NDArray[np.float64]:
    """The same for each row of a window."""
    weight = window.fact("weight").astype(np.float64)
    match toward:
        case "high" | "apart":
            return np.ones(len(weight))
        case "low":
            return -np.ones(len(weight))
        case "worse":
            return weight
        case "better":
            return -weight


def applies(toward: Toward) -> pl.Expr | None:
    return columns.DIRECTION.is_in(_ORDERED) if toward in ("worse", "better") else None


def distance(toward: Toward, own: pl.Expr, middle: pl.Expr) -> pl.Expr:
    """How far ``own`` lies from ``middle`` that way."""
    return (own - middle).abs() if toward == "apart" else sign(toward) * (own - middle)


def beyond(toward: Toward, middle: pl.Expr, width: pl.Expr, widths: tuple[pl.Expr, pl.Expr], sight: Sight) -> Margin:
    """How far the value lies beyond a width from the middle of others; ``widths``: the least and most it may be.

    Where the unit's value and each of the others' may be off by half a decimal, the distance may be by a whole one.
    """
    own, room = columns.own(0), columns.OWN_HALF + columns.ANY_HALF
    apart = sight.once(distance(toward, own, middle))
    nearest = (apart - room).clip(lower_bound=0.0) if toward == "apart" else apart - room
    tie = (own.abs() + middle.abs()) * TIE
    ends = nearest - widths[1], apart + room - widths[0]
    return of_difference(apart - width, tie, *ends, applies(toward), sight.once)


def has_order(
    fields: Fields, word: str, said: str, toward: Toward, scope: Scope, literal: tuple[str, str] = ("above", "below")
) -> bool:
    """Whether ``said`` has a meaning for some KPI in scope; ``literal``: what to write where it has none."""
    directions = scope.values("direction")
    if toward not in ("worse", "better") or not directions or not scope.sound or set(directions) & set(_ORDERED):
        return True
    fields.reader.report(
        "never-fires",
        fields.value_place(word),
        Text(
            f"'{said}' behöver riktningen higher eller lower, och regeln gäller bara andra nyckeltal.",
            f"'{said}' needs the direction higher or lower, and the rule is for other KPIs only.",
        ),
        Text(f"Skriv '{literal[0]}' eller '{literal[1]}'.", f"Write '{literal[0]}' or '{literal[1]}'."),
    )
    return False


def beside(own: pl.Expr, basis: pl.Expr, title: tuple[pl.Expr, pl.Expr]) -> dict[str, Field]:
    """What a text may say of a value beside the middle of others."""
    return {"basis": Field("value", (basis,)), "basis_name": Field("word", title), **apart(own, basis)}
