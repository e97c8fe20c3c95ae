"""Problems in the formats that people and machines read: with the line they stand on, JSON, SARIF and GitHub's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from genomlys import __version__
from genomlys.engine.errors import Lang, Problem
from genomlys.engine.report.console import total

_WIDEST: Final = 110  # of a line shown; a sentence in a rule may be much longer
_LINE_BREAK: Final = re.compile("\r\n|\r|\n")
# What a caret is put under: a text in quotation marks, a text's field, or all up to what ends a plain value.
_TOKEN: Final = re.compile(r"\"[^\"]*\"?|\{[a-z][a-z0-9_.]*\}|'[^']*'?|[^\s,{}\[\]]+?(?=:?(?:[\s,{}\[\]]|$))|\S")
_SARIF: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_text(problems: Sequence[Problem], lang: Lang) -> str:
    """Each problem with the line it stands on and a caret under its place, and last how many there are."""
    lines_of = _Files()
    lines: list[str] = []
    for problem in problems:
        lines += [problem.say(lang), *_pointed(problem, lines_of)]
    return "".join(f"{line}\n" for line in [*lines, total(problems, lang)])


class _Files:
    """The lines of the files that problems stand in, each file read once."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str | None:
        if file not in self._lines:
            try:
                text = Path(file).read_bytes().decode("utf-8-sig")
            except (OSError, UnicodeDecodeError):
                text = ""
            self._lines[file] = _LINE_BREAK.split(text)
        lines = self._lines[file]
        return lines[number - 1] if number <= len(lines) else None


def _pointed(problem: Problem, files: _Files) -> Iterator[str]:
    """The line and the caret, for a place with a column in a file that can be read."""
    place = problem.place
    if place.line is None or not isinstance(place.column, int):
        return
    line = files.line(place.file, place.line)
    if line is None:
        return
    at = place.column - 1
    start = max(0, at - _WIDEST // 2) if len(line) > _WIDEST else 0
    # What would steer the terminal, and tabs, are one blank each, so that the caret stays under its place.
    plain = "".join(char if char.isprintable() else " " for char in line[start : start + _WIDEST])
    token = _TOKEN.match(plain, at - start)
    length = len(token[0]) if token else 1
    shown = plain.rstrip()
    before, after = "…" * (start > 0), "…" * (start + _WIDEST < len(line))
    carets = "^" * max(1, min(length, len(shown) - (at - start)))
    gutter = f"{place.line:>6} | "
    yield f"{gutter}{before}{shown}{after}"
    yield f"{' ' * (len(gutter) - 2)}| {' ' * (len(before) + at - start)}{carets}"


def as_json(problems: Sequence[Problem], lang: Lang) -> str:
    """An object with ``problems`` in order and how many are of each severity."""
    told = [
        {
            "code": problem.code,
            "severity": problem.severity,
            "file": problem.place.file,
            "line": problem.place.line,
            "column": problem.place.column,
            "message": problem.message.in_(lang),
            "remedy": problem.remedy.in_(lang),
        }
        for problem in problems
    ]
    warnings = sum(problem.severity == "warning" for problem in problems)
    whole = {"problems": told, "errors": len(problems) - warnings, "warnings": warnings}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def as_sarif(problems: Sequence[Problem], lang: Lang) -> str:
    """SARIF 2.1.0 (OASIS), one run; columns count characters, as ours do."""
    codes = sorted({problem.code for problem in problems})
    driver = {"name": "genomlys", "version": __version__, "rules": [{"id": code} for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code), lang) for problem in problems],
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _result(problem: Problem, index: int, lang: Lang) -> dict[str, Any]:
    place = problem.place
    location: dict[str, Any] = {"artifactLocation": {"uri": _uri(place.file)}}
    if place.line is not None:
        location["region"] = {"startLine": place.line}
        if isinstance(place.column, int):
            location["region"]["startColumn"] = place.column
    return {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": problem.severity,
        "message": {"text": _said(problem, lang)},
        "locations": [{"physicalLocation": location}],
    }


def _uri(file: str) -> str:
    """A file below the current folder is named from there, as whoever shows the result has the same tree."""
    path = Path(file)
    if not path.is_absolute():
        return quote(path.as_posix())
    here = Path.cwd()
    return quote(path.relative_to(here).as_posix()) if path.is_relative_to(here) else path.as_uri()


def _said(problem: Problem, lang: Lang) -> str:
    return f"{problem.message.in_(lang)} {problem.remedy.in_(lang)}".strip()


def as_github(problems: Sequence[Problem], lang: Lang) -> str:
    """A workflow command a problem, which GitHub shows beside the line."""
    return "".join(f"{_command(problem, lang)}\n" for problem in problems)


def _command(problem: Problem, lang: Lang) -> str:
    place = problem.place
    column = place.column if isinstance(place.column, int) else None
    said = {"file": _relative(place.file), "line": place.line, "col": column, "title": problem.code}
    words = ",".join(f"{name}={_property(str(value))}" for name, value in said.items() if value is not None)
    return f"::{problem.severity} {words}::{_data(_said(problem, lang))}"


def _relative(file: str) -> str:
    path, here = Path(file), Path.cwd()
    return (path.relative_to(here) if path.is_absolute() and path.is_relative_to(here) else path).as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


FORMATS: Final[Mapping[str, Callable[[Sequence[Problem], Lang], str]]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "github": as_github,
}
