"""Reading one rule and one move: their words, and what these say of each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Generic, TypeVar

from genomlys.engine.conditions.base import Subject
from genomlys.engine.conditions.scope import Scope, read_scope
from genomlys.engine.conditions.slots import known_fields
from genomlys.engine.conditions.subjects import MOVE_FIELDS
from genomlys.engine.conditions.tree import Tree, graded_leaf, known_leaves, leaves
from genomlys.engine.conditions.when import read_when
from genomlys.engine.errors import Place, Text
from genomlys.engine.language.dated import dated_values, of_year, read_dated
from genomlys.engine.language.examples import read_examples
from genomlys.engine.language.model import GOALS, TELLS, Changing, Move, Rule, Severity
from genomlys.engine.language.reader import Fields, Reader, below
from genomlys.engine.language.template import Known, check_slots, read_template
from genomlys.engine.language.yamlfile import Map, Node
from genomlys.engine.vocabulary import HORIZONS, LEVELS

T = TypeVar("T", bound=Changing)

MOST_CHANGES: Final = 20
MOST_CHANGES_IN_ALL: Final = 1000
_AREA: Final = Scope("area")
_MOVE_KNOWN: Final = Known({name: field.kind for name, field in MOVE_FIELDS.items()})
_LEVELS_EXAMPLE: Final = Text(
    "Skriv till exempel '{medium: 2 %, high: 10 %}'.", "Write for example '{medium: 2 %, high: 10 %}'."
)


@dataclass(frozen=True)
class Draft(Generic[T]):
    """What was read of a rule or move, also of one that has problems: others may refer to it all the same.

    ``id`` and ``subject`` are None where they could not be read; ``whole`` is None if anything could not. ``node`` is
    what was written.
    """

    id: str | None
    id_place: Place
    subject: Subject | None
    whole: T | None
    node: Map | None = None


def read_rule(fields: Fields) -> Draft[Rule]:
    return _of_years(fields, _read_rule)


def read_move(fields: Fields) -> Draft[Move]:
    return _of_years(fields, _read_move)


def _of_years(fields: Fields, read: Callable[[Fields], Draft[T]]) -> Draft[T]:
    """What ``read`` makes of it; where thresholds change with the years, of it as it is from each such year on."""
    found = list(dated_values(fields.node))
    if not found:
        return read(fields)
    reader = fields.reader
    dated = [each for word, node in found if (each := read_dated(reader, word, node)) is not None]
    years = sorted({year for each in dated for year, _ in each.values})
    if len(dated) < len(found) or not _are_few(reader, found[0][1], len(years)):
        return Draft(fields.required("id", _read_id(reader)), _id_place(fields), None, None)
    drafts = [read(Fields(reader, of_year(fields.node, year))) for year in years]
    last, wholes = drafts[-1], [draft.whole for draft in drafts if draft.whole is not None]
    if last.whole is None or len(wholes) < len(drafts):
        return replace(last, whole=None)
    whole = replace(last.whole, dated=tuple(dated), variants=tuple(zip(years, wholes, strict=True)))
    return replace(last, whole=whole, node=fields.node)


def _are_few(reader: Reader, node: Map, years: int) -> bool:
    """Whether thresholds change no more often than anyone can follow: all is read and checked once for each year."""
    reader.years_read += years
    if years <= MOST_CHANGES and reader.years_read <= MOST_CHANGES_IN_ALL:
        return True
    told = Text(
        f"trösklarna ändras {years} olika år; högst {MOST_CHANGES}.",
        f"the thresholds change in {years} years; {MOST_CHANGES} at most.",
    )
    if years <= MOST_CHANGES:
        told = Text(
            f"trösklarna i alla regler och förflyttningar ändras fler än {MOST_CHANGES_IN_ALL} gånger.",
            f"the thresholds of all rules and moves change more than {MOST_CHANGES_IN_ALL} times.",
        )
    reader.report(
        "too-many-years", node.place, told, Text("Behåll de år som bedöms.", "Keep the years that are judged.")
    )
    return False


def _read_rule(fields: Fields) -> Draft[Rule]:
    reader = fields.reader
    before = len(reader.problems)
    rule_id = fields.required("id", _read_id(reader))
    title = fields.required("title", reader.bilingual)
    tells = fields.optional("tells", lambda node, what: reader.word(node, TELLS, what)) or "problem"
    goal = fields.required("goal", lambda node, what: reader.word(node, GOALS, what))
    scope = fields.required("for_each", lambda node, _: read_scope(reader, node))
    # Without a scope nobody knows what may be asked, nor what an example is of; that is a problem already.
    when_node = fields.needed("when")
    when = None if when_node is None or scope is None else read_when(reader, when_node, scope)
    severity = fields.required("severity", lambda node, _: _read_severity(reader, node, when))
    because = fields.required("because", lambda node, what: read_template(reader, node, what))
    why = fields.required("why", reader.bilingual)
    limits = fields.required("limits", reader.bilingual)
    source = fields.required("source", reader.bilingual)
    examples = fields.required(
        "examples", lambda node, _: () if scope is None else read_examples(reader, reader.items(node), scope)
    )
    fields.finish()
    if when is not None and scope is not None and because is not None:
        check_slots(reader, because, known_fields(scope.subject, known_leaves(when), leaves(when)))
    id_place = _id_place(fields)
    subject = None if scope is None else scope.subject
    if len(reader.problems) > before:
        return Draft(rule_id, id_place, subject, None)
    assert rule_id and title and goal and scope and when and severity and because and why and limits and source
    rule = Rule(
        id=rule_id,
        title=title,
        tells=tells,
        goal=goal,
        scope=scope,
        when=when,
        severity=severity,
        because=because,
        why=why,
        limits=limits,
        source=source,
        examples=examples or (),
        place=fields.place,
    )
    return Draft(rule_id, id_place, subject, rule, fields.node)


def _read_move(fields: Fields) -> Draft[Move]:
    reader = fields.reader
    before = len(reader.problems)
    move_id = fields.required("id", _read_id(reader))
    title, description, gain = (
        fields.required(word, lambda node, what: read_template(reader, node, what))
        for word in ("title", "description", "gain")
    )
    when_node = fields.needed("when")
    when = None if when_node is None else _read_move_when(reader, when_node)
    horizon = fields.required("horizon", lambda node, what: reader.word(node, HORIZONS, what))
    fields.finish()
    for template in (title, description, gain):
        if template is not None:
            check_slots(reader, template, _MOVE_KNOWN)
    id_place = _id_place(fields)
    if len(reader.problems) > before:
        return Draft(move_id, id_place, "area", None)
    assert move_id and title and description and gain and when and horizon
    move = Move(move_id, title, description, gain, when, horizon, fields.place)
    return Draft(move_id, id_place, "area", move, fields.node)


def _read_id(reader: Reader) -> Callable[[Node, Text], str | None]:
    return lambda node, what: reader.name(node, what, "cost-above-reference")


def _id_place(fields: Fields) -> Place:
    return fields.value_place("id") if "id" in fields else fields.place


def _read_move_when(reader: Reader, node: Node) -> Tree | None:
    for word in ("because", "as"):
        for value in below(node, word):
            reader.report(
                "never-said",
                value.place,
                Text(f"'{word}' används inte i en förflyttning.", f"'{word}' is not used in a move."),
                Text(
                    "Ta bort det; en förflyttning har 'title', 'description' och 'gain'.",
                    "Remove it; a move has 'title', 'description' and 'gain'.",
                ),
            )
    return read_when(reader, node, _AREA)


def _read_severity(reader: Reader, node: Node, when: Tree | None) -> Severity | None:
    """``high``, or ``{medium: 2 %, high: 10 %}`` by the gap relative to the basis."""
    if not isinstance(node, Map):
        level = reader.word(node, LEVELS, Text("'severity'", "'severity'"))
        return None if level is None else Severity(fixed=level)
    fields = reader.fields(node, Text("'severity'", "'severity'"))
    if fields is None:
        return None
    before = len(reader.problems)
    limits = {level: fields.optional(level, lambda node, what: _read_limit(reader, node, what)) for level in LEVELS}
    fields.finish()
    if len(reader.problems) > before:
        return None
    found = [(level, limit) for level, limit in limits.items() if limit is not None]
    if not found:
        message = Text("'severity' har inga nivåer.", "'severity' has no levels.")
        reader.report("empty-list", node.place, message, _LEVELS_EXAMPLE)
        return None
    for (lower, limit), (level, higher) in pairwise(found):
        if higher <= limit:
            reader.report(
                "severity-order",
                fields.value_place(level),
                Text(f"'{level}' måste börja högre än '{lower}'.", f"'{level}' must begin higher than '{lower}'."),
                _LEVELS_EXAMPLE,
            )
            return None
    if when is not None and graded_leaf(when) is None:
        reader.report(
            "severity-without-gap",
            node.place,
            Text(
                "det finns ingen skillnad att gradera efter: inget villkor som måste gälla jämför två värden.",
                "there is no gap to grade by: no condition that must hold compares two figures.",
            ),
            Text("Skriv 'low', 'medium' eller 'high'.", "Write 'low', 'medium' or 'high'."),
        )
        return None
    places = tuple((level, fields.key_place(level)) for level, _ in found)
    return Severity(from_gap=tuple(found), places=places)


def _read_limit(reader: Reader, node: Node, what: Text) -> float | None:
    """A level's lowest gap, relative to the basis."""
    quantity = reader.quantity(node, what, "10 %")
    if quantity is None:
        return None
    if quantity.measure == "%" and quantity.value >= 0:
        return quantity.value / 100
    reader.report(
        "severity-in-percent",
        node.place,
        Text(
            f"gränsen för {what.sv} ska vara procent, och inte negativ.",
            f"the limit of {what.en} must be per cent, and not negative.",
        ),
        Text("Skriv till exempel '10 %'.", "Write for example '10 %'."),
    )
    return None
