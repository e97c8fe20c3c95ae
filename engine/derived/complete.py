"""Checked tables -> the same tables with the values of derived KPIs among those that were published.

Worked out once, for every unit of the data set by the same path: a unit's figure is the same alone and among all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.derived import kernels
from genomlys.engine.derived.kernels import Bools, Floats
from genomlys.engine.derived.model import Derived, declared
from genomlys.engine.derived.prices import Edition, newest
from genomlys.engine.door.keys import in_order
from genomlys.engine.rounding import HALF, OWN_HALF

# The marks of a cell, the worst last: a derived cell has the worst of its parts'. 0: there is no row.
_STATUSES: Final = ("ok", "preliminary", "missing", "suppressed", "not_applicable")
_MARKS: Final = {status: mark for mark, status in enumerate(_STATUSES, start=1)}
_PRELIMINARY, _MISSING = _MARKS["preliminary"], _MARKS["missing"]
# What a published comparison of the parts is worth to what is made of them. An expected cost is a unit's own and adds
# up. All figures of a year are put over another price level by one number. A mean of ratios is no ratio of means,
# and a mean of sums is the sum of means only over the same units: those are computed from the members' own values.
_ADDED: Final = ("reference",)
_NEVER_DEFLATED: Final = ("target",)


@dataclass(frozen=True)
class Completed:
    """The tables with what is derived in them, and the derived KPIs with their base years and bounds."""

    kpis: pl.DataFrame
    values: pl.DataFrame
    benchmarks: pl.DataFrame
    derived: tuple[Derived, ...]


@dataclass(frozen=True)
class _Cells:
    """A KPI's figures [units, years]: the values, NaN where there is none, their marks, and what they may be off."""

    value: Floats
    mark: NDArray[np.uint8]
    off: Floats


@dataclass(frozen=True)
class _Axes:
    """What the rows and columns of cells are, and which rows are units of the home unit's kind."""

    units: Sequence[str]
    years: range
    home: Bools
    prices: Mapping[str, Edition]


def complete(tables: Mapping[str, pl.DataFrame], unit: str) -> Completed:
    """``tables`` after the door; ``unit`` is the home unit.

    A derived cell is there where one of its parts has a row in that year. It is missing as long as a part is, and
    where it cannot be worked out: through 0 or less, without a base year or a price, with too few units to normalise.
    """
    kpis, values, benchmarks = tables["kpis"], tables["values"], tables["benchmarks"]
    asked = declared(kpis)
    if not asked:
        return Completed(kpis, values, benchmarks, ())
    breaks = _all_breaks(kpis, asked)
    axes = _axes(tables, unit, asked)
    cells = _published(kpis, values, axes, _leaves(asked))
    declared_half = dict(kpis.select("kpi", HALF).iter_rows())
    done = []
    for one in asked:
        each, cells[one.kpi] = _made(one, [cells[part] for part in one.of], breaks[one.kpi], axes)
        cells[one.kpi] = _at_least(cells[one.kpi], declared_half[one.kpi], counted=one.word in ("sum", "difference"))
        halves = np.nan_to_num(cells[one.kpi].off).max(axis=1, initial=0.0)
        done.append(replace(each, halves=dict(zip(axes.units, halves.tolist(), strict=True))))
    rows = [_rows(each.kpi, cells[each.kpi], axes, values) for each in done]
    figures = benchmarks
    for at, each in enumerate(done):
        found = _figures(each, figures, axes.prices)
        done[at] = replace(each, follows=frozenset(found["benchmark"].to_list()))
        figures = pl.concat([figures, found])
    return Completed(
        kpis=_with_breaks(kpis, breaks),
        values=in_order("values", pl.concat([values, *rows])),
        benchmarks=in_order("benchmarks", figures),
        derived=tuple(done),
    )


def _leaves(asked: Sequence[Derived]) -> list[str]:
    """The KPIs with values of their own that something is made of."""
    made = {each.kpi for each in asked}
    return sorted({part for each in asked for part in each.of} - made)


def _axes(tables: Mapping[str, pl.DataFrame], unit: str, asked: Sequence[Derived]) -> _Axes:
    units = tables["units"].sort("unit")
    kind = units.filter(pl.col("unit") == unit)["kind"][0]
    years = tables["values"].filter(pl.col("kpi").is_in(_leaves(asked)))["year"].to_numpy()
    first, last = (int(years.min()), int(years.max())) if len(years) else (0, -1)
    home = (units["kind"] == kind).to_numpy()
    return _Axes(units["unit"].to_list(), range(first, last + 1), home, newest(tables["prices"]))


