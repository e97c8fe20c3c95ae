"""Sentence templates with closed placeholders: ``{kpi}``, ``{peers.gap}``, ``{count:åtgärd|åtgärder}``.

A placeholder is a name, a named condition's field, or a choice between a word for one and a word
for many by a count. Nothing else: no format language, nothing that is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from genomlys.engine.errors import Lang, Place, Text, nearest
from genomlys.engine.language.reader import Reader
from genomlys.engine.language.yamlfile import Node

_SLOT = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)(?::([^{}|]*)\|([^{}|]*))?\}")


@dataclass(frozen=True)
class Slot:
    """``name`` is "gap" or "peers.gap"; with ``one`` and ``many`` a word chosen by the count."""

    name: str
    one: str | None = None
    many: str | None = None


Part = str | Slot


@dataclass(frozen=True)
class Template:
    """The same sentence in both languages, as literal texts and slots."""

    sv: tuple[Part, ...]
    en: tuple[Part, ...]
    place: Place

    def parts(self, lang: Lang) -> tuple[Part, ...]:
        return self.en if lang == "en" else self.sv

    def slots(self) -> Iterator[Slot]:
        yield from (part for part in (*self.sv, *self.en) if isinstance(part, Slot))


def read_template(reader: Reader, node: Node, what: Text) -> Template | None:
    text = reader.bilingual(node, what)
    return None if text is None else template_of(reader, text, node.place)


def template_of(reader: Reader, text: Text, place: Place) -> Template | None:
    """Split both languages into literals and slots; a stray brace is a problem."""
    sv, en = _split(reader, text.sv, place), _split(reader, text.en, place)
    return None if sv is None or en is None else Template(sv, en, place)


def split_template(text: str) -> tuple[Part, ...]:
    """Literal texts and slots in their order; a brace that makes no slot stays in a literal."""
    parts: list[Part] = []
    end = 0
    for match in _SLOT.finditer(text):
        parts += [text[end : match.start()]] if match.start() > end else []
        parts.append(Slot(match[1], match[2], match[3]))
        end = match.end()
    return (*parts, text[end:]) if end < len(text) else tuple(parts)


def _split(reader: Reader, text: str, place: Place) -> tuple[Part, ...] | None:
    parts = split_template(text)
    stray = next((part for part in parts if isinstance(part, str) and ("{" in part or "}" in part)), None)
    if stray is not None:
        reader.report(
            "bad-placeholder",
            place,
            Text(
                f"klammern i '{stray.strip()}' går inte att tolka.", f"the brace in '{stray.strip()}' is not a field."
            ),
            Text("Skriv '{fält}' eller '{antal:en|flera}'.", "Write '{field}' or '{count:one|many}'."),
        )
        return None
    return parts


def check_slots(reader: Reader, template: Template, known: Mapping[str, str], ambiguous: frozenset[str]) -> None:
    """Every slot must be a known field; ``known`` maps a field to its kind.

    ``ambiguous`` fields are given by more than one condition, so that a name must be put before.
    """
    for slot in dict.fromkeys(template.slots()):
        if slot.name in ambiguous:
            reader.report(
                "ambiguous-field",
                template.place,
                Text(
                    f"'{{{slot.name}}}' kan komma från flera villkor.",
                    f"'{{{slot.name}}}' may come from more than one condition.",
                ),
                Text(
                    f"Namnge villkoret med 'as: namn' och skriv '{{namn.{slot.name}}}'.",
                    f"Name the condition with 'as: name' and write '{{name.{slot.name}}}'.",
                ),
            )
        elif slot.name not in known:
            reader.report(
                "unknown-field",
                template.place,
                Text(f"okänt fält '{{{slot.name}}}'.", f"unknown field '{{{slot.name}}}'."),
                nearest(slot.name, sorted(known)),
            )
        elif slot.one is not None and known[slot.name] != "integer":
            reader.report(
                "not-a-count",
                template.place,
                Text(
                    f"'{{{slot.name}}}' är inget antal att välja ord efter.",
                    f"'{{{slot.name}}}' is not a count to choose a word by.",
                ),
                nearest(slot.name, sorted(name for name, kind in known.items() if kind == "integer")),
            )
