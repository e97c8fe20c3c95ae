"""Numbers are read the Swedish way, and what is not clearly a number is refused."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genomlys.engine.numbers import parse_number

Parsed = tuple[float | None, str | None, bool, bool]


def parsed(texts: list[str | None]) -> list[Parsed]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(parse_number(pl.col("text")).alias("read")).unnest("read").rows()


def read_number(text: str) -> Parsed:
    """The oracle: the same grammar read a character at a time."""
    text = "".join(" " if sign in "\u00a0\u2009\u202f" else sign for sign in text)
    text = text.strip(
        " \t\n\r\v\f\x85\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2028\u2029\u205f\u3000"
    )
    if text in {"", ".", "..", "-", "–", "—", "−"}:
        mark = {"": None, ".": "not_applicable", "..": "suppressed"}.get(text, "missing")
        return None, mark, False, False
    bad = (None, None, False, True)
    rest, percent = (text[:-1].rstrip(" "), True) if text.endswith("%") else (text, False)
    sign = -1 if rest[:1] in {"-", "−"} else 1
    rest = rest[1:] if rest[:1] in {"-", "−", "+"} else rest
    rest, exponent = without_exponent(rest)
    if exponent and (percent or " " in rest or "," in rest):
        return bad
    whole, _, decimals = rest.replace(",", ".").partition(".")
    groups = whole.split(" ")
    grouped = len(groups) == 1 or (len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]))
    pieces = [*groups, decimals] if "." in rest or "," in rest else groups
    if not grouped or not all(piece.isascii() and piece.isdigit() for piece in pieces):
        return bad
    value = sign * float("".join(groups) + "." + (decimals or "0") + exponent)
    return (value, None, percent, False) if math.isfinite(value) else bad


def without_exponent(text: str) -> tuple[str, str]:
    """The text in front of "e-7" and "e-7" itself, or all of it and nothing."""
    rest, e, power = text.replace("E", "e").partition("e")
    digits = power[1:] if power[:1] in {"+", "-"} else power
    return (rest, e + power) if digits.isascii() and digits.isdigit() else (text, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0), ("8093", 8093.0), ("8 093", 8093.0), ("8\u00a0093", 8093.0), ("8\u202f093", 8093.0),
        ("8\u2009093", 8093.0), ("1 234 567,8", 1234567.8), ("3,4", 3.4), ("3.4", 3.4), ("-5", -5.0),
        ("−5", -5.0), ("+5", 5.0), ("  7 \n", 7.0), ("0114", 114.0), ("999 999,25", 999999.25), ("1,234", 1.234),
    ],
)  # fmt: skip
def test_a_number_is_read(text: str, value: float) -> None:
    assert parsed([text]) == [(value, None, False, False)]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.4e-7", 1.4e-7), ("1E5", 1e5), ("-2.5e+03", -2500.0), ("12e2", 1200.0), ("1e-400", 0.0)],
)
def test_a_number_is_read_as_programs_write_it(text: str, value: float) -> None:
    assert parsed([text]) == [(value, None, False, False)]


@pytest.mark.parametrize(("text", "value"), [("52 %", 52.0), ("52%", 52.0), ("3,4\u00a0%", 3.4), ("−1 200 %", -1200.0)])
def test_a_percent_sign_is_told_and_does_not_divide(text: str, value: float) -> None:
    assert parsed([text]) == [(value, None, True, False)]


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("-", "missing"),
        ("–", "missing"),
        ("—", "missing"),
        ("−", "missing"),
        (" - ", "missing"),
        (".", "not_applicable"),
        ("..", "suppressed"),
    ],
)
def test_a_mark_says_why_there_is_no_number(text: str, mark: str) -> None:
    assert parsed([text]) == [(None, mark, False, False)]


@pytest.mark.parametrize("text", [None, "", " ", "\u00a0"])
def test_nothing_is_neither_a_number_nor_a_mark_nor_bad(text: str | None) -> None:
    assert parsed([text]) == [(None, None, False, False)]


@pytest.mark.parametrize(
    "text",
    [
        "1.234,5", "1,234.5", "1 23", "12 3456", "1234 567", "1  234", "1 234,5 6", "1_000", "1'000", "5,", ",5",
        "0x10", "NaN", "nan", "inf", "-inf", "Infinity", "9" * 400, "12:30", "kr 5", "5 kr", "٣", "½",
        "1e", "e5", "1e+", "1e5.0", "1,4e5", "1 000e3", "1e5 %", "1e400", "1.e5", "1ee5",
        "%", "- %", ". %", "5 % %", "− 5", "--5", "+-5", "5-", "...",
    ],
)  # fmt: skip
def test_what_is_not_clearly_a_number_is_bad(text: str) -> None:
    assert parsed([text]) == [(None, None, False, True)]


LIKE_NUMBERS = st.text(st.sampled_from("0123456789  \u00a0\u202f\u2009..,-−–+%e\n"), max_size=12)
NUMBERS = st.from_regex(
    r"[-−+]?([0-9]{1,3}([ \u00a0][0-9]{3}){0,3}|[0-9]{1,18})([.,][0-9]{1,12})?( ?%)?", fullmatch=True
)


@given(st.lists(st.none() | NUMBERS | LIKE_NUMBERS | st.text(max_size=6), max_size=20))
@example(["1\n"])
@settings(deadline=None)
def test_a_column_is_read_as_its_cells_are_read_one_by_one(texts: list[str | None]) -> None:
    assert parsed(texts) == [(None, None, False, False) if text is None else read_number(text) for text in texts]
