"""Writing numbers the Swedish way: "8 093 kr/inv", "−2,4 procentenheter", "12,3 mnkr"; or the English way.

Columns of numbers become columns of text; ``format_number`` does the same to one number. Numbers are
rounded half away from zero, the way a person rounds what is written: 2.675 is held by the computer as
2.67499…, but it becomes 2,68. Words that belong to a number are joined to it by a no-break space.
"""

from __future__ import annotations

import math
from typing import Final

import polars as pl

from genomlys.engine.errors import Lang
from genomlys.engine.numbers import MINUS

NBSP: Final = "\u00a0"

_GROUP: Final[dict[Lang, str]] = {"sv": NBSP, "en": ","}
_POINT: Final[dict[Lang, str]] = {"sv": ",", "en": "."}
_DIGITS: Final = 18  # as many as an int64 always holds, with one to spare for the 1 that keeps leading zeros
_TOP: Final = 10**_DIGITS


def number_text(value: pl.Expr, decimals: pl.Expr | int, lang: Lang = "sv") -> pl.Expr:
    """Numbers as text: 8093.5 with 1 decimal is "8 093,5", in English "8,093.5".

    ``decimals`` is one number or a column, -3 to 6; a negative one rounds to tens, hundreds or thousands.
    Null, NaN, infinity and what has more than 18 digits before the decimal sign become null.
    """
    places = pl.lit(decimals, dtype=pl.Int64) if isinstance(decimals, int) else decimals.cast(pl.Int64)
    number = value.cast(pl.Float64)
    whole, part, below = pl.field("whole"), pl.field("part"), pl.field("below")
    quotient, unit, scale, digits = pl.field("quotient"), pl.field("unit"), pl.field("scale"), pl.field("digits")
    # A struct hands each step to the next, so that it is worked out once in an eager query too.
    return (
        pl.struct(number.alias("quotient"), _power(-places).alias("unit"), _power(places).alias("scale"))
        .struct.with_fields(quotient=quotient.abs() / unit, below=quotient < 0)
        .struct.with_fields(whole=quotient.floor(), part=(quotient - quotient.floor()) * scale)
        .struct.with_fields(digits=part.floor() + _rounds_up(part, quotient * scale).cast(pl.Float64))
        .struct.with_fields(
            whole=((whole + (digits >= scale).cast(pl.Float64)) * unit),
            part=pl.when(digits < scale).then(digits).otherwise(0.0),
        )
        .struct.with_fields(
            minus=pl.when(below & (whole + part > 0)).then(pl.lit(MINUS)).otherwise(pl.lit("")),
            whole=pl.when(whole < _TOP).then(whole).cast(pl.Int64) + _TOP,
            part=pl.when(whole < _TOP).then(part + scale).cast(pl.Int64),
        )
        .struct.with_fields(whole=whole.cast(pl.String), part=part.cast(pl.String).str.slice(1))
        .struct.with_fields(text=pl.concat_str(pl.field("minus"), _grouped(whole, lang), _with_point(part, lang)))
        .struct.field("text")
    )


def format_number(value: float, decimals: int, lang: Lang = "sv") -> str:
    """One number as ``number_text`` writes it. Raises ValueError unless it is finite."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number that can be written")
    unit, scale = 10 ** max(-decimals, 0), 10 ** max(decimals, 0)
    quotient = abs(value) / unit
    whole = math.floor(quotient)
    part = (quotient - whole) * scale
    size = quotient * scale
    digits = math.floor(part) + (part - math.floor(part) >= 0.5 - min(size * 1e-9, size * 4e-16 + 1e-6, 0.1))
    whole, digits = (whole + 1, 0) if digits >= scale else (whole, digits)
    minus = MINUS if value < 0 and whole + digits > 0 else ""
    fraction = f"{_POINT[lang]}{digits:0{decimals}d}" if decimals > 0 else ""
    return f"{minus}{whole * unit:,}".replace(",", _GROUP[lang]) + fraction


def _power(exponent: pl.Expr) -> pl.Expr:
    """10 to a positive exponent, else 1, as f64. Powers of integers are exact."""
    return pl.lit(10, dtype=pl.Int64).pow(exponent.clip(0)).cast(pl.Float64)


def _rounds_up(part: pl.Expr, size: pl.Expr) -> pl.Expr:
    """Whether a half or more stands after the last digit; ``size`` is the whole number in units of that digit.

    A binary number may fall short of the half it was written as. What it may lack is a relative 1e-9, but
    never so much of the last digit that the rounding would be seen to be wrong.
    """
    return part - part.floor() >= 0.5 - pl.min_horizontal(size * 1e-9, size * 4e-16 + 1e-6, pl.lit(0.1))


def _grouped(digits: pl.Expr, lang: Lang) -> pl.Expr:
    """Groups of three out of "1" and 18 digits. Leading zeros go, but not the last digit."""
    cut = [digits.str.slice(at, 3 if at < _DIGITS - 2 else 2) for at in range(1, _DIGITS, 3)]
    head = pl.concat_str(cut, separator=_GROUP[lang]).str.strip_chars_start("0" + _GROUP[lang])
    return pl.concat_str(head, digits.str.slice(_DIGITS))


def _with_point(digits: pl.Expr, lang: Lang) -> pl.Expr:
    return pl.when(digits == "").then(digits).otherwise(pl.concat_str(pl.lit(_POINT[lang]), digits))
