"""Reading a rule's ``when``: which kind of condition the words make, and what no kind can know by itself.

when: {all: [{is: worse, than: peers.mean, by: material}, {is: worse, than: nation.mean}]}
when: {at_least: 2, of: [..., ..., ...]}
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import ModuleType
from typing import Final

from genomlys.engine.conditions import (
    case,
    compare,
    data,
    funnel,
    gap,
    measures,
    members,
    outlier,
    rank,
    reference,
    run,
    side,
    signals,
    trend,
    turn,
)
from genomlys.engine.conditions.base import Condition, Subject
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.conditions.scope import WHAT
from genomlys.engine.conditions.slots import known_fields
from genomlys.engine.conditions.tree import JOINTS, Branch, Joint, Tree, known_leaves, leaves
from genomlys.engine.errors import Text, nearest
from genomlys.engine.language.reader import Fields, Reader, shown
from genomlys.engine.language.template import NAME, check_slots, read_template
from genomlys.engine.language.yamlfile import Node, Scalar
from genomlys.engine.names import listed

# One line a kind. A kind says its SHAPES, whose WORDS it knows; which of them are TELLING, so that they are enough to
# recognise it; which words it takes for IS, that tell even more; and the SUBJECTS it can be asked of. Of kinds that
# share a telling word, the one that has another comes first.
KINDS: Final[tuple[ModuleType, ...]] = (
    gap,
    turn,
    funnel,
    compare,
    run,
    trend,
    rank,
    case,
    outlier,
    data,
    reference,
    members,
    side,
    measures,
    signals,
)

MOST_CONDITIONS: Final = 40
# How many comparisons "at least k of n" may be worked out as: 5 of 10 years are 461.
MOST_COMPARISONS: Final = 1000

_ASIDE: Final = ("as", "because")  # may stand in every condition
_EXAMPLES: Final[Mapping[Subject, str]] = {
    "kpi": "{is: above, than: reference}",
    "area": "{any_kpi: cost-above-reference}",
    "measure": "{status: ongoing}",
    "signal": "{kind: law}",
}
_APART: Final = Text(
    "Ta bort det ena, eller skriv två villkor i en lista under 'all' eller 'any'.",
    "Remove one of them, or write two conditions in a list below 'all' or 'any'.",
)


def read_when(reader: Reader, node: Node, scope: Scope) -> Tree | None:
    """Read ``when``. All problems go to the reader; None when there were any."""
    before = len(reader.problems)
    tree = _read(reader, node, scope)
    if tree is not None:
        _check_size(reader, node, tree)
    return tree if len(reader.problems) == before else None


def _read(reader: Reader, node: Node, scope: Scope) -> Tree | None:
    fields = reader.fields(node, Text("ett villkor", "a condition"), _example(scope.subject))
    if fields is None:
        return None
    joint = _joint(fields)
    return _read_leaf(fields, scope) if joint is None else _read_branch(fields, joint, scope)


def _example(subject: Subject) -> Text:
    return Text(f"Skriv till exempel '{_EXAMPLES[subject]}'.", f"Write for example '{_EXAMPLES[subject]}'.")


def _joint(fields: Fields) -> Joint | None:
    if not members.TELLING.isdisjoint(fields.names):
        return None  # at_least is then the number of KPIs
    return next((joint for joint in JOINTS if joint in fields), "at_least" if "of" in fields else None)


def _read_branch(fields: Fields, joint: Joint, scope: Scope) -> Branch | None:
    reader = fields.reader
    own = {"at_least", "of", "because"} if joint == "at_least" else {joint, "because"}
    if _has_foreign(fields, own, joint, _beside(joint)):
        return None
    because = fields.optional("because", lambda node, what: read_template(reader, node, what))
    k = fields.required("at_least", reader.count, example="2") if joint == "at_least" else 1
    node = fields.needed("of" if joint == "at_least" else joint, "[{…}, {…}]")
    fields.finish()
    if node is None:
        return None
    read = [_read(reader, item, scope) for item in reader.items(node)]
    parts = tuple(part for part in read if part is not None)
    if k is None or not _right_number(fields, joint, len(read), k, scope.subject) or len(parts) < len(read):
        return None
    branch = Branch(fields.place, joint, parts, k, because)
    _check_sentence(fields, scope.subject, branch)
    return branch


def _beside(joint: Joint) -> Text:
    said = f"'{{all: [{{{joint}: …}}, {{…}}]}}'"
    return Text(f"Skriv {said}.", f"Write {said}.")


def _right_number(fields: Fields, joint: Joint, found: int, k: int, subject: Subject) -> bool:
    reader, word = fields.reader, "of" if joint == "at_least" else joint
    if found == 0:
        reader.report(
            "no-condition",
            fields.value_place(word),
            Text(f"'{word}' saknar villkor.", f"'{word}' has no conditions."),
            _example(subject),
        )
        return False
    if joint == "not" and found != 1:
        reader.report(
            "one-condition",
            fields.value_place("not"),
            Text("'not' gäller ett enda villkor.", "'not' takes a single condition."),
            Text("Skriv 'not: {any: […]}' för flera.", "Write 'not: {any: […]}' for several."),
        )
        return False
    if joint == "at_least" and not 1 <= k <= found:
        how = Text("aldrig", "never") if k else Text("alltid", "always")
        reader.report(
            "never-fires" if k else "always-fires",
            fields.value_place("at_least"),
            Text(f"minst {k} av {found} villkor gäller {how.sv}.", f"at least {k} of {found} {how.en} holds."),
            Text(f"Skriv ett tal från 1 till {found}.", f"Write a number from 1 to {found}."),
        )
        return False
    return True


def _read_leaf(fields: Fields, scope: Scope) -> Condition | None:
    reader = fields.reader
    before = len(reader.problems)
    kind = _kind(fields, scope.subject)
    if kind is None:
        _report_unknown_kind(fields, scope.subject)
        return None
    if not _may_be_asked(fields, kind, scope.subject):
        return None
    if _has_foreign(fields, {*kind.WORDS, *_ASIDE}, _told_by(fields, kind)[1], _APART):
        return None
    header = Header(
        place=fields.place,
        name=fields.optional("as", lambda node, what: _name(reader, node, what)),
        because=fields.optional("because", lambda node, what: read_template(reader, node, what)),
    )
    condition: Condition | None = kind.read(fields, header, scope)
    fields.finish()
    if condition is None or len(reader.problems) > before:
        return None
    _check_sentence(fields, scope.subject, condition)
    return condition


def _name(reader: Reader, node: Node, what: Text) -> str | None:
    match = reader.phrase(node, NAME, what, "peers")
    return match[0] if match else None


def _kind(fields: Fields, subject: Subject) -> ModuleType | None:
    """The kind that the words tell of; ``is`` tells more than other words, and then the subject decides."""
    said = _is(fields)

    def fits(kind: ModuleType) -> tuple[bool, bool, bool]:
        return said in kind.IS, not kind.TELLING.isdisjoint(fields.names), subject in kind.SUBJECTS

    best = max(KINDS, key=fits)
    return best if any(fits(best)[:2]) else None


def _is(fields: Fields) -> str | None:
    node = fields.node.get("is")
    return node.text.strip() if isinstance(node, Scalar) else None


def _told_by(fields: Fields, kind: ModuleType) -> tuple[str, str]:
    """The word that made the condition one of this kind, and how messages name it: "is: above" or "status"."""
    said = _is(fields)
    if said in kind.IS:
        return "is", f"is: {said}"
    word = next(name for name in fields.names if name in kind.TELLING)
    return word, word


def _report_unknown_kind(fields: Fields, subject: Subject) -> None:
    kinds = [kind for kind in KINDS if subject in kind.SUBJECTS]
    known = sorted({word for kind in kinds for word in kind.WORDS} | set(JOINTS))
    unknown = next((name for name in fields.names if name not in _every_word()), None)
    if unknown is not None:
        fields.reader.report(
            "unknown-word",
            fields.key_place(unknown),
            Text(f"okänt ord '{shown(unknown)}'.", f"unknown word '{shown(unknown)}'."),
            nearest(unknown, known),
        )
    elif "is" in fields:
        every = [word for kind in KINDS for word in kind.IS]
        fields.optional("is", lambda node, what: fields.reader.word(node, every, what))
    else:
        fields.reader.report(
            "no-such-condition",
            fields.place,
            Text("orden bildar inget villkor.", "these words make no condition.")
            if fields.names
            else Text("villkoret är tomt.", "the condition is empty."),
            _example(subject),
        )


def _may_be_asked(fields: Fields, kind: ModuleType, subject: Subject) -> bool:
    if subject in kind.SUBJECTS:
        return True
    word, said = _told_by(fields, kind)
    if kind.SUBJECTS == ("kpi",):
        remedy = Text(
            "Skriv det i en regel för nyckeltal och hänvisa till den med 'any_kpi: regelns-id'.",
            "Write it in a rule for KPIs and refer to that with 'any_kpi: id-of-the-rule'.",
        )
    else:
        remedy = Text(
            f"Det gäller {listed([WHAT[each].sv for each in kind.SUBJECTS], 'sv')}.",
            f"It is for {listed([WHAT[each].en for each in kind.SUBJECTS], 'en')}.",
        )
    fields.refuse(
        "wrong-subject",
        fields.key_place(word),
        Text(
            f"villkoret '{said}' kan inte prövas på {WHAT[subject].sv}.",
            f"the condition '{said}' cannot be asked of {WHAT[subject].en}.",
        ),
        remedy,
    )
    return False


def _has_foreign(fields: Fields, own: set[str], said: str, remedy: Text) -> bool:
    """Whether a word of another kind stands here; which of the two was meant, nobody can tell."""
    foreign = next((name for name in fields.names if name in _every_word() and name not in own), None)
    if foreign is None:
        return False
    fields.refuse(
        "mixed-words",
        fields.key_place(foreign),
        Text(f"'{foreign}' kan inte stå bredvid '{said}'.", f"'{foreign}' cannot stand beside '{said}'."),
        Text("Bara enskilda villkor har namn.", "Only single conditions have names.") if foreign == "as" else remedy,
    )
    return True


@cache
def _every_word() -> frozenset[str]:
    return frozenset({"of", *JOINTS, *_ASIDE}).union(*(kind.WORDS for kind in KINDS))


def _check_sentence(fields: Fields, subject: Subject, tree: Tree) -> None:
    """A part's own ``because`` may use the fields of that part alone."""
    if tree.because is not None:
        check_slots(fields.reader, tree.because, known_fields(subject, known_leaves(tree), leaves(tree)))


