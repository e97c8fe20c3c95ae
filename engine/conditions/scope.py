"""What a rule is for: ``for_each: {kpi: {category: ekonomi, has: reference}}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import SUBJECTS, Subject
from genomlys.engine.errors import Place, Text
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.words import YEARS, Phrase
from genomlys.engine.language.yamlfile import Node
from genomlys.engine.vocabulary import BENCHMARKS, CATEGORIES, DIRECTIONS, SIGNAL_KINDS

# The words that narrow each subject and what they take: None means any text (an id or a measure of the data set).
NARROWING: Mapping[Subject, Mapping[str, Sequence[str] | Phrase | None]] = {
    "kpi": {
        "category": CATEGORIES,
        "direction": DIRECTIONS,
        "measure": None,
        "area": None,
        "kpi": None,
        "has": BENCHMARKS,
        "lacks": BENCHMARKS,
        "area_has": BENCHMARKS,
        "area_lacks": BENCHMARKS,
        "cost": ("yes", "no"),
        "followed": YEARS,
    },
    "area": {"area": None, "priority": ("yes", "no"), "cross_cutting": ("yes", "no")},
    "measure": {"area": None},
    "signal": {"kind": SIGNAL_KINDS, "area": None},
}
WHAT = {
    "kpi": Text("nyckeltal", "KPIs"),
    "area": Text("områden", "areas"),
    "measure": Text("åtgärder", "measures"),
    "signal": Text("omständigheter", "signals"),
}

_SCOPE_REMEDY = Text(
    "Skriv '{kpi: {}}', '{area: {}}', '{measure: {}}' eller '{signal: {}}'.",
    "Write '{kpi: {}}', '{area: {}}', '{measure: {}}' or '{signal: {}}'.",
)
_EMPTY = Text("Skriv '{}' för alla.", "Write '{}' for all.")


@dataclass(frozen=True)
class Scope:
    """The subject and what narrows it: every word must fit, any of a word's values is enough."""

    subject: Subject
    narrowing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    place: Place = Place("")
    sound: bool = True  # False: some of it could not be read, so that nothing follows from what is left

    def values(self, word: str) -> tuple[str, ...]:
        return dict(self.narrowing).get(word, ())

    @property
    def measure(self) -> str | None:
        """The one measure of all KPIs in scope, if the scope says it."""
        stated = self.values("measure")
        return stated[0] if len(stated) == 1 else None

    def selects(self) -> pl.Expr:
        """Boolean, never null: whether the row is in scope."""
        return reduce(lambda left, right: left & right, map(self._one, self.narrowing), pl.lit(True))

    def _one(self, narrowing: tuple[str, tuple[str, ...]]) -> pl.Expr:
        word, values = narrowing
        match word:
            case "has":
                return pl.all_horizontal([columns.has(value) for value in values])
            case "lacks":
                return ~pl.any_horizontal([columns.has(value) for value in values])
            case "area_has":
                return pl.all_horizontal([pl.col(columns.has(value)).any().over("area") for value in values])
            case "area_lacks":
                return ~pl.any_horizontal([pl.col(columns.has(value)).any().over("area") for value in values])
            case "cost":
                return _is_cost().cast(pl.String).is_in(_truths(values))
            case "followed":
                return pl.col(columns.FOLLOWED) >= int(values[0])
            case "priority":
                return pl.col("priority").is_not_null().cast(pl.String).is_in(_truths(values))
            case "cross_cutting":
                return pl.col("cross_cutting").cast(pl.String).is_in(_truths(values))
            case _:
                return pl.col(word).is_in(list(values)).fill_null(False)


def _is_cost() -> pl.Expr:
    """A cost to keep down: an economy KPI in kronor, or with a reference cost, for which lower is better."""
    in_kronor = pl.col("measure").str.contains(r"(?i)^(?:kr|tkr|mnkr|mdkr)\b")
    is_cost = in_kronor | pl.col(columns.has("reference"))
    return (pl.col("category") == "ekonomi") & (pl.col("direction") == "lower") & is_cost


def _truths(values: tuple[str, ...]) -> list[str]:
    return ["true" if value == "yes" else "false" for value in values]


def read_scope(reader: Reader, node: Node) -> Scope | None:
    """``{kpi: {...}}``, ``{area: {}}``, ``{measure: {}}`` or ``{signal: {kind: law}}``."""
    fields = reader.fields(node, Text("'for_each'", "'for_each'"), _SCOPE_REMEDY)
    if fields is None:
        return None
    before = len(reader.problems)
    subjects = [subject for subject in SUBJECTS if subject in fields]
    inner = [fields.optional(subject, lambda node, what: reader.fields(node, what, _EMPTY)) for subject in subjects]
    if len(subjects) > 1:
        second = sorted(subjects, key=fields.names.index)[1]
        fields.refuse(
            "one-subject",
            fields.key_place(second),
            Text("en regel gäller ett enda slag.", "a rule is for a single kind of subject."),
            Text("Skriv en regel för varje.", "Write a rule for each."),
        )
    elif not fields.names:
        fields.refuse(
            "one-subject",
            fields.place,
            Text("'for_each' säger inte vad regeln gäller.", "'for_each' does not say what the rule is for."),
            _SCOPE_REMEDY,
        )
    for subject in SUBJECTS:
        fields.raw(subject)  # known, also where it is not written
    fields.finish()
    if len(subjects) != 1 or inner[0] is None:
        return None
    narrowing = tuple(_read_narrowing(inner[0], subjects[0]))
    return Scope(subjects[0], narrowing, fields.place, sound=len(reader.problems) == before)


def _read_narrowing(fields: Fields, subject: Subject) -> list[tuple[str, tuple[str, ...]]]:
    reader = fields.reader
    found = []
    for word, choices in NARROWING[subject].items():
        node = fields.raw(word)
        if node is None:
            continue
        what = Text(f"'{word}'", f"'{word}'")
        if isinstance(choices, Phrase):
            years = reader.years(node, what)
            values: tuple[str, ...] = () if years is None else (str(years),)
        else:
            values = reader.texts(node, what) if choices is None else reader.words(node, choices, what)
        found.append((word, values))
    fields.finish()
    _check_has(fields, dict(found))
    return found


def _check_has(fields: Fields, narrowing: Mapping[str, Sequence[str]]) -> None:
    """What a KPI has, its area has too."""
    for lacking, having in (("lacks", ("has",)), ("area_lacks", ("has", "area_has"))):
        had = {benchmark for word in having for benchmark in narrowing.get(word, ())}
        both = next((benchmark for benchmark in narrowing.get(lacking, ()) if benchmark in had), None)
        if both is not None:
            fields.reader.report(
                "never-fires",
                fields.value_place(lacking),
                Text(f"inget nyckeltal både har och saknar '{both}'.", f"no KPI both has and lacks '{both}'."),
                Text("Ta bort det ena.", "Remove one of them."),
            )
