"""The price indexes of a data set: of each only its newest edition, as it was published, is ever used."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Edition:
    """A price index as it was published on one day. Years that it lacks are not taken from another edition."""

    index: str
    vintage: dt.date
    values: Mapping[int, float]
    forecasts: frozenset[int]
    sources: Mapping[int, str | None]


def newest(prices: pl.DataFrame) -> dict[str, Edition]:
    """By name of the index its newest edition; ``prices`` is the checked table."""
    latest = prices.filter(pl.col("vintage") == pl.col("vintage").max().over("index")).sort("index", "year")
    found = {}
    for (name,), rows in latest.group_by("index", maintain_order=True):
        found[str(name)] = Edition(
            index=str(name),
            vintage=rows["vintage"][0],
            values=dict(rows.select("year", "value").iter_rows()),
            forecasts=frozenset(rows.filter(pl.col("kind") == "forecast")["year"].to_list()),
            sources=dict(rows.select("year", "source").iter_rows()),
        )
    return found