def _published(kpis: pl.DataFrame, values: pl.DataFrame, axes: _Axes, names: Sequence[str]) -> dict[str, _Cells]:
    shape = (len(names), len(axes.units), len(axes.years))
    value, mark = np.full(shape, np.nan), np.zeros(shape, dtype=np.uint8)
    rows = values.filter(pl.col("kpi").is_in(list(names)))
    at = (
        rows["kpi"].cast(pl.Enum(list(names))).to_physical().to_numpy(),
        rows["unit"].cast(pl.Enum(list(axes.units))).to_physical().to_numpy(),
        rows["year"].to_numpy() - axes.years.start,
    )
    value[at] = rows["value"].fill_null(np.nan).to_numpy()
    mark[at] = rows["status"].replace_strict(_MARKS, return_dtype=pl.UInt8).to_numpy()
    halves = dict(kpis.select("kpi", OWN_HALF).iter_rows())
    return {kpi: _Cells(value[row], mark[row], np.full(shape[1:], halves[kpi])) for row, kpi in enumerate(names)}


def _at_least(cells: _Cells, half: float, *, counted: bool) -> _Cells:
    """Off by no less than half of the last decimal printed; but a sum of counts is as exact as they are."""
    exact = counted and not np.nan_to_num(cells.off).any()
    return cells if exact else replace(cells, off=np.maximum(cells.off, half))


def _made(each: Derived, parts: Sequence[_Cells], breaks: Sequence[int], axes: _Axes) -> tuple[Derived, _Cells]:
    """The KPI with its base year, and its cells."""
    values, off = np.stack([part.value for part in parts]), np.stack([part.off for part in parts])
    marks = np.stack([part.mark for part in parts])
    there: Bools = np.asarray((marks > 0).any(axis=0))
    match each.word:
        case "ratio" | "per":
            value = kernels.ratio(values[0], values[1], each.scale)
            bound = kernels.ratio_off(values[0], values[1], off[0], off[1], each.scale)
        case "sum":
            value, bound = kernels.total(values), kernels.total(off)
        case "difference":
            value, bound = values[0] - values[1], kernels.total(off)
        case "index":
            each = replace(each, base_year=each.base_year or _first_year(values[0], breaks, axes))
            base = _of_year(parts[0], each.base_year, axes)
            value = kernels.ratio(values[0], base.value, 100.0)
            value = np.where(_same_definition(breaks, each.base_year, axes), value, np.nan)
            bound = kernels.ratio_off(values[0], base.value, off[0], base.off, 100.0)
            marks = np.stack([parts[0].mark, base.mark])
        case "real":
            factor, forecast = _price_factors(each, axes)
            value, bound = values[0] * factor, off[0] * factor
            marks = np.maximum(marks, np.where(forecast, _PRELIMINARY, 0).astype(np.uint8))
        case "normalised":
            there = np.asarray(there & axes.home[:, None], dtype=np.bool_)
            alike = np.where(axes.home[:, None], values, np.nan)
            value, bound = kernels.normalised(alike, np.array(each.signs), off)
        case word:
            raise AssertionError(f"{word} is no word of DERIVATIONS")
    return each, _marked(value, marks, there, bound)


def _marked(value: Floats, marks: NDArray[np.uint8], there: Bools, off: Floats) -> _Cells:
    """A value as good as the worst of its parts; no row of a part is a missing part."""
    mark = np.where(marks == 0, _MISSING, marks).max(axis=0)
    # What has all its parts and no value could not be worked out.
    mark = np.where(np.isnan(value), np.maximum(mark, _MISSING), mark)
    value = np.where(there, value, np.nan)
    return _Cells(value, np.where(there, mark, 0).astype(np.uint8), np.where(np.isnan(value), np.nan, off))


def _first_year(value: Floats, breaks: Sequence[int], axes: _Axes) -> int | None:
    """The first year of the latest definition in which a unit has a value: one base year for all units.

    Units of the home unit's kind decide, where they have values: the nation's longer series is not theirs.
    """
    known = ~np.isnan(value)
    known = known[axes.home] if known[axes.home].any() else known
    years = np.array(axes.years)[known.any(axis=0)]
    begun = max((year for year in breaks if len(years) and year <= years[-1]), default=None)
    years = years if begun is None else years[years >= begun]
    return int(years[0]) if len(years) else None


def _of_year(part: _Cells, year: int | None, axes: _Axes) -> _Cells:
    """A part's cells of one year, beside every year."""
    shape = part.value.shape
    if year is None or year not in axes.years:
        return _Cells(np.full(shape, np.nan), np.zeros(shape, dtype=np.uint8), np.full(shape, np.nan))
    at = axes.years.index(year)
    one = slice(at, at + 1)
    return _Cells(
        value=np.broadcast_to(part.value[:, one], shape),
        mark=np.broadcast_to(part.mark[:, one], shape),
        off=np.broadcast_to(part.off[:, one], shape),
    )


def _same_definition(breaks: Sequence[int], base: int | None, axes: _Axes) -> Bools:
    """Which years are within the definition of the base year; a break year begins a new one."""
    if base is None:
        return np.zeros(len(axes.years), dtype=np.bool_)
    begun = np.searchsorted(np.array(sorted(breaks), dtype=np.int64), [base, *axes.years], side="right")
    return np.asarray(begun[1:] == begun[0], dtype=np.bool_)


