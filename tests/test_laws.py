"""Laws of the semantics, on generated data sets and rules, and the engine against its plain reference implementation.

GENOMLYS_EXAMPLES=20 runs twenty times as many examples. With CI set the same examples are run every time, so that a
build that fails does so because of its change.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from polars.testing import assert_frame_equal
from strategies import (
    BENCHMARKS,
    HOME,
    YEARS,
    Tables,
    Words,
    books,
    cases,
    comparisons,
    conditions,
    developments,
    figure,
    figures_only,
    outliers,
    rule,
    rule_file,
    runs,
    states,
    tables,
    trees,
    trends,
)

from genomlys.engine import truth
from genomlys.engine.conditions.base import FEWEST
from genomlys.engine.conditions.case import Case
from genomlys.engine.conditions.outlier import Outlier
from genomlys.engine.conditions.tree import leaves
from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.tables import key
from genomlys.engine.verdicts import Judged, judge

_TIMES = int(os.environ.get("GENOMLYS_EXAMPLES", "1"))
# Large examples on purpose: one of them holds a hundred verdicts.
_LARGE = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
_KEY = ["unit", "rule", "subject"]
_SAID = ["status", "sure", "lo", "hi", "severity", "years_flagged"]


def law(examples: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=examples * _TIMES, deadline=None, derandomize="CI" in os.environ, suppress_health_check=_LARGE
    )


def load(rules: Sequence[Words]) -> RuleBook:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rules.yaml"
        file.write_text(rule_file(rules), encoding="utf-8")
        return load_rules(file)


@pytest.fixture(autouse=True, scope="module")
def small_nation() -> Iterator[None]:
    """The data sets here have few municipalities: two make a nation, and show how spread they are."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("nation", "case", "outlier"):
            patch.setitem(FEWEST, name, 2)
        yield


@contextmanager
def without_nation() -> Iterator[None]:
    """A mean over a nation is of those that have a figure: a figure more is another mean, and no filled gap."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(FEWEST, "nation", 100)
        yield


def judged(data: Dataset, book: RuleBook, units: Sequence[str] | None = None) -> Judged:
    return judge(data, book, units or data.units["unit"].to_list(), data.as_of.year, "sv", STATUSES)


def rows(frame: pl.DataFrame) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The verdicts by unit, rule and subject."""
    return {tuple(row[name] for name in _KEY): row for row in frame.iter_rows(named=True)}


def of_rule(found: Judged, name: str) -> pl.DataFrame:
    """What a rule said of each subject. A margin says nothing where the rule does not apply."""
    applies = pl.col("status") != "not_applicable"
    said = found.verdicts.filter(pl.col("rule") == name).with_columns(pl.when(applies).then(pl.col("lo", "hi")))
    return said.select("unit", "subject", *_SAID)


def frames(found: Judged) -> Iterator[tuple[str, pl.DataFrame]]:
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        if isinstance(value, pl.DataFrame):
            yield field.name, value.drop("pack", strict=False)  # tells the file's bytes


def assert_same(one: Judged, other: Judged, only: pl.Expr | None = None) -> None:
    """Every frame. ``only``: compare these rows of the first."""
    for (name, frame), (_, again) in zip(frames(one), frames(other), strict=True):
        mine = frame if only is None or frame.is_empty() else frame.filter(only)
        assert mine.height == again.height, name
        if not mine.is_empty():
            assert_frame_equal(mine, again, check_column_order=False)


def near(one: float, other: Any) -> bool:
    return one == other or math.isclose(one, float(other), rel_tol=1e-9, abs_tol=1e-9)


def with_rows(data: Dataset, table: str, new: Iterable[dict[str, Any]]) -> Dataset:
    """The data set with these rows in place of those of the same key."""
    there: pl.DataFrame = getattr(data, table)
    added = pl.DataFrame(list(new), schema_overrides=there.schema)
    if added.is_empty():
        return data
    names = list(key(table))
    kept = there.join(added, on=names, how="anti", nulls_equal=True)
    both = pl.concat(
        [kept, added.cast(pl.Schema({name: there.schema[name] for name in added.columns}))], how="diagonal"
    )
    return dataclasses.replace(data, **{table: both.sort(names)})


