"""Kind ``members``: how many of an area's KPIs a KPI rule is flagged for.

    {any_kpi: cost-above-reference}
    {all_kpis: worse-than-peers}
    {kpis: worse-than-peers, at_least: 2}
    {kpis: worse-than-peers, at_least: 25 %}
    {kpis: worse-than-peers, at_most: 10 %}

For an area, and for a measure or a signal the KPIs of its area. A share is of the KPIs that the rule
applies to, those that cannot be judged among them. The margin is in KPIs and does not depend on their
measures. Has no meaning where the rule applies to none of the area's KPIs: an empty set is never "no problem".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from genomlys.engine.conditions.base import Field, Figures, KpiCount, Need, Sight, Subject, phrase
from genomlys.engine.conditions.margin import Counts, Margin, counted, negated
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.shape import Shape, words_of
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import NAME, Phrase, Word
from genomlys.engine.language.yamlfile import Node

TELLING = frozenset({"any_kpi", "all_kpis", "kpis"})
IS: tuple[str, ...] = ()
SUBJECTS: tuple[Subject, ...] = ("area", "measure", "signal")
_RULE = Word(NAME, Text("Id för en regel för nyckeltal.", "The id of a rule for KPIs."))
_AMOUNT = Phrase(r"([0-9]{1,6})(?:([.,][0-9]{1,3})?\s*(%))?", "2", number=True)
_SO_MANY = Text("Så många av områdets nyckeltal är flaggade.", "So many of the area's KPIs are flagged.")
SHAPES = (
    Shape(
        SUBJECTS,
        {"any_kpi": _RULE},
        needed=("any_kpi",),
        about=Text("Minst ett av områdets nyckeltal är flaggat.", "At least one of the area's KPIs is flagged."),
        example="{any_kpi: cost-above-reference}",
    ),
    Shape(
        SUBJECTS,
        {"all_kpis": _RULE},
        needed=("all_kpis",),
        about=Text("Alla områdets nyckeltal är flaggade.", "All of the area's KPIs are flagged."),
        example="{all_kpis: worse-than-peers}",
    ),
    Shape(
        SUBJECTS,
        {
            "kpis": _RULE,
            "at_least": Word(
                _AMOUNT,
                Text(
                    "Minst så många nyckeltal, eller minst så stor andel av de prövade.",
                    "At least so many KPIs, or such a share of those that the rule applies to.",
                ),
            ),
        },
        needed=("kpis", "at_least"),
        about=_SO_MANY,
        example="{kpis: worse-than-peers, at_least: 2}",
    ),
    Shape(
        SUBJECTS,
        {
            "kpis": _RULE,
            "at_most": Word(
                _AMOUNT,
                Text(
                    "Högst så många nyckeltal, eller högst så stor andel av de prövade.",
                    "At most so many KPIs, or such a share of those that the rule applies to.",
                ),
            ),
        },
        needed=("kpis", "at_most"),
        about=_SO_MANY,
        example="{kpis: worse-than-peers, at_most: 25 %}",
    ),
)
WORDS = words_of(SHAPES)
Limit = Literal["at_least", "at_most"]
_LIMITS: Final[Mapping[Limit, tuple[str, str]]] = {
    "at_least": ("minst", "at least"),
    "at_most": ("högst", "at most"),
}
_MORE: Final = Text("Skriv 1 eller mer.", "Write 1 or more.")
_MOST: Final = Text("Skriv högst '100 %'.", "Write at most '100 %'.")
_LESS: Final = Text("Skriv mindre än '100 %'.", "Write less than '100 %'.")
_DUST: Final = 1e-9  # what binary numbers may add to a share: 7 % of 100 KPIs are 7


@dataclass(frozen=True)
class Amount:
    """So many KPIs, or such a share of those that the rule applies to; ``share`` in per cent."""

    number: int | None = None
    share: float | None = None

    def say(self, lang: Lang) -> str:
        if self.share is None:
            return phrase(f"{self.number} nyckeltal", f"{self.number} KPI{'s' * (self.number != 1)}", lang)
        number = f"{self.share:g}"
        return phrase(f"{number.replace('.', ',')} % av nyckeltalen", f"{number} % of the KPIs", lang)


_ALL: Final = Amount(share=100.0)


@dataclass(frozen=True)
class Members:
    place: Place
    name: str | None
    because: Template | None
    rule: str
    limit: Limit
    amount: Amount
    rule_place: Place

    def needs(self) -> tuple[Need, ...]:
        return (KpiCount(self.rule),)

    def margin(self, sight: Sight) -> Margin:
        count = KpiCount(self.rule)
        applies = (pl.col(count.applying) > 0).fill_null(False)
        counts = Counts(*[pl.col(name) for name in count.counts])
        if self.limit == "at_least":
            return counted(counts, self._number(up=True), applies)
        return negated(counted(counts, self._number(up=False) + 1, applies))

    def _number(self, *, up: bool) -> pl.Expr:
        """The limit in KPIs; a share of them is rounded to what it asks for."""
        if self.amount.share is None:
            return pl.lit(self.amount.number)
        exact = pl.col(KpiCount(self.rule).applying) * self.amount.share / 100
        return (exact - _DUST).ceil() if up else (exact + _DUST).floor()

    def figures(self, sight: Sight) -> Figures:
        said = Text(
            f"regeln {self.rule} prövas inte för något av områdets nyckeltal",
            f"the rule {self.rule} applies to no KPI of the area",
        )
        return Figures(scale="nyckeltal", no_meaning=((pl.lit(True), said),))

    def fields(self, sight: Sight) -> Mapping[str, Field]:
        count = KpiCount(self.rule)
        holding, applying = pl.col(count.holding), pl.col(count.applying)
        return {
            "count": Field("integer", (holding,)),
            "of": Field("integer", (applying,)),
            "share": Field("percent", (holding / applying,)),
        }

    def say(self, lang: Lang) -> str:
        if self.amount == _ALL:
            return phrase(f"alla nyckeltal flaggas av '{self.rule}'", f"all KPIs are flagged by '{self.rule}'", lang)
        limit = phrase(*_LIMITS[self.limit], lang)
        flagged = phrase("flaggas", "flagged", lang)
        return f"{limit} {self.amount.say(lang)} {flagged} {phrase('av', 'by', lang)} '{self.rule}'"


def read(fields: Fields, header: Header, scope: Scope) -> Members | None:
    reader = fields.reader
    word, *others = (word for word in fields.names if word in TELLING)
    if others:
        fields.refuse(
            "mixed-words",
            fields.key_place(others[0]),
            Text(f"'{others[0]}' kan inte stå bredvid '{word}'.", f"'{others[0]}' cannot stand beside '{word}'."),
            Text("Lägg dem i en lista under 'all' eller 'any'.", "Put them in a list below 'all' or 'any'."),
        )
        return None
    rule = fields.required(word, reader.scalar)
    limit: Limit = next((limit for limit in _LIMITS if limit in fields), "at_least")
    if word != "kpis":
        if limit in fields:
            fields.refuse(
                "mixed-words",
                fields.key_place(limit),
                Text(f"'{limit}' kan inte stå bredvid '{word}'.", f"'{limit}' cannot stand beside '{word}'."),
                Text(f"Skriv '{{kpis: regel, {limit}: 2}}'.", f"Write '{{kpis: rule, {limit}: 2}}'."),
            )
        amount: Amount | None = _ALL if word == "all_kpis" else Amount(number=1)
    elif all(limit in fields for limit in _LIMITS):
        fields.refuse(
            "mixed-words",
            fields.key_place("at_most"),
            Text("'at_most' kan inte stå bredvid 'at_least'.", "'at_most' cannot stand beside 'at_least'."),
            Text("Skriv två villkor i en lista under 'all'.", "Write two conditions in a list below 'all'."),
        )
        return None
    else:
        amount = fields.required(limit, lambda node, what: _read_amount(reader, node, what), example="2")
    if amount is not None and rule is not None and _may_turn(fields, limit, amount):
        return Members(header.place, header.name, header.because, rule, limit, amount, fields.value_place(word))
    return None


def _read_amount(reader: Reader, node: Node, what: Text) -> Amount | None:
    """``2``, or ``25 %``."""
    match = reader.form(node, _AMOUNT, what)
    if match is None:
        return None
    if match[3] is None:
        return Amount(number=int(match[1]))
    return Amount(share=float(match[1] + (match[2] or "").replace(",", ".")))


def _may_turn(fields: Fields, limit: Limit, amount: Amount) -> bool:
    """Whether the limit can both hold and not, for some number of KPIs."""
    share = -1.0 if amount.share is None else amount.share
    if limit == "at_least" and (amount.number == 0 or share == 0):
        code, how, remedy = "always-fires", Text("gäller alltid", "always holds"), _MORE
    elif limit == "at_least" and share > 100:
        code, how, remedy = "never-fires", Text("gäller aldrig", "never holds"), _MOST
    elif limit == "at_most" and share >= 100:
        code, how, remedy = "always-fires", Text("gäller alltid", "always holds"), _LESS
    else:
        return True
    sv, en = _LIMITS[limit]
    message = Text(f"{sv} {amount.say('sv')} {how.sv}.", f"{en} {amount.say('en')} {how.en}.")
    fields.reader.report(code, fields.value_place(limit), message, remedy)
    return False
