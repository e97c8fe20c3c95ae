"""What has gone wrong once: each a small data set, rules, and the answer that was not right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from genomlys.engine.assess import Assessment, assess
from genomlys.engine.errors import RuleError, UsageError
from genomlys.engine.explain import Explanation, explain
from genomlys.engine.language.pack import load_rules

Rows = Sequence[Mapping[str, Any]]
Series = Mapping[int, float | str | None]

QUALITY = {"category": "kvalitet", "direction": "higher", "measure": "index"}


def tables(
    kpis: Rows,
    values: Mapping[str, Series],
    benchmarks: Mapping[tuple[str, str], Series] | None = None,
    **more: Rows,
) -> dict[str, Any]:
    """A data set of one municipality and one area, ``omrade``; a KPI is a cost unless it says otherwise."""
    usual = {"category": "ekonomi", "area": "omrade", "measure": "kr/inv", "direction": "lower", "decimals": 0}
    rows: dict[str, Rows] = {
        "units": [{"unit": "u", "title": "Kommunen", "kind": "municipality"}],
        "areas": [{"area": "omrade", "title": "Området", "name": "området"}],
        "kpis": [{"title": kpi["kpi"], **usual, **kpi} for kpi in kpis],
        "values": [
            {"unit": "u", "kpi": kpi, "year": year, "value": _cell(value)}
            for kpi, series in values.items()
            for year, value in series.items()
        ],
        "benchmarks": [
            {"kpi": kpi, "year": year, "benchmark": name, "value": _cell(value)}
            for (kpi, name), series in (benchmarks or {}).items()
            for year, value in series.items()
        ],
        **more,
    }
    frames = {name: pl.DataFrame(told, infer_schema_length=None) for name, told in rows.items() if told}
    return {"dataset": {"title": "Prov", "unit": "u", "as_of": "2024-12-31"}, **frames}


def _cell(value: float | str | None) -> str:
    return "-" if value is None else str(value)


def rule(name: str, when: str, *, for_each: str = "{kpi: {}}", goal: str = "cost", because: str = "Så är det.") -> str:
    return f"""
  - id: {name}
    title: Regel
    goal: {goal}
    for_each: {for_each}
    when: {when}
    severity: low
    because: "{because}"
    why: …
    limits: …
    source: …
    examples: []"""


def move(name: str, when: str) -> str:
    return f"""
  - id: {name}
    when: {when}
    title: Gör något
    description: Gör något.
    gain: Något.
    horizon: short"""


def pack(folder: Path, *rules: str, moves: Sequence[str] = ()) -> Path:
    lists = [f"{word}:{''.join(entries)}" for word, entries in (("rules", rules), ("moves", moves)) if entries]
    path = folder / "pack.yaml"
    path.write_text("\n".join(["genomlys: 1", "pack: prov", "version: 1", "title: Prov", *lists]), encoding="utf-8")
    return path


def status(assessment: Assessment, rule_id: str, subject: str) -> str:
    found = assessment.verdicts.filter((pl.col("rule") == rule_id) & (pl.col("subject") == subject))
    return str(found["status"].item())


def test_an_area_with_good_results_is_no_strength_while_a_missing_cost_may_be_too_high() -> None:
    found = assess(
        tables(
            [{"kpi": "one"}, {"kpi": "two"}, {"kpi": "result", **QUALITY}],
            {"one": {2024: 90}, "two": {2024: None}, "result": {2024: 80}},
            {
                ("one", "reference"): {2024: 100},
                ("two", "reference"): {2024: 100},
                ("result", "peers.mean"): {2024: 70},
            },
        )
    )
    assert found.areas.select("results", "class", "goal_met").row(0) == ("better", "unknown", None)


def test_a_good_development_is_no_strength_while_the_cost_is_missing() -> None:
    found = assess(
        tables(
            [{"kpi": "cost", "max_age": 0}, {"kpi": "result", **QUALITY}],
            {"cost": {2024: None}, "result": {2022: 70, 2023: 75, 2024: 80}},
            {("cost", "reference"): {2024: 100}},
        )
    )
    assert found.areas["class"].item() != "strength"


def test_an_area_that_has_no_cost_to_compare_can_still_be_a_strength() -> None:
    found = assess(
        tables([{"kpi": "result", **QUALITY}], {"result": {2024: 80}}, {("result", "peers.mean"): {2024: 70}})
    )
    assert found.areas.select("cost", "class").row(0) == ("unknown", "strength")


def test_a_comparison_whose_figures_are_all_missing_is_unknown_and_not_out_of_scope() -> None:
    found = assess(tables([{"kpi": "cost"}], {"cost": {2024: 150}}, {("cost", "reference"): {2023: None, 2024: None}}))
    assert status(found, "cost-above-reference", "cost") == "unknown"


def test_a_move_is_not_proposed_for_an_area_that_its_rule_is_not_for(tmp_path: Path) -> None:
    rules = pack(
        tmp_path,
        rule("above", "{is: above, than: reference}"),
        rule("priority-above", "{any_kpi: above}", for_each="{area: {priority: yes}}"),
        moves=[move("act", "{rule: priority-above}")],
    )
    found = assess(tables([{"kpi": "cost"}], {"cost": {2024: 150}}, {("cost", "reference"): {2024: 100}}), rules)
    assert status(found, "priority-above", "omrade") == "not_applicable"
    assert found.candidates.is_empty()


def test_a_move_is_not_proposed_because_there_is_nothing_to_judge(tmp_path: Path) -> None:
    rules = pack(
        tmp_path,
        rule("above", "{is: above, than: reference}", for_each="{kpi: {category: personal}}"),
        moves=[move("act", "{not: {any_kpi: above}}")],
    )
    assert assess(tables([{"kpi": "cost"}], {"cost": {2024: 150}}), rules).candidates.is_empty()


def test_an_area_with_the_name_of_a_kpi_does_not_bring_that_kpi_into_a_proposal() -> None:
    found = assess(
        tables(
            [{"kpi": "omrade", "name": "något helt annat"}, {"kpi": "cost"}, {"kpi": "result", **QUALITY}],
            {"omrade": {2024: 1}, "cost": {2024: 150}, "result": {2024: 60}},
            {("cost", "reference"): {2024: 100}, ("result", "peers.mean"): {2024: 70}},
        )
    )
    assert "dear-and-poor/omrade" in found.candidates["evidence"].item()
    assert "något helt annat" not in found.candidates["description"].item()


def test_a_cost_that_was_above_its_reference_only_earlier_is_worth_no_money_now(tmp_path: Path) -> None:
    rules = pack(tmp_path, rule("above", "{is: above, than: reference, in: 2 of 3 years}"))
    own, reference = {2022: 110, 2023: 110, 2024: 90}, dict.fromkeys((2022, 2023, 2024), 100)
    found = assess(
        tables([{"kpi": "cost", "volume": "1000"}], {"cost": own}, {("cost", "reference"): reference}), rules
    )
    assert found.verdicts.select("status", "money").row(0) == ("flagged", None)


def test_what_is_told_of_k_of_n_years_is_a_year_in_which_it_held(tmp_path: Path) -> None:
    because = "Kostnaden låg {gap} {over} {gap_year}, {hits} av {years} år."
    rules = pack(tmp_path, rule("above", "{is: above, than: reference, in: 2 of 4 years}", because=because))
    own, reference = {2021: 120, 2022: 110, 2024: 90}, dict.fromkeys((2021, 2022, 2023, 2024), 100)
    found = assess(tables([{"kpi": "cost"}], {"cost": own}, {("cost", "reference"): reference}), rules)
    text = found.findings["text"].item().replace("\u00a0", " ")
    assert text == "Kostnaden låg 10 kr/inv över 2022, 2 av 4 år. Underlag saknas för 2023."


def test_a_preliminary_figure_is_told_of_whichever_of_the_years_it_is(tmp_path: Path) -> None:
    rules = pack(
        tmp_path,
        rule("rising", "{is: rising, for: 4 years}", because="Kostnaden har {risen}."),
        rule("above", "{is: above, than: own 2 years ago}", because="Kostnaden är {value}."),
        rule("now", "{is: above, than: reference}", because="Nu är den {value}."),
    )
    own, reference = {2020: 80, 2021: 90, 2022: 95, 2023: 105, 2024: 110}, {2024: 100}
    given = tables([{"kpi": "cost"}], {"cost": own}, {("cost", "reference"): reference})

    def told(*preliminary: int) -> dict[str, str]:
        status = pl.when(pl.col("year").is_in(list(preliminary))).then(pl.lit("preliminary")).otherwise(pl.lit("ok"))
        values = pl.DataFrame(given["values"]).with_columns(status=status)
        texts = assess(given | {"values": values}, rules).findings.select("rule", "text").iter_rows()
        return {rule: text.replace("\u00a0", " ").partition(". ")[2] for rule, text in texts}

    # 2020 is read by none of the rules.
    assert told(2020) == {"above": "", "now": "", "rising": ""}
    assert told(2021, 2023) == {"above": "", "now": "", "rising": "Egna uppgifter för 2021, 2023 är preliminära."}
    earlier = "Egna uppgifter för 2022 är preliminära."
    assert told(2022, 2024) == {
        "above": f"Värdet är preliminärt. {earlier}",
        "now": "Värdet är preliminärt.",
        "rising": f"Värdet är preliminärt. {earlier}",
    }


def test_a_figure_that_another_rule_lacks_bears_on_the_rule_that_refers_to_it(tmp_path: Path) -> None:
    rules = pack(
        tmp_path,
        rule("above", "{is: above, than: reference}"),
        rule("not-above", "{not: {rule: above}}"),
        rule("none-above", "{not: {any_kpi: above}}", for_each="{area: {}}"),
        rule("area-well", "{rule: none-above}", for_each="{area: {}}"),
    )
    found = assess(tables([{"kpi": "cost"}], {"cost": {2024: None}}, {("cost", "reference"): {2024: 100}}), rules)
    assert found.unknowns["verdicts"].to_list() == [
        ["above/cost", "area-well/omrade", "none-above/omrade", "not-above/cost"]
    ]


def test_a_change_of_definition_does_not_stand_in_the_way_of_a_comparison_within_each_year(
    tmp_path: Path,
) -> None:
    rules = pack(tmp_path, rule("above", "{is: above, than: reference, in: 2 of 3 years}"))
    found = assess(
        tables(
            [{"kpi": "cost", "breaks": "2024"}],
            {"cost": {2022: 110, 2023: 90, 2024: 110}},
            {("cost", "reference"): {2023: 100, 2024: 100}},
        ),
        rules,
    )
    assert found.unknowns.select("source", "year", "reason").rows() == [("reference", 2022, "missing")]


@pytest.mark.parametrize(
    ("for_each", "when"),
    [
        ("{kpi: {has: []}}", "{is: missing}"),
        ("{kpi: {category: []}}", "{is: missing}"),
        ("{kpi: {area: []}}", "{is: missing}"),
        ("{measure: {}}", "{status: []}"),
        ("{area: {}}", "{any_signal: {kind: []}}"),
    ],
)
def test_an_empty_list_which_nothing_fits_is_refused(tmp_path: Path, for_each: str, when: str) -> None:
    with pytest.raises(RuleError) as caught:
        load_rules(pack(tmp_path, rule("never", when, for_each=for_each)))
    assert [problem.code for problem in caught.value.problems] == ["empty-list"]


def test_two_conditions_of_one_name_are_refused_where_a_sentence_reads_them(tmp_path: Path) -> None:
    when = "{all: [{is: above, than: reference, as: one}, {is: above, than: nation.mean, as: one}]}"
    with pytest.raises(RuleError) as caught:
        load_rules(pack(tmp_path, rule("above", when, because="{one.basis}")))
    assert [problem.code for problem in caught.value.problems] == ["duplicate-name"]


def test_no_rule_book_is_left_out_in_silence(tmp_path: Path) -> None:
    book = load_rules(pack(tmp_path, rule("above", "{is: above, than: reference}")))
    for packs in ((book, "kommun"), (book, book)):
        with pytest.raises(UsageError):
            assess(None, *packs)


def test_a_figure_that_an_area_s_side_lacks_bears_on_the_verdict_on_the_area() -> None:
    found = assess(
        tables(
            [{"kpi": "cost"}, {"kpi": "result", **QUALITY}],
            {"cost": {2024: None}, "result": {2024: 60}},
            {("cost", "reference"): {2024: 100}, ("result", "peers.mean"): {2024: 70}},
        )
    )
    assert status(found, "dear-and-poor", "omrade") == "unknown"
    of_cost = found.unknowns.filter(pl.col("kpi") == "cost")["verdicts"].explode()
    assert "dear-and-poor/omrade" in of_cost.to_list()


def test_a_proposal_does_not_call_an_area_well_whose_costs_are_not_known() -> None:
    reference = {(f"cost-{number}", "reference"): {2024: 100} for number in range(4)}
    own = {f"cost-{number}": {2024: 140 if number == 0 else None} for number in range(4)}
    found = assess(tables([{"kpi": kpi} for kpi in own], own, reference))
    assert found.areas["cost"].item() == "unknown"
    assert found.candidates["description"].str.contains("inte svag").to_list() == [False]


def test_a_unit_is_found_by_its_id_before_another_s_title_and_never_by_a_title_that_two_share() -> None:
    units = [
        {"unit": "u", "title": "Kommunen", "kind": "municipality"},
        {"unit": "v", "title": "u", "kind": "municipality"},
        {"unit": "w", "title": "Socialnämnden", "kind": "committee"},
        {"unit": "x", "title": "Socialnämnden", "kind": "committee"},
    ]
    data = tables([{"kpi": "cost"}], {"cost": {2024: 100}}, units=units)
    assert assess(data, unit="u").units == ("u",)
    assert assess(data, unit="Kommunen").units == ("u",)
    with pytest.raises(UsageError):
        assess(data, unit="Socialnämnden")


def test_the_findings_of_an_english_run_have_english_titles() -> None:
    titles = {rule.id: rule.title.en for rule in load_rules().rules}
    found = assess(lang="en").findings
    assert found["rule_title"].to_list() == [titles[name] for name in found["rule"]]


@pytest.mark.parametrize("measure", ["kr/inv", "Kr/inv", "%", "index"])
def test_a_cost_with_a_reference_is_compared_with_it_whatever_its_measure(measure: str) -> None:
    kpis = [{"kpi": "cost", "measure": measure}]
    found = assess(tables(kpis, {"cost": {2024: 50}}, {("cost", "reference"): {2024: 40}}))
    assert status(found, "cost-above-reference", "cost") == "flagged"
    assert found.areas["cost"].item() == "worse"


@pytest.mark.parametrize("counted_on", [0, -3])
def test_a_denominator_that_nothing_can_be_divided_by_is_told_as_what_would_decide(
    tmp_path: Path, counted_on: int
) -> None:
    kpis = [{"kpi": "share", "measure": "%", "denominator": "pupils"}, {"kpi": "pupils", "measure": "antal"}]
    data = tables(kpis, {"share": {2024: 40}, "pupils": {2024: counted_on}}, {("share", "nation.mean"): {2024: 30}})
    rules = pack(tmp_path, rule("odd", "{funnel: above, than: nation.mean, confidence: 95 %}"))
    found = assess(data, rules)
    assert status(found, "odd", "share") == "unknown"
    assert found.unknowns.select("kpi", "source", "year", "reason").rows() == [
        ("share", "denominator", 2024, "not_positive")
    ]
    (told,) = explain(data, rules, verdict="odd/share")
    assert [(cell.source, cell.reason) for cell in told.missing] == [("denominator", "not_positive")]


def test_a_value_that_a_share_cannot_have_is_not_told_to_turn_a_flag(tmp_path: Path) -> None:
    kpis = [{"kpi": "share", "measure": "%", "direction": "neutral", "denominator": 10}]
    data = tables(kpis, {"share": {2024: 20}}, {("share", "nation.mean"): {2024: 30}})
    either = "{any: [{is: above, than: own 1 year ago}, {not: {funnel: above, than: nation.mean, confidence: 95 %}}]}"
    (told,) = explain(data, pack(tmp_path, rule("odd", either)), verdict="odd/share")
    assert told.status == "flagged"
    assert told.turn is None or told.turn.to is None or 0 <= told.turn.to <= 100


def test_every_year_of_a_trend_is_traced_to_its_row(tmp_path: Path) -> None:
    data = tables([{"kpi": "cost"}], {"cost": {2019: 90, 2020: 95, 2021: None, 2022: 101, 2023: 104, 2024: 110}})
    rules = pack(tmp_path, rule("rises", "{trend: rising, over: 6 years, confidence: 80 %}"))
    (told,) = explain(data, rules, verdict="rises/cost")
    assert sorted({each.year for each in told.sources if each.table == "values"}) == [2019, 2020, 2022, 2023, 2024]


def test_the_slope_of_a_trend_turns_at_the_nearest_step(tmp_path: Path) -> None:
    kpis = [{"kpi": "share", **QUALITY, "measure": "%", "decimals": 1}]
    trend = "{trend: worsening, over: 4 years, confidence: 90 %, by: 1 %}"
    rules = pack(tmp_path, rule("falls", trend))

    def asked(last: float) -> Explanation:
        values = {2021: 86.9, 2022: 86.0, 2023: 85.2, 2024: last}
        return explain(tables(kpis, {"share": values}), rules, verdict="falls/share")[0]

    turn = asked(84.1).turn
    assert turn is not None and turn.to == 84.4
    assert [asked(each).status for each in (84.3, 84.4)] == ["flagged", "clear"]
