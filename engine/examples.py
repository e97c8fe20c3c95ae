"""Running the examples of rules through the code behind ``assess``, and telling what differs from their answer.

What takes time is a data set and a judgement, whatever their size. So examples of the same day share
them as long as no name clashes, each in an area of its own, which is as far as any rule sees.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from genomlys.engine.conditions.base import KpiCount, RuleMargin
from genomlys.engine.conditions.margin import Margin
from genomlys.engine.conditions.tree import leaves, needs
from genomlys.engine.dataset import Dataset
from genomlys.engine.errors import DataError, Lang, Place, Text
from genomlys.engine.evaluate import STATUSES, flagged
from genomlys.engine.example_tables import UNIT, Case, dataset_of
from genomlys.engine.justification import sentence
from genomlys.engine.language.figures import Span
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.verdicts import Judged, judge
from genomlys.engine.writing import NBSP

_NOTHING = Text("", "")
_LANGS: tuple[Lang, Lang] = ("sv", "en")

Truth = Literal["holds", "fails", "unknown", "meaningless"]
_ANSWERS: Final[Mapping[Truth, Text]] = {
    "holds": Text("gäller", "holds"),
    "fails": Text("gäller inte", "does not hold"),
    "unknown": Text("är okänt", "is unknown"),
    "meaningless": Text("saknar mening här", "has no meaning here"),
}


@dataclass(frozen=True)
class Outcome:
    """What became of one example. ``explanation`` says what differs and is empty when nothing does.

    ``actual`` is the verdict's status, ``lo`` and ``hi`` the ends of its margin, ``text`` its Swedish sentence and
    ``severity`` its level if it is flagged; all None when the example's figures make no data set. ``conditions``
    are the answers of the rule's conditions, in the order they are written; none where the rule does not apply.
    ``todo`` is why the example is expected to differ still.
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
    severity: str | None = None
    conditions: tuple[Truth, ...] = ()
    todo: str | None = None

    @property
    def passed(self) -> bool:
        return self.explanation == _NOTHING

    @property
    def state(self) -> Literal["passed", "failed", "todo", "mended"]:
        """``todo``: differs, as was known; ``mended``: it no longer does, so that its ``todo`` can go."""
        if self.todo is None:
            return "passed" if self.passed else "failed"
        return "mended" if self.passed else "todo"


@dataclass(frozen=True)
class _Found:
    """The verdict on a case, its conditions' answers, its text by language, and what would decide it if unknown."""

    verdict: Mapping[str, Any]
    answers: tuple[Truth, ...]
    texts: Mapping[Lang, str | None]
    missing: tuple[str, ...]

    @property
    def exercised(self) -> tuple[Truth, ...]:
        """The answers that show what the rule does: none where it does not apply."""
        return () if self.verdict["status"] == "not_applicable" else self.answers


def run_examples(book: RuleBook) -> tuple[Outcome, ...]:
    """Every example of every rule of the book, in the order of packs, rules and examples.

    Examples show what a rule says as its own pack has it: those of a rule that asks one that another pack has changed
    are left to that own pack, and a changed rule has those that came with the change.
    """
    changed = {each.id for each in book.overrides}
    rules = [rule for pack in book.packs for rule in pack.rules if changed.isdisjoint(book.beneath(rule.when))]
    examples = [(rule, example) for rule in rules for example in rule.examples]
    cases = [Case(number, rule, example) for number, (rule, example) in enumerate(examples, start=1)]
    outcomes = {number: outcome for batch in _batches(cases) for number, outcome in _run(book, batch)}
    return tuple(outcomes[case.number] for case in cases)


def _batches(cases: Iterable[Case]) -> list[list[Case]]:
    """Cases of one day, set against as many others, together, unless a name would be there twice.

    To a case without dates all days are one.
    """
    batches: list[tuple[list[Case], set[tuple[str, str]]]] = []
    for case in sorted(cases, key=lambda case: case.example.timeless):
        day, names = case.example.as_of, case.names()
        any_day = case.example.timeless
        fitting = (
            (members, taken)
            for members, taken in batches
            if (any_day or members[0].example.as_of == day) and members[0].others() == case.others()
            if names.isdisjoint(taken)
        )
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
    book = book.in_force(data.as_of.year)
    judged = judge(data, _part(book, cases), [UNIT], data.as_of.year, "sv", STATUSES, keep_frames=True, details=False)
    verdicts, answers = _verdicts(judged.verdicts, cases), _answers(judged, cases)
    english = _in_english(judged, cases)
    for case in cases:
        key = (case.rule.id, case.subject)
        texts: dict[Lang, str | None] = {"sv": verdicts[key]["text"]}
        if key in english:
            texts["en"] = english[key]
        verdict = verdicts[key]
        # Only a verdict that surprises is told of with what it lacks.
        asked = verdict["status"] == "unknown" != case.example.expected.status
        yield case, _Found(verdict, answers[key], texts, _missing(book, case) if asked else ())


