"""Many verdicts at once: q beside p, the evidence of findings, and how many flags chance alone would give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import oracle_trends
import polars as pl
import pytest
from hypothesis import given
from scipy import stats
from strategies import HOME, Tables, Words, rule, tables, trends
from test_laws import judged, law, load

from genomlys.engine.assess import assess
from genomlys.engine.conditions.tree import chance, leaves
from genomlys.engine.conditions.trend import Trend
from genomlys.engine.dataset import read_dataset
from genomlys.engine.multiplicity import EVIDENCE
from genomlys.engine.report.markdown import as_markdown
from genomlys.engine.report.terminal import as_text

RUN3: Words = {"is": "worsening", "for": "3 years"}
RUN4: Words = {"is": "worsening", "for": "4 years"}
UNKNOWN: Words = {"is": "worse", "than": "peers.mean"}


@pytest.mark.parametrize(
    ("when", "probability"),
    [
        (RUN3, 1 / 6),
        (RUN4, 1 / 24),
        (UNKNOWN, None),
        ({"gap": "widening", "to": "reference", "over": "3 years"}, 1 / 6),
        ({"turn": "worse", "than": "peers.mean", "after": "1 year"}, 1 / 4),
        ({"turn": "worse", "than": "peers.mean", "after": "3 years"}, 27 / 256),
        ({"turn": "above", "than": "own 1 year ago", "after": "2 years"}, 3 / 24),
        ({"turn": "above", "than": "own 2 years ago", "after": "2 years"}, None),
        ({"all": [RUN3, RUN4, UNKNOWN]}, 1 / 24),
        ({"any": [RUN3, RUN4]}, 1 / 6 + 1 / 24),
        ({"any": [RUN3, UNKNOWN]}, None),
        ({"any": [RUN3]}, 1 / 6),
        ({"at_least": "2", "of": [RUN3, RUN3, RUN4]}, (1 / 6 + 1 / 6 + 1 / 24) / 2),
        ({"at_least": "2", "of": [RUN3, RUN4]}, 1 / 24),
        ({"any": [{"is": "rising", "for": "2 years"}] * 3}, 1.0),
        ({"not": RUN3}, None),
        ({"all": [{"not": RUN3}, RUN4]}, 1 / 24),
    ],
)
def test_the_chance_of_a_tree(when: Words, probability: float | None) -> None:
    (only,) = load([rule("prov", when)]).rules
    assert chance(only.when) == (None if probability is None else pytest.approx(probability))


@law(12)
@given(tables(directions=("higher", "lower")), trends())
def test_p_and_q_are_those_of_plain_python_and_scipy(given_tables: Tables, when: Words) -> None:
    """q within a rule and unit, also where some of its KPIs are clear; p of series without holes."""
    unbroken = given_tables["kpis"].with_columns(breaks=pl.lit(""))
    data, book = read_dataset(given_tables | {"kpis": unbroken}), load([rule("prov", when)])
    found = judged(data, book).verdicts
    for (_,), mine in found.drop_nulls("p").group_by("unit"):
        assert mine["q"].to_list() == pytest.approx(stats.false_discovery_control(mine["p"].to_numpy()))
    assert found.filter(pl.col("p").is_null() != pl.col("q").is_null()).is_empty()
    (leaf,) = leaves(book.rules[0].when)
    assert isinstance(leaf, Trend)
    values: dict[tuple[str, str], dict[int, Fraction]] = {}
    for unit, kpi, year, value in data.values.drop_nulls("value").select("unit", "kpi", "year", "value").iter_rows():
        values.setdefault((unit, kpi), {})[year] = Fraction(repr(value))
    directions = dict(data.kpis.select("kpi", "direction").iter_rows())
    for row in found.drop_nulls("year").rows(named=True):
        of = values[row["unit"], row["subject"]]
        series = [of.get(row["year"] - lag) for lag in reversed(range(leaf.years))]
        if None not in series and row["status"] != "not_applicable":
            assert row["p"] == pytest.approx(float(p_of(series, leaf.change, directions[row["subject"]])))


def p_of(series: list[Any], change: str, direction: str) -> Fraction:
    up, down = oracle_trends._p(series), oracle_trends._p([-value for value in series])
    if change == "changing":
        return min(Fraction(1), 2 * min(up, down))
    rises = change == "rising" or (change, direction) in {("worsening", "lower"), ("improving", "higher")}
    return up if rises else down


def municipality(series: dict[str, str]) -> Tables:
    """A municipality with a KPI for each name, lower is better, and its figures up to 2024."""
    figures = {kpi: [float(text) for text in said.split()] for kpi, said in series.items()}
    rows = [(kpi, 2024 - back, value) for kpi, of in figures.items() for back, value in enumerate(reversed(of))]
    facts = {"category": "kvalitet", "area": "a0", "measure": "%", "direction": "lower", "decimals": 0}
    values = pl.DataFrame(rows, schema=["kpi", "year", "value"], orient="row").with_columns(unit=pl.lit(HOME))
    return {
        "dataset": {"title": "Prov", "unit": HOME, "as_of": 2024},
        "units": pl.DataFrame({"unit": [HOME], "title": ["M"], "kind": ["municipality"]}),
        "areas": pl.DataFrame({"area": ["a0"], "title": ["A"]}),
        "kpis": pl.DataFrame([{"kpi": kpi, "title": kpi} | facts for kpi in series]),
        "values": values,
    }


TREND: Words = {"trend": "worsening", "over": "5 years", "confidence": "95 %"}
FLAT = "3 1 2 3 1"


def evidence_of(series: dict[str, str], when: Words) -> dict[str, str]:
    found = assess(read_dataset(municipality(series)), load([rule("prov", when)])).findings
    return dict(found.select("subject", "evidence").iter_rows())


def test_a_trend_is_significant_alone_and_one_of_many_may_be_chance() -> None:
    assert evidence_of({"k0": "1 2 3 4 5"}, TREND) == {"k0": "significant"}
    many = {f"k{number}": FLAT for number in range(1, 13)}
    assert evidence_of({"k0": "1 2 3 4 5"} | many, TREND) == {"k0": "point"}


def test_a_trend_among_many_is_persistent_when_it_has_been_flagged_for_three_years() -> None:
    many = {f"k{number}": FLAT for number in range(1, 13)}
    assert evidence_of({"k0": "1 2 3 4 5 6 7"} | many, TREND) == {"k0": "persistent"}


@pytest.mark.parametrize(
    ("when", "evidence"),
    [
        (RUN3, "persistent"),
        ({"is": "worsening", "for": "2 years"}, "point"),
        ({"is": "above", "than": "own 1 year ago", "in": "2 of 3 years"}, "persistent"),
        ({"is": "above", "than": "own 1 year ago", "in": "1 of 3 years"}, "point"),
        ({"any": [RUN3, {"is": "above", "than": "own 1 year ago"}]}, "point"),
        ({"all": [RUN3, {"is": "above", "than": "own 1 year ago"}]}, "persistent"),
    ],
)
def test_the_evidence_of_a_rule_without_a_test(when: Words, evidence: str) -> None:
    assert evidence_of({"k0": "5 4 1 2 3"}, when) == {"k0": evidence}


def test_a_fact_of_one_year_is_persistent_when_it_comes_three_years_in_a_row() -> None:
    above = {"is": "above", "than": "0"}
    assert evidence_of({"k0": "1 1"}, above) == {"k0": "point"}
    assert evidence_of({"k0": "1 1 1"}, above) == {"k0": "persistent"}


def test_the_classes_are_in_order_of_strength() -> None:
    assert EVIDENCE.categories.to_list() == ["point", "persistent", "significant"]


def test_what_chance_would_flag_is_told_per_rule() -> None:
    series = {"k0": "1 2 3 4 5", "k1": "5 1 2 3 4", "k2": FLAT, "k3": FLAT, "k4": "2 1", "k5": "1 2 2 3 1"}
    rules = [
        rule("run", RUN3),
        rule("trend", TREND),
        rule("above", {"is": "above", "than": "4 %"}, scope={"measure": "%"}),
    ]
    assessment = assess(read_dataset(municipality(series)), load(rules))
    told = {row["rule"]: row for row in assessment.chance.rows(named=True)}
    assert told.keys() == {"run", "trend"}
    run = told["run"]
    assert (run["judged"], run["flagged"], run["significant"]) == (6, 2, None)
    assert run["expected"] == pytest.approx(6 / 6)
    assert (told["trend"]["judged"], told["trend"]["flagged"], told["trend"]["significant"]) == (5, 1, 1)
    assert told["trend"]["expected"] == pytest.approx(5 * 0.05)
    for text in (as_text(assessment, 200), as_markdown(assessment)):
        assert "Regel run: 2 av 6 är flaggade, och av slumpen väntas högst omkring 1." in text
        assert "Regel trend: 1 av 5 är flaggade, och av slumpen väntas mindre än en. 1 av dem är" in text


def test_a_flag_that_so_many_tests_may_give_is_told_so() -> None:
    many = {f"k{number}": FLAT for number in range(1, 13)}
    text = as_text(assess(read_dataset(municipality({"k0": "1 2 3 4 5"} | many)), load([rule("prov", TREND)])), 200)
    assert "Så många nyckeltal prövas att det ändå kan vara slump (q = 0,11)." in text


def test_the_rate_of_a_run_is_that_of_random_order() -> None:
    """One in six series of three different values, in every order, has the run."""
    orders = [(1, 2, 3), (1, 3, 2), (2, 1, 3), (2, 3, 1), (3, 1, 2), (3, 2, 1)]
    series = {f"k{number}": " ".join(map(str, order)) for number, order in enumerate(orders)}
    (row,) = assess(read_dataset(municipality(series)), load([rule("run", RUN3)])).chance.rows(named=True)
    assert (row["flagged"], row["expected"]) == (1, pytest.approx(1))
    assert np.isclose(row["probability"], 1 / 6)
