"""What a trend is judged by, over whole series: whether it is significant, and how steep it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from genomlys.engine.conditions.base import Lags, Metric, Window
from genomlys.engine.conditions.difference import TIE, Band
from genomlys.engine.statistics import mann_kendall, theil_sen

Floats = NDArray[np.float64]
Change = Literal["rising", "falling", "worsening", "improving", "changing"]


@dataclass(frozen=True)
class Significance(Metric):
    """``significant`` and ``rounded``: inf, -inf or null as ``mann_kendall.Trend`` says; ``p``."""

    change: Change
    years: int
    alpha: Fraction  # the largest p

    def column(self, part: str) -> str:
        return f"trend.{self.change}.{self.years}.{self.alpha}.{part}"

    def needs(self) -> tuple[Lags, ...]:
        return (own_years(self.years),)

    def columns(self, window: Window) -> Mapping[str, NDArray[Any]]:
        planes, tie = _oriented(window, self.change, self.years)
        half = window.fact("own_half")
        found = mann_kendall.trend(planes, tie, half, float(self.alpha), two_sided=self.change == "changing")
        return {self.column(part): getattr(found, part) for part in ("significant", "rounded", "p")}


@dataclass(frozen=True)
class Slope(Metric):
    """Of the years that have a figure: ``own``, the slope of the values a year; ``side``, that of what is asked about
    (positive: as asked, such as away from the target); ``median`` of the values; ``figures``, how many they are."""

    change: Change
    years: int

    def column(self, part: str) -> str:
        return f"slope.{self.change}.{self.years}.{part}"

    def needs(self) -> tuple[Lags, ...]:
        return (own_years(self.years),)

    def columns(self, window: Window) -> Mapping[str, NDArray[Any]]:
        values = _values(window, self.years)
        planes, _ = _oriented(window, self.change, self.years)
        own, side = theil_sen.slope(values).known, theil_sen.slope(planes).known
        return {
            self.column("own"): own,
            self.column("side"): np.abs(side) if self.change == "changing" else side,
            self.column("median"): theil_sen.median(np.stack(values)).known,
            self.column("figures"): years_with_figures(values),
        }


@dataclass(frozen=True)
class Steepness(Metric):
    """``lo`` and ``hi``, the slope a year as asked less the band, over all that the holes may be; ``lowest`` and
    ``highest``, the same when every figure may be off by half of its last decimal too.

    A relative band is of the window's median. The last two are an enclosure: not all pairs of years can be off
    as much at once.
    """

    change: Change
    years: int
    by: Band

    PARTS: ClassVar = ("lo", "hi", "lowest", "highest")

    def column(self, part: str) -> str:
        return f"steepness.{self.change}.{self.years}.{self.by.kind}.{self.by.value}.{part}"

    def needs(self) -> tuple[Lags, ...]:
        return (own_years(self.years),)

    def columns(self, window: Window) -> Mapping[str, NDArray[Any]]:
        planes, tie = _oriented(window, self.change, self.years)
        median = theil_sen.median(np.stack(_values(window, self.years)))
        least, most = _absolute(median.least, median.most)
        half = window.fact("own_half")
        slope = theil_sen.slope(planes)
        lowest, highest = theil_sen.slope(planes, -2 * half).least, theil_sen.slope(planes, 2 * half).most
        (lo, hi), (lowest, highest) = self._side(slope.least, slope.most), self._side(lowest, highest)
        ends = (
            lo - self._width(window, most),
            hi - self._width(window, least),
            lowest - self._width(window, most + half),
            highest - self._width(window, np.maximum(least - half, 0.0)),
        )
        columns = map(self.column, self.PARTS)
        return {name: np.where(np.abs(end) <= tie, 0.0, end) for name, end in zip(columns, ends, strict=True)}

    def _side(self, least: Floats, most: Floats) -> tuple[Floats, Floats]:
        return _absolute(least, most) if self.change == "changing" else (least, most)

    def _width(self, window: Window, size: Floats) -> Floats:
        """The band a year, in the KPI's measure; ``size`` is what it is relative to."""
        match self.by.kind:
            case "absolute":
                return np.full(len(size), self.by.value)
            case "relative":
                return _share(np.full(len(size), self.by.value), size)
            case _:
                stated, relative = window.fact("materiality_abs"), window.fact("materiality_rel")
                own = np.where(np.isnan(stated), _share(np.nan_to_num(relative), size), stated)
                return own * (1 + self.by.value)


def own_years(years: int) -> Lags:
    return Lags("own", years, one_definition=True)


def years_with_figures(values: Sequence[Floats]) -> Floats:
    there: Floats = np.sum([~np.isnan(each) for each in values], axis=0, dtype=np.float64)
    return there


def _values(window: Window, years: int) -> list[Floats]:
    """A figure a calendar year, the oldest first; what a change of definition parts from the last is a hole."""
    return [window.own_comparable(lag) for lag in reversed(range(years))]


def _oriented(window: Window, change: Change, years: int) -> tuple[list[Floats], Floats]:
    """Series that rise where what is asked about happens, and how far apart equal figures of theirs may be.

    For a KPI that aims at a target they are distances to the target of its year: to raise the target is no worsening.
    """
    values = _values(window, years)
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
