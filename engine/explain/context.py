"""What every part of an explanation reads: the data set, the rules, and the frames that ``assess`` judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from genomlys.engine.conditions.base import Sight, Subject
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang, Text
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.population import current_peers, group_of_kpis, nation
from genomlys.engine.verdicts import Judged

Row = Mapping[str, Any]  # one subject's row of its frame, and of what was asked of it


def with_referred(book: RuleBook, rules: Iterable[str]) -> RuleBook:
    """The book with some of its rules and those that they refer to, in its order and without its moves."""
    asked = set(rules)
    wanted = asked.union(*[book.beneath(rule.when) for rule in book.rules if rule.id in asked])
    return RuleBook(book.packs, tuple(rule for rule in book.rules if rule.id in wanted), ())


@dataclass(frozen=True, eq=False)
class Context:
    """``judged`` must have kept its frames."""

    data: Dataset
    book: RuleBook
    judged: Judged
    unit: str
    lang: Lang

    @cached_property
    def sight(self) -> Sight:
        return self.judged.sight

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        return {rule.id: rule for rule in self.book.rules}

    def frame(self, subject: Subject, subjects: Sequence[str] | None = None) -> pl.DataFrame:
        """The evaluated frame of the unit's subjects of one kind, or of those named."""
        frame = self.judged.frames[subject].filter(pl.col("unit") == self.unit)
        return frame if subjects is None else frame.filter(pl.col("subject").is_in(list(subjects)))

    @cached_property
    def own_sources(self) -> Mapping[tuple[str, int], str]:
        """For KPI and year, where the unit's value was taken from."""
        told = self.data.values.filter((pl.col("unit") == self.unit) & pl.col("source").is_not_null())
        return {(kpi, year): text for kpi, year, text in told.select("kpi", "year", "source").iter_rows()}

    @cached_property
    def benchmark_sources(self) -> Mapping[tuple[str, str, int], str | None]:
        """For KPI, benchmark and year of every published figure the same; the unit's own goes before one for all."""
        told = self.data.benchmarks.filter(
            (pl.col("unit").is_null() | (pl.col("unit") == self.unit))
            & pl.col("value").is_not_null()
            & (pl.col("year") <= self.data.as_of.year)
        ).sort("unit", "year", nulls_last=False)
        rows = told.select("kpi", "benchmark", "year", "source").iter_rows()
        return {(kpi, benchmark, year): text for kpi, benchmark, year, text in rows}

    @cached_property
    def published(self) -> frozenset[tuple[str, str]]:
        """The KPIs and benchmarks that have a published figure; others' are computed from their members."""
        return frozenset((kpi, benchmark) for kpi, benchmark, _ in self.benchmark_sources)

    def worked_out(self, kpi: str, benchmark: str) -> str | None:
        """What a derived KPI's comparison figures were worked out from, if they were."""
        parts = next((each.of for each in self.data.derived if each.kpi == kpi and benchmark in each.follows), ())
        if not parts:
            return None
        titles = ", ".join(self.data.kpis.filter(pl.col("kpi").is_in(list(parts)))["title"])
        return Text(f"framräknat av samma tal för {titles}", f"worked out from the same for {titles}").in_(self.lang)

    @cached_property
    def kpi_sources(self) -> Mapping[str, str]:
        told = self.data.kpis.filter(pl.col("source").is_not_null())
        return dict(told.select("kpi", "source").iter_rows())

    def nation_with_value(self, kpi: str, year: int) -> tuple[int, int]:
        """Of how many units' values a computed figure of the nation is made, and how many there are in all."""
        members = self._with_value(nation(self.data), kpi, year)
        return int(members["there"].sum()), members.height

    def peers_with_value(self, kpi: str, year: int) -> tuple[list[str], list[str]]:
        """The titles of the peers that a computed figure of a KPI and year is made of, and of those without a value."""
        peers = current_peers(self.data, self.data.as_of.year)
        group = group_of_kpis(self.data, peers).get(kpi)
        mine = peers.filter(
            (pl.col("unit") == self.unit) & (pl.col("group") == group) & (pl.col("member") != self.unit)
        )
        members = self._with_value(mine["member"].to_list(), kpi, year).sort("title")
        return members.filter("there")["title"].to_list(), members.filter(~pl.col("there"))["title"].to_list()

    def _with_value(self, units: Sequence[str], kpi: str, year: int) -> pl.DataFrame:
        """title, there: the units that the KPI applies to in a year, and whether they have a value."""
        said = self.data.values.filter((pl.col("kpi") == kpi) & (pl.col("year") == year))
        return (
            self.data.units.filter(pl.col("unit").is_in(list(units)))
            .join(said.select("unit", "value", "status"), on="unit", how="left", maintain_order="left")
            .filter(pl.col("status").ne_missing("not_applicable"))
            .select("title", there=pl.col("value").is_not_null())
        )
