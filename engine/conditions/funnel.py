"""Kind ``funnel``: a share or a rate lies farther from a basis than chance would take it, for what it is counted on.

    {funnel: worse, than: nation.mean, confidence: 99.8 %}

The fewer it is counted on, the more a share swings by chance: a funnel plot has limits around the basis that are wide
for small municipalities and narrow for large ones (Spiegelhalter 2005, Statistics in Medicine 24, p. 1185). A value is
outside them when its own interval does not reach the basis: the binomial one for a share, the Poisson one for a rate
(``statistics.intervals``). ``confidence`` is of both limits together, as in a funnel plot: 99,8 % leaves one
in a thousand outside each. The basis is taken as it is, which a mean of many municipalities nearly is.

The margin is the distance from the basis to the near limit of the interval, in the KPI's measure. Only for KPIs that
say what they are counted on (``denominator``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions import columns, others
from genomlys.engine.conditions.base import (
    Denominator,
    Field,
    Figures,
    Lags,
    Metric,
    Need,
    Others,
    Sight,
    Subject,
    Told,
    Window,
    phrase,
)
from genomlys.engine.conditions.bases import BENCHMARK_WORDS, Benchmark
from genomlys.engine.conditions.margin import Margin, of_numbers
from genomlys.engine.conditions.others import Toward
from genomlys.engine.conditions.reading import Header, Scope, percent, read_percent
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import Choice, Word
from genomlys.engine.statistics import intervals

TELLING = frozenset({"funnel"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi",)
_SIDES: Final[dict[str, Toward]] = {"worse": "worse", "better": "better", "above": "high", "below": "low"}
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "funnel": Word(
                Choice(tuple(_SIDES)),
                Text(
                    "above och below är bokstavliga; worse och better följer nyckeltalets riktning.",
                    "above and below are literal; worse and better follow the KPI's direction.",
                ),
            ),
            "than": Word(
                Choice(tuple(BENCHMARK_WORDS)), Text("Vad gränserna ligger kring.", "What the limits lie around.")
            ),
            "confidence": Word(
                others.CONFIDENCE.form,
                Text(
                    "De två gränsernas säkerhet: 99,8 % lämnar en på tusen utanför vardera.",
                    "Of the two limits together: 99.8 % leaves one in a thousand outside each.",
                ),
            ),
        },
        needed=("funnel", "than", "confidence"),
        about=Text(
            "Andelen skiljer sig mer än slumpen gör, för så många som den räknas på (tratt).",
            "The share differs by more than chance does, for as many as it is counted on (funnel limits).",
        ),
        example="{funnel: worse, than: nation.mean, confidence: 99.8 %}",
    ),
)
WORDS = words_of(SHAPES)
_COUNTED: Final = pl.col("per").is_not_null()
_NO_DENOMINATOR: Final = Text(
    "nyckeltalet har ingen nämnare i katalogen", "the KPI has no denominator in the catalogue"
)
_NO_SHARE: Final = Text("värdet är ingen andel mellan 0 och 100 %", "the value is no share between 0 and 100 %")
_MONEY: Final = ("kr", "tkr", "mnkr", "mdkr", "index")


@dataclass(frozen=True)
class Interval(Metric):
    """Columns lower and upper: the limits of the value's own interval, also with the value moved by its rounding."""

    z: float

    def column(self, limit: str, moved: int = 0) -> str:
        return f"interval.{self.z!r}.{limit}.{moved}"

    def needs(self) -> tuple[Lags | Others, ...]:
        return (Lags("own", 1),)

    def columns(self, window: Window) -> Mapping[str, NDArray[Any]]:
        own, half = window.own(0), window.fact("own_half")
        n, per = window.denominator(), window.fact("per").astype(np.float64)
        is_share = window.fact("is_share")
        found = {}
        for moved in (-1, 0, 1):
            value = own + moved * half
            # What rounding moves out of the possible was never there.
            value = np.where(moved == 0, value, np.clip(value, 0.0, np.where(is_share, per, np.inf)))
            with np.errstate(divide="ignore", invalid="ignore"):
                events = np.where(n > 0, value * n / per, np.nan)
                shares, counts = intervals.exact(value / per, n, self.z), intervals.byar(events, self.z)
                for limit, of_share, of_count in zip(("lower", "upper"), shares, counts, strict=True):
                    found[self.column(limit, moved)] = np.where(is_share, of_share * per, of_count / n * per)
        return found


