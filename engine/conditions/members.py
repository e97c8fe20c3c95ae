"""Kind ``members``: how many of an area's KPIs a KPI rule is flagged for.

    {any_kpi: cost-above-reference}
    {all_kpis: worse-than-peers}
    {kpis: worse-than-peers, at_least: 2}

For an area, and for a measure or a signal the KPIs of its area. The margin is in KPIs and does not
depend on their measures. Has no meaning where the rule applies to none of the area's KPIs: an empty
set is never "no problem".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions.base import Field, Figures, KpiCount, Need, Sight, Subject, phrase
from genomlys.engine.conditions.margin import Counts, Margin, counted
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.words import COUNT, NAME, Word

TELLING = frozenset({"any_kpi", "all_kpis", "kpis"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("area", "measure", "signal")
_RULE = Word(NAME, Text("Id för en regel för nyckeltal.", "The id of a rule for KPIs."))
SHAPES = (
    Shape(
        SUBJECTS,
        {"any_kpi": _RULE},
        needed=("any_kpi",),
        about=Text("Minst ett av områdets nyckeltal är flaggat.", "At least one of the area's KPIs is flagged."),
        example="{any_kpi: cost-above-reference}",
    ),
    Shape(
        SUBJECTS,
        {"all_kpis": _RULE},
        needed=("all_kpis",),
        about=Text("Alla områdets nyckeltal är flaggade.", "All of the area's KPIs are flagged."),
        example="{all_kpis: worse-than-peers}",
    ),
    Shape(
        SUBJECTS,
        {"kpis": _RULE, "at_least": Word(COUNT, Text("Minst så många nyckeltal.", "At least so many KPIs."))},
        needed=("kpis", "at_least"),
        about=Text("Så många av områdets nyckeltal är flaggade.", "So many of the area's KPIs are flagged."),
        example="{kpis: worse-than-peers, at_least: 2}",
    ),
)
WORDS = words_of(SHAPES)


@dataclass(frozen=True)
class Members:
    place: Place
    name: str | None
    because: Text | None
    rule: str
    at_least: int | None  # None: all of them
    rule_place: Place

    def needs(self) -> tuple[Need, ...]:
        return (KpiCount(self.rule),)

    def margin(self, sight: Sight) -> Margin:
        count = KpiCount(self.rule)
        applying = pl.col(count.applying)
        k = applying if self.at_least is None else pl.lit(self.at_least)
        return counted(Counts(*[pl.col(name) for name in count.counts]), k, (applying > 0).fill_null(False))

    def figures(self, sight: Sight) -> Figures:
        said = Text(
            f"regeln {self.rule} prövas inte för något av områdets nyckeltal",
            f"the rule {self.rule} applies to no KPI of the area",
        )
        return Figures(scale="nyckeltal", no_meaning=((pl.lit(True), said),))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        count = KpiCount(self.rule)
        return {
            "count": Field("integer", (pl.col(count.holding),)),
            "of": Field("integer", (pl.col(count.applying),)),
        }

    def say(self, lang: Lang) -> str:
        if self.at_least is None:
            return phrase(f"alla nyckeltal flaggas av '{self.rule}'", f"all KPIs are flagged by '{self.rule}'", lang)
        return phrase(
            f"minst {self.at_least} nyckeltal flaggas av '{self.rule}'",
            f"at least {self.at_least} KPI(s) flagged by '{self.rule}'",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Members | None:
    reader = fields.reader
    word, *others = (word for word in fields.names if word in TELLING)
    if others:
        fields.refuse(
            "mixed-words",
            fields.key_place(others[0]),
            Text(f"'{others[0]}' kan inte stå bredvid '{word}'.", f"'{others[0]}' cannot stand beside '{word}'."),
            Text("Lägg dem i en lista under 'all' eller 'any'.", "Put them in a list below 'all' or 'any'."),
        )
        return None
    rule = fields.required(word, reader.scalar)
    if word != "kpis" and "at_least" in fields:
        fields.refuse(
            "mixed-words",
            fields.key_place("at_least"),
            Text(f"'at_least' kan inte stå bredvid '{word}'.", f"'at_least' cannot stand beside '{word}'."),
            Text("Skriv '{kpis: regel, at_least: 2}'.", "Write '{kpis: rule, at_least: 2}'."),
        )
    at_least = fields.required("at_least", reader.count, example="2") if word == "kpis" else 1
    if at_least == 0:
        reader.report(
            "always-fires",
            fields.value_place("at_least"),
            Text("minst 0 nyckeltal gäller alltid.", "at least 0 KPIs always holds."),
            Text("Skriv 1 eller mer.", "Write 1 or more."),
        )
    if rule is None or at_least is None:
        return None
    wanted = None if word == "all_kpis" else at_least
    return Members(header.place, header.name, header.because, rule, wanted, fields.value_place(word))
