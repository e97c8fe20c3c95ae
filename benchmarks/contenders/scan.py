"""What any contender must do at least: read the columns that the rules need, and nothing with them."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

COLUMNS = ["kpi", "unit", "year", "value", "status"]

if __name__ == "__main__":
    pl.read_parquet(Path(sys.argv[1]) / "values.parquet", columns=COLUMNS)
