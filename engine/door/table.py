"""A raw table -> a checked one: every cell of its type, and what the table's schema says about each column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import polars as pl

from genomlys.engine.door.cells import INFINITE, UNREADABLE, Read, plain, read
from genomlys.engine.door.found import LISTED_OF_ONE_KIND, Found, Said, quote
from genomlys.engine.door.keys import key_codes
from genomlys.engine.door.raw import ROW, RawTable, named_columns
from genomlys.engine.door.slips import number_remedy, word_remedy
from genomlys.engine.errors import Place, Problem, Text, nearest
from genomlys.engine.numbers import MARKS
from genomlys.engine.tables import FIRST_YEAR, Breach, Field, breaches, fields

# What to say of a cell, from the cell as it was written and the typed cells of its row.
Say: TypeAlias = Callable[[str, Mapping[str, Any]], Said]


@dataclass(frozen=True)
class CheckedTable:
    """A table after the door, or what there is of it when there are problems.

    ``frame`` has the table's columns, each of its type, and ROW; ``written`` has the cells as they came, in
    the same rows, under the names of ``sources``. ``unreadable`` tells by column which cells are null only
    because something is wrong with them already; ``lost`` are columns that are not there or of no use.
    ``partial`` means that the file has more rows, which are problems.
    """

    table: str
    file: str
    frame: pl.DataFrame
    written: pl.DataFrame
    sources: Mapping[str, str]
    unreadable: Mapping[str, pl.Series]
    lost: frozenset[str]
    partial: bool

    @cached_property
    def codes(self) -> pl.Series:
        """The rows' keys, as ``key_codes`` tells."""
        return key_codes(self.table, self.frame)

    def text(self, index: int, column: str) -> str:
        """What was written in a cell."""
        source = self.sources[column]
        cell = self.written[source][index] if source in self.written.columns else None
        return "; ".join(map(str, cell)) if isinstance(cell, pl.Series) else "" if cell is None else str(cell)

    def place(self, index: int, column: str) -> Place:
        return Place(self.file, self.frame[ROW][index], self.sources[column])

    def tell(self, broken: pl.Expr | pl.Series, column: str, say: Say) -> Found:
        """A problem in ``column`` for each row where ``broken``, unless its cell is a problem already."""
        if column in self.lost:
            return Found()
        mask = self.frame.select(broken.alias("broken"))["broken"] if isinstance(broken, pl.Expr) else broken
        if column in self.unreadable:
            mask = mask & ~self.unreadable[column]
        return self.everywhere(mask, column, say)

    def everywhere(self, mask: pl.Series, column: str, say: Say) -> Found:
        """A problem in ``column`` for each row where the Boolean series is true."""
        rows = mask.fill_null(False).arg_true()
        return Found.first((self._problem(row, column, say) for row in rows.head(LISTED_OF_ONE_KIND)), len(rows))

    def _problem(self, index: int, column: str, say: Say) -> Problem:
        said = say(self.text(index, column), self.frame.row(index, named=True))
        return Problem(said.code, self.place(index, column), said.message, said.remedy)


def check_table(raw: RawTable) -> tuple[CheckedTable, Found]:
    """Every cell read, every problem within one column found. No row is lost, whatever is wrong with it."""
    named, misnamed = named_columns(raw, fields(raw.table))
    checked, untyped = _coerced(raw, plain(named))
    by_name = {field.name: field for field in fields(raw.table)}
    found = [misnamed, untyped]
    found += [_unreadable(checked, by_name[name], cells) for name, cells in checked.unreadable.items()]
    found += [
        _broken(checked, by_name[breach.column], breach) for breach in breaches(raw.table, checked.frame.drop(ROW))
    ]
    return checked, Found.all_of(found)


class _Column(NamedTuple):
    """A field, the column it comes from, and how that is read: None if it is not there, or of no use."""

    field: Field
    source: str | None
    read: Read | None


def _column(field: Field, schema: pl.Schema) -> _Column:
    if field.source in schema:
        return _Column(field, field.source, read(field.reading, field.source, schema[field.source]))
    if field.name in schema:  # already apart, as after the door
        return _Column(field, field.name, read("number", field.name, schema[field.name]))
    return _Column(field, None, None)


