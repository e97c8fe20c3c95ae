"""The bytes of a CSV file -> a frame of text cells, each row with its number in the file.

Polars reads the cells, but fills short rows and stops at long ones. The shape of the file is therefore
measured first, on its bytes and all rows at once: where each record ends, how many cells it has, and
whether every quotation mark stands where one may stand. Only records of the header's width are read;
every other one is a problem with its row.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from genomlys.engine.door.found import LISTED_OF_ONE_KIND, Found, Said, quote
from genomlys.engine.door.raw import ROW
from genomlys.engine.door.slips import names_a_column
from genomlys.engine.errors import Place, Problem, Text

HEADER_ROW: Final = 1
_QUOTE: Final = ord('"')
_NEWLINE: Final = ord("\n")
_DELIMITERS: Final = (";", ",", "\t")
# What å, ä, ö, ç and Ö of DOS (code page 850) look like when read as Windows-1252: no sign that stands within a word.
_DOS_SIGNS: Final = "†„”‡™"
_DOS_LETTER: Final = re.compile(rf"(?<=[^\W\d_])[{_DOS_SIGNS}](?=[^\W\d_])")
_DOS_WORD: Final = re.compile(rf"[\w{_DOS_SIGNS}]+")
_LONGEST_WORD: Final = 40
# How many rows may have a heading above the header, and how many names make a header.
_ROWS_ABOVE: Final = 10
_HEAD: Final = 65_536
_ENOUGH_NAMES: Final = 2
_AS_CSV: Final = Text("Spara den som CSV UTF-8.", "Save it as CSV UTF-8.")

_Bytes = npt.NDArray[np.uint8]
_Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """A file's cells. ``frame`` has a text column per name, called by its number, and ROW.

    ``partial`` means that rows are not in it because they have too few or too many cells.
    """

    names: tuple[str, ...]
    frame: pl.DataFrame
    partial: bool


@dataclass(frozen=True)
class _Records:
    """The shape of a file: where each record ends, and how many cells it has. The header is record 0."""

    ends: _Positions
    widths: _Positions


def read_csv(source: bytes, file: str, columns: Sequence[str] = ()) -> tuple[Cells | None, Found]:
    """The cells of a CSV file in UTF-8 or Windows-1252, delimited by semicolon, comma or tab.

    A cell is stripped, and null if nothing is left. Empty rows at the end are not rows; any other row
    is in the frame or among the problems. None if the file has no header that can be read, or if the first
    row is a heading and the names of ``columns`` stand below it.
    """
    data, found = _utf8(source, file)
    if data is None:
        return None, found
    data = _ending_once(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    if (row := _header_below(data, columns)) is not None:
        return None, _heading_above(file, row)
    buffer: _Bytes = np.frombuffer(data, dtype=np.uint8)
    delimiter = _delimiter(data[: data.index(b"\n")].decode())
    quotes = np.flatnonzero(buffer == _QUOTE)
    outside = _outside_quotes(buffer, quotes)
    breaks = np.flatnonzero((buffer == _NEWLINE) & outside)
    if len(quotes) and (stray := _stray_quote(buffer, quotes, ord(delimiter))) is not None:
        return None, _bad_quote(file, int(np.searchsorted(breaks, stray)) + 1)
    records = _records(buffer, outside, ord(delimiter))
    return _cells(data, records, delimiter, file)


def _utf8(source: bytes, file: str) -> tuple[bytes | None, Found]:
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        said = Text("filen är skriven i UTF-16.", "the file is written in UTF-16.")
        return None, Found.one(Place(file), Said("unknown-encoding", said, _AS_CSV))
    if b"\0" in source:
        said = Text("filen är inte en textfil.", "the file is not a text file.")
        return None, Found.one(Place(file), Said("binary-file", said, _AS_CSV))
    data = source.removeprefix(codecs.BOM_UTF8)
    if not data or data.isspace():
        said = Text("filen är tom.", "the file is empty.")
        remedy = Text("Skriv en rubrikrad, eller ta bort filen.", "Write a header row, or remove the file.")
        return None, Found.one(Place(file), Said("empty-file", said, remedy))
    try:
        data.decode()  # isascii() inside: a file without å, ä and ö is not decoded twice
    except UnicodeDecodeError:
        return _from_windows(data, file)
    return data, Found()


def _from_windows(data: bytes, file: str) -> tuple[bytes | None, Found]:
    """Excel's "CSV (kommaavgränsad)" is in the code page of Western Windows."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        said = Text(
            "filen är varken skriven i UTF-8 eller i Windows-1252.",
            "the file is neither written in UTF-8 nor in Windows-1252.",
        )
        return None, Found.one(Place(file, row), Said("unknown-encoding", said, _AS_CSV))
    if any(sign in text for sign in _DOS_SIGNS) and (letter := _DOS_LETTER.search(text)):
        return None, _from_dos(text, letter.start(), file)
    return text.encode(), Found()


