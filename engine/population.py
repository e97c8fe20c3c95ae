"""Who a unit is set against: its peers, and all units of the home unit's kind, which are the nation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.base import Among, Sample
from genomlys.engine.dataset import Dataset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Population:
    """Everyone's figures: those of the units judged, of their peers, and of the nation where it is asked for.

    own: Float64 [KPIs, units, years], NaN where there is no value; applies: Boolean, the same shape, false where
    the source says that a KPI is not applicable to a unit: it is then no member that lacks a value.
    national: which units are the nation; slots: for each group [most members, units] the row of each unit's n-th
    peer, -1 where it has fewer; group_at: the group that each KPI is compared in, -1 where there is none.
    """

    own: Floats
    applies: Bools
    national: Bools
    slots: tuple[Ints, ...]
    group_at: Ints

    def of_kpis(self, rows: Ints) -> Population:
        """The same of some KPIs."""
        return replace(self, own=self.own[rows], applies=self.applies[rows], group_at=self.group_at[rows])

    def since(self, column: int) -> Population:
        """The same without the years before a column."""
        return replace(self, own=self.own[:, :, column:], applies=self.applies[:, :, column:]) if column else self

    def sample(self, among: Among, kpi_at: Ints, unit_at: Ints, year_at: Ints) -> Sample:
        """The figures that each row is set against; a row is a KPI, a unit and a year, -1 where it has no year."""
        return (self._peers if among == "peers" else self._nation)(kpi_at, unit_at, year_at)

    def counts(self, among: Among, kpi_at: Ints, unit_at: Ints, year_at: Ints) -> tuple[Ints, Ints]:
        """For each row, of how many members there is a value, and how many there are that the KPI applies to."""
        sample = self.sample(among, kpi_at, unit_at, year_at)
        return sample.n[sample.at], sample.of[sample.at]

    def _peers(self, kpi_at: Ints, unit_at: Ints, year_at: Ints) -> Sample:
        """A set for each row: a unit is never its own peer."""
        units, years = self.own.shape[1:]
        group = self.group_at[kpi_at]
        whose = np.where((group >= 0) & (year_at >= 0), group * units + unit_at, -1)
        start = kpi_at * (units * years) + year_at
        own, applies = self.own.reshape(-1), self.applies.reshape(-1)
        # A member after another, as what is asked of the sets is worked out.
        values, of = np.empty((len(self._members), len(kpi_at))), np.zeros(len(kpi_at), dtype=np.int64)
        for number, members in enumerate(self._members):
            member = members.take(whose)
            without = np.flatnonzero(member < 0)
            member *= years
            member += start
            found, is_there = own.take(member, mode="clip"), applies.take(member, mode="clip")
            found[without], is_there[without] = np.nan, False
            values[number] = found  # none where the KPI does not apply
            of += is_there
        return Sample(values.T, of, np.arange(len(kpi_at)), np.full(len(kpi_at), -1))

    @cached_property
    def _members(self) -> Ints:
        """[most members, groups and units]: the row of each unit's n-th peer in each group, -1 where there is none.

        The last column is for who has no peers at all.
        """
        units, most = self.own.shape[1], max((len(slots) for slots in self.slots), default=0)
        found = np.full((most, len(self.slots) * units + 1), -1, dtype=np.int64)
        for group, slots in enumerate(self.slots):
            found[: len(slots), group * units : (group + 1) * units] = slots
        return found

    def _nation(self, kpi_at: Ints, unit_at: Ints, year_at: Ints) -> Sample:
        """A set for each KPI and year, the unit itself among the others."""
        years = self.own.shape[2]
        key = kpi_at * (years + 1) + year_at + 1
        # As np.unique would tell, without sorting: there are few sets.
        is_key = np.zeros(self.own.shape[0] * (years + 1), dtype=np.bool_)
        is_key[key] = True
        keys, at = np.flatnonzero(is_key), (np.cumsum(is_key) - 1)[key]
        kpi, year = keys // (years + 1), keys % (years + 1) - 1
        applies = self.applies[kpi, :, year][:, self.national] & (year >= 0)[:, None]
        values = np.where(applies, self.own[kpi, :, year][:, self.national], np.nan)
        column = np.where(self.national, np.cumsum(self.national) - 1, -1)
        return Sample(values, applies.sum(axis=1), at, column[unit_at])


@dataclass(frozen=True, eq=False)
class Groups:
    """Who belongs together, as in ``Population``: of all units that are read, and of all KPIs."""

    national: Bools
    slots: tuple[Ints, ...]
    group_at: Ints

    def of(self, kpis: Ints) -> tuple[Bools, tuple[Ints, ...], Ints]:
        """The same for some KPIs."""
        return self.national, self.slots, self.group_at[kpis]


def groups(units: Sequence[str], kpis: Sequence[str], data: Dataset, year: int) -> Groups:
    """Of ``units`` and ``kpis`` in their order, with the peers of the year ``year``."""
    peers = current_peers(data, year)
    chosen = group_of_kpis(data, peers)
    names = sorted(set(chosen.values()))
    place = {group: number for number, group in enumerate(names)}
    return Groups(
        national=pl.Series(units).is_in(nation(data)).to_numpy(),
        slots=_slots(peers, names, units),
        group_at=np.array([place.get(chosen.get(kpi, ""), -1) for kpi in kpis], dtype=np.int64),
    )


def nation(data: Dataset) -> list[str]:
    """All units of the home unit's kind, in order."""
    kind = data.units.filter(pl.col("unit") == data.unit)["kind"]
    return data.units.filter(pl.col("kind") == kind[0])["unit"].sort().to_list()


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


def _slots(peers: pl.DataFrame, groups: Sequence[str], units: Sequence[str]) -> tuple[Ints, ...]:
    """For each group [most members, units]: the row of each unit's n-th peer, -1 where it has fewer."""
    place = {unit: row for row, unit in enumerate(units)}
    told = peers.filter((pl.col("unit") != pl.col("member")) & pl.col("unit").is_in(list(units))).select(
        pl.col("group").replace_strict(list(groups), range(len(groups)), default=-1, return_dtype=pl.Int64),
        pl.int_range(pl.len()).over("unit", "group").alias("slot"),
        pl.col("unit", "member").replace_strict(place, default=-1, return_dtype=pl.Int64),
    )
    group_at, slot_at, unit_at, member_at = (column.to_numpy() for column in told)
    found = []
    for group in range(len(groups)):
        mine = group_at == group
        slots = np.full((int(slot_at[mine].max(initial=-1)) + 1, len(units)), -1, dtype=np.int64)
        slots[slot_at[mine], unit_at[mine]] = member_at[mine]
        found.append(slots)
    return tuple(found)
