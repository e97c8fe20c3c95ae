"""Hypothesis strategies: small data sets, and rules as the text of a rule file.

Everything is small on purpose, so that ties, holes, breaks and stand-ins are common and not rare: figures are a few
printed steps from one another, and years, areas and units are few.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any, TypeAlias

import polars as pl
from hypothesis import strategies as st
from polars.testing.parametric import column, dataframes

Tables: TypeAlias = dict[str, Any]  # what read_dataset takes: frames by name, and the data set's own words
Words: TypeAlias = dict[str, Any]  # a rule or a condition as it stands in the file

YEARS = range(2016, 2025)
KPIS = ("k0", "k1", "k2", "k3", "k4")
AREAS = ("a0", "a1", "a2")
MUNICIPALITIES = ("m0", "m1", "m2", "m3", "m4")
HOME, NATION = "m0", "riket"
MEASURES = ("%", "kr/inv", "antal")
CATEGORIES = ("ekonomi", "kvalitet")
DIRECTIONS = ("higher", "lower", "target", "neutral")
BENCHMARKS = (
    "reference",
    "target",
    "peers.mean",
    "peers.median",
    "nation.mean",
    "nation.median",
    "nation.p10",
    "nation.p75",
)
MEASURE_STATUSES = ("not_started", "ongoing", "done")
SIGNAL_KINDS = ("law", "audit")
MONTHS = (6, 12, 24)
_AS_OF = (dt.date(2024, 12, 31), dt.date(2024, 2, 29), dt.date(2023, 8, 31))
# What a year of a series is: mostly a figure. "absent" is no row at all.
_MARKS = ("ok",) * 20 + ("preliminary", "absent", "absent", "missing", "suppressed", "not_applicable")
_ENDINGS = ("absent", "absent", "missing", "suppressed", "not_applicable")
_LEVELS = (0, 2, 20)
_FEW = st.integers(-3, 4)  # steps of the last printed decimal
_QUARTERS = st.integers(-8, 8).map(
    lambda quarters: Decimal(quarters) / 4
)  # a mean may be known better than it is printed


def figure(steps: int | Decimal, decimals: int) -> float:
    """So many steps of the last printed decimal, as the float nearest to the printed number."""
    return float(Decimal(steps).scaleb(-decimals))


@dataclass(frozen=True)
class Kpi:
    """What the other tables need to know: figures are ``level`` and a few steps of 10 ** -decimals."""

    row: Mapping[str, Any]
    level: int

    @property
    def name(self) -> str:
        return str(self.row["kpi"])

    def figure(self, steps: int | Decimal) -> float:
        return figure(self.level + steps, self.row["decimals"])


@st.composite
def kpis(draw: st.DrawFn, name: str, areas: Sequence[str], directions: Sequence[str], measures: Sequence[str]) -> Kpi:
    decimals = draw(st.integers(-2, 3))
    steps = draw(st.integers(0, 2))
    band = [None, "1 %", "10 %", "100 %", format(Decimal(steps).scaleb(-decimals), "f").replace(".", ",")]
    row = {
        "kpi": name,
        "title": f"Nyckeltal {name}",
        "category": draw(st.sampled_from(CATEGORIES)),
        "area": draw(st.sampled_from(areas)),
        "measure": draw(st.sampled_from(measures)),
        "direction": draw(st.sampled_from(directions)),
        "decimals": decimals,
        "materiality": draw(st.sampled_from(band)),
        "breaks": draw(st.sampled_from(["", "", "", "", "2022", "2019; 2023", "2024", "2026"])),
        "max_age": draw(st.integers(0, 3)),
    }
    if row["measure"] != "kr/inv":
        row["denominator"] = draw(st.sampled_from([None, "40", "5000", "k1"]))
        row["per"] = None if row["measure"] == "%" else "50"
    return Kpi(row, draw(st.sampled_from(_LEVELS)))


@st.composite
def tables(draw: st.DrawFn, *, directions: Sequence[str] = DIRECTIONS, measures: Sequence[str] = MEASURES) -> Tables:
    """A data set of a few units, KPIs and areas."""
    as_of = draw(st.sampled_from(_AS_OF))
    areas = AREAS[: draw(st.integers(1, 3))]
    catalogue = [draw(kpis(name, areas, directions, measures)) for name in KPIS[: draw(st.integers(2, 5))]]
    units = [*MUNICIPALITIES[: draw(st.sampled_from([2, 2, 3, 5]))], *draw(st.sampled_from([(), (NATION,)]))]
    return {
        "dataset": {"title": "Prov", "unit": HOME, "as_of": as_of},
        "units": pl.DataFrame(
            {"unit": units, "title": units, "kind": ["nation" if u == NATION else "municipality" for u in units]}
        ),
        "areas": draw(_areas(areas)),
        "kpis": pl.DataFrame(
            [kpi.row for kpi in catalogue],
            schema_overrides=dict.fromkeys(("materiality", "denominator", "per"), pl.String),
        ),
        "values": draw(_values(units, catalogue)),
        "benchmarks": draw(_benchmarks(units, catalogue)),
        "peers": draw(_peers(units)),
        "measures": draw(_measures(areas, as_of)),
        "signals": draw(_signals(areas, as_of)),
    }


@st.composite
def _areas(draw: st.DrawFn, areas: Sequence[str]) -> pl.DataFrame:
    priority = [draw(st.sampled_from([None, "Trygghet"])) for _ in areas]
    schema = {"area": pl.String, "title": pl.String, "priority": pl.String, "cross_cutting": pl.Boolean}
    return pl.DataFrame([areas, areas, priority, [draw(st.booleans()) for _ in areas]], schema=schema)


@st.composite
def _values(draw: st.DrawFn, units: Sequence[str], catalogue: Sequence[Kpi]) -> pl.DataFrame:
    cells = list(product(units, catalogue, YEARS))
    drawn = draw(
        dataframes(
            [
                column("steps", dtype=pl.Int8, strategy=_FEW),
                column("status", dtype=pl.String, strategy=st.sampled_from(_MARKS)),
            ],
            min_size=len(cells),
            max_size=len(cells),
            allow_null=False,
            allow_chunks=False,
        )
    )
    # Some series end early, and in their last row it may be said why.
    ends = {
        (unit, kpi.name): (
            draw(st.sampled_from([*[2024] * 9, 2023, 2022, 2020, 2015])),
            draw(st.sampled_from(_ENDINGS)),
        )
        for unit, kpi in product(units, catalogue)
    }
    rows = []
    for (unit, kpi, year), (steps, status) in zip(cells, drawn.iter_rows(), strict=True):
        last, ending = ends[unit, kpi.name]
        said = status if year <= last else ending if year == last + 1 else "absent"
        value = kpi.figure(steps) if said in ("ok", "preliminary") else None
        rows += [(unit, kpi.name, year, value, said)] if said != "absent" else []
    # A table of values may not be empty.
    rows = rows or [(HOME, catalogue[0].name, YEARS[0], None, "missing")]
    schema = {"unit": pl.String, "kpi": pl.String, "year": pl.Int32, "value": pl.Float64, "status": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


@st.composite
def _benchmarks(draw: st.DrawFn, units: Sequence[str], catalogue: Sequence[Kpi]) -> pl.DataFrame:
    """A few benchmarks for each KPI: for every unit, for units of their own, or both."""
    rows = []
    for kpi in catalogue:
        wanted = draw(st.lists(st.sampled_from(BENCHMARKS), min_size=2, max_size=5, unique=True))
        if kpi.row["direction"] == "target":
            wanted = [*wanted, "target"]
        for benchmark in dict.fromkeys(wanted):
            whose = draw(st.sampled_from([(None,), (None,), (None, HOME), tuple(units), (HOME,)]))
            for unit in whose:
                years = st.just(list(YEARS))
                if benchmark == "target":  # each holds until the next
                    years = st.lists(st.sampled_from(YEARS), min_size=1, max_size=3, unique=True)
                rows += [
                    (unit, kpi.name, year, benchmark, None if steps is None else kpi.figure(steps))
                    for year, steps in [
                        (year, draw(st.one_of(_FEW, _FEW, _QUARTERS, st.none()))) for year in draw(years)
                    ]
                    if steps is not None or year % 2
                ]
        if kpi.row["direction"] == "target" and not any(row[1] == kpi.name and row[3] == "target" for row in rows):
            rows.append((None, kpi.name, YEARS[1], "target", kpi.figure(0)))
    schema = {"unit": pl.String, "kpi": pl.String, "year": pl.Int32, "benchmark": pl.String, "value": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


@st.composite
def _peers(draw: st.DrawFn, units: Sequence[str]) -> pl.DataFrame:
    """One group, as it was in one year or two: enough members for a mean only where there are many units."""
    pairs = [(unit, member) for unit in (HOME, "m1") for member in units if unit != member]
    years = draw(st.sampled_from([(), (2019,), (2019,), (2018, 2022)]))
    rows = [
        (unit, "grupp", year, member)
        for year in years
        for unit, member in pairs
        if draw(st.sampled_from([True, True, True, False]))
    ]
    schema = {"unit": pl.String, "group": pl.String, "year": pl.Int32, "member": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _dates(as_of: dt.date) -> st.SearchStrategy[dt.date | None]:
    """Often the very day, or one that lies a few months before it."""
    first = as_of.replace(day=1)
    months = [as_of.replace(year=as_of.year - 1, day=28), as_of.replace(year=as_of.year - 2, day=28), first]
    near = [as_of, as_of - dt.timedelta(days=1), *months, *[day + dt.timedelta(days=1) for day in months]]
    return st.one_of(st.none(), st.sampled_from(near), st.dates(dt.date(2021, 1, 1), as_of))


@st.composite
def _measures(draw: st.DrawFn, areas: Sequence[str], as_of: dt.date) -> pl.DataFrame:
    rows = [
        {
            "measure": f"f{number}",
            "title": f"Åtgärd {number}",
            "area": draw(st.sampled_from(areas)),
            "horizon": draw(st.sampled_from(["short", "long"])),
            "decided": draw(_dates(as_of)),
            "due": draw(st.one_of(_dates(as_of), st.just(as_of), st.just(as_of + dt.timedelta(days=1)))),
            "saving_kind": draw(st.sampled_from(["too_early", "unclear"])),
            "status": draw(st.sampled_from(MEASURE_STATUSES)),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    schema = dict.fromkeys(("measure", "title", "area", "horizon"), pl.String)
    schema |= {"decided": pl.Date, "due": pl.Date, "saving_kind": pl.String, "status": pl.String}
    return pl.DataFrame(rows, schema=schema)


@st.composite
def _signals(draw: st.DrawFn, areas: Sequence[str], as_of: dt.date) -> pl.DataFrame:
    rows = [
        {
            "signal": f"s{number}",
            "area": draw(st.sampled_from(areas)),
            "kind": draw(st.sampled_from(SIGNAL_KINDS)),
            "title": f"Omständighet {number}",
            "date": draw(_dates(as_of)),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    schema = dict.fromkeys(("signal", "area", "kind", "title"), pl.String) | {"date": pl.Date}
    return pl.DataFrame(rows, schema=schema)


# Rules. A rule is drawn as the words of its file; ``rule_file`` writes them as text.

SIDES = ("above", "below", "worse", "better")
PERCENTS = ("0 %", "1 %", "5 %", "10 %", "50 %", "100 %")


def bands(measure: str | None) -> st.SearchStrategy[str | None]:
    """What ``by`` may say; a number needs a scope of one measure alone."""
    numbers = [f"{number} {measure}" for number in ("0,1", "1", "2", "100")] if measure else []
    return st.one_of(st.none(), st.sampled_from([*PERCENTS, "material", "material", *numbers]))


@st.composite
def comparisons(draw: st.DrawFn, measure: str | None = None) -> Words:
    numbers = ["0", *([f"20 {measure}", f"2,1 {measure}"] if measure else [])]
    than = draw(
        st.one_of(
            st.sampled_from(BENCHMARKS),
            st.sampled_from(BENCHMARKS),
            st.integers(1, 3).map(lambda years: f"own {years} years ago"),
            st.sampled_from(numbers),
        )
    )
    words = {"is": draw(st.sampled_from(SIDES)), "than": than}
    words |= _by(draw(bands(measure)))
    if draw(st.booleans()):
        years = draw(st.integers(1, 4))
        words["in"] = f"{draw(st.integers(1, years))} of {years} years"
    return words


@st.composite
def runs(draw: st.DrawFn, measure: str | None = None) -> Words:
    change = draw(st.sampled_from(["rising", "falling", "worsening", "improving"]))
    return {"is": change, "for": f"{draw(st.integers(2, 4))} years"} | _by(draw(bands(measure)))


@st.composite
def trends(draw: st.DrawFn, measure: str | None = None) -> Words:
    """Short ones, and a confidence that they can reach."""
    change = draw(st.sampled_from(["rising", "falling", "worsening", "improving", "changing"]))
    years, most = draw(st.sampled_from([(3, 83), (4, 95), (4, 95), (5, 99)]))
    confidence = draw(st.sampled_from([50, 60, 75, 83, 90, 95]).filter(lambda share: share <= most))
    if change == "changing":
        confidence = max(50, min(confidence, 2 * most - 100))
    return {"trend": change, "over": f"{years} years", "confidence": f"{confidence} %"} | _by(draw(bands(measure)))


@st.composite
def gap_changes(draw: st.DrawFn, measure: str | None = None) -> Words:
    words = {"gap": draw(st.sampled_from(["widening", "narrowing"])), "over": f"{draw(st.integers(2, 4))} years"}
    words["to"] = draw(st.sampled_from([*BENCHMARKS, *BENCHMARKS, "0", *([f"20 {measure}"] if measure else [])]))
    side = draw(st.sampled_from([None, *SIDES]))
    return words | _by(draw(bands(measure))) | ({} if side is None else {"side": side})


@st.composite
def turns(draw: st.DrawFn, measure: str | None = None) -> Words:
    own = st.integers(1, 2).map(lambda years: f"own {years} years ago")
    than = draw(st.one_of(st.sampled_from(BENCHMARKS), st.sampled_from(BENCHMARKS), own, st.just("0")))
    words = {"turn": draw(st.sampled_from(SIDES)), "than": than, "after": f"{draw(st.integers(1, 3))} years"}
    return words | _by(draw(bands(measure)))


@st.composite
def ranks(draw: st.DrawFn) -> Words:
    words = {"rank": draw(st.sampled_from(["worst", "best", "highest", "lowest"])), "among": draw(_AMONG)}
    places = st.integers(1, 3).map(lambda number: {"places": str(number)})
    shares = st.sampled_from(["10 %", "20 %", "50 %", "99,5 %"]).map(lambda share: {"share": share})
    return words | draw(st.one_of(places, shares))


_AMONG = st.sampled_from(["peers", "nation"])


def cases() -> st.SearchStrategy[Words]:
    confidence = st.sampled_from(["50 %", "90 %", "95 %", "99,8 %"])
    return st.tuples(_SIDES_OF_OTHERS, confidence).map(
        lambda pair: {"case": pair[0], "among": "peers", "confidence": pair[1]}
    )


def outliers() -> st.SearchStrategy[Words]:
    return st.tuples(_SIDES_OF_OTHERS, _AMONG, st.sampled_from(["0,5", "1", "3,5"])).map(
        lambda three: dict(zip(("outlier", "among", "beyond"), three, strict=True))
    )


_SIDES_OF_OTHERS = st.sampled_from(["worse", "better", "above", "below", "apart"])


def beside_others() -> st.SearchStrategy[Words]:
    """Conditions that read the values of other units: one more of them is another question, and no filled gap."""
    return st.one_of(ranks(), cases(), outliers())


def funnels(measure: str | None = None) -> st.SearchStrategy[Words]:
    """None for kronor alone: what is no share or rate of a count has no funnel."""
    if measure == "kr/inv":
        return st.nothing()
    sides, confidence = st.sampled_from(SIDES), st.sampled_from(["50 %", "80 %", "99,8 %"])
    return st.tuples(sides, st.sampled_from(BENCHMARKS), confidence).map(
        lambda three: dict(zip(("funnel", "than", "confidence"), three, strict=True))
    )


def _by(band: str | None) -> Words:
    return {} if band is None else {"by": band}


def states() -> st.SearchStrategy[Words]:
    """Conditions about the data that have no scale."""
    return st.sampled_from(["missing", "suppressed", "stale"]).map(lambda state: {"is": state})


def data_conditions() -> st.SearchStrategy[Words]:
    return st.one_of(states(), st.integers(0, 3).map(lambda years: {"is": "stale", "older_than": f"{years} years"}))


def _some(words: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(words), min_size=1, max_size=2, unique=True)


_MEASURE_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "status": _some(MEASURE_STATUSES),
        "horizon": _some(["short", "long"]),
        "older_than": st.sampled_from(MONTHS).map(lambda months: f"{months} months"),
        "past_due": st.sampled_from(["yes", "no"]),
    },
)
_SIGNAL_FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "kind": _some(SIGNAL_KINDS),
        "newer_than": st.sampled_from(MONTHS).map(lambda months: f"{months} months"),
    },
)
_ANY_MEASURE = _MEASURE_FILTERS.map(lambda words: {"any_measure": words})
_ANY_SIGNAL = _SIGNAL_FILTERS.map(lambda words: {"any_signal": words})


def figures_only(measure: str | None = None) -> st.SearchStrategy[Words]:
    """Conditions that read a KPI's figures: they are about the municipality, never about the data."""
    return st.one_of(developments(measure), beside_others(), funnels(measure))


