"""The report of a run over several units: counts by rule, the units with most problem areas, what is unknown."""

from __future__ import annotations

import polars as pl

from genomlys.engine.areas import CLASSES
from genomlys.engine.assess import Assessment
from genomlys.engine.errors import Lang, Text
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.report import words
from genomlys.engine.report.blocks import Block, Heading, Paragraph, Table
from genomlys.engine.report.chance import chance
from genomlys.engine.report.facts import status_counts, titles
from genomlys.engine.report.overview import about
from genomlys.engine.report.totalled import total_of_many
from genomlys.engine.report.waived import waived
from genomlys.engine.report.words import count, tidy
from genomlys.engine.writing import format_number

_UNITS = (Text("enhet", "unit"), Text("enheter", "units"))
_AREAS = (Text("område", "area"), Text("områden", "areas"))
_VERDICTS = (Text("bedömning", "verdict"), Text("bedömningar", "verdicts"))
_RULES = (Text("regel", "rule"), Text("regler", "rules"))
_SHOWN = 15  # units and KPIs; the frames have all


def overall(assessment: Assessment) -> list[Block]:
    """The whole report of several units."""
    lang = assessment.lang
    kinds = assessment.data.units.filter(pl.col("unit").is_in(assessment.units))["kind"].unique().to_list()
    units = count(len(assessment.units), *(words.KINDS[kinds[0]] if len(kinds) == 1 else _UNITS), lang)
    return [
        Heading(1, Text(f"Genomlysning av {units}", f"Review of {units}").in_(lang)),
        about(assessment),
        Paragraph(_against_goal(assessment.areas, lang)),
        *total_of_many(assessment),
        Heading(2, Text("Flaggade bedömningar per regel", "Flagged verdicts by rule").in_(lang)),
        *_rules(assessment),
        *chance(assessment),
        *waived(assessment),
        Heading(2, Text("Enheter med flest problemområden", "Units with most problem areas").in_(lang)),
        *_units(assessment),
        Heading(2, Text("Det som inte kunde bedömas", "What could not be judged").in_(lang)),
        *_unknown(assessment),
    ]


def _against_goal(areas: pl.DataFrame, lang: Lang) -> str:
    met, missed, open_ = (
        format_number(number, 0, lang)
        for number in (
            areas.filter("goal_met").height,
            areas.filter(~pl.col("goal_met")).height,
            areas["goal_met"].null_count(),
        )
    )
    total = count(areas.height, *_AREAS, lang)
    return Text(
        f"Av sammanlagt {total} når {met} målet om bättre resultat än liknande kommuner till en kostnad som inte "
        f"överstiger referenskostnaden. {missed} når det inte, och {open_} kan inte bedömas mot det.",
        f"Of {total} in all, {met} reach the goal of better results than similar municipalities at a cost that does "
        f"not exceed the reference cost. {missed} do not, and {open_} cannot be judged against it.",
    ).in_(lang)


_RULE_HEAD = (
    Text("Regel", "Rule"),
    Text("Visar", "Tells"),
    Text("Flaggade", "Flagged"),
    Text("Inte flaggade", "Clear"),
    Text("Okända", "Unknown"),
    Text("Ej tillämpliga", "Not applicable"),
)


def _rules(assessment: Assessment) -> list[Block]:
    """The rules that applied to anything, problems before strengths, those with most flags first."""
    lang = assessment.lang
    by_rule = assessment.counts.group_by("rule", "status").agg(pl.col("count").sum())
    counted = {(rule, status): number for rule, status, number in by_rule.iter_rows()}
    order = list(words.TELLS)
    applied = {rule for rule, status in counted if status != "not_applicable"}
    rules = sorted(
        (rule for rule in assessment.book.rules if rule.id in applied),
        key=lambda rule: (order.index(rule.tells), -counted.get((rule.id, "flagged"), 0), rule.id),
    )
    rows = [
        (
            tidy(rule.title.in_(lang)),
            words.TELLS[rule.tells].in_(lang),
            *(format_number(counted.get((rule.id, status), 0), 0, lang) for status in STATUSES),
        )
        for rule in rules
    ]
    blocks: list[Block] = [Table(tuple(text.in_(lang) for text in _RULE_HEAD), tuple(rows), frozenset({2, 3, 4, 5}))]
    idle = len(assessment.book.rules) - len(rules)
    said = Text(
        f"{count(idle, *_RULES, lang)} gällde ingenting i underlaget.",
        f"{count(idle, *_RULES, lang)} applied to nothing in the data.",
    )
    return [*blocks, Paragraph(said.in_(lang))] if idle else blocks


