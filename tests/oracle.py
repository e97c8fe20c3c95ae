"""The semantics of rules in plain Python: slow, exact, one subject at a time. The engine is tested against it.

Written from the design and not from the engine: figures are fractions in dictionaries by calendar year, read as the
decimal numbers they were printed as, and nothing is computed for more than one subject at once. It reads parsed rules
and checked tables, and no Polars expression of theirs.

- A condition answers an interval [lo, hi] for its margin, a truth (None: cannot be known) and whether it has a meaning.
- ``lo > 0`` holds and ``hi <= 0`` does not; a figure that is missing gives [-inf, inf]. Trees join the intervals by
  minimum and k-th largest, and the truths by Kleene's logic.
- Rounding is the same question asked of every figure that the printed ones may stand for; a verdict is sure when the
  truth is the same.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, product
from typing import Any, TypeAlias

import oracle_others
import oracle_trends as trends

from genomlys.engine.conditions.base import FEWEST
from genomlys.engine.conditions.bases import Benchmark, Number, OwnBefore
from genomlys.engine.conditions.case import Case
from genomlys.engine.conditions.compare import Compare
from genomlys.engine.conditions.data import Data
from genomlys.engine.conditions.difference import Band
from genomlys.engine.conditions.funnel import Funnel
from genomlys.engine.conditions.gap import Gap
from genomlys.engine.conditions.measures import AnyMeasure, Measure, MeasureFilter
from genomlys.engine.conditions.members import Members
from genomlys.engine.conditions.outlier import Outlier
from genomlys.engine.conditions.rank import Rank
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.run import Run
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.signals import AnySignal, Signal, SignalFilter
from genomlys.engine.conditions.tree import Branch, Tree
from genomlys.engine.conditions.trend import Trend
from genomlys.engine.conditions.turn import Turn
from genomlys.engine.dataset import Dataset
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook

INF = float("inf")
Extended: TypeAlias = Fraction | float  # a float only where it is infinite
Figures: TypeAlias = Mapping[int, Fraction]  # by calendar year
Row: TypeAlias = Mapping[str, Any]
_OF_PEERS = ("peers.mean", "peers.median")
_OF_NATION = ("nation.mean", "nation.median", "nation.p10", "nation.p25", "nation.p75", "nation.p90")
_FEWEST_PEERS = 3
_OTHER_SIDE = {"above": "below", "below": "above", "worse": "better", "better": "worse"}
_SIDE_OF_CHANGE = {"rising": "above", "falling": "below", "worsening": "worse", "improving": "better"}


@dataclass(frozen=True)
class Answer:
    """What a condition says of one subject. ``holds`` is None where it cannot be known."""

    lo: Extended
    hi: Extended
    holds: bool | None
    applies: bool = True


UNKNOWN = Answer(-INF, INF, None)
MEANINGLESS = Answer(-INF, INF, None, applies=False)


@dataclass(frozen=True)
class Verdict:
    """As a row of the verdicts frame. ``sure`` is None where there is nothing to be sure of."""

    status: str
    lo: Extended
    hi: Extended
    sure: bool | None
    years_flagged: int | None


@dataclass(frozen=True)
class Kpi:
    """A KPI of the catalogue, its figures exact."""

    row: Row
    half: Fraction  # of the last printed decimal: what a printed comparison may be off
    own_half: Fraction  # the same for an own value; a whole number of things is not rounded
    materiality_rel: Fraction | None
    materiality_abs: Fraction | None

    @property
    def direction(self) -> str:
        return str(self.row["direction"])


@dataclass(frozen=True)
class Series:
    """One unit's KPI up to the year the data set is judged at: values, and what is said of every year."""

    unit: str
    kpi: Kpi
    own: Figures
    said: Mapping[int, str]
    as_of_year: int

    @property
    def _recent(self) -> range:
        return range(self.as_of_year, self.as_of_year - self.kpi.row["max_age"] - 1, -1)

    @cached_property
    def year(self) -> int | None:
        """The KPI's year: that of its latest value no older than ``max_age``."""
        return next((year for year in self._recent if year in self.own), None)

    @property
    def age(self) -> int | None:
        return self.as_of_year - max(self.own) if self.own else None

    @property
    def state(self) -> str:
        """A value; or what is said of the newest year there is anything said of; or too old a value; or nothing."""
        if self.year is not None:
            return self.said[self.year]
        newest = next((self.said[year] for year in self._recent if year in self.said), "missing")
        return newest if newest != "missing" else "stale" if self.own else "missing"


