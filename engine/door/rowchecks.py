"""What must hold between the cells of one row: a status and its value, an amount and its kind, dates and years."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import polars as pl

from genomlys.engine.door.found import Found, Said, quote
from genomlys.engine.door.table import CheckedTable, impossible_year
from genomlys.engine.errors import Text
from genomlys.engine.numbers import BLANKS, MARKS

_WITH_VALUE: Final = ("ok", "preliminary")
_WITHOUT_VALUE: Final = ("missing", "suppressed", "not_applicable")
# What a value is counted per: as the column says, 100 for a share, or the number in "antal/1 000 inv".
_PER: Final = pl.coalesce(
    "per",
    pl.when(pl.col("measure") == "%").then(100.0),
    pl.col("measure")
    .str.extract(rf"(?:/|per )[{BLANKS}]*([0-9][0-9{BLANKS}]*)")
    .str.replace_all(f"[{BLANKS}]", "")
    .cast(pl.Float64, strict=False),
)
_NO_COUNT: Final = pl.col("measure").str.contains(r"(?i)^(?:kr|tkr|mnkr|mdkr|index)\b")
_CLEAR_MARKS: Final = {mark: status for mark, status in MARKS.items() if status != "missing"}


def check_rows(checked: CheckedTable, as_of: dt.date | None) -> Found:
    """Every problem between the cells of one row. ``as_of`` is None when the data set's date is a problem itself."""
    found = [check(checked) for check in _CHECKS.get(checked.table, ())]
    if as_of:
        found += [check(checked, as_of) for check in _DATED_CHECKS.get(checked.table, ())]
    return Found.all_of(found)


def completed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """A checked frame with what its rows imply.

    A saving given as one amount is both the low and the high one; a share is per 100, and a rate per what its measure
    says.
    """
    if table == "kpis":
        return frame.with_columns(per=pl.when(pl.col("denominator").is_not_null()).then(_PER))
    if table != "measures":
        return frame
    low, high = pl.col("saving_low"), pl.col("saving_high")
    return frame.with_columns(saving_low=pl.coalesce(low, high), saving_high=pl.coalesce(high, low))


def _rate_without_base(checked: CheckedTable) -> Found:
    broken = pl.col("denominator").is_not_null() & _PER.is_null() & ~_NO_COUNT
    return checked.tell(broken, "denominator", _needs_base)


def _denominator_of_money(checked: CheckedTable) -> Found:
    return checked.tell(pl.col("denominator").is_not_null() & _NO_COUNT, "denominator", _no_count)


def _needs_base(text: str, row: Mapping[str, Any]) -> Said:
    measure = quote(row["measure"])
    said = Text(
        f"måttet {measure} säger inte hur många värdet räknas per.", f"the measure {measure} does not say per how many."
    )
    remedy = Text("Skriv det i kolumnen per, till exempel 1000.", "Write it in the column per, for example 1000.")
    return Said("per-missing", said, remedy)


def _no_count(text: str, row: Mapping[str, Any]) -> Said:
    measure = quote(row["measure"])
    said = Text(
        f"ett värde i {measure} är ingen andel eller frekvens av antal.", f"a value in {measure} is no share or rate."
    )
    remedy = Text("Ta bort nämnaren.", "Remove the denominator.")
    return Said("denominator-of-money", said, remedy)


def _value_without_status(checked: CheckedTable) -> Found:
    broken = pl.col("value").is_null() & pl.col("status").is_in(_WITH_VALUE)
    return checked.tell(broken, "value", _needs_value)


def _status_without_value(checked: CheckedTable) -> Found:
    broken = pl.col("value").is_not_null() & pl.col("status").is_in(_WITHOUT_VALUE)
    return checked.tell(broken, "status", _has_value)


def _status_against_mark(checked: CheckedTable) -> Found:
    """'..' says suppressed; a status that says something else is a slip in one of the two cells."""
    if checked.written.schema.get("value") != pl.String:
        return Found()
    mark = checked.written["value"].replace_strict(_CLEAR_MARKS, default=None, return_dtype=pl.String)
    status = checked.frame["status"]
    return checked.tell((status != mark) & ~status.is_in(_WITH_VALUE), "status", _against_mark)


def _needs_value(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"status är '{row['status']}' men värdet saknas.",
        f"the status is '{row['status']}' but the value is missing.",
    )
    remedy = Text("Skriv värdet, eller status missing.", "Write the value, or the status missing.")
    return Said("missing-value", said, remedy)


def _has_value(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"status är '{row['status']}' men det finns ett värde.",
        f"the status is '{row['status']}' but there is a value.",
    )
    remedy = Text("Ta bort värdet, eller skriv status ok.", "Remove the value, or write the status ok.")
    return Said("status-with-value", said, remedy)


def _against_mark(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"status är {quote(text)} men tecknet i värdets cell säger något annat.",
        f"the status is {quote(text)} but the mark in the value's cell says otherwise.",
    )
    remedy = Text(
        "Skriv '.' för not_applicable, '..' för suppressed, annars '-'.",
        "Write '.' for not_applicable, '..' for suppressed, else '-'.",
    )
    return Said("status-against-mark", said, remedy)


