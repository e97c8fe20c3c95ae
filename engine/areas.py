"""Verdicts -> areas: where each area stands against the municipality's goal.

The goal is better results than similar municipalities at a cost that does not exceed the reference
cost. An area therefore has two sides, cost and results, and beside them how its figures develop
(``conditions.side`` says how they are counted) and what need there is that no figure shows. Each is
told by the rules that declare that ``goal``.
"""

from __future__ import annotations

import polars as pl

from genomlys.engine.conditions.base import SIDE_GOALS, side_count
from genomlys.engine.conditions.side import side_of
from genomlys.engine.errors import Lang
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.verdicts import LEVELS, Judged

SIDES = pl.Enum(["worse", "mixed", "better", "even", "unknown"])
CLASSES = pl.Enum(["problem", "mixed", "unknown", "even", "strength"])
_KEY = ("unit", "area")


def rule_facts(book: RuleBook, lang: Lang = "sv") -> pl.DataFrame:
    """rule, tells, goal, rule_title: what a flag of each rule means."""
    return pl.DataFrame(
        {
            "rule": [rule.id for rule in book.rules],
            "tells": [rule.tells for rule in book.rules],
            "goal": [rule.goal for rule in book.rules],
            "rule_title": [rule.title.in_(lang) for rule in book.rules],
        },
        schema=dict.fromkeys(("rule", "tells", "goal", "rule_title"), pl.String),
    )


def classify(judged: Judged, book: RuleBook) -> pl.DataFrame:
    """A row per judged unit and area.

    Columns: unit, area, title, name, committees, priority, cross_cutting; cost, results, development
    and need (SIDES); class (CLASSES); goal_met (Boolean, null unless both sides are known);
    severity (the highest of the area's problems), problems, strengths, unknowns (numbers of
    verdicts); years (the longest that a problem has been flagged, in calendar years).

    A side is known only when what is unknown cannot turn it: what cannot be judged is never told as
    no problem.
    """
    areas = judged.areas.select(
        "unit",
        "area",
        "committees",
        "priority",
        "cross_cutting",
        *[side_of(goal).fill_null("unknown").cast(SIDES).alias(goal) for goal in SIDE_GOALS],
        *[_is_open(goal).alias(_open(goal)) for goal in SIDE_GOALS],
        title="area_title",
        name="area_name",
    )
    told = judged.tally.join(rule_facts(book), on="rule")
    areas = areas.join(_need(told), on=list(_KEY), how="left", maintain_order="left").with_columns(
        pl.col("need").fill_null("unknown")
    )
    flags = judged.verdicts.filter(pl.col("status") == "flagged").join(rule_facts(book), on="rule")
    problems = flags.filter(pl.col("tells").is_in(["problem", "mixed"]) & ~pl.col("goal").is_in(["data", "followup"]))
    summary = problems.group_by(_KEY).agg(
        severity=pl.col("severity").cast(LEVELS).max(),
        problems=pl.len().cast(pl.Int64),
        years=pl.col("years_flagged").max(),
    )
    strengths = flags.filter(pl.col("tells") == "strength").group_by(_KEY).agg(strengths=pl.len().cast(pl.Int64))
    unknowns = (
        told.filter((pl.col("status") == "unknown") & (pl.col("goal") != "data"))
        .group_by(_KEY)
        .agg(unknowns=pl.col("count").sum().cast(pl.Int64))
    )
    for part in (summary, strengths, unknowns):
        areas = areas.join(part, on=list(_KEY), how="left", maintain_order="left")
    numbers = [pl.col(name).fill_null(0) for name in ("problems", "strengths", "unknowns")]
    told_areas = areas.with_columns(_class(), _goal_met(), *numbers).drop(map(_open, SIDE_GOALS))
    return told_areas.sort("unit", "area")


def _is_open(goal: str) -> pl.Expr:
    """Whether a side is unknown because figures are missing, and not because there is nothing to judge."""
    return (pl.col(side_count(goal, "judged")).fill_null(0) > 0) & side_of(goal).is_null()


def _open(goal: str) -> str:
    return f"{goal}:open"


def _need(told: pl.DataFrame) -> pl.DataFrame:
    """unit, area, need: worse where a signal rule is flagged, even where all are clear."""
    status = pl.col("status")
    side = (
        pl.when((status == "flagged").any())
        .then(pl.lit("worse"))
        .when((status == "clear").any() & ~(status == "unknown").any())
        .then(pl.lit("even"))
        .otherwise(pl.lit("unknown"))
    )
    return told.filter(pl.col("goal") == "need").group_by(_KEY, maintain_order=True).agg(need=side.cast(SIDES))


def _class() -> pl.Expr:
    """By cost and results where either can be judged, else by development and need.

    "strength" and "even" only where no side is open: it could turn out worse.
    """
    main, other = ("cost", "results"), ("development", "need")
    return (
        pl.when(_known(main))
        .then(_of_sides(main, main))
        .when(_known(other))
        .then(_of_sides(other, SIDE_GOALS))
        .otherwise(pl.lit("unknown"))
        .cast(CLASSES)
        .alias("class")
    )


def _known(sides: tuple[str, ...]) -> pl.Expr:
    return pl.any_horizontal([pl.col(side) != "unknown" for side in sides])


def _of_sides(sides: tuple[str, ...], judged: tuple[str, ...]) -> pl.Expr:
    """``judged``: the sides that must not be open where all is said to be well."""
    settled = ~pl.any_horizontal([pl.col(_open(side)) for side in judged])

    def some(word: str) -> pl.Expr:
        return pl.any_horizontal([pl.col(side) == word for side in sides])

    return (
        pl.when(some("worse") & ~some("better"))
        .then(pl.lit("problem"))
        .when(some("worse") | some("mixed"))
        .then(pl.lit("mixed"))
        .when(some("better") & settled)
        .then(pl.lit("strength"))
        .when(pl.all_horizontal([pl.col(side) == "even" for side in sides]) & settled)
        .then(pl.lit("even"))
        .otherwise(pl.lit("unknown"))
    )


def _goal_met() -> pl.Expr:
    """Met: results better and cost not above. Not met as soon as either side is known to fail."""
    cost_fails = pl.col("cost").is_in(["worse", "mixed"])
    results_fail = pl.col("results").is_in(["worse", "mixed", "even"])
    both_known = (pl.col("cost") != "unknown") & (pl.col("results") != "unknown")
    return pl.when(cost_fails | results_fail).then(False).when(both_known).then(True).otherwise(None).alias("goal_met")
