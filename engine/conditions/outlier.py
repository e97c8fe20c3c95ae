"""Kind ``outlier``: the value lies far from the middle of many others, measured by how spread most of them are.

    {outlier: worse, among: nation, beyond: 3.5}

The robust z of Iglewicz and Hoaglin (1993, "How to Detect and Handle Outliers"): (x - median) / (1,4826 MAD), where MAD
is the median of the distances to the median; the factor makes it a standard deviation where values are normal. They
advise to look at what is beyond 3,5. Where more than half of the values are the same and MAD is 0, the interquartile
range / 1,349 takes its place; where that is 0 too there is no spread to measure by, and the condition is unknown. So
it is with fewer than ten values. The nation includes the unit itself, which the median hardly feels; peers do not.

The margin is the distance beyond the limit, in the KPI's measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions import columns, others
from genomlys.engine.conditions.base import (
    FEWEST,
    Among,
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
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import QUANTITY, Word
from genomlys.engine.statistics.samples import median_and_spreads

TELLING = frozenset({"outlier"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi",)
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "outlier": others.SIDE,
            "among": others.AMONG_WORD,
            "beyond": Word(
                QUANTITY,
                Text(
                    "Så många robusta standardavvikelser från medianen; 3,5 är det vanliga rådet.",
                    "So many robust standard deviations from the median; 3.5 is the usual advice.",
                ),
            ),
        },
        needed=("outlier", "among", "beyond"),
        about=Text(
            "Värdet ligger långt från de flesta andras (robust z).", "The value lies far from most others' (robust z)."
        ),
        example="{outlier: worse, among: nation, beyond: 3.5}",
    ),
)
WORDS = words_of(SHAPES)
_BY_MAD, _BY_IQR = 1.4826, 1 / 1.349
_MOST: Final = 100.0


@dataclass(frozen=True)
class Robust(Metric):
    """Columns median; scale: the robust standard deviation; least and most: what rounding may make of that."""

    among: Among

    @property
    def _others(self) -> Others:
        return Others(self.among, least=max(FEWEST["outlier"], FEWEST[self.among]))

    def column(self, name: str) -> str:
        return f"robust.{self.among}.{name}"

    def needs(self) -> tuple[Others, ...]:
        return (self._others,)

    def columns(self, window: Window) -> Mapping[str, NDArray[Any]]:
        sample = window.others(self.among)
        median, mad, iqr = median_and_spreads(sample.values, sample.ordered, sample.n)
        scale = np.where(mad > 0, mad * _BY_MAD, iqr * _BY_IQR)
        usable = (sample.n >= self._others.least) & (scale > 0)
        at, off = sample.at, 2 * window.fact("any_half")  # a distance of two values that may both be off
        least = np.where(mad[at] > off, (mad[at] - off) * _BY_MAD, 0.0)
        most = np.maximum((mad[at] + off) * _BY_MAD, np.where(mad[at] > off, 0.0, (iqr[at] + off) * _BY_IQR))
        found = {"median": median[at], "scale": scale[at], "least": least, "most": most}
        return {self.column(name): np.where(usable[at], values, np.nan) for name, values in found.items()}


@dataclass(frozen=True)
class Outlier:
    place: Place
    name: str | None
    because: Template | None
    side: str
    among: Among
    beyond: float

    @property
    def _toward(self) -> Toward:
        return others.SIDES[self.side]

    @property
    def _others(self) -> Others:
        return self._robust.needs()[0]

    @property
    def _robust(self) -> Robust:
        return Robust(self.among)

    def _of(self, name: str) -> pl.Expr:
        return pl.col(self._robust.column(name))

    def needs(self) -> tuple[Need, ...]:
        return (Lags("own", 1), self._others, self._robust)

    def _distance(self) -> pl.Expr:
        return others.distance(self._toward, columns.own(0), self._of("median"))

    def margin(self, sight: Sight) -> Margin:
        scale, *scales = (self.beyond * self._of(name) for name in ("scale", "least", "most"))
        return others.beyond(self._toward, self._of("median"), scale, (scales[0], scales[1]), sight)

    def _title(self) -> tuple[pl.Expr, pl.Expr]:
        among = others.AMONG_WORDS[self.among]
        return pl.lit(f"medianen av {among.sv}"), pl.lit(f"the median of {among.en}")

    def figures(self, sight: Sight) -> Figures:
        median, z = self._of("median"), self._distance() / self._of("scale")
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=median,
            basis_year=columns.YEAR,
            basis_title=self._title(),
            gap=self._distance(),
            gap_ratio=pl.when(median != 0).then(self._distance() / median.abs()),
            n=pl.col(self._others.n),
            of=pl.col(self._others.of),
            told=(
                Told("scale", Text("robust standardavvikelse", "robust standard deviation"), self._scale()),
                Told("z", Text("så många av dem", "so many of them"), Field("number", (z,))),
                Told("members", Text("kommuner med värde", "municipalities with a value"), self._n()),
            ),
            no_meaning=(others.NO_ORDER,),
        )

    def _scale(self) -> Field:
        return Field("difference", (self._of("scale"),))

    def _n(self) -> Field:
        return Field("integer", (pl.col(self._others.n),))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        z = self._distance() / self._of("scale")
        return others.beside(columns.own(0), self._of("median"), self._title()) | {
            "z": Field("number", (z,)),
            "n": self._n(),
        }

    def say(self, lang: Lang) -> str:
        number = f"{self.beyond:g}" if lang == "en" else f"{self.beyond:g}".replace(".", ",")
        side, among = others.SIDE_WORDS[self.side].in_(lang), others.AMONG_WORDS[self.among].in_(lang)
        return phrase(
            f"mer än {number} robusta standardavvikelser {side} medianen av {among}",
            f"more than {number} robust standard deviations {side} the median of {among}",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Outlier | None:
    reader = fields.reader
    side = fields.required("outlier", lambda node, what: reader.word(node, tuple(others.SIDES), what), example="worse")
    among = fields.required("among", lambda node, what: reader.word(node, tuple(others.AMONG), what), example="nation")
    beyond = fields.required("beyond", lambda node, what: reader.quantity(node, what, "3.5"), example="3.5")
    if beyond is not None and (beyond.measure or not 0 < beyond.value <= _MOST):
        reader.report(
            "beyond-range",
            fields.value_place("beyond"),
            Text(
                "'beyond' ska vara ett antal standardavvikelser, mer än 0 och högst 100.",
                "'beyond' must be a number of standard deviations, more than 0 and at most 100.",
            ),
            Text("Skriv till exempel '3.5'.", "Write for example '3.5'."),
        )
        return None
    if side is None or among is None or beyond is None:
        return None
    if not others.has_order(fields, "outlier", side, others.SIDES[side], scope):
        return None
    return Outlier(header.place, header.name, header.because, side, others.AMONG[among], beyond.value)
