"""Examples in rules: how they are read, what is wrong with them and where, and that running them tells the truth.

The last part runs every example of the bundled pack.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from textwrap import dedent, indent

import pytest

from genomlys.engine.conditions.scope import Scope
from genomlys.engine.coverage import Coverage, coverage
from genomlys.engine.errors import Place, RuleError
from genomlys.engine.examples import Outcome, run_examples
from genomlys.engine.language.examples import Example, read_examples
from genomlys.engine.language.figures import Figure
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.reader import Reader
from genomlys.engine.language.yamlfile import load_yaml

INF = float("inf")
KPI = Scope("kpi")
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
    text += "".join(rule + indent(dedent(examples), " " * 6) + "\n" for rule, examples in rules)
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


def outcome_of(folder: Path, rule: str, example: str) -> Outcome:
    """What becomes of one example of a rule, beside the rule that it may refer to."""
    beside = [] if rule == COST else [(COST, ANY_COST)]
    *_, outcome = run_examples(book_of(folder, *beside, (rule, example)))
    return outcome


def read(text: str, scope: Scope) -> tuple[tuple[Example, ...], Reader]:
    reader = Reader()
    return read_examples(reader, reader.items(load_yaml(dedent(text), "r.yaml")), scope), reader


def kpi_example(text: str, scope: Scope) -> Example:
    """One KPI example read without problems: the words given, and what else must be there."""
    (example,), reader = read("- title: x\n  expect: clear\n" + indent(dedent(text), "  "), scope)
    assert not reader.problems
    return example


# What is read


def test_a_kpi_is_as_plain_as_can_be_when_nothing_is_said_of_it() -> None:
    example = kpi_example("years: 2023 2024\nown: 1 2", KPI)
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
    (kpi,) = kpi_example(f"kpi: {{category: {category}}}\nyears: 2024\nown: 1", KPI).kpis
    assert (kpi.measure, kpi.direction) == (measure, direction)


def test_facts_and_figures_are_read_the_swedish_way() -> None:
    text = """
        kpi: {title: Kostnad, materiality: "0,5 %", volume: 42 000, breaks: 2019 2022, max_age: 3, decimals: -2}
        years: 2020-2022 2024
        own: 8\u00a0093,5 .. 104* .
        peers.mean: [8 093, "1,5", -2, −2]
    """
    (kpi,) = kpi_example(text, KPI).kpis
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
    assert (plain.area.name, plain.area.priority, plain.as_of) == (
        "Skolan",
        "prioriterad inriktning",
        date(2025, 12, 31),
    )
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
    ("written", "status", "holds", "not_so"),
    [
        ("2", "flagged", [(2, 2), (1.5, 1.5), (2.5, 2.5)], [(1.4, 1.4), (1, 3), (2, INF)]),
        ("2,0", "flagged", [(1.95, 1.95), (2.05, 2.05)], [(2.06, 2.06)]),
        ("1 .. 3", "flagged", [(1, 3)], [(1, 4), (1, 1)]),
        ("2..", "flagged", [(2, INF)], [(2, 2), (2, 1e9)]),
        (".. −2", "clear", [(-INF, -2)], [(-2, -2)]),
        ("..", "unknown", [(-INF, INF)], [(-2, INF)]),
        ("8 093.5", "flagged", [(8093.5, 8093.5)], [(8093, 8093)]),
    ],
)
def test_a_margin_is_compared_to_the_decimals_written(
    written: str, status: str, holds: list[tuple[float, float]], not_so: list[tuple[float, float]]
) -> None:
    text = f"- {{title: x, years: 2024, own: 1, expect: {status}, margin: '{written}'}}"
    (example,), reader = read(text, Scope("kpi"))
    span = example.expected.margin
    assert not reader.problems and span
    assert all(span.holds(*ends) for ends in holds)
    assert not any(span.holds(*ends) for ends in not_so)


# What is wrong, and where

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
def test_the_pages_examples_hold(subject: str, tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"## For an? {subject}\n.*?```yaml\n# (when: .*?)\nexamples:\n(.*?)```", page, re.DOTALL)
    assert found and f"    {found[1]}\n" in RULES[subject]
    beside = [] if subject == "KPI" else [(COST, ANY_COST)]
    outcomes = run_examples(book_of(tmp_path, *beside, (RULES[subject], found[2])))[len(beside) :]
    assert [outcome.explanation.sv for outcome in outcomes] == [""] * found[2].count("- title: ")


@pytest.mark.parametrize(
    ("rule", "example", "status"),
    [
        (COST, "years: 2022-2024, own: 101 104 106, reference: 100 100 100", "flagged"),
        (COST, "years: 2022-2024, own: 101 102 106, reference: 100 100 100", "clear"),
        (COST, "years: 2022-2024, own: 101 _ 106, reference: 100 100 100", "unknown"),
        (COST, "years: 2022-2024, own: 101 104 106, reference: 100 100 _", "flagged"),  # 2023's stands in for 2024's
        (COST, "years: 2022-2024, own: 101 104 106, reference: _ _ _", "unknown"),
        (COST, "years: 2022-2024, own: 101 104 106", "not_applicable"),
        (COST, "kpi: {category: kvalitet}, years: 2024, own: 1, reference: 1", "not_applicable"),
        (COST, "years: 2022-2024, own: 101 104 .., reference: 100 100 100", "unknown"),
        (COST, "years: 2022-2024, own: 101 104 106, reference: 100 100 100, as_of: 2027", "unknown"),
        (COST, "kpi: {max_age: 3}, years: 2022-2024, own: 3 3 3, reference: 1 1 1, as_of: 2027", "flagged"),
        (AREA, "kpis: {years: 2022-2024, own: 101 104 106, reference: 100 100 100}", "flagged"),
        (AREA, "kpis: {years: 2022-2024, own: 101 104 106, reference: 100 100 100}, measures: {}", "clear"),
        (AREA, "kpis: {years: 2022-2024, own: _ 104 106, reference: 100 _ 100}", "unknown"),
        (AREA, "", "not_applicable"),
        (AREA, "area: {priority: no}, kpis: {years: 2022-2024, own: 3 3 3, reference: 1 1 1}", "not_applicable"),
        (MEASURE, "measure: {status: not_started, decided: 2023-01-01}, as_of: 2025", "flagged"),
        (MEASURE, "measure: {status: ongoing}, measures: [{status: not_started}]", "clear"),
        (MEASURE, "measure: {status: not_started}", "unknown"),
        (SIGNAL, "signal: {}", "flagged"),
        (SIGNAL, "signal: {}, measures: {}", "clear"),
        (SIGNAL, "signal: {kind: policy}", "not_applicable"),
    ],
)
def test_an_example_is_judged_as_a_data_set_is(rule: str, example: str, status: str, tmp_path: Path) -> None:
    words = "".join(f"  {line}\n" for line in re.split(r", (?=\w+(?:\.\w+)?:)(?![^{]*\})", example) if line)
    outcome = outcome_of(tmp_path, rule, f"- title: x\n  expect: {status}\n{words}")
    assert (outcome.actual, outcome.explanation.sv) == (status, "")
    assert outcome.passed


FLAGGED = "- {title: x, years: 2022-2024, own: 101 104 106, reference: 100 100 100, "
UNKNOWN = "- {title: x, years: 2022-2024, own: 101 _ 106, reference: 100 100 100, "
AS_IT_IS = "Nyckeltalet låg 6 kr/inv över referenskostnaden 2024."


@pytest.mark.parametrize(
    ("example", "differs"),
    [
        (FLAGGED + "expect: clear}", "väntat clear, men det blev flagged med marginalen 2."),
        (FLAGGED + "expect: not_applicable}", "väntat not_applicable, men det blev flagged med marginalen 2."),
        (UNKNOWN + "expect: clear}", "väntat clear, men det blev unknown för att det saknas: own 2023."),
        (
            "- {title: x, years: 2024, own: 1, expect: unknown}",
            "väntat unknown, men det blev not_applicable: utanför for_each.",
        ),
        (FLAGGED + "expect: flagged, margin: 2}", ""),
        (FLAGGED + "expect: flagged, margin: 3}", "marginalen blev 2, inte 3."),
        (UNKNOWN + "expect: unknown, margin: -1 .. 4}", ""),
        (UNKNOWN + "expect: unknown, margin: -1 ..}", "marginalen blev -1 .. 4, inte -1 ..."),
        (FLAGGED + "expect: flagged, severity: medium}", ""),
        (FLAGGED + "expect: flagged, severity: low}", "allvarsgraden blev medium, inte low."),
        (FLAGGED + "kpi: {volume: 5000}, expect: flagged, money: 30}", ""),
        (FLAGGED + "kpi: {volume: 5000}, expect: flagged, money: 31}", "beloppet blev 30, inte 31."),
        (FLAGGED + "expect: flagged, money: 30}", "beloppet blev okänt, inte 30."),
        (FLAGGED + f"expect: flagged, text: {AS_IT_IS}}}", ""),
        (FLAGGED + f"expect: flagged, text: {AS_IT_IS}}}".replace("6 kr", "6\u00a0kr"), ""),
        (
            FLAGGED + f"expect: flagged, text: {AS_IT_IS[:-1]}}}",
            f'texten blev "{AS_IT_IS}", inte "{AS_IT_IS[:-1]}"; de skiljer sig från tecken {len(AS_IT_IS)}.',
        ),
        (
            FLAGGED + "expect: flagged, text: Nyckeltalet låg 7 kr/inv över referenskostnaden 2024.}",
            f'texten blev "{AS_IT_IS}", inte "{AS_IT_IS.replace("6", "7")}"; de skiljer sig från tecken 17.',
        ),
    ],
)
def test_what_differs_is_told(example: str, differs: str, tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, COST, example)
    assert outcome.explanation.sv == differs
    assert outcome.passed == (not differs) == (not outcome.explanation.en)


def test_of_several_conditions_each_answer_is_told(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, SIGNAL, "- {title: x, signal: {}, measures: {}, expect: flagged}")
    assert outcome.explanation.sv == (
        "väntat flagged, men det blev clear med marginalen -0.5: 'omständigheten (lag)' gäller, "
        "'området har en åtgärd (läge: pågår eller inte påbörjad)' gäller."
    )


def test_a_condition_that_has_no_meaning_is_named(tmp_path: Path) -> None:
    rule = COST.replace("is: above", "is: worse").replace("cost-above", "cost-worse-than")
    example = "- {title: x, kpi: {direction: neutral}, years: 2024, own: 1, reference: 1, expect: clear}"
    assert outcome_of(tmp_path, rule, example).explanation.sv == (
        "väntat clear, men det blev not_applicable: utanför for_each, eller så saknar "
        "'sämre än referenskostnaden med mer än 2 %, 2 av 3 år' mening här."
    )


def test_a_text_may_be_given_in_both_languages(tmp_path: Path) -> None:
    text = f'text: {{sv: "{AS_IT_IS}", en: "Nyckeltalet was SEK 6 above in 2024."}}}}'
    outcome = outcome_of(tmp_path, COST, FLAGGED + "expect: flagged, " + text)
    assert outcome.text is not None and outcome.text.replace("\u00a0", " ") == AS_IT_IS
    assert 'inte "Nyckeltalet was SEK 6 above in 2024."' in outcome.explanation.sv
    assert AS_IT_IS not in outcome.explanation.sv


def test_an_outcome_says_which_example_it_is_of(tmp_path: Path) -> None:
    outcome = outcome_of(tmp_path, COST, FLAGGED + "expect: flagged}")
    assert (outcome.rule, outcome.title, outcome.expected) == ("cost-above-reference", "x", "flagged")
    assert outcome.place == Place(str(tmp_path / "prov.yaml"), 17, 9)
    assert (outcome.lo, outcome.hi) == (2, 2)


def test_figures_that_no_data_set_may_have_fail_their_own_example_only(tmp_path: Path) -> None:
    impossible = "kpi: {title: Andel, measure: '%'}, years: 2022-2024, own: 101 104 106, reference: 1 1 1, "
    examples = f"{FLAGGED}expect: flagged}}\n- {{title: y, {impossible}expect: flagged}}"
    sound, broken = run_examples(book_of(tmp_path, (COST, examples)))
    assert sound.passed and not broken.passed
    assert (broken.actual, broken.lo, broken.text) == (None, None, None)
    assert "andel" in broken.explanation.sv and "share" in broken.explanation.en


def test_two_examples_of_one_day_may_use_the_same_names(tmp_path: Path) -> None:
    examples = f"""
        {FLAGGED}kpi: {{kpi: a, area: b}}, expect: flagged}}
        {UNKNOWN}kpi: {{kpi: a, area: b}}, expect: unknown}}
    """
    assert [outcome.actual for outcome in run_examples(book_of(tmp_path, (COST, examples)))] == ["flagged", "unknown"]


# The rules that come with Genomlys


@cache
def bundled() -> RuleBook:
    return load_rules("kommun")


@cache
def outcomes() -> dict[Place, Outcome]:
    return {outcome.place: outcome for outcome in run_examples(bundled())}


def rules_of(book: RuleBook) -> list[Rule]:
    return [rule for pack in book.packs for rule in pack.rules]


def every_example() -> list[object]:
    named = [(rule, example) for rule in rules_of(bundled()) for example in rule.examples]
    return [pytest.param(example, id=f"{rule.id}: {example.title}") for rule, example in named]


@pytest.mark.parametrize("example", every_example())
def test_every_example_of_the_bundled_rules_holds(example: Example) -> None:
    outcome = outcomes()[example.place]
    assert outcome.passed, f"{outcome.place.say()}: {outcome.explanation.sv}"


@cache
def covered() -> Coverage:
    return coverage(bundled(), list(outcomes().values()))


def test_the_bundled_examples_exercise_every_condition_and_every_outcome() -> None:
    told = [f"{gap.place.say()}: {gap.rule}: {gap.says.sv}" for gap in covered().gaps]
    assert not told, "\n".join(told)
    assert covered().possible > 250


def test_what_becomes_of_an_example_does_not_depend_on_its_company() -> None:
    for part in range(2):
        packs = [
            replace(pack, rules=tuple(replace(rule, examples=rule.examples[part::2]) for rule in pack.rules))
            for pack in bundled().packs
        ]
        by_id = {rule.id: rule for pack in packs for rule in pack.rules}
        half = RuleBook(tuple(packs), tuple(by_id[rule.id] for rule in bundled().rules), ())
        assert all(outcome == outcomes()[outcome.place] for outcome in run_examples(half))