def _from_dos(text: str, letter: int, file: str) -> Found:
    """In the code page of DOS every byte is a letter or a sign in Windows-1252 too, but not the one that was meant."""
    near = _DOS_WORD.finditer(text, max(0, letter - _LONGEST_WORD), letter + _LONGEST_WORD)
    word = next(found[0] for found in near if found.end() > letter)
    meant = word.encode("cp1252").decode("cp850")
    said = Text(
        f"filen är skriven i en teckentabell från DOS: {quote(word)} är nog {quote(meant)}.",
        f"the file is written in a code page of DOS: {quote(word)} is probably {quote(meant)}.",
    )
    row = text.count("\n", 0, letter) + 1
    return Found.one(Place(file, row), Said("unknown-encoding", said, _AS_CSV))


def _ending_once(data: bytes) -> bytes:
    """Without blank lines at the end. Not rstrip: the last row may end in tabs, which delimit its empty cells."""
    end = data.find(b"\n", len(data.rstrip()))
    return data + b"\n" if end < 0 else data[: end + 1]


def _header_below(data: bytes, columns: Sequence[str]) -> int | None:
    """The number of the row with the columns' names, if that is not the first but one of the next few."""
    lines = data[:_HEAD].decode(errors="replace").split("\n")[:_ROWS_ABOVE]
    row = next((row for row, line in enumerate(lines, HEADER_ROW) if _is_header(line, columns)), HEADER_ROW)
    return row if row > HEADER_ROW else None


def _is_header(line: str, columns: Sequence[str]) -> bool:
    return sum(names_a_column(name, columns) for name in _names(line, _delimiter(line))) >= _ENOUGH_NAMES


def _heading_above(file: str, row: int) -> Found:
    said = Text(f"rubrikraden verkar stå på rad {row}.", f"the header seems to be on row {row}.")
    remedy = Text("Ta bort raderna ovanför.", "Remove the rows above it.")
    return Found.one(Place(file, HEADER_ROW), Said("header-below", said, remedy))


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)


def _outside_quotes(buffer: _Bytes, quotes: _Positions) -> npt.NDArray[np.bool_]:
    """True for each byte that an even number of quotation marks precedes."""
    if not len(quotes):
        return np.ones(len(buffer), dtype=np.bool_)
    return ~np.logical_xor.accumulate(buffer == _QUOTE)


def _stray_quote(buffer: _Bytes, quotes: _Positions, delimiter: int) -> int | None:
    """The position of the first quotation mark that neither opens nor closes a cell nor is doubled."""
    ends = np.array([delimiter, _NEWLINE], dtype=np.uint8)
    opening, closing = quotes[0::2], quotes[1::2]
    opens = (opening == 0) | np.isin(buffer[opening - 1], ends)
    opens[1:] |= opening[1:] == closing[: len(opening) - 1] + 1
    closes = np.isin(buffer[closing + 1], ends)
    closes[: len(opening) - 1] |= opening[1:] == closing[: len(opening) - 1] + 1
    stray = np.sort(np.concatenate([opening[~opens], closing[~closes], opening[len(closing) :]]))
    return int(stray[0]) if len(stray) else None


def _records(buffer: _Bytes, outside: npt.NDArray[np.bool_], delimiter: int) -> _Records:
    marks = np.flatnonzero(((buffer == delimiter) | (buffer == _NEWLINE)) & outside)
    last = np.flatnonzero(buffer[marks] == _NEWLINE)
    return _Records(ends=marks[last], widths=np.diff(last, prepend=-1))


