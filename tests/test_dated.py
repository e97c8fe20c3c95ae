"""Thresholds that change with the years: the one in force in the year that is judged, checked and told as any other."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
import pytest

from genomlys.engine.assess import assess
from genomlys.engine.dataset import bundled_dataset, read_dataset
from genomlys.engine.errors import RuleError
from genomlys.engine.examples import run_examples
from genomlys.engine.explain import explain, render
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
