"""What was asked -> which verdicts, and each verdict with all that it rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from genomlys.engine.amounts import format_tkr
from genomlys.engine.areas import classify
from genomlys.engine.asking import asked
from genomlys.engine.candidates import propose
from genomlys.engine.conditions.base import SUBJECTS, Subject
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import Lang, Place, Problem, Text, UsageError, nearest
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.explain import turn, words
from genomlys.engine.explain.context import Context, Row, with_referred
from genomlys.engine.explain.made import made
from genomlys.engine.explain.model import Cell, Document, Explanation, Origin, Rank, Step
from genomlys.engine.explain.scope import outside
from genomlys.engine.explain.steps import steps
from genomlys.engine.language.changes import say_dated, say_override
from genomlys.engine.language.model import Override, Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.multiplicity import evidence
from genomlys.engine.verdicts import judge
from genomlys.engine.waiving import record, say

_TITLES: Mapping[Subject, str] = {
    "kpi": "kpi_title",
    "area": "area_title",
    "measure": "measure_title",
    "signal": "signal_title",
}
_ORDER = {"flagged": 0, "unknown": 1, "clear": 2, "not_applicable": 3}
_SEVERITIES = {"high": 0, "medium": 1, "low": 2, None: 3}


def explain(
    data: Dataset | str | Path | Mapping[str, object] | None = None,
    *packs: str | Path | RuleBook,
    verdict: str,
    unit: str | None = None,
    as_of: int | dt.date | None = None,
    lang: Lang = "sv",
    waivers: str | Path | None = None,
) -> tuple[Explanation, ...]:
    """The tree behind verdicts of one unit, whether flagged, clear, unknown or not applicable.

    verdict: ``rule/subject``, one verdict; a KPI, an area, a measure or a signal, all verdicts on it; or a rule, all
    its verdicts. Flagged ones come first, then unknown, clear and not applicable. The rest is as for ``assess``.

    Raises DataError, RuleError, or UsageError for an unknown unit or id.
    """
    data, book, units = asked(data, packs, None if unit is None else (unit,), as_of, waivers)
    wanted = _wanted(verdict.strip(), data, book)
    # An area's rank is among all that the rules say; else only what was asked about needs to be judged.
    by_area = any(rule.subject == "area" for rule, _ in wanted)
    asked_of = book if by_area else with_referred(book, [rule.id for rule, _ in wanted])
    judged = judge(data, asked_of, units, data.as_of.year, lang, STATUSES, keep_frames=True)
    case = Context(data, book, judged, units[0], lang)
    _check_judged(case, verdict, wanted)
    found = [each for rule, subjects in wanted for each in _explained(case, rule, subjects)]
    if len(wanted) == 1 and wanted[0][1] is not None:
        return tuple(found)
    written = [rule for pack in book.packs for rule in pack.rules]
    # What is said of the figures comes before what is said of the data.
    place = {rule.id: (rule.goal == "data", number) for number, rule in enumerate(written)}

    def gravest(each: Explanation) -> tuple[int, int, int, tuple[bool, int], str]:
        # An id may be that of an area and of a measure: they are kept apart.
        kind, severity = SUBJECTS.index(each.kind), _SEVERITIES[each.severity]
        return kind, _ORDER[each.status], severity, place[each.rule], each.subject

    return tuple(sorted(found, key=gravest))


_Wanted = tuple[Rule, tuple[str, ...] | None]  # a rule, and the subjects asked about; None: all


def _wanted(verdict: str, data: Dataset, book: RuleBook) -> list[_Wanted]:
    """The rules and subjects that an id means."""
    rules = {rule.id: rule for rule in book.rules}
    known = {
        "kpi": data.kpis["kpi"].to_list(),
        "area": data.areas["area"].to_list(),
        "measure": data.measures["measure"].to_list(),
        "signal": data.signals["signal"].to_list(),
    }
    off = {each.id: each for each in book.overrides if each.off and each.kind == "rule"}
    if verdict.split("/", 1)[0] in off:
        raise _off(off[verdict.split("/", 1)[0]])
    if "/" in verdict:
        name, subject = verdict.split("/", 1)
        rule = rules.get(name)
        if rule is None:
            raise _unknown(name, Text("ingen regel", "no rule"), list(rules))
        if subject not in known[rule.subject]:
            what = words.KINDS[rule.subject]
            none = Text("inget" if rule.subject in ("kpi", "area") else "ingen", "no")
            about = Text(f"{none.sv} {what.sv.lower()} i datamängden", f"no {what.en} of the data set")
            raise _unknown(subject, about, known[rule.subject])
        return [(rule, (subject,))]
    of_subject = [(rule, (verdict,)) for rule in book.rules if verdict in known[rule.subject]]
    if of_subject or any(verdict in names for names in known.values()):
        return list(of_subject)
    if verdict in rules:
        return [(rules[verdict], None)]
    about = Text(
        "varken en regel eller ett nyckeltal, ett område, en åtgärd eller en omständighet",
        "neither a rule nor a KPI, an area, a measure or a signal",
    )
    raise _unknown(verdict, about, [*rules, *(name for names in known.values() for name in names)])


def _off(override: Override) -> UsageError:
    said = Text(
        f"regeln '{override.id}' är {say_override(override, 'sv')}",
        f"the rule '{override.id}' is {say_override(override, 'en')}",
    )
    return UsageError([Problem("rule-off", Place("ID"), said)])


def _unknown(name: str, what: Text, known: Sequence[str]) -> UsageError:
    said = Text(f"'{name}' är {what.sv}.", f"'{name}' is {what.en}.")
    return UsageError([Problem("unknown-id", Place("ID"), said, nearest(name, known))])


def _check_judged(case: Context, verdict: str, wanted: Sequence[_Wanted]) -> None:
    """Measures and signals are known for the home unit only, and some units report a part of the KPIs."""
    for rule, subjects in wanted:
        if subjects is None or not case.frame(rule.subject, subjects).is_empty():
            continue
        title = case.data.units.filter(pl.col("unit") == case.unit)["title"].item()
        said = Text(f"'{verdict}' bedöms inte för {title}.", f"'{verdict}' is not judged for {title}.")
        remedy = Text("Välj en annan enhet med --unit.", "Choose another unit with --unit.")
        raise UsageError([Problem("not-judged", Place("ID"), said, remedy)])


def _explained(case: Context, rule: Rule, subjects: Sequence[str] | None) -> Iterator[Explanation]:
    frame = case.frame(rule.subject, subjects)
    mine = frame["subject"].to_list()
    verdicts = case.judged.verdicts.filter((pl.col("rule") == rule.id) & pl.col("subject").is_in(mine))
    titles = case.data.areas.select("area", in_area="title")
    names = frame.select("subject", "unit_title", pl.col(_TITLES[rule.subject]).alias("title"))
    told = (
        verdicts.with_columns(evidence=evidence(case.book))
        .join(names, on="subject")
        .join(titles, on="area", how="left")
        .sort("subject")
    )
    trees = steps(case, rule, mine)
    moved = turn.turns(case, rule, mine) if rule.subject == "kpi" else turn.Turns({}, {})
    reasons = outside(case, rule, frame)
    document = Document(
        why=rule.why.in_(case.lang),
        limits=rule.limits.in_(case.lang),
        source=rule.source.in_(case.lang),
        pack=case.book.stated_in[rule.id],
        place=replace(rule.place, file=Path(rule.place.file).name),
        dated=tuple(say_dated(each, case.lang) for each in rule.dated),
        override=None if rule.override is None else say_override(rule.override, case.lang),
    )
    ranks = _ranks(case) if rule.subject == "area" else {}
    waivers = {
        row["subject"]: say(row, case.lang)
        for row in record(case.judged.verdicts, case.data, case.book, [case.unit]).rows(named=True)
        if row["rule"] == rule.id and row["state"] == "in_force"
    }
    for row in told.rows(named=True):
        tree = trees[row["subject"]]
        turned = moved.verdict.get(row["subject"]) if rule.subject == "kpi" else turn.in_words(tree, case.lang)
        own = {number: each for (subject, number), each in moved.conditions.items() if subject == row["subject"]}
        tree = turn.with_turns(tree, own)
        is_out = row["status"] == "not_applicable"
        derived, sources = made(case, () if is_out else _sources(tree))
        yield Explanation(
            data=case.data.title,
            unit=case.unit,
            unit_title=row["unit_title"],
            rule=rule.id,
            rule_title=rule.title.in_(case.lang),
            kind=rule.subject,
            subject=row["subject"],
            title=row["title"],
            area=row["area"],
            area_title=row["in_area"],
            year=row["year"],
            status=row["status"],
            sure=row["sure"],
            severity=row["severity"],
            money=row["money"],
            years_flagged=row["years_flagged"],
            p=row["p"],
            q=row["q"],
            evidence=row["evidence"] if row["status"] == "flagged" else None,
            text=row["text"],
            tree=tree,
            document=document,
            reasons=(reasons.get(row["subject"]) or _meaningless(tree)) if is_out else (),
            turn=None if is_out else turned,
            missing=_missing(tree) if row["status"] == "unknown" else (),
            sources=sources,
            made=derived,
            rank=ranks.get(row["subject"]),
            waiver=waivers.get(row["subject"]),
        )


def _meaningless(step: Step) -> tuple[str, ...]:
    """Why parts of the tree have no meaning, each reason once."""
    told = [fact.says for each in _all(step) if not each.applies for fact in each.facts if fact.name == "why_not"]
    return tuple(dict.fromkeys(told))


def _all(step: Step) -> Iterator[Step]:
    yield step
    for part in step.parts:
        yield from _all(part)


def _missing(step: Step) -> tuple[Cell, ...]:
    """The missing figures below the nodes that are open; what a decided node lacks would change nothing."""
    if step.holds is not None or not step.applies:
        return ()
    found = [*step.missing, *(cell for part in step.parts for cell in _missing(part))]
    return tuple(dict.fromkeys(found))


def _sources(step: Step) -> tuple[Origin, ...]:
    """The rows of the data set that facts were taken from, each once."""
    found = [origin for each in _all(step) for fact in each.facts for origin in (fact.origin, *fact.origins)]
    return tuple(dict.fromkeys(origin for origin in found if origin is not None))


def _ranks(case: Context) -> dict[str, Rank]:
    """By area the rank of its candidate, with the tiers that decided it."""
    areas = classify(case.judged, case.book)
    proposed = propose(case.data, case.judged, areas, case.book, case.lang, case.sight)
    return {row["area"]: _rank(row, proposed.height, case.lang) for row in proposed.rows(named=True)}


def _rank(row: Row, of: int, lang: Lang) -> Rank:
    none, unknown = Text("ingen", "none").in_(lang), Text("uppgift saknas", "not known").in_(lang)
    severity, money = row["tier_severity"], row["tier_money"]
    tiers = (
        (Text("läge mot målet", "against the goal"), words.CLASSES[row["tier_class"]].in_(lang)),
        (Text("allvarsgrad", "severity"), words.LEVELS[severity].in_(lang) if severity else none),
        (Text("prioriterad inriktning", "priority"), row["tier_priority"] or none),
        (Text("belopp", "money"), format_tkr(money, lang) if money is not None else unknown),
        (Text("år i följd", "years in a row"), str(row["tier_years"] or unknown)),
        (
            Text("underlag", "evidence"),
            words.EVIDENCE[row["tier_evidence"]].in_(lang) if row["tier_evidence"] else none,
        ),
        (Text("säkra utslag", "sure findings"), str(row["tier_sure"] or 0)),
    )
    return Rank(
        row["rank"], of, row["title"], tuple((name.in_(lang), said) for name, said in tiers), tuple(row["evidence"])
    )
