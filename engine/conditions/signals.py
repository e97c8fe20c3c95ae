"""Kind ``signals``: a circumstance that no figure shows, or an area's circumstances.

    {kind: law, newer_than: 24 months}        # for_each: {signal: {}}
    {any_signal: {kind: [law, audit]}}        # for an area or a measure: in the same area

``newer_than`` is unknown where the signal has no date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions.base import (
    Field,
    Figures,
    Need,
    Sight,
    Subject,
    Told,
    either,
    phrase,
    word_of,
)
from genomlys.engine.conditions.margin import Margin, all_of, of_numbers, of_truth
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.rows import AnyRow, read_group, refuse_without_group
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import MONTHS, Choice, Group, Many, Word
from genomlys.engine.vocabulary import SIGNAL_KINDS

IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("signal", "area", "measure")
_FILTER = {
    "kind": Word(Many(Choice(SIGNAL_KINDS)), Text("Omständighetens slag.", "The kind of signal.")),
    "newer_than": Word(MONTHS, Text("Daterad för mindre än så länge sedan.", "Dated less than so long ago.")),
}
FILTER_WORDS = frozenset(_FILTER)
SHAPES = (
    Shape(
        ("signal",),
        _FILTER,
        needed=(),
        about=Text(
            "Så är det med omständigheten; alla ord ska stämma.", "What is so of the signal; all words must fit."
        ),
        example="{kind: law, newer_than: 24 months}",
    ),
    Shape(
        SUBJECTS,
        {"any_signal": Word(Group(_FILTER), Text("Vilka omständigheter det gäller.", "Which signals are meant."))},
        needed=("any_signal",),
        about=Text("Området har en sådan omständighet.", "The area has such a signal."),
        example="{any_signal: {kind: [law, audit]}}",
    ),
)
WORDS = TELLING = words_of(SHAPES)

NAMES = {
    "law": Text("lag", "law"),
    "policy": Text("styrning", "policy"),
    "audit": Text("granskning", "audit"),
    "external": Text("omvärld", "external"),
    "organisation": Text("organisation", "organisation"),
    "forecast": Text("prognos", "forecast"),
}


@dataclass(frozen=True)
class SignalFilter:
    kinds: tuple[str, ...] = ()
    newer_than: int | None = None

    @property
    def key(self) -> str:
        return f"kind={'|'.join(self.kinds)};newer={self.newer_than}"

    def margin(self) -> Margin:
        parts = [of_truth(pl.col("kind").is_in(list(self.kinds)))] if self.kinds else []
        if self.newer_than is not None:
            limit = pl.col("date").dt.offset_by(f"{self.newer_than}mo")
            days = (limit - pl.col("as_of")).dt.total_days().cast(pl.Float64)
            parts.append(of_numbers(days))
        return all_of(parts) if parts else of_truth(pl.lit(True))

    def say(self, lang: Lang) -> str:
        words = [either([NAMES[kind].in_(lang) for kind in self.kinds], lang)] if self.kinds else []
        if self.newer_than is not None:
            words.append(phrase(f"nyare än {self.newer_than} månader", f"newer than {self.newer_than} months", lang))
        return "; ".join(words) or phrase("vilken som helst", "any", lang)


@dataclass(frozen=True)
class Signal:
    place: Place
    name: str | None
    because: Template | None
    where: SignalFilter

    def needs(self) -> tuple[Need, ...]:
        return ()

    def margin(self, sight: Sight) -> Margin:
        return self.where.margin()

    def figures(self, sight: Sight) -> Figures:
        told = [Told("kind", Text("slag", "kind"), word_of("kind", NAMES))] if self.where.kinds else []
        if self.where.newer_than is None:
            return Figures(told=tuple(told), scale="dagar")
        date = Told("date", Text("datum", "date"), Field("text", (pl.col("date").cast(pl.String),)))
        return Figures(told=(*told, date), scale="dagar", dates=("date",))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return {}

    def say(self, lang: Lang) -> str:
        return phrase("omständigheten (", "the signal (", lang) + self.where.say(lang) + ")"


@dataclass(frozen=True)
class AnySignal(AnyRow):
    """At least one signal of the area; the margin is in signals."""

    TABLE = "signals"
    SCALE = "omständigheter"
    SAID = Text("området har en omständighet", "the area has a signal")

    where: SignalFilter


def read(fields: Fields, header: Header, scope: Scope) -> Signal | AnySignal | None:
    if "any_signal" in fields:
        where = read_group(fields, "any_signal", FILTER_WORDS, _read_filter)
        return None if where is None else AnySignal(header.place, header.name, header.because, where)
    if scope.subject != "signal":
        refuse_without_group(fields, "any_signal", FILTER_WORDS, Text("omständigheter", "signals"))
        return None
    return Signal(header.place, header.name, header.because, _read_filter(fields))


def _read_filter(fields: Fields) -> SignalFilter:
    reader = fields.reader
    node = fields.raw("kind")
    kinds = () if node is None else reader.words(node, SIGNAL_KINDS, Text("'kind'", "'kind'"))
    return SignalFilter(kinds, fields.optional("newer_than", reader.months))
