"""Facts -> the calendar grid: for every unit and KPI the own values and benchmarks, one column a year.

The grid is dense (series x calendar year, NaN where there is no figure), because every question a
rule asks is about calendar years: a year without a figure must stay a hole. A view of it counts the
years backwards from each KPI's own year and is what conditions are evaluated on.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.comparisons import AMONG, computable, of_members, units_read
from genomlys.engine.conditions.base import Among, Metric, Others, Sample
from genomlys.engine.conditions.columns import FOLLOWED, has
from genomlys.engine.cube import MARKS
from genomlys.engine.dataset import Dataset
from genomlys.engine.population import Population, population
from genomlys.engine.rounding import HALF, OWN_HALF
from genomlys.engine.vocabulary import BENCHMARKS, DIRECTIONS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STATES = ("ok", "preliminary", "stale", "missing", "suppressed", "not_applicable")
_NO_BREAK, _NEVER = 999, 9999
_SUMS = {"tkr": 1.0, "mnkr": 1000.0}  # thousand kronor a step
_DIRECTIONS = pl.Enum(DIRECTIONS)


_FACTS = ("direction", "weight", "any_half", "decimals", "materiality_abs", "materiality_rel", "per", "is_share")


@dataclass(frozen=True, eq=False)
class Denominators:
    """For each series the one whose value it is counted on, -1 where there is none, or else a number (NaN: none)."""

    series: Ints
    number: Floats


@dataclass(frozen=True)
class Grid:
    """Series x calendar years. A series is a unit and a KPI; series go KPI by KPI, units in order.

    units, kpis: the tables of those units and KPIs, in the grid's order, with names for text
    kpi_at, unit_at: for each series the row of its KPI and unit (Int64 arrays)
    own: Float64 [series, years], NaN where there is no value; bases: the same per benchmark
    anchor: for each series the column of the KPI's year, -1 where no value is recent enough
    state: for each series the index in STATES; latest: column of the latest value ever, -1 if none
    half, own_half: for each series, how far a comparison and an own value may be from what they were before rounding
    breaks: for each KPI the years in which a new definition begins, Int64 [KPIs, most breaks of any]
    denominators: what the values of shares and rates are counted on
    everyone: the figures of all who are compared with; whole_at: for each unit its row there
    computed: for each benchmark made of their figures, which series have it from there
    """

    as_of_year: int
    first_year: int
    units: pl.DataFrame
    kpis: pl.DataFrame
    kpi_at: Ints
    unit_at: Ints
    own: Floats
    bases: Mapping[str, Floats]
    anchor: Ints
    latest: Ints
    state: NDArray[np.uint8]
    half: Floats
    own_half: Floats
    breaks: Ints
    tkr_per_step: Floats
    denominators: Denominators
    everyone: Population
    whole_at: Ints
    computed: Mapping[str, NDArray[np.bool_]]

    @property
    def targets(self) -> bool:
        """Whether any KPI aims at a target, so that "worse" needs one."""
        return bool((self.kpis["direction"] == "target").any())

    def view(
        self,
        rows: Ints,
        lags: Mapping[str, int],
        metrics: Sequence[Metric] = (),
        among: Sequence[Among] = (),
        shift: int = 0,
        instead: Floats | None = None,
    ) -> pl.DataFrame:
        """The frame that conditions read: a row per series of ``rows``, years counted backwards.

        With ``shift`` the KPI's year is moved that many calendar years back, for "what did the rule
        say then"; a series without a value in exactly that year is then missing. ``instead`` are other values
        of the KPI's year, for "what would the rule say if"; ``rows`` may then name a series many times.
        Columns: see ``conditions.columns``; those of ``metrics``; and ``series`` (the row number in the grid).
        """
        anchor = self.anchor[rows] - shift
        anchor = np.where((self.anchor[rows] >= 0) & (anchor >= 0), anchor, -1)
        state = self.state[rows]
        if shift:
            there = ~np.isnan(_at(self.own, rows, anchor))
            state = np.where(there, np.uint8(0), np.uint8(STATES.index("missing")))
            anchor = np.where(there, anchor, -1)
        block = Block(self, rows, anchor, instead)
        data: dict[str, pl.Series] = {"series": pl.Series(rows)}
        data |= {f"own.{lag}": _floats(block.own(lag)) for lag in range(lags.get("own", 1))}
        data["year"] = _years(anchor, self.first_year)
        for benchmark, count in lags.items():
            if benchmark != "own":
                data |= {f"{benchmark}.{lag}": _floats(block.basis(benchmark, lag)) for lag in range(count)}
                data[f"{benchmark}.year"] = _years(block.stand_in(benchmark), self.first_year)
            if benchmark in self.computed:
                data |= block.made_of(benchmark)
        for each in among:
            sample, others = block.others(each), Others(each)
            data |= {others.n: pl.Series(sample.n[sample.at]), others.of: pl.Series(sample.of[sample.at])}
        latest = self.latest[rows]
        data["state"] = pl.Series(state).cat.to(pl.Enum(STATES))
        data["latest_year"] = _years(latest, self.first_year)
        data["age"] = pl.Series(np.where(latest >= 0, self.as_of_year - self.first_year - latest, -1)).cast(pl.Int32)
        data["comparable"] = pl.Series(block.comparable)
        data["tkr_per_step"] = _floats(self.tkr_per_step[rows])
        data["denominator"] = _floats(block.denominator())
        data |= {"half": pl.Series(self.half[rows]), "own_half": pl.Series(self.own_half[rows])}
        for metric in metrics:
            data |= {name: pl.Series(values, nan_to_null=True) for name, values in metric.columns(block).items()}
        frame = pl.DataFrame(data).with_columns(age=pl.when(pl.col("age") >= 0).then("age"))
        return pl.concat([frame, self.kpis.select(_FACTS)[block.kpi_at]], how="horizontal")

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

    @property
    def kpi_at(self) -> Ints:
        return self.grid.kpi_at[self.rows]

    def own(self, lag: int) -> Floats:
        if lag == 0 and self.instead is not None:
            return self.instead
        return _at(self.grid.own, self.rows, self._back(lag))

    def own_comparable(self, lag: int) -> Floats:
        return np.where(lag <= self.comparable, self.own(lag), np.nan)

    def basis(self, benchmark: str, lag: int) -> Floats:
        column = self._back(lag) if lag else self.stand_in(benchmark)
        return _at(self.grid.bases[benchmark], self.rows, column)

    def fact(self, name: str) -> NDArray[Any]:
        if name == "own_half":
            return self.grid.own_half[self.rows]
        values: NDArray[Any] = self.grid.kpis[name].to_numpy()[self.kpi_at]
        return values

    def stand_in(self, benchmark: str) -> Ints:
        """The column of the benchmark's latest figure at or before the year; a target holds until the next one."""
        max_age = self.grid.kpis["max_age"].to_numpy().astype(np.int64)[self.kpi_at]
        limit = np.full_like(max_age, _NO_BREAK) if benchmark == "target" else max_age
        return _latest_not_after(self.grid.bases[benchmark], self.rows, self.anchor, limit)

    def denominator(self) -> Floats:
        counted = self.grid.denominators
        at = counted.series[self.rows]
        return np.where(at >= 0, _at(self.grid.own, np.maximum(at, 0), self.anchor), counted.number[self.rows])

    def others(self, among: Among) -> Sample:
        return self.grid.everyone.sample(among, self.kpi_at, self._unit_at, self.anchor)

    def made_of(self, benchmark: str) -> dict[str, pl.Series]:
        """The columns ``<benchmark>.n`` and ``.of``: members with a value, and all; null where it is published."""
        from_members = self.grid.computed[benchmark][self.rows]
        year = np.where(from_members, self.stand_in(benchmark), -1)
        n, of = self.grid.everyone.counts(AMONG[benchmark], self.kpi_at, self._unit_at, year)
        known = pl.Series(year >= 0)
        return {f"{benchmark}.{name}": pl.Series(counted).set(~known, None) for name, counted in (("n", n), ("of", of))}

    @property
    def _unit_at(self) -> Ints:
        return self.grid.whole_at[self.grid.unit_at[self.rows]]

    @cached_property
    def comparable(self) -> Ints:
        return _comparable(self.grid.breaks[self.kpi_at], self.anchor + self.grid.first_year)

    def _back(self, lag: int) -> Ints:
        return np.where(self.anchor >= 0, self.anchor - lag, -1)


