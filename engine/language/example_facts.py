"""What an example says of a KPI, an area, a measure or a signal, with the plainest facts for what it leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from genomlys.engine.conditions.scope import Scope
from genomlys.engine.errors import Place, Text
from genomlys.engine.language.figures import Figure, number_of, read_figures, read_number, read_others, read_years
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.yamlfile import Node
from genomlys.engine.vocabulary import (
    BENCHMARKS,
    CATEGORIES,
    DIRECTIONS,
    HORIZONS,
    MEASURE_STATUSES,
    SAVING_KINDS,
    SIGNAL_KINDS,
)

_BY_CATEGORY: Final = {
    "ekonomi": ("kr/inv", "lower"),
    "personal": ("%", "lower"),
    "kvalitet": ("index", "higher"),
    "volym": ("antal", "neutral"),
}
_YES: Final = ("yes", "ja")
_NO: Final = ("no", "nej")
_NAMELESS_PRIORITY: Final = "prioriterad inriktning"
_ANY_KPI: Final = Scope("kpi")

Bases: TypeAlias = tuple[tuple[str, tuple[Figure, ...]], ...]


@dataclass(frozen=True)
class ExampleKpi:
    """A KPI's facts, and a figure for each of ``years``. None is what the table of KPIs lets be null.

    peers, nation: the figures of similar and of other municipalities in the last of the years.
    """

    kpi: str | None
    title: str
    name: str
    category: str
    measure: str
    direction: str
    decimals: int
    materiality_rel: float | None
    materiality_abs: float | None
    breaks: tuple[int, ...]
    max_age: int
    volume: float | None
    denominator: float | None
    per: float | None
    years: tuple[int, ...]
    own: tuple[Figure, ...]
    bases: Bases
    peers: tuple[Figure, ...]
    nation: tuple[Figure, ...]


@dataclass(frozen=True)
class ExampleArea:
    area: str | None
    title: str = "Området"
    name: str = "området"
    committees: tuple[str, ...] = ()
    priority: str | None = None
    cross_cutting: bool = False


@dataclass(frozen=True)
class ExampleMeasure:
    title: str
    status: str
    horizon: str
    decided: date | None
    due: date | None
    owner: str | None
    saving_low: float | None
    saving_high: float | None
    saving_kind: str
    saving_note: str | None
    followup: str | None
    followup_date: date | None


@dataclass(frozen=True)
class ExampleSignal:
    kind: str
    title: str
    date: date | None


@dataclass
class Dates:
    """What an example says of time, for its own day. ``untold`` when some years are a problem."""

    years: list[tuple[int, Place]] = field(default_factory=list)
    decided: list[tuple[date, Place]] = field(default_factory=list)
    others: bool = False
    untold: bool = False


def usual(category: str) -> tuple[str, str]:
    """The measure and the direction of a KPI that does not say its own."""
    return _BY_CATEGORY[category]


def read_kpi(facts: Fields, figures: Fields, scope: Scope, dates: Dates) -> ExampleKpi | None:
    """A KPI in the rule's scope; ``facts`` and ``figures`` may be one map. Whoever has them finishes them."""
    reader = facts.reader
    category = read_word(facts, "category", CATEGORIES) or first_of(scope, "category") or "ekonomi"
    measure, direction = usual(category)
    measure = facts.optional("measure", reader.scalar) or first_of(scope, "measure") or measure
    direction = read_word(facts, "direction", DIRECTIONS) or first_of(scope, "direction") or direction
    kpi = facts.optional("kpi", reader.scalar) or first_of(scope, "kpi")
    title = facts.optional("title", reader.scalar)
    name = facts.optional("name", reader.scalar) or title or "nyckeltalet"
    rel, absolute = facts.optional("materiality", lambda node, what: _materiality(reader, node, what)) or (None, None)
    breaks = facts.optional("breaks", lambda node, what: read_years(reader, node, what)) or ()
    volume = facts.optional("volume", lambda node, what: read_number(reader, node, what, "42 000", 0))
    denominator, per = (
        facts.optional(word, lambda node, what: read_number(reader, node, what, "1000", 0))
        for word in ("denominator", "per")
    )
    decimals, max_age = _whole(facts, "decimals", -3, 6, 0), _whole(facts, "max_age", 0, 20, 2)
    years = figures.required("years", lambda node, what: _years(reader, node, what, dates))
    own = figures.required("own", lambda node, what: read_figures(reader, node, what, years))
    bases = _bases(figures, years)
    peers, nation = (
        figures.optional(word, lambda node, what: read_others(reader, node, what)) or () for word in ("peers", "nation")
    )
    _check_target(figures, direction, bases)
    if years is None or own is None:
        return None
    return ExampleKpi(
        kpi=kpi,
        title=title or "Nyckeltalet",
        name=name,
        category=category,
        measure=measure,
        direction=direction,
        decimals=decimals,
        materiality_rel=rel,
        materiality_abs=absolute,
        breaks=breaks,
        max_age=max_age,
        volume=volume,
        denominator=denominator,
        per=per,
        years=years,
        own=own,
        bases=bases,
        peers=peers,
        nation=nation,
    )


