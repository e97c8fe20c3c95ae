"""The tables the engine takes: their columns, types, allowed words, ranges and keys, as pandera schemas.

This is the only place that says what a table looks like, and the only module that knows pandera. A
schema describes a table *after* the door: every column there, every cell of its type. How a cell is
read at the door is told in the column's metadata, and asked for here as :class:`Field`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrorReason

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
    something; otherwise an empty cell becomes ``default``, or what the column ``default_from`` says, or null.
    """

    name: str
    source: str
    dtype: pl.DataType
    reading: Reading
    expected: bool
    required: bool
    default: Any
    default_from: str | None
    words: tuple[str, ...]
    low: int | None
    high: int | None


@dataclass(frozen=True)
class Breach:
    """A column's rule that some rows break. ``rows`` is a Boolean series, true where the row breaks it."""

    column: str
    rule: Literal["missing", "word", "range"]
    rows: pl.Series


def _column(
    dtype: Any,
    reading: Reading,
    *checks: pa.Check,
    optional: bool = False,
    nullable: bool = False,
    default: Any = None,
    default_from: str | None = None,
    source: str | None = None,
    expected: bool = False,
) -> pa.Column:
    """``optional``: may be left out or empty; ``nullable``: and is null then; ``expected``: may only be empty."""
    metadata = {
        "expected": expected or not (optional or nullable),
        "reading": reading,
        "optional": optional or nullable,
        "default": default,
        "default_from": default_from,
        "source": source,
    }
    return pa.Column(dtype, list(checks), nullable=nullable, metadata=metadata)


def _text(*, optional: bool = False, default_from: str | None = None) -> pa.Column:
    if default_from:
        return _column(pl.String, "text", optional=True, default_from=default_from)
    return _column(pl.String, "text", nullable=optional)


def _word(words: Sequence[str], *, optional: bool = False) -> pa.Column:
    return _column(pl.String, "word", pa.Check.isin(list(words)), optional=optional)


def _number(*, expected: bool = False) -> pa.Column:
    return _column(pl.Float64, "number", nullable=True, expected=expected)


def _year() -> pa.Column:
    # The last year that can be depends on the data set's date; the door knows it.
    return _column(pl.Int32, "year", pa.Check.ge(FIRST_YEAR))


def _date() -> pa.Column:
    return _column(pl.Date, "date", nullable=True)


def _band(reading: Reading) -> pa.Column:
    return _column(pl.Float64, reading, pa.Check.ge(0), nullable=True, source="materiality")


def _table(columns: Mapping[str, pa.Column], key: Sequence[str], *, needed: bool = False) -> pa.DataFrameSchema:
    # The key is metadata and not pandera's ``unique``: the door names both rows of a pair, and what differs.
    return pa.DataFrameSchema(dict(columns), strict=True, ordered=True, metadata={"key": tuple(key), "needed": needed})


SCHEMAS: Final[Mapping[str, pa.DataFrameSchema]] = MappingProxyType(
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
                "decimals": _column(pl.Int32, "count", pa.Check.in_range(-3, 6)),
                "materiality_rel": _band("relative"),
                "materiality_abs": _band("absolute"),
                "breaks": _column(pl.List(pl.Int32), "years", optional=True, default=[]),
                "max_age": _column(pl.Int32, "count", pa.Check.in_range(0, 20), optional=True, default=2),
                "volume": _column(pl.String, "number_or_kpi", nullable=True),
                "denominator": _column(pl.String, "number_or_kpi", nullable=True),
                "per": _column(pl.Float64, "number", pa.Check.ge(1), nullable=True),
                "part_of": _text(optional=True),
                "derive": _column(pl.String, "word", pa.Check.isin(list(DERIVATIONS)), nullable=True),
                "of": _column(pl.List(pl.String), "texts", optional=True, default=[]),
                "base_year": _column(pl.Int32, "year", pa.Check.ge(FIRST_YEAR), nullable=True),
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
                "n": _column(pl.Int32, "count", pa.Check.ge(0), nullable=True),
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
    return tuple(_metadata(SCHEMAS[table])["key"])


def needed(table: str) -> bool:
    """Whether a data set without rows in this table says nothing."""
    return bool(_metadata(SCHEMAS[table])["needed"])


def fields(table: str) -> tuple[Field, ...]:
    """A table's columns in order, as the door needs to know them."""
    return tuple(_field(name, column) for name, column in SCHEMAS[table].columns.items())


def empty(table: str) -> pl.DataFrame:
    """The table with all its columns and no row."""
    return pl.DataFrame(schema={field.name: field.dtype for field in fields(table)})


def breaches(table: str, frame: pl.DataFrame) -> list[Breach]:
    """What the rows of a coerced frame break of their table's schema.

    ``frame`` has the table's columns, in order and of their types; a frame that has not is a mistake in
    this package and raises pandera's own error.
    """
    # Switches in the environment can turn pandera off, or its checks of values; here they have no say.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            SCHEMAS[table].validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            if not all(isinstance(error.check_output, pl.DataFrame) for error in errors.schema_errors):
                raise
            return [_breach(error) for error in errors.schema_errors]
    return []


def _breach(error: pa.errors.SchemaError) -> Breach:
    held = error.check_output.to_series()
    column = str(error.schema.name)
    if error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        return Breach(column, "missing", ~held)
    return Breach(column, "word" if error.check.name == "isin" else "range", ~held)


def _field(name: str, column: pa.Column) -> Field:
    told = _metadata(column)
    bounds = {bound: value for check in column.checks for bound, value in (check.statistics or {}).items()}
    dtype = column.dtype.type
    return Field(
        name=name,
        source=told["source"] or name,
        dtype=dtype() if isinstance(dtype, type) else dtype,
        reading=told["reading"],
        expected=told["expected"],
        required=not told["optional"],
        default=told["default"],
        default_from=told["default_from"],
        words=tuple(bounds.get("allowed_values", ())),
        low=bounds.get("min_value"),
        high=bounds.get("max_value"),
    )


def _metadata(schema: pa.Column | pa.DataFrameSchema) -> dict[str, Any]:
    return dict(schema.metadata or {})
