"""The total against the reference cost: sums and not means, no krona twice, and the same however it is asked."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from strategies import Tables, rule
from test_laws import law, load

from genomlys.engine.assess import Assessment, assess
from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.report import markdown, terminal

UNITS = ("m0", "m1", "m2")
KPIS = ("a", "b", "c", "d", "e")
YEARS = (2023, 2024)
BOOK = load([rule("above", {"is": "above", "than": "reference"})])
KPI = {
    "category": "ekonomi",
    "area": "x",
    "measure": "kr/inv",
    "direction": "lower",
    "decimals": 0,
    "max_age": 1,
    "volume": "10000",
    "part_of": None,
    "derive": None,
    "of": "",
}


def data_set(kpis: list[dict[str, Any]], values: list[tuple[Any, ...]], figures: list[tuple[Any, ...]]) -> Dataset:
    """values: unit, kpi, year, value; figures: the same of reference costs."""
    schema = {"unit": pl.String, "kpi": pl.String, "year": pl.Int32, "value": pl.Float64}
    tables: Tables = {
        "dataset": {"title": "Prov", "unit": "m0", "as_of": 2024},
        "units": pl.DataFrame({"unit": UNITS, "title": UNITS, "kind": "municipality"}),
        "areas": pl.DataFrame({"area": ["x"], "title": ["X"]}),
        "kpis": pl.DataFrame(
            [{"title": f"Kostnad {kpi['kpi']}"} | KPI | kpi for kpi in kpis], infer_schema_length=None
        ),
        "values": pl.DataFrame(values, schema=schema, orient="row"),
        "benchmarks": pl.DataFrame(figures, schema=schema, orient="row").with_columns(benchmark=pl.lit("reference")),
    }
    return read_dataset(tables)


def one_unit(**kpis: dict[str, Any]) -> Assessment:
    """Of each KPI its own value and reference cost in 2024, beside its facts."""
    facts = [{"kpi": kpi} | {k: v for k, v in row.items() if k not in ("own", "ref")} for kpi, row in kpis.items()]
    values = [("m0", kpi, 2024, float(row["own"])) for kpi, row in kpis.items() if row.get("own") is not None]
    figures = [("m0", kpi, 2024, float(row["ref"])) for kpi, row in kpis.items() if row.get("ref") is not None]
    return assess(data_set(facts, values, figures), BOOK)


def test_a_total_is_the_sum_of_gaps_over_the_sum_of_references() -> None:
    found = one_unit(a={"own": 120, "ref": 100, "volume": "1000"}, b={"own": 98, "ref": 100, "volume": "100000"})
    (row,) = found.totals.iter_rows(named=True)
    assert (row["counted"], row["cost"], row["reference"], row["gap"]) == (2, 9920, 10100, -180)
    assert row["gap_ratio"] == pytest.approx(-180 / 10100)  # the mean of +20 % and -2 % would be +9 %
    assert (row["above"], row["above_gap"], row["below"], row["below_gap"]) == (1, 20, 1, -200)


def test_a_part_stands_in_its_whole_also_when_the_whole_lacks_a_figure() -> None:
    parts = {"b": {"own": 50, "ref": 40, "part_of": "a"}, "c": {"own": 10, "ref": 20, "part_of": "b"}}
    found = one_unit(a={"own": 120, "ref": 100}, **parts)
    assert found.totals["gap"].to_list() == [200]
    assert found.costs.select("kpi", "counted", "reason", "within").rows() == [
        ("a", True, None, None),
        ("b", False, "part", "a"),
        ("c", False, "part", "b"),
    ]
    without = one_unit(a={"own": None, "ref": 100}, **parts)
    assert without.totals.select("counted", "not_counted", "gap").rows() == [(0, 1, None)]


def test_a_part_of_what_has_no_reference_cost_is_counted_itself() -> None:
    found = one_unit(a={"own": 120}, b={"own": 50, "ref": 40, "part_of": "a"}, c={"own": 9, "ref": 8, "part_of": "b"})
    assert found.costs.filter("counted")["kpi"].to_list() == ["b"]


def test_a_derived_cost_is_not_counted_beside_what_it_is_made_of() -> None:
    derived = {"measure": "mnkr", "volume": None}
    found = one_unit(
        a={"own": 5, "ref": 4} | derived,
        b={"own": 3, "ref": 4} | derived,
        c={"ref": 8, "derive": "sum", "of": "a; b"} | derived,
        d={"ref": 400, "derive": "per", "of": "a; e"} | {"volume": "e"},
        e={"own": 10000, "measure": "antal", "category": "volym", "direction": "neutral", "volume": None},
    )
    assert found.costs.select("kpi", "reason", "within").rows() == [
        ("a", "part", "c"),
        ("b", "part", "c"),
        ("c", None, None),
        ("d", "part", "a"),
    ]
    assert found.totals.select("cost", "reference", "gap").rows() == [(8000, 8000, 0)]


def test_two_sums_with_a_part_in_common_are_not_both_counted() -> None:
    mnkr = {"measure": "mnkr", "volume": None}
    sums = {"p": {"ref": 7, "derive": "sum", "of": "a; b"}, "s": {"ref": 9, "derive": "sum", "of": "b; c; d"}}
    parts = {kpi: {"own": 4} | mnkr for kpi in "abcd"}
    found = one_unit(**parts, **{kpi: row | mnkr for kpi, row in sums.items()})
    assert found.costs.select("kpi", "reason", "within").rows() == [("p", "shared", "s"), ("s", None, None)]
    assert found.totals.select("cost", "reference").rows() == [(12000, 9000)]
    said = "Delar kronor med nyckeltal som räknas och räknas inte en gång till: Kostnad p."
    assert said in terminal.as_text(found, 200).replace("\xa0", " ")


def test_one_cost_per_inhabitant_and_per_pupil_is_counted_once() -> None:
    count = {"measure": "antal", "category": "volym", "direction": "neutral", "volume": None}
    found = one_unit(
        cost={"own": 100, "measure": "mnkr", "volume": None},
        part={"own": 10, "ref": 9, "measure": "mnkr", "volume": None, "part_of": "cost"},
        per_head={"ref": 9000, "derive": "per", "of": "cost; inv", "volume": "inv"},
        per_pupil={"ref": 90000, "measure": "kr/elev", "derive": "per", "of": "cost; pupils", "volume": "pupils"},
        inv={"own": 10000} | count,
        pupils={"own": 1000} | count,
    )
    assert found.costs.select("kpi", "reason", "within").rows() == [
        ("part", "shared", "per_head"),
        ("per_head", None, None),
        ("per_pupil", "shared", "per_head"),
    ]


def test_what_cannot_be_counted_is_told_with_its_reason() -> None:
    figures = [("m0", kpi, 2024, 100.0) for kpi in "abce"] + [("m0", "d", 2023, 100.0)]
    values = [("m0", kpi, 2024, 110.0) for kpi in "acd"] + [("m0", "e", 2021, 110.0)]
    data = data_set([{"kpi": kpi, "volume": None if kpi == "c" else "1000"} for kpi in "abcde"], values, figures)
    marked = data.values.filter(pl.col("kpi") != "b")
    found = assess(dataclasses.replace(data, values=marked), BOOK)
    assert found.costs.select("kpi", "reason").rows() == [
        ("a", None),
        ("b", "value"),
        ("c", "volume"),
        ("d", "reference"),  # of 2023: a reference cost of another year is no measure of this one's cost
        ("e", "value"),
    ]
    assert found.totals.select("counted", "not_counted").rows() == [(1, 4)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    names = KPIS[: draw(st.integers(1, 5))]
    kpis = []
    for at, name in enumerate(names):
        whole = draw(st.sampled_from([None, None, *names[:at]]))
        measure = draw(st.sampled_from(["kr/inv", "kr/inv", "mnkr", "tkr", "kr/elev"]))
        volume = draw(st.sampled_from(["10000", "333", None, "v"])) if measure.startswith("kr/") else None
        kpis.append({"kpi": name, "part_of": whole, "measure": measure, "volume": volume})
    figures, values = [], []
    for unit in UNITS:
        for name in names:
            for year in YEARS:
                own, reference = (draw(st.one_of(st.none(), *[st.integers(-5, 400)] * 3)) for _ in range(2))
                values += [] if own is None else [(unit, name, year, float(own))]
                figures += [] if reference is None else [(unit, name, year, float(reference))]
        values += [(unit, "v", year, float(draw(st.integers(0, 500)))) for year in YEARS if draw(st.booleans())]
    kpis.append({"kpi": "v", "measure": "antal", "category": "volym", "direction": "neutral", "volume": None})
    values = values or [("m0", "v", 2024, 1.0)]
    return kpis, values, figures


def expected(case: tuple[list[dict[str, Any]], list[tuple[Any, ...]], list[tuple[Any, ...]]]) -> dict[str, Any]:
    """Per unit the number counted, and the sums in plain Python."""
    kpis, values, figures = case
    own = {row[:3]: Fraction(row[3]) for row in values}
    reference = {row[:3]: Fraction(row[3]) for row in figures}
    in_scope = {row[1] for row in figures} & {kpi["kpi"] for kpi in kpis if kpi["kpi"] != "v"}
    part_of = {kpi["kpi"]: kpi.get("part_of") for kpi in kpis}
    sums = {}
    for unit in UNITS:
        counted, cost, basis = 0, Fraction(0), Fraction(0)
        for kpi in kpis:
            name, above = kpi["kpi"], part_of[kpi["kpi"]]
            while above is not None and above not in in_scope:
                above = part_of[above]
            year = next((year for year in (2024, 2023) if (unit, name, year) in own), None)
            step = _step(kpi, own.get((unit, "v", year)))
            if name not in in_scope or above is not None or (unit, name, year) not in reference or step is None:
                continue
            counted += 1
            cost += own[unit, name, year] * step
            basis += reference[unit, name, year] * step
        sums[unit] = (counted, cost, basis)
    return sums


def _step(kpi: dict[str, Any], volume: Fraction | None) -> Fraction | None:
    if kpi["measure"] in ("tkr", "mnkr"):
        return Fraction(1 if kpi["measure"] == "tkr" else 1000)
    if kpi["volume"] == "v":
        return None if volume is None else volume / 1000
    return None if kpi["volume"] is None else Fraction(kpi["volume"]) / 1000


@law(40)
@given(cases())
def test_the_sums_are_those_of_plain_arithmetic(
    case: tuple[list[dict[str, Any]], list[tuple[Any, ...]], list[tuple[Any, ...]]],
) -> None:
    found = assess(data_set(*case), BOOK, unit="all")
    wanted = expected(case)
    assert found.totals["unit"].to_list() == (sorted(UNITS) if not found.costs.is_empty() else [])
    for row in found.totals.iter_rows(named=True):
        counted, cost, basis = wanted[row["unit"]]
        event(f"{counted} counted")
        assert row["counted"] == counted
        if not counted:
            assert row["cost"] is None and row["gap"] is None and row["gap_ratio"] is None
            continue
        assert row["cost"] == pytest.approx(float(cost)) and row["gap"] == pytest.approx(float(cost - basis), abs=1e-6)
        assert row["above_gap"] + row["below_gap"] == pytest.approx(row["gap"], abs=1e-6)
        ratio = float((cost - basis) / basis) if basis > 0 else None
        assert row["gap_ratio"] == (None if ratio is None else pytest.approx(ratio, abs=1e-9))


@law(15)
@given(cases(), st.data())
def test_neither_parts_nor_rules_nor_order_nor_other_units_change_a_total(
    case: tuple[list[dict[str, Any]], list[tuple[Any, ...]], list[tuple[Any, ...]]], drawn: st.DataObject
) -> None:
    kpis, values, figures = case
    before = assess(data_set(*case), BOOK, unit="all")
    # A part of a cost that has a reference cost, its figures as large as one likes.
    scope = sorted({row[1] for row in figures})
    if scope:
        whole = drawn.draw(st.sampled_from(scope))
        part = {"kpi": "part", "part_of": whole}
        own = [(unit, "part", 2024, float(drawn.draw(st.integers(0, 900)))) for unit in UNITS]
        after = assess(data_set([*kpis, part], [*values, *own], [*figures, *own]), BOOK, unit="all")
        assert_frame_equal(before.totals, after.totals)
    rules = [rule(f"above-{at}", {"is": "above", "than": "reference", "by": f"{at} %"}, goal="cost") for at in range(3)]
    assert_frame_equal(before.totals, assess(data_set(*case), load(rules), unit="all").totals)
    other_rules = load([rule("rising", {"is": "rising", "for": "2 years"})])
    assert_frame_equal(before.totals, assess(data_set(*case), other_rules, unit="all").totals)
    shuffled = data_set(*(drawn.draw(st.permutations(part)) for part in case))
    assert_frame_equal(before.totals, assess(shuffled, BOOK, unit="all").totals)
    unit = drawn.draw(st.sampled_from(UNITS))
    assert_frame_equal(before.totals.filter(pl.col("unit") == unit), assess(data_set(*case), BOOK, unit=unit).totals)


@law(10)
@given(cases())
def test_kronor_in_millions_or_thousands_come_to_the_same(
    case: tuple[list[dict[str, Any]], list[tuple[Any, ...]], list[tuple[Any, ...]]],
) -> None:
    kpis, values, figures = case
    large = {kpi["kpi"] for kpi in kpis if kpi["measure"] == "mnkr"}
    in_tkr = [kpi | ({"measure": "tkr"} if kpi["kpi"] in large else {}) for kpi in kpis]
    scaled = [[(*row[:3], row[3] * (1000 if row[1] in large else 1)) for row in rows] for rows in (values, figures)]
    one, other = (assess(data, BOOK, unit="all").totals for data in (data_set(*case), data_set(in_tkr, *scaled)))
    assert_frame_equal(one, other, abs_tol=1e-6)


def test_the_report_says_the_total_and_what_is_not_in_it() -> None:
    found = one_unit(
        a={"own": 1100, "ref": 1000, "title": "Nettokostnad grundskola, kr/inv"},
        b={"own": 480, "ref": 500, "title": "Nettokostnad förskola, kr/inv"},
        c={"own": 90, "ref": 100, "title": "Skolskjuts, kr/inv", "part_of": "a"},
        d={"own": None, "ref": 100, "title": "Nettokostnad gymnasieskola, kr/inv"},
    )
    text = terminal.as_text(found, 200).replace("\xa0", " ")
    assert (
        "Sammantaget ligger kostnaden 5,3 % (800 tkr om året) över referenskostnaden, räknat på 2 verksamheter (2024). "
        "Av dem ligger 1 över, med sammanlagt 1 000 tkr, och 1 under, med sammanlagt 200 tkr.\n"
    ) in text
    assert "Nettokostnad grundskola, kr/inv        11 000                10 000          1 000         10,0\n" in text
    assert "Kunde inte räknas med: Nettokostnad gymnasieskola, kr/inv (värde saknas).\n" in text
    assert "Ingår i andra nyckeltal och räknas inte för sig: Skolskjuts, kr/inv.\n" in text
    english = markdown.as_markdown(dataclasses.replace(found, lang="en")).replace("\xa0", " ")
    assert (
        "In all, the cost is 5.3 % (SEK 800 thousand a year) above the reference cost, over 2 services (2024). "
        "Of these 1 is above, by SEK 1,000 thousand in all, and 1 below, by SEK 200 thousand in all.\n"
    ) in english


def test_a_level_total_and_one_of_several_units_are_told() -> None:
    level = one_unit(a={"own": 100, "ref": 100})
    assert "Sammantaget ligger kostnaden i nivå med referenskostnaden, räknat på 1 verksamhet (2024).\n" in (
        terminal.as_text(level).replace("\xa0", " ")
    )
    values = [(unit, "a", 2024, 90.0 + 20 * at) for at, unit in enumerate(UNITS)]
    figures = [(unit, "a", 2024, 100.0) for unit in UNITS]
    many = terminal.as_text(assess(data_set([{"kpi": "a"}], values, figures), BOOK, unit="all"), 200)
    assert (
        "Sammantaget ligger kostnaden 10 % (300 tkr om året) över referenskostnaden, räknat på 3 enheter; "
        "2 av dem ligger över.\n"
    ) in many.replace("\xa0", " ")


def test_without_reference_costs_nothing_is_said() -> None:
    found = one_unit(a={"own": 100})
    assert found.totals.is_empty() and found.costs.is_empty()
    assert "sammantaget\n" not in terminal.as_text(found)
