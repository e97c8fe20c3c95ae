"""Kind ``measures``: what is so of a measure decided earlier, or of an area's measures.

    {status: not_started, older_than: 12 months}         # for_each: {measure: {}}
    {any_measure: {status: [ongoing, not_started]}}      # for an area or a signal: in the same area

Words: status, horizon, saving (the kind of saving), older_than (months since it was decided),
past_due (its due date has passed). All words given must be so. ``older_than`` is unknown where the
date of the decision is missing; ``past_due`` has no meaning where no date was set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from genomlys.engine.conditions.margin import Margin, all_of, negated, of_numbers, of_truth
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.rows import AnyRow, read_group, refuse_without_group
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import MONTHS, YES_OR_NO, Choice, Group, Many, Word
from genomlys.engine.vocabulary import HORIZONS, MEASURE_STATUSES, SAVING_KINDS

IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("measure", "area", "signal")
_FILTER = {
    "status": Word(Many(Choice(MEASURE_STATUSES)), Text("Åtgärdens läge.", "The measure's status.")),
    "horizon": Word(Many(Choice(HORIZONS)), Text("Kort eller lång sikt, eller att utreda.", "The measure's horizon.")),
    "saving": Word(Many(Choice(SAVING_KINDS)), Text("Vad effekten är för slag.", "The kind of saving.")),
    "older_than": Word(MONTHS, Text("Beslutad för mer än så länge sedan.", "Decided more than so long ago.")),
    "past_due": Word(YES_OR_NO, Text("Slutdatum har passerat.", "The due date has passed.")),
}
FILTER_WORDS = frozenset(_FILTER)
SHAPES = (
    Shape(
        ("measure",),
        _FILTER,
        needed=(),
        about=Text("Så är det med åtgärden; alla ord ska stämma.", "What is so of the measure; all words must fit."),
        example="{status: not_started, older_than: 12 months}",
    ),
    Shape(
        SUBJECTS,
        {
            "any_measure": Word(
                Group(_FILTER), Text("Vilka åtgärder det gäller; alla ord ska stämma.", "Which measures are meant.")
            )
        },
        needed=("any_measure",),
        about=Text("Området har en sådan åtgärd.", "The area has such a measure."),
        example="{any_measure: {status: [ongoing, not_started]}}",
    ),
)
WORDS = TELLING = words_of(SHAPES)
_LISTS = {
    "status": ("status", MEASURE_STATUSES),
    "horizon": ("horizon", HORIZONS),
    "saving": ("saving_kind", SAVING_KINDS),
}

_SAID = {"status": Text("läge", "status"), "horizon": Text("sikt", "horizon"), "saving_kind": Text("effekt", "effect")}
_NO_DUE = Text("åtgärden har inget slutdatum", "the measure has no due date")
NAMES = {
    "not_started": Text("inte påbörjad", "not started"),
    "ongoing": Text("pågår", "ongoing"),
    "done": Text("genomförd", "done"),
    "not_feasible": Text("går inte att genomföra", "not feasible"),
    "stopped": Text("avbruten", "stopped"),
    "short": Text("kort", "short term"),
    "long": Text("lång", "long term"),
    "investigate": Text("att utreda", "to be investigated"),
    "amount": Text("beräknad i kronor", "an amount"),
    "too_early": Text("för tidigt att bedöma", "too early to tell"),
    "awaiting_inquiry": Text("inväntar utredning", "awaiting an inquiry"),
    "avoids_cost": Text("motverkar ökade kostnader", "avoids higher costs"),
    "unclear": Text("oklart hur stor", "not known how large"),
}


def _say_words(column: str, values: Sequence[str], lang: Lang) -> str:
    """ "läge: pågår eller genomförd": a column of the measures table and its words."""
    return f"{_SAID[column].in_(lang)}: {either([NAMES[value].in_(lang) for value in values], lang)}"


@dataclass(frozen=True)
class MeasureFilter:
    """Which measures are meant. The margin is in days where ``older_than`` is given, else without scale."""

    lists: tuple[tuple[str, tuple[str, ...]], ...] = ()
    older_than: int | None = None
    past_due: bool | None = None

    @property
    def key(self) -> str:
        words = [f"{column}={'|'.join(values)}" for column, values in self.lists]
        return ";".join([*words, f"older={self.older_than}", f"due={self.past_due}"])

    def margin(self) -> Margin:
        parts = [of_truth(pl.col(column).is_in(list(values))) for column, values in self.lists]
        if self.older_than is not None:
            days = _days_since(pl.col("decided").dt.offset_by(f"{self.older_than}mo"))
            parts.append(of_numbers(days))
        if self.past_due is not None:
            passed = of_numbers(_days_since(pl.col("due")), applies=pl.col("due").is_not_null())
            # On the very day it has not passed, so "no" is the negation and not the opposite difference.
            parts.append(passed if self.past_due else negated(passed))
        return all_of(parts) if parts else of_truth(pl.lit(True))

    def say(self, lang: Lang) -> str:
        words = [_say_words(column, values, lang) for column, values in self.lists]
        if self.older_than is not None:
            words.append(
                phrase(
                    f"beslutad för mer än {self.older_than} månader sedan",
                    f"decided more than {self.older_than} months ago",
                    lang,
                )
            )
        if self.past_due is not None:
            words.append(
                phrase("slutdatum passerat", "due date passed", lang)
                if self.past_due
                else phrase("slutdatum inte passerat", "due date not passed", lang)
            )
        return "; ".join(words) or phrase("vilken som helst", "any", lang)


def _days_since(day: pl.Expr) -> pl.Expr:
    return (pl.col("as_of") - day).dt.total_days().cast(pl.Float64)


def _date(column: str, title: Text) -> Told:
    return Told(column, title, Field("text", (pl.col(column).cast(pl.String),)))


@dataclass(frozen=True)
class Measure:
    place: Place
    name: str | None
    because: Template | None
    where: MeasureFilter

    def needs(self) -> tuple[Need, ...]:
        return ()

    def margin(self, sight: Sight) -> Margin:
        return self.where.margin()

    def figures(self, sight: Sight) -> Figures:
        where = self.where
        told = [Told(column, _SAID[column], word_of(column, NAMES)) for column, _ in where.lists]
        if where.older_than is not None:
            told.append(_date("decided", Text("beslutad", "decided")))
        if where.past_due is not None:
            told.append(_date("due", Text("slutdatum", "due date")))
        return Figures(
            told=tuple(told),
            scale="dagar",
            dates=("decided",) if where.older_than is not None else (),
            no_meaning=(
                (pl.col("due").is_null(), Text("åtgärden har inget slutdatum", "the measure has no due date")),
            ),
        )

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return {}

    def say(self, lang: Lang) -> str:
        return phrase("åtgärden (", "the measure (", lang) + self.where.say(lang) + ")"


@dataclass(frozen=True)
class AnyMeasure(AnyRow):
    """At least one measure of the area; the margin is in measures."""

    TABLE = "measures"
    SCALE = "åtgärder"
    SAID = Text("området har en åtgärd", "the area has a measure")

    where: MeasureFilter


def read(fields: Fields, header: Header, scope: Scope) -> Measure | AnyMeasure | None:
    if "any_measure" in fields:
        where = read_group(fields, "any_measure", FILTER_WORDS, _read_filter)
        return None if where is None else AnyMeasure(header.place, header.name, header.because, where)
    if scope.subject != "measure":
        refuse_without_group(fields, "any_measure", FILTER_WORDS, Text("åtgärder", "measures"))
        return None
    return Measure(header.place, header.name, header.because, _read_filter(fields))


def _read_filter(fields: Fields) -> MeasureFilter:
    reader = fields.reader
    lists = []
    for word, (column, choices) in _LISTS.items():
        node = fields.raw(word)
        if node is not None:
            lists.append((column, reader.words(node, choices, Text(f"'{word}'", f"'{word}'"))))
    return MeasureFilter(
        lists=tuple(lists),
        older_than=fields.optional("older_than", reader.months),
        past_due=fields.optional("past_due", reader.yes_or_no),
    )