def _cells(data: bytes, records: _Records, delimiter: str, file: str) -> tuple[Cells | None, Found]:
    width = int(records.widths[0])
    names = _names(data[: int(records.ends[0])].decode(), delimiter)
    sound = records.widths == width
    sound[0] = False
    frame = _parse(_only(data, records.ends, sound), width, delimiter)
    if len(names) != width or frame is None or frame.height != np.count_nonzero(sound):
        said = Text("rubrikraden eller någon cell kan inte läsas.", "the header or a cell cannot be read.")
        return None, Found.one(Place(file, HEADER_ROW), Said("unreadable-file", said, _AS_CSV))
    frame = frame.with_columns(pl.Series(ROW, np.flatnonzero(sound) + HEADER_ROW, dtype=pl.Int64))
    blank = pl.all_horizontal(pl.exclude(ROW).is_null())
    ragged, hollow = _misshapen(records)
    cells = Cells(tuple(names), frame.filter(~blank), partial=len(ragged) > 0)
    return cells, Found.all_of(
        [
            _ragged_rows(ragged, records, delimiter, file),
            _empty_rows(np.concatenate([hollow, frame.filter(blank)[ROW].to_numpy()]), cells, ragged, file),
        ]
    )


def _names(header: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(header, newline=""), delimiter=delimiter), [])
    except csv.Error:  # a name of more than 131 072 characters
        return []


def _only(data: bytes, ends: _Positions, wanted: npt.NDArray[np.bool_]) -> bytes:
    """The bytes of the wanted records; record 0, the header, is not one of them."""
    if wanted[1:].all():
        return data[int(ends[0]) + 1 :]
    lengths = np.diff(ends, prepend=-1)
    return np.frombuffer(data, dtype=np.uint8)[np.repeat(wanted, lengths)].tobytes()


def _parse(rows: bytes, width: int, delimiter: str) -> pl.DataFrame | None:
    """Text cells, stripped; null if empty. None if Polars cannot read what was measured to be sound."""
    schema = {str(number): pl.String() for number in range(width)}
    if not rows:
        return pl.DataFrame(schema=schema)
    try:
        frame = pl.read_csv(
            rows,
            has_header=False,
            schema=schema,
            separator=delimiter,
            quote_char='"' if b'"' in rows else None,
            raise_if_empty=False,
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    stripped = pl.all().str.strip_chars()
    return frame.select(pl.when(stripped != "").then(stripped))


def _misshapen(records: _Records) -> tuple[_Positions, _Positions]:
    """The records that do not have the header's width: numbers of those with something in them, rows of the others."""
    other = np.flatnonzero(records.widths != records.widths[0])
    nothing = records.ends[other] - records.ends[other - 1] == 1
    return other[~nothing], other[nothing] + HEADER_ROW


def _ragged_rows(ragged: _Positions, records: _Records, delimiter: str, file: str) -> Found:
    width = int(records.widths[0])
    sign = {"\t": "tabb"}.get(delimiter, delimiter), {"\t": "tab"}.get(delimiter, delimiter)
    remedy = Text(
        f"Skriv en cell per kolumn, med '{sign[0]}' emellan; en cell med '{sign[0]}' i skrivs inom citattecken.",
        f"Write a cell per column, with '{sign[1]}' between; a cell with '{sign[1]}' in it is put in quotation marks.",
    )
    problems = (
        Problem("ragged-row", Place(file, int(record) + HEADER_ROW), _cell_count(cells, width), remedy)
        for record in ragged[:LISTED_OF_ONE_KIND]
        for cells in [int(records.widths[record])]
    )
    return Found.first(problems, len(ragged))


def _cell_count(cells: int, width: int) -> Text:
    return Text(
        f"raden har {cells} {'cell' if cells == 1 else 'celler'} men rubrikraden {width}.",
        f"the row has {cells} {'cell' if cells == 1 else 'cells'} but the header {width}.",
    )


def _empty_rows(rows: _Positions, cells: Cells, ragged: _Positions, file: str) -> Found:
    """Empty rows with a row after them: probably something is lost. Those at the end are an editor's habit."""
    last = max([*cells.frame[ROW].tail(1), *(ragged[-1:] + HEADER_ROW)], default=0)
    within = np.sort(rows[rows < last])
    said = Text("raden är tom.", "the row is empty.")
    remedy = Text("Ta bort den.", "Remove it.")
    problems = (Problem("empty-row", Place(file, int(row)), said, remedy) for row in within[:LISTED_OF_ONE_KIND])
    return Found.first(problems, len(within))


def _bad_quote(file: str, row: int) -> Found:
    said = Text(
        "ett citattecken varken öppnar eller avslutar en cell; resten av filen kan inte läsas.",
        "a quotation mark neither opens nor closes a cell; the rest of the file cannot be read.",
    )
    remedy = Text(
        'Skriv cellen inom citattecken och citattecknet i den dubbelt: "5"" skärm".',
        'Put the cell in quotation marks and double the one within: "5"" screen".',
    )
    return Found.one(Place(file, row), Said("stray-quote", said, remedy))
