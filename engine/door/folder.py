"""A folder -> raw tables: which file is which table, and the bytes of each as cells."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl

from genomlys.engine.door.csvfile import HEADER_ROW, read_csv
from genomlys.engine.door.found import Found, Said, quote
from genomlys.engine.door.raw import RawTable, column_names, raw_frame
from genomlys.engine.errors import Place, Problem, Text, nearest
from genomlys.engine.tables import TABLES, fields

ABOUT: Final = "dataset.yaml"
_READ: Final = (".csv", ".parquet")
_WORKBOOKS: Final = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
# What programs leave beside a file that is open in them, and what file systems hide.
_LEFT_ASIDE: Final = (".", "~$")


def table_files(folder: Path) -> tuple[dict[str, list[Path]], Found]:
    """The files of each table, and every file that has no place in a data set. More than one of a table is a problem.

    Raises OSError if the folder cannot be listed.
    """
    files = sorted(path for path in folder.iterdir() if not path.name.startswith(_LEFT_ASIDE))
    by_table: dict[str, list[Path]] = {}
    for path in files:
        if path.suffix.lower() in _READ and _table(path) in TABLES:
            by_table.setdefault(_table(path), []).append(path)
    twice = [_two_files(paths) for paths in by_table.values() if len(paths) > 1]
    found = Found.all_of([Found.of(twice), Found.of(_misplaced(files))])
    return by_table, found


def read_file(path: Path) -> tuple[bytes | None, Found]:
    """A file's bytes, or why there are none."""
    try:
        return path.read_bytes(), Found()
    except OSError as error:
        said = Text("filen kan inte öppnas.", "the file cannot be opened.")
        remedy = Text(f"Systemet svarar: {error.strerror}.", f"The system says: {error.strerror}.")
        return None, Found.one(Place(path.name), Said("unreadable-file", said, remedy))


def read_table(table: str, path: Path) -> tuple[RawTable | None, Found]:
    """A table's cells. CSV cells are text; those of a Parquet file have its types, and its rows are counted from 1."""
    source, found = read_file(path)
    if source is None:
        return None, found
    if path.suffix.lower() == ".parquet":
        return _parquet(table, source, path.name)
    cells, found = read_csv(source, path.name, column_names(fields(table)))
    if cells is None:
        return None, found
    return RawTable(table, path.name, cells.names, cells.frame, HEADER_ROW, cells.partial), found


def scanned(folder: Path, table: str) -> pl.LazyFrame | None:
    """A table that is one Parquet file, not yet read."""
    try:
        paths = table_files(folder)[0].get(table, [])
    except OSError:
        return None
    if len(paths) != 1 or paths[0].suffix.lower() != ".parquet":
        return None
    # A path may hold what Polars reads as a pattern or a partition.
    return pl.scan_parquet(paths[0], glob=False, hive_partitioning=False)


def _parquet(table: str, source: bytes, file: str) -> tuple[RawTable | None, Found]:
    try:
        # From bytes: a path may hold what Polars reads as a pattern or a partition.
        frame = pl.read_parquet(io.BytesIO(source))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):
        said = Text("filen är inte en Parquet-fil som kan läsas.", "the file is not a Parquet file that can be read.")
        remedy = Text("Skriv den på nytt, eller spara den som CSV.", "Write it anew, or save it as CSV.")
        return None, Found.one(Place(file), Said("unreadable-file", said, remedy))
    return raw_frame(table, frame, file), Found()


def _table(path: Path) -> str:
    return path.stem.strip().casefold()


def _misplaced(files: list[Path]) -> Iterator[Problem]:
    for path in files:
        suffix, table = path.suffix.lower(), _table(path)
        if suffix in _WORKBOOKS:
            yield _workbook(path)
        elif suffix in _READ and table not in TABLES:
            said = Text(f"{quote(path.stem)} är ingen tabell.", f"{quote(path.stem)} is no table.")
            yield Problem("unknown-file", Place(path.name), said, nearest(path.stem, TABLES))
        elif suffix not in _READ and table in TABLES and path.is_file():
            said = Text("filen är varken CSV eller Parquet.", "the file is neither CSV nor Parquet.")
            yield Problem("unknown-file", Place(path.name), said, _save_as(table))
        elif suffix in (".yaml", ".yml") and table == "dataset" and path.name != ABOUT:
            said = Text("filen har fel namn.", "the file has the wrong name.")
            yield Problem("unknown-file", Place(path.name), said, Text(f"Kalla den {ABOUT}.", f"Call it {ABOUT}."))


def _workbook(path: Path) -> Problem:
    said = Text("Excel-filer läses inte.", "Excel files are not read.")
    table = _table(path)
    return Problem("excel-file", Place(path.name), said, _save_as(table if table in TABLES else "tabellens namn"))


def _save_as(table: str) -> Text:
    return Text(f"Spara den som CSV UTF-8: {table}.csv.", f"Save it as CSV UTF-8: {table}.csv.")


def _two_files(paths: list[Path]) -> Problem:
    names = " och ".join(path.name for path in paths), " and ".join(path.name for path in paths)
    said = Text(f"{names[0]} är samma tabell.", f"{names[1]} are the same table.")
    return Problem("two-files", Place(paths[-1].name), said, Text("Behåll en av dem.", "Keep one of them."))
