"""Every mistake in ``tests/bad`` is told once, at its place, in the words that stand at the top of its file.

A file is a pack, and a folder is one too; of a folder's files, one has the mistake. It begins with what is expected::

    # expect: unknown-word 13:16
    # sv: okänt ord 'abvoe' för 'is'. Menade du 'above'?
    # en: unknown word 'abvoe' for 'is'. Did you mean 'above'?

The code, then line and column where the mistake is at a place in the file, and "warning" for what is told by ``check``
and stops nothing; then message and remedy in both languages.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from genomlys.engine.errors import Lang, Place, Problem, RuleError, Severity
from genomlys.engine.language.lint import lint
from genomlys.engine.language.pack import load_rules
from genomlys.engine.language.yamlwords import REFUSED

ROOT = Path(__file__).resolve().parents[1]
BAD = ROOT / "tests" / "bad"
_EXPECTED = re.compile(rb"# expect: (\S+)(?: (\d+):(\d+))?( warning)?\n# sv: (.+)\n# en: (.+)\n")

_READING = ("binding", "dated", "lint", "overrides", "pack", "packdraft", "packfiles", "reader", "rules", "using")

# What a file cannot show: these are in test_pack.py.
ABOUT_PATHS_AND_SIZES = {
    "duplicate-pack",
    "too-many-files",
    "too-many-moves",
    "too-large-pack",
    "too-many-conditions",
    "too-many-packs",
    "too-many-rules",
    "too-many-problems",
    "unreadable-file",
}


@dataclass(frozen=True)
class Mistake:
    pack: Path
    code: str
    place: Place
    severity: Severity
    sv: str
    en: str


def mistakes() -> Iterator[Mistake]:
    for pack in sorted(BAD.iterdir()):
        files = sorted(pack.iterdir()) if pack.is_dir() else [pack]
        told = [(file, match) for file in files if (match := _EXPECTED.match(file.read_bytes()))]
        assert len(told) == 1, f"{pack.name}: one file begins with what is expected of the pack"
        ((file, match),) = told
        code, line, column, mild, sv, en = (part and part.decode() for part in match.groups())
        place = Place(str(file), int(line), int(column)) if line else Place(str(file))
        yield Mistake(pack, code, place, "warning" if mild else "error", sv, en)


MISTAKES = {mistake.pack.stem: mistake for mistake in mistakes()}


def said(problem: Problem, lang: Lang) -> str:
    """Message and remedy, with paths as they are from the repository's root."""
    words = f"{problem.message.in_(lang)} {problem.remedy.in_(lang)}".strip()
    return words.replace(str(ROOT) + os.sep, "").replace(os.sep, "/")


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES.keys())
def test_one_mistake_is_one_problem_at_its_place(mistake: Mistake) -> None:
    found = [
        (problem.code, problem.place, problem.severity, said(problem, "sv"), said(problem, "en"))
        for problem in problems_of(mistake.pack)
    ]
    assert found == [(mistake.code, mistake.place, mistake.severity, mistake.sv, mistake.en)]


def problems_of(pack: Path) -> Sequence[Problem]:
    """What stops the reading, else what can be asked of rules that are read."""
    try:
        return lint(load_rules(pack))
    except RuleError as error:
        return error.problems


def reported_codes() -> set[str]:
    """The codes that the reading of packs gives, from the source: every text that is passed on as one."""
    sources = [ROOT / "engine" / "language" / f"{name}.py" for name in _READING]
    found: set[str] = set()
    for path in [*sources, *sorted((ROOT / "engine" / "conditions").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in ("report", "refuse", "Problem"):
                found |= {text for text in _texts(node.args[0]) if "-" in text.strip("-")}
    template = ROOT / "engine" / "language" / "template.py"
    return found | set(re.findall(r'^ +"([a-z]+(?:-[a-z]+)+)",$', template.read_text(encoding="utf-8"), re.MULTILINE))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def test_every_problem_has_its_file() -> None:
    shown = {mistake.code for mistake in MISTAKES.values()} | ABOUT_PATHS_AND_SIZES
    reported = reported_codes() | set(REFUSED)
    assert {"unknown-word", "never-fires", "unknown-field", "unknown-rule", "no-rules"} <= reported
    assert sorted(reported - shown) == []


def test_the_messages_are_whole_sentences_in_both_languages() -> None:
    for mistake in MISTAKES.values():
        assert mistake.sv != mistake.en
        for words in (mistake.sv, mistake.en):
            assert words.endswith((".", "?", "…")), mistake.pack.name
            # What is quoted stands as it was written.
            plain = re.sub(r"'[^']*'", "''", words)
            assert not re.search(r"\.\.(?!\.)|  | \.|None|Traceback", plain), mistake.pack.name
