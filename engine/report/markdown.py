"""The report as Markdown, for pasting into a document. What came from the data is escaped: it is text, never markup."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from genomlys.engine.assess import Assessment
from genomlys.engine.report.blocks import Bullets, Fields, Heading, Links, Outline, PageBlock, Paragraph, Table
from genomlys.engine.report.content import content

FILE: Final = "report.md"
# CommonMark lets a backslash stand before any of these; $, ^ and ~ mean something to Pandoc and others.
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~&$^])")
# At the beginning of a line these would begin a list, a quotation or a rule under a heading.
_BEGINNING: Final = re.compile(r"^([-+=]|[0-9]+(?=[.)]))")


def files(assessment: Assessment) -> Mapping[str, bytes]:
    return {FILE: as_markdown(assessment).encode()}


def as_markdown(assessment: Assessment) -> str:
    return render(content(assessment))


def escape(text: str) -> str:
    """Text on one line that Markdown shows as it stands, within a line."""
    return _MARKUP.sub(r"\\\1", " ".join(text.splitlines()))


def escape_line(text: str) -> str:
    """The same at the beginning of a line or of an item in a list."""
    return _BEGINNING.sub(lambda first: f"\\{first[0]}" if first[0] in "-+=" else f"{first[0]}\\", escape(text))


def render(blocks: Sequence[PageBlock]) -> str:
    return "\n".join(line for block in blocks for line in (*_block(block), "")).rstrip("\n") + "\n"


def _block(block: PageBlock) -> list[str]:
    match block:
        case Heading(level, text):
            return [f"{'#' * level} {escape(text)}"]
        case Paragraph(text):
            return [escape_line(text)]
        case Bullets(items):
            return [f"- {escape_line(item)}" for item in items]
        case Fields(items):
            return [line for label, value in items for line in _field(label, value)]
        case Outline(items):
            return [f"{'  ' * depth}- {escape_line(item)}" for depth, item in items]
        case Table():
            return _table(block)
        case Links():
            return _linked(block)


def _field(label: str, value: str | tuple[str, ...]) -> list[str]:
    name = f"- **{escape(label)}:**"
    if isinstance(value, str):
        return [f"{name} {escape(value)}"]
    return [name, *(f"  - {escape_line(item)}" for item in value)]


def _table(table: Table) -> list[str]:
    return _rows(table, [[escape(cell) for cell in row] for row in table.rows])


def _linked(links: Links) -> list[str]:
    table = links.table
    rows = [[escape(cell) for cell in row] for row in table.rows]
    linked = [[f"[{first}]({name}.md)", *rest] for (first, *rest), name in zip(rows, links.to, strict=True)]
    return _rows(table, linked)


def _rows(table: Table, rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells that are Markdown already, below the table's head."""
    rule = ["---:" if column in table.right else "---" for column in range(len(table.head))]
    head = [escape(cell) for cell in table.head]
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
