"""Grid x rules -> verdicts: every rule for every subject of every unit, in one pass over the grid.

The KPI rules are evaluated over blocks of series, so that memory does not grow with the number of
units and KPIs; what areas, measures and signals need of them is counted on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine import evaluate, subjects, vocabulary
from genomlys.engine.conditions.base import SIDE_COUNTS, SIDE_GOALS, KpiCount, Need, Sight, Subject, side_count
from genomlys.engine.conditions.tree import leaves, needs, p_value
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang
from genomlys.engine.evaluate import STATUS, STATUSES, in_scope, judge_series
from genomlys.engine.grid import Grid, Ints, build_grid
from genomlys.engine.history import years_flagged
from genomlys.engine.justification import sentence
from genomlys.engine.language.model import TELLS, Rule
from genomlys.engine.language.pack import RuleBook, graded_leaf
from genomlys.engine.multiplicity import Tests
from genomlys.engine.totals import benchmarks_read
from genomlys.engine.unknowns import CELLS, missing_cells

_COUNTED = (*KpiCount.COUNTS, "applying")
_BLOCK = 50_000  # series evaluated at a time; the result does not depend on it
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
COUNTS: Mapping[str, pl.DataType] = {
    "rule": pl.String(),
    "unit": pl.String(),
    "area": pl.String(),
    "status": STATUS,
    "count": pl.Int64(),
}


@dataclass(frozen=True)
class Judged:
    """What the rules said.

    verdicts: VERDICTS, a row per rule and subject (text only where flagged); conditions:
    CONDITIONS, a row per condition of every flagged or unknown verdict; tally: COUNTS, all
    verdicts by rule, unit, area and status, also those left out of ``verdicts``; cells: CELLS, the
    missing figures behind the unknown verdicts; areas: the area frame the moves are asked over; frames:
    the evaluated frame of each kind of subject, with names, if ``judge`` was asked to keep them.
    """

    verdicts: pl.DataFrame
    conditions: pl.DataFrame
    tally: pl.DataFrame
    cells: pl.DataFrame
    areas: pl.DataFrame
    grid: Grid
    frames: Mapping[Subject, pl.DataFrame]


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

    Without ``details`` there is nothing but the verdicts themselves: no conditions, missing figures, counts or years
    flagged in a row.
    """
    kpi_rules = [rule for rule in book.rules if rule.subject == "kpi"]
    reads = evaluate.reads_of(kpi_rules, targets=bool((data.kpis["direction"] == "target").any()))
    benchmarks = tuple(dict.fromkeys((*reads.benchmarks, *benchmarks_read(data))))
    grid = build_grid(data, units, benchmarks, as_of_year, reads.among, followed=reads.followed)
    sight = Sight(targets=grid.targets)
    out = _Collected(book, lang, tuple(statuses), sight, Tests(grid.unit_at), details)
    tally = _Tally(data, grid, [*_needs_of_areas(book)], kpi_rules)
    blocks: list[pl.DataFrame] = []
    for rows in _blocks(len(grid.own)):
        frame = judge_series(grid, rows, kpi_rules, reads, sight)
        streaks = years_flagged(grid, frame, kpi_rules, reads, sight) if details else None
        tally.add(frame, rows)
        named = _with_names(grid, frame)
        out.add(named, kpi_rules, streaks)
        if keep_frames:
            blocks.append(named)
    counted = tally.frame()
    titles = grid.units.select("unit", unit_title="title")
    areas = pl.DataFrame()
    frames: dict[Subject, pl.DataFrame] = {"kpi": pl.concat(blocks)} if blocks else {}
    others: Sequence[tuple[Subject, Callable[..., pl.DataFrame]]] = (
        ("area", subjects.area_frame),
        ("measure", subjects.measure_frame),
        ("signal", subjects.signal_frame),
    )
    for subject, build in others:
        rules = [rule for rule in book.rules if rule.subject == subject]
        asked = [need for rule in rules for need in needs(rule.when)]
        if subject == "area":
            asked += [need for move in book.moves for need in needs(move.when)]
        frame = build(data, titles, asked, counted)
        if subject == "area":
            frame = frame.join(tally.sides(), on=["unit", "area"], how="left", maintain_order="left")
        frame = evaluate.evaluate(frame, rules, {rule.id: in_scope(frame, rule) for rule in rules}, sight)
        out.add(frame, rules, None)
        areas = frame if subject == "area" else areas
        if keep_frames:
            frames[subject] = frame
    return Judged(*out.frames(), areas=areas, grid=grid, frames=frames)