def build_grid(
    data: Dataset,
    units: Sequence[str],
    benchmarks: Sequence[str],
    as_of_year: int,
    among: Sequence[Among] = (),
    *,
    followed: bool = False,
) -> Grid:
    """The grid of ``units`` and every KPI of the catalogue, up to and including ``as_of_year``.

    Every KPI has a row for each unit of the home unit's kind, also without a single value, so that
    what is missing shows; units of another kind have rows for the KPIs that they report. followed: whether to
    tell for how long each KPI has been followed.
    """
    needed = units_read(data, units, {*among, *(AMONG[name] for name in benchmarks if name in AMONG)}, as_of_year)
    unit_frame = data.units.filter(pl.col("unit").is_in(needed)).sort("unit")
    kpi_frame = _kpi_facts(data)
    names = (unit_frame["unit"].to_list(), kpi_frame["kpi"].to_list())
    figures = data.benchmarks.filter(pl.col("year") <= as_of_year)
    first = min([as_of_year, data.first_year, *_least(figures)])
    shape = (len(names[0]) * len(names[1]), as_of_year - first + 1)
    read = data.cube(names[0]).of_years(first, as_of_year)
    own, marks = read.own.reshape(shape), read.marks.reshape(shape)
    unit_at = np.tile(np.arange(len(names[0])), len(names[1]))
    kpi_at = np.repeat(np.arange(len(names[1])), len(names[0]))
    bases = {name: _basis(figures.filter(pl.col("benchmark") == name), names, first, shape) for name in benchmarks}
    if "target" in bases:
        _carry_forward(bases["target"])
    cube = (len(names[1]), len(names[0]), -1)
    is_member = marks != MARKS["not_applicable"]
    everyone = population(own.reshape(cube), is_member.reshape(cube), *names, data, as_of_year)
    computed: dict[str, NDArray[np.bool_]] = {}
    for name in sorted(bases.keys() & AMONG.keys()):
        # A series is published or computed, never a mixture of both.
        computed[name] = np.asarray(np.isnan(bases[name]).all(axis=1), dtype=np.bool_)
        made = np.where(computed[name].reshape(cube), of_members(everyone, name), bases[name].reshape(cube))
        bases[name] = made.reshape(shape)
    halves = _halves(data, kpi_frame, names[0], everyone, computed)
    judged = unit_frame["unit"].is_in(list(units)).to_numpy()
    kept = _kept(data, unit_frame, marks, unit_at) & judged[unit_at]
    unit_frame, unit_at = unit_frame.filter(judged), (np.cumsum(judged) - 1)[unit_at]
    kpi_frame = kpi_frame.with_columns(_has(data))
    if followed:
        kpi_frame = kpi_frame.join(data.followed(as_of_year), on="kpi", how="left", maintain_order="left")
        kpi_frame = kpi_frame.with_columns(pl.col(FOLLOWED).fill_null(0))
    own, marks, unit_at, kpi_at = own[kept], marks[kept], unit_at[kept], kpi_at[kept]
    max_age = kpi_frame["max_age"].to_numpy().astype(np.int64)[kpi_at]
    last = np.full(len(own), shape[1] - 1)
    rows = np.arange(len(own))
    anchor = _latest_not_after(own, rows, last, max_age)
    latest = _latest_not_after(own, rows, last, np.full_like(max_age, _NO_BREAK))
    return Grid(
        as_of_year=as_of_year,
        first_year=first,
        units=unit_frame,
        kpis=kpi_frame,
        kpi_at=kpi_at,
        unit_at=unit_at,
        own=own,
        bases={name: values[kept] for name, values in bases.items()},
        anchor=anchor,
        latest=latest,
        state=_states(marks, anchor, latest, max_age),
        half=halves[0].reshape(-1)[kept],
        own_half=halves[1].reshape(-1)[kept],
        breaks=_breaks(kpi_frame),
        tkr_per_step=_tkr_per_step(kpi_frame, kpi_at, unit_at, own, anchor),
        denominators=_denominators(kpi_frame, kpi_at, unit_at),
        everyone=everyone,
        whole_at=np.flatnonzero(judged),
        computed={name: from_members[kept] for name, from_members in computed.items()},
    )


