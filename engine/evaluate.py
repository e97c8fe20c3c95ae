"""Rules over one subject's frame: each rule's margin, truth and scope as columns, in one pass a level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Among, Lags, Metric, Others, RuleMargin, Sight, with_metrics
from genomlys.engine.conditions.margin import Margin
from genomlys.engine.conditions.tree import needs
from genomlys.engine.grid import Floats, Grid, Ints
from genomlys.engine.language.model import Rule

STATUSES = ("flagged", "clear", "unknown", "not_applicable")
STATUS = pl.Enum(STATUSES)
PARTS = ("lo", "hi", "holds", "rounded")


@dataclass(frozen=True)
class Reads:
    """What rules read of a series: for "own" and each benchmark how many years back, the metrics, and of whom else.

    followed: whether a scope asks for how long a KPI has been followed.
    """

    lags: Mapping[str, int]
    metrics: tuple[Metric, ...] = ()
    among: tuple[Among, ...] = ()
    followed: bool = False

    @property
    def benchmarks(self) -> tuple[str, ...]:
        return tuple(source for source in self.lags if source != "own")


def reads_of(rules: Sequence[Rule], *, targets: bool) -> Reads:
    """``targets``: whether a KPI aims at a target, which "worse" then needs as far back as own values."""
    asked = dict.fromkeys(need for rule in rules for need in needs(rule.when))
    metrics = tuple(need for need in asked if isinstance(need, Metric))
    lags = {"own": 1}
    read = list(with_metrics(asked))
    for need in read:
        if isinstance(need, Lags):
            lags[need.source] = max(need.count, lags.get(need.source, 0))
    if targets:
        lags["target"] = max(lags.get("target", 1), lags["own"])
    among = dict.fromkeys(need.among for need in read if isinstance(need, Others))
    followed = any(rule.scope.values("followed") for rule in rules)
    return Reads(lags, metrics, tuple(among), followed)


def judge_series(
    grid: Grid,
    rows: Ints,
    rules: Sequence[Rule],
    reads: Reads,
    sight: Sight,
    shift: int = 0,
    instead: Floats | None = None,
) -> pl.DataFrame:
    """The view of ``rows`` with every KPI rule's columns; ``shift`` and ``instead`` as in ``Grid.view``."""
    # A scope may ask of the other KPIs of an area.
    kpi_at = grid.catalogue_at[grid.kpi_at[rows]]
    scopes = {rule.id: in_scope(grid.catalogue, rule)[kpi_at] for rule in rules}
    return evaluate(grid.view(rows, reads.lags, reads.metrics, reads.among, shift, instead), rules, scopes, sight)


def in_scope(frame: pl.DataFrame, rule: Rule) -> pl.Series:
    """Boolean, as long as the frame."""
    # A scope without words is a literal, which alone would give one row and not one a subject.
    return frame.select(pl.repeat(True, pl.len()).alias("in_scope") & rule.scope.selects()).to_series()


def evaluate(
    frame: pl.DataFrame, rules: Sequence[Rule], in_scope: Mapping[str, pl.Series], sight: Sight
) -> pl.DataFrame:
    """Add for each rule the columns ``<id>:lo|hi|holds|rounded|applies``.

    frame: a row per subject with the columns that the rules need (``Rule.when`` tells them).
    rules: in an order that puts what is referred to first.
    in_scope: per rule a Boolean series as long as the frame.
    """
    for level in levels(rules):
        told: list[pl.Expr] = []
        for rule in level:
            margin = rule.when.margin(sight)
            told += [getattr(margin, part).alias(f"{rule.id}:{part}") for part in PARTS]
            of_series = "state" in frame.columns
            told.append(applies(margin, pl.lit(in_scope[rule.id]), of_series=of_series).alias(f"{rule.id}:applies"))
        frame = frame.with_columns(told)
    return frame


def applies(margin: Margin, in_scope: pl.Expr | None, *, of_series: bool = True) -> pl.Expr:
    """Whether a rule is for a row (Boolean, never null). in_scope: None where all rows are in its scope."""
    stated = [pl.lit(True) if in_scope is None else in_scope]
    if margin.applies is not None:
        stated.append(margin.applies)
    if of_series:
        stated.append(columns.STATE != "not_applicable")
    return reduce(and_, stated).fill_null(False)


def levels(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Rules that refer to no other, then those that refer to these, and so on."""
    depth: dict[str, int] = {}
    for rule in rules:
        below = [depth[need.rule] for need in needs(rule.when) if isinstance(need, RuleMargin)]
        depth[rule.id] = 1 + max(below, default=-1)
    for level in range(max(depth.values(), default=-1) + 1):
        yield [rule for rule in rules if depth[rule.id] == level]


def status(rule_id: str) -> pl.Expr:
    """flagged, clear, unknown or not_applicable (Enum)."""
    return (
        pl.when(~pl.col(f"{rule_id}:applies"))
        .then(pl.lit("not_applicable", dtype=STATUS))
        .when(pl.col(f"{rule_id}:holds"))
        .then(pl.lit("flagged", dtype=STATUS))
        .when(~pl.col(f"{rule_id}:holds"))
        .then(pl.lit("clear", dtype=STATUS))
        .otherwise(pl.lit("unknown", dtype=STATUS))
    )


def flagged(rule_id: str) -> pl.Expr:
    """Boolean, never null."""
    return pl.col(f"{rule_id}:applies") & pl.col(f"{rule_id}:holds").fill_null(False)


def sure(rule_id: str) -> pl.Expr:
    """Whether flagged or clear stays so when every printed figure may be off by half a decimal.

    Boolean; null where there is nothing to be sure of (unknown, not applicable).
    """
    same = pl.col(f"{rule_id}:rounded").eq_missing(pl.col(f"{rule_id}:holds"))
    return pl.when(pl.col(f"{rule_id}:applies") & pl.col(f"{rule_id}:holds").is_not_null()).then(same)
