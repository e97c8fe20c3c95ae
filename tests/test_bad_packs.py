"""Packs with one mistake each, beside the one problem that they must give: code, place and both messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from genomlys.engine.errors import Problem, RuleError
from genomlys.engine.language.pack import load_rules

BAD = Path(__file__).parent / "bad"
PACKS = sorted(path for path in BAD.iterdir() if path.suffix == ".yaml" or path.is_dir())
_EXPECT = re.compile(r"^#\s*(expect|sv|en): (.*)$", re.MULTILINE)


def written(pack: Path) -> dict[str, str]:
    """What the comment lines of the pack (or of its first file that has any) say of the problem."""
    files = [pack] if pack.is_file() else sorted(pack.glob("*.yaml"))
    for file in files:
        told = dict(_EXPECT.findall(file.read_bytes().decode("utf-8", "replace")))
        if told:
            return told
    raise AssertionError(f"{pack.name} does not say what is expected")


def place(problem: Problem) -> str:
    return ":".join(str(part) for part in (problem.place.line, problem.place.column) if part is not None)


def said(problem: Problem, lang: int) -> str:
    return f"{problem.message[lang]} {problem.remedy[lang]}".strip()


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.stem)
def test_one_mistake_gives_one_problem_with_its_place_and_remedy(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = written(pack)
    monkeypatch.chdir(BAD.parents[1])
    with pytest.raises(RuleError) as error:
        load_rules(pack.relative_to(BAD.parents[1]))
    (problem,) = error.value.problems
    assert f"{problem.code} {place(problem)}".strip() == told["expect"]
    assert said(problem, 0) == told["sv"]
    assert said(problem, 1) == told["en"]


def test_there_are_at_least_sixty() -> None:
    assert len(PACKS) >= 60
