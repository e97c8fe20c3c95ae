"""What a check found: the first problems of its kind in full, the rest as a number.

A wrong column can be wrong in two million rows. All of them count, nobody reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from genomlys.engine.errors import Place, Problem, Text

LISTED_OF_ONE_KIND: Final = 40
LISTED_IN_ALL: Final = 200
_SHOWN: Final = 60


class Said(NamedTuple):
    """A problem without its place."""

    code: str
    message: Text
    remedy: Text = Text("", "")


@dataclass(frozen=True)
class Found:
    """``problems`` are told in full; ``more`` is how many further ones of the same kinds there are."""

    problems: tuple[Problem, ...] = ()
    more: int = 0

    @staticmethod
    def one(place: Place, said: Said) -> Found:
        return Found((Problem(said.code, place, said.message, said.remedy),))

    @staticmethod
    def of(problems: Iterable[Problem]) -> Found:
        """All problems of one kind, of which the first are kept."""
        every = tuple(problems)
        return Found.first(every[:LISTED_OF_ONE_KIND], len(every))

    @staticmethod
    def first(problems: Iterable[Problem], total: int) -> Found:
        """The first of ``total`` problems."""
        kept = tuple(problems)
        return Found(kept, total - len(kept))

    @staticmethod
    def all_of(parts: Iterable[Found]) -> Found:
        every = tuple(parts)
        return Found(tuple(_problems(every)), sum(part.more for part in every))

    def __bool__(self) -> bool:
        return bool(self.problems)


def listed(found: Found, files: Iterable[str], whole: str) -> list[Problem]:
    """The problems in order of place, at most LISTED_IN_ALL, and last how many there are besides.

    ``files`` gives the order of the files, ``whole`` is the name of the data set.
    """
    rank = {file: number for number, file in enumerate(files)}
    ordered = sorted(found.problems, key=lambda problem: _order(problem, rank))
    rest = found.more + max(0, len(ordered) - LISTED_IN_ALL)
    if not rest:
        return ordered
    said = Text(f"ytterligare {rest} problem visas inte.", f"{rest} more problems are not shown.")
    remedy = Text("Rätta dem ovan och kontrollera igen.", "Correct those above and check again.")
    return [*ordered[:LISTED_IN_ALL], Problem("more-problems", Place(whole), said, remedy)]


def shown(text: str) -> str:
    """What was written, on one line, cut if it is long, and without what would steer a terminal."""
    line = " ".join(text.split())
    line = line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in line)


def quote(text: str) -> str:
    return f"'{shown(text)}'"


def _problems(parts: Iterable[Found]) -> Iterator[Problem]:
    for part in parts:
        yield from part.problems


def _order(problem: Problem, rank: dict[str, int]) -> tuple[int, int, str, str]:
    place = problem.place
    return rank.get(place.file, len(rank)), place.line or 0, str(place.column or ""), problem.code
