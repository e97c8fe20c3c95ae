"""The candidate förflyttningar of a report, each with its reasons and every component of its rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from genomlys.engine.amounts import tkr_text
from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Fields, Heading, Paragraph
from genomlys.engine.report.facts import Row, is_home, sentences
from genomlys.engine.report.words import count, listed, quoted, tidy
from genomlys.engine.writing import NBSP

_HEADING = Text("Möjliga förflyttningar", "Possible moves")
_NONE = Text("Reglerna ger inga förslag till förflyttningar.", "The rules give no proposals of moves.")
_ORDER = Text(
    "Förslag att pröva, de mest angelägna först. Ordningen avgörs i tur och ordning av hur området står sig samlat, "
    "allvarsgraden, om området hör till en prioriterad inriktning, beloppet, antalet år i följd som problemet har "
    "funnits och antalet säkra iakttagelser, alltså sådana som siffrornas avrundning inte kan ändra.",
    "Proposals to weigh, the most pressing first. The order follows, in turn, how the area stands overall, the "
    "severity, whether the area belongs to a priority, the amount, the number of years in a row that the problem has "
    "been there and the number of sure findings, which are those that the rounding of the figures cannot change.",
)
_REASONS = 5  # sentences that are quoted; the rest is counted
_MORE = (
    Text("iakttagelse till i samma område", "further finding in the same area"),
    Text("iakttagelser till i samma område", "further findings in the same area"),
)
_HORIZONS = {
    "short": Text("kort sikt", "short term"),
    "long": Text("lång sikt", "long term"),
    "investigate": Text("behöver först utredas", "needs an inquiry first"),
}
_OPEN = ("not_started", "ongoing")


def proposals(assessment: Assessment, ids: bool) -> list[Block]:
    """A heading and a list of fields per candidate. ``ids`` adds the findings' names, which ``explain`` takes."""
    lang = assessment.lang
    if assessment.candidates.is_empty():
        return [Heading(2, _HEADING.in_(lang)), Paragraph(_NONE.in_(lang))]
    blocks: list[Block] = [Heading(2, _HEADING.in_(lang)), Paragraph(_ORDER.in_(lang))]
    texts = sentences(assessment)
    money = assessment.candidates.with_columns(money=tkr_text(pl.col("tier_money"), lang))
    for row in money.iter_rows(named=True):
        blocks.append(Heading(3, f"{row['rank']}. {tidy(row['title'])}"))
        blocks.append(Fields(tuple(_fields(assessment, row, texts, ids))))
    return blocks


def _fields(
    assessment: Assessment, row: Row, texts: Mapping[str, str], ids: bool
) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    lang = assessment.lang
    yield Text("Område", "Area").in_(lang), tidy(row["area_title"])
    yield Text("Varför", "Why").in_(lang), _reasons([texts[name] for name in row["evidence"]], lang)
    yield Text("Förslag", "Proposal").in_(lang), tidy(row["description"])
    yield Text("Möjlig effektivisering", "Possible gain").in_(lang), tidy(row["gain"])
    yield Text("Omfattning", "Scope").in_(lang), _scope(row, lang)
    yield Text("Tidsperspektiv", "Time").in_(lang), _HORIZONS[row["horizon"]].in_(lang)
    yield Text("Tidigare beslut", "Earlier decisions").in_(lang), _relation(assessment, row)
    yield Text("Rangordning", "Rank").in_(lang), _rank(row, lang)
    if ids and row["evidence"]:
        yield Text("Iakttagelser", "Findings").in_(lang), ", ".join(row["evidence"])


def _reasons(texts: Sequence[str], lang: Lang) -> str | tuple[str, ...]:
    if not texts:
        return Text("villkoret för förslaget är uppfyllt", "the condition of the proposal holds").in_(lang)
    rest = len(texts) - _REASONS
    return (*texts[:_REASONS], *([count(rest, *_MORE, lang)] if rest > 0 else []))


def _scope(row: Row, lang: Lang) -> str:
    if row["scope"] is None:
        return Text("okänd; områdets nämnder är inte angivna", "not known; the area has no committees").in_(lang)
    committees = listed([tidy(name) for name in row["committees"] or []], lang)
    return words.SCOPES[row["scope"]].in_(lang) + (f" ({committees})" if committees else "")


_RELATIONS = {
    "strengthen": Text("förstärker", "strengthens"),
    "continue": Text("fortsätter", "continues"),
    "replace": Text("ersätter", "replaces"),
}
_NEW = Text("nytt förslag; ingen åtgärd är beslutad i området", "new; no measure is decided in the area")
_UNKNOWN = Text(
    "inte kända; datamängden har inga åtgärder för enheten", "not known; the data set has no measures of the unit"
)


def _relation(assessment: Assessment, row: Row) -> str:
    """What the candidate is to the measures decided earlier in its area, each named with its status."""
    lang = assessment.lang
    if row["relation"] is None or not is_home(assessment):
        return _UNKNOWN.in_(lang)
    if row["relation"] == "new":
        return _NEW.in_(lang)
    mine = assessment.data.measures.filter(pl.col("area") == row["area"])
    # Open measures are what a candidate goes on from; others matter where nothing is open.
    goes_on = mine.filter(pl.col("status").is_in(_OPEN)) if row["measures"] else mine
    named = [
        f"{quoted(tidy(title), lang)} ({words.MEASURE_STATUSES[status][0].in_(lang)})"
        for title, status in goes_on.select("title", "status").iter_rows()
    ]
    return f"{_RELATIONS[row['relation']].in_(lang)} {listed(named, lang)}"


def _rank(row: Row, lang: Lang) -> str:
    """Every component of the rank, in the order in which they count; what is not there is told too."""
    severity, years, evidence = row["tier_severity"], row["tier_years"], row["tier_evidence"]
    parts = (
        (Text("samlat", "overall"), words.CLASSES[row["tier_class"]].in_(lang)),
        (Text("allvarsgrad", "severity"), words.LEVELS[severity].in_(lang) if severity else words.NOTHING),
        (Text("prioriterad inriktning", "priority"), tidy(row["tier_priority"] or "") or words.NOTHING),
        (Text("belopp", "amount"), _a_year(row["money"], lang) if row["money"] else words.NOTHING),
        (Text("år i följd", "years in a row"), words.NOTHING if years is None else str(years)),
        (Text("underlag", "evidence"), words.EVIDENCE[evidence].in_(lang) if evidence else words.NOTHING),
        (Text("säkra iakttagelser", "sure findings"), str(row["tier_sure"] or 0)),
    )
    return "; ".join(f"{label.in_(lang)}:{NBSP}{text}" for label, text in parts)


def _a_year(money: str, lang: Lang) -> str:
    return money + Text(" om året", " a year").in_(lang)
