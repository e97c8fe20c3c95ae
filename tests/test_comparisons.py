"""Peers' mean and median, computed from the members, against plain Python."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomlys.engine.assess import assess
from genomlys.engine.comparisons import _mean_of_peers, _median_of_peers
from genomlys.engine.conditions.base import FEWEST
from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.errors import DataError
from genomlys.engine.explain import explain
from genomlys.engine.statistics.samples import quantile_of_sorted
from genomlys.engine.survey import build_grid

UNITS = ["a", "b", "c", "d", "e", "f"]
YEARS = [2022, 2023, 2024]


def data_set(figures: dict[tuple[str, int], float], peers: list[tuple[str, str, int, str]], **more: object) -> Dataset:
    tables: dict[str, object] = {
        "dataset": {"title": "Prov", "unit": "a", "as_of": "2024", "sources": ["prov"], "licence": "ingen"},
        "units": pl.DataFrame({"unit": UNITS, "title": UNITS, "kind": ["municipality"] * len(UNITS)}),
        "areas": pl.DataFrame({"area": ["x"], "title": ["X"]}),
        "kpis": pl.DataFrame(
            {
                "kpi": ["k"],
                "title": ["Kostnad"],
                "category": ["ekonomi"],
                "area": ["x"],
                "measure": ["kr/inv"],
                "direction": ["lower"],
                "decimals": [0],
            }
        ),
        "values": pl.DataFrame(
            [{"unit": unit, "kpi": "k", "year": year, "value": value} for (unit, year), value in figures.items()],
            schema={"unit": pl.String, "kpi": pl.String, "year": pl.Int32, "value": pl.Float64},
        ),
        "peers": pl.DataFrame(peers, schema=["unit", "group", "year", "member"], orient="row"),
    }
    return read_dataset(tables | more)


def computed(data: Dataset, benchmark: str, unit: str) -> list[float]:
    grid = build_grid(data, [unit], [benchmark], 2024)
    assert grid.units["unit"].to_list() == [unit]
    shown = {grid.first_year + at: float(value) for at, value in enumerate(grid.bases[benchmark][0])}
    return [shown.get(year, math.nan) for year in YEARS]


cells = st.dictionaries(
    st.tuples(st.sampled_from(UNITS), st.sampled_from(YEARS)),
    st.integers(-50, 50).map(float),
    min_size=1,
)


@given(values=cells, members=st.sets(st.sampled_from(UNITS[1:])))
@settings(max_examples=60, deadline=None)
def test_mean_and_median_are_those_of_the_members_that_have_a_value(
    values: dict[tuple[str, int], float], members: set[str]
) -> None:
    data = data_set(values, [("a", "g", 2024, member) for member in sorted(members)] or [("b", "g", 2024, "c")])
    for benchmark, of in (("peers.mean", statistics.fmean), ("peers.median", statistics.median)):
        for year, got in zip(YEARS, computed(data, benchmark, "a"), strict=True):
            there = [values[member, year] for member in sorted(members) if (member, year) in values]
            if len(there) < FEWEST["peers"]:
                assert math.isnan(got)
            else:
                assert got == pytest.approx(of(there), abs=1e-9)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3, 0.9]))
@settings(max_examples=60, deadline=None)
def test_many_peers_and_few_give_what_numpy_says_of_those_that_have_a_value(most: int, seed: int, holes: float) -> None:
    """Up to 16 peers are put in order by a network and more are sorted; a unit may have fewer than another."""
    drawn = np.random.default_rng(seed)
    own = drawn.integers(-5, 6, (2, 45, 3)).astype(np.float64)
    own[drawn.random(own.shape) < holes] = np.nan
    slots = drawn.integers(-1, 45, (most, 6))
    for of_peers, told in ((_mean_of_peers, np.nanmean), (_median_of_peers, np.nanmedian)):
        found = of_peers(own, slots)
        for kpi, unit, year in np.ndindex(found.shape):
            peers = [own[kpi, member, year] for member in slots[:, unit] if member >= 0]
            there = [value for value in peers if not math.isnan(value)]
            if len(there) < FEWEST["peers"]:
                assert math.isnan(found[kpi, unit, year])
            else:
                assert found[kpi, unit, year] == pytest.approx(told(peers), rel=1e-12)


def test_the_fewest_that_say_something_are_half_of_the_290_municipalities_of_a_nation() -> None:
    assert FEWEST == {"peers": 3, "nation": 145, "case": 5, "outlier": 10}


@given(values=cells)
@settings(max_examples=60, deadline=None)
def test_the_nation_is_every_unit_of_the_kind_the_unit_itself_included(values: dict[tuple[str, int], float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FEWEST, "nation", 4)
        data = data_set(values, [])
        wanted = {
            "nation.mean": statistics.fmean,
            "nation.median": statistics.median,
            "nation.p25": lambda there: statistics.quantiles(there, n=4, method="inclusive")[0],
            "nation.p90": lambda there: statistics.quantiles(there, n=10, method="inclusive")[-1],
        }
        for benchmark, of in wanted.items():
            for year, got in zip(YEARS, computed(data, benchmark, "a"), strict=True):
                there = [values[unit, year] for unit in UNITS if (unit, year) in values]
                if len(there) < 4:
                    assert math.isnan(got)
                else:
                    assert got == pytest.approx(of(there), abs=1e-9)


def test_a_quantile_is_excels() -> None:
    """The example of Microsoft's page on PERCENTILE.INC: of 1, 2, 3 and 4 the share 0,3 is 1,9."""
    assert quantile_of_sorted(np.array([1.0, 2.0, 3.0, 4.0, math.nan]), 0.3) == pytest.approx(1.9)


