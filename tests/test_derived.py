"""Derived KPIs against plain Python with fractions: each word over holes, zeros, negatives, ties and marks."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genomlys.engine.dataset import Dataset
from genomlys.engine.derived import kernels
from genomlys.engine.derived.complete import Completed, complete
from genomlys.engine.survey import build_grid
from genomlys.engine.tables import TABLES, empty

UNITS = ["a", "b", "c"]
YEARS = [2020, 2021, 2022, 2023]
BASE = 2021
# By unit, KPI and year: a figure with its status, or a mark alone.
Cell = tuple[float | None, str]
Cells = Mapping[tuple[str, str, int], Cell]
PARTS = {"x": "mnkr", "y": "mnkr", "n": "antal"}
PRICES: dict[int, tuple[float, str]] = {2020: (98.5, "outcome"), 2021: (100.0, "outcome"), 2023: (107.25, "forecast")}
WORST = ("ok", "preliminary", "missing", "suppressed", "not_applicable")


def tables(cells: Cells, kpis: Sequence[Mapping[str, Any]], units: Sequence[str] = UNITS) -> dict[str, pl.DataFrame]:
    """The tables after the door."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    rows["units"] = [{"unit": unit, "title": unit, "kind": "municipality"} for unit in units]
    rows["kpis"] = [
        {"direction": "lower", "decimals": 1, "breaks": [], "of": [], "max_age": 2} | dict(kpi) for kpi in kpis
    ]
    rows["values"] = [
        {"unit": unit, "kpi": kpi, "year": year, "value": value, "status": status}
        for (unit, kpi, year), (value, status) in cells.items()
    ]
    rows["prices"] = [
        {"index": "PKV", "year": year, "vintage": dt.date(2025, 2, 1), "value": value, "kind": kind}
        for year, (value, kind) in PRICES.items()
    ]
    blank = {name: dict.fromkeys(empty(name).columns) for name in TABLES}
    return {
        name: pl.DataFrame([blank[name] | row for row in found], schema=empty(name).schema)
        for name, found in rows.items()
    }


def catalogue(*derived: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*({"kpi": kpi, "measure": measure} for kpi, measure in PARTS.items()), *derived]


def made(completed: Completed, kpi: str) -> dict[tuple[str, int], tuple[float | None, str]]:
    rows = completed.values.filter(pl.col("kpi") == kpi).select("unit", "year", "value", "status").iter_rows()
    return {(unit, year): (value, status) for unit, year, value, status in rows}


WORDS: dict[str, Mapping[str, Any]] = {
    "ratio": {"measure": "%", "derive": "ratio", "of": ["x", "y"]},
    "sum": {"measure": "mnkr", "derive": "sum", "of": ["x", "y"]},
    "difference": {"measure": "mnkr", "derive": "difference", "of": ["x", "y"]},
    "per": {"measure": "kr/inv", "derive": "per", "of": ["x", "n"]},
    "index": {"measure": "index", "derive": "index", "of": ["x"], "base_year": BASE},
    "real": {"measure": "mnkr", "derive": "real", "of": ["x"], "base_year": BASE, "deflate": "PKV"},
}


@dataclass(frozen=True)
class Oracle:
    """A derived cell worked out from scratch, one at a time."""

    cells: Cells
    word: str

    def __call__(self, unit: str, year: int) -> Cell | None:
        read = [(part, year) for part in WORDS[self.word]["of"]]
        if all((unit, part, when) not in self.cells for part, when in read):
            return None
        if self.word == "index":
            read.append(("x", BASE))
        got = [self.cells.get((unit, part, when), (None, "missing")) for part, when in read]
        status = max((mark for _, mark in got), key=WORST.index)
        if any(value is None for value, _ in got):
            return None, status
        value = self.of([Fraction(str(value)) for value, _ in got], year)
        if self.word == "real" and year != BASE and PRICES.get(year, (0, ""))[1] == "forecast":
            status = "preliminary"
        return (None, "missing") if value is None else (float(value), status)

    def of(self, parts: Sequence[Fraction], year: int) -> Fraction | None:
        match self.word:
            case "sum":
                return parts[0] + parts[1]
            case "difference":
                return parts[0] - parts[1]
            case "ratio" | "index":
                return parts[0] / parts[1] * 100 if parts[1] > 0 else None
            case "per":
                return parts[0] * 1_000_000 / parts[1] if parts[1] > 0 else None
            case _:
                price, base = PRICES.get(year), PRICES[BASE]
                return None if price is None else parts[0] * Fraction(str(base[0])) / Fraction(str(price[0]))


