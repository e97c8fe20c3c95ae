"""What stands below a condition that refers to something else: other verdicts, and the area's measures and signals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import polars as pl

from genomlys.engine import evaluate
from genomlys.engine.conditions.base import SIDE_COUNTS, KpiCount, RowCount, SideCount
from genomlys.engine.conditions.measures import NAMES as MEASURE_NAMES
from genomlys.engine.conditions.side import SHARE
from genomlys.engine.conditions.signals import NAMES as SIGNAL_NAMES
from genomlys.engine.errors import Text
from genomlys.engine.explain import words
from genomlys.engine.explain.context import Context, Row
from genomlys.engine.explain.model import Cell, Fact, Origin, Step
from genomlys.engine.subjects import rows_meant

# For each table: its rows' id, the word a row is told by and that word's names, the date that may be missing.
_ENTRIES: Final = {
    "measures": ("measure", "status", MEASURE_NAMES, "decided", Text("åtgärder", "measures")),
    "signals": ("signal", "kind", SIGNAL_NAMES, "date", Text("omständigheter", "signals")),
}
_HOME = Text("åtgärder och omständigheter är bara kända för {}", "measures and signals are known for {} only")


def verdict_step(root: Step, title: str, verdict: str) -> Step:
    """Another verdict as a step, with its tree below it."""
    return replace(root, kind="verdict", words=title, facts=(), parts=(root,), missing=(), verdict=verdict)


def members(case: Context, rule_id: str) -> pl.DataFrame:
    """The KPIs that a rule applies to: subject, area, kpi_title, measure, status, lo, hi and holds."""
    told = [pl.col(f"{rule_id}:{part}").alias(part) for part in ("lo", "hi", "holds")]
    return (
        case.frame("kpi")
        .select("subject", "area", "kpi_title", "measure", *told, status=evaluate.status(rule_id).cast(pl.String))
        .filter(pl.col("status") != "not_applicable")
    )


def of_count(case: Context, row: Row, need: KpiCount) -> Iterator[Fact]:
    """How many of the area's KPIs a rule is flagged for, and how many it does not apply to."""
    holding, unknown, applying = (row[need.column(part)] for part in ("holding", "unknown", "applying"))
    said = Text(f"flaggade nyckeltal: {holding} av {applying}", f"KPIs flagged: {holding} of {applying}").in_(case.lang)
    if unknown:
        said += Text(f", okända: {unknown}", f", unknown: {unknown}").in_(case.lang)
    yield Fact("count", said, float(holding))
    rest = case.frame("kpi").filter(pl.col("area") == row["area"]).height - applying
    if rest:
        others = Text(f"nyckeltal som regeln inte prövas för: {rest}", f"KPIs that the rule does not apply to: {rest}")
        yield Fact("rest", others.in_(case.lang), float(rest))


def of_side(case: Context, row: Row, need: SideCount) -> Iterator[Fact]:
    """Which way the area's KPIs point, and when the area does."""
    counts = {count: row[need.column(count)] for count in SIDE_COUNTS}
    told = [
        f"{words.POINTING[count].in_(case.lang)} {number}"
        for count, number in counts.items()
        if number and count != "judged"
    ]
    judged = counts["judged"]
    lead = Text(f"bedömda nyckeltal: {judged}", f"KPIs judged: {judged}").in_(case.lang)
    rest = f" ({', '.join(told)})" if told else Text(" (alla i nivå)", " (all level)").in_(case.lang)
    yield Fact("count", lead + rest, float(judged))
    lead_needed = math.ceil(judged * SHARE - 1e-9)
    needed = Text(
        f"gräns: minst {lead_needed} fler åt det ena hållet än åt det andra",
        f"limit: at least {lead_needed} more one way than the other",
    )
    yield Fact("band", needed.in_(case.lang), float(lead_needed))


def member_steps(case: Context, rule_id: str, mine: pl.DataFrame, expanded: Mapping[str, Step]) -> Iterator[Step]:
    """The members ``mine``, flagged ones first; those that are ``expanded`` with their trees."""
    order = pl.col("status").replace_strict({"flagged": 0, "unknown": 1, "clear": 2}, return_dtype=pl.Int32)
    for row in mine.sort(order, "subject").rows(named=True):
        verdict, title = f"{rule_id}/{row['subject']}", row["kpi_title"]
        root = expanded.get(row["subject"])
        if root is not None:
            yield verdict_step(root, title, verdict)
        else:
            scale = words.difference_measure(row["measure"], case.lang)
            yield Step("verdict", title, row["holds"], True, row["lo"], row["hi"], scale, verdict=verdict)


def entries(case: Context, row: Row, need: RowCount) -> Iterator[Fact]:
    """The area's measures or signals that are meant, by title, and how many others there are."""
    if row[need.holding] is None:
        home = case.data.units.filter(pl.col("unit") == case.data.unit)["title"].item()
        yield Fact("elsewhere", _HOME.in_(case.lang).replace("{}", home))
        return
    key, word, names, _, what = _ENTRIES[need.table]
    mine = _in_area(case, row, need)
    for entry in mine.filter(pl.col("_holds")).rows(named=True):
        said = f"{words.quoted(entry['title'], case.lang)} ({names[entry[word]].in_(case.lang)})"
        yield Fact("entry", said, origin=Origin(need.table, entry[key], entry["title"], None, entry["source"]))
    others = mine.filter(~pl.col("_holds")).height
    if mine.is_empty():
        yield Fact("others", Text(f"området har inga {what.sv}", f"the area has no {what.en}").in_(case.lang), 0.0)
    elif others:
        said = Text(f"andra {what.sv} i området: {others}", f"other {what.en} of the area: {others}").in_(case.lang)
        yield Fact("others", said, float(others))


def open_entries(case: Context, row: Row, need: RowCount) -> Iterator[Cell]:
    """The dates that would tell whether a measure or signal of the area is meant."""
    if row[need.holding] is None:
        yield Cell(row["area"], row["area_title"], need.table, None, "missing")
        return
    key, _, _, date, _ = _ENTRIES[need.table]
    for entry in _in_area(case, row, need).filter(pl.col("_holds").is_null()).rows(named=True):
        yield Cell(entry[key], entry["title"], date, None, "missing")


def _in_area(case: Context, row: Row, need: RowCount) -> pl.DataFrame:
    return rows_meant(case.data, need, case.data.as_of).filter(pl.col("area") == row["area"])
