"""Which findings hinge on a single thing: the last decimal, one year, one peer, one threshold.

Each variation is the whole assessment done again with one thing changed, by the same code. Varied are the flagged
verdicts on KPIs of one unit:

rounding    every printed figure off by half its last decimal (``sure``)
year        one year of the own series left out, or that year's comparison figures of every kind
peer        one of the unit's similar municipalities left out, where peer figures are computed from members
threshold   the ``by`` (``beyond`` of an outlier) of one condition halved and doubled, for the rule and all that it asks

Not varied: several things at once, figures wrong by more than their rounding, which municipalities are chosen as
similar beyond leaving one out, published comparison figures other than by year, other thresholds, and
verdicts on areas, measures and signals, which follow from those on KPIs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import polars as pl

from genomlys.engine import evaluate
from genomlys.engine.asking import asked
from genomlys.engine.conditions.base import Sight
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang
from genomlys.engine.evaluate import STATUS
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.population import current_peers, group_of_kpis
from genomlys.engine.survey import build_grid
from genomlys.engine.thresholds import FACTORS, has_threshold, scaled
from genomlys.engine.verdicts import judge

What = Literal["year", "basis_year", "peer", "threshold"]
WHATS: Final[tuple[What, ...]] = get_args(What)

# A row per finding and variation that was tried on it. ``which`` is the year, the peer's id, or "<condition> x<factor>"
# with the condition's number in its rule; ``status`` is what the verdict then is.
VARIATIONS: Final[Mapping[str, pl.DataType]] = {
    "unit": pl.String(),
    "rule": pl.String(),
    "subject": pl.String(),
    "what": pl.Enum(WHATS),
    "which": pl.String(),
    "status": STATUS,
}
# A row per finding. Each list has what alone ends the flag: the verdict is then clear or does not apply. Beside it:
# how many variations of that sort were tried, and how many of them leave the verdict unknown, so that what is varied
# is needed to judge at all. ``hinges``: whether anything alone ends the flag.
SENSITIVITY: Final[Mapping[str, pl.DataType]] = {
    "unit": pl.String(),
    "rule": pl.String(),
    "subject": pl.String(),
    "area": pl.String(),
    "year": pl.Int32(),
    "severity": pl.String(),
    "hinges": pl.Boolean(),
    "rounding": pl.Boolean(),
    "years": pl.List(pl.String()),
    "years_tried": pl.Int32(),
    "years_needed": pl.Int32(),
    "basis_years": pl.List(pl.String()),
    "basis_years_tried": pl.Int32(),
    "basis_years_needed": pl.Int32(),
    "peers": pl.List(pl.String()),
    "peers_tried": pl.Int32(),
    "peers_needed": pl.Int32(),
    "thresholds": pl.List(pl.String()),
    "thresholds_tried": pl.Int32(),
    "thresholds_needed": pl.Int32(),
}


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """findings: SENSITIVITY, sorted by unit, rule and subject; variations: VARIATIONS, all that was tried."""

    data: Dataset
    book: RuleBook
    unit: str
    lang: Lang
    findings: pl.DataFrame
    variations: pl.DataFrame


@dataclass(frozen=True, eq=False)
class _Case:
    """One variation: the data set and the rules with one thing changed, and the findings that it touches."""

    what: What
    which: str
    data: Dataset
    book: RuleBook
    touched: pl.Expr


def sensitivity(
    data: Dataset | str | Path | Mapping[str, object] | None = None,
    *packs: str | Path | RuleBook,
    unit: str | None = None,
    as_of: int | dt.date | None = None,
    lang: Lang = "sv",
) -> Sensitivity:
    """Try every variation on the flagged verdicts on KPIs of one unit; the arguments are as for ``assess``.

    Raises DataError, RuleError or UsageError.
    """
    data, book, units = asked(data, packs, None if unit is None else (unit,), as_of)
    kpi_rules = replace(book, rules=tuple(rule for rule in book.rules if rule.subject == "kpi"), moves=())
    flagged = judge(data, kpi_rules, units, data.as_of.year, lang, ["flagged"]).verdicts
    flagged = flagged.select(*_KEY, "area", "year", pl.col("severity").cast(pl.String), "sure")
    asked_of = _with_asked(kpi_rules, set(flagged["rule"]))
    tried = [
        _tried(case, flagged, units[0])
        for case in _cases(data, asked_of, units[0])
        if not flagged.filter(case.touched).is_empty()
    ]
    variations = pl.concat(tried) if tried else pl.DataFrame(schema=dict(VARIATIONS))
    variations = variations.sort(*_KEY, pl.col("what").to_physical(), "which")
    return Sensitivity(data, book, units[0], lang, _summed(flagged, variations), variations)


_KEY: Final = ("unit", "rule", "subject")


def _with_asked(book: RuleBook, wanted: set[str]) -> RuleBook:
    """The book with some of its rules and those that they ask."""
    asked_too = wanted.union(*(book.beneath(rule.when) for rule in book.rules if rule.id in wanted))
    return replace(book, rules=tuple(rule for rule in book.rules if rule.id in asked_too))


def _tried(case: _Case, flagged: pl.DataFrame, unit: str) -> pl.DataFrame:
    again = _statuses(case.data, case.book, unit)
    touched = flagged.filter(case.touched).select(_KEY)
    return touched.join(again, on=_KEY, how="left", maintain_order="left").select(
        *_KEY, what=pl.lit(case.what, dtype=pl.Enum(WHATS)), which=pl.lit(case.which), status="status"
    )


def _statuses(data: Dataset, book: RuleBook, unit: str) -> pl.DataFrame:
    """unit, rule, subject and status: what ``judge`` says of KPIs, without its texts and history."""
    reads = evaluate.reads_of(book.rules, targets=data.targets)
    grid = build_grid(data, [unit], reads.benchmarks, data.as_of.year, reads.among, followed=reads.followed)
    sight = Sight(targets=data.targets)
    frame = evaluate.judge_series(grid, np.arange(len(grid.own)), book.rules, reads, sight)
    names = grid.names(frame["series"]).select("unit", subject="kpi")
    said = [
        names.with_columns(rule=pl.lit(rule.id), status=frame.select(evaluate.status(rule.id)).to_series())
        for rule in book.rules
    ]
    return pl.concat(said)


def _cases(data: Dataset, book: RuleBook, unit: str) -> Iterator[_Case]:
    yield from _years(data, book, unit)
    yield from _peers(data, book, unit)
    yield from _thresholds(data, book)


def _years(data: Dataset, book: RuleBook, unit: str) -> Iterator[_Case]:
    mine = pl.col("unit") == unit
    values, benchmarks = data.values, data.benchmarks
    own = values.filter(mine & pl.col("value").is_not_null() & (pl.col("year") <= data.as_of.year))
    for year in own["year"].unique().sort():
        its = pl.col("year") == year
        without = values.with_columns(value=pl.when(~(mine & its)).then("value"))
        having = own.filter(its)["kpi"].to_list()
        yield _Case("year", str(year), replace(data, values=without), book, pl.col("subject").is_in(having))
    others = values.filter(~mine & pl.col("value").is_not_null()).select("kpi", "year")
    published = benchmarks.filter(pl.col("value").is_not_null()).select("kpi", "year")
    bases = pl.concat([others, published]).unique().filter(pl.col("year") <= data.as_of.year)
    for year in bases["year"].unique().sort():
        its = pl.col("year") == year
        changed = replace(
            data,
            values=values.with_columns(value=pl.when(mine | ~its).then("value")),
            benchmarks=benchmarks.with_columns(value=pl.when(~its).then("value")),
        )
        having = bases.filter(its)["kpi"].to_list()
        yield _Case("basis_year", str(year), changed, book, pl.col("subject").is_in(having))


def _peers(data: Dataset, book: RuleBook, unit: str) -> Iterator[_Case]:
    peers = current_peers(data, data.as_of.year)
    mine = peers.filter((pl.col("unit") == unit) & (pl.col("member") != unit))
    groups = group_of_kpis(data, peers)
    for member in mine["member"].unique().sort():
        without = data.peers.filter(~((pl.col("unit") == unit) & (pl.col("member") == member)))
        its = data.values.filter((pl.col("unit") == member) & pl.col("value").is_not_null())["kpi"].unique()
        member_of = set(mine.filter(pl.col("member") == member)["group"])
        touched = pl.col("subject").is_in([kpi for kpi in its if groups.get(kpi) in member_of])
        yield _Case("peer", member, replace(data, peers=without), book, touched)


def _thresholds(data: Dataset, book: RuleBook) -> Iterator[_Case]:
    """The same condition of every rule at once: rules ask nothing of each other but those that they name."""
    banded = {rule.id: list(map(has_threshold, leaves(rule.when))) for rule in book.rules}
    for number in range(max((len(each) for each in banded.values()), default=0)):
        having = [rule for rule, each in banded.items() if number < len(each) and each[number]]
        asking = [rule.id for rule in book.rules if not book.beneath(rule.when).isdisjoint(having)]
        for factor in FACTORS if having else ():
            rules = tuple(replace(rule, when=scaled(rule.when, factor, [number])) for rule in book.rules)
            which = f"{number + 1} x{factor:g}"
            yield _Case("threshold", which, data, replace(book, rules=rules), pl.col("rule").is_in([*having, *asking]))


def _summed(flagged: pl.DataFrame, variations: pl.DataFrame) -> pl.DataFrame:
    columns = {"year": "years", "basis_year": "basis_years", "peer": "peers", "threshold": "thresholds"}
    ends = pl.col("status").cast(pl.String).is_in(["clear", "not_applicable"])
    unknown = (pl.col("status") == "unknown").fill_null(True)
    counted = variations.group_by(_KEY, maintain_order=True).agg(
        *[pl.col("which").filter((pl.col("what") == what) & ends).alias(name) for what, name in columns.items()],
        *[(pl.col("what") == what).sum().cast(pl.Int32).alias(f"{name}_tried") for what, name in columns.items()],
        *[((pl.col("what") == what) & unknown).sum().alias(f"{name}_needed") for what, name in columns.items()],
    )
    told = flagged.join(counted, on=_KEY, how="left", maintain_order="left").with_columns(
        *[pl.col(name).fill_null([]) for name in columns.values()],
        *[pl.col(f"{name}_{part}").fill_null(0) for name in columns.values() for part in ("tried", "needed")],
        rounding=~pl.col("sure"),
    )
    hinges = pl.any_horizontal("rounding", *[pl.col(name).list.len() > 0 for name in columns.values()])
    return told.with_columns(hinges=hinges).select(list(SENSITIVITY)).cast(dict(SENSITIVITY)).sort(_KEY)  # type: ignore[arg-type]


__all__: Sequence[str] = ["SENSITIVITY", "VARIATIONS", "Sensitivity", "sensitivity"]
