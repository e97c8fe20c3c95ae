"""Grid x rules -> verdicts: every rule for every subject of every unit, in one pass over the grid.

The KPI rules are evaluated over blocks of series, so that memory does not grow with the number of
units and KPIs; what areas, measures and signals need of them is counted on the way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from genomlys.engine import evaluate, vocabulary
from genomlys.engine.conditions.base import Sight, Subject
from genomlys.engine.conditions.tree import leaves, p_value
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang
from genomlys.engine.evaluate import STATUS, STATUSES, judge_series
from genomlys.engine.grid import Grid, Ints
from genomlys.engine.history import years_flagged
from genomlys.engine.justification import sentence
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook, graded_leaf
from genomlys.engine.multiplicity import Tests
from genomlys.engine.run import Run, counts_of
from genomlys.engine.survey import Survey
from genomlys.engine.tally import COUNTS
from genomlys.engine.totals import benchmarks_read
from genomlys.engine.truth import Said
from genomlys.engine.unknowns import CELLS, missing_cells

LEVELS = pl.Enum(vocabulary.LEVELS)

VERDICTS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "rule": pl.String(),
    "subject_kind": pl.String(),
    "subject": pl.String(),
    "area": pl.String(),
    "year": pl.Int32(),
    "status": STATUS,
    "sure": pl.Boolean(),
    "lo": pl.Float64(),
    "hi": pl.Float64(),
    "severity": LEVELS,
    "money": pl.Float64(),
    "years_flagged": pl.Int32(),
    "p": pl.Float64(),
    "q": pl.Float64(),
    "waived": pl.Boolean(),
    "pack": pl.String(),
    "text": pl.String(),
}
CONDITIONS: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "rule": pl.String(),
    "subject": pl.String(),
    "condition": pl.Int32(),
    "says": pl.String(),
    "holds": pl.Boolean(),
    "lo": pl.Float64(),
    "hi": pl.Float64(),
    "value": pl.Float64(),
    "value_year": pl.Int32(),
    "basis_title": pl.String(),
    "basis": pl.Float64(),
    "basis_year": pl.Int32(),
    "gap": pl.Float64(),
    "gap_ratio": pl.Float64(),
    "hits": pl.Int32(),
    "years": pl.Int32(),
    "n": pl.Int32(),
    "of": pl.Int32(),
    "p": pl.Float64(),
}


@dataclass(frozen=True)
class Judged:
    """What the rules said.

    verdicts: VERDICTS, a row per rule and subject (text only where flagged); conditions:
    CONDITIONS, a row per condition of every flagged or unknown verdict; tally: COUNTS, all
    verdicts by rule, unit, area and status, also those left out of ``verdicts``; cells: CELLS, the
    missing figures behind the unknown verdicts; areas: the area frame the moves are asked over; about:
    the catalogue among other things; frames: the evaluated frame of each kind of subject, with names, and grid: that of
    all KPIs, if ``judge`` was asked to keep them.
    """

    verdicts: pl.DataFrame
    conditions: pl.DataFrame
    tally: pl.DataFrame
    cells: pl.DataFrame
    areas: pl.DataFrame
    about: Survey
    sight: Sight
    grid: Grid | None
    frames: Mapping[Subject, pl.DataFrame]

    @property
    def kpis(self) -> pl.DataFrame:
        """The catalogue, with names and facts."""
        return self.about.kpis


def judge(
    data: Dataset,
    book: RuleBook,
    units: Sequence[str],
    as_of_year: int,
    lang: Lang,
    statuses: Sequence[str],
    *,
    keep_frames: bool = False,
    details: bool = True,
) -> Judged:
    """Evaluate all rules. ``statuses`` are the verdicts to keep as rows; all are counted.

    Without ``details`` there is nothing but the verdicts themselves and their counts: no conditions, missing figures
    or years flagged in a row.
    """
    run = Run.of(data, book, units, as_of_year, beside=benchmarks_read(data))
    tested = Tests(np.tile(np.arange(len(units)), len(run.about.kpis)))
    out = _Collected(book, lang, tuple(statuses), run.sight, tested, details)
    makes_tests = any(p_value(rule.when, run.sight) is not None for rule in run.kpi_rules)
    grids, kpi_frames = [], []
    for block, said in run.blocks(apart=False, together=keep_frames):
        # What is tested is set against all tests of its rule, those of clear verdicts too.
        kept = STATUSES if makes_tests or keep_frames else statuses
        rows = _kept_rows(said, kept, len(block.grid.own))
        frame = judge_series(block.grid, rows, run.kpi_rules, block.reads, run.sight)
        streaks = years_flagged(block.grid, frame, run.kpi_rules, block.reads, run.sight) if details else None
        named = with_names(block.grid, frame)
        out.add(named, run.kpi_rules, streaks)
        grids.append(block.grid)
        kpi_frames.append(named)
    frames: dict[Subject, pl.DataFrame] = {"kpi": pl.concat(kpi_frames)} if kpi_frames and keep_frames else {}
    tallies = [each.cast(dict(COUNTS)) for each in run.tally.counts().values()]  # type: ignore[arg-type]
    areas = pl.DataFrame()
    for subject, frame, rules in run.other_subjects():
        out.add(frame, rules, None)
        tallies.append(counts_of(frame, rules))
        areas = frame if subject == "area" else areas
        if keep_frames:
            frames[subject] = frame
    tally = pl.concat(tallies).sort("rule", "unit", "area", "status")
    verdicts, conditions, cells = out.frames()
    grid = grids[0] if keep_frames and grids else None
    return Judged(verdicts, conditions, tally, cells, areas, run.about, run.sight, grid, frames)


def _kept_rows(said: Mapping[str, Said], statuses: Sequence[str], count: int) -> Ints:
    """The series of which a verdict is kept."""
    if set(statuses) >= set(STATUSES) or not said:
        return np.arange(count)
    kept = np.zeros(count, dtype=np.bool_)
    for one in said.values():
        told = {"flagged": one.flagged, "unknown": one.unknown, "not_applicable": ~one.applies}
        told["clear"] = one.applies & ~one.flagged & ~one.unknown
        for status in statuses:
            kept |= told[status]
    return np.flatnonzero(kept)


def with_names(grid: Grid, frame: pl.DataFrame) -> pl.DataFrame:
    """With names, and ``cell``: the KPI's row in the catalogue times the number of units, and the unit's row."""
    rows = frame["series"].to_numpy()
    cell = grid.catalogue_at[grid.kpi_at[rows]] * len(grid.units) + grid.unit_at[rows]
    names = grid.names(frame["series"]).with_columns(subject=pl.col("kpi"), cell=pl.Series(cell))
    return pl.concat([frame, names], how="horizontal")


class _Collected:
    """Gathers the rows of all subjects and blocks into the result frames."""

    def __init__(
        self, book: RuleBook, lang: Lang, statuses: tuple[str, ...], sight: Sight, tests: Tests, details: bool
    ) -> None:
        self._details = details
        self._packs = book.stated_in
        self._lang: Lang = lang
        self._statuses = statuses
        self._sight = sight
        self._tests = tests
        self._verdicts: list[tuple[str, pl.DataFrame]] = []  # those of a KPI rule with their cell
        self._conditions: list[pl.DataFrame] = []
        self._cells: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame, rules: Sequence[Rule], streaks: Mapping[str, pl.Series] | None) -> None:
        for rule in rules:
            p = p_value(rule.when, self._sight)
            if p is not None:
                self._tests.add(rule.id, frame, p)
            streak = pl.lit(None, dtype=pl.Int32) if streaks is None else pl.lit(streaks[rule.id])
            told = frame.with_columns(status=evaluate.status(rule.id), years_flagged=streak)
            told = told.filter(pl.col("status").is_in(list(self._statuses)))
            if not told.is_empty():
                self._verdicts.append((rule.id, self._rows(told, rule)))
            if self._details and not told.is_empty():
                self._conditions.append(self._leaves(told, rule))
                self._cells.append(missing_cells(told.filter(pl.col("status") == "unknown"), rule, self._sight))

    def _rows(self, told: pl.DataFrame, rule: Rule) -> pl.DataFrame:
        is_flagged = pl.col("status") == "flagged"
        columns = told.select(
            pl.col("unit"),
            pl.lit(rule.id).alias("rule"),
            pl.lit(rule.subject).alias("subject_kind"),
            pl.col("subject"),
            pl.col("area"),
            pl.col("year"),
            pl.col("status"),
            evaluate.sure(rule.id).alias("sure"),
            pl.col(f"{rule.id}:lo").alias("lo"),
            pl.col(f"{rule.id}:hi").alias("hi"),
            pl.when(is_flagged).then(severity(rule, self._sight)).alias("severity"),
            pl.when(is_flagged).then(money(rule, self._sight)).alias("money"),
            pl.when(is_flagged).then(pl.col("years_flagged")).alias("years_flagged"),
            pl.lit(False).alias("waived"),
            pl.lit(self._packs[rule.id]).alias("pack"),
            pl.when(is_flagged).then(sentence(rule, self._lang, self._sight)).alias("text"),
            (pl.col("cell") if rule.subject == "kpi" else pl.lit(None)).alias("cell"),
        )
        stated = {name: dtype for name, dtype in VERDICTS.items() if name in columns.columns}
        stated["cell"] = pl.Int64()
        return columns.cast(stated)  # type: ignore[arg-type]

    def _leaves(self, told: pl.DataFrame, rule: Rule) -> pl.DataFrame:
        open_ = told.filter(pl.col("status").is_in(["flagged", "unknown"]))
        parts = []
        for number, leaf in enumerate(leaves(rule.when), start=1):
            margin, figures = leaf.margin(self._sight), leaf.figures(self._sight)
            title = figures.basis_title
            shown = {
                name: getattr(figures, name)
                for name in ("value", "value_year", "basis", "basis_year", "gap", "gap_ratio", "hits", "n", "of", "p")
            }
            parts.append(
                open_.select(
                    pl.col("unit"),
                    pl.lit(rule.id).alias("rule"),
                    pl.col("subject"),
                    pl.lit(number).alias("condition"),
                    pl.lit(leaf.say(self._lang)).alias("says"),
                    margin.holds.alias("holds"),
                    margin.lo.alias("lo"),
                    margin.hi.alias("hi"),
                    (pl.lit(None) if title is None else title[self._lang == "en"]).alias("basis_title"),
                    pl.lit(figures.years).alias("years"),
                    *[(pl.lit(None) if value is None else value).alias(name) for name, value in shown.items()],
                )
                .select(list(CONDITIONS))
                .cast(dict(CONDITIONS))  # type: ignore[arg-type]
            )
        return pl.concat(parts)

    def _tested(self, rule: str, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows with p and q, which is known when all of a rule's verdicts are."""
        cells = rows["cell"].fill_null(0).to_numpy()
        p, q = self._tests.columns(rule, cells)
        return rows.with_columns(p=p, q=q).select(list(VERDICTS))

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        verdicts = _stacked([self._tested(*part) for part in self._verdicts], VERDICTS).sort("unit", "rule", "subject")
        conditions = _stacked(self._conditions, CONDITIONS).sort("unit", "rule", "subject", "condition")
        cells = _stacked(self._cells, CELLS).sort(list(CELLS))
        return verdicts, conditions, cells


