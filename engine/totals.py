"""What all costs of a unit come to against their reference costs, in kronor and with no krona counted twice.

A total deviation is the sum of the gaps over the sum of the reference costs, never the mean of percentages: a small
service 20 % above weighs less than a large one 2 % below. It is worked out from the figures and not from what rules
flag, so that no rule changes it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from genomlys.engine.conditions.scope import Scope
from genomlys.engine.dataset import Dataset
from genomlys.engine.survey import Survey

BASIS = "reference"
REASONS = ("part", "not_applicable", "value", "reference", "volume")
_COSTS = Scope("kpi", (("cost", ("yes",)), ("has", (BASIS,))))

COSTS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "kpi": pl.String(),
    "area": pl.String(),
    "year": pl.Int32(),
    "counted": pl.Boolean(),
    "reason": pl.Enum(REASONS),
    "within": pl.String(),
    "cost": pl.Float64(),
    "reference": pl.Float64(),
    "gap": pl.Float64(),
    "gap_ratio": pl.Float64(),
}
TOTALS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "counted": pl.Int32(),
    "not_counted": pl.Int32(),
    "first_year": pl.Int32(),
    "last_year": pl.Int32(),
    "cost": pl.Float64(),
    "reference": pl.Float64(),
    "gap": pl.Float64(),
    "gap_ratio": pl.Float64(),
    "above": pl.Int32(),
    "above_gap": pl.Float64(),
    "below": pl.Int32(),
    "below_gap": pl.Float64(),
}


def benchmarks_read(data: Dataset) -> tuple[str, ...]:
    """What must be read beside what rules read."""
    return (BASIS,) if (data.benchmarks["benchmark"] == BASIS).any() else ()


def costs(about: Survey) -> pl.DataFrame:
    """COSTS: a row per unit and cost that has a reference cost, whether counted in the total or not, and why not.

    cost, reference, gap: tkr a year; null where they cannot be worked out. The reference cost is of the very year of
    the own value. reason: the KPI is part of another one (``within``), which stands for both whether it can be counted
    or not; does not apply to the unit; has no recent value, no reference cost of that year, or no volume.
    """
    kpis = about.kpis.with_columns(_scope=_COSTS.selects())
    if BASIS not in about.figures or not kpis["_scope"].any():
        return pl.DataFrame(schema=dict(COSTS))
    kpis = kpis.with_columns(within=_within(kpis))
    grid = about.grid(np.flatnonzero(kpis["_scope"].to_numpy()), (BASIS,))
    rows = np.lexsort((grid.kpi_at, grid.unit_at))
    view = grid.view(rows, {"own": 1, BASIS: 1})
    names = grid.names(view["series"]).join(kpis.select("kpi", "within"), on="kpi", maintain_order="left")
    same_year = pl.when(pl.col(f"{BASIS}.year") == pl.col("year")).then(pl.col(f"{BASIS}.0"))
    step = pl.col("tkr_per_step")
    told = pl.concat([view, names], how="horizontal").with_columns(
        cost=pl.col("own.0") * step,
        reference=same_year * step,
        gap=(pl.col("own.0") - same_year) * step,
        reason=_reason(same_year).cast(pl.Enum(REASONS)),
    )
    return (
        told.with_columns(
            counted=pl.col("reason").is_null(),
            gap_ratio=pl.when(pl.col("reference") > 0).then(pl.col("gap") / pl.col("reference")),
        )
        .select(list(COSTS))
        .cast(dict(COSTS))  # type: ignore[arg-type]
    )


def _reason(reference: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col("within").is_not_null())
        .then(pl.lit("part"))
        .when(pl.col("state") == "not_applicable")
        .then(pl.lit("not_applicable"))
        .when(pl.col("year").is_null())
        .then(pl.lit("value"))
        .when(reference.is_null())
        .then(pl.lit("reference"))
        .when(pl.col("tkr_per_step").is_null())
        .then(pl.lit("volume"))
    )


def _within(kpis: pl.DataFrame) -> pl.Series:
    """For each KPI the nearest one in scope that it is part of (null: none), said or by how one is made of the other.

    A derived KPI has the kronor of those that it is made of, and is part of them; of a sum it is the other way.
    """
    wholes: dict[str, list[str]] = {kpi: [] for kpi in kpis["kpi"]}
    for kpi, part_of, derive, of in kpis.select("kpi", "part_of", "derive", "of").iter_rows():
        wholes[kpi] += [] if part_of is None else [part_of]
        for other in of or []:
            part, whole = (other, kpi) if derive == "sum" else (kpi, other)
            wholes[part].append(whole)
    scope = set(kpis.filter("_scope")["kpi"])
    return pl.Series("within", [_nearest(kpi, wholes, scope) for kpi in kpis["kpi"]], dtype=pl.String)


def _nearest(kpi: str, wholes: Mapping[str, list[str]], scope: set[str]) -> str | None:
    seen, level = {kpi}, sorted(wholes[kpi])
    while level:
        found = next((whole for whole in level if whole in scope and whole not in seen), None)
        if found is not None:
            return found
        seen |= set(level)
        level = sorted({whole for each in level for whole in wholes[each]} - seen)
    return None


def totals(costs: pl.DataFrame) -> pl.DataFrame:
    """TOTALS: a row per unit with any of COSTS: the sums over what is counted, tkr a year (null where nothing is).

    not_counted: those that belong in it but lack a figure. above, below: how many lie above and below their reference
    cost, and by how much together.
    """
    counted = pl.col("counted")
    lacking = pl.col("reason").is_in(["value", "reference", "volume"])
    gap = pl.col("gap").filter(counted)

    def summed(values: pl.Expr) -> pl.Expr:
        # One after the other, so that the last bit does not depend on how the work was shared.
        return pl.when(counted.any()).then(values.cum_sum().last().fill_null(0.0))

    sums = costs.group_by("unit", maintain_order=True).agg(
        counted.sum().cast(pl.Int32),
        not_counted=lacking.fill_null(False).sum().cast(pl.Int32),
        first_year=pl.col("year").filter(counted).min(),
        last_year=pl.col("year").filter(counted).max(),
        cost=summed(pl.col("cost").filter(counted)),
        reference=summed(pl.col("reference").filter(counted)),
        gap=summed(gap),
        above=(gap > 0).sum().cast(pl.Int32),
        above_gap=summed(gap.filter(gap > 0)),
        below=(gap < 0).sum().cast(pl.Int32),
        below_gap=summed(gap.filter(gap < 0)),
    )
    ratio = pl.when(pl.col("reference") > 0).then(pl.col("gap") / pl.col("reference"))
    return sums.with_columns(gap_ratio=ratio).select(list(TOTALS)).cast(dict(TOTALS)).sort("unit")  # type: ignore[arg-type]