def _kpi_facts(data: Dataset) -> pl.DataFrame:
    areas = data.areas.select("area", area_name="name")
    # The same whoever is judged: the largest of all units of the data set.
    made = {each.kpi: max(each.halves.values()) for each in data.derived}
    made_half = pl.col("kpi").replace_strict(made, default=None, return_dtype=pl.Float64)
    return (
        data.kpis.sort("kpi")
        .join(areas, on="area", how="left", maintain_order="left")
        .with_columns(
            half=HALF,
            own_half=OWN_HALF,
            any_half=pl.max_horizontal(OWN_HALF, made_half),
            is_share=pl.col("measure") == "%",
            weight=pl.col("direction").replace_strict({"lower": 1.0, "higher": -1.0}, default=None),
            direction=pl.col("direction").cast(_DIRECTIONS),
        )
    )


def _halves(
    data: Dataset, kpis: pl.DataFrame, units: Sequence[str], everyone: Population, computed: Collection[str]
) -> tuple[Floats, Floats]:
    """Float64 [KPIs, units] for comparisons and for own values: half of the last decimal.

    What is made of rounded figures may be off by more, and so may what is computed from such values: by as much
    as it moves when they all rise, or all fall, by what they may be off.
    """
    of_kpi = [np.repeat(kpis[name].to_numpy()[:, None], len(units), axis=1) for name in ("half", "own_half")]
    half, own_half = of_kpi[0], of_kpi[1]
    row_of = {kpi: row for row, kpi in enumerate(kpis["kpi"])}
    rows = np.array([row_of[each.kpi] for each in data.derived], dtype=np.int64)
    for row, each in zip(rows, data.derived, strict=True):
        own_half[row] = [each.halves[unit] for unit in units]
    if len(rows):
        made = everyone.of_kpis(rows)
        off = own_half[rows][:, :, None]
        higher, lower = replace(made, own=made.own + off), replace(made, own=made.own - off)
        for name in computed:
            at = of_members(made, name)
            moved = np.maximum(of_members(higher, name) - at, at - of_members(lower, name))
            half[rows] = np.maximum(half[rows], np.nan_to_num(moved).max(axis=2, initial=0.0))
    return half, own_half


