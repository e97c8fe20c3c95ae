"""What the costs come to against their reference costs: of one unit with each of its services, of several at once."""

from __future__ import annotations

import polars as pl

from genomlys.engine.amounts import format_percent, format_tkr
from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.report.blocks import Block, Heading, Paragraph, Table
from genomlys.engine.report.facts import Row, titles
from genomlys.engine.report.words import count, listed
from genomlys.engine.writing import format_number

_HEADING = Text("Kostnaden sammantaget", "The cost in all")
_SERVICES = (Text("verksamhet", "service"), Text("verksamheter", "services"))
_UNITS = (Text("enhet", "unit"), Text("enheter", "units"))
_HEAD = (
    Text("Nyckeltal", "Key figure"),
    Text("Kostnad, tkr", "Cost, SEK thousand"),
    Text("Referenskostnad, tkr", "Reference cost, SEK thousand"),
    Text("Skillnad, tkr", "Difference, SEK thousand"),
    Text("Skillnad, %", "Difference, %"),
)
_REASONS = {
    "value": Text("värde saknas", "no value"),
    "reference": Text("referenskostnad saknas för året", "no reference cost of the year"),
    "volume": Text("kan inte räknas om till kronor", "cannot be made kronor of"),
}
_ELSEWHERE = {
    "part": Text(
        "Ingår i andra nyckeltal och räknas inte för sig", "Part of other key figures and not counted by themselves"
    ),
    "shared": Text(
        "Delar kronor med nyckeltal som räknas och räknas inte en gång till",
        "Have kronor in common with key figures that are counted, and are not counted again",
    ),
}


def total(assessment: Assessment) -> list[Block]:
    """A section for one unit; nothing where no cost has a reference cost."""
    lang, costs = assessment.lang, assessment.costs
    if costs.is_empty():
        return []
    (sums,) = assessment.totals.iter_rows(named=True)
    blocks: list[Block] = [Heading(2, _HEADING.in_(lang))]
    if sums["counted"]:
        blocks += [Paragraph(f"{_said(sums, lang)} {_both_sides(sums, lang)}".strip()), _table(assessment)]
    return [*blocks, *(Paragraph(text) for text in _left_out(assessment))]


def total_of_many(assessment: Assessment) -> list[Block]:
    """One paragraph for several units."""
    lang, sums = assessment.lang, assessment.totals.filter(pl.col("counted") > 0)
    if sums.is_empty():
        return []
    gap, reference = (float(sums[name].sum()) for name in ("gap", "reference"))
    above = sums.filter(pl.col("gap") > 0).height
    where = _where(gap, gap / reference if reference > 0 else None, lang)
    units, over = count(sums.height, *_UNITS, lang), format_number(above, 0, lang)
    said = Text(
        f"Sammantaget ligger kostnaden {where}, räknat på {units}; {over} av dem ligger över.",
        f"In all, the cost is {where}, over {units}; {over} of them are above.",
    )
    return [Paragraph(said.in_(lang))]


def _said(sums: Row, lang: Lang) -> str:
    first, last = sums["first_year"], sums["last_year"]
    years = str(last) if first == last else f"{first}–{last}"
    where, services = _where(sums["gap"], sums["gap_ratio"], lang), count(sums["counted"], *_SERVICES, lang)
    return Text(
        f"Sammantaget ligger kostnaden {where}, räknat på {services} ({years}).",
        f"In all, the cost is {where}, over {services} ({years}).",
    ).in_(lang)


def _where(gap: float, ratio: float | None, lang: Lang) -> str:
    """ "3,1 % (12,4 mnkr om året) över referenskostnaden"; a level total says so."""
    if gap == 0:
        return Text("i nivå med referenskostnaden", "level with the reference cost").in_(lang)
    side = Text("över", "above") if gap > 0 else Text("under", "below")
    money = f"{format_tkr(abs(gap), lang)} {Text('om året', 'a year').in_(lang)}"
    much = money if ratio is None else f"{format_percent(abs(ratio), lang)} ({money})"
    return f"{much} {side.in_(lang)} {Text('referenskostnaden', 'the reference cost').in_(lang)}"


def _both_sides(sums: Row, lang: Lang) -> str:
    """Where some lie above and some below, which the sum alone would hide."""
    if not (sums["above"] and sums["below"]):
        return ""
    over, under = format_tkr(sums["above_gap"], lang), format_tkr(-sums["below_gap"], lang)
    above, below = sums["above"], sums["below"]
    are = "is" if above == 1 else "are"
    return Text(
        f"Av dem ligger {above} över, med sammanlagt {over}, och {below} under, med sammanlagt {under}.",
        f"Of these {above} {are} above, by {over} in all, and {below} below, by {under} in all.",
    ).in_(lang)


def _table(assessment: Assessment) -> Table:
    lang, names = assessment.lang, titles(assessment.data.kpis, "kpi")
    shown = assessment.costs.filter("counted").sort("gap", "kpi", descending=[True, False])
    rows = [
        (
            names[row["kpi"]],
            *(format_number(row[name], 0, lang) for name in ("cost", "reference", "gap")),
            "–" if row["gap_ratio"] is None else format_number(row["gap_ratio"] * 100, 1, lang),
        )
        for row in shown.iter_rows(named=True)
    ]
    return Table(tuple(text.in_(lang) for text in _HEAD), tuple(rows), frozenset({1, 2, 3, 4}))


def _left_out(assessment: Assessment) -> list[str]:
    """What belongs in the total but could not be counted, and what is part of something that is."""
    lang, names = assessment.lang, titles(assessment.data.kpis, "kpi")
    texts = []
    lacking = assessment.costs.filter(pl.col("reason").cast(pl.String).is_in(list(_REASONS)))
    if not lacking.is_empty():
        each = [f"{names[row['kpi']]} ({_REASONS[row['reason']].in_(lang)})" for row in lacking.iter_rows(named=True)]
        texts.append(f"{Text('Kunde inte räknas med', 'Could not be counted').in_(lang)}: {'; '.join(each)}.")
    for reason, said in _ELSEWHERE.items():
        there = assessment.costs.filter(pl.col("reason") == reason)
        if not there.is_empty():
            inside = listed([names[kpi] for kpi in there["kpi"]], lang)
            texts.append(f"{said.in_(lang)}: {inside}.")
    return texts