def developments(measure: str | None = None) -> st.SearchStrategy[Words]:
    """Those of them that take a ``by``."""
    return st.one_of(comparisons(measure), runs(measure), trends(measure), gap_changes(measure), turns(measure))


def _members(kpi_rules: Sequence[str]) -> st.SearchStrategy[Words]:
    if not kpi_rules:
        return st.nothing()
    rule = st.sampled_from(kpi_rules)
    return st.one_of(
        rule.map(lambda name: {"any_kpi": name}),
        rule.map(lambda name: {"all_kpis": name}),
        st.tuples(rule, st.sampled_from(["1", "2", "3", "1 %", "33,3 %", "50 %"])).map(
            lambda pair: {"kpis": pair[0], "at_least": pair[1]}
        ),
        st.tuples(rule, st.sampled_from(["0", "1", "2", "0 %", "50 %", "66,7 %"])).map(
            lambda pair: {"kpis": pair[0], "at_most": pair[1]}
        ),
    )


def conditions(
    subject: str, measure: str | None = None, kpi_rules: Sequence[str] = (), same: Sequence[str] = ()
) -> st.SearchStrategy[Words]:
    """Every kind that may be asked of the subject. ``same``: rules for the same subject, to refer to."""
    kinds: list[st.SearchStrategy[Words]] = [st.sampled_from(same).map(lambda name: {"rule": name})] if same else []
    match subject:
        case "kpi":
            kinds += [comparisons(measure), comparisons(measure), runs(measure), trends(measure)]
            kinds += [gap_changes(measure), turns(measure), beside_others(), funnels(measure), data_conditions()]
        case "area":
            kinds += [_members(kpi_rules), _members(kpi_rules), _ANY_MEASURE, _ANY_SIGNAL]
        case "measure":
            kinds += [_members(kpi_rules), _MEASURE_FILTERS.filter(bool), _ANY_MEASURE, _ANY_SIGNAL]
        case "signal":
            kinds += [_members(kpi_rules), _SIGNAL_FILTERS.filter(bool), _ANY_MEASURE, _ANY_SIGNAL]
    return st.one_of(kinds)