@dataclass(frozen=True)
class Seen:
    """A series as seen from one of its calendar years, the KPI's own or an earlier one."""

    series: Series
    year: int | None
    state: str

    def own(self, lag: int) -> Fraction | None:
        return None if self.year is None else self.series.own.get(self.year - lag)

    def comparable(self, lag: int) -> Fraction | None:
        """The value ``lag`` years ago if no new definition began after that year."""
        if self.year is None or any(self.year - lag < new <= self.year for new in self.series.kpi.row["breaks"]):
            return None
        return self.own(lag)


def _figure(value: float) -> Fraction:
    """The decimal number that a float was read from."""
    return Fraction(repr(value)).limit_denominator(10**9)


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month, or the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def of_truth(holds: bool | None) -> Answer:
    """No scale: as far as can be from turning."""
    return UNKNOWN if holds is None else Answer(*((INF, INF) if holds else (-INF, -INF)), holds)


def of_interval(lo: Extended, hi: Extended) -> Answer:
    return Answer(lo, hi, True if lo > 0 else False if hi <= 0 else None)


def negated(part: Answer) -> Answer:
    return Answer(-part.hi, -part.lo, None if part.holds is None else not part.holds, part.applies)


def all_of(parts: Sequence[Answer]) -> Answer:
    if not all(part.applies for part in parts):
        return MEANINGLESS
    truths = [part.holds for part in parts]
    holds = False if False in truths else None if None in truths else True
    return Answer(min(part.lo for part in parts), min(part.hi for part in parts), holds)


def at_least(k: int, parts: Sequence[Answer]) -> Answer:
    """Of the parts that have a meaning."""
    meant = [part for part in parts if part.applies]
    if len(meant) < k:
        return MEANINGLESS
    certain = sum(part.holds is True for part in meant)
    possible = sum(part.holds is not False for part in meant)
    holds = True if certain >= k else False if possible < k else None
    return Answer(
        sorted((part.lo for part in meant), reverse=True)[k - 1],
        sorted((part.hi for part in meant), reverse=True)[k - 1],
        holds,
    )


