"""A rule's thresholds made wider or narrower, to see what hangs on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from genomlys.engine.conditions.base import Condition
from genomlys.engine.conditions.difference import Band
from genomlys.engine.conditions.outlier import Outlier
from genomlys.engine.conditions.tree import Branch, Tree, leaves

FACTORS = (0.5, 2.0)


def has_threshold(leaf: Condition) -> bool:
    """Whether it says how large a difference must be (``by``), or how far out a value (``beyond``)."""
    return _band(leaf) is not None or isinstance(leaf, Outlier)


def scaled(tree: Tree, factor: float, conditions: Collection[int] | None = None) -> Tree:
    """The tree with the thresholds of its conditions multiplied: those with these numbers (from 0), or all."""
    numbered = list(leaves(tree))
    wanted = numbered if conditions is None else [leaf for at, leaf in enumerate(numbered) if at in conditions]

    def changed(node: Tree) -> Tree:
        if isinstance(node, Branch):
            return replace(node, parts=tuple(map(changed, node.parts)))
        if not any(node is each for each in wanted):
            return node
        return _wider(node, factor)

    return changed(tree)


def _wider(leaf: Condition, factor: float) -> Condition:
    if isinstance(leaf, Outlier):
        return replace(leaf, beyond=leaf.beyond * factor)
    band = _band(leaf)
    wider: Condition = leaf if band is None else replace(leaf, by=band.times(factor))  # type: ignore[type-var]
    return wider


def _band(leaf: Condition) -> Band | None:
    band = getattr(leaf, "by", None)
    return band if isinstance(band, Band) and band.kind != "none" else None
