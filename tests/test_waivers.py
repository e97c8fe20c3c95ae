"""Waivers: on record and told, and no verdict changes by them."""

from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from genomlys.cli import main
from genomlys.engine.assess import Assessment, assess
from genomlys.engine.dataset import bundled_dataset, read_dataset
from genomlys.engine.errors import DataError, RuleError
from genomlys.engine.explain import explain, render
from genomlys.engine.language.waivers import load_waivers, read_waivers
from genomlys.engine.report.checked import check, check_rules_with
from genomlys.engine.report.markdown import as_markdown

DATA = read_dataset(bundled_dataset())
BEFORE = assess(DATA)
FINDING = "worse-than-peers-and-nation/insikt-totalt"
WAIVER = """\
  - rule: {rule}
    unit: {unit}
    subject: {subject}
    until: {until}
    reason: En ny process införs.
    decided_by: Kommunstyrelsen
    reference: KS § 41
"""


def file(
    folder: Path,
    *,
    rule: str = FINDING.split("/", maxsplit=1)[0],
    subject: str = FINDING.split("/")[1],
    unit: str = "alingsas",
    until: str = "2026-12-31",
) -> Path:
    path = folder / "waivers.yaml"
    text = WAIVER.format(rule=rule, subject=subject, unit=unit, until=until)
    path.write_text(f"genomlys: 1\nwaivers:\n{text}", encoding="utf-8")
    return path


def with_waiver(folder: Path, **words: str) -> Assessment:
    return assess(DATA, waivers=file(folder, **words))


def test_a_waiver_changes_nothing_but_that_it_is_waived(tmp_path: Path) -> None:
    found = with_waiver(tmp_path)
    for name, frame in BEFORE.frames.items():
        if name not in ("verdicts", "findings", "waivers"):
            assert frame.equals(found.frames[name]), name
    for name in ("verdicts", "findings"):
        assert BEFORE.frames[name].drop("waived").equals(found.frames[name].drop("waived"))
    assert found.findings.filter("waived")["finding"].to_list() == [FINDING]
    assert not BEFORE.verdicts["waived"].any()


def test_the_report_tells_the_finding_and_when_its_waiver_ends(tmp_path: Path) -> None:
    text = as_markdown(with_waiver(tmp_path)).replace("\\", "")
    assert "Undantag till och med 2026-12-31: En ny process införs (Kommunstyrelsen, KS § 41)." in text
    assert "kan avgöra. Undantag till och med 2026-12-31." in text
    assert ", 1 med undantag)" in text
    assert "Undantag" not in as_markdown(BEFORE)


@pytest.mark.parametrize(
    ("words", "state", "code", "severity"),
    [
        ({}, "in_force", None, None),
        ({"until": "2025-09-01"}, "in_force", None, None),  # the data set's own day is the last one
        ({"until": "2025-08-31"}, "expired", "expired-waiver", "warning"),
        ({"rule": "uneven"}, "not_flagged", "needless-waiver", "warning"),
        ({"rule": "unevn"}, "unmatched", "unmatched-waiver", "error"),
        ({"subject": "insikt"}, "unmatched", "unmatched-waiver", "error"),
        ({"unit": "ale"}, "unmatched", "unmatched-waiver", "error"),
    ],
)
def test_what_became_of_a_waiver_is_told(
    tmp_path: Path, words: dict[str, str], state: str, code: str | None, severity: str | None
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(bundled_dataset(), folder)
    file(folder, **words)
    found = assess(folder)
    assert found.waivers["state"].to_list() == [state]
    assert found.verdicts["waived"].any() is (state == "in_force")
    problems = check([str(folder / "waivers.yaml")]).problems
    assert [(problem.code, problem.severity) for problem in problems] == ([(code, severity)] if code else [])


def test_only_fail_on_leaves_a_waived_finding_out(tmp_path: Path) -> None:
    problems = BEFORE.findings.filter(pl.col("tells") == "problem")
    rows = "".join(
        WAIVER.format(rule=row["rule"], unit="alingsas", subject=row["subject"], until="2026-12-31")
        for row in problems.rows(named=True)
    )
    path = tmp_path / "all.yaml"
    path.write_text(f"genomlys: 1\nwaivers:\n{rows}", encoding="utf-8")
    run = CliRunner().invoke
    assert run(main, ["assess", "--fail-on", "low"]).exit_code == 3
    assert run(main, ["assess", "--fail-on", "low", "--waivers", str(path)]).exit_code == 0


def test_explain_tells_the_waiver(tmp_path: Path) -> None:
    (found,) = explain(DATA, verdict=FINDING, waivers=file(tmp_path))
    assert found.waiver == "Undantag till och med 2026-12-31: En ny process införs (Kommunstyrelsen, KS § 41)."
    assert found.waiver in render([found])


# What is wrong with the file


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("    reason: En ny process införs.\n", "", "w:3:5: 'reason' saknas. Lägg till 'reason: …'. [missing-word]"),
        ("En ny process införs.", "", "w:7:12: 'reason' saknar värde. Skriv värdet efter kolonet. [expected-text]"),
        ("2026-12-31", "2026", "w:6:12: '2026' är inget datum. Skriv till exempel '2025-09-01'. [bad-date]"),
        ("until:", "untill:", "w:6:5: okänt ord 'untill'. Menade du 'until'? [unknown-word]"),
        ("genomlys: 1", "genomlys: 2", "w:1:11: okänt ord '2' för 'genomlys'. Skriv något av: 1. [unknown-word]"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, before: str, after: str, said: str) -> None:
    text = file(tmp_path).read_text(encoding="utf-8").replace(before, after)
    with pytest.raises(RuleError) as caught:
        read_waivers(text.encode(), "w")
    assert [problem.say() for problem in caught.value.problems] == [said]


def test_a_finding_is_waived_once(tmp_path: Path) -> None:
    text = file(tmp_path).read_text(encoding="utf-8")
    twice = text + text.split("waivers:\n")[1]
    with pytest.raises(RuleError, match="duplicate-waiver"):
        read_waivers(twice.encode(), "w")


def test_a_data_set_with_a_bad_file_of_waivers_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(bundled_dataset(), folder)
    (folder / "waivers.yaml").write_text("genomlys: 1\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_dataset(folder)
    assert [problem.say() for problem in caught.value.problems] == [
        "waivers.yaml:1:1: 'waivers' saknas. Lägg till 'waivers: […]'. [missing-word]"
    ]
    whole = f"{folder / 'waivers.yaml'}:1:1: 'waivers' saknas. Lägg till 'waivers: […]'. [missing-word]"
    with pytest.raises(DataError) as caught:
        assess(folder)
    assert [problem.say() for problem in caught.value.problems] == [whole]
    # Beside mistakes in rules, and in all formats, as they are.
    rules = str(Path(__file__).parent / "bad" / "rule-without-why.yaml")
    found = check_rules_with((rules,), str(folder)).problems
    assert [problem.code for problem in found] == ["missing-word", "missing-word"]
    assert found[1].say() == whole
    with pytest.raises(RuleError, match="unreadable-file"):
        load_waivers(tmp_path / "none.yaml")
