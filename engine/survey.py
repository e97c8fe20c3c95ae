"""Facts -> grids: what a run is about, and the grid of some of its KPIs at a time.

A run is worked out in blocks of KPIs, so that what it holds in memory does not grow with their number. Every KPI is
judged by its own figures and those of others for the same KPI, so that the blocks change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.comparisons import AMONG, computable, of_members, units_read
from genomlys.engine.conditions.base import Among
from genomlys.engine.conditions.columns import FOLLOWED, has
from genomlys.engine.cube import MARKS, Cube
from genomlys.engine.dataset import Dataset
from genomlys.engine.figuretable import EVERYONE, Figures
from genomlys.engine.grid import STATES, Grid, latest_column
from genomlys.engine.population import Groups, Population, groups, nation
from genomlys.engine.rounding import HALF, OWN_HALF
from genomlys.engine.vocabulary import BENCHMARKS, DIRECTIONS
from genomlys.engine.worded import Codes

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_NEVER = 9999
_NOT_JUDGED = -2
_DIRECTIONS = pl.Enum(DIRECTIONS)


@dataclass(frozen=True, eq=False)
class Survey:
    """What a run is about.

    everyone: the units whose figures are read, in order; judged: which of them are judged, and units their table
    kpis: the whole catalogue in order, with facts and names; figures: the published benchmarks that are asked for
    whole: the values of all KPIs; None where they are read a block at a time
    """

    data: Dataset
    as_of_year: int
    first_year: int
    everyone: tuple[str, ...]
    judged: Bools
    units: pl.DataFrame
    kpis: pl.DataFrame
    groups: Groups
    figures: Mapping[str, _Figures]
    whole: Cube | None

    def grid(
        self,
        rows: Ints,
        benchmarks: Sequence[str],
        cube: Cube | None = None,
        *,
        years: Mapping[str, int] | None = None,
    ) -> Grid:
        """The grid of the KPIs in these rows of the catalogue.

        Every KPI has a series for each unit of the home unit's kind, also without a single value, so that what is
        missing shows; units of another kind have series for the KPIs that they report.
        cube: values of these KPIs among others, where there is no ``whole``. years: for how many of the latest years
        each comparison is computed, None for all.
        """
        kpis = self.kpis[rows]
        read = self._values(cube or self.whole, kpis["kpi"].to_list())
        everyone = Population(read.own, read.marks != MARKS["not_applicable"], *self.groups.of(rows))
        judged = read.part(self.units["unit"].to_list(), None)
        shape = judged.own.shape
        series = (shape[0] * shape[1], shape[2])
        since = {name: max(shape[2] - count, 0) for name, count in (years or {}).items()}
        bases, computed = self._bases(rows, benchmarks, everyone, shape, since)
        unit_at = np.tile(np.arange(shape[1]), shape[0])
        kpi_at = np.repeat(np.arange(shape[0]), shape[1])
        own, marks = judged.own.reshape(series), judged.marks.reshape(series)
        bases = {name: values.reshape(series) for name, values in bases.items()}
        halves = [each.reshape(-1) for each in self._halves(kpis, everyone, computed)]
        kept = self._kept(judged.marks).reshape(-1)
        if not kept.all():
            halves = [each[kept] for each in halves]
            own, marks, unit_at, kpi_at = own[kept], marks[kept], unit_at[kept], kpi_at[kept]
            bases = {name: values[kept] for name, values in bases.items()}
            computed = {name: made[kept] for name, made in computed.items()}
        max_age = kpis["max_age"].to_numpy().astype(np.int64)[kpi_at]
        latest = latest_column(own)
        anchor = np.where(shape[2] - 1 - latest <= max_age, latest, -1)
        return Grid(
            as_of_year=self.as_of_year,
            first_year=self.first_year,
            units=self.units,
            kpis=kpis,
            catalogue=self.kpis,
            catalogue_at=rows,
            kpi_at=kpi_at,
            unit_at=unit_at,
            own=own,
            marks=marks,
            bases=bases,
            anchor=anchor,
            latest=latest,
            state=_states(marks, anchor, latest, max_age),
            half=halves[0],
            own_half=halves[1],
            breaks=_breaks(kpis),
            everyone=everyone,
            whole_at=np.flatnonzero(self.judged),
            computed=computed,
            volumes=self._volumes(rows),
        )

    def _values(self, cube: Cube | None, kpis: Sequence[str]) -> Cube:
        read = self.data.cube(self.everyone, kpis) if cube is None else cube.part(None, kpis)
        read = read.of_years(self.first_year, self.as_of_year)
        return replace(read, own=np.ascontiguousarray(read.own), marks=np.ascontiguousarray(read.marks))

    def _kept(self, marks: NDArray[np.uint8]) -> Bools:
        """Which series there are: [KPIs, judged units]."""
        if self._of_home_kind.all():
            return np.ones(marks.shape[:2], dtype=np.bool_)
        return np.asarray(self._of_home_kind | (marks != 0).any(axis=2), dtype=np.bool_)

    @cached_property
    def _of_home_kind(self) -> Bools:
        return self.units["unit"].is_in(nation(self.data)).to_numpy()

    def _bases(
        self,
        rows: Ints,
        benchmarks: Sequence[str],
        everyone: Population,
        shape: tuple[int, ...],
        since: Mapping[str, int],
    ) -> tuple[dict[str, Floats], dict[str, Bools]]:
        """Each benchmark [KPIs, judged units, years], and which series of it are computed and not published.

        since: the first year's column for which each is computed, if not all.
        """
        bases, computed = {}, {}
        units = np.flatnonzero(self.judged)
        for name in benchmarks:
            figures = self.figures[name].of(rows, len(self.kpis), shape)
            if name == "target" and figures is not None:
                _carry_forward(figures)
            if name in AMONG:
                made = np.full(shape, np.nan)
                first = since.get(name, 0)
                made[:, :, first:] = of_members(everyone.since(first), name, units)
                # A series is published or computed, never a mixture of both.
                mine = np.ones(shape[:2], dtype=np.bool_)
                if figures is not None:
                    mine = np.asarray(np.isnan(figures).all(axis=2), dtype=np.bool_)
                    made = np.where(mine[:, :, None], made, figures)
                figures = made
                computed[name] = mine.reshape(-1)
            bases[name] = np.full(shape, np.nan) if figures is None else figures
        return bases, computed

    def _halves(self, kpis: pl.DataFrame, everyone: Population, computed: Collection[str]) -> tuple[Floats, Floats]:
        """[KPIs, judged units] for comparisons and for own values: half of the last decimal.

        What is made of rounded figures may be off by more, and so may what is computed from such values: by as much
        as it moves when they all rise, or all fall, by what they may be off.
        """
        units = np.flatnonzero(self.judged)
        half = np.repeat(kpis["half"].to_numpy()[:, None], len(units), axis=1)
        own_half = np.repeat(kpis["own_half"].to_numpy()[:, None], len(units), axis=1)
        row_of = {kpi: row for row, kpi in enumerate(kpis["kpi"])}
        derived = [each for each in self.data.derived if each.kpi in row_of]
        if derived:
            rows = np.array([row_of[each.kpi] for each in derived], dtype=np.int64)
            off = np.array([[each.halves[unit] for unit in self.everyone] for each in derived])
            own_half[rows] = off[:, units]
            made = everyone.of_kpis(rows)
            higher = replace(made, own=made.own + off[:, :, None])
            lower = replace(made, own=made.own - off[:, :, None])
            for name in computed:
                at, up, down = (of_members(each, name, units) for each in (made, higher, lower))
                moved = np.nan_to_num(np.maximum(up - at, at - down)).max(axis=2, initial=0.0)
                half[rows] = np.maximum(half[rows], moved)
        return half, own_half

    def _volumes(self, rows: Ints) -> Mapping[str, Floats]:
        """For each KPI that is a volume or a denominator of one in ``rows``: its values [judged units, years]."""
        return {name: self._volume(name) for name in sorted({name for row in rows for name in self._read_with[row]})}

    @cached_property
    def _read_with(self) -> Sequence[Sequence[str]]:
        """For each KPI those that are its volume or its denominator."""
        per_something = pl.col("measure").str.contains(_PER_SOMETHING)
        named = pl.concat_list(pl.when(per_something).then("volume"), "denominator").list.drop_nulls()
        known = set(self.kpis["kpi"])
        return [[name for name in names if name in known] for names in self.kpis.select(named).to_series()]

    def _volume(self, kpi: str) -> Floats:
        if kpi not in self._read_volumes:
            own = self._values(self.whole, [kpi]).own[0]
            self._read_volumes[kpi] = np.asarray(own[self.judged], dtype=np.float64)
        return self._read_volumes[kpi]

    @cached_property
    def _read_volumes(self) -> dict[str, Floats]:
        return {}


_PER_SOMETHING = "^kr(?:/| per )"


def survey(
    data: Dataset,
    units: Sequence[str],
    benchmarks: Sequence[str],
    as_of_year: int,
    among: Sequence[Among] = (),
    known: Collection[str] = BENCHMARKS,
    *,
    followed: bool = False,
    whole: bool = True,
) -> Survey:
    """What a run over ``units`` is about, up to and including ``as_of_year``.

    known: the benchmarks of which it is asked whether a KPI has them (columns ``has``). followed: whether to tell for
    how long each KPI has been followed. whole: read the values of all KPIs now.
    """
    needed = units_read(data, units, {*among, *(AMONG[name] for name in benchmarks if name in AMONG)}, as_of_year)
    kpis = _kpi_facts(data)
    names = kpis["kpi"].to_list()
    published = data.figures.where(data.figures.year <= as_of_year)
    first = min(as_of_year, data.first_year, int(published.year.min(initial=as_of_year)))
    cube = data.cube(needed) if whole else None
    if followed:
        kpis = kpis.join(data.followed(as_of_year), on="kpi", how="left", maintain_order="left")
        kpis = kpis.with_columns(pl.col(FOLLOWED).fill_null(0))
    judged = pl.Series(needed).is_in(list(units)).to_numpy()
    mine = data.units["unit"].sort().is_in(list(units)).to_numpy()
    return Survey(
        data=data,
        as_of_year=as_of_year,
        first_year=first,
        everyone=tuple(needed),
        judged=judged,
        units=data.units.filter(pl.col("unit").is_in(list(units))).sort("unit"),
        kpis=kpis.with_columns(_has(data, known, cube)),
        groups=groups(needed, names, data, as_of_year),
        figures={name: _figures(published.of(name), mine, first) for name in benchmarks},
        whole=cube,
    )


def build_grid(
    data: Dataset,
    units: Sequence[str],
    benchmarks: Sequence[str],
    as_of_year: int,
    among: Sequence[Among] = (),
    *,
    followed: bool = False,
) -> Grid:
    """The grid of every KPI of the catalogue at once."""
    about = survey(data, units, benchmarks, as_of_year, among, followed=followed)
    return about.grid(np.arange(len(about.kpis)), benchmarks)


@dataclass(frozen=True, eq=False)
class _Figures:
    """One benchmark's published figures, a row each: its KPI, unit (-1: for every unit) and column, and the value."""

    kpi: Codes
    unit: Codes
    column: NDArray[np.int16]
    value: Floats

    def of(self, kpis: Ints, count: int, shape: tuple[int, ...]) -> Floats | None:
        """[KPIs, units, years], None where there is no figure; one for every unit gives way to the unit's own."""
        place = np.full(count, -1)
        place[kpis] = np.arange(len(kpis))
        row = place[self.kpi]
        mine = np.flatnonzero(row >= 0)
        if len(mine) == 0:
            return None
        row, unit, column, value = row[mine], self.unit[mine], self.column[mine], self.value[mine]
        values = np.full(shape, np.nan)
        common = unit < 0
        values[row[common], :, column[common]] = value[common, None]
        values[row[~common], unit[~common], column[~common]] = value[~common]
        return values


