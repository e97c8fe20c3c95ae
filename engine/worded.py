"""Columns of words as numbers: what tables with types are looked at by, without a row being read as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.door.cells import CONTROL

Codes = NDArray[np.int32]

WORDS: Final = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, eq=False)
class Words:
    """A column of words as numbers.

    codes: null where the cell is empty; places: for each code the number among the words that are known, -1 for any
    other, or None where the codes are these numbers.
    """

    codes: pl.Expr
    places: NDArray[np.integer] | None

    def of(self, column: pl.Series) -> NDArray[np.integer]:
        codes: NDArray[np.integer] = column.to_numpy()
        return codes if self.places is None else self.places.take(codes)


def words_of(name: str, dtype: pl.DataType, known: Sequence[str]) -> Words:
    column, words = pl.col(name), pl.Enum(known)
    if not isinstance(dtype, pl.Enum):
        codes = column.cast(words, strict=False).to_physical().cast(pl.UInt32).fill_null(len(known))
        return Words(pl.when(column.is_not_null()).then(codes), np.append(np.arange(len(known)), -1).astype(np.int32))
    if dtype == words:
        return Words(column.to_physical(), None)
    places = dtype.categories.cast(words, strict=False).to_physical().cast(pl.Int32).fill_null(-1)
    return Words(column.to_physical(), np.append(places.to_numpy(), np.int32(-1)))


def sources_sound(scan: pl.LazyFrame, schema: pl.Schema) -> bool:
    """Whether every source is a text that can be shown."""
    dtype = schema.get("source", pl.Null())
    if dtype == pl.Null:
        return True
    if isinstance(dtype, pl.Enum):
        return not dtype.categories.str.contains(CONTROL).any()
    return not scan.select(pl.col("source").cast(pl.String).str.contains(CONTROL).any()).collect().item()
