"""Findings, signals and earlier measures of an area -> a candidate förflyttning, ranked by open tiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from genomlys.engine import followup
from genomlys.engine.amounts import tkr_text
from genomlys.engine.areas import CLASSES, SIDES, rule_facts
from genomlys.engine.conditions.base import Sight
from genomlys.engine.conditions.subjects import MOVE_FIELDS
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang, Text
from genomlys.engine.justification import capitalised, filled
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.multiplicity import EVIDENCE, evidence
from genomlys.engine.verdicts import LEVELS, Judged

RELATIONS = pl.Enum(["new", "strengthen", "continue", "replace"])
_KEY = ["unit", "area"]
_MOST_NAMED = 5  # KPIs named in a proposal
_REASONS = 3  # sentences of evidence that are quoted; all findings are listed beside them

CANDIDATES: Mapping[str, pl.DataType] = {
    "unit": pl.String(),
    "rank": pl.Int32(),
    "area": pl.String(),
    "area_title": pl.String(),
    "move": pl.String(),
    "title": pl.String(),
    "description": pl.String(),
    "reason": pl.String(),
    "gain": pl.String(),
    "gain_tkr": pl.Float64(),
    "gain_from": pl.String(),
    "scope": pl.Enum(["own", "cross-committee"]),
    "committees": pl.List(pl.String()),
    "horizon": pl.String(),
    "relation": RELATIONS,
    "measures": pl.List(pl.String()),
    "evidence": pl.List(pl.String()),
    "tier_class": CLASSES,
    "tier_severity": LEVELS,
    "tier_priority": pl.String(),
    "tier_money": pl.Float64(),
    "tier_years": pl.Int32(),
    "tier_evidence": EVIDENCE,
    "tier_sure": pl.Int32(),
}


def propose(
    data: Dataset, judged: Judged, areas: pl.DataFrame, book: RuleBook, lang: Lang, sight: Sight
) -> pl.DataFrame:
    """CANDIDATES: at most one per unit and area, the first move of the pack that holds for it.

    scope is null where the area's committees are not known, relation where no measures are.

    areas: as ``areas.classify`` gives them. The gain in kronor is that of the one KPI with the
    largest gap in money (``gain_from``), so that no krona is counted twice; null, with words beside
    it, where no gap can be computed. Rank is by tiers, each shown: class against the goal, severity,
    prioriterad inriktning, money, years in a row, the strongest evidence, number of sure findings.
    """
    evidence = _evidence(judged, book)
    moved = _moves(judged, book, sight).filter(pl.col("move").is_not_null())
    frame = (
        moved.join(areas, on=_KEY, how="left", maintain_order="left")
        .join(evidence, on=_KEY, how="left", maintain_order="left")
        .join(_gains(judged, moved, book, lang), on=_KEY, how="left", maintain_order="left")
        .join(_decided(data), on=_KEY, how="left", maintain_order="left")
        .join(_quoted(judged, areas, book, lang), on=_KEY, how="left", maintain_order="left")
    )
    frame = frame.with_columns(
        relation=pl.when((pl.col("unit") == data.unit) & (len(data.measures) > 0)).then(_relation()),
        scope=pl.when(pl.col("cross_cutting") | (pl.col("committees").list.len() > 1))
        .then(pl.lit("cross-committee"))
        .when(pl.col("committees").list.len() == 1)
        .then(pl.lit("own")),
    )
    return _ranked(_worded(frame, book, lang))


def _moves(judged: Judged, book: RuleBook, sight: Sight) -> pl.DataFrame:
    """unit, area, unit_title and the first move that holds (null where none does)."""
    chosen = pl.coalesce(
        [
            *[pl.when(move.when.margin(sight).meant).then(pl.lit(move.id)) for move in book.moves],
            pl.lit(None, dtype=pl.String),
        ]
    )
    return judged.areas.select("unit", "area", "unit_title", move=chosen)


def _evidence(judged: Judged, book: RuleBook) -> pl.DataFrame:
    """Per unit and area: the problem findings, gravest first, and the tiers they give."""
    found = _problems(judged, book)
    return found.group_by(_KEY, maintain_order=True).agg(
        evidence=pl.concat_str("rule", pl.lit("/"), "subject"),
        reason=pl.col("text").head(_REASONS).str.join(" "),
        tier_severity=pl.col("severity").max(),
        tier_money=pl.col("money").max(),
        tier_years=pl.col("years_flagged").max(),
        tier_evidence=pl.col("strength").max(),
        tier_sure=pl.col("sure").sum().cast(pl.Int32),
        urgent=(pl.col("severity") >= pl.lit("medium", dtype=LEVELS)).any() & (pl.col("goal") != "followup").any(),
    )


def _problems(judged: Judged, book: RuleBook) -> pl.DataFrame:
    """The flagged problems of areas, gravest first; what speaks of KPIs before what sums up areas."""
    names = judged.kpis.select(subject_kind=pl.lit("kpi"), subject="kpi", kpi_name="name")
    order = pl.col("goal").replace_strict(
        {"cost": 0, "results": 0, "need": 1, "development": 1, "followup": 2}, default=3, return_dtype=pl.Int32
    )
    by_kind = pl.col("subject_kind").replace_strict(
        {"kpi": 0, "signal": 0, "measure": 1, "area": 2}, return_dtype=pl.Int32
    )
    return (
        judged.verdicts.filter(pl.col("status") == "flagged")
        .join(rule_facts(book), on="rule")
        .filter(pl.col("tells").is_in(["problem", "mixed"]) & (pl.col("goal") != "data"))
        .join(names, on=["subject_kind", "subject"], how="left")
        .with_columns(
            strength=evidence(book), order=order, by_kind=by_kind, by_severity=pl.col("severity").to_physical()
        )
        .sort(
            "unit",
            "area",
            "by_kind",
            "by_severity",
            "order",
            "rule",
            "subject",
            descending=[False, False, False, True, False, False, False],
            nulls_last=True,
        )
    )


def _gains(judged: Judged, moved: pl.DataFrame, book: RuleBook, lang: Lang) -> pl.DataFrame:
    """Per unit and area the KPI whose gap is worth most: its finding and tkr a year.

    Only findings of rules that the move itself comes from: to meet a law saves no cost.
    """
    meant = {move.id: sorted(book.beneath(move.when)) for move in book.moves}
    pairs = pl.DataFrame(
        {"move": list(meant), "rule": list(meant.values())}, schema={"move": pl.String, "rule": pl.List(pl.String)}
    ).explode("rule")
    money = (
        judged.verdicts.filter((pl.col("status") == "flagged") & (pl.col("money") > 0))
        .join(moved.select(*_KEY, "move"), on=_KEY)
        .join(pairs, on=["move", "rule"], how="semi")
    )
    names = judged.kpis.select(subject="kpi", kpi_name="name")
    return (
        money.join(names, on="subject", how="left")
        .sort("money", "rule", "subject", descending=[True, False, False])
        .group_by(_KEY, maintain_order=True)
        .first()
        .select(
            *_KEY,
            gain_tkr="money",
            gain_from=pl.concat_str("rule", pl.lit("/"), "subject"),
            gain_text=tkr_text(pl.col("money"), lang),
            gain_kpi="kpi_name",
        )
    )


def _decided(data: Dataset) -> pl.DataFrame:
    """The measures of the home unit's areas; other units' measures are not known."""
    return followup.of_areas(data).with_columns(unit=pl.lit(data.unit))


def _quoted(judged: Judged, areas: pl.DataFrame, book: RuleBook, lang: Lang) -> pl.DataFrame:
    """What a move's texts may say of the area: MOVE_FIELDS beside area and unit."""
    problems = _problems(judged, book)
    kpis = problems.group_by(_KEY, maintain_order=True).agg(
        names=pl.col("kpi_name").drop_nulls().unique(maintain_order=True)
    )
    signals = (
        problems.filter(pl.col("subject_kind") == "signal")
        .group_by(_KEY, maintain_order=True)
        .agg(signals_text=pl.col("text").str.join(" "))
    )
    return (
        areas.select(*_KEY, "committees", area_name="name")
        .join(kpis, on=_KEY, how="left", maintain_order="left")
        .join(signals, on=_KEY, how="left", maintain_order="left")
        .select(
            *_KEY,
            "area_name",
            pl.col("signals_text").fill_null(""),
            kpis_sv=_listed("names", " och ", "fler"),
            kpis_en=_listed("names", " and ", "others"),
            committees_sv=_listed("committees", " och "),
            committees_en=_listed("committees", " and "),
        )
    )


