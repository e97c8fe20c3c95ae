"""How far a printed figure may be from what it was before it was rounded, as columns of the table of KPIs."""

from __future__ import annotations

import polars as pl

_DECIMALS = pl.col("decimals").cast(pl.Float64)

# Half of the last printed decimal: what a printed comparison may be off.
HALF = 0.5 * pl.lit(10.0).pow(-_DECIMALS)
_IS_COUNT = pl.col("measure").str.to_lowercase().str.contains(r"^(?:antal|plats|rank)")
# A whole number of things is not rounded.
OWN_HALF = pl.when(_IS_COUNT & (pl.col("decimals") >= 0)).then(0.0).otherwise(HALF)