def _figures(published: Figures, judged: Bools, first: int) -> _Figures:
    """judged: of all units, in order."""
    place = np.where(judged, np.cumsum(judged) - 1, _NOT_JUDGED).astype(np.int32)
    unit = np.where(published.unit == EVERYONE, np.int32(EVERYONE), place[published.unit])
    rows = ~np.isnan(published.value) & (unit != _NOT_JUDGED)
    told = published.where(rows)
    return _Figures(told.kpi, unit if told is published else unit[rows], told.year - np.int16(first), told.value)


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


def _carry_forward(values: Floats) -> None:
    """A target holds from its year until the next one is stated."""
    for year in range(1, values.shape[2]):
        unset = np.isnan(values[:, :, year])
        values[unset, year] = values[unset, year - 1]


def _has(data: Dataset, known: Collection[str], cube: Cube | None) -> list[pl.Expr]:
    """Whether a KPI has a benchmark for anyone, any year: the same whichever units are judged.

    A row without a figure tells of a comparison that is missing, not that there is none.
    """
    names = data.bounds.kpis

    def with_row(benchmark: str) -> list[str]:
        return [names[row] for row in np.flatnonzero(np.bincount(data.figures.of(benchmark).kpi))]

    return [
        pl.col("kpi").is_in(with_row(name) + computable(data, name, cube)).alias(has(name))
        for name in BENCHMARKS
        if name in known
    ]


