"""What a derived KPI says together with its parts: measures that fit, what is better, and price levels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import polars as pl

from genomlys.engine.door.found import Said, quote
from genomlys.engine.door.table import CheckedTable
from genomlys.engine.errors import Text, nearest
from genomlys.engine.quantities import COUNT, INDEX, SHARE, Quantity, alike, quantity

_RATIO: Final = "kvot"
_POINTS: Final = "procentenheter"

Row: TypeAlias = Mapping[str, Any]
Told: TypeAlias = Iterator[tuple[str, Said]]  # the column that a problem stands in, and the problem


@dataclass(frozen=True)
class _Case:
    """A derived KPI's row, with the rows of its parts in the order they are written."""

    row: Row
    parts: tuple[Row, ...]

    @property
    def own(self) -> Quantity:
        return quantity(self.row["measure"])

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(quantity(part["measure"]) for part in self.parts)


def meaning(row: Row, by_name: Mapping[str, Row], editions: Mapping[str, frozenset[int]] | None) -> Told:
    """What a sound row says together with the rows of its parts. A part that is not known is told elsewhere."""
    parts = tuple(by_name[name] for name in row["of"] if name in by_name)
    if row["derive"] not in _MEASURES or len(parts) < len(row["of"]):
        return
    case = _Case(row, parts)
    if all(each["measure"] is not None for each in (row, *parts)):
        yield from _MEASURES[row["derive"]](case)
    if row["derive"] == "normalised":
        yield from _directions(case)
    if row["derive"] == "real":
        yield from _priced(case, editions)
        yield from _stated(case)


def _mismatch(sv: str, en: str, remedy: Text) -> tuple[str, Said]:
    return "measure", Said("measure-mismatch", Text(sv, en), remedy)


def _measures_of(case: _Case) -> str:
    return ", ".join(f"{part['kpi']}: {part['measure']}" for part in case.parts)


def _ratio(case: _Case) -> Told:
    """Two of the same kind make a share, an index or a quotient."""
    above, below = case.quantities
    if (above.what, above.per) != (below.what, below.per):
        listed = _measures_of(case)
        yield _mismatch(
            f"en kvot görs av två nyckeltal i samma mått ({listed}).",
            f"a ratio is made of two KPIs in the same measure ({listed}).",
            Text("Skriv per i derive om det andra är en volym.", "Write per in derive if the second is a volume."),
        )
    elif case.own.what not in (SHARE, INDEX, _RATIO) or case.own.per:
        yield _mismatch(
            f"en kvot är inte {quote(case.row['measure'])}.",
            f"a ratio is not {quote(case.row['measure'])}.",
            Text(f"Skriv %, index eller {_RATIO}.", f"Write %, index or {_RATIO}."),
        )


def _per(case: _Case) -> Told:
    """A sum through a volume: "kr/inv" from mnkr and inhabitants, with the thousands that stand in the measure."""
    own, (above, below) = case.own, case.quantities
    if not own.per:
        yield _mismatch(
            f"måttet {quote(case.row['measure'])} säger inte per vad.",
            f"the measure {quote(case.row['measure'])} does not say per what.",
            Text("Skriv till exempel kr/inv eller antal/1 000 inv.", "Write for example kr/inv or antal/1 000 inv."),
        )
    elif above.per or above.what in (SHARE, INDEX) or above.what != own.what:
        first = case.parts[0]
        yield _mismatch(
            f"{quote(case.row['measure'])} görs inte av {quote(first['measure'])} ({first['kpi']}).",
            f"{quote(case.row['measure'])} is not made of {quote(first['measure'])} ({first['kpi']}).",
            Text("Det första nyckeltalet ska vara en summa av detsamma.", "The first KPI must be a sum of the same."),
        )
    elif below.is_money or below.per or below.what in (SHARE, INDEX):
        second = case.parts[1]
        yield _mismatch(
            f"{second['kpi']} ({second['measure']}) är ingen volym.",
            f"{second['kpi']} ({second['measure']}) is no volume.",
            Text(
                f"Det andra nyckeltalet ska vara en volym, i måttet {COUNT}.",
                f"The second KPI must be a volume, in the measure {COUNT}.",
            ),
        )


def _alike(case: _Case) -> Told:
    """What is added or taken from each other is in the measure of the result."""
    of_shares = case.row["derive"] == "difference" and alike(case.row["measure"], _POINTS)
    wanted = SHARE if of_shares else case.row["measure"]
    if not all(alike(part["measure"], wanted) for part in case.parts):
        listed = _measures_of(case)
        yield _mismatch(
            f"måttet är {quote(case.row['measure'])} men delarna har andra mått ({listed}).",
            f"the measure is {quote(case.row['measure'])} but its parts have others ({listed}).",
            Text("Alla ska ha samma mått.", "All must have the same measure."),
        )


