"""What a condition rests on, one fact at a time: own value, basis, difference, band and margin."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from genomlys.engine.amounts import format_percent
from genomlys.engine.conditions.base import Figures, InYear, Told
from genomlys.engine.errors import Text
from genomlys.engine.explain import words
from genomlys.engine.explain.context import Context, Row
from genomlys.engine.explain.model import Cell, Fact, Origin, Step

_NO_MEANING: Final = Text("villkoret har ingen mening här", "the condition has no meaning here")
_LIMIT: Final = Text("gränsen i regeln", "the rule's limit")
_NO_VALUE: Final = Text("jämförbart värde saknas", "no comparable value")


def of_year(case: Context, row: Row, at: str, year: InYear) -> Iterator[Fact]:
    """The facts of a condition on one calendar year, a line each."""
    own, basis = _own(case, row, at), _basis(case, row, at, year)
    for fact, name in ((own, words.SOURCES["own"]), (basis, words.SOURCES[year.source] if year.source else _LIMIT)):
        if fact is not None:
            when = "" if fact.year is None else f" {fact.year}"
            yield _lead(fact, f"{name.in_(case.lang)}{when}: ")
    if own is not None and basis is not None:
        yield _lead(_difference(case, row, at), Text("skillnad: ", "difference: ").in_(case.lang))
        yield from (_lead(fact, Text("gräns: ", "limit: ").in_(case.lang)) for fact in _band(case, row, at))
        yield from _distance(case, row, at)


def in_short(case: Context, row: Row, at: str, year: InYear) -> Iterator[Fact]:
    """The same for one year among several, for one line: "54 mnkr", "mot 53 mnkr år 2023", "skillnad 1 mnkr" …"""
    own, basis = _own(case, row, at), _basis(case, row, at, year)
    if own is None:
        yield Fact("value", _NO_VALUE.in_(case.lang), year=row[f"{at}.year"])
        return
    yield own
    if basis is None:
        when = row[f"{at}.basis_year"] or row[f"{at}.year"]
        yield Fact("missing", f"{_NO_VALUE.in_(case.lang)} {Text('för', 'for').in_(case.lang)} {when}", year=when)
        return
    when = "" if basis.year in (None, own.year) else f" {Text('år', 'in').in_(case.lang)} {basis.year}"
    yield Fact(
        "basis", f"{Text('mot', 'against').in_(case.lang)} {basis.says}{when}", basis.value, basis.year, basis.origin
    )
    yield _lead(_difference(case, row, at), Text("skillnad ", "difference ").in_(case.lang))
    yield from (_lead(fact, Text("gräns ", "limit ").in_(case.lang)) for fact in _band(case, row, at))


def _lead(fact: Fact, lead: str) -> Fact:
    return Fact(fact.name, lead + fact.says, fact.value, fact.year, fact.origin)


def _own(case: Context, row: Row, at: str) -> Fact | None:
    own, year = row[f"{at}.value"], row[f"{at}.year"]
    if own is None:
        return None
    said = words.value(own, row["measure"], row["decimals"], case.lang)
    return Fact("value", said, own, year, _origin(case, row["subject"], "own", year))


def _basis(case: Context, row: Row, at: str, year: InYear) -> Fact | None:
    basis, when = row[f"{at}.basis"], row[f"{at}.basis_year"]
    if basis is None:
        return None
    said = words.value(basis, row["measure"], row["decimals"], case.lang)
    return Fact("basis", said, basis, when, _origin(case, row["subject"], year.source, when))


def _origin(case: Context, kpi: str, source: str | None, year: int | None) -> Origin | None:
    if source is None or year is None:
        return None
    what = words.SOURCES[source].in_(case.lang)
    if source == "own":
        return Origin("values", kpi, what, year, case.own_sources.get((kpi, year)) or case.kpi_sources.get(kpi))
    if (kpi, source) not in case.published:
        return Origin("values", kpi, what, year, _made_of(case, kpi, source, year))
    # A target holds until the next one is stated.
    known = [at for of, name, at in case.benchmark_sources if (of, name) == (kpi, source) and at <= year]
    stated = max(known) if source == "target" and known else year
    told = case.worked_out(kpi, source) or case.benchmark_sources.get((kpi, source, stated))
    return Origin("benchmarks", kpi, what, stated, told or case.kpi_sources.get(kpi))


def _made_of(case: Context, kpi: str, source: str, year: int) -> str:
    """Whose values a computed figure is made of: few are named, many are counted."""
    if source.startswith("nation."):
        n, of = case.nation_with_value(kpi, year)
        made = Text(f"beräknat av värdena för {n} av {of} kommuner", f"computed from {n} of {of} municipalities")
        return made.in_(case.lang)
    with_value, without = case.peers_with_value(kpi, year)
    said = Text("beräknat av värdena för ", "computed from the values of ").in_(case.lang)
    said += words.listed(with_value, case.lang)
    if not without:
        return said
    return said + Text("; värde saknas för ", "; no value of ").in_(case.lang) + words.listed(without, case.lang)


def _difference(case: Context, row: Row, at: str) -> Fact:
    basis = row[f"{at}.basis"]
    apart = row[f"{at}.value"] - basis
    share = f" ({format_percent(abs(apart) / basis, case.lang)})" if basis > 0 and apart else ""
    return Fact("difference", words.difference(apart, row["measure"], row["decimals"], case.lang) + share, apart)


def _band(case: Context, row: Row, at: str) -> Iterator[Fact]:
    band = row[f"{at}.band"]
    if band:
        said = words.difference(band, row["measure"], row["decimals"], case.lang)
        yield Fact("band", Text(f"mer än {said}", f"more than {said}").in_(case.lang), band)


def _distance(case: Context, row: Row, at: str) -> Iterator[Fact]:
    """What a KPI that aims at a target is weighed by: not how far two values are apart, but from the target."""
    lo, band = row[f"{at}.lo"], row[f"{at}.band"] or 0.0
    if row["direction"] != "target" or lo != row[f"{at}.hi"]:
        return
    gap, apart = lo + band, row[f"{at}.value"] - row[f"{at}.basis"]
    if not math.isclose(abs(gap), abs(apart), rel_tol=1e-9, abs_tol=1e-9):
        said = words.difference(gap, row["measure"], row["decimals"], case.lang)
        lead = Text("skillnad i avstånd till målet: ", "difference in distance to the target: ").in_(case.lang)
        yield Fact("distance", lead + said, gap)


def of_figures(case: Context, row: Row, at: str, figures: Figures) -> Iterator[Fact]:
    """The facts of a condition that does not tell its years one by one."""
    measure, decimals, lang = row["measure"], row["decimals"], case.lang
    for name, title in (("value", words.SOURCES["own"].in_(lang)), ("basis", row[f"{at}.basis_title"])):
        number, year = row[f"{at}.{name}"], row[f"{at}.{name}_year"]
        if number is not None:
            said = f"{title or _LIMIT.in_(lang)}{'' if year is None else f' {year}'}"
            origin = _origin(case, row["subject"], "own", year) if name == "value" else None
            yield Fact(name, f"{said}: {words.value(number, measure, decimals, lang)}", number, year, origin)
    gap, held = row[f"{at}.gap"], row[f"{at}.hits"]
    if gap is not None:
        lead = figures.gap_title.in_(lang)
        yield Fact("difference", f"{lead}: {words.difference(gap, measure, decimals, lang)}", gap)
    if held is not None and figures.years:
        yield hits(case, row, at, figures.years)


def hits(case: Context, row: Row, at: str, years: int) -> Fact:
    """In how many years a condition holds; where it is unknown there may be more of them."""
    count, sure = row[f"{at}.hits"], row[f"{at}.holds"] is not None
    certain = Text("gäller", "holds") if sure else Text("gäller säkert", "surely holds")
    said = Text(f"{certain.sv} {count} av {years} år", f"{certain.en} {count} of {years} years")
    return Fact("hits", said.in_(case.lang), float(count))


def of_margin(case: Context, step: Step, measure: str, decimals: int) -> Iterator[Fact]:
    """How far the condition is from turning, where that is one number."""
    if step.holds is None or step.lo != step.hi or not math.isfinite(step.lo):
        return
    lead = Text("marginal: ", "margin: ") if step.holds else Text("fattas: ", "short by: ")
    said = lead.in_(case.lang) + words.difference(abs(step.lo), measure, decimals, case.lang)
    at_limit = Text("precis på gränsen", "exactly at the limit").in_(case.lang)
    yield Fact("margin", said if step.lo else at_limit, step.lo)


def of_told(case: Context, row: Row, at: str, figures: Figures) -> Iterator[Fact]:
    """What else the kind says that it rests on."""
    for number, told in enumerate(figures.told):
        said, year = row[f"{at}.told{number}"], row[f"{at}.told{number}.year"]
        if said is None:
            continue
        origin = _origin(case, row["subject"], told.source, year) if told.source else _origin_of(row)
        text = f"{told.title.in_(case.lang)}: {said}"
        yield Fact(told.name, text, row[f"{at}.told{number}.value"], year, origin, _of_series(case, row, told))


def _of_series(case: Context, row: Row, told: Told) -> tuple[Origin, ...]:
    """Where each of the unit's values in a series was taken from."""
    if told.value.kind != "series":
        return ()
    lags = [lag for lag in reversed(range(len(told.value.parts))) if row[f"own.{lag}"] is not None]
    found = (_origin(case, row["subject"], "own", row["year"] - lag) for lag in lags)
    return tuple(each for each in found if each is not None)


def _origin_of(row: Row) -> Origin | None:
    """The row of the data set that a measure or a signal is."""
    for table, title in (("measures", "measure_title"), ("signals", "signal_title")):
        if title in row:
            return Origin(table, row["subject"], row[title], None, row["source"])
    return None


def missing_dates(row: Row, figures: Figures) -> Iterator[Cell]:
    """The dates of the measure or signal itself that the condition asks about and that are not known."""
    for column in figures.dates:
        if row[column] is None:
            title = next(row[name] for name in ("measure_title", "signal_title") if name in row)
            yield Cell(row["subject"], title, column, None, "missing")


def why_not(case: Context, row: Row, at: str, figures: Figures) -> Fact:
    """Why a condition has no meaning for the subject."""
    reasons = (text for number, (_, text) in enumerate(figures.no_meaning) if row[f"{at}.no{number}"])
    return Fact("why_not", next(reasons, _NO_MEANING).in_(case.lang))
