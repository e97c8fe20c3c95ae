"""YAML text -> values with places; the only module that knows a YAML parser.

A file is walked as a stream of events, so size, depth and number of nodes are capped before
anything is built. Every scalar stays the text that was written: ``0114`` is a municipality, not 76,
and ``no`` is a word. What YAML can do beyond lists, mappings and text (anchors, aliases, tags, merge
keys, several documents) is refused, because a rule file must read the same to a person and to us.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import yaml

from genomlys.engine.errors import Place, Problem, RuleError, Text
from genomlys.engine.language.yamlwords import REFUSED, explain

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 30
MAX_NODES: Final = 50_000
# A binary file has thousands of these; the first few are enough to see what is wrong.
MAX_CHARACTER_PROBLEMS: Final = 20

# What YAML itself forbids, the line breaks no editor counts (NEL, LS, PS), and marks that reverse the reading order.
_FORBIDDEN: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LINE_BREAK: Final = re.compile("\r\n|\r|\n")

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """Text exactly as written. An empty plain value and a plain ``~`` are the text ``""``.

    written: what stands in the file, with its quotation marks, line breaks and escapes.
    """

    text: str
    place: Place
    quoted: bool = False
    written: str = field(default="", compare=False, repr=False)

    def find(self, pattern: str) -> Place:
        """Where a part of the text stands, or where the text begins if it is not written letter by letter."""
        found = re.search(pattern, self.written)
        place = self.place
        if found is None or place.line is None or not isinstance(place.column, int):
            return place
        *above, before = _LINE_BREAK.split(self.written[: found.start()])
        return Place(place.file, place.line + len(above), len(before) + (1 if above else place.column))


@dataclass(frozen=True, slots=True)
class Seq:
    """A list. ``place`` is its first character."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Map:
    """Keys and values in the order written. No key occurs twice."""

    entries: tuple[tuple[Scalar, Node], ...]
    place: Place

    def get(self, name: str) -> Node | None:
        """The value under a key, or None if the key is not there."""
        return next((value for key, value in self.entries if key.text == name), None)

    def keys(self) -> tuple[str, ...]:
        return tuple(key.text for key, _ in self.entries)

    def key_place(self, name: str) -> Place:
        """Where a key stands, or where the mapping begins if the key is not there."""
        return next((key.place for key, _ in self.entries if key.text == name), self.place)


Node: TypeAlias = Scalar | Seq | Map


def load_yaml(source: bytes | str, file: str) -> Node:
    """One YAML document as nodes. ``file`` is only the name that problems give as their place.

    Raises RuleError with every problem that could be found, in order of place; no other exception
    whatever the bytes. A syntax error ends the search.
    """
    text = _decoded(source, file)
    if problems := _forbidden_characters(text, file):
        raise RuleError(problems)
    composer = _Composer(text, file)
    node = composer.document()
    if composer.problems or node is None:
        raise RuleError(sorted(composer.problems, key=_order))
    return node


def to_plain(node: Node) -> object:
    """The same as dicts, lists and text, without places."""
    if isinstance(node, Map):
        return {key.text: to_plain(value) for key, value in node.entries}
    if isinstance(node, Seq):
        return [to_plain(item) for item in node.items]
    return node.text


def _order(problem: Problem) -> tuple[int, int]:
    column = problem.place.column
    return problem.place.line or 0, column if isinstance(column, int) else 0


def _decoded(source: bytes | str, file: str) -> str:
    if len(source) > MAX_BYTES:
        raise RuleError([_too_large(file)])
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            raise RuleError([_not_utf8(source, error.start, file)]) from None
    else:
        text = source
        # Lone surrogates cannot be encoded; they are told as forbidden characters later.
        if len(text.encode("utf-8", "replace")) > MAX_BYTES:
            raise RuleError([_too_large(file)])
    return text.removeprefix("\ufeff")


def _too_large(file: str) -> Problem:
    limit = MAX_BYTES // 1024
    return Problem(
        "yaml-too-large",
        Place(file),
        Text(f"filen är större än {limit} KiB.", f"the file is larger than {limit} KiB."),
        Text("Dela upp den i flera filer.", "Divide it into several files."),
    )


def _not_utf8(source: bytes, at: int, file: str) -> Problem:
    return Problem(
        "yaml-encoding",
        _place_at(source[:at].decode("utf-8").removeprefix("\ufeff"), file),
        Text("filen är inte skriven i UTF-8.", "the file is not written in UTF-8."),
        Text("Spara den med teckenkodningen UTF-8.", "Save it with the encoding UTF-8."),
    )


def _forbidden_characters(text: str, file: str) -> list[Problem]:
    problems = []
    for match in _FORBIDDEN.finditer(text):
        problems.append(_forbidden(match.group(), _place_at(text[: match.start()], file)))
        if len(problems) == MAX_CHARACTER_PROBLEMS:
            break
    return problems


def _forbidden(character: str, place: Place) -> Problem:
    name = f"U+{ord(character):04X}"
    return Problem(
        "yaml-character",
        place,
        Text(f"här står det osynliga tecknet {name}.", f"the invisible character {name} stands here."),
        Text("Ta bort det.", "Remove it."),
    )