def _price_factors(each: Derived, axes: _Axes) -> tuple[Floats, Bools]:
    """[years] what a year's kronor are worth in those of the base year, and which of that rests on a forecast."""
    edition = axes.prices[str(each.deflate)]
    base = edition.values.get(each.base_year or 0, np.nan)
    factor = np.array([base / edition.values.get(year, np.nan) for year in axes.years], dtype=np.float64)
    # The base year's own kronor need no price index.
    own = np.array([year == each.base_year for year in axes.years], dtype=np.bool_)
    forecast = np.array([bool({year, each.base_year} & edition.forecasts) for year in axes.years], dtype=np.bool_)
    return factor, forecast & ~own


def _rows(kpi: str, cells: _Cells, axes: _Axes, values: pl.DataFrame) -> pl.DataFrame:
    """The cells as rows of the table of values."""
    unit, year = np.nonzero(cells.mark)
    frame = pl.DataFrame(
        {
            "unit": pl.Series(axes.units, dtype=pl.String).gather(unit),
            "kpi": pl.repeat(kpi, len(unit), dtype=pl.String, eager=True),
            "year": year + axes.years.start,
            "value": pl.Series(cells.value[unit, year], nan_to_null=True),
            "status": pl.Series(["", *_STATUSES], dtype=pl.String).gather(cells.mark[unit, year].astype(np.uint32)),
            "source": pl.repeat(None, len(unit), dtype=pl.String, eager=True),
        }
    )
    return frame.cast(dict(values.schema))  # type: ignore[arg-type]


def _figures(each: Derived, figures: pl.DataFrame, prices: Mapping[str, Edition]) -> pl.DataFrame:
    """Comparison figures that follow from those of the parts, for benchmarks that the KPI has none of its own of."""
    published = figures.filter(pl.col("kpi") == each.kpi)["benchmark"].unique().to_list()
    of_parts = figures.filter(pl.col("kpi").is_in(list(each.of)) & ~pl.col("benchmark").is_in(published))
    if each.word == "real":
        found = _put_over(each, of_parts.filter(~pl.col("benchmark").is_in(_NEVER_DEFLATED)), prices)
    elif each.word in ("sum", "difference"):
        found = _added(each, of_parts.filter(pl.col("benchmark").is_in(_ADDED)))
    else:
        return figures.clear()
    # The source of a part's figure is not the source of what is worked out from it.
    named = found.with_columns(kpi=pl.lit(each.kpi), source=pl.lit(None, dtype=pl.String))
    return named.select(figures.columns).cast(dict(figures.schema))  # type: ignore[arg-type]


def _put_over(each: Derived, figures: pl.DataFrame, prices: Mapping[str, Edition]) -> pl.DataFrame:
    """The part's figures in the prices of the base year, where the price index has their year."""
    edition = prices[str(each.deflate)]
    base = edition.values.get(each.base_year or 0)
    price = pl.col("year").replace_strict(dict(edition.values), default=None, return_dtype=pl.Float64)
    return figures.with_columns(value=pl.col("value") * base / price).filter(pl.col("value").is_not_null())


def _added(each: Derived, figures: pl.DataFrame) -> pl.DataFrame:
    """The figures of the parts added up, or the second taken from the first; only where every part has one.

    For a unit with a figure of its own for some part, those for every unit stand for its other parts.
    """
    valued = figures.filter(pl.col("value").is_not_null())
    own, common = valued.filter(pl.col("unit").is_not_null()), valued.filter(pl.col("unit").is_null())
    named = own.select("unit", "year", "benchmark").unique(maintain_order=True)
    lent = (
        named.join(common.drop("unit"), on=["year", "benchmark"])
        .join(own, on=["unit", "kpi", "year", "benchmark"], how="anti")
        .select(figures.columns)
    )
    sign = pl.when(pl.col("kpi") == each.of[0]).then(1.0).otherwise(-1.0 if each.word == "difference" else 1.0)
    place = pl.col("kpi").replace_strict({part: at for at, part in enumerate(each.of)}, return_dtype=pl.Int64)
    return (
        pl.concat([common, own, lent])
        .with_columns(value=pl.col("value") * sign, place=place)
        .sort("place")
        .group_by("unit", "year", "benchmark", maintain_order=True)
        .agg(pl.col("value").sum(), parts=pl.len())
        .filter(pl.col("parts") == len(each.of))
        .with_columns(n=pl.lit(None, dtype=pl.Int32), members=pl.lit(None, dtype=pl.String))
    )


def _all_breaks(kpis: pl.DataFrame, asked: Sequence[Derived]) -> dict[str, list[int]]:
    """By KPI the years in which its definition changed, or that of something it is made of."""
    breaks: dict[str, list[int]] = dict(kpis.select("kpi", "breaks").iter_rows())
    for each in asked:
        breaks[each.kpi] = sorted({year for name in (each.kpi, *each.of) for year in breaks[name]})
    return breaks


def _with_breaks(kpis: pl.DataFrame, breaks: Mapping[str, list[int]]) -> pl.DataFrame:
    listed = pl.Series("breaks", [breaks[kpi] for kpi in kpis["kpi"]], dtype=kpis.schema["breaks"])
    return kpis.with_columns(listed)
