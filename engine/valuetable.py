"""The table of values, which may be long: read when it is asked for, and then no more of it than is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final

import polars as pl

from genomlys.engine.cube import ROWS_READ, Bounds, Cube, read_cube

_NEVER: Final = 9999


class ValueTable:
    """Values that have passed the door, or typed ones that need not.

    A typed table is looked at where it is read, as a cube. Where that does not show it to be sound, it goes through
    the door, which raises DataError with everything that is wrong.
    """

    def __init__(
        self,
        table: pl.DataFrame | pl.LazyFrame,
        door: Callable[[], pl.DataFrame] | None = None,
        last_year: int | None = None,
    ) -> None:
        """door: reads all of the table and checks it; None if that is done. last_year: the last one there can be."""
        self._scan = table.lazy()
        self._door = door
        self._last_year = last_year
        self._whole: Cube | None = None

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The checked table, all of it, as ``tables.SCHEMAS`` tells."""
        return self._scan.collect() if self._door is None else self._door()

    @property
    def height(self) -> int:
        count: int = self._scan.select(pl.len()).collect().item()
        return count

    @property
    def first_year(self) -> int:
        """The first year with a row; 9999 where there is no row."""
        return _NEVER if self._years is None else self._years[0]

    @cached_property
    def _years(self) -> tuple[int, int] | None:
        """The first and the last year with a row; None where there is no row."""
        first, last = self._scan.select(first=pl.col("year").min(), last=pl.col("year").max()).collect().row(0)
        return None if first is None else (first, last)

    def followed(self, last: int) -> pl.DataFrame:
        """kpi, followed: for how many calendar years, from the first to the last with a value, none after ``last``."""
        year = pl.col("year").cast(pl.Int32)
        valued = self._scan.filter(pl.col("value").cast(pl.Float64).is_finite() & (year <= last))
        spans = valued.group_by(pl.col("kpi").cast(pl.String)).agg(followed=year.max() - year.min() + 1)
        return spans.collect().cast({"followed": pl.Int32})

    def cube(self, bounds: Bounds, units: Sequence[str] | None = None, kpis: Sequence[str] | None = None) -> Cube:
        """The values of some units and KPIs, None for all; only what is read is looked at."""
        if self._whole is not None:
            return self._whole.part(units, kpis)
        passed = self._door is None or "frame" in vars(self)
        scan = self._scan if kpis is None else self._scan.slice(*self._stretch(kpis))
        found = None if passed else read_cube(scan, bounds, self._years, units, kpis, last_year=self._last_year)
        if found is None:
            found = read_cube(self.frame.lazy(), bounds, self._years, units, kpis)
        assert found is not None, "what has passed the door has places in the cube"
        return found

    def _stretch(self, kpis: Sequence[str]) -> tuple[int, int]:
        """Where the first row of some KPIs stands, and how many rows there are from it to the last one."""
        mine = self._rows_of_kpis.filter(pl.col("kpi").is_in(list(kpis)))
        first, end = mine.select(pl.col("first").min(), pl.col("end").max()).row(0)
        return (0, 0) if first is None else (first, end - first)

    @cached_property
    def _rows_of_kpis(self) -> pl.DataFrame:
        """kpi, first, end: where the first row of each KPI stands, and where the row after its last one."""
        found = []
        for start in range(0, self.height, ROWS_READ):
            runs = self._scan.select("kpi").slice(start, ROWS_READ).collect().select(pl.col("kpi").rle())
            told = (
                runs.to_series()
                .struct.unnest()
                .select(
                    kpi=pl.col("value").cast(pl.String), end=pl.col("len").cast(pl.Int64).cum_sum() + start, len="len"
                )
            )
            found.append(told.group_by("kpi").agg(first=(pl.col("end") - pl.col("len")).min(), end=pl.col("end").max()))
        return pl.concat(found).group_by("kpi").agg(pl.col("first").min(), pl.col("end").max())

    def check(self, bounds: Bounds) -> None:
        """Look at all of it. Raises DataError with every problem."""
        if self._door is not None and self._whole is None:
            self._whole = self.cube(bounds)
