"""A derived value that is missing -> what it is made of that is missing, which is what would decide a verdict."""

from __future__ import annotations

import polars as pl

from genomlys.engine.dataset import Dataset
from genomlys.engine.derived.model import Derived

# The source of a year that a price index lacks; the KPI is then the one that is deflated by it.
PRICE = "price"
_LACKS = ("missing", "suppressed", "stale")
_KEY = ["unit", "kpi", "year"]


def of_parts(cells: pl.DataFrame, data: Dataset) -> pl.DataFrame:
    """The same columns, with the own values of derived KPIs replaced by the missing figures that they are made of.

    cells: unit, kpi, area, source, year, reason, and others that are kept. A cell without a year (no recent value) is
    that of the latest year in which a part has a value, if there is one. What all parts are there for has another
    reason: not_positive (of what it is divided by), break (an index on the other side of one), few_units (or no
    differences to normalise over), or the source ``price``.
    """
    for each in reversed(data.derived):  # what is made of others that are made comes first
        asked = (pl.col("kpi") == each.kpi) & (pl.col("source") == "own") & pl.col("reason").is_in(_LACKS)
        mine = cells.filter(asked)
        if not mine.is_empty():
            cells = pl.concat([cells.filter(~asked), _replaced(mine, each, data).select(cells.columns)])
    return cells.unique(maintain_order=True)


def _replaced(mine: pl.DataFrame, each: Derived, data: Dataset) -> pl.DataFrame:
    known = data.values.filter(pl.col("kpi").is_in(list(each.of)) & (pl.col("year") <= data.as_of.year))
    dated = _dated(mine, each, known, data)
    whole = dated.with_row_index("_cell")
    missing = pl.concat([_lacking(whole.with_columns(kpi=pl.lit(part)), known) for part in each.of])
    if each.word == "index" and each.base_year is not None:
        based = whole.with_columns(kpi=pl.lit(each.of[0]), year=pl.lit(each.base_year, dtype=pl.Int32))
        missing = pl.concat([missing, _lacking(based, known)])
    rest = whole.join(missing, on="_cell", how="anti")
    areas = data.kpis.select("kpi", "area")
    found = pl.concat([missing, _meaningless(rest, each, known)]).drop("area", "_cell")
    return found.join(areas, on="kpi", how="left", maintain_order="left")


def _dated(mine: pl.DataFrame, each: Derived, known: pl.DataFrame, data: Dataset) -> pl.DataFrame:
    """Where no year is asked for, the latest recent one in which a part has a value."""
    max_age = data.kpis.filter(pl.col("kpi") == each.kpi)["max_age"][0]
    recent = known.filter(pl.col("value").is_not_null() & (pl.col("year") >= data.as_of.year - max_age))
    latest = recent.group_by("unit").agg(_latest=pl.col("year").max())
    year = pl.coalesce("year", "_latest")
    return mine.join(latest, on="unit", how="left", maintain_order="left").with_columns(year=year).drop("_latest")


def _lacking(cells: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The cells that have no value, with the reason that their status gives; without a year, those that never have."""
    dated, undated = cells.filter(pl.col("year").is_not_null()), cells.filter(pl.col("year").is_null())
    figures = known.select(*_KEY, "value", "status")
    found = dated.join(figures, on=_KEY, how="left", maintain_order="left").filter(pl.col("value").is_null())
    reason = pl.when(pl.col("status") == "suppressed").then(pl.lit("suppressed")).otherwise(pl.lit("missing"))
    valued = known.filter(pl.col("value").is_not_null()).select("unit", "kpi").unique()
    stale = undated.join(valued, on=["unit", "kpi"], how="semi").with_columns(reason=pl.lit("stale"))
    never = undated.join(valued, on=["unit", "kpi"], how="anti").with_columns(reason=pl.lit("missing"))
    return pl.concat([found.with_columns(reason=reason).select(cells.columns), stale, never])


def _meaningless(cells: pl.DataFrame, each: Derived, known: pl.DataFrame) -> pl.DataFrame:
    """What has all its parts and still no value."""
    match each.word:
        case "ratio" | "per":
            return cells.with_columns(kpi=pl.lit(each.of[1]), reason=pl.lit("not_positive"))
        case "index":
            base = known.filter(pl.col("year") == each.base_year).select("unit", _base="value")
            sound = pl.col("_base") > 0  # the value is of another definition than the base year's
            return (
                cells.join(base, on="unit", how="left", maintain_order="left")
                .with_columns(
                    kpi=pl.when(sound).then("kpi").otherwise(pl.lit(each.of[0])),
                    year=pl.when(sound).then("year").otherwise(pl.lit(each.base_year, dtype=pl.Int32)),
                    reason=pl.when(sound).then(pl.lit("break")).otherwise(pl.lit("not_positive")),
                )
                .drop("_base")
            )
        case "real":
            return cells.with_columns(source=pl.lit(PRICE), reason=pl.lit("missing"))
        case _:
            return cells.with_columns(reason=pl.lit("few_units"))
