"""Which missing figures stand behind an unknown verdict."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from genomlys.engine.conditions.base import Condition, KpiCount, Lags, Sight
from genomlys.engine.conditions.tree import leaves, needs
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook

CELLS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "kpi": pl.String(),
    "area": pl.String(),
    "source": pl.String(),  # own, or the benchmark's name
    "year": pl.Int32(),  # null: no recent value at all, any of the years up to as_of would do
    "reason": pl.String(),  # missing, suppressed, stale, break
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
    parts = [_cells(open_, need.source, lag, rule_id) for need in asked for lag in range(need.first, need.count)]
    if sight.targets and asked:
        aiming = open_.filter(pl.col("direction") == "target")
        years = max(need.count for need in asked if need.first == 0)
        parts += [_cells(aiming, "target", lag, rule_id) for lag in range(years)]
    return pl.concat(parts).unique(maintain_order=True) if parts else pl.DataFrame(schema=dict(CELLS))


def _cells(frame: pl.DataFrame, source: str, lag: int, rule_id: str) -> pl.DataFrame:
    missing = pl.col(f"{source}.{lag}").is_null()
    has_year = pl.col("year").is_not_null()
    if source != "own" or lag > 0:
        # Without a recent own value nothing else is asked for yet.
        missing = missing & has_year
    crosses = pl.lit(lag) > pl.col("comparable") if source == "own" else pl.lit(False)
    reason = (
        pl.when(has_year & crosses)
        .then(pl.lit("break"))
        .when(~has_year & pl.col("state").cast(pl.String).is_in(["stale", "suppressed"]))
        .then(pl.col("state").cast(pl.String))
        .otherwise(pl.lit("missing"))
    )
    wanted = missing | (has_year & crosses) if source == "own" else missing
    return (
        frame.filter(wanted)
        .select(
            unit="unit",
            kpi="subject",
            area="area",
            source=pl.lit(source),
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
    "source": pl.String(),
    "year": pl.Int32(),
    "reason": pl.String(),
    "verdicts": pl.List(pl.String()),
    "count": pl.Int32(),
}


def summarised(cells: pl.DataFrame, verdicts: pl.DataFrame, book: RuleBook) -> pl.DataFrame:
    """UNKNOWNS: a row per missing figure, with every unknown verdict that it bears on, most first.

    A verdict on an area, measure or signal is borne on by the cells of the KPI rules it counts.
    """
    direct = cells.with_columns(verdict=pl.concat_str("rule", pl.lit("/"), "kpi"))
    counted = pl.DataFrame(
        {
            "counting": [rule.id for rule in book.rules for _ in _counted(rule)],
            "rule": [name for rule in book.rules for name in _counted(rule)],
        },
        schema={"counting": pl.String, "rule": pl.String},
    )
    open_ = verdicts.filter((pl.col("status") == "unknown") & (pl.col("subject_kind") != "kpi")).select(
        "unit", "area", "subject", counting="rule"
    )
    indirect = (
        cells.join(counted, on="rule")
        .join(open_, on=["unit", "area", "counting"])
        .with_columns(verdict=pl.concat_str("counting", pl.lit("/"), "subject"))
    )
    key = ["unit", "kpi", "area", "source", "year", "reason"]
    both = pl.concat([direct.select(*key, "verdict"), indirect.select(*key, "verdict")])
    return (
        both.group_by(key)
        .agg(verdicts=pl.col("verdict").unique().sort())
        .with_columns(count=pl.col("verdicts").list.len().cast(pl.Int32))
        .sort("unit", "count", *key[1:], descending=[False, True, *[False] * 5])
        .select(list(UNKNOWNS))
    )


def _counted(rule: Rule) -> list[str]:
    return sorted({need.rule for need in needs(rule.when) if isinstance(need, KpiCount)})
