"""Kind ``case``: the value lies farther from those of a few peers than one of their own would.

    {case: worse, among: peers, confidence: 95 %}

The test of Crawford and Howell (1998, "Comparing an individual's test score against norms derived from small samples",
The Clinical Neuropsychologist 12, p. 482; Sokal and Rohlf 1995): t = (x - m) / (s √((n + 1) / n)) with n - 1
degrees of freedom, where m and s are of the n peers that have a value, never of the unit itself. It is exact where the
peers' values are normal. "Two standard deviations" is not offered: with seven peers it has 11 % false alarms, since m
and s are themselves known from seven values only.

The margin is the distance beyond the limit m + t(confidence) s √((n + 1) / n), in the KPI's measure. Unknown with fewer
than five peers that have a value, and where all of them have the same: there is then no spread to measure by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import polars as pl

from genomlys.engine.conditions import columns, others
from genomlys.engine.conditions.base import (
    FEWEST,
    Column,
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
from genomlys.engine.conditions.margin import Margin
from genomlys.engine.conditions.others import Toward
from genomlys.engine.conditions.reading import Header, Scope, percent, read_percent
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import Choice, Word
from genomlys.engine.statistics import student
from genomlys.engine.statistics.samples import mean_and_sd

TELLING = frozenset({"case"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi",)
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "case": others.SIDE,
            "among": Word(Choice(("peers",)), Text("Liknande kommuner.", "Similar municipalities.")),
            "confidence": others.CONFIDENCE,
        },
        needed=("case", "among", "confidence"),
        about=Text(
            "Värdet skiljer sig från några få liknande kommuners mer än deras egna gör (Crawford–Howell).",
            "The value differs from those of a few peers by more than theirs do (Crawford-Howell).",
        ),
        example="{case: worse, among: peers, confidence: 95 %}",
    ),
)
WORDS = words_of(SHAPES)
_PEERS: Final = Others("peers")
_TITLE: Final = (pl.lit("liknande kommuner"), pl.lit("similar municipalities"))


@dataclass(frozen=True)
class CrawfordHowell(Metric):
    """Columns mean; width: how far from it the limit is, narrowest and widest with rounding; tail: P(T >= |t|).

    alpha: the probability that is left beyond a limit. All null with too few peers or no spread among them.
    """

    alpha: float

    def column(self, name: str) -> str:
        return f"case.{self.alpha!r}.{name}"

    def needs(self) -> tuple[Others, ...]:
        return (Others("peers", least=FEWEST["case"]),)

    def columns(self, window: Window) -> Mapping[str, Column]:
        sample = window.others("peers")
        mean, sd = mean_and_sd(sample.values)
        n = sample.n.astype(np.float64)
        usable = (n >= FEWEST["case"]) & (sd > 0)
        mean, sd = np.where(usable, mean, np.nan), np.where(usable, sd, np.nan)
        most = int(sample.n.max(initial=0))
        limits = np.array([student.critical(self.alpha, max(count, FEWEST["case"]) - 1) for count in range(most + 1)])
        limit = limits[sample.n]
        stretch = np.sqrt((n + 1) / np.where(usable, n, np.nan))
        own = window.own(0)
        # Where each of n values is off by at most h, their standard deviation is by at most h √(n / (n - 1)).
        off = window.fact("any_half") * np.sqrt(n / np.maximum(n - 1, 1))
        found: dict[str, Column] = {
            "mean": mean,
            "width": limit * sd * stretch,
            "narrowest": limit * np.maximum(sd - off, 0) * stretch,
            "widest": limit * (sd + off) * stretch,
            "tail": lambda: student.tail(np.abs(own - mean) / (sd * stretch), np.where(usable, n - 1, np.nan)),
        }
        return {self.column(name): column for name, column in found.items()}


@dataclass(frozen=True)
class Case:
    place: Place
    name: str | None
    because: Template | None
    side: str
    confidence: Fraction

    @property
    def _toward(self) -> Toward:
        return others.SIDES[self.side]

    @property
    def _test(self) -> CrawfordHowell:
        return CrawfordHowell(float((1 - self.confidence) / (2 if self.side == "apart" else 1)))

    def _of(self, name: str) -> pl.Expr:
        return pl.col(self._test.column(name))

    def needs(self) -> tuple[Need, ...]:
        return (Lags("own", 1), *self._test.needs(), self._test)

    def _distance(self) -> pl.Expr:
        return others.distance(self._toward, columns.own(0), self._of("mean"))

    def margin(self, sight: Sight) -> Margin:
        widths = self._of("narrowest"), self._of("widest")
        return others.beyond(self._toward, self._of("mean"), self._of("width"), widths, sight)

    def _p(self) -> pl.Expr:
        tail = self._of("tail")
        if self._toward == "apart":
            return 2 * tail
        return pl.when(self._distance() > 0).then(tail).otherwise(1 - tail)

    def figures(self, sight: Sight) -> Figures:
        mean = self._of("mean")
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=mean,
            basis_year=columns.YEAR,
            basis_title=_TITLE,
            gap=self._distance(),
            gap_ratio=pl.when(mean != 0).then(self._distance() / mean.abs()),
            p=self._p(),
            chance=float(1 - self.confidence),
            n=pl.col(_PEERS.n),
            of=pl.col(_PEERS.of),
            told=(
                Told("limit", Text("gräns", "limit"), Field("value", (self._limit(),))),
                Told("p", Text("p-värde", "p-value"), Field("p", (self._p(),))),
                Told("members", Text("liknande kommuner med värde", "peers with a value"), self._n()),
            ),
            no_meaning=(others.NO_ORDER,),
        )

    def _limit(self) -> pl.Expr:
        """The limit on the condition's side; of two that on the value's."""
        mean, width = self._of("mean"), self._of("width")
        if self._toward == "apart":
            return pl.when(columns.own(0) >= mean).then(mean + width).otherwise(mean - width)
        return mean + others.sign(self._toward) * width

    def _n(self) -> Field:
        return Field("integer", (pl.col(_PEERS.n),))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return others.beside(columns.own(0), self._of("mean"), _TITLE) | {
            "limit": Field("value", (self._limit(),)),
            "n": self._n(),
            "p": Field("p", (self._p(),)),
        }

    def say(self, lang: Lang) -> str:
        side, confidence = others.SIDE_WORDS[self.side].in_(lang), percent(self.confidence, lang)
        return phrase(
            f"{side} liknande kommuner, med {confidence} säkerhet (Crawford–Howell)",
            f"{side} similar municipalities, at {confidence} confidence (Crawford-Howell)",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Case | None:
    reader = fields.reader
    side = fields.required("case", lambda node, what: reader.word(node, tuple(others.SIDES), what), example="worse")
    among = fields.required("among", lambda node, what: reader.word(node, ("peers", "nation"), what), example="peers")
    confidence = read_percent(fields, "confidence", "confidence-range", 50, "95 %")
    if among == "nation":
        reader.report(
            "case-of-many",
            fields.value_place("among"),
            Text("'case' jämför med några få.", "'case' is for a few peers."),
            Text(
                "Skriv '{outlier: worse, among: nation, beyond: 3.5}' för alla kommuner.",
                "Write '{outlier: worse, among: nation, beyond: 3.5}' for all municipalities.",
            ),
        )
        return None
    if side is None or among is None or confidence is None:
        return None
    if not others.has_order(fields, "case", side, others.SIDES[side], scope):
        return None
    return Case(header.place, header.name, header.because, side, confidence)
