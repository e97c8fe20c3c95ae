"""Running the examples of rules through the code behind ``assess``, and telling what differs from their answer.

What takes time is a data set and a judgement, whatever their size. So examples of the same day share
them as long as no name clashes, each in an area of its own, which is as far as any rule sees.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from genomlys.engine.conditions.base import KpiCount, RuleMargin
from genomlys.engine.conditions.tree import needs
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import DataError, Lang, Place, Text
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.example_tables import UNIT, Case, dataset_of
from genomlys.engine.language.figures import Span
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.verdicts import judge
from genomlys.engine.writing import NBSP

_NOTHING = Text("", "")
_LANGS: tuple[Lang, Lang] = ("sv", "en")


@dataclass(frozen=True)
class Outcome:
    """What became of one example. ``explanation`` says what differs and is empty when nothing does.

    ``actual`` is the verdict's status, ``lo`` and ``hi`` the ends of its margin and ``text`` its Swedish
    sentence if it is flagged; all None when the example's figures make no data set.
    """

    rule: str
    title: str
    place: Place
    expected: str
    actual: str | None
    lo: float | None
    hi: float | None
    text: str | None
    explanation: Text

    @property
    def passed(self) -> bool:
        return self.explanation == _NOTHING


@dataclass(frozen=True)
class _Found:
    """The verdict on a case, its text by language, and the missing figures that would decide it."""

    verdict: Mapping[str, Any]
    texts: Mapping[Lang, str | None]
    cells: pl.DataFrame


def run_examples(book: RuleBook) -> tuple[Outcome, ...]:
    """Every example of every rule of the book, in the order of packs, rules and examples."""
    rules = [rule for pack in book.packs for rule in pack.rules]
    examples = [(rule, example) for rule in rules for example in rule.examples]
    cases = [Case(number, rule, example) for number, (rule, example) in enumerate(examples, start=1)]
    outcomes = {number: outcome for batch in _batches(cases) for number, outcome in _run(book, batch)}
    return tuple(outcomes[case.number] for case in cases)


def _batches(cases: Iterable[Case]) -> list[list[Case]]:
    """Cases of one day together, unless a name would be there twice."""
    batches: list[tuple[list[Case], set[tuple[str, str]]]] = []
    for case in cases:
        day, names = case.example.as_of, case.names()
        fitting = (b for b in batches if b[0][0].example.as_of == day and names.isdisjoint(b[1]))
        members, taken = next(fitting, ([], set()))
        if not members:
            batches.append((members, taken))
        members.append(case)
        taken |= names
    return [members for members, _ in batches]


def _run(book: RuleBook, cases: Sequence[Case]) -> Iterator[tuple[int, Outcome]]:
    try:
        data = dataset_of(cases)
    except DataError as error:
        if len(cases) == 1:
            yield cases[0].number, _outcome(cases[0], None, _said(error))
            return
        # One of them is at fault: alone, each tells whether it is the one.
        for case in cases:
            yield from _run(book, [case])
        return
    for case, found in _judged(book, cases, data):
        yield case.number, _outcome(case, found, _differences(case, found))


def _said(error: DataError) -> Text:
    told = Text(*(" ".join(problem.message.in_(lang) for problem in error.problems) for lang in _LANGS))
    return Text(f"exemplets siffror kan inte finnas: {told.sv}", f"the example's figures cannot be: {told.en}")


def _judged(book: RuleBook, cases: Sequence[Case], data: Dataset) -> Iterator[tuple[Case, _Found]]:
    judged = judge(data, _part(book, cases), [UNIT], data.as_of.year, "sv", STATUSES)
    verdicts = _verdicts(judged.verdicts, cases)
    in_english = [case for case in cases if "en" in dict(case.example.expected.texts)]
    english = {}
    if in_english:
        again = judge(data, _part(book, in_english), [UNIT], data.as_of.year, "en", STATUSES)
        english = _verdicts(again.verdicts, in_english)
    for case in cases:
        key = (case.rule.id, case.subject)
        texts: dict[Lang, str | None] = {"sv": verdicts[key]["text"]}
        if key in english:
            texts["en"] = english[key]["text"]
        read_by = [rule.id for rule in _part(book, [case]).rules]
        cells = judged.cells.filter(pl.col("area") == case.area, pl.col("rule").is_in(read_by))
        yield case, _Found(verdicts[key], texts, cells)


def _part(book: RuleBook, cases: Sequence[Case]) -> RuleBook:
    """The book with the rules that the cases are of and those that these refer to, in the book's order."""
    wanted = {case.rule.id for case in cases}
    for rule in reversed(book.rules):
        if rule.id in wanted:
            wanted |= {need.rule for need in needs(rule.when) if isinstance(need, RuleMargin | KpiCount)}
    return RuleBook(book.packs, tuple(rule for rule in book.rules if rule.id in wanted), ())


