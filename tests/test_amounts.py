"""A number is written with what it counts, in the right number and language."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from genomlys.engine.amounts import measure_text, percent_text, tkr_text, with_difference_measure, with_measure
from genomlys.engine.errors import Lang

Write = Callable[[pl.Expr, pl.Expr, Lang], pl.Expr]


def said(write: Write, text: str | None, measure: str | None, lang: Lang = "sv") -> str | None:
    frame = pl.DataFrame({"text": [text], "measure": [measure]}, schema={"text": pl.String, "measure": pl.String})
    answer: str | None = frame.select(write(pl.col("text"), pl.col("measure"), lang)).item()
    return answer and answer.replace("\u00a0", " ")


def amount(write: Callable[[pl.Expr, Lang], pl.Expr], value: float | None, lang: Lang = "sv") -> str | None:
    frame = pl.DataFrame({"value": [value]}, schema={"value": pl.Float64})
    answer: str | None = frame.select(write(pl.col("value"), lang)).item()
    return answer and answer.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("text", "measure", "swedish", "english"),
    [
        ("8 093", "kr/inv", "8 093 kr/inv", "8 093 SEK/inhabitant"),
        ("52", "%", "52 %", "52 %"),
        ("360", "mnkr", "360 mnkr", "SEK 360 million"),
        ("−5", "tkr", "−5 tkr", "SEK −5 thousand"),
        ("15", "månader", "15 månader", "15 months"),
        ("1", "månader", "1 månad", "1 month"),
        ("1", "år", "1 år", "1 year"),
        ("7", "dagar", "7 dagar", "7 days"),
        ("8 093", "kr/inv 0–20 år", "8 093 kr/inv 0–20 år", "8 093 kr/inv 0–20 år"),
    ],
)
def test_a_number_is_followed_by_its_measure(text: str, measure: str, swedish: str, english: str) -> None:
    assert said(with_measure, text, measure) == swedish
    assert said(with_measure, text, measure, "en") == english


@pytest.mark.parametrize(
    "measure", ["index", "Index 2020 = 100", "antal", "antal elever", "skala 1-4", "plats", "rank", "", None]
)
def test_a_count_or_a_place_on_a_scale_is_a_number_alone(measure: str | None) -> None:
    assert said(with_measure, "62", measure) == "62"
    assert said(with_measure, "62", measure, "en") == "62"


@pytest.mark.parametrize(
    ("text", "measure", "swedish", "english"),
    [
        ("2,4", "%", "2,4 procentenheter", "2,4 percentage points"),
        ("1", "%", "1 procentenhet", "1 percentage point"),
        ("−1", "%", "−1 procentenhet", "−1 percentage point"),
        ("1,0", "%", "1,0 procentenheter", "1,0 percentage points"),
        ("3", "index", "3 enheter", "3 points"),
        ("0,3", "skala 1-4", "0,3 enheter", "0,3 points"),
        ("12", "plats", "12 platser", "12 places"),
        ("1", "rank", "1 plats", "1 place"),
        ("4", "antal", "4", "4"),
        ("4", "", "4", "4"),
        ("312", "kr/inv", "312 kr/inv", "312 SEK/inhabitant"),
        ("15", "månader", "15 månader", "15 months"),
    ],
)
def test_a_difference_has_its_own_measure(text: str, measure: str, swedish: str, english: str) -> None:
    assert said(with_difference_measure, text, measure) == swedish
    assert said(with_difference_measure, text, measure, "en") == english


@pytest.mark.parametrize("write", [with_measure, with_difference_measure])
@pytest.mark.parametrize("measure", ["%", "antal", None])
def test_a_missing_number_stays_missing(write: Write, measure: str | None) -> None:
    assert said(write, None, measure) is None


def test_a_no_break_space_joins_number_and_measure() -> None:
    assert pl.select(with_measure(pl.lit("5"), pl.lit("mnkr"), "en")).item() == "SEK\u00a05\u00a0million"


def test_a_heading_is_translated_only_where_the_whole_measure_is_known() -> None:
    frame = pl.DataFrame({"measure": ["kr/inv", "mnkr", "kr/inv 0–20 år", None]})
    assert frame.select(measure_text(pl.col("measure"))).equals(frame)
    assert frame.select(measure_text(pl.col("measure"), "en")).to_series().to_list() == [
        "SEK/inhabitant", "SEK million", "kr/inv 0–20 år", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ratio", "swedish", "english"),
    [
        (0.14, "14 %", "14 %"),
        (0.034, "3,4 %", "3.4 %"),
        (-0.03, "−3,0 %", "−3.0 %"),
        (0.0994, "9,9 %", "9.9 %"),
        (0.0995, "10 %", "10 %"),
        (12.5, "1 250 %", "1,250 %"),
        (0.0, "0 %", "0 %"),
        (0.0005, "0,1 %", "0.1 %"),
        (0.00049, "mindre än 0,1 %", "less than 0.1 %"),
        (-0.0001, "mindre än 0,1 %", "less than 0.1 %"),
        (None, None, None),
        (float("nan"), None, None),
    ],
)
def test_a_ratio_is_written_in_per_cent(ratio: float | None, swedish: str | None, english: str | None) -> None:
    assert amount(percent_text, ratio) == swedish
    assert amount(percent_text, ratio, "en") == english


@pytest.mark.parametrize(
    ("tkr", "swedish", "english"),
    [
        (350, "350 tkr", "SEK 350 thousand"),
        (-350, "−350 tkr", "SEK −350 thousand"),
        (9999.4, "9 999 tkr", "SEK 9,999 thousand"),
        (9999.5, "10,0 mnkr", "SEK 10.0 million"),
        (12345, "12,3 mnkr", "SEK 12.3 million"),
        (-12345, "−12,3 mnkr", "SEK −12.3 million"),
        (0, "0 tkr", "SEK 0 thousand"),
        (0.4, "mindre än 1 tkr", "less than SEK 1 thousand"),
        (0.5, "1 tkr", "SEK 1 thousand"),
        (None, None, None),
    ],
)
def test_money_is_written_in_thousands_or_millions(tkr: float | None, swedish: str | None, english: str | None) -> None:
    assert amount(tkr_text, tkr) == swedish
    assert amount(tkr_text, tkr, "en") == english
