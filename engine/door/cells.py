"""How one column's cells are read: text as in a file, or typed as in a frame, into the column's own type.

A reader gets a column from :func:`plain` and yields its value and where a cell must have one. A cell
that must and has not cannot be read, and is a problem; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import polars as pl

from genomlys.engine.door.found import Said
from genomlys.engine.errors import Text
from genomlys.engine.numbers import MARKS, parse_number
from genomlys.engine.tables import Reading

_TRUE: Final = ("ja", "true", "1", "yes")
_FALSE: Final = ("nej", "false", "0", "no")
# Tab and line breaks are blanks in a text; nothing else below the blank can be shown or put in a Word file, and
# the marks at the end reverse the reading order.
CONTROL: Final = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x{202a}-\\x{202e}\\x{2066}-\\x{2069}]"
_YEAR: Final = "^[0-9]{4}$"
_YEAR_IN_LIST: Final = "^(?:19|20|21)[0-9]{2}$"
_ISO_DATE: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


@dataclass(frozen=True)
class Read:
    """Two expressions of a column's length. ``value`` has the type after the door.

    ``must`` is true for each cell with content that has to give a value; where it does not, the cell
    cannot be read. (A mark such as "-" need not, nor "3 %" where the number without a sign is asked for.)
    """

    value: pl.Expr
    must: pl.Expr


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The same columns in few types: text (stripped, null if empty), whole numbers, f64 (NaN is null), dates, lists."""
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Enum):
            # Each word is looked at once, however many cells have it.
            words = dtype.categories.to_frame().select(_plain_text(pl.first())).to_series()
            column = pl.lit(words.gather(frame[name].to_physical()))
        elif dtype == pl.Null or dtype.base_type() == pl.Categorical:
            column = _plain_text(column.cast(pl.String))
        elif dtype.base_type() == pl.String:
            column = _plain_text(column)
        elif dtype == pl.Float32:
            # By way of text: 3.4 stays 3.4 and does not become 3.4000000953674316.
            column = column.cast(pl.String).cast(pl.Float64).fill_nan(None)
        elif dtype.is_float() or dtype.is_decimal():
            column = column.cast(pl.Float64).fill_nan(None)
        elif dtype.base_type() == pl.Datetime:
            column = column.dt.date()
        elif isinstance(dtype, pl.Array):
            column = column.arr.to_list()
        columns.append(column.alias(name))
    return frame.select(columns)


def _plain_text(column: pl.Expr) -> pl.Expr:
    stripped = column.str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def read(reading: Reading, name: str, dtype: pl.DataType) -> Read | None:
    """How a plain column is read, or None if a column of this type never can be."""
    column = pl.col(name)
    reader = _READERS[reading].get(_kind(dtype))
    return None if reader is None else reader(column)


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_integer() or dtype.is_float():
        return "number"
    if isinstance(dtype, pl.List) and not isinstance(dtype.inner, pl.String) and not dtype.inner.is_integer():
        return "list of something else"
    return _KINDS.get(dtype.base_type(), "something else")


def _told(value: pl.Expr, column: pl.Expr) -> Read:
    return Read(value, column.is_not_null())


def _text(column: pl.Expr) -> Read:
    return _told(pl.when(~column.str.contains(CONTROL)).then(column), column)


def _text_of_number(column: pl.Expr) -> Read:
    """An identity that became a number on its way here; 114.0, when its column had a hole, is 114."""
    return _told(_written(_number_of_number(column).value), column)


def _whole(column: pl.Expr, dtype: type[pl.DataType]) -> pl.Expr:
    number = column.cast(dtype, strict=False)
    return pl.when(number == column).then(number)


def _number(column: pl.Expr) -> Read:
    return Read(parse_number(column).struct.field("value"), _is_no_mark(column))


def _is_no_mark(column: pl.Expr) -> pl.Expr:
    return column.is_not_null() & ~column.is_in(list(MARKS))


def _number_of_number(column: pl.Expr) -> Read:
    number = column.cast(pl.Float64)
    return _told(pl.when(number.is_finite()).then(number), column)


def _count(column: pl.Expr) -> Read:
    number = _number(column)
    return Read(_whole(number.value, pl.Int32), number.must)


def _count_of_number(column: pl.Expr) -> Read:
    return _told(_whole(column, pl.Int32), column)


def _year(column: pl.Expr) -> Read:
    return _told(pl.when(column.str.contains(_YEAR)).then(column.cast(pl.Int32, strict=False)), column)


def _date(column: pl.Expr) -> Read:
    date = column.str.to_date("%Y-%m-%d", strict=False)
    return _told(pl.when(column.str.contains(_ISO_DATE)).then(date), column)


def _as_it_is(column: pl.Expr) -> Read:
    return _told(column, column)


def _flag(column: pl.Expr) -> Read:
    word = column.str.to_lowercase()
    return _told(pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False), column)


def _flag_of_number(column: pl.Expr) -> Read:
    return _told(pl.when(column == 1).then(True).when(column == 0).then(False), column)


def _texts(column: pl.Expr) -> Read:
    return _told(_items(_text(column).value.str.split(";")), column)


def _texts_of_list(column: pl.Expr) -> Read:
    return _told(_items(column), column)


def _items(column: pl.Expr) -> pl.Expr:
    text = pl.element().cast(pl.String).str.strip_chars()
    return column.list.eval(text.filter(text != ""))


def _years(column: pl.Expr) -> Read:
    return _told(_years_among(_items(column.str.split(";"))), column)


