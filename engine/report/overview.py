"""The beginning of a report: what was assessed with which rules, the goal, and where each area stands."""

from __future__ import annotations

import polars as pl

from genomlys import __version__
from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.language.changes import say_override
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Fields, Heading, Paragraph, Table
from genomlys.engine.report.facts import most_pressing_first, unit_title
from genomlys.engine.report.words import count, listed, tidy

_AREAS = (Text("område", "area"), Text("områden", "areas"))
_GOAL = Text(
    "Målet är bättre resultat än liknande kommuner till en kostnad som inte överstiger referenskostnaden.",
    "The goal is better results than similar municipalities at a cost that does not exceed the reference cost.",
)
_NAMED = 5  # areas that miss the goal are named in the sentence up to this number


def opening(assessment: Assessment) -> list[Block]:
    """The report's title, the facts about the run, the goal and the areas, for one unit."""
    lang = assessment.lang
    title = Text(f"Genomlysning av {unit_title(assessment)}", f"Review of {unit_title(assessment)}")
    return [
        Heading(1, title.in_(lang)),
        about(assessment),
        Paragraph(f"{_GOAL.in_(lang)} {_against_goal(assessment.areas, lang)}"),
        Heading(2, Text("Områdena", "The areas").in_(lang)),
        _table(assessment.areas, lang),
        Paragraph(_LEGEND.in_(lang)),
    ]


def about(assessment: Assessment) -> Fields:
    """What was assessed, of which day, from which sources, by which rules."""
    data, lang = assessment.data, assessment.lang
    # A data set is often named after its first source.
    sources = [tidy(source) for source in data.sources if source != data.title]
    items = [
        (Text("Datamängd", "Data set"), tidy(data.title)),
        (Text("Läge", "As of"), data.as_of.isoformat()),
        (Text("Källor", "Sources"), "; ".join(sources)),
        (Text("Regler", "Rules"), "; ".join(rules(assessment))),
    ]
    changes = tuple(
        f"{tidy(each.title.in_(lang))}: {tidy(say_override(each, lang))}" for each in assessment.book.overrides
    )
    fields: list[tuple[str, str | tuple[str, ...]]] = [(label.in_(lang), text) for label, text in items if text]
    if changes:
        fields.append((Text("Ändrade regler", "Changed rules").in_(lang), changes))
    return Fields(tuple(fields))


def rules(assessment: Assessment) -> list[str]:
    """Each pack with its version and the beginning of its hash, and the program that ran it."""
    packs = [
        f"{tidy(pack.title.in_(assessment.lang))} ({pack.name} {pack.version}, sha256 {pack.sha256[:12]})"
        for pack in assessment.book.packs
    ]
    return [*packs, f"Genomlys {__version__}"]


def _against_goal(areas: pl.DataFrame, lang: Lang) -> str:
    met, missed = areas.filter("goal_met").height, areas.filter(~pl.col("goal_met"))["title"].to_list()
    open_ = areas["goal_met"].null_count()
    all_ = count(areas.height, *_AREAS, lang)
    named = f" ({listed([tidy(title) for title in missed], lang)})" if 0 < len(missed) <= _NAMED else ""
    if lang == "en":
        parts = [f"{met or 'none'} {'reach' if met > 1 else 'reaches'} the goal"]
        parts += [f"{len(missed)} {'do' if len(missed) > 1 else 'does'} not{named}"] if missed else []
        parts += [f"{open_} cannot be judged against it, as cost or results lack figures"] if open_ else []
        return f"Of {all_}, {listed(parts, lang)}."
    parts = [f"når {met or 'inget'} målet"]
    parts += [f"{len(missed)} når det inte{named}"] if missed else []
    parts += [f"{open_} kan inte bedömas mot det, eftersom underlag om kostnad eller resultat saknas"] if open_ else []
    return f"Av {all_} {listed(parts, lang)}."


_HEAD = (
    Text("Område", "Area"),
    Text("Kostnad", "Cost"),
    Text("Resultat", "Results"),
    Text("Utveckling", "Development"),
    Text("Omständigheter", "Circumstances"),
    Text("Samlat", "Overall"),
)
_LEGEND = Text(
    "Kostnad och resultat bedöms i jämförelse, utveckling över tid. Omständigheter är sådant som inga siffror visar, "
    f"till exempel skärpta lagkrav. {words.NOTHING} betyder att underlag saknas. Samlat bygger på det som går att "
    "bedöma.",
    "Cost and results are judged by comparison, development over time. Circumstances are what no figure shows, for "
    f"example stricter law. {words.NOTHING} means that figures are missing; Overall rests on what can be judged.",
)


def _table(areas: pl.DataFrame, lang: Lang) -> Table:
    rows = [
        (
            tidy(row["title"]),
            words.COST[row["cost"]].in_(lang),
            words.RESULTS[row["results"]].in_(lang),
            words.DEVELOPMENT[row["development"]].in_(lang),
            words.NEED[row["need"]].in_(lang),
            words.CLASSES[row["class"]].in_(lang),
        )
        for row in most_pressing_first(areas).iter_rows(named=True)
    ]
    return Table(tuple(text.in_(lang) for text in _HEAD), tuple(rows))
