"""The tables the engine takes: their columns, types, allowed words, ranges and keys.

This is the only place that says what a table looks like, and the only module that knows pandera, which tells what
rows break and is loaded only where some do. A table is described *after* the door: every column there, every cell of
its type. How a cell is read at the door is told too, see :class:`Field`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import polars as pl

from genomlys.engine.vocabulary import (
    BENCHMARKS,
    CATEGORIES,
    DERIVATIONS,
    DIRECTIONS,
    HORIZONS,
    MEASURE_STATUSES,
    PRICE_KINDS,
    SAVING_KINDS,
    SIGNAL_KINDS,
    UNIT_KINDS,
    VALUE_STATUSES,
)

if TYPE_CHECKING:
    import pandera.polars as pa

Reading: TypeAlias = Literal[
    "text",  # any text
    "word",  # one of the allowed words
    "number",  # a number the Swedish way
    "count",  # a whole number
    "year",  # four digits
    "date",  # 2024-12-16
    "flag",  # ja, nej
    "texts",  # a; b
    "years",  # 2019; 2024
    "joined",  # a list that is kept as text: "a; b"
    "relative",  # the part of a dead band that is written with a percent sign
    "absolute",  # the part that is written without
    "number_or_kpi",  # a number, or the name of a KPI
]

FIRST_YEAR: Final = 1900


@dataclass(frozen=True)
class Field:
    """One column, as the door needs to know it.

    ``source`` is the column's name in a file, which differs from ``name`` where one written column
    becomes two. ``expected`` means that the column must be there, ``required`` that every cell must say
    something; otherwise an empty cell becomes ``default``, or what the column ``default_from`` says, or null
    where it is ``nullable``. ``words`` are all that are allowed, if any; ``low`` and ``high`` the least and the most.
    """

    name: str
    source: str
    dtype: pl.DataType
    reading: Reading
    expected: bool
    required: bool
    nullable: bool
    default: Any
    default_from: str | None
    words: tuple[str, ...]
    low: int | None
    high: int | None


@dataclass(frozen=True)
class _Table:
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    needed: bool


@dataclass(frozen=True)
class Breach:
    """A column's rule that some rows break. ``rows`` is a Boolean series, true where the row breaks it."""

    column: str
    rule: Literal["missing", "word", "range"]
    rows: pl.Series


def _column(
    dtype: type[pl.DataType] | pl.DataType,
    reading: Reading,
    *,
    words: Sequence[str] = (),
    low: int | None = None,
    high: int | None = None,
    optional: bool = False,
    nullable: bool = False,
    default: Any = None,
    default_from: str | None = None,
    source: str = "",
    expected: bool = False,
) -> Field:
    """``optional``: may be left out or empty; ``nullable``: and is null then; ``expected``: may only be empty."""
    return Field(
        name="",
        source=source,
        dtype=dtype() if isinstance(dtype, type) else dtype,
        reading=reading,
        expected=expected or not (optional or nullable),
        required=not (optional or nullable),
        nullable=nullable,
        default=default,
        default_from=default_from,
        words=tuple(words),
        low=low,
        high=high,
    )


def _text(*, optional: bool = False, default_from: str | None = None) -> Field:
    if default_from:
        return _column(pl.String, "text", optional=True, default_from=default_from)
    return _column(pl.String, "text", nullable=optional)


def _word(words: Sequence[str], *, optional: bool = False, nullable: bool = False) -> Field:
    return _column(pl.String, "word", words=words, optional=optional, nullable=nullable)


def _number(*, expected: bool = False) -> Field:
    return _column(pl.Float64, "number", nullable=True, expected=expected)


def _year() -> Field:
    # The last year that can be depends on the data set's date; the door knows it.
    return _column(pl.Int32, "year", low=FIRST_YEAR)


def _date() -> Field:
    return _column(pl.Date, "date", nullable=True)


def _band(reading: Reading) -> Field:
    return _column(pl.Float64, reading, low=0, nullable=True, source="materiality")


