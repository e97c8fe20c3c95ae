"""The report as text for a console or a plain text file."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from genomlys.engine.assess import Assessment
from genomlys.engine.report.blocks import Block, Bullets, Fields, Heading, Paragraph, Table
from genomlys.engine.report.content import closing, content

WIDTH = 100
_GAP = "  "
_INDENT = "   "


def as_text(assessment: Assessment, width: int = WIDTH) -> str:
    """The whole report, wrapped to ``width`` columns; a table is never narrower than its longest words."""
    return render([*content(assessment, ids=True), *closing(assessment)], width)


def render(blocks: Sequence[Block], width: int = WIDTH) -> str:
    """Blocks as lines of text. What stands under a heading of level 3 is indented."""
    lines: list[str] = []
    margin = ""
    for block in blocks:
        if isinstance(block, Heading):
            margin = ""
        lines += [(margin + line).rstrip() for line in _block(block, width - len(margin))]
        if isinstance(block, Heading) and block.level > 2:
            margin = _INDENT
    return "\n".join(lines).strip("\n") + "\n"


def _block(block: Block, width: int) -> list[str]:
    match block:
        case Heading(level, text):
            return _heading(level, text, width)
        case Paragraph(text):
            return [*_wrapped(text, width), ""]
        case Bullets(items):
            return [*(line for item in items for line in _wrapped(item, width, "- ", "  ")), ""]
        case Fields(items):
            return [*(line for label, value in items for line in _field(label, value, width)), ""]
        case Table():
            return [*_table(block, width), ""]


def _heading(level: int, text: str, width: int) -> list[str]:
    lines = _wrapped(text, width)
    if level > 2:
        return lines
    mark = "=" if level == 1 else "-"
    return [*lines, mark * max(map(len, lines)), *[""] * (level == 1)]


def _field(label: str, value: str | tuple[str, ...], width: int) -> list[str]:
    if isinstance(value, str):
        return _wrapped(f"{label}: {value}", width, "", "  ")
    return [f"{label}:", *(line for item in value for line in _wrapped(item, width, "  - ", "    "))]


def _wrapped(text: str, width: int, first: str = "", rest: str = "") -> list[str]:
    # textwrap breaks at ASCII blanks only: a number stays with its measure.
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    ) or [first]


def _table(table: Table, width: int) -> list[str]:
    rows = [table.head, *table.rows]
    widths = _widths(rows, width - len(_GAP) * (len(table.head) - 1))
    lines = [line for row in rows for line in _row(row, widths, table.right)]
    rule = _GAP.join("-" * column for column in widths)
    under = len(_row(table.head, widths, table.right))
    return [*lines[:under], rule, *lines[under:]]


def _widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """The width of each column: what its longest cell needs, or less where the longest would not fit."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max((len(word) for cell in column for word in cell.split(" ")), default=0) for column in columns]
    while sum(widths) > room:
        loose = [at for at, width in enumerate(widths) if width > least[at]]
        if not loose:
            break
        widest = max(loose, key=lambda at: widths[at])
        widths[widest] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int], right: frozenset[int]) -> list[str]:
    parts = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, parts))
    lines = []
    for at in range(height):
        texts = [part[at] if at < len(part) else "" for part in parts]
        lines.append(
            _GAP.join(
                text.rjust(width) if column in right else text.ljust(width)
                for column, (text, width) in enumerate(zip(texts, widths, strict=True))
            )
        )
    return lines
