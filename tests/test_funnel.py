"""Funnel limits: what they say in a rule with examples, and what the catalogue says of denominators."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from genomlys.engine.dataset import read_dataset
from genomlys.engine.examples import run_examples
from genomlys.engine.language.pack import load_rules
from genomlys.engine.statistics.intervals import byar, exact

PACK = """
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: more-than-chance
    title: Sämre än slumpen förklarar
    goal: results
    for_each: {kpi: {category: kvalitet}}
    when: {funnel: worse, than: nation.mean, confidence: 95 %}
    severity: {low: 5 %, high: 25 %}
    because: "{kpi} är {value}, mot {basis} för {basis_name}; slumpen räcker från {lower} till {upper}."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Newcombes första exempel, 81 av 263, har de exakta gränserna 25,27 och 36,76
        kpi: {measure: "%", direction: lower, decimals: 4, denominator: 263}
        years: 2024
        own: "30,7985"
        nation.mean: 20
        expect: flagged
        severity: high
        margin: 5,27
        text: "Nyckeltalet är 30,7985 %, mot 20,0000 % för kommungenomsnittet; slumpen räcker från 25,2733 % till
          36,7624 %."
      - title: Lika mycket sämre, men för få
        kpi: {measure: "%", direction: lower, decimals: 4, denominator: 26}
        years: 2024
        own: "30,7985"
        nation.mean: 20
        expect: clear
      - title: Femton fall har gränserna 8,4 och 24,7
        kpi: {measure: antal/1000 inv, direction: lower, decimals: 1, denominator: 1000}
        years: 2024
        own: 15
        nation.mean: 8
        expect: flagged
        margin: 0,4
      - title: Per hundratusen behövs hundra gånger så många
        kpi: {measure: antal/100 000 inv, direction: lower, decimals: 1, denominator: 100 000}
        years: 2024
        own: 15
        nation.mean: 8
        expect: flagged
        margin: 0,4
      - title: Två tusendels person säger ingenting
        kpi: {measure: "%", direction: lower, denominator: "0,002"}
        years: 2024
        own: 40
        nation.mean: 30
        expect: clear
      - title: Utan nämnare
        kpi: {measure: "%", direction: lower}
        years: 2024
        own: 30
        nation.mean: 20
        expect: not_applicable
      - title: Jämförelsen saknas
        kpi: {measure: "%", direction: lower, denominator: 263}
        years: 2024
        own: 30
        nation.mean: _
        expect: unknown
"""


def test_what_a_funnel_says_of_examples() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(PACK, encoding="utf-8")
        outcomes = run_examples(load_rules(folder))
    assert [(outcome.title, outcome.explanation.sv) for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) == 7


@pytest.mark.parametrize(
    ("measure", "per", "wanted"),
    [
        ("%", None, 100.0),
        ("antal/1000 inv", None, 1000.0),
        ("antal/1 000 inv", None, 1000.0),
        ("antal per 100 000 invånare", None, 100_000.0),
        ("antal", 1.0, 1.0),
    ],
)
def test_the_base_of_a_rate_is_in_its_measure_or_a_column(measure: str, per: float | None, wanted: float) -> None:
    kpi = {"kpi": "k", "title": "K", "category": "kvalitet", "area": "x", "direction": "lower", "decimals": 0}
    kpis = pl.DataFrame(
        [kpi | {"measure": measure, "denominator": "500", "per": per}], schema_overrides={"per": pl.Float64}
    )
    data = read_dataset(
        {
            "dataset": {"title": "Prov", "unit": "a", "as_of": 2024},
            "units": pl.DataFrame({"unit": ["a"], "title": ["A"], "kind": ["municipality"]}),
            "areas": pl.DataFrame({"area": ["x"], "title": ["X"]}),
            "kpis": kpis,
            "values": pl.DataFrame({"unit": ["a"], "kpi": ["k"], "year": [2024], "value": [1.0]}),
        }
    )
    assert data.kpis["per"].to_list() == [wanted]


@given(st.integers(20, 4000), st.sampled_from([0.02, 0.1, 0.3, 0.5]))
@settings(max_examples=60, deadline=None)
def test_the_false_alarms_of_a_funnel_are_no_more_than_it_states(n: int, share: float) -> None:
    """Exactly, over every count that chance may give: at 95 % one in forty outside each limit."""
    events = pl.int_range(0, n + 1, eager=True).to_numpy().astype(float)
    lower, upper = exact(events / n, events * 0 + n, 1.959964)
    chances = stats.binom.pmf(events, n, share)
    assert chances[lower > share].sum() <= 0.0255 and chances[upper < share].sum() <= 0.0255
    if n * share >= 5:
        low, high = byar(events, 1.959964)
        chances = stats.poisson.pmf(events, n * share)
        assert chances[low > n * share].sum() <= 0.0255 and chances[high < n * share].sum() <= 0.0255
