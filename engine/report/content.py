"""The report of an assessment as blocks, the same in every format."""

from __future__ import annotations

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Text
from genomlys.engine.report.blocks import Block, Paragraph
from genomlys.engine.report.chance import chance
from genomlys.engine.report.followed import followed
from genomlys.engine.report.gaps import gaps
from genomlys.engine.report.many import overall
from genomlys.engine.report.observed import others, strengths
from genomlys.engine.report.overview import opening
from genomlys.engine.report.proposals import proposals
from genomlys.engine.report.totalled import total
from genomlys.engine.report.waived import waived


def content(assessment: Assessment, ids: bool = False) -> list[Block]:
    """The whole report: of one unit in full, of several in numbers.

    ``ids`` adds the names of the candidates' findings, for those who want to ask ``explain``.
    """
    if len(assessment.units) > 1:
        return overall(assessment)
    return [
        *opening(assessment),
        *total(assessment),
        *proposals(assessment, ids),
        *others(assessment),
        *waived(assessment),
        *strengths(assessment),
        *followed(assessment),
        *chance(assessment),
        *gaps(assessment),
    ]


def closing(assessment: Assessment) -> list[Block]:
    """How to see more, for those who sit at the console."""
    out = Text(
        "genomlys assess --out MAPP skriver rapporten och alla tabeller.",
        "genomlys assess --out DIR writes the report and all tables.",
    )
    if len(assessment.units) > 1:
        one = assessment.units[0]
        see = Text(f"genomlys assess --unit {one} visar en enhet", f"genomlys assess --unit {one} shows one unit")
    else:
        evidence = assessment.candidates["evidence"].explode().drop_nulls()
        name = next(iter([*evidence, *assessment.findings["finding"]]), "/ID").split("/", 1)[1]
        see = Text(
            f"genomlys explain {name} visar hur bedömningarna är gjorda",
            f"genomlys explain {name} shows how verdicts were reached",
        )
    return [Paragraph(Text(f"Mer: {see.sv}; {out.sv}", f"More: {see.en}; {out.en}").in_(assessment.lang))]
