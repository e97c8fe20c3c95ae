"""What every part of an explanation reads: the data set, the rules, and the frames that ``assess`` judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from genomlys.engine import evaluate
from genomlys.engine.conditions.base import KpiCount, RuleMargin, Sight, Subject
from genomlys.engine.conditions.tree import needs
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.verdicts import Judged

Row = Mapping[str, Any]  # one subject's row of its frame, and of what was asked of it


def with_referred(book: RuleBook, rules: Iterable[str]) -> RuleBook:
    """The book with some of its rules and those that they refer to, in its order and without its moves."""
    wanted = set(rules)
    for rule in reversed(book.rules):
        if rule.id in wanted:
            wanted |= {need.rule for need in needs(rule.when) if isinstance(need, RuleMargin | KpiCount)}
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
        return Sight(targets=self.judged.grid.targets)

    @cached_property
    def rules(self) -> Mapping[str, Rule]:
        return {rule.id: rule for rule in self.book.rules}

    def frame(self, subject: Subject, subjects: Sequence[str] | None = None) -> pl.DataFrame:
        """The evaluated frame of the unit's subjects of one kind, or of those named."""
        frame = self.judged.frames[subject].filter(pl.col("unit") == self.unit)
        return frame if subjects is None else frame.filter(pl.col("subject").is_in(list(subjects)))

    def scopes(self, rule: Rule, frame: pl.DataFrame) -> pl.Series:
        """Whether each row of a frame of KPIs is in the rule's scope, as ``judge`` asked it."""
        grid = self.judged.grid
        in_scope: pl.Series = evaluate.in_scope(grid.kpis, rule)[grid.kpi_at[frame["series"].to_numpy()]]
        return in_scope

    @cached_property
    def own_sources(self) -> Mapping[tuple[str, int], str]:
        """For KPI and year, where the unit's value was taken from."""
        told = self.data.values.filter((pl.col("unit") == self.unit) & pl.col("source").is_not_null())
        return {(kpi, year): text for kpi, year, text in told.select("kpi", "year", "source").iter_rows()}

    @cached_property
    def benchmark_sources(self) -> Mapping[tuple[str, str, int], str]:
        """For KPI, benchmark and year the same; a figure for every unit gives way to the unit's own."""
        told = self.data.benchmarks.filter(
            (pl.col("unit").is_null() | (pl.col("unit") == self.unit))
            & pl.col("value").is_not_null()
            & pl.col("source").is_not_null()
        ).sort("unit", nulls_last=False)
        rows = told.select("kpi", "benchmark", "year", "source").iter_rows()
        return {(kpi, benchmark, year): text for kpi, benchmark, year, text in rows}

    @cached_property
    def kpi_sources(self) -> Mapping[str, str]:
        told = self.data.kpis.filter(pl.col("source").is_not_null())
        return dict(told.select("kpi", "source").iter_rows())
