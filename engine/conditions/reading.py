"""What the kinds share when they are read: the header every condition may have, dead bands, measures."""

from __future__ import annotations

from dataclasses import dataclass

from genomlys.engine.conditions.difference import Band
from genomlys.engine.conditions.scope import Scope as Scope
from genomlys.engine.errors import Place, Text
from genomlys.engine.language.reader import Fields, Quantity
from genomlys.engine.language.yamlfile import Node


@dataclass(frozen=True)
class Header:
    """What stands in any condition beside the words of its kind: ``as`` and ``because``."""

    place: Place
    name: str | None = None
    because: Text | None = None


def read_band(fields: Fields, scope: Scope) -> Band | None:
    """``by: 5 %`` (of the basis), ``by: material`` or ``by: 100 kr/inv``; nothing means any difference."""
    if "by" not in fields:
        fields.raw("by")
        return Band()
    return fields.required("by", lambda node, what: _band(fields, node, what, scope))


def _band(fields: Fields, node: Node, what: Text, scope: Scope) -> Band | None:
    reader = fields.reader
    if reader.scalar(node, what) == "material":
        return Band("material")
    quantity = reader.quantity(node, what, "5 %")
    if quantity is None:
        return None
    if quantity.value < 0:
        reader.report(
            "negative-by",
            node.place,
            Text("'by' kan inte vara negativt.", "'by' cannot be negative."),
            Text("Skriv 0 eller mer.", "Write 0 or more."),
        )
        return None
    if quantity.measure != "%":
        read_measured(fields, "by", quantity, scope)
        return Band("absolute", quantity.value)
    if quantity.value > 100:
        reader.report(
            "by-over-100",
            node.place,
            Text("'by' över 100 % av jämförelsevärdet stöds inte.", "'by' over 100 % of the basis is not supported."),
            Text("Skriv högst '100 %'.", "Write at most '100 %'."),
        )
        return None
    return Band("relative", quantity.value / 100)


def read_measured(fields: Fields, word: str, quantity: Quantity, scope: Scope) -> None:
    """A number in a KPI's measure needs a scope of that measure alone, so that it always fits."""
    stated = quantity.measure or scope.measure
    if scope.measure is not None and stated == scope.measure:
        return
    fields.reader.report(
        "measures-do-not-match",
        fields.key_place(word),
        Text(
            f"'{word}' är ett tal i måttet '{stated or '?'}' men regeln gäller inte enbart nyckeltal i det måttet.",
            f"'{word}' is a number in the measure '{stated or '?'}' but the rule is for KPIs of other measures too.",
        ),
        Text(
            f"Lägg till 'measure: {stated or 'kr/inv'}' under 'for_each: kpi:'.",
            f"Add 'measure: {stated or 'kr/inv'}' below 'for_each: kpi:'.",
        ),
    )
