"""The table of published benchmarks, which may be long: as numbers, and as a frame where that is asked for.

Like the values (see ``cube``), a table with types need not pass the door row by row: a few sums over all rows show
whether any of them can be a problem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.cube import Bounds
from genomlys.engine.tables import FIRST_YEAR
from genomlys.engine.vocabulary import BENCHMARKS
from genomlys.engine.worded import WORDS, Codes, sources_sound, words_of

EVERYONE: Final = -1
_NEEDED: Final = ("kpi", "year", "benchmark", "value")
_WORDED: Final = ("unit", "kpi", "benchmark")


@dataclass(frozen=True, eq=False)
class Figures:
    """Published benchmarks, a row each.

    unit, kpi: the row of their names in order, EVERYONE for a figure that is for every unit; benchmark: the place in
    BENCHMARKS; value: Float64, NaN where there is a row without a figure
    """

    unit: Codes
    kpi: Codes
    year: NDArray[np.int16]
    benchmark: NDArray[np.int8]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)

    def where(self, rows: NDArray[np.bool_]) -> Figures:
        """Of all rows no copy is made."""
        if rows.all():
            return self
        return Figures(*(getattr(self, name)[rows] for name in ("unit", "kpi", "year", "benchmark", "value")))

    def of(self, benchmark: str) -> Figures:
        return self.where(self.benchmark == BENCHMARKS.index(benchmark))


class FigureTable:
    """Benchmarks that have passed the door, or typed ones that have been shown to be sound without it."""

    def __init__(
        self, table: pl.DataFrame, door: Callable[[], pl.DataFrame] | None = None, figures: Figures | None = None
    ) -> None:
        """door: makes the checked table; None where ``table`` is that. figures: what it says, if that is at hand."""
        self._table = table
        self._door = door
        self._figures = figures

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The checked table, as ``tables.SCHEMAS`` tells."""
        return self._table if self._door is None else self._door()

    def figures(self, bounds: Bounds) -> Figures:
        if self._figures is None:
            self._figures = figures_of(self._table, bounds)
        assert self._figures is not None, "what has passed the door has its places"
        return self._figures


def is_typed(table: Any) -> bool:
    """Whether it is a frame with rows that say what they are of, and with the types that ``figures_of`` reads alone."""
    if not isinstance(table, pl.DataFrame) or table.is_empty():
        return False
    schema = table.schema
    if not set(_NEEDED) <= set(schema) <= {*_NEEDED, "unit", "source"}:
        return False
    if any(table[name].null_count() for name in ("kpi", "year", "benchmark")):
        return False
    words = [schema[name].base_type() in WORDS for name in ("kpi", "benchmark")]
    maybe = [schema.get(name, pl.Null()).base_type() in (*WORDS, pl.Null) for name in ("unit", "source")]
    return all(words) and all(maybe) and schema["year"].is_integer() and schema["value"] == pl.Float64


def one_of_each(table: pl.DataFrame) -> pl.DataFrame:
    """A row for each KPI and benchmark of a table for which ``is_typed`` holds."""
    kpi, benchmark = (each if each.dtype == pl.String else each.to_physical() for each in table["kpi", "benchmark"])
    rows = [(benchmark == word).arg_true() for word in benchmark.unique().sort()]
    found: pl.DataFrame = table[pl.concat([at.gather(kpi.gather(at).arg_unique()) for at in rows])]
    return found


def figures_of(table: pl.DataFrame, bounds: Bounds, last_year: int | None = None) -> Figures | None:
    """What a table says for which ``is_typed`` holds; None unless every row is sound.

    last_year: the last one there can be; None for a table that has passed the door.
    """
    if last_year is not None and not _can_be(table, last_year):
        return None
    known = {"unit": bounds.units, "kpi": bounds.kpis, "benchmark": BENCHMARKS}
    unit, kpi, benchmark = (_codes(table, name, known[name]) for name in _WORDED)
    if unit is None or kpi is None or benchmark is None:
        return None
    year, value = table["year"].cast(pl.Int16).to_numpy(), table["value"].fill_null(np.nan).to_numpy()
    figures = Figures(unit, kpi, year, benchmark.astype(np.int8), value)
    return figures if last_year is None or _is_sound(figures, bounds) else None


def _can_be(table: pl.DataFrame, last_year: int) -> bool:
    first, last = table["year"].min(), table["year"].max()
    in_time = isinstance(first, int) and isinstance(last, int) and FIRST_YEAR <= first and last <= last_year
    return in_time and sources_sound(table.lazy(), table.schema)


def _codes(table: pl.DataFrame, name: str, known: tuple[str, ...]) -> Codes | None:
    """None where a word is not known."""
    if table.schema.get(name, pl.Null()) == pl.Null:
        return np.full(table.height, EVERYONE, dtype=np.int32)
    words = words_of(name, table.schema[name], known)
    written = table.select(words.codes).to_series()
    there = written.is_not_null().to_numpy()
    codes = words.of(written.fill_null(0)).astype(np.int32)
    return np.where(there, codes, np.int32(EVERYONE)) if (codes[there] >= 0).all() else None


def _is_sound(figures: Figures, bounds: Bounds) -> bool:
    """Whether every figure is finite, and between 0 and 100 if it is a share, and no key is there twice."""
    shares = np.flatnonzero(np.isin(np.array(bounds.kpis), list(bounds.shares)))
    of_shares = figures.value[np.isin(figures.kpi, shares)]
    if np.isinf(figures.value).any() or ((of_shares < 0) | (of_shares > 100)).any():
        return False
    # In the order that such a table is often in: then no row need be set against all others.
    key = figures.kpi.astype(np.int64)
    for part, size in ((figures.unit, len(bounds.units)), (figures.year, 10_000), (figures.benchmark, len(BENCHMARKS))):
        key = key * (size + 1) + (part + 1)  # -1 is everyone
    steps = np.diff(key)
    return bool((steps > 0).all() or (np.diff(np.sort(key)) > 0).all())
