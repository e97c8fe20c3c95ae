"""A run that tells only what must be known of all units: how many verdicts of each kind, and those that are not clear.

It stands on the same blocks and expressions as ``assess``, and says the same of every rule, unit and subject; what it
leaves out is what nobody reads for a million verdicts: sentences, conditions and history.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.asking import ALL, asked
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang
from genomlys.engine.evaluate import STATUS, STATUSES, judge_series, reads_of, status, sure
from genomlys.engine.history import years_flagged
from genomlys.engine.justification import sentence
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.run import Run, counts_of
from genomlys.engine.truth import Block, Said
from genomlys.engine.verdicts import VERDICTS, money, severity, with_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TELL: Final = ("severity", "sure", "money", "years_flagged", "text")
_FLAGGED, _UNKNOWN = (STATUSES.index(name) for name in ("flagged", "unknown"))


@dataclass(frozen=True, eq=False)
class Screening:
    """What a run over many units found.

    verdicts: the flagged and unknown ones, a row each in the order of rule, subject and unit: unit, rule, subject and
    area (enumerations), year (Int32, the KPI's; null for other subjects), status, and lo and hi (Float64), between
    which the margin lies. counts: rule, unit, area, status, count (Int64) over all verdicts, clear ones too.
    """

    data: Dataset
    book: RuleBook
    units: tuple[str, ...]
    verdicts: pl.DataFrame
    counts: pl.DataFrame


def screen(
    data: Dataset | str | Path | Mapping[str, object] | None = None,
    *packs: str | Path | RuleBook,
    unit: str | Sequence[str] | None = ALL,
    as_of: int | dt.date | None = None,
    tell: Sequence[str] = (),
    lang: Lang = "sv",
    block: int | None = None,
) -> Screening:
    """Judge many units without a word on each.

    data, packs, unit and as_of are as for ``assess``; without a unit, all are judged.
    tell: further columns for the flagged verdicts on KPIs, any of TELL: severity, sure, money, years_flagged and text.
    block: read and hold the values of so many KPIs at a time, where memory is short. The result is the same.

    Raises DataError, RuleError or UsageError, each with every problem found.
    """
    return screened(*asked(data, packs, unit, as_of), tell=tell, lang=lang, block=block)


def screened(
    data: Dataset,
    book: RuleBook,
    units: tuple[str, ...],
    *,
    tell: Sequence[str] = (),
    lang: Lang = "sv",
    block: int | None = None,
) -> Screening:
    """``screen`` of what has been read."""
    run = Run.of(data, book, units, data.as_of.year, margins=True, kpis_at_a_time=block)
    names = _Names.of(run, units)
    telling = _Telling(run, tuple(column for column in TELL if column in tell), lang)
    found: dict[str, list[_Rows]] = {rule.id: [] for rule in book.rules}
    for part, said in run.blocks(apart=True, deep="years_flagged" in tell):
        for rule, one in said.items():
            found[rule].append(_Rows.of(part, one, telling.of(part, rule, one)))
    # A rule after another, so that no more than one is held twice.
    parts = {rule: names.frame(rule, rows) for rule in list(found) if (rows := found.pop(rule))}
    counts = {rule: names.counted(each) for rule, each in run.tally.counts().items()}
    if len(run.kpi_rules) < len(book.rules):
        for _, frame, rules in run.other_subjects():
            parts |= {rule.id: names.of_frame(rule, frame) for rule in rules}
            told = {rule.id: names.counted(counts_of(frame, [rule])) for rule in rules}
            counts |= {rule: each.sort("unit", "area", "status") for rule, each in told.items()}
    return Screening(
        data=data,
        book=book,
        units=units,
        verdicts=_one_below_another([names.empty(), *(parts[rule] for rule in sorted(parts))]),
        counts=pl.concat([names.no_counts(), *(counts[rule] for rule in sorted(counts))]),
    )


def _one_below_another(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Of frames with the same columns no copy is made."""
    alike = all(frame.columns == frames[0].columns for frame in frames)
    return pl.concat(frames, how="vertical" if alike else "diagonal", rechunk=False)


@dataclass(frozen=True)
class _Telling:
    """What is told of flagged verdicts beside their margin."""

    run: Run
    columns: tuple[str, ...]
    lang: Lang

    def of(self, block: Block, rule_id: str, said: Said) -> pl.DataFrame | None:
        """A row for each series of the block for which the rule is flagged; None where nothing is to be told."""
        if not self.columns:
            return None
        run, rows = self.run, np.flatnonzero(said.flagged)
        rules = run.questions.with_beneath([rule_id])
        rule = next(rule for rule in rules if rule.id == rule_id)
        reads = reads_of(rules, targets=run.sight.targets)
        frame = judge_series(block.grid, rows, rules, reads, run.sight)
        if "years_flagged" in self.columns:
            streaks = years_flagged(block.grid, frame, rules, reads, run.sight)
            frame = frame.with_columns(years_flagged=streaks[rule_id])
        expressions = {
            "severity": lambda: severity(rule, run.sight),
            "sure": lambda: sure(rule_id),
            "money": lambda: money(rule, run.sight),
            "years_flagged": lambda: pl.col("years_flagged"),
            "text": lambda: sentence(rule, self.lang, run.sight),
        }
        told = with_names(block.grid, frame).select(**{name: expressions[name]() for name in self.columns})
        return told.cast({name: VERDICTS[name] for name in self.columns})


@dataclass(frozen=True, eq=False)
class _Rows:
    """Verdicts of a block that are not clear: the KPI, unit, status and year (0 where none), and the margin.

    flagged: which of them are flagged; told: further columns of these
    """

    kpi: NDArray[np.int32]
    unit: NDArray[np.int32]
    flagged: NDArray[np.bool_]
    year: NDArray[np.int32]
    lo: Floats
    hi: Floats
    told: pl.DataFrame | None

    @staticmethod
    def of(block: Block, said: Said, told: pl.DataFrame | None) -> _Rows:
        rows = np.flatnonzero(said.flagged | said.unknown)
        grid = block.grid
        assert said.margin is not None, "asked for"
        lo, hi = said.margin.at(rows)
        anchor = grid.anchor[rows]
        return _Rows(
            kpi=block.kpis[grid.kpi_at[rows]].astype(np.int32),
            unit=grid.unit_at[rows].astype(np.int32),
            flagged=said.flagged[rows],
            year=np.where(anchor < 0, 0, anchor + grid.first_year).astype(np.int32),
            lo=lo,
            hi=hi,
            told=told,
        )


@dataclass(frozen=True, eq=False)
class _Names:
    """Every name a row may have, as enumerations."""

    units: pl.Enum
    rules: pl.Enum
    subjects: pl.Enum
    areas: pl.Enum
    area_of_kpi: Ints
    subject_of_kpi: Ints

    @staticmethod
    def of(run: Run, units: Sequence[str]) -> _Names:
        data, kpis = run.about.data, run.about.kpis
        ids = [data.areas["area"], data.measures["measure"], data.signals["signal"], kpis["kpi"]]
        subjects = pl.concat([column.rename("id") for column in ids]).unique().sort()
        areas, named = pl.Enum(data.areas["area"]), pl.Enum(subjects)
        return _Names(
            units=pl.Enum(units),
            rules=pl.Enum(sorted(rule.id for rule in run.book.rules)),
            subjects=named,
            areas=areas,
            area_of_kpi=_places(kpis["area"], areas),
            subject_of_kpi=_places(kpis["kpi"], named),
        )

    def frame(self, rule: str, parts: Sequence[_Rows]) -> pl.DataFrame:
        """The rows of a rule sorted by subject and unit, as they are in each part."""
        kpi = np.concatenate([part.kpi for part in parts])
        order = _by_kpi(kpi)
        kpi = kpi[order]
        unit, flagged, year, lo, hi = (
            np.concatenate([getattr(part, name) for part in parts])[order]
            for name in ("unit", "flagged", "year", "lo", "hi")
        )
        frame = pl.DataFrame(
            {
                "unit": _named(unit, self.units),
                "rule": pl.repeat(rule, len(kpi), dtype=self.rules, eager=True),
                "subject": _named(self.subject_of_kpi[kpi], self.subjects),
                "area": _named(self.area_of_kpi[kpi], self.areas),
                "year": pl.Series(year).set(pl.Series(year == 0), None),
                "status": _named(np.where(flagged, _FLAGGED, _UNKNOWN), STATUS),
                "lo": lo,
                "hi": hi,
            }
        )
        told = [part.told for part in parts if part.told is not None]
        if not told:
            return frame
        places = _places_of(np.concatenate([part.flagged for part in parts]))
        return pl.concat([frame, pl.concat(told).select(pl.all().gather(places.gather(order)))], how="horizontal")

    def of_frame(self, rule: Rule, frame: pl.DataFrame) -> pl.DataFrame:
        """The same from an evaluated frame of another kind of subject."""
        told = frame.select(
            pl.col("unit").cast(self.units),
            pl.lit(rule.id).cast(self.rules).alias("rule"),
            pl.col("subject").cast(self.subjects),
            pl.col("area").cast(self.areas),
            pl.col("year").cast(pl.Int32),
            status=status(rule.id),
            lo=pl.col(f"{rule.id}:lo"),
            hi=pl.col(f"{rule.id}:hi"),
        )
        return told.filter(pl.col("status").is_in(["flagged", "unknown"])).sort("subject", "unit")

    def counted(self, counts: pl.DataFrame) -> pl.DataFrame:
        words = {"rule": self.rules, "unit": self.units, "area": self.areas}
        return counts.with_columns(pl.col(name).cast(known) for name, known in words.items())

    def no_counts(self) -> pl.DataFrame:
        schema = {"rule": self.rules, "unit": self.units, "area": self.areas, "status": STATUS, "count": pl.Int64()}
        return pl.DataFrame(schema=pl.Schema(schema))

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(
            schema={
                "unit": self.units,
                "rule": self.rules,
                "subject": self.subjects,
                "area": self.areas,
                "year": pl.Int32,
                "status": STATUS,
                "lo": pl.Float64,
                "hi": pl.Float64,
            }
        )


def _by_kpi(kpi: NDArray[np.int32]) -> Ints:
    """The order of rows by KPI, where all rows of one stand together."""
    begins = np.flatnonzero(np.diff(kpi, prepend=-1))
    many = np.diff(begins, append=len(kpi))
    order = np.argsort(kpi[begins])
    begins, many = begins[order], many[order]
    # Where the rows of each KPI begin, and how far from there each of them is.
    place: Ints = np.arange(len(kpi)) + np.repeat(begins - (np.cumsum(many) - many), many)
    return place


def _places_of(flagged: NDArray[np.bool_]) -> pl.Series:
    """For each row the number of flagged ones before it; null where it is not flagged."""
    return pl.Series(np.cumsum(flagged) - 1).set(pl.Series(~flagged), None)


def _places(names: pl.Series, among: pl.Enum) -> Ints:
    places: Ints = names.cast(among).to_physical().cast(pl.Int64).to_numpy()
    return places


def _named(place: NDArray[np.integer], names: pl.Enum) -> pl.Series:
    """Names by their numbers, in no larger ones than they must be."""
    many = len(names.categories)
    least = np.uint8 if many < 2**8 - 1 else np.uint16 if many < 2**16 - 1 else np.uint32
    return pl.Series(place.astype(least)).cat.to(names)