def read_kpi_beside(fields: Fields, dates: Dates) -> ExampleKpi | None:
    """A KPI of the area, whatever the rule is for."""
    kpi = read_kpi(fields, fields, _ANY_KPI, dates)
    fields.finish()
    return kpi


def _years(reader: Reader, node: Node, what: Text, dates: Dates) -> tuple[int, ...] | None:
    years = read_years(reader, node, what)
    if years is None:
        dates.untold = True
    else:
        dates.years.append((years[-1], node.place))
    return years


def _bases(fields: Fields, years: Sequence[int] | None) -> Bases:
    reader = fields.reader
    found = []
    for name in BENCHMARKS:
        figures = fields.optional(name, lambda node, what: read_figures(reader, node, what, years))
        if figures is not None:
            found.append((name, figures))
    return tuple(found)


def _materiality(reader: Reader, node: Node, what: Text) -> tuple[float | None, float | None] | None:
    """Relative (``3 %``) or in the KPI's measure (``0,1``), as a column each."""
    text = reader.scalar(node, what)
    if text is None:
        return None
    value = number_of(text.removesuffix("%").strip())
    if value is not None and value >= 0:
        return (value / 100, None) if text.endswith("%") else (None, value)
    reader.report(
        "bad-number",
        node.place,
        Text(f"'{text}' är inte en väsentlighetsgräns.", f"'{text}' is not a materiality."),
        Text("Skriv '3 %', eller '0,1' i nyckeltalets mått.", "Write '3 %', or '0,1' in the KPI's measure."),
    )
    return None


def _check_target(fields: Fields, direction: str, bases: Bases) -> None:
    if direction == "target" and all(figure.value is None for figure in dict(bases).get("target", ())):
        fields.reader.report(
            "target-missing",
            fields.place,
            Text("nyckeltalet har riktningen target men inget mål.", "the KPI has the direction target but no target."),
            Text("Lägg till 'target: …'.", "Add 'target: …'."),
        )


def read_area(fields: Fields, scope: Scope) -> ExampleArea:
    reader = fields.reader
    title = fields.optional("title", reader.scalar)
    node = fields.raw("committees")
    names = () if node is None else reader.items(node)
    committees = [reader.scalar(item, Text("'committees'", "'committees'")) for item in names]
    priority = fields.optional("priority", reader.scalar) or first_of(scope, "priority") or "no"
    cross_cutting = read_word(fields, "cross_cutting", (*_YES, *_NO)) or first_of(scope, "cross_cutting")
    area = ExampleArea(
        area=fields.optional("area", reader.scalar) or first_of(scope, "area"),
        title=title or "Området",
        name=fields.optional("name", reader.scalar) or title or "området",
        committees=tuple(name for name in committees if name is not None),
        priority=None if priority in _NO else _NAMELESS_PRIORITY if priority in _YES else priority,
        cross_cutting=cross_cutting in _YES,
    )
    fields.finish()
    return area


