"""A rule's tree as it came out for its subjects: each node's own margin over the frame that ``assess`` judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from genomlys.engine.conditions.base import Condition, Figures, KpiCount, RowCount, RuleMargin, SideCount
from genomlys.engine.conditions.margin import Margin
from genomlys.engine.conditions.tree import Branch, Tree, needs
from genomlys.engine.errors import Lang, Text
from genomlys.engine.explain import below, facts, words
from genomlys.engine.explain.context import Context, Row
from genomlys.engine.explain.model import Cell, Fact, Step
from genomlys.engine.justification import written
from genomlys.engine.lacking import of_parts
from genomlys.engine.language.model import Rule
from genomlys.engine.unknowns import cells_of

_NUMBERS: Final = ("value", "difference", "rate", "percent", "p", "integer", "tkr")  # fields that have a number
_NOTES: Final = {
    "stale": Text("senaste värdet är från {}", "the latest value is of {}"),
    "break": Text("definitionen ändrades {}", "the definition changed in {}"),
    "not_positive": Text("det går inte att dela med 0 eller mindre", "nothing can be divided by 0 or less"),
    "few_units": Text(
        "kan inte normeras: för få kommuner, eller ingen skillnad mellan dem",
        "cannot be normalised: too few municipalities, or no difference between them",
    ),
}


@dataclass(frozen=True)
class _Node:
    """A node of the tree; ``at`` begins the names of its columns."""

    at: str
    tree: Tree
    parts: tuple[_Node, ...]


@dataclass(frozen=True)
class _Asked:
    """What was asked of all subjects at once: other rules' trees and members by rule, missing figures by node."""

    case: Context
    other: Mapping[str, Mapping[str, Step]]
    members: Mapping[str, pl.DataFrame]
    cells: Mapping[tuple[str, str], tuple[Cell, ...]]


def steps(case: Context, rule: Rule, of: Sequence[str]) -> dict[str, Step]:
    """By subject the rule's tree with all that it refers to; its root has the verdict's own margin and truth."""
    frame, root = case.frame(rule.subject, of), _node(rule.when, "n")
    other, members = {}, {}
    for need in needs(rule.when):
        if isinstance(need, RuleMargin):
            other[need.rule] = steps(case, case.rules[need.rule], of)
        elif isinstance(need, KpiCount):
            members[need.rule] = below.members(case, need.rule)
            open_ = pl.col("status").is_in(["flagged", "unknown"]) & pl.col("area").is_in(frame["area"].to_list())
            other[need.rule] = steps(case, case.rules[need.rule], members[need.rule].filter(open_)["subject"].to_list())
        elif isinstance(need, SideCount):
            for each in _of_goal(case, need.goal):
                members[each.id] = below.members(case, each.id).filter(pl.col("status").is_in(["flagged", "unknown"]))
                shown = members[each.id].filter(pl.col("area").is_in(frame["area"].to_list()))
                other[each.id] = steps(case, each, shown["subject"].to_list())
    asked = _Asked(case, other, members, _cells(case, rule, root, frame))
    # The columns that rules have added have a colon in their names; what is left is the subject's own.
    own = [name for name in frame.columns if ":" not in name]
    applies = pl.col(f"{rule.id}:applies").alias("applies")
    rows = frame.select(*own, applies, *_columns(root, case)).rows(named=True)
    return {row["subject"]: replace(_step(asked, root, row), applies=row["applies"]) for row in rows}


def _node(tree: Tree, at: str) -> _Node:
    parts = tree.parts if isinstance(tree, Branch) else ()
    return _Node(at, tree, tuple(_node(part, f"{at}.{number}") for number, part in enumerate(parts)))


def _walk(node: _Node) -> Iterator[_Node]:
    yield node
    for part in node.parts:
        yield from _walk(part)


def _of_goal(case: Context, goal: str) -> list[Rule]:
    """The rules that tell which way an area's KPIs point in a goal."""
    return [rule for rule in case.book.rules if rule.subject == "kpi" and rule.goal == goal]