def _table(columns: Mapping[str, Field], key: Sequence[str], *, needed: bool = False) -> _Table:
    named = (replace(field, name=name, source=field.source or name) for name, field in columns.items())
    return _Table(tuple(named), tuple(key), needed)


SCHEMAS: Final[Mapping[str, _Table]] = MappingProxyType(
    {
        "units": _table(
            {
                "unit": _text(),
                "title": _text(),
                "kind": _word(UNIT_KINDS),
                "parent": _text(optional=True),
            },
            key=["unit"],
            needed=True,
        ),
        "kpis": _table(
            {
                "kpi": _text(),
                "title": _text(),
                "name": _text(default_from="title"),
                "category": _word(CATEGORIES),
                "area": _text(),
                "measure": _text(),
                "direction": _word(DIRECTIONS),
                "decimals": _column(pl.Int32, "count", low=-3, high=6),
                "materiality_rel": _band("relative"),
                "materiality_abs": _band("absolute"),
                "breaks": _column(pl.List(pl.Int32), "years", optional=True, default=[]),
                "max_age": _column(pl.Int32, "count", low=0, high=20, optional=True, default=2),
                "volume": _column(pl.String, "number_or_kpi", nullable=True),
                "denominator": _column(pl.String, "number_or_kpi", nullable=True),
                "per": _column(pl.Float64, "number", low=1, nullable=True),
                "part_of": _text(optional=True),
                "derive": _word(DERIVATIONS, nullable=True),
                "of": _column(pl.List(pl.String), "texts", optional=True, default=[]),
                "base_year": _column(pl.Int32, "year", low=FIRST_YEAR, nullable=True),
                "deflate": _text(optional=True),
                "peer_group": _text(optional=True),
                "source": _text(optional=True),
                "source_id": _text(optional=True),
            },
            key=["kpi"],
            needed=True,
        ),
        "values": _table(
            {
                "unit": _text(),
                "kpi": _text(),
                "year": _year(),
                "value": _number(expected=True),
                # An empty status follows from the value's cell, so it is never null after the door.
                "status": _word(VALUE_STATUSES, optional=True),
                "source": _text(optional=True),
            },
            key=["unit", "kpi", "year"],
            needed=True,
        ),
        "benchmarks": _table(
            {
                "unit": _text(optional=True),
                "kpi": _text(),
                "year": _year(),
                "benchmark": _word(BENCHMARKS),
                "value": _number(expected=True),
                "n": _column(pl.Int32, "count", low=0, nullable=True),
                "members": _column(pl.String, "joined", nullable=True),
                "source": _text(optional=True),
            },
            key=["unit", "kpi", "year", "benchmark"],
        ),
        "peers": _table(
            {
                "unit": _text(),
                "group": _text(),
                "year": _year(),
                "member": _text(),
            },
            key=["unit", "group", "year", "member"],
        ),
        "prices": _table(
            {
                "index": _text(),
                "year": _year(),
                "vintage": _column(pl.Date, "date"),
                "value": _column(pl.Float64, "number"),
                "kind": _word(PRICE_KINDS),
                "source": _text(optional=True),
            },
            key=["index", "year", "vintage"],
        ),
        "areas": _table(
            {
                "area": _text(),
                "title": _text(),
                "name": _text(default_from="title"),
                "committees": _column(pl.List(pl.String), "texts", optional=True, default=[]),
                "priority": _text(optional=True),
                "cross_cutting": _column(pl.Boolean, "flag", optional=True, default=False),
                "source": _text(optional=True),
            },
            key=["area"],
            needed=True,
        ),
        "measures": _table(
            {
                "measure": _text(),
                "title": _text(),
                "area": _text(),
                "horizon": _word(HORIZONS),
                "decided": _date(),
                "due": _date(),
                "owner": _text(optional=True),
                "saving_low": _number(),
                "saving_high": _number(),
                "saving_kind": _word(SAVING_KINDS),
                "saving_note": _text(optional=True),
                "status": _word(MEASURE_STATUSES),
                "followup": _text(optional=True),
                "followup_date": _date(),
                "source": _text(optional=True),
            },
            key=["measure"],
        ),
        "signals": _table(
            {
                "signal": _text(),
                "area": _text(),
                "kind": _word(SIGNAL_KINDS),
                "title": _text(),
                "date": _date(),
                "source": _text(optional=True),
            },
            key=["signal"],
        ),
    }
)