@dataclass(frozen=True)
class Funnel:
    place: Place
    name: str | None
    because: Template | None
    side: str
    than: Benchmark
    confidence: Fraction

    @property
    def _toward(self) -> Toward:
        return _SIDES[self.side]

    @property
    def _interval(self) -> Interval:
        return Interval(NormalDist().inv_cdf(float(1 - (1 - self.confidence) / 2)))

    def needs(self) -> tuple[Need, ...]:
        return (*self.than.needs(1), Denominator(), self._interval)

    def _limit(self, name: str, moved: int = 0) -> pl.Expr:
        return pl.col(self._interval.column(name, moved))

    def _beyond(self, moved: int) -> pl.Expr:
        """How far the near limit lies beyond the basis; moved: the value that way, and the basis the other."""
        basis, half, sign = self.than.value(0), self.than.half(), others.sign(self._toward)
        above = self._limit("lower", moved) - (basis - moved * half)
        below = (basis + moved * half) - self._limit("upper", -moved)
        return pl.when(sign > 0).then(above).when(sign < 0).then(below)

    def margin(self, sight: Sight) -> Margin:
        ordered = others.applies(self._toward)
        meant = _COUNTED & ~self._is_no_share()
        applies = meant if ordered is None else meant & ordered
        return of_numbers(self._beyond(0), self._beyond(-1), self._beyond(1), applies, sight.once)

    def _is_no_share(self) -> pl.Expr:
        own, is_share = columns.own(0), pl.col("is_share")
        return ((own < 0) | (is_share & (own > pl.col("per")))).fill_null(False)

    def figures(self, sight: Sight) -> Figures:
        basis = self.than.value(0)
        gap = others.sign(self._toward) * (columns.own(0) - basis)
        lower, upper = (Field("value", (self._limit(name),)) for name in ("lower", "upper"))
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=basis,
            basis_year=self.than.year(),
            basis_title=self.than.title(),
            gap=gap,
            gap_ratio=pl.when(basis != 0).then(gap / basis.abs()),
            n=columns.basis_n(self.than.benchmark),
            of=columns.basis_of(self.than.benchmark),
            same_year_expected=self.than.benchmark != "target",
            chance=float(1 - self.confidence) / 2,
            told=(
                Told("denominator", Text("räknat på", "counted on"), Field("integer", (self._counted_on(),))),
                Told("lower", Text("undre gräns", "lower limit"), lower),
                Told("upper", Text("övre gräns", "upper limit"), upper),
            ),
            no_meaning=(
                (~_COUNTED, _NO_DENOMINATOR),
                *([] if others.applies(self._toward) is None else [others.NO_ORDER]),
                (self._is_no_share(), _NO_SHARE),
            ),
        )

    def _counted_on(self) -> pl.Expr:
        return columns.DENOMINATOR.round().cast(pl.Int64)

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return others.beside(columns.own(0), self.than.value(0), self.than.title()) | {
            "basis_year": Field("integer", (self.than.year(),)),
            "lower": Field("value", (self._limit("lower"),)),
            "upper": Field("value", (self._limit("upper"),)),
        }

    def say(self, lang: Lang) -> str:
        side, confidence = others.SIDE_WORDS[self.side].in_(lang), percent(self.confidence, lang)
        return phrase(
            f"{side} {self.than.say(lang)}, utanför trattens gränser ({confidence})",
            f"{side} {self.than.say(lang)}, outside the funnel's limits ({confidence})",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Funnel | None:
    reader = fields.reader
    side = fields.required("funnel", lambda node, what: reader.word(node, tuple(_SIDES), what), example="worse")
    than = fields.required(
        "than", lambda node, what: reader.word(node, tuple(BENCHMARK_WORDS), what), example="nation.mean"
    )
    confidence = read_percent(fields, "confidence", "confidence-range", 50, "99.8 %")
    measures = scope.values("measure")
    if scope.sound and measures and all(measure.lower().startswith(_MONEY) for measure in measures):
        reader.report(
            "never-fires",
            fields.key_place("funnel"),
            Text(
                "'funnel' är för andelar och frekvenser av antal, och regeln gäller bara annat.",
                "'funnel' is for shares and rates of counts, and the rule is for other measures only.",
            ),
            Text("Skriv till exempel '{is: worse, than: …}'.", "Write for example '{is: worse, than: …}'."),
        )
        return None
    if side is None or than is None or confidence is None:
        return None
    if not others.has_order(fields, "funnel", side, _SIDES[side], scope):
        return None
    return Funnel(header.place, header.name, header.because, side, Benchmark(than), confidence)
