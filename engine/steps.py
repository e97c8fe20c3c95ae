"""Expressions in steps: what several of them read is a column of its own, worked out once.

Polars shares what expressions have in common only as far as it stands alone: what the shared parts have in common in
their turn it works out again for each of them, and it takes longer to find them than to work them out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

import polars as pl


@dataclass(frozen=True)
class Plan:
    """What is asked, and the columns that it takes, in the order that they can be worked out in.

    reads: the columns that must be there; needless: by level, those that are dropped as nothing reads them after it.
    """

    reads: frozenset[str]
    levels: Sequence[Sequence[pl.Expr]]
    needless: Sequence[Sequence[str]]
    asked: Sequence[pl.Expr]

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What was asked, of a frame in memory."""
        query = frame.lazy()
        for level, needless in zip(self.levels, self.needless, strict=True):
            query = query.with_columns_seq(level)  # each takes less time than to wake another thread
            query = query.drop(needless) if needless else query
        query = query.select_seq(self.asked)
        # The streaming engine takes half as long again here; and there is nothing in common left to look for.
        return query.collect(engine="in-memory", optimizations=_AS_WRITTEN)


_AS_WRITTEN = pl.QueryOptFlags.none()
_MANY = 32


class Steps:
    """Columns by name that others may read."""

    def __init__(self) -> None:
        self._columns: dict[str, pl.Expr] = {}
        self._names: dict[bytes, str] = {}

    def once(self, expression: pl.Expr) -> pl.Expr:
        """A column with the value of the expression, the same for the same expression."""
        if expression.meta.is_column() or not expression.meta.root_names():
            return expression
        known = len(self._names)
        name = self._names.setdefault(expression.meta.serialize(), f"step.{known}")
        self._columns.setdefault(name, expression)
        return pl.col(name)

    def name(self, columns: Mapping[str, pl.Expr]) -> None:
        """Give columns names that rules may read them by."""
        self._columns |= columns

    def plan(self, asked: Mapping[str, pl.Expr], more: Mapping[str, pl.Expr]) -> Plan:
        """How to work out what is asked, by name. more: further columns that may be read."""
        levels = _levels(asked.values(), {**self._columns, **more})
        last = {name: number for number, level in enumerate(levels) for name in read_by(level.values())}
        wanted, reads = read_by(asked.values()), set(last)
        needless, gone = [], set[str]()
        for number, level in enumerate(levels):
            gone |= {name for name in read_by(level.values()) if last[name] == number} - wanted
            # To drop a few costs more than to keep them.
            needless.append(sorted(gone) if len(gone) >= _MANY else [])
            gone = set() if needless[-1] else gone
        return Plan(
            reads=frozenset((reads | wanted) - {name for level in levels for name in level}),
            levels=[[each.alias(name) for name, each in level.items()] for level in levels],
            needless=needless,
            asked=[each.alias(name) for name, each in asked.items()],
        )


def read_by(expressions: Iterable[pl.Expr]) -> set[str]:
    return {name for each in expressions for name in each.meta.root_names()}


def _levels(asked: Collection[pl.Expr], columns: Mapping[str, pl.Expr]) -> list[dict[str, pl.Expr]]:
    """The columns that are read, first those that read no others, then those that read these, and so on."""
    reads: dict[str, set[str]] = {}
    open_ = read_by(asked) & columns.keys()
    while open_:
        name = open_.pop()
        reads[name] = read_by([columns[name]]) & columns.keys()
        open_ |= reads[name] - reads.keys()
    order, levels = TopologicalSorter(reads), []
    order.prepare()
    while order.is_active():
        ready = sorted(order.get_ready())
        levels.append({name: columns[name] for name in ready})
        order.done(*ready)
    return levels