def asks_of_spread(rule: Rule, book: RuleBook) -> bool:
    """Whether the rule, or one that it refers to, asks how spread others' values are."""
    beneath = {rule.id, *book.beneath(rule.when)}
    return any(
        isinstance(leaf, Case | Outlier) for other in book.rules if other.id in beneath for leaf in leaves(other.when)
    )


def assert_as_the_oracle_says(data: Dataset, book: RuleBook) -> None:
    units = data.units["unit"].to_list()
    said = rows(judged(data, book).verdicts)
    wanted = Oracle(data, book, units, data.as_of.year).verdicts()
    assert said.keys() == wanted.keys()
    spreads = {rule.id for rule in book.rules if asks_of_spread(rule, book)}
    to_target = data.kpis.filter(pl.col("direction") == "target").select("kpi", "area").to_dict(as_series=False)
    for name, verdict in wanted.items():
        row = said[name]
        event(verdict.status)
        assert (row["status"], row["years_flagged"]) == (verdict.status, verdict.years_flagged), (name, row, verdict)
        if verdict.status != "not_applicable":
            assert near(row["lo"], verdict.lo) and near(row["hi"], verdict.hi), (name, row, verdict)
        if name[2] in to_target["kpi"] or row["area"] in to_target["area"] or name[1] in spreads:
            # The engine's bounds enclose the exact ones there: it may be less sure, never more.
            assert row["sure"] in (verdict.sure, False if verdict.sure else verdict.sure), (name, row, verdict)
        else:
            assert row["sure"] == verdict.sure, (name, row, verdict)


@law(30)
@given(tables(), books())
def test_the_engine_says_what_the_plain_reference_implementation_says(given_tables: Tables, rules: list[Words]) -> None:
    assert_as_the_oracle_says(read_dataset(given_tables), load(rules))


def to_a_side(words: Words) -> Words:
    """The condition, asked of the KPI's direction."""
    sides = {"above": "worse", "below": "better", "rising": "worsening", "falling": "improving"}
    asked = ("is", "trend", "side", "turn")
    sided = {word: sides.get(said, said) if word in asked else said for word, said in words.items()}
    return {"side": "worse"} | sided if "gap" in words else sided


@law(10)
@given(tables(directions=("target",)), st.lists(trees(figures_only().map(to_a_side)), min_size=2, max_size=4))
def test_and_so_it_does_for_kpis_that_aim_at_a_target(given_tables: Tables, whens: list[Words]) -> None:
    rules = [rule(f"kpi-{number}", when) for number, when in enumerate(whens)]
    assert_as_the_oracle_says(read_dataset(given_tables), load(rules))


def one_kpi(kpis: Words, values: pl.DataFrame, as_of: int | dt.date = 2024, **more: pl.DataFrame) -> Tables:
    """A data set of one unit, one area and the KPI k0; ``kpis`` are its facts where they are not these."""
    facts = {"kpi": "k0", "title": "K", "category": "ekonomi", "area": "a0", "measure": "kr/inv"}
    return {
        "dataset": {"title": "Prov", "unit": HOME, "as_of": as_of},
        "units": pl.DataFrame({"unit": [HOME], "title": ["M"], "kind": ["municipality"]}),
        "areas": pl.DataFrame({"area": ["a0"], "title": ["A"]}),
        "kpis": pl.DataFrame([facts | {"direction": "lower", "decimals": 0} | kpis], infer_schema_length=None),
        "values": values.with_columns(unit=pl.lit(HOME), kpi=pl.lit("k0")),
        **more,
    }


def without_peers(given_tables: Tables) -> Tables:
    """A mean over peers is of those that have a figure: a figure more is another mean, and no filled gap."""
    return {name: table for name, table in given_tables.items() if name != "peers"}


