"""Rule packs: YAML files -> checked rules. What can be proven wrong at load is a problem at load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from genomlys.engine.conditions.base import SideCount
from genomlys.engine.conditions.tree import Tree, needs
from genomlys.engine.conditions.tree import graded_leaf as graded_leaf
from genomlys.engine.errors import Place, Problem, RuleError, Text
from genomlys.engine.language.binding import check_ids, check_number, check_references, ordered, referred
from genomlys.engine.language.model import Move, Override, Pack, Rule
from genomlys.engine.language.packdraft import PackDraft, read_pack
from genomlys.engine.language.packfiles import bundled_packs as bundled_packs
from genomlys.engine.language.reader import Reader, TooManyProblems
from genomlys.engine.language.rules import Draft
from genomlys.engine.language.using import override, with_used


@dataclass(frozen=True)
class RuleBook:
    """The rules and moves of all packs in use, rules in an order that puts what is referred to first."""

    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    moves: tuple[Move, ...]
    overrides: tuple[Override, ...] = ()

    @cached_property
    def stated_in(self) -> Mapping[str, str]:
        """By rule the packs that its verdicts come from, its own first: those of all rules that it asks, and those
        that have changed any of them."""
        own = {rule.id: pack.label for pack in self.packs for rule in pack.rules}
        changed = {rule.id: rule.override.pack for rule in self.rules if rule.override is not None}
        asked = {rule.id: [rule.id, *sorted(self.beneath(rule.when))] for rule in self.rules}
        return {
            rule: ", ".join(dict.fromkeys(at[one] for one in rules for at in (own, changed) if one in at))
            for rule, rules in asked.items()
        }

    def in_force(self, year: int) -> RuleBook:
        """The book with every threshold as it is in a year."""
        rules = tuple(rule.in_force(year) for rule in self.rules)
        return replace(self, rules=rules, moves=tuple(move.in_force(year) for move in self.moves))

    def beneath(self, when: Tree) -> frozenset[str]:
        """The ids of all rules that a tree's answer comes from, directly or through another rule."""
        trees = {rule.id: rule.when for rule in self.rules}
        found: set[str] = set()
        open_ = self._asked(when)
        while open_:
            found |= open_
            open_ = {name for rule in open_ for name in self._asked(trees[rule])} - found
        return frozenset(found)

    def _asked(self, when: Tree) -> set[str]:
        """The rules that a tree refers to, and those that its sides count."""
        goals = {need.goal for need in needs(when) if isinstance(need, SideCount)}
        return {*referred(when)} | {rule.id for rule in self.rules if rule.subject == "kpi" and rule.goal in goals}


def load_rules(*sources: str | Path) -> RuleBook:
    """Load packs (a bundled pack's name, a folder of YAML files, or one file) into one rule book.

    Raises RuleError with every problem of all of them, in order of place.
    """
    problems: list[Problem] = []
    given: list[PackDraft] = []
    asked = sources or ("kommun",)
    for source in asked:
        try:
            draft = read_pack(source)
        except RuleError as error:
            problems += error.problems
            continue
        problems += draft.reader.problems
        given.append(draft)
    drafts, complete = with_used(given, problems)
    order, overrides = _bind(drafts, problems, complete and len(given) == len(asked))
    if problems:
        raise RuleError(sorted(dict.fromkeys(problems), key=lambda each: each.place.order))
    packs = tuple(draft.pack() for draft in drafts)
    by_id = {rule.id: rule for pack in packs for rule in pack.rules}
    moves = tuple(move for pack in packs for move in pack.moves)
    return RuleBook(packs, tuple(by_id[rule] for rule in order), moves, overrides)


def sound_rules(*sources: str | Path) -> tuple[Rule, ...]:
    """Of packs that may have mistakes the rules that have none, and ask none that has: as they stand, in the order
    written. None of packs that are too large."""
    drafts: list[Draft[Rule]] = []
    for source in sources:
        try:
            drafts += read_pack(source).rules
        except RuleError:
            continue
    reader = Reader()
    check_number(reader, drafts, ())
    found = {} if reader.problems else {draft.whole.id: draft.whole for draft in drafts if draft.whole is not None}
    while astray := [rule.id for rule in found.values() if not set(referred(rule.when)) <= found.keys()]:
        for name in astray:
            del found[name]
    return tuple(found.values())


def _bind(
    drafts: Sequence[PackDraft], problems: list[Problem], complete: bool
) -> tuple[list[str], tuple[Override, ...]]:
    """Check what packs and rules say of each other, and let them change each other as they say.

    The ids of the rules, what is referred to first, and what was changed.
    """
    reader = Reader()
    try:
        if _are_apart(reader, drafts):
            overrides = override(reader, drafts, complete)
            rules = [rule for draft in drafts for rule in draft.rules]
            moves = [move for draft in drafts for move in draft.moves]
            check_ids(reader, "rule", rules)
            check_ids(reader, "move", moves)
            check_number(reader, rules, moves)
            complete = complete and all(draft.complete for draft in drafts)
            if not any(problem.code == "off-but-referred" for problem in reader.problems):
                check_references(reader, [*rules, *moves], {rule.id: rule for rule in rules if rule.id}, complete)
            return ordered(reader, [rule.whole for rule in rules if rule.whole is not None]), overrides
    except TooManyProblems:
        pass
    finally:
        problems += reader.problems
    return [], ()


def _are_apart(reader: Reader, drafts: Sequence[PackDraft]) -> bool:
    """Whether no two packs have one name; every rule would be there twice."""
    first: dict[str, Place] = {}
    for draft in drafts:
        places = [header.fields.value_place("pack") for header in draft.headers if header.name == draft.name]
        if draft.name in first and places:
            reader.report(
                "duplicate-pack",
                places[0],
                Text(
                    f"regelpaketet '{draft.name}' finns redan ({first[draft.name].file}).",
                    f"the pack '{draft.name}' is there already ({first[draft.name].file}).",
                ),
                Text("Ange det en gång, eller ge det ett annat namn.", "Give it once, or give it another name."),
            )
        elif places:
            first[draft.name] = places[0]
    return not reader.problems
