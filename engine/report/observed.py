"""The findings that no candidate rests on, and the strengths: a sentence each."""

from __future__ import annotations

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Text
from genomlys.engine.report.blocks import Block, Bullets, Heading, Paragraph
from genomlys.engine.report.facts import Row, findings, sentences

_OTHERS = Text("Övrigt att följa", "Also to follow")
_STRENGTHS = Text("Styrkor", "Strengths")
_NO_STRENGTHS = Text("Reglerna visar inga styrkor.", "The rules show no strengths.")


def others(assessment: Assessment) -> list[Block]:
    """Problems and mixed findings that are not told with a candidate; nothing where there are none."""
    told = {name for evidence in assessment.candidates["evidence"].to_list() for name in evidence or ()}
    left = [row for row in findings(assessment, "problem", "mixed") if row["finding"] not in told]
    return [Heading(2, _OTHERS.in_(assessment.lang)), _sentences(assessment, left)] if left else []


def strengths(assessment: Assessment) -> list[Block]:
    found = findings(assessment, "strength")
    body = _sentences(assessment, found) if found else Paragraph(_NO_STRENGTHS.in_(assessment.lang))
    return [Heading(2, _STRENGTHS.in_(assessment.lang)), body]


def _sentences(assessment: Assessment, rows: list[Row]) -> Bullets:
    said = sentences(assessment)
    return Bullets(tuple(said[row["finding"]] for row in rows))