def gaps(oracle: Oracle, *, about_data: bool) -> list[dict[str, Any]]:
    """Figures that are missing and count as missing: no value's year and no stand-in moves when one is filled.

    An own value older than the KPI's year, or any recent one where there is none (if no rule asks for just that); a
    comparison for which nothing older or newer stands in; a target before the first one.
    """
    found: list[dict[str, Any]] = []
    for (unit, kpi), series in oracle.series.items():
        cell = {"unit": unit, "kpi": kpi}
        if series.year is None:
            if series.said and series.state != "not_applicable" and not about_data:
                found += [
                    cell | {"year": year}
                    for year in oracle.span(kpi)  # a first figure brings the KPI into scopes
                    if oracle.as_of_year - year in range(series.kpi.row["max_age"] + 1)
                ]
            continue
        found += [cell | {"year": year} for year in oracle.span(kpi) if year < series.year and year not in series.own]
        for benchmark in BENCHMARKS:
            if not oracle.has(kpi, benchmark):
                continue  # a first figure brings the KPI into scopes
            stated = oracle.stated(unit, kpi, benchmark)
            serves = oracle.basis_year(unit, kpi, benchmark, series.year, 0)
            first = min(stated, default=YEARS[-1] + 1) if benchmark == "target" else serves or YEARS[-1] + 1
            open_ = [year for year in YEARS if year <= series.year and year not in stated and year < first]
            found += [cell | {"year": year, "benchmark": benchmark} for year in open_]
    return found


def filled(data: Dataset, cells: Iterable[dict[str, Any]], steps: Iterator[int]) -> Dataset:
    decimals = dict(data.kpis.select("kpi", "decimals").iter_rows())
    valued = [cell | {"value": figure(next(steps), decimals[cell["kpi"]])} for cell in cells]
    own = [cell | {"status": "ok"} for cell in valued if "benchmark" not in cell]
    return with_rows(with_rows(data, "values", own), "benchmarks", [cell for cell in valued if "benchmark" in cell])


@law(12)
@given(tables(), books(), st.data())
@without_nation()
def test_filling_a_gap_never_turns_a_verdict(given_tables: Tables, rules: list[Words], drawn: st.DataObject) -> None:
    data, book = read_dataset(without_peers(given_tables)), load(rules)
    oracle = Oracle(data, book, data.units["unit"].to_list(), data.as_of.year)
    found = gaps(oracle, about_data="missing" in str(rules) or "stale" in str(rules) or "suppressed" in str(rules))
    assume(found)
    cells = drawn.draw(st.lists(st.sampled_from(found), min_size=1, max_size=6, unique_by=str))
    steps = iter(drawn.draw(st.lists(st.integers(-3, 24), min_size=len(cells), max_size=len(cells))))
    day = drawn.draw(st.sampled_from([data.as_of, data.as_of - dt.timedelta(days=400)]))
    after = dataclasses.replace(
        filled(data, cells, steps),
        measures=data.measures.with_columns(pl.col("decided").fill_null(day)),
        signals=data.signals.with_columns(pl.col("date").fill_null(day)),
    )
    before_said, after_said = rows(judged(data, book).verdicts), rows(judged(after, book).verdicts)
    assert before_said.keys() == after_said.keys()
    for name, before in before_said.items():
        now = after_said[name]
        event(f"{before['status']} -> {now['status']}")
        assert now["status"] == before["status"] or (before["status"] == "unknown" != now["status"] != "not_applicable")
        if before["status"] != "not_applicable":
            assert now["lo"] >= before["lo"] - 1e-9 and now["hi"] <= before["hi"] + 1e-9, (name, before, now)


