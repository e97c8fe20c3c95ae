"""What must hold of KPIs that are made of other KPIs: their words and parts, no circles, and no values of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import polars as pl

from genomlys.engine.door.found import LISTED_OF_ONE_KIND, Found, Said, quote
from genomlys.engine.door.partchecks import Row, Told, editions, meaning
from genomlys.engine.door.raw import ROW
from genomlys.engine.door.table import CheckedTable
from genomlys.engine.errors import Place, Problem, Text
from genomlys.engine.vocabulary import DERIVATIONS

_PARTS: Final[Mapping[str, tuple[int, int | None]]] = MappingProxyType(
    {
        "ratio": (2, 2),
        "sum": (2, None),
        "difference": (2, 2),
        "per": (2, 2),
        "index": (1, 1),
        "real": (1, 1),
        "normalised": (1, None),
    }
)
_DATED: Final = ("index", "real")
_NO_PARTS: Final = Said(
    "missing-column",
    Text("kolumnen 'of' saknas.", "the column 'of' is missing."),
    Text("Lägg till en kolumn of med de nyckeltal som derive gäller.", "Add a column of with the KPIs of derive."),
)


def check_derivations(tables: Mapping[str, CheckedTable]) -> Found:
    """Every problem with how KPIs are derived. What a problem makes meaningless is not asked."""
    kpis = tables.get("kpis")
    if kpis is None or kpis.lost & {"kpi", "measure", "direction"}:
        return Found()
    if not _any_derived(kpis):
        return Found()
    if "of" not in kpis.written.columns:
        return Found.one(Place(kpis.file, None, "of"), _NO_PARTS)
    rows = kpis.frame.with_row_index("_index").rows(named=True)
    by_name: dict[str, Row] = {}
    for row in rows:
        by_name.setdefault(row["kpi"], row)
    known = editions(tables.get("prices"))
    rings = _rings(by_name)
    problems: list[Problem] = []
    for row in rows:
        if not _readable(kpis, row["_index"]):
            continue
        told = list(_shape(row))
        if not told and row["kpi"] in rings:
            told = [] if rings[row["kpi"]] is None else [("of", _ring(rings[row["kpi"]] or ()))]
        elif not told and row["derive"] is not None:
            told = list(meaning(row, by_name, known))
        for column, said in told:
            problems.append(Problem(said.code, kpis.place(row["_index"], column), said.message, said.remedy))
    return Found.all_of([Found.of(problems), _own_values(tables, by_name)])


def _any_derived(kpis: CheckedTable) -> bool:
    given = pl.any_horizontal(pl.col("derive", "base_year", "deflate").is_not_null(), pl.col("of").list.len() > 0)
    return bool(kpis.frame.select(given.any()).item())


def _readable(kpis: CheckedTable, index: int) -> bool:
    asked = ("derive", "of", "base_year", "deflate")
    return not any(column in kpis.unreadable and kpis.unreadable[column][index] for column in asked)


def _shape(row: Row) -> Told:
    """What one row says of itself: a word, so many parts, and a base year and a price index where they belong."""
    word, parts = row["derive"], row["of"] or []
    if word is None:
        given = next((name for name in ("of", "base_year", "deflate") if row[name] not in (None, [])), None)
        if given:
            said = Text(f"{given} är ifylld men inte derive.", f"{given} is filled in but derive is not.")
            listed = ", ".join(DERIVATIONS)
            remedy = Text(f"Skriv i derive något av: {listed}.", f"Write in derive one of: {listed}.")
            yield "derive", Said("derive-missing", said, remedy)
    elif word in DERIVATIONS:
        yield from _parts(row, word, parts)
        yield from _base_year(row, word)
        yield from _deflate(row, word)


def _parts(row: Row, word: str, parts: Sequence[str]) -> Told:
    least, most = _PARTS[word]
    if len(parts) < least or (most is not None and len(parts) > most):
        few = {1: Text("ett nyckeltal", "one KPI"), 2: Text("två nyckeltal", "two KPIs")}[least]
        at_least = Text("", "") if most == least else Text("minst ", "at least ")
        said = Text(
            f"{word} görs av {at_least.sv}{few.sv}, men of har {len(parts)}.",
            f"{word} is made of {at_least.en}{few.en}, but of has {len(parts)}.",
        )
        example = "K1; K2" if least == 2 else "K1"
        remedy = Text(f"Skriv nyckeltalen med semikolon emellan: {example}.", f"Separate KPIs by semicolon: {example}.")
        yield "of", Said("part-count", said, remedy)
    twice = next((part for part in parts if parts.count(part) > 1), None)
    if twice:
        said = Text(f"{quote(twice)} står två gånger.", f"{quote(twice)} is there twice.")
        yield "of", Said("same-part", said, Text("Behåll ett av dem.", "Keep one of them."))


def _base_year(row: Row, word: str) -> Told:
    if row["base_year"] is not None and word not in _DATED:
        said = Text(f"{word} har inget basår.", f"{word} has no base year.")
        remedy = Text("Lämna base_year tom.", "Leave base_year empty.")
        yield "base_year", Said("base-unexpected", said, remedy)
    if row["base_year"] is None and word == "real":
        said = Text("det står inte vilket års priser som gäller.", "it is not stated which year's prices hold.")
        remedy = Text("Skriv året i base_year, till exempel 2024.", "Write the year in base_year, for example 2024.")
        yield "base_year", Said("base-missing", said, remedy)


def _deflate(row: Row, word: str) -> Told:
    if row["deflate"] is not None and word != "real":
        said = Text(f"{word} räknas inte om med ett prisindex.", f"{word} is not deflated by a price index.")
        remedy = Text("Lämna deflate tom, eller skriv real i derive.", "Leave deflate empty, or write real in derive.")
        yield "deflate", Said("deflate-unexpected", said, remedy)
    if row["deflate"] is None and word == "real":
        said = Text("det står inte vilket prisindex som gäller.", "it is not stated which price index holds.")
        remedy = Text("Skriv i deflate ett index ur tabellen prices.", "Write in deflate an index of the table prices.")
        yield "deflate", Said("deflate-missing", said, remedy)


def _rings(by_name: Mapping[str, Row]) -> dict[str, tuple[str, ...] | None]:
    """KPIs that are made of themselves, by way of others: the first of a ring with all of it, the others with None."""
    parts = {name: row["of"] or [] for name, row in by_name.items() if row["derive"] is not None}
    found: dict[str, tuple[str, ...] | None] = {}
    for name in parts:
        ring = None if name in found else _ring_of(name, parts)
        if ring:
            found |= dict.fromkeys(ring)
            found[name] = ring
    return found


def _ring_of(name: str, parts: Mapping[str, Sequence[str]]) -> tuple[str, ...] | None:
    """The shortest way from a KPI back to itself."""
    ways: list[tuple[str, ...]] = [(name,)]
    seen = set()
    for way in ways:
        for part in parts.get(way[-1], ()):
            if part == name:
                return way
            if part not in seen:
                seen.add(part)
                ways.append((*way, part))
    return None


def _ring(ring: Sequence[str]) -> Said:
    way = " → ".join(quote(name) for name in (*ring, ring[0]))
    said = Text(f"nyckeltalet görs av sig självt: {way}.", f"the KPI is made of itself: {way}.")
    remedy = Text("Ta bort ett av dem ur of.", "Remove one of them from of.")
    return Said("derived-circle", said, remedy)


def _own_values(tables: Mapping[str, CheckedTable], by_name: Mapping[str, Row]) -> Found:
    """Published values of a KPI that is derived: one of the two is not meant. One problem a KPI, at its first row."""
    values = tables.get("values")
    derived = [name for name, row in by_name.items() if row["derive"] in DERIVATIONS]
    if values is None or not derived or "kpi" in values.lost:
        return Found()
    told = (
        values.frame.lazy()
        .with_row_index("_index")
        .filter(pl.col("kpi").is_in(derived))
        .group_by("kpi", maintain_order=True)
        .agg(pl.col("_index").first(), pl.col(ROW).slice(1, 1), count=pl.len())
        .collect()
    )
    return Found.first((_own_value(values, *row) for row in told.head(LISTED_OF_ONE_KIND).iter_rows()), told.height)


def _own_value(values: CheckedTable, kpi: str, index: int, also: Sequence[int], count: int) -> Problem:
    rest = " …" if count > len(also) + 1 else ""
    more = Text(f" (även rad {also[0]}{rest})", f" (also row {also[0]}{rest})") if also else Text("", "")
    said = Text(
        f"{quote(kpi)} räknas fram av andra nyckeltal men har ett värde{more.sv}.",
        f"{quote(kpi)} is made of other KPIs but has a value{more.en}.",
    )
    remedy = Text("Ta bort värdet, eller derive i kpis.", "Remove the value, or derive in kpis.")
    return Problem("derived-value", values.place(index, "kpi"), said, remedy)
