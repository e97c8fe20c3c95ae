"""What would turn a verdict: the least change of the KPI's latest value, tried on the rule itself.

A condition's margin says how far its own truth is from turning, and below all and any it may take more than
that. So every distance that some condition has is tried, in whole steps of the KPI's last printed decimal, and
the rule is asked again with the value moved: what is said here is what the rule would say. It is asked too of one
step less, so that the step told is one at which it turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final

import polars as pl

from genomlys.engine import evaluate
from genomlys.engine.amounts import format_percent
from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Condition, RuleMargin
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.errors import Lang, Text
from genomlys.engine.explain import words
from genomlys.engine.explain.context import Context, Row, with_referred
from genomlys.engine.explain.model import Step, Turn
from genomlys.engine.language.model import Rule

_DIGITS = 9  # decimals that a value may have
_EXACT = 1e-9  # of a step: what the binary numbers of decimal figures may miss

_NEVER_CLEARED: Final = Text(
    "Inget annat värde för {} hade ensamt släckt flaggan.", "No other value for {} would alone have cleared the flag."
)
_NEVER_RAISED: Final = Text(
    "Inget annat värde för {} hade ensamt tänt flaggan.", "No other value for {} would alone have raised the flag."
)


@dataclass(frozen=True)
class Turns:
    """What would turn each KPI's verdict, and by KPI and the condition's number (from 0) what would turn that alone."""

    verdict: Mapping[str, Turn]
    conditions: Mapping[tuple[str, int], Turn]


def turns(case: Context, rule: Rule, of: Sequence[str]) -> Turns:
    """For each KPI whose verdict is known and has a value: what its latest value would have to be for the other."""
    rules = with_referred(case.book, [rule.id]).rules
    known = case.frame("kpi", of).filter(
        pl.col(f"{rule.id}:applies") & pl.col(f"{rule.id}:holds").is_not_null() & pl.col("year").is_not_null()
    )
    truths = {
        number: leaf.margin(case.sight).holds for number, leaf in enumerate(leaves(rule.when)) if not _refers(leaf)
    }
    asked = [leaf for each in rules for leaf in leaves(each.when) if not _refers(leaf)]
    applies = [leaf.margin(case.sight).applies for leaf in asked]
    meant = {f"_meant{number}": one for number, one in enumerate(applies) if one is not None}
    was = [truth.alias(f"_was{number}") for number, truth in truths.items()]
    known = known.with_columns(*was, **meant, _held=pl.col(f"{rule.id}:holds"))
    distances = [distance for leaf in asked for distance in _distances(case, leaf)]
    if known.is_empty() or not distances:
        return Turns({}, {})
    grid, reads = case.judged.grid, evaluate.reads_of(rules, targets=case.sight.targets)
    assert grid is not None, "kept with the frames"

    def ask(tried: pl.DataFrame) -> pl.DataFrame:
        series, values = tried["series"].to_numpy(), tried["_value"].to_numpy()
        judged = evaluate.judge_series(grid, series, rules, reads, case.sight, instead=values).drop("series")
        # A value that the KPI cannot have, as a share below 0, turns nothing.
        possible = [one.eq_missing(pl.col(name)) for name, one in meant.items()]
        return pl.concat([judged, tried], how="horizontal").filter(pl.lit(True), *possible)

    moved = _moved(known, distances)
    tried = _Tried(ask(moved), ask, moved.columns)
    return Turns(
        _of_verdict(case, rule, known, tried, asked),
        {
            (subject, number): turn
            for number, truth in truths.items()
            for subject, turn in _of_condition(tried, number, truth, case.lang)
        },
    )


@dataclass(frozen=True)
class _Tried:
    """Values tried and what the rules say of each; ``ask`` says it of others, given as rows of ``columns``."""

    found: pl.DataFrame
    ask: Callable[[pl.DataFrame], pl.DataFrame]
    columns: Sequence[str]

    def nearest(self, turned: pl.Expr) -> pl.DataFrame:
        """Of each subject the value nearest its own at which ``turned`` holds, and not yet one step before it.

        Distances tell where a condition turns if its margin grows as the value does. Where it does not, as a slope that
        is a median, the step is found by halving what is left.
        """
        best = self.found.filter(turned)
        best = best.sort(pl.col("_shift").abs(), "_shift").unique("subject", keep="first", maintain_order=True)
        step = pl.lit(10.0).pow(-pl.col("decimals").cast(pl.Float64)) * pl.col("_shift").sign()
        open_ = best.with_columns(_low=pl.lit(0.0), _high=(pl.col("_shift") / step).round(), _step=step)
        middle = pl.col("_high") - 1
        while not (open_ := open_.filter(pl.col("_high") - pl.col("_low") > 1).with_columns(_mid=middle)).is_empty():
            shift = (pl.col("_mid") * pl.col("_step")).round(_DIGITS)
            own = pl.col("_value") - pl.col("_shift")
            nearer = open_.with_columns(_value=(own + shift).round(_DIGITS), _shift=shift).select(self.columns)
            hit = self.ask(nearer).filter(turned)
            best = pl.concat([best.join(hit, on="subject", how="anti"), hit])
            is_hit = pl.col("subject").is_in(hit["subject"].to_list())
            open_ = open_.with_columns(
                _high=pl.when(is_hit).then("_mid").otherwise("_high"),
                _low=pl.when(is_hit).then("_low").otherwise("_mid"),
            )
            middle = ((pl.col("_low") + pl.col("_high")) / 2).floor()
        return best.sort("subject")


def _of_condition(tried: _Tried, number: int, truth: pl.Expr, lang: Lang) -> Iterator[tuple[str, Turn]]:
    """The nearest value at which one condition alone is known to be the other way."""
    for row in tried.nearest(truth != pl.col(f"_was{number}")).rows(named=True):
        then = words.value(row["_value"], row["measure"], row["decimals"], lang)
        said = Text(f"vänder vid: {then}", f"turns at: {then}").in_(lang)
        yield row["subject"], Turn(said, row["_shift"], row["_value"])


def _of_verdict(
    case: Context, rule: Rule, known: pl.DataFrame, tried: _Tried, asked: Sequence[Condition]
) -> dict[str, Turn]:
    flagged = pl.col(f"{rule.id}:holds").eq_missing(True)
    turned = tried.nearest(pl.col(f"{rule.id}:applies") & (flagged != pl.col("_held")))
    open_ = pl.col(f"{rule.id}:holds").is_null().alias("_open")
    shown = turned.select("subject", "_value", "measure", "decimals", "_shift", "_held", open_)
    found = {row["subject"]: _said(row, case.lang) for row in shown.rows(named=True)}
    if all(_complete(case, leaf) for leaf in asked):
        for subject, year, held in known.select("subject", "year", "_held").iter_rows():
            never = _NEVER_CLEARED if held else _NEVER_RAISED
            found.setdefault(subject, Turn(never.in_(case.lang).replace("{}", str(year))))
    return found


def _refers(leaf: Condition) -> bool:
    return any(isinstance(need, RuleMargin) for need in leaf.needs())


def _complete(case: Context, leaf: Condition) -> bool:
    """Whether the distances of a condition tell every value at which it turns: so where it is a plain difference."""
    return bool(leaf.figures(case.sight).in_years)


def _distances(case: Context, leaf: Condition) -> Iterator[pl.Expr]:
    """How far the latest value may lie from where the condition turns (Float64, null or infinite where nowhere)."""
    figures = leaf.figures(case.sight)
    if figures.scale is not None:
        return
    margins = [year.margin.lo for year in figures.in_years] or [leaf.margin(case.sight).lo]
    yield from margins
    yield from figures.turning
    if case.sight.targets:
        # As far on the other side of the target.
        across = 2 * (columns.basis("target", 0) - columns.own(0))
        for margin in margins:
            yield from (across - margin, across + margin)


def _moved(known: pl.DataFrame, distances: Sequence[pl.Expr]) -> pl.DataFrame:
    """The frame with a row for each value to try, moved ``_shift`` from the KPI's own."""
    step = pl.lit(10.0).pow(-pl.col("decimals").cast(pl.Float64))
    steps = (pl.col("_far").abs() / pl.col("_step") - _EXACT).ceil()
    return (
        known.with_columns(_far=pl.concat_list([distance.cast(pl.Float64) for distance in distances]), _step=step)
        .explode("_far")
        .filter(pl.col("_far").is_finite())
        # At a distance of exactly the margin a condition does not hold: it may turn there, or just beyond.
        .with_columns(_steps=pl.concat_list([sign * (steps + more) for sign in (-1.0, 1.0) for more in (0.0, 1.0)]))
        .explode("_steps")
        .filter(pl.col("_steps") != 0)
        # Steps of decimal figures, without what binary numbers add.
        .with_columns(_shift=(pl.col("_steps") * pl.col("_step")).round(_DIGITS))
        .unique(["subject", "_shift"], maintain_order=True)
        .select(
            "series",
            "subject",
            "measure",
            "^_(?:held|was[0-9]+|meant[0-9]+|shift)$",
            _value=(pl.col("own.0") + pl.col("_shift")).round(_DIGITS),
        )
    )


