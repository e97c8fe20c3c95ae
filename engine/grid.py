"""The calendar grid: for every unit and KPI the own values and benchmarks, one column a year.

The grid is dense (series x calendar year, NaN where there is no figure), because every question a
rule asks is about calendar years: a year without a figure must stay a hole. A view of it counts the
years backwards from each KPI's own year and is what conditions are evaluated on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.comparisons import AMONG
from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Among, Column, Metric, Others, Sample
from genomlys.engine.cube import MARKS
from genomlys.engine.population import Population

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATES = ("ok", "preliminary", "stale", "missing", "suppressed", "not_applicable")
_NO_BREAK = 999
_AT_A_TIME = 30_000  # series
_SUMS = {"tkr": 1.0, "mnkr": 1000.0}  # thousand kronor a step
_FACTS = ("direction", "weight", "any_half", "decimals", "materiality_abs", "materiality_rel", "per", "is_share")


@dataclass(frozen=True)
class Grid:
    """Series x calendar years. A series is a unit and a KPI; series go KPI by KPI, units in order.

    units, kpis: the tables of those units and KPIs, in the grid's order, with names for text
    catalogue: the table of all KPIs; catalogue_at: for each of the grid's KPIs its row there
    kpi_at, unit_at: for each series the row of its KPI and unit (Int64 arrays)
    own: Float64 [series, years], NaN where there is no value; marks: UInt8, the same shape, of ``cube.MARKS``;
    bases: Float64, the same shape per benchmark
    anchor: for each series the column of the KPI's year, -1 where no value is recent enough
    state: for each series the index in STATES; latest: column of the latest value ever, -1 if none
    half, own_half: for each series, how far a comparison and an own value may be from what they were before rounding
    breaks: for each KPI the years in which a new definition begins, Int64 [KPIs, most breaks of any]
    everyone: the figures of all who are compared with; whole_at: for each unit its row there
    computed: for each benchmark made of their figures, which series have it from there
    volumes: Float64 [units, years], the values of each KPI that is the volume or the denominator of another
    """

    as_of_year: int
    first_year: int
    units: pl.DataFrame
    kpis: pl.DataFrame
    catalogue: pl.DataFrame
    catalogue_at: Ints
    kpi_at: Ints
    unit_at: Ints
    own: Floats
    marks: NDArray[np.uint8]
    bases: Mapping[str, Floats]
    anchor: Ints
    latest: Ints
    state: NDArray[np.uint8]
    half: Floats
    own_half: Floats
    breaks: Ints
    everyone: Population
    whole_at: Ints
    computed: Mapping[str, NDArray[np.bool_]]
    volumes: Mapping[str, Floats]

    @cached_property
    def tkr_per_step(self) -> Floats:
        """For each series, thousand kronor a year that one step of its measure is worth; NaN where it cannot be said.

        Sums (kr, tkr, mnkr) are money as they are; kronor per something needs the KPI's ``volume``: a
        number, or a KPI whose value of the same year (for the same unit) is used.
        """
        steps = np.full(len(self.own), np.nan)
        start = np.searchsorted(self.kpi_at, np.arange(len(self.kpis) + 1))
        for row, (measure, volume) in enumerate(self.kpis.select("measure", "volume").iter_rows()):
            mine = np.arange(start[row], start[row + 1])
            if measure in _SUMS:
                steps[mine] = _SUMS[measure]
            elif measure.startswith(("kr/", "kr per ")) and volume in self.volumes:
                steps[mine] = value_at(self.volumes[volume], self.unit_at[mine], self.anchor[mine]) / 1000.0
            elif measure.startswith(("kr/", "kr per ")) and volume is not None:
                steps[mine] = float(volume) / 1000.0
        return steps

    def view(
        self,
        rows: Ints,
        lags: Mapping[str, int],
        metrics: Sequence[Metric] = (),
        among: Sequence[Among] = (),
        shift: int = 0,
        instead: Floats | None = None,
        only: Collection[str] | None = None,
        beside: Mapping[str, pl.Series] | None = None,
    ) -> pl.DataFrame:
        """The frame that conditions read: a row per series of ``rows``, years counted backwards.

        With ``shift`` the KPI's year is moved that many calendar years back, for "what did the rule
        say then"; a series without a value in exactly that year is then missing. ``instead`` are other values
        of the KPI's year, for "what would the rule say if"; ``rows`` may then name a series many times.
        Columns: see ``conditions.columns``; those of ``metrics``; and ``series`` (the row number in the grid);
        ``only`` some of them, where others need not be worked out. ``beside``: further columns, as long as ``rows``.
        """
        # Some at a time, which is faster: no row has to do with another, and smaller columns are put where others were.
        parts = [slice(first, first + _AT_A_TIME) for first in range(0, max(len(rows), 1), _AT_A_TIME)]
        frames = [
            self._part(
                rows[part], lags, metrics, among, shift, None if instead is None else instead[part], only
            ).with_columns(column[part].alias(name) for name, column in (beside or {}).items())
            for part in parts
        ]
        return frames[0] if len(frames) == 1 else pl.concat(frames, rechunk=False)

    def _part(
        self,
        rows: Ints,
        lags: Mapping[str, int],
        metrics: Sequence[Metric],
        among: Sequence[Among],
        shift: int,
        instead: Floats | None,
        only: Collection[str] | None,
    ) -> pl.DataFrame:
        anchor, state = self._seen(rows, shift)
        block = Block(self, rows, anchor, instead)
        told: dict[str, Callable[[], pl.Series]] = {"series": lambda: pl.Series(rows)}
        told |= {f"own.{lag}": partial(block.column, "own", lag) for lag in range(lags.get("own", 1))}
        told |= {columns.preliminary(lag): partial(block.is_preliminary, lag) for lag in range(1, lags.get("own", 1))}
        for benchmark, count in lags.items():
            if benchmark != "own":
                told |= {f"{benchmark}.{lag}": partial(block.column, benchmark, lag) for lag in range(count)}
                told[f"{benchmark}.year"] = partial(block.year_of, benchmark)
            if benchmark in self.computed:
                told |= {f"{benchmark}.{part}": partial(block.made_of, benchmark, part) for part in ("n", "of")}
        for each in among:
            others = Others(each)
            told |= {others.n: partial(block.members, each, "n"), others.of: partial(block.members, each, "of")}
        latest = self.latest[rows]
        told |= {
            "year": lambda: _years(anchor, self.first_year),
            "state": lambda: pl.Series(state).cat.to(pl.Enum(STATES)),
            "latest_year": lambda: _years(latest, self.first_year),
            "age": lambda: pl.Series(self.as_of_year - self.first_year - latest, dtype=pl.Int32).set(
                pl.Series(latest < 0), None
            ),
            "comparable": lambda: pl.Series(block.comparable),
            "tkr_per_step": lambda: _floats(self.tkr_per_step[rows]),
            "denominator": lambda: _floats(block.denominator()),
            "half": lambda: pl.Series(self.half[rows]),
            "own_half": lambda: pl.Series(self.own_half[rows]),
        }
        told |= {name: partial(block.column_of_facts, name) for name in _FACTS}
        data = {name: column() for name, column in told.items() if only is None or name in only}
        for metric in metrics:
            names = [name for name in block.columns_of(metric) if only is None or name in only]
            data |= {name: pl.Series(block.worked_out(metric, name), nan_to_null=True) for name in names}
        block.forget()
        return pl.DataFrame(data)

    def _seen(self, rows: Ints, shift: int) -> tuple[Ints, NDArray[np.uint8]]:
        """For each series the column it is seen from, and its state."""
        anchor, state = self.anchor[rows], self.state[rows]
        if not shift:
            return anchor, state
        anchor = np.where((anchor >= 0) & (anchor >= shift), anchor - shift, -1)
        there = ~np.isnan(value_at(self.own, rows, anchor))
        return np.where(there, anchor, -1), np.where(there, np.uint8(0), np.uint8(STATES.index("missing")))

    def names(self, rows: pl.Series) -> pl.DataFrame:
        """For series numbers: unit, kpi and the names and facts that text and results need."""
        at = rows.to_numpy()
        units: pl.DataFrame = self.units.select("unit", unit_title="title")[self.unit_at[at]]
        told = self.kpis.select("kpi", "area", "area_name", "category", "measure", kpi_title="title", kpi_name="name")
        kpis: pl.DataFrame = told[self.kpi_at[at]]
        return pl.concat([units, kpis], how="horizontal")


@dataclass(frozen=True)
class Block:
    """Some of the grid's series as seen from their own year: what a metric reads (``conditions.base.Window``).

    rows: the series; anchor: for each the column of the year it is seen from, -1 where there is none; instead:
    other values of that year than its own.
    """

    grid: Grid
    rows: Ints
    anchor: Ints
    instead: Floats | None = None

    @cached_property
    def kpi_at(self) -> Ints:
        return self.grid.kpi_at[self.rows]

    def own(self, lag: int) -> Floats:
        if lag == 0 and self.instead is not None:
            return self.instead
        if lag not in self._own:
            self._own[lag] = self._before(self.grid.own, lag)
        return self._own[lag]

    def own_comparable(self, lag: int) -> Floats:
        across = self.comparable < lag
        return np.where(across, np.nan, self.own(lag)) if across.any() else self.own(lag)

    def basis(self, benchmark: str, lag: int) -> Floats:
        bases = self.grid.bases[benchmark]
        return self._before(bases, lag) if lag else value_at(bases, self.rows, self.stand_in(benchmark))

    def columns_of(self, metric: Metric) -> Mapping[str, Column]:
        if metric not in self._metrics:
            self._metrics[metric] = metric.columns(self)
        return self._metrics[metric]

    def worked_out(self, metric: Metric, column: str) -> NDArray[Any]:
        key = metric, column
        if key not in self._worked_out:
            found = self.columns_of(metric)[column]
            self._worked_out[key] = found() if callable(found) else found
        return self._worked_out[key]

    def forget(self) -> None:
        """Let go of what metrics have worked out: it refers to the block, and the two would keep each other."""
        self._metrics.clear()

    @cached_property
    def _metrics(self) -> dict[Metric, Mapping[str, Column]]:
        return {}

    @cached_property
    def _worked_out(self) -> dict[tuple[Metric, str], NDArray[Any]]:
        return {}

    def fact(self, name: str) -> NDArray[Any]:
        if name == "own_half":
            return self.grid.own_half[self.rows]
        values: NDArray[Any] = self.grid.kpis[name].to_numpy()[self.kpi_at]
        return values

    def denominator(self) -> Floats:
        """What the value of a share or a rate is counted on: a number, or the same year's value of another KPI."""
        said = self.grid.kpis["denominator"].to_list()
        names = list(self.grid.volumes)
        number = np.array([np.nan if each is None or each in names else float(each) for each in said])
        found: Floats = number[self.kpi_at]
        for name in set(said) & set(names):
            mine = np.flatnonzero(np.array([each == name for each in said])[self.kpi_at])
            values = self.grid.volumes[name]
            found[mine] = value_at(values, self.grid.unit_at[self.rows[mine]], self.anchor[mine])
        return found

    def is_preliminary(self, lag: int) -> pl.Series:
        found = self.grid.marks.reshape(-1).take(self._cells - lag, mode="clip") == MARKS["preliminary"]
        return pl.Series(found & (self.anchor >= lag))

    def column(self, source: str, lag: int) -> pl.Series:
        return _floats(self.own(lag) if source == "own" else self.basis(source, lag))

    def column_of_facts(self, name: str) -> pl.Series:
        column: pl.Series = self.grid.kpis[name][self.kpi_at]
        return column

    def year_of(self, benchmark: str) -> pl.Series:
        return _years(self.stand_in(benchmark), self.grid.first_year)

    def stand_in(self, benchmark: str) -> Ints:
        """The column of the benchmark's latest figure at or before the year; a target holds until the next one."""
        if benchmark not in self._stand_ins:
            max_age = self.grid.kpis["max_age"].to_numpy().astype(np.int64)[self.kpi_at]
            limit = np.full_like(max_age, _NO_BREAK) if benchmark == "target" else max_age
            found = _latest_not_after(self.grid.bases[benchmark], self.rows, self.anchor, limit)
            self._stand_ins[benchmark] = found
        return self._stand_ins[benchmark]

    @cached_property
    def _stand_ins(self) -> dict[str, Ints]:
        return {}

    def others(self, among: Among) -> Sample:
        if among not in self._samples:
            self._samples[among] = self.grid.everyone.sample(among, self.kpi_at, self._unit_at, self.anchor)
        return self._samples[among]

    # What several rules and metrics read is worked out once.

    @cached_property
    def _own(self) -> dict[int, Floats]:
        return {}

    @cached_property
    def _samples(self) -> dict[Among, Sample]:
        return {}

    def members(self, among: Among, part: str) -> pl.Series:
        """How many members have a value (``n``), or how many there are (``of``)."""
        sample = self.others(among)
        return pl.Series((sample.n if part == "n" else sample.of)[sample.at])

    def made_of(self, benchmark: str, part: str) -> pl.Series:
        """Of how many members a benchmark is made (``n``), or how many there are (``of``); null where published."""
        if benchmark not in self._counts:
            from_members = self.grid.computed[benchmark][self.rows]
            year = np.where(from_members, self.stand_in(benchmark), -1)
            n, of = self.grid.everyone.counts(AMONG[benchmark], self.kpi_at, self._unit_at, year)
            unknown = pl.Series(year < 0)
            self._counts[benchmark] = {name: pl.Series(c).set(unknown, None) for name, c in (("n", n), ("of", of))}
        return self._counts[benchmark][part]

    @cached_property
    def _counts(self) -> dict[str, dict[str, pl.Series]]:
        return {}

    @property
    def _unit_at(self) -> Ints:
        return self.grid.whole_at[self.grid.unit_at[self.rows]]

    @cached_property
    def comparable(self) -> Ints:
        return _comparable(self.grid.breaks[self.kpi_at], self.anchor + self.grid.first_year)

    def _before(self, values: Floats, lag: int) -> Floats:
        """Of values [series, years] those so many years before the year that each series is seen from."""
        found: Floats = values.reshape(-1).take(self._cells - lag, mode="clip")
        found[self._younger(lag)] = np.nan
        return found

    def _younger(self, lag: int) -> Ints:
        """The rows that are seen from a year before which there are not so many others."""
        if lag not in self._rows_younger:
            self._rows_younger[lag] = np.flatnonzero(self.anchor < lag)
        return self._rows_younger[lag]

    @cached_property
    def _rows_younger(self) -> dict[int, Ints]:
        return {}

    @cached_property
    def _cells(self) -> Ints:
        """Where the year that each series is seen from stands among all years of all series."""
        cells: Ints = self.rows * self.grid.own.shape[1] + self.anchor
        return cells