def _blocks(count: int) -> Iterable[Ints]:
    for start in range(0, count, _BLOCK):
        yield np.arange(start, min(start + _BLOCK, count))


def _with_names(grid: Grid, frame: pl.DataFrame) -> pl.DataFrame:
    names = grid.names(frame["series"]).with_columns(subject=pl.col("kpi"))
    return pl.concat([frame, names], how="horizontal")


def _needs_of_areas(book: RuleBook) -> Iterable[Need]:
    for rule in book.rules:
        yield from needs(rule.when)
    for move in book.moves:
        yield from needs(move.when)


class _Tally:
    """Counts KPIs per unit and area: for which a rule holds, may hold and applies; and which way a goal points."""

    def __init__(self, data: Dataset, grid: Grid, asked: Sequence[Need], rules: Sequence[Rule]) -> None:
        self._of_goal = {goal: [rule for rule in rules if rule.goal == goal] for goal in SIDE_GOALS}
        self._rules = sorted({need.rule for need in asked if isinstance(need, KpiCount)})
        self._units = grid.units["unit"].to_list()
        self._areas = data.areas["area"].to_list()
        row_of = {area: row for row, area in enumerate(self._areas)}
        area_at = np.array([row_of[area] for area in grid.kpis["area"].to_list()], dtype=np.int64)
        self._slot = grid.unit_at * len(self._areas) + (area_at[grid.kpi_at] if len(area_at) else 0)
        self._sums: dict[tuple[str, str], NDArray[np.int64]] = {}

    def add(self, frame: pl.DataFrame, rows: Ints) -> None:
        for goal, rules in self._of_goal.items():
            if rules:
                self._count(frame.select(**_pointing(rules)), goal, rows)
        for rule in self._rules:
            applies, holds, rounded = (pl.col(f"{rule}:{part}") for part in ("applies", "holds", "rounded"))
            told = frame.select(
                holding=applies & holds.fill_null(False),
                unknown=applies & holds.is_null(),
                holding_rounded=applies & rounded.fill_null(False),
                unknown_rounded=applies & rounded.is_null(),
                applying=applies,
            )
            self._count(told, rule, rows)

    def _count(self, told: pl.DataFrame, of: str, rows: Ints) -> None:
        slots = len(self._units) * len(self._areas)
        for name in told.columns:
            mine = self._slot[rows][told[name].to_numpy()]
            there = self._sums.setdefault((of, name), np.zeros(slots, dtype=np.int64))
            there += np.bincount(mine, minlength=slots)

    def sides(self) -> pl.DataFrame:
        """unit, area and for each goal the SIDE_COUNTS; a row for each unit and area."""
        keys = self._keys()
        empty = np.zeros(len(keys), dtype=np.int64)
        return keys.with_columns(
            pl.Series(side_count(goal, count), self._sums.get((goal, count), empty), dtype=pl.Int64)
            for goal in SIDE_GOALS
            for count in SIDE_COUNTS
        )

    def _keys(self) -> pl.DataFrame:
        return pl.DataFrame({"unit": self._units}, schema={"unit": pl.String}).join(
            pl.DataFrame({"area": self._areas}, schema={"area": pl.String}), how="cross", maintain_order="left_right"
        )

    def frame(self) -> pl.DataFrame:
        """unit, area, rule and _COUNTED: a row where the rule applies to anything."""
        keys = self._keys()
        empty = np.zeros(len(keys), dtype=np.int64)
        parts = [
            keys.with_columns(
                rule=pl.lit(rule),
                **{name: pl.Series(self._sums.get((rule, name), empty), dtype=pl.Int64) for name in _COUNTED},
            )
            for rule in self._rules
        ]
        schema = {"unit": pl.String, "area": pl.String, "rule": pl.String} | dict.fromkeys(_COUNTED, pl.Int64)
        return pl.concat(parts).filter(pl.col("applying") > 0) if parts else pl.DataFrame(schema=schema)