def _one_materiality(checked: CheckedTable) -> Found:
    broken = pl.col("materiality_rel").is_not_null() & pl.col("materiality_abs").is_not_null()
    return checked.tell(broken, "materiality_abs", _two_bands)


def _two_bands(text: str, row: Mapping[str, Any]) -> Said:
    said = Text("raden har två väsentlighetsgränser.", "the row has two materialities.")
    return Said("two-materialities", said, Text("Behåll en av dem.", "Keep one of them."))


def _price_above_zero(checked: CheckedTable) -> Found:
    return checked.tell(pl.col("value") <= 0, "value", _no_price)


def _no_price(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(f"prisindexet är {quote(text)}.", f"the price index is {quote(text)}.")
    return Said("out-of-range", said, Text("Skriv ett tal över 0.", "Write a number above 0."))


def _own_peer(checked: CheckedTable) -> Found:
    return checked.tell(pl.col("unit") == pl.col("member"), "member", _is_own_peer)


def _is_own_peer(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"enheten {quote(text)} är sin egen jämförelse.",
        f"the unit {quote(text)} is its own peer.",
    )
    return Said("own-peer", said, Text("Ta bort raden.", "Remove the row."))


def _saving_order(checked: CheckedTable) -> Found:
    return checked.tell(pl.col("saving_low") > pl.col("saving_high"), "saving_low", _reversed_savings)


def _saving_needed(checked: CheckedTable) -> Found:
    if checked.lost & {"saving_low", "saving_high"}:
        return Found()
    broken = (pl.col("saving_kind") == "amount") & _amounts(checked).not_()
    return checked.tell(broken, "saving_low", _no_saving)


def _saving_unexpected(checked: CheckedTable) -> Found:
    return checked.tell(_amounts(checked) & (pl.col("saving_kind") != "amount"), "saving_kind", _unexpected_saving)


def _amounts(checked: CheckedTable) -> pl.Expr:
    """Whether a row has an amount, or something that was meant as one."""
    meant = [pl.lit(checked.unreadable[name]) for name in ("saving_low", "saving_high") if name in checked.unreadable]
    return pl.any_horizontal(pl.col("saving_low", "saving_high").is_not_null(), *meant)


def _reversed_savings(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"det lägsta beloppet {quote(text)} är större än det högsta.",
        f"the lowest amount {quote(text)} is greater than the highest.",
    )
    return Said("saving-order", said, Text("Byt plats på dem.", "Let them change places."))


def _no_saving(text: str, row: Mapping[str, Any]) -> Said:
    said = Text("saving_kind är 'amount' men beloppet saknas.", "saving_kind is 'amount' but there is no amount.")
    remedy = Text(
        "Skriv beloppet i tkr per år, eller ett annat ord i saving_kind, till exempel unclear.",
        "Write the amount in tkr a year, or another word in saving_kind, for example unclear.",
    )
    return Said("saving-missing", said, remedy)


def _unexpected_saving(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"saving_kind är {quote(text)} men det finns ett belopp.",
        f"saving_kind is {quote(text)} but there is an amount.",
    )
    return Said("saving-unexpected", said, Text("Skriv amount, eller ta bort beloppet.", "Write amount, or remove it."))


def _late_year(checked: CheckedTable, as_of: dt.date) -> Found:
    last = as_of.year + 1
    return checked.tell(pl.col("year") > last, "year", lambda text, _: impossible_year(text, last))


def _dated_later(checked: CheckedTable, as_of: dt.date) -> Found:
    """What is decided or followed up is so already."""

    def say(text: str, row: Mapping[str, Any]) -> Said:
        said = Text(
            f"datumet {quote(text)} är senare än datamängdens {as_of}.",
            f"the date {quote(text)} is later than the data set's {as_of}.",
        )
        remedy = Text("Rätta datumet, eller as_of i dataset.yaml.", "Correct the date, or as_of in dataset.yaml.")
        return Said("date-after-as-of", said, remedy)

    return Found.all_of(checked.tell(pl.col(name) > as_of, name, say) for name in ("decided", "followup_date"))


_Check = Callable[[CheckedTable], Found]
_DatedCheck = Callable[[CheckedTable, dt.date], Found]
_CHECKS: Final[Mapping[str, tuple[_Check, ...]]] = MappingProxyType(
    {
        "kpis": (_one_materiality, _rate_without_base, _denominator_of_money),
        "values": (_value_without_status, _status_without_value, _status_against_mark),
        "peers": (_own_peer,),
        "prices": (_price_above_zero,),
        "measures": (_saving_order, _saving_needed, _saving_unexpected),
    }
)
_DATED_CHECKS: Final[Mapping[str, tuple[_DatedCheck, ...]]] = MappingProxyType(
    {
        "values": (_late_year,),
        "benchmarks": (_late_year,),
        "peers": (_late_year,),
        "measures": (_dated_later,),
    }
)