TABLES: Final = tuple(SCHEMAS)


def key(table: str) -> tuple[str, ...]:
    """The columns that together name one row of a table."""
    return SCHEMAS[table].key


def needed(table: str) -> bool:
    """Whether a data set without rows in this table says nothing."""
    return SCHEMAS[table].needed


def fields(table: str) -> tuple[Field, ...]:
    """A table's columns in order, as the door needs to know them."""
    return SCHEMAS[table].fields


def empty(table: str) -> pl.DataFrame:
    """The table with all its columns and no row."""
    return pl.DataFrame(schema={field.name: field.dtype for field in fields(table)})


def breaches(table: str, frame: pl.DataFrame) -> list[Breach]:
    """What the rows of a coerced frame break of their table's schema.

    ``frame`` has the table's columns, in order and of their types; a frame that has not is a mistake in
    this package and raises pandera's own error.
    """
    return [] if is_sound(table, frame) else _told_by_pandera(table, frame)


def is_sound(table: str, frame: pl.DataFrame) -> bool:
    """Whether no row breaks the schema: the same question as pandera's, which takes a third of a second to load."""
    if list(frame.schema.items()) != [(field.name, field.dtype) for field in fields(table)]:
        return False
    broken = [expression for field in fields(table) for expression in _broken(field)]
    return not any(frame.select(broken).row(0))


def _broken(field: Field) -> Iterator[pl.Expr]:
    column = pl.col(field.name)
    if not field.nullable:
        yield column.is_null().any().alias(f"{field.name} null")
    if field.words:
        yield (~column.is_in(field.words)).any().alias(f"{field.name} word")
    if field.low is not None:
        yield (column < field.low).any().alias(f"{field.name} low")
    if field.high is not None:
        yield (column > field.high).any().alias(f"{field.name} high")


@cache
def schema(table: str) -> pa.DataFrameSchema:
    """The table as pandera knows it."""
    import pandera.polars as pa  # noqa: PLC0415

    columns = {field.name: pa.Column(field.dtype, _checks(field), nullable=field.nullable) for field in fields(table)}
    # The key is not pandera's ``unique``: the door names both rows of a pair, and what differs.
    return pa.DataFrameSchema(columns, strict=True, ordered=True)


def _checks(field: Field) -> list[pa.Check]:
    import pandera.polars as pa  # noqa: PLC0415

    checks = [pa.Check.isin(list(field.words))] if field.words else []
    if field.low is not None and field.high is not None:
        return [*checks, pa.Check.in_range(field.low, field.high)]
    return [*checks, pa.Check.ge(field.low)] if field.low is not None else checks


def _told_by_pandera(table: str, frame: pl.DataFrame) -> list[Breach]:
    from pandera.config import ValidationDepth, config_context  # noqa: PLC0415
    from pandera.errors import SchemaErrors  # noqa: PLC0415

    # Switches in the environment can turn pandera off, or its checks of values; here they have no say.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            schema(table).validate(frame, lazy=True)
        except SchemaErrors as errors:
            if not all(isinstance(error.check_output, pl.DataFrame) for error in errors.schema_errors):
                raise
            return [_breach(error) for error in errors.schema_errors]
    return []


def _breach(error: pa.errors.SchemaError) -> Breach:
    from pandera.errors import SchemaErrorReason  # noqa: PLC0415

    held = error.check_output.to_series()
    column = str(error.schema.name)
    if error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        return Breach(column, "missing", ~held)
    return Breach(column, "word" if error.check.name == "isin" else "range", ~held)
