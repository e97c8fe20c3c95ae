"""Why a subject is outside a rule: each word of ``for_each`` that does not fit, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from genomlys.engine.conditions.base import either
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.signals import NAMES as SIGNAL_NAMES
from genomlys.engine.errors import Lang, Text
from genomlys.engine.explain import words
from genomlys.engine.explain.context import Context, Row
from genomlys.engine.language.model import Rule

_DIRECTIONS: Mapping[str, Text] = {
    "higher": Text("högre är bättre", "higher is better"),
    "lower": Text("lägre är bättre", "lower is better"),
    "target": Text("målet är bäst", "the target is best"),
    "neutral": Text("varken högre eller lägre är bättre", "neither higher nor lower is better"),
}
_CATEGORIES: Mapping[str, Text] = {
    "ekonomi": Text("ekonomi", "economy"),
    "personal": Text("personal", "staff"),
    "kvalitet": Text("kvalitet", "quality"),
    "volym": Text("volym", "volume"),
}
_COMPARISONS: Mapping[str, Text] = {
    "reference": Text("referenskostnad", "reference cost"),
    "target": Text("mål", "target"),
    "peers.mean": Text("jämförelse med liknande kommuner", "comparison with similar municipalities"),
    "peers.median": Text("jämförelse med medianen av liknande kommuner", "comparison with the median of similar ones"),
    "nation.mean": Text("jämförelse med kommungenomsnittet", "comparison with the national mean"),
    "nation.median": Text("jämförelse med medianen av alla kommuner", "comparison with the national median"),
    "nation.p10": Text("jämförelse med den lägsta tiondelen av alla kommuner", "comparison with the lowest tenth"),
    "nation.p25": Text("jämförelse med den lägsta fjärdedelen av alla kommuner", "comparison with the lowest quarter"),
    "nation.p75": Text("jämförelse med den högsta fjärdedelen av alla kommuner", "comparison with the highest quarter"),
    "nation.p90": Text("jämförelse med den högsta tiondelen av alla kommuner", "comparison with the highest tenth"),
}
_NOT_APPLICABLE = Text(
    "källan anger att nyckeltalet inte är tillämpligt för enheten", "the source says that the KPI does not apply here"
)


def outside(case: Context, rule: Rule, frame: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """For each subject of the frame that the rule is not for: the reasons."""
    # A KPI's scope is asked of the catalogue, which alone knows what benchmarks there are for anyone.
    asked = case.judged.kpis.rename({"kpi": "subject"}).with_columns(kpi="subject") if rule.subject == "kpi" else frame
    narrowed = [Scope(rule.scope.subject, (narrowing,)) for narrowing in rule.scope.narrowing]
    fits = [pl.repeat(True, pl.len()) & one.selects() for one in narrowed]
    # Before the filter, since a KPI's scope may ask of the other KPIs of its area.
    told = asked.with_columns(_fits=pl.concat_list(fits) if fits else pl.lit([], dtype=pl.List(pl.Boolean))).filter(
        pl.col("subject").is_in(frame["subject"].to_list())
    )
    found = {}
    for row in told.rows(named=True):
        out = [one.narrowing[0] for one, fit in zip(narrowed, row["_fits"], strict=True) if not fit]
        reasons = [_says(word, values, row, case.lang) for word, values in out]
        found[row["subject"]] = tuple(reasons)
    if rule.subject == "kpi":
        for subject in frame.filter(pl.col("state") == "not_applicable")["subject"]:
            found[subject] = found[subject] or (_NOT_APPLICABLE.in_(case.lang),)
    return found


def _says(word: str, values: tuple[str, ...], row: Row, lang: Lang) -> str:
    def named(names: Mapping[str, Text], values: tuple[str, ...]) -> str:
        return either([names[value].in_(lang) for value in values], lang)

    match word:
        case "category":
            mine = _CATEGORIES[row["category"]]
            said = Text(
                f"regeln gäller kategorin {named(_CATEGORIES, values)}, och nyckeltalet hör till {mine.sv}",
                f"the rule is for the category {named(_CATEGORIES, values)}, and the KPI belongs to {mine.en}",
            )
        case "direction":
            mine = _DIRECTIONS[row["direction"]]
            said = Text(
                f"regeln gäller nyckeltal där {named(_DIRECTIONS, values)}, men här gäller att {mine.sv}",
                f"the rule is for KPIs where {named(_DIRECTIONS, values)}, but here {mine.en}",
            )
        case "has":
            lacking = [_COMPARISONS[value].in_(lang) for value in values if not row[f"has.{value}"]]
            said = Text(
                f"nyckeltalet saknar {words.listed(lacking, lang)} i datamängden",
                f"the KPI has no {either(lacking, lang)} in the data set",
            )
        case "lacks":
            having = [_COMPARISONS[value].in_(lang) for value in values if row[f"has.{value}"]]
            said = Text(
                f"regeln gäller bara nyckeltal utan {words.listed(having, lang)}, och här finns det i datamängden",
                f"the rule is only for KPIs without a {either(having, lang)}, and there is one in the data set",
            )
        case "area_has" | "area_lacks" | "cost":
            said = _of_kind(word, [_COMPARISONS[value].in_(lang) for value in values if value in _COMPARISONS], values)
        case "followed":
            years = row[word]
            said = Text(
                f"regeln gäller nyckeltal som har följts i minst {values[0]} år, och det här har följts i {years}",
                f"the rule is for KPIs followed for at least {values[0]} years, and this one has been for {years}",
            )
        case "measure":
            said = Text(
                f"regeln gäller måttet {either(values, lang)}, och nyckeltalet mäts i {row['measure']}",
                f"the rule is for the measure {either(values, lang)}, and the KPI is measured in {row['measure']}",
            )
        case "kind":
            mine = SIGNAL_NAMES[row["kind"]]
            said = Text(
                f"regeln gäller omständigheter av slaget {named(SIGNAL_NAMES, values)}, men den här är {mine.sv}",
                f"the rule is for signals of the kind {named(SIGNAL_NAMES, values)}, but this one is {mine.en}",
            )
        case "priority":
            said = (
                Text("området hör inte till någon prioriterad inriktning", "the area belongs to no priority")
                if "yes" in values
                else Text("området hör till en prioriterad inriktning", "the area belongs to a priority")
            )
        case "cross_cutting":
            said = (
                Text("området är inte nämndövergripande", "the area is of one committee")
                if "yes" in values
                else Text("området är nämndövergripande", "the area is of several committees")
            )
        case _:
            said = Text(f"regeln gäller bara {either(values, lang)}", f"the rule is only for {either(values, lang)}")
    return said.in_(lang)


def _of_kind(word: str, comparisons: Sequence[str], values: tuple[str, ...]) -> Text:
    """What a KPI is not: a cost, or in an area with (without) a comparison figure."""
    listed = ", ".join(comparisons)
    if word == "area_has":
        return Text(f"regeln gäller bara områden med {listed}", f"the rule is only for areas with a {listed}")
    if word == "area_lacks":
        return Text(f"regeln gäller bara områden utan {listed}", f"the rule is only for areas without a {listed}")
    if "yes" in values:
        return Text("nyckeltalet är ingen kostnad som ska hållas nere", "the KPI is not a cost to keep down")
    return Text("nyckeltalet är en kostnad", "the KPI is a cost")
