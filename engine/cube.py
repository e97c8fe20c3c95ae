"""The values table -> a cube: KPI x unit x calendar year, read in parts and shown to be sound on the way.

Typed values (a Parquet file or a frame) need not pass the door row by row: while they are put in their places, a few
sums over all rows show whether any of them can be a problem. Where that cannot be shown, nothing is told here: the
door reads the table, finds the places and says what to write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.tables import FIRST_YEAR
from genomlys.engine.worded import WORDS, Words, sources_sound, words_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What a cell of ``Cube.marks`` says; 0 where the table has no row.
MARKS: Final = {"ok": 1, "preliminary": 2, "missing": 3, "suppressed": 4, "not_applicable": 5}
_WITH_VALUE: Final = MARKS["preliminary"]  # and below
ROWS_READ: Final = 1_000_000  # at a time
_NEEDED: Final = ("unit", "kpi", "year", "value")


@dataclass(frozen=True, eq=False)
class Cube:
    """Own values of units, by KPI, unit and calendar year.

    units, kpis: their names, in the order of the axes
    own: Float64 [KPIs, units, years], NaN where there is no value; marks: UInt8, the same shape, of MARKS
    """

    units: tuple[str, ...]
    kpis: tuple[str, ...]
    first_year: int
    own: Floats
    marks: NDArray[np.uint8]

    @property
    def years(self) -> int:
        years: int = self.own.shape[2]
        return years

    @property
    def valued(self) -> NDArray[np.bool_]:
        """[KPIs, units]: whether there is a value in any year."""
        return np.asarray((~np.isnan(self.own)).any(axis=2), dtype=np.bool_)

    def part(self, units: Sequence[str] | None, kpis: Sequence[str] | None) -> Cube:
        """The same of some units and KPIs, in their order; None for all."""
        own, marks = self.own, self.marks
        if kpis is not None and tuple(kpis) != self.kpis:
            rows = _rows(self.kpis, kpis)
            own, marks = own[rows], marks[rows]
        if units is not None and tuple(units) != self.units:
            rows = _rows(self.units, units)
            own, marks = own[:, rows], marks[:, rows]
        return Cube(tuple(units or self.units), tuple(kpis or self.kpis), self.first_year, own, marks)

    def of_years(self, first: int, last: int) -> Cube:
        """The same from the year ``first`` to ``last``, whether or not it has figures for each of them."""
        own, marks = self.own, self.marks
        before, after = max(self.first_year - first, 0), max(last + 1 - self.first_year - self.years, 0)
        if before or after:
            width = ((0, 0), (0, 0), (before, after))
            own, marks = np.pad(own, width, constant_values=np.nan), np.pad(marks, width)
        start = max(first - self.first_year, 0)
        cut = slice(start, start + last + 1 - first)
        return replace(self, first_year=first, own=own[:, :, cut], marks=marks[:, :, cut])


def _rows(names: Sequence[str], wanted: Sequence[str]) -> Ints | slice:
    """Where the names stand; a slice, which makes no copy, where they stand side by side."""
    place = {name: row for row, name in enumerate(names)}
    rows = np.array([place[name] for name in wanted], dtype=np.int64)
    if len(rows) and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


@dataclass(frozen=True)
class Bounds:
    """What values must keep to: the names of units and KPIs, and which KPIs are shares of 100."""

    units: tuple[str, ...]
    kpis: tuple[str, ...]
    shares: frozenset[str]


def is_typed(schema: pl.Schema) -> bool:
    """Whether a table of values has the types that a cube is read from, under their own names and no others."""
    columns = {*_NEEDED, "status", "source"}
    if not set(_NEEDED) <= set(schema) <= columns:
        return False
    words = [schema[name].base_type() in WORDS for name in ("unit", "kpi")]
    status = schema.get("status", pl.Null()).base_type() in (*WORDS, pl.Null)
    source = schema.get("source", pl.Null()).base_type() in (*WORDS, pl.Null)
    numbers = schema["year"].is_integer() and schema["value"] == pl.Float64
    return all(words) and status and source and numbers


def read_cube(
    scan: pl.LazyFrame,
    bounds: Bounds,
    years: tuple[int, int] | None,
    units: Sequence[str] | None = None,
    kpis: Sequence[str] | None = None,
    *,
    last_year: int | None = None,
) -> Cube | None:
    """The cube of a table for which ``is_typed`` holds; None unless every row that is read is sound.

    years: the first and the last one with a row, None where there is no row. units, kpis: those to be read, None for
    all. Only what is read is looked at. last_year: the last one there can be; None for a table that has passed the
    door, of which there is always a cube.
    """
    passed = last_year is None
    schema = scan.collect_schema()
    first, last = years or (FIRST_YEAR, FIRST_YEAR)
    if last_year is not None and not (FIRST_YEAR <= first and last <= last_year and sources_sound(scan, schema)):
        return None
    cube = _empty(bounds.units if units is None else units, bounds.kpis if kpis is None else kpis, first, last)
    words = {"unit": words_of("unit", schema["unit"], cube.units), "kpi": words_of("kpi", schema["kpi"], cube.kpis)}
    if schema.get("status", pl.Null()) != pl.Null:
        words["status"] = _words_of_marks(schema["status"])
    columns = [
        pl.col("year").cast(pl.Int32),
        pl.col("value").fill_null(np.nan),
        *(each.codes.alias(name) for name, each in words.items()),
    ]
    meant = [pl.col(name).is_in(list(names)) for name, names in (("unit", units), ("kpi", kpis)) if names is not None]
    rows = 0
    for part in _parts(scan.filter(*meant) if meant else scan, columns, filtered=bool(meant)):
        if not _scattered(part, words, cube, passed=passed):
            return None
        rows += part.height
    cube.own[cube.marks == 0] = np.nan
    # Two rows with one key fill one cell.
    sound = passed or (rows == np.count_nonzero(cube.marks) and _shares_sound(cube, bounds.shares))
    return cube if sound else None


def _empty(units: Sequence[str], kpis: Sequence[str], first: int, last: int) -> Cube:
    """Without values yet: memory that has not been written costs nothing."""
    shape = (len(kpis), len(units), last + 1 - first)
    return Cube(tuple(units), tuple(kpis), first, np.empty(shape), np.zeros(shape, dtype=np.uint8))


def _parts(scan: pl.LazyFrame, columns: Sequence[pl.Expr], *, filtered: bool) -> Iterator[pl.DataFrame]:
    if filtered:
        yield scan.select(columns).collect()
        return
    height = scan.select(pl.len()).collect().item()
    for start in range(0, height, ROWS_READ):
        yield scan.slice(start, ROWS_READ).select(columns).collect()


def _scattered(part: pl.DataFrame, words: Mapping[str, Words], cube: Cube, *, passed: bool) -> bool:
    """Put the rows in their cells. False, and nothing is put, where one of them is not sound."""
    if any(part[name].null_count() for name in ("unit", "kpi", "year")):
        return False
    units, kpis = words["unit"].of(part["unit"]), words["kpi"].of(part["kpi"])
    values = part["value"].to_numpy()
    has_value = ~np.isnan(values)
    marks = _marks(part, words, has_value)
    known = units.min(initial=0) >= 0 and kpis.min(initial=0) >= 0 and marks.min(initial=1) > 0
    if not known or not (passed or (((marks <= _WITH_VALUE) == has_value).all() and not np.isinf(values).any())):
        return False
    cells = kpis.astype(np.int64)
    cells *= len(cube.units)
    cells += units
    cells *= cube.years
    cells += part["year"].to_numpy()
    cells -= cube.first_year
    cube.own.reshape(-1)[cells] = values
    cube.marks.reshape(-1)[cells] = marks
    return True


def _marks(part: pl.DataFrame, words: Mapping[str, Words], has_value: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Of MARKS, 0 for a status that is no word; an empty one follows from the value."""
    if "status" not in words:
        return _of_values(has_value)
    status = part["status"]
    told = np.asarray(words["status"].of(status.fill_null(0)), dtype=np.uint8)
    return told if status.null_count() == 0 else np.where(status.is_null().to_numpy(), _of_values(has_value), told)


def _of_values(has_value: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(has_value, np.uint8(MARKS["ok"]), np.uint8(MARKS["missing"]))


def _words_of_marks(dtype: pl.DataType) -> Words:
    """Of a status its mark."""
    words = words_of("status", dtype, tuple(MARKS))
    places = np.arange(len(MARKS)) if words.places is None else words.places
    return Words(words.codes, (places + 1).astype(np.uint8))


def _shares_sound(cube: Cube, shares: Collection[str]) -> bool:
    """Whether every figure of a KPI that is a share lies between 0 and 100."""
    rows = [row for row, kpi in enumerate(cube.kpis) if kpi in shares]
    return not any(((cube.own[row] < 0) | (cube.own[row] > 100)).any() for row in rows)
