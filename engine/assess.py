"""The one orchestrator: data set and packs in, result frames out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from genomlys.engine.areas import classify, rule_facts
from genomlys.engine.asking import asked, usage
from genomlys.engine.candidates import propose
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang, Text
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.followup import savings
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.multiplicity import by_chance, evidence
from genomlys.engine.totals import costs, totals
from genomlys.engine.unknowns import summarised
from genomlys.engine.verdicts import judge
from genomlys.engine.waiving import record, waived


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
        raise usage(
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
