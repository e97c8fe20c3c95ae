"""Rank, case and outlier: what they say in rules with examples, published worked examples, and laws of their own."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from genomlys.engine.assess import assess
from genomlys.engine.conditions.base import Among, Column, Sample
from genomlys.engine.conditions.case import CrawfordHowell
from genomlys.engine.conditions.outlier import Robust
from genomlys.engine.examples import run_examples
from genomlys.engine.language.pack import RuleBook, load_rules

PACK = """
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: among-the-dearest
    title: Bland de dyraste
    goal: detail
    for_each: {kpi: {}}
    when: {rank: worst, among: peers, places: 2}
    severity: low
    because: "{kpi} är {place} bland {n} kommuner: {value} år {year}."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Högst
        years: 2024
        own: 110
        peers: 100 102 98 101
        expect: flagged
        margin: 9
        text: {sv: "Nyckeltalet är högst bland 5 kommuner: 110 kr/inv år 2024.",
               en: "Nyckeltalet är highest bland 5 kommuner: 110 SEK/inhabitant år 2024."}
      - title: Delar andra platsen, och är då inte ensam bland de två
        years: 2024
        own: 102
        peers: 104 102 98 101
        expect: clear
        margin: 0
      - title: Delar första platsen
        years: 2024
        own: 104
        peers: 104 102 98 101
        expect: flagged
        margin: 2
        text: "Nyckeltalet är delat högst bland 5 kommuner: 104 kr/inv år 2024."
      - title: Lägre är sämre när högre är bättre
        kpi: {category: kvalitet, direction: higher, measure: "%"}
        years: 2024
        own: 61
        peers: 60 66 68 70
        expect: flagged
        margin: 5
        text: "Nyckeltalet är näst lägst bland 5 kommuner: 61 % år 2024."
      - title: Den som saknas kan vara en av de två, men båda måste de vara
        years: 2024
        own: 105
        peers: 100 102 _ 101
        expect: flagged
        margin: 3 .. 4
        text: "Nyckeltalet är högst bland 4 kommuner: 105 kr/inv år 2024. Jämförelsen med gränsen bland liknande
          kommuner bygger på 3 av 4 kommuner."
      - title: Två som saknas kan båda vara dyrare
        years: 2024
        own: 105
        peers: 100 102 _ _
        expect: unknown
        margin: .. 5
      - title: Ej tillämpligt är ingen som saknas
        years: 2024
        own: 105
        peers: 100 102 . 101
        expect: flagged
        margin: 4
      - title: Två av tre rymmer alla utom en, men tre är för få
        years: 2024
        own: 105
        peers: 100 102
        expect: unknown
      - title: Utan riktning
        kpi: {direction: neutral}
        years: 2024
        own: 105
        peers: 100 102 101
        expect: not_applicable
  - id: lowest-tenth
    title: Bland de lägsta tio procenten
    goal: detail
    for_each: {kpi: {}}
    when: {rank: lowest, among: nation, share: 10 %}
    severity: low
    because: "{kpi} är {place} av {n} kommuner, {gap} från gränsen {basis}."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Tjugoförsta lägst av 290
        years: 2024
        own: 50
        nation: 20x40 9x55 260x100
        expect: flagged
        margin: 5
        text: "Nyckeltalet är nummer 21 nerifrån av 290 kommuner, 5 kr/inv från gränsen 55 kr/inv."
      - title: Trettionde lägst
        years: 2024
        own: 60
        nation: 20x40 9x55 260x100
        expect: clear
        margin: -5
      - title: Fem kommuner är ingen nation
        years: 2024
        own: 60
        nation: 5x100
        expect: unknown
  - id: apart-from-peers
    title: Skiljer sig från liknande kommuner
    goal: detail
    for_each: {kpi: {}}
    when: {case: worse, among: peers, confidence: 95 %}
    severity: {low: 2 %, high: 20 %}
    because: "{kpi} ligger {gap_percent} {over} {basis_name}, mer än spridningen förklarar ({n} kommuner)."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Långt över
        years: 2024
        own: 130
        peers: 100 104 98 102 96 101 99
        expect: flagged
        severity: high
        margin: 24,5
        text: "Nyckeltalet ligger 30 % över liknande kommuner, mer än spridningen förklarar (7 kommuner)."
      - title: Inom spridningen
        years: 2024
        own: 105
        peers: 100 104 98 102 96 101 99
        expect: clear
        margin: -0,5
      - title: Fyra är för få
        years: 2024
        own: 130
        peers: 100 104 98 102
        expect: unknown
      - title: Alla har samma värde
        years: 2024
        own: 130
        peers: 6x100
        expect: unknown
  - id: far-out
    title: Avviker från alla
    goal: detail
    for_each: {kpi: {}}
    when: {outlier: apart, among: nation, beyond: 3.5}
    severity: low
    because: "{kpi} ligger {gap} {over} {basis_name}, {z} robusta standardavvikelser bort."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Långt under
        years: 2024
        own: 40
        nation: 50x90 100x100 50x110
        expect: flagged
        margin: 8,1
        text: "Nyckeltalet ligger 60 kr/inv under medianen av alla kommuner, 4,0 robusta standardavvikelser bort."
      - title: Nära
        years: 2024
        own: 110
        nation: 50x90 100x100 50x110
        expect: clear
      - title: Mer än hälften lika, och kvartilerna med
        years: 2024
        own: 110
        nation: 200x100
        expect: unknown
