"""What can be proven of a rule's tree without any figures: that it never holds, always holds, or follows from another.

Every condition is taken as a claim about a few things that can be so or so: the sign and the size of a difference, a
side, a status. What sets the conditions' answers apart are finitely many values of each, so that all worlds there are
can be gone through. What two conditions read of the same thing is thereby held together; all else is taken to be free,
so that what is proven is so, and what is not proven may still be.

The worlds are a grid with an axis a variable: the variable's values lie along its own axis, and a claim's answers along
the axes of what it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from itertools import pairwise
from math import prod
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from genomlys.engine.conditions.base import Condition, Lags, Metric, Sight
from genomlys.engine.conditions.bases import Basis, Benchmark, Number, OwnBefore
from genomlys.engine.conditions.case import Case
from genomlys.engine.conditions.compare import Compare
from genomlys.engine.conditions.data import STATES, Data
from genomlys.engine.conditions.difference import OPPOSITE, Band
from genomlys.engine.conditions.gap import Gap
from genomlys.engine.conditions.measures import Measure
from genomlys.engine.conditions.members import Members
from genomlys.engine.conditions.outlier import Outlier
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.run import Run
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.side import SIDES, Side
from genomlys.engine.conditions.signals import Signal
from genomlys.engine.conditions.tree import Branch, Tree, leaves
from genomlys.engine.conditions.trend import Trend
from genomlys.engine.conditions.turn import Turn
from genomlys.engine.errors import Place
from genomlys.engine.language.model import Rule
from genomlys.engine.vocabulary import HORIZONS, MEASURE_STATUSES, SAVING_KINDS, SIGNAL_KINDS


class Answer(IntEnum):
    """As a verdict: not applicable, clear, unknown or flagged; in this order, of which Kleene's logic is made."""

    MEANINGLESS = 0
    FAILS = 1
    UNKNOWN = 2
    HOLDS = 3


# Each variable's values along its axis, and what is answered along some of the axes.
_Worlds: TypeAlias = Mapping[Hashable, NDArray[Any]]
_Answers: TypeAlias = NDArray[np.integer[Any]]
# A variable's words, or the numbers at which an answer turns.
_Values: TypeAlias = frozenset[Any]

# More worlds than this are not gone through, and nothing is proven. Three years of two conditions are a few hundred.
MOST_WORLDS: Final = 20_000

_STATE: Final = "state"
_OK: Final = "ok"
_MEANT: Final = ("no", "yes")
_CHOICES: Final = {"status": MEASURE_STATUSES, "horizon": HORIZONS, "saving_kind": SAVING_KINDS}
_LITERAL: Final = {
    ("worse", "lower"): "above",
    ("worse", "higher"): "below",
    ("better", "lower"): "below",
    ("better", "higher"): "above",
}
_CHANGES: Final = {"rising": "above", "falling": "below", "worsening": "worse", "improving": "better"}


@dataclass(frozen=True)
class _Claim:
    """``about``: each variable with its values; ``answers`` in worlds in which all of them have one."""

    about: Mapping[Hashable, _Values]
    answers: Callable[[_Worlds], _Answers]


def never(tree: Tree, scope: Scope, rules: Mapping[str, Rule]) -> bool:
    """Whether the tree holds in no world. ``rules``: those that references lead to, by id."""
    told = _told([tree], scope, rules)
    return told is not None and Answer.HOLDS not in told[0]


def always(tree: Tree, scope: Scope, rules: Mapping[str, Rule]) -> bool:
    """Whether there is no world in which the tree does not hold; it may be unknown or have no meaning."""
    told = _told([tree], scope, rules)
    return told is not None and Answer.HOLDS in told[0] and Answer.FAILS not in told[0]


def follows(tree: Tree, given: Tree, scope: Scope, rules: Mapping[str, Rule]) -> bool:
    """Whether ``tree`` holds in every world in which ``given`` does."""
    told = _told([given, tree], scope, rules)
    return told is not None and not ((told[0] == Answer.HOLDS) & (told[1] != Answer.HOLDS)).any()


