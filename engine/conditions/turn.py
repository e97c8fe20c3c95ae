"""Kind ``turn``: the latest year is on one side of a basis, after years in a row on the other (*trendbrott*).

    {turn: worse, than: peers.mean, after: 3 years}
    {turn: above, than: own 1 year ago, after: 3 years, by: 2 %}

The latest year is worse, and each of at least three calendar years before it was better. With ``by`` every
one of the years must lie beyond the dead band: what is level has not turned. Own value and basis are of the
same year; a turn never jumps a missing year and never crosses a change of definition. The margin is the
smallest of the yearly margins, in the KPI's measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions import columns, yearly
from genomlys.engine.conditions.base import Field, Figures, InYear, Need, Sight, Subject, phrase
from genomlys.engine.conditions.bases import THAN, Basis, OwnBefore
from genomlys.engine.conditions.compare import SIDE, SIDE_WORDS, SIDES, beside
from genomlys.engine.conditions.difference import NO_DIRECTION, OPPOSITE, Band, Side, gap, margin
from genomlys.engine.conditions.margin import Margin, all_of
from genomlys.engine.conditions.reading import BY, Header, Scope, needs_direction, read_against, read_band
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import YEARS, Choice, Word

TELLING = frozenset({"turn", "after"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi",)
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "turn": Word(
                Choice(SIDES), Text("Sidan som det senaste året ligger på.", "The side that the latest year lies on.")
            ),
            "than": THAN,
            "after": Word(
                YEARS,
                Text(
                    "Minst så många kalenderår i följd på andra sidan, närmast före.",
                    "At least so many calendar years running on the other side, just before.",
                ),
            ),
            "by": BY,
        },
        needed=("turn", "than", "after"),
        about=Text("Trendbrott: värdet har bytt sida.", "A turn: the value has changed side."),
        example="{turn: worse, than: peers.mean, after: 3 years}",
    ),
)
WORDS = words_of(SHAPES)
_MOST_YEARS = 9
_OTHER = {
    "above": Text("över", "above"),
    "below": Text("under", "below"),
    "worse": Text("sämre", "worse"),
    "better": Text("bättre", "better"),
}


@dataclass(frozen=True)
class Turn:
    place: Place
    name: str | None
    because: Template | None
    side: Side
    than: Basis
    after: int
    by: Band

    def needs(self) -> tuple[Need, ...]:
        return yearly.needs(self.than, self.after + 1)

    def margin(self, sight: Sight) -> Margin:
        return all_of([year.margin for year in self._in_years(sight)])

    def _in_years(self, sight: Sight) -> tuple[InYear, ...]:
        return tuple(self._in_year(lag, sight) for lag in range(self.after + 1))

    def _in_year(self, lag: int, sight: Sight) -> InYear:
        side = self.side if lag == 0 else OPPOSITE[self.side]
        pair = yearly.pair(self.than, lag)
        return InYear(
            margin=margin(pair.own, pair.basis, side, self.by, sight, pair.target, half_basis=pair.half_basis),
            value=pair.own,
            year=columns.YEAR - lag,
            basis=pair.basis,
            basis_year=self.than.year(lag),
            band=self.by.width(pair.basis),
            source=self.than.source,
        )

    def figures(self, sight: Sight) -> Figures:
        now = yearly.pair(self.than, 0)
        aim = now.target if sight.targets and self.side in ("worse", "better") else None
        apart = gap(now.own, now.basis, self.side, aim)
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=now.basis,
            basis_year=self.than.year(),
            basis_title=self.than.title(),
            years=self.after + 1,
            gap=apart,
            gap_ratio=pl.when(now.basis != 0).then(apart / now.basis.abs()),
            in_years=self._in_years(sight),
            chance=self._chance(),
            no_meaning=(NO_DIRECTION,),
        )

    def _chance(self) -> float | None:
        """Where nothing but chance moves the value from year to year.

        Beside a basis, a year lies on the side with some probability p, so that the turn has p(1-p)^n, at most where
        p = 1/(n+1). Of n + 2 values that first go one way and then turn, n + 1 of all orders do so.
        """
        n = self.after
        if not isinstance(self.than, OwnBefore):
            return float(n**n / (n + 1) ** (n + 1))
        return (n + 1) / math.factorial(n + 2) if self.than.years_ago == 1 else None

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        now = yearly.pair(self.than, 0)
        return {
            **beside(self.than, now.own, now.basis),
            "first_year": Field("integer", (columns.YEAR - self.after,)),
            "last_year": Field("integer", (columns.YEAR - 1,)),
            "years": Field("integer", (pl.lit(self.after),)),
        }

    def say(self, lang: Lang) -> str:
        band, other = self.by.say(lang), _OTHER[OPPOSITE[self.side]].in_(lang)
        return f"{SIDE_WORDS[self.side].in_(lang)} {self.than.say(lang)}{band}" + phrase(
            f", efter minst {self.after} år i följd {other}{band}",
            f", after at least {self.after} year{'s' * (self.after > 1)} running {other}{band}",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Turn | None:
    reader = fields.reader
    side = fields.required("turn", lambda node, what: reader.word(node, SIDES, what), example="worse")
    if side in ("worse", "better") and not needs_direction(fields, side, scope, "turn"):
        side = None
    than = read_against(fields, "than", scope)
    after = fields.required("after", reader.years, example="3 years")
    by = read_band(fields, scope)
    if after is not None and not 1 <= after <= _MOST_YEARS:
        reader.report(
            "run-length",
            fields.value_place("after"),
            Text(
                f"ett trendbrott kommer efter 1 till {_MOST_YEARS} år på andra sidan, inte {after}.",
                f"a turn comes after 1 to {_MOST_YEARS} years on the other side, not {after}.",
            ),
            Text("Skriv till exempel '3 years'.", "Write for example '3 years'."),
        )
        return None
    if side is None or than is None or after is None or by is None:
        return None
    return Turn(header.place, header.name, header.because, SIDE[side], than, after, by)