def value_at(values: Floats, rows: Ints, column: Ints) -> Floats:
    """Each row's value in its column; NaN where the column is outside the grid."""
    years = values.shape[1]
    cells = rows * years + column
    if not len(cells) or (column.min() >= 0 and column.max() < years):
        found: Floats = values.reshape(-1).take(cells)
        return found
    outside = (column < 0) | (column >= years)
    cells[outside] = 0
    found = values.reshape(-1).take(cells)
    found[outside] = np.nan
    return found


def latest_column(values: Floats) -> Ints:
    """The column of each row's latest value; -1 where it has none."""
    last = np.full(len(values), values.shape[1] - 1)
    return _latest_not_after(values, np.arange(len(values)), last, last)


def _latest_not_after(values: Floats, rows: Ints, anchor: Ints, limit: Ints) -> Ints:
    """The column of the latest value at or before ``anchor``, at most ``limit`` years back; else -1."""
    there = ~np.isnan(value_at(values, rows, anchor))  # as most have
    found = np.where(there, anchor, -1)
    open_ = np.flatnonzero((anchor >= 0) & ~there)
    for back in range(1, min(int(limit.max(initial=0)), values.shape[1]) + 1):
        open_ = open_[(anchor[open_] >= back) & (back <= limit[open_])]
        if not len(open_):
            break
        column = anchor[open_] - back
        there = ~np.isnan(value_at(values, rows[open_], column))
        found[open_[there]] = column[there]
        open_ = open_[~there]
    return found


def _floats(values: Floats) -> pl.Series:
    return pl.Series(values, nan_to_null=True)


def _years(column: Ints, first: int) -> pl.Series:
    years = pl.Series(column + first).cast(pl.Int32)
    return years.set(pl.Series(column < 0), None)


def _comparable(breaks: Ints, years: Ints) -> Ints:
    """For each series, years back from its year that lie within one definition (a break year begins a new one)."""
    begun = np.where(breaks <= years[:, None], breaks, -1).max(axis=1, initial=-1)
    return np.where(begun >= 0, years - begun, _NO_BREAK)