def _place_at(before: str, file: str) -> Place:
    """The place that follows the text ``before``."""
    lines = _LINE_BREAK.split(before)
    return Place(file, len(lines), len(lines[-1]) + 1)


_TOO_MANY: Final = (
    Text(f"filen innehåller fler än {MAX_NODES} värden.", f"the file has more than {MAX_NODES} values."),
    Text("Dela upp den i flera filer.", "Divide it into several files."),
)
_TOO_DEEP: Final = (
    Text(f"mer än {MAX_DEPTH} nivåer ligger i varandra.", f"more than {MAX_DEPTH} levels lie within one another."),
    Text("Skriv det plattare.", "Write it flatter."),
)


class _Mark(Protocol):
    """Where the parser is, counted from 0; libyaml's marks and those in plain Python are different classes."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class _Stop(Exception):
    """Nothing more can be read: a cap was reached."""


class _Composer:
    """Builds nodes from events and collects what is refused. Used for one document only."""

    def __init__(self, text: str, file: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._file = file
        self._nodes = 0
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Node | None:
        """The document's node, or None when a problem ended the reading."""
        try:
            return self._read()
        except _Stop:
            pass
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            # The parser in plain Python lets chr() fail for "\UFFFFFFFF", and a reader error has no mark.
            self.problems.append(explain(self._file, self._text, None, str(error), None))
        return None

    def _read(self) -> Node | None:
        node = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if node is not None:
                    self._refuse(event, "yaml-documents")
                    break
                node = self._node(next(self._events), 1)
        if node is None or (isinstance(node, Scalar) and not node.text and not self.problems):
            self.problems.append(Problem("yaml-empty", Place(self._file), *REFUSED["yaml-empty"]))
        return node

    def _node(self, event: yaml.Event, depth: int) -> Node:
        self._count(event)
        self._refuse_extras(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._seq(event, self._deeper(event, depth))
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(event, self._deeper(event, depth))
        return self._scalar(event)

    def _seq(self, start: yaml.Event, depth: int) -> Seq:
        items = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, depth))
        return Seq(tuple(items), self._place(start))

    def _map(self, start: yaml.Event, depth: int) -> Map:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth)
            value = self._node(next(self._events), depth)
            if not isinstance(key, Scalar):
                self._refuse(event, "yaml-key")
            elif key.text == "<<" and not key.quoted:
                self._refuse(event, "yaml-merge")
            elif first := entries.get(key.text):
                self._refuse(event, "yaml-duplicate-key", _duplicate(key.text, first[0].place))
            else:
                entries[key.text] = (key, value)
        return Map(tuple(entries.values()), self._place(start))

    def _scalar(self, event: yaml.Event) -> Scalar:
        if not isinstance(event, yaml.ScalarEvent):  # an alias, which is refused already
            return Scalar("", self._place(event))
        text, place, quoted = event.value, self._place(event), bool(event.style)
        # An escape such as "\0" can bring in what may not be written.
        if hidden := _FORBIDDEN.search(text):
            self.problems.append(_forbidden(hidden.group(), place))
        if not quoted and text != text.strip():
            self._refuse(event, "yaml-blank")
        return Scalar("" if text == "~" and not quoted else text, place, quoted, self._written(event))

    def _written(self, event: yaml.Event) -> str:
        start, end = event.start_mark, event.end_mark
        return self._text[start.index : end.index] if start and end else ""

    def _count(self, event: yaml.Event) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(event, "yaml-too-many", _TOO_MANY)
            raise _Stop

    def _deeper(self, event: yaml.Event, depth: int) -> int:
        if depth > MAX_DEPTH:
            self._refuse(event, "yaml-too-deep", _TOO_DEEP)
            raise _Stop
        return depth + 1

    def _refuse_extras(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, "yaml-alias")
        elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._refuse(event, "yaml-anchor")
        if getattr(event, "tag", None) is not None:
            self._refuse(event, "yaml-tag")

    def _refuse(self, event: yaml.Event, code: str, words: tuple[Text, Text] | None = None) -> None:
        self.problems.append(Problem(code, self._place(event), *(words or REFUSED[code])))

    def _place(self, event: yaml.Event) -> Place:
        return self._at(event.start_mark) or Place(self._file)

    def _at(self, mark: _Mark | None) -> Place | None:
        return None if mark is None else Place(self._file, mark.line + 1, mark.column + 1)

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        at, start = self._at(error.problem_mark), self._at(error.context_mark)
        if error.problem and "nesting depth" in error.problem:
            # A parser that has a limit of its own meets it before it gives anything.
            self.problems.append(Problem("yaml-too-deep", at or Place(self._file), *_TOO_DEEP))
            return
        self.problems.append(explain(self._file, self._text, at, error.problem or str(error), start))


def _duplicate(key: str, first: Place) -> tuple[Text, Text]:
    return (
        Text(
            f"nyckeln '{key}' finns redan på rad {first.line}.",
            f"the key '{key}' is already on line {first.line}.",
        ),
        Text("Behåll en av dem.", "Keep one of them."),
    )