class Oracle:
    """All verdicts of a rule book on a data set, for the units that are judged."""

    def __init__(self, data: Dataset, book: RuleBook, units: Sequence[str], as_of_year: int) -> None:
        self.data, self.units, self.as_of_year = data, units, as_of_year
        self.rules = {rule.id: rule for rule in book.rules}
        self.kpis = {row["kpi"]: _kpi(row) for row in data.kpis.iter_rows(named=True)}
        self.areas = {row["area"]: row for row in data.areas.iter_rows(named=True)}
        self.measures = list(data.measures.iter_rows(named=True))
        self.signals = list(data.signals.iter_rows(named=True))
        self.values = list(data.values.iter_rows(named=True))
        self._peers = list(data.peers.iter_rows(named=True))
        self.kinds = dict(data.units.select("unit", "kind").iter_rows())
        self._with_row = set(data.benchmarks.select("kpi", "benchmark").iter_rows())
        self._stated: dict[tuple[str | None, str, str], dict[int, Fraction]] = {}
        for row in data.benchmarks.drop_nulls("value").iter_rows(named=True):
            mine = self._stated.setdefault((row["unit"], row["kpi"], row["benchmark"]), {})
            mine[row["year"]] = _figure(row["value"])
        self.series = {(unit, kpi): self._series(unit, kpi) for unit in units for kpi in self.kpis}

    def verdicts(self) -> dict[tuple[str, str, str], Verdict]:
        """By unit, rule and subject."""
        found = {}
        for rule in self.rules.values():
            for unit, subject in self._subjects(rule.subject):
                found[unit, rule.id, subject] = self._verdict(rule, unit, subject)
        return found

    def span(self, kpi: str) -> range:
        """The calendar years from the first to the last in which anyone has a value."""
        years = [row["year"] for row in self.values if row["kpi"] == kpi and row["value"] is not None]
        known = [year for year in years if year <= self.as_of_year]
        return range(min(known), max(known) + 1) if known else range(0)

    def has(self, kpi: str, benchmark: str) -> bool:
        """Whether anyone has it, any year: a row, also one without a figure, or peers that it can be computed from."""
        if (kpi, benchmark) in self._with_row:
            return True
        members = {row["member"] for row in self._peers if row["group"] == self._group(kpi)}
        valued = {row["unit"] for row in self.values if row["kpi"] == kpi and row["value"] is not None}
        if benchmark in _OF_NATION:
            return len(self._nation & valued) >= FEWEST["nation"]
        return benchmark in _OF_PEERS and bool(members & valued)

    @cached_property
    def _nation(self) -> set[str]:
        return {unit for unit in self.kinds if self._is_homelike(unit)}

    def stated(self, unit: str, kpi: str, benchmark: str) -> Figures:
        """The benchmark's figures by year; one for every unit gives way to the unit's own of the same year.

        Where none is stated for any year, they are computed, wherever so many have a value: three peers, or half of
        the nation.
        """
        common, own = (self._stated.get((whose, kpi, benchmark), {}) for whose in (None, unit))
        stated = {year: value for year, value in (common | own).items() if year <= self.as_of_year}
        if stated or benchmark not in (*_OF_PEERS, *_OF_NATION):
            return stated
        return self._computed(unit, kpi, benchmark)

    def _group(self, kpi: str) -> str | None:
        groups = {row["group"] for row in self._peers}
        return self.kpis[kpi].row["peer_group"] or (groups.pop() if len(groups) == 1 else None)

    def _computed(self, unit: str, kpi: str, benchmark: str) -> Figures:
        """Over the same members for every year of the series: those that have a value."""
        nation = benchmark in _OF_NATION
        members = self._nation if nation else self._members_of(unit, kpi)
        fewest = FEWEST["nation"] if nation else _FEWEST_PEERS
        of_year: dict[int, list[Fraction]] = {}
        for row in self.values:
            if row["kpi"] == kpi and row["unit"] in members and row["value"] is not None:
                of_year.setdefault(row["year"], []).append(_figure(row["value"]))
        statistic = benchmark.split(".")[1]
        return {year: _summary(statistic, figures) for year, figures in of_year.items() if len(figures) >= fewest}

    def _members_of(self, unit: str, kpi: str) -> set[str]:
        """The peers that the unit has in its group's latest year."""
        mine = [row for row in self._peers if (row["unit"], row["group"]) == (unit, self._group(kpi))]
        known = [row for row in mine if row["year"] <= self.as_of_year]
        latest = max((row["year"] for row in known), default=0)
        return {row["member"] for row in known if row["year"] == latest} - {unit}

    def basis_year(self, unit: str, kpi: str, benchmark: str, year: int, lag: int) -> int | None:
        """The year of the benchmark that serves for ``year``, which lies ``lag`` years before the KPI's year.

        A target holds until the next one; another benchmark may be older, within ``max_age``, for the KPI's year alone.
        """
        reach = INF if benchmark == "target" else self.kpis[kpi].row["max_age"] if lag == 0 else 0
        return max((y for y in self.stated(unit, kpi, benchmark) if year - reach <= y <= year), default=None)

    def _series(self, unit: str, kpi: str) -> Series:
        rows = [
            row for row in self.values if (row["unit"], row["kpi"]) == (unit, kpi) and row["year"] <= self.as_of_year
        ]
        own = {row["year"]: _figure(row["value"]) for row in rows if row["value"] is not None}
        said = {row["year"]: row["status"] for row in rows}
        return Series(unit, self.kpis[kpi], own, said, self.as_of_year)

    def _subjects(self, subject: str) -> Iterable[tuple[str, str]]:
        """Every KPI for units of the home unit's kind, for others what they report; measures are the home unit's."""
        match subject:
            case "kpi":
                return [key for key, series in self.series.items() if series.said or self._is_homelike(key[0])]
            case "area":
                return [(unit, area) for unit in self.units for area in self.areas]
            case "measure":
                rows = [row["measure"] for row in self.measures]
            case _:
                rows = [row["signal"] for row in self.signals]
        return [(unit, row) for unit in self.units if unit == self.data.unit for row in rows]

    def _is_homelike(self, unit: str) -> bool:
        return self.kinds[unit] == self.kinds[self.data.unit]

    def _verdict(self, rule: Rule, unit: str, subject: str) -> Verdict:
        seen = self._now(unit, subject) if rule.subject == "kpi" else None
        answer = self._judged(rule, unit, subject, seen, rounding=False)
        if not answer.applies:
            return Verdict("not_applicable", answer.lo, answer.hi, None, None)
        if answer.holds is None:
            return Verdict("unknown", answer.lo, answer.hi, None, None)
        sure = self._judged(rule, unit, subject, seen, rounding=True).holds == answer.holds
        streak = self._streak(rule, unit, subject) if answer.holds and seen and rule.goal != "data" else None
        return Verdict("flagged" if answer.holds else "clear", answer.lo, answer.hi, sure, streak)

    def _now(self, unit: str, kpi: str) -> Seen:
        series = self.series[unit, kpi]
        return Seen(series, series.year, series.state)

    def _streak(self, rule: Rule, unit: str, kpi: str) -> int:
        """Calendar years in a row, each with a value, in which the rule would have been flagged."""
        series = self.series[unit, kpi]
        years, year = 1, series.year
        while year is not None and year - 1 in series.own:
            year -= 1
            then = self._judged(rule, unit, kpi, Seen(series, year, "ok"), rounding=False)
            if not (then.applies and then.holds):
                break
            years += 1
        return years

    def _judged(self, rule: Rule, unit: str, subject: str, seen: Seen | None, *, rounding: bool) -> Answer:
        """The rule's tree, where the rule is for the subject at all."""
        if not self._in_scope(rule.scope, subject) or (seen and seen.state == "not_applicable"):
            return MEANINGLESS
        return self._tree(rule.when, unit, subject, seen, rounding)

    def _in_scope(self, scope: Scope, subject: str) -> bool:
        return all(self._fits(scope.subject, subject, word, values) for word, values in scope.narrowing)

    def _fits(self, kind: str, subject: str, word: str, values: tuple[str, ...]) -> bool:
        match word:
            case "has":
                return all(self.has(subject, value) for value in values)
            case "followed":
                return len(self.span(subject)) >= int(values[0])
            case "lacks":
                return not any(self.has(subject, value) for value in values)
            case "priority":
                return ("no" if self.areas[subject]["priority"] is None else "yes") in values
            case "cross_cutting":
                return ("yes" if self.areas[subject]["cross_cutting"] else "no") in values
        return self._row(kind, subject)[word] in values

    def _row(self, kind: str, subject: str) -> Row:
        match kind:
            case "kpi":
                return self.kpis[subject].row
            case "area":
                return self.areas[subject]
            case "measure":
                return next(row for row in self.measures if row["measure"] == subject)
        return next(row for row in self.signals if row["signal"] == subject)

    def _tree(self, tree: Tree, unit: str, subject: str, seen: Seen | None, rounding: bool) -> Answer:
        if not isinstance(tree, Branch):
            return self._leaf(tree, unit, subject, seen, rounding)
        parts = [self._tree(part, unit, subject, seen, rounding) for part in tree.parts]
        match tree.joint:
            case "all":
                return all_of(parts)
            case "any":
                return at_least(1, parts)
            case "not":
                return negated(parts[0])
        return at_least(tree.k, parts)

    def _leaf(self, leaf: Any, unit: str, subject: str, seen: Seen | None, rounding: bool) -> Answer:
        match leaf:
            case Reference():
                return self._judged(self.rules[leaf.rule], unit, subject, seen, rounding=rounding)
            case Members():
                return self._members(leaf, unit, self._area(subject), rounding)
            case AnyMeasure():
                return self._counted_rows(unit, self._area(subject), self.measures, leaf.where)
            case AnySignal():
                return self._counted_rows(unit, self._area(subject), self.signals, leaf.where)
            case Measure():
                return _of_measure(self._row("measure", subject), leaf.where, self.data.as_of)
            case Signal():
                return _of_signal(self._row("signal", subject), leaf.where, self.data.as_of)
        assert seen is not None
        return self._of_kpi(leaf, seen, rounding)

    def _of_kpi(self, leaf: Any, seen: Seen, rounding: bool) -> Answer:
        match leaf:
            case Compare():
                return at_least(leaf.hits, [self._compared(leaf, seen, lag, rounding) for lag in range(leaf.years)])
            case Run():
                return all_of([self._changed(leaf, seen, lag, rounding) for lag in range(leaf.years - 1)])
            case Trend():
                return self._trend(leaf, seen, rounding)
            case Gap():
                sides = ("above", "below") if leaf.side is None else (leaf.side,)
                return at_least(1, [self._gap_moved(leaf, seen, side, rounding) for side in sides])
            case Turn():
                sides = (leaf.side, *[_OTHER_SIDE[leaf.side]] * leaf.after)
                pairs = [self._pair(leaf.than, seen, lag, rounding) for lag in range(leaf.after + 1)]
                return all_of([pair.on(side, leaf.by) for pair, side in zip(pairs, sides, strict=True)])
            case Rank() | Case() | Outlier():
                return self._beside_others(leaf, seen, rounding)
            case Funnel():
                return self._funnel(leaf, seen, rounding)
            case Data():
                return _data(leaf, seen)
        raise NotImplementedError(f"a new kind of condition: {type(leaf).__name__}")

    def _area(self, subject: str) -> str:
        """Of an area its own name; a measure and a signal lie in one. Names are not shared between the tables."""
        if subject in self.areas:
            return subject
        return str(
            next(
                row["area"]
                for row in (*self.measures, *self.signals)
                if subject in (row.get("measure"), row.get("signal"))
            )
        )

    def _compared(self, leaf: Compare, seen: Seen, lag: int, rounding: bool) -> Answer:
        kpi, half = seen.series.kpi, Fraction(0)  # a number in the rule and a target are what they say
        match leaf.than:
            case OwnBefore():
                own, basis, half = seen.comparable(lag), seen.comparable(lag + leaf.than.years_ago), kpi.own_half
            case Benchmark():
                own, basis = seen.own(lag), self._benchmark(seen, leaf.than.benchmark, lag)
                half = Fraction(0) if leaf.than.benchmark == "target" else kpi.half
            case Number():
                own, basis = seen.own(lag), _figure(leaf.than.quantity.value)
        target = self._benchmark(seen, "target", lag)
        halves = (kpi.own_half, half) if rounding else (Fraction(0), Fraction(0))
        return Pair(own, basis, halves, target, kpi).on(leaf.side, leaf.by)

    def _changed(self, leaf: Run, seen: Seen, lag: int, rounding: bool) -> Answer:
        side, target = _SIDE_OF_CHANGE[leaf.change], self._benchmark(seen, "target", lag)
        own, before, kpi = seen.comparable(lag), seen.comparable(lag + 1), seen.series.kpi
        halves = (kpi.own_half if rounding else Fraction(0),) * 2
        return Pair(own, before, halves, target, kpi).on(side, leaf.by)

    def _gap_moved(self, leaf: Gap, seen: Seen, side: str, rounding: bool) -> Answer:
        """On the side every year; every year farther from the basis, or nearer; and enough so over them all."""
        pairs = [self._pair(leaf.to, seen, lag, rounding) for lag in range(leaf.years)]
        toward = side if leaf.change == "widening" else _OTHER_SIDE[side]
        steps = [later.moved_from(earlier, toward, Band()) for later, earlier in pairwise(pairs)]
        whole = pairs[0].moved_from(pairs[-1], toward, leaf.by)
        return all_of([*(pair.on(side, Band()) for pair in pairs), *steps, whole])

    def _pair(self, to: Benchmark | Number | OwnBefore, seen: Seen, lag: int, rounding: bool) -> Pair:
        """Own value and basis of one and the same year, unless a new definition has begun since."""
        kpi, own, half = seen.series.kpi, seen.comparable(lag), Fraction(0)
        match to:
            case OwnBefore():
                basis, half = seen.comparable(lag + to.years_ago), kpi.own_half
            case Number():
                basis = _figure(to.quantity.value)
            case Benchmark(benchmark="target"):
                basis = self._benchmark(seen, "target", lag)
            case Benchmark():
                unit, name = seen.series.unit, kpi.row["kpi"]
                basis = None if seen.year is None else self.stated(unit, name, to.benchmark).get(seen.year - lag)
                half = kpi.half
        halves = (kpi.own_half, half) if rounding else (Fraction(0), Fraction(0))
        return Pair(own, basis, halves, self._benchmark(seen, "target", lag), kpi)

    def _beside_others(self, leaf: Rank | Case | Outlier, seen: Seen, rounding: bool) -> Answer:
        """Of the peers or the nation, as they are in the KPI's year."""
        series, among = seen.series, "peers" if isinstance(leaf, Case) else leaf.among
        unit, kpi = series.unit, series.kpi
        sign = {"highest": 1, "above": 1, "lowest": -1, "below": -1, "apart": 0}.get(leaf.side)
        if sign is None:
            ways = {"lower": 1, "higher": -1}
            if kpi.direction not in ways:
                return MEANINGLESS
            sign = ways[kpi.direction] * (1 if leaf.side in ("worst", "worse") else -1)
        is_member = among == "peers" or self._is_homelike(unit)
        if isinstance(leaf, Rank) and not is_member:
            return MEANINGLESS
        if seen.year is None:
            return UNKNOWN
        members = self._nation if among == "nation" else self._members_of(unit, kpi.row["kpi"])
        rows = {row["unit"]: row for row in self.values if (row["kpi"], row["year"]) == (kpi.row["kpi"], seen.year)}
        values: list[Fraction | None] = []
        for member in sorted(members - {unit}):
            row = rows.get(member, {"value": None, "status": "missing"})
            if row["status"] != "not_applicable":
                values.append(None if row["value"] is None else _figure(row["value"]))
        own, half = series.own[seen.year], kpi.own_half if rounding else Fraction(0)
        included = among == "nation" and is_member
        around = oracle_others.Around(own, tuple(values), included)
        if isinstance(leaf, Rank):
            return self._ranked(leaf, around, sign, half)
        if isinstance(leaf, Case):
            alpha = float(1 - leaf.confidence) / (1 if sign else 2)
            return of_interval(*oracle_others.case(around, sign, alpha, FEWEST["case"], half))
        fewest = max(FEWEST["outlier"], FEWEST[among])
        return of_interval(*oracle_others.outlier(around, sign, _figure(leaf.beyond), fewest, half))

    def _funnel(self, leaf: Funnel, seen: Seen, rounding: bool) -> Answer:
        kpi, per = seen.series.kpi, seen.series.kpi.row["per"]
        ways = {"lower": 1, "higher": -1}
        sign = {"above": 1, "below": -1}.get(leaf.side) or ways.get(kpi.direction, 0)
        if per is None or sign == 0:
            return MEANINGLESS
        sign *= -1 if leaf.side == "better" else 1
        own, basis = seen.own(0), self._benchmark(seen, leaf.than.benchmark, 0)
        share = kpi.row["measure"] == "%"
        if own is not None and (own < 0 or (share and own > per)):
            return MEANINGLESS
        said = kpi.row["denominator"]
        counted = None if seen.year is None else Fraction(said) if said not in self.kpis else self._counted(seen, said)
        if own is None or basis is None or counted is None or counted <= 0:
            return UNKNOWN
        halves = [kpi.own_half, Fraction(0) if leaf.than.benchmark == "target" else kpi.half]
        moved = [(-half, Fraction(0), half) if rounding else (Fraction(0),) for half in halves]
        margins = []
        for here, there in product(*moved):
            value = max(own + here, Fraction(0))
            value = min(value, Fraction(per)) if share else value
            limits = oracle_others.interval(value, counted, Fraction(per), share, float(leaf.confidence))
            margins.append(limits[0] - float(basis + there) if sign > 0 else float(basis + there) - limits[1])
        return of_interval(min(margins), max(margins))

    def _counted(self, seen: Seen, kpi: str) -> Fraction | None:
        assert seen.year is not None
        return self.series[seen.series.unit, kpi].own.get(seen.year)

    def _ranked(self, leaf: Rank, around: oracle_others.Around, sign: int, half: Fraction) -> Answer:
        if len(around.others) + around.included < FEWEST[leaf.among]:
            return UNKNOWN
        everyone = len(around.others) + 1
        k = leaf.places if leaf.share is None else math.floor(leaf.share * everyone)
        assert k is not None
        return of_interval(*oracle_others.rank(around, k, sign, half)) if 1 <= k < everyone else MEANINGLESS

    def _trend(self, leaf: Trend, seen: Seen, rounding: bool) -> Answer:
        """Significant, and with a band steeper than that too; of a KPI that aims at a target, its distance is asked."""
        kpi, half = seen.series.kpi, seen.series.kpi.own_half if rounding else Fraction(0)
        values = [seen.comparable(lag) for lag in reversed(range(leaf.years))]
        asked, sign = values, -1 if leaf.change in ("falling", "improving") else 1
        if leaf.change in ("worsening", "improving"):
            if kpi.direction == "neutral":
                return MEANINGLESS
            target = self._benchmark(seen, "target", 0)
            if kpi.direction == "target":
                asked = [None if value is None or target is None else abs(value - target) for value in values]
            sign *= -1 if kpi.direction == "higher" else 1
        series = [None if value is None else sign * value for value in asked]
        significant = of_truth(trends.significant(series, half, 1 - leaf.confidence, leaf.change == "changing"))
        if leaf.by.kind == "none":
            return significant
        slope, median = trends.slope(series, half), trends.absolute(trends.median(values, half))
        if leaf.change == "changing":
            slope = trends.absolute(slope)
        widths = [_width(leaf.by, size, kpi) if size != INF else _widest(leaf.by, kpi) for size in median]
        return all_of([significant, of_interval(slope[0] - widths[1], slope[1] - widths[0])])

    def _benchmark(self, seen: Seen, benchmark: str, lag: int) -> Fraction | None:
        if seen.year is None:
            return None
        unit, kpi = seen.series.unit, seen.series.kpi.row["kpi"]
        year = self.basis_year(unit, kpi, benchmark, seen.year - lag, lag)
        return None if year is None else self.stated(unit, kpi, benchmark)[year]

    def _members(self, leaf: Members, unit: str, area: str, rounding: bool) -> Answer:
        rule = self.rules[leaf.rule]
        mine = [kpi for whose, kpi in self._subjects("kpi") if whose == unit and self.kpis[kpi].row["area"] == area]
        answers = [self._judged(rule, unit, kpi, self._now(unit, kpi), rounding=rounding) for kpi in mine]
        truths = [answer.holds for answer in answers if answer.applies]
        if not truths:
            return MEANINGLESS
        share = None if leaf.amount.share is None else _figure(leaf.amount.share) * len(truths) / 100
        if leaf.limit == "at_least":
            return _count(truths, math.ceil(share) if share is not None else leaf.amount.number or 0)
        return negated(_count(truths, (math.floor(share) if share is not None else leaf.amount.number or 0) + 1))

    def _counted_rows(self, unit: str, area: str, rows: Sequence[Row], where: MeasureFilter | SignalFilter) -> Answer:
        """Only the home unit's measures and signals are known."""
        if unit != self.data.unit:
            return UNKNOWN
        ask = _of_measure if isinstance(where, MeasureFilter) else _of_signal
        answers = [ask(row, where, self.data.as_of) for row in rows if row["area"] == area]
        return _count([answer.holds for answer in answers if answer.applies], 1)


