"""Kind ``trend``: the values of several years rise, fall, worsen, improve or change more than chance would make them.

    {trend: worsening, over: 6 years, confidence: 90 %}
    {trend: rising, over: 10 years, confidence: 95 %, by: 1 %}

The Mann-Kendall test over the calendar years that end with the KPI's own: one-sided, and two-sided for ``changing``.
Significance has no scale of the KPI's measure, so that its margin is infinite. With ``by``, the Theil-Sen slope a
year must exceed the band too (per cent: of the median of the years), and the margin is what it exceeds it by. A year
without a figure is a hole, and so is one on the other side of a change of definition: what the test would say is
asked for every value that it may have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Field, Figures, Need, Sight, Subject, Told, phrase
from genomlys.engine.conditions.difference import NO_DIRECTION, Band, applies
from genomlys.engine.conditions.margin import Margin, all_of, bounded, of_numbers
from genomlys.engine.conditions.reading import BY, Header, Scope, needs_direction, percent, read_band, read_percent
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.conditions.trend_metrics import Change, TrendTest, own_years
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import QUANTITY, YEARS, Choice, Word
from genomlys.engine.statistics.mann_kendall import MOST_YEARS, smallest_p
from genomlys.engine.writing import format_number

TREND: tuple[Change, ...] = ("rising", "falling", "worsening", "improving", "changing")
TELLING = frozenset({"trend"})
SUBJECTS: tuple[Subject, ...] = ("kpi",)
IS: tuple[str, ...] = ()
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "trend": Word(
                Choice(TREND),
                Text(
                    "rising, falling och changing (endera hållet) är bokstavliga; worsening och improving följer "
                    "nyckeltalets riktning.",
                    "rising, falling and changing (either way) are literal; worsening and improving follow the KPI's "
                    "direction.",
                ),
            ),
            "over": Word(
                YEARS,
                Text(
                    "Så många kalenderår, till och med nyckeltalets eget.", "So many calendar years, to the KPI's own."
                ),
            ),
            "confidence": Word(
                QUANTITY,
                Text(
                    "Hur säkert det ska vara att inte slumpen ensam ger en sådan trend: 90 % betyder ett p-värde på "
                    "högst 0,10.",
                    "How certain it must be that chance alone gives no such trend: 90 % is a p-value of at most 0.10.",
                ),
            ),
            "by": Word(
                BY.form,
                Text(
                    "Vad lutningen om året (Theil–Sen) ska överstiga: procent av årens median, nyckeltalets "
                    "väsentlighetsgräns (material) eller ett tal i måttet.",
                    "What the slope a year (Theil-Sen) must exceed: per cent of the years' median, the KPI's own dead "
                    "band (material) or a number in its measure.",
                ),
            ),
        },
        needed=("trend", "over", "confidence"),
        about=Text(
            "Värdena har en trend som slumpen knappast ger (Mann–Kendall).",
            "The values have a trend that chance hardly gives (Mann-Kendall).",
        ),
        example="{trend: worsening, over: 6 years, confidence: 90 %}",
    ),
)
WORDS = words_of(SHAPES)
_WORDS: Mapping[Change, Text] = {
    "rising": Text("stigande trend", "rising trend"),
    "falling": Text("sjunkande trend", "falling trend"),
    "worsening": Text("trend mot det sämre", "worsening trend"),
    "improving": Text("trend mot det bättre", "improving trend"),
    "changing": Text("trend åt något håll", "trend either way"),
}
_FEWEST_YEARS = 3


@dataclass(frozen=True)
class Trend:
    place: Place
    name: str | None
    because: Template | None
    change: Change
    years: int
    confidence: Fraction
    by: Band

    @property
    def _test(self) -> TrendTest:
        return TrendTest(self.change, self.years, 1 - self.confidence, self.by)

    def _column(self, part: str) -> pl.Expr:
        return pl.col(self._test.column(part))

    def needs(self) -> tuple[Need, ...]:
        return (own_years(self.years), self._test)

    def margin(self, sight: Sight) -> Margin:
        significant, rounded, _ = map(self._column, TrendTest.TEST)
        meant = applies("worse") if self.change in ("worsening", "improving") else None
        test = of_numbers(significant, rounded, rounded, meant)
        if self.by.kind == "none":
            return test
        return all_of([test, bounded(*map(self._column, (*TrendTest.MARGIN, *TrendTest.ROUNDED)))])

    def figures(self, sight: Sight) -> Figures:
        side, median = self._column("side"), self._column("median")
        first = (columns.YEAR - (self.years - 1)).cast(pl.String)
        last = columns.YEAR.cast(pl.String)
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=median,
            basis_title=(pl.format("medianen {}–{}", first, last), pl.format("the median of {}–{}", first, last)),
            years=self.years,
            gap=side,
            gap_ratio=pl.when(median != 0).then(side / median.abs()),
            gap_title=Text("lutning om året", "slope a year"),
            p=self._column("p"),
            chance=float(1 - self.confidence),
            no_meaning=(NO_DIRECTION,),
            told=(
                Told("series", Text("värden", "values"), self._series()),
                Told("figures", Text("år med värde", "years with a value"), Field("integer", (self._figures(),))),
                Told("p", Text("p-värde", "p-value"), Field("p", (self._column("p"),))),
            ),
            turning=tuple(columns.own(0) - columns.own_comparable(lag) for lag in range(1, self.years)),
        )

    def _series(self) -> Field:
        return Field("series", tuple(columns.own(lag) for lag in reversed(range(self.years))))

    def _figures(self) -> pl.Expr:
        return self._column("figures").cast(pl.Int32)

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        slope, median = self._column("own"), self._column("median")
        ratio = pl.when(median > 0).then(slope.abs() / median)
        change = slope * (self.years - 1)
        return {
            "slope": Field("rate", (slope,)),
            "slope_percent": Field("percent", (ratio,), instead=Field("rate", (slope,))),
            "change": Field("difference", (change,)),
            "risen": Field("word", (_by_sign(slope, "stigit", "sjunkit"), _by_sign(slope, "risen", "fallen"))),
            "p": Field("p", (self._column("p"),)),
            "years": Field("integer", (pl.lit(self.years),)),
            "figures": Field("integer", (self._figures(),)),
            "first_year": Field("integer", (columns.YEAR - (self.years - 1),)),
            "last_year": Field("integer", (columns.YEAR,)),
            "series": self._series(),
        }

    def say(self, lang: Lang) -> str:
        by = "" if self.by.kind == "none" else self.by.say(lang) + phrase(" om året", " a year", lang)
        words, confidence = _WORDS[self.change].in_(lang), percent(self.confidence, lang)
        return phrase(
            f"{words}{by} över {self.years} år, med {confidence} säkerhet",
            f"{words}{by} over {self.years} years, at {confidence} confidence",
            lang,
        )


def _by_sign(slope: pl.Expr, up: str, down: str) -> pl.Expr:
    return pl.when(slope > 0).then(pl.lit(up)).otherwise(pl.lit(down))


def read(fields: Fields, header: Header, scope: Scope) -> Trend | None:
    reader = fields.reader
    change = fields.required("trend", lambda node, what: reader.word(node, TREND, what), example="worsening")
    if change in ("worsening", "improving") and not needs_direction(fields, change, scope, "trend"):
        change = None
    years = fields.required("over", reader.years, example="6 years")
    confidence = read_percent(fields, "confidence", "confidence-range", 50, "90 %")
    by = read_band(fields, scope)
    if years is not None and not _FEWEST_YEARS <= years <= MOST_YEARS:
        reader.report(
            "trend-length",
            fields.value_place("over"),
            Text(
                f"{years} år visar ingen trend: den behöver {_FEWEST_YEARS} till {MOST_YEARS} år.",
                f"{years} years show no trend: it needs {_FEWEST_YEARS} to {MOST_YEARS} years.",
            ),
            Text("Skriv till exempel '6 years'.", "Write for example '6 years'."),
        )
        return None
    if change is None or years is None or confidence is None or by is None:
        return None
    if not _can_be_reached(fields, years, confidence, two_sided=change == "changing"):
        return None
    return Trend(header.place, header.name, header.because, cast(Change, change), years, confidence, by)


def _can_be_reached(fields: Fields, years: int, confidence: Fraction, *, two_sided: bool) -> bool:
    """Whether the smallest p that so many years can give is small enough; else the rule could never fire."""
    alpha = float(1 - confidence)
    smallest = smallest_p(years, two_sided=two_sided)
    if smallest <= alpha:
        return True
    enough = next((n for n in range(years, MOST_YEARS + 1) if smallest_p(n, two_sided=two_sided) <= alpha), None)
    most = int((1 - smallest) * 100)
    longer, lower = f"'over: {enough} years'" if enough else "", f"'confidence: {most} %'"
    fields.reader.report(
        "never-fires",
        fields.value_place("confidence"),
        Text(
            f"{years} år kan inte visa en trend med {percent(confidence, 'sv')} säkerhet: "
            f"det minsta p-värde de kan ge är {format_number(smallest, 3, 'sv')}.",
            f"{years} years cannot show a trend at {percent(confidence, 'en')} confidence: "
            f"the smallest p-value they can give is {format_number(smallest, 3, 'en')}.",
        ),
        Text(
            f"Skriv minst {longer}, eller högst {lower}." if longer else f"Skriv högst {lower}.",
            f"Write at least {longer}, or at most {lower}." if longer else f"Write at most {lower}.",
        ),
    )
    return False
