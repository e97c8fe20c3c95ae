"""What rules and moves say of each other: ids that must differ, references that must lead somewhere, their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Final

from genomlys.engine.conditions.base import KpiCount, RuleMargin, Subject
from genomlys.engine.conditions.members import Members
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.scope import WHAT
from genomlys.engine.conditions.tree import Tree, leaves, needs
from genomlys.engine.conditions.when import comparisons
from genomlys.engine.errors import Place, Text, nearest
from genomlys.engine.language.model import Move, Rule
from genomlys.engine.language.packdraft import MOST_RULES
from genomlys.engine.language.reader import Reader, shown
from genomlys.engine.language.rules import Draft

# Over all rules and moves: 2 000 take a quarter of a minute to work out for one municipality.
MOST_COMPARISONS: Final = 2000
MOST_MOVES: Final = 100


def check_ids(reader: Reader, kind: str, drafts: Sequence[Draft[Rule]] | Sequence[Draft[Move]]) -> None:
    taken: dict[str, Place] = {}
    what = Text("regeln", "the rule") if kind == "rule" else Text("förflyttningen", "the move")
    for draft in drafts:
        if draft.id is None:
            continue
        if draft.id in taken:
            where = taken[draft.id]
            reader.report(
                f"duplicate-{kind}",
                draft.id_place,
                Text(
                    f"{what.sv} '{draft.id}' finns redan ({where.say()}).",
                    f"{what.en} '{draft.id}' is there already ({where.say()}).",
                ),
                Text("Ge den ett annat id.", "Give it another id."),
            )
        taken.setdefault(draft.id, draft.id_place)


def check_number(reader: Reader, rules: Sequence[Draft[Rule]], moves: Sequence[Draft[Move]]) -> None:
    if len(rules) > MOST_RULES:
        reader.report(
            "too-many-rules",
            rules[MOST_RULES].id_place,
            Text(f"fler än {MOST_RULES} regler.", f"more than {MOST_RULES} rules."),
            Text("Slå ihop dem som säger samma sak.", "Merge those that say the same."),
        )
    _check_work(reader, rules, moves)
    if len(moves) > MOST_MOVES:
        reader.report(
            "too-many-moves",
            moves[MOST_MOVES].id_place,
            Text(f"fler än {MOST_MOVES} förflyttningar.", f"more than {MOST_MOVES} moves."),
            Text("Bara den första som gäller föreslås; ta bort några.", "Only the first that holds is proposed."),
        )


def _check_work(reader: Reader, rules: Sequence[Draft[Rule]], moves: Sequence[Draft[Move]]) -> None:
    """What cannot be worked out in reasonable time is told at the first rule that is too many."""
    places = [*(each.id_place for each in rules), *(each.id_place for each in moves)]
    wholes = [*(each.whole for each in rules), *(each.whole for each in moves)]
    total = 0
    for place, whole in zip(places, wholes, strict=True):
        # What changes with the years is checked as it is from each of them on.
        total += 0 if whole is None else comparisons(whole.when) * len(whole.versions)
        if total > MOST_COMPARISONS:
            message = Text(
                f"villkoren i alla regler ger fler än {MOST_COMPARISONS} jämförelser.",
                f"the conditions of all rules are more than {MOST_COMPARISONS} comparisons.",
            )
            remedy = Text(
                "Ta bort regler, eller pröva färre år i 'in'.", "Remove rules, or ask of fewer years in 'in'."
            )
            reader.report("too-many-conditions", place, message, remedy)
            return


def check_references(
    reader: Reader,
    drafts: Sequence[Draft[Rule] | Draft[Move]],
    by_id: Mapping[str, Draft[Rule]],
    complete: bool,
) -> None:
    """Every rule referred to is there and is for the subject that the reference asks of."""
    for draft in drafts:
        if draft.whole is None or draft.subject is None:
            continue
        for leaf in leaves(draft.whole.when):
            if not isinstance(leaf, Reference | Members):
                continue
            wanted: Subject = "kpi" if isinstance(leaf, Members) else draft.subject
            found = by_id.get(leaf.rule)
            if found is None and complete:
                known = sorted(rule for rule, other in by_id.items() if other.subject == wanted)
                reader.report(
                    "unknown-rule",
                    leaf.rule_place,
                    Text(
                        f"det finns ingen regel '{shown(leaf.rule)}' för {WHAT[wanted].sv}.",
                        f"there is no rule '{shown(leaf.rule)}' for {WHAT[wanted].en}.",
                    ),
                    nearest(leaf.rule, known),
                )
            elif found is not None and found.subject not in (None, wanted):
                _report_other_subject(reader, leaf, found.subject, wanted, draft.subject)


def _report_other_subject(
    reader: Reader, leaf: Reference | Members, found: Subject | None, wanted: Subject, asking: Subject
) -> None:
    assert found is not None
    if found == "kpi":
        remedy = Text(f"Skriv 'any_kpi: {leaf.rule}'.", f"Write 'any_kpi: {leaf.rule}'.")
    elif found == asking:
        remedy = Text(f"Skriv 'rule: {leaf.rule}'.", f"Write 'rule: {leaf.rule}'.")
    else:
        remedy = Text(f"Hänvisa till en regel för {WHAT[wanted].sv}.", f"Refer to a rule for {WHAT[wanted].en}.")
    reader.report(
        "wrong-rule",
        leaf.rule_place,
        Text(
            f"regeln '{leaf.rule}' gäller {WHAT[found].sv}, inte {WHAT[wanted].sv}.",
            f"the rule '{leaf.rule}' is for {WHAT[found].en}, not for {WHAT[wanted].en}.",
        ),
        remedy,
    )


def ordered(reader: Reader, rules: Sequence[Rule]) -> list[str]:
    """The ids, each after those that its rule refers to. A ring is a problem."""
    by_id = {rule.id: rule for rule in rules}
    # Tuples and not sets: the order must not depend on how this run hashes text.
    graph = {rule.id: tuple(name for name in referred(rule.when) if name in by_id) for rule in rules}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        # Python gives each before the one that refers to it; a person reads it the other way.
        ring = list(reversed(error.args[1]))
    at, other = by_id[ring[0]], ring[1]
    place = next(
        leaf.rule_place for leaf in leaves(at.when) if isinstance(leaf, Reference | Members) and leaf.rule == other
    )
    if len(ring) == 2:
        message = Text("regeln hänvisar till sig själv.", "the rule refers to itself.")
        remedy = Text("Ta bort hänvisningen.", "Remove the reference.")
    else:
        names = " → ".join(f"'{name}'" for name in ring)
        message = Text(
            f"regler hänvisar till varandra i ring: {names}.", f"rules refer to each other in a ring: {names}."
        )
        remedy = Text("Ta bort en av hänvisningarna.", "Remove one of the references.")
    reader.report("rule-cycle", place, message, remedy)
    return []


def referred(when: Tree) -> tuple[str, ...]:
    return tuple(dict.fromkeys(need.rule for need in needs(when) if isinstance(need, RuleMargin | KpiCount)))
