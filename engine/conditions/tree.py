"""The boolean tree of a rule: all, any, not, at_least over the closed kinds of condition.

when: {all: [{is: worse, than: peers.mean, by: material}, {is: worse, than: nation.mean}]}
when: {at_least: 2, of: [..., ..., ...]}
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from genomlys.engine.conditions import (
    compare,
    data,
    measures,
    members,
    reference,
    run,
    side,
    signals,
)
from genomlys.engine.conditions.base import Condition, Need, Sight, phrase
from genomlys.engine.conditions.margin import Margin, all_of, any_of, k_of, negated
from genomlys.engine.conditions.reading import Header, Scope
from genomlys.engine.errors import Lang, Place, Text, nearest
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.yamlfile import Node

# One line a kind. The first that accepts the words reads them.
KINDS: tuple[ModuleType, ...] = (compare, run, data, reference, members, side, measures, signals)

Joint = Literal["all", "any", "not", "at_least"]
_JOINTS: tuple[Joint, ...] = ("all", "any", "not", "at_least")
_HEADER_WORDS = ("as", "because")


@dataclass(frozen=True)
class Branch:
    """An inner node. ``k`` is the number asked for by at_least."""

    place: Place
    joint: Joint
    parts: tuple[Branch | Condition, ...]
    k: int = 1
    because: Text | None = None

    def margin(self, sight: Sight) -> Margin:
        margins = [part.margin(sight) for part in self.parts]
        match self.joint:
            case "all":
                return all_of(margins)
            case "any":
                return any_of(margins)
            case "not":
                return negated(margins[0])
            case "at_least":
                return k_of(margins, self.k)

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


def read_tree(reader: Reader, node: Node, scope: Scope) -> Tree | None:
    """Read ``when``. All problems go to the reader; None when there were any in this part."""
    fields = reader.fields(node, Text("Ett villkor", "A condition"))
    if fields is None:
        return None
    joint = next((word for word in _JOINTS if word in fields and not _is_count_of_kpis(fields)), None)
    return _read_leaf(fields, scope) if joint is None else _read_branch(fields, joint, scope)


def _is_count_of_kpis(fields: Fields) -> bool:
    return "kpis" in fields


def _read_branch(fields: Fields, joint: Joint, scope: Scope) -> Branch | None:
    reader = fields.reader
    because = fields.optional("because", reader.bilingual)
    k = 1
    if joint == "at_least":
        k = fields.required("at_least", reader.count) or 0
        node = fields.needed("of")
    else:
        node = fields.raw(joint)
    fields.finish()
    if node is None:
        return None
    read = [read_tree(reader, item, scope) for item in reader.items(node)]
    parts = tuple(part for part in read if part is not None)
    if not _right_number(fields, joint, len(read), k) or len(parts) < len(read):
        return None
    return Branch(fields.place, joint, parts, k, because)


def _right_number(fields: Fields, joint: Joint, found: int, k: int) -> bool:
    place = fields.key_place(joint)
    if joint == "not" and found != 1:
        fields.reader.report(
            "one-condition",
            place,
            Text("'not' gäller ett enda villkor.", "'not' takes exactly one condition."),
            Text("Skriv 'not: {any: […]}' för flera.", "Write 'not: {any: […]}' for several."),
        )
        return False
    if found == 0:
        fields.reader.report("no-condition", place, Text(f"'{joint}' saknar villkor.", f"'{joint}' has no conditions."))
        return False
    if joint == "at_least" and not 1 <= k <= found:
        fields.reader.report(
            "never-fires" if k > found else "always-fires",
            place,
            Text(f"minst {k} av {found} villkor är inte möjligt.", f"at least {k} of {found} is not possible."),
            Text(f"Skriv ett tal från 1 till {found}.", f"Write a number from 1 to {found}."),
        )
        return False
    return True


def _read_leaf(fields: Fields, scope: Scope) -> Condition | None:
    reader = fields.reader
    header = Header(
        place=fields.place,
        name=fields.optional("as", reader.scalar),
        because=fields.optional("because", reader.bilingual),
    )
    kind = next((kind for kind in KINDS if kind.accepts(fields)), None)
    if kind is None:
        _report_unknown_kind(fields, scope)
        return None
    before = len(reader.problems)
    if scope.subject not in kind.SUBJECTS:
        what = ", ".join(sorted(kind.WORDS & fields.names))
        reader.report(
            "wrong-subject",
            fields.place,
            Text(
                f"villkoret ({what}) kan inte prövas för '{scope.subject}'.",
                f"the condition ({what}) cannot be asked of '{scope.subject}'.",
            ),
            Text(
                f"Det gäller: {', '.join(kind.SUBJECTS)}.",
                f"It is for: {', '.join(kind.SUBJECTS)}.",
            ),
        )
        return None
    condition: Condition | None = kind.read(fields, header, scope)
    fields.finish()
    return condition if len(reader.problems) == before else None


def _report_unknown_kind(fields: Fields, scope: Scope) -> None:
    known = sorted({word for kind in KINDS if scope.subject in kind.SUBJECTS for word in kind.WORDS} | set(_JOINTS))
    unknown = [name for name in sorted(fields.names) if name not in (*known, *_HEADER_WORDS)]
    if unknown:
        fields.reader.report(
            "unknown-word",
            fields.key_place(unknown[0]),
            Text(f"okänt ord '{unknown[0]}'.", f"unknown word '{unknown[0]}'."),
            nearest(unknown[0], known),
        )
        return
    fields.reader.report(
        "no-such-condition",
        fields.place,
        Text("orden bildar inget villkor.", "these words make no condition."),
        Text(
            "Skriv till exempel '{is: above, than: reference}'.",
            "Write for example '{is: above, than: reference}'.",
        ),
    )
