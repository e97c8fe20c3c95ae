"""What the kinds share when they are read: the header every condition may have, dead bands, measures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final

from genomlys.engine.conditions.bases import Basis, Number, read_basis
from genomlys.engine.conditions.difference import Band
from genomlys.engine.conditions.scope import Scope as Scope
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.reader import Fields, Quantity, shown
from genomlys.engine.language.template import Template
from genomlys.engine.language.words import QUANTITY, Choice, Either, Phrase, Word
from genomlys.engine.language.yamlfile import Node
from genomlys.engine.numbers import MINUS

BY: Final = Word(
    Either((Choice(("material",)), Phrase(rf"(?![-{MINUS}]){QUANTITY.pattern}", "5 %", number=True))),
    Text(
        "Vad skillnaden ska överstiga: procent, nyckeltalets väsentlighetsgräns (material) eller ett tal i måttet.",
        "What the difference must exceed: per cent, the KPI's own dead band (material) or a number in its measure.",
    ),
)
_PERCENT_WORDS: Final = ("procent", "percent", "per cent")


@dataclass(frozen=True)
class Header:
    """What stands in any condition beside the words of its kind: ``as`` and ``because``."""

    place: Place
    name: str | None = None
    because: Template | None = None


def read_percent(fields: Fields, word: str, code: str, least: int, example: str) -> Fraction | None:
    """A per cent from ``least`` to below 100, exact; ``code`` is that of the problem of any other."""
    quantity: Quantity | None = fields.required(
        word, lambda node, what: fields.reader.quantity(node, what, example), example=example
    )
    if quantity is None:
        return None
    if quantity.measure == "%" and least <= quantity.value < 100 and quantity.value > 0:
        return Fraction(Decimal(repr(quantity.value))) / 100
    lowest = Text(f"minst {least} %", f"at least {least} %") if least else Text("mer än 0 %", "more than 0 %")
    fields.reader.report(
        code,
        fields.value_place(word),
        Text(
            f"'{word}' ska vara {lowest.sv} och mindre än 100 %.", f"'{word}' must be {lowest.en} and less than 100 %."
        ),
        Text(f"Skriv till exempel '{example}'.", f"Write for example '{example}'."),
    )
    return None


def needs_direction(fields: Fields, said: str, scope: Scope, word: str = "is") -> bool:
    """Whether ``said`` has a meaning for some KPI in scope: one without direction gets neither worse nor better."""
    if not scope.sound or set(scope.values("direction")) != {"neutral"}:
        return True
    fields.reader.report(
        "never-fires",
        fields.value_place(word),
        Text(
            f"'{said}' är aldrig sant för nyckeltal utan riktning, och regeln gäller bara sådana.",
            f"'{said}' is never true of KPIs without direction, and the rule is for no others.",
        ),
        Text("Skriv 'above', 'below', 'rising' eller 'falling'.", "Write 'above', 'below', 'rising' or 'falling'."),
    )
    return False


def read_against(fields: Fields, word: str, scope: Scope) -> Basis | None:
    """What a figure is set against; a number must fit the measure of all KPIs in scope."""
    node = fields.needed(word, "reference")
    basis = None if node is None else read_basis(fields.reader, node, Text(f"'{word}'", f"'{word}'"))
    if isinstance(basis, Number) and (basis.quantity.value != 0 or basis.quantity.measure):
        read_measured(fields, word, basis.quantity, scope)
    return basis


def read_band(fields: Fields, scope: Scope) -> Band | None:
    """``by: 5 %`` (of the basis), ``by: material`` or ``by: 100 kr/inv``; nothing means any difference."""
    if "by" not in fields:
        fields.raw("by")
        return Band()
    return fields.required("by", lambda node, what: _band(fields, node, what, scope))


def _band(fields: Fields, node: Node, what: Text, scope: Scope) -> Band | None:
    reader = fields.reader
    text = reader.scalar(node, what)
    if text is None:
        return None
    if text == "material":
        return Band("material")
    if not re.match(r"[0-9+\-−]", text):
        reader.report(
            "unknown-word",
            node.place,
            Text(f"okänt ord '{shown(text)}' för {what.sv}.", f"unknown word '{shown(text)}' for {what.en}."),
            Text("Skriv 'material', eller ett tal som '5 %'.", "Write 'material', or a number such as '5 %'."),
        )
        return None
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
        return Band("absolute", quantity.value) if read_measured(fields, "by", quantity, scope) else None
    if quantity.value > 100:
        reader.report(
            "by-over-100",
            node.place,
            Text("'by' kan inte vara mer än 100 %.", "'by' cannot be more than 100 %."),
            Text("Skriv högst '100 %'.", "Write at most '100 %'."),
        )
        return None
    return Band("relative", quantity.value / 100)


def read_measured(fields: Fields, word: str, quantity: Quantity, scope: Scope) -> bool:
    """Whether a number fits all KPIs in scope: it needs a scope of its measure alone."""
    stated = quantity.measure or scope.measure
    # Of a scope with a problem of its own, nothing can be said.
    if not scope.sound or (scope.measure is not None and stated == scope.measure):
        return True
    what = Text("utan mått", "without a measure") if stated is None else _in(stated)
    if scope.measure is not None:
        wide = Text(f"'{scope.measure}'", f"'{scope.measure}'")
    else:
        wide = Text("flera mått", "several measures") if scope.values("measure") else Text("alla mått", "any measure")
    message = Text(
        f"'{word}' är ett tal {what.sv}, men regeln gäller nyckeltal i {wide.sv}.",
        f"'{word}' is a number {what.en}, but the rule is for KPIs in {wide.en}.",
    )
    fields.reader.report("wrong-measure", fields.value_place(word), message, _measure_remedy(word, stated, scope))
    return False


def _in(measure: str) -> Text:
    return Text(f"i '{shown(measure)}'", f"in '{shown(measure)}'")


def _measure_remedy(word: str, stated: str | None, scope: Scope) -> Text:
    if stated in _PERCENT_WORDS:
        return Text("Menade du '%'?", "Did you mean '%'?")
    if scope.measure is not None:
        return Text(
            f"Skriv talet i '{scope.measure}', utan mått efter.",
            f"Write the number in '{scope.measure}', without a measure after it.",
        )
    narrowed = f"measure: {shown(stated or 'kr/inv')}"
    return Text(
        f"Skriv '{narrowed}' under 'kpi' i 'for_each'{', eller procent' * (word == 'by')}.",
        f"Write '{narrowed}' below 'kpi' in 'for_each'{', or per cent' * (word == 'by')}.",
    )


def percent(share: Fraction, lang: Lang) -> str:
    """ "95 %", "99,8 %"."""
    number = f"{float(share * 100):g}"
    return f"{number if lang == 'en' else number.replace('.', ',')} %"