def is_within(inner: Scope, outer: Scope) -> bool:
    """Whether all that the inner scope selects is in the outer for certain."""
    for word, values in outer.narrowing:
        mine = inner.values(word)
        all_of_them = word in ("has", "lacks", "area_has", "area_lacks")
        if not mine or not (set(values) <= set(mine) if all_of_them else set(mine) <= set(values)):
            return False
    return True


def _told(trees: Sequence[Tree], scope: Scope, rules: Mapping[str, Rule]) -> list[_Answers] | None:
    """The answers that the trees have together in all worlds; None where there are too many."""
    inlined = [_inlined(tree, scope, rules) for tree in trees]
    claims = {leaf: _claim(leaf, scope) for tree in inlined for leaf in leaves(tree)}
    spread = {variable: _spread(values) for variable, values in _about(claims.values()).items()}
    if prod(len(values) for values in spread.values()) > MOST_WORLDS:
        return None
    worlds = dict(zip(spread, np.meshgrid(*spread.values(), indexing="ij", sparse=True), strict=True))
    told = {leaf: claim.answers(worlds) for leaf, claim in claims.items()}
    return [_answers(tree, told) for tree in inlined]


def _inlined(tree: Tree, scope: Scope, rules: Mapping[str, Rule]) -> Tree:
    """With the trees that references lead to; a reference itself then says whether its rule is for the subject."""
    if isinstance(tree, Branch):
        return replace(tree, parts=tuple(_inlined(part, scope, rules) for part in tree.parts))
    if not isinstance(tree, Reference) or tree.rule not in rules:
        return tree
    rule = rules[tree.rule]
    below = _inlined(rule.when, scope, rules)
    return below if is_within(scope, rule.scope) else Branch(tree.place, "all", (below, tree), 2)


def _answers(tree: Tree, told: Mapping[Condition, _Answers]) -> _Answers:
    if not isinstance(tree, Branch):
        return told[tree]
    answers = [_answers(part, told) for part in tree.parts]
    match tree.joint:
        case "not":
            turned = Answer.HOLDS + Answer.FAILS - answers[0]
            return np.where(answers[0] == Answer.MEANINGLESS, Answer.MEANINGLESS, turned)
        case "all":
            return _at_least(answers, len(answers))
        case _:
            return _at_least(answers, tree.k)


def _at_least(answers: Sequence[_Answers], k: int) -> _Answers:
    """The k-th greatest, as of the margins: what has no meaning cannot hold."""
    reached = [sum(each >= answer for each in answers) >= k for answer in (Answer.FAILS, Answer.UNKNOWN, Answer.HOLDS)]
    return np.asarray(sum(reached))


def _about(claims: Iterable[_Claim]) -> dict[Hashable, _Values]:
    about: dict[Hashable, _Values] = {}
    for claim in claims:
        for variable, values in claim.about.items():
            about[variable] = about.get(variable, frozenset()) | values
    return about


def _spread(values: _Values) -> list[Any]:
    """Words as they are; of numbers each, one between every two, and one beyond either end."""
    ordered = sorted(values)
    if not isinstance(ordered[0], float):
        return ordered
    between = [(low + high) / 2 for low, high in pairwise(ordered)]
    return sorted([ordered[0] - 1.0, *ordered, *between, ordered[-1] + 1.0])


def _claim(leaf: Condition, scope: Scope) -> _Claim:
    match leaf:
        case Compare() | Run() | Gap() | Turn():
            return _of_figures(leaf, scope)
        case Data() if leaf.older_than is None:
            return _one_of(_STATE, (_OK, *STATES), (leaf.state,))
        case Side():
            return _where_meant(("side", leaf.goal, "judged"), _one_of(("side", leaf.goal), SIDES, leaf.sides))
        case Members():
            return _where_meant((leaf.rule, "applies"), _members(leaf))
        case Measure():
            return _measure(leaf)
        case Signal():
            kinds = scope.values("kind") or SIGNAL_KINDS
            parts = [_one_of("kind", kinds, leaf.where.kinds)] if leaf.where.kinds else []
            parts += [] if leaf.where.newer_than is None else [_below("months", float(leaf.where.newer_than))]
            return _all_of(parts)
        case Reference():
            return _where_meant((leaf.rule, "applies"), _all_of([]))
        case Trend():
            return _one_way(leaf, _CHANGES.get(leaf.change), ("trend", leaf.years), scope)
        case Case():
            return _one_way(leaf, leaf.side, "mean of peers", scope)
        case Outlier():
            return _one_way(leaf, leaf.side, ("median", leaf.among), scope)
        case _:
            return _opaque(leaf)


