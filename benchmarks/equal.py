"""Whether two contenders answered the same: every count, every flagged and unknown verdict, every flagged margin."""

from __future__ import annotations

from pathlib import Path

import polars as pl

# The same sum taken in another order differs in the last bits.
TOLERANCE = 1e-9


def difference(one: Path, other: Path) -> str:
    """What differs between two folders with counts.parquet and found.parquet; empty when nothing does."""
    key = ["rule", "unit", "status"]
    counts = _both(one / "counts.parquet", other / "counts.parquet", key)
    counts = counts.filter(pl.col("count").fill_null(0) != pl.col("count_right").fill_null(0))
    if not counts.is_empty():
        return f"{counts.height} counts differ:\n{counts.sort(key).head(10)}"
    key = ["rule", "subject", "unit", "status"]
    found = _both(one / "found.parquet", other / "found.parquet", key)
    margin, size = pl.col("margin") - pl.col("margin_right"), pl.max_horizontal(pl.col("margin").abs(), 1.0)
    same = (pl.col("margin").eq_missing(pl.col("margin_right"))) | (margin.abs() <= TOLERANCE * size)
    wrong = found.filter(~(pl.col("here") & pl.col("there") & same).fill_null(False))
    if not wrong.is_empty():
        return f"{wrong.height} of {found.height} verdicts differ:\n{wrong.sort(key).head(10)}"
    return ""


def _both(one: Path, other: Path, key: list[str]) -> pl.DataFrame:
    left, right = (
        pl.read_parquet(path).with_columns(pl.col(key).cast(pl.String), pl.lit(True).alias(side))
        for path, side in ((one, "here"), (other, "there"))
    )
    return left.join(right, on=key, how="full", coalesce=True)
