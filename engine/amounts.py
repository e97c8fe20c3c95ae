"""A written number with what it counts: "8 093 kr/inv", "1 procentenhet", "12,3 mnkr", "SEK 12.3 million".

All are columns of text from columns of text or numbers, and null stays null; ``format_`` writes one number. A no-break
space joins the words.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import polars as pl

from genomlys.engine.errors import Lang
from genomlys.engine.numbers import MINUS
from genomlys.engine.writing import NBSP, number_text

# A count or a place on a scale is a number alone: what it counts stands in the key figure's name.
_BARE: Final = r"(?i)^(?:index|antal|skala|plats|rank|$)"
# The first pattern that fits a measure says what a difference in it is called; a count is a number alone here too.
_DIFFERENCE: Final = {r"^%": "procentenheter", r"(?i)^(?:index|skala)": "enheter", r"(?i)^(?:plats|rank)": "platser"}
_ENGLISH: Final = {
    "dagar": "days",
    "enheter": "points",
    "kr": "SEK",
    "kr/inv": "SEK/inhabitant",
    "mdkr": "SEK billion",
    "minuter": "minutes",
    "mnkr": "SEK million",
    "månader": "months",
    "nyckeltal": "KPIs",
    "omständigheter": "signals",
    "platser": "places",
    "procentenheter": "percentage points",
    "timmar": "hours",
    "tkr": "SEK thousand",
    "veckor": "weeks",
    "år": "years",
    "åtgärder": "measures",
}
# What a printed 1 counts.
_ONE: Final[dict[Lang, dict[str, str]]] = {
    "sv": {
        "dagar": "dag",
        "enheter": "enhet",
        "minuter": "minut",
        "månader": "månad",
        "platser": "plats",
        "procentenheter": "procentenhet",
        "timmar": "timme",
        "veckor": "vecka",
    },
    "en": {
        "days": "day",
        "hours": "hour",
        "minutes": "minute",
        "months": "month",
        "percentage points": "percentage point",
        "places": "place",
        "points": "point",
        "weeks": "week",
        "years": "year",
    },
}


def measure_text(measure: pl.Expr, lang: Lang = "sv") -> pl.Expr:
    """A measure as a heading: in English "kr/inv" is "SEK/inhabitant", and what is not known stays as it is."""
    return measure if lang == "sv" else measure.replace(_ENGLISH)


def with_measure(text: pl.Expr, measure: pl.Expr, lang: Lang = "sv") -> pl.Expr:
    """A printed number with its measure: "8 093 kr/inv", "52 %", "1 månad", and "SEK 360 million" in English.

    A measure that begins with index, antal, skala, plats or rank, or is empty or null, adds nothing.
    """
    named = measure.fill_null("")
    return _joined(text, pl.when(~named.str.contains(_BARE)).then(named), lang)


def with_difference_measure(text: pl.Expr, measure: pl.Expr, lang: Lang = "sv") -> pl.Expr:
    """A printed difference with its measure: two shares differ by "2 procentenheter", two indexes by "3 enheter"
    and two ranks by "1 plats". Other measures are as in ``with_measure``."""
    named = measure.fill_null("")
    word: pl.Expr = pl.when(~named.str.contains(_BARE)).then(named)
    for pattern, difference in _DIFFERENCE.items():
        word = pl.when(named.str.contains(pattern)).then(pl.lit(difference)).otherwise(word)
    return _joined(text, word, lang)


def percent_text(ratio: pl.Expr, lang: Lang = "sv") -> pl.Expr:
    """A ratio in per cent: 0.14 is "14 %", and below 10 % there is one decimal: "3,4 %".

    What is not zero but would be printed as 0,0 is "mindre än 0,1 %", whichever its sign.
    """
    percent = ratio.cast(pl.Float64) * 100
    # 9.95 would be printed with one decimal as 10,0.
    exact = (percent == 0) | (percent.abs() >= 9.95 - 1e-8)
    text = _joined(number_text(percent, pl.when(exact).then(0).otherwise(1), lang), pl.lit("%"), lang)
    tiny = (percent != 0) & (percent.abs() < 0.05 - 1e-10)
    less = {"sv": f"mindre än 0,1{NBSP}%", "en": f"less than 0.1{NBSP}%"}[lang]
    return pl.when(tiny).then(pl.lit(less)).otherwise(text)


def p_text(p: pl.Expr, lang: Lang = "sv") -> pl.Expr:
    """A p-value: "0,14", below 0.1 with three decimals, "0,042", and "mindre än 0,001"."""
    decimals = pl.when(p < 0.0995).then(3).otherwise(2)
    less = {"sv": "mindre än 0,001", "en": "less than 0.001"}[lang]
    return pl.when(p < 0.001).then(pl.lit(less)).otherwise(number_text(p, decimals, lang))


def tkr_text(tkr: pl.Expr, lang: Lang = "sv") -> pl.Expr:
    """Thousands of kronor: "350 tkr", and "12,3 mnkr" from 10 000 tkr up; "SEK 350 thousand", "SEK 12.3 million".

    What is not zero but would be printed as 0 is "mindre än 1 tkr", whichever its sign.
    """
    money = tkr.cast(pl.Float64)
    large = money.abs() >= 9999.5 - 1e-5
    shown = pl.when(large).then(money / 1000).otherwise(money)
    unit = pl.when(large).then(pl.lit("mnkr")).otherwise(pl.lit("tkr"))
    text = _joined(number_text(shown, large.cast(pl.Int64), lang), unit, lang)
    tiny = (money != 0) & (money.abs() < 0.5 - 1e-9)
    less = {"sv": f"mindre än 1{NBSP}tkr", "en": f"less than SEK{NBSP}1{NBSP}thousand"}[lang]
    return pl.when(tiny).then(pl.lit(less)).otherwise(text)


def _joined(text: pl.Expr, word: pl.Expr, lang: Lang) -> pl.Expr:
    """A printed number and a word in the right number and language; a null word adds nothing."""
    number, unit, one = pl.field("number"), pl.field("unit"), pl.field("one")
    before, after = pl.lit(""), pl.concat_str(pl.lit(NBSP), unit)
    if lang == "en":
        money = unit.str.starts_with("SEK ")
        before = pl.when(money).then(pl.lit(f"SEK{NBSP}")).otherwise(pl.lit(""))
        after = pl.concat_str(pl.lit(NBSP), pl.when(money).then(unit.str.strip_prefix("SEK ")).otherwise(unit))
    # A struct hands each step to the next, so that it is worked out once in an eager query too.
    return (
        pl.struct(text.alias("number"), word.alias("unit"))
        .struct.with_fields(unit=measure_text(unit, lang), one=number.is_in(["1", f"{MINUS}1"]))
        .struct.with_fields(unit=pl.when(one).then(unit.replace(_ONE[lang])).otherwise(unit))
        .struct.with_fields(
            text=pl.when(unit.is_null()).then(number).otherwise(pl.concat_str(before, number, after)),
        )
        .struct.field("text")
    )


@lru_cache(maxsize=4096)
def format_percent(ratio: float, lang: Lang = "sv") -> str:
    """One ratio as ``percent_text`` writes it."""
    return str(pl.select(percent_text(pl.lit(ratio), lang)).item())


@lru_cache(maxsize=256)
def format_tkr(money: float, lang: Lang = "sv") -> str:
    """One amount as ``tkr_text`` writes it."""
    return str(pl.select(tkr_text(pl.lit(money), lang)).item())
