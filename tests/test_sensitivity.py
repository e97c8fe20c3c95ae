"""What a flag hinges on: each variation is the assessment done again with one thing changed."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from strategies import Words, rule, rule_file

from genomlys.cli import main
from genomlys.engine.conditions.difference import Band
from genomlys.engine.dataset import Dataset, bundled_dataset, read_dataset
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.sensitivity import Sensitivity, _statuses, sensitivity
from genomlys.engine.verdicts import judge


def load(rules: Sequence[Words]) -> RuleBook:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.yaml"
        file.write_text(rule_file(rules), encoding="utf-8")
        return load_rules(file)


def city(own: dict[int, float], reference: dict[int, float], peers: Sequence[float] = ()) -> Dataset:
    """A municipality with one cost, its reference cost, and peers with a value of 2024."""
    names = [f"p{number}" for number in range(len(peers))]
    values = [{"unit": "k", "year": year, "value": value} for year, value in own.items()]
    values += [{"unit": name, "year": 2024, "value": value} for name, value in zip(names, peers, strict=True)]
    benchmarks = [{"unit": "k", "year": year, "value": value} for year, value in reference.items()]
    schema = {"unit": pl.String, "year": pl.Int32, "value": pl.Float64}
    kpi = {"kpi": "kostnad", "title": "Kostnad", "area": "skola", "category": "ekonomi", "measure": "kr/inv"}
    tables: dict[str, Any] = {
        "dataset": {"title": "Prov", "unit": "k", "as_of": "2024-12-31"},
        "units": pl.DataFrame({"unit": ["k", *names], "title": ["Kommunen", *names], "kind": "municipality"}),
        "areas": pl.DataFrame({"area": ["skola"], "title": ["Skolan"]}),
        "kpis": pl.DataFrame([kpi | {"direction": "lower", "decimals": 0}]),
        "values": pl.DataFrame(values, schema=schema).with_columns(kpi=pl.lit("kostnad")),
    }
    if reference:
        table = pl.DataFrame(benchmarks, schema=schema)
        tables["benchmarks"] = table.with_columns(kpi=pl.lit("kostnad"), benchmark=pl.lit("reference"))
    if peers:
        tables["peers"] = pl.DataFrame({"unit": "k", "group": "lika", "year": 2024, "member": names})
    return read_dataset(tables)


def found(data: Dataset, when: Words) -> dict[str, Any]:
    (row,) = sensitivity(data, load([rule("dear", when)])).findings.rows(named=True)
    return row


def test_a_flag_of_two_years_of_three_hinges_on_one_of_them() -> None:
    data = city({2022: 120, 2023: 120, 2024: 90}, dict.fromkeys((2022, 2023, 2024), 100.0))
    row = found(data, {"is": "above", "than": "reference", "in": "2 of 3 years"})
    # Without 2024 the three years are 2021 to 2023, and two of them are above.
    assert (row["years"], row["years_tried"], row["years_needed"]) == ([], 3, 2)
    data = city({2021: 90, 2022: 120, 2023: 120, 2024: 90}, dict.fromkeys((2021, 2022, 2023, 2024), 100.0))
    row = found(data, {"is": "above", "than": "reference", "in": "1 of 2 years"})
    assert (row["years"], row["years_tried"], row["years_needed"]) == ([], 4, 1)


def test_the_year_that_a_flag_is_of_may_end_it() -> None:
    data = city({2023: 90, 2024: 120}, {2023: 100, 2024: 100})
    row = found(data, {"is": "above", "than": "reference"})
    assert (row["years"], row["years_tried"], row["hinges"]) == (["2024"], 2, True)
    # The comparison figure of 2023 then stands in.
    assert (row["basis_years"], row["basis_years_tried"], row["basis_years_needed"]) == ([], 2, 0)


def test_a_comparison_year_may_end_a_flag() -> None:
    row = found(city({2024: 120}, {2023: 130, 2024: 100}), {"is": "above", "than": "reference"})
    assert (row["basis_years"], row["years"], row["years_needed"]) == (["2024"], [], 1)


def test_one_peer_may_carry_a_flag() -> None:
    data = city({2024: 100}, {}, [40, 100, 101, 102])
    row = found(data, {"is": "above", "than": "peers.mean"})
    assert (row["peers"], row["peers_tried"], row["peers_needed"]) == (["p0"], 4, 0)
    # Three members are the fewest that a mean is made of.
    row = found(city({2024: 100}, {}, [40, 90, 95]), {"is": "above", "than": "peers.mean"})
    assert (row["peers"], row["peers_tried"], row["peers_needed"]) == ([], 3, 3)


def test_only_the_peers_that_the_kpi_is_compared_with_are_tried() -> None:
    data = city({2024: 100}, {}, [40, 100, 101, 102])
    other = data.peers.with_columns(group=pl.lit("annan"))
    kpis = data.kpis.with_columns(peer_group=pl.lit("lika"))
    both = replace(data, peers=pl.concat([data.peers.filter(pl.col("member") != "p3"), other]), kpis=kpis)
    row = found(both, {"is": "above", "than": "peers.mean"})
    assert row["peers_tried"] == 3


@pytest.mark.parametrize(("own", "ends"), [(103, ["1 x2"]), (110, [])])
def test_a_threshold_may_end_a_flag(own: float, ends: list[str]) -> None:
    row = found(city({2024: own}, {2024: 100}), {"is": "above", "than": "reference", "by": "2 %"})
    assert (row["thresholds"], row["thresholds_tried"]) == (ends, 2)


def test_below_not_a_narrower_threshold_ends_a_flag() -> None:
    when = {"not": {"is": "above", "than": "reference", "by": "4 %"}}
    assert found(city({2024: 103}, {2024: 100}), when)["thresholds"] == ["1 x0.5"]


def test_the_threshold_of_a_rule_that_is_asked_counts() -> None:
    book = load([rule("dear", {"is": "above", "than": "reference", "by": "2 %"}), rule("asks", {"rule": "dear"})])
    rows = sensitivity(city({2024: 103}, {2024: 100}), book).findings.rows(named=True)
    assert [(row["rule"], row["thresholds"]) for row in rows] == [("asks", ["1 x2"]), ("dear", ["1 x2"])]


@pytest.mark.parametrize(("own", "decides"), [(101, True), (102, False)])
def test_the_last_decimal_may_decide(own: float, decides: bool) -> None:
    row = found(city({2024: own}, {2024: 100}), {"is": "above", "than": "reference"})
    assert (row["rounding"], row["hinges"]) == (decides, decides)


def test_what_is_not_flagged_is_not_told() -> None:
    nothing = sensitivity(city({2024: 90}, {2024: 100}), load([rule("dear", {"is": "above", "than": "reference"})]))
    assert nothing.findings.is_empty() and nothing.variations.is_empty()


def test_a_material_band_is_scaled_too() -> None:
    frame = pl.DataFrame({"materiality_abs": [None, 3.0], "materiality_rel": [0.1, None]})
    wide = frame.select(Band("material").times(2).times(2).width(pl.lit(50.0))).to_series()
    assert wide.to_list() == pytest.approx([20.0, 12.0])
    assert Band("relative", 0.1).times(0.5) == Band("relative", 0.05)
    assert Band("absolute", 4.0).times(2) == Band("absolute", 8.0)


@pytest.fixture(scope="module")
def bundled() -> Sensitivity:
    return sensitivity()


def test_unvaried_it_is_what_assess_says() -> None:
    data, book = read_dataset(bundled_dataset()), load_rules()
    kpi_rules = replace(book, rules=tuple(each for each in book.rules if each.subject == "kpi"))
    said = judge(data, kpi_rules, [data.unit], data.as_of.year, "sv", STATUSES).verdicts
    key = ["rule", "subject"]
    kpis = said.filter(pl.col("subject_kind") == "kpi").select("unit", *key, "status").sort(key)
    assert _statuses(data, kpi_rules, data.unit).select("unit", *key, "status").sort(key).equals(kpis)


def test_the_bundled_review_is_tried(bundled: Sensitivity) -> None:
    assert bundled.findings["hinges"].any() and not bundled.findings["hinges"].all()
    ends = bundled.variations.filter(pl.col("status").is_in(["clear", "not_applicable"]))
    listed = sum(bundled.findings[name].list.len().sum() for name in ("years", "basis_years", "peers", "thresholds"))
    assert ends.height == listed
    tried = ("years_tried", "basis_years_tried", "peers_tried", "thresholds_tried")
    assert sum(bundled.findings[name].sum() for name in tried) == bundled.variations.height


def test_it_is_told_as_a_table(bundled: Sensitivity) -> None:
    run = CliRunner().invoke
    said = run(main, ["sensitivity", "--format", "md"])
    assert said.exit_code == 0
    hinging = bundled.findings["hinges"].sum()
    assert f"{hinging} av {bundled.findings.height} flaggade bedömningar vilar på en enda sak." in said.stdout.replace(
        "\xa0", " "
    )
    assert said.stdout.count("\n| ") == bundled.findings.height + 2
    assert "Inte prövat: flera ändringar samtidigt" in said.stdout
    rows = run(main, ["sensitivity", "--format", "csv"]).stdout.splitlines()
    assert rows[0] == "unit;rule;subject;what;which;status" and len(rows) == bundled.variations.height + 1
