"""Gaps that widen and narrow, turns, and shares of KPIs: what is decided of them, also near the limits."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from strategies import Tables, Words, gap_changes, rule, turns
from test_laws import assert_as_the_oracle_says, judged, law, load, one_kpi, rows

from genomlys.engine.conditions.tree import chance
from genomlys.engine.dataset import Dataset, read_dataset

WIDENING: Words = {"gap": "widening", "to": "reference", "over": "3 years"}
TURN: Words = {"turn": "worse", "than": "reference", "after": "2 years"}


def series(own: str, reference: str = "100 100 100 100", **kpi: Any) -> Tables:
    """Figures of the years that end with 2024; ``_`` is missing."""

    def table(text: str) -> pl.DataFrame:
        figures = [None if figure == "_" else float(figure) for figure in text.split()]
        years = range(2025 - len(figures), 2025)
        return pl.DataFrame({"year": years, "value": figures}, schema={"year": pl.Int32, "value": pl.Float64})

    benchmarks = table(reference).with_columns(kpi=pl.lit("k0"), benchmark=pl.lit("reference"))
    return one_kpi(kpi, table(own).drop_nulls(), benchmarks=benchmarks)


def said(tables: Tables, when: Words) -> tuple[str, float, float]:
    (row,) = judged(read_dataset(tables), load([rule("prov", when)])).verdicts.iter_rows(named=True)
    return row["status"], row["lo"], row["hi"]


@pytest.mark.parametrize(
    ("own", "words", "status", "margin"),
    [
        ("102 105 109", {}, "flagged", 2),  # the least of the distance 2 and the changes 3, 4 and 7
        ("102 105 109", {"by": "7 %"}, "clear", 0),  # exactly at the limit it does not hold
        ("102 105 109", {"by": "6 %"}, "flagged", 1),
        ("105 104 109", {}, "clear", -1),  # not every year
        ("98 95 91", {}, "flagged", 2),  # below, which is as good a side as any where none is named
        ("98 95 91", {"side": "worse"}, "clear", -9),
        ("98 95 91", {"side": "better"}, "flagged", 2),
        ("99 103 109", {}, "clear", -1),  # it has changed side: that is a turn
        ("109 105 102", {"gap": "narrowing", "side": "above"}, "flagged", 2),
        ("109 105 100", {"gap": "narrowing", "side": "above"}, "clear", 0),
        ("102 102 109", {"over": "2 years"}, "flagged", 2),
    ],
)
def test_a_gap_widens_every_year_on_its_side(own: str, words: Words, status: str, margin: float) -> None:
    assert said(series(own), WIDENING | words) == (status, margin, margin)


@pytest.mark.parametrize(
    ("own", "words", "status", "margin"),
    [
        ("97 98 103", {}, "flagged", 2),
        ("97 98 103", {"turn": "better"}, "clear", -3),
        ("97 98 103", {"after": "1 year"}, "flagged", 2),
        ("97 100 103", {}, "clear", 0),  # a level year is on neither side
        ("97 98 103", {"by": "2 %"}, "clear", 0),  # each of the years must be beyond the band
        ("97 97 103", {"by": "2 %"}, "flagged", 1),
        ("103 98 103", {}, "clear", -3),
        ("98 97 103", {"than": "own 1 year ago", "after": "1 year"}, "flagged", 1),
    ],
)
def test_a_turn_is_from_one_side_to_the_other(own: str, words: Words, status: str, margin: float) -> None:
    assert said(series(own), TURN | words) == (status, margin, margin)


@pytest.mark.parametrize(
    ("when", "tables"),
    [
        (WIDENING, series("101 _ 104")),
        (TURN, series("97 _ 103")),
        (WIDENING, series("101 102 104", "100 _ 100")),
        (TURN, series("97 98 103", "_ 100 100")),
        (WIDENING, series("101 102 104", breaks="2023")),
        (TURN, series("97 98 103", breaks="2024")),
        # 2023 stands in for 2024 in a comparison, and must not here: it would be a change of year and not of place.
        (WIDENING, series("101 102 104", "100 100 _")),
        (TURN, series("97 98 103", "100 100 _")),
    ],
)
def test_neither_jumps_a_hole_crosses_a_break_or_takes_a_stand_in(when: Words, tables: Tables) -> None:
    found = judged(read_dataset(tables), load([rule("prov", when)]))
    assert found.verdicts["status"].to_list() == ["unknown"]
    assert found.cells.height > 0


def test_one_year_on_the_wrong_side_decides_whatever_is_missing() -> None:
    assert said(series("_ _ 99"), WIDENING | {"side": "above"})[0] == "clear"
    assert said(series("_ 103 104"), TURN)[0] == "clear"


@st.composite
def near_series(draw: st.DrawFn) -> tuple[Tables, list[Words]]:
    """Own values a few steps from a basis that moves, so that gaps grow, shrink and turn often."""
    decimals = draw(st.integers(-1, 2))
    direction = draw(st.sampled_from(["lower", "higher", "neutral", "target"]))
    bases = draw(st.lists(st.integers(18, 22), min_size=5, max_size=5))
    shape = draw(st.sampled_from(["sorted", "reversed", "turned", "any"]))
    gaps = draw(st.lists(st.integers(-6, 6) if shape == "any" else st.integers(1, 6), min_size=5, max_size=5))
    sign = draw(st.sampled_from([1, -1]))
    gaps = {"sorted": sorted(gaps), "reversed": sorted(gaps, reverse=True)}.get(shape, gaps)
    gaps = [sign * gap for gap in (gaps if shape != "turned" else [*gaps[:-1], -gaps[-1]])]
    step = 10.0**-decimals
    years = pl.Series(range(2020, 2025), dtype=pl.Int32)
    own = [round((basis + gap) * step, 6) for basis, gap in zip(bases, gaps, strict=True)]
    kept = draw(st.sampled_from([[], [], [], [2020], [2022]]))
    values = pl.DataFrame({"year": years, "value": own}).filter(~pl.col("year").is_in(kept))
    stated = [("reference", basis) for basis in bases]
    rows = [(year, name, round(basis * step, 6)) for year, (name, basis) in zip(years, stated, strict=True)]
    rows += [(2020, "target", round(20 * step, 6))]
    benchmarks = pl.DataFrame(rows, schema=["year", "benchmark", "value"], orient="row").with_columns(kpi=pl.lit("k0"))
    facts = {"direction": direction, "decimals": decimals, "breaks": draw(st.sampled_from(["", "", "", "2022"]))}
    to = st.sampled_from(["reference", "reference", "reference", "target", "20 kr/inv"])
    changes = [draw(gap_changes("kr/inv")) | {"to": draw(to)} for _ in range(3)]
    turned = [draw(turns("kr/inv")) | {"than": draw(to)} for _ in range(2)]
    return one_kpi(facts, values, benchmarks=benchmarks), [*changes, *turned]


@law(25)
@given(near_series())
def test_gaps_and_turns_are_what_the_plain_reference_implementation_says(drawn: tuple[Tables, list[Words]]) -> None:
    tables, whens = drawn
    data = read_dataset(tables)
    book = load([rule(f"kpi-{at}", when, scope={"measure": "kr/inv"}) for at, when in enumerate(whens)])
    assert_as_the_oracle_says(data, book)
    for (_, name, _), row in rows(judged(data, book).verdicts).items():
        event(f"{'gap' if 'gap' in whens[int(name[4:])] else 'turn'} {row['status']} sure: {row['sure']}")


@pytest.mark.parametrize(
    "when", [WIDENING, WIDENING | {"side": "above", "over": "4 years"}, TURN, TURN | {"than": "own 1 year ago"}]
)
def test_by_chance_they_hold_at_most_as_often_as_they_say(when: Words) -> None:
    """Values without any change but chance, around a reference that they lie below four years of ten."""
    random.seed(1)
    units = [f"u{number}" for number in range(4000)]
    years = range(2019, 2025)
    values = [(unit, "k0", year, random.gauss(100, 10)) for unit in units for year in years]
    level = 97.5 if "turn" not in when else 100 - 10 * 0.4307  # two years of three above it
    benchmarks = [("k0", year, "reference", level) for year in years]
    tables = one_kpi({"decimals": 6}, pl.DataFrame({"year": [2024], "value": [1.0]})) | {
        "dataset": {"title": "Prov", "unit": "u0", "as_of": 2024},
        "units": pl.DataFrame({"unit": units, "title": units, "kind": "municipality"}),
        "values": pl.DataFrame(values, schema=["unit", "kpi", "year", "value"], orient="row"),
        "benchmarks": pl.DataFrame(benchmarks, schema=["kpi", "year", "benchmark", "value"], orient="row"),
    }
    book = load([rule("prov", when | ({"turn": "better"} if "turn" in when else {}))])
    found = judged(read_dataset(tables), book).verdicts["status"]
    most = chance(book.rules[0].when)
    assert most is not None
    flagged = (found == "flagged").sum() / len(found)
    assert 0 < flagged < most + 3 * (most * (1 - most) / len(found)) ** 0.5


def area_of(figures: str) -> Dataset:
    """An area with a KPI for each figure, against a reference of 100."""
    values = [None if figure == "_" else float(figure) for figure in figures.split()]
    names = [f"k{at}" for at in range(len(values))]
    facts = {
        "title": "K",
        "category": "ekonomi",
        "area": "a0",
        "measure": "kr/inv",
        "direction": "lower",
        "decimals": 0,
    }
    there = [(name, value) for name, value in zip(names, values, strict=True) if value is not None]
    tables = one_kpi({}, pl.DataFrame({"year": [2024], "value": [1.0]})) | {
        "kpis": pl.DataFrame([facts | {"kpi": name} for name in names]),
        "values": pl.DataFrame(
            [("m0", name, 2024, value) for name, value in there],
            schema=["unit", "kpi", "year", "value"],
            orient="row",
        ),
        "benchmarks": pl.DataFrame({"kpi": names, "year": 2024, "benchmark": "reference", "value": 100.0}),
    }
    return read_dataset(tables)


@pytest.mark.parametrize(
    ("figures", "words", "status", "lo", "hi"),
    [
        ("101 99 99 99", {"at_least": "25 %"}, "flagged", 0.5, 0.5),
        ("101 99 99 99", {"at_least": "26 %"}, "clear", -0.5, -0.5),
        ("101 99 99 99", {"at_least": "25,1 %"}, "clear", -0.5, -0.5),
        ("101 99 99 _", {"at_least": "50 %"}, "unknown", -0.5, 0.5),  # of four, the one without a figure among them
        ("101 99 99 _", {"at_least": "75 %"}, "clear", -1.5, -0.5),
        ("101 101 101 101", {"at_least": "100 %"}, "flagged", 0.5, 0.5),
        ("101 99 99 99", {"at_most": "1"}, "flagged", 0.5, 0.5),
        ("101 101 99 99", {"at_most": "1"}, "clear", -0.5, -0.5),
        ("101 99 99 _", {"at_most": "1"}, "unknown", -0.5, 0.5),
        ("99 99", {"at_most": "0"}, "flagged", 0.5, 0.5),
        ("101 99 99 99", {"at_most": "25 %"}, "flagged", 0.5, 0.5),
        ("101 99 99", {"at_most": "33,3 %"}, "clear", -0.5, -0.5),
    ],
)
def test_a_share_is_of_the_kpis_that_the_rule_applies_to(
    figures: str, words: Words, status: str, lo: float, hi: float
) -> None:
    dear = rule("dear", {"is": "above", "than": "reference"})
    book = load([dear, rule("area", {"kpis": "dear"} | words, "area")])
    row = judged(area_of(figures), book).verdicts.filter(pl.col("rule") == "area").row(0, named=True)
    assert (row["status"], row["lo"], row["hi"]) == (status, lo, hi)


def test_a_share_of_a_hundred_is_counted_as_it_is_written() -> None:
    """0,07 · 100 is 7,000000000000001 to the computer, and would ask for eight."""
    dear = rule("dear", {"is": "above", "than": "reference"})
    for percent, number in ((7, 7), (14, 14), (29, 29), (57, 57)):
        figures = " ".join(["101"] * number + ["99"] * (100 - number))
        whens = [{"kpis": "dear", limit: f"{percent} %"} for limit in ("at_least", "at_most")]
        book = load([dear, *(rule(f"area-{at}", when, "area") for at, when in enumerate(whens))])
        found = judged(area_of(figures), book).verdicts.filter(pl.col("subject_kind") == "area")
        assert found["status"].to_list() == ["flagged", "flagged"]


def test_the_words_of_the_kinds_are_sentences() -> None:
    whens = [WIDENING | {"side": "worse", "by": "2 %"}, WIDENING | {"gap": "narrowing"}, TURN | {"by": "2 %"}]
    conditions = [load([rule("prov", when)]).rules[0].when for when in whens]
    assert [condition.say("sv") for condition in conditions] == [
        "sämre än referenskostnaden 3 år i följd, och avståndet har vuxit varje år, sammanlagt med mer än 2 %",
        "på samma sida om referenskostnaden 3 år i följd, och avståndet har minskat varje år",
        "sämre än referenskostnaden med mer än 2 %, efter minst 2 år i följd bättre med mer än 2 %",
    ]
    assert [condition.say("en") for condition in conditions] == [
        "worse than the reference cost 3 years running, and the distance has grown every year, in all by more than 2 %",
        "on the same side of the reference cost 3 years running, and the distance has shrunk every year",
        "worse than the reference cost by more than 2 %, after at least 2 years running better by more than 2 %",
    ]
