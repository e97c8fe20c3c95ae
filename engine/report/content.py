"""The report of an assessment as blocks, the same in every format."""

from __future__ import annotations

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Text
from genomlys.engine.report.blocks import Block, Paragraph
from genomlys.engine.report.followed import followed
from genomlys.engine.report.gaps import gaps
from genomlys.engine.report.observed import others, strengths
from genomlys.engine.report.overview import opening
from genomlys.engine.report.proposals import proposals


def content(assessment: Assessment, ids: bool = False) -> list[Block]:
    """The whole report. ``ids`` adds the findings' names, for those who want to ask ``explain``."""
    return [
        *opening(assessment),
        *proposals(assessment, ids),
        *others(assessment, ids),
        *strengths(assessment, ids),
        *followed(assessment),
        *gaps(assessment),
    ]


def closing(assessment: Assessment) -> list[Block]:
    example = next(iter(assessment.findings["finding"]), "ID")
    more = Text(
        f"Mer: genomlys explain {example} visar hur en bedömning är gjord; "
        f"genomlys assess --out MAPP skriver rapporten och alla tabeller.",
        f"More: genomlys explain {example} shows how a verdict was reached; "
        f"genomlys assess --out DIR writes the report and all tables.",
    )
    return [Paragraph(more.in_(assessment.lang))]
