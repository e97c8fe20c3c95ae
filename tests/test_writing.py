"""Numbers are written the Swedish way, rounded as a person rounds, and can be read back."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genomlys.engine.errors import Lang
from genomlys.engine.numbers import parse_number
from genomlys.engine.writing import format_number, number_text

LANGS: tuple[Lang, ...] = ("sv", "en")
DECIMALS = st.integers(-3, 6)
FLOATS = st.floats(-1e15, 1e15, exclude_min=True, exclude_max=True)
# Written with few enough digits that nothing but a written half is a half within the tolerance.
SHORT = st.builds(lambda digits, places: digits / 10**places, st.integers(-(10**8), 10**8), st.integers(0, 8))
MONEY = st.integers(-(10**12), 10**12).map(lambda ore: ore / 100)


def written(values: list[float | None], decimals: list[int], lang: Lang = "sv") -> list[str | None]:
    frame = pl.DataFrame({"value": values, "decimals": decimals}, schema={"value": pl.Float64, "decimals": pl.Int32})
    return frame.select(number_text(pl.col("value"), pl.col("decimals"), lang)).to_series().to_list()


def by_hand(value: float, decimals: int) -> Decimal:
    """The oracle: the shortest way to write the number, rounded as decimal digits."""
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


@pytest.mark.parametrize(
    ("value", "decimals", "swedish", "english"),
    [
        (8093, 0, "8\u00a0093", "8,093"),
        (8093.5, 1, "8\u00a0093,5", "8,093.5"),
        (1234567.891, 2, "1\u00a0234\u00a0567,89", "1,234,567.89"),
        (0, 0, "0", "0"),
        (0, 2, "0,00", "0.00"),
        (5, 0, "5", "5"),
        (999, 0, "999", "999"),
        (1000, 0, "1\u00a0000", "1,000"),
        (1000000, 0, "1\u00a0000\u00a0000", "1,000,000"),
        (100.07, 2, "100,07", "100.07"),
        (-5.2, 1, "−5,2", "−5.2"),
        (2.675, 2, "2,68", "2.68"),
        (1.005, 2, "1,01", "1.01"),
        (-2.5, 0, "−3", "−3"),
        (0.5, 0, "1", "1"),
        (0.49, 0, "0", "0"),
        (-0.04, 1, "0,0", "0.0"),
        (-0.0, 0, "0", "0"),
        (999.96, 1, "1\u00a0000,0", "1,000.0"),
        (57949, -2, "57\u00a0900", "57,900"),
        (57950, -2, "58\u00a0000", "58,000"),
        (-49, -2, "0", "0"),
        (500, -3, "1\u00a0000", "1,000"),
        (45, -1, "50", "50"),
        (0.0000005, 6, "0,000001", "0.000001"),
        (999999999999999, 0, "999\u00a0999\u00a0999\u00a0999\u00a0999", "999,999,999,999,999"),
    ],
)
def test_a_number_is_written(value: float, decimals: int, swedish: str, english: str) -> None:
    assert written([value], [decimals]) == [swedish]
    assert written([value], [decimals], "en") == [english]
    assert format_number(value, decimals) == swedish
    assert format_number(value, decimals, "en") == english


def test_what_cannot_be_written_is_null() -> None:
    assert written([None, float("nan"), float("inf"), float("-inf"), 1e18, 5.0], [0] * 6) == [None] * 5 + ["5"]
    with pytest.raises(ValueError, match="nan"):
        format_number(float("nan"), 0)


def test_decimals_that_are_null_leave_nothing_to_write() -> None:
    assert pl.select(number_text(pl.lit(5.0), pl.lit(None, dtype=pl.Int32))).item() is None


def test_a_column_of_whole_numbers_is_written_too() -> None:
    frame = pl.DataFrame({"value": [1234, None, -7]})
    assert frame.select(number_text(pl.col("value"), 1)).to_series().to_list() == ["1\u00a0234,0", None, "−7,0"]


def test_an_empty_column_is_written_as_an_empty_column() -> None:
    assert written([], []) == []


@given(st.lists(st.tuples(FLOATS | SHORT | MONEY, DECIMALS), max_size=20))
@example([(1e15 - 0.125, 6), (1e14 + 0.5, 0), (5e-324, 6), (2999.9999999999995, -3)])
@settings(deadline=None)
def test_a_column_is_written_as_its_numbers_are_written_one_by_one(rows: list[tuple[float, int]]) -> None:
    values, decimals = [value for value, _ in rows], [places for _, places in rows]
    for lang in LANGS:
        assert written([*values], decimals, lang) == [format_number(*row, lang) for row in rows]


@given(st.lists(FLOATS, max_size=5), DECIMALS)
@settings(deadline=None)
def test_one_number_of_decimals_is_the_same_as_a_column_of_it(values: list[float], decimals: int) -> None:
    frame = pl.DataFrame({"value": values}, schema={"value": pl.Float64})
    same = frame.select(number_text(pl.col("value"), decimals)).to_series().to_list()
    assert same == written([*values], [decimals] * len(values))


@given(SHORT | MONEY, DECIMALS)
def test_a_number_is_rounded_as_its_decimal_digits_are(value: float, decimals: int) -> None:
    expected = f"{by_hand(value, decimals):,f}".replace("-", "−")
    if not by_hand(value, decimals):
        expected = expected.removeprefix("−")
    assert format_number(value, decimals, "en") == expected


@given(st.lists(st.tuples(SHORT | MONEY, DECIMALS), max_size=20))
@settings(deadline=None)
def test_what_is_written_is_read_back_as_the_rounded_number(rows: list[tuple[float, int]]) -> None:
    frame = pl.DataFrame({"text": [format_number(*row) for row in rows]}, schema={"text": pl.String})
    read = frame.select(parse_number(pl.col("text")).struct.field("value")).to_series().to_list()
    assert read == [float(by_hand(*row)) for row in rows]


@given(FLOATS, DECIMALS)
def test_what_is_written_is_never_further_off_than_half_its_last_digit(value: float, decimals: int) -> None:
    text = format_number(value, decimals, "en").replace(",", "").replace("−", "-")
    off = abs(Decimal(text) - Decimal(value))
    # The tolerance for what is a half, and what a float of this size can tell apart.
    slack = min(abs(Decimal(value)) * Decimal("1e-9"), Decimal(10) ** -decimals * Decimal("0.1") + Decimal("1e-3"))
    assert off <= Decimal("0.5").scaleb(-decimals) + slack


@given(FLOATS, DECIMALS)
def test_zero_never_has_a_minus(value: float, decimals: int) -> None:
    text = format_number(value, decimals)
    assert text.startswith("−") == (value < 0 and any(digit in text for digit in "123456789"))
