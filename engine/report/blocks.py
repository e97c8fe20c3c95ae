"""What a report consists of, before it is written in a format: headings, paragraphs, lists, fields and tables.

The texts are plain, in the language of the assessment, and as they stood in the data: each format escapes what it must.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Heading:
    """Level 1 is the report's own title, 2 a section, 3 a part of one."""

    level: int
    text: str


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True)
class Fields:
    """Labelled texts; a field of several texts is a list under its label."""

    items: tuple[tuple[str, str | tuple[str, ...]], ...]


@dataclass(frozen=True)
class Table:
    """Each row is as long as ``head``. ``right`` are the columns of numbers, from 0."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Outline:
    """A list within a list within a list: each text with how deep it lies, from 0."""

    items: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Links:
    """A table whose first column leads to other pages: ``to`` is a page's name, a row each."""

    table: Table
    to: tuple[str, ...]


Block: TypeAlias = Heading | Paragraph | Bullets | Fields | Table
# What a page of a rule may have beside; the terminal has no use for it.
PageBlock: TypeAlias = Block | Outline | Links
