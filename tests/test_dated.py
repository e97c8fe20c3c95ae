"""Thresholds that change with the years: the one in force in the year that is judged, checked and told as any other."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_schema import refused

from genomlys.engine.assess import assess
from genomlys.engine.dataset import bundled_dataset, read_dataset
from genomlys.engine.errors import Lang, RuleError
from genomlys.engine.examples import run_examples
from genomlys.engine.explain import explain, render
from genomlys.engine.language.lint import lint
from genomlys.engine.language.locking import lock_file, lock_problems, lock_text
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.report.rulepages import FORMATS, pages
from genomlys.engine.writing import NBSP

DATA = read_dataset(bundled_dataset())
RULE = """\
genomlys: 1
pack: prov
version: 1
title: Prov
{more}rules:
  - id: rises
    title: Stiger
    goal: detail
    for_each: {{kpi: {{measure: mnkr}}}}
    when: {when}
    severity: low
    because: "{{kpi}} har stigit."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples: {examples}
"""
LANGS: tuple[Lang, Lang] = ("sv", "en")
SOURCE = "KF 2023-12-14 § 120"


def book(when: str, examples: str = "[]", more: str = "") -> RuleBook:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "prov.yaml"
        file.write_text(RULE.format(when=when, examples=examples, more=more), encoding="utf-8")
        return load_rules(file)


def above(by: str) -> str:
    return f"{{is: above, than: own 1 year ago, by: {by}}}"


DATED = above(f"{{2024: 2 %, 2025: 9 %, source: {SOURCE}}}")


@pytest.mark.parametrize(("as_of", "by"), [(2023, "2 %"), (2024, "2 %"), (2025, "9 %"), (2030, "9 %")])
def test_it_judges_as_the_rule_written_with_the_value_in_force(as_of: int, by: str) -> None:
    dated, plain = (assess(DATA, book(when), as_of=as_of).verdicts.drop("pack") for when in (DATED, above(by)))
    assert dated.equals(plain)
    if as_of == 2024:
        other = assess(DATA, book(above("9 %")), as_of=as_of).verdicts.drop("pack")
        assert not dated.equals(other)


def test_several_may_change_in_different_years_and_be_of_any_kind() -> None:
    when = (
        "{all: [{is: rising, for: {2020: 2 years, 2024: 3 years, source: A}}, "
        "{not: {is: above, than: {2022: 60 mnkr, 2025: 70 mnkr, source: B}}}]}"
    )
    for year, years, than in ((2021, 2, 60), (2023, 2, 60), (2024, 3, 60), (2025, 3, 70)):
        plain = f"{{all: [{{is: rising, for: {years} years}}, {{not: {{is: above, than: {than} mnkr}}}}]}}"
        found, wanted = (assess(DATA, book(one), as_of=year).verdicts.drop("pack") for one in (when, plain))
        assert found.equals(wanted), year


def test_explain_tells_the_years_and_the_source() -> None:
    found = explain(DATA, book(DATED), verdict="rises")
    assert found[0].document.dated == (f"tröskeln 2{NBSP}% från 2024, 9{NBSP}% från 2025 ({SOURCE})",)
    assert f"  Över tid: tröskeln 2{NBSP}% från 2024, 9{NBSP}% från 2025 ({SOURCE})\n" in render(found[:1])
    assert "med mer än 9 %" in found[0].tree.words
    assert explain(DATA, book(DATED), verdict="rises", lang="en")[0].document.dated == (
        f"the threshold 2{NBSP}% from 2024, 9{NBSP}% from 2025 ({SOURCE})",
    )


def test_an_example_is_judged_by_what_was_in_force_on_its_day() -> None:
    case = "{{title: {0}, kpi: {{{{measure: mnkr}}}}, years: {1}, own: 100 105, expect: {2}}}"
    examples = f"[{case.format('Då', '2023 2024', 'flagged')}, {case.format('Nu', '2024 2025', 'clear')}]"
    outcomes = run_examples(book(DATED, examples.replace("{{", "{").replace("}}", "}")))
    assert [outcome.actual for outcome in outcomes] == ["flagged", "clear"]


def test_another_pack_may_change_it(tmp_path: Path) -> None:
    (tmp_path / "grund.yaml").write_text(
        RULE.format(when=DATED, examples="[]", more="").replace("pack: prov", "pack: grund"), encoding="utf-8"
    )
    mine = tmp_path / "lokal.yaml"
    head = "genomlys: 1\npack: lokal\nversion: 1\ntitle: Lokal\nuse: [grund@1]\noverride:\n"
    changed = "{2024: 2 %, 2025: 30 %, source: KS}"
    mine.write_text(f"{head}  - {{rule: rises, by: {changed}, reason: Prov.}}\n", encoding="utf-8")
    found = load_rules(mine)
    assert found.overrides[0].changes[0].after == "2 % from 2024, 30 % from 2025 (KS)"
    told = assess(DATA, found, as_of=2025).verdicts
    assert told.drop("pack").equals(assess(DATA, book(above("30 %")), as_of=2025).verdicts.drop("pack"))
    assert told["pack"].str.contains("lokal@1").all() and not told.filter(pl.col("status") == "clear").is_empty()
    same = f"{{2024: 2 %, 2025: 9 %, source: {SOURCE}}}"
    mine.write_text(f"{head}  - {{rule: rises, by: {same}, reason: Prov.}}\n", encoding="utf-8")
    with pytest.raises(RuleError, match="override-nothing"):
        load_rules(mine)


@pytest.mark.parametrize(
    ("by", "codes"),
    [
        ("{2024: 2 %}", ["missing-word"]),
        ("{source: A}", ["missing-word"]),
        ("{2024: 2 %, 20255: 3 %, source: A}", ["bad-phrase"]),
        ("{2024: 2 %, nu: 3 %, source: A}", ["bad-phrase"]),
        ("{2024: 2 %, 2025: 300 %, source: A}", ["by-over-100"]),
        ("{2024: 2 %, 2025: , source: A}", ["expected-text"]),
    ],
)
def test_what_is_wrong_is_told_once(by: str, codes: list[str]) -> None:
    with pytest.raises(RuleError) as caught:
        book(above(by))
    assert [problem.code for problem in caught.value.problems] == codes


LEVELS = f"""severity:
      low: 1 %
      high: {{2024: 10 %, 2026: 40 %, source: {SOURCE}}}"""


@pytest.mark.parametrize(("as_of", "level"), [(2025, "high"), (2026, "low")])
def test_a_level_of_severity_is_the_one_in_force(as_of: int, level: str, tmp_path: Path) -> None:
    example = f"{{title: Ett, years: {as_of - 1} {as_of}, own: 100 120, expect: flagged, severity: {level}}}"
    text = RULE.format(when=above("1 %"), examples=f"[{example}]", more="").replace("severity: low", LEVELS, 1)
    file = tmp_path / "prov.yaml"
    file.write_text(text, encoding="utf-8")
    found = load_rules(file)
    (outcome,) = run_examples(found)
    assert outcome.state == "passed", outcome.explanation
    (limits,) = [page for page in pages(found, "sv") if page.name == "rises"]
    said = FORMATS["md"](limits, "sv")
    assert "Gränsen för hög allvarsgrad" in said and SOURCE in said


def test_a_level_given_by_year_says_where_that_is_decided(tmp_path: Path) -> None:
    file = tmp_path / "prov.yaml"
    text = RULE.format(when=above("1 %"), examples="[]", more="")
    file.write_text(text.replace("severity: low", "severity: {high: {2024: 10 %}}"), encoding="utf-8")
    with pytest.raises(RuleError, match="'source' is missing"):
        load_rules(file)


# Moves: as rules


MOVE = """\
  - id: {id}
    when: {when}
    title: Se över
    description: Gör en översyn.
    gain: Lägre kostnad.
    horizon: short
