"""Kind ``rank``: the unit is one of the k worst, best, highest or lowest of those that it is set against.

    {rank: worst, among: peers, places: 2}
    {rank: worst, among: nation, share: 10 %}

The unit itself is one of them, and one of the k when fewer than k of the others are worse or equal. So units with the
same value get the same answer: two that share the first place are both among the two worst, and neither is the worst. A
share of n units is the whole number of places that it holds; n counts everyone whom the KPI applies to, with or
without a value.

The margin is the distance to the k-th worst of the others, in the KPI's measure. Members without a value may lie
anywhere: the margin lies between what it is if all of them are better and if all are worse. Has no meaning where the
places are none or hold everyone; unknown with fewer members than ``base.FEWEST``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions import columns, others
from genomlys.engine.conditions.base import (
    FEWEST,
    Among,
    Column,
    Field,
    Figures,
    Lags,
    Metric,
    Need,
    Others,
    Sample,
    Sight,
    Subject,
    Told,
    Window,
    phrase,
)
from genomlys.engine.conditions.difference import TIE
from genomlys.engine.conditions.margin import INF, Margin, bounded
from genomlys.engine.conditions.others import Toward
from genomlys.engine.conditions.reading import Header, Scope, percent, read_percent
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import COUNT, QUANTITY, Choice, Word
from genomlys.engine.statistics.samples import kth_largest, places

TELLING = frozenset({"rank"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi",)
_TOWARD: Final[dict[str, Toward]] = {"worst": "worse", "best": "better", "highest": "high", "lowest": "low"}
_RANK: Final = {
    "rank": Word(
        Choice(tuple(_TOWARD)),
        Text(
            "highest och lowest är bokstavliga; worst och best följer nyckeltalets riktning.",
            "highest and lowest are literal; worst and best follow the KPI's direction.",
        ),
    ),
    "among": others.AMONG_WORD,
}
_ABOUT: Final = Text(
    "Kommunen är en av de sämsta, bästa, högsta eller lägsta.",
    "The municipality is one of the worst, best, highest or lowest.",
)
SHAPES = (
    Shape(
        SUBJECTS,
        {**_RANK, "places": Word(COUNT, Text("En av så många.", "One of so many."))},
        needed=("rank", "among", "places"),
        about=_ABOUT,
        example="{rank: worst, among: peers, places: 2}",
    ),
    Shape(
        SUBJECTS,
        {**_RANK, "share": Word(QUANTITY, Text("En av så stor andel.", "One of so large a share."))},
        needed=("rank", "among", "share"),
        about=_ABOUT,
        example="{rank: worst, among: nation, share: 10 %}",
    ),
)
WORDS = words_of(SHAPES)
_SAID: Final = {
    "worst": Text("sämsta", "worst"),
    "best": Text("bästa", "best"),
    "highest": Text("högsta", "highest"),
    "lowest": Text("lägsta", "lowest"),
}
_ORDINALS: Final = {
    2: Text("näst", "second"),
    3: Text("tredje", "third"),
    4: Text("fjärde", "fourth"),
    5: Text("femte", "fifth"),
    6: Text("sjätte", "sixth"),
    7: Text("sjunde", "seventh"),
    8: Text("åttonde", "eighth"),
    9: Text("nionde", "ninth"),
    10: Text("tionde", "tenth"),
    11: Text("elfte", "eleventh"),
    12: Text("tolfte", "twelfth"),
}
_ENDS: Final = (
    (Text("högst", "highest"), Text("lägst", "lowest")),
    (Text("uppifrån", "from the top"), Text("nerifrån", "from the bottom")),
)
_NO_PLACES: Final = Text(
    "platserna är inga eller rymmer alla som jämförs", "the places are none or hold everyone compared"
)


@dataclass(frozen=True)
class Boundary(Metric):
    """Columns least and most: the k-th of the others, turned so that more is farther, if those without a value are
    nearest and farthest; meant: whether the k places say something; ahead: how many with a value are farther; tied:
    how many have the same."""

    toward: Toward
    among: Among
    places: int | None
    share: Fraction | None

    def column(self, name: str) -> str:
        return f"rank.{self.toward}.{self.among}.{self.places or self.share}.{name}"

    def needs(self) -> tuple[Others, ...]:
        return (Others(self.among),)

    def columns(self, window: Window) -> Mapping[str, Column]:
        sample, turn = window.others(self.among), others.signs(self.toward, window)
        at, is_member = sample.at, sample.mine >= 0
        members = sample.of[at] + (self.among == "peers")
        k = self._places(members)
        without = np.where(is_member, _picked(sample.values, at, sample.mine) * turn, np.nan)
        missing = (sample.of - sample.n)[at]

        def largest(place: NDArray[np.int64]) -> NDArray[np.float64]:
            return kth_largest(sample.ordered, sample.n, at, np.maximum(place, 1), turn, without)

        least, most = largest(k), np.where(missing >= k, INF, largest(k - missing))
        enough = sample.of[at] >= FEWEST[self.among]
        ranked = is_member if self.among == "nation" else np.ones(len(at), dtype=np.bool_)

        @cache
        def place() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            return self._place(sample, turn, window.own(0) * turn)

        found: dict[str, Column] = {
            "least": np.where(enough, least, -INF),
            "most": np.where(enough, most, INF),
            "meant": ranked & (~enough | ((k >= 1) & (k < members))),
            "ahead": lambda: place()[0],
            "tied": lambda: place()[1],
        }
        return {self.column(name): column for name, column in found.items()}

    def _places(self, members: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.share is None:
            return np.full(len(members), self.places or 0, dtype=np.int64)
        return members * self.share.numerator // self.share.denominator

    def _place(
        self, sample: Sample, turn: NDArray[np.float64], own: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        turned = np.full(len(sample.values), np.nan)
        turned[sample.at] = turn  # a set is of one KPI
        values = sample.values * turned[:, None]
        if self.among == "nation":
            larger, equal = places(values)
            return _picked(larger, sample.at, sample.mine), _picked(equal, sample.at, sample.mine)
        mine = values[sample.at]
        ahead, tied = (mine > own[:, None]).sum(axis=1), (mine == own[:, None]).sum(axis=1)
        return ahead.astype(np.float64), tied.astype(np.float64)


def _picked(values: NDArray[np.float64], at: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float64]:
    if values.shape[1] == 0:
        return np.full(len(at), np.nan)
    return np.where(column >= 0, values[at, np.maximum(column, 0)], np.nan)


@dataclass(frozen=True)
class Rank:
    place: Place
    name: str | None
    because: Template | None
    side: str
    among: Among
    places: int | None
    share: Fraction | None

    @property
    def _toward(self) -> Toward:
        return _TOWARD[self.side]

    @property
    def _boundary(self) -> Boundary:
        return Boundary(self._toward, self.among, self.places, self.share)

    @property
    def _others(self) -> Others:
        return Others(self.among)

    def _of(self, name: str) -> pl.Expr:
        return pl.col(self._boundary.column(name))

    def needs(self) -> tuple[Need, ...]:
        return (Lags("own", 1), self._others, self._boundary)

    def margin(self, sight: Sight) -> Margin:
        own, room = sight.once(others.sign(self._toward) * columns.own(0)), columns.OWN_HALF + columns.ANY_HALF
        lo = sight.once((own - self._of("most")).fill_null(-INF))
        hi = sight.once((own - self._of("least")).fill_null(INF))
        meant, ordered = self._of("meant"), others.applies(self._toward)
        tie = sight.once(own.abs().fill_null(0.0) * (2 * TIE))  # where the two are nearly the same, their sizes are
        known = bounded(lo, hi, lo - room, hi + room, tie)
        return replace(known, applies=meant if ordered is None else ordered & meant)

    def _limit(self) -> pl.Expr:
        """The value at the boundary, where it is known."""
        least = self._of("least")
        known = (least == self._of("most")) & least.is_finite()
        return pl.when(known).then(others.sign(self._toward) * least)

    def figures(self, sight: Sight) -> Figures:
        title, no_places = self._title(), (~self._of("meant"), _NO_PLACES)
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=self._limit(),
            basis_year=columns.YEAR,
            basis_title=(pl.lit(title.sv), pl.lit(title.en)),
            gap=others.sign(self._toward) * (columns.own(0) - self._limit()),
            n=pl.col(self._others.n),
            of=pl.col(self._others.of),
            told=(Told("place", Text("plats", "place"), Field("word", self._place_words())),),
            no_meaning=(no_places,) if others.applies(self._toward) is None else (others.NO_ORDER, no_places),
        )

    def _title(self) -> Text:
        among = others.AMONG_WORDS[self.among]
        return Text(f"gränsen bland {among.sv}", f"the limit among {among.en}")

    def _count(self) -> pl.Expr:
        """Of how many with a value, the unit itself among them."""
        return (pl.col(self._others.n) + (self.among == "peers")).cast(pl.Int64)

    def _place_words(self) -> tuple[pl.Expr, pl.Expr]:
        """ "näst högst", "delat lägst", "nummer 13 uppifrån"."""
        return self._placed("sv"), self._placed("en")

    def _placed(self, lang: Lang) -> pl.Expr:
        place = (self._of("ahead") + 1).cast(pl.Int64)
        is_high = others.sign(self._toward) > 0
        end, there = (
            pl.when(is_high).then(pl.lit(high.in_(lang))).otherwise(pl.lit(low.in_(lang))) for high, low in _ENDS
        )
        ordinals = {1: ""} | {number: f"{text.in_(lang)} " for number, text in _ORDINALS.items()}
        near = pl.concat_str(place.replace_strict(ordinals, default=None, return_dtype=pl.String), end)
        far = pl.format("{} {} {}", pl.lit(phrase("nummer", "number", lang)), place.cast(pl.String), there)
        shared = pl.when(self._of("tied") > 0).then(pl.lit(phrase("delat ", "joint ", lang))).otherwise(pl.lit(""))
        return pl.concat_str(shared, pl.coalesce(near, far))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return {
            "rank": Field("integer", ((self._of("ahead") + 1).cast(pl.Int64),)),
            "n": Field("integer", (self._count(),)),
            "place": Field("word", self._place_words()),
            "basis": Field("value", (self._limit(),)),
            "gap": Field("difference", (columns.own(0) - self._limit(),)),
        }

    def say(self, lang: Lang) -> str:
        side, among = _SAID[self.side].in_(lang), others.AMONG_WORDS[self.among].in_(lang)
        if self.share is not None:
            share = percent(self.share, lang)
            return phrase(f"bland de {share} {side} av {among}", f"among the {side} {share} of {among}", lang)
        if self.places == 1:
            return phrase(f"den {side} av {among}", f"the {side} of {among}", lang)
        return phrase(f"en av de {self.places} {side} av {among}", f"one of the {self.places} {side} of {among}", lang)


def read(fields: Fields, header: Header, scope: Scope) -> Rank | None:
    reader = fields.reader
    side = fields.required("rank", lambda node, what: reader.word(node, tuple(_TOWARD), what), example="worst")
    among = fields.required("among", lambda node, what: reader.word(node, tuple(others.AMONG), what), example="peers")
    before = len(reader.problems)
    places = fields.optional("places", reader.count)
    share = read_percent(fields, "share", "share-range", 0, "10 %") if "share" in fields else fields.raw("share")
    if ("places" in fields) == ("share" in fields):
        fields.refuse(
            "places-or-share",
            fields.key_place("share") if "share" in fields else fields.place,
            Text("'rank' behöver ett av 'places' och 'share'.", "'rank' takes one of 'places' and 'share'."),
            Text("Skriv 'places: 2' eller 'share: 10 %'.", "Write 'places: 2' or 'share: 10 %'."),
        )
        return None
    if places == 0:
        reader.report(
            "never-fires",
            fields.value_place("places"),
            Text("ingen är en av noll.", "nobody is one of none."),
            Text("Skriv till exempel 'places: 2'.", "Write for example 'places: 2'."),
        )
    if side is None or among is None or len(reader.problems) > before:
        return None
    if not others.has_order(fields, "rank", side, _TOWARD[side], scope, ("highest", "lowest")):
        return None
    found = share if isinstance(share, Fraction) else None
    return Rank(header.place, header.name, header.because, side, others.AMONG[among], places, found)
