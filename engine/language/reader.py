"""Typed reading of YAML nodes: every scalar arrives as text and is typed here, with its place.

A reader never stops at the first mistake: it notes the problem, answers None and goes on, so that
one run tells a pack's author everything. One mistake is one problem: what only follows from another
problem is not told.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from genomlys.engine.errors import Place, Problem, Text, nearest
from genomlys.engine.language.words import COUNT, MONTHS, NAME, QUANTITY, YEARS, Phrase
from genomlys.engine.language.yamlfile import Map, Node, Scalar, Seq
from genomlys.engine.numbers import BLANKS, MINUS

T = TypeVar("T")

# More than anybody corrects before the next run; without an end a hostile file could cost minutes.
MOST_PROBLEMS: Final = 200

_PLAIN: Final = str.maketrans({**dict.fromkeys(BLANKS), MINUS: "-", ",": "."})
_MOST: Final = 1e15  # beyond it a float no longer tells one whole number from the next
_ALIKE: Final = 0.5  # a misspelt word that is missing too; of two letters one may be wrong
_CLOSE: Final = 0.6
_MAY_STAND: Final = ("Här kan stå:", "Here may stand:")
_LONGEST_QUOTE: Final = 60

_NO_REMEDY: Final = Text("", "")
_WORDS_REMEDY: Final = Text(
    "Skriv 'ord: värde' på rader under varandra, eller '{ord: värde}'.",
    "Write 'word: value' on lines of their own, or '{word: value}'.",
)
_SINGLE_REMEDY: Final = Text("Skriv ett enda värde, utan [ ] och { }.", "Write a single value, without [ ] and { }.")
_QUOTE_REMEDY: Final = Text(
    "Börjar texten med { eller [ ska hela texten stå inom citattecken.",
    "If the text begins with { or [, put the whole text in quotation marks.",
)


class TooManyProblems(Exception):
    """``MOST_PROBLEMS`` are noted, so the reading ends here."""


@dataclass(frozen=True)
class Quantity:
    """A number with what stands after it: "5 %" is (5.0, "%"), "100 kr/inv" is (100.0, "kr/inv")."""

    value: float
    measure: str


@dataclass
class Reader:
    """Collects the problems of one pack, and counts how many times its parts were read for a year of their own."""

    problems: list[Problem] = field(default_factory=list)
    years_read: int = 0

    def report(self, code: str, place: Place, message: Text, remedy: Text = _NO_REMEDY) -> None:
        """Note a problem. Raises TooManyProblems when there are enough of them."""
        self.problems.append(Problem(code, place, message, remedy))
        if len(self.problems) >= MOST_PROBLEMS:
            raise TooManyProblems

    def fields(self, node: Node, what: Text, remedy: Text = _WORDS_REMEDY) -> Fields | None:
        """The words of a map, or None (and a problem) when the node is not a map."""
        if not isinstance(node, Map):
            found = _kind(node)
            self.report(
                "expected-words",
                node.place,
                Text(
                    f"{what.sv} ska vara ord med värden, men är {found.sv}.",
                    f"{what.en} must be words with values, but is {found.en}.",
                ),
                remedy,
            )
            return None
        return None if self._cut_by_a_comma(node) else Fields(self, node)

    def _cut_by_a_comma(self, node: Map) -> bool:
        """``{by: 2,5 %}`` is to YAML the word ``by`` with 2 and a word ``5 %`` without a value."""
        for (_, before), (key, value) in zip(node.entries, node.entries[1:], strict=False):
            cut = isinstance(before, Scalar) and re.fullmatch(r"[+\-−]?[0-9 ]+", before.text)
            if cut and not key.quoted and _is_empty(value) and re.match(r"[0-9]", key.text):
                number = shown(f"{cut[0]},{key.text}")
                self.report(
                    "decimal-comma",
                    key.place,
                    Text(
                        "inom { } skiljer kommat ord åt, så att talet delas i två.",
                        "within { } a comma parts words, so that the number is cut in two.",
                    ),
                    Text(
                        f"Sätt talet inom citattecken: '{number}'.",
                        f"Put the number in quotation marks: '{number}'.",
                    ),
                )
                return True
        return False

    def scalar(self, node: Node, what: Text, remedy: Text = _SINGLE_REMEDY) -> str | None:
        """A scalar's text, stripped; None and a problem when it is empty or not a scalar."""
        if isinstance(node, Scalar) and node.text.strip():
            return node.text.strip()
        if _is_empty(node):
            message = Text(f"{what.sv} saknar värde.", f"{what.en} has no value.")
            remedy = Text("Skriv värdet efter kolonet.", "Write the value after the colon.")
        else:
            found = _kind(node)
            message = Text(
                f"{what.sv} ska vara en text, men är {found.sv}.", f"{what.en} must be a text, but is {found.en}."
            )
        self.report("expected-text", node.place, message, remedy)
        return None

    def items(self, node: Node) -> tuple[Node, ...]:
        """A list's items; a single value stands for a list of one, and no value for an empty list."""
        if isinstance(node, Seq):
            return node.items
        return () if _is_empty(node) else (node,)

    def word(self, node: Node, choices: Sequence[str], what: Text) -> str | None:
        """One of the closed words."""
        text = self.scalar(node, what)
        if text is None or text in choices:
            return text
        said = shown(text)
        self.report(
            "unknown-word",
            node.place,
            Text(f"okänt ord '{said}' för {what.sv}.", f"unknown word '{said}' for {what.en}."),
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
                Text(f"{what.sv} är tomt, och då passar ingenting.", f"{what.en} is empty, so that nothing fits."),
                Text(f"Skriv minst ett värde, eller ta bort {what.sv}.", f"Write a value, or remove {what.en}."),
            )
        found = [read(item) for item in items]
        return tuple(text for text in found if text is not None)

    def phrase(
        self, node: Node, pattern: str, what: Text, example: str, remedy: Text | None = None
    ) -> re.Match[str] | None:
        """A scalar in a fixed form, such as "2 of 3 years"."""
        text = self.scalar(node, what)
        if text is None:
            return None
        match = re.fullmatch(pattern, text)
        if match is None:
            self._bad_phrase(node, text, what, example, remedy)
        return match

    def form(self, node: Node, form: Phrase, what: Text) -> re.Match[str] | None:
        """A scalar in a form that the schema knows too."""
        return self.phrase(node, form.pattern, what, form.example)

    def _bad_phrase(self, node: Node, text: str, what: Text, example: str, remedy: Text | None = None) -> None:
        said = shown(text)
        self.report(
            "bad-phrase",
            node.place,
            Text(f"{what.sv} kan inte vara '{said}'.", f"{what.en} cannot be '{said}'."),
            remedy or Text(f"Skriv till exempel '{example}'.", f"Write for example '{example}'."),
        )

    def name(self, node: Node, what: Text, example: str) -> str | None:
        """An id: small letters, digits and hyphens."""
        remedy = Text(
            f"Skriv bara a–z, siffror och bindestreck, med en bokstav först, till exempel '{example}'.",
            f"Write only a–z, digits and hyphens, a letter first, for example '{example}'.",
        )
        match = self.phrase(node, NAME.pattern, what, example, remedy)
        return match[0] if match else None

    def years(self, node: Node, what: Text) -> int | None:
        match = self.form(node, YEARS, what)
        return int(match[1]) if match else None

    def months(self, node: Node, what: Text) -> int | None:
        match = self.form(node, MONTHS, what)
        return int(match[1]) if match else None

    def count(self, node: Node, what: Text) -> int | None:
        match = self.form(node, COUNT, what)
        return int(match[0]) if match else None

    def quantity(self, node: Node, what: Text, example: str = "5 %") -> Quantity | None:
        """A number the Swedish way ("8 093", "3,4", "−2") and what it counts."""
        match = self.phrase(node, QUANTITY.pattern, what, example)
        if match is None:
            return None
        value = float(match[1].translate(_PLAIN))
        if abs(value) < _MOST:
            return Quantity(value, (match[2] or "").strip())
        self._bad_phrase(node, match[0], what, example)
        return None

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
            said = shown(text)
            self.report(
                "bad-date",
                node.place,
                Text(f"'{said}' är inget datum.", f"'{said}' is not a date."),
                Text("Skriv till exempel '2025-09-01'.", "Write for example '2025-09-01'."),
            )
            return None

    def bilingual(self, node: Node, what: Text) -> Text | None:
        """A text, or a text per language; a text alone serves both languages."""
        if not isinstance(node, Map) or not {"sv", "en"} & set(node.keys()):
            text = self.scalar(node, what, _QUOTE_REMEDY)
            return None if text is None else Text(text, text)
        fields = self.fields(node, what)
        if fields is None:
            return None
        sv = fields.required("sv", self.scalar)
        en = fields.optional("en", self.scalar)
        fields.finish()
        return None if sv is None else Text(sv, en or sv)


