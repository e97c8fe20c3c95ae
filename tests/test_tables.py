"""What the tables are, and what pandera says of a row that breaks a rule."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genomlys.engine import tables
from genomlys.engine.tables import TABLES, breaches, empty, fields, key, needed

# One row that is right, per table.
RIGHT: dict[str, dict[str, Any]] = {
    "units": {"unit": "1489", "title": "Alingsås", "kind": "municipality"},
    "kpis": {
        "kpi": "k",
        "title": "T",
        "name": "T",
        "category": "ekonomi",
        "area": "a",
        "measure": "kr/inv",
        "direction": "lower",
        "decimals": -2,
        "materiality_rel": 0.03,
        "breaks": [],
        "max_age": 2,
        "of": [],
    },
    "values": {"unit": "1489", "kpi": "k", "year": 2024, "status": "missing"},
    "benchmarks": {"kpi": "k", "year": 2024, "benchmark": "nation.mean", "value": 1.5, "n": 290},
    "peers": {"unit": "1489", "group": "g", "year": 2024, "member": "0114"},
    "prices": {"index": "PKV", "year": 2024, "vintage": date(2025, 2, 13), "value": 104.2, "kind": "outcome"},
    "areas": {"area": "a", "title": "A", "name": "A", "committees": ["BUN"], "cross_cutting": False},
    "measures": {
        "measure": "m",
        "title": "M",
        "area": "a",
        "horizon": "short",
        "saving_kind": "unclear",
        "status": "ongoing",
    },
    "signals": {"signal": "s", "area": "a", "kind": "law", "title": "T"},
}


def frame(table: str, *rows: dict[str, Any]) -> pl.DataFrame:
    blank = dict.fromkeys(empty(table).columns)
    return pl.DataFrame([blank | row for row in rows], schema=empty(table).schema)


def told(table: str, *rows: dict[str, Any]) -> list[tuple[str, str, list[bool]]]:
    return [(breach.column, breach.rule, breach.rows.to_list()) for breach in breaches(table, frame(table, *rows))]


@pytest.mark.parametrize("table", TABLES)
def test_a_right_row_breaks_nothing(table: str) -> None:
    assert told(table, RIGHT[table]) == []
    assert breaches(table, empty(table)) == []


@pytest.mark.parametrize("table", TABLES)
def test_every_cell_that_is_needed_is_missed(table: str) -> None:
    right = RIGHT[table]
    for field in fields(table):
        may_be_null = right.get(field.name) is None or told(table, right | {field.name: None}) == []
        if not may_be_null:
            assert told(table, right, right | {field.name: None}) == [(field.name, "missing", [False, True])]
        assert not (field.required and may_be_null)


@pytest.mark.parametrize(
    ("table", "column", "wrong", "rule"),
    [
        ("kpis", "category", "Ekonomi", "word"),
        ("kpis", "direction", "up", "word"),
        ("kpis", "decimals", -4, "range"),
        ("kpis", "decimals", 7, "range"),
        ("kpis", "max_age", 21, "range"),
        ("kpis", "max_age", -1, "range"),
        ("kpis", "materiality_rel", -0.1, "range"),
        ("kpis", "materiality_abs", -0.1, "range"),
        ("values", "year", 1899, "range"),
        ("values", "status", "okej", "word"),
        ("benchmarks", "benchmark", "peers", "word"),
        ("benchmarks", "n", -1, "range"),
        ("kpis", "derive", "kvot", "word"),
        ("kpis", "base_year", 1899, "range"),
        ("prices", "kind", "utfall", "word"),
        ("units", "kind", "kommun", "word"),
        ("measures", "status", "klar", "word"),
        ("measures", "saving_kind", "", "word"),
        ("measures", "horizon", "soon", "word"),
        ("signals", "kind", "rumour", "word"),
    ],
)
def test_a_word_or_number_that_may_not_be(table: str, column: str, wrong: object, rule: str) -> None:
    right = RIGHT[table]
    assert told(table, right, right | {column: wrong}, right) == [(column, rule, [False, True, False])]


def test_all_breaches_of_a_table_come_at_once() -> None:
    wrong = {"unit": None, "year": 1066, "status": "x", "kpi": "k"}
    assert told("values", wrong) == [
        ("unit", "missing", [True]),
        ("year", "range", [True]),
        ("status", "word", [True]),
    ]


@pytest.mark.parametrize("change", [lambda f: f.drop("source"), lambda f: f.reverse().select(reversed(f.columns))])
def test_a_frame_of_another_shape_is_a_mistake_of_ours_and_is_not_told_as_data(change: Any) -> None:
    with pytest.raises(Exception, match="source") as error:
        breaches("values", change(frame("values", RIGHT["values"])))
    assert type(error.value).__module__.startswith("pandera")


def test_what_pandera_finds_in_the_environment_changes_nothing() -> None:
    code = (
        "from genomlys.engine.tables import breaches, empty\nimport polars as pl\n"
        "f = pl.DataFrame([{'unit': None, 'year': 1}], schema=empty('values').schema)\n"
        "print([(b.column, b.rule) for b in breaches('values', f)])"
    )
    package = str(Path(tables.__file__).absolute().parents[2])
    switches = {"PANDERA_VALIDATION_ENABLED": "False", "PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY"}
    environment = os.environ | switches | {"PYTHONPATH": package}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    expected = [("unit", "missing"), ("kpi", "missing"), ("year", "range"), ("status", "missing")]
    assert done.stdout.strip() == str(expected)


def test_keys_and_fields_are_those_of_the_schema() -> None:
    assert key("values") == ("unit", "kpi", "year")
    assert [table for table in TABLES if needed(table)] == ["units", "kpis", "values", "areas"]
    for table in TABLES:
        assert empty(table).columns == [field.name for field in fields(table)]
        assert set(key(table)) <= set(empty(table).columns)
    by_name = {field.name: field for field in fields("kpis")}
    assert by_name["category"].words == ("ekonomi", "personal", "kvalitet", "volym")
    assert (by_name["decimals"].low, by_name["decimals"].high) == (-3, 6)
    assert by_name["materiality_abs"].source == by_name["materiality_rel"].source == "materiality"
    assert by_name["name"].default_from == "title" and not by_name["name"].required