def _years_of_list(column: pl.Expr) -> Read:
    return _told(_years_among(_items(column)), column)


def _years_of_number(column: pl.Expr) -> Read:
    return _told(_years_among(_written(column).str.split(";")), column)


def _years_among(items: pl.Expr) -> pl.Expr:
    sound = items.list.eval(pl.element().str.contains(_YEAR_IN_LIST)).list.all()
    return pl.when(sound).then(items).cast(pl.List(pl.Int32), strict=False)


def _joined(column: pl.Expr) -> Read:
    return _told(_items(column).list.join("; "), column)


def _relative(column: pl.Expr) -> Read:
    with_sign = column.str.ends_with("%")
    return Read(pl.when(with_sign).then(_number(column).value / 100), with_sign)


def _absolute(column: pl.Expr) -> Read:
    number = _number(column)
    without_sign = ~column.str.ends_with("%")
    return Read(pl.when(without_sign).then(number.value), number.must & without_sign)


def _never(column: pl.Expr) -> Read:
    return Read(pl.lit(None, pl.Float64), pl.lit(False))


def _number_or_kpi(column: pl.Expr) -> Read:
    """The number as a program writes it, or the text, which the cross-checks look up among the KPIs."""
    text = pl.when(_is_no_mark(column)).then(_text(column).value)
    return Read(pl.coalesce(_written(_number(column).value), text), _is_no_mark(column))


def _written(number: pl.Expr) -> pl.Expr:
    """A number as a program writes it, a whole one without decimals."""
    whole = _whole(number, pl.Int64)
    return pl.coalesce(whole.cast(pl.String), number.cast(pl.String))


_Reader = Callable[[pl.Expr], Read]
_KINDS: Final[Mapping[type[pl.DataType], str]] = MappingProxyType(
    {pl.String: "text", pl.Boolean: "flag", pl.Date: "date", pl.List: "list"}
)
_READERS: Final[Mapping[Reading, Mapping[str, _Reader]]] = MappingProxyType(
    {
        "text": {"text": _text, "number": _text_of_number},
        "word": {"text": _as_it_is},
        "number": {"text": _number, "number": _number_of_number},
        "count": {"text": _count, "number": _count_of_number},
        "year": {"text": _year, "number": _count_of_number},
        "date": {"text": _date, "date": _as_it_is},
        "flag": {"text": _flag, "flag": _as_it_is, "number": _flag_of_number},
        "texts": {"text": _texts, "list": _texts_of_list},
        "years": {"text": _years, "list": _years_of_list, "number": _years_of_number},
        "joined": {"text": _text, "list": _joined},
        "relative": {"text": _relative, "number": _never},
        "absolute": {"text": _absolute, "number": _number_of_number},
        "number_or_kpi": {"text": _number_or_kpi, "number": _text_of_number},
    }
)

_TEXT: Final = Said(
    "bad-text",
    Text("är inte en text som kan visas.", "is not a text that can be shown."),
    Text("Ta bort osynliga tecken.", "Remove invisible characters."),
)
_NUMBER_SAID: Final = Said(
    "bad-number",
    Text("är inte ett tal.", "is not a number."),
    Text(
        "Skriv ett tal, till exempel 8 093 eller 3,4, eller '-' om värdet saknas.",
        "Write a number, for example 8 093 or 3,4, or '-' if the value is missing.",
    ),
)
_BAND_SAID: Final = Said(
    "bad-number",
    Text("är inte en väsentlighetsgräns.", "is not a materiality."),
    Text(
        "Skriv '3 %' (av värdet) eller '0,1' (i nyckeltalets mått).",
        "Write '3 %' (of the value) or '0,1' (in the KPI's measure).",
    ),
)
# What is said after the cell's text when it cannot be read, and what to write instead.
UNREADABLE: Final[Mapping[Reading, Said]] = MappingProxyType(
    {
        "text": _TEXT,
        "word": _TEXT,
        "texts": _TEXT,
        "joined": _TEXT,
        "number_or_kpi": _TEXT,
        "number": _NUMBER_SAID,
        "relative": _BAND_SAID,
        "absolute": _BAND_SAID,
        "count": Said(
            "bad-number",
            Text("är inte ett heltal.", "is not a whole number."),
            Text("Skriv ett heltal, till exempel 2.", "Write a whole number, for example 2."),
        ),
        "year": Said(
            "bad-year",
            Text("är inte ett år.", "is not a year."),
            Text("Skriv fyra siffror, till exempel 2024.", "Write four digits, for example 2024."),
        ),
        "years": Said(
            "bad-year",
            Text("är inte en lista med år.", "is not a list of years."),
            Text("Skriv fyra siffror per år, till exempel 2019; 2024.", "Write four digits a year, as 2019; 2024."),
        ),
        "date": Said(
            "bad-date",
            Text("är inte ett datum.", "is not a date."),
            Text("Skriv år-månad-dag, till exempel 2024-12-16.", "Write year-month-day, for example 2024-12-16."),
        ),
        "flag": Said(
            "bad-flag",
            Text("är varken ja eller nej.", "is neither yes nor no."),
            Text("Skriv ja eller nej.", "Write ja or nej."),
        ),
    }
)
INFINITE: Final = Said(
    "infinite-number",
    Text("är inte ett ändligt tal.", "is not a finite number."),
    Text("Skriv ett tal, eller lämna cellen tom.", "Write a number, or leave the cell empty."),
)
