"""For how many KPIs of an area each rule is flagged, unknown or clear, and which way the area's figures point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.base import SIDE_COUNTS, SIDE_GOALS, KpiCount, Need, side_count
from genomlys.engine.evaluate import STATUS, STATUSES
from genomlys.engine.language.model import TELLS, Rule
from genomlys.engine.survey import Survey
from genomlys.engine.truth import Block, Said

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

COUNTED = (*KpiCount.COUNTS, "applying")
COUNTS: Mapping[str, pl.DataType] = {
    "rule": pl.String(),
    "unit": pl.String(),
    "area": pl.String(),
    "status": STATUS,
    "count": pl.Int64(),
}


def counted_rules(needs: Iterable[Need]) -> list[str]:
    """The KPI rules of which an area counts the KPIs."""
    return sorted({need.rule for need in needs if isinstance(need, KpiCount)})


class Tally:
    """Sums over the series of all blocks, by unit and area."""

    def __init__(self, about: Survey, rules: Sequence[Rule], counted: Sequence[str], goals: Sequence[str]) -> None:
        """counted: as in ``counted_rules``; goals: those of SIDE_GOALS whose sides are asked for."""
        self._rules = rules
        self._counted = counted
        self._of_goal = {goal: [rule for rule in rules if rule.goal == goal] for goal in goals}
        self._units = about.units["unit"].to_list()
        self._areas = about.data.areas["area"].to_list()
        place = {area: row for row, area in enumerate(self._areas)}
        self._area_at = np.array([place[area] for area in about.kpis["area"].to_list()], dtype=np.int64)
        self._slots = len(self._units) * len(self._areas)
        self._all = self._zeros()
        self._said = {rule.id: {part: self._zeros() for part in ("flagged", "unknown", "applying")} for rule in rules}
        self._sums: dict[tuple[str, str], Ints] = {}

    def add(self, block: Block, said: Mapping[str, Said]) -> None:
        slot = block.grid.unit_at * len(self._areas) + self._area_at[block.kpis][block.grid.kpi_at]
        everything = np.bincount(slot, minlength=self._slots)
        self._all += everything
        for rule, one in said.items():
            sums = self._said[rule]
            flagged, unknown = self._count(slot, one.flagged), self._count(slot, one.unknown)
            applying = everything - self._count(slot, ~one.applies)
            sums["flagged"] += flagged
            sums["unknown"] += unknown
            sums["applying"] += applying
            if one.rounded is not None:
                parts = (flagged, unknown, *(self._count(slot, each) for each in one.rounded), applying)
                for name, part in zip(COUNTED, parts, strict=True):
                    self._add(rule, name, part)
        for goal, rules in self._of_goal.items():
            asked = [rule for rule in rules if rule.id in said]
            for name, points in _pointing(asked, said).items():
                self._add(goal, name, self._count(slot, points))

    def _zeros(self) -> Ints:
        return np.zeros(self._slots, dtype=np.int64)

    def _count(self, slot: Ints, counted: Bools) -> Ints:
        return np.bincount(slot.take(np.flatnonzero(counted)), minlength=self._slots)

    def _add(self, of: str, name: str, part: Ints) -> None:
        self._sums[of, name] = self._sums.get((of, name), 0) + part

    def counts(self) -> dict[str, pl.DataFrame]:
        """COUNTS of each KPI rule, in order; a row where there is anything to count. Names are enumerations."""
        rules = pl.Enum([rule.id for rule in self._by_name])
        found = {}
        for rule in self._by_name:
            counts = self._statuses(self._said[rule.id]).reshape(-1)
            where = np.flatnonzero(counts)
            name = pl.lit(rule.id, dtype=rules).alias("rule")
            found[rule.id] = self._cells[where].select(name, pl.all(), pl.Series("count", counts[where]))
        return found

    @cached_property
    def _cells(self) -> pl.DataFrame:
        """unit, area and status (enumerations) of all that is counted of a rule."""
        keys = self._keys().cast({"unit": pl.Enum(self._units), "area": pl.Enum(self._areas)})
        statuses = pl.DataFrame({"status": STATUSES}, schema={"status": STATUS})
        return keys.join(statuses, how="cross", maintain_order="left_right")

    @property
    def _by_name(self) -> list[Rule]:
        return sorted(self._rules, key=lambda rule: rule.id)

    def _statuses(self, sums: Mapping[str, Ints]) -> Ints:
        """[units and areas, STATUSES]."""
        flagged, unknown, applying = sums["flagged"], sums["unknown"], sums["applying"]
        by_name = {
            "flagged": flagged,
            "clear": applying - flagged - unknown,
            "unknown": unknown,
            "not_applicable": self._all - applying,
        }
        return np.stack([by_name[status] for status in STATUSES], axis=-1)

    def sides(self) -> pl.DataFrame:
        """unit, area and for each goal the SIDE_COUNTS; a row for each unit and area."""
        return self._keys().with_columns(
            pl.Series(side_count(goal, count), self._sums.get((goal, count), self._zeros()), dtype=pl.Int64)
            for goal in SIDE_GOALS
            for count in SIDE_COUNTS
        )

    def of_rules(self) -> pl.DataFrame:
        """unit, area, rule and COUNTED: a row where a counted rule applies to anything."""
        parts = [
            self._keys().with_columns(
                rule=pl.lit(rule),
                **{name: pl.Series(self._sums.get((rule, name), self._zeros()), dtype=pl.Int64) for name in COUNTED},
            )
            for rule in self._counted
        ]
        schema = {"unit": pl.String, "area": pl.String, "rule": pl.String} | dict.fromkeys(COUNTED, pl.Int64)
        return pl.concat(parts).filter(pl.col("applying") > 0) if parts else pl.DataFrame(schema=schema)

    def _keys(self) -> pl.DataFrame:
        return pl.DataFrame({"unit": self._units}, schema={"unit": pl.String}).join(
            pl.DataFrame({"area": self._areas}, schema={"area": pl.String}), how="cross", maintain_order="left_right"
        )


def _pointing(rules: Sequence[Rule], said: Mapping[str, Said]) -> dict[str, Bools]:
    """Which way each KPI points by the rules of one goal: SIDE_COUNTS."""
    if not rules:
        return {}

    def some(part: str, tells: Sequence[str]) -> Bools:
        each = [getattr(said[rule.id], part) for rule in rules if rule.tells in tells]
        none = np.zeros_like(said[rules[0].id].flagged)
        return np.asarray(np.logical_or.reduce([none, *each]), dtype=np.bool_)

    unknown = some("unknown", TELLS)
    mixed = some("flagged", ["mixed"]) & ~unknown
    worse = some("flagged", ["problem"]) & ~unknown & ~mixed
    better = some("flagged", ["strength"]) & ~unknown & ~mixed & ~worse
    judged = some("applies", TELLS)
    return dict(zip(SIDE_COUNTS, (worse, better, mixed, unknown, judged), strict=True))
