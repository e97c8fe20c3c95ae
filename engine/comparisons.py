"""Comparison figures computed from a unit's peers, where none is published: their mean and median."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.dataset import Dataset

# Fewer peers with a figure than this, and the comparison is unknown: a mean of two is two municipalities.
FEWEST = 3
COMPUTED = ("peers.mean", "peers.median")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def current_peers(data: Dataset, as_of_year: int) -> pl.DataFrame:
    """unit, group, member: each group as it was in its latest year not after ``as_of_year``.

    One and the same group is used for every year of a series, so that what develops is the members'
    figures and not who the members are.
    """
    known = data.peers.filter(pl.col("year") <= as_of_year)
    latest = pl.col("year") == pl.col("year").max().over("unit", "group")
    return known.filter(latest).select("unit", "group", "member").sort("unit", "group", "member")


def group_of_kpis(data: Dataset, peers: pl.DataFrame) -> dict[str, str]:
    """The group that each KPI is compared in: its own ``peer_group``, or the only one there is."""
    groups = peers["group"].unique().sort().to_list()
    only = groups[0] if len(groups) == 1 else None
    chosen = data.kpis.select("kpi", group=pl.col("peer_group").fill_null(pl.lit(only, dtype=pl.String)))
    return dict(chosen.filter(pl.col("group").is_in(groups)).iter_rows())


def kpis_with_peers(data: Dataset) -> list[str]:
    """KPIs whose peers' figures can be computed for anyone: a member of the KPI's group has a value."""
    peers = data.peers.select("unit", "group", "member").unique()
    groups = group_of_kpis(data, peers)
    if not groups:
        return []
    chosen = pl.DataFrame({"kpi": list(groups), "group": list(groups.values())})
    valued = data.values.filter(pl.col("value").is_not_null()).select("kpi", member="unit").unique()
    members = peers.select("group", "member").unique()
    return valued.join(chosen, on="kpi").join(members, on=["group", "member"])["kpi"].unique().sort().to_list()


def of_members(
    own: Floats, units: Sequence[str], kpis: Sequence[str], data: Dataset, as_of_year: int, benchmark: str
) -> Floats:
    """Float64 [KPIs, units, years]: the mean or median over each unit's peers, NaN below FEWEST figures.

    own: Float64 [KPIs, units, years], NaN where there is no value; ``units`` must hold every member.
    A unit is never its own peer. Sums are taken member by member, so that they are the same bits
    whatever the number of threads.
    """
    peers = current_peers(data, as_of_year)
    groups = group_of_kpis(data, peers)
    computed = np.full(own.shape, np.nan)
    for group in sorted(set(groups.values())):
        rows = np.array([row for row, kpi in enumerate(kpis) if groups.get(kpi) == group], dtype=np.int64)
        slots = _slots(peers.filter(pl.col("group") == group), units)
        if benchmark == "peers.mean":
            computed[rows] = _mean(own[rows], slots)
        else:
            computed[rows] = _median(own[rows], slots)
    return computed


def _slots(peers: pl.DataFrame, units: Sequence[str]) -> Ints:
    """[most members, units]: the row of each unit's n-th peer, -1 where it has fewer."""
    place = {unit: row for row, unit in enumerate(units)}
    listed = (
        peers.filter((pl.col("unit") != pl.col("member")) & pl.col("unit").is_in(list(units)))
        .with_columns(slot=pl.int_range(pl.len()).over("unit"))
        .with_columns(pl.col("unit", "member").replace_strict(place, default=-1, return_dtype=pl.Int64))
    )
    most = 0 if listed.is_empty() else int(listed["slot"].to_numpy().max()) + 1
    slots = np.full((most, len(units)), -1, dtype=np.int64)
    slots[listed["slot"].to_numpy(), listed["unit"].to_numpy()] = listed["member"].to_numpy()
    return slots


def _member(own: Floats, slot: Ints) -> Floats:
    return np.where((slot >= 0)[None, :, None], own[:, np.maximum(slot, 0), :], np.nan)


def _mean(own: Floats, slots: Ints) -> Floats:
    total, count = np.zeros(own.shape), np.zeros(own.shape, dtype=np.int64)
    for slot in slots:
        values = _member(own, slot)
        there = ~np.isnan(values)
        total += np.where(there, values, 0.0)
        count += there
    return np.where(count >= FEWEST, total / np.maximum(count, 1), np.nan)


def _median(own: Floats, slots: Ints) -> Floats:
    if len(slots) == 0:
        return np.full(own.shape, np.nan)
    values = np.sort(np.stack([_member(own, slot) for slot in slots]), axis=0)  # NaN comes last
    count = (~np.isnan(values)).sum(axis=0)
    low = np.take_along_axis(values, np.maximum((count - 1) // 2, 0)[None], axis=0)[0]
    high = np.take_along_axis(values, np.minimum(count // 2, len(slots) - 1)[None], axis=0)[0]
    return np.where(count >= FEWEST, (low + high) / 2, np.nan)
