"""The kind ``trend`` as a controller meets it: its sentence, its numbers, and what explain tells of it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from strategies import rule
from test_laws import judged, load, one_kpi

from genomlys.engine.conditions.tree import leaves
from genomlys.engine.dataset import read_dataset
from genomlys.engine.examples import run_examples
from genomlys.engine.explain import explain, render
from genomlys.engine.language.pack import load_rules

PACK = """
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: worsening-trend
    title: Trend mot det sämre
    goal: development
    for_each: {kpi: {measure: "%"}}
    when: {trend: worsening, over: 6 years, confidence: 90 %, by: 1 %}
    severity: {low: 0 %, high: 10 %}
    because:
      sv: "{kpi} har {risen} i genomsnitt {slope} om året {first_year}–{last_year}
        (p = {p}), {slope_percent}: {series}. Sammanlagt {change} på {years} år, varav {figures} med värde."
      en: "{kpi} has {risen} by {slope} a year on average {first_year}–{last_year} (p = {p})."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Stiger nästan varje år
        kpi: {category: personal, name: sjukfrånvaron, decimals: 1}
        years: 2019-2024
        own: 6,1 6,4 6,2 6,9 7,3 7,8
        expect: flagged
        severity: low
        margin: "0,27"
        text:
          sv: "Sjukfrånvaron har stigit i genomsnitt 0,34 procentenheter om året 2019–2024
            (p = 0,008), 5,1 %: 6,1; 6,4; 6,2; 6,9; 7,3 och 7,8 %.
            Sammanlagt 1,7 procentenheter på 6 år, varav 6 med värde."
          en: "Sjukfrånvaron has risen by 0.34 percentage points a year on average 2019–2024 (p = 0.008)."
      - title: Ett år i mitten saknas och kan inte ändra något
        kpi: {direction: higher, name: andelen}
        years: 2019-2024
        own: 60 58 _ 55 50 47
        expect: flagged
        text: "Andelen har sjunkit i genomsnitt 2,6 procentenheter om året 2019–2024 (p = 0,068),
          4,8 %: 60, 58, –, 55, 50 och 47 %. Sammanlagt 13 procentenheter på 6 år, varav 5 med värde."
      - title: Upp och ner
        kpi: {direction: higher, name: andelen}
        years: 2019-2024
        own: 60 58 61 55 60 58
        expect: clear
      - title: Stiger, men mindre än en procent om året
        kpi: {category: personal, decimals: 1}
        years: 2019-2024
        own: 60,0 60,1 60,2 60,3 60,4 60,5
        expect: clear
      - title: Första året saknas
        kpi: {direction: higher, name: andelen}
        years: 2019-2024
        own: _ 58 57 55 50 47
        expect: unknown
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(PACK, encoding="utf-8")
    return file


def test_what_it_says(pack: Path) -> None:
    for outcome in run_examples(load_rules(pack)):
        assert outcome.passed, outcome.explanation.sv


def test_its_words() -> None:
    when = {"trend": "changing", "over": "8 years", "confidence": "99,5 %", "by": "2 %"}
    (only,) = load([rule("prov", when)]).rules
    (leaf,) = leaves(only.when)
    assert leaf.say("sv") == "trend åt något håll med mer än 2 % om året över 8 år, med 99,5 % säkerhet"
    assert leaf.say("en") == "trend either way by more than 2 % a year over 8 years, at 99.5 % confidence"


def series(values: str, **kpi: object) -> dict[str, object]:
    years = [(2025 - n, float(text)) for n, text in enumerate(reversed(values.split()), 1) if text != "_"]
    frame = pl.DataFrame(years, schema={"year": pl.Int32, "value": pl.Float64}, orient="row")
    return one_kpi({"measure": "%", **kpi}, frame)


def status(values: str, when: dict[str, str], **kpi: object) -> str:
    (row,) = judged(read_dataset(series(values, **kpi)), load([rule("prov", when)])).verdicts["status"]
    return str(row)


def test_it_never_crosses_a_change_of_definition() -> None:
    when = {"trend": "rising", "over": "4 years", "confidence": "90 %"}
    assert status("1 2 3 4", when) == "flagged"
    assert status("1 2 3 4", when, breaks="2022") == "unknown"
    assert status("1 4 3 2", when, breaks="2022") == "clear"


def test_the_years_are_calendar_years() -> None:
    """A slope over a hole is by its years, and years further back than the window are no part of it."""
    when = {"trend": "rising", "over": "5 years", "confidence": "75 %", "by": "2 %"}
    assert status("900 100 102 104 _ 108", when | {"by": "1 %"}) == "flagged"
    assert status("900 100 101 102 _ 104", when | {"by": "1 %"}) == "clear"


def test_explain_tells_the_p_value_and_what_would_turn_it(pack: Path) -> None:
    data = series("60 58 59 55 50 47", direction="higher")
    text = render(explain(data, pack, verdict="worsening-trend/k0"))
    told = text.replace("\u00a0", " ")
    for line in (
        "eget värde 2024: 47 %",
        "medianen 2019–2024: 57 %",
        "lutning om året: 2,7 procentenheter",
        "värden: 60, 58, 59, 55, 50 och 47 %",
        "år med värde: 6",
        "p-värde: 0,008",
        "Flaggan släcks om värdet stiger med 12 procentenheter (26 %), till 59 %.",
    ):
        assert line in told, told


def test_a_trend_that_rounding_may_hide_is_not_surely_none() -> None:
    """2, 2, 1 may have been 2.4, 2.1, 1: with a band too, which the slope behind the rounding may exceed."""
    values = pl.DataFrame({"year": [2022, 2023, 2024], "value": [2.0, 2.0, 1.0]})
    trend = {"trend": "falling", "over": "3 years", "confidence": "83 %"}
    bands = [{}, {"by": "0 %"}, {"by": "10 %"}, {"by": "100 %"}]
    book = load([rule(f"by-{number}", trend | by) for number, by in enumerate(bands)])
    found = judged(read_dataset(one_kpi({}, values)), book).verdicts
    assert found["status"].to_list() == ["clear"] * 4
    assert found["sure"].to_list() == [False, False, False, True]
