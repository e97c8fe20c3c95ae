"""Kind ``side``: where an area stands in cost, results or development, over all its KPIs.

    {cost: worse}
    {results: [worse, mixed]}

A KPI counts as worse, better or mixed by what the flags of the KPI rules with that ``goal`` tell; one
that any of them leaves unknown is unknown. With w worse, b better, u unknown of n KPIs, the side is
worse when w - b is at least a quarter of n, and better when b - w is: one of ten KPIs says little of
an area. The cost is better only when no KPI is worse. The unknown ones may be either, so that the
side is known only when they cannot turn it. Has no meaning where no rule of the goal applies to any
of the KPIs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions.base import (
    SIDE_COUNTS,
    SIDE_GOALS,
    Field,
    Figures,
    Need,
    SideCount,
    Sight,
    Subject,
    either,
    side_count,
)
from genomlys.engine.conditions.margin import Margin, of_truth
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import Choice, Many, Word

IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("area",)
SIDES = ("worse", "mixed", "better", "even")
SHARE = 0.25  # of the judged KPIs: how many more must point one way than the other
_GOALS = {
    "cost": Text("kostnaden är", "the cost is"),
    "results": Text("resultaten är", "the results are"),
    "development": Text("utvecklingen är", "the development is"),
}
_ABOUT = {
    "cost": Text("Områdets kostnad, över alla dess nyckeltal.", "The area's cost, over all its KPIs."),
    "results": Text("Områdets resultat, över alla dess nyckeltal.", "The area's results, over all its KPIs."),
    "development": Text("Områdets utveckling, över alla dess nyckeltal.", "The area's development, over all its KPIs."),
}
_NOT_JUDGED = Text(
    "inget av områdets nyckeltal bedöms i det avseendet", "none of the area's KPIs is judged in that respect"
)
_WORDS = {
    "worse": Text("sämre", "worse"),
    "mixed": Text("blandad", "mixed"),
    "better": Text("bättre", "better"),
    "even": Text("i nivå", "level"),
}
_OTHER_WORDS = {
    ("cost", "worse"): Text("högre", "higher"),
    ("cost", "better"): Text("lägre", "lower"),
    ("results", "mixed"): Text("blandade", "mixed"),
}
SHAPES = tuple(
    Shape(
        SUBJECTS,
        {goal: Word(Many(Choice(SIDES)), _ABOUT[goal])},
        needed=(goal,),
        about=_ABOUT[goal],
        example=f"{{{goal}: [worse, mixed]}}",
    )
    for goal in SIDE_GOALS
)
WORDS = TELLING = words_of(SHAPES)


def side_of(goal: str) -> pl.Expr:
    """worse, better, mixed or even; null where it is not known or nothing was judged."""
    worse, better, mixed, unknown, judged = (pl.col(side_count(goal, count)) for count in SIDE_COUNTS)
    lead, limit = worse - better, judged * SHARE
    settled_worse, settled_better = lead - unknown >= limit, -lead - unknown >= limit
    can_be_better = unknown - lead >= limit
    if goal == "cost":
        # The goal is a cost that does not exceed the reference: one that does is not made up for by others.
        settled_better &= worse + unknown == 0
        can_be_better &= worse == 0
    open_ = (lead + unknown >= limit) | can_be_better
    return (
        pl.when(judged.fill_null(0) == 0)
        .then(None)
        .when(settled_worse)
        .then(pl.lit("worse"))
        .when(settled_better)
        .then(pl.lit("better"))
        .when(open_)
        .then(None)
        .when(worse + better + mixed > 0)
        .then(pl.lit("mixed"))
        .when(unknown == 0)
        .then(pl.lit("even"))
    )


@dataclass(frozen=True)
class Side:
    place: Place
    name: str | None
    because: Template | None
    goal: str
    sides: tuple[str, ...]

    def needs(self) -> tuple[Need, ...]:
        return (SideCount(self.goal),)

    def margin(self, sight: Sight) -> Margin:
        side = side_of(self.goal)
        judged = pl.col(side_count(self.goal, "judged")).fill_null(0) > 0
        return of_truth(side.is_in(list(self.sides)), judged)

    def figures(self, sight: Sight) -> Figures:
        return Figures(no_meaning=((pl.lit(True), _NOT_JUDGED),))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return {
            count: Field("integer", (pl.col(side_count(self.goal, count)),)) for count in ("worse", "better", "judged")
        }

    def say(self, lang: Lang) -> str:
        words = [_OTHER_WORDS.get((self.goal, side), _WORDS[side]).in_(lang) for side in self.sides]
        return f"{_GOALS[self.goal].in_(lang)} {either(words, lang)}"


def read(fields: Fields, header: Header, scope: Scope) -> Side | None:
    reader = fields.reader
    goal, *others = (word for word in fields.names if word in WORDS)
    if others:
        fields.refuse(
            "mixed-words",
            fields.key_place(others[0]),
            Text(f"'{others[0]}' kan inte stå bredvid '{goal}'.", f"'{others[0]}' cannot stand beside '{goal}'."),
            Text("Lägg dem i en lista under 'all' eller 'any'.", "Put them in a list below 'all' or 'any'."),
        )
        return None
    sides = fields.required(goal, lambda node, what: reader.words(node, SIDES, what))
    return Side(header.place, header.name, header.because, goal, sides) if sides else None