def _check_size(reader: Reader, node: Node, tree: Tree) -> None:
    """What cannot be worked out in reasonable time cannot be read by a person either."""
    conditions = sum(1 for _ in leaves(tree))
    if conditions > MOST_CONDITIONS:
        message = Text(
            f"{conditions} villkor är för många i en regel; högst {MOST_CONDITIONS}.",
            f"{conditions} conditions are too many for a rule; at most {MOST_CONDITIONS}.",
        )
    elif comparisons(tree) > MOST_COMPARISONS:
        message = Text(
            "så många delar i 'at_least' och 'in' ger för många kombinationer att räkna.",
            "so many parts in 'at_least' and 'in' are too many combinations to work out.",
        )
    else:
        return
    remedy = Text(
        "Dela upp det i flera regler, och hänvisa till dem med 'rule: …'.",
        "Split it into several rules, and refer to them with 'rule: …'.",
    )
    reader.report("too-large", node.place, message, remedy)


def comparisons(tree: Tree) -> int:
    """How many comparisons ``margin`` writes out for the tree."""
    if isinstance(tree, Branch):
        most = max(comparisons(part) for part in tree.parts)
        return most * _of_k(len(tree.parts), tree.k if tree.joint in ("any", "at_least") else len(tree.parts))
    return _of_k(tree.years, tree.hits) if isinstance(tree, compare.Compare) else 1


@cache
def _of_k(n: int, k: int) -> int:
    """Terms of the k-th largest of n, as ``margin.k_of`` writes it."""
    return n if k in (1, n) else _of_k(n - 1, k) + 1 + _of_k(n - 1, k - 1)