def _index(case: _Case) -> Told:
    if case.own.what != INDEX:
        yield _mismatch(
            f"ett index är inte {quote(case.row['measure'])}.",
            f"an index is not {quote(case.row['measure'])}.",
            Text("Skriv index i measure.", "Write index in measure."),
        )


def _real(case: _Case) -> Told:
    (part,) = case.parts
    if not quantity(part["measure"]).is_money:
        yield _mismatch(
            f"{part['kpi']} är inte i kronor ({part['measure']}): andelar, index och antal läggs inte i fasta priser.",
            f"{part['kpi']} is not in kronor ({part['measure']}): shares, indexes and counts are never deflated.",
            Text("Ange ett nyckeltal i kr, tkr eller mnkr.", "Name a KPI in kr, tkr or mnkr."),
        )
    elif part["derive"] == "real":
        said = Text(f"{part['kpi']} är redan i fasta priser.", f"{part['kpi']} is deflated already.")
        remedy = Text("Ange nyckeltalet i löpande priser.", "Name the KPI in current prices.")
        yield "of", Said("deflated-twice", said, remedy)
    else:
        yield from _alike(case)


def _directions(case: _Case) -> Told:
    """100 is best, so that it must be known what is better."""
    for part in case.parts:
        if part["direction"] in ("neutral", "target"):
            said = Text(
                f"det går inte att säga om högre eller lägre är bättre för {part['kpi']} ({part['direction']}).",
                f"it cannot be said whether higher or lower is better for {part['kpi']} ({part['direction']}).",
            )
            remedy = Text(
                "Ge nyckeltalet riktningen higher eller lower, eller ta bort det ur of.",
                "Give the KPI the direction higher or lower, or remove it from of.",
            )
            yield "of", Said("part-direction", said, remedy)
    if case.row["direction"] != "higher":
        said = Text("100 är alltid bäst i ett normerat index.", "100 is always best in a normalised index.")
        yield "direction", Said("index-direction", said, Text("Skriv higher.", "Write higher."))


def editions(prices: CheckedTable | None) -> Mapping[str, frozenset[int]] | None:
    """By price index the years of its newest edition; None if that is not known."""
    if prices is None or prices.partial or prices.lost or prices.unreadable:
        return None
    newest = prices.frame.filter(pl.col("vintage") == pl.col("vintage").max().over("index"))
    by_index = newest.group_by("index").agg("year").drop_nulls()
    return {name: frozenset(years) for name, years in by_index.iter_rows()}


def _priced(case: _Case, editions: Mapping[str, frozenset[int]] | None) -> Told:
    name, base = case.row["deflate"], case.row["base_year"]
    if editions is None or name is None:
        return
    if name not in editions:
        said = Text(f"okänt prisindex {quote(name)}.", f"unknown price index {quote(name)}.")
        yield "deflate", Said("unknown-price-index", said, nearest(name, list(editions)))
    elif base is not None and base not in editions[name]:
        said = Text(
            f"prisindexet {quote(name)} saknar {base} i sin senaste utgåva.",
            f"the newest edition of the price index {quote(name)} lacks {base}.",
        )
        listed = ", ".join(map(str, sorted(editions[name])))
        yield "base_year", Said("base-unknown", said, Text(f"Det har: {listed}.", f"It has: {listed}."))


def _stated(case: _Case) -> Told:
    """Fixed prices that are not said to be so are read as the year's own."""
    base = case.row["base_year"]
    for column in ("title", "name"):
        text = case.row[column]
        if base is None or text is None or str(base) in text or (column == "name" and text == case.row["title"]):
            continue
        said = Text(
            f"{quote(text)} säger inte att beloppen är i {base} års priser.",
            f"{quote(text)} does not say that amounts are in the prices of {base}.",
        )
        remedy = Text(f"Lägg till '({base} års priser)'.", f"Add '({base} års priser)'.")
        yield column, Said("prices-not-stated", said, remedy)


_MEASURES: Final[Mapping[str, Callable[[_Case], Told]]] = MappingProxyType(
    {
        "ratio": _ratio,
        "sum": _alike,
        "difference": _alike,
        "per": _per,
        "index": _index,
        "real": _real,
        "normalised": _index,
    }
)
