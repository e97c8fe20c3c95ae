"""What a data set says about itself: dataset.yaml, or the same words in a mapping."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from genomlys.engine.door.found import Found, Said, quote
from genomlys.engine.errors import Place, Problem, RuleError, Text, nearest
from genomlys.engine.language.yamlfile import Map, Node, Scalar, Seq, load_yaml
from genomlys.engine.tables import FIRST_YEAR

WORDS: Final = ("title", "unit", "as_of", "sources", "licence")
NEEDED: Final = ("title", "unit", "as_of")


@dataclass(frozen=True)
class About:
    """The data set's own words, None where they are a problem. ``unit_place`` is where the unit stood."""

    title: str | None = None
    unit: str | None = None
    as_of: dt.date | None = None
    sources: tuple[str, ...] = ()
    licence: str = ""
    unit_place: Place = Place("dataset")


@dataclass(frozen=True)
class _Word:
    """One key: a text, a list of texts, or None if what was there is neither."""

    value: str | tuple[str, ...] | None
    place: Place


def about_from_yaml(source: bytes, file: str) -> tuple[About, Found]:
    """dataset.yaml as About, and every problem with it."""
    try:
        node = load_yaml(source, file)
    except RuleError as error:
        return About(), Found.of(error.problems)
    if not isinstance(node, Map):
        said = Text("filen ska bestå av nyckel: värde.", "the file must consist of key: value.")
        remedy = Text(f"Skriv raderna {', '.join(WORDS)}.", f"Write the lines {', '.join(WORDS)}.")
        return About(), Found.one(node.place, Said("bad-dataset", said, remedy))
    words = {key.text: _Word(_of_node(value), value.place) for key, value in node.entries}
    places = {key.text: key.place for key, _ in node.entries}
    return _about(words, places, Place(file))


def about_from_mapping(source: object, name: str) -> tuple[About, Found]:
    """The same from a mapping whose values may also be dates, years and lists."""
    if not isinstance(source, Mapping):
        said = Text("det ska vara en mappning.", "it must be a mapping.")
        remedy = Text(f"Ge nycklarna {', '.join(WORDS)}.", f"Give the keys {', '.join(WORDS)}.")
        return About(), Found.one(Place(name), Said("bad-dataset", said, remedy))
    places = {str(key): Place(name, None, str(key)) for key in source}
    words = {str(key): _Word(_of_object(value), places[str(key)]) for key, value in source.items()}
    return _about(words, places, Place(name))


def _of_node(node: Node) -> str | tuple[str, ...] | None:
    if isinstance(node, Scalar):
        return node.text.strip()
    if isinstance(node, Seq) and all(isinstance(item, Scalar) for item in node.items):
        return tuple(item.text.strip() for item in node.items if isinstance(item, Scalar))
    return None


def _of_object(value: object) -> str | tuple[str, ...] | None:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    if isinstance(value, (str, int, dt.date)) and not isinstance(value, bool):
        return str(value).strip()
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(item.strip() for item in value)
    return None


def _about(words: Mapping[str, _Word], places: Mapping[str, Place], whole: Place) -> tuple[About, Found]:
    problems = list(_problems(words, places, whole))
    sources = words["sources"].value if "sources" in words else None
    about = About(
        title=_one(words, "title"),
        unit=_one(words, "unit"),
        as_of=_date(_one(words, "as_of")),
        sources=(sources,) if isinstance(sources, str) and sources else tuple(sources or ()),
        licence=_one(words, "licence") or "",
        unit_place=words["unit"].place if "unit" in words else whole,
    )
    return about, Found.of(problems)


def _problems(words: Mapping[str, _Word], places: Mapping[str, Place], whole: Place) -> Iterator[Problem]:
    for name, place in places.items():
        if name not in WORDS:
            said = Text(f"okänd nyckel {quote(name)}.", f"unknown key {quote(name)}.")
            yield Problem("unknown-key", place, said, nearest(name, WORDS))
    for name in WORDS:
        word = words.get(name)
        if word is None or word.value in ("", ()):
            if name in NEEDED:
                yield _missing(name, word.place if word else whole)
        elif word.value is None or (name != "sources" and not isinstance(word.value, str)):
            yield _no_text(name, word.place)
        elif name == "as_of" and _date(str(word.value)) is None:
            yield _bad_date(str(word.value), word.place)


def _missing(name: str, place: Place) -> Problem:
    said = Text(f"{name} saknas.", f"{name} is missing.")
    remedies = {
        "title": Text("Skriv datamängdens namn.", "Write the data set's name."),
        "unit": Text("Skriv den egna enheten, en av dem i units.", "Write the home unit, one of those in units."),
        "as_of": Text("Skriv ett år eller ett datum.", "Write a year or a date."),
    }
    return Problem("missing-value", place, said, remedies[name])


def _no_text(name: str, place: Place) -> Problem:
    said = Text(f"{name} är inte en text.", f"{name} is not a text.")
    if name == "sources":
        said = Text("sources är inte en lista med texter.", "sources is not a list of texts.")
    return Problem("bad-text", place, said, Text("Skriv det på en rad.", "Write it on one line."))


def _bad_date(text: str, place: Place) -> Problem:
    said = Text(f"{quote(text)} är varken ett år eller ett datum.", f"{quote(text)} is neither a year nor a date.")
    remedy = Text("Skriv till exempel 2025 eller 2025-12-31.", "Write for example 2025 or 2025-12-31.")
    return Problem("bad-date", place, said, remedy)


def _one(words: Mapping[str, _Word], name: str) -> str | None:
    value = words[name].value if name in words else None
    return value if isinstance(value, str) and value else None


def _date(text: str | None) -> dt.date | None:
    """A year is its 31 December."""
    if text is None or not re.fullmatch("[0-9]{4}(-[0-9]{2}-[0-9]{2})?", text):
        return None
    try:
        date = dt.date.fromisoformat(text if len(text) > 4 else f"{text}-12-31")
    except ValueError:
        return None
    return date if date.year >= FIRST_YEAR else None
