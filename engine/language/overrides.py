"""A pack that uses another: what it uses, and what it changes in it, with the reason. The used pack is never edited.

    use: [kommun@2026.1]
    override:
      - {rule: cost-above-reference, by: 3 %, reason: …, decided: 2026-03-01}
      - {rule: worsening, condition: total, by: 5 %, reason: …}
      - {rule: uneven, off: yes, reason: …}

A change is made to the words of the rule, which is then read anew: all that is checked of a rule is checked of the
changed one too, and whatever is wrong stands at its place in the pack that changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from typing import Any, Final, Literal, TypeVar

from genomlys.engine.errors import Place, Text, nearest
from genomlys.engine.language.model import Change, Move, Override, Rule
from genomlys.engine.language.reader import Fields, Reader, shown
from genomlys.engine.language.rules import Draft
from genomlys.engine.language.words import (
    DATE,
    THRESHOLDS,
    YES_OR_NO,
    Bilingual,
    ByYear,
    Either,
    Free,
    Many,
    Phrase,
    Word,
)
from genomlys.engine.language.yamlfile import Map, Node, Scalar, Seq

T = TypeVar("T", Rule, Move)

VERSION: Final = Phrase(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}", "2026.1")
USED: Final = Phrase(rf"([a-z][a-z0-9-]{{0,60}})@({VERSION.pattern})", "kommun@2026.1")
# To ask something else than how much is needed, or of other KPIs, is another rule.
_NEW: Final = Either((Free(), ByYear()))
WORDS: Final[Mapping[str, Word]] = {
    "rule": Word(Free("cost-above-reference"), Text("Regeln som ändras.", "The rule that is changed.")),
    "move": Word(Free("slow-the-cost"), Text("Förflyttningen som ändras.", "The move that is changed.")),
    "condition": Word(
        Free("peers"),
        Text(
            "Vilket av regelns villkor: dess namn (as) eller nummer.",
            "Which of its conditions: the name or the number.",
        ),
    ),
    "reason": Word(Bilingual(), Text("Varför.", "Why.")),
    "decided": Word(DATE, Text("När det beslutades.", "When it was decided.")),
    "off": Word(YES_OR_NO, Text("yes: används inte.", "yes: not used.")),
    **{word: Word(_NEW, Text("Den nya tröskeln.", "The new threshold.")) for word in THRESHOLDS},
}
USE: Final = Word(
    Many(USED), Text("Regelpaket som detta bygger på, med version.", "Packs that this one uses, with version.")
)
_JOINTS: Final = ("all", "any", "not", "of")


@dataclass(frozen=True)
class Use:
    """A pack that is used, and where that is said."""

    name: str
    version: str
    place: Place


@dataclass(frozen=True)
class Wanted:
    """An override as it is written; what it changes is not looked up yet."""

    kind: Literal["rule", "move"]
    id: str
    id_place: Place
    condition: tuple[str, Place] | None
    words: tuple[tuple[str, Node, Place], ...]
    severity: Node | None
    off: bool
    reason: Text
    decided: date | None
    examples: Node | None
    place: Place


def read_use(reader: Reader, node: Node, what: Text) -> tuple[Use, ...]:
    found = []
    for item in reader.items(node):
        match = reader.form(item, USED, what)
        if match is not None:
            found.append(Use(match[1], match[2], item.place))
    return tuple(found)


def read_override(read: Fields) -> Wanted | None:
    """One of the list below ``override``. None, and a problem, where it does not say what it changes or why."""
    reader = read.reader
    before = len(reader.problems)
    kind: Literal["rule", "move"] = "move" if "move" in read and "rule" not in read else "rule"
    id_ = read.required(kind, reader.scalar)
    condition = read.optional("condition", reader.scalar)
    words = [(word, node, read.key_place(word)) for word in THRESHOLDS if (node := read.raw(word)) is not None]
    severity = read.raw("severity") if kind == "rule" else None
    off = read.optional("off", reader.yes_or_no) or False
    reason = read.required("reason", reader.bilingual)
    decided = read.optional("decided", reader.date)
    examples = read.raw("examples") if kind == "rule" else None
    changes = [*[word for word, _, _ in words], *(["severity"] if severity is not None else [])]
    if off and changes:
        read.refuse(
            "mixed-words",
            read.key_place(changes[0]),
            Text(f"'{changes[0]}' kan inte stå bredvid 'off'.", f"'{changes[0]}' cannot stand beside 'off'."),
            Text("Det som är avstängt har ingen tröskel.", "What is off has no threshold."),
        )
    elif not off and not changes:
        read.refuse(
            "override-nothing",
            read.place,
            Text("här står inte vad som ändras.", "it does not say what is changed."),
            Text("Skriv 'by: …', 'severity: …' eller 'off: yes'.", "Write 'by: …', 'severity: …' or 'off: yes'."),
        )
    elif condition is not None and not words:
        _refuse_condition(read, "off" if off else "severity")
    read.finish()
    if len(reader.problems) > before or id_ is None or reason is None:
        return None
    at = None if condition is None else (condition, read.value_place("condition"))
    id_place = read.value_place(kind)
    found = tuple(words)
    return Wanted(kind, id_, id_place, at, found, severity, off, reason, decided, examples, read.place)


def _refuse_condition(read: Fields, word: str) -> None:
    """A condition is named where one of its own words is changed; ``word`` is of the whole."""
    read.refuse(
        "mixed-words",
        read.key_place("condition"),
        Text(
            f"'condition' kan inte stå med bara '{word}', som inte hör till ett enda villkor.",
            f"'condition' cannot stand with '{word}' alone, which is of no single condition.",
        ),
        Text(
            "Ta bort 'condition', eller skriv vilken tröskel som ändras.",
            "Remove it, or write the threshold that is changed.",
        ),
    )


def changed(reader: Reader, wanted: Wanted, draft: Draft[T], read: Callable[[Fields], Draft[T]], by: str) -> Draft[T]:
    """The rule or move as the pack ``by`` (name@version+hash) wants it; problems go to the reader."""
    found = _changed(reader, wanted, draft, read)
    if found is None or found[0].whole is None or draft.whole is None:
        return draft
    new, changes = found
    assert new.whole is not None
    if _judging(new.whole) == _judging(draft.whole):
        _report_same(reader, wanted)
        return draft
    return replace(new, whole=replace(new.whole, override=_override(wanted, draft.whole, by, changes)))


def turned_off(wanted: Wanted, draft: Draft[Rule] | Draft[Move], by: str) -> Override | None:
    """What is told of a rule or move that is not used; None where that could not be read itself."""
    return None if draft.whole is None else _override(wanted, draft.whole, by, ())


def _override(wanted: Wanted, whole: Rule | Move, by: str, changes: tuple[Change, ...]) -> Override:
    # A move's title is a sentence to be filled in; it is told by its id.
    title = whole.title if isinstance(whole, Rule) else Text(wanted.id, wanted.id)
    return Override(wanted.kind, wanted.id, title, by, wanted.off, changes, wanted.reason, wanted.decided, wanted.place)


def _report_same(reader: Reader, wanted: Wanted) -> None:
    reader.report(
        "override-nothing",
        wanted.place,
        Text("detta ändrar ingenting: så är det redan.", "this changes nothing: so it is already."),
        Text("Ta bort det.", "Remove it."),
    )


def _changed(
    reader: Reader, wanted: Wanted, draft: Draft[T], read: Callable[[Fields], Draft[T]]
) -> tuple[Draft[T], tuple[Change, ...]] | None:
    if draft.node is None or draft.whole is None:
        return None
    conditions = list(_conditions(draft.node.get("when")))
    instead: dict[int, Map] = {}
    changes: list[Change] = []
    before = len(reader.problems)
    for word, value, place in wanted.words:
        for condition in _meant(reader, wanted, conditions, word, place):
            now = instead.get(id(condition), condition)
            old = _value(now, word)
            instead[id(condition)] = _with(now, word, value)
            changes.append(Change(word, None if old is None else _said(old), _said(value)))
    if len(reader.problems) > before:
        return None
    node = _put(draft.node, instead)
    if wanted.severity is not None:
        old = draft.node.get("severity")
        changes.append(Change("severity", None if old is None else _said(old), _said(wanted.severity)))
        node = _with(node, "severity", wanted.severity)
    if wanted.kind == "rule":
        # The rule's own examples are of the rule as its own pack has it.
        node = _with(node, "examples", wanted.examples or Seq((), wanted.place))
    found = read(Fields(reader, node))
    return None if len(reader.problems) > before else (found, tuple(dict.fromkeys(changes)))


def _conditions(node: Node | None) -> Iterator[Map]:
    """The single conditions in the order they are written: as ``tree.leaves`` has them."""
    if isinstance(node, Seq):
        for item in node.items:
            yield from _conditions(item)
    elif isinstance(node, Map):
        joint = next((word for word in _JOINTS if node.get(word) is not None), None)
        if joint is None:
            yield node
        else:
            yield from _conditions(node.get(joint))


def _meant(reader: Reader, wanted: Wanted, conditions: Sequence[Map], word: str, place: Place) -> Sequence[Map]:
    """The conditions that the word is changed in: those named, else the one that has it. Empty after a problem."""
    names = dict.fromkeys(name for each in conditions if (name := _name(each)) is not None)
    if wanted.condition is not None:
        said, at = wanted.condition
        if said.isdecimal() and 1 <= int(said) <= len(conditions):
            return [conditions[int(said) - 1]]
        found = [each for each in conditions if _name(each) == said]
        if not found:
            reader.report(
                "unknown-condition",
                at,
                Text(
                    f"'{wanted.id}' har inget villkor '{shown(said)}'.",
                    f"'{wanted.id}' has no condition '{shown(said)}'.",
                ),
                nearest(said, [*names, *map(str, range(1, len(conditions) + 1))]),
            )
        return found
    having = [each for each in conditions if _value(each, word) is not None]
    if len(having) == 1 or (not having and len(conditions) == 1):
        return having or conditions
    _report_which(reader, wanted, word, place, [*names, f"1–{len(conditions)}"], bool(having))
    return ()


def _report_which(reader: Reader, wanted: Wanted, word: str, place: Place, names: Sequence[str], several: bool) -> None:
    what = Text("flera", "several") if several else Text("inget", "none")
    remedy = Text(f"Skriv 'condition: …' ({', '.join(names)}).", f"Write 'condition: …' ({', '.join(names)}).")
    if not several and word in ("at_least", "at_most"):
        # What joins conditions is not one of them, and how many it asks for makes another rule.
        remedy = Text(
            "Ett antal bredvid 'of' ändras inte: stäng av regeln med 'off: yes' och skriv en egen.",
            "A number beside 'of' is not changed: turn the rule off with 'off: yes' and write one of your own.",
        )
    reader.report(
        "which-condition",
        place,
        Text(
            f"{what.sv} av villkoren i '{wanted.id}' har '{word}'.",
            f"{what.en} of the conditions of '{wanted.id}' have '{word}'.",
        ),
        remedy,
    )


def _name(condition: Map) -> str | None:
    name = condition.get("as")
    return name.text.strip() if isinstance(name, Scalar) else None


def _value(condition: Map, word: str) -> Node | None:
    """A word's value, which may stand in a group: {any_measure: {older_than: 6 months}}."""
    own = condition.get(word)
    if own is not None:
        return own
    groups = (value for _, value in condition.entries if isinstance(value, Map))
    return next((value for group in groups if (value := group.get(word)) is not None), None)