@law(10)
@given(tables(), st.lists(trees(conditions("kpi")), min_size=1, max_size=4), st.integers(-3, 24))
@without_nation()
def test_the_cells_named_by_an_unknown_verdict_decide_it(given_tables: Tables, whens: list[Words], steps: int) -> None:
    data = read_dataset(without_peers(given_tables))
    book = load([rule(f"kpi-{number}", when) for number, when in enumerate(whens)])
    found = judged(data, book)
    unknown = found.verdicts.filter(pl.col("status") == "unknown").select("unit", "rule", kpi="subject")
    assert unknown.join(found.cells, on=["unit", "rule", "kpi"], how="anti").is_empty()
    fillable = (
        (pl.col("reason") == "missing")
        & pl.col("year").is_not_null()
        & ~pl.col("source").is_in(["peers", "nation", "denominator"])
    )
    cells = found.cells.filter(fillable).select("unit", "kpi", "source", "year").unique().sort(pl.all())
    cells_to_fill = [
        {"unit": unit, "kpi": kpi, "year": year} | ({} if source == "own" else {"benchmark": source})
        for unit, kpi, source, year in cells.iter_rows()
    ]
    after = rows(judged(filled(data, cells_to_fill, iter([steps] * len(cells_to_fill))), book).verdicts)
    for (unit, name, kpi), mine in found.cells.group_by("unit", "rule", "kpi"):
        if mine.filter(~fillable).is_empty():
            assert after[unit, name, kpi]["status"] != "unknown"


@st.composite
def two_bands(draw: st.DrawFn, measure: str | None) -> Words:
    """A condition with a word that is a pair: ``by`` a band and a wider one; or a confidence and a higher one."""
    if draw(st.sampled_from([True, False, False])):
        words = draw(st.one_of(cases(), outliers()))
        pair = ("0,5", "2") if "outlier" in words else ("90 %", "95 %")
        return {word: pair if word in ("beyond", "confidence") else said for word, said in words.items()}
    words = draw(developments(measure))
    pairs = [(None, "0 %"), ("0 %", "5 %"), ("1 %", "50 %"), ("10 %", "100 %"), (None, "material"), (None, "100 %")]
    numbers = [(None, f"1 {measure}"), (f"0,1 {measure}", f"1 {measure}"), (f"1 {measure}", f"100 {measure}")]
    return words | {"by": draw(st.sampled_from([*pairs, *(numbers if measure else [])]))}


def picked(words: Any, which: int) -> Any:
    """The tree with the first or the second of every pair of bands."""
    if isinstance(words, list):
        return [picked(part, which) for part in words]
    if not isinstance(words, dict):
        return words
    chosen = {word: value[which] if isinstance(value, tuple) else picked(value, which) for word, value in words.items()}
    return {word: value for word, value in chosen.items() if value is not None}


@law(12)
@given(tables(), st.sampled_from([None, "%", "kr/inv", "antal"]), st.data())
def test_a_wider_by_never_adds_a_flag(given_tables: Tables, measure: str | None, drawn: st.DataObject) -> None:
    scope = {"measure": measure} if measure else {}
    # Under "not" it would: there less is more.
    some = drawn.draw(st.lists(trees(two_bands(measure), joints=("all", "any", "at_least")), min_size=1, max_size=3))
    rules = [
        rule(f"{word}-{number}", picked(when, which), scope=scope)
        for number, when in enumerate(some)
        for which, word in enumerate(("narrow", "wide"))
    ]
    said = rows(judged(read_dataset(given_tables), load(rules)).verdicts)
    for (unit, name, subject), narrow in said.items():
        if name.startswith("narrow"):
            wide = said[unit, name.replace("narrow", "wide"), subject]
            event(f"{narrow['status']} -> {wide['status']}")
            assert narrow["status"] == "flagged" or wide["status"] != "flagged"
            assert wide["status"] == "clear" or narrow["status"] != "clear"
            assert wide["lo"] <= narrow["lo"] + 1e-9 and wide["hi"] <= narrow["hi"] + 1e-9


@law(8)
@given(tables(), books(), st.randoms(use_true_random=False))
def test_no_order_of_rows_rules_or_units_matters(given_tables: Tables, rules: list[Words], random: Any) -> None:
    data = read_dataset(given_tables)
    shuffled = {
        name: table.sample(fraction=1, shuffle=True, seed=random.randrange(1000)) if name != "dataset" else table
        for name, table in given_tables.items()
    }
    units = data.units["unit"].to_list()
    again = judged(read_dataset(shuffled), load(random.sample(rules, len(rules))), random.sample(units, len(units)))
    assert_same(judged(data, load(rules)), again)


