"""The frames of the subjects that are not KPIs: areas, measures and signals, with counts of their area."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import polars as pl

from genomlys.engine.amounts import tkr_text, with_measure
from genomlys.engine.conditions.base import KpiCount, Need, RowCount
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang, Text
from genomlys.engine.writing import number_text

_COUNTS = (*KpiCount.COUNTS, "applying")


def area_frame(data: Dataset, units: pl.DataFrame, needs: Iterable[Need], kpi_counts: pl.DataFrame) -> pl.DataFrame:
    """A row per judged unit and area: names, and every count that ``needs`` asks for.

    units: columns unit, unit_title. kpi_counts: unit, area, rule, KpiCount.COUNTS, applying.
    """
    areas = data.areas.select(
        "area",
        "priority",
        "cross_cutting",
        "committees",
        area_title="title",
        area_name="name",
    )
    frame = units.join(areas, how="cross").with_columns(subject=pl.col("area"), year=pl.lit(None, dtype=pl.Int32))
    return _with_counts(frame, data, needs, kpi_counts).sort("unit", "area")


def measure_frame(data: Dataset, units: pl.DataFrame, needs: Iterable[Need], kpi_counts: pl.DataFrame) -> pl.DataFrame:
    """A row per measure of the home unit (none when another unit is judged)."""
    frame = _of_home(data, units, data.measures.rename({"title": "measure_title"}))
    frame = frame.with_columns(
        subject=pl.col("measure"),
        as_of=pl.lit(data.as_of),
        year=pl.lit(None, dtype=pl.Int32),
        saving_sv=saving_text("sv"),
        saving_en=saving_text("en"),
    )
    return _with_counts(frame, data, needs, kpi_counts).sort("subject")


def signal_frame(data: Dataset, units: pl.DataFrame, needs: Iterable[Need], kpi_counts: pl.DataFrame) -> pl.DataFrame:
    """A row per signal of the home unit (none when another unit is judged)."""
    frame = _of_home(data, units, data.signals.rename({"title": "signal_title"}))
    frame = frame.with_columns(subject=pl.col("signal"), as_of=pl.lit(data.as_of), year=pl.lit(None, dtype=pl.Int32))
    return _with_counts(frame, data, needs, kpi_counts).sort("subject")


_SAVINGS = {
    "too_early": Text("för tidigt att bedöma", "too early to tell"),
    "awaiting_inquiry": Text("inväntar utredning", "awaiting an inquiry"),
    "avoids_cost": Text("motverkar ökade kostnader", "avoids higher costs"),
    "unclear": Text("oklart hur stor", "not known how large"),
}


def saving_text(lang: Lang) -> pl.Expr:
    """A measure's possible saving in words: "500 tkr om året", "1 000–1 750 tkr om året", "inväntar utredning"."""
    low, high = pl.col("saving_low"), pl.col("saving_high")
    a_year = " a year" if lang == "en" else " om året"
    both = pl.concat_str(
        number_text(low, 0, lang), pl.lit("–"), with_measure(number_text(high, 0, lang), pl.lit("tkr"), lang)
    )
    amount = pl.when(low == high).then(tkr_text(high, lang)).otherwise(both)
    words = {kind: text.in_(lang) for kind, text in _SAVINGS.items()}
    return (
        pl.when(low.is_not_null())
        .then(pl.concat_str(amount, pl.lit(a_year)))
        .otherwise(pl.col("saving_kind").replace_strict(words, default=None, return_dtype=pl.String))
    )


def _of_home(data: Dataset, units: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    names = data.areas.select("area", area_title="title", area_name="name")
    home = units.filter(pl.col("unit") == data.unit)
    return home.join(table, how="cross").join(names, on="area", how="left", maintain_order="left")


def _with_counts(frame: pl.DataFrame, data: Dataset, needs: Iterable[Need], kpi_counts: pl.DataFrame) -> pl.DataFrame:
    for need in dict.fromkeys(needs):
        match need:
            case KpiCount():
                mine = kpi_counts.filter(pl.col("rule") == need.rule).select(
                    "unit",
                    "area",
                    *[pl.col(count).alias(need.column(count)) for count in _COUNTS],
                )
                # No KPI of the area is in the rule's scope: counts of nothing, known for sure.
                frame = frame.join(mine, on=["unit", "area"], how="left", maintain_order="left").with_columns(
                    pl.col(need.column(count)).fill_null(0) for count in _COUNTS
                )
            case RowCount():
                mine = _row_counts(data, need, data.as_of)
                frame = frame.join(mine, on="area", how="left", maintain_order="left")
                # Only the home unit's measures and signals are known; for others the count is unknown.
                home = pl.col("unit") == data.unit
                frame = frame.with_columns(
                    pl.when(home).then(pl.col(name).fill_null(0)).alias(name) for name in (need.holding, need.unknown)
                )
    return frame


def rows_meant(data: Dataset, need: RowCount, as_of: date) -> pl.DataFrame:
    """All rows of the table that ``need`` counts, with ``_holds``: whether it means them (null: not known)."""
    table = data.measures if need.table == "measures" else data.signals
    return table.with_columns(as_of=pl.lit(as_of)).with_columns(_holds=need.where.margin().meant)


def _row_counts(data: Dataset, need: RowCount, as_of: date) -> pl.DataFrame:
    return (
        rows_meant(data, need, as_of)
        .group_by("area")
        .agg(
            pl.col("_holds").fill_null(False).sum().cast(pl.Int64).alias(need.holding),
            pl.col("_holds").is_null().sum().cast(pl.Int64).alias(need.unknown),
        )
    )
