"""Kind ``compare``: a figure is above, below, worse or better than a basis, in k of n years.

    {is: above, than: reference, by: 2 %, in: 2 of 3 years}
    {is: worse, than: peers.mean, by: material}
    {is: above, than: own 2 years ago, by: 10 %}

The margin is the difference on the named side less the dead band, in the KPI's measure; with
``in: k of n years`` it is the k-th largest of the yearly margins. The basis is of the same calendar
year; only for the KPI's own year may an earlier one (no older than ``max_age``) stand in, and the
text then names both years.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.apart import apart
from genomlys.engine.conditions.base import Field, Figures, InYear, Need, Sight, Subject, phrase
from genomlys.engine.conditions.bases import THAN, Basis, Benchmark, OwnBefore
from genomlys.engine.conditions.difference import NO_DIRECTION, Band, Side, gap, margin
from genomlys.engine.conditions.margin import Margin, k_of
from genomlys.engine.conditions.reading import BY, Header, Scope, needs_direction, read_against, read_band
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import Choice, Phrase, Word

TELLING = frozenset({"than", "in"})
SUBJECTS: tuple[Subject, ...] = ("kpi",)
SIDES: tuple[Side, ...] = ("above", "below", "worse", "better")
IS = SIDES
_IN = Phrase(r"([0-9]{1,3}) of ([0-9]{1,3}) years?", "2 of 3 years")
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "is": Word(
                Choice(SIDES),
                Text(
                    "above och below är bokstavliga; worse och better följer nyckeltalets riktning.",
                    "above and below are literal; worse and better follow the KPI's direction.",
                ),
            ),
            "than": THAN,
            "by": BY,
            "in": Word(
                _IN,
                Text("I minst så många av så många kalenderår.", "In at least so many of so many calendar years."),
            ),
        },
        needed=("is", "than"),
        about=Text("Värdet jämförs med något.", "The value is compared with something."),
        example="{is: worse, than: peers.mean, by: material}",
    ),
)
WORDS = words_of(SHAPES)
_MOST_YEARS = 10
SIDE_WORDS: dict[str, Text] = {
    "above": Text("över", "above"),
    "below": Text("under", "below"),
    "worse": Text("sämre än", "worse than"),
    "better": Text("bättre än", "better than"),
}


@dataclass(frozen=True)
class Compare:
    place: Place
    name: str | None
    because: Template | None
    side: Side
    than: Basis
    by: Band
    hits: int = 1
    years: int = 1

    def needs(self) -> tuple[Need, ...]:
        return self.than.needs(self.years)

    def margin(self, sight: Sight) -> Margin:
        return k_of([year.margin for year in self._in_years(sight)], self.hits, sight.once)

    def _in_years(self, sight: Sight) -> tuple[InYear, ...]:
        return tuple(_in_year(self.side, self.than, self.by, lag, sight) for lag in range(self.years))

    def _hits(self, sight: Sight) -> pl.Expr:
        yearly = [year.margin.holds.fill_null(False).cast(pl.Int32) for year in self._in_years(sight)]
        return pl.sum_horizontal(yearly)

    def _gap(self, sight: Sight) -> pl.Expr:
        aim = columns.basis("target", 0) if sight.targets and self.side in ("worse", "better") else None
        return gap(columns.own(0), self.than.value(0), self.side, aim)

    def figures(self, sight: Sight) -> Figures:
        basis = self.than.value(0)
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=basis,
            basis_year=self.than.year(),
            basis_title=self.than.title(),
            hits=self._hits(sight),
            years=self.years,
            gap=self._gap(sight),
            gap_ratio=pl.when(basis != 0).then(self._gap(sight) / basis.abs()),
            n=columns.basis_n(self.than.benchmark) if isinstance(self.than, Benchmark) else None,
            of=columns.basis_of(self.than.benchmark) if isinstance(self.than, Benchmark) else None,
            same_year_expected=isinstance(self.than, Benchmark) and self.than.benchmark != "target",
            in_years=self._in_years(sight),
            lasting=self.hits,
            no_meaning=(NO_DIRECTION,),
        )

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        own, basis = self._shown(sight, "value"), self._shown(sight, "basis")
        return {
            **beside(self.than, own, basis),
            "gap_year": Field("integer", (self._shown(sight, "year"),)),
            "hits": Field("integer", (self._hits(sight),)),
            "years": Field("integer", (pl.lit(self.years),)),
        }

    def _shown(self, sight: Sight, part: Literal["value", "basis", "year"]) -> pl.Expr:
        """A part of the year whose gap is told: the latest in which the condition holds, which need not be the last."""
        if self.years == 1:
            return {"value": columns.own(0), "basis": self.than.value(0), "year": columns.YEAR}[part]
        years = self._in_years(sight)
        hits = [pl.when(year.margin.holds).then(getattr(year, part)) for year in years]
        return pl.coalesce([*hits, getattr(years[0], part)])

    def say(self, lang: Lang) -> str:
        words = f"{SIDE_WORDS[self.side].in_(lang)} {self.than.say(lang)}{self.by.say(lang)}"
        if self.years == 1:
            return words
        return words + phrase(f", {self.hits} av {self.years} år", f", {self.hits} of {self.years} years", lang)


@lru_cache(maxsize=256)
def _in_year(side: Side, than: Basis, by: Band, lag: int, sight: Sight) -> InYear:
    """What is asked of one year: built once, since truth, margin, severity and text all read it."""
    # An own value is set against an earlier own value only inside one definition.
    own = columns.own_comparable(lag) if isinstance(than, OwnBefore) else columns.own(lag)
    basis, aim = than.value(lag), columns.basis("target", lag)
    return InYear(
        margin=margin(own, basis, side, by, sight, aim, half_basis=than.half()),
        value=own,
        year=columns.YEAR - lag,
        basis=basis,
        basis_year=than.year(lag),
        band=by.width(basis),
        source=than.source,
    )


def beside(than: Basis, own: pl.Expr, basis: pl.Expr) -> dict[str, Field]:
    """What a text may say of a value beside its basis; ``basis`` alone is that of the KPI's own year."""
    return {
        "basis": Field("value", (than.value(0),)),
        "basis_name": Field("word", than.title()),
        "basis_year": Field("integer", (than.year(),)),
        **apart(own, basis),
    }