def _columns(root: _Node, case: Context) -> Iterator[pl.Expr]:
    for node in _walk(root):
        yield from _of_margin(node.tree.margin(case.sight), node.at)
        if isinstance(node.tree, Branch):
            continue
        figures = node.tree.figures(case.sight)
        yield from _of_figures(figures, node.at, case.lang)
        for number, year in enumerate(figures.in_years):
            at = f"{node.at}/{number}"
            yield from _of_margin(year.margin, at)
            for part in ("value", "year", "basis", "basis_year", "band"):
                yield getattr(year, part).alias(f"{at}.{part}")


def _of_margin(margin: Margin, at: str) -> Iterator[pl.Expr]:
    for part in ("lo", "hi", "holds"):
        yield getattr(margin, part).alias(f"{at}.{part}")
    yield (pl.lit(True) if margin.applies is None else margin.applies.fill_null(False)).alias(f"{at}.applies")


def _of_figures(figures: Figures, at: str, lang: Lang) -> Iterator[pl.Expr]:
    shown = {name: getattr(figures, name) for name in ("value", "value_year", "basis", "basis_year", "hits", "gap")}
    shown["basis_title"] = None if figures.basis_title is None else figures.basis_title[lang == "en"]
    for name, expression in shown.items():
        yield (pl.lit(None) if expression is None else expression).alias(f"{at}.{name}")
    for number, (why, _) in enumerate(figures.no_meaning):
        yield why.alias(f"{at}.no{number}")
    for number, told in enumerate(figures.told):
        yield written(told.value, lang).alias(f"{at}.told{number}")
        has_number = told.value.kind in _NUMBERS
        value = told.value.parts[0].cast(pl.Float64) if has_number else pl.lit(None, dtype=pl.Float64)
        yield value.alias(f"{at}.told{number}.value")
        yield (pl.lit(None, dtype=pl.Int32) if told.year is None else told.year).alias(f"{at}.told{number}.year")


def _step(asked: _Asked, node: _Node, row: Row) -> Step:
    at, tree = node.at, node.tree
    step = Step(
        kind=tree.joint if isinstance(tree, Branch) else "condition",
        words=tree.say(asked.case.lang),
        holds=row[f"{at}.holds"],
        applies=row[f"{at}.applies"],
        lo=row[f"{at}.lo"],
        hi=row[f"{at}.hi"],
    )
    if not isinstance(tree, Branch):
        return _condition(asked, step, node, tree, row)
    parts = tuple(_step(asked, part, row) for part in node.parts)
    scales = {part.measure for part in parts if part.measure is not None}
    return replace(step, parts=parts, k=tree.k, measure=scales.pop() if len(scales) == 1 else None)


def _condition(asked: _Asked, step: Step, node: _Node, leaf: Condition, row: Row) -> Step:
    """The step with its facts, the years or verdicts below it, and what is missing."""
    case, figures = asked.case, leaf.figures(asked.case.sight)
    told, parts, missing = _referred(asked, row, leaf)
    scale = figures.scale or (row["measure"] if "kpi" in row else None)
    step = replace(step, measure=_counted_in(asked, leaf, scale, row))
    if not step.applies:
        return replace(step, facts=(facts.why_not(case, row, node.at, figures),))
    missing += [*asked.cells.get((node.at, row["subject"]), ()), *facts.missing_dates(row, figures)]
    refers = bool(told or parts)
    if "kpi" in row:
        told += _figures_told(case, row, node, figures)
        parts += _years(case, row, node, figures, step)
    told += facts.of_told(case, row, node.at, figures)
    if scale is not None and not refers:
        # Of what it refers to, that says more than how many of them it is short of.
        told += facts.of_margin(case, step, scale, 0 if figures.scale else row["decimals"])
    is_open = step.holds is None
    return replace(step, facts=tuple(told), parts=tuple(parts), missing=tuple(missing) if is_open else ())


def _counted_in(asked: _Asked, leaf: Condition, scale: str | None, row: Row) -> str | None:
    """What the margin is counted in, in words; that of another rule is the other's."""
    other = next((need.rule for need in leaf.needs() if isinstance(need, RuleMargin)), None)
    if other is not None:
        return asked.other[other][row["subject"]].measure
    return None if scale is None else words.difference_measure(scale, asked.case.lang)


