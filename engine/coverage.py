"""What the examples of a pack's rules do not exercise: outcomes, levels of severity, and answers of conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genomlys.engine.conditions.base import Condition, Sight
from genomlys.engine.conditions.data import Data
from genomlys.engine.conditions.measures import AnyMeasure, Measure
from genomlys.engine.conditions.members import Members
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.signals import AnySignal, Signal
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.examples import Outcome, Truth
from genomlys.engine.language.lint import reachable_levels
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook

_ANSWERS: Final[Mapping[Truth, Text]] = {
    "holds": Text("gäller", "holds"),
    "fails": Text("inte gäller", "does not hold"),
    "unknown": Text("är okänt", "is unknown"),
}


@dataclass(frozen=True)
class Gap:
    """Something that could come of a rule and comes of none of its examples."""

    rule: str
    place: Place
    says: Text


@dataclass(frozen=True)
class Coverage:
    """Of all that could come of the rules, how much comes of an example; ``gaps`` are the rest, in the pack's order."""

    possible: int
    gaps: tuple[Gap, ...]

    @property
    def exercised(self) -> int:
        return self.possible - len(self.gaps)

    @property
    def percent(self) -> float:
        return 100.0 * self.exercised / self.possible if self.possible else 100.0


def coverage(book: RuleBook, outcomes: Sequence[Outcome]) -> Coverage:
    """Of the rules of packs that no other uses, which are tested as such, and of changed rules with examples.

    What an example expects does not matter here, only what came of it.
    """
    rules = {rule.id: rule for pack in book.packs for rule in pack.rules}
    used = {name for pack in book.packs for name in pack.uses}
    own = [rule for pack in book.packs if pack.name not in used for rule in pack.rules]
    changed = [rule for rule in rules.values() if rule.override is not None and rule.examples]
    possible, gaps = 0, []
    for rule in dict.fromkeys([*own, *changed]):
        mine = [outcome for outcome in outcomes if outcome.rule == rule.id]
        for seen, place, says in _possible(rule, mine, rules):
            possible += 1
            gaps += [] if seen else [Gap(rule.id, place, says)]
    return Coverage(possible, tuple(gaps))


def _possible(rule: Rule, outcomes: Sequence[Outcome], rules: Mapping[str, Rule]) -> Iterator[tuple[bool, Place, Text]]:
    """All that could come of the rule: whether it came of an example, and how it is said where it did not."""
    for status in _statuses(rule, rules):
        seen = any(outcome.actual == status for outcome in outcomes)
        yield seen, rule.place, Text(f"inget exempel är '{status}'.", f"no example is '{status}'.")
    worded = any(example.expected.texts for example in rule.examples)
    yield worded, rule.place, Text("inget exempel säger hela texten.", "no example states the whole text.")
    for level in reachable_levels(rule):
        seen = any(outcome.severity == level for outcome in outcomes)
        yield (
            seen,
            rule.place,
            Text(f"inget exempel har allvarsgraden '{level}'.", f"no example has the severity '{level}'."),
        )
    for number, leaf in enumerate(leaves(rule.when)):
        answers = {outcome.conditions[number] for outcome in outcomes if outcome.conditions}
        for answer, words in _ANSWERS.items():
            if answer != "unknown" or _may_be_unknown(leaf, rules):
                yield answer in answers, leaf.place, Text(_said(leaf, words, "sv"), _said(leaf, words, "en"))


def _said(leaf: Condition, answer: Text, lang: Lang) -> str:
    said = leaf.say(lang)
    return Text(f"inget exempel där '{said}' {answer.sv}.", f"no example where '{said}' {answer.en}.").in_(lang)


def _statuses(rule: Rule, rules: Mapping[str, Rule]) -> Iterator[str]:
    yield from ("flagged", "clear")
    if any(_may_be_unknown(leaf, rules) for leaf in leaves(rule.when)):
        yield "unknown"
    # A KPI may be declared not applicable, and a condition may have no meaning for some of what is in scope.
    if rule.subject == "kpi" or rule.scope.narrowing or rule.when.margin(Sight(targets=True)).applies is not None:
        yield "not_applicable"


def _may_be_unknown(leaf: Condition, rules: Mapping[str, Rule]) -> bool:
    """Whether there are figures, or a lack of them, that leave a condition open for the home unit."""
    match leaf:
        case Data():
            return False
        case Measure() | AnyMeasure():
            return leaf.where.older_than is not None
        case Signal() | AnySignal():
            return leaf.where.newer_than is not None
        case Reference() | Members():
            return any(_may_be_unknown(below, rules) for below in leaves(rules[leaf.rule].when))
        case _:
            return True