def _coerced(raw: RawTable, written: pl.DataFrame) -> tuple[CheckedTable, Found]:
    columns = [_column(field, written.schema) for field in fields(raw.table)]
    cells = written.select(ROW, *(expression for column in columns for expression in _expressions(column)))
    unreadable = {c.field.name: cells[_mark(c.field)] for c in columns if c.read and cells[_mark(c.field)].any()}
    untyped = [column for column in columns if column.source and not column.read]
    absent = [column.field.name for column in columns if column.field.expected and not column.source]
    checked = CheckedTable(
        table=raw.table,
        file=raw.file,
        frame=_filled(raw.table, cells.select(ROW, *(column.field.name for column in columns)), written),
        written=written,
        sources={column.field.name: column.source or column.field.source for column in columns},
        unreadable=unreadable,
        lost=frozenset([*absent, *(column.field.name for column in untyped)]),
        partial=raw.partial,
    )
    return checked, Found.of(_wrong_type(raw, str(column.source), written) for column in untyped)


def _mark(field: Field) -> str:
    return f"{field.name} unreadable"


def _expressions(column: _Column) -> Iterator[pl.Expr]:
    field = column.field
    default = pl.lit(field.default, field.dtype)
    if column.read is None:
        yield default.alias(field.name)
        return
    value = column.read.value
    yield (value if field.default is None else value.fill_null(default)).cast(field.dtype).alias(field.name)
    yield (column.read.must & value.is_null()).alias(_mark(field))


def _filled(table: str, frame: pl.DataFrame, written: pl.DataFrame) -> pl.DataFrame:
    """Empty cells that another column fills: a name is the title, a status follows from the value."""
    named = [pl.col(field.name).fill_null(pl.col(field.default_from)) for field in fields(table) if field.default_from]
    if table != "values":
        return frame.with_columns(named)
    of_value = pl.when(pl.col("value").is_not_null()).then(pl.lit("ok")).otherwise(_marks(written)).fill_null("missing")
    return frame.with_columns(pl.col("status").fill_null(of_value))


def _marks(written: pl.DataFrame) -> pl.Series:
    """What the marks among the values say: '..' that a value is suppressed."""
    if written.schema.get("value") != pl.String:
        return pl.Series([None], dtype=pl.String)
    return written["value"].replace_strict(MARKS, default=None, return_dtype=pl.String)


def _wrong_type(raw: RawTable, source: str, written: pl.DataFrame) -> Problem:
    dtype = written.schema[source]
    said = Text(f"kolumnen innehåller värden av typen {dtype}.", f"the column has values of type {dtype}.")
    remedy = Text("Ge den som text, tal eller datum.", "Give it as text, numbers or dates.")
    return Problem("wrong-type", raw.place(source), said, remedy)


def _unreadable(checked: CheckedTable, field: Field, cells: pl.Series) -> Found:
    return checked.everywhere(cells, field.name, lambda text, _: _not_read(text, checked.table, field))


def _not_read(text: str, table: str, field: Field) -> Said:
    code, message, remedy = INFINITE if text.lstrip("-") == "inf" else UNREADABLE[field.reading]
    remedy = number_remedy(text, table, field.name) or remedy
    return Said(code, Text(f"{quote(text)} {message.sv}", f"{quote(text)} {message.en}"), remedy)


def _broken(checked: CheckedTable, field: Field, breach: Breach) -> Found:
    if field.default_from:  # what it is filled from is empty, which is told there
        return Found()
    say = {"missing": _empty_cell, "word": _unknown_word, "range": _out_of_range}[breach.rule]
    return checked.tell(breach.rows, field.name, lambda text, _: say(text, field))


def _empty_cell(text: str, field: Field) -> Said:
    remedy = Text("Skriv ett värde.", "Write a value.")
    return Said(
        "missing-value",
        Text("cellen är tom.", "the cell is empty."),
        nearest("", field.words) if field.words else remedy,
    )


def _unknown_word(text: str, field: Field) -> Said:
    said = Text(f"okänt ord {quote(text)}.", f"unknown word {quote(text)}.")
    return Said("unknown-word", said, word_remedy(text, field.words))


def _out_of_range(text: str, field: Field) -> Said:
    low, high = field.low, field.high
    if field.reading == "year":
        return impossible_year(text, None)
    said = Text(f"{quote(text)} är utanför det möjliga.", f"{quote(text)} is out of range.")
    if high is None:
        return Said("out-of-range", said, Text(f"Skriv {low} eller mer.", f"Write {low} or more."))
    return Said(
        "out-of-range", said, Text(f"Skriv ett tal från {low} till {high}.", f"Write a number from {low} to {high}.")
    )


def impossible_year(text: str, last: int | None) -> Said:
    """What to say of a year before FIRST_YEAR or, if the data set's date is known, after ``last``."""
    said = Text(f"året {quote(text)} är omöjligt.", f"the year {quote(text)} is impossible.")
    to = ("", "") if last is None else (f" till {last}", f" to {last}")
    remedy = Text(f"Skriv ett år från {FIRST_YEAR}{to[0]}.", f"Write a year from {FIRST_YEAR}{to[1]}.")
    return Said("impossible-year", said, remedy)
