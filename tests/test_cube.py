"""Typed values are shown to be sound without the door exactly where the door finds nothing wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genomlys.engine.cube import MARKS, Cube
from genomlys.engine.dataset import Dataset, open_dataset, read_dataset
from genomlys.engine.errors import DataError
from genomlys.engine.figuretable import Figures

UNITS = ("0114", "1489", "2480")
KPIS = ("andel", "kostnad")
YEARS = (2022, 2023, 2024)
ABOUT = {"title": "Exempel", "unit": "1489", "as_of": "2024"}
TABLES: dict[str, Any] = {
    "dataset": ABOUT,
    "units": pl.DataFrame({"unit": UNITS, "title": UNITS, "kind": ["municipality"] * 3}),
    "areas": pl.DataFrame({"area": ["skola"], "title": ["Skola"]}),
    "kpis": pl.DataFrame(
        {
            "kpi": KPIS,
            "title": ["Andel elever", "Kostnad"],
            "category": ["kvalitet", "ekonomi"],
            "area": ["skola", "skola"],
            "measure": ["%", "kr/inv"],
            "direction": ["higher", "lower"],
            "decimals": [1, 0],
        }
    ),
}
SCHEMA = {"unit": pl.String, "kpi": pl.String, "year": pl.Int32, "value": pl.Float64, "status": pl.String}
GOOD = [(unit, kpi, year, 50.0 + year % 10, "ok") for unit in UNITS for kpi in KPIS for year in YEARS]

# What one cell of a sound row may become: mostly wrong, now and then another thing that is right.
CHANGES = {
    0: st.sampled_from(["0114", "0115", None, "nation"]),
    1: st.sampled_from(["andel", "antal", None]),
    2: st.sampled_from([1899, 2021, 2024, 2025, 2026, None]),
    3: st.sampled_from([math.inf, -math.inf, math.nan, None, -1.0, 100.0, 100.1, 0.0]),
    4: st.sampled_from(["ok", "preliminary", "missing", "suppressed", "not_applicable", "okej", None]),
}


@st.composite
def values(draw: st.DrawFn) -> pl.DataFrame:
    """A table of values with at most two cells changed, its words as text, as categories or as an enumeration."""
    table = pl.DataFrame(changed_rows(draw, GOOD, CHANGES), schema=SCHEMA, orient="row")
    if draw(st.booleans()):
        table = table.drop("status")
    if draw(st.booleans()):
        texts = st.sampled_from(["Kolada", "", None, "a\x01"])
        table = table.with_columns(source=pl.Series([draw(texts) for _ in range(table.height)], dtype=pl.String))
    return in_some_form(draw, table)


def changed_rows(
    draw: st.DrawFn, good: Sequence[tuple[Any, ...]], changes: Mapping[int, st.SearchStrategy[Any]]
) -> list[list[Any]]:
    """Some sound rows, with at most two cells changed."""
    rows = [list(row) for row in draw(st.lists(st.sampled_from(good), unique=True, min_size=1, max_size=8))]
    for _ in range(draw(st.integers(0, 2))):
        column = draw(st.sampled_from(sorted(changes)))
        draw(st.sampled_from(rows))[column] = draw(changes[column])
    return rows


def in_some_form(draw: st.DrawFn, table: pl.DataFrame) -> pl.DataFrame:
    """The same, its words as text, as categories or as an enumeration."""
    words = [name for name, dtype in table.schema.items() if dtype == pl.String]
    form = draw(st.sampled_from(["text", "category", "enum"]))
    if form == "category":
        return table.with_columns(pl.col(words).cast(pl.Categorical))
    if form == "enum":
        known = {name: table[name].drop_nulls().unique(maintain_order=True) for name in words}
        return table.with_columns(pl.col(name).cast(pl.Enum(names)) for name, names in known.items())
    return table


def by_the_door(table: pl.DataFrame) -> Dataset | None:
    """As the door reads the same cells as text, row by row; None if it finds anything wrong."""
    cells = table.with_columns(pl.all().cast(pl.String)).with_columns(pl.col("value").replace({"NaN": None}))
    try:
        return read_dataset(TABLES | {"values": cells})
    except DataError:
        return None


def same(one: Cube, other: Cube) -> bool:
    first = min(one.first_year, other.first_year)
    one, other = (cube.of_years(first, 2026) for cube in (one, other))
    values_same = np.array_equal(one.own, other.own, equal_nan=True)
    return values_same and np.array_equal(one.marks, other.marks)


@settings(max_examples=150, deadline=None)
@given(values())
def test_typed_values_are_sound_exactly_where_the_door_finds_nothing_wrong(table: pl.DataFrame) -> None:
    checked = by_the_door(table)
    opened = open_dataset(TABLES | {"values": table})
    event(f"sound: {checked is not None}")
    if checked is None:
        with pytest.raises(DataError):
            opened.cube()
        with pytest.raises(DataError):
            read_dataset(TABLES | {"values": table})
        return
    cube = opened.cube()
    assert "frame" not in vars(vars(opened)["values"]), "the door was not needed"
    assert same(cube, checked.cube())
    for kpi in KPIS:  # whose rows stand in any order
        assert same(open_dataset(TABLES | {"values": table}).cube(None, [kpi]), cube.part(None, [kpi]))
    assert_frame_equal(opened.values, checked.values)


@settings(max_examples=40, deadline=None)
@given(values(), st.sets(st.sampled_from(UNITS), min_size=1))
def test_some_units_are_read_as_they_stand_among_all(table: pl.DataFrame, asked: set[str]) -> None:
    if by_the_door(table) is None:
        return
    units = sorted(asked)
    few = vars(opened := open_dataset(TABLES | {"values": table}))["values"].cube(opened.bounds, units)
    assert same(few, opened.cube().part(units, None))


def test_a_parquet_file_is_read_as_the_frame_in_it(tmp_path: Path) -> None:
    table = pl.DataFrame(GOOD, schema=SCHEMA, orient="row")
    (tmp_path / "dataset.yaml").write_text("title: Exempel\nunit: '1489'\nas_of: 2024\n", encoding="utf-8")
    for name in ("units", "areas", "kpis"):
        TABLES[name].write_parquet(tmp_path / f"{name}.parquet")
    table.write_parquet(tmp_path / "values.parquet")
    opened, given_frames = open_dataset(tmp_path), read_dataset(TABLES | {"values": table})
    assert same(opened.cube(), given_frames.cube())
    assert opened.first_year == YEARS[0]
    assert_frame_equal(opened.values, given_frames.values)


def test_what_is_wrong_with_a_parquet_file_is_told_with_its_row(tmp_path: Path) -> None:
    table = pl.DataFrame([*GOOD, ("1489", "andel", 2021, 101.0, "ok")], schema=SCHEMA, orient="row")
    with pytest.raises(DataError) as error:
        read_dataset(TABLES | {"values": table})
    assert [problem.say() for problem in error.value.problems] == [
        "values, rad 19, kolumn value: '101.0' är ingen andel: en andel är 0 till 100 %. "
        "Rätta värdet, eller nyckeltalets mått. [share-over-100]"
    ]


def test_a_year_without_a_row_is_empty_in_the_cube() -> None:
    cube = open_dataset(TABLES | {"values": pl.DataFrame(GOOD, schema=SCHEMA, orient="row")}).cube()
    wider = cube.of_years(2020, 2026)
    assert wider.own.shape == (2, 3, 7)
    assert np.isnan(wider.own[:, :, [0, 1, 5, 6]]).all() and not np.isnan(wider.own[:, :, 2:5]).any()
    assert (wider.marks[:, :, 2:5] == MARKS["ok"]).all() and not wider.marks[:, :, :2].any()


PUBLISHED_SCHEMA = {
    "unit": pl.String,
    "kpi": pl.String,
    "year": pl.Int32,
    "benchmark": pl.String,
    "value": pl.Float64,
}
PUBLISHED = [
    (unit, kpi, year, benchmark, 50.0 + year % 10)
    for unit in (*UNITS, None)
    for kpi in KPIS
    for year in YEARS
    for benchmark in ("reference", "nation.mean")
]
PUBLISHED_CHANGES = {
    0: CHANGES[0],
    1: CHANGES[1],
    2: CHANGES[2],
    3: st.sampled_from(["reference", "target", "referens", None]),
    4: CHANGES[3],
}


@st.composite
def benchmarks(draw: st.DrawFn) -> pl.DataFrame:
    """A table of benchmarks with at most two cells changed, its words as text, as categories or as an enumeration."""
    table = pl.DataFrame(changed_rows(draw, PUBLISHED, PUBLISHED_CHANGES), schema=PUBLISHED_SCHEMA, orient="row")
    if draw(st.booleans()):
        table = table.with_columns(source=pl.Series([draw(st.sampled_from(["SCB", None, "a\x01"]))] * table.height))
    if draw(st.booleans()):
        table = table.drop("unit")
    return in_some_form(draw, table)


@settings(max_examples=150, deadline=None)
@given(benchmarks())
def test_typed_benchmarks_are_sound_exactly_where_the_door_finds_nothing_wrong(table: pl.DataFrame) -> None:
    typed = pl.DataFrame(GOOD, schema=SCHEMA, orient="row")
    cells = table.with_columns(pl.all().cast(pl.String)).with_columns(pl.col("value").replace({"NaN": None}))
    try:
        checked = read_dataset(TABLES | {"values": typed.cast(pl.String), "benchmarks": cells})
    except DataError as error:
        event("sound: False")
        with pytest.raises(DataError) as again:
            open_dataset(TABLES | {"values": typed, "benchmarks": table})
        assert [each.code for each in again.value.problems] == [each.code for each in error.problems]
        return
    event("sound: True")
    opened = open_dataset(TABLES | {"values": typed, "benchmarks": table})
    beneath = vars(opened)["benchmarks"]
    assert beneath.figures(opened.bounds) is opened.figures and "frame" not in vars(beneath), "the door was not needed"
    assert_frame_equal(opened.benchmarks, checked.benchmarks)
    for one, other in zip(in_order_of_keys(opened.figures), in_order_of_keys(checked.figures), strict=True):
        assert np.array_equal(one, other, equal_nan=True)


def in_order_of_keys(figures: Figures) -> list[np.ndarray]:
    columns = [figures.unit, figures.kpi, figures.year, figures.benchmark, figures.value]
    order = np.lexsort(columns[3::-1])
    return [column[order] for column in columns]
