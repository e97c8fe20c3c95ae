"""Many verdicts at once: q-values beside p-values, what evidence a finding has, and what chance alone would flag.

A rule is asked of all the KPIs of a unit, and the more that are asked the more are flagged by chance. A family of
tests is one rule over one unit's KPIs, so that a unit's result is the same alone and in a national run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.conditions.base import Sight
from genomlys.engine.conditions.tree import Tree, certain_leaves, chance, p_value
from genomlys.engine.errors import Lang
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.statistics.discovery import RATE, q_values

EVIDENCE = pl.Enum(["point", "persistent", "significant"])  # the weakest first
_YEARS_IN_A_ROW: Final = 3
_LASTING: Final = 2

CHANCE: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "rule": pl.String(),
    "rule_title": pl.String(),
    "judged": pl.Int64(),
    "flagged": pl.Int64(),
    "probability": pl.Float64(),
    "expected": pl.Float64(),
    "significant": pl.Int64(),
}


class Tests:
    """The p-values of rules about KPIs, as they are found block by block.

    family: for each cell, which is a KPI and a unit, the unit.
    """

    def __init__(self, family: NDArray[np.int64]) -> None:
        self._family = family
        self._p: dict[str, NDArray[np.float64]] = {}
        self._q: dict[str, NDArray[np.float64]] = {}

    def add(self, rule: str, frame: pl.DataFrame, p: pl.Expr) -> None:
        """``frame``: the rule's columns with ``cell``; ``p`` is null where there was no test."""
        mine = self._p.setdefault(rule, np.full(len(self._family), np.nan))
        found = frame.select(pl.when(f"{rule}:applies").then(p).cast(pl.Float64)).to_series()
        mine[frame["cell"].to_numpy()] = found.fill_null(np.nan).to_numpy()

    def columns(self, rule: str, cells: NDArray[np.int64]) -> tuple[pl.Series, pl.Series]:
        """p and q of some cells; null where there was no test. Only when all blocks are in."""
        if rule not in self._p:
            none = pl.Series([None], dtype=pl.Float64).new_from_index(0, len(cells))
            return none, none
        if rule not in self._q:
            self._q[rule] = q_values(self._p[rule], self._family)
        p, q = self._p[rule][cells], self._q[rule][cells]
        return pl.Series(p, nan_to_null=True), pl.Series(q, nan_to_null=True)


def evidence(book: RuleBook) -> pl.Expr:
    """EVIDENCE of a flagged verdict, from its rule, q and years_flagged.

    significant: the p-value holds among all the KPIs that the rule was asked of (q at most RATE); persistent:
    flagged three years in a row, or by a rule that itself asks for several years and makes no test; else point.
    """
    lasting = [rule.id for rule in book.rules if _asks_several_years(rule.when)]
    return (
        pl.when(pl.col("q") <= RATE)
        .then(pl.lit("significant"))
        .when((pl.col("years_flagged") >= _YEARS_IN_A_ROW) | (pl.col("p").is_null() & pl.col("rule").is_in(lasting)))
        .then(pl.lit("persistent"))
        .otherwise(pl.lit("point"))
        .cast(EVIDENCE)
    )


def _asks_several_years(when: Tree) -> bool:
    return any(leaf.figures(Sight()).lasting >= _LASTING for leaf in certain_leaves(when))


def by_chance(tally: pl.DataFrame, verdicts: pl.DataFrame, book: RuleBook, lang: Lang) -> pl.DataFrame:
    """CHANCE: a row per unit and rule about KPIs of which it is known how probable a flag is by chance alone.

    judged: flagged and clear; probability: of a flag, at most; expected: so many flags at most, judged x
    probability; significant: flagged with a q of at most RATE, null for rules that make no test.

    tally: ``verdicts.COUNTS``; verdicts: all that are flagged.
    """
    known = [(rule, chance(rule.when)) for rule in book.rules if rule.subject == "kpi"]
    rules = pl.DataFrame(
        [(rule.id, rule.title.in_(lang), probability) for rule, probability in known if probability is not None],
        schema={"rule": pl.String, "rule_title": pl.String, "probability": pl.Float64},
        orient="row",
    )
    status, count = pl.col("status"), pl.col("count")
    judged = tally.group_by("unit", "rule").agg(
        judged=count.filter(status.is_in(["flagged", "clear"])).sum(), flagged=count.filter(status == "flagged").sum()
    )
    tested = verdicts.filter((status == "flagged") & pl.col("p").is_not_null())
    held = tested.group_by("unit", "rule").agg(held=(pl.col("q") <= RATE).sum())
    makes_test = [rule.id for rule in book.rules if p_value(rule.when, Sight()) is not None]
    found = (
        judged.join(rules, on="rule")
        .filter(pl.col("judged") > 0)
        .join(held, on=["unit", "rule"], how="left")
        .with_columns(
            expected=pl.col("judged") * pl.col("probability"),
            significant=pl.when(pl.col("rule").is_in(makes_test)).then(pl.col("held").fill_null(0)),
        )
    )
    return found.select(list(CHANCE)).cast(dict(CHANCE)).sort("unit", "rule")  # type: ignore[arg-type]


__all__ = ["CHANCE", "EVIDENCE", "RATE", "Tests", "by_chance", "evidence"]