"""


def test_what_the_kinds_say_of_examples(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(PACK, encoding="utf-8")
    outcomes = run_examples(load_rules(tmp_path))
    assert [(outcome.title, outcome.explanation.sv) for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) == 19


class Fixed:
    """A window of one row, set against the values given."""

    def __init__(self, own: float, values: Sequence[float]) -> None:
        self._own, self._values = own, np.array([list(values)], dtype=np.float64)

    def own(self, lag: int) -> NDArray[np.float64]:
        return np.array([self._own])

    def own_comparable(self, lag: int) -> NDArray[np.float64]:
        return self.own(lag)

    def basis(self, benchmark: str, lag: int) -> NDArray[np.float64]:
        raise NotImplementedError

    def denominator(self) -> NDArray[np.float64]:
        raise NotImplementedError

    def others(self, among: Among) -> Sample:
        return Sample(self._values, np.array([self._values.shape[1]]), np.array([0]), np.array([-1]))

    def fact(self, name: str) -> NDArray[np.float64]:
        return np.zeros(1)


def case(own: float, peers: Sequence[float], alpha: float = 0.05) -> dict[str, float]:
    metric = CrawfordHowell(alpha)
    found = {name: worked_out(column) for name, column in metric.columns(Fixed(own, peers)).items()}
    return {name: float(found[metric.column(name)][0]) for name in ("mean", "width", "tail")}


def worked_out(column: Column) -> NDArray[np.float64]:
    return column() if callable(column) else column


def test_the_example_of_crawford_and_howell() -> None:
    """1998, p. 483: 33 against fifteen with mean 50 and standard deviation 10; t(14) = -1.646, beyond 5 % by none."""
    away = 10 * math.sqrt(7)
    found = case(33, [50 - away, *[50] * 13, 50 + away])
    assert found["mean"] == pytest.approx(50)
    assert found["width"] == pytest.approx(1.761 * 10 * math.sqrt(16 / 15), abs=0.01)
    assert found["tail"] == pytest.approx(stats.t.sf(1.646, 14), abs=1e-4)


@given(
    st.floats(-100, 100).map(lambda value: round(value, 2)),
    st.lists(st.floats(-100, 100).map(lambda value: round(value, 2)), min_size=5, max_size=12),
)
@settings(deadline=None)
def test_a_case_is_a_t_test_of_one_against_the_others(own: float, peers: list[float]) -> None:
    """It is Student's for two samples of which one has a single value (Sokal and Rohlf 1995, p. 227)."""
    found = case(own, peers)
    if len(set(peers)) == 1:
        assert np.isnan(list(found.values())).all()
        return
    wanted = stats.ttest_ind([own], peers)
    assert 2 * found["tail"] == pytest.approx(wanted.pvalue, rel=1e-6, abs=1e-9)


def test_two_standard_deviations_from_seven_peers_are_a_false_alarm_in_nine() -> None:
    """Which is why it is not offered."""
    stretched = 2 / math.sqrt(8 / 7)
    assert 2 * stats.t.sf(stretched, 6) == pytest.approx(0.11, abs=0.005)


