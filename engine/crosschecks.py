"""What must hold between rows and between tables: keys, references, and figures against their KPI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import polars as pl

from genomlys.engine.door.derivations import check_derivations
from genomlys.engine.door.figures import check_figures
from genomlys.engine.door.found import LISTED_OF_ONE_KIND, Found, Said, quote
from genomlys.engine.door.keys import repeated
from genomlys.engine.door.raw import ROW
from genomlys.engine.door.table import CheckedTable, Say
from genomlys.engine.errors import Place, Problem, Text, nearest
from genomlys.engine.tables import key

_ALSO_ROWS: Final = 5
_KEEP_ONE: Final = Text("Behåll en av raderna.", "Keep one of the rows.")


class _Reference(NamedTuple):
    """A column whose cells name rows of another table."""

    table: str
    column: str
    target: str


_REFERENCES: Final = (
    _Reference("units", "parent", "units"),
    _Reference("kpis", "area", "areas"),
    _Reference("kpis", "volume", "kpis"),
    _Reference("kpis", "denominator", "kpis"),
    _Reference("kpis", "part_of", "kpis"),
    _Reference("kpis", "of", "kpis"),
    _Reference("values", "unit", "units"),
    _Reference("values", "kpi", "kpis"),
    _Reference("benchmarks", "unit", "units"),
    _Reference("benchmarks", "kpi", "kpis"),
    _Reference("peers", "unit", "units"),
    _Reference("peers", "member", "units"),
    _Reference("measures", "area", "areas"),
    _Reference("signals", "area", "areas"),
)
_NOUNS: Final = {
    "units": ("unknown-unit", "okänd enhet", "unknown unit"),
    "kpis": ("unknown-kpi", "okänt nyckeltal", "unknown KPI"),
    "areas": ("unknown-area", "okänt område", "unknown area"),
}


def check_across(tables: Mapping[str, CheckedTable]) -> Found:
    """Every problem between rows and tables. A table that could not be read is not in ``tables``, and is not asked."""
    found = [_duplicates(checked) for checked in tables.values()]
    found += [_references(tables, reference) for reference in _REFERENCES]
    found += [_endless(tables, *circle) for circle in _CIRCLES]
    found += [_targets(tables), _peer_groups(tables), check_derivations(tables)]
    found += [check_figures(tables, name) for name in ("values", "benchmarks")]
    return Found.all_of(found)


def check_home(unit: str, place: Place, tables: Mapping[str, CheckedTable]) -> Found:
    """The data set's own unit is one of its units."""
    known = _known(tables, "units")
    return Found() if known is None or unit in known else Found.one(place, _unknown(unit, "units", known))


def _known(tables: Mapping[str, CheckedTable], target: str) -> pl.Series | None:
    """The names that rows of a table can be called by; None if that is not known, and then nothing is unknown."""
    checked = tables.get(target)
    (name,) = key(target)
    if checked is None or checked.partial or name in checked.lost:
        return None
    return checked.frame[name].drop_nulls()


def _references(tables: Mapping[str, CheckedTable], reference: _Reference) -> Found:
    """One problem for each unknown name, at its first row: a name misspelt on a thousand rows is one mistake."""
    checked, known = tables.get(reference.table), _known(tables, reference.target)
    if checked is None or known is None:
        return Found()
    column, rows = pl.col(reference.column), checked.frame.lazy()
    if checked.frame.schema[reference.column].base_type() == pl.List:
        rows = rows.explode(reference.column)
    named = column.is_not_null() & ~column.is_in(known.implode())
    if reference.column in ("volume", "denominator"):  # which may be a number instead
        named &= column.cast(pl.Float64, strict=False).is_null()
    unknown = (
        rows.filter(named)
        .group_by(reference.column, maintain_order=True)
        .agg(pl.col(ROW).head(_ALSO_ROWS + 1), count=pl.len())
        .collect()
    )
    listed = unknown.head(LISTED_OF_ONE_KIND).iter_rows()
    names = [_unknown_name(checked, reference, known, *row) for row in listed]
    return Found.first(names, unknown.height)


def _unknown_name(
    checked: CheckedTable, reference: _Reference, known: pl.Series, name: str, rows: Sequence[int], count: int
) -> Problem:
    said = _unknown(name, reference.target, known, rows[1:], count - 1)
    place = Place(checked.file, rows[0], checked.sources[reference.column])
    return Problem(said.code, place, said.message, said.remedy)


def _unknown(name: str, target: str, known: pl.Series, also: Sequence[int] = (), count: int = 0) -> Said:
    code, sv, en = _NOUNS[target]
    rows = ", ".join(map(str, also)) + (" …" if count > len(also) else "")
    more = Text(f" (även rad {rows})", f" (also row {rows})") if also else Text("", "")
    said = Text(f"{sv} {quote(name)}{more.sv}.", f"{en} {quote(name)}{more.en}.")
    return Said(code, said, nearest(name, known.to_list()))


def _endless(tables: Mapping[str, CheckedTable], table: str, column: str, say: Say) -> Found:
    """Units below themselves and KPIs that are part of themselves, through one other or more."""
    checked, (name,) = tables.get(table), key(table)
    if checked is None or checked.lost & {name, column}:
        return Found()
    above = dict(checked.frame.select(name, column).drop_nulls().iter_rows())
    within = {each for each in above if _comes_back(each, above)}
    return checked.tell(pl.col(name).is_in(list(within)) & pl.col(column).is_not_null(), column, say)


