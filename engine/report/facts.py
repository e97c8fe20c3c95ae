"""What the parts of a report ask an assessment for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.multiplicity import RATE
from genomlys.engine.report.words import tidy
from genomlys.engine.writing import format_number

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


def most_pressing_first(areas: pl.DataFrame) -> pl.DataFrame:
    """Problems before strengths, the gravest first."""
    return areas.sort(
        pl.col("class").to_physical(),
        pl.col("severity").to_physical(),
        pl.col("priority").is_not_null(),
        "problems",
        "title",
        descending=[False, True, True, True, False],
        nulls_last=True,
        maintain_order=True,
    )


def findings(assessment: Assessment, *tells: str) -> list[Row]:
    """The findings that tell any of these, by area as the areas are told, gravest first within one."""
    order = most_pressing_first(assessment.areas).select("area").with_row_index("place")
    told = assessment.findings.filter(pl.col("tells").is_in(tells)).join(order, on="area", how="left")
    gravest = told.sort(
        "place",
        pl.col("severity").to_physical(),
        "finding",
        descending=[False, True, False],
        nulls_last=True,
    )
    return list(gravest.iter_rows(named=True))


def sentences(assessment: Assessment) -> dict[str, str]:
    """What each finding of the one unit says, whether so many tests may give it, and until when it is waived."""
    ends = {
        f"{row['rule']}/{row['subject']}": row["until"]
        for row in assessment.waivers.filter(pl.col("state") == "in_force").iter_rows(named=True)
    }
    said = Text(" Undantag till och med {}.", " Waived up to and including {}.").in_(assessment.lang)
    return {
        name: tidy(text)
        + (_among_many(q, assessment.lang) if q is not None and q > RATE else "")
        + (said.replace("{}", str(ends[name])) if name in ends else "")
        for name, text, q in assessment.findings.select("finding", "text", "q").iter_rows()
    }


def _among_many(q: float, lang: Lang) -> str:
    """What must be said of a test that does not hold among all that were made."""
    number = format_number(q, 2, lang)
    return Text(
        f" Så många nyckeltal prövas att det ändå kan vara slump (q = {number}).",
        f" So many key figures are asked about that it may be chance all the same (q = {number}).",
    ).in_(lang)


def problems_at(assessment: Assessment, levels: Collection[str]) -> int:
    """How many problems, of all units, have one of these levels of severity and no waiver."""
    problems = assessment.findings.filter((pl.col("tells") == "problem") & ~pl.col("waived"))
    return int(problems["severity"].cast(pl.String).is_in(list(levels)).sum())


def status_counts(assessment: Assessment) -> dict[str, int]:
    """How many verdicts of each status; 0 where there is none."""
    counted = dict(assessment.counts.group_by("status").agg(pl.col("count").sum()).iter_rows())
    return {status: int(counted.get(status, 0)) for status in ("flagged", "clear", "unknown", "not_applicable")}
