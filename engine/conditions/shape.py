"""How a kind of condition can be written: said of its words once, for the reader and for an editor's schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from genomlys.engine.conditions.base import Subject
from genomlys.engine.errors import Text
from genomlys.engine.language.words import Words


@dataclass(frozen=True)
class Shape:
    """One way of writing a condition of a kind.

    words: all that may stand in it; needed: those that must; about: what such a condition says. A shape without
    needed words needs one of its words at least, or there is no condition.
    """

    subjects: tuple[Subject, ...]
    words: Words
    needed: tuple[str, ...]
    about: Text
    example: str


def words_of(shapes: Iterable[Shape]) -> frozenset[str]:
    return frozenset(word for shape in shapes for word in shape.words)
