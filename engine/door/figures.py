"""What must hold between a figure and its KPI: its measure, its decimals, and what a share can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from genomlys.engine.door.found import Found, Said, quote
from genomlys.engine.door.table import CheckedTable
from genomlys.engine.errors import Text
from genomlys.engine.numbers import MINUS

# "Andel elever", "andelen", "personalandel", but not "handel" and "vandel".
_SHARE: Final = r"(?i)(?:^|[^hv])andel(?:en|ar|arna)?\b"
# What is also called a share and may be below 0 or above 100 %: a difference, and money as a part of other money
# ("Årets resultat som andel av skatt och statsbidrag", "Nettokostnadsandel", "Köp av verksamhet, andel av kostnaden").
_NO_SHARE: Final = (
    r"(?i)avvik|förändring|ökning|minskning|utveckling|skillnad|differens|netto|köp av|inköp"
    r"|årets resultat|resultat (?:som|före|efter|i förhållande)|andel av (?:\S+ )?(?:skatt|intäkt|budget)"
    r"|självfinans|investering|skuld"
)
_FINEST: Final = 3
# "8,093": three digits after the only separator, as many before it as a first group of thousands has. Not "0,093".
_THOUSANDS_OR_DECIMALS: Final = rf"^[+\-{MINUS}]?[1-9][0-9]{{0,2}}[.,][0-9]{{3}}$"


def check_figures(tables: Mapping[str, CheckedTable], name: str) -> Found:
    """Every problem between the figures of a table and their KPIs. Without a KPI nothing is said of its figures."""
    checked, kpis = tables.get(name), tables.get("kpis")
    if checked is None or kpis is None or "kpi" in kpis.lost:
        return Found()
    return Found.all_of(check(checked, kpis) for check in (_percent_signs, _shares, _ambiguous))


def _percent_signs(checked: CheckedTable, kpis: CheckedTable) -> Found:
    """'3,4 %' for a KPI that is not measured in per cent: the figure or the KPI is the wrong one."""
    if "measure" in kpis.lost or checked.written.schema.get("value") != pl.String:
        return Found()
    signed = checked.written["value"].str.ends_with("%") & checked.frame["value"].is_not_null()
    if not signed.any():
        return Found()
    other = kpis.frame.filter(~pl.col("measure").str.starts_with("%"))["kpi"].drop_nulls()
    measures = dict(kpis.frame.select("kpi", "measure").iter_rows())

    def say(text: str, row: Mapping[str, Any]) -> Said:
        said = Text(
            f"{quote(text)} är i procent, men {row['kpi']} har måttet {measures[row['kpi']]}.",
            f"{quote(text)} is in per cent, but the measure of {row['kpi']} is {measures[row['kpi']]}.",
        )
        remedy = Text("Skriv värdet i nyckeltalets mått.", "Write the value in the KPI's measure.")
        return Said("percent-in-other-measure", said, remedy)

    return checked.tell(signed & checked.frame["kpi"].is_in(other.implode()), "value", say)


def shares(kpis: pl.DataFrame) -> pl.Series:
    """The KPIs whose values are 0 to 100."""
    called = pl.concat_str("title", "name", separator="\n", ignore_nulls=True)
    is_share = (pl.col("measure") == "%") & called.str.contains(_SHARE) & ~called.str.contains(_NO_SHARE)
    return kpis.filter(is_share)["kpi"].drop_nulls()


def _shares(checked: CheckedTable, kpis: CheckedTable) -> Found:
    if "measure" in kpis.lost:
        return Found()
    value = pl.col("value")
    is_share = pl.col("kpi").is_in(shares(kpis.frame).implode())
    return checked.tell(((value > 100) | (value < 0)) & is_share, "value", _no_share)


def _no_share(text: str, row: Mapping[str, Any]) -> Said:
    said = Text(
        f"{quote(text)} är ingen andel: en andel är 0 till 100 %.",
        f"{quote(text)} is no share: a share is 0 to 100 %.",
    )
    remedy = Text("Rätta värdet, eller nyckeltalets mått.", "Correct the value, or the KPI's measure.")
    return Said("share-over-100", said, remedy)


def _ambiguous(checked: CheckedTable, kpis: CheckedTable) -> Found:
    """'8,093' for a KPI without that many decimals: read the wrong way, it is wrong by a factor of 1 000."""
    if "decimals" in kpis.lost or checked.written.schema.get("value") != pl.String:
        return Found()
    two_ways = checked.written["value"].str.contains(_THOUSANDS_OR_DECIMALS)
    if not two_ways.any():
        return Found()
    coarse = kpis.frame.filter(pl.col("decimals") < _FINEST)["kpi"].drop_nulls()
    return checked.tell(two_ways & checked.frame["kpi"].is_in(coarse.implode()), "value", _two_ways)


def _two_ways(text: str, row: Mapping[str, Any]) -> Said:
    whole, thousand = text[:-4], text[-3:]
    said = Text(
        f"{quote(text)} kan vara {whole} {thousand} eller {whole},{thousand}.",
        f"{quote(text)} may be {whole} {thousand} or {whole},{thousand}.",
    )
    remedy = Text(
        f"Skriv {whole}{thousand} om det är tusental; är det decimaler, skriv {whole},{thousand}0 "
        f"eller höj nyckeltalets decimals till {_FINEST}.",
        f"Write {whole}{thousand} if these are thousands; if they are decimals, write {whole},{thousand}0 "
        f"or raise the KPI's decimals to {_FINEST}.",
    )
    return Said("ambiguous-number", said, remedy)
