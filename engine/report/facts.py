"""What the parts of a report ask an assessment for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from genomlys.engine.assess import Assessment
from genomlys.engine.report.words import tidy

Row = Mapping[str, Any]


def titles(frame: pl.DataFrame, key: str, title: str = "title") -> dict[str, str]:
    """The titles of a table's rows by their id, on one line each."""
    return {row[0]: tidy(row[1]) for row in frame.select(key, title).iter_rows()}


def unit_title(assessment: Assessment) -> str:
    """The title of the one unit that was judged."""
    return titles(assessment.data.units, "unit")[assessment.units[0]]


def is_home(assessment: Assessment) -> bool:
    """Whether the one unit that was judged is the data set's own, whose measures and signals are known."""
    return assessment.units == (assessment.data.unit,)


def findings(assessment: Assessment, *tells: str) -> list[Row]:
    """The findings that tell any of these, gravest first within an area."""
    told = assessment.findings.filter(pl.col("tells").is_in(list(tells)))
    return list(
        told.sort(
            "area",
            pl.col("severity").to_physical(),
            "finding",
            descending=[False, True, False],
            nulls_last=True,
            maintain_order=True,
        ).iter_rows(named=True)
    )


def status_counts(assessment: Assessment) -> dict[str, int]:
    """How many verdicts of each status; 0 where there is none."""
    counted = dict(assessment.counts.group_by("status").agg(pl.col("count").sum()).iter_rows())
    return {status: int(counted.get(status, 0)) for status in ("flagged", "clear", "unknown", "not_applicable")}
