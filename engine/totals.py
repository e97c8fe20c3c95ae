"""What all costs of a unit come to against their reference costs, in kronor and with no krona counted twice.

A total deviation is the sum of the gaps over the sum of the reference costs, never the mean of percentages: a small
service 20 % above weighs less than a large one 2 % below. It is worked out from the figures and not from what rules
flag, so that no rule changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from genomlys.engine.conditions.scope import Scope
from genomlys.engine.dataset import Dataset
from genomlys.engine.survey import Survey

BASIS = "reference"
REASONS = ("part", "shared", "not_applicable", "value", "reference", "volume")
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
    return (BASIS,) if len(data.figures.of(BASIS)) else ()


def costs(about: Survey) -> pl.DataFrame:
    """COSTS: a row per unit and cost that has a reference cost, whether counted in the total or not, and why not.

    cost, reference, gap: tkr a year; null where they cannot be worked out. The reference cost is of the very year of
    the own value. reason: the KPI is part of another one, or shares kronor with it (``within``), which stands for both
    whether it can be counted or not; does not apply to the unit; has no recent value, no reference cost of that year,
    or no volume.
    """
    kpis = about.kpis.with_columns(_scope=_COSTS.selects())
    if BASIS not in about.figures or not kpis["_scope"].any():
        return pl.DataFrame(schema=dict(COSTS))
    part_of, shared_with = _within(kpis)
    kpis = kpis.with_columns(part_of, shared_with, within=pl.coalesce(part_of, shared_with))
    grid = about.grid(np.flatnonzero(kpis["_scope"].to_numpy()), (BASIS,))
    rows = np.lexsort((grid.kpi_at, grid.unit_at))
    view = grid.view(rows, {"own": 1, BASIS: 1})
    names = grid.names(view["series"]).join(
        kpis.select("kpi", "whole", "shared_with", "within"), on="kpi", maintain_order="left"
    )
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
        pl.when(pl.col("whole").is_not_null())
        .then(pl.lit("part"))
        .when(pl.col("shared_with").is_not_null())
        .then(pl.lit("shared"))
        .when(pl.col("state") == "not_applicable")
        .then(pl.lit("not_applicable"))
        .when(pl.col("year").is_null())
        .then(pl.lit("value"))
        .when(reference.is_null())
        .then(pl.lit("reference"))
        .when(pl.col("tkr_per_step").is_null())
        .then(pl.lit("volume"))
    )


def _within(kpis: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """For each KPI what stands for its kronor in its place, null where nothing does.

    whole: the nearest one in scope that it is part of, said or by how one is made of the other. A derived KPI has the
    kronor of those that it is made of, and is part of them; of a sum it is the other way.
    shared_with: of those that are part of none but have some kronor in common, such as two sums with a part in common
    or one cost per inhabitant and per pupil, the one that is part of the least and has the most parts.
    """
    rows = {row["kpi"]: row for row in kpis.select("kpi", "part_of", "derive", "of").iter_rows(named=True)}
    wholes: dict[str, list[str]] = {kpi: [] for kpi in rows}
    for kpi, row in rows.items():
        wholes[kpi] += [] if row["part_of"] is None else [row["part_of"]]
        for other in _in_kronor(row):
            part, whole = (other, kpi) if row["derive"] == "sum" else (kpi, other)
            wholes[part].append(whole)
    scope = set(kpis.filter("_scope")["kpi"])
    whole_of = {kpi: _nearest(kpi, wholes, scope) for kpi in rows}
    own = {kpi: _made_of(kpi, rows) for kpi in scope if whole_of[kpi] is None}
    shared = _shared(own, {kpi: _reached(kpi, rows) for kpi in own})
    return (
        pl.Series("whole", list(whole_of.values()), dtype=pl.String),
        pl.Series("shared_with", [shared.get(kpi) for kpi in rows], dtype=pl.String),
    )


def _in_kronor(row: Mapping[str, Any]) -> list[str]:
    """What a derived KPI has its kronor of: a volume or a denominator has none."""
    of: list[str] = row["of"] or []
    return of if row["derive"] in ("sum", "difference") else of[:1]


def _made_of(kpi: str, rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The KPIs with values of their own whose kronor it has: itself, or those that it is made of in the end."""
    parts = _in_kronor(rows[kpi])
    return set().union(*(_made_of(part, rows) for part in parts)) if parts else {kpi}


def _reached(kpi: str, rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Those again, and all that they are said to be part of."""
    seen, asked = {kpi}, [kpi]
    while asked:
        row = rows[asked.pop()]
        new = {each for each in (row["part_of"], *_in_kronor(row)) if each is not None} - seen
        seen |= new
        asked += new
    return {each for each in seen if not _in_kronor(rows[each])}


def _shared(own: Mapping[str, set[str]], reached: Mapping[str, set[str]]) -> dict[str, str]:
    """For KPIs that have some kronor in common with one that is counted, that one. What is part of less goes first."""
    counted: list[str] = []
    found = {}
    for kpi in sorted(own, key=lambda kpi: (len(reached[kpi] - own[kpi]), -len(own[kpi]), kpi)):
        other = next((each for each in counted if own[kpi] & reached[each] or own[each] & reached[kpi]), None)
        if other is None:
            counted.append(kpi)
        else:
            found[kpi] = other
    return found


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