def _pointing(rules: Sequence[Rule]) -> dict[str, pl.Expr]:
    """Which way each KPI points by the rules of one goal: SIDE_COUNTS as Booleans, never null."""

    def some(part: Callable[[str], pl.Expr], tells: Sequence[str]) -> pl.Expr:
        return pl.any_horizontal([pl.lit(False), *[part(rule.id) for rule in rules if rule.tells in tells]])

    everything = TELLS
    unknown = some(lambda rule: pl.col(f"{rule}:applies") & pl.col(f"{rule}:holds").is_null(), everything)
    mixed = some(evaluate.flagged, ["mixed"]) & ~unknown
    worse = some(evaluate.flagged, ["problem"]) & ~unknown & ~mixed
    better = some(evaluate.flagged, ["strength"]) & ~unknown & ~mixed & ~worse
    judged = some(lambda rule: pl.col(f"{rule}:applies"), everything)
    return dict(zip(SIDE_COUNTS, (worse, better, mixed, unknown, judged), strict=True))


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
        self._verdicts: list[tuple[str, pl.DataFrame]] = []  # those of a KPI rule with the numbers of their series
        self._conditions: list[pl.DataFrame] = []
        self._counts: list[pl.DataFrame] = []
        self._cells: list[pl.DataFrame] = []

    def add(self, frame: pl.DataFrame, rules: Sequence[Rule], streaks: Mapping[str, pl.Series] | None) -> None:
        for rule in rules:
            p = p_value(rule.when, self._sight)
            if p is not None:
                self._tests.add(rule.id, frame, p)
            streak = pl.lit(None, dtype=pl.Int32) if streaks is None else pl.lit(streaks[rule.id])
            told = frame.with_columns(status=evaluate.status(rule.id), years_flagged=streak)
            if self._details:
                counts = told.group_by("unit", "area", "status").agg(count=pl.len().cast(pl.Int64))
                self._counts.append(counts.with_columns(rule=pl.lit(rule.id)))
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
            pl.when(is_flagged).then(_severity(rule, self._sight)).alias("severity"),
            pl.when(is_flagged).then(_money(rule, self._sight)).alias("money"),
            pl.when(is_flagged).then(pl.col("years_flagged")).alias("years_flagged"),
            pl.lit(False).alias("waived"),
            pl.lit(self._packs[rule.id]).alias("pack"),
            pl.when(is_flagged).then(sentence(rule, self._lang, self._sight)).alias("text"),
            (pl.col("series") if rule.subject == "kpi" else pl.lit(None)).alias("series"),
        )
        stated = {name: dtype for name, dtype in VERDICTS.items() if name in columns.columns}
        stated["series"] = pl.Int64()
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
        series = rows["series"].fill_null(0).to_numpy()
        p, q = self._tests.columns(rule, series)
        return rows.with_columns(p=p, q=q).select(list(VERDICTS))

    def frames(self) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        verdicts = _stacked([self._tested(*part) for part in self._verdicts], VERDICTS).sort("unit", "rule", "subject")
        conditions = _stacked(self._conditions, CONDITIONS).sort("unit", "rule", "subject", "condition")
        counts = (
            _stacked([part.select(list(COUNTS)).cast(dict(COUNTS)) for part in self._counts], COUNTS)  # type: ignore[arg-type]
            .group_by("rule", "unit", "area", "status")
            .agg(pl.col("count").sum())
            .sort("rule", "unit", "area", "status")
        )
        cells = _stacked(self._cells, CELLS).sort(list(CELLS))
        return verdicts, conditions, counts, cells


def _stacked(parts: Sequence[pl.DataFrame], schema: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(schema))


def _severity(rule: Rule, sight: Sight) -> pl.Expr:
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


def _money(rule: Rule, sight: Sight) -> pl.Expr:
    """Gap x volume in tkr a year, for problems of cost; null where it cannot be computed."""
    leaf = graded_leaf(rule.when)
    if leaf is None or rule.goal != "cost" or rule.tells != "problem" or rule.subject != "kpi":
        return pl.lit(None, dtype=pl.Float64)
    figures = leaf.figures(sight)
    assert figures.gap is not None
    # Flagged for its earlier years alone, it has no gap now.
    return pl.when(figures.gap > 0).then(figures.gap * pl.col("tkr_per_step"))


__all__ = ["CONDITIONS", "COUNTS", "STATUSES", "VERDICTS", "Judged", "judge", "judge_series"]
