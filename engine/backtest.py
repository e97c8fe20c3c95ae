"""What each rule would have said in earlier years: how often it flagged, for how long, and how often again.

Every year is judged as ``assess`` would have done at its end: by the figures up to that year, the peers and the
thresholds of that year. The same is asked with every threshold of a rule and of what it asks (``by``, and
``beyond`` of an outlier) halved and doubled, so that a threshold is chosen with open eyes.

The figures are those that the data set has now, revised since or not. Rules on measures and signals are left out, and
those that rest on them: the data set says how a measure stands today and not how it stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.asking import ALL, asked, opened
from genomlys.engine.conditions.base import RowCount
from genomlys.engine.conditions.tree import leaves, needs
from genomlys.engine.dataset import Dataset
from genomlys.engine.evaluate import flagged, status
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.run import Run
from genomlys.engine.thresholds import FACTORS as WIDER
from genomlys.engine.thresholds import has_threshold, scaled

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

FACTORS: Final = (WIDER[0], 1.0, WIDER[1])

# A row per rule, factor and year: verdicts over all units and subjects. judged: flagged and clear ones.
YEARS: Final[Mapping[str, pl.DataType]] = {
    "rule": pl.String(),
    "factor": pl.Float64(),
    "year": pl.Int32(),
    "judged": pl.Int64(),
    "flagged": pl.Int64(),
    "unknown": pl.Int64(),
}
# A row per rule and factor, over all its years. spells: rows of calendar years in which the same subject is flagged;
# mean_years, longest: their length. followed: flags whose verdict is known the year after; stayed: those flagged then
# too. went: flags that were followed by a clear verdict, at once or after years that are unknown; came_back: those
# that were flagged again later.
RULES: Final[Mapping[str, pl.DataType]] = {
    "rule": pl.String(),
    "factor": pl.Float64(),
    "judged": pl.Int64(),
    "flagged": pl.Int64(),
    "share": pl.Float64(),
    "spells": pl.Int64(),
    "mean_years": pl.Float64(),
    "longest": pl.Int32(),
    "followed": pl.Int64(),
    "stayed": pl.Int64(),
    "went": pl.Int64(),
    "came_back": pl.Int64(),
}


@dataclass(frozen=True, eq=False)
class Backtest:
    """rules: RULES; years: YEARS; both in the packs' order of rules. left_out: rules that the past cannot be asked."""

    data: Dataset
    book: RuleBook
    units: tuple[str, ...]
    asked_years: tuple[int, ...]
    rules: pl.DataFrame
    years: pl.DataFrame
    left_out: tuple[str, ...]


def backtest(
    data: Dataset | str | Path | Mapping[str, object] | None = None,
    *packs: str | Path | RuleBook,
    unit: str | Sequence[str] | None = ALL,
    progress: Callable[[int, int], None] | None = None,
) -> Backtest:
    """Ask every rule of every year of the data set.

    data, packs and unit are as for ``assess``; without a unit, all of the home unit's kind. progress: called with how
    many of the runs are done, and of how many.

    Raises DataError, RuleError or UsageError, each with every problem found.
    """
    now, book = opened(data, packs)
    _, _, units = asked(now, (book,), unit, None)
    retold = _retold(book)
    years = range(now.first_year, now.as_of.year + 1)
    plans = [plan for factor in FACTORS if (plan := _Plan.of(retold, factor)).rules]
    histories = {(rule, plan.factor): _History() for plan in plans for rule in plan.rules}
    counts: list[tuple[str, float, int, int, int, int]] = []
    done = 0
    for year in years:
        then, in_force, _ = asked(now, (retold,), units, None if year == now.as_of.year else year)
        for plan in plans:
            for rule, said in _answers(then, plan.book(in_force), units):
                if rule in plan.rules:
                    histories[rule, plan.factor].add(said)
                    counts.append((rule, plan.factor, year, *said.counts()))
            done += 1
            if progress is not None:
                progress(done, len(years) * len(plans))
    order = {rule.id: at for at, rule in enumerate(rule for pack in book.packs for rule in pack.rules)}
    by_year = pl.DataFrame(counts, schema=dict(YEARS), orient="row")
    summed = [(rule, factor, *history.summed()) for (rule, factor), history in histories.items()]
    return Backtest(
        data=now,
        book=book,
        units=units,
        asked_years=tuple(years),
        rules=_in_order(_with_shares(pl.DataFrame(summed, schema=dict(_SUMMED), orient="row")), order),
        years=_in_order(by_year, order),
        left_out=tuple(sorted({rule.id for rule in book.rules} - {rule.id for rule in retold.rules})),
    )


def _retold(book: RuleBook) -> RuleBook:
    """The book with the rules that can be asked of the past, and no moves."""
    now = {
        rule.id
        for rule in book.rules
        if rule.subject in ("measure", "signal") or any(isinstance(need, RowCount) for need in needs(rule.when))
    }
    kept = tuple(rule for rule in book.rules if rule.id not in now and now.isdisjoint(book.beneath(rule.when)))
    return replace(book, rules=kept, moves=())


