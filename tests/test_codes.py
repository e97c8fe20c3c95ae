"""The page of codes, the codes in the source and the packs of ``tests/bad`` are held together."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from test_bad_packs import ABOUT_PATHS_AND_SIZES, MISTAKES

from genomlys.engine.language.yamlwords import REFUSED

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
SECTION = re.compile(
    r"## `(?P<code>[a-z0-9-]+)`\n\n(?P<purpose>\S.*[.])\n\n(?:```yaml\n(?P<example>[^`]+)\n```\n\n)?"
    r"Instead: (?P<instead>\S.*?[.])(?: Shown by `(?P<file>[^`]+)`\.)?\n",
)
# What no pack alone can show: paths and sizes, a data set or waivers beside, a lock file.
SHOWN_ELSEWHERE = ABOUT_PATHS_AND_SIZES | {
    "changed-without-version",
    "duplicate-waiver",
    "expired-waiver",
    "lock-behind",
    "matches-nothing",
    "needless-waiver",
    "no-target",
    "too-few-years",
    "unknown-area",
    "unknown-kpi",
    "unknown-measure",
    "unmatched-waiver",
    "used-pack-changed",
    "yaml-too-large",
    "yaml-too-many",
}

_LANGUAGE = sorted((ROOT / "engine" / "language").glob("*.py")) + sorted((ROOT / "engine" / "conditions").glob("*.py"))
READING = [
    *(path for path in _LANGUAGE if path.name not in ("schema.py", "vocabulary.py", "yamlwords.py")),
    ROOT / "engine" / "fit.py",
    ROOT / "engine" / "waiving.py",
]


def codes_in(path: Path) -> Iterator[str]:
    """Every text that is passed on as a code, and those a helper gives as the first of several."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node.func) in ("report", "refuse", "Problem", "_bad", "_refuse"):
            for argument in node.args[:3]:
                yield from _codes(argument)
        if isinstance(node, ast.Tuple) and len(node.elts) == 3:
            yield from _codes(node.elts[0])


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _codes(node: ast.expr) -> Iterator[str]:
    alternatives = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    for each in alternatives:
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield from re.findall(r"^[a-z0-9]+(?:-[a-z0-9]+)+$", each.value)


SECTIONS = {match["code"]: match for match in SECTION.finditer(PAGE)}


def test_every_section_has_the_one_form_and_its_place() -> None:
    headings = re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE)
    assert headings == sorted(set(headings))
    assert [heading for heading in headings if heading not in SECTIONS] == []
    assert sum(len(match[0]) for match in SECTIONS.values()) + len(SECTIONS) > len(PAGE) * 0.95


def test_every_code_has_a_section_and_every_section_a_code() -> None:
    reported = {code for path in READING for code in codes_in(path)} | set(REFUSED)
    told = reported | {mistake.code for mistake in MISTAKES.values()}
    assert {"never-fires", "bad-number", "unknown-field", "yaml-tag", "no-target"} <= reported
    assert sorted(told - SECTIONS.keys()) == []
    # These are put together from their parts.
    assert sorted(SECTIONS.keys() - told) == ["unknown-area", "unknown-kpi"]


def test_every_section_shows_a_line_that_gives_its_code() -> None:
    by_name = {mistake.pack.name: mistake for mistake in MISTAKES.values()}
    for code, section in SECTIONS.items():
        if section["file"] is None:
            assert code in SHOWN_ELSEWHERE, code
            continue
        mistake = by_name[section["file"]]
        assert mistake.code == code and code not in SHOWN_ELSEWHERE - ABOUT_PATHS_AND_SIZES
        if section["example"]:
            lines = Path(mistake.place.file).read_text(encoding="utf-8").splitlines()
            assert section["example"] in [line.strip() for line in lines], code


def test_a_section_says_whether_its_code_is_a_warning() -> None:
    for mistake in MISTAKES.values():
        section = SECTIONS[mistake.code]
        assert section["purpose"].startswith("**Warning") == (mistake.severity == "warning"), mistake.code
