"""The words that may be written and the form of their values: one list for the reader and for an editor's schema.

A form says how a value looks and no more; what it means, and what several words say of each other, is the reader's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from genomlys.engine.errors import Text
from genomlys.engine.numbers import BLANKS, MINUS
from genomlys.engine.vocabulary import LEVELS

NUMBER: Final = rf"[+\-{MINUS}]?(?:[0-9]{{1,3}}(?:[{BLANKS}][0-9]{{3}})+|[0-9]+)(?:[.,][0-9]+)?"


@dataclass(frozen=True)
class Choice:
    """One of the closed words."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Phrase:
    """A text in a fixed form. ``number``: a value that an editor takes for a number may have the form."""

    pattern: str
    example: str
    number: bool = False


@dataclass(frozen=True)
class Free:
    """Any text on its own; an editor may take it for a number."""

    example: str = ""


@dataclass(frozen=True)
class Bilingual:
    """A text, or {sv: …, en: …}."""


@dataclass(frozen=True)
class Many:
    """One value of the form or a list of them; ``least`` is the fewest."""

    form: Form
    least: int = 1


@dataclass(frozen=True)
class Either:
    forms: tuple[Form, ...]


@dataclass(frozen=True)
class Group:
    """Words below a word. ``needed`` must be there; ``any_of``: at least one of these."""

    words: Words
    needed: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Named:
    """A form that is described once and used in several places, by its name among the schema's definitions."""

    name: str


@dataclass(frozen=True)
class ByYear:
    """A value for each year that it changes, and their source."""


Form: TypeAlias = Choice | Phrase | Free | Bilingual | Many | Either | Group | Named | ByYear


@dataclass(frozen=True)
class Word:
    """The form of a word's value, and what the word is for."""

    form: Form
    about: Text


Words: TypeAlias = Mapping[str, Word]

YEARS: Final = Phrase(r"([0-9]{1,3}) years?", "3 years")
MONTHS: Final = Phrase(r"([0-9]{1,3}) months?", "12 months")
COUNT: Final = Phrase(r"[0-9]{1,6}", "2", number=True)
QUANTITY: Final = Phrase(rf"({NUMBER})(?:\s*([^\s0-9].*))?", "5 %", number=True)
NAME: Final = Phrase(r"[a-z][a-z0-9-]{0,60}", "min-kommun")
DATE: Final = Phrase(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "2025-09-01")
YES_OR_NO: Final = Choice(("yes", "no"))
YEAR: Final = Phrase(r"(?:19|20|21)[0-9]{2}", "2026", number=True)

# The words that tell how much is needed: another pack may change them, and their values may be given by year, as may
# those of levels of severity.
THRESHOLDS: Final = (
    "by",
    "in",
    "for",
    "over",
    "after",
    "confidence",
    "places",
    "share",
    "beyond",
    "older_than",
    "newer_than",
    "at_least",
    "at_most",
)
DATEABLE: Final = frozenset({*THRESHOLDS, "than", *LEVELS})
