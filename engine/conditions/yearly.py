"""A figure beside its basis in one calendar year, both of that very year and of the definition that holds now.

What is said of a development must not rest on a basis of another year: an own cost of 2024 beside a reference
cost of 2023 has come nearer to it, or passed it, wherever prices rise.
"""

from __future__ import annotations

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Lags, Need
from genomlys.engine.conditions.bases import Basis, Benchmark, Number, OwnBefore
from genomlys.engine.conditions.difference import Pair


def needs(to: Basis, years: int) -> tuple[Need, ...]:
    """What ``pair`` reads for the KPI's own year and the calendar years before it, ``years`` in all."""
    match to:
        case OwnBefore():
            return to.needs(years)
        case Number():
            return (Lags("own", years, one_definition=True),)
        case Benchmark():
            return (Lags("own", years, one_definition=True), Lags(to.benchmark, years, same_year=True))


def pair(to: Basis, lag: int) -> Pair:
    """The own value ``lag`` calendar years ago and its basis; null where there is none of that year."""
    basis = to.value(lag)
    if isinstance(to, Benchmark) and lag == 0:
        basis = pl.when(to.year() == columns.YEAR).then(basis)
    return Pair(columns.own_comparable(lag), basis, to.half(), columns.basis("target", lag))
