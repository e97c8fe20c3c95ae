"""Sentence templates with closed placeholders: ``{kpi}``, ``{peers.gap}``, ``{count:åtgärd|åtgärder}``.

A placeholder is a name, a named condition's field, or a choice between a word for one and a word
for many by a count. Nothing else: no format language, nothing that is executed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from genomlys.engine.errors import Lang, Place, Text, nearest
from genomlys.engine.language.reader import Reader, shown
from genomlys.engine.language.yamlfile import Map, Node, Scalar

# A name as an author gives it to a condition with ``as``, and as the engine's fields are called.
NAME = r"[a-z][a-z0-9_]*"
_SLOT = re.compile(rf"\{{({NAME}(?:\.{NAME})?)(?::([^{{}}|]*)\|([^{{}}|]*))?\}}")
_BRACE = re.compile(r"\{[^{}]*\}?|\}")


@dataclass(frozen=True)
class Slot:
    """``name`` is "gap" or "peers.gap"; with ``one`` and ``many`` a word chosen by the count."""

    name: str
    one: str | None = None
    many: str | None = None

    @property
    def written(self) -> str:
        return f"{{{self.name}}}" if self.one is None else f"{{{self.name}:{self.one}|{self.many}}}"


Part = str | Slot


@dataclass(frozen=True)
class Template:
    """The same sentence in both languages, as literal texts and slots, each with where it stands."""

    sv: tuple[Part, ...]
    en: tuple[Part, ...]
    sv_at: Node
    en_at: Node

    def parts(self, lang: Lang) -> tuple[Part, ...]:
        return self.en if lang == "en" else self.sv


@dataclass(frozen=True)
class Known:
    """The fields that a text may use, with their kinds, and why it may not use others.

    ``ambiguous``: given by more than one condition, so that a name must be put before.
    ``uncertain``: given only by conditions that need not hold where the text is written.
    """

    kinds: Mapping[str, str]
    ambiguous: Mapping[str, Sequence[str]] = field(default_factory=dict)  # and the names to choose from
    uncertain: frozenset[str] = frozenset()


def read_template(reader: Reader, node: Node, what: Text) -> Template | None:
    text = reader.bilingual(node, what)
    return None if text is None else template_of(reader, text, node)


def template_of(reader: Reader, text: Text, node: Node) -> Template | None:
    """Split both languages into literals and slots; a stray brace is a problem. ``node``: where the text stands."""
    sv_node, en_node = (node.get("sv"), node.get("en")) if isinstance(node, Map) else (node, None)
    at = sv_node or node
    sv = _split(reader, text.sv, at)
    if en_node is None:
        return None if sv is None else Template(sv, sv, at, at)
    en = _split(reader, text.en, en_node)
    return None if sv is None or en is None else Template(sv, en, at, en_node)


def place_in(at: Node, pattern: str) -> Place:
    """Where a part of a text stands."""
    return at.find(pattern) if isinstance(at, Scalar) else at.place


def split_template(text: str) -> tuple[Part, ...]:
    """Literal texts and slots in their order; a brace that makes no slot stays in a literal."""
    parts: list[Part] = []
    end = 0
    for match in _SLOT.finditer(text):
        parts += [text[end : match.start()]] if match.start() > end else []
        parts.append(Slot(match[1], match[2], match[3]))
        end = match.end()
    return (*parts, text[end:]) if end < len(text) else tuple(parts)


def _split(reader: Reader, text: str, at: Node) -> tuple[Part, ...] | None:
    parts = split_template(text)
    literals = " ".join(part for part in parts if isinstance(part, str))
    stray = _BRACE.search(literals)
    if stray is None:
        return parts
    said = shown(stray.group())
    reader.report(
        "bad-placeholder",
        # A single brace may be that of a field.
        place_in(at, re.escape(stray.group())) if len(stray.group()) > 1 else at.place,
        Text(f"'{said}' är inget fält.", f"'{said}' is not a field."),
        Text(
            "Skriv fältets namn med små bokstäver, '{kpi}', eller ett val efter antal, '{count:åtgärd|åtgärder}'.",
            "Write the field's name in small letters, '{kpi}', or a choice by count, '{count:measure|measures}'.",
        ),
    )
    return None


def check_slots(reader: Reader, template: Template, known: Known) -> None:
    """Every slot must be a known field, in either language."""
    # A text that serves both languages stands in one place and is checked once.
    for at, parts in {template.en_at: template.en, template.sv_at: template.sv}.items():
        for slot in dict.fromkeys(part for part in parts if isinstance(part, Slot)):
            wrong = _wrong(slot, known)
            if wrong is not None:
                code, message, remedy = wrong
                reader.report(code, place_in(at, re.escape(slot.written)), message, remedy)


def _wrong(slot: Slot, known: Known) -> tuple[str, Text, Text] | None:
    written = f"{{{shown(slot.name)}}}"
    if slot.name in known.ambiguous and "." in slot.name:
        name = slot.name.split(".")[0]
        return (
            "duplicate-name",
            Text(f"två villkor heter '{name}'.", f"two conditions are called '{name}'."),
            Text("Ge dem var sitt namn efter 'as'.", "Give each a name of its own after 'as'."),
        )
    if slot.name in known.ambiguous:
        names = ", ".join(f"{{{name}.{slot.name}}}" for name in known.ambiguous[slot.name])
        return (
            "ambiguous-field",
            Text(
                f"fältet '{written}' finns i flera av villkoren.",
                f"the field '{written}' is in more than one of the conditions.",
            ),
            Text(f"Skriv något av: {names}.", f"Write one of: {names}.")
            if names
            else Text(
                f"Ge villkoren var sitt namn med 'as: namn' och skriv '{{namn.{slot.name}}}'.",
                f"Name each condition with 'as: name' and write '{{name.{slot.name}}}'.",
            ),
        )
    if slot.name in known.uncertain:
        return (
            "uncertain-field",
            Text(
                f"fältet '{written}' hör till ett villkor som inte måste gälla.",
                f"the field '{written}' is of a condition that need not hold.",
            ),
            Text(
                "Skriv meningen som en egen 'because' i det villkoret.",
                "Write the sentence as a 'because' of its own in that condition.",
            ),
        )
    if slot.name not in known.kinds:
        return (
            "unknown-field",
            Text(f"okänt fält '{written}'.", f"unknown field '{written}'."),
            nearest(slot.name, list(known.kinds)),
        )
    if slot.one is not None and known.kinds[slot.name] != "integer":
        return (
            "not-a-count",
            Text(
                f"'{written}' är inget antal att välja ord efter.", f"'{written}' is not a count to choose a word by."
            ),
            Text(f"Skriv bara '{written}'.", f"Write just '{written}'."),
        )
    return None
