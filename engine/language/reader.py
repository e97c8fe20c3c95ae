"""Typed reading of YAML nodes: every scalar arrives as text and is typed here, with its place.

A reader never stops at the first mistake: it notes the problem, answers None and goes on, so that
one run tells a pack's author everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from genomlys.engine.errors import Place, Problem, Text, nearest
from genomlys.engine.language.yamlfile import Map, Node, Scalar, Seq

T = TypeVar("T")

_NUMBER = r"[+\-−]?\d+(?:[.,]\d+)?"
_YEARS = r"(\d{1,3}) years?"


@dataclass(frozen=True)
class Quantity:
    """A number with what stands after it: "5 %" is (5.0, "%"), "100 kr/inv" is (100.0, "kr/inv")."""

    value: float
    measure: str


@dataclass
class Reader:
    """Collects the problems of one file."""

    problems: list[Problem] = field(default_factory=list)

    def report(self, code: str, place: Place, message: Text, remedy: Text = Text("", "")) -> None:
        self.problems.append(Problem(code, place, message, remedy))

    def fields(self, node: Node, what: Text) -> Fields | None:
        """The words of a map, or None (and a problem) when the node is not a map."""
        if isinstance(node, Map):
            return Fields(self, node)
        self.report(
            "expected-words",
            node.place,
            Text(f"{what.sv} ska vara ord med värden.", f"{what.en} must be words with values."),
            Text("Skriv 'ord: värde'.", "Write 'word: value'."),
        )
        return None

    def scalar(self, node: Node, what: Text) -> str | None:
        """A scalar's text, stripped; None and a problem when it is empty or not a scalar."""
        if isinstance(node, Scalar) and node.text.strip():
            return node.text.strip()
        self.report(
            "expected-text",
            node.place,
            Text(f"{what.sv} ska vara en text.", f"{what.en} must be a text."),
        )
        return None

    def items(self, node: Node) -> tuple[Node, ...]:
        """A list's items; a single value stands for a list of one."""
        return node.items if isinstance(node, Seq) else (node,)

    def word(self, node: Node, choices: Sequence[str], what: Text) -> str | None:
        """One of the closed words."""
        text = self.scalar(node, what)
        if text is None or text in choices:
            return text
        self.report(
            "unknown-word",
            node.place,
            Text(f"okänt ord '{text}' för {what.sv.lower()}.", f"unknown word '{text}' for {what.en.lower()}."),
            nearest(text, choices),
        )
        return None

    def words(self, node: Node, choices: Sequence[str], what: Text) -> tuple[str, ...]:
        """One or more of the closed words."""
        return self._several(node, lambda item: self.word(item, choices, what), what)

    def texts(self, node: Node, what: Text) -> tuple[str, ...]:
        """One or more texts."""
        return self._several(node, lambda item: self.scalar(item, what), what)

    def _several(self, node: Node, read: Callable[[Node], str | None], what: Text) -> tuple[str, ...]:
        items = self.items(node)
        if not items:
            self.report(
                "empty-list",
                node.place,
                Text(f"{what.sv} är en tom lista, som ingenting passar.", f"{what.en} is an empty list: nothing fits."),
                Text("Skriv minst ett värde, eller ta bort ordet.", "Write a value or more, or remove the word."),
            )
        found = [read(item) for item in items]
        return tuple(text for text in found if text is not None)

    def phrase(self, node: Node, pattern: str, what: Text, example: str) -> re.Match[str] | None:
        """A scalar in a fixed form, such as "2 of 3 years"."""
        text = self.scalar(node, what)
        if text is None:
            return None
        match = re.fullmatch(pattern, text)
        if match is None:
            self.report(
                "bad-phrase",
                node.place,
                Text(f"'{text}' kan inte läsas som {what.sv.lower()}.", f"'{text}' is not {what.en.lower()}."),
                Text(f"Skriv till exempel '{example}'.", f"Write for example '{example}'."),
            )
        return match

    def years(self, node: Node, what: Text) -> int | None:
        match = self.phrase(node, _YEARS, what, "3 years")
        return int(match[1]) if match else None

    def months(self, node: Node, what: Text) -> int | None:
        match = self.phrase(node, r"(\d{1,3}) months?", what, "12 months")
        return int(match[1]) if match else None

    def count(self, node: Node, what: Text) -> int | None:
        match = self.phrase(node, r"\d{1,6}", what, "2")
        return int(match[0]) if match else None

    def quantity(self, node: Node, what: Text, example: str = "5 %") -> Quantity | None:
        match = self.phrase(node, rf"({_NUMBER})(?:\s*(\D.*))?", what, example)
        if match is None:
            return None
        return Quantity(float(match[1].replace(",", ".").replace("−", "-")), (match[2] or "").strip())

    def yes_or_no(self, node: Node, what: Text) -> bool | None:
        word = self.word(node, ("yes", "no"), what)
        return None if word is None else word == "yes"

    def date(self, node: Node, what: Text) -> date | None:
        text = self.scalar(node, what)
        if text is None:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.report(
                "bad-date",
                node.place,
                Text(f"'{text}' är inget datum.", f"'{text}' is not a date."),
                Text("Skriv till exempel '2025-09-01'.", "Write for example '2025-09-01'."),
            )
            return None

    def bilingual(self, node: Node, what: Text) -> Text | None:
        """A text, or a text per language; a text alone serves both languages."""
        if not isinstance(node, Map):
            text = self.scalar(node, what)
            return None if text is None else Text(text, text)
        fields = Fields(self, node)
        sv = fields.required("sv", self.scalar, what)
        en = fields.optional("en", self.scalar, what)
        fields.finish()
        return None if sv is None else Text(sv, en or sv)


class Fields:
    """The words of one map: each is taken once, and what nobody took is a problem."""

    def __init__(self, reader: Reader, node: Map) -> None:
        self.reader = reader
        self.node = node
        self.place = node.place
        self._by_name = {key.text: (key, value) for key, value in node.entries}
        self._asked: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._by_name)

    def key_place(self, name: str) -> Place:
        return self._by_name[name][0].place

    def raw(self, name: str) -> Node | None:
        self._asked.append(name)
        found = self._by_name.get(name)
        return found[1] if found else None

    def optional(self, name: str, read: Callable[[Node, Text], T | None], what: Text | None = None) -> T | None:
        """What ``read`` makes of the word's value, or None where the word is not written."""
        node = self.raw(name)
        return None if node is None else read(node, what or Text(f"'{name}'", f"'{name}'"))

    def required(self, name: str, read: Callable[[Node, Text], T | None], what: Text | None = None) -> T | None:
        """As ``optional``, but a missing word is a problem."""
        return None if self.needed(name) is None else self.optional(name, read, what)

    def needed(self, name: str) -> Node | None:
        """The word's value as it is; a missing word is a problem."""
        node = self.raw(name)
        if node is None:
            self.reader.report(
                "missing-word",
                self.place,
                Text(f"'{name}' saknas.", f"'{name}' is missing."),
                Text(f"Lägg till '{name}: …'.", f"Add '{name}: …'."),
            )
        return node

    def finish(self) -> None:
        """Report every word that nobody asked for."""
        for name, (key, _) in self._by_name.items():
            if name not in self._asked:
                free = [word for word in dict.fromkeys(self._asked) if word not in self._by_name]
                self.reader.report(
                    "unknown-word",
                    key.place,
                    Text(f"okänt ord '{name}'.", f"unknown word '{name}'."),
                    nearest(name, free or self._asked),
                )
