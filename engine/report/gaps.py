"""What could not be judged: the missing figures by KPI, other verdicts left open, defects in the data, the counts."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Bullets, Heading, Paragraph, Table
from genomlys.engine.report.facts import Row, findings, status_counts, titles
from genomlys.engine.report.words import count, listed, tidy
from genomlys.engine.writing import format_number

_HEADING = Text("Det som inte kunde bedömas", "What could not be judged")
_HEAD = (
    Text("Nyckeltal", "Key figure"),
    Text("Underlag som saknas", "What is missing"),
    Text("Behövs för", "Needed for"),
)
_ALL_KNOWN = Text("Inga siffror saknas för bedömningarna.", "No figures are missing for the verdicts.")
_DEFECTS = Text("Brister i själva underlaget:", "Defects in the figures themselves:")
_VERDICTS = (Text("bedömning", "verdict"), Text("bedömningar", "verdicts"))
_SHOWN = 20  # KPIs; the rest is counted


def gaps(assessment: Assessment) -> list[Block]:
    lang = assessment.lang
    blocks: list[Block] = [Heading(2, _HEADING.in_(lang))]
    blocks += _missing(assessment)
    blocks += _open_otherwise(assessment)
    defects = findings(assessment, "data")
    if defects:
        blocks += [Paragraph(_DEFECTS.in_(lang)), Bullets(tuple(tidy(row["text"]) for row in defects))]
    return [*blocks, Paragraph(_counts(assessment))]


def _missing(assessment: Assessment) -> list[Block]:
    """A row per KPI: which figures, and how many verdicts they bear on."""
    lang, unknowns = assessment.lang, assessment.unknowns
    if unknowns.is_empty():
        return [Paragraph(_ALL_KNOWN.in_(lang))]
    names = titles(assessment.data.kpis, "kpi")
    by_kpi = (
        unknowns.group_by("kpi", maintain_order=True)
        .agg(verdicts=pl.col("verdicts").explode().n_unique(), cells=pl.struct("source", "reason", "year"))
        .sort("verdicts", descending=True, maintain_order=True)
    )
    rows = [
        (names[row["kpi"]], _cells(row["cells"], lang), count(row["verdicts"], *_VERDICTS, lang))
        for row in by_kpi.head(_SHOWN).iter_rows(named=True)
    ]
    blocks: list[Block] = [Table(tuple(text.in_(lang) for text in _HEAD), tuple(rows))]
    rest = by_kpi.height - len(rows)
    if rest:
        more = Text(f"Ytterligare {rest} nyckeltal saknar underlag.", f"{rest} more key figures lack figures.")
        blocks.append(Paragraph(more.in_(lang)))
    return blocks


def _cells(cells: Sequence[Row], lang: Lang) -> str:
    """ "egna värden för 2022 och 2023; referenskostnad för 2024"."""
    kinds = dict.fromkeys((cell["source"], cell["reason"]) for cell in cells)
    return "; ".join(
        _kind(source, reason, [c["year"] for c in cells if (c["source"], c["reason"]) == (source, reason)], lang)
        for source, reason in kinds
    )


def _kind(source: str, reason: str, years: Sequence[int | None], lang: Lang) -> str:
    one, many = words.MISSING[source]
    known = sorted({year for year in years if year is not None})
    what = (one if len(known) == 1 else many).in_(lang)
    when = f"{Text('för', 'of').in_(lang)} {listed(list(map(str, known)), lang)}"
    recent = f"{Text('ett aktuellt', 'a recent').in_(lang)} {one.in_(lang)}"
    return (f"{what} {when}" if known else recent) + words.REASONS[reason].in_(lang)


def _open_otherwise(assessment: Assessment) -> list[Block]:
    """The unknown verdicts that no missing figure stands behind: a measure without a date, for example."""
    lang = assessment.lang
    borne = assessment.unknowns.select(verdict=pl.col("verdicts").explode()).drop_nulls().unique()
    open_ = (
        assessment.verdicts.filter(pl.col("status") == "unknown")
        .with_columns(verdict=pl.concat_str("rule", pl.lit("/"), "subject"))
        .join(borne, on="verdict", how="anti")
    )
    if open_.is_empty():
        return []
    rules = {rule.id: rule.title.in_(lang) for rule in assessment.book.rules}
    by_rule = open_.group_by("rule", maintain_order=True).agg(pl.col("subject"))
    names = subjects(assessment)
    items = [
        f"{tidy(rules[rule])}: {', '.join(names.get(subject, subject) for subject in subjects_)}"
        for rule, subjects_ in by_rule.iter_rows()
    ]
    opening = Text("Inte heller dessa kunde avgöras:", "Neither could these be decided:")
    return [Paragraph(opening.in_(lang)), Bullets(tuple(items))]


def subjects(assessment: Assessment) -> dict[str, str]:
    """The titles of KPIs, areas, measures and signals by id."""
    data = assessment.data
    tables = ((data.kpis, "kpi"), (data.areas, "area"), (data.measures, "measure"), (data.signals, "signal"))
    return {key: title for table, name in tables for key, title in titles(table, name).items()}


def _counts(assessment: Assessment) -> str:
    lang, counts = assessment.lang, status_counts(assessment)
    total = count(sum(counts.values()), *_VERDICTS, lang)
    told = {status: format_number(number, 0, lang) for status, number in counts.items()}
    accepted = int(assessment.findings["waived"].sum())
    apart = Text(f", {accepted} med undantag", f", {accepted} waived").in_(lang) if accepted else ""
    strong = format_number(assessment.findings.filter(pl.col("tells") == "strength").height, 0, lang)
    return Text(
        f"Av {total} är {told['flagged']} flaggade ({strong} av dem styrkor{apart}) och {told['clear']} inte "
        f"flaggade; {told['unknown']} kunde inte göras och {told['not_applicable']} var inte tillämpliga.",
        f"Of {total}, {told['flagged']} are flagged ({strong} of them strengths{apart}) and {told['clear']} are "
        f"not; {told['unknown']} could not be made and {told['not_applicable']} did not apply.",
    ).in_(lang)
