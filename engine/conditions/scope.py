"""What a rule is for: ``for_each: {kpi: {category: ekonomi, has: reference}}``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import SUBJECTS, Subject
from genomlys.engine.errors import Place, Text, nearest
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.yamlfile import Node
from genomlys.engine.vocabulary import BENCHMARKS, CATEGORIES, DIRECTIONS, SIGNAL_KINDS

# The words that narrow each subject; None means any text (an id or a measure of the data set).
_NARROWING: Mapping[Subject, Mapping[str, Sequence[str] | None]] = {
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
    },
    "area": {"area": None, "priority": ("yes", "no"), "cross_cutting": ("yes", "no")},
    "measure": {"area": None},
    "signal": {"kind": SIGNAL_KINDS, "area": None},
}
_WHAT = {
    "kpi": Text("nyckeltal", "KPIs"),
    "area": Text("områden", "areas"),
    "measure": Text("åtgärder", "measures"),
    "signal": Text("omständigheter", "signals"),
}


@dataclass(frozen=True)
class Scope:
    """The subject and what narrows it: every word must fit, any of a word's values is enough."""

    subject: Subject
    narrowing: tuple[tuple[str, tuple[str, ...]], ...] = ()
    place: Place = Place("")

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
    fields = reader.fields(node, Text("'for_each'", "'for_each'"))
    if fields is None:
        return None
    subjects = [subject for subject in SUBJECTS if subject in fields]
    if len(subjects) != 1:
        reader.report(
            "one-subject",
            fields.place,
            Text("'for_each' ska ha ett enda slag av föremål.", "'for_each' must have exactly one kind of subject."),
            nearest(next(iter(sorted(fields.names)), ""), SUBJECTS),
        )
        return None
    subject = subjects[0]
    inner = fields.optional(subject, reader.fields)
    fields.finish()
    if inner is None:
        return None
    return Scope(subject, tuple(_read_narrowing(inner, subject)), fields.place)


def _read_narrowing(fields: Fields, subject: Subject) -> list[tuple[str, tuple[str, ...]]]:
    reader = fields.reader
    found = []
    for word, choices in _NARROWING[subject].items():
        node = fields.raw(word)
        if node is None:
            continue
        what = Text(f"'{word}'", f"'{word}'")
        values = reader.texts(node, what) if choices is None else reader.words(node, choices, what)
        found.append((word, values))
    fields.finish()
    return found


def say_scope(scope: Scope, lang: str) -> str:
    """The scope in words, for ``explain``."""
    what = _WHAT[scope.subject].en if lang == "en" else _WHAT[scope.subject].sv
    narrowed = "; ".join(f"{word}: {', '.join(values)}" for word, values in scope.narrowing)
    return f"{what} ({narrowed})" if narrowed else what