def _said(row: Row, lang: Lang) -> Turn:
    to, by, measure, decimals = row["_value"], row["_shift"], row["measure"], row["decimals"]
    was = to - by
    moved = Text("stiger" if by > 0 else "sjunker", "rises" if by > 0 else "falls")
    flag = Text("släcks", "is cleared") if row["_held"] else Text("tänds", "is raised")
    much = words.difference(abs(by), measure, decimals, lang)
    share = f" ({format_percent(abs(by / was), lang)})" if was > 0 else ""
    then = words.value(to, measure, decimals, lang)
    open_ = Text("; utfallet blir då okänt", "; the verdict is then unknown") if row["_open"] else Text("", "")
    said = Text(
        f"Flaggan {flag.sv} om värdet {moved.sv} med {much}{share}, till {then}{open_.sv}.",
        f"The flag {flag.en} if the value {moved.en} by {much}{share}, to {then}{open_.en}.",
    )
    return Turn(said.in_(lang), by, to)


def with_turns(root: Step, of: Mapping[int, Turn]) -> Step:
    """The tree with what would turn each of its own conditions, by their number from 0."""
    numbers = count()

    def told(step: Step) -> Step:
        if step.kind == "condition":
            return replace(step, turn=of.get(next(numbers)))
        inner = step.kind in ("all", "any", "not", "at_least")
        return replace(step, parts=tuple(map(told, step.parts))) if inner else step

    return told(root)