@st.composite
def trees(
    draw: st.DrawFn,
    leaves: st.SearchStrategy[Words],
    depth: int = 3,
    joints: Sequence[str] = ("all", "any", "not", "at_least"),
) -> Words:
    """A condition, or a tree of them with at most ``depth`` levels."""
    joint = draw(st.sampled_from(["leaf", "leaf", *joints])) if depth > 1 else "leaf"
    if joint == "leaf":
        return draw(leaves)
    below = trees(leaves, depth - 1, joints)
    if joint == "not":
        return {"not": draw(below)}
    parts = draw(st.lists(below, min_size=1, max_size=3))
    return {"at_least": str(draw(st.integers(1, len(parts)))), "of": parts} if joint == "at_least" else {joint: parts}


@st.composite
def scopes(draw: st.DrawFn) -> Words:
    """Of KPIs; most of them without any word."""
    return draw(
        st.one_of(
            st.just({}),
            st.just({}),
            st.just({}),
            st.sampled_from(MEASURES).map(lambda word: {"measure": word}),
            st.one_of(
                _some(CATEGORIES).map(lambda words: {"category": words}),
                _some(DIRECTIONS)
                .filter(lambda words: not {"higher", "lower"}.isdisjoint(words))
                .map(lambda words: {"direction": words}),
                _some(BENCHMARKS).map(lambda words: {"has": words}),
                _some(BENCHMARKS).map(lambda words: {"lacks": words}),
                _some(KPIS).map(lambda words: {"kpi": words}),
                st.sampled_from([1, 8, 9]).map(lambda years: {"followed": f"{years} years"}),
                st.just({"area": "a0", "measure": "%"}),
            ),
        )
    )