def _units(assessment: Assessment) -> list[Block]:
    """A row per unit with the number of its areas in each class, most problems first."""
    lang = assessment.lang
    classes = CLASSES.categories.to_list()
    by_unit = (
        assessment.areas.group_by("unit")
        .agg(*[(pl.col("class") == name).sum().alias(name) for name in classes])
        .sort("problem", "mixed", "unit", descending=[True, True, False])
    )
    names = titles(assessment.data.units, "unit")
    rows = [
        (names[row["unit"]], row["unit"], *(format_number(row[name], 0, lang) for name in classes))
        for row in by_unit.head(_SHOWN).iter_rows(named=True)
    ]
    head = (Text("Enhet", "Unit"), Text("Id", "Id"), *(_CLASS_HEAD[name] for name in classes))
    numbers = frozenset(range(2, 2 + len(classes)))
    blocks: list[Block] = [Table(tuple(text.in_(lang) for text in head), tuple(rows), numbers)]
    return blocks + _rest(by_unit.height - len(rows), _UNITS, lang)


_CLASS_HEAD = {
    "problem": Text("Problem", "Problem"),
    "mixed": Text("Blandat", "Mixed"),
    "unknown": Text("Okänt", "Unknown"),
    "even": Text("I nivå", "Level"),
    "strength": Text("Styrka", "Strength"),
}


def _rest(number: int, noun: tuple[Text, Text], lang: Lang) -> list[Block]:
    if number <= 0:
        return []
    rest = count(number, *noun, lang)
    return [Paragraph(Text(f"Ytterligare {rest} visas inte.", f"A further {rest} not shown.").in_(lang))]


def _unknown(assessment: Assessment) -> list[Block]:
    lang, counts = assessment.lang, status_counts(assessment)
    numbers = {status: format_number(number, 0, lang) for status, number in counts.items()}
    total = count(sum(counts.values()), *_VERDICTS, lang)
    said = Text(
        f"Av {total} är {numbers['flagged']} flaggade och {numbers['clear']} inte flaggade; {numbers['unknown']} kunde "
        f"inte göras och {numbers['not_applicable']} var inte tillämpliga.",
        f"Of {total}, {numbers['flagged']} are flagged and {numbers['clear']} are not; {numbers['unknown']} could not "
        f"be made and {numbers['not_applicable']} did not apply.",
    )
    return [Paragraph(said.in_(lang)), *_missing(assessment)]


def _missing(assessment: Assessment) -> list[Block]:
    """The KPIs whose missing figures leave most verdicts open."""
    lang, unknowns = assessment.lang, assessment.unknowns
    if unknowns.is_empty():
        return []
    by_kpi = (
        unknowns.explode("verdicts")
        .group_by("kpi")
        .agg(units=pl.col("unit").n_unique(), verdicts=pl.struct("unit", "verdicts").n_unique())
        .sort("verdicts", "kpi", descending=[True, False])
    )
    names = titles(assessment.data.kpis, "kpi")
    rows = [
        (names[row["kpi"]], format_number(row["units"], 0, lang), format_number(row["verdicts"], 0, lang))
        for row in by_kpi.head(_SHOWN).iter_rows(named=True)
    ]
    head = (
        Text("Nyckeltal där underlag saknas", "Key figures that lack figures"),
        Text("Enheter", "Units"),
        Text("Bedömningar", "Verdicts"),
    )
    kpis = (Text("nyckeltal", "key figure"), Text("nyckeltal", "key figures"))
    blocks: list[Block] = [Table(tuple(text.in_(lang) for text in head), tuple(rows), frozenset({1, 2}))]
    return blocks + _rest(by_kpi.height - len(rows), kpis, lang)