def _least(frame: pl.DataFrame) -> list[int]:
    return [] if frame.is_empty() else [frame["year"].min()]  # type: ignore[list-item]


def _cells(
    frame: pl.DataFrame, names: tuple[list[str], list[str]], first: int
) -> tuple[tuple[Ints, Ints], pl.DataFrame]:
    """Where in the grid the rows belong, and the rows that belong there."""
    coded = frame.with_columns(
        u=pl.col("unit").cast(pl.Enum(names[0]), strict=False).to_physical(),
        k=pl.col("kpi").cast(pl.Enum(names[1]), strict=False).to_physical(),
    ).filter(pl.col("u").is_not_null() & pl.col("k").is_not_null())
    series = coded["k"].to_numpy().astype(np.int64) * len(names[0]) + coded["u"].to_numpy()
    return (series, coded["year"].to_numpy().astype(np.int64) - first), coded


def _basis(figures: pl.DataFrame, names: tuple[list[str], list[str]], first: int, shape: tuple[int, int]) -> Floats:
    """One benchmark on the grid; a figure for every unit gives way to the unit's own."""
    values = np.full(shape, np.nan)
    common = figures.filter(pl.col("unit").is_null())
    if not common.is_empty():
        each = common.drop("unit").join(pl.DataFrame({"unit": names[0]}), how="cross")
        where, there = _cells(each, names, first)
        values[where] = there["value"].fill_null(np.nan).to_numpy()
    where, there = _cells(figures.filter(pl.col("unit").is_not_null()), names, first)
    specific = there["value"].fill_null(np.nan).to_numpy()
    values[where] = np.where(np.isnan(specific), values[where], specific)
    return values


def _carry_forward(values: Floats) -> None:
    """A target holds from its year until the next one is stated."""
    for year in range(1, values.shape[1]):
        unset = np.isnan(values[:, year])
        values[unset, year] = values[unset, year - 1]


def _kept(data: Dataset, units: pl.DataFrame, marks: NDArray[np.uint8], unit_at: Ints) -> NDArray[np.bool_]:
    kinds = data.units.filter(pl.col("unit") == data.unit)["kind"]
    same_kind = (units["kind"] == kinds[0]).to_numpy()[unit_at]
    reported = (marks != 0).any(axis=1)
    return np.asarray(same_kind | reported, dtype=np.bool_)


def _has(data: Dataset) -> list[pl.Expr]:
    """Whether a KPI has a benchmark for anyone, any year: the same whichever units are judged.

    A row without a figure tells of a comparison that is missing, not that there is none.
    """
    with_row = dict(data.benchmarks.group_by("benchmark").agg(pl.col("kpi").unique()).iter_rows())
    return [
        pl.col("kpi").is_in(with_row.get(name, []) + computable(data, name)).alias(has(name)) for name in BENCHMARKS
    ]


def _at(values: Floats, rows: Ints, column: Ints) -> Floats:
    """Each row's value in its column; NaN where the column is outside the grid."""
    inside = (column >= 0) & (column < values.shape[1])
    picked: Floats = values[rows, np.where(inside, column, 0)]
    return np.where(inside, picked, np.nan)


def _latest_not_after(values: Floats, rows: Ints, anchor: Ints, limit: Ints) -> Ints:
    """The column of the latest value at or before ``anchor``, at most ``limit`` years back; else -1."""
    found = np.full(len(rows), -1, dtype=np.int64)
    for back in range(min(int(limit.max(initial=0)), values.shape[1]) + 1):
        open_ = (found < 0) & (anchor - back >= 0) & (anchor >= 0) & (back <= limit)
        if not open_.any():
            continue
        column = anchor - back
        filled = open_ & ~np.isnan(_at(values, rows, column))
        found = np.where(filled, column, found)
    return found


