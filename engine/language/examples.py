"""The examples of a rule: small cases with their answer, read when the pack is loaded. The format is docs/examples.md.

An example says as little as it can: what it leaves out comes from the rule's scope or is the plainest
there is. What it does say is checked here, so that a pack that loads has examples that can be run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from genomlys.engine.conditions.scope import Scope
from genomlys.engine.errors import Lang, Place, Text
from genomlys.engine.language.example_facts import (
    Dates,
    ExampleArea,
    ExampleKpi,
    ExampleMeasure,
    ExampleSignal,
    first_of,
    read_area,
    read_kpi,
    read_kpi_beside,
    read_measure,
    read_signal,
    read_word,
)
from genomlys.engine.language.figures import Span, read_day, read_span
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.yamlfile import Map, Node
from genomlys.engine.vocabulary import LEVELS

Expect = Literal["flagged", "clear", "unknown", "not_applicable"]
EXPECT: Final[tuple[Expect, ...]] = ("flagged", "clear", "unknown", "not_applicable")

_SPANS: Final = ("money", "margin")
_ONLY_WHEN_FLAGGED: Final = ("text", "severity", "money")
_DAY_WITHOUT_YEARS: Final = date(2025, 12, 31)


@dataclass(frozen=True)
class Expected:
    """The answer. None is what the example says nothing about; ``texts`` are by language."""

    status: Expect
    texts: tuple[tuple[Lang, str], ...] = ()
    severity: str | None = None
    money: Span | None = None
    margin: Span | None = None


@dataclass(frozen=True)
class Example:
    """One case. What is judged is the first of ``kpis``, ``measures`` or ``signals``, or the area.

    ``timeless``: nothing it tells has a date, so that it may be asked of any day.
    """

    title: str
    place: Place
    as_of: date
    area: ExampleArea
    kpis: tuple[ExampleKpi, ...]
    measures: tuple[ExampleMeasure, ...]
    signals: tuple[ExampleSignal, ...]
    expected: Expected
    timeless: bool = False
    todo: str | None = None  # why the verdict is known to be wrong still


def read_examples(reader: Reader, nodes: Sequence[Node], scope: Scope) -> tuple[Example, ...]:
    """The examples of a rule with that scope. All problems go to the reader; those with problems are left out."""
    read = []
    for node in nodes:
        before = len(reader.problems)
        fields = reader.fields(node, Text("Ett exempel", "An example"))
        example = None if fields is None else _read_example(fields, scope)
        if example is not None and len(reader.problems) == before:
            read.append(example)
    return tuple(read)


def _read_example(fields: Fields, scope: Scope) -> Example | None:
    dates = Dates()
    title = fields.required("title", fields.reader.scalar)
    subject = _kpi_judged if scope.subject == "kpi" else _other_judged
    area, kpis, measures, signals = subject(fields, scope, dates)
    as_of = _as_of(fields, dates)
    expected = _expected(fields)
    todo = fields.optional("todo", fields.reader.scalar)
    fields.finish()
    if title is None or expected is None:
        return None
    timeless = not (dates.years or dates.decided or dates.others)
    return Example(title, fields.place, as_of, area, kpis, measures, signals, expected, timeless, todo)


_Told = tuple[ExampleArea, tuple[ExampleKpi, ...], tuple[ExampleMeasure, ...], tuple[ExampleSignal, ...]]


def _kpi_judged(fields: Fields, scope: Scope, dates: Dates) -> _Told:
    """The facts stand below ``kpi``, the figures in the example itself."""
    facts = _below(fields, "kpi")
    area = ExampleArea(facts.optional("area", facts.reader.scalar) or first_of(scope, "area"))
    kpi = read_kpi(facts, fields, scope, dates)
    facts.finish()
    beside = [read_kpi_beside(inner, dates) for inner in _each(fields, "kpis")]
    known = tuple(each for each in (kpi, *beside) if each is not None)
    _check_ids(fields, known)
    return area, known, (), ()


def _other_judged(fields: Fields, scope: Scope, dates: Dates) -> _Told:
    area = read_area(_below(fields, "area"), scope)
    kpis = [read_kpi_beside(inner, dates) for inner in _each(fields, "kpis")]
    measures = [read_measure(inner, dates) for inner in _judged_first(fields, scope, "measure")]
    signals = [read_signal(inner, scope, dates) for inner in _judged_first(fields, scope, "signal")]
    known = tuple(kpi for kpi in kpis if kpi is not None)
    _check_ids(fields, known)
    return area, known, tuple(measures), tuple(signals)


def _below(fields: Fields, name: str) -> Fields:
    """The words of a map, none if it is not written."""
    return fields.optional(name, fields.reader.fields) or Fields(fields.reader, Map((), fields.place))


def _each(fields: Fields, name: str) -> list[Fields]:
    reader = fields.reader
    node = fields.raw(name)
    items = () if node is None else reader.items(node)
    found = [reader.fields(item, Text(f"En post i '{name}'", f"An entry of '{name}'")) for item in items]
    return [inner for inner in found if inner is not None]


def _judged_first(fields: Fields, scope: Scope, name: Literal["measure", "signal"]) -> list[Fields]:
    """What is judged, if it is of this kind, and the others of its kind."""
    judged = fields.required(name, fields.reader.fields) if scope.subject == name else None
    return [*([judged] if judged else []), *_each(fields, f"{name}s")]


def _check_ids(fields: Fields, kpis: Sequence[ExampleKpi]) -> None:
    ids = [kpi.kpi for kpi in kpis if kpi.kpi is not None]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        fields.reader.report(
            "duplicate-kpi",
            fields.key_place("kpis"),
            Text(f"nyckeltalet '{name}' finns två gånger.", f"the KPI '{name}' is there twice."),
            Text("Ge dem olika namn efter 'kpi:'.", "Give them different names after 'kpi:'."),
        )


def _as_of(fields: Fields, dates: Dates) -> date:
    """The day of the example, which nothing it tells of may come after."""
    reader = fields.reader
    as_of = fields.optional("as_of", lambda node, what: read_day(reader, node, what))
    if as_of is None and dates.years:
        as_of = date(max(year for year, _ in dates.years), 12, 31)
    if as_of is None:
        if (dates.decided or dates.others) and "as_of" not in fields and not dates.untold:
            fields.required("as_of", reader.date)
        return _DAY_WITHOUT_YEARS
    late = [place for year, place in dates.years if year > as_of.year]
    for place in [*late, *(place for day, place in dates.decided if day > as_of)]:
        reader.report(
            "date-after-as-of",
            place,
            Text(f"det är senare än exemplets dag {as_of}.", f"it is later than the example's day {as_of}."),
            Text("Rätta det, eller skriv en senare 'as_of'.", "Correct it, or write a later 'as_of'."),
        )
    return as_of


def _expected(fields: Fields) -> Expected | None:
    reader = fields.reader
    word = fields.required("expect", lambda node, what: reader.word(node, EXPECT, what))
    status = next((status for status in EXPECT if status == word), None)
    texts = fields.optional("text", lambda node, what: _texts(reader, node, what))
    severity = read_word(fields, "severity", LEVELS)
    money, margin = (fields.optional(name, lambda node, what: read_span(reader, node, what)) for name in _SPANS)
    if status is None:
        return None
    for name in _ONLY_WHEN_FLAGGED if status != "flagged" else ():
        if name in fields:
            reader.report(
                "only-when-flagged",
                fields.key_place(name),
                Text(f"'{name}' finns bara när regeln flaggar.", f"'{name}' is there only when the rule is flagged."),
                Text("Ta bort det, eller skriv 'expect: flagged'.", "Remove it, or write 'expect: flagged'."),
            )
    if margin is not None and not _can_be(status, margin):
        reader.report(
            "margin-contradicts",
            fields.key_place("margin"),
            Text(f"en sådan marginal är aldrig '{status}'.", f"such a margin is never '{status}'."),
            Text(
                "Över 0 är flagged, 0 eller under är clear, båda är unknown.",
                "Above 0 is flagged, 0 or below is clear, both are unknown.",
            ),
        )
    return Expected(status, texts or (), severity, money, margin)


def _can_be(status: Expect, margin: Span) -> bool:
    least, most = margin.lo - margin.lo_half, margin.hi + margin.hi_half
    match status:
        case "flagged":
            return margin.lo + margin.lo_half > 0
        case "clear":
            return margin.hi - margin.hi_half <= 0
        case "unknown":
            return least <= 0 < most
        case "not_applicable":
            return False


def _texts(reader: Reader, node: Node, what: Text) -> tuple[tuple[Lang, str], ...] | None:
    """A text is Swedish; a map has a text a language."""
    if not isinstance(node, Map):
        text = reader.scalar(node, what)
        return None if text is None else (("sv", text),)
    fields = Fields(reader, node)
    sv, en = fields.required("sv", reader.scalar, what), fields.optional("en", reader.scalar, what)
    fields.finish()
    found: list[tuple[Lang, str | None]] = [("sv", sv), ("en", en)]
    return tuple((lang, text) for lang, text in found if text is not None)