def _listed(column: str, last: str, more: str = "") -> pl.Expr:
    """A list of texts as "a, b och c"; empty text for none. With ``more``, at most five and then that."""
    texts = pl.col(column)
    if more:
        cut = texts.list.head(_MOST_NAMED)
        texts = pl.when(texts.list.len() > _MOST_NAMED).then(cut.list.concat([pl.lit(more)])).otherwise(texts)
    head = texts.list.head((texts.list.len().cast(pl.Int64) - 1).clip(lower_bound=0)).list.join(", ")
    tail = texts.list.last()
    several = texts.list.len() > 1
    return pl.when(several).then(pl.concat_str(head, pl.lit(last), tail)).otherwise(tail).fill_null("")


def _relation() -> pl.Expr:
    open_, done, failed = (pl.col(name).fill_null(0) for name in ("open", "done", "failed"))
    return (
        pl.when((open_ > 0) & pl.col("urgent").fill_null(False))
        .then(pl.lit("strengthen"))
        .when(open_ > 0)
        .then(pl.lit("continue"))
        .when(done > 0)
        .then(pl.lit("strengthen"))
        .when(failed > 0)
        .then(pl.lit("replace"))
        .otherwise(pl.lit("new"))
        .cast(RELATIONS)
    )


_GAIN = Text(" {} om året om {} når jämförelsevärdet.", " {} a year if {} reaches the basis.")
_NO_GAIN = Text(
    " Effekten i kronor kan inte beräknas ur siffrorna.", " The effect in kronor cannot be computed from the figures."
)


