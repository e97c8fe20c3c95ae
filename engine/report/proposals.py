"""The candidate förflyttningar of a report, each with its reasons and every component of its rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from genomlys.engine.amounts import tkr_text
from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Fields, Heading, Paragraph
from genomlys.engine.report.facts import Row, is_home
from genomlys.engine.report.words import count, listed, quoted, tidy
from genomlys.engine.vocabulary import MEASURE_STATUSES

_HEADING = Text("Möjliga förflyttningar", "Possible moves")
_NONE = Text("Reglerna ger inga förslag till förflyttningar.", "The rules give no proposals of moves.")
_ORDER = Text(
    "De mest angelägna står först. Ordningen avgörs i tur och ordning av läget mot målet, allvarsgraden, om området hör "
    "till en prioriterad inriktning, beloppet, hur många år i rad problemet har funnits och antalet säkra iakttagelser.",
    "The most pressing come first. The order follows, in turn, how the area stands against the goal, the severity, "
    "whether the area belongs to a priority, the amount, for how many years in a row the problem has been there and the "
    "number of sure findings.",
)
_REASONS = 5  # sentences that are quoted; the rest is counted
_MORE = (
    Text("iakttagelse till i samma område", "further finding in the same area"),
    Text("iakttagelser till i samma område", "further findings in the same area"),
)
_SURE = (Text("säker iakttagelse", "sure finding"), Text("säkra iakttagelser", "sure findings"))
_YEARS = (Text("år i rad", "year in a row"), Text("år i rad", "years in a row"))
_OPEN = ("not_started", "ongoing")


def proposals(assessment: Assessment, ids: bool) -> list[Block]:
    """A heading and a list of fields per candidate. ``ids`` adds the findings' names, which ``explain`` takes."""
    lang = assessment.lang
    if assessment.candidates.is_empty():
        return [Heading(2, _HEADING.in_(lang)), Paragraph(_NONE.in_(lang))]
    blocks: list[Block] = [Heading(2, _HEADING.in_(lang)), Paragraph(_ORDER.in_(lang))]
    texts = dict(assessment.findings.select("finding", "text").iter_rows())
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
    yield Text("Varför", "Why").in_(lang), _reasons([tidy(texts[name]) for name in row["evidence"]], lang)
    yield Text("Förslag", "Proposal").in_(lang), tidy(row["description"])
    yield Text("Möjlig effektivisering", "Possible gain").in_(lang), tidy(row["gain"])
    yield Text("Omfattning", "Scope").in_(lang), _scope(row, lang)
    yield Text("Tidsperspektiv", "Time").in_(lang), words.HORIZONS[row["horizon"]].in_(lang)
    yield Text("Tidigare beslut", "Earlier decisions").in_(lang), _relation(assessment, row)
    yield Text("Rangordning", "Rank").in_(lang), _rank(row, lang)
    if ids and row["evidence"]:
        yield Text("Underlag", "Evidence").in_(lang), ", ".join(row["evidence"])


def _reasons(texts: Sequence[str], lang: Lang) -> tuple[str, ...]:
    rest = len(texts) - _REASONS
    return (*texts[:_REASONS], *([count(rest, *_MORE, lang)] if rest > 0 else []))


def _scope(row: Row, lang: Lang) -> str:
    committees = listed([tidy(name) for name in row["committees"] or []], lang)
    return words.SCOPES[row["scope"]].in_(lang) + (f" ({committees})" if committees else "")


_RELATIONS = {
    "strengthen": Text("förslaget förstärker", "strengthens"),
    "continue": Text("förslaget fortsätter", "continues"),
    "replace": Text("förslaget ersätter", "replaces"),
}
_NEW = Text("förslaget är nytt; ingen åtgärd är beslutad i området", "new; no measure is decided in the area")
_UNKNOWN = Text("är inte kända för den här enheten", "are not known for this unit")


def _relation(assessment: Assessment, row: Row) -> str:
    """What the candidate is to the measures decided earlier in its area, by their names."""
    lang = assessment.lang
    if not is_home(assessment):
        return _UNKNOWN.in_(lang)
    if row["relation"] == "new":
        return _NEW.in_(lang)
    mine = assessment.data.measures.filter(pl.col("area") == row["area"])
    named = []
    for status in MEASURE_STATUSES:
        titles = mine.filter(pl.col("status") == status)["title"].to_list()
        # Open measures are what a candidate goes on from; others matter where nothing is open.
        if titles and (status in _OPEN or not row["measures"]):
            state = words.MEASURE_STATUSES[status][1 if len(titles) == 1 else 2].in_(lang)
            named.append(f"{listed(quoted(map(tidy, titles), lang), lang)}, som {state}" if lang == "sv" else
                         f"{listed(quoted(map(tidy, titles), lang), lang)}, which {state}")
    return f"{_RELATIONS[row['relation']].in_(lang)} {'; '.join(named)}"


def _rank(row: Row, lang: Lang) -> str:
    """Every component of the rank, in the order in which they count; what is not there is told too."""
    no_priority = Text("ingen prioriterad inriktning", "no priority").in_(lang)
    priority = Text("prioriterad inriktning: ", "priority: ").in_(lang)
    no_money = Text("inget belopp kan beräknas", "no amount can be computed").in_(lang)
    no_years = Text("utan tidsserie", "no series of years").in_(lang)
    severity, years = row["tier_severity"], row["tier_years"]
    parts = [
        words.CLASSES[row["tier_class"]].in_(lang),
        Text("allvarsgrad ", "severity ").in_(lang) + (words.LEVELS[severity].in_(lang) if severity else words.NOTHING),
        priority + tidy(row["tier_priority"]) if row["tier_priority"] else no_priority,
        row["money"] + Text(" om året", " a year").in_(lang) if row["money"] else no_money,
        count(years, *_YEARS, lang) if years is not None else no_years,
        count(row["tier_sure"] or 0, *_SURE, lang),
    ]
    return "; ".join(parts)