figures = st.integers(-300, 3000).map(lambda tenths: tenths / 10) | st.just(0.0)
one_cell = st.tuples(figures, st.sampled_from(["ok", "preliminary"])) | st.tuples(
    st.none(), st.sampled_from(["missing", "suppressed", "not_applicable"])
)
some_cells = st.dictionaries(
    st.tuples(st.sampled_from(UNITS), st.sampled_from(sorted(PARTS)), st.sampled_from(YEARS)), one_cell, min_size=6
)


@pytest.mark.parametrize("word", WORDS)
@given(cells=some_cells)
@settings(max_examples=60, deadline=None)
def test_each_word_is_what_plain_python_makes_of_it(word: str, cells: Cells) -> None:
    got = made(complete(tables(cells, catalogue({"kpi": "d", **WORDS[word]})), "a"), "d")
    for unit in UNITS:
        for year in YEARS:
            wanted = Oracle(cells, word)(unit, year)
            if wanted is None:
                assert (unit, year) not in got
                continue
            value, status = got[unit, year]
            assert status == wanted[1]
            assert value == (None if wanted[0] is None else pytest.approx(wanted[0], rel=1e-12, abs=1e-9))


@given(cells=some_cells, seed=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_neither_the_order_of_rows_nor_other_units_change_a_value(cells: Cells, seed: Any) -> None:
    kpis = catalogue(*({"kpi": word, **facts} for word, facts in WORDS.items()))
    whole = complete(tables(cells, kpis), "a")
    halves = {each.kpi: each.halves["a"] for each in whole.derived}
    rows, mixed = list(cells.items()), list(kpis)
    seed.shuffle(rows)
    seed.shuffle(mixed)
    assert_frame_equal(complete(tables(dict(rows), mixed), "a").values, whole.values)
    alone = {at: cell for at, cell in cells.items() if at[0] == "a"}
    mine = complete(tables(alone, kpis), "a")
    assert_frame_equal(mine.values.filter(pl.col("unit") == "a"), whole.values.filter(pl.col("unit") == "a"))
    assert {each.kpi: each.halves["a"] for each in mine.derived} == halves


@given(cells=some_cells)
@settings(max_examples=30, deadline=None)
def test_a_part_in_another_measure_makes_the_same_ratio_and_the_same_amount_each(cells: Cells) -> None:
    thousands = {
        at: (value if value is None or at[1] == "n" else value * 1000, status) for at, (value, status) in cells.items()
    }
    words = [{"kpi": word, **WORDS[word]} for word in ("ratio", "per", "index")]
    in_tkr = [kpi if kpi["measure"] != "mnkr" else {**kpi, "measure": "tkr"} for kpi in catalogue(*words)]
    one = complete(tables(cells, catalogue(*words)), "a").values
    other = complete(tables(thousands, in_tkr), "a").values
    for word in ("ratio", "per", "index"):
        mine, scaled = (frame.filter(pl.col("kpi") == word) for frame in (one, other))
        assert_frame_equal(mine, scaled, rel_tol=1e-12)


# The normalised index


def normalised(figures: Sequence[Sequence[float | None]], signs: Sequence[int]) -> list[Fraction | None]:
    """One year, worked out from scratch: for each part the figures of all units."""
    scaled = [
        scaled_to_100([None if f is None else sign * Fraction(f) for f in part])
        for part, sign in zip(figures, signs, strict=True)
    ]
    means = [
        None if any(part[unit] is None for part in scaled) else sum((part[unit] or Fraction(0)) for part in scaled)
        for unit in range(len(figures[0]))
    ]
    return scaled_to_100([None if mean is None else Fraction(mean) / len(scaled) for mean in means])


def scaled_to_100(part: Sequence[Fraction | None]) -> list[Fraction | None]:
    there = [figure for figure in part if figure is not None]
    if len(there) < 40:
        return [None] * len(part)

    def percentile(share: Fraction) -> Fraction:
        return min(one for one in there if sum(other <= one for other in there) >= share * len(there))

    low, high = percentile(Fraction(25, 1000)), percentile(Fraction(975, 1000))
    if low == high:
        return [None] * len(part)
    return [None if f is None else (min(max(f, low), high) - low) / (high - low) * 100 for f in part]


@given(data=st.data(), units=st.integers(38, 90), parts=st.integers(1, 3), holes=st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_normalised_index_is_what_plain_python_makes_of_it(
    data: st.DataObject, units: int, parts: int, holes: bool
) -> None:
    figure = st.integers(-20, 20).map(float)
    rows = st.lists(figure | st.none() if holes else figure, min_size=units, max_size=units)
    given_ = [data.draw(rows) for _ in range(parts)]
    signs = data.draw(st.lists(st.sampled_from([1, -1]), min_size=parts, max_size=parts))
    block = np.array([[[math.nan if f is None else f] for f in part] for part in given_])
    got, _ = kernels.normalised(block, np.array(signs, dtype=np.float64), np.zeros(block.shape))
    for value, wanted in zip(got[:, 0], normalised(given_, signs), strict=True):
        assert math.isnan(value) if wanted is None else value == pytest.approx(float(wanted), abs=1e-9)


def test_the_best_of_the_normalised_index_is_100_whichever_way_is_better() -> None:
    units = [f"u{number:02d}" for number in range(50)]
    cells = {(unit, "x", 2022): (float(number), "ok") for number, unit in enumerate(units)}
    cells[units[3], "x", 2022] = (3.0, "preliminary")
    kpis = catalogue({"kpi": "d", "measure": "index", "direction": "higher", "derive": "normalised", "of": ["x"]})
    completed = complete(tables(cells, kpis, units), units[0])
    got = made(completed, "d")
    assert got[units[0], 2022] == got[units[1], 2022] == (100.0, "ok")
    assert got[units[-1], 2022] == (0.0, "ok")
    assert got[units[3], 2022][1] == "preliminary"


def test_only_units_of_the_home_units_kind_are_normalised() -> None:
    units = [f"u{number:02d}" for number in range(50)]
    cells = {(unit, "x", 2022): (float(number), "ok") for number, unit in enumerate(units)}
    kpis = catalogue({"kpi": "d", "measure": "index", "direction": "higher", "derive": "normalised", "of": ["x"]})
    given_ = tables(cells, kpis, units)
    nation = pl.col("unit") == units[-1]
    kind = pl.when(nation).then(pl.lit("nation")).otherwise("kind")
    got = made(complete(given_ | {"units": given_["units"].with_columns(kind=kind)}, units[0]), "d")
    assert (units[-1], 2022) not in got
    assert got[units[-2], 2022] == (0.0, "ok")


# Rounding


@given(data=st.data(), word=st.sampled_from([*WORDS, "normalised"]))
@settings(max_examples=150, deadline=None)
def test_what_the_parts_were_before_they_were_rounded_is_within_the_stated_half(data: st.DataObject, word: str) -> None:
    units = [f"u{number:02d}" for number in range(42)]
    facts: Mapping[str, Any] = {"kpi": "d", **WORDS.get(word, {}), "decimals": 6}
    if word == "normalised":
        facts = {"kpi": "d", "measure": "index", "derive": word, "of": ["x", "y"], "direction": "higher", "decimals": 6}
    at = [(unit, part, year) for unit in units[: 42 if word == "normalised" else 3] for part in "xyn" for year in YEARS]
    seed = data.draw(st.randoms(use_true_random=False))
    printed = {cell: float(seed.randint(1, 40)) for cell in at}
    # Counts are exact; the others were rounded to one decimal.
    exact = {cell: value if cell[1] == "n" else value + seed.uniform(-0.05, 0.05) for cell, value in printed.items()}
    one, other = (
        complete(tables({cell: (value, "ok") for cell, value in figures.items()}, catalogue(facts), units), units[0])
        for figures in (printed, exact)
    )
    (halves,) = (each.halves for each in one.derived)
    there = 0
    for cell, (value, _) in made(one, "d").items():
        was = made(other, "d")[cell][0]
        if value is not None and was is not None:
            assert abs(value - was) <= halves[cell[0]] * (1 + 1e-9)
            there += 1
    assert there or word == "normalised"


def test_the_half_is_at_least_that_of_the_declared_decimals_and_a_sum_of_counts_is_exact() -> None:
    cells = {("a", part, 2022): (50.0, "ok") for part in ("x", "n", "m")}
    kpis = [
        *catalogue({"kpi": "d", **WORDS["per"], "decimals": -4}),
        {"kpi": "n", "measure": "antal", "decimals": 0},
        {"kpi": "m", "measure": "antal", "decimals": 0},
        {"kpi": "both", "measure": "antal", "decimals": 0, "derive": "sum", "of": ["n", "m"]},
    ]
    halves = {each.kpi: each.halves["a"] for each in complete(tables(cells, [*kpis[:2], *kpis[3:]]), "a").derived}
    assert halves == {"d": 5000.0, "both": 0.0}


# Base years, breaks and prices


def test_the_base_year_is_the_first_with_a_value_since_the_last_break_and_no_index_crosses_it() -> None:
    cells = {("a", "x", year): (float(year - 2000), "ok") for year in YEARS} | {("b", "x", 2023): (5.0, "ok")}
    facts = {"kpi": "d", "measure": "index", "derive": "index", "of": ["x"]}
    plain = complete(tables(cells, catalogue(facts)), "a")
    assert plain.derived[0].base_year == 2020
    assert made(plain, "d")["b", 2023] == (None, "missing")
    broken = [*catalogue(facts)[1:], {"kpi": "x", "measure": "mnkr", "breaks": [2022]}]
    completed = complete(tables(cells, broken), "a")
    assert completed.derived[0].base_year == 2022
    got = made(completed, "d")
    assert [got["a", year] for year in YEARS] == [
        (None, "missing"),
        (None, "missing"),
        (100.0, "ok"),
        (pytest.approx(2300 / 22), "ok"),
    ]
    assert completed.kpis.filter(pl.col("kpi") == "d")["breaks"].to_list() == [[2022]]


def test_breaks_of_all_parts_carry_over_through_every_step() -> None:
    kpis = [
        {"kpi": "x", "measure": "mnkr", "breaks": [2019]},
        {"kpi": "y", "measure": "mnkr", "breaks": [2021]},
        {"kpi": "s", "measure": "mnkr", "derive": "sum", "of": ["x", "y"]},
        {"kpi": "a", "measure": "%", "derive": "ratio", "of": ["s", "x"], "breaks": [2022]},
    ]
    completed = complete(tables({}, kpis), "a")
    assert dict(completed.kpis.select("kpi", "breaks").iter_rows())["a"] == [2019, 2021, 2022]
    assert [each.kpi for each in completed.derived] == ["s", "a"]


def test_only_the_newest_edition_of_a_price_index_is_used() -> None:
    cells = {("a", "x", year): (100.0, "ok") for year in YEARS}
    given_ = tables(cells, catalogue({"kpi": "d", **WORDS["real"]}))
    earlier = (
        given_["prices"]
        .head(1)
        .with_columns(year=pl.lit(2022, dtype=pl.Int32), vintage=pl.lit(dt.date(2024, 2, 1)), value=pl.lit(50.0))
    )
    other = earlier.with_columns(index=pl.lit("KPI"), vintage=pl.lit(dt.date(2025, 9, 1)))
    got = made(complete(given_ | {"prices": pl.concat([given_["prices"], earlier, other])}, "a"), "d")
    assert got["a", 2022] == (None, "missing")  # which the earlier edition and the other index have
    assert got["a", 2020] == (pytest.approx(100 * 100 / 98.5), "ok")
    assert got["a", 2021] == (100.0, "ok")
    assert got["a", 2023] == (pytest.approx(100 * 100 / 107.25), "preliminary")


# Comparison figures


def benchmark(kpi: str, name: str, value: float | None, unit: str | None = "a", year: int = 2023) -> dict[str, Any]:
    return {"unit": unit, "kpi": kpi, "year": year, "benchmark": name, "value": value}


def figures_of(word: str, *rows: Mapping[str, Any]) -> list[tuple[str | None, int, str, float]]:
    given_ = tables({("a", "x", 2023): (1.0, "ok")}, catalogue({"kpi": "d", **WORDS[word]}))
    blank = dict.fromkeys(empty("benchmarks").columns)
    told = pl.DataFrame([blank | dict(row) for row in rows], schema=empty("benchmarks").schema)
    found = complete(given_ | {"benchmarks": told}, "a").benchmarks.filter(pl.col("kpi") == "d")
    return found.select("unit", "year", "benchmark", "value").rows()


def test_an_expected_cost_adds_up_but_a_mean_is_computed_from_the_members() -> None:
    rows = [
        *(benchmark(kpi, "reference", value) for kpi, value in (("x", 10.0), ("y", 4.0))),
        *(benchmark(kpi, "peers.mean", 5.0) for kpi in "xy"),
        benchmark("x", "reference", 7.0, year=2022),
    ]
    assert figures_of("sum", *rows) == [("a", 2023, "reference", 14.0)]
    assert figures_of("difference", *rows) == [("a", 2023, "reference", 6.0)]
    assert figures_of("ratio", *rows) == []
    assert figures_of("index", *rows) == []


def test_a_units_own_part_of_an_expected_cost_goes_before_that_of_every_unit() -> None:
    rows = [
        benchmark("x", "reference", 10.0, None),
        benchmark("y", "reference", 4.0, None),
        benchmark("x", "reference", 12.0, "a"),
        benchmark("y", "reference", None, "a"),  # a missing one does not
        benchmark("x", "reference", 7.0, "b", year=2022),  # nobody has a figure of y in 2022
    ]
    common, own = (None, 2023, "reference"), ("a", 2023, "reference")
    assert figures_of("sum", *rows) == [(*common, 14.0), (*own, 16.0)]
    assert figures_of("difference", *rows) == [(*common, 6.0), (*own, 8.0)]


def test_all_comparisons_but_a_target_are_put_over_to_the_prices_of_the_base_year() -> None:
    rows = [
        benchmark("x", "nation.mean", 10.0, None),
        benchmark("x", "target", 10.0),
        benchmark("x", "reference", 10.0, year=2022),
    ]
    assert figures_of("real", *rows) == [(None, 2023, "nation.mean", pytest.approx(10 * 100 / 107.25))]


def test_a_published_comparison_goes_before_one_that_follows_from_the_parts() -> None:
    rows = [
        benchmark("x", "reference", 10.0),
        benchmark("y", "reference", 4.0),
        benchmark("d", "reference", 1.0, year=2020),
    ]
    assert figures_of("sum", *rows) == [("a", 2020, "reference", 1.0)]


def test_a_comparison_computed_from_derived_values_is_off_by_what_they_are() -> None:
    """Exact for the mean, the median and quantiles alike: none of them falls when a value rises."""
    units = ["a", "b", "c", "d"]
    # One decimal in kronor by the million: off by 50 kr/inv with a thousand inhabitants, by 0,5 with 100 000.
    sizes = {"a": 100_000.0, "b": 1000.0, "c": 100_000.0, "d": 100_000.0}
    cells = {(unit, "x", 2023): (size / 1000, "ok") for unit, size in sizes.items()}
    cells |= {(unit, "n", 2023): (size, "ok") for unit, size in sizes.items()}
    given_ = tables(cells, catalogue({"kpi": "d", **WORDS["per"], "decimals": 0}), units)
    peers = [{"unit": "a", "group": "g", "year": 2023, "member": member} for member in "bcd"]
    whole = complete(given_, "a")
    frames = given_ | {"kpis": whole.kpis, "benchmarks": whole.benchmarks}
    frames |= {"peers": pl.DataFrame(peers, schema=empty("peers").schema)}
    del frames["values"]
    data = Dataset("", "a", dt.date(2023, 12, 31), (), "", **frames, derived=whole.derived, values=whole.values)
    grid = build_grid(data, ["a"], ["peers.mean", "peers.median"], 2023)
    at = grid.kpis["kpi"].to_list().index("d")
    assert grid.own_half[at] == pytest.approx(0.5)
    assert grid.half[at] == pytest.approx((50 + 0.5 + 0.5) / 3)
    only_median = build_grid(data, ["a"], ["peers.median"], 2023)
    assert only_median.half[at] == pytest.approx(0.5)
