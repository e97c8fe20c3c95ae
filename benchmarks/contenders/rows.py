"""The simplest rule, low-share, row by row in the rule libraries that a user might pick.

    python rows.py FOLDER --library none|zen|rule_engine|cel|business_rules [--out DIR]

None of them can look at earlier years, peers or missing figures: which row is the KPI's own year, and that a
missing figure is unknown, is prepared for them here. Prints the microseconds of processor time that a row takes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import process_time

import polars as pl
from results import Answer, write

RULE, LIMIT = "low-share", 40.0
LAST_YEAR, MAX_AGE = 2024, 2

Holds = Callable[[float], bool]


def none() -> Holds:
    """No library: what it costs to prepare the rows and to gather the answers."""
    return lambda value: value < LIMIT


def zen() -> Holds:
    import zen as library

    expression = library.compile_expression(f"value < {LIMIT}")
    return lambda value: bool(expression.evaluate({"value": value}))


def rule_engine() -> Holds:
    import rule_engine as library

    context = library.Context(type_resolver=library.type_resolver_from_dict({"value": library.DataType.FLOAT}))
    rule = library.Rule(f"value < {LIMIT}", context=context)
    return lambda value: rule.matches({"value": value})


def cel() -> Holds:
    import celpy

    environment = celpy.Environment()
    program = environment.program(environment.compile(f"value < {LIMIT}"))
    return lambda value: bool(program.evaluate({"value": celpy.celtypes.DoubleType(value)}))


def business_rules() -> Holds:
    from business_rules.actions import BaseActions, rule_action
    from business_rules.engine import run_all
    from business_rules.variables import BaseVariables, numeric_rule_variable

    class Variables(BaseVariables):  # type: ignore[misc]
        def __init__(self, figure: float) -> None:
            self.figure = figure

        @numeric_rule_variable
        def value(self) -> float:
            return self.figure

    class Actions(BaseActions):  # type: ignore[misc]
        @rule_action()
        def flag(self) -> None:
            """Told by ``run_all`` itself, which returns whether any rule was triggered."""

    condition = {"all": [{"name": "value", "operator": "less_than", "value": LIMIT}]}
    rules = [{"conditions": condition, "actions": [{"name": "flag", "params": {}}]}]
    return lambda value: bool(run_all(rules, Variables(value), Actions(), stop_on_first_trigger=True))


LIBRARIES: dict[str, Callable[[], Holds]] = {
    "none": none,
    "zen": zen,
    "rule_engine": rule_engine,
    "cel": cel,
    "business_rules": business_rules,
}


def answer(folder: Path, library: str) -> Answer:
    holds = LIBRARIES[library]()
    rows = _rows(folder)
    values = rows["value"].to_list()
    begun = process_time()
    flagged = [None if value is None else holds(value) for value in values]
    print((process_time() - begun) / rows["value"].count() * 1e6)
    status = pl.when("flagged").then(pl.lit("flagged")).when(~pl.col("flagged")).then(pl.lit("clear")).otherwise("else")
    told = rows.with_columns(flagged=pl.Series(flagged, dtype=pl.Boolean)).with_columns(status=status)
    counts = told.group_by("unit", "status").agg(count=pl.len().cast(pl.Int64)).with_columns(rule=pl.lit(RULE))
    found = told.filter(pl.col("status").is_in(["flagged", "unknown"])).select(
        "unit",
        "status",
        rule=pl.lit(RULE),
        subject=pl.col("kpi").cast(pl.String),
        # A library tells that the rule holds and not by how much.
        margin=pl.when("flagged").then(LIMIT - pl.col("value")),
    )
    return counts, found


def _rows(folder: Path) -> pl.DataFrame:
    """kpi, unit, value of the KPI's own year, and what a row without one is; KPIs out of scope have no value."""
    kpis = pl.scan_parquet(folder / "kpis.parquet").select(
        "kpi", shares=(pl.col("category") == "kvalitet") & (pl.col("measure") == "%")
    )
    recent = pl.scan_parquet(folder / "values.parquet").filter(pl.col("year") >= LAST_YEAR - MAX_AGE)
    latest = recent.group_by("kpi", "unit").agg(
        value=pl.col("value").drop_nulls().last(), newest=pl.col("status").last().cast(pl.String)
    )
    outside = ~pl.col("shares") | (pl.col("value").is_null() & (pl.col("newest") == "not_applicable"))
    told = latest.join(kpis, on="kpi").select(
        "kpi",
        pl.col("unit").cast(pl.String),
        value=pl.when(~outside).then("value"),
        **{"else": pl.when(outside).then(pl.lit("not_applicable")).otherwise(pl.lit("unknown"))},
    )
    return told.collect()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--library", choices=LIBRARIES, required=True)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    write(answer(asked.folder, asked.library), asked.out)
