"""What ``rules test`` says: known faults, what no example exercises, and JUnit's XML."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from genomlys.cli import main
from genomlys.engine.report.tested import PackTest, try_packs

PACK = """\
genomlys: 1
pack: prov
version: 1
title: Prov
rules:
  - id: dear
    title: Dyrt
    goal: cost
    for_each: {kpi: {measure: kr/inv}}
    when:
      any:
        - {is: above, than: reference, by: 2 %}
        - {is: missing}
    severity: low
    because: "{kpi} sticker ut."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples:
"""
OVER = "years: 2024, own: 106, reference: 100"
LEVEL = "years: 2024, own: 100, reference: 100"


def of_pack(folder: Path, *examples: str) -> PackTest:
    path = folder / "prov.yaml"
    path.write_text(PACK + "".join(f"      - {{{example}}}\n" for example in examples), encoding="utf-8")
    return try_packs([str(path)])


def states(found: PackTest) -> list[str]:
    return [outcome.state for outcome in found.outcomes]


def test_a_known_fault_is_told_and_is_no_failure(tmp_path: Path) -> None:
    found = of_pack(tmp_path, f"title: Över, {OVER}, expect: clear, todo: Gränsen är för låg")
    assert states(found) == ["todo"] and not found.failed
    assert '20:9: dear, "Över": känt fel: Gränsen är för låg' in found.as_text("sv")
    assert "1 exempel: 0 stämmer, 1 känt fel." in found.as_text("sv")
    assert "1 example: 0 right, 1 known to be wrong." in found.as_text("en")


def test_a_fault_that_is_mended_is_told(tmp_path: Path) -> None:
    found = of_pack(tmp_path, f"title: Över, {OVER}, expect: flagged, todo: Gränsen är för låg")
    assert states(found) == ["mended"]
    assert "stämmer nu; ta bort 'todo'." in found.as_text("sv")


def test_what_differs_is_told_with_its_place(tmp_path: Path) -> None:
    found = of_pack(tmp_path, f"title: Över, {OVER}, expect: clear", f"title: I nivå, {LEVEL}, expect: clear")
    assert states(found) == ["failed", "passed"]
    assert "2 exempel: 1 stämmer, 1 stämmer inte." in found.as_text("sv")
    assert 'prov.yaml:20:9: dear, "Över": väntat clear, men det blev flagged' in found.as_text("sv")


def gaps(found: PackTest) -> list[str]:
    return [gap.says.sv for gap in found.coverage.gaps]


def test_what_no_example_exercises_is_told(tmp_path: Path) -> None:
    found = of_pack(tmp_path, f"title: Över, {OVER}, expect: flagged")
    above = "över referenskostnaden med mer än 2 %"
    assert gaps(found) == [
        "inget exempel är 'clear'.",
        "inget exempel är 'unknown'.",
        "inget exempel är 'not_applicable'.",
        "inget exempel säger hela texten.",
        f"inget exempel där '{above}' inte gäller.",
        f"inget exempel där '{above}' är okänt.",
        "inget exempel där 'värdet saknas' gäller.",
    ]
    places = [(gap.place.line, gap.place.column) for gap in found.coverage.gaps]
    assert places == [(6, 5)] * 4 + [(12, 11)] * 2 + [(13, 11)]
    # Flagged, low, above holds and missing fails; a value's being missing is never unknown.
    assert (found.coverage.exercised, found.coverage.possible) == (4, 11)


def test_examples_can_exercise_everything(tmp_path: Path) -> None:
    found = of_pack(
        tmp_path,
        f"title: Över, {OVER}, expect: flagged, text: Nyckeltalet sticker ut.",
        f"title: I nivå, {LEVEL}, expect: clear",
        "title: Värdet saknas, years: 2024, own: _, reference: 100, expect: flagged",
        "title: Referenskostnaden saknas, years: 2024, own: 100, expect: unknown",
        "title: Andel, kpi: {measure: '%'}, years: 2024, own: 100, reference: 100, expect: not_applicable",
    )
    assert not found.failed and not gaps(found) and found.coverage.percent == 100
    assert "11 av 11 utfall och villkorssvar (100 %)" in found.as_text("sv")


def test_a_condition_counts_only_where_the_rule_applies(tmp_path: Path) -> None:
    found = of_pack(tmp_path, "title: Andel, kpi: {measure: '%'}, years: 2024, own: 106, reference: 100, expect: clear")
    assert found.coverage.exercised == 1  # not applicable


def test_of_a_used_pack_only_what_is_changed_and_shown_counts(tmp_path: Path) -> None:
    path = tmp_path / "egna.yaml"
    text = (
        "genomlys: 1\npack: egna\nversion: 1\ntitle: Egna\nuse: [kommun@2026.1]\noverride:\n"
        "  - rule: cost-above-reference\n    by: 3 %\n    reason: Prov.\n"
    )
    path.write_text(text, encoding="utf-8")
    assert try_packs([str(path)]).coverage.possible == 0
    path.write_text(
        f"{text}    examples: [{{title: Tre, years: 2024, own: 103, reference: 100, expect: clear}}]\n",
        encoding="utf-8",
    )
    found = try_packs([str(path)])
    assert not found.failed
    assert {gap.rule for gap in found.coverage.gaps} == {"cost-above-reference"} and found.coverage.exercised == 2


# JUnit's XML, as Jenkins reads it: the attributes that each element may have and those that it must.
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set(), {"testsuite"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package", "file"},
        {"name", "tests", "failures", "errors"},
        {"testcase", "properties", "system-out"},
    ),
    "testcase": ({"name", "classname", "time"}, {"name"}, {"skipped", "failure", "error", "system-out"}),
    "failure": ({"type", "message"}, set(), set()),
    "skipped": ({"type", "message"}, set(), set()),
    "system-out": (set(), set(), set()),
}


def assert_valid(element: ET.Element) -> None:
    may, must, below = SCHEMA[element.tag]
    assert must <= set(element.attrib) <= may, element.attrib
    for child in element:
        assert child.tag in below
        assert_valid(child)


def test_junit_tells_each_example_and_its_state(tmp_path: Path) -> None:
    found = of_pack(
        tmp_path,
        f"title: '<Över & \"under\">', {OVER}, expect: clear",
        f"title: Känt, {OVER}, expect: clear, todo: Se <ärende> & svar",
        f"title: Rättat, {LEVEL}, expect: clear, todo: Fanns",
        f"title: Rätt, {LEVEL}, expect: clear",
    )
    root = ET.fromstring(found.as_junit())
    assert_valid(root)
    (suite,) = root
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == ("4", "1", "1")
    assert [[child.tag for child in case] for case in suite] == [["failure"], ["skipped"], ["system-out"], []]
    assert suite[0].attrib == {"classname": "prov.dear", "name": '<Över & "under">'}
    assert suite[0][0].attrib["message"].startswith("väntat clear")
    assert suite[1][0].attrib["message"] == "Se <ärende> & svar"
    (english,) = ET.fromstring(found.as_junit("en"))
    assert english[0][0].attrib["message"].startswith("expected clear")
    assert (english[2][0].text or "").endswith("remove 'todo'.")


@cache
def bundled() -> PackTest:
    return try_packs(["kommun"])


def test_the_bundled_pack_passes_and_is_told_alike_every_time() -> None:
    root = ET.fromstring(bundled().as_junit())
    assert_valid(root)
    assert root.attrib["failures"] == "0" and len(root[0]) == len(bundled().outcomes) > 100
    assert len(bundled().as_text("sv").splitlines()) == 2


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return done.exit_code, done.output


def test_the_command_answers_with_its_exit_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_pack(tmp_path, f"title: Över, {OVER}, expect: flagged")
    pack, xml = tmp_path / "prov.yaml", tmp_path / "out.xml"
    assert run("rules", "test", pack, "--junit", xml)[0] == 0 and ET.fromstring(xml.read_text(encoding="utf-8"))
    assert run("rules", "test", pack, "--coverage", "36")[0] == 0  # 4 of 11 is 36.4 %
    assert run("rules", "test", pack, "--coverage", "37 %")[0] == 1
    for wrong in ("101", "x", "-1"):
        code, said = run("rules", "test", pack, f"--coverage={wrong}")
        assert code == 2 and "Skriv ett heltal från 0 till 100." in said
    of_pack(tmp_path, f"title: Över, {OVER}, expect: clear")
    assert run("rules", "test", pack)[0] == 1
    assert run("rules", "test", tmp_path / "nothing.yaml")[0] == 1
