"""Thresholds that change with the years: what each is from a year on, and where that is decided.

    when: {is: above, than: reference, by: {2024: 2 %, 2026: 3 %, source: "KF 2023-12-14 § 120"}}
    severity: {medium: 5 %, high: {2024: 10 %, 2026: 12 %, source: "KF 2023-12-14 § 120"}}

A rule or a move is read once for every year that any of its thresholds changes, with the values then in force, so that
each of them is checked as any other. The one in force in the year that is judged (``as_of``) is used, for all the years
that it looks at; before its first year a threshold is what it is then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from genomlys.engine.errors import Text
from genomlys.engine.language.model import Dated
from genomlys.engine.language.reader import Reader, shown
from genomlys.engine.language.words import DATEABLE, YEAR
from genomlys.engine.language.yamlfile import Map, Node, Scalar, Seq

_SOURCE: Final = "source"
_WHERE: Final = ("when", "severity")


def dated_values(node: Map) -> Iterator[tuple[str, Map]]:
    """The words of a rule or a move whose values are given by year, in the order written."""
    for key, value in node.entries:
        if key.text in _WHERE:
            yield from _below(value)


def _below(node: Node) -> Iterator[tuple[str, Map]]:
    if isinstance(node, Map):
        for key, value in node.entries:
            if key.text in DATEABLE and isinstance(value, Map):
                yield key.text, value
            else:
                yield from _below(value)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _below(item)


def read_dated(reader: Reader, word: str, node: Map) -> Dated | None:
    """Years in rising order with their values, and the source; None and a problem where it is not so."""
    before = len(reader.problems)
    values = []
    for key, value in node.entries:
        if key.text == _SOURCE:
            continue
        match = reader.form(key, YEAR, Text(f"ett år för '{word}'", f"a year of '{word}'"))
        text = reader.scalar(value, Text(f"'{key.text}'", f"'{key.text}'"))
        if match and text:
            values.append((int(match[0]), shown(text)))
    source = node.get(_SOURCE)
    if source is None or not values:
        lacking = _SOURCE if source is None else "2026"
        reader.report(
            "missing-word",
            node.place,
            Text(f"'{lacking}' saknas.", f"'{lacking}' is missing."),
            Text(
                "Skriv till exempel '{2024: 2 %, 2026: 3 %, source: …}'.",
                "Write for example '{2024: 2 %, 2026: 3 %, source: …}'.",
            ),
        )
    told = None if source is None else reader.bilingual(source, Text("'source'", "'source'"))
    if len(reader.problems) > before or told is None:
        return None
    return Dated(word, tuple(sorted(values)), told)


def of_year(node: Map, year: int) -> Map:
    """What is written of a rule or a move, with each dated threshold as it is in a year."""
    return Map(
        tuple((key, _of_year(value, year) if key.text in _WHERE else value) for key, value in node.entries), node.place
    )


def _of_year(node: Node, year: int) -> Node:
    if isinstance(node, Map):
        entries = tuple(
            (key, _in_force(value, year) if key.text in DATEABLE and isinstance(value, Map) else _of_year(value, year))
            for key, value in node.entries
        )
        return Map(entries, node.place)
    return Seq(tuple(_of_year(item, year) for item in node.items), node.place) if isinstance(node, Seq) else node


def _in_force(dated: Map, year: int) -> Node:
    by_year = sorted((int(key.text), value) for key, value in dated.entries if _is_year(key))
    return next((value for first, value in reversed(by_year) if first <= year), by_year[0][1])


def _is_year(key: Scalar) -> bool:
    return key.text != _SOURCE
