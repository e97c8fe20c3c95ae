"""The follow-up of the measures decided earlier: how far they have come and what their amounts sum to."""

from __future__ import annotations

import polars as pl

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Heading, Paragraph, Table
from genomlys.engine.report.facts import Row, is_home, titles
from genomlys.engine.report.words import count, listed
from genomlys.engine.writing import format_number

_HEADING = Text("Uppföljning av beslutade åtgärder", "Follow-up of decided measures")
_MEASURES = (Text("åtgärd", "measure"), Text("åtgärder", "measures"))
_NONE = Text("Datamängden har inga beslutade åtgärder.", "The data set has no decided measures.")
_HEAD = (
    Text("Tidsperspektiv", "Time"),
    Text("Läge", "Status"),
    Text("Åtgärder", "Measures"),
    Text("Möjlig effektivisering, tkr om året", "Possible gain, SEK thousand a year"),
    Text("Utan belopp", "No amount"),
)


def followed(assessment: Assessment) -> list[Block]:
    lang = assessment.lang
    heading = Heading(2, _HEADING.in_(lang))
    sums = assessment.savings
    if sums.is_empty():
        return [heading, Paragraph(_NONE.in_(lang))]
    if not is_home(assessment):
        home = titles(assessment.data.units, "unit")[assessment.data.unit]
        known = Text(f"Datamängdens åtgärder gäller {home}.", f"The measures of the data set are those of {home}.")
        return [heading, Paragraph(known.in_(lang))]
    # A sum over all statuses would add what is done to what never will be.
    shown = sums.filter(pl.col("status").is_not_null())
    rows = [_row(row, lang) for row in shown.iter_rows(named=True)]
    table = Table(tuple(text.in_(lang) for text in _HEAD), _once(rows), frozenset({2, 3, 4}))
    return [heading, Paragraph(_states(sums, lang)), table, Paragraph(_without_amount(sums, lang))]


def _states(sums: pl.DataFrame, lang: Lang) -> str:
    every = sums.filter(pl.col("horizon").is_null())
    parts = [
        f"{row['measures']} {words.MEASURE_STATUSES[row['status']][1 if row['measures'] == 1 else 2].in_(lang)}"
        for row in every.filter(pl.col("status").is_not_null())
        .sort("measures", descending=True, maintain_order=True)
        .iter_rows(named=True)
    ]
    total = every.filter(pl.col("status").is_null())["measures"].item()
    decided = Text("är beslutad" if total == 1 else "är beslutade", "is decided" if total == 1 else "are decided")
    return f"{count(total, *_MEASURES, lang)} {decided.in_(lang)}: {listed(parts, lang)}."


def _without_amount(sums: pl.DataFrame, lang: Lang) -> str:
    missing = sums.filter(pl.col("horizon").is_null() & pl.col("status").is_null())["unquantified"].item()
    if not missing:
        return Text("Alla åtgärder har ett belopp.", "Every measure has an amount.").in_(lang)
    has, is_ = ("has", "is") if missing == 1 else ("have", "are")
    return Text(
        f"{count(missing, *_MEASURES, lang)} saknar belopp och ingår inte i summorna.",
        f"{count(missing, *_MEASURES, lang)} {has} no amount and {is_} not in the sums.",
    ).in_(lang)


def _row(row: Row, lang: Lang) -> tuple[str, ...]:
    return (
        words.HORIZONS[row["horizon"]].in_(lang),
        words.MEASURE_STATUSES[row["status"]][0].in_(lang),
        format_number(row["measures"], 0, lang),
        amount(row["low"], row["high"], lang),
        format_number(row["unquantified"], 0, lang),
    )


def amount(low: float | None, high: float | None, lang: Lang) -> str:
    """tkr as a number or, where the ends differ, a range."""
    if low is None or high is None:
        return words.NOTHING
    first, last = format_number(low, 0, lang), format_number(high, 0, lang)
    return first if first == last else f"{first}{words.NOTHING}{last}"


def _once(rows: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The horizon only on the first of its rows."""
    return tuple(("" if at and rows[at - 1][0] == row[0] else row[0], *row[1:]) for at, row in enumerate(rows))
