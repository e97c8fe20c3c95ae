"""SQL as expressions: what formulas are written in for DuckDB."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Number = float | int


@dataclass(frozen=True, eq=False)
class Sql:  # noqa: PLW1641 - an expression: == is a piece of SQL
    """A piece of SQL. Operators join pieces with brackets around."""

    text: str

    def __add__(self, other: Sql | Number) -> Sql:
        return _joined(self, "+", other)

    def __radd__(self, other: Number) -> Sql:
        return _joined(other, "+", self)

    def __sub__(self, other: Sql | Number) -> Sql:
        return _joined(self, "-", other)

    def __rsub__(self, other: Number) -> Sql:
        return _joined(other, "-", self)

    def __mul__(self, other: Sql | Number) -> Sql:
        return _joined(self, "*", other)

    def __rmul__(self, other: Number) -> Sql:
        return _joined(other, "*", self)

    def __truediv__(self, other: Sql | Number) -> Sql:
        return _joined(self, "/", other)

    def __floordiv__(self, other: Sql | Number) -> Sql:
        return _joined(self, "//", other)

    def __gt__(self, other: Sql | Number) -> Sql:
        return _joined(self, ">", other)

    def __ge__(self, other: Sql | Number) -> Sql:
        return _joined(self, ">=", other)

    def __lt__(self, other: Sql | Number) -> Sql:
        return _joined(self, "<", other)

    def __le__(self, other: Sql | Number) -> Sql:
        return _joined(self, "<=", other)

    def __eq__(self, other: object) -> Sql:  # type: ignore[override]
        return _joined(self, "=", other)

    def __ne__(self, other: object) -> Sql:  # type: ignore[override]
        return _joined(self, "<>", other)

    def __and__(self, other: Sql) -> Sql:
        return _joined(self, "AND", other)

    def __or__(self, other: Sql) -> Sql:
        return _joined(self, "OR", other)

    def __invert__(self) -> Sql:
        return Sql(f"(NOT {self.text})")

    def __neg__(self) -> Sql:
        return Sql(f"(-{self.text})")

    def __abs__(self) -> Sql:
        return Sql(f"abs({self.text})")

    def is_null(self) -> Sql:
        return Sql(f"({self.text} IS NULL)")

    def fill_null(self, value: Number) -> Sql:
        return Sql(f"coalesce({self.text}, {_text(value)})")


class SqlOps:
    """``formulas.Ops`` in DuckDB's SQL."""

    def col(self, name: str) -> Sql:
        return Sql(f'"{name}"')

    def value(self, value: float | bool | None) -> Sql:
        return Sql(_text(value))

    def when(self, *cases: tuple[Sql, Sql], otherwise: Sql | None = None) -> Sql:
        told = " ".join(f"WHEN {_text(case)} THEN {_text(value)}" for case, value in cases)
        return Sql(f"(CASE {told} ELSE {_text(otherwise)} END)")

    def least(self, values: Sequence[Sql]) -> Sql:
        return _called("least", values)

    def greatest(self, values: Sequence[Sql]) -> Sql:
        return _called("greatest", values)

    def coalesce(self, values: Sequence[Sql]) -> Sql:
        return _called("coalesce", values)

    def count(self, truths: Sequence[Sql]) -> Sql:
        return Sql("(" + " + ".join(f"coalesce({truth.text}, false)::INTEGER" for truth in truths) + ")")

    def ordered(self, values: Sequence[Sql]) -> Sql:
        return Sql(f"list_sort([{', '.join(value.text for value in values)}], 'ASC', 'NULLS LAST')")

    def item(self, ordered: Sql, place: Sql) -> Sql:
        return Sql(f"list_extract({ordered.text}, ({place.text} + 1)::BIGINT)")


def _called(name: str, values: Sequence[Sql]) -> Sql:
    return values[0] if len(values) == 1 else Sql(f"{name}({', '.join(_text(value) for value in values)})")


def _joined(left: object, operator: str, right: object) -> Sql:
    return Sql(f"({_text(left)} {operator} {_text(right)})")


def _text(value: object) -> str:
    if isinstance(value, Sql):
        return value.text
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isinf(value):
        return f"'{value}'::DOUBLE"
    return f"({value!r}::DOUBLE)" if isinstance(value, float) else repr(value)
