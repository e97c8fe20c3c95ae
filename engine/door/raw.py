"""A table as it came from outside, and which of its columns is which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from genomlys.engine.door.found import Found, Said, quote, shown
from genomlys.engine.door.slips import column_remedy
from genomlys.engine.errors import Place, Problem, Text
from genomlys.engine.tables import Field

# The number of a row as the person who wrote it counts: in a file as Excel does, in a frame from 1.
ROW: Final = "_row"


@dataclass(frozen=True)
class RawTable:
    """A table as it came. ``names`` are its columns as written; ``frame`` has them called by number, and ROW.

    ``header`` is the number of the row with the names, None where names are not in a row. ``partial`` means that
    the file has rows that are not in the frame; they are problems.
    """

    table: str
    file: str
    names: tuple[str, ...]
    frame: pl.DataFrame
    header: int | None = None
    partial: bool = False

    def place(self, column: str | None) -> Place:
        return Place(self.file, self.header, column)


def raw_frame(table: str, frame: pl.DataFrame, file: str) -> RawTable:
    """A frame in memory as a raw table; its rows are counted from 1."""
    numbered = frame.rename({name: str(number) for number, name in enumerate(frame.columns)})
    rows = pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias(ROW)
    return RawTable(table, file, tuple(frame.columns), numbered.with_columns(rows))


def named_columns(raw: RawTable, fields: Sequence[Field]) -> tuple[pl.DataFrame, Found]:
    """The known columns under the names of the fields (as written in files), and ROW; and every misnamed one.

    An unknown column is a problem and not left aside: it may be a needed one, misspelt.
    """
    positions: dict[str, int] = {}
    problems: list[Problem] = []
    known = column_names(fields)
    for number, written in enumerate(raw.names):
        name = written.strip().casefold()
        if said := _misnamed(name, number, raw, known, positions):
            problems.append(Problem(said.code, raw.place(shown(written) or None), said.message, said.remedy))
        elif name:
            positions[name] = number
    missing = _missing(raw, fields, positions)
    columns = [pl.col(str(number)).alias(name) for name, number in positions.items()]
    return raw.frame.select(ROW, *columns), Found.all_of([Found.of(problems), Found.of(missing)])


def column_names(fields: Sequence[Field]) -> list[str]:
    """What the columns of a table may be called: as written in files, and as after the door."""
    return list(dict.fromkeys([field.source for field in fields] + [field.name for field in fields]))


def _misnamed(name: str, number: int, raw: RawTable, known: Sequence[str], before: Mapping[str, int]) -> Said | None:
    if not name:
        # Excel writes columns that once had something in them; only what is in them now matters.
        return None if raw.frame[str(number)].is_null().all() else _nameless(number)
    if name in before:
        return _twice(name, name)
    if name not in known:
        said = Text(f"okänd kolumn {quote(name)}.", f"unknown column {quote(name)}.")
        return Said("unknown-column", said, column_remedy(name, known))
    # One column when written, two after the door: either way of giving it, not both.
    same = next((other for other in before if other.startswith(f"{name}_") or name.startswith(f"{other}_")), None)
    return _twice(name, same) if same and "materiality" in (name, same) else None


def _nameless(number: int) -> Said:
    said = Text(f"kolumn {number + 1} saknar rubrik.", f"column {number + 1} has no name.")
    remedy = Text("Skriv en rubrik, eller ta bort kolumnen.", "Write a name, or remove the column.")
    return Said("nameless-column", said, remedy)


def _twice(name: str, other: str) -> Said:
    said = (
        Text(f"kolumnen {quote(name)} finns två gånger.", f"the column {quote(name)} is there twice.")
        if name == other
        else Text(
            f"kolumnen {quote(name)} säger detsamma som {quote(other)}.", f"{quote(name)} repeats {quote(other)}."
        )
    )
    return Said("duplicate-column", said, Text("Behåll en av dem.", "Keep one of them."))


def _missing(raw: RawTable, fields: Sequence[Field], positions: Mapping[str, int]) -> Iterator[Problem]:
    for field in fields:
        if field.expected and field.source not in positions and field.name not in positions:
            said = Text(f"kolumnen '{field.source}' saknas.", f"the column '{field.source}' is missing.")
            remedy = Text(f"Lägg till en kolumn med rubriken {field.source}.", f"Add a column named {field.source}.")
            yield Problem("missing-column", raw.place(field.source), said, remedy)