def _comes_back(unit: str, above: Mapping[str, str]) -> bool:
    seen, now = {unit}, above.get(unit)
    while now is not None and now not in seen:
        seen.add(now)
        now = above.get(now)
    return now == unit


def _below_itself(text: str, row: Mapping[str, Any]) -> Said:
    unit = quote(row["unit"])
    said = Text(f"enheten {unit} hör till sig själv.", f"the unit {unit} belongs to itself.")
    remedy = Text("Skriv enheten närmast ovanför, eller ingenting.", "Write the unit next above, or nothing.")
    return Said("parent-circle", said, remedy)


def _part_of_itself(text: str, row: Mapping[str, Any]) -> Said:
    kpi = quote(row["kpi"])
    said = Text(f"nyckeltalet {kpi} är en del av sig självt.", f"the KPI {kpi} is part of itself.")
    remedy = Text("Skriv det nyckeltal som det är en del av, eller ingenting.", "Write what it is part of, or nothing.")
    return Said("part-circle", said, remedy)


# Columns that name another row of their own table, which may not lead back.
_CIRCLES: Final = (("units", "parent", _below_itself), ("kpis", "part_of", _part_of_itself))


def _targets(tables: Mapping[str, CheckedTable]) -> Found:
    """A KPI that is better the nearer its target it is says nothing without one."""
    kpis, benchmarks = tables.get("kpis"), tables.get("benchmarks")
    if kpis is None or benchmarks is None or benchmarks.partial or benchmarks.lost & {"kpi", "benchmark"}:
        return Found()
    with_target = benchmarks.frame.filter(pl.col("benchmark") == "target")["kpi"].drop_nulls()
    broken = (pl.col("direction") == "target") & ~pl.col("kpi").is_in(with_target.implode())
    return kpis.tell(broken, "direction", _no_target)


def _no_target(text: str, row: Mapping[str, Any]) -> Said:
    said = Text("nyckeltalet har riktningen target men inget mål.", "the KPI has the direction target but no target.")
    remedy = Text(
        f"Lägg till en rad för {row['kpi']} i benchmarks med benchmark target, eller skriv en annan riktning.",
        f"Add a row for {row['kpi']} to benchmarks with the benchmark target, or write another direction.",
    )
    return Said("target-missing", said, remedy)


def _peer_groups(tables: Mapping[str, CheckedTable]) -> Found:
    """Where there are several groups of peers, a KPI must say which it is compared in, or nothing is compared."""
    kpis, peers, figures = tables.get("kpis"), tables.get("peers"), tables.get("benchmarks")
    if kpis is None or peers is None or peers.partial or peers.lost & {"group"} or figures is None:
        return Found()
    groups = peers.frame["group"].drop_nulls().unique().sort()
    named = pl.col("peer_group")
    unknown = named.is_not_null() & ~named.is_in(groups.implode())
    found = [kpis.tell(unknown, "peer_group", _unknown_group(groups.to_list()))]
    if len(groups) > 1 and not figures.lost & {"kpi", "benchmark"}:
        published = figures.frame.filter(pl.col("benchmark").str.starts_with("peers."))["kpi"].drop_nulls()
        compared = (pl.col("direction") != "neutral") & ~pl.col("kpi").is_in(published.implode())
        found.append(kpis.tell(compared & named.is_null(), "kpi", _no_group(groups.to_list())))
    return Found.all_of(found)


def _unknown_group(groups: list[str]) -> Say:
    def say(text: str, row: Mapping[str, Any]) -> Said:
        said = Text(f"okänd grupp {quote(text)}.", f"unknown group {quote(text)}.")
        return Said("unknown-group", said, nearest(text, groups))

    return say


def _no_group(groups: list[str]) -> Say:
    def say(text: str, row: Mapping[str, Any]) -> Said:
        said = Text(
            f"det finns flera grupper av liknande kommuner, och {quote(text)} säger inte vilken som gäller.",
            f"there are several groups of peers, and {quote(text)} does not say which one holds.",
        )
        listed = ", ".join(groups[:12])
        remedy = Text(f"Skriv i kolumnen peer_group något av: {listed}.", f"Write in peer_group one of: {listed}.")
        return Said("peer-group-missing", said, remedy)

    return say


def _duplicates(checked: CheckedTable) -> Found:
    """The same key on two rows, which are both named; if their values differ, both values too."""
    if checked.lost & set(key(checked.table)):
        return Found()
    pairs = repeated(checked.codes)
    problems = (_duplicate(checked, first, again) for first, again in pairs.head(LISTED_OF_ONE_KIND).iter_rows())
    return Found.first(problems, pairs.height)


def _duplicate(checked: CheckedTable, first: int, again: int) -> Problem:
    rows = checked.frame[ROW]
    if "value" in checked.frame.columns and checked.frame["value"][first] != checked.frame["value"][again]:
        said = _conflict(checked.text(first, "value"), checked.text(again, "value"), rows[first], rows[again])
        return Problem(said.code, checked.place(again, "value"), said.message, said.remedy)
    columns = key(checked.table)
    words = ", ".join(checked.text(again, column) for column in columns)
    message = Text(f"{words} finns redan på rad {rows[first]}.", f"{words} is already on row {rows[first]}.")
    return Problem("duplicate-key", checked.place(again, columns[-1]), message, _KEEP_ONE)


def _conflict(one: str, other: str, first: int, again: int) -> Said:
    said = Text(
        f"två värden för en cell: {quote(one)} på rad {first} och {quote(other)} på rad {again}.",
        f"two values for one cell: {quote(one)} on row {first} and {quote(other)} on row {again}.",
    )
    return Said("conflicting-values", said, _KEEP_ONE)
