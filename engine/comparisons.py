"""Comparison figures computed from others' values, where none is published.

Of the peers their mean and median; of the nation (all units of the home unit's kind, the unit itself among them, as in
a kommungenomsnitt) its mean, median and quantiles. A quantile lies on the straight line between the two values
nearest to it: of n values in order, the share p is at place 1 + p(n - 1). That is definition 7 of Hyndman and Fan
(1996), Excel's PERCENTILE.INC and NumPy's default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.base import FEWEST, Among
from genomlys.engine.cube import Cube
from genomlys.engine.dataset import Dataset
from genomlys.engine.population import Floats, Ints, Population, current_peers, group_of_kpis, nation
from genomlys.engine.statistics.samples import MOST_COLUMNS, median_of_columns, quantile_of_sorted
from genomlys.engine.vocabulary import OF_OTHERS

_T = TypeVar("_T", bound=np.generic)

QUANTILES: Final = {"nation.median": 0.5, "nation.p10": 0.1, "nation.p25": 0.25, "nation.p75": 0.75, "nation.p90": 0.9}
AMONG: Final[dict[str, Among]] = {name: "peers" if name.startswith("peers.") else "nation" for name in OF_OTHERS}
# KPIs of which members are compared at a time: their figures then stay in the processor's cache.
_IN_CACHE: Final = 16


def units_read(data: Dataset, units: Sequence[str], among: Iterable[str], as_of_year: int) -> list[str]:
    """The units whose figures are needed to judge ``units`` among peers, the nation or both."""
    read = set(units)
    if "peers" in among:
        peers = current_peers(data, as_of_year)
        read |= set(peers.filter(pl.col("unit").is_in(list(units)))["member"])
    if "nation" in among:
        read |= set(nation(data))
    return sorted(read)


def computable(data: Dataset, benchmark: str, read: Cube | None = None) -> list[str]:
    """KPIs for which the benchmark can be computed for anyone, the same whichever units are judged.

    read: values that are at hand, of some units and all KPIs; others are read only where these do not tell.
    """
    if benchmark not in AMONG:
        return []
    if AMONG[benchmark] == "nation":
        return _kpis_with_nation(data, read)
    found = set(_kpis_with_peers(data, read)) if read is not None else set()
    if read is None or set(read.units) < set(data.units["unit"]):
        open_ = [kpi for kpi in data.kpis["kpi"].sort() if kpi not in found]
        found |= set(_kpis_with_peers(data, data.cube(None, open_))) if open_ else set()
    return sorted(found)


def _kpis_with_peers(data: Dataset, read: Cube) -> list[str]:
    """A member of the KPI's group has a value, among the units that are read."""
    peers = data.peers.select("unit", "group", "member").unique()
    groups = group_of_kpis(data, peers)
    place = {unit: row for row, unit in enumerate(read.units)}
    members = {
        group: [place[member] for member in of_group["member"].unique() if member in place]
        for (group,), of_group in peers.group_by("group")
    }
    valued = read.valued
    return [kpi for row, kpi in enumerate(read.kpis) if kpi in groups and valued[row, members[groups[kpi]]].any()]


def _kpis_with_nation(data: Dataset, read: Cube | None) -> list[str]:
    """So many units have a value, in one year or another."""
    units = nation(data)
    if len(units) < FEWEST["nation"]:
        return []
    whole = read if read is not None and set(units) <= set(read.units) else data.cube(units)
    national = np.isin(np.array(whole.units), np.array(units))
    enough = whole.valued[:, national].sum(axis=1) >= FEWEST["nation"]
    return [kpi for kpi, is_enough in zip(whole.kpis, enough, strict=True) if is_enough]


def of_members(everyone: Population, benchmark: str, units: Ints) -> Floats:
    """Float64 [KPIs, units, years]: the benchmark for ``units``, rows of everyone; NaN where too few have a figure.

    What is of the nation is the same for all units, and comes as [KPIs, 1, years]. Sums are taken member by member,
    in the order of units, so that they are the same bits whatever the number of threads and KPIs.
    """
    if AMONG[benchmark] == "nation":
        return _of_nation(everyone, benchmark)
    own = everyone.own
    computed = np.full((own.shape[0], len(units), own.shape[2]), np.nan)
    of_peers = _mean_of_peers if benchmark == "peers.mean" else _median_of_peers
    for group, slots in enumerate(everyone.slots):
        members, rows = slots[:, units], np.flatnonzero(everyone.group_at == group)
        for first in range(0, len(rows), _IN_CACHE):
            few = rows[first : first + _IN_CACHE]
            computed[few] = of_peers(own[few], members)
    return computed


def _members(values: NDArray[_T], slots: Ints, without: float) -> Iterator[NDArray[_T]]:
    """Of values [KPIs, everyone, years] each slot's members' [KPIs, units, years]; ``without`` where there is none."""
    kpis, everyone, years = values.shape
    padded = np.full((kpis, everyone + 1, years), without, dtype=values.dtype)
    padded[:, :-1] = values
    return (padded.take(slot, axis=1) for slot in slots)  # slot -1 is the last


def _sum(values: NDArray[_T], slots: Ints) -> NDArray[_T]:
    """Of values [KPIs, everyone, years] and slots [most members, units] the members' sum [KPIs, units, years]."""
    total = np.zeros((values.shape[0], slots.shape[1], values.shape[2]), dtype=values.dtype)
    for member in _members(values, slots, 0):
        np.add(total, member, out=total)
    return total


def _mean_of_peers(own: Floats, slots: Ints) -> Floats:
    there = ~np.isnan(own)
    total, count = _sum(np.where(there, own, 0.0), slots), _sum(there.astype(np.int16), slots)
    return np.where(count >= FEWEST["peers"], total / np.maximum(count, 1), np.nan)


def _median_of_peers(own: Floats, slots: Ints) -> Floats:
    there = ~np.isnan(own)
    members, count = list(_members(np.where(there, own, np.inf), slots, np.inf)), _sum(there.astype(np.int16), slots)
    if len(members) <= MOST_COLUMNS:
        return median_of_columns(members, count, FEWEST["peers"])
    ordered = np.sort(np.stack(members, axis=-1), axis=-1)
    return np.where(count >= FEWEST["peers"], quantile_of_sorted(ordered, 0.5, count), np.nan)


def _of_nation(everyone: Population, benchmark: str) -> Floats:
    kpis, _, years = everyone.own.shape
    of_nation = _mean_of_nation if benchmark == "nation.mean" else partial(_quantile_of_nation, QUANTILES[benchmark])
    computed = np.full((kpis, 1, years), np.nan)
    for first in range(0, kpis if everyone.national.any() else 0, _IN_CACHE):
        few = slice(first, first + _IN_CACHE)
        computed[few, 0] = of_nation(everyone.own[few][:, everyone.national])
    return computed


def _mean_of_nation(own: Floats) -> Floats:
    there = ~np.isnan(own)
    # Along an axis that is not the last, NumPy adds one unit after another.
    total, count = np.where(there, own, 0.0).sum(axis=1), there.sum(axis=1)
    return np.where(count >= FEWEST["nation"], total / np.maximum(count, 1), np.nan)


def _quantile_of_nation(share: float, own: Floats) -> Floats:
    values = np.sort(own.swapaxes(1, 2), axis=-1)
    count = (~np.isnan(values)).sum(axis=-1)
    return np.where(count >= FEWEST["nation"], quantile_of_sorted(values, share, count), np.nan)