def test_units_of_another_kind_are_no_part_of_the_nation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FEWEST, "nation", 5)
    kinds = pl.DataFrame({"unit": UNITS, "title": UNITS, "kind": ["municipality"] * 5 + ["nation"]})
    assert computed(data_set(VALUES, [], units=kinds), "nation.mean", "a")[-1] == 102.0


RULES = """
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: dear
    title: Dyrt
    goal: cost
    for_each: {kpi: {has: peers.mean}}
    when: {is: above, than: peers.mean}
    severity: low
    because: "{kpi} ligger {gap} {over} {basis_name}."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples: [{title: Prov, years: 2024, own: 1, peers.mean: 1, expect: clear}]
"""


def test_of_how_few_members_a_figure_is_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    figures = {("a", 2024): 110.0, ("b", 2024): 100.0, ("c", 2024): 101.0, ("d", 2024): 102.0}
    data = data_set(figures, [("a", "g", 2024, member) for member in "bcdef"])
    found = assess(data, tmp_path)
    assert found.findings["text"].to_list() == [
        "Nyckeltalet ”Kostnad” ligger 9\xa0kr/inv över liknande kommuner. "
        "Jämförelsen med liknande kommuner bygger på 3 av 5 kommuner."
    ]
    assert found.conditions.select("n", "of").row(0) == (3, 5)
    told = str(explain(data, tmp_path, verdict="dear/k"))
    assert "beräknat av värdena för b, c och d; värde saknas för e och f" in told


def test_a_member_that_the_kpi_is_not_for_is_no_missing_member(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    values = [
        {"unit": unit, "kpi": "k", "year": 2024, "value": value, "status": "ok" if value else "not_applicable"}
        for unit, value in zip("abcde", [110.0, 100.0, 101.0, 102.0, None], strict=True)
    ]
    data = data_set({}, [("a", "g", 2024, member) for member in "bcde"], values=pl.DataFrame(values))
    found = assess(data, tmp_path)
    assert found.conditions.select("n", "of").row(0) == (3, 3)
    assert "bygger" not in found.findings["text"].item()


VALUES = {(unit, year): 100.0 + place for place, unit in enumerate(UNITS) for year in YEARS}
PEERS = [("a", "g", 2024, member) for member in "bcd"]


def test_the_same_group_is_used_for_every_year_the_latest_one_not_after_as_of() -> None:
    data = data_set(VALUES, [*PEERS, *[("a", "g", 2022, member) for member in "def"]])
    assert computed(data, "peers.mean", "a") == [102.0, 102.0, 102.0]


def test_a_published_series_goes_before_the_computed_one() -> None:
    published = pl.DataFrame(
        {"unit": ["a"], "kpi": ["k"], "year": [2024], "benchmark": ["peers.mean"], "value": [90.0]}
    )
    first, second, third = computed(data_set(VALUES, PEERS, benchmarks=published), "peers.mean", "a")
    assert math.isnan(first)
    assert math.isnan(second)
    assert third == 90.0


def test_a_unit_has_the_same_verdicts_alone_and_among_all_when_peers_are_computed() -> None:
    data = data_set(VALUES, [*PEERS, *[("b", "g", 2024, member) for member in "acf"]])
    alone = assess(data, "kommun", unit="a").verdicts
    among = assess(data, "kommun", unit="all").verdicts.filter(pl.col("unit") == "a")
    assert among.equals(alone.filter(pl.col("status").is_in(["flagged", "unknown"])))
    assert alone.filter(pl.col("rule") == "cost-above-peers")["status"].item() == "clear"


def test_several_groups_need_to_be_told_apart() -> None:
    peers = [*PEERS, *[("a", "skola", 2024, member) for member in "def"]]
    with pytest.raises(DataError) as error:
        data_set(VALUES, peers)
    assert [problem.code for problem in error.value.problems] == ["peer-group-missing"]
    kpis = pl.DataFrame(
        {
            "kpi": ["k"],
            "title": ["Kostnad"],
            "category": ["ekonomi"],
            "area": ["x"],
            "measure": ["kr/inv"],
            "direction": ["lower"],
            "decimals": [0],
            "peer_group": ["skola"],
        }
    )
    assert computed(data_set(VALUES, peers, kpis=kpis), "peers.mean", "a") == [104.0, 104.0, 104.0]
    with pytest.raises(DataError) as error:
        data_set(VALUES, peers, kpis=kpis.with_columns(peer_group=pl.lit("skol")))
    assert [problem.code for problem in error.value.problems] == ["unknown-group"]