def _of_figures(leaf: Compare | Run | Gap | Turn, scope: Scope) -> _Claim:
    """A condition on the value beside a basis, year by year."""
    match leaf:
        case Run():
            side = _CHANGES[leaf.change]
            yearly = [_compared(side, OwnBefore(1), leaf.by, lag, scope) for lag in range(leaf.years - 1)]
            return _where_ok(_all_of(yearly))
        case Compare(than=than) | Turn(than=than) | Gap(to=than) if _lacks(scope, than):
            return _NOT_KNOWN
        case Compare():
            yearly = [_compared(leaf.side, leaf.than, leaf.by, lag, scope) for lag in range(leaf.years)]
            return _where_ok(_at_least_of(yearly, leaf.hits))
        case Turn():
            sides = [leaf.side, *[OPPOSITE[leaf.side]] * leaf.after]
            yearly = [_compared(side, leaf.than, leaf.by, lag, scope) for lag, side in enumerate(sides)]
            # Where another year's basis stands in, a comparison is known and a turn is not.
            return _where_known(("same year", leaf.than), _where_ok(_all_of(yearly)))
        case Gap(side=None):
            return _opaque(leaf)
        case Gap():
            assert leaf.side is not None
            yearly = [_compared(leaf.side, leaf.to, Band(), lag, scope) for lag in range(leaf.years)]
            return _where_known(("same year", leaf.to), _all_of([_where_ok(_all_of(yearly)), _opaque(leaf)]))


def _lacks(scope: Scope, basis: Basis) -> bool:
    return isinstance(basis, Benchmark) and basis.benchmark in scope.values("lacks")


def _members(leaf: Members) -> _Claim:
    """A number of KPIs or a share of them; of how they hang together nothing is known."""
    number, share = leaf.amount.number, leaf.amount.share
    what, limit, near = ("share", share, 1e-6) if share is not None else ("count", float(number or 0), 0.5)
    if leaf.limit == "at_least":
        return _above((what, leaf.rule), limit - near)
    return _below((what, leaf.rule), limit + near)


def _measure(leaf: Measure) -> _Claim:
    where = leaf.where
    parts = [_one_of(column, _CHOICES[column], values) for column, values in where.lists]
    parts += [] if where.older_than is None else [_above("months", float(where.older_than))]
    if where.past_due is not None:
        wanted = "passed" if where.past_due else "coming"
        parts.append(_where_meant("due date", _one_of("due", ("passed", "coming"), (wanted,))))
    return _all_of(parts)


def _compared(side: str, than: Basis, by: Band, lag: int, scope: Scope) -> _Claim:
    """A difference in one year: its sign, and its size by each way of measuring it."""
    directions = scope.values("direction")
    side = _LITERAL.get((side, directions[0]), side) if len(directions) == 1 else side
    by_direction = side in ("worse", "better")
    if isinstance(than, Number) and by.kind != "material" and not by_direction:
        limit, width = than.quantity.value, by.value * (abs(than.quantity.value) if by.kind == "relative" else 1.0)
        return _above(("own", lag), limit + width) if side == "above" else _below(("own", lag), limit - width)
    basis: Hashable = ("own", lag + than.years_ago) if isinstance(than, OwnBefore) else (than, lag)
    # Of a KPI whose direction is not known, worse may be either way.
    what = (basis, lag, by_direction)
    sign = 1 if side in ("above", "worse") else -1
    found = [_Claim({("sign", what): frozenset((-1, 0, 1))}, lambda worlds: _truth(worlds[("sign", what)] == sign))]
    size = ("size", by.kind, what)
    if by.kind == "material":
        found.append(_above(size, 1.0 + by.value))
    elif by.value > 0:
        found.append(_above(size, by.value))
    return _where_meant("direction", _all_of(found)) if by_direction else _all_of(found)


