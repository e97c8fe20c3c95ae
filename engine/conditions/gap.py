"""Kind ``gap``: the distance to a basis has grown, or shrunk, every year.

    {gap: widening, to: reference, side: worse, over: 3 years, by: 2 %}
    {gap: narrowing, to: peers.mean, over: 3 years}

``over: 3 years`` means the values of three calendar years, each with a basis of its own year. They all lie
on the named side of the basis (without ``side``: all on the same), and the distance is greater, or smaller,
than in the year before; ``by`` is what the whole change must exceed. A gap that changes side does neither:
that is a turn. The margin is the smallest of these distances and changes, in the KPI's measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions import columns, yearly
from genomlys.engine.conditions.apart import gap_percent
from genomlys.engine.conditions.base import Field, Figures, InYear, Need, Sight, Subject, phrase
from genomlys.engine.conditions.bases import BENCHMARK_WORDS, Benchmark, Number, OwnBefore
from genomlys.engine.conditions.compare import SIDE, SIDE_WORDS, SIDES, beside
from genomlys.engine.conditions.difference import NO_DIRECTION, OPPOSITE, Band, Side, change, gap, margin
from genomlys.engine.conditions.margin import Margin, all_of, any_of
from genomlys.engine.conditions.reading import BY, Header, Scope, needs_direction, read_against, read_band
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import QUANTITY, YEARS, Choice, Either, Word

TELLING = frozenset({"gap"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi",)
CHANGES = ("widening", "narrowing")
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "gap": Word(
                Choice(CHANGES), Text("Avståndet växer eller minskar.", "The distance grows (widening) or shrinks.")
            ),
            "to": Word(
                Either((Choice(tuple(BENCHMARK_WORDS)), QUANTITY)),
                Text(
                    "Vad avståndet är till: ett jämförelsevärde eller ett tal.",
                    "What the distance is to: a benchmark or a number.",
                ),
            ),
            "side": Word(
                Choice(SIDES),
                Text(
                    "Sidan som värdet ligger på alla åren; utan 'side' vilken som helst, men samma.",
                    "The side that the value lies on in all the years; without it either, but the same.",
                ),
            ),
            "over": Word(
                YEARS,
                Text(
                    "Så många kalenderårs värden; avståndet ändras varje år.",
                    "The values of so many calendar years; the distance changes every year.",
                ),
            ),
            "by": BY,
        },
        needed=("gap", "to", "over"),
        about=Text("Avståndet till något växer eller minskar varje år.", "The distance to a basis changes every year."),
        example="{gap: widening, to: reference, side: worse, over: 3 years}",
    ),
)
WORDS = words_of(SHAPES)
_WORDS = {"widening": Text("vuxit", "grown"), "narrowing": Text("minskat", "shrunk")}
_MOST_YEARS = 10


@dataclass(frozen=True)
class Gap:
    place: Place
    name: str | None
    because: Template | None
    change: str
    to: Benchmark | Number
    side: Side | None  # None: either, but the same every year
    years: int
    by: Band

    def needs(self) -> tuple[Need, ...]:
        return yearly.needs(self.to, self.years)

    def margin(self, sight: Sight) -> Margin:
        sides: tuple[Side, ...] = ("above", "below") if self.side is None else (self.side,)
        sided = [all_of([self._in_year(side, lag, sight) for lag in range(self.years)]) for side in sides]
        return any_of(sided, sight.once)

    def _in_year(self, side: Side, lag: int, sight: Sight) -> Margin:
        """On the side, and farther from the basis (nearer to it) than the year before; in the last year by enough."""
        now = yearly.pair(self.to, lag)
        parts = [margin(now.own, now.basis, side, Band(), sight, now.target, half_basis=now.half_basis)]
        toward = side if self.change == "widening" else OPPOSITE[side]
        if lag < self.years - 1:
            parts.append(change(now, yearly.pair(self.to, lag + 1), toward, Band(), sight))
        if lag == 0:
            parts.append(change(now, yearly.pair(self.to, self.years - 1), toward, self.by, sight))
        return all_of(parts)

    def _in_years(self, sight: Sight) -> tuple[InYear, ...]:
        """None without a side: one year alone does not tell which of the two it is."""
        if self.side is None:
            return ()
        pairs = [yearly.pair(self.to, lag) for lag in range(self.years)]
        return tuple(
            InYear(
                margin=self._in_year(self.side, lag, sight),
                value=pair.own,
                year=columns.YEAR - lag,
                basis=pair.basis,
                basis_year=self.to.year(lag),
                band=pl.lit(0.0),
                source=self.to.source,
            )
            for lag, pair in enumerate(pairs)
        )

    def figures(self, sight: Sight) -> Figures:
        now = yearly.pair(self.to, 0)
        aim = now.target if sight.targets and self.side in ("worse", "better") else None
        # Without a side a cost above its basis is what may be worth money.
        apart = gap(now.own, now.basis, self.side or "above", aim)
        distance = apart if self.side is not None else apart.abs()
        return Figures(
            value=columns.own(0),
            value_year=columns.YEAR,
            basis=now.basis,
            basis_year=self.to.year(),
            basis_title=self.to.title(),
            years=self.years,
            gap=apart,
            gap_ratio=pl.when(now.basis != 0).then(distance / now.basis.abs()),
            in_years=self._in_years(sight),
            # Where nothing but chance moves the gaps, each order of them is as probable as any other.
            chance=1 / math.factorial(self.years),
            lasting=self.years - 1,
            no_meaning=(NO_DIRECTION,),
        )

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        now, first = yearly.pair(self.to, 0), yearly.pair(self.to, self.years - 1)
        apart = (now.own - now.basis).abs() - (first.own - first.basis).abs()
        return {
            **beside(self.to, now.own, now.basis),
            "first_gap": Field("difference", (first.own - first.basis,)),
            "first_gap_percent": gap_percent(first.own, first.basis),
            "first_year": Field("integer", (columns.YEAR - (self.years - 1),)),
            "last_year": Field("integer", (columns.YEAR,)),
            "change": Field("difference", (apart,)),
            "years": Field("integer", (pl.lit(self.years),)),
        }

    def say(self, lang: Lang) -> str:
        same = phrase("på samma sida om", "on the same side of", lang)
        side = same if self.side is None else SIDE_WORDS[self.side].in_(lang)
        band = self.by.say(lang)
        return phrase(
            f"{side} {self.to.say(lang)} {self.years} år i följd, och avståndet har {_WORDS[self.change].sv} varje år"
            + f", sammanlagt{band}" * bool(band),
            f"{side} {self.to.say(lang)} {self.years} years running, and the distance has {_WORDS[self.change].en}"
            + f" every year{f', in all{band}' * bool(band)}",
            lang,
        )


def read(fields: Fields, header: Header, scope: Scope) -> Gap | None:
    reader = fields.reader
    said = fields.required("gap", lambda node, what: reader.word(node, CHANGES, what), example="widening")
    to = read_against(fields, "to", scope)
    side = fields.optional("side", lambda node, what: reader.word(node, SIDES, what))
    sound = side not in ("worse", "better") or needs_direction(fields, side, scope, "side")
    years = fields.required("over", reader.years, example="3 years")
    by = read_band(fields, scope)
    if isinstance(to, OwnBefore):
        reader.report(
            "gap-to-itself",
            fields.value_place("to"),
            Text(
                "avståndet till ett eget tidigare värde är en förändring.", "the distance to an own value is a change."
            ),
            Text("Skriv till exempel '{is: rising, for: 3 years}'.", "Write for example '{is: rising, for: 3 years}'."),
        )
        return None
    if years is not None and not 2 <= years <= _MOST_YEARS:
        reader.report(
            "run-length",
            fields.value_place("over"),
            Text(
                f"ett avstånd följs över 2 till {_MOST_YEARS} år, inte {years}.",
                f"a gap is followed over 2 to {_MOST_YEARS} years, not {years}.",
            ),
            Text("Skriv till exempel '3 years'.", "Write for example '3 years'."),
        )
        return None
    if said is None or to is None or years is None or by is None or not sound:
        return None
    return Gap(header.place, header.name, header.because, said, to, None if side is None else SIDE[side], years, by)