def _states(marks: NDArray[np.uint8], anchor: Ints, latest: Ints, max_age: Ints) -> NDArray[np.uint8]:
    """ok or preliminary with a recent value; else what the newest mark in the window says; else stale."""
    years = marks.shape[1]
    at_anchor = marks[np.arange(len(marks)), np.maximum(anchor, 0)]
    state = np.where(at_anchor == MARKS["preliminary"], STATES.index("preliminary"), STATES.index("ok"))
    state = state.astype(np.uint8)
    without = np.flatnonzero(anchor < 0)
    marks, max_age = marks[without], max_age[without]
    newest = np.zeros(len(without), dtype=np.uint8)
    for back in range(min(int(max_age.max(initial=0)) + 1, years)):
        mark = marks[:, years - 1 - back]
        newest = np.where((newest == 0) & (mark != 0) & (back <= max_age), mark, newest)
    told = np.where(latest[without] >= 0, STATES.index("stale"), STATES.index("missing"))
    for name in ("suppressed", "not_applicable"):
        told[newest == MARKS[name]] = STATES.index(name)
    state[without] = told
    return state


def _breaks(kpis: pl.DataFrame) -> Ints:
    """The years of ``Grid.breaks``; where a KPI has fewer than another, years that never come."""
    listed = kpis["breaks"].to_list()
    most = max(map(len, listed), default=0)
    padded = [[*years, *[_NEVER] * (most - len(years))] for years in listed]
    return np.array(padded, dtype=np.int64).reshape(len(listed), most)