@law(8)
@given(tables(), books(), st.data())
def test_a_unit_alone_gets_what_it_gets_among_all(
    given_tables: Tables, rules: list[Words], drawn: st.DataObject
) -> None:
    data, book = read_dataset(given_tables), load(rules)
    unit = drawn.draw(st.sampled_from(data.units["unit"].to_list()))
    assert_same(judged(data, book), judged(data, book, [unit]), pl.col("unit") == unit)


@law(3)
@given(tables(), books())
def test_the_size_of_blocks_changes_nothing(given_tables: Tables, rules: list[Words]) -> None:
    data, book = read_dataset(given_tables), load(rules)
    whole = judged(data, book)
    for size in (1, 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(truth, "_SERIES", size)
            assert_same(whole, judged(data, book))


def scaled(given_tables: Tables, kpi: str, power: int) -> Tables:
    """The same figures of one KPI in a measure ten times smaller, or a thousand: 1,2 mnkr is 1 200 tkr."""
    mine = pl.col("kpi") == kpi

    def times(value: float) -> float:
        return float(Decimal(repr(value)).scaleb(power))

    def with_values(frame: pl.DataFrame) -> pl.DataFrame:
        moved = [
            times(value) if name == kpi and value is not None else value
            for name, value in frame.select("kpi", "value").iter_rows()
        ]
        return frame.with_columns(value=pl.Series(moved, dtype=pl.Float64))

    def band(text: str | None) -> str | None:
        if text is None or text.endswith("%"):
            return text
        return format(Decimal(text.replace(",", ".")).scaleb(power), "f")

    kpis = given_tables["kpis"].with_columns(
        decimals=pl.when(mine).then(pl.col("decimals") - power).otherwise("decimals"),
        materiality=pl.Series(
            [
                band(text) if name == kpi else text
                for name, text in given_tables["kpis"].select("kpi", "materiality").iter_rows()
            ],
            dtype=pl.String,
        ),
    )
    both = {name: with_values(given_tables[name]) for name in ("values", "benchmarks")}
    return given_tables | both | {"kpis": kpis}


@law(10)
@given(
    # A whole number of things is not rounded, but is in thousands: that measure is not only another measure.
    tables(measures=("%", "kr/inv")),
    st.lists(trees(st.one_of(figures_only(), states())), min_size=1, max_size=3),
    comparisons(),
    st.sampled_from([-2, -1, 1, 3]),
)
def test_scaling_a_measure_scales_nothing_but_the_numbers_shown(
    given_tables: Tables, whens: list[Words], graded: Words, power: int
) -> None:
    # A share of so many is no share in another measure.
    without = given_tables["kpis"].with_columns(denominator=pl.lit(None, pl.String), per=pl.lit(None, pl.String))
    given_tables = given_tables | {"kpis": without}
    decimals = given_tables["kpis"]["decimals"][0] - power
    assume(-3 <= decimals <= 6)
    rules = [rule(f"kpi-{number}", when) for number, when in enumerate(whens)]
    rules.append(rule("graded", graded, severity={"medium": "2 %", "high": "10 %"}))
    rules.append(rule("area-0", {"kpis": "kpi-0", "at_least": "2"}, "area"))
    book, small = load(rules), read_dataset(given_tables)
    one, other = judged(small, book).verdicts, judged(read_dataset(scaled(given_tables, "k0", power)), book).verdicts
    unscaled = [name for name in _SAID if name not in ("lo", "hi")]
    assert_frame_equal(one.select(*_KEY, *unscaled), other.select(*_KEY, *unscaled))
    factor = pl.when(pl.col("subject") == "k0").then(10.0**power).otherwise(1.0)
    assert_frame_equal(one.select(pl.col("lo", "hi") * factor), other.select("lo", "hi"), rel_tol=1e-9, abs_tol=1e-9)


@law(8)
@given(tables(), st.sampled_from(["kpi", "kpi", "area"]), st.data())
def test_the_algebra_of_trees(given_tables: Tables, subject: str, drawn: st.DataObject) -> None:
    counted = [rule("counted", drawn.draw(trees(conditions("kpi"), 2)))] if subject == "area" else []
    leaves = conditions(subject, kpi_rules=[words["id"] for words in counted])
    parts = drawn.draw(st.lists(trees(leaves, 2), min_size=1, max_size=3))
    nots = [{"not": part} for part in parts]
    whens: dict[str, Words] = {f"part-{number}": part for number, part in enumerate(parts)}
    whens |= {
        "twice": {"not": {"not": parts[0]}},
        "all": {"all": parts},
        "none-fails": {"not": {"any": nots}},
        "every": {"at_least": str(len(parts)), "of": parts},
        "any": {"any": parts},
        "not-all-fail": {"not": {"all": nots}},
        "one": {"at_least": "1", "of": parts},
    }
    rules = [*counted, *(rule(name, when, subject) for name, when in whens.items())]
    found = judged(read_dataset(given_tables), load(rules))
    for name, same in (("part-0", "twice"), ("any", "one"), ("all", "every")):
        assert_frame_equal(of_rule(found, name), of_rule(found, same))
    # A part without a meaning drops out of "any" and takes the meaning of "all": De Morgan's laws are for the others.
    applies = [of_rule(found, f"part-{number}")["status"] != "not_applicable" for number in range(len(parts))]
    meant = (
        pl.DataFrame([mine.alias(str(number)) for number, mine in enumerate(applies)])
        .select(pl.all_horizontal(pl.all()))
        .to_series()
    )
    # What has a meaning now need not have had one in the years before, of which ``years_flagged`` tells.
    for name, same in (("all", "none-fails"), ("any", "not-all-fail")):
        one, other = (of_rule(found, each).filter(meant).drop("years_flagged") for each in (name, same))
        assert_frame_equal(one, other)


@law(8)
@given(tables(), st.lists(trees(figures_only()), min_size=1, max_size=4))
def test_without_any_figure_nothing_is_flagged_and_nothing_clear(given_tables: Tables, whens: list[Words]) -> None:
    empty = given_tables["values"].with_columns(
        value=pl.when(pl.col("kpi") != "k0").then("value"),
        status=pl.when(pl.col("kpi") == "k0").then(pl.lit("missing")).otherwise("status"),
    )
    data = read_dataset(given_tables | {"values": empty})
    rules = [rule(f"kpi-{number}", when) for number, when in enumerate(whens)]
    found = judged(data, load(rules)).verdicts.filter(pl.col("subject") == "k0")
    assert set(found["status"]) <= {"unknown", "not_applicable"}


@law(6)
@given(
    tables(directions=("neutral",)),
    comparisons().map(lambda words: words | {"is": "worse"}),
    runs().map(lambda words: words | {"is": "improving"}),
    trends().filter(lambda words: words["trend"] in ("worsening", "improving")),
)
def test_worse_has_no_meaning_without_a_direction(
    given_tables: Tables, worse: Words, improving: Words, trend: Words
) -> None:
    rules = [rule("worse", worse), rule("improving", improving), rule("trend", trend), rule("not", {"not": worse})]
    assert set(judged(read_dataset(given_tables), load(rules)).verdicts["status"]) == {"not_applicable"}


@st.composite
def ties(draw: st.DrawFn) -> tuple[Tables, list[Words]]:
    """A KPI whose figure lies exactly the band from its basis, on the side asked for, and rules that ask."""
    decimals = draw(st.integers(-2, 3))
    direction = draw(st.sampled_from(["lower", "higher", "target", "target"]))
    side = draw(st.sampled_from(["above", "below", "worse", "better"]))
    basis = draw(st.integers(-400, 4000))
    by, width, materiality = draw(_tied_bands(basis, decimals))
    target = draw(st.integers(-400, 4000) | st.sampled_from([10**9, -(10**9)]))
    if direction == "target" and side in ("worse", "better"):
        distance = abs(basis - target) + (width if side == "worse" else -width)
        assume(distance >= 0)
        own = target + (distance if basis > target else -distance)  # on the basis's side of the target
    else:
        own = basis + (
            width if side == "above" or (side, direction) in (("worse", "lower"), ("better", "higher")) else -width
        )
    written = [format(Decimal(steps).scaleb(-decimals), "f").replace(".", ",") for steps in (own, basis, target)]
    data = one_kpi(
        {"direction": direction, "decimals": decimals, "materiality": materiality},
        values=pl.DataFrame({"year": [2023, 2024], "value": [written[1], written[0]]}),
        benchmarks=pl.DataFrame(
            {"kpi": "k0", "year": [2023, 2024], "benchmark": ["target", "reference"], "value": [written[2], written[1]]}
        ),
    )
    change = {"above": "rising", "below": "falling", "worse": "worsening", "better": "improving"}[side]
    asked = [
        {"is": side, "than": "reference"},
        {"is": side, "than": "own 1 year ago"},
        {"is": change, "for": "2 years"},
    ]
    return data, [words | ({"by": by} if by else {}) for words in asked]


@st.composite
def _tied_bands(draw: st.DrawFn, basis: int, decimals: int) -> tuple[str | None, int, str | None]:
    """What ``by`` says, how many steps wide that is, and the KPI's materiality; steps are of 10 ** -decimals."""
    kind = draw(st.sampled_from(["none", "absolute", "relative", "material", "material relative"]))
    steps = draw(st.integers(0, 40))
    percent = draw(st.sampled_from([1, 3, 7, 10, 29, 100]))
    amount = format(Decimal(steps).scaleb(-decimals), "f").replace(".", ",")
    if "relative" in kind:
        assume(basis * percent % 100 == 0)
        steps = abs(basis) * percent // 100
    match kind:
        case "absolute":
            return f"{amount} kr/inv", steps, None
        case "relative":
            return f"{percent} %", steps, None
        case "material":
            return "material", steps, amount
        case "material relative":
            return "material", steps, f"{percent} %"
    return None, 0, None


@law(30)
@given(ties())
def test_at_exact_equality_a_condition_does_not_hold_and_its_negation_does(tied: tuple[Tables, list[Words]]) -> None:
    given_tables, whens = tied
    scope = {"measure": "kr/inv"}
    rules = [rule(f"kpi-{number}", when, scope=scope) for number, when in enumerate(whens)]
    rules += [rule(f"not-{number}", {"not": when}, scope=scope) for number, when in enumerate(whens)]
    for (_, name, _), row in rows(judged(read_dataset(given_tables), load(rules)).verdicts).items():
        assert row["status"] == ("flagged" if name.startswith("not") else "clear"), name
        assert row["lo"] == row["hi"] == 0, name


def test_on_its_very_day_a_date_has_not_passed_and_a_month_is_not_exceeded() -> None:
    day = dt.date(2024, 12, 31)
    before = day - dt.timedelta(days=1)
    dates = [("on-the-day", day, dt.date(2023, 12, 31)), ("the-day-after", before, dt.date(2023, 12, 30))]
    measures = pl.DataFrame(dates, schema={"measure": pl.String, "due": pl.Date, "decided": pl.Date}, orient="row")
    words = {"area": "a0", "horizon": "short", "saving_kind": "unclear", "status": "ongoing"}
    measures = measures.with_columns(title="measure", **{name: pl.lit(word) for name, word in words.items()})
    data = read_dataset(one_kpi({}, pl.DataFrame({"year": [2024], "value": [1.0]}), day, measures=measures))
    whens = {"passed": {"past_due": "yes"}, "not-passed": {"past_due": "no"}, "old": {"older_than": "12 months"}}
    found = rows(judged(data, load([rule(name, when, "measure") for name, when in whens.items()])).verdicts)
    flagged = {(name, subject) for (_, name, subject), row in found.items() if row["status"] == "flagged"}
    assert flagged == {("passed", "the-day-after"), ("not-passed", "on-the-day"), ("old", "the-day-after")}


@pytest.mark.parametrize(("hole", "years"), [(None, 7), (2019, 4)])
def test_years_flagged_go_on_behind_a_break_but_end_at_a_hole(hole: int | None, years: int) -> None:
    """Behind a break the rule is asked within the definition that held then; a year without a value ends the row."""
    given = [(year, float(year)) for year in range(2016, 2024) if year != hole]
    data = read_dataset(
        one_kpi(
            kpis={"breaks": "2020"},
            values=pl.DataFrame(given, schema={"year": pl.Int32, "value": pl.Float64}, orient="row"),
            benchmarks=pl.DataFrame({"kpi": "k0", "year": [2020], "benchmark": "reference", "value": [1.0]}),
        )
    )
    # 2020 cannot be compared with 2019, and is flagged by the reference; 2016 is the first year and has none before it.
    when = {
        "any": [{"is": "above", "than": "own 1 year ago"}, {"is": "above", "than": "reference", "in": "1 of 1 years"}]
    }
    (row,) = judged(data, load([rule("kpi-0", when)])).verdicts.iter_rows(named=True)
    assert (row["status"], row["years_flagged"]) == ("flagged", years)


def _years(data: Dataset) -> dict[tuple[str, str], list[int]]:
    """The calendar years in which each unit's KPI has a value, up to the data set's."""
    found: dict[tuple[str, str], list[int]] = {}
    with_value = data.values.drop_nulls("value").filter(pl.col("year") <= data.as_of.year)
    for unit, kpi, year in with_value.select("unit", "kpi", "year").iter_rows():
        found.setdefault((unit, kpi), []).append(year)
    return found


@law(12)
@given(tables(), st.integers(2, 4), st.integers(1, 3), st.data())
def test_no_run_or_earlier_value_is_read_across_a_break_or_a_hole(
    given_tables: Tables, length: int, ago: int, drawn: st.DataObject
) -> None:
    data = read_dataset(given_tables)
    run = drawn.draw(runs()) | {"for": f"{length} years"}
    before = {"is": run["is"].replace("rising", "above"), "than": f"own {ago} years ago"}
    before["is"] = {"falling": "below", "worsening": "worse", "improving": "better"}.get(before["is"], before["is"])
    found = judged(data, load([rule("run", run), rule("before", before)])).verdicts
    breaks, years = dict(data.kpis.select("kpi", "breaks").iter_rows()), _years(data)

    def read_across(unit: str, kpi: str, year: int, needed: Iterable[int], first: int) -> bool:
        return any(first < new <= year for new in breaks[kpi]) or not set(needed) <= set(years[unit, kpi])

    for unit, name, kpi, year, status in found.select("unit", "rule", "subject", "year", "status").iter_rows():
        if year is None or status == "not_applicable":
            continue
        if name == "run" and read_across(unit, kpi, year, range(year - length + 1, year + 1), year - length + 1):
            assert status != "flagged"
        if name == "before" and read_across(unit, kpi, year, [year - ago, year], year - ago):
            assert status == "unknown"


@law(6)
@given(tables(), st.lists(trees(runs() | trends()), min_size=1, max_size=3), st.integers(1, 3), st.data())
def test_values_before_a_break_make_no_difference(
    given_tables: Tables, whens: list[Words], ago: int, drawn: st.DataObject
) -> None:
    data = read_dataset(given_tables)
    whens = [*whens, drawn.draw(comparisons()) | {"than": f"own {ago} years ago"}]
    book = load([rule(f"kpi-{number}", when) for number, when in enumerate(whens)])
    breaks = dict(data.kpis.select("kpi", "breaks").iter_rows())
    latest = {
        (unit, kpi): max((new for new in breaks[kpi] if new <= year), default=0)
        for unit, kpi, year in judged(data, book)
        .verdicts.drop_nulls("year")
        .select("unit", "subject", "year")
        .iter_rows()
    }
    changed = [
        row | {"value": row["value"] + drawn.draw(st.integers(-5, 5))}
        for row in data.values.drop_nulls("value").iter_rows(named=True)
        if row["year"] < latest.get((row["unit"], row["kpi"]), 0)
    ]
    said = [name for name in _SAID if name != "years_flagged"]
    one, other = judged(data, book).verdicts, judged(with_rows(data, "values", changed), book).verdicts
    assert_frame_equal(one.select(*_KEY, *said), other.select(*_KEY, *said))