def test_the_false_alarms_of_a_case_are_those_that_it_states() -> None:
    random = np.random.default_rng(7)
    drawn = random.normal(size=(40_000, 8))
    mean, sd = drawn[:, 1:].mean(axis=1), drawn[:, 1:].std(axis=1, ddof=1)
    one = case(0.0, [1, 2, 3, 4, 5, 6, 7])
    factor = one["width"] / np.std([1, 2, 3, 4, 5, 6, 7], ddof=1)
    assert (drawn[:, 0] > mean + factor * sd).mean() == pytest.approx(0.05, abs=0.005)


@given(st.lists(st.floats(-1e3, 1e3).map(lambda value: round(value, 1)), min_size=10, max_size=30))
@settings(deadline=None)
def test_the_robust_scale_is_scipys(values: list[float]) -> None:
    metric = Robust("peers")
    found = {name: float(worked_out(of)[0]) for name, of in metric.columns(Fixed(0.0, values)).items()}
    scale = found[metric.column("scale")]
    mad, iqr = stats.median_abs_deviation(values), stats.iqr(values)
    if max(mad, iqr) == 0:
        assert math.isnan(scale)
    else:
        assert scale == pytest.approx(mad * 1.4826 if mad else iqr / 1.349, rel=1e-9)


def test_a_modified_z_where_most_are_equal_falls_back_on_the_quartiles() -> None:
    metric = Robust("peers")
    values = [10.0] * 6 + [9.0, 9.0, 12.0, 12.0, 14.0]
    assert worked_out(metric.columns(Fixed(0.0, values))[metric.column("scale")])[0] == pytest.approx(
        stats.iqr(values) / 1.349
    )


@given(
    st.lists(st.one_of(st.integers(0, 6), st.none()), min_size=3, max_size=7),
    st.integers(0, 6),
    st.sampled_from(["places: 1", "places: 2", "share: 40 %"]),
    st.data(),
)
@settings(max_examples=25, deadline=None)
def test_filling_a_members_gap_never_turns_a_rank(
    peers: list[int | None], own: int, asked: str, drawn: st.DataObject
) -> None:
    filled = [drawn.draw(st.integers(0, 6)) if value is None else value for value in peers]
    before, after = (judged(own, values, asked) for values in (peers, filled))
    assert after["status"] != "unknown"
    assert before["status"] in (after["status"], "unknown")
    if after["status"] != "not_applicable":
        assert before["lo"] <= after["lo"] == after["hi"] <= before["hi"]


def loaded(text: str) -> RuleBook:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rules.yaml").write_text(text, encoding="utf-8")
        return load_rules(folder)


def judged(own: int, peers: Sequence[int | None], asked: str) -> dict[str, float | str]:
    book = f"""
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: r
    title: R
    goal: detail
    for_each: {{kpi: {{}}}}
    when: {{rank: highest, among: peers, {asked}}}
    severity: low
    because: "{{kpi}}."
    why: w
    limits: l
    source: s
    examples: [{{title: t, years: 2024, own: 1, expect: unknown}}]
"""
    units = ["a", *(f"p{number}" for number in range(len(peers)))]
    values = [
        {"unit": unit, "kpi": "k", "year": 2024, "value": None if value is None else float(value)}
        for unit, value in zip(units, [own, *peers], strict=True)
    ]
    kpi = {"kpi": "k", "title": "K", "category": "ekonomi", "area": "x", "measure": "kr/inv", "direction": "lower"}
    data = {
        "dataset": {"title": "Prov", "unit": "a", "as_of": 2024},
        "units": pl.DataFrame({"unit": units, "title": units, "kind": "municipality"}),
        "areas": pl.DataFrame({"area": ["x"], "title": ["X"]}),
        "kpis": pl.DataFrame([kpi | {"decimals": 0}]),
        "values": pl.DataFrame(values, schema_overrides={"value": pl.Float64}),
        "peers": pl.DataFrame({"unit": "a", "group": "g", "year": 2024, "member": units[1:]}),
    }
    (row,) = assess(data, loaded(book)).verdicts.iter_rows(named=True)
    return dict(row)
