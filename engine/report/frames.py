"""The result frames as files: Parquet for programs, CSV for a Swedish Excel."""

from __future__ import annotations

import io
from collections.abc import Mapping

import polars as pl
import polars.selectors as cs

from genomlys.engine.assess import Assessment
from genomlys.engine.report.json_ import without_infinity

# Excel takes a cell that begins with one of these for a formula, and may run it.
_FORMULA = r"^[=+\-@\t\r\n]"


def parquet_files(assessment: Assessment) -> Mapping[str, bytes]:
    """The frames as they are, with their types: ``verdicts.parquet`` …"""
    return {f"{name}.parquet": _written(frame) for name, frame in assessment.frames.items()}


def csv_files(assessment: Assessment) -> Mapping[str, bytes]:
    """The frames as a Swedish Excel opens them: semicolon, decimal comma, UTF-8 with its mark, CRLF.

    Lists become "a; b"; null, infinity and NaN become empty cells; a text that Excel would take for a
    formula gets an apostrophe first.
    """
    return {f"{name}.csv": as_csv(frame) for name, frame in assessment.frames.items()}


def as_csv(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    for_excel(frame).write_csv(
        out, separator=";", decimal_comma=True, include_bom=True, line_terminator="\r\n", quote_style="necessary"
    )
    return out.getvalue()


def for_excel(frame: pl.DataFrame) -> pl.DataFrame:
    """Texts that Excel leaves alone, and lists as text; numbers stay numbers."""
    flat = frame.with_columns(without_infinity(), cs.list().list.join("; "))
    text = cs.string() | cs.categorical() | cs.enum()
    return flat.with_columns(text.cast(pl.String).str.replace(_FORMULA, "'${0}"))


def _written(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out, compression="zstd", statistics=True)
    return out.getvalue()
