"""What a condition rests on, one fact at a time: own value, basis, difference, band and margin."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from genomlys.engine.conditions.base import (
    Condition,
    Figures,
    InYear,
    KpiCount,
    Lags,
    RuleMargin,
)
from genomlys.engine.conditions.measures import Measure, say_words
from genomlys.engine.conditions.side import Side
from genomlys.engine.conditions.signals import NAMES as SIGNAL_NAMES
from genomlys.engine.conditions.signals import Signal
from genomlys.engine.errors import Text
from genomlys.engine.explain import words
from genomlys.engine.explain.context import Context, Row
from genomlys.engine.explain.model import Cell, Fact, Origin, Step

_NEUTRAL: Final = Text(
    "nyckeltalet har ingen riktning: det är inte angivet om högre eller lägre är bättre",
    "the KPI has no direction: it is not stated whether higher or lower is better",
)
_NO_MEMBERS: Final = Text(
    "regeln {} prövas inte för något av områdets nyckeltal", "the rule {} applies to no KPI of the area"
)
_NO_SIDE: Final = Text(
    "inget av områdets nyckeltal bedöms i det avseendet", "none of the area's KPIs is judged in that respect"
)
_NO_DUE: Final = Text("åtgärden har inget slutdatum", "the measure has no due date")
_OTHER_RULE: Final = Text("regeln {} är inte tillämplig här", "the rule {} does not apply here")
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
    """The same for one year among several, for one line: "54 mnkr", "mot 53 mnkr 2023", "skillnad 1 mnkr" …"""
    own, basis = _own(case, row, at), _basis(case, row, at, year)
    if own is None:
        yield Fact("value", _NO_VALUE.in_(case.lang), year=row[f"{at}.year"])
        return
    yield own
    if basis is None:
        when = row[f"{at}.basis_year"] or row[f"{at}.year"]
        yield Fact("missing", f"{_NO_VALUE.in_(case.lang)} {Text('för', 'for').in_(case.lang)} {when}", year=when)
        return
    when = "" if basis.year in (None, own.year) else f" {basis.year}"
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
        members = words.listed(case.peers_with_value(kpi, year), case.lang)
        made = Text(f"beräknat av värdena för {members}", f"computed from the values of {members}")
        return Origin("values", kpi, what, year, made.in_(case.lang))
    # A target holds until the next one is stated.
    known = [at for of, name, at in case.benchmark_sources if (of, name) == (kpi, source) and at <= year]
    stated = max(known) if source == "target" and known else year
    told = case.benchmark_sources.get((kpi, source, stated))
    return Origin("benchmarks", kpi, what, stated, told or case.kpi_sources.get(kpi))


def _difference(case: Context, row: Row, at: str) -> Fact:
    basis = row[f"{at}.basis"]
    apart = row[f"{at}.value"] - basis
    share = f" ({words.percent(abs(apart) / basis, case.lang)})" if basis > 0 and apart else ""
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
        lead = Text("skillnad: ", "difference: ").in_(lang)
        yield Fact("difference", lead + words.difference(gap, measure, decimals, lang), gap)
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


def of_state(case: Context, row: Row) -> Iterator[Fact]:
    """What is known of the figure itself, for a condition on the data."""
    latest, age = row["latest_year"], row["age"]
    if latest is None:
        yield Fact("latest", Text("det finns inget värde", "there is no value").in_(case.lang))
        return
    said = Text(f"senaste värde: {latest}", f"latest value: {latest}").in_(case.lang)
    if age:
        before = Text(f", {age} år före bedömningsåret {latest + age}", f" (the year judged is {latest + age})")
        said += before.in_(case.lang)
    yield Fact("latest", said, year=latest, origin=_origin(case, row["subject"], "own", latest))


def of_entry(case: Context, row: Row, leaf: Measure | Signal) -> Iterator[Fact]:
    """What a measure or signal is, for each word that the condition asks about."""
    lang = case.lang
    if isinstance(leaf, Signal):
        origin = Origin("signals", row["subject"], row["signal_title"], None, row["source"])
        if leaf.where.kinds:
            kind = SIGNAL_NAMES[row["kind"]].in_(lang)
            yield Fact("kind", f"{Text('slag', 'kind').in_(lang)}: {kind}", origin=origin)
        dates = [("date", Text("datum", "date"))] if leaf.where.newer_than is not None else []
    else:
        origin = Origin("measures", row["subject"], row["measure_title"], None, row["source"])
        for column, _ in leaf.where.lists:
            yield Fact(column, say_words(column, [row[column]], lang), origin=origin)
        dates = [("decided", Text("beslutad", "decided"))] if leaf.where.older_than is not None else []
        dates += [("due", Text("slutdatum", "due date"))] if leaf.where.past_due is not None else []
    for column, name in dates:
        if row[column] is not None:
            yield Fact(column, f"{name.in_(lang)}: {row[column]}", origin=origin)


def missing_dates(row: Row, leaf: Measure | Signal) -> Iterator[Cell]:
    column, title = ("date", "signal_title") if isinstance(leaf, Signal) else ("decided", "measure_title")
    if row[column] is None:
        yield Cell(row["subject"], row[title], column, None, "missing")


def why_not(case: Context, row: Row, leaf: Condition) -> Fact:
    """Why a condition has no meaning for the subject."""
    first = next(iter(leaf.needs()), None)
    said, rule = _NO_MEANING, ""
    match first:
        case KpiCount():
            said, rule = _NO_MEMBERS, first.rule
        case RuleMargin():
            said, rule = _OTHER_RULE, first.rule
        case Lags() if row["direction"] == "neutral":
            said = _NEUTRAL
        case None if isinstance(leaf, Side):
            said = _NO_SIDE
        case None if isinstance(leaf, Measure) and row["due"] is None:
            said = _NO_DUE
    return Fact("why_not", said.in_(case.lang).replace("{}", rule))
