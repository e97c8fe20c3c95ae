"""What is likely or certainly wrong with rules that can be loaded: what ``check`` tells beyond the reader's problems.

Each check is one function from the rules to problems, listed in ``CHECKS``. What is proven is an error; what a
person may have meant all the same is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from genomlys.engine.conditions.compare import Compare
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.tree import Branch, Tree, graded_leaf, leaves
from genomlys.engine.errors import Problem, Text
from genomlys.engine.language.model import Move, Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.language.proof import always, follows, is_within, never
from genomlys.engine.language.reader import shown
from genomlys.engine.language.template import Part, Template, place_in
from genomlys.engine.language.yamlfile import Node

_AREA: Final = Scope("area")


@dataclass(frozen=True)
class _Book:
    """The rules as the checks ask for them."""

    rules: tuple[Rule, ...]
    moves: tuple[Move, ...]
    by_id: Mapping[str, Rule]


Check = Callable[[_Book], Iterator[Problem]]


def lint(book: RuleBook) -> tuple[Problem, ...]:
    """All that the checks find, in order of place."""
    rules = tuple(rule for pack in book.packs for rule in pack.rules)
    return _checked(rules, book.moves, CHECKS)


def lint_alone(rules: Sequence[Rule]) -> tuple[Problem, ...]:
    """What they find of each rule by itself, where others beside it cannot be read."""
    return _checked(rules, (), OF_ONE)


def _checked(rules: Sequence[Rule], moves: Sequence[Move], checks: Sequence[Check]) -> tuple[Problem, ...]:
    asked = _Book(tuple(rules), tuple(moves), {rule.id: rule for rule in rules})
    found = [problem for check in checks for problem in check(asked)]
    return tuple(sorted(found, key=lambda each: each.place.order))


def _never_or_always(book: _Book) -> Iterator[Problem]:
    """A rule or a part of one that cannot come out more than one way."""
    scopes: list[tuple[Rule | Move, Scope]] = [
        *((rule, rule.scope) for rule in book.rules),
        *((move, _AREA) for move in book.moves),
    ]
    for whole, scope in scopes:
        # What changes with the years is asked of as it is from each of them on.
        trees = [each.when for each in whole.versions]
        yield from dict.fromkeys(each for tree in trees for each in _settled(tree, scope, book.by_id, "all"))


def _settled(tree: Tree, scope: Scope, by_id: Mapping[str, Rule], joint: str, whole: bool = True) -> Iterator[Problem]:
    """``joint``: the node above. A part that never holds matters below any, one that always does below all."""
    if never(tree, scope, by_id):
        if whole or joint in ("any", "at_least"):
            yield _never(tree)
            return
    elif (whole or joint == "all") and always(tree, scope, by_id):
        yield _always(tree)
        return
    if isinstance(tree, Branch):
        for part in tree.parts:
            yield from _settled(part, scope, by_id, tree.joint, whole=False)


def _never(tree: Tree) -> Problem:
    return Problem(
        "never-fires",
        tree.place,
        Text(
            "detta kan aldrig gälla: delarna utesluter varandra.", "this can never hold: its parts exclude each other."
        )
        if isinstance(tree, Branch)
        else Text(
            "villkoret kan aldrig gälla för det som regeln är till för.",
            "the condition can never hold for what the rule is for.",
        ),
        Text("Ändra en gräns, eller ta bort det.", "Change a limit, or remove it."),
    )


def _always(tree: Tree) -> Problem:
    return Problem(
        "always-fires",
        tree.place,
        Text(
            "detta gäller alltid, så att ingenting prövas.",
            "this always holds, so that nothing is asked.",
        ),
        Text("Ändra en gräns, eller ta bort det.", "Change a limit, or remove it."),
    )


def _implied(book: _Book) -> Iterator[Problem]:
    """Two rules that tell the same of the same: equal, or one never flagged without the other."""
    for number, rule in enumerate(book.rules):
        for other in book.rules[:number]:
            if (rule.subject, rule.tells, rule.goal) == (other.subject, other.tells, other.goal):
                yield from _overlap(rule, other, book.by_id)


def _overlap(rule: Rule, other: Rule, by_id: Mapping[str, Rule]) -> Iterator[Problem]:
    within, around = is_within(rule.scope, other.scope), is_within(other.scope, rule.scope)
    implied = within and follows(other.when, rule.when, rule.scope, by_id)
    implies = around and follows(rule.when, other.when, other.scope, by_id)
    if implied and implies:
        yield Problem(
            "duplicate-condition",
            rule.place,
            Text(
                f"regeln '{rule.id}' flaggar detsamma som '{other.id}' ({other.place.say()}).",
                f"the rule '{rule.id}' flags the same as '{other.id}' ({other.place.say()}).",
            ),
            Text("Ta bort den ena.", "Remove one of them."),
            "warning",
        )
    elif implied and not _refers(rule, other):
        yield _told_twice(rule, other)
    elif implies and not _refers(other, rule):
        yield _told_twice(other, rule)


def _told_twice(rule: Rule, other: Rule) -> Problem:
    return Problem(
        "implied-rule",
        rule.place,
        Text(
            f"regeln '{rule.id}' flaggar aldrig utan att '{other.id}' också gör det ({other.place.say()}).",
            f"the rule '{rule.id}' is never flagged without '{other.id}' ({other.place.say()}).",
        ),
        Text(
            "Säg skillnaden med nivåer i 'severity' i en enda regel, låt reglerna utesluta varandra, eller stäng av en "
            "under 'override'.",
            "Tell the difference by levels of 'severity' in one rule, let the rules exclude each other, or turn one "
            "off below 'override'.",
        ),
        "warning",
    )


def _refers(rule: Rule, other: Rule) -> bool:
    """Whether one names the other, so that its author knows of both."""
    return any(isinstance(leaf, Reference) and leaf.rule == other.id for leaf in leaves(rule.when))


def _moves_never_proposed(book: _Book) -> Iterator[Problem]:
    """The first move that holds is proposed, so that one which an earlier implies never is."""
    for number, move in enumerate(book.moves):
        first = next((earlier for earlier in book.moves[:number] if _always_before(earlier, move, book.by_id)), None)
        if first is not None:
            yield Problem(
                "never-proposed",
                move.place,
                Text(
                    f"förflyttningen '{move.id}' föreslås aldrig: '{first.id}' gäller då också och står före.",
                    f"the move '{move.id}' is never proposed: '{first.id}' then holds too and stands before it.",
                ),
                Text("Flytta upp den, eller ta bort den.", "Move it up, or remove it."),
                "warning",
            )


def _always_before(earlier: Move, move: Move, by_id: Mapping[str, Rule]) -> bool:
    """Whether the earlier of two moves holds whenever the other does, in every year that either changes."""
    years = {year for each in (earlier, move) for year, _ in each.variants} or {0}
    pairs = ((earlier.in_force(year), move.in_force(year)) for year in sorted(years, reverse=True))
    return all(follows(first.when, other.when, _AREA, by_id) for first, other in pairs)


def _levels_never_given(book: _Book) -> Iterator[Problem]:
    for rule in book.rules:
        unreachable = set(dict(rule.severity.from_gap)) - set(reachable_levels(rule))
        for level in sorted(unreachable):
            yield Problem(
                "level-never-given",
                dict(rule.severity.places).get(level, rule.place),
                Text(
                    f"nivån '{level}' i 'severity' ges aldrig: villkoret kräver redan en större skillnad.",
                    f"the level '{level}' of 'severity' is never given: the condition demands a larger gap already.",
                ),
                Text("Ta bort nivån, eller ändra gränserna.", "Remove the level, or change the limits."),
                "warning",
            )


def reachable_levels(rule: Rule) -> tuple[str, ...]:
    """The levels of severity that a flagged verdict of the rule can have, lowest first."""
    if rule.severity.fixed is not None:
        return (rule.severity.fixed,)
    leaf, levels = graded_leaf(rule.when), rule.severity.from_gap
    demanded = 0.0
    if isinstance(leaf, Compare) and leaf.years == 1 and leaf.by.kind == "relative":
        demanded = leaf.by.value
    # A gap is graded by the last limit it reaches, so that a level ends where the next begins.
    ends = [limit for _, limit in levels[1:]]
    return tuple(level for (level, _), end in zip(levels, [*ends, None], strict=True) if end is None or end > demanded)


def _numbers_in_texts(book: _Book) -> Iterator[Problem]:
    """A number that is written and not filled in is wrong as soon as a limit or a figure changes."""
    texts: list[tuple[Node, tuple[Part, ...]]] = []
    for template in _templates(book):
        texts += [(template.sv_at, template.sv), (template.en_at, template.en)]
    for at, parts in dict.fromkeys(texts):
        numbers = re.findall(r"[0-9]+(?:[.,][0-9]+)?", " ".join(part for part in parts if isinstance(part, str)))
        if numbers:
            said = shown(numbers[0])
            # Not one in the name of a field.
            alone = rf"(?<![a-z0-9_]){re.escape(numbers[0])}"
            yield Problem(
                "number-in-text",
                place_in(at, alone),
                Text(
                    f"talet {said} står skrivet i texten och blir fel när en gräns eller ett värde ändras.",
                    f"the number {said} is written in the text and will be wrong when a limit or a figure changes.",
                ),
                Text("Skriv ett fält, '{…}', eller utelämna talet.", "Write a field, '{…}', or leave the number out."),
                "warning",
            )


def _templates(book: _Book) -> Iterator[Template]:
    for rule in book.rules:
        yield rule.because
    for move in book.moves:
        yield from (move.title, move.description, move.gain)
    for tree in [*(rule.when for rule in book.rules), *(move.when for move in book.moves)]:
        yield from (node.because for node in _nodes(tree) if node.because is not None)


def _nodes(tree: Tree) -> Iterator[Tree]:
    yield tree
    if isinstance(tree, Branch):
        for part in tree.parts:
            yield from _nodes(part)


def _no_examples(book: _Book) -> Iterator[Problem]:
    """A rule that another pack changes has its examples in its own pack, and need not have more."""
    for rule in book.rules:
        if not rule.examples and rule.override is None:
            yield Problem(
                "no-examples",
                rule.place,
                Text(f"regeln '{rule.id}' har inga exempel.", f"the rule '{rule.id}' has no examples."),
                Text(
                    "Skriv ett som flaggas, med sin text, ett som inte gör det och ett där ett värde saknas.",
                    "Write one that is flagged, with its text, one that is clear and one where a figure is missing.",
                ),
                "warning",
            )


def _same_titles(book: _Book) -> Iterator[Problem]:
    """What fails is told by its title."""
    for rule in book.rules:
        ordered = sorted(rule.examples, key=lambda example: example.title)
        for first, second in pairwise(ordered):
            if first.title == second.title:
                yield Problem(
                    "duplicate-example",
                    second.place,
                    Text(
                        f"två exempel heter '{shown(second.title)}'.",
                        f"two examples are called '{shown(second.title)}'.",
                    ),
                    Text("Säg vad som skiljer dem.", "Say what sets them apart."),
                    "warning",
                )


OF_ONE: Final[tuple[Check, ...]] = (
    _never_or_always,
    _levels_never_given,
    _numbers_in_texts,
    _no_examples,
    _same_titles,
)
CHECKS: Final[tuple[Check, ...]] = (*OF_ONE, _implied, _moves_never_proposed)