def _kpi(row: Row) -> Kpi:
    half = Fraction(10) ** -row["decimals"] / 2
    is_whole = row["decimals"] >= 0 and row["measure"].lower().startswith(("antal", "plats", "rank"))
    bands = [None if row[name] is None else _figure(row[name]) for name in ("materiality_rel", "materiality_abs")]
    return Kpi(row, half, Fraction(0) if is_whole else half, *bands)


def _summary(statistic: str, figures: Sequence[Fraction]) -> Fraction:
    """mean, median or a percentile such as p10."""
    if statistic == "mean":
        return statistics.mean(figures)
    return oracle_others.percentile(figures, Fraction(50 if statistic == "median" else int(statistic[1:]), 100))


def _count(truths: Sequence[bool | None], k: int) -> Answer:
    """At least ``k`` members; the margin is in members and turns half-way between k - 1 and k."""
    turn = k - Fraction(1, 2)
    return of_interval(truths.count(True) - turn, len(truths) - truths.count(False) - turn)


def _data(leaf: Data, seen: Seen) -> Answer:
    """Always known. Seen from an earlier year a value is as old as it is now: both years move back."""
    if leaf.older_than is None:
        return of_truth(seen.state == leaf.state)
    age = seen.series.age
    years = Fraction(-1) if age is None else Fraction(age - leaf.older_than)
    return of_interval(years, years)


