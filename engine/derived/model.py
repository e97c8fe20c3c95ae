"""What the table of KPIs says of how a KPI is made, as values in the order in which they can be worked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

import polars as pl

from genomlys.engine.quantities import quantity


@dataclass(frozen=True)
class Derived:
    """A KPI made of the KPIs ``of``, in that order.

    scale: what the parts' result is multiplied by to be in the KPI's measure (``ratio`` and ``per``).
    base_year: the year that is 100, or whose prices are used. None where an index does not state it: until the
    figures are known, and after that only where there are none.
    deflate: the price index. signs: for each part 1 if higher is better, -1 if lower is.
    follows: the benchmarks whose figures were worked out from those of the parts.
    halves: by unit, what a value of it may be off at the most because its parts were rounded, in any year; no less than
    half of the KPI's own last decimal, unless it is a sum of counts.
    """

    kpi: str
    word: str
    of: tuple[str, ...]
    scale: float = 1.0
    base_year: int | None = None
    deflate: str | None = None
    signs: tuple[float, ...] = ()
    follows: frozenset[str] = frozenset()
    halves: Mapping[str, float] = field(default_factory=dict)


def declared(kpis: pl.DataFrame) -> tuple[Derived, ...]:
    """The derived KPIs of a checked table, parts before what is made of them."""
    made = kpis.filter(pl.col("derive").is_not_null())
    if made.is_empty():
        return ()
    measures = dict(kpis.select("kpi", "measure").iter_rows())
    directions = dict(kpis.select("kpi", "direction").iter_rows())
    found = {
        row["kpi"]: _derived(row, measures, directions)
        for row in made.select("kpi", "derive", "of", "base_year", "deflate").iter_rows(named=True)
    }
    order = TopologicalSorter({kpi: [part for part in each.of if part in found] for kpi, each in found.items()})
    return tuple(found[kpi] for kpi in order.static_order())


def _derived(row: Mapping[str, object], measures: Mapping[str, str], directions: Mapping[str, str]) -> Derived:
    kpi, word, parts = str(row["kpi"]), str(row["derive"]), tuple(map(str, row["of"]))  # type: ignore[call-overload]
    base, deflate = row["base_year"], row["deflate"]
    scale = 1.0
    if word in ("ratio", "per"):
        above, below, own = (quantity(measures[name]).step for name in (*parts, kpi))
        scale = above / below / own
    return Derived(
        kpi=kpi,
        word=word,
        of=parts,
        scale=scale,
        base_year=base if isinstance(base, int) else None,
        deflate=deflate if isinstance(deflate, str) else None,
        signs=tuple(-1.0 if directions[part] == "lower" else 1.0 for part in parts),
    )
