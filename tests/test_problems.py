"""Problems as they are told: with the line and a caret, and in the formats of machines."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from genomlys.engine.errors import Place, Problem, RuleError, Text
from genomlys.engine.language.lint import lint
from genomlys.engine.language.pack import load_rules
from genomlys.engine.report.problems import FORMATS, as_github, as_json, as_sarif, as_text
from genomlys.engine.report.rulecheck import check_rules

BAD = Path(__file__).resolve().parent / "bad"


def problem(place: Place, message: str = "fel.") -> Problem:
    return Problem("some-code", place, Text(message, "wrong."), Text("Skriv rätt.", "Write right."))


def shown(tmp_path: Path, line: str, column: int) -> list[str]:
    """The lines below the message."""
    file = tmp_path / "rules.yaml"
    file.write_text(f"first\n{line}\n", encoding="utf-8")
    text = as_text([problem(Place(str(file), 2, column))], "sv")
    return text.splitlines()[1:-1]


def test_a_caret_stands_under_the_word(tmp_path: Path) -> None:
    assert shown(tmp_path, "when: {is: abvoe, than: reference}", 12) == [
        "     2 | when: {is: abvoe, than: reference}",
        "       |            ^^^^^",
    ]


@pytest.mark.parametrize(
    ("line", "column", "under"),
    [
        ("iz: above", 1, "iz"),
        ('because: "{kpi} är {gapp} dyr."', 20, "{gapp}"),
        ('because: "{kpi} är dyr."', 10, '"{kpi} är dyr."'),
        ("title: 'Dyr, eller inte'", 8, "'Dyr, eller inte'"),
        ("when: {}", 7, "{"),
        ("åäö: ö", 6, "ö"),
        ("\tid: x", 6, "x"),
        ("id:", 4, " "),
    ],
)
def test_the_caret_is_as_long_as_what_it_points_at(tmp_path: Path, line: str, column: int, under: str) -> None:
    above, below = shown(tmp_path, line, column)
    start, end = below.index("^"), below.rindex("^") + 1
    assert above[start:end] == under.rstrip() and end - start == len(under)


@pytest.mark.parametrize("column", [1, 60, 150, 290, 300])
def test_of_a_long_line_the_part_around_the_caret_is_shown(tmp_path: Path, column: int) -> None:
    line = "".join(f"{number:04d}," for number in range(60))
    above, below = shown(tmp_path, line, column)
    assert len(above) <= 125 and above[below.index("^")] == line[column - 1]


def test_what_has_no_line_to_show_is_told_on_one_line(tmp_path: Path) -> None:
    places = [Place("values.csv", 7, "year"), Place("nowhere.yaml", 3, 4), Place(str(tmp_path)), Place("x", 2)]
    text = as_text([problem(place) for place in places], "sv")
    assert len(text.splitlines()) == len(places) + 1 and text.endswith("4 fel.\n")


def test_what_would_steer_a_terminal_is_not_written(tmp_path: Path) -> None:
    above, below = shown(tmp_path, "a: \x1b[31m b: c", 13)
    assert "\x1b" not in above and above[below.index("^")] == "c"


@cache
def bad_problems() -> list[Problem]:
    found: list[Problem] = []
    for pack in sorted(BAD.iterdir()):
        try:
            found += lint(load_rules(pack))
        except RuleError as error:
            found += error.problems
    return found


@pytest.mark.parametrize("form", FORMATS)
def test_every_bad_pack_is_told_in_every_format(form: str) -> None:
    problems = bad_problems()
    assert len(problems) > 200
    for lang in ("sv", "en"):
        text = FORMATS[form](problems, lang)  # type: ignore[arg-type]
        assert text.endswith("\n") and all(each.code in text for each in problems)


def test_json_says_all_that_a_problem_is() -> None:
    odd = Problem("b", Place("v.csv", 2, "year"), Text("å", "a"), severity="warning")
    told = json.loads(as_json([problem(Place("r.yaml", 3, 4)), odd], "sv"))
    assert (told["errors"], told["warnings"]) == (1, 1)
    assert told["problems"][0] == {
        "code": "some-code",
        "severity": "error",
        "file": "r.yaml",
        "line": 3,
        "column": 4,
        "message": "fel.",
        "remedy": "Skriv rätt.",
    }
    assert told["problems"][1]["column"] == "year"


# What SARIF 2.1.0 (OASIS, sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30) says of the objects that are written.
def closed(needed: tuple[str, ...], **properties: object) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": list(needed), "properties": properties}


_WHOLE = {"type": "integer", "minimum": 1}
_REGION = closed((), startLine=_WHOLE, startColumn=_WHOLE)
_PHYSICAL = closed(
    ("artifactLocation",),
    artifactLocation=closed(("uri",), uri={"type": "string", "pattern": r"^[A-Za-z0-9._~:/%()!$&'*+,;=@-]+$"}),
    region=_REGION,
)
_RESULT = closed(
    ("message",),
    ruleId={"type": "string"},
    ruleIndex={"type": "integer", "minimum": 0},
    level={"enum": ["none", "note", "warning", "error"]},
    message=closed(("text",), text={"type": "string", "minLength": 1}),
    locations={"type": "array", "items": closed((), physicalLocation=_PHYSICAL)},
)
_DRIVER = closed(
    ("name",),
    name={"type": "string"},
    version={"type": "string"},
    rules={"type": "array", "uniqueItems": True, "items": closed(("id",), id={"type": "string"})},
)
_RUN = closed(
    ("tool",),
    tool=closed(("driver",), driver=_DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": _RESULT},
)
SARIF = {
    "type": "object",
    "additionalProperties": False,
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "items": _RUN},
    },
}


def test_sarif_is_as_the_standard_says() -> None:
    places = [Place("mina regler/é.yaml", 3, 4), Place("v.csv", 2, "year"), Place("komun"), Place(str(BAD / "a.yaml"))]
    told = json.loads(as_sarif([*map(problem, places), *bad_problems()], "sv"))
    Draft202012Validator(SARIF).validate(told)
    (run,) = told["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "mina%20regler/%C3%A9.yaml"
    assert json.loads(as_sarif([], "sv"))["runs"][0]["results"] == []


def test_files_below_the_current_folder_are_named_from_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD.parent)
    found = [problem(Place(str(BAD / "a.yaml"), 1, 1))]
    assert '"uri": "bad/a.yaml"' in as_sarif(found, "sv") and "file=bad/a.yaml," in as_github(found, "sv")


def test_github_commands_are_escaped() -> None:
    odd = Problem("c", Place("a,b:c%.yaml", 3, 4), Text("50 %\nof: it, all", "x"), severity="warning")
    assert as_github([odd], "sv") == "::warning file=a%2Cb%3Ac%25.yaml,line=3,col=4,title=c::50 %25%0Aof: it, all\n"
    assert as_github([problem(Place("komun"))], "sv") == "::error file=komun,title=some-code::fel. Skriv rätt.\n"
    for line in as_github(bad_problems(), "sv").splitlines():
        assert re.fullmatch(r"::(error|warning) file=[^,]+(,line=\d+,col=\d+)?,title=[a-z0-9-]+::.+", line), line


def test_a_mistake_in_one_rule_hides_nothing_of_the_others(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    sound = (BAD / "lint-number-in-text.yaml").read_text(encoding="utf-8")
    asking = "{id: asks, when: {rule: other}, for_each: {kpi: {}}}"
    file.write_text(f"{sound}  - {{id: other, title: Annan}}\n  - {asking}\n", encoding="utf-8")
    problems = check_rules([str(file)]).problems
    assert {each.code for each in problems} == {"missing-word", "number-in-text"}
    assert list(problems) == sorted(problems, key=lambda each: each.place.order)