"""
YEARS = range(2022, 2027)
# A condition with a threshold, its values, and how one is written.
CONDITIONS = {
    "{{kpis: rises, at_least: {}}}": ("1", "2", "3", "40 %", "90 %"),
    "{{not: {{kpis: rises, at_most: {}}}}}": ("0", "1", "2", "25 %"),
    "{{any: [{{any_measure: {{status: ongoing, older_than: {}}}}}, {{kpis: rises, at_least: 3}}]}}": (
        "0 months",
        "10 months",
        "20 months",
        "200 months",
    ),
    "{{at_least: {}, of: [{{any_kpi: rises}}, {{any_measure: {{status: [ongoing, done]}}}}]}}": ("1", "2"),
}


def with_moves(*moves: str) -> str:
    told = "".join(MOVE.format(id=f"move-{at}", when=when) for at, when in enumerate(moves))
    return RULE.format(when=above("2 %"), examples="[]", more="") + "moves:\n" + told


def written(file: Path, text: str) -> RuleBook:
    file.write_text(text, encoding="utf-8")
    return load_rules(file)


def proposed(book: RuleBook, as_of: int) -> pl.DataFrame:
    return assess(DATA, book, as_of=as_of).candidates


def by_year(values: Mapping[int, str], source: str = SOURCE) -> str:
    return f"{{{', '.join(f'{year}: {value}' for year, value in values.items())}, source: {source}}}"


@st.composite
def dated_moves(draw: st.DrawFn) -> list[tuple[str, dict[int, str]]]:
    told = draw(st.lists(st.sampled_from(sorted(CONDITIONS)), min_size=1, max_size=3))
    return [
        (when, draw(st.dictionaries(st.sampled_from(YEARS), st.sampled_from(CONDITIONS[when]), min_size=1)))
        for when in told
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(dated_moves(), st.sampled_from(range(2021, 2028)))
def test_a_move_is_the_one_written_with_the_value_in_force(
    tmp_path: Path, moves: list[tuple[str, dict[int, str]]], as_of: int
) -> None:
    then = [values[max((year for year in values if year <= as_of), default=min(values))] for _, values in moves]
    dated = [when.format(by_year(values)) for when, values in moves]
    plain = [when.format(value) for (when, _), value in zip(moves, then, strict=True)]
    found, wanted = (written(tmp_path / "prov.yaml", with_moves(*each)) for each in (dated, plain))
    assert proposed(found, as_of).equals(proposed(wanted, as_of))


def test_the_value_in_force_decides_what_is_proposed(tmp_path: Path) -> None:
    for when, early, late in (
        ("{{kpis: rises, at_least: {}}}", "1", "100"),
        ("{{any_measure: {{status: ongoing, older_than: {}}}}}", "0 months", "200 months"),
    ):
        book = written(tmp_path / "prov.yaml", with_moves(when.format(by_year({2024: early, 2025: late}))))
        before, after = (proposed(book, year).height for year in (2024, 2025))
        plain = written(tmp_path / "prov.yaml", with_moves(when.format(early)))
        assert 0 < before == proposed(plain, 2024).height and after < proposed(plain, 2025).height


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ("{2024: 2}", ["missing-word"]),
        ("{source: A}", ["missing-word"]),
        ("{2024: 2, nu: 3, source: A}", ["bad-phrase"]),
        ("{2024: 2, 2025: 300 %, source: A}", ["never-fires"]),
        ("{2024: 2, 2025: , source: A}", ["expected-text"]),
    ],
)
def test_what_is_wrong_in_a_move_is_told_once(tmp_path: Path, values: str, codes: list[str]) -> None:
    """Also where another pack changes that move, which is there all the same."""
    (tmp_path / "grund.yaml").write_text(
        with_moves(f"{{kpis: rises, at_least: {values}}}").replace("pack: prov", "pack: grund"), encoding="utf-8"
    )
    mine = "genomlys: 1\npack: lokal\nversion: 1\ntitle: Lokal\nuse: [grund@1]\noverride:\n"
    for changed in ("at_least: 2", "off: yes"):
        with pytest.raises(RuleError) as caught:
            written(tmp_path / "lokal.yaml", f"{mine}  - {{move: move-0, {changed}, reason: Prov.}}\n")
        assert [problem.code for problem in caught.value.problems] == codes


def test_another_pack_may_change_a_move_of_years(tmp_path: Path) -> None:
    dated = with_moves(f"{{kpis: rises, at_least: {by_year({2024: '2', 2025: '1'})}}}")
    (tmp_path / "grund.yaml").write_text(dated.replace("pack: prov", "pack: grund"), encoding="utf-8")
    mine = "genomlys: 1\npack: lokal\nversion: 1\ntitle: Lokal\nuse: [grund@1]\noverride:\n"

    def change(values: dict[int, str]) -> RuleBook:
        told = f"{mine}  - {{move: move-0, at_least: {by_year(values)}, reason: Prov.}}\n"
        return written(tmp_path / "lokal.yaml", told)

    book = change({2024: "100", 2025: "1"})  # only what was in force before the last year differs
    (told,) = book.overrides[0].changes
    assert told.before == f"2 from 2024, 1 from 2025 ({SOURCE})"
    assert book.moves[0].override == book.in_force(2024).moves[0].override == book.overrides[0]
    plain = written(tmp_path / "prov.yaml", with_moves("{kpis: rises, at_least: 1}"))
    assert not proposed(plain, 2024).is_empty()
    assert proposed(book, 2024).is_empty() and proposed(book, 2025).equals(proposed(plain, 2025))
    with pytest.raises(RuleError, match="override-nothing"):
        change({2024: "2", 2025: "1"})


def test_a_level_of_severity_that_was_in_force_before_may_be_changed(tmp_path: Path) -> None:
    text = RULE.format(when=above("1 %"), examples="[]", more="").replace("severity: low", LEVELS)
    (tmp_path / "grund.yaml").write_text(text.replace("pack: prov", "pack: grund"), encoding="utf-8")
    mine = "genomlys: 1\npack: lokal\nversion: 1\ntitle: Lokal\nuse: [grund@1]\noverride:\n"
    levels = f"{{low: 1 %, high: {by_year({2024: '20 %', 2026: '40 %'})}}}"
    book = written(tmp_path / "lokal.yaml", f"{mine}  - {{rule: rises, severity: {levels}, reason: Prov.}}\n")
    assert [each.severity.from_gap for each in book.rules[0].versions] == [
        (("low", 0.01), ("high", 0.2)),
        (("low", 0.01), ("high", 0.4)),
    ]


def test_a_changed_value_of_a_move_needs_a_new_version(tmp_path: Path) -> None:
    file = tmp_path / "prov.yaml"
    text = with_moves(f"{{kpis: rises, at_least: {by_year({2024: '1', 2025: '2'})}}}")
    book = written(file, text)
    lock_file(book.packs[0]).write_text(lock_text(book.packs[0], book), encoding="utf-8")
    assert not list(lock_problems(book.packs[0], book))
    book = written(file, text.replace("2024: 1", "2024: 3"))
    (problem,) = lock_problems(book.packs[0], book)
    assert problem.code == "changed-without-version" and "move.move-0" in problem.message.sv
    assert problem.place == book.moves[0].place


def test_a_move_is_never_proposed_if_that_is_so_in_every_year(tmp_path: Path) -> None:
    def told(first: dict[int, str], second: dict[int, str]) -> list[str]:
        moves = [f"{{kpis: rises, at_least: {by_year(each)}}}" for each in (first, second)]
        return [problem.code for problem in lint(written(tmp_path / "prov.yaml", with_moves(*moves)))]

    assert told({2024: "2", 2026: "3"}, {2025: "3"}) == ["no-examples", "never-proposed"]
    assert told({2024: "4", 2026: "3"}, {2025: "3"}) == ["no-examples"]
    assert told({2024: "2", 2026: "4"}, {2025: "3"}) == ["no-examples"]
    assert told({2024: "2"}, {2025: "1", 2026: "3"}) == ["no-examples"]


def test_the_page_of_moves_tells_the_years_and_the_source(tmp_path: Path) -> None:
    source = "{sv: KF § 120, en: Council § 120}"
    when = f"{{kpis: rises, at_least: {by_year({2024: '2', 2026: '3'}, source)}}}"
    book = written(tmp_path / "prov.yaml", with_moves(when))
    swedish, english = (FORMATS["md"](pages(book, lang)[0], lang) for lang in LANGS)
    assert "| Minsta antal | 2 | 2024 | KF § 120 |\n| Minsta antal | 3 | 2026 | KF § 120 |\n" in swedish
    assert "| The least number | 2 | 2024 | Council § 120 |\n" in english
    assert "Minst 3 nyckeltal" in swedish


def test_an_editor_takes_years_in_moves_and_beside_of() -> None:
    for when, values in CONDITIONS.items():
        text = with_moves(when.format(by_year({2024: values[0], 2026: values[1]})))
        assert refused("pack", text) == []
        assert refused("pack", text.replace(f", source: {SOURCE}", "")) != []