def _truth(holds: NDArray[np.bool_]) -> _Answers:
    return np.where(holds, Answer.HOLDS, Answer.FAILS)


def _one_of(variable: Hashable, values: Iterable[str], wanted: Iterable[str]) -> _Claim:
    chosen = list(wanted)
    return _Claim({variable: frozenset(values)}, lambda worlds: _truth(np.isin(worlds[variable], chosen)))


def _above(variable: Hashable, limit: float) -> _Claim:
    return _Claim({variable: frozenset((limit,))}, lambda worlds: _truth(worlds[variable] > limit))


def _below(variable: Hashable, limit: float) -> _Claim:
    return _Claim({variable: frozenset((limit,))}, lambda worlds: _truth(worlds[variable] < limit))


def _all_of(parts: Sequence[_Claim]) -> _Claim:
    return _at_least_of(parts, len(parts))


def _at_least_of(parts: Sequence[_Claim], k: int) -> _Claim:
    return _Claim(_about(parts), lambda worlds: _at_least([part.answers(worlds) for part in parts], k))


_NOT_KNOWN: Final = _Claim({}, lambda worlds: np.array(Answer.UNKNOWN))


def _where_ok(claim: _Claim) -> _Claim:
    """A figure that is missing, too old or suppressed is compared with nothing; it may also have no meaning."""
    always = np.array(_OK)
    return _Claim(claim.about, lambda worlds: _unknown_unless(worlds.get(_STATE, always) == _OK, claim.answers(worlds)))


def _where_known(variable: Hashable, claim: _Claim) -> _Claim:
    known = ("known", variable)
    about = {**claim.about, known: frozenset(_MEANT)}
    return _Claim(about, lambda worlds: _unknown_unless(worlds[known] == "yes", claim.answers(worlds)))


def _unknown_unless(known: NDArray[np.bool_], answers: _Answers) -> _Answers:
    return np.where(known | (answers == Answer.MEANINGLESS), answers, Answer.UNKNOWN)


def _where_meant(variable: Hashable, claim: _Claim) -> _Claim:
    meant = ("meant", variable)
    about = {**claim.about, meant: frozenset(_MEANT)}
    return _Claim(about, lambda worlds: np.where(worlds[meant] == "yes", claim.answers(worlds), Answer.MEANINGLESS))


def _one_way(leaf: Condition, side: str | None, of: Hashable, scope: Scope) -> _Claim:
    """A statistic of which only the side is known: it cannot lie on two. ``of``: what it is a side of."""
    directions = scope.values("direction")
    side = _LITERAL.get((side or "", directions[0]), side) if len(directions) == 1 else side
    if side not in ("above", "below", "worse", "better"):
        return _opaque(leaf)
    way, sign = ("way", of, side in ("worse", "better")), 1 if side in ("above", "worse") else -1
    turned = _Claim({way: frozenset((-1, 0, 1))}, lambda worlds: _truth(worlds[way] == sign))
    return _where_ok(_all_of([turned, _opaque(leaf)]))


def _opaque(leaf: Condition) -> _Claim:
    """A condition of which nothing is known but that it answers the same wherever it is written."""
    aside = {"place": Place(""), "name": None, "because": None, "rule_place": Place("")}
    present = {field.name for field in fields(leaf)}  # type: ignore[arg-type]  # every condition is a dataclass
    same: Any = replace(leaf, **{name: value for name, value in aside.items() if name in present})  # type: ignore[type-var]
    claim = _one_of(same, ("no", "yes"), ("yes",))
    if leaf.margin(Sight(targets=True)).applies is not None:
        claim = _where_meant(same, claim)
    reads = any(isinstance(need, Lags | Metric) for need in leaf.needs()) and not isinstance(leaf, Data)
    return _where_ok(claim) if reads else claim