def _floats(values: Floats) -> pl.Series:
    return pl.Series(values, nan_to_null=True)


def _years(column: Ints, first: int) -> pl.Series:
    years = pl.Series(column + first).cast(pl.Int32)
    return years.set(pl.Series(column < 0), None)


def _states(marks: NDArray[np.uint8], anchor: Ints, latest: Ints, max_age: Ints) -> NDArray[np.uint8]:
    """ok or preliminary with a recent value; else what the newest mark in the window says; else stale."""
    years = marks.shape[1]
    rows = np.arange(len(marks))
    state = np.full(len(marks), STATES.index("missing"), dtype=np.uint8)
    state[latest >= 0] = STATES.index("stale")
    newest = np.zeros(len(marks), dtype=np.uint8)
    for back in range(min(int(max_age.max(initial=0)) + 1, years)):
        mark = marks[:, years - 1 - back]
        newest = np.where((newest == 0) & (mark != 0) & (back <= max_age), mark, newest)
    for name in ("suppressed", "not_applicable"):
        state[newest == MARKS[name]] = STATES.index(name)
    at_anchor = marks[rows, np.maximum(anchor, 0)]
    state[anchor >= 0] = STATES.index("ok")
    state[(anchor >= 0) & (at_anchor == MARKS["preliminary"])] = STATES.index("preliminary")
    return state


def _breaks(kpis: pl.DataFrame) -> Ints:
    """The years of ``Grid.breaks``; where a KPI has fewer than another, years that never come."""
    listed = kpis["breaks"].to_list()
    most = max(map(len, listed), default=0)
    padded = [[*years, *[_NEVER] * (most - len(years))] for years in listed]
    return np.array(padded, dtype=np.int64).reshape(len(listed), most)


def _comparable(breaks: Ints, years: Ints) -> Ints:
    """For each series, years back from its year that lie within one definition (a break year begins a new one)."""
    begun = np.where(breaks <= years[:, None], breaks, -1).max(axis=1, initial=-1)
    return np.where(begun >= 0, years - begun, _NO_BREAK)


def _positions(kpis: int, kpi_at: Ints, unit_at: Ints) -> Ints:
    """[KPIs, units]: the series of each, -1 where there is none."""
    position = np.full((kpis, int(unit_at.max(initial=-1)) + 1), -1, dtype=np.int64)
    position[kpi_at, unit_at] = np.arange(len(kpi_at))
    return position


def _denominators(kpis: pl.DataFrame, kpi_at: Ints, unit_at: Ints) -> Denominators:
    """Of each series: a number, or another KPI of the same unit."""
    series, number = np.full(len(kpi_at), -1, dtype=np.int64), np.full(len(kpi_at), np.nan)
    position = _positions(len(kpis), kpi_at, unit_at)
    row_of_kpi = {kpi: row for row, kpi in enumerate(kpis["kpi"])}
    for row, said in enumerate(kpis["denominator"]):
        mine = position[row][position[row] >= 0]
        if said in row_of_kpi:
            series[mine] = position[row_of_kpi[said], unit_at[mine]]
        elif said is not None:
            number[mine] = float(said)
    return Denominators(series, number)


def _tkr_per_step(kpis: pl.DataFrame, kpi_at: Ints, unit_at: Ints, own: Floats, anchor: Ints) -> Floats:
    """Thousand kronor a year that one step of the KPI's measure is worth; NaN where it cannot be said.

    Sums (kr, tkr, mnkr) are money as they are; kronor per something needs the KPI's ``volume``: a
    number, or a KPI whose value of the same year (for the same unit) is used.
    """
    steps = np.full(len(kpi_at), np.nan)
    position = _positions(len(kpis), kpi_at, unit_at)
    row_of_kpi = {kpi: row for row, kpi in enumerate(kpis["kpi"])}
    for row, (measure, volume) in enumerate(kpis.select("measure", "volume").iter_rows()):
        mine = position[row][position[row] >= 0]
        if measure in _SUMS:
            steps[mine] = _SUMS[measure]
        elif measure.startswith(("kr/", "kr per ")) and volume in row_of_kpi:
            counted = position[row_of_kpi[volume], unit_at[mine]]
            steps[mine] = np.where(counted >= 0, _at(own, np.maximum(counted, 0), anchor[mine]), np.nan) / 1000.0
        elif measure.startswith(("kr/", "kr per ")) and volume is not None:
            steps[mine] = float(volume) / 1000.0
    return steps
