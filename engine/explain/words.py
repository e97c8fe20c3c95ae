"""The words of explanations, and numbers one at a time the way ``amounts`` writes columns of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import polars as pl

from genomlys.engine import amounts
from genomlys.engine.conditions.base import Subject
from genomlys.engine.errors import Lang, Text
from genomlys.engine.names import CLASSES as CLASSES
from genomlys.engine.names import EVIDENCE as EVIDENCE
from genomlys.engine.names import LEVELS as LEVELS
from genomlys.engine.names import listed as listed
from genomlys.engine.names import quoted as quoted
from genomlys.engine.writing import format_number

STATUSES: Final = {
    "flagged": Text("flaggad", "flagged"),
    "clear": Text("inte flaggad", "not flagged"),
    "unknown": Text("okänt", "unknown"),
    "not_applicable": Text("ej tillämpligt", "not applicable"),
}
HOLDS: Final = STATUSES | {
    "flagged": Text("gäller", "holds"),
    "clear": Text("gäller inte", "does not hold"),
}
KINDS: Final[Mapping[Subject, Text]] = {
    "kpi": Text("Nyckeltal", "KPI"),
    "area": Text("Område", "Area"),
    "measure": Text("Åtgärd", "Measure"),
    "signal": Text("Omständighet", "Signal"),
}
SOURCES: Final[Mapping[str, Text]] = {
    "own": Text("eget värde", "own value"),
    "reference": Text("referenskostnad", "reference cost"),
    "target": Text("mål", "target"),
    "peers.mean": Text("liknande kommuner", "similar municipalities"),
    "peers.median": Text("median av liknande kommuner", "median of similar municipalities"),
    "nation.mean": Text("kommungenomsnitt", "national mean"),
    "nation.median": Text("median av alla kommuner", "national median"),
    "nation.p10": Text("lägsta tiondelen av alla kommuner", "lowest tenth of all municipalities"),
    "nation.p25": Text("lägsta fjärdedelen av alla kommuner", "lowest quarter of all municipalities"),
    "nation.p75": Text("högsta fjärdedelen av alla kommuner", "highest quarter of all municipalities"),
    "nation.p90": Text("högsta tiondelen av alla kommuner", "highest tenth of all municipalities"),
}

# What is said to be missing: figures, dates, and what is not known of other units.
MISSING: Final[Mapping[str, Text]] = {
    **SOURCES,
    "peers.mean": Text("värde för liknande kommuner", "value of similar municipalities"),
    "price": Text("prisindex", "price index"),
    "denominator": Text("nämnare", "denominator"),
    "peers": Text("värden för liknande kommuner", "values of similar municipalities"),
    "nation": Text("värden för alla kommuner", "values of all municipalities"),
    "decided": Text("datum för beslutet", "the date of the decision"),
    "date": Text("datum för omständigheten", "the date of the signal"),
    "measures": Text("åtgärder i området", "measures of the area"),
    "signals": Text("omständigheter i området", "signals of the area"),
}
# Which way a KPI points, by what the flags on it tell.
POINTING: Final[Mapping[str, Text]] = {
    "worse": Text("sämre", "worse"),
    "better": Text("bättre", "better"),
    "mixed": Text("blandade", "mixed"),
    "unknown": Text("okända", "unknown"),
}
SUPPRESSED: Final = Text("sekretessbelagt", "suppressed")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def value(number: float, measure: str, decimals: int, lang: Lang) -> str:
    """ "8 093 kr/inv": a figure as it is printed."""
    return _measured(format_number(number, decimals, lang), measure, False, lang)


def difference(number: float, measure: str, decimals: int, lang: Lang) -> str:
    """ "9,4 mnkr": a distance, with the one decimal more that tells it from the printed figures, where it has one."""
    shown = max(decimals, 0)
    odd = abs(number) * 10.0**shown
    shown += math.isfinite(odd) and abs(odd - round(odd)) > 1e-6
    return _measured(format_number(number, min(shown, 6), lang), measure, True, lang)


_NUMBER: Final = "\0"


def _measured(number: str, measure: str, is_difference: bool, lang: Lang) -> str:
    # All numbers but 1 take the same words, so that one evaluation serves them.
    one = number in ("1", "−1")
    return _around(number if one else _NUMBER, measure, is_difference, lang).replace(_NUMBER, number)


@lru_cache(maxsize=1024)
def _around(number: str, measure: str, is_difference: bool, lang: Lang) -> str:
    write = amounts.with_difference_measure if is_difference else amounts.with_measure
    return str(pl.select(write(pl.lit(number), pl.lit(measure), lang)).item())


def difference_measure(measure: str, lang: Lang) -> str:
    """What a difference in a measure is counted in: "procentenheter" for "%"; a count's own measure."""
    return _around(_NUMBER, measure, True, lang).replace(_NUMBER, "").strip() or measure