def _stacked(parts: Sequence[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(schema))


def severity(rule: Rule, sight: Sight) -> pl.Expr:
    """LEVELS, of a flagged verdict."""
    if rule.severity.fixed is not None:
        return pl.lit(rule.severity.fixed, dtype=LEVELS)
    leaf = graded_leaf(rule.when)
    assert leaf is not None, "checked when the pack was loaded"
    figures = leaf.figures(sight)
    assert figures.gap_ratio is not None
    level = pl.lit("low", dtype=LEVELS)
    for name, limit in rule.severity.from_gap:
        level = pl.when(figures.gap_ratio >= limit - 1e-12).then(pl.lit(name, dtype=LEVELS)).otherwise(level)
    # A basis of 0 gives no percentage to grade by, nor does one that is missing.
    lowest = pl.lit(rule.severity.from_gap[0][0], dtype=LEVELS)
    return pl.when(figures.gap_ratio.is_null()).then(lowest).otherwise(level)


def money(rule: Rule, sight: Sight) -> pl.Expr:
    """Gap x volume in tkr a year, for problems of cost; null where it cannot be computed."""
    leaf = graded_leaf(rule.when)
    if leaf is None or rule.goal != "cost" or rule.tells != "problem" or rule.subject != "kpi":
        return pl.lit(None, dtype=pl.Float64)
    figures = leaf.figures(sight)
    assert figures.gap is not None
    # Flagged for its earlier years alone, it has no gap now.
    return pl.when(figures.gap > 0).then(figures.gap * pl.col("tkr_per_step"))


__all__ = ["CONDITIONS", "COUNTS", "STATUSES", "VERDICTS", "Judged", "judge", "judge_series"]