def _in_english(judged: Judged, cases: Sequence[Case]) -> dict[tuple[str, str], str | None]:
    """The texts of those that expect one, over the frames that the Swedish ones were written from."""
    sight = judged.sight
    asked: dict[str, list[Case]] = {}
    for case in cases:
        if "en" in dict(case.example.expected.texts):
            asked.setdefault(case.rule.id, []).append(case)
    found: dict[tuple[str, str], str | None] = {}
    for name, mine in asked.items():
        rule, subjects = mine[0].rule, [case.subject for case in mine]
        frame = judged.frames[rule.subject].filter(pl.col("subject").is_in(subjects), flagged(name))
        told = frame.select("subject", text=sentence(rule, "en", sight)).iter_rows()
        found |= dict.fromkeys(((name, subject) for subject in subjects), None)
        found |= {(name, subject): text for subject, text in told}
    return found


def _missing(book: RuleBook, case: Case) -> tuple[str, ...]:
    """The figures that would decide a case, which is judged once more by itself for it."""
    data = dataset_of([case])
    judged = judge(data, _part(book, [case]), [UNIT], data.as_of.year, "sv", STATUSES)
    said = judged.cells.filter(pl.col("area") == case.area).select(
        pl.format("{} {}", "source", pl.col("year").cast(pl.String).fill_null("?"))
    )
    return tuple(dict.fromkeys(said.to_series().to_list()))


def _answers(judged: Judged, cases: Sequence[Case]) -> dict[tuple[str, str], tuple[Truth, ...]]:
    """By rule and subject, the answers of the rule's conditions."""
    sight = judged.sight
    found: dict[tuple[str, str], tuple[Truth, ...]] = {}
    for subject, frame in judged.frames.items():
        rules = {case.rule.id: case.rule for case in cases if case.rule.subject == subject}
        named = {rule: [f"{rule}:{number}" for number, _ in enumerate(leaves(rules[rule].when))] for rule in rules}
        asked = [
            _answer(leaf.margin(sight)).alias(name)
            for rule, names in named.items()
            for name, leaf in zip(names, leaves(rules[rule].when), strict=True)
        ]
        if not asked:
            continue
        rows = {row["subject"]: row for row in frame.select("subject", *asked).iter_rows(named=True)}
        for case in cases:
            if case.rule.id in named:
                row = rows[case.subject]
                found[(case.rule.id, case.subject)] = tuple(row[name] for name in named[case.rule.id])
    return found


def _answer(margin: Margin) -> pl.Expr:
    """One of ``Truth``."""
    told = (
        pl.when(margin.holds)
        .then(pl.lit("holds"))
        .when(~margin.holds)
        .then(pl.lit("fails"))
        .otherwise(pl.lit("unknown"))
    )
    return told if margin.applies is None else pl.when(margin.applies).then(told).otherwise(pl.lit("meaningless"))


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
        severity=verdict.get("severity"),
        conditions=() if found is None else found.exercised,
        todo=case.example.todo,
    )


def _differences(case: Case, found: _Found) -> Text:
    """What differs from the answer; where the status does, the rest follows from it and is not told."""
    expected, verdict = case.example.expected, found.verdict
    if verdict["status"] != expected.status:
        return _other_status(case, found)
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


def _other_status(case: Case, found: _Found) -> Text:
    """What became of it, and why: what is lacking, or each condition's answer."""
    wanted, status = case.example.expected.status, found.verdict["status"]
    if found.missing:
        missing = ", ".join(found.missing)
        why = Text(f" för att det saknas: {missing}", f" for want of: {missing}")
    elif status == "not_applicable":
        why = _meaningless(case, found)
    elif status == "unknown":
        why = _answered(case, found)
    else:
        margin, answered = _span(found.verdict["lo"], found.verdict["hi"]), _answered(case, found)
        why = Text(f" med marginalen {margin}{answered.sv}", f" with the margin {margin}{answered.en}")
    return Text(f"väntat {wanted}, men det blev {status}{why.sv}.", f"expected {wanted}, but it is {status}{why.en}.")


def _meaningless(case: Case, found: _Found) -> Text:
    pairs = zip(leaves(case.rule.when), found.answers, strict=True)
    without = [leaf for leaf, answer in pairs if answer == "meaningless"]
    if not without:
        return Text(": utanför for_each", ": outside for_each")
    sv, en = (", ".join(f"'{leaf.say(lang)}'" for leaf in without) for lang in _LANGS)
    return Text(
        f": utanför for_each, eller så saknar {sv} mening här", f": outside for_each, or {en} has no meaning here"
    )


def _answered(case: Case, found: _Found) -> Text:
    """ ": 'över referenskostnaden' gäller, 'över ett mål' okänt", where there is more than one to tell of."""
    pairs = list(zip(leaves(case.rule.when), found.answers, strict=True))
    if len(pairs) == 1:
        return _NOTHING
    sv, en = (
        ", ".join(f"'{leaf.say(lang)}' {_ANSWERS[answer].in_(lang)}" for leaf, answer in pairs) for lang in _LANGS
    )
    return Text(f": {sv}", f": {en}")


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
