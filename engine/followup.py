"""What became of the measures decided earlier, and what their quantified savings sum to."""

from __future__ import annotations

import polars as pl

from genomlys.engine import vocabulary
from genomlys.engine.dataset import Dataset

HORIZONS = pl.Enum(vocabulary.HORIZONS)
MEASURE_STATUSES = pl.Enum(vocabulary.MEASURE_STATUSES)


def savings(data: Dataset) -> pl.DataFrame:
    """Sums per horizon and status, per status, per horizon, and in all (null stands for all).

    Columns: horizon, status, measures, quantified, unquantified (numbers of measures), low, high
    (tkr a year over the quantified ones; null when none is). A range keeps both its ends; a measure
    without an amount is counted as unquantified and never as zero.
    """
    measures = data.measures.select(
        pl.col("horizon").cast(HORIZONS),
        pl.col("status").cast(MEASURE_STATUSES),
        low=pl.when(pl.col("saving_kind") == "amount").then("saving_low"),
        high=pl.when(pl.col("saving_kind") == "amount").then("saving_high"),
    )
    everything = pl.lit(None)
    parts = [
        _sums(measures),
        _sums(measures.with_columns(horizon=everything.cast(HORIZONS))),
        _sums(measures.with_columns(status=everything.cast(MEASURE_STATUSES))),
        _sums(measures.with_columns(horizon=everything.cast(HORIZONS), status=everything.cast(MEASURE_STATUSES))),
    ]
    return pl.concat(parts).sort("horizon", "status", nulls_last=True)


def _sums(measures: pl.DataFrame) -> pl.DataFrame:
    amount = pl.col("low").is_not_null()
    return measures.group_by("horizon", "status").agg(
        measures=pl.len().cast(pl.Int64),
        quantified=amount.sum().cast(pl.Int64),
        unquantified=(~amount).sum().cast(pl.Int64),
        low=pl.when(amount.any()).then(pl.col("low").sum()),
        high=pl.when(amount.any()).then(pl.col("high").sum()),
    )


def of_areas(data: Dataset) -> pl.DataFrame:
    """area, open, done, failed (numbers of measures), and titles of the open ones."""
    open_ = pl.col("status").is_in(["not_started", "ongoing"])
    return (
        data.measures.sort("measure")
        .group_by("area", maintain_order=True)
        .agg(
            open=open_.sum().cast(pl.Int64),
            done=(pl.col("status") == "done").sum().cast(pl.Int64),
            failed=pl.col("status").is_in(["not_feasible", "stopped"]).sum().cast(pl.Int64),
            open_titles=pl.col("title").filter(open_),
        )
    )
