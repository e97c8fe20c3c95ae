"""Examples in rules: how they are read, what is wrong with them and where, and that running them tells the truth.

The last part runs every example of the bundled pack.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import dedent, indent

import pytest

from genomlys.engine.conditions.data import Data
from genomlys.engine.conditions.measures import AnyMeasure, Measure
from genomlys.engine.conditions.members import Members
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.signals import AnySignal, Signal
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.errors import Place, RuleError
from genomlys.engine.examples import Outcome, run_examples
from genomlys.engine.language.examples import Example, read_examples
from genomlys.engine.language.figures import Figure, Span
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.reader import Reader
from genomlys.engine.language.yamlfile import load_yaml

PAGE = Path(__file__).resolve().parents[1] / "docs" / "examples.md"

RULE = """\
  - id: {id}
    title: {id}
    goal: {goal}
    for_each: {for_each}
    when: {when}
    severity: {severity}
    because: {because}
    why: x
    limits: x
    source: x
    examples:
"""
COST = RULE.format(
    id="cost-above-reference",
    goal="cost",
    for_each="{kpi: {category: ekonomi, has: reference}}",
    when="{is: above, than: reference, by: 2 %, in: 2 of 3 years}",
    severity="{low: 2 %, medium: 5 %}",
    because='{sv: "{kpi} låg {gap} över referenskostnaden {year}.", en: "{kpi} was {gap} above in {year}."}',
)
AREA = RULE.format(
    id="dear-and-idle",
    goal="cost",
    for_each="{area: {priority: [yes]}}",
    when="{all: [{any_kpi: cost-above-reference}, {not: {any_measure: {status: ongoing}}}]}",
    severity="high",
    because='"{area} är dyr och ingen åtgärd pågår."',
)
MEASURE = RULE.format(
    id="not-started",
    goal="followup",
    for_each="{measure: {}}",
    when="{status: not_started, older_than: 12 months}",
    severity="low",
    because="""'Åtgärden "{measure}" har inte påbörjats.'""",
)
SIGNAL = RULE.format(
    id="law-without-measure",
    goal="need",
    for_each="{signal: {kind: law}}",
    when="{all: [{kind: law}, {not: {any_measure: {status: [ongoing, not_started]}}}]}",
    severity="low",
    because='"{signal}."',
)
ANY_COST = "- {title: x, years: 2024, own: 1, reference: 1, expect: unknown}"
RULES = {"KPI": COST, "area": AREA, "measure": MEASURE, "signal": SIGNAL}


def book_of(folder: Path, *rules: tuple[str, str]) -> RuleBook:
    """A book of rules without examples, each with the examples given to it."""
    text = "genomlys: 1\npack: prov\nversion: 1\ntitle: Prov\nrules:\n"
    path = folder / "prov.yaml"
    path.write_text(text + "".join(rule + indent(dedent(examples), " " * 6) + "\n" for rule, examples in rules))
    return load_rules(path)


def outcome_of(folder: Path, rule: str, example: str) -> Outcome:
    """What becomes of one example of a rule, beside the rule that it may refer to."""
    beside = [] if rule == COST else [(COST, ANY_COST)]
    *_, outcome = run_examples(book_of(folder, *beside, (rule, example)))
    return outcome


def read(text: str, scope: Scope) -> tuple[tuple[Example, ...], Reader]:
    reader = Reader()
    return read_examples(reader, reader.items(load_yaml(dedent(text), "r.yaml")), scope), reader


def kpi_example(text: str, scope: Scope = Scope("kpi")) -> Example:
    """One KPI example read without problems: the words given, and what else must be there."""
    (example,), reader = read("- title: x\n  expect: clear\n" + indent(dedent(text), "  "), scope)
    assert not reader.problems
    return example


# What is read


def test_a_kpi_is_as_plain_as_can_be_when_nothing_is_said_of_it() -> None:
    example = kpi_example("{years: 2023 2024, own: 1 2}".strip("{}").replace(", ", "\n"))
    (kpi,) = example.kpis
    assert (kpi.category, kpi.measure, kpi.direction, kpi.decimals) == ("ekonomi", "kr/inv", "lower", 0)
    assert (kpi.title, kpi.name, kpi.max_age, kpi.breaks, kpi.volume) == ("Nyckeltalet", "nyckeltalet", 2, (), None)
    assert (kpi.materiality_rel, kpi.materiality_abs, kpi.kpi, kpi.bases) == (None, None, None, ())
    assert example.as_of == date(2024, 12, 31)


def test_what_is_not_said_of_a_kpi_comes_from_the_rules_scope() -> None:
    narrowing = {"category": "kvalitet", "measure": "%", "direction": "lower", "area": "skola", "kpi": "betyg"}
    scope = Scope("kpi", tuple((word, (value, "annat")) for word, value in narrowing.items()))
    example = kpi_example("years: 2024\nown: 1", scope)
    (kpi,) = example.kpis
    assert (kpi.category, kpi.measure, kpi.direction, kpi.kpi) == ("kvalitet", "%", "lower", "betyg")
    assert example.area.area == "skola"
    said = kpi_example("kpi: {measure: index, kpi: annat, area: vård}\nyears: 2024\nown: 1", scope)
    assert (said.kpis[0].measure, said.kpis[0].kpi, said.area.area) == ("index", "annat", "vård")


@pytest.mark.parametrize(
    ("category", "measure", "direction"),
    [("personal", "%", "lower"), ("kvalitet", "index", "higher"), ("volym", "antal", "neutral")],
)
def test_measure_and_direction_follow_the_category(category: str, measure: str, direction: str) -> None:
    (kpi,) = kpi_example(f"kpi: {{category: {category}}}\nyears: 2024\nown: 1").kpis
    assert (kpi.measure, kpi.direction) == (measure, direction)


def test_facts_and_figures_are_read_the_swedish_way() -> None:
    text = """
        kpi: {title: Kostnad, materiality: "0,5 %", volume: 42 000, breaks: 2019 2022, max_age: 3, decimals: -2}
        years: 2020-2022 2024
        own: 8 093,5 .. 104* . _
        peers.mean: [8 093, "1,5", -2, −2]
    """.replace("8 093,5", "8\u00a0093,5").replace(" _\n", "\n")
    (kpi,) = kpi_example(text).kpis
    assert (kpi.name, kpi.materiality_rel, kpi.volume, kpi.breaks) == ("Kostnad", 0.005, 42000, (2019, 2022))
    assert (kpi.max_age, kpi.decimals, kpi.years) == (3, -2, (2020, 2021, 2022, 2024))
    assert kpi.own == (
        Figure(8093.5, "ok"),
        Figure(None, "suppressed"),
        Figure(104, "preliminary"),
        Figure(None, "not_applicable"),
    )
    assert [figure.value for figure in dict(kpi.bases)["peers.mean"]] == [8093, 1.5, -2, -2]


def test_an_areas_measures_and_signals_are_plain_too() -> None:
    text = """
        - title: x
          area: {title: Skolan, priority: ja}
          measures: [{}, {saving: 100-300}]
          signals: [{}]
          expect: clear
        - {title: x, area: {priority: Trygghet, cross_cutting: ja, committees: [a, b]}, expect: clear}
    """
    (plain, said), reader = read(text, Scope("area"))
    assert not reader.problems
    assert (plain.area.name, plain.area.priority, plain.as_of) == ("Skolan", "prioriterad inriktning", date(2025, 12, 31))
    unclear, amount = plain.measures
    assert (unclear.status, unclear.horizon, unclear.saving_kind) == ("ongoing", "short", "unclear")
    assert (amount.saving_low, amount.saving_high, amount.saving_kind) == (100, 300, "amount")
    assert (plain.signals[0].kind, plain.signals[0].title) == ("external", "Omständigheten")
    assert (said.area.priority, said.area.cross_cutting, said.area.committees) == ("Trygghet", True, ("a", "b"))


@pytest.mark.parametrize(
    ("scope", "priority"), [((("priority", ("yes",)),), "prioriterad inriktning"), ((("priority", ("no",)),), None)]
)
def test_an_area_is_in_the_rules_scope(scope: tuple[tuple[str, tuple[str, ...]], ...], priority: str | None) -> None:
    (example,), _ = read("- {title: x, expect: clear}", Scope("area", scope))
    assert example.area.priority == priority


@pytest.mark.parametrize(
    ("written", "holds", "not_so"),
    [
        ("2", [(2, 2), (1.5, 1.5), (2.5, 2.5)], [(1.4, 1.4), (1, 3), (2, float("inf"))]),
        ("2,0", [(1.95, 1.95), (2.05, 2.05)], [(2.06, 2.06)]),
        ("1 .. 3", [(1, 3)], [(1, 4), (1, 1)]),
        ("2..", [(2, float("inf"))], [(2, 2), (2, 1e9)]),
        (".. −2", [(float("-inf"), -2)], [(-2, -2)]),
        ("8 093.5", [(8093.5, 8093.5)], [(8093, 8093)]),
    ],
)
def test_a_margin_is_compared_to_the_decimals_written(
    written: str, holds: list[tuple[float, float]], not_so: list[tuple[float, float]]
) -> None:
    status = "unknown" if ".." in written and "2.." != written else "clear" if "−" in written else "flagged"
    status = {"1 .. 3": "flagged", ".. −2": "clear"}.get(written, status)
    ((example,), reader) = read(
        f"- {{title: x, years: 2024, own: 1, expect: {status}, margin: '{written}'}}", Scope("kpi")
    )
    assert not reader.problems
    span = example.expected.margin
    assert isinstance(span, Span)
    assert all(span.holds(*ends) for ends in holds)
    assert not any(span.holds(*ends) for ends in not_so)


# What is wrong, and where

KPI = Scope("kpi")
TARGET = Scope("kpi", (("direction", ("target",)),))
LIST = "- {title: x, expect: clear, "


@pytest.mark.parametrize(
    ("scope", "text", "problems"),
    [
        (KPI, "- x", [("expected-words", 1, 3)]),
        (KPI, "- {years: 2024, own: 1, expect: clear}", [("missing-word", 1, 3)]),
        (KPI, "- {title: x, expect: clear}", [("missing-word", 1, 3), ("missing-word", 1, 3)]),
        (KPI, "- title: x\n  years: 2024\n  own: 1\n  expect: flaged", [("unknown-word", 4, 11)]),
        (KPI, LIST + "years: 2024, own: 1, refrence: 1}", [("unknown-word", 1, 50)]),
        (KPI, LIST + "years: 2024, own: 1, kpi: {categori: ekonomi}}", [("unknown-word", 1, 56)]),
        (KPI, LIST + "years: 2024, own: 1, measures: []}", [("unknown-word", 1, 50)]),
        (KPI, LIST + "years: 24, own: 1}", [("bad-year", 1, 36)]),
        (KPI, LIST + "years: 2024-2022, own: 1}", [("bad-year", 1, 36)]),
        (KPI, LIST + "years: 2024 2023, own: 1 2}", [("years-order", 1, 36)]),
        (KPI, LIST + "years: 2023 2024, own: 1}", [("one-figure-a-year", 1, 52)]),
        (KPI, LIST + "years: 2024, own: 8 093}", [("one-figure-a-year", 1, 47)]),
        (KPI, LIST + "years: 2024, own: 1, reference: 1 2}", [("one-figure-a-year", 1, 61)]),
        (KPI, LIST + "years: 2024, own: ett}", [("bad-number", 1, 47)]),
        (KPI, LIST + "years: 2024, own: 1e5}", [("bad-number", 1, 47)]),
        (KPI, LIST + "years: 2024, own: [[1]]}", [("expected-text", 1, 48)]),
        (KPI, LIST + "years: 2024, own: 1, kpi: {materiality: mycket}}", [("bad-number", 1, 69)]),
        (KPI, LIST + "years: 2024, own: 1, kpi: {volume: -1}}", [("bad-number", 1, 64)]),
        (KPI, LIST + "years: 2024, own: 1, kpi: {decimals: 9}}", [("out-of-range", 1, 56)]),
        (TARGET, LIST + "years: 2024, own: 1}", [("target-missing", 1, 3)]),
        (TARGET, LIST + "years: 2024, own: 1, target: _}", [("target-missing", 1, 3)]),
        (KPI, LIST + "years: 2024, own: 1, as_of: i går}", [("bad-date", 1, 57)]),
        (KPI, LIST + "years: 2024, own: 1, as_of: 2023}", [("date-after-as-of", 1, 36)]),
        (KPI, LIST + "years: 2024, own: 1, text: x}", [("only-when-flagged", 1, 50)]),
        (KPI, LIST + "years: 2024, own: 1, severity: high}", [("only-when-flagged", 1, 50)]),
        (KPI, LIST + "years: 2024, own: 1, money: 5}", [("only-when-flagged", 1, 50)]),
        (KPI, LIST + "years: 2024, own: 1, margin: 2}", [("margin-contradicts", 1, 50)]),
        (KPI, LIST + "years: 2024, own: 1, margin: -1 .. -2}", [("bad-number", 1, 58)]),
        (KPI, LIST + "years: 2024, own: 1, margin: stor}", [("bad-phrase", 1, 58)]),
        (Scope("area"), LIST + "own: 1}", [("unknown-word", 1, 29)]),
        (Scope("area"), LIST + "kpis: {years: 2024}}", [("missing-word", 1, 35)]),
        (Scope("area"), LIST + "kpis: [1]}", [("expected-words", 1, 36)]),
        (
            Scope("area"),
            LIST + "kpis: [{kpi: a, years: 2024, own: 1}, {kpi: a, years: 2024, own: 1}]}",
            [("duplicate-kpi", 1, 29)],
        ),
        (Scope("area"), LIST + "area: {cross_cutting: kanske}}", [("unknown-word", 1, 51)]),
        (Scope("measure"), LIST + "as_of: 2025}", [("missing-word", 1, 3)]),
        (Scope("measure"), LIST + "measure: {status: klar}}", [("unknown-word", 1, 47)]),
        (Scope("measure"), LIST + "measure: {saving: 300-100}}", [("bad-number", 1, 47)]),
        (Scope("measure"), LIST + "measure: {saving_kind: amount}}", [("saving-missing", 1, 39)]),
        (Scope("measure"), LIST + "measure: {saving: 1, saving_kind: unclear}}", [("saving-unexpected", 1, 50)]),
        (Scope("measure"), LIST + "measure: {decided: 2024-01-01}}", [("missing-word", 1, 3)]),
        (Scope("measure"), LIST + "as_of: 2024, measure: {decided: 2025-01-01}}", [("date-after-as-of", 1, 52)]),
        (Scope("signal"), LIST + "measures: []}", [("missing-word", 1, 3)]),
        (Scope("signal"), LIST + "signal: {kind: lag}}", [("unknown-word", 1, 44)]),
        (Scope("signal"), LIST + "signal: {date: 2024-13-01}}", [("bad-date", 1, 44)]),
    ],
)
def test_what_is_wrong_is_told_at_its_place(scope: Scope, text: str, problems: list[tuple[str, int, int]]) -> None:
    examples, reader = read(text, scope)
    assert [(problem.code, problem.place) for problem in reader.problems] == [
        (code, Place("r.yaml", line, column)) for code, line, column in problems
    ]
    assert not examples
    assert all(problem.message.sv and problem.message.en for problem in reader.problems)


def test_all_that_is_wrong_is_told_at_once_and_sound_examples_are_kept() -> None:
    text = """
        - {title: x, years: 2024, own: ett, expect: maybe}
        - {title: y, years: 2024, own: 1, expect: clear}
        - {years: 2024, own: 1}
    """
    examples, reader = read(text, KPI)
    assert [example.title for example in examples] == ["y"]
    assert [problem.code for problem in reader.problems] == ["bad-number", "unknown-word"] + ["missing-word"] * 2


def test_a_malformed_example_stops_the_pack(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as caught:
        book_of(tmp_path, (COST, "- {title: x, years: 2024, own: 1 2, expect: clear}"))
    (problem,) = caught.value.problems
    assert (problem.code, problem.place) == ("one-figure-a-year", Place(str(tmp_path / "prov.yaml"), 17, 38))


# What becomes of them


@pytest.mark.parametrize("subject", list(RULES))
def test_the_pages_examples_are_as_it_says(subject: str, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"## For an? {subject}\n.*?```yaml\n# (when: .*?)\nexamples:\n(.*?)```", page, re.DOTALL)
    assert found
    assert f"    {found[1]}\n" in RULES[subject]
    outcomes = run_examples(book_of(tmp_path, (RULES[subject], found[2]), *([] if subject == "KPI" else [(COST, ANY_COST)])))
    assert [outcome.explanation.sv for outcome in outcomes if outcome.rule in RULES[subject]] == [""] * found[2].count("title: ")