def read(fields: Fields, header: Header, scope: Scope) -> Compare | None:
    """Read the words; problems are reported to the fields' reader and give None."""
    reader = fields.reader
    side = fields.required("is", lambda node, what: reader.word(node, SIDES, what), example="above")
    if side in ("worse", "better") and not needs_direction(fields, side, scope):
        side = None
    than = read_against(fields, "than", scope)
    by = read_band(fields, scope)
    years = _read_years(fields)
    if side is None or than is None or by is None or years is None:
        return None
    return Compare(header.place, header.name, header.because, SIDE[side], than, by, *years)


SIDE: dict[str, Side] = {side: side for side in SIDES}


def _read_years(fields: Fields) -> tuple[int, int] | None:
    """``2 of 3 years`` as (2, 3); nothing means the latest year."""
    reader = fields.reader
    if "in" not in fields:
        fields.raw("in")
        return 1, 1
    match = fields.optional("in", lambda node, what: reader.form(node, _IN, what))
    if match is None:
        return None
    hits, years = int(match[1]), int(match[2])
    place = fields.value_place("in")
    if years > _MOST_YEARS:
        reader.report(
            "too-many-years",
            place,
            Text(f"{years} år är för många.", f"{years} years are too many."),
            Text(f"Skriv högst {_MOST_YEARS} år.", f"Write at most {_MOST_YEARS} years."),
        )
    elif hits > years or years == 0:
        reader.report(
            "never-fires",
            place,
            Text(f"{hits} av {years} år kan aldrig inträffa.", f"{hits} of {years} years can never happen."),
            Text(f"Skriv högst '{years} of {years} years'.", f"Write at most '{years} of {years} years'.")
            if years
            else Text("Skriv till exempel '2 of 3 years'.", "Write for example '2 of 3 years'."),
        )
    elif hits == 0:
        reader.report(
            "always-fires",
            place,
            Text(f"0 av {years} år gäller alltid.", f"0 of {years} years always holds."),
            Text(f"Skriv minst '1 of {years} years'.", f"Write at least '1 of {years} years'."),
        )
    else:
        return hits, years
    return None
