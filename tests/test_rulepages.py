"""Rules as documents: what their pages hold, and that a rule's texts are text in every format."""

from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from genomlys.cli import main
from genomlys.engine.errors import Lang
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.report.rulepages import FORMATS, Page, pages, together

HOSTILE = """\
genomlys: 1
pack: prov
version: 1
title: "<script>alert(1)</script> | *fet*"
rules:
  - id: dear
    title: "Dyrt & \\"fel\\" <b>"
    goal: cost
    for_each: {kpi: {measure: "<kr>"}}
    when: {any: [{is: above, than: reference}, {not: {is: missing, because: "<i>Saknas</i>"}}]}
    severity: low
    because: "{kpi} är <u>dyr</u>."
    why: "# Inte en rubrik"
    limits: "- inte en lista\\n\\n<img src=x>"
    source: "[länk](http://x)"
    examples:
      - {title: "<td>Lika", kpi: {name: "a|b"}, years: 2023-2024, own: 1* _, reference: .. 1, expect: unknown}
"""


@cache
def bundled() -> RuleBook:
    return load_rules("kommun")


def sections(page: Page, lang: Lang) -> list[str]:
    text = FORMATS["md"](page, lang)
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


@pytest.mark.parametrize(
    ("lang", "wanted"),
    [
        ("sv", ["Syfte", "Villkor", "Gränser och källa", "Motivering", "När regeln vilseleder", "Exempel", "Historik"]),
        (
            "en",
            [
                "Purpose",
                "Condition",
                "Limits and source",
                "Justification",
                "When the rule misleads",
                "Examples",
                "History",
            ],
        ),
    ],
)
def test_every_bundled_rule_has_a_page_of_one_form(lang: Lang, wanted: list[str]) -> None:
    index, *found = pages(bundled(), lang)
    rules = [rule for pack in bundled().packs for rule in pack.rules]
    assert [page.name for page in found] == [rule.id for rule in rules]
    assert {tuple(sections(page, lang)) for page in found} == {tuple(wanted)}
    text = FORMATS["md"](index, lang)
    assert all(f"]({rule.id}.md)" in text for rule in rules)
    html = FORMATS["html"](index, lang)
    assert all(f'href="{rule.id}.html"' in html for rule in rules)


def page_of(rule: str, lang: Lang = "sv") -> str:
    found = next(page for page in pages(bundled(), lang) if page.name == rule)
    return FORMATS["md"](found, lang)


def test_a_page_says_what_the_rule_does() -> None:
    text = page_of("cost-above-reference")
    for said in (
        "- **Gäller:** Nyckeltal som jämförs med referenskostnaden, som är kostnader att hålla nere\n",
        "- Över referenskostnaden med mer än 2 %\n",
        "| medelhög | 5 % |\n",
        "| Kostnaden för förskolan, kr/inv | 2024 |\n| --- | ---: |\n| Eget värde | 106 |\n",
        "- **Utfall:** Flaggas, allvarsgrad medelhög\n- **Marginal:** 4\n- **Text:** Kostnaden för förskolan ligger",
        "| Eget värde | saknas |\n",
    ):
        assert said in text.replace("\u00a0", " "), said


def test_a_condition_is_an_outline_in_words() -> None:
    assert (
        "- Allt detta\n"
        "  - Sämre än liknande kommuner med mer än väsentlighetsgränsen\n"
        "  - Inte: sämre än kommungenomsnittet med mer än väsentlighetsgränsen\n"
    ) in page_of("worse-than-peers-alone")
    assert "    - Minst 1 nyckeltal flaggas av ”Kostnad över referenskostnaden”\n" in page_of("measure-without-effect")
    assert "flagged by “Cost above the reference cost”\n" in page_of("measure-without-effect", "en")


def test_thresholds_of_years_are_told_with_their_source(tmp_path: Path) -> None:
    path = tmp_path / "prov.yaml"
    dated = "{is: above, than: reference, by: {2024: 2 %, 2026: 3 %, source: KF § 120}}"
    text = HOSTILE.replace(
        '{any: [{is: above, than: reference}, {not: {is: missing, because: "<i>Saknas</i>"}}]}', dated
    )
    path.write_text(text, encoding="utf-8")
    page = FORMATS["md"](pages(load_rules(path), "sv")[1], "sv")
    page = page.replace("\u00a0", " ")
    assert "| Tröskeln | 2 % | 2024 | KF § 120 |\n| Tröskeln | 3 % | 2026 | KF § 120 |\n" in page


