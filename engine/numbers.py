"""Reading numbers the Swedish way: "8 093", "3,4 %", "−5", and the marks "-", "." and "..". Also "1.4e-7".

Numbers are written in ``writing.py``.
"""

from __future__ import annotations

from typing import Final

import polars as pl

# A space, a no-break space, a thin space and a narrow no-break space: what Excel, Word and SCB put between thousands.
BLANKS: Final = " \u00a0\u2009\u202f"
MINUS: Final = "\u2212"

# Statistics Sweden's marks. A dash alone is missing whichever dash it is: on a screen they look the same.
MARKS: Final = {
    "-": "missing",
    "\u2013": "missing",
    "\u2014": "missing",
    MINUS: "missing",
    ".": "not_applicable",
    "..": "suppressed",
}
# Thousands in groups of three or not at all, and one decimal sign: "1 23" and "1.234,5" are slips of the pen, and a
# slip is better refused than guessed. An exponent only as programs write it: "1.4e-7".
_BY_HAND: Final = rf"(?:[0-9]{{1,3}}(?:[{BLANKS}][0-9]{{3}})+|[0-9]+)(?:[.,][0-9]+)?(?:[{BLANKS}]*%)?"
_BY_PROGRAM: Final = r"[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]+"
_NUMBER: Final = rf"^[+\-{MINUS}]?(?:{_BY_HAND}|{_BY_PROGRAM})$"
_PLAIN: Final = {**dict.fromkeys(f"{BLANKS}%+", ""), MINUS: "-", ",": "."}


def parse_number(column: pl.Expr) -> pl.Expr:
    """Read a str column as a struct:

    - ``value`` f64: null where there is no number. "3,4 %" is 3.4.
    - ``mark`` str: missing ("-"), not_applicable (".") or suppressed (".."), else null.
    - ``percent`` bool: a percent sign follows the number.
    - ``bad`` bool: the text is not blank and neither a number nor a mark. A number too large for a float is bad.

    Null and blank text give null, null, false, false. Nothing is raised.
    """
    text, number, mark = pl.field("text"), pl.field("number"), pl.field("mark")
    # Polars reads "inf" and "nan" as numbers, so the pattern decides.
    digits = pl.when(text.str.contains(_NUMBER)).then(text.str.replace_many(_PLAIN))
    # Null where there is no number: a comparison with null would be null, and these must be true or false.
    is_number = number.is_finite().fill_null(False)
    said = pl.struct(
        value=pl.when(is_number).then(number),
        mark=mark,
        percent=is_number & text.str.ends_with("%"),
        bad=(text != "").fill_null(False) & mark.is_null() & ~is_number,
    )
    # A struct hands each step to the next, so that it is worked out once in an eager query too.
    return (
        pl.struct(column.str.strip_chars().alias("text"))
        .struct.with_fields(
            number=digits.cast(pl.Float64, strict=False),
            mark=text.replace_strict(MARKS, default=None, return_dtype=pl.String),
        )
        .struct.with_fields(said=said)
        .struct.field("said")
    )
