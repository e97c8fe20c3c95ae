"""Kind ``data``: the figure itself is missing, too old or not published.

    {is: missing}
    {is: suppressed}
    {is: stale}                      # the latest value is older than the KPI's max_age
    {is: stale, older_than: 3 years}

Always known: it is a statement about the data set, not about the municipality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Field, Figures, Lags, Need, Sight, Subject, Told, phrase
from genomlys.engine.conditions.margin import Margin, of_numbers, of_truth
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import YEARS, Choice, Word

TELLING = frozenset({"older_than"})
SUBJECTS: tuple[Subject, ...] = ("kpi",)
STATES = ("missing", "stale", "suppressed")
IS = STATES
SHAPES = (
    Shape(
        SUBJECTS,
        {
            "is": Word(
                Choice(("missing", "suppressed")), Text("Saknas eller sekretessbelagt.", "Missing or suppressed.")
            )
        },
        needed=("is",),
        about=Text("Själva värdet saknas eller lämnas inte ut.", "The value itself is missing or not published."),
        example="{is: missing}",
    ),
    Shape(
        SUBJECTS,
        {
            "is": Word(Choice(("stale",)), Text("För gammalt.", "Too old.")),
            "older_than": Word(
                YEARS,
                Text("I stället för nyckeltalets egen högsta ålder.", "Instead of the KPI's own highest age."),
            ),
        },
        needed=("is",),
        about=Text("Det senaste värdet är för gammalt.", "The latest value is too old."),
        example="{is: stale, older_than: 3 years}",
    ),
)
WORDS = words_of(SHAPES)


def _latest(none: str, old: str) -> pl.Expr:
    year, judged = columns.LATEST_YEAR, columns.LATEST_YEAR + columns.AGE
    when_old = pl.format(old, year.cast(pl.String), columns.AGE.cast(pl.String), judged.cast(pl.String))
    return pl.when(columns.AGE > 0).then(when_old).otherwise(year.cast(pl.String)).fill_null(none)


_LATEST = Field(
    "word",
    (
        _latest("det finns inget", "{}, {} år före bedömningsåret {}"),
        _latest("there is none", "{}, {} years before the year judged, {}"),
    ),
)


@dataclass(frozen=True)
class Data:
    place: Place
    name: str | None
    because: Template | None
    state: str
    older_than: int | None

    def needs(self) -> tuple[Need, ...]:
        return (Lags("own", 1),)

    def margin(self, sight: Sight) -> Margin:
        if self.older_than is not None:
            years = (columns.AGE - self.older_than).cast(pl.Float64)
            never = pl.when(columns.AGE.is_null()).then(-1.0).otherwise(years)
            return of_numbers(never)
        return of_truth(columns.STATE == self.state)

    def figures(self, sight: Sight) -> Figures:
        latest = Told("latest", Text("senaste värde", "latest value"), _LATEST, columns.LATEST_YEAR, "own")
        return Figures(told=(latest,), scale="år")

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        if self.state != "stale":
            return {}
        return {
            "age": Field("integer", (columns.AGE,)),
            "latest_year": Field("integer", (columns.LATEST_YEAR,)),
        }

    def say(self, lang: Lang) -> str:
        if self.older_than is not None:
            return phrase(
                f"det senaste värdet är äldre än {self.older_than} år",
                f"the latest value is older than {self.older_than} years",
                lang,
            )
        words = {
            "missing": Text("värdet saknas", "the value is missing"),
            "stale": Text("det senaste värdet är för gammalt", "the latest value is too old"),
            "suppressed": Text("värdet är sekretessbelagt", "the value is suppressed"),
        }
        return words[self.state].in_(lang)


def read(fields: Fields, header: Header, scope: Scope) -> Data | None:
    reader = fields.reader
    state = fields.required("is", lambda node, what: reader.word(node, STATES, what), example="stale")
    older_than = fields.optional("older_than", reader.years)
    if older_than is not None and state in ("missing", "suppressed"):
        reader.report(
            "mixed-words",
            fields.key_place("older_than"),
            Text(f"'older_than' kan inte stå med 'is: {state}'.", f"'older_than' cannot stand with 'is: {state}'."),
            Text("Skriv 'is: stale', eller ta bort 'older_than'.", "Write 'is: stale', or remove 'older_than'."),
        )
        return None
    if state is None:
        return None
    return Data(header.place, header.name, header.because, state, older_than)
