"""The boolean tree of a rule: all, any, not, at_least over the closed kinds of condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import polars as pl

from genomlys.engine.conditions.base import Condition, Need, Sight, phrase
from genomlys.engine.conditions.margin import Margin, all_of, any_of, k_of, negated
from genomlys.engine.errors import Lang, Place
from genomlys.engine.language.template import Template

Joint = Literal["all", "any", "not", "at_least"]
JOINTS: tuple[Joint, ...] = ("all", "any", "not", "at_least")


@dataclass(frozen=True)
class Branch:
    """An inner node. ``k`` is the number asked for by at_least."""

    place: Place
    joint: Joint
    parts: tuple[Branch | Condition, ...]
    k: int = 1
    because: Template | None = None

    def margin(self, sight: Sight) -> Margin:
        margins = [part.margin(sight) for part in self.parts]
        match self.joint:
            case "all":
                return all_of(margins)
            case "any":
                return any_of(margins, sight.once)
            case "not":
                return negated(margins[0])
            case "at_least":
                return k_of(margins, self.k, sight.once)

    def say(self, lang: Lang) -> str:
        match self.joint:
            case "all":
                return phrase("allt detta", "all of these", lang)
            case "any":
                return phrase("något av detta", "any of these", lang)
            case "not":
                return phrase("inte detta", "not this", lang)
            case "at_least":
                return phrase(f"minst {self.k} av dessa", f"at least {self.k} of these", lang)


Tree = Branch | Condition


def leaves(tree: Tree) -> Iterator[Condition]:
    """The conditions in the order they are written."""
    if isinstance(tree, Branch):
        for part in tree.parts:
            yield from leaves(part)
    else:
        yield tree


def certain_leaves(tree: Tree) -> Iterator[Condition]:
    """The conditions that hold whenever the tree holds: those below ``all`` alone."""
    if not isinstance(tree, Branch):
        yield tree
    elif tree.joint == "all" or (tree.joint in ("any", "at_least") and tree.k == len(tree.parts)):
        for part in tree.parts:
            yield from certain_leaves(part)


def known_leaves(tree: Tree) -> Iterator[Condition]:
    """The conditions whose figures are known whenever the tree holds: the certain ones, and those denied."""
    if isinstance(tree, Branch) and tree.joint == "not":
        if not isinstance(tree.parts[0], Branch):
            yield tree.parts[0]
    elif isinstance(tree, Branch) and (tree.joint == "all" or len(tree.parts) == tree.k):
        for part in tree.parts:
            yield from known_leaves(part)
    elif not isinstance(tree, Branch):
        yield tree


def needs(tree: Tree) -> tuple[Need, ...]:
    return tuple(dict.fromkeys(need for leaf in leaves(tree) for need in leaf.needs()))


def graded_leaf(when: Tree) -> Condition | None:
    """The first certain condition with a gap relative to a basis, which severity and money follow."""
    for leaf in certain_leaves(when):
        if leaf.figures(Sight()).gap_ratio is not None:
            return leaf
    return None


def chance(tree: Tree) -> float | None:
    """The most probable that it can be that the tree holds by chance alone; None where that is not known.

    Nothing is taken for granted of how the conditions depend on each other: all of them together are at most as
    probable as the least probable one, any of them at most as probable as all added up, and at least k of them at
    most a k-th of that (Markov's inequality).
    """
    if not isinstance(tree, Branch):
        return tree.figures(Sight()).chance
    parts = [chance(part) for part in tree.parts]
    known = [part for part in parts if part is not None]
    k = len(parts) if tree.joint == "all" else tree.k
    if tree.joint == "not" or not known:
        return None
    if k == len(parts):
        return min(known)
    return min(1.0, sum(known) / k) if len(known) == len(parts) else None


def p_value(tree: Tree, sight: Sight) -> pl.Expr | None:
    """The p-value of a tree: that of the test that must hold whenever it does, and of several the largest.

    Of the conditions that must all hold none does by chance more often than the p of any of them says. Null where
    one of them is not known; None where no condition that must hold makes a test.
    """
    tests = [leaf.figures(sight).p for leaf in certain_leaves(tree)]
    found = [p for p in tests if p is not None]
    if not found:
        return None
    return pl.when(pl.all_horizontal([p.is_not_null() for p in found])).then(pl.max_horizontal(found))
