"""A pack that loads can be run: rules drawn from all words of the language, and the bundled ones with other words in
them, are assessed on the bundled data set. Nothing is said here of what the answers are."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from genomlys.engine.assess import assess
from genomlys.engine.conditions import bases, compare, data, gap, run, side
from genomlys.engine.conditions.base import Subject
from genomlys.engine.conditions.scope import Scope
from genomlys.engine.conditions.slots import known_fields
from genomlys.engine.conditions.subjects import MOVE_FIELDS
from genomlys.engine.conditions.tree import Tree, graded_leaf, known_leaves, leaves
from genomlys.engine.conditions.when import read_when
from genomlys.engine.coverage import coverage
from genomlys.engine.dataset import Dataset, bundled_dataset, read_dataset
from genomlys.engine.errors import GenomlysError
from genomlys.engine.examples import run_examples
from genomlys.engine.fit import fit
from genomlys.engine.language.lint import lint
from genomlys.engine.language.model import GOALS, TELLS
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.reader import Reader
from genomlys.engine.language.schema import pack_schema
from genomlys.engine.language.yamlfile import load_yaml
from genomlys.engine.numbers import MINUS
from genomlys.engine.report.problems import FORMATS
from genomlys.engine.report.rulepages import as_html, as_markdown, pages
from genomlys.engine.vocabulary import (
    BENCHMARKS,
    CATEGORIES,
    DIRECTIONS,
    HORIZONS,
    LEVELS,
    MEASURE_STATUSES,
    SAVING_KINDS,
    SIGNAL_KINDS,
)

Words: TypeAlias = dict[str, Any]  # as they stand in the file

LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@cache
def bundled() -> Dataset:
    return read_dataset(bundled_dataset())


def some(words: Sequence[str], most: int = 2) -> st.SearchStrategy[str | list[str]]:
    return st.sampled_from(words) | st.lists(st.sampled_from(words), min_size=1, max_size=most, unique=True)


def often(words: Mapping[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Words]:
    return st.fixed_dictionaries({}, optional=dict(words))


# Conditions

PERCENTS = ("0 %", "2%", "2,5 %", "10 %", "100 %")
NUMBERS = ("0", "0,5", "−2.5", "100", "8 093", "999999999999")
MONTHS = st.sampled_from(("0 months", "1 month", "18 months", "999 months"))
MEASURE_WORDS = often(
    {
        "status": some(MEASURE_STATUSES),
        "horizon": some(HORIZONS),
        "saving": some(SAVING_KINDS),
        "older_than": MONTHS,
        "past_due": st.sampled_from(("yes", "no")),
    }
)
SIGNAL_WORDS = often({"kind": some(SIGNAL_KINDS), "newer_than": MONTHS})


@st.composite
def comparisons(draw: st.DrawFn, measure: str | None) -> Words:
    own = st.integers(1, bases.MOST_YEARS_AGO).map(lambda years: f"own {years} years ago")
    numbers = [number + unit for number in NUMBERS for unit in ("", f" {measure}")] if measure else ["0"]
    than = draw(st.one_of(st.sampled_from(BENCHMARKS), st.sampled_from(BENCHMARKS), own, st.sampled_from(numbers)))
    words = {"is": draw(st.sampled_from(compare.IS)), "than": than} | draw(bands(measure))
    if draw(st.booleans()):
        years = draw(st.sampled_from((1, 2, 3, 4, 10)))
        words["in"] = f"{draw(st.integers(1, years) if years < 10 else st.sampled_from((1, 9, 10)))} of {years} years"
    return words


def bands(measure: str | None) -> st.SearchStrategy[Words]:
    # A number with % is relative, also where the KPIs are measured in per cent.
    units = ["", *([f" {measure}"] if measure != "%" else [])] if measure else []
    numbers = [number + unit for number in NUMBERS if not number.startswith(MINUS) for unit in units]
    return often({"by": st.sampled_from([*PERCENTS, "material", *numbers])})


@st.composite
def runs(draw: st.DrawFn, measure: str | None) -> Words:
    return {"is": draw(st.sampled_from(run.IS)), "for": f"{draw(st.integers(2, 10))} years"} | draw(bands(measure))


@st.composite
def gaps(draw: st.DrawFn, measure: str | None) -> Words:
    numbers = [number + unit for number in NUMBERS for unit in ("", f" {measure}")] if measure else ["0"]
    words = {
        "gap": draw(st.sampled_from(gap.CHANGES)),
        "to": draw(st.sampled_from([*BENCHMARKS, *numbers])),
        "over": f"{draw(st.integers(2, 10))} years",
    }
    return words | draw(often({"side": st.sampled_from(compare.SIDES)})) | draw(bands(measure))


@st.composite
def turns(draw: st.DrawFn, measure: str | None) -> Words:
    own = st.integers(1, bases.MOST_YEARS_AGO).map(lambda years: f"own {years} years ago")
    words = {
        "turn": draw(st.sampled_from(compare.SIDES)),
        "than": draw(st.one_of(st.sampled_from(BENCHMARKS), own, st.just("0"))),
        "after": f"{draw(st.integers(1, 9))} years",
    }
    return words | draw(bands(measure))


STATES = st.one_of(
    st.sampled_from(data.STATES).map(lambda state: {"is": state}),
    st.sampled_from(("0 years", "1 year", "999 years")).map(lambda years: {"is": "stale", "older_than": years}),
)


def members(kpi_rules: Sequence[str]) -> Iterator[st.SearchStrategy[Words]]:
    if kpi_rules:
        rules = st.sampled_from(kpi_rules)
        yield rules.map(lambda name: {"any_kpi": name})
        yield rules.map(lambda name: {"all_kpis": name})
        yield st.fixed_dictionaries({"kpis": rules, "at_least": st.sampled_from(("1", "2", "999999", "0,5 %"))})
        yield st.fixed_dictionaries({"kpis": rules, "at_most": st.sampled_from(("0", "2", "99,9 %"))})


def kinds(
    subject: Subject, measure: str | None, kpi_rules: Sequence[str], same: Sequence[str]
) -> st.SearchStrategy[Words]:
    found: list[st.SearchStrategy[Words]] = []
    if same:
        found.append(st.sampled_from(same).map(lambda name: {"rule": name}))
    if subject == "kpi":
        figures = [comparisons(measure), comparisons(measure), runs(measure), gaps(measure), turns(measure)]
        return st.one_of([*found, *figures, STATES])
    found += members(kpi_rules)
    found += [
        MEASURE_WORDS.map(lambda words: {"any_measure": words}),
        SIGNAL_WORDS.map(lambda words: {"any_signal": words}),
    ]
    if subject == "area":
        found += [st.tuples(st.sampled_from(sorted(side.WORDS)), some(side.SIDES)).map(lambda pair: dict([pair]))]
    if subject == "measure":
        found += [MEASURE_WORDS.filter(bool)] * 2
    if subject == "signal":
        found += [SIGNAL_WORDS.filter(bool)] * 2
    return st.one_of(found)


@st.composite
def trees(
    draw: st.DrawFn, scope: Scope, conditions: st.SearchStrategy[Words], told: bool = True, depth: int = 3
) -> Words:
    """A tree of conditions; with ``told``, some parts have a name and a sentence of their own."""
    joint = draw(st.sampled_from(("", "", "all", "all", "any", "not", "at_least"))) if depth else ""
    below = trees(scope, conditions, told, depth - 1)
    match joint:
        case "":
            words = draw(conditions)
            if told and draw(st.booleans()):
                words = words | {"as": draw(st.sampled_from(("a", "b", "c_1")))}
        case "not":
            words = {"not": draw(below)}
        case _:
            parts = draw(st.lists(below, min_size=1, max_size=3))
            at_least = str(draw(st.integers(1, len(parts))))
            words = {"at_least": at_least, "of": parts} if joint == "at_least" else {joint: parts}
    if told and draw(st.integers(0, 3)) == 0:
        words = words | {"because": draw(texts(fields_of(scope, words)))}
    return words


# Texts


def tree_of(scope: Scope, words: Words) -> Tree:
    reader = Reader()
    tree = read_when(reader, load_yaml(json.dumps(words, ensure_ascii=False), "drawn"), scope)
    assume([problem.code for problem in reader.problems] != ["too-large"])
    assert tree is not None, [problem.say() for problem in reader.problems]
    return tree


def fields_of(scope: Scope, words: Words) -> list[str]:
    """Every placeholder that a text on the tree may have."""
    tree = tree_of(scope, words)
    known = known_fields(scope.subject, known_leaves(tree), leaves(tree))
    names = [name for name in known.kinds if name not in known.ambiguous]
    counts = [name for name in names if known.kinds[name] == "integer"]
    return [*(f"{{{name}}}" for name in names), *(f"{{{name}:en|flera}}" for name in counts)]


def texts(fields: Sequence[str]) -> st.SearchStrategy[str | Words]:
    part = st.lists(st.sampled_from([*fields, "å”–“ ", "1 %"]), min_size=1, max_size=6).map(" ".join)
    return part | st.fixed_dictionaries({"sv": part}, optional={"en": part})


# Rules

NARROWINGS: Mapping[Subject, st.SearchStrategy[Words]] = {
    "kpi": st.one_of(
        st.just({}),
        often(
            {"category": some(CATEGORIES), "direction": some(DIRECTIONS).filter(lambda words: "neutral" not in words)}
        ),
        often({"has": some(BENCHMARKS), "cost": st.sampled_from(("yes", "no"))}),
        often({"lacks": some(BENCHMARKS), "area_has": some(BENCHMARKS)}),
        often({"area_lacks": some(BENCHMARKS), "area": some(("skola", "personal"))}),
        st.sampled_from(("kr/inv", "%", "mnkr", "index", "hinkar")).map(lambda measure: {"measure": measure}),
        st.just({"measure": ["kr/inv", "%"], "kpi": "klk-nettokostnad"}),
        st.integers(1, 6).map(lambda years: {"followed": f"{years} years"}),
    ),
    "area": often({"priority": some(("yes", "no")), "cross_cutting": some(("yes", "no")), "area": st.just("personal")}),
    "measure": often({"area": some(("digitalisering", "nowhere"))}),
    "signal": often({"kind": some(SIGNAL_KINDS), "area": st.just("internkontroll")}),
}
EXAMPLES: Mapping[Subject, Words] = {
    "kpi": {"years": "2023 2024", "own": "1 2", "target": "1 1"},
    "area": {"as_of": "2024", "kpis": [{"years": "2024", "own": "1", "reference": "1"}]},
    "measure": {"measure": {"decided": "2024-01-01"}, "as_of": "2024"},
    "signal": {"signal": {"date": "2024-01-01"}, "as_of": "2024"},
}


@st.composite
def rules(
    draw: st.DrawFn, rule_id: str, subject: Subject, kpi_rules: Sequence[str] = (), same: Sequence[str] = ()
) -> Words:
    narrowing = draw(NARROWINGS[subject])
    measure = narrowing.get("measure")
    measure = measure if isinstance(measure, str) else None
    scope = Scope(subject, (("measure", (measure,)),) if measure else ())
    when = draw(trees(scope, kinds(subject, measure, kpi_rules, same)))
    severities: st.SearchStrategy[str | Words] = st.sampled_from(LEVELS)
    if graded_leaf(tree_of(scope, when)) is not None:
        severities |= st.sampled_from(({"low": "0 %"}, {"medium": "2 %", "high": "10,5 %"}, {"high": "1 000 %"}))
    return {
        "id": rule_id,
        "title": "Regel",
        "tells": draw(st.sampled_from(TELLS)),
        "goal": draw(st.sampled_from(GOALS)),
        "for_each": {subject: narrowing},
        "when": when,
        "severity": draw(severities),
        "because": draw(texts(fields_of(scope, when))),
        "why": "Prov.",
        "limits": "Inga.",
        "source": "Ingen.",
        "examples": [{"title": "Ett prov", "expect": "clear"} | EXAMPLES[subject]],
    }


@st.composite
def moves(draw: st.DrawFn, move_id: str, kpi_rules: Sequence[str], same: Sequence[str]) -> Words:
    fields = [f"{{{name}}}" for name in MOVE_FIELDS]
    return {
        "id": move_id,
        "when": draw(trees(Scope("area"), kinds("area", None, kpi_rules, same), told=False)),
        "title": draw(texts(fields)),
        "description": draw(texts(fields)),
        "gain": draw(texts(fields)),
        "horizon": draw(st.sampled_from(HORIZONS)),
    }


@st.composite
def packs(draw: st.DrawFn) -> Words:
    ids = (f"r{number}" for number in count())
    drawn: dict[Subject, list[str]] = {"kpi": [], "area": [], "measure": [], "signal": []}
    written: list[Words] = []
    for subject, most in (("kpi", 3), ("area", 2), ("measure", 1), ("signal", 1)):
        for _ in range(draw(st.integers(0 if written else 1, most))):
            written.append(draw(rules(next(ids), subject, drawn["kpi"], drawn[subject])))
            drawn[subject].append(written[-1]["id"])
    proposed = [draw(moves(f"m{number}", drawn["kpi"], drawn["area"])) for number in range(draw(st.integers(0, 2)))]
    header = {"genomlys": "1", "pack": "prov", "version": "1", "title": "Prov"}
    return header | {"rules": draw(st.permutations(written)), "moves": proposed}


# Running them


def book_of(text: str) -> RuleBook:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yaml"
        path.write_text(text, encoding="utf-8")
        return load_rules(path)


@given(
    packs(), st.sampled_from([None, "all"]), st.sampled_from([None, 2019, 2023, 2040]), st.sampled_from(["sv", "en"])
)
@settings(max_examples=12, deadline=None, suppress_health_check=LARGE)
def test_a_pack_that_loads_can_be_assessed(words: Words, unit: str | None, as_of: int | None, lang: Any) -> None:
    book = book_of(json.dumps(words, ensure_ascii=False))
    # What the pack names may not be in the data set; that is the one thing that cannot be known at load.
    try:
        assess(bundled(), book, unit=unit, as_of=as_of, lang=lang)
    except GenomlysError as error:
        assert {problem.code for problem in error.problems} <= {"unknown-area", "unknown-kpi"}


@given(packs())
@settings(max_examples=6, deadline=None, suppress_health_check=LARGE)
def test_the_examples_of_a_pack_that_loads_can_be_run(words: Words) -> None:
    run_examples(book_of(json.dumps(words, ensure_ascii=False)))


@given(packs(), st.sampled_from(["sv", "en"]))
@settings(max_examples=15, deadline=None, suppress_health_check=LARGE)
def test_a_pack_that_loads_can_be_checked_and_described(words: Words, lang: Any) -> None:
    text = json.dumps(words, ensure_ascii=False)
    book = book_of(text)
    problems = [*lint(book), *fit(book, bundled())]
    for form in FORMATS:
        assert not problems or FORMATS[form](problems, lang).endswith("\n")
    for page in pages(book, lang):
        assert as_markdown(page, lang).startswith("# ") and as_html(page, lang).endswith("</html>\n")
    assert coverage(book, ()).exercised <= coverage(book, ()).possible
    assert not list(Draft202012Validator(pack_schema()).iter_errors(json.loads(text)))
