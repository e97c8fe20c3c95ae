"""Blocks as a whole HTML page: one file with its own style, readable on paper and with a screen reader.

What came from rules or data is escaped: it is text, never markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from genomlys.engine.errors import Lang
from genomlys.engine.report.blocks import Bullets, Fields, Heading, Links, Outline, PageBlock, Paragraph, Table

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8886; --soft: #8881; }
body { font: 1rem/1.55 system-ui, "Segoe UI", sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
p, dl, h1 { max-width: 46rem; }
tbody th { font-weight: 500; }
tbody th a { white-space: nowrap; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p { margin: .5rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .75rem 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
dd ul { margin: 0; padding-left: 1.1rem; }
ul { padding-left: 1.4rem; margin: .4rem 0; }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { background: var(--soft); white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
h1 + p, h2 + p { margin-top: 0; }
@media (max-width: 62rem) { thead th, tbody th a { white-space: normal; } }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .4rem; } }
@media print { body { max-width: none; margin: 0; } h2, h3 { break-after: avoid; } table, dl { break-inside: avoid; } }
"""


def page(title: str, blocks: Sequence[PageBlock], lang: Lang) -> str:
    body = "\n".join(line for block in blocks for line in _block(block))
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _block(block: PageBlock) -> Iterator[str]:
    match block:
        case Heading(level, text):
            yield f"<h{level}>{escape(text)}</h{level}>"
        case Paragraph(text):
            yield f"<p>{escape(text)}</p>"
        case Bullets(items):
            yield _bullets(items)
        case Fields(items):
            yield "<dl>"
            for label, value in items:
                said = escape(value) if isinstance(value, str) else _bullets(value)
                yield f"<dt>{escape(label)}</dt><dd>{said}</dd>"
            yield "</dl>"
        case Outline(items):
            yield from _outline(items)
        case Table():
            yield from _table(block, ())
        case Links(table, to):
            yield from _table(table, to)


def _bullets(items: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def _outline(items: Sequence[tuple[int, str]]) -> Iterator[str]:
    depth = -1
    for at, text in items:
        yield "</li>" * (at <= depth) + "</ul></li>" * (depth - at) + "<ul>" * (at - depth) + f"<li>{escape(text)}"
        depth = at
    yield "</li></ul>" * (depth + 1)


def _table(table: Table, to: Sequence[str]) -> Iterator[str]:
    """``to``: the pages that the first cells lead to, a row each, or none."""
    yield '<div class="scroll"><table>'
    head = (f'<th{_side(table, column)} scope="col">{escape(cell)}</th>' for column, cell in enumerate(table.head))
    yield f"<thead><tr>{''.join(head)}</tr></thead>\n<tbody>"
    for number, row in enumerate(table.rows):
        first = escape(row[0])
        linked = f'<a href="{escape(to[number])}.html">{first}</a>' if to else first
        cells = (f"<td{_side(table, column)}>{escape(cell)}</td>" for column, cell in enumerate(row) if column)
        yield f'<tr><th scope="row">{linked}</th>{"".join(cells)}</tr>'
    yield "</tbody></table></div>"


def _side(table: Table, column: int) -> str:
    return ' class="number"' if column in table.right else ""