def _worded(frame: pl.DataFrame, book: RuleBook, lang: Lang) -> pl.DataFrame:
    """Title, description and gain in words, from the move's templates."""
    texts = {}
    for word in ("title", "description", "gain"):
        text = pl.lit(None, dtype=pl.String)
        for move in book.moves:
            said = capitalised(filled(getattr(move, word).parts(lang), MOVE_FIELDS, lang))
            text = pl.when(pl.col("move") == move.id).then(said).otherwise(text)
        texts[word] = text
    horizons = {move.id: move.horizon for move in book.moves}
    money = pl.format(_GAIN.in_(lang), "gain_text", "gain_kpi")
    return frame.rename({"title": "area_title"}).with_columns(
        title=texts["title"],
        description=texts["description"],
        gain=pl.concat_str(texts["gain"], money.fill_null(_NO_GAIN.in_(lang))),
        horizon=pl.col("move").replace_strict(horizons, default=None, return_dtype=pl.String),
        measures=pl.col("open_titles").fill_null([]),
        evidence=pl.col("evidence").fill_null([]),
        tier_class=pl.col("class"),
        tier_priority=pl.col("priority"),
    )


def _ranked(frame: pl.DataFrame) -> pl.DataFrame:
    order: Sequence[tuple[pl.Expr, bool]] = (
        (pl.col("unit"), False),
        (pl.col("tier_class").to_physical(), False),
        (pl.col("tier_severity").to_physical(), True),
        (pl.col("tier_priority").is_not_null(), True),
        (pl.col("tier_money"), True),
        (pl.col("tier_years"), True),
        (pl.col("tier_evidence").to_physical(), True),
        (pl.col("tier_sure"), True),
        (pl.col("area"), False),
    )
    ranked = frame.sort(
        [by for by, _ in order], descending=[descending for _, descending in order], nulls_last=True
    ).with_columns(rank=pl.int_range(1, pl.len() + 1).over("unit"))
    return ranked.select(list(CANDIDATES)).cast(dict(CANDIDATES))  # type: ignore[arg-type]


__all__ = ["CANDIDATES", "RELATIONS", "SIDES", "propose"]
