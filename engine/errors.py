"""The few exceptions of the engine: each carries every problem found, with its place and remedy.

A problem is told in Swedish first, in English on demand; both are written where the problem is
found, so that no message can drift from its cause.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Lang = Literal["sv", "en"]
Severity = Literal["error", "warning"]


class Text(NamedTuple):
    """The same words in Swedish and English."""

    sv: str
    en: str

    def in_(self, lang: Lang) -> str:
        return self.en if lang == "en" else self.sv


@dataclass(frozen=True)
class Place:
    """Where a problem stands.

    ``column`` is a number in a rule file (line and column from 1) and a column's name in a table,
    where ``line`` is the row as Excel numbers it: the header is row 1.
    """

    file: str
    line: int | None = None
    column: int | str | None = None

    @property
    def order(self) -> tuple[str, int, int]:
        """By which places in rule files are sorted."""
        return self.file, self.line or 0, self.column if isinstance(self.column, int) else 0

    def say(self, lang: Lang = "sv") -> str:
        if isinstance(self.column, int):
            return f"{self.file}:{self.line}:{self.column}"
        if self.column is None and self.line is None:
            return self.file
        if lang == "en":
            words = [f"row {self.line}" if self.line else "", f"column {self.column}" if self.column else ""]
        else:
            words = [f"rad {self.line}" if self.line else "", f"kolumn {self.column}" if self.column else ""]
        return ", ".join([self.file, *filter(None, words)])


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: a stable code, its place, what is wrong and what to write instead.

    An error stops the use of what has it. A warning is likely a mistake and is told by ``check`` alone.
    """

    code: str
    place: Place
    message: Text
    remedy: Text = Text("", "")
    severity: Severity = "error"

    def say(self, lang: Lang = "sv") -> str:
        """One line for a person: place, message, remedy and the code."""
        remedy = self.remedy.in_(lang)
        tail = f" {remedy}" if remedy else ""
        mild = Text("varning: ", "warning: ").in_(lang) if self.severity == "warning" else ""
        return f"{self.place.say(lang)}: {mild}{self.message.in_(lang)}{tail} [{self.code}]"


class GenomlysError(Exception):
    """Base of all errors that are the input's fault. ``problems`` holds all of them, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(problem.say("en") for problem in self.problems))


class DataError(GenomlysError):
    """The data set cannot be used as it is."""


class RuleError(GenomlysError):
    """The rule pack cannot be used as it is."""


class UsageError(GenomlysError):
    """The question cannot be asked of this data set and pack: an unknown unit, verdict or format."""


def nearest(word: str, known: Sequence[str]) -> Text:
    """A remedy that suggests the nearest known word, else lists the known ones (at most twelve)."""
    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    if close:
        name = folded[close[0]]
        return Text(f"Menade du '{name}'?", f"Did you mean '{name}'?")
    if not known:
        return Text("Inget är definierat här.", "Nothing is defined here.")
    listed = ", ".join(sorted(known)[:12]) + (" …" if len(known) > 12 else "")
    return Text(f"Skriv något av: {listed}.", f"Write one of: {listed}.")
