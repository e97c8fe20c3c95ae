"""The order of a table's rows by its key, and the rows that have the same one.

A key of two or three words is turned into one whole number per row whose order is the key's own, which
is ten times as fast to sort as the words.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from genomlys.engine.tables import fields, key

_TOP: Final = 2**63
_LAST_YEAR: Final = 9999


def in_order(table: str, frame: pl.DataFrame, codes: pl.Series | None = None) -> pl.DataFrame:
    """The rows in the order of their keys; an empty part of a key comes first. codes: ``key_codes``, if at hand."""
    codes = key_codes(table, frame) if codes is None else codes
    return frame if codes.is_sorted() else frame[codes.arg_sort()]


def repeated(codes: pl.Series) -> pl.DataFrame:
    """Columns ``first`` and ``again``: indexes of two rows with one key, in order of the later row.

    Of three such rows the second and the third are each told with the row before it. Rows that lack a
    part of their key are left out.
    """
    ordered = pl.DataFrame({"code": codes}).with_row_index("again").drop_nulls("code")
    if not ordered["code"].is_sorted():
        ordered = ordered.sort("code", maintain_order=True)
    ordered = ordered.with_columns(first=pl.col("again").shift())
    return ordered.filter(pl.col("code") == pl.col("code").shift()).select("first", "again").sort("again")


def key_codes(table: str, frame: pl.DataFrame) -> pl.Series:
    """A whole number for each row, in the order of the rows' keys and the same for the same key."""
    may_lack = {field.name for field in fields(table) if not field.required}
    codes, size = pl.Series([0], dtype=pl.UInt64).new_from_index(0, frame.height), 1
    for name in key(table):
        part, count = _part(frame[name])
        part = part.fill_null(0) if name in may_lack else part
        if size * count > _TOP:  # millions of names in each part
            codes, size = codes.rank("dense").cast(pl.UInt64), frame.height + 1
        codes, size = codes * count + part, size * count
    return codes


def _part(column: pl.Series) -> tuple[pl.Series, int]:
    """Numbers from 1 in the order of the values, null for null, and a number greater than all of them."""
    if column.dtype == pl.String:
        words = column.unique().drop_nulls().sort()
        return column.cast(pl.Enum(words)).to_physical().cast(pl.UInt64) + 1, len(words) + 1
    if column.dtype == pl.Date:
        return column.rank("dense").cast(pl.UInt64), column.n_unique() + 1
    # A year that no calendar has is a problem already.
    return column.clip(0, _LAST_YEAR).cast(pl.UInt64) + 1, _LAST_YEAR + 2
