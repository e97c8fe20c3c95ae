"""Writing numbers the Swedish way: "8 093 kr/inv", "−2,4 procentenheter", "12,3 mnkr"; or the English way.

Columns of numbers become columns of text; ``format_number`` does the same to one number. Numbers are
rounded half away from zero, the way a person rounds what is written: 2.675 is held by the computer as
2.67499…, but it becomes 2,68. Words that belong to a number are joined to it by a no-break space.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.errors import Lang
from genomlys.engine.numbers import MINUS

Floats = NDArray[np.float64]

NBSP: Final = "\u00a0"

_GROUP: Final[dict[Lang, str]] = {"sv": NBSP, "en": ","}
_POINT: Final[dict[Lang, str]] = {"sv": ",", "en": "."}
_TOP: Final = 1000**6  # twice as much is held by an int64


def number_text(value: pl.Expr, decimals: pl.Expr | int, lang: Lang = "sv") -> pl.Expr:
    """Numbers as text: 8093.5 with 1 decimal is "8 093,5", in English "8,093.5".

    ``decimals`` is one number or a column, -3 to 6; a negative one rounds to tens, hundreds or thousands.
    Null, NaN, infinity and what has more than 18 digits before the decimal sign become null.
    """
    places = pl.lit(decimals) if isinstance(decimals, int) else decimals
    # Over whole columns at once. As one expression its many steps took Polars longer to plan than to work out.
    write = partial(_written, lang=lang)
    return pl.map_batches([value, places], write, return_dtype=pl.String, is_elementwise=True)


def _written(columns: Sequence[pl.Series], lang: Lang) -> pl.Series:
    """Of numbers and their decimals, of which either may be a single one."""
    value, places = np.broadcast_arrays(*(column.cast(pl.Float64).to_numpy() for column in columns))
    with np.errstate(invalid="ignore"):  # of infinity, which cannot be written
        whole, digits, scale = _rounded(np.abs(value), places)
    can_be_written = whole < _TOP
    numbers = pl.DataFrame(
        {
            "minus": (value < 0) & (whole + digits > 0),
            "whole": np.where(can_be_written, whole, np.nan),
            "digits": np.where(can_be_written, digits + scale, np.nan),
        },
        nan_to_null=True,
    )
    groups = len(f"{whole.max(initial=0.0, where=can_be_written):,.0f}".split(","))
    # A 1 before them keeps leading zeros.
    texts = numbers.select(
        minus=pl.when("minus").then(pl.lit(MINUS)).otherwise(pl.lit("")),
        whole=(pl.col("whole").cast(pl.Int64) + 1000**groups).cast(pl.String),
        digits=pl.col("digits").cast(pl.Int64).cast(pl.String).str.slice(1),
    )
    written = pl.concat_str("minus", _grouped(pl.col("whole"), groups, lang), _with_point(pl.col("digits"), lang))
    return texts.select(written).to_series()


def _rounded(size: Floats, places: Floats) -> tuple[Floats, Floats, Floats]:
    """What stands before the decimal sign, what after it in units of the last digit, and how many of these make 1.

    A binary number may fall short of the half it was written as. What it may lack is a relative 1e-9, but
    never so much of the last digit that the rounding would be seen to be wrong.
    """
    unit, scale = 10.0 ** np.maximum(-places, 0.0), 10.0 ** np.maximum(places, 0.0)
    quotient = size / unit
    whole = np.floor(quotient)
    part, last = (quotient - whole) * scale, quotient * scale
    lacking = np.minimum(np.minimum(last * 1e-9, last * 4e-16 + 1e-6), 0.1)
    digits = np.floor(part) + (part - np.floor(part) >= 0.5 - lacking)
    carried = digits >= scale
    return (whole + carried) * unit, np.where(carried, 0.0, digits), scale


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


def _grouped(digits: pl.Expr, groups: int, lang: Lang) -> pl.Expr:
    """Groups of three out of "1" and as many digits. Leading zeros go, but not the last digit."""
    last = 3 * groups
    cut = [digits.str.slice(at, min(3, last - at)) for at in range(1, last, 3)]
    head = pl.concat_str(cut, separator=_GROUP[lang]).str.strip_chars_start("0" + _GROUP[lang])
    return pl.concat_str(head, digits.str.slice(last))


def _with_point(digits: pl.Expr, lang: Lang) -> pl.Expr:
    return pl.when(digits == "").then(digits).otherwise(pl.concat_str(pl.lit(_POINT[lang]), digits))