_SCOPES = {
    "area": st.sampled_from([{}, {}, {"priority": "yes"}, {"cross_cutting": "no"}, {"area": ["a0", "a1"]}]),
    "measure": st.sampled_from([{}, {}, {"area": "a0"}]),
    "signal": st.sampled_from([{}, {}, {"kind": "law"}, {"kind": ["law", "audit"], "area": "a1"}]),
}


def rule(name: str, when: Words, subject: str = "kpi", scope: Words | None = None, **words: Any) -> Words:
    """A whole rule around a condition."""
    return {
        "id": name,
        "title": f"Regel {name}",
        "goal": "results",
        "for_each": {subject: scope or {}},
        "when": when,
        "severity": "low",
        "because": "Därför.",
        "why": "Prov.",
        "limits": "Inga.",
        "source": "Ingen.",
        "examples": [{"title": "Ett prov", "expect": "clear"} | _EXAMPLES[subject]],
    } | words


# Examples are read with the rule and run elsewhere.
_EXAMPLES: dict[str, Words] = {
    "kpi": {"years": "2024", "own": "1", "target": "1"},
    "area": {"area": {"title": "Området"}, "as_of": "2024"},
    "measure": {"measure": {"title": "Åtgärden"}, "as_of": "2024"},
    "signal": {"signal": {"title": "Omständigheten"}, "as_of": "2024"},
}