def _verdicts(verdicts: pl.DataFrame, cases: Sequence[Case]) -> dict[tuple[str, str], dict[str, Any]]:
    keys = pl.DataFrame({"rule": [case.rule.id for case in cases], "subject": [case.subject for case in cases]})
    rows = verdicts.join(keys, on=["rule", "subject"], how="semi").rows(named=True)
    return {(row["rule"], row["subject"]): row for row in rows}


def _outcome(case: Case, found: _Found | None, explanation: Text) -> Outcome:
    verdict: Mapping[str, Any] = {} if found is None else found.verdict
    return Outcome(
        rule=case.rule.id,
        title=case.example.title,
        place=case.example.place,
        expected=case.example.expected.status,
        actual=verdict.get("status"),
        lo=verdict.get("lo"),
        hi=verdict.get("hi"),
        text=verdict.get("text"),
        explanation=explanation,
    )


def _differences(case: Case, found: _Found) -> Text:
    """What differs from the answer; where the status does, the rest follows from it and is not told."""
    expected, verdict = case.example.expected, found.verdict
    if verdict["status"] != expected.status:
        return _other_status(expected.status, found)
    told = []
    if expected.severity not in (None, verdict["severity"]):
        told.append(_wanted(Text("allvarsgraden", "severity"), expected.severity, verdict["severity"]))
    for name, what, lo, hi in (
        ("margin", Text("marginalen", "the margin"), verdict["lo"], verdict["hi"]),
        ("money", Text("beloppet", "the money"), verdict["money"], verdict["money"]),
    ):
        span: Span | None = getattr(expected, name)
        if span is not None and (lo is None or not span.holds(lo, hi)):
            told.append(_wanted(what, _span(span.lo, span.hi), None if lo is None else _span(lo, hi)))
    for lang, text in expected.texts:
        told += _other_text(text, found.texts[lang] or "")
    return Text(" ".join(text.sv for text in told), " ".join(text.en for text in told))


def _other_status(wanted: str, found: _Found) -> Text:
    status = found.verdict["status"]
    if status == "unknown":
        cells = found.cells.select(pl.format("{} {}", "source", pl.col("year").cast(pl.String).fill_null("?")))
        missing = ", ".join(dict.fromkeys(cells.to_series().to_list()))
        why = Text(f" för att det saknas: {missing}", f" for want of: {missing}") if missing else _NOTHING
    elif status == "not_applicable":
        why = Text(": utanför for_each, eller utan mening här", ": outside for_each, or without a meaning here")
    else:
        margin = _span(found.verdict["lo"], found.verdict["hi"])
        why = Text(f" med marginalen {margin}", f" with the margin {margin}")
    return Text(f"väntat {wanted}, men det blev {status}{why.sv}.", f"expected {wanted}, but it is {status}{why.en}.")


def _other_text(wanted: str, found: str) -> list[Text]:
    wanted, found = wanted.replace(NBSP, " "), found.replace(NBSP, " ")
    if wanted == found:
        return []
    differing = (at for at, pair in enumerate(zip(wanted, found, strict=False), start=1) if pair[0] != pair[1])
    at = next(differing, min(len(wanted), len(found)) + 1)
    return [
        Text(
            f'texten blev "{found}", inte "{wanted}"; de skiljer sig från tecken {at}.',
            f'the text is "{found}", not "{wanted}"; they differ from character {at}.',
        )
    ]


def _wanted(what: Text, wanted: object, found: object) -> Text:
    return Text(
        f"{what.sv} blev {'okänt' if found is None else found}, inte {wanted}.",
        f"{what.en} is {'unknown' if found is None else found}, not {wanted}.",
    )


def _span(lo: float, hi: float) -> str:
    """As an example writes it; a verdict without a scale is infinitely far from turning."""
    if lo == hi:
        return _number(lo) or ("∞" if lo > 0 else "-∞")
    return f"{_number(lo)} .. {_number(hi)}".strip()


def _number(value: float) -> str:
    """With at most four decimals, and nothing for an end that is open."""
    return f"{value:.4f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""
