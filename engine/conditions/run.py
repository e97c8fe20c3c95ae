"""Kind ``run``: every year of a run worse, better, higher or lower than the year before.

    {is: worsening, for: 3 years}
    {is: rising, for: 3 years, by: material}

``for: 3 years`` means the values of three calendar years, each beyond the one before: two changes.
The margin is the smallest yearly change less the dead band, in the KPI's measure. A run never jumps
a missing year and never crosses a change of definition.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Field, Figures, InYear, Lags, Need, Sight, Subject, phrase
from genomlys.engine.conditions.difference import NO_DIRECTION, Band, Side, gap, margin
from genomlys.engine.conditions.margin import Margin, all_of
from genomlys.engine.conditions.reading import BY, Header, Scope, needs_direction, read_band
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import YEARS, Choice, Word

TELLING = frozenset({"for"})
SUBJECTS: tuple[Subject, ...] = ("kpi",)
_SIDES: dict[str, Side] = {"rising": "above", "falling": "below", "worsening": "worse", "improving": "better"}
IS = tuple(_SIDES)
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "is": Word(
                Choice(IS),
                Text(
                    "rising och falling är bokstavliga; worsening och improving följer nyckeltalets riktning.",
                    "rising and falling are literal; worsening and improving follow the KPI's direction.",
                ),
            ),
            "for": Word(
                YEARS,
                Text(
                    "Så många kalenderårs värden, vart och ett bortom det föregående.",
                    "The values of so many calendar years, each beyond the one before.",
                ),
            ),
            "by": BY,
        },
        needed=("is", "for"),
        about=Text("Värdet rör sig åt samma håll varje år.", "The value moves the same way every year."),
        example="{is: worsening, for: 3 years}",
    ),
)
WORDS = words_of(SHAPES)
_WORDS = {
    "rising": Text("har stigit", "has risen"),
    "falling": Text("har sjunkit", "has fallen"),
    "worsening": Text("har försämrats", "has worsened"),
    "improving": Text("har förbättrats", "has improved"),
}
_MOST_YEARS = 10


@dataclass(frozen=True)
class Run:
    place: Place
    name: str | None
    because: Template | None
    change: str
    years: int
    by: Band

    @property
    def _side(self) -> Side:
        return _SIDES[self.change]

    @property
    def _first(self) -> int:
        return self.years - 1

    def needs(self) -> tuple[Need, ...]:
        return (Lags("own", self.years, one_definition=True),)

    def margin(self, sight: Sight) -> Margin:
        return all_of([year.margin for year in self._in_years(sight)])

    def _in_years(self, sight: Sight) -> tuple[InYear, ...]:
        return tuple(self._in_year(lag, sight) for lag in range(self._first))

    def _in_year(self, lag: int, sight: Sight) -> InYear:
        later, earlier = columns.own_comparable(lag), columns.own_comparable(lag + 1)
        aim = columns.basis("target", lag)
        return InYear(
            margin=margin(later, earlier, self._side, self.by, sight, aim, half_basis=columns.OWN_HALF),
            value=later,
            year=columns.YEAR - lag,
            basis=earlier,
            basis_year=columns.YEAR - (lag + 1),
            band=self.by.width(earlier),
            source="own",
        )

    def _gap(self, sight: Sight) -> pl.Expr:
        aim = columns.basis("target", 0) if sight.targets and self._side in ("worse", "better") else None
        return gap(columns.own(0), columns.own(self._first), self._side, aim)

    def figures(self, sight: Sight) -> Figures:
        first = columns.own_comparable(self._first)
        year = columns.YEAR - self._first
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=first,
            basis_year=year,
            basis_title=(
                pl.format("{} års värde", year.cast(pl.String)),
                pl.format("the value of {}", year.cast(pl.String)),
            ),
            years=self.years,
            gap=self._gap(sight),
            gap_ratio=pl.when(first != 0).then(self._gap(sight) / first.abs()),
            in_years=self._in_years(sight),
            chance=1 / math.factorial(self.years),
            lasting=self._first,
            no_meaning=(NO_DIRECTION,),
        )

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        first, last = columns.own(self._first), columns.own(0)
        difference = last - first
        ratio = pl.when(first > 0).then(difference.abs() / first)
        return {
            "first": Field("value", (first,)),
            "first_year": Field("integer", (columns.YEAR - self._first,)),
            "last_year": Field("integer", (columns.YEAR,)),
            "change": Field("difference", (difference,)),
            "change_percent": Field("percent", (ratio,), instead=Field("difference", (difference,))),
            "risen": Field(
                "word",
                (
                    pl.when(difference > 0).then(pl.lit("stigit")).otherwise(pl.lit("sjunkit")),
                    pl.when(difference > 0).then(pl.lit("risen")).otherwise(pl.lit("fallen")),
                ),
            ),
            "series": Field("series", tuple(columns.own(lag) for lag in reversed(range(self.years)))),
            "years": Field("integer", (pl.lit(self.years),)),
        }

    def say(self, lang: Lang) -> str:
        return phrase(
            f"{_WORDS[self.change].sv}{self.by.say(lang)} från år till år under {self.years} år",
            f"{_WORDS[self.change].en}{self.by.say(lang)} from year to year over {self.years} years",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Run | None:
    reader = fields.reader
    change = fields.required("is", lambda node, what: reader.word(node, IS, what), example="rising")
    if change in ("worsening", "improving") and not needs_direction(fields, change, scope):
        change = None
    years = fields.required("for", reader.years, example="3 years")
    by = read_band(fields, scope)
    if years is not None and not 2 <= years <= _MOST_YEARS:
        reader.report(
            "run-length",
            fields.value_place("for"),
            Text(
                f"{years} år är ingen följd: den behöver värden för 2 till {_MOST_YEARS} år.",
                f"{years} is no run of years: it needs the values of 2 to {_MOST_YEARS} years.",
            ),
            Text("Skriv till exempel '3 years'.", "Write for example '3 years'."),
        )
        return None
    if change is None or years is None or by is None:
        return None
    return Run(header.place, header.name, header.because, change, years, by)