@st.composite
def kpi_rules(draw: st.DrawFn, name: str, same: Sequence[str] = ()) -> Words:
    scope = draw(scopes())
    when = draw(trees(conditions("kpi", scope.get("measure"), same=same)))
    goal = draw(st.sampled_from(["results", "results", "cost", "data"]))
    return rule(name, when, scope=scope, goal=goal)


@st.composite
def books(draw: st.DrawFn) -> list[Words]:
    """Rules for KPIs, and for areas, measures and signals that count them."""
    rules: list[Words] = []
    for number in range(draw(st.integers(2, 5))):
        rules.append(draw(kpi_rules(f"kpi-{number}", [rule["id"] for rule in rules])))
    names = [rule["id"] for rule in rules]
    for subject, least, most in (("area", 1, 2), ("measure", 0, 1), ("signal", 0, 1)):
        same: list[str] = []
        for number in range(draw(st.integers(least, most))):
            when = draw(trees(conditions(subject, kpi_rules=names, same=same)))
            rules.append(rule(f"{subject}-{number}", when, subject, draw(_SCOPES[subject])))
            same.append(rules[-1]["id"])
    return rules


def rule_file(rules: Sequence[Words]) -> str:
    """The text of a rule file. Flow style, every scalar in quotes: JSON is YAML."""
    pack = {"genomlys": "1", "pack": "prov", "version": "1", "title": "Prov", "rules": list(rules)}
    return json.dumps(pack, ensure_ascii=False, indent=1)
