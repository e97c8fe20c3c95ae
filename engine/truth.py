"""The first stage of a run: for every series only whether each rule holds. Numbers come later, for what is kept.

A block is some KPIs of all judged units for which the same rules are asked, as far as there are enough of them: a rule
costs nothing where it does not apply, and what rules have in common is worked out once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine import evaluate
from genomlys.engine.conditions.base import RuleMargin, Sight
from genomlys.engine.conditions.margin import INF, Margin
from genomlys.engine.conditions.tree import needs
from genomlys.engine.cube import Cube
from genomlys.engine.grid import Grid
from genomlys.engine.language.model import Rule
from genomlys.engine.steps import Plan, Steps
from genomlys.engine.survey import Survey

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# In a block, more or less, and where memory is short; the result does not depend on it.
_SERIES, _FEW_SERIES = 30_000, 7_500


@dataclass(frozen=True)
class Said:
    """What one rule says of the series of a block: arrays as long as the block.

    lo, hi: the margin, as ``Margin`` tells; rounded: flagged and unknown when figures are rounded. None unless asked.
    """

    applies: Bools
    flagged: Bools
    unknown: Bools
    rounded: tuple[Bools, Bools] | None
    margin: _Ends | None


@dataclass(frozen=True)
class _Ends:
    """``lo`` and ``hi`` of a margin; None where both are ``exact``, or without end where that is NaN."""

    exact: Floats | None
    lo: Floats | None
    hi: Floats | None

    def at(self, rows: Ints) -> tuple[Floats, Floats]:
        if self.exact is None:
            assert self.lo is not None and self.hi is not None
            return self.lo[rows], self.hi[rows]
        exact = self.exact[rows]
        unknown = np.isnan(exact)
        return np.where(unknown, -INF, exact), np.where(unknown, INF, exact)


class Questions:
    """Rules as expressions, made once for all blocks.

    counted: rules of which areas count KPIs, and so ask also what rounding may change. margins: ask also how far
    each verdict is from turning.
    """

    def __init__(self, rules: Sequence[Rule], sight: Sight, counted: Collection[str] = (), *, margins: bool) -> None:
        self.rules = rules
        self._steps = Steps()
        self._margins = {rule.id: rule.when.margin(replace(sight, once=self._steps.once)) for rule in rules}
        for rule, margin in self._margins.items():  # as ``evaluate`` names what rules above may read
            self._steps.name({f"{rule}:{part}": getattr(margin, part) for part in evaluate.PARTS})
        self._beneath = {rule.id: [n.rule for n in needs(rule.when) if isinstance(n, RuleMargin)] for rule in rules}
        self._counted = frozenset(counted)
        self._with_margins = margins
        self._parts = {rule: self._told(rule) for rule in self._margins}
        self._plans: dict[tuple[tuple[str, bool], ...], Plan] = {}

    def with_beneath(self, rule_ids: Collection[str]) -> list[Rule]:
        """Some of the rules and those that they refer to, in order."""
        wanted = set(rule_ids)
        for rule in reversed(self.rules):
            if rule.id in wanted:
                wanted.update(self._beneath[rule.id])
        return [rule for rule in self.rules if rule.id in wanted]

    def ask(self, block: Block) -> dict[str, Said]:
        """By rule, of those that are asked for any KPI of the block."""
        kind = tuple((rule.id, block.masks[rule.id] is not None) for rule in block.rules)
        if kind not in self._plans:
            self._plans[kind] = self._plan(dict(kind))
        told = self._plans[kind].of(block.frame(self._plans[kind].reads))
        return {rule.id: self._said(told, rule.id) for rule in block.rules}

    def _plan(self, rules: Mapping[str, bool]) -> Plan:
        """rules: by name, whether there are series that the rule is not for."""
        parts = {f"{rule}:{name}:told": part for rule in rules for name, part in self._parts[rule].items()}
        applies = {}
        for rule, masked in rules.items():
            mask = pl.col(Block.mask(rule)) if masked else None
            applies[f"{rule}:applies"] = evaluate.applies(self._margins[rule], mask)
        return self._steps.plan(parts, applies)

    def _told(self, rule: str) -> dict[str, pl.Expr]:
        applies, holds, rounded = (pl.col(f"{rule}:{part}") for part in ("applies", "holds", "rounded"))
        parts = {"applies": applies, "flagged": applies & holds.fill_null(False), "unknown": applies & holds.is_null()}
        if rule in self._counted:
            parts["flagged_rounded"] = applies & rounded.fill_null(False)
            parts["unknown_rounded"] = applies & rounded.is_null()
        return parts | (_ends(self._margins[rule]) if self._with_margins else {})

    def _said(self, told: pl.DataFrame, rule: str) -> Said:
        found = {part: told[f"{rule}:{part}:told"].to_numpy() for part in self._parts[rule]}
        rounded = (found["flagged_rounded"], found["unknown_rounded"]) if rule in self._counted else None
        ends = _Ends(found.get("exact"), found.get("lo"), found.get("hi")) if self._with_margins else None
        return Said(found["applies"], found["flagged"], found["unknown"], rounded, ends)


def _ends(margin: Margin) -> dict[str, pl.Expr]:
    return {"lo": margin.lo, "hi": margin.hi} if margin.exact is None else {"exact": margin.exact.fill_null(math.nan)}


@dataclass(frozen=True, eq=False)
class Block:
    """Some KPIs of all judged units.

    kpis: their rows in the catalogue; rules: those that are asked of any of them, and what they refer to; masks: by
    rule which series it is for, None for all; counted: of how many KPIs
    """

    grid: Grid
    kpis: Ints
    rules: Sequence[Rule]
    reads: evaluate.Reads
    masks: Mapping[str, pl.Series | None]

    def frame(self, columns: Collection[str]) -> pl.DataFrame:
        """Some columns that rules read, and those that tell which series a rule is for."""
        reads, rows = self.reads, np.arange(len(self.grid.own))
        masks = {self.mask(rule): mask for rule, mask in self.masks.items() if mask is not None}
        only = {"series", *columns}
        return self.grid.view(rows, reads.lags, reads.metrics, reads.among, only=only, beside=masks)

    @staticmethod
    def mask(rule: str) -> str:
        return f"{rule}:mask"


def blocks(
    about: Survey,
    questions: Questions,
    *,
    apart: bool,
    together: bool = False,
    deep: bool = False,
    kpis_at_a_time: int | None = None,
) -> Iterator[Block]:
    """The run's blocks, in an order of their own.

    apart: keep KPIs apart that different rules are asked of; else every rule is asked of every block. together:
    one block of all KPIs. deep: comparisons of all years, also those that no rule reads now. kpis_at_a_time: how many
    KPIs' values are read and held at a time, None for all.
    """
    scopes = {rule.id: evaluate.in_scope(about.kpis, rule).to_numpy() for rule in questions.rules}
    step = kpis_at_a_time or max(len(about.kpis), 1)
    for start in range(0, len(about.kpis), step):
        part = np.arange(start, min(start + step, len(about.kpis)))
        cube = None
        if about.whole is None:
            cube = about.data.cube(about.everyone, about.kpis["kpi"][part].to_list())
        series = _SERIES if kpis_at_a_time is None else _FEW_SERIES
        most = len(part) if together else max(series // max(len(about.units), 1), 1)
        for kpis in _split(part, scopes, most, apart=apart):
            yield _block(about, questions, kpis, scopes, cube, apart=apart, deep=deep or not apart)


def _split(kpis: Ints, scopes: Mapping[str, Bools], most: int, *, apart: bool) -> Iterator[Ints]:
    """KPIs in parts of at most ``most``; ``apart``: those that the same rules are for side by side."""
    if apart and len(kpis) > most:
        signs = np.array([mask[kpis] for mask in scopes.values()], dtype=np.uint8).reshape(len(scopes), len(kpis))
        _, kind = np.unique(signs, axis=1, return_inverse=True)
        kpis = kpis[np.argsort(kind.reshape(-1), kind="stable")]
    for start in range(0, len(kpis), most):
        yield np.sort(kpis[start : start + most])


def _block(
    about: Survey,
    questions: Questions,
    kpis: Ints,
    scopes: Mapping[str, Bools],
    cube: Cube | None,
    *,
    apart: bool,
    deep: bool,
) -> Block:
    rules = list(questions.rules)
    if apart:
        rules = questions.with_beneath([rule for rule, mask in scopes.items() if mask[kpis].any()])
    reads = evaluate.reads_of(rules, targets=about.data.targets)
    grid = about.grid(kpis, reads.benchmarks, cube, years=None if deep else _depth(about, kpis, reads))
    masks = {
        rule.id: None if scopes[rule.id][kpis].all() else pl.Series(scopes[rule.id][kpis][grid.kpi_at])
        for rule in rules
    }
    return Block(grid, kpis, rules, reads, masks)


def _depth(about: Survey, kpis: Ints, reads: evaluate.Reads) -> Mapping[str, int]:
    """For how many of the latest years rules may read each comparison: back from an own year that is old itself."""
    oldest = int(about.kpis["max_age"].to_numpy()[kpis].max())
    return {name: oldest + max(oldest + 1, reads.lags[name]) for name in reads.benchmarks}
