"""What an example writes in one scalar: years, figures a year, numbers and what a number must be."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from genomlys.engine.errors import Text
from genomlys.engine.language.reader import Reader
from genomlys.engine.language.words import NUMBER, Phrase
from genomlys.engine.language.yamlfile import Node, Scalar, Seq
from genomlys.engine.numbers import BLANKS, MARKS, MINUS

SPAN: Final = Phrase(rf"({NUMBER})|({NUMBER})?\s*\.\.\s*({NUMBER})?", "2 .. 3", number=True)
_PLAIN: Final = str.maketrans({**dict.fromkeys(BLANKS), MINUS: "-", ",": "."})
_MARKS: Final = {**MARKS, "_": "missing"}
_FIRST_YEAR: Final = 1900
MOST_OTHERS: Final = 1000
_INF: Final = float("inf")
# What the computer may add to a sum of decimal figures, relative to its size.
_DUST: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Figure:
    """A value and its status, as in the table of values."""

    value: float | None
    status: str


@dataclass(frozen=True, slots=True)
class Span:
    """What a number, or the two ends of an interval, must be: each to within half of its last decimal."""

    lo: float
    hi: float
    lo_half: float = 0.0
    hi_half: float = 0.0

    def holds(self, lo: float, hi: float) -> bool:
        return _near(lo, self.lo, self.lo_half) and _near(hi, self.hi, self.hi_half)


def _near(found: float, wanted: float, half: float) -> bool:
    if math.isinf(found) or math.isinf(wanted):
        return found == wanted
    return abs(found - wanted) <= half + _DUST * max(1.0, abs(found))


def read_years(reader: Reader, node: Node, what: Text) -> tuple[int, ...] | None:
    """``2022 2023 2024`` or ``2022-2024``: rising calendar years."""
    cells = _cells(reader, node, what)
    if cells is None:
        return None
    years: list[int] = []
    for cell in cells:
        match = re.fullmatch(r"([0-9]{4})(?:[-–]([0-9]{4}))?", cell)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if first < _FIRST_YEAR or last < first:
            _bad(reader, node, "bad-year", cell, Text("år", "a year"), "2022 2023 2024")
            return None
        years += range(first, last + 1)
    if years and years == sorted(set(years)):
        return tuple(years)
    reader.report(
        "years-order",
        node.place,
        Text(f"åren i {what.sv} ska stiga, och varje år stå en gång.", f"the years of {what.en} must rise."),
        Text("Skriv till exempel '2022 2023 2024'.", "Write for example '2022 2023 2024'."),
    )
    return None


def read_figures(reader: Reader, node: Node, what: Text, years: Sequence[int] | None) -> tuple[Figure, ...] | None:
    """A figure or a mark for each of ``years``; None for ``years`` means that they are a problem already."""
    cells = _cells(reader, node, what)
    if cells is None:
        return None
    figures: list[Figure] = []
    for cell in cells:
        figure = _figure(reader, node, cell)
        if figure is None:
            return None
        figures.append(figure)
    if years is not None and len(figures) != len(years):
        reader.report(
            "one-figure-a-year",
            node.place,
            Text(
                f"{what.sv} har {len(figures)} tal för {len(years)} år.",
                f"{what.en}: {len(figures)} for {len(years)} years.",
            ),
            Text(
                "Skriv ett tal per år och '_' där det saknas; tal med blanksteg i en lista, [8 093, 8 201].",
                "Write a figure a year and '_' where it is missing; figures with blanks in a list, [8 093, 8 201].",
            ),
        )
        return None
    return tuple(figures)


def read_others(reader: Reader, node: Node, what: Text) -> tuple[Figure, ...] | None:
    """A figure or a mark for each of other units; ``40x100`` is forty units with 100."""
    found: list[Figure] = []
    for cell in _cells(reader, node, what) or []:
        match = re.fullmatch(r"(?:([0-9]{1,3})x)?(.+)", cell)
        figure = None if match is None else _figure(reader, node, match[2])
        if match is None or figure is None:
            return None
        found += [figure] * int(match[1] or 1)
    if 0 < len(found) <= MOST_OTHERS:
        return tuple(found)
    if found:
        reader.report(
            "too-many-others",
            node.place,
            Text(
                f"{what.sv} har {len(found)} kommuner; högst {MOST_OTHERS}.",
                f"{what.en}: {len(found)} municipalities; at most {MOST_OTHERS}.",
            ),
            Text("Skriv till exempel '100x98 100x102'.", "Write for example '100x98 100x102'."),
        )
    return None


def _figure(reader: Reader, node: Node, cell: str) -> Figure | None:
    value = number_of(cell.removesuffix("*"))
    if value is not None:
        return Figure(value, "preliminary" if cell.endswith("*") else "ok")
    if cell in _MARKS:
        return Figure(None, _MARKS[cell])
    _bad(reader, node, "bad-number", cell, Text("ett tal eller '_'", "a number or '_'"), "104")
    return None


def read_number(reader: Reader, node: Node, what: Text, example: str, least: float = -_INF) -> float | None:
    text = reader.scalar(node, what)
    value = None if text is None else number_of(text)
    if text is not None and (value is None or value < least):
        _bad(reader, node, "bad-number", text, what, example)
        return None
    return value


def read_span(reader: Reader, node: Node, what: Text) -> Span | None:
    """``2`` or ``2,0``, or the two ends of what is not known: ``1 .. 3``, ``2 ..``."""
    match = reader.form(node, SPAN, what)
    if match is None:
        return None
    if match[1] is not None:
        value, half = _with_half(match[1], 0.0)
        return Span(value, value, half, half)
    lo, lo_half = _with_half(match[2], -_INF)
    hi, hi_half = _with_half(match[3], _INF)
    if lo <= hi:
        return Span(lo, hi, lo_half, hi_half)
    _bad(reader, node, "bad-number", match[0], what, f"{match[3]} .. {match[2]}")
    return None


def read_day(reader: Reader, node: Node, what: Text) -> date | None:
    """A date, or a year for its last day."""
    year = isinstance(node, Scalar) and re.fullmatch(r"[12][0-9]{3}", node.text.strip())
    return date(int(year[0]), 12, 31) if year else reader.date(node, what)


def number_of(text: str) -> float | None:
    """A number the Swedish way ("8 093", "3,4", "−2"), or None."""
    value = float(text.translate(_PLAIN)) if re.fullmatch(NUMBER, text) else _INF
    return value if math.isfinite(value) else None


def _with_half(text: str | None, absent: float) -> tuple[float, float]:
    if text is None:
        return absent, 0.0
    decimals = len(re.split("[.,]", text)[1]) if re.search("[.,]", text) else 0
    return float(text.translate(_PLAIN)), 0.5 * 10.0**-decimals


def _cells(reader: Reader, node: Node, what: Text) -> list[str] | None:
    """The words of a scalar, or a list's items, which may have blanks in them. A no-break space parts no words."""
    if isinstance(node, Seq):
        items = [reader.scalar(item, what) for item in node.items]
        return None if None in items else [item for item in items if item is not None]
    text = reader.scalar(node, what)
    return None if text is None else re.split(r"[ \t\n]+", text)


def _bad(reader: Reader, node: Node, code: str, text: str, what: Text, example: str) -> None:
    reader.report(
        code,
        node.place,
        Text(f"'{text}' kan inte läsas som {what.sv}.", f"'{text}' is not {what.en}."),
        Text(f"Skriv till exempel '{example}'.", f"Write for example '{example}'."),
    )
