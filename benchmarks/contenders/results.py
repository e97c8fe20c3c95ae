"""What a contender answers, in one form, so that answers can be compared: how each writes them and is called.

counts: rule, unit, status, count. found: rule, subject, unit, status, margin, for flagged and unknown
verdicts; the margin is null where the verdict is unknown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Table(Protocol):
    """Anything that exports an Arrow stream: a frame of Polars, pandas, pyarrow or a DuckDB relation."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


Answer = tuple[Table, Table]


def main(answer: Callable[[Path], Answer]) -> None:
    """``contender.py FOLDER [--out DIR]``: answer, and write the answer if asked to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    write(answer(asked.folder), asked.out)


def write(answer: Answer, folder: Path | None) -> None:
    if folder is None:
        return
    import polars as pl  # not before: it is no part of what is measured

    folder.mkdir(parents=True, exist_ok=True)
    for name, table in zip(("counts", "found"), answer, strict=True):
        pl.DataFrame(table).write_parquet(folder / f"{name}.parquet")
