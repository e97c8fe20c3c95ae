"""The shape of a CSV file: Python's own csv module is the oracle of the fast one."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from genomlys.engine.door.csvfile import read_csv
from genomlys.engine.door.found import Found
from genomlys.engine.door.raw import ROW

TEXT = st.text(alphabet='ab",;\n é\u2028', max_size=5)


def told(found: Found) -> list[str]:
    return [f"{problem.place.say()} {problem.code}" for problem in found.problems]


@given(
    st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1),
    st.sampled_from(",;\t"),
    st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=300, deadline=None)
def test_what_was_written_is_read(rows: list[list[str]], delimiter: str, newline: str) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=newline)
    writer.writerows([["one", "two", "three"], *rows])
    cells, found = read_csv(file.getvalue().encode(), "x.csv")
    assert cells is not None
    wanted = [(number, *(stripped(cell) for cell in row)) for number, row in enumerate(rows, 2)]
    assert cells.frame.select(ROW, "0", "1", "2").rows() == [row for row in wanted if any(row[1:])]
    assert not cells.partial and {problem.code for problem in found.problems} <= {"empty-row"}


@given(st.binary(max_size=60) | st.text(alphabet='ab",;\n\r\t é', max_size=60).map(str.encode))
@example(b'a,b\n1,"x""y"\n')
@example(b'a,b\n"",""""\n')
@example(b"a,b\n1\n1,2,3\n")
@example(b'"a\nb",c\n1,2')
@example(b"a\tb\n1\t\n\t2\t\n")
@settings(max_examples=600, deadline=None)
def test_every_row_is_read_or_told(content: bytes) -> None:
    cells, found = read_csv(content, "x.csv")
    if cells is None:
        assert found.problems
        return
    rows = list(oracle(content))
    width = len(rows[0])
    assert list(cells.names) == rows[0]
    sound = [(number, *(stripped(cell) for cell in row)) for number, row in enumerate(rows, 1) if len(row) == width]
    names = [str(number) for number in range(width)]
    assert cells.frame.select(ROW, *names).rows() == [row for row in sound[1:] if any(row[1:])]
    ragged = {f"x.csv, rad {number} ragged-row" for number, row in enumerate(rows, 1) if row and len(row) != width}
    assert {line for line in told(found) if line.endswith("ragged-row")} == ragged
    assert cells.partial == bool(ragged)


def stripped(cell: str) -> str | None:
    """Without blanks around it. Python counts the four ASCII separators as blanks, Unicode and Polars do not."""
    return re.sub(r"^[^\S\x1c-\x1f]+|[^\S\x1c-\x1f]+\Z", "", cell) or None


def oracle(content: bytes) -> list[list[str]]:
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        text = content.decode("cp1252")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Only ASCII blanks are stripped from the end, as from bytes.
    text = text if not (end := text.find("\n", len(text.rstrip(" \t\n\x0b\x0c")))) + 1 else text[: end + 1]
    delimiter = max(";,\t", key=text.split("\n")[0].count)
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a,b\n1,2\n\n\n", []),
        (b"a,b\n1,2\n,\n,\n  \n", []),
        (b"a,b\n\n1,2\n,\n3,4\n", ["x.csv, rad 2 empty-row", "x.csv, rad 4 empty-row"]),
        (b"a,b\n1,2\n\n3\n", ["x.csv, rad 4 ragged-row", "x.csv, rad 3 empty-row"]),
        (b"a,b\r\n1,2,3\r\n4\r\n5,6", ["x.csv, rad 2 ragged-row", "x.csv, rad 3 ragged-row"]),
        (b'a,b\n"1\n1",2\n3\n', ["x.csv, rad 3 ragged-row"]),
        (b'a,b\n1,2\n3,5" screen\n', ["x.csv, rad 3 stray-quote"]),
        (b'a,b\n1,"2" \n', ["x.csv, rad 2 stray-quote"]),
        (b'a,b\n1,2\n3,"4\n5,6\n', ["x.csv, rad 3 stray-quote"]),
    ],
)
def test_the_row_of_what_is_wrong(content: bytes, expected: list[str]) -> None:
    assert told(read_csv(content, "x.csv")[1]) == expected


def test_many_ragged_rows_are_counted_and_some_told() -> None:
    cells, found = read_csv(b"a;b\n" + b"1\n" * 1000 + b"1;2\n", "x.csv")
    assert cells is not None and cells.frame.rows() == [("1", "2", 1002)]
    assert len(found.problems) + found.more == 1000 and len(found.problems) < 100


def test_a_header_too_long_to_be_one() -> None:
    assert told(read_csv(b"a" * 200_000 + b",b\n", "x.csv")[1]) == ["x.csv, rad 1 unreadable-file"]