class Fields:
    """The words of one map: each is taken once, and what nobody took is a problem.

    Whoever has taken all that it knows calls ``finish``, which tells of unknown and missing words.
    """

    def __init__(self, reader: Reader, node: Map) -> None:
        self.reader = reader
        self.node = node
        self.place = node.place
        self._by_name = {key.text: (key, value) for key, value in node.entries}
        self._asked: list[str] = []
        self._missing: dict[str, str] = {}
        self._refused = False

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    @property
    def names(self) -> tuple[str, ...]:
        """The words as they are written."""
        return tuple(self._by_name)

    def key_place(self, name: str) -> Place:
        return self._by_name[name][0].place

    def value_place(self, name: str) -> Place:
        return self._by_name[name][1].place

    def raw(self, name: str) -> Node | None:
        self._asked.append(name)
        found = self._by_name.get(name)
        return found[1] if found else None

    def optional(self, name: str, read: Callable[[Node, Text], T | None], what: Text | None = None) -> T | None:
        """What ``read`` makes of the word's value, or None where the word is not written."""
        node = self.raw(name)
        return None if node is None else read(node, what or Text(f"'{name}'", f"'{name}'"))

    def required(
        self, name: str, read: Callable[[Node, Text], T | None], what: Text | None = None, *, example: str = "…"
    ) -> T | None:
        """As ``optional``, but a missing word is a problem."""
        return None if self.needed(name, example) is None else self.optional(name, read, what)

    def needed(self, name: str, example: str = "…") -> Node | None:
        """The word's value as it is; a missing word is a problem, told by ``finish``, which suggests ``example``."""
        node = self.raw(name)
        if node is None:
            self._missing[name] = example
        return node

    def refuse(self, code: str, place: Place, message: Text, remedy: Text = _NO_REMEDY) -> None:
        """Report a problem of the words together; ``finish`` then says nothing, as it could only follow from it."""
        self.reader.report(code, place, message, remedy)
        self._refused = True

    def finish(self) -> None:
        """Report every word that nobody asked for, and those that are missing.

        A missing word that is there misspelt is one mistake and told once.
        """
        if self._refused:
            return
        for name, (key, _) in self._by_name.items():
            if name in self._asked:
                continue
            meant = next(
                iter(difflib.get_close_matches(name.casefold(), list(self._missing), n=1, cutoff=_ALIKE)), None
            )
            if meant is not None:
                del self._missing[meant]
            said = shown(name)
            self.reader.report(
                "unknown-word",
                key.place,
                Text(f"okänt ord '{said}'.", f"unknown word '{said}'."),
                self._instead_of(name) if meant is None else nearest(meant, [meant]),
            )
        for name, example in self._missing.items():
            self.reader.report(
                "missing-word",
                self.place,
                Text(f"'{name}' saknas.", f"'{name}' is missing."),
                Text(f"Lägg till '{name}: {example}'.", f"Add '{name}: {example}'."),
            )

    def _instead_of(self, name: str) -> Text:
        """The nearest word that is not written yet, else all that may stand here."""
        known = dict.fromkeys(self._asked)
        close = difflib.get_close_matches(
            name.casefold(), [word for word in known if word not in self._by_name], n=1, cutoff=_CLOSE
        )
        return nearest(close[0], close) if close else Text(*[f"{said} {', '.join(known)}." for said in _MAY_STAND])


def shown(text: str) -> str:
    """A text as a message quotes it: on one line, and not endless."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"


def below(node: Node, name: str) -> Iterator[Node]:
    """The values of a word wherever it stands in a node, in the order written."""
    if isinstance(node, Map):
        for key, value in node.entries:
            if key.text == name:
                yield value
            yield from below(value, name)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from below(item, name)


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and not node.text.strip()


def _kind(node: Node) -> Text:
    match node:
        case Seq():
            return Text("en lista", "a list")
        case Map():
            return Text("en grupp ord", "a group of words")
        case _:
            return Text("tomt", "empty") if _is_empty(node) else Text("en text", "a text")
