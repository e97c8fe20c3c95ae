"""The waivers of a report: which findings someone has answered for, and those whose time is out."""

from __future__ import annotations

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Text
from genomlys.engine.report.blocks import Block, Bullets, Heading
from genomlys.engine.report.facts import Row, titles
from genomlys.engine.report.gaps import subjects
from genomlys.engine.report.words import tidy
from genomlys.engine.waiving import say

_HEADING = Text("Undantag", "Waivers")
_STATES = {
    "in_force": Text("", ""),
    "expired": Text("Har gått ut. ", "Has ended. "),
    "not_flagged": Text("Behövs inte: inte flaggad. ", "Not needed: not flagged. "),
    "unmatched": Text("Gäller något som inte finns. ", "Is of what is not there. "),
}


def waived(assessment: Assessment) -> list[Block]:
    """A sentence a waiver, those in force first; nothing where there are none."""
    lang = assessment.lang
    rules = {rule.id: tidy(rule.title.in_(lang)) for rule in assessment.book.rules}
    names, units = subjects(assessment), titles(assessment.data.units, "unit")

    def sentence(row: Row) -> str:
        about = f"{rules.get(row['rule'], row['rule'])}: {names.get(row['subject'], row['subject'])}"
        unit = f" ({units.get(row['unit'], row['unit'])})" if len(assessment.units) > 1 else ""
        return f"{about}{unit}. {_STATES[row['state']].in_(lang)}{tidy(say(row, lang))}"

    rows = assessment.waivers.sort("state", maintain_order=True).rows(named=True)
    return [Heading(2, _HEADING.in_(lang)), Bullets(tuple(map(sentence, rows)))] if rows else []
