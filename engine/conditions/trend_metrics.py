"""What a trend is judged by, over whole series: whether it is significant, and how steep it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from genomlys.engine.conditions.base import Column, Lags, Metric, Window
from genomlys.engine.conditions.difference import TIE, Band
from genomlys.engine.statistics import mann_kendall, theil_sen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Change = Literal["rising", "falling", "worsening", "improving", "changing"]


@dataclass(frozen=True)
class TrendTest(Metric):
    """Whether a trend is significant, and of those that are or may be how steep they are.

    significant, rounded, p: as ``mann_kendall.Trend`` says. Where the trend is not significant the others are null
    (lo and hi -inf; lowest and highest where rounding cannot make it so either): own, the slope of the values a
    year; side, that of what is asked about (positive: as asked, such as away from the target); median of the values;
    figures, how many they are; lo and hi, the slope as asked less the band, over all that the holes may be; lowest
    and highest, the same when every figure may be off by half of its last decimal too.

    A relative band is of the window's median. The last two are an enclosure: not all pairs of years can be off
    as much at once.
    """

    change: Change
    years: int
    alpha: Fraction  # the largest p
    by: Band

    TEST: ClassVar = ("significant", "rounded", "p")
    SLOPE: ClassVar = ("own", "side", "median", "figures")
    MARGIN: ClassVar = ("lo", "hi")
    ROUNDED: ClassVar = ("lowest", "highest")

    def column(self, part: str) -> str:
        return f"trend.{self.change}.{self.years}.{self.alpha}.{self.by.kind}.{self.by.value}.{part}"

    def needs(self) -> tuple[Lags, ...]:
        return (own_years(self.years),)

    def columns(self, window: Window) -> Mapping[str, Column]:
        values = [window.own_comparable(lag) for lag in reversed(range(self.years))]
        planes, tie = _oriented(window, self.change, values)
        half = window.fact("own_half")
        test = mann_kendall.trend(planes, tie, half, float(self.alpha), two_sided=self.change == "changing")
        rows = np.flatnonzero(test.significant != -np.inf)

        def shown(rows: Ints) -> _Shown:
            figures, asked = (np.stack([plane.take(rows) for plane in each], axis=1) for each in (values, planes))
            return _Shown(self, window, rows, figures, asked)

        def all_of(rows: Ints, numbers: Floats, others: float) -> Floats:
            every = np.full(len(tie), others)
            every[rows] = numbers
            return every

        def ends(rows: Ints, found: Sequence[Floats]) -> Sequence[Floats]:
            return [all_of(rows, np.where(np.abs(each) <= tie[rows], 0.0, each), -np.inf) for each in found]

        @cache
        def slope() -> Sequence[Floats]:
            return [all_of(rows, numbers, np.nan) for numbers in shown(rows).slope()]

        @cache
        def margin() -> Sequence[Floats]:
            return ends(rows, shown(rows).margin())

        @cache
        def rounded() -> Sequence[Floats]:
            # A trend may be hidden by rounding alone.
            maybe = np.flatnonzero((test.significant != -np.inf) | (test.rounded != -np.inf))
            return ends(maybe, shown(maybe).rounded(half[maybe]))

        found: dict[str, Column] = {"significant": test.significant, "p": test.p, "rounded": lambda: test.rounded}
        found |= {part: partial(_nth, slope, number) for number, part in enumerate(self.SLOPE)}
        if self.by.kind != "none":
            found |= {part: partial(_nth, margin, number) for number, part in enumerate(self.MARGIN)}
            found |= {part: partial(_nth, rounded, number) for number, part in enumerate(self.ROUNDED)}
        return {self.column(part): column for part, column in found.items()}


def _nth(found: Callable[[], Sequence[Floats]], number: int) -> Floats:
    return found()[number]


@dataclass(frozen=True)
class _Shown:
    """The series whose slope is worked out: values and what is asked about, [series, years]."""

    test: TrendTest
    window: Window
    rows: Ints
    values: Floats
    asked: Floats

    def slope(self) -> tuple[Floats, Floats, Floats, Floats]:
        side = theil_sen.slope(self.asked).known
        side = np.abs(side) if self.test.change == "changing" else side
        figures = (~np.isnan(self.values)).sum(axis=1).astype(np.float64)
        return theil_sen.slope(self.values).known, side, theil_sen.median(self.values).known, figures

    def margin(self) -> tuple[Floats, Floats]:
        least, most = self._size()
        slope = theil_sen.slope(self.asked)
        lo, hi = self._side(slope.least, slope.most)
        return lo - self._width(most), hi - self._width(least)

    def rounded(self, half: Floats) -> tuple[Floats, Floats]:
        """The same when every figure may be off by ``half``."""
        least, most = self._size()
        off = 2 * half[:, None]
        lo, hi = self._side(theil_sen.slope(self.asked, -off).least, theil_sen.slope(self.asked, off).most)
        return lo - self._width(most + half), hi - self._width(np.maximum(least - half, 0.0))

    def _size(self) -> tuple[Floats, Floats]:
        """What a relative band is of, at least and at most."""
        median = theil_sen.median(self.values)
        return _absolute(median.least, median.most)

    def _side(self, least: Floats, most: Floats) -> tuple[Floats, Floats]:
        return _absolute(least, most) if self.test.change == "changing" else (least, most)

    def _width(self, size: Floats) -> Floats:
        """The band a year, in the KPI's measure; ``size`` is what it is relative to."""
        by = self.test.by
        match by.kind:
            case "absolute":
                return np.full(len(size), by.value)
            case "relative":
                return _share(np.full(len(size), by.value), size)
            case _:
                stated, relative = (self.window.fact(f"materiality_{of}")[self.rows] for of in ("abs", "rel"))
                return np.where(np.isnan(stated), _share(np.nan_to_num(relative), size), stated)


def own_years(years: int) -> Lags:
    return Lags("own", years, one_definition=True)


def _oriented(window: Window, change: Change, values: Sequence[Floats]) -> tuple[Sequence[Floats], Floats]:
    """Series that rise where what is asked about happens, and how far apart equal figures of theirs may be.

    For a KPI that aims at a target they are distances to the target of its year: to raise the target is no worsening.
    """
    size = 2 * np.fmax.reduce([np.abs(each) for each in values])
    if change in ("rising", "changing"):
        return values, size * TIE
    if change == "falling":
        return [-each for each in values], size * TIE
    sign, weight = 1.0 if change == "worsening" else -1.0, window.fact("weight")
    planes = [sign * weight * each for each in values]
    without = np.isnan(weight)
    aims = window.fact("direction") == "target" if without.any() else without
    if aims.any():
        target = window.basis("target", 0)
        planes = [
            np.where(aims, sign * np.abs(each - target), plane) for each, plane in zip(values, planes, strict=True)
        ]
        size = size + np.where(aims, np.abs(target), 0.0)
    return planes, size * TIE


def _absolute(least: Floats, most: Floats) -> tuple[Floats, Floats]:
    """The ends of the absolute value of what lies between two numbers."""
    return np.maximum(0.0, np.maximum(least, -most)), np.maximum(np.abs(least), np.abs(most))


def _share(share: Floats, size: Floats) -> Floats:
    """``share`` of a size that may be infinite: nothing of it is 0."""
    return np.where(share == 0, 0.0, share * np.where(share == 0, 1.0, size))
