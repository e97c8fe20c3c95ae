"""How many of the flags chance alone may have given: said per rule, of one unit or of many."""

from __future__ import annotations

import polars as pl

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.multiplicity import RATE
from genomlys.engine.report.blocks import Block, Bullets, Heading, Paragraph
from genomlys.engine.report.facts import Row
from genomlys.engine.report.words import tidy
from genomlys.engine.writing import format_number

_HEADING = Text("Vad som kan vara slump", "What may be chance")
_LEAD = Text(
    "När många nyckeltal prövas flaggas några också om värdena bara kommer i slumpmässig ordning. För dessa regler är "
    "det känt hur många:",
    "When many key figures are asked about, some are flagged also when their values come in random order. For these "
    "rules it is known how many:",
)


def chance(assessment: Assessment) -> list[Block]:
    """A line per rule that flags anything; nothing where there is none."""
    lang = assessment.lang
    counts = ("judged", "flagged", "expected", "significant")
    told = (
        assessment.chance.group_by("rule", "rule_title")
        .agg(pl.col(counts).sum(), makes_test=pl.col("significant").is_not_null().any())
        .filter(pl.col("flagged") > 0)
        .sort("expected", "rule", descending=[True, False])
    )
    lines = tuple(_line(row, lang) for row in told.iter_rows(named=True))
    return [Heading(2, _HEADING.in_(lang)), Paragraph(_LEAD.in_(lang)), Bullets(lines)] if lines else []


def _line(row: Row, lang: Lang) -> str:
    flagged, judged = (format_number(row[name], 0, lang) for name in ("flagged", "judged"))
    number = format_number(row["expected"], 0, lang)
    about, few = Text(f"högst omkring {number}", f"at most about {number}"), Text("mindre än en", "less than one")
    most = (about if row["expected"] >= 0.5 else few).in_(lang)
    said = Text(
        f"{tidy(row['rule_title'])}: {flagged} av {judged} är flaggade, och av slumpen väntas {most}.",
        f"{tidy(row['rule_title'])}: {flagged} of {judged} are flagged, and chance is expected to flag {most}.",
    ).in_(lang)
    if not row["makes_test"]:
        return said
    held = format_number(row["significant"], 0, lang)
    rate = format_number(RATE, 2, lang)
    return said + Text(
        f" {held} av dem är statistiskt säkerställda när alla prövas samtidigt (q högst {rate}).",
        f" {held} of them are significant when all are asked about at once (q at most {rate}).",
    ).in_(lang)