def _days(later: dt.date, earlier: dt.date) -> Answer:
    return of_interval(*[Fraction((later - earlier).days)] * 2)


def _of_measure(row: Row, where: MeasureFilter, as_of: dt.date) -> Answer:
    parts = [of_truth(True)] + [of_truth(row[column] in values) for column, values in where.lists]
    if where.older_than is not None:
        decided = row["decided"]
        parts.append(_days(as_of, months_later(decided, where.older_than)) if decided else UNKNOWN)
    if where.past_due is not None:
        passed = _days(as_of, row["due"]) if row["due"] else MEANINGLESS
        parts.append(passed if where.past_due else negated(passed))
    return all_of(parts)


def _of_signal(row: Row, where: SignalFilter, as_of: dt.date) -> Answer:
    parts = [of_truth(True)] + ([of_truth(row["kind"] in where.kinds)] if where.kinds else [])
    if where.newer_than is not None:
        parts.append(_days(months_later(row["date"], where.newer_than), as_of) if row["date"] else UNKNOWN)
    return all_of(parts)


@dataclass(frozen=True)
class Pair:
    """An own value and its basis, each with how much it may be off, and what the KPI aims at."""

    own: Fraction | None
    basis: Fraction | None
    halves: tuple[Fraction, Fraction]
    target: Fraction | None
    kpi: Kpi

    def _margins(self, side: str, band: Band) -> list[Fraction] | None:
        """How far ``own`` lies on the side of ``basis``, less the band, in all the ways the figures may be off."""
        to_target = side in ("worse", "better") and self.kpi.direction == "target"
        if self.own is None or self.basis is None or (to_target and self.target is None):
            return None
        # The margin is of straight pieces that meet where a figure is 0 or the target: its ends are there or outermost.
        kinks = [Fraction(0), *([self.target] if self.target is not None else [])]
        return [
            _gap(one, other, side, self.kpi, self.target) - _width(band, other, self.kpi)
            for one in _reach(self.own, self.halves[0], kinks)
            for other in _reach(self.basis, self.halves[1], kinks)
        ]

    def on(self, side: str, band: Band) -> Answer:
        if side in ("worse", "better") and self.kpi.direction == "neutral":
            return MEANINGLESS
        margins = self._margins(side, band)
        return UNKNOWN if margins is None else of_interval(min(margins), max(margins))

    def moved_from(self, earlier: Pair, side: str, band: Band) -> Answer:
        """How much farther on the side than before, less the band."""
        if side in ("worse", "better") and self.kpi.direction == "neutral":
            return MEANINGLESS
        now, before = self._margins(side, band), earlier._margins(side, Band())
        if now is None or before is None:
            return UNKNOWN
        return of_interval(min(now) - max(before), max(now) - min(before))