def _referred(asked: _Asked, row: Row, leaf: Condition) -> tuple[list[Fact], list[Step], list[Cell]]:
    """What the condition refers to: facts, the verdicts below it and what is missing of them."""
    case = asked.case
    told: list[Fact] = []
    parts: list[Step] = []
    missing: list[Cell] = []
    for need in leaf.needs():
        match need:
            case KpiCount():
                told += below.of_count(case, row, need)
                parts += _members(asked, row, need.rule)
            case RuleMargin():
                other, title = asked.other[need.rule][row["subject"]], case.rules[need.rule].title.in_(case.lang)
                parts.append(below.verdict_step(other, title, f"{need.rule}/{row['subject']}"))
            case RowCount():
                told += below.entries(case, row, need)
                missing += below.open_entries(case, row, need)
            case SideCount():
                told += below.of_side(case, row, need)
                for each in _of_goal(case, need.goal):
                    parts += _members(asked, row, each.id)
    return told, parts, missing


def _members(asked: _Asked, row: Row, rule: str) -> Iterator[Step]:
    mine = asked.members[rule].filter(pl.col("area") == row["area"])
    return below.member_steps(asked.case, rule, mine, asked.other[rule])


def _figures_told(case: Context, row: Row, node: _Node, figures: Figures) -> Iterator[Fact]:
    if not figures.in_years:
        yield from facts.of_figures(case, row, node.at, figures)
    elif len(figures.in_years) == 1:
        yield from facts.of_year(case, row, f"{node.at}/0", figures.in_years[0])
    elif row[f"{node.at}.hits"] is not None and row["year"] is not None:
        yield facts.hits(case, row, node.at, len(figures.in_years))


def _years(case: Context, row: Row, node: _Node, figures: Figures, step: Step) -> Iterator[Step]:
    """A step a calendar year, the latest first, for a condition over several."""
    if len(figures.in_years) < 2 or row["year"] is None:
        return
    for number, year in enumerate(figures.in_years):
        at = f"{node.at}/{number}"
        margin = {part: row[f"{at}.{part}"] for part in ("holds", "applies", "lo", "hi")}
        told = tuple(facts.in_short(case, row, at, year))
        yield Step(kind="year", words=str(row[f"{at}.year"]), measure=step.measure, facts=told, **margin)


def _cells(case: Context, rule: Rule, root: _Node, frame: pl.DataFrame) -> dict[tuple[str, str], tuple[Cell, ...]]:
    """By node and KPI, the missing figures that an open condition reads."""
    found: dict[tuple[str, str], tuple[Cell, ...]] = {}
    if rule.subject != "kpi":
        return found
    broken = pl.col("year") - pl.col("comparable")
    known = frame.select("subject", stale="latest_year", broken=broken)
    titles = case.data.kpis.select("kpi", "title")
    for node in _walk(root):
        if isinstance(node.tree, Branch):
            continue
        open_ = frame.filter(node.tree.margin(case.sight).holds.is_null())
        asked = cells_of(node.tree, open_, rule.id, case.sight).with_columns(subject="kpi")
        cells = of_parts(asked, case.data).join(titles, on="kpi", how="left", maintain_order="left")
        for row in cells.join(known, on="subject", how="left", maintain_order="left").rows(named=True):
            cell = Cell(
                subject=row["kpi"],
                title=row["title"],
                source=row["source"],
                year=row["year"],
                reason=row["reason"],
                note=_note(row, case.lang),
                is_part=row["kpi"] != row["subject"],
            )
            found[node.at, row["subject"]] = (*found.get((node.at, row["subject"]), ()), cell)
    return found


def _note(row: Row, lang: Lang) -> str:
    """What the reason of a missing figure does not say alone. The years are known of the subject, not of its parts."""
    if row["reason"] not in _NOTES:
        return ""
    said = _NOTES[row["reason"]].in_(lang)
    if "{}" not in said:
        return said
    when = row["stale"] if row["reason"] == "stale" else row["broken"]
    return "" if when is None or row["kpi"] != row["subject"] else said.replace("{}", str(when))