def in_words(root: Step, lang: Lang) -> Turn | None:
    """What must begin or cease to hold for the other verdict, for subjects that have no value of their own."""
    if not root.applies or root.holds is None:
        return None
    changes, _ = _changes(root, not root.holds, lang)
    flag = Text("släcks", "is cleared") if root.holds else Text("tänds", "is raised")
    return Turn(Text(f"Flaggan {flag.sv} om {changes}.", f"The flag {flag.en} if {changes}.").in_(lang))


def _changes(step: Step, wanted: bool, lang: Lang) -> tuple[str, bool]:
    """The change in words, and whether it is several joined: then it stands in brackets among others."""
    if step.kind == "not":
        return _changes(step.parts[0], not wanted, lang)
    if step.kind not in ("all", "any", "at_least"):
        change = Text("börjar gälla", "begins to hold") if wanted else Text("inte längre gäller", "no longer holds")
        return f"{words.quoted(step.words, lang)} {change.in_(lang)}", False
    # What has no meaning here cannot begin to hold; what is already as wanted need not change.
    open_ = [part for part in step.parts if part.applies and part.holds is not wanted]
    needed = _needed(step, wanted)
    each = [_changes(part, wanted, lang) for part in open_]
    if len(each) == 1:
        return each[0]
    texts = [f"({text})" if joined else text for text, joined in each]
    if 1 < needed < len(each):
        some = Text(f"minst {needed} av detta sker: ", f"at least {needed} of these happen: ").in_(lang)
        return some + "; ".join(texts), True
    joint = Text(" eller om ", " or if ") if needed == 1 else Text(" och ", " and ")
    return joint.in_(lang).join(texts), True


def _needed(step: Step, wanted: bool) -> int:
    """How many of the parts that are not as wanted must change."""
    meant = [part for part in step.parts if part.applies]
    asked = {"all": len(step.parts), "any": 1, "at_least": step.k}[step.kind]
    holding = sum(part.holds is True for part in meant)
    if wanted:
        return asked - holding
    possible = sum(part.holds is not False for part in meant)
    return possible - asked + 1