def _reach(figure: Fraction, half: Fraction, kinks: Iterable[Fraction]) -> list[Fraction]:
    return [figure - half, figure + half, *(kink for kink in kinks if abs(kink - figure) < half)]


def _gap(own: Fraction, basis: Fraction, side: str, kpi: Kpi, target: Fraction | None) -> Fraction:
    if side in ("above", "below"):
        return own - basis if side == "above" else basis - own
    if kpi.direction == "target":
        assert target is not None
        worse = abs(own - target) - abs(basis - target)
    else:
        worse = own - basis if kpi.direction == "lower" else basis - own
    return worse if side == "worse" else -worse


def _widest(band: Band, kpi: Kpi) -> Extended:
    """The band of a basis without limit."""
    share = band.value if band.kind == "relative" else kpi.materiality_rel or 0
    if band.kind == "absolute" or share == 0 or (band.kind == "material" and kpi.materiality_abs is not None):
        return _width(band, Fraction(0), kpi)
    return INF


def _width(band: Band, basis: Fraction, kpi: Kpi) -> Fraction:
    match band.kind:
        case "none":
            return Fraction(0)
        case "absolute":
            return _figure(band.value)
        case "relative":
            return _figure(band.value) * abs(basis)
    if kpi.materiality_abs is not None:
        return kpi.materiality_abs
    return (kpi.materiality_rel or Fraction(0)) * abs(basis)