def read_measure(fields: Fields, dates: Dates) -> ExampleMeasure:
    reader = fields.reader
    decided = fields.optional("decided", reader.date)
    due, followup_date = fields.optional("due", reader.date), fields.optional("followup_date", reader.date)
    if decided is not None:
        dates.decided.append((decided, fields.key_place("decided")))
    dates.others = dates.others or due is not None or followup_date is not None
    low, high = fields.optional("saving", lambda node, what: _saving(reader, node, what)) or (None, None)
    measure = ExampleMeasure(
        title=fields.optional("title", reader.scalar) or "Åtgärden",
        status=read_word(fields, "status", MEASURE_STATUSES) or "ongoing",
        horizon=read_word(fields, "horizon", HORIZONS) or "short",
        decided=decided,
        due=due,
        owner=fields.optional("owner", reader.scalar),
        saving_low=low,
        saving_high=high,
        saving_kind=read_word(fields, "saving_kind", SAVING_KINDS) or ("unclear" if low is None else "amount"),
        saving_note=fields.optional("saving_note", reader.scalar),
        followup=fields.optional("followup", reader.scalar),
        followup_date=followup_date,
    )
    fields.finish()
    if "saving_kind" in fields and (low is None) == (measure.saving_kind == "amount"):
        reader.report(
            "saving-missing" if low is None else "saving-unexpected",
            fields.key_place("saving_kind"),
            Text(
                "'saving' och 'saving_kind' säger emot varandra.", "'saving' and 'saving_kind' contradict each other."
            ),
            Text("'amount' har ett belopp i 'saving', de andra inget.", "'amount' has a 'saving', the others do not."),
        )
    return measure


def _saving(reader: Reader, node: Node, what: Text) -> tuple[float, float] | None:
    """Tkr a year: ``100``, or the lowest and the highest, ``100-300``."""
    text = reader.scalar(node, what)
    if text is None:
        return None
    ends = [number_of(end.strip()) for end in text.replace("–", "-").split("-")]
    low, high = ends[0], ends[-1]
    if low is not None and high is not None and 0 <= low <= high and len(ends) <= 2:
        return low, high
    reader.report(
        "bad-number",
        node.place,
        Text(f"'{text}' är inget belopp.", f"'{text}' is not an amount."),
        Text("Skriv tkr per år, '100' eller '100-300'.", "Write tkr a year, '100' or '100-300'."),
    )
    return None


def read_signal(fields: Fields, scope: Scope, dates: Dates) -> ExampleSignal:
    reader = fields.reader
    when = fields.optional("date", reader.date)
    dates.others = dates.others or when is not None
    kind = read_word(fields, "kind", SIGNAL_KINDS) or first_of(scope, "kind") or "external"
    title = fields.optional("title", reader.scalar) or "Omständigheten"
    fields.finish()
    return ExampleSignal(kind, title, when)


def first_of(scope: Scope, word: str) -> str | None:
    values = scope.values(word)
    return values[0] if values else None


def read_word(fields: Fields, name: str, choices: Sequence[str]) -> str | None:
    return fields.optional(name, lambda node, what: fields.reader.word(node, choices, what))


def _whole(fields: Fields, name: str, low: int, high: int, default: int) -> int:
    reader = fields.reader
    match = fields.optional(name, lambda node, what: reader.phrase(node, r"[-−]?[0-9]{1,3}", what, str(default)))
    value = default if match is None else int(match[0].replace("−", "-"))
    if low <= value <= high:
        return value
    reader.report(
        "out-of-range",
        fields.key_place(name),
        Text(f"'{value}' är utanför det möjliga.", f"'{value}' is out of range."),
        Text(f"Skriv ett tal från {low} till {high}.", f"Write a number from {low} to {high}."),
    )
    return default
