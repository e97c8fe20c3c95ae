"""Expressions in steps: what several of them read is a column of its own, worked out once.

Polars shares what expressions have in common only as far as it stands alone: what the shared parts have in common in
their turn it works out again for each of them, and it takes longer to find them than to work them out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Plan:
    """Selections one after the other. reads: the columns that the first of them needs."""

    reads: frozenset[str]
    selections: Sequence[Sequence[pl.Expr]]

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What was asked, of a frame in memory."""
        query = frame.lazy()
        for selection in self.selections:
            query = query.select_seq(selection)  # each takes less time than to wake another thread
        # The streaming engine takes half as long again here; and there is nothing in common left to look for.
        return query.collect(engine="in-memory", optimizations=_AS_WRITTEN)


_AS_WRITTEN = pl.QueryOptFlags.none()


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

    def plan(self, asked: Mapping[str, pl.Expr], more: Mapping[str, pl.Expr], keep: str) -> Plan:
        """How to work out what is asked, by name. more: further columns that may be read; keep: one that is there."""
        levels = _levels(asked.values(), {**self._columns, **more})
        selections = [[each.alias(name) for name, each in asked.items()]]
        read = read_by(asked.values())
        for level in reversed(levels):
            read = (read - level.keys()) | {keep}
            selections.append([*map(pl.col, sorted(read)), *(each.alias(name) for name, each in level.items())])
            read |= read_by(level.values())
        return Plan(frozenset(read), selections[::-1])


def read_by(expressions: Iterable[pl.Expr]) -> set[str]:
    return {name for each in expressions for name in each.meta.root_names()}


def _levels(asked: Collection[pl.Expr], columns: Mapping[str, pl.Expr]) -> list[dict[str, pl.Expr]]:
    """The columns that are read, first those that read no others, then those that read these, and so on."""
    depth: dict[str, int] = {}

    def find(name: str) -> int:
        if name not in columns:
            return -1
        if name not in depth:
            depth[name] = 1 + max(map(find, columns[name].meta.root_names()), default=-1)
        return depth[name]

    deepest = max(map(find, read_by(asked)), default=-1)
    return [{name: columns[name] for name, at in depth.items() if at == level} for level in range(deepest + 1)]
