"""Which missing figures stand behind an unknown verdict."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from genomlys.engine.conditions.base import FEWEST, Condition, Denominator, Lags, Others, Sight
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.dataset import Dataset
from genomlys.engine.lacking import of_parts
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook

CELLS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "kpi": pl.String(),
    "area": pl.String(),
    "source": pl.String(),  # own, the benchmark's name, or whose values: peers, nation
    "year": pl.Int32(),  # null: no recent value at all, any of the years up to as_of would do
    "reason": pl.String(),  # missing, suppressed, stale, break, few, spread, not_positive
    "rule": pl.String(),
}


def missing_cells(unknown: pl.DataFrame, rule: Rule, sight: Sight) -> pl.DataFrame:
    """CELLS: a row per missing figure that a still open condition of an unknown verdict reads.

    unknown: the rows of the series frame whose verdict is unknown. Rules for other subjects read no
    figures themselves; what decides them are the cells of the KPI rules they refer to.
    """
    if rule.subject != "kpi" or unknown.is_empty():
        return pl.DataFrame(schema=dict(CELLS))
    parts = []
    for leaf in leaves(rule.when):
        parts.append(cells_of(leaf, unknown.filter(leaf.margin(sight).holds.is_null()), rule.id, sight))
    return pl.concat(parts).unique(maintain_order=True)


def cells_of(leaf: Condition, open_: pl.DataFrame, rule_id: str, sight: Sight) -> pl.DataFrame:
    """CELLS: a row per missing figure that one condition reads; ``open_``: the rows where it is unknown."""
    asked = [need for need in leaf.needs() if isinstance(need, Lags)]
    parts = [_cells(open_, need, lag, rule_id) for need in asked for lag in range(need.first, need.count)]
    if sight.targets and asked:
        aiming = open_.filter(pl.col("direction") == "target")
        years = max(need.count for need in asked if need.first == 0)
        parts += [_cells(aiming, Lags("target", years), lag, rule_id) for lag in range(years)]
    parts += [_denominator(open_, rule_id) for need in leaf.needs() if isinstance(need, Denominator)]
    parts += [_members(open_, need, rule_id) for need in leaf.needs() if isinstance(need, Others)]
    return pl.concat(parts).unique(maintain_order=True) if parts else pl.DataFrame(schema=dict(CELLS))


def _denominator(open_: pl.DataFrame, rule_id: str) -> pl.DataFrame:
    """A denominator that is missing, or that nothing can be divided by."""
    denominator = pl.col("denominator")
    missing = open_.filter(pl.col("year").is_not_null() & (denominator.is_null() | (denominator <= 0)))
    reason = pl.when(denominator.is_null()).then(pl.lit("missing")).otherwise(pl.lit("not_positive"))
    told = {"unit": "unit", "kpi": "subject", "area": "area", "source": pl.lit("denominator"), "year": "year"}
    return missing.select(**told, reason=reason, rule=pl.lit(rule_id)).cast(dict(CELLS))  # type: ignore[arg-type]


def _members(open_: pl.DataFrame, need: Others, rule_id: str) -> pl.DataFrame:
    """What is missing of others in the KPI's year: values of some, enough of them, or any difference between them."""
    reason = (
        pl.when(pl.col(need.n) < pl.col(need.of))
        .then(pl.lit("missing"))
        .when(pl.col(need.of) < max(need.least, FEWEST[need.among]))
        .then(pl.lit("few"))
        .otherwise(pl.lit("spread"))
    )
    told = {"unit": "unit", "kpi": "subject", "area": "area", "source": pl.lit(need.among), "year": "year"}
    seen = open_.filter(pl.col("year").is_not_null())
    return seen.select(**told, reason=reason, rule=pl.lit(rule_id)).cast(dict(CELLS))  # type: ignore[arg-type]


def _cells(frame: pl.DataFrame, need: Lags, lag: int, rule_id: str) -> pl.DataFrame:
    missing = pl.col(f"{need.source}.{lag}").is_null()
    if need.same_year and lag == 0:
        missing = missing | (pl.col(f"{need.source}.year") != pl.col("year"))
    has_year = pl.col("year").is_not_null()
    if need.source != "own" or lag > 0:
        # Without a recent own value nothing else is asked for yet.
        missing = missing & has_year
    crosses = has_year & (pl.lit(lag) > pl.col("comparable")) & need.one_definition
    reason = (
        pl.when(crosses)
        .then(pl.lit("break"))
        .when(~has_year & pl.col("state").cast(pl.String).is_in(["stale", "suppressed"]))
        .then(pl.col("state").cast(pl.String))
        .otherwise(pl.lit("missing"))
    )
    return (
        frame.filter(missing | crosses)
        .select(
            unit="unit",
            kpi="subject",
            area="area",
            source=pl.lit(need.source),
            year=pl.col("year") - lag,
            reason=reason,
            rule=pl.lit(rule_id),
        )
        .cast(dict(CELLS))  # type: ignore[arg-type]
    )


UNKNOWNS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "kpi": pl.String(),
    "area": pl.String(),
    "source": pl.String(),  # as in CELLS, or price
    "year": pl.Int32(),
    "reason": pl.String(),  # as in CELLS, or few_units
    "verdicts": pl.List(pl.String()),
    "count": pl.Int32(),
}


def summarised(cells: pl.DataFrame, verdicts: pl.DataFrame, book: RuleBook, data: Dataset) -> pl.DataFrame:
    """UNKNOWNS: a row per missing figure, with every unknown verdict that it bears on, most first.

    A verdict is borne on by the cells of the rules it refers to: on an area, measure or signal by those of
    the area's KPIs, on a KPI by its own. What a derived value lacks is told by the parts that it is made of.
    """
    direct = cells.with_columns(verdict=pl.concat_str("rule", pl.lit("/"), "kpi"))
    referring = pl.DataFrame(
        [(rule.id, name) for rule in book.rules for name in sorted(book.beneath(rule.when))],
        schema={"referring": pl.String, "rule": pl.String},
        orient="row",
    )
    open_ = verdicts.filter(pl.col("status") == "unknown").select(
        "unit", "area", "subject_kind", "subject", referring="rule"
    )
    indirect = (
        cells.join(referring, on="rule")
        .join(open_, on=["unit", "area", "referring"])
        .filter((pl.col("subject_kind") != "kpi") | (pl.col("subject") == pl.col("kpi")))
        .with_columns(verdict=pl.concat_str("referring", pl.lit("/"), "subject"))
    )
    key = ["unit", "kpi", "area", "source", "year", "reason"]
    both = of_parts(pl.concat([direct.select(*key, "verdict"), indirect.select(*key, "verdict")]), data)
    return (
        both.group_by(key)
        .agg(verdicts=pl.col("verdict").unique().sort())
        .with_columns(count=pl.col("verdicts").list.len().cast(pl.Int32))
        .sort("unit", "count", *key[1:], descending=[False, True, *[False] * 5])
        .select(list(UNKNOWNS))
    )