@dataclass(frozen=True)
class _Plan:
    """One factor: the rules whose answer it may change, and those that must be asked with them."""

    factor: float
    rules: frozenset[str]
    asked_too: frozenset[str]

    @staticmethod
    def of(book: RuleBook, factor: float) -> _Plan:
        if factor == 1.0:
            every = frozenset(rule.id for rule in book.rules)
            return _Plan(factor, every, every)
        banded = {rule.id for rule in book.rules if any(map(has_threshold, leaves(rule.when)))}
        varied = {rule.id for rule in book.rules if rule.id in banded or banded & book.beneath(rule.when)}
        asked_too = varied.union(*(book.beneath(rule.when) for rule in book.rules if rule.id in varied))
        return _Plan(factor, frozenset(varied), frozenset(asked_too))

    def book(self, book: RuleBook) -> RuleBook:
        rules = [rule for rule in book.rules if rule.id in self.asked_too]
        if self.factor != 1.0:
            rules = [replace(rule, when=scaled(rule.when, self.factor)) for rule in rules]
        return replace(book, rules=tuple(rules))


@dataclass(frozen=True, eq=False)
class _Said:
    """What one rule said in one year: which of all units' ``count`` subjects it was for, and of each what."""

    count: int
    slots: Ints
    flagged: Bools
    clear: Bools
    unknown: Bools

    def counts(self) -> tuple[int, int, int]:
        """Judged, flagged and unknown."""
        flags = int(self.flagged.sum())
        return flags + int(self.clear.sum()), flags, int(self.unknown.sum())


def _answers(data: Dataset, book: RuleBook, units: Sequence[str]) -> Iterator[tuple[str, _Said]]:
    """By rule, what it says of all units' KPIs or areas."""
    run = Run.of(data, book, units, data.as_of.year)
    parts: dict[str, list[tuple[Ints, Bools, Bools, Bools]]] = {rule.id: [] for rule in run.kpi_rules}
    for block, answers in run.blocks(apart=True):
        slots = block.kpis[block.grid.kpi_at] * len(units) + block.grid.unit_at
        for rule, one in answers.items():
            clear = one.applies & ~one.flagged & ~one.unknown
            parts[rule].append((slots, one.flagged, clear, one.unknown))
    count = len(run.about.kpis) * len(units)
    for rule, told in parts.items():
        slots, *of_each = (np.concatenate(columns) for columns in zip(_NOTHING, *told, strict=True))
        yield rule, _Said(count, slots, *of_each)
    for _, frame, rules in run.other_subjects():
        for other in rules:
            said = (flagged(other.id), *(status(other.id) == word for word in ("clear", "unknown")))
            arrays = (frame.select(one).to_series().to_numpy() for one in said)
            yield other.id, _Said(len(frame), np.arange(len(frame)), *arrays)


_NOTHING: Final = (np.zeros(0, dtype=np.int64), *[np.zeros(0, dtype=np.bool_)] * 3)


@dataclass(eq=False)
class _History:
    """A rule's years so far, one subject a slot: for how long each has been flagged, and whether it was before."""

    years: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, dtype=np.uint8))  # flagged in a row until now
    was: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # flagged, and not clear since
    gone: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # flagged, and clear since
    judged: int = 0
    flagged: int = 0
    spells: int = 0
    longest: int = 0
    followed: int = 0
    stayed: int = 0
    went: int = 0
    came_back: int = 0

    def add(self, said: _Said) -> None:
        """The next calendar year."""
        if not len(self.years):
            self.years = np.zeros(said.count, dtype=np.uint8)
            self.was, self.gone = (np.zeros(said.count, dtype=np.bool_) for _ in range(2))
        at, flags, clear = said.slots, said.flagged, said.clear
        before, was, gone = self.years[at], self.was[at], self.gone[at]
        stayed = (before > 0) & flags
        self.judged += int((flags | clear).sum())
        self.flagged += int(flags.sum())
        self.spells += int((flags & (before == 0)).sum())
        self.followed += int(((before > 0) & (flags | clear)).sum())
        self.stayed += int(stayed.sum())
        self.went += int((was & clear).sum())
        self.came_back += int((gone & flags).sum())
        self.years[:] = 0
        self.years[at] = np.where(flags, before + 1, 0)
        self.longest = max(self.longest, int(self.years.max(initial=0)))
        self.gone[at] = (gone | (was & clear)) & ~flags
        self.was[at] = (was | flags) & ~clear

    def summed(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in list(_SUMMED)[2:])


_SUMMED: Final = {name: kind for name, kind in RULES.items() if name not in ("share", "mean_years")}


def _with_shares(rules: pl.DataFrame) -> pl.DataFrame:
    def per(part: str, whole: str) -> pl.Expr:
        return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))

    return rules.with_columns(share=per("flagged", "judged"), mean_years=per("flagged", "spells")).select(list(RULES))


def _in_order(frame: pl.DataFrame, order: Mapping[str, int]) -> pl.DataFrame:
    place = pl.col("rule").replace_strict(order, return_dtype=pl.Int64)
    return frame.sort([place, pl.col("factor"), *(["year"] if "year" in frame.columns else [])])
