"""What the benchmarks rest on: figures that are the same every time, and contenders that answer the same."""

import importlib
from pathlib import Path

import equal
import generate
import polars as pl
import pytest

from genomlys.engine.assess import assess
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.examples import run_examples
from genomlys.engine.language.pack import load_rules

PACK = Path(generate.__file__).with_name("pack")
SMALL = generate.Size(kpis=24, years=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = tmp_path_factory.mktemp("small")
    generate.write(written, SMALL)
    return written


@pytest.fixture(scope="module")
def data(folder: Path) -> Dataset:
    return read_dataset(folder)


def test_the_same_bytes_every_time(folder: Path, tmp_path: Path) -> None:
    generate.write(tmp_path, SMALL)
    for written in sorted(folder.iterdir()):
        assert (tmp_path / written.name).read_bytes() == written.read_bytes(), written.name


def test_every_cell_has_a_row_in_order(data: Dataset) -> None:
    assert data.values.height == generate.UNITS * SMALL.kpis * SMALL.years
    written = generate.tables(SMALL)["values"]
    assert written.select(pl.col("kpi", "unit").cast(pl.String), "year").equals(
        written.select(pl.col("kpi", "unit").cast(pl.String), "year").sort("kpi", "unit", "year")
    )


def test_it_holds_what_a_national_data_set_holds(data: Dataset) -> None:
    missing = data.values["value"].null_count() / data.values.height
    assert 0.05 < missing < 0.25
    assert set(data.values["status"].unique()) == set(generate.STATUS.categories)
    assert set(data.benchmarks["kpi"].unique()) == {generate.kpi_name(3), generate.kpi_name(23)}
    assert data.peers.group_by("unit", "group").len()["len"].unique().to_list() == [generate.MEMBERS]
    assert set(data.peers["group"].unique()) == set(generate.SERVICES)
    assert set(data.kpis["direction"].unique()) == {"higher", "lower", "neutral"}


def test_a_larger_data_set_begins_with_the_same_kpis(data: Dataset) -> None:
    more = generate.tables(generate.Size(kpis=30, years=SMALL.years))["values"]
    first = more.filter(pl.col("kpi").cast(pl.String) < generate.kpi_name(SMALL.kpis))
    assert first["value"].equals(generate.tables(SMALL)["values"]["value"])


def test_the_pack_has_twenty_rules_with_at_least_ten_kinds_of_condition() -> None:
    rules = [rule for pack in load_rules(PACK).packs for rule in pack.rules]
    kinds = {type(leaf) for rule in rules for leaf in leaves(rule.when)}
    assert len(rules) == 20
    assert len(kinds) >= 10


def test_the_pack_gives_the_answers_of_its_examples() -> None:
    assert [outcome for outcome in run_examples(load_rules(PACK)) if not outcome.passed] == []


@pytest.fixture(scope="module")
def answered(data: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = assess(data, PACK, unit="all")
    margin = pl.when(pl.col("status") == "flagged").then("lo")
    verdicts = found.verdicts.select("rule", "subject", "unit", "status", margin=margin)
    return written(found.counts, verdicts, tmp_path_factory.mktemp("answered"))


def written(counts: pl.DataFrame, found: pl.DataFrame, folder: Path) -> Path:
    for name, table in (("counts", counts), ("found", found)):
        table.write_parquet(folder / f"{name}.parquet")
    return folder


@pytest.mark.parametrize("contender", ["numpy_cube", "polars_wide", "duckdb_sql"])
def test_the_rules_by_hand_answer_the_same(contender: str, folder: Path, answered: Path, tmp_path: Path) -> None:
    if contender == "duckdb_sql":
        pytest.importorskip("duckdb", reason="DuckDB is not installed: it is one of the extra 'bench'")
    counts, found = importlib.import_module(contender).answer(folder)
    assert equal.difference(written(pl.DataFrame(counts), pl.DataFrame(found), tmp_path), answered) == ""