def test_a_change_and_its_reason_are_history(tmp_path: Path) -> None:
    own = tmp_path / "egna.yaml"
    own.write_text(
        "genomlys: 1\npack: egna\nversion: 1\ntitle: Egna\nuse: [kommun@2026.1]\noverride:\n"
        "  - {rule: cost-above-reference, by: 3 %, reason: Osäkert., decided: 2026-03-01}\n",
        encoding="utf-8",
    )
    found = pages(load_rules(own), "sv")
    page = next(page for page in found if page.name == "cost-above-reference")
    text = FORMATS["md"](page, "sv")
    assert "Över referenskostnaden med mer än 3 %" in text
    assert "Tröskeln har ändrats från 2\u00a0% till 3\u00a0%" in text
    assert "(2026-03-01). Skäl: Osäkert." in text and "Osäkert." in FORMATS["md"](found[0], "sv")


class Balanced(HTMLParser):
    """Fails on a tag that is not closed, or closed where it was not opened."""

    VOID = ("meta", "!doctype")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Balanced:
    found = Balanced()
    found.feed(html)
    found.close()
    assert found.open == []
    return found


@pytest.mark.parametrize("lang", ["sv", "en"])
def test_html_pages_are_whole(lang: Lang) -> None:
    for page in (*pages(bundled(), lang), together(pages(bundled(), lang))):
        html = FORMATS["html"](page, lang)
        found = parsed(html)
        assert html.startswith("<!doctype html>") and f'<html lang="{lang}">' in html
        assert page.title in found.text and not {"script", "img", "link"} & found.seen


def test_texts_of_a_rule_are_never_markup(tmp_path: Path) -> None:
    path = tmp_path / "prov.yaml"
    path.write_text(HOSTILE, encoding="utf-8")
    for page in pages(load_rules(path), "sv"):
        found = parsed(FORMATS["html"](page, "sv"))
        assert not {"script", "b", "i", "u", "img"} & found.seen
        text = FORMATS["md"](page, "sv")
        assert not re.search(r"(?<!\\)<|^# Inte|^- inte|(?<!\\)\]\(http", text, re.MULTILINE), text
        assert all(line.count(" | ") == 2 for line in text.splitlines() if line.startswith("| Eget"))
    assert "1 (preliminärt)" in text and "sekretess" in text and "A\\|b, \\<kr\\>" in text


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_docs_writes_a_file_a_rule_and_one_that_leads_to_them(tmp_path: Path) -> None:
    done = run("rules", "docs", "--out", tmp_path / "sidor", "--format", "html")
    assert done.exit_code == 0
    names = {path.name for path in (tmp_path / "sidor").iterdir()}
    assert names == {"index.html", *(f"{rule.id}.html" for pack in bundled().packs for rule in pack.rules)}
    for path in (tmp_path / "sidor").iterdir():
        links = re.findall(r'href="([^"]+)"', path.read_text(encoding="utf-8"))
        assert set(links) <= names


def test_docs_without_a_folder_and_list_go_to_the_terminal() -> None:
    done = run("rules", "docs", "--lang", "en")
    assert done.exit_code == 0 and done.output.count("\n## Purpose\n") == len(bundled().rules)
    assert "](" not in done.output
    listed = run("rules", "list")
    assert listed.exit_code == 0 and all(rule.id in listed.output for rule in bundled().rules)
    assert run("rules", "list", "komun").exit_code == 1


BESIDE_OTHERS = """\
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: far
    title: Långt ifrån
    goal: detail
    for_each: {kpi: {}}
    when: {any: [{rank: worst, among: peers, places: 1}, {outlier: worse, among: nation, beyond: 3.5}]}
    severity: low
    because: "{kpi} är {value}."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
      - title: Långt
        kpi: {category: kvalitet, measure: "%", direction: lower, materiality: 3 %, denominator: 400, breaks: 2019 2021}
        years: 2024
        own: 9
        peers: 1 2 _ 2
        nation: 50x1 90x2 60x3
        expect: flagged
      - {title: Som vanligt, years: 2024, own: 9, peers: 1 2 3, expect: unknown}
"""


def test_a_page_shows_all_that_its_examples_stand_on(tmp_path: Path) -> None:
    path = tmp_path / "prov.yaml"
    path.write_text(BESIDE_OTHERS, encoding="utf-8")
    found = FORMATS["md"](pages(load_rules(path), "sv")[1], "sv").replace("\u00a0", " ")
    first, second = found.split("### Som vanligt")
    for said in (
        "- **Liknande kommuner var för sig 2024:** 1; 2; saknas; 2\n",
        "- **Andra kommuner 2024:** 50 med värdet 1; 90 med värdet 2; 60 med värdet 3\n",
        "- **Riktning:** lägre är bättre\n",
        "- **Väsentlighetsgräns:** 3 %\n",
        "- **Räknas på:** 400\n",
        "- **Ändrad definition:** 2019, 2021\n",
    ):
        assert said in first, said
        name = said[: said.index("**", 4)]
        assert (name in second) == name.startswith("- **Liknande"), said
