"""Packs that use others: what they change is in force and told, and what they use stays as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import polars as pl
import pytest
from click.testing import CliRunner

from genomlys.cli import main
from genomlys.engine.assess import assess
from genomlys.engine.dataset import bundled_dataset, read_dataset
from genomlys.engine.errors import RuleError, UsageError
from genomlys.engine.examples import run_examples
from genomlys.engine.explain import explain, render
from genomlys.engine.language import using
from genomlys.engine.language.changes import threshold_name, threshold_text
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.words import DATEABLE, THRESHOLDS
from genomlys.engine.report.rulecheck import check_rules
from genomlys.engine.writing import NBSP

DATA = read_dataset(bundled_dataset())
KOMMUN = load_rules("kommun")
HEADER = "genomlys: 1\npack: {name}\nversion: 2026.1\ntitle: Våra regler\n"
USE = "use: [kommun@2026.1]\n"
RULE = """\
- id: {id}
  title: Dyrt
  goal: cost
  for_each: {{kpi: {{cost: yes, has: reference}}}}
  when: {when}
  severity: low
  because: "{{kpi}} är dyr."
  why: Prov.
  limits: Inga.
  source: Ingen.
  examples: [{{title: Lika, years: 2024, own: 1, reference: 1, expect: clear}}]
"""


def pack(folder: Path, body: str, name: str = "lokal") -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(HEADER.format(name=name) + dedent(body), encoding="utf-8")
    return file


def rule(rule_id: str = "dear", when: str = "{is: above, than: reference}") -> str:
    return RULE.format(id=rule_id, when=when)


def changed(folder: Path, *overrides: str) -> RuleBook:
    return load_rules(pack(folder, USE + "override:\n" + "".join(f"  - {each}\n" for each in overrides)))


def codes(*sources: Path) -> list[str]:
    with pytest.raises(RuleError) as caught:
        load_rules(*sources)
    return [problem.code for problem in caught.value.problems]


THREE = "{rule: cost-above-reference, by: 3 %, reason: Osäker referenskostnad., decided: 2026-03-01}"


def test_a_changed_threshold_is_the_rule_written_with_it(tmp_path: Path) -> None:
    """The same as if the pack itself had said so, for every verdict on every rule."""
    (tmp_path / "kommun").mkdir()
    for file in (Path(bundled_dataset()).parents[1] / "rules" / "kommun").iterdir():
        text = file.read_text(encoding="utf-8")
        text = text.replace("{is: rising, for: 3 years, by: material}", "{is: rising, for: 3 years, by: 1 %}")
        (tmp_path / "kommun" / file.name).write_text(text, encoding="utf-8")
    written = assess(DATA, tmp_path / "kommun")
    found = assess(DATA, changed(tmp_path, "{rule: cost-development, by: 1 %, reason: Prov.}"))
    before = assess(DATA, KOMMUN)
    assert not found.verdicts.drop("pack").equals(before.verdicts.drop("pack"))
    assert found.verdicts.drop("pack").equals(written.verdicts.drop("pack"))
    assert found.areas.equals(written.areas) and found.candidates.equals(written.candidates)


def test_the_used_pack_is_what_it_was(tmp_path: Path) -> None:
    book = changed(tmp_path, THREE)
    mine, used = book.packs
    assert (mine.name, used.name, mine.uses) == ("lokal", "kommun", ("kommun",))
    assert used.sha256 == KOMMUN.packs[0].sha256
    assert [each.id for each in used.rules] == [each.id for each in KOMMUN.packs[0].rules]
    others = [each for each in used.rules if each.override is None]
    assert others == [each for each in KOMMUN.packs[0].rules if each.id != "cost-above-reference"]
    assert load_rules("kommun").packs == KOMMUN.packs


def test_every_verdict_tells_the_packs_it_comes_from(tmp_path: Path) -> None:
    book = changed(tmp_path, THREE)
    mine, used = book.packs
    told = dict(assess(DATA, book).verdicts.select("rule", "pack").iter_rows())
    assert told["cost-above-reference"] == f"{used.label}, {mine.label}"
    assert told["worsening"] == used.label
    # It asks a rule that is changed.
    assert told["measure-without-effect"] == f"{used.label}, {mine.label}"


def test_a_change_is_told_with_its_reason(tmp_path: Path) -> None:
    book = changed(tmp_path, THREE, "{rule: uneven, off: yes, reason: Säger för lite.}")
    pack = f"{book.packs[0].name} {book.packs[0].version}"
    said = f"tröskeln har ändrats från 2{NBSP}% till 3{NBSP}% av {pack} (2026-03-01). Skäl: Osäker referenskostnad."
    found = explain(DATA, book, verdict="cost-above-reference")
    assert f"  Ändrad: {said}\n" in render(found[:1])
    (english,) = explain(DATA, book, verdict=found[0].id, lang="en")
    assert english.document.override == (
        f"the threshold has been changed from 2{NBSP}% to 3{NBSP}% by {pack} (2026-03-01). "
        "Reason: Osäker referenskostnad."
    )
    assert [(each.id, each.off, each.reason.sv) for each in book.overrides] == [
        ("cost-above-reference", False, "Osäker referenskostnad."),
        ("uneven", True, "Säger för lite."),
    ]


def test_explain_tells_that_a_rule_is_off_and_why(tmp_path: Path) -> None:
    book = changed(tmp_path, "{rule: uneven, off: yes, reason: Säger för lite.}")
    for asked in ("uneven", "uneven/it-storningar"):
        with pytest.raises(UsageError, match="rule-off") as caught:
            explain(DATA, book, verdict=asked)
        assert caught.value.problems[0].message.sv.endswith("avstängd av lokal 2026.1. Skäl: Säger för lite.")


def test_what_is_off_gives_no_verdict(tmp_path: Path) -> None:
    found = assess(DATA, changed(tmp_path, "{rule: uneven, off: yes, reason: Prov.}")).verdicts
    before = assess(DATA, KOMMUN).verdicts
    assert found.height < before.height
    kept = before.filter(pl.col("rule") != "uneven")
    assert found.select("rule", "subject", "status").equals(kept.select("rule", "subject", "status"))


@pytest.mark.parametrize(
    ("override", "number", "said"),
    [
        ("{rule: worsening, condition: total, by: 5 %, reason: Prov.}", 2, "med mer än 5 %"),
        ("{rule: worsening, condition: 2, by: 5 %, reason: Prov.}", 2, "med mer än 5 %"),
        ("{rule: worsening, condition: run, by: 1 %, reason: Prov.}", 1, "med mer än 1 % från år till år"),
        ("{rule: worsening, for: 4 years, reason: Prov.}", 1, "under 4 år"),
        ("{rule: cost-above-reference, in: 2 of 3 years, reason: Prov.}", 1, "2 av 3 år"),
        ("{rule: measure-not-started, older_than: 12 months, reason: Prov.}", 1, "mer än 12 månader sedan"),
    ],
)
def test_any_threshold_of_any_condition_can_be_changed(tmp_path: Path, override: str, number: int, said: str) -> None:
    book = changed(tmp_path, override)
    found = explain(DATA, book, verdict=book.overrides[0].id)[0].tree
    conditions = list(found.parts) if found.kind == "all" else [found]
    assert said in conditions[number - 1].words


def test_severity_alone_can_be_changed(tmp_path: Path) -> None:
    book = changed(tmp_path, "{rule: uneven, severity: high, reason: Prov.}")
    findings = assess(DATA, book).findings.filter(pl.col("rule") == "uneven")
    assert set(findings["severity"]) == {"high"}
    assert book.overrides[0].changes[0].before == "low"


def test_a_changed_rule_has_the_examples_that_came_with_the_change(tmp_path: Path) -> None:
    override = """\
    use: [kommun@2026.1]
    override:
      - rule: cost-above-reference
        by: 3 %
        reason: Prov.
        examples:
          - {title: Två och en halv procent, years: 2024, own: 1025, reference: 1000, expect: clear}
          - {title: Fyra procent, years: 2024, own: 104, reference: 100, expect: flagged}
    """
    book = load_rules(pack(tmp_path, override))
    outcomes = run_examples(book)
    assert all(outcome.passed for outcome in outcomes)
    assert [outcome.title for outcome in outcomes if outcome.rule == "cost-above-reference"] == [
        "Två och en halv procent",
        "Fyra procent",
    ]
    # Those of rules that ask the changed one show what they say of the pack as it is.
    told = {outcome.rule for outcome in outcomes}
    assert "worsening" in told and "measure-without-effect" not in told


def test_own_rules_and_moves_stand_beside_and_come_first(tmp_path: Path) -> None:
    move = (
        "{id: own, when: {any_kpi: dear}, title: Se över, description: Gör en översyn., gain: Lägre., horizon: short}"
    )
    body = f"{USE}moves:\n  - {move}\nrules:\n{rule()}"
    book = load_rules(pack(tmp_path, body))
    assert [each.id for each in book.moves] == ["own", *[each.id for each in KOMMUN.moves]]
    assert {each.id for each in book.rules} == {"dear", *[each.id for each in KOMMUN.rules]}
    assert load_rules("kommun", pack(tmp_path, body)) == book


def test_a_move_can_be_off(tmp_path: Path) -> None:
    book = changed(tmp_path, "{move: slow-the-cost, off: yes, reason: Vi har en egen.}")
    assert "slow-the-cost" not in {each.id for each in book.moves}
    assert book.overrides[0].off


# Where a used pack is


def test_a_used_pack_may_stand_beside_or_be_given(tmp_path: Path) -> None:
    base = pack(tmp_path, f"rules:\n{rule()}", "grund")
    mine = pack(tmp_path, "use: [grund@2026.1]\noverride:\n  - {rule: dear, by: 4 %, reason: Prov.}\n")
    book = load_rules(mine)
    assert [each.name for each in book.packs] == ["lokal", "grund"]
    elsewhere = tmp_path / "annan"
    elsewhere.mkdir()
    moved = mine.rename(elsewhere / "lokal.yaml")
    assert codes(moved) == ["unknown-pack"]
    assert [each.name for each in load_rules(base, moved).packs] == ["lokal", "grund"]


def test_a_pack_may_use_one_that_uses_another(tmp_path: Path) -> None:
    pack(tmp_path, f"rules:\n{rule()}", "grund")
    pack(tmp_path, f"use: [grund@2026.1]\nrules:\n{rule('dearer')}", "region")
    book = load_rules(pack(tmp_path, "use: [region@2026.1]\noverride:\n  - {rule: dear, by: 4 %, reason: Prov.}\n"))
    assert [each.name for each in book.packs] == ["lokal", "region", "grund"]
    assert book.overrides[0].changes[0].after == "4 %"


def test_nothing_that_a_pack_says_becomes_a_path(tmp_path: Path) -> None:
    inner = tmp_path / "inre"
    inner.mkdir()
    pack(tmp_path, f"rules:\n{rule()}", "grund")
    for name in ("../grund", "/etc", "..", "grund/../grund", "~", "file:///grund", "grund.yaml", "GRUND", "a\\\\b"):
        assert codes(pack(inner, f'use: ["{name}@2026.1"]\n')) == ["bad-phrase"], name


def test_a_pack_that_is_called_otherwise_is_told(tmp_path: Path) -> None:
    pack(tmp_path, f"rules:\n{rule()}", "grund").rename(tmp_path / "annat.yaml")
    assert codes(pack(tmp_path, "use: [annat@2026.1]\n")) == ["unknown-pack"]


def test_what_is_wrong_with_a_used_pack_is_told_at_its_place(tmp_path: Path) -> None:
    pack(tmp_path, "rules: [{}]\n", "grund")
    mine = pack(tmp_path, "use: [grund@2026.1]\noverride:\n  - {rule: dear, off: yes, reason: Prov.}\n")
    assert set(codes(mine)) == {"missing-word"}


def test_a_long_chain_of_packs_is_refused(tmp_path: Path) -> None:
    def chain() -> Iterator[Path]:
        for number in range(using.MOST_PACKS + 2):
            yield pack(tmp_path, f"use: [p{number + 1}@2026.1]\nrules:\n{rule(f'dear{number}')}", f"p{number}")

    assert "too-many-packs" in codes(min(chain()))


# Locking


def lock(file: Path) -> int:
    return CliRunner().invoke(main, ["rules", "lock", str(file)]).exit_code


def locked(folder: Path) -> Path:
    pack(folder, f"rules:\n{rule()}", "grund")
    body = f"use: [grund@2026.1]\noverride:\n  - {{rule: dear, by: 4 %, reason: Prov.}}\nrules:\n{rule('own')}"
    mine = pack(folder, body)
    assert lock(mine) == 0
    return mine


def told(file: Path) -> list[tuple[str, str]]:
    problems = check_rules([str(file)]).problems
    codes = ("changed-without-version", "used-pack-changed", "lock-behind", "unreadable-file", "missing-word")
    return [(problem.code, problem.message.sv.split(" ")[0]) for problem in problems if problem.code in codes]


def test_what_is_locked_holds_until_it_is_changed(tmp_path: Path) -> None:
    mine = locked(tmp_path)
    assert (tmp_path / "lokal.lock").exists() and told(mine) == []
    text = mine.read_text(encoding="utf-8")
    # Comments, layout and examples may change.
    mine.write_text(text.replace("rules:", "# Våra\nrules:").replace("title: Lika", "title: Samma"), encoding="utf-8")
    assert told(mine) == []
    for old, new, part in (
        ("limits: Inga.", "limits: Några.", "rule.own"),
        ("by: 4 %", "by: 5 %", "override.dear"),
    ):
        mine.write_text(text.replace(old, new), encoding="utf-8")
        assert told(mine) == [("changed-without-version", part)]
        (changed,) = (each for each in check_rules([str(mine)]).problems if each.code == "changed-without-version")
        assert (changed.place.file, changed.place.line is None) == (str(mine), False)
        assert lock(mine) == 1
        mine.write_text(text.replace(old, new).replace("version: 2026.1", "version: 2026.2"), encoding="utf-8")
        assert [code for code, _ in told(mine)] == ["lock-behind"]
    assert lock(mine) == 0 and told(mine) == []


def test_a_rule_that_comes_or_goes_is_told(tmp_path: Path) -> None:
    mine = locked(tmp_path)
    text = mine.read_text(encoding="utf-8")
    mine.write_text(text + rule("more"), encoding="utf-8")
    assert told(mine) == [("changed-without-version", "rule.more")]
    mine.write_text(text.replace("id: own", "id: other"), encoding="utf-8")
    assert told(mine) == [("changed-without-version", "rule.other"), ("changed-without-version", "rule.own")]


def test_a_used_pack_that_changes_in_secret_is_told(tmp_path: Path) -> None:
    mine = locked(tmp_path)
    base = tmp_path / "grund.yaml"
    base.write_text(base.read_text(encoding="utf-8").replace("Inga.", "Några."), encoding="utf-8")
    assert [code for code, _ in told(mine)] == ["used-pack-changed"]


def test_a_broken_lock_is_told(tmp_path: Path) -> None:
    mine = locked(tmp_path)
    (tmp_path / "lokal.lock").write_text("genomlys: 1\npack: lokal\n", encoding="utf-8")
    assert [code for code, _ in told(mine)] == ["missing-word"]


def test_a_folder_has_its_lock_inside(tmp_path: Path) -> None:
    folder = tmp_path / "lokal"
    folder.mkdir()
    pack(folder, f"rules:\n{rule()}")
    assert lock(folder) == 0 and (folder / "genomlys.lock").exists()
    assert load_rules(folder).packs[0].hashes[0][0] == "rule.dear"


def test_every_word_that_may_be_changed_is_told_by_name_and_not_as_it_is_written() -> None:
    for word in (*THRESHOLDS, *DATEABLE, "severity"):
        assert word not in threshold_name(word).sv.split(" ")
    told = {
        "3 %": "3 %",
        "material": "väsentlighetsgränsen",
        "2 of 3 years": "2 av 3 år",
        "6 months": "6 månader",
        "low 3 %, high 10 %": "låg 3 %, hög 10 %",
        "2 % from 2024, 3 % from 2026 (a source of years)": "2 % från 2024, 3 % från 2026 (a source of years)",
    }
    assert {written: threshold_text(written).sv.replace(NBSP, " ") for written in told} == told
