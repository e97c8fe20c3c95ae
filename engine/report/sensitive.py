"""What ``sensitivity`` found, as a table: what alone ends each flag, and what was not tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genomlys.engine.errors import Lang, Text
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Heading, Paragraph, Table
from genomlys.engine.report.facts import Row, titles
from genomlys.engine.report.words import count, tidy
from genomlys.engine.sensitivity import Sensitivity

_HEAD = (
    Text("Flaggad bedömning", "Flagged verdict"),
    Text("Avrundning", "Rounding"),
    Text("Ett eget år", "One own year"),
    Text("Ett jämförelseår", "One comparison year"),
    Text("En liknande kommun", "One peer"),
    Text("En tröskel", "One threshold"),
)
_FLAGS = (Text("flaggad bedömning", "flagged verdict"), Text("flaggade bedömningar", "flagged verdicts"))
_NOT_TRIED = Text(
    "En kolumn visar vad som ensamt släcker flaggan, av så många som har prövats. Det som behövs är sådant som inget "
    f"annat kan ersätta: utan det går det inte att bedöma alls. {words.NOTHING} betyder att det inte finns något att "
    "pröva. En tröskel visas med villkorets nummer i regeln och vad den har multiplicerats med.",
    "A column shows what alone ends the flag, of how many that were tried. What is needed is what nothing else can "
    f"stand in for: without it there is no judging at all. {words.NOTHING} means that there is nothing to try. A "
    "threshold is shown with its condition's number in the rule and what it was multiplied by.",
)
_NOT_VARIED = Text(
    "Inte prövat: flera ändringar samtidigt, fel större än avrundningen, andra trösklar än 'by' och 'beyond', andra "
    "val av liknande kommuner, och bedömningar av områden, åtgärder och omständigheter, som följer av nyckeltalens.",
    "Not tried: several changes at once, errors larger than the rounding, other thresholds than 'by' and 'beyond', "
    "other choices of peers, and verdicts on areas, measures and signals, which follow from those on KPIs.",
)
_NONE = Text("Inga nyckeltal är flaggade.", "No KPI is flagged.")


def content(found: Sensitivity) -> list[Block]:
    """The whole of it: how many hinge on something, then a row a finding, those that hinge first."""
    lang, data = found.lang, found.data
    unit = titles(data.units, "unit")[found.unit]
    heading = Heading(1, Text(f"Hur säkra är flaggorna för {unit}?", f"How firm are the flags of {unit}?").in_(lang))
    if found.findings.is_empty():
        return [heading, Paragraph(_NONE.in_(lang))]
    rules = {rule.id: tidy(rule.title.in_(lang)) for rule in found.book.rules}
    kpis, units = titles(data.kpis, "kpi"), titles(data.units, "unit")
    rows = found.findings.sort("hinges", descending=True, maintain_order=True).rows(named=True)
    table = Table(
        tuple(text.in_(lang) for text in _HEAD),
        tuple((f"{rules[row['rule']]}: {kpis[row['subject']]}", *_cells(row, units, lang)) for row in rows),
    )
    hinging = sum(row["hinges"] for row in rows)
    flags = count(len(rows), *_FLAGS, lang)
    said = Text(
        f"{hinging} av {flags} vilar på en enda sak.",
        f"{hinging} of {flags} {'rest' if hinging > 1 else 'rests'} on a single thing.",
    )
    return [
        heading,
        Paragraph(said.in_(lang)),
        table,
        Paragraph(_NOT_TRIED.in_(lang)),
        Paragraph(_NOT_VARIED.in_(lang)),
    ]


def _cells(row: Row, units: Mapping[str, str], lang: Lang) -> tuple[str, ...]:
    told = {
        "years": row["years"],
        "basis_years": row["basis_years"],
        "peers": [units.get(peer, peer) for peer in row["peers"]],
        "thresholds": [_factor(which, lang) for which in row["thresholds"]],
    }
    rounding = Text("avgör", "decides") if row["rounding"] else Text("nej", "no")
    return (
        rounding.in_(lang),
        *[_of(ends, row[f"{name}_tried"], row[f"{name}_needed"], lang) for name, ends in told.items()],
    )


def _of(ends: Sequence[str], tried: int, needed: int, lang: Lang) -> str:
    """ "2023 (av 3)", "ingen av 3, 1 behövs", or nothing where there was none to try."""
    if not tried:
        return words.NOTHING
    of = Text("av", "of").in_(lang)
    said = f"{', '.join(ends)} ({of} {tried})" if ends else f"{Text('ingen', 'none').in_(lang)} {of} {tried}"
    return said + (f", {needed} {Text('behövs', 'needed').in_(lang)}" if needed else "")


def _factor(which: str, lang: Lang) -> str:
    """ "1 x0.5" as "1: ×0,5"."""
    number, factor = which.split(" x")
    return f"{number}: ×{factor if lang == 'en' else factor.replace('.', ',')}"
