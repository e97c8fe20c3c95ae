"""Comparison figures computed from others' values, where none is published.

Of the peers their mean and median; of the nation (all units of the home unit's kind, the unit itself among them, as in
a kommungenomsnitt) its mean, median and quantiles. A quantile lies on the straight line between the two values
nearest to it: of n values in order, the share p is at place 1 + p(n - 1). That is definition 7 of Hyndman and Fan
(1996), Excel's PERCENTILE.INC and NumPy's default.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.base import FEWEST, Among
from genomlys.engine.dataset import Dataset
from genomlys.engine.population import Floats, Ints, Population, current_peers, group_of_kpis, nation
from genomlys.engine.statistics.samples import quantile_of_sorted
from genomlys.engine.vocabulary import OF_OTHERS

QUANTILES: Final = {"nation.median": 0.5, "nation.p10": 0.1, "nation.p25": 0.25, "nation.p75": 0.75, "nation.p90": 0.9}
AMONG: Final[dict[str, Among]] = {name: "peers" if name.startswith("peers.") else "nation" for name in OF_OTHERS}
# KPIs whose values are put in order at a time, so that no second copy of all figures is made.
_CHUNK: Final = 64


def units_read(data: Dataset, units: Sequence[str], among: Iterable[str], as_of_year: int) -> list[str]:
    """The units whose figures are needed to judge ``units`` among peers, the nation or both."""
    read = set(units)
    if "peers" in among:
        peers = current_peers(data, as_of_year)
        read |= set(peers.filter(pl.col("unit").is_in(list(units)))["member"])
    if "nation" in among:
        read |= set(nation(data))
    return sorted(read)


def computable(data: Dataset, benchmark: str) -> list[str]:
    """KPIs for which the benchmark can be computed for anyone, the same whichever units are judged."""
    if benchmark not in AMONG:
        return []
    return _kpis_with_peers(data) if AMONG[benchmark] == "peers" else _kpis_with_nation(data)


def _kpis_with_peers(data: Dataset) -> list[str]:
    """A member of the KPI's group has a value."""
    peers = data.peers.select("unit", "group", "member").unique()
    groups = group_of_kpis(data, peers)
    if not groups:
        return []
    chosen = pl.DataFrame({"kpi": list(groups), "group": list(groups.values())})
    valued = data.values.filter(pl.col("value").is_not_null()).select("kpi", member="unit").unique()
    members = peers.select("group", "member").unique()
    return valued.join(chosen, on="kpi").join(members, on=["group", "member"])["kpi"].unique().sort().to_list()


def _kpis_with_nation(data: Dataset) -> list[str]:
    """So many units have a value, in one year or another."""
    units = nation(data)
    if len(units) < FEWEST["nation"]:
        return []
    valued = data.values.filter(pl.col("value").is_not_null() & pl.col("unit").is_in(units))
    units_of = valued.group_by("kpi").agg(pl.col("unit").n_unique())
    return units_of.filter(pl.col("unit") >= FEWEST["nation"])["kpi"].sort().to_list()


def of_members(everyone: Population, benchmark: str) -> Floats:
    """Float64 [KPIs, units, years]: the benchmark for each unit, NaN where too few members have a figure.

    What is of the nation is the same for all units, and comes as [KPIs, 1, years]. Sums are taken member by member,
    in the order of units, so that they are the same bits whatever the number of threads and KPIs.
    """
    if AMONG[benchmark] == "nation":
        return _of_nation(everyone.own[:, everyone.national, :], benchmark)
    own = everyone.own
    computed = np.full(own.shape, np.nan)
    for group, slots in enumerate(everyone.slots):
        rows = np.flatnonzero(everyone.group_at == group)
        computed[rows] = (_mean_of_peers if benchmark == "peers.mean" else _median_of_peers)(own[rows], slots)
    return computed


def _member(own: Floats, slot: Ints) -> Floats:
    return np.where((slot >= 0)[None, :, None], own[:, np.maximum(slot, 0), :], np.nan)


def _mean_of_peers(own: Floats, slots: Ints) -> Floats:
    return _mean((_member(own, slot) for slot in slots), own.shape, FEWEST["peers"])


def _median_of_peers(own: Floats, slots: Ints) -> Floats:
    if len(slots) == 0:
        return np.full(own.shape, np.nan)
    values = np.sort(np.stack([_member(own, slot) for slot in slots], axis=-1), axis=-1)  # NaN comes last
    return _enough(values, quantile_of_sorted(values, 0.5), FEWEST["peers"])


def _mean(members: Iterable[Floats], shape: tuple[int, ...], fewest: int) -> Floats:
    total, count = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    for values in members:
        there = ~np.isnan(values)
        total += np.where(there, values, 0.0)
        count += there
    return np.where(count >= fewest, total / np.maximum(count, 1), np.nan)


def _of_nation(own: Floats, benchmark: str) -> Floats:
    kpis, units, years = own.shape
    if benchmark == "nation.mean":
        members = (own[:, unit, :] for unit in range(units))
        return _mean(members, (kpis, years), FEWEST["nation"])[:, None, :]
    computed = np.full((kpis, years), np.nan)
    for first in range(0, kpis if units else 0, _CHUNK):
        values = np.sort(own[first : first + _CHUNK].swapaxes(1, 2), axis=-1)
        found = quantile_of_sorted(values, QUANTILES[benchmark])
        computed[first : first + _CHUNK] = _enough(values, found, FEWEST["nation"])
    return computed[:, None, :]


def _enough(values: Floats, found: Floats, fewest: int) -> NDArray[np.float64]:
    return np.where((~np.isnan(values)).sum(axis=-1) >= fewest, found, np.nan)
