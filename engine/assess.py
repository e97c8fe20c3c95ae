"""The one orchestrator: data set and packs in, result frames out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from genomlys.engine.areas import classify, rule_facts
from genomlys.engine.candidates import propose
from genomlys.engine.dataset import Dataset, bundled_dataset, open_dataset
from genomlys.engine.errors import Lang, Place, Problem, Text, UsageError, nearest
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.fit import unknown_names
from genomlys.engine.followup import savings
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.waivers import load_waivers
from genomlys.engine.multiplicity import by_chance, evidence
from genomlys.engine.totals import costs, totals
from genomlys.engine.unknowns import summarised
from genomlys.engine.verdicts import judge
from genomlys.engine.waiving import record, waived

ALL = "all"


@dataclass(frozen=True, eq=False)
class Assessment:
    """The result of one run. Frames are sorted by their keys; the same input gives the same rows.

    verdicts: a row per rule and subject (``verdicts.VERDICTS``); in a run over all units only the
    flagged and unknown ones. findings: the flagged ones with what they tell. conditions: a row per
    condition of every flagged or unknown verdict. areas: ``areas.classify``. candidates:
    ``candidates.CANDIDATES``. unknowns: a row per missing figure with the verdicts it would decide.
    savings: ``followup.savings``. totals, costs: what a unit's costs come to against their reference costs, and each
    of them (``totals.TOTALS``, ``totals.COSTS``). chance: ``multiplicity.CHANCE``. counts: rule, unit, status, count
    over all verdicts. waivers: ``waiving.WAIVERS``.
    """

    data: Dataset
    book: RuleBook
    units: tuple[str, ...]
    lang: Lang
    verdicts: pl.DataFrame
    findings: pl.DataFrame
    conditions: pl.DataFrame
    areas: pl.DataFrame
    candidates: pl.DataFrame
    unknowns: pl.DataFrame
    savings: pl.DataFrame
    totals: pl.DataFrame
    costs: pl.DataFrame
    chance: pl.DataFrame
    counts: pl.DataFrame
    waivers: pl.DataFrame

    @property
    def frames(self) -> Mapping[str, pl.DataFrame]:
        """The result frames by name, as they are written to files."""
        return {name: getattr(self, name) for name in _FRAMES}


def assess(
    data: Dataset | str | Path | Mapping[str, object] | None = None,
    *packs: str | Path | RuleBook,
    unit: str | Sequence[str] | None = None,
    as_of: int | dt.date | None = None,
    lang: Lang = "sv",
    waivers: str | Path | None = None,
) -> Assessment:
    """Assess a data set with rule packs.

    data: a ``Dataset``, a folder, a mapping of frames, or None for the bundled data set.
    packs: bundled packs by name, folders, files or loaded rule books; none means ``kommun``.
    unit: a unit's id, several, or "all" for every unit of the home unit's kind; None is the home unit.
    as_of: a year (its last day) or a date; None is the data set's own.
    waivers: a file of waivers instead of the data set's own.

    Raises DataError, RuleError or UsageError, each with every problem found.
    """
    if lang not in ("sv", "en"):
        raise _usage(
            "unknown-language",
            "lang",
            Text(f"språket '{lang}' finns inte.", f"there is no language '{lang}'."),
            Text("Skriv 'sv' eller 'en'.", "Write 'sv' or 'en'."),
        )
    data, book, units = asked(data, packs, unit, as_of, waivers)
    kept = STATUSES if len(units) == 1 else ("flagged", "unknown")
    judged = judge(data, book, units, data.as_of.year, lang, kept)
    judged = replace(judged, verdicts=waived(judged.verdicts, data))
    areas = classify(judged, book)
    each_cost = costs(judged.about)
    facts = rule_facts(book, lang)
    findings = (
        judged.verdicts.filter(pl.col("status") == "flagged")
        .join(facts, on="rule", how="left", maintain_order="left")
        .with_columns(finding=pl.concat_str("rule", pl.lit("/"), "subject"), evidence=evidence(book))
        .select("unit", "finding", "rule", "rule_title", "tells", "goal", *_FINDING)
    )
    return Assessment(
        data=data,
        book=book,
        units=units,
        lang=lang,
        verdicts=judged.verdicts,
        findings=findings,
        conditions=judged.conditions,
        areas=areas,
        candidates=propose(data, judged, areas, book, lang, judged.sight),
        unknowns=summarised(judged.cells, judged.verdicts, book, data),
        savings=savings(data),
        chance=by_chance(judged.tally, judged.verdicts, book, lang),
        totals=totals(each_cost),
        costs=each_cost,
        counts=judged.tally.group_by("rule", "unit", "status")
        .agg(pl.col("count").sum())
        .sort("rule", "unit", "status"),
        waivers=record(judged.verdicts, data, book, units),
    )


_FRAMES = (
    "verdicts",
    "conditions",
    "findings",
    "areas",
    "candidates",
    "unknowns",
    "savings",
    "totals",
    "costs",
    "chance",
    "counts",
    "waivers",
)
_FINDING = (
    "subject_kind",
    "subject",
    "area",
    "year",
    "severity",
    "sure",
    "lo",
    "hi",
    "money",
    "years_flagged",
    "evidence",
    "p",
    "q",
    "waived",
    "pack",
    "text",
)


def asked(
    data: Dataset | str | Path | Mapping[str, object] | None,
    packs: Sequence[str | Path | RuleBook],
    unit: str | Sequence[str] | None,
    as_of: int | dt.date | None,
    waivers: str | Path | None = None,
) -> tuple[Dataset, RuleBook, tuple[str, ...]]:
    """The data set, rules and units that ``assess`` and ``explain`` are asked about, read and checked."""
    data, book = opened(data, packs)
    data = _dated(data, as_of)
    if waivers is not None:
        data = data.with_waivers(load_waivers(Path(waivers)))
    units = chosen_units(data, unit)
    _check_scopes(book, data)
    return data, book.in_force(data.as_of.year), units


def opened(
    data: Dataset | str | Path | Mapping[str, object] | None, packs: Sequence[str | Path | RuleBook]
) -> tuple[Dataset, RuleBook]:
    """The data set and rules, read but not yet of a certain year."""
    data = data if isinstance(data, Dataset) else open_dataset(bundled_dataset() if data is None else data)
    return data, _book(packs)


def _book(packs: Sequence[str | Path | RuleBook]) -> RuleBook:
    """The one rule book that was given, or that of the packs that were named."""
    sources = [pack for pack in packs if not isinstance(pack, RuleBook)]
    books = [pack for pack in packs if isinstance(pack, RuleBook)]
    if not books:
        return load_rules(*sources)
    if len(packs) == 1:
        return books[0]
    said = Text(
        "en regelbok kan inte användas tillsammans med andra regelpaket.",
        "a rule book cannot be used with other packs.",
    )
    remedy = Text("Ladda alla i en med load_rules(…).", "Load all of them into one with load_rules(…).")
    raise UsageError([Problem("several-rule-books", Place("packs"), said, remedy)])


def _dated(data: Dataset, as_of: int | dt.date | None) -> Dataset:
    if as_of is None:
        return data
    day = _day(as_of)
    first = data.first_year
    if day.year < first:
        raise _usage(
            "as-of-before-data",
            "--as-of",
            Text(f"datamängden börjar år {first}.", f"the data set begins in {first}."),
            Text(f"Skriv {first} eller senare.", f"Write {first} or later."),
        )
    return data.known_on(day)


def _day(as_of: object) -> dt.date:
    if isinstance(as_of, dt.datetime):
        return as_of.date()
    if isinstance(as_of, dt.date):
        return as_of
    if isinstance(as_of, int) and 1900 <= as_of <= 2199:
        return dt.date(as_of, 12, 31)
    raise _usage(
        "bad-as-of",
        "--as-of",
        Text(f"'{as_of}' är varken ett år eller ett datum.", f"'{as_of}' is neither a year nor a date."),
        Text("Skriv till exempel 2024 eller 2025-09-01.", "Write for example 2024 or 2025-09-01."),
    )


def _usage(code: str, place: str, message: Text, remedy: Text) -> UsageError:
    return UsageError([Problem(code, Place(place), message, remedy)])


def chosen_units(data: Dataset, unit: str | Sequence[str] | None) -> tuple[str, ...]:
    """The units to judge. Raises UsageError for a unit that is not in the data set."""
    if unit is None:
        return (data.unit,)
    if unit == ALL:
        kind = data.units.filter(pl.col("unit") == data.unit)["kind"]
        return tuple(data.units.filter(pl.col("kind") == kind[0])["unit"].sort().to_list())
    asked = (unit,) if isinstance(unit, str) else tuple(unit)
    if not asked:
        raise _usage(
            "no-unit",
            "--unit",
            Text("ingen enhet är angiven.", "no unit is given."),
            Text("Ange minst en enhet, eller 'all'.", "Give at least one unit, or 'all'."),
        )
    known = data.units["unit"].to_list()
    # An id goes before a title, and a title that several units share names none of them.
    titled = dict(data.units.filter(pl.col("title").is_unique()).select("title", "unit").iter_rows())
    asked = tuple(name if name in known else titled.get(name, name) for name in asked)
    problems = [
        Problem(
            "unknown-unit",
            Place("--unit"),
            Text(f"enheten '{name}' finns inte i datamängden.", f"the unit '{name}' is not in the data set."),
            nearest(name, [*known, *titled, ALL]),
        )
        for name in asked
        if name not in known
    ]
    if problems:
        raise UsageError(problems)
    return tuple(sorted(set(asked)))


def _check_scopes(book: RuleBook, data: Dataset) -> None:
    problems = [*unknown_names(book.rules, data)]
    if problems:
        raise UsageError(problems)


__all__ = ["ALL", "Assessment", "asked", "assess", "chosen_units"]
