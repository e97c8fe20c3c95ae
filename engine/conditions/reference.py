"""Kind ``reference``: another rule for the same subject is flagged.

    {rule: cost-above-reference}

The margin is the other rule's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions.base import Field, Figures, Need, RuleMargin, Sight, Subject, phrase
from genomlys.engine.conditions.margin import Margin
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import NAME, Word

IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("kpi", "area", "measure", "signal")
SHAPES = (
    Shape(
        SUBJECTS,
        {"rule": Word(NAME, Text("Id för en regel av samma slag.", "The id of a rule for the same subject."))},
        needed=("rule",),
        about=Text("En annan regel är flaggad.", "Another rule is flagged."),
        example="{rule: cost-above-reference}",
    ),
)
WORDS = TELLING = words_of(SHAPES)


@dataclass(frozen=True)
class Reference:
    place: Place
    name: str | None
    because: Template | None
    rule: str
    rule_place: Place

    def needs(self) -> tuple[Need, ...]:
        return (RuleMargin(self.rule),)

    def margin(self, sight: Sight) -> Margin:
        columns = RuleMargin(self.rule)
        return Margin(
            lo=pl.col(columns.column("lo")),
            hi=pl.col(columns.column("hi")),
            holds=pl.col(columns.column("holds")),
            rounded=pl.col(columns.column("rounded")),
            applies=pl.col(columns.column("applies")),
        )

    def figures(self, sight: Sight) -> Figures:
        said = Text(f"regeln {self.rule} är inte tillämplig här", f"the rule {self.rule} does not apply here")
        return Figures(no_meaning=((pl.lit(True), said),))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        return {}

    def say(self, lang: Lang) -> str:
        return phrase(f"regeln '{self.rule}' är flaggad", f"the rule '{self.rule}' is flagged", lang)


def read(fields: Fields, header: Header, scope: Scope) -> Reference | None:
    rule = fields.required("rule", fields.reader.scalar)
    if rule is None:
        return None
    return Reference(header.place, header.name, header.because, rule, fields.value_place("rule"))
