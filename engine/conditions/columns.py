"""The names of the grid's columns that conditions read, in one place.

A row of the series frame is one unit and KPI. Its columns count calendar years backwards from the
KPI's own year: ``own.0`` is the latest value, ``own.1`` the value of the calendar year before, so
that a hole in the series is a null and is never jumped.
"""

from __future__ import annotations

import polars as pl

from genomlys.engine.vocabulary import OF_OTHERS


def own(lag: int) -> pl.Expr:
    """The unit's value ``lag`` calendar years before the KPI's year (Float64, null if missing)."""
    return pl.col(f"own.{lag}")


def preliminary(lag: int) -> str:
    """Column telling whether ``own(lag)`` of an earlier year is preliminary (Boolean, never null)."""
    return f"own.{lag}.preliminary"


def basis(benchmark: str, lag: int) -> pl.Expr:
    """The benchmark in the same calendar year; at lag 0 the latest one not later than the KPI's year."""
    return pl.col(f"{benchmark}.{lag}")


def basis_year(benchmark: str) -> pl.Expr:
    """The calendar year of ``basis(benchmark, 0)`` (Int32)."""
    return pl.col(f"{benchmark}.year")


def basis_n(benchmark: str) -> pl.Expr:
    """Of how many members' values ``basis(benchmark, 0)`` was computed (Int64); null where it is published."""
    return pl.col(f"{benchmark}.n") if benchmark in OF_OTHERS else pl.lit(None, dtype=pl.Int64)


def basis_of(benchmark: str) -> pl.Expr:
    """How many members there are that the KPI applies to, with and without a value."""
    return pl.col(f"{benchmark}.of") if benchmark in OF_OTHERS else pl.lit(None, dtype=pl.Int64)


def has(benchmark: str) -> str:
    """Column telling whether the KPI has the benchmark for anyone, any year (Boolean)."""
    return f"has.{benchmark}"


FOLLOWED = "followed"  # column telling for how many years, from the first to the last, anyone has had a value (Int32)
YEAR = pl.col("year")  # Int32, the KPI's year; null when there is no recent value
HALF = pl.col("half")  # Float64, half of the last printed decimal: what a printed benchmark may be off
# Float64, the same for the unit's own value: 0 where the KPI counts things, as a whole number is not rounded
OWN_HALF = pl.col("own_half")
# The same of any unit's value. Units may differ where a KPI is made of others, whose rounding weighs more for some.
ANY_HALF = pl.col("any_half")
COMPARABLE = pl.col("comparable")  # Int32, years back before a change of definition is crossed
WEIGHT = pl.col("weight")  # Float64: 1 lower is better, -1 higher is better, null neutral or target
DIRECTION = pl.col("direction")
DENOMINATOR = pl.col("denominator")  # Float64, how many the value is counted on; null where it is not known
STATE = pl.col("state")  # ok, preliminary, stale, missing, suppressed, not_applicable
AGE = pl.col("age")  # Int32, years from the latest value ever to as_of; null if never


def own_comparable(lag: int) -> pl.Expr:
    """``own(lag)`` unless a change of definition lies between it and the KPI's year."""
    return own(lag) if lag == 0 else pl.when(lag <= COMPARABLE).then(own(lag))


LATEST_YEAR = pl.col("latest_year")  # Int32, year of the latest value ever; null if never