def _with(node: Map, word: str, value: Node) -> Map:
    """The map with another value for a word, where it stands or else last."""
    if node.get(word) is not None:
        return Map(tuple((key, value if key.text == word else old) for key, old in node.entries), node.place)
    within = next((key.text for key, group in node.entries if isinstance(group, Map) and group.get(word)), None)
    if within is not None and word in THRESHOLDS:
        inner = node.get(within)
        assert isinstance(inner, Map)
        return _with(node, within, _with(inner, word, value))
    return Map((*node.entries, (Scalar(word, value.place), value)), node.place)


def _put(node: Map, instead: Mapping[int, Map]) -> Map:
    """The map with other maps instead of some of those in it."""

    def put(each: Node) -> Node:
        if id(each) in instead:
            return instead[id(each)]
        if isinstance(each, Map):
            return Map(tuple((key, put(value)) for key, value in each.entries), each.place)
        return Seq(tuple(map(put, each.items)), each.place) if isinstance(each, Seq) else each

    found = put(node)
    assert isinstance(found, Map)
    return found


def _said(node: Node) -> str:
    """A value in a few words: "3 %", "medium 5 %, high 15 %" or "2 % from 2024, 3 % from 2026 (KF § 120)"."""
    if isinstance(node, Map):
        source = node.get("source")
        if source is None:
            return ", ".join(f"{key.text} {_said(value)}" for key, value in node.entries)
        years = (f"{_said(value)} from {key.text}" for key, value in node.entries if value is not source)
        return f"{', '.join(years)} ({_said(source)})"
    return ", ".join(map(_said, node.items)) if isinstance(node, Seq) else shown(node.text)


def _judging(whole: Rule | Move) -> Any:
    """What a rule's verdicts, or a move's being proposed, depend on."""
    years = tuple(year for year, _ in whole.variants)
    told = tuple((each.when, each.severity if isinstance(each, Rule) else None) for each in whole.versions)
    return _placeless((years, told))


def _placeless(value: Any) -> Any:
    """A frozen value without the places in it: what two of them say, wherever it is written."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value):
        return (type(value), *(_placeless(getattr(value, each.name)) for each in fields(value)))
    return tuple(map(_placeless, value)) if isinstance(value, tuple) else value
