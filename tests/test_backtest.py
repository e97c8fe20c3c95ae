"""The past as ``assess`` would have judged it year by year, counted by plain Python."""

from __future__ import annotations

import copy
import io
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import assume, event, given
from strategies import HOME, Tables, Words, books, rule, rule_file, tables
from test_laws import law, load, one_kpi

from genomlys.cli import main
from genomlys.engine import backtest as module
from genomlys.engine.asking import asked
from genomlys.engine.assess import assess
from genomlys.engine.backtest import Backtest, backtest
from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.errors import UsageError
from genomlys.engine.evaluate import STATUSES
from genomlys.engine.report import terminal
from genomlys.engine.report.backtested import as_data, as_table, content
from genomlys.engine.verdicts import judge

Statuses = Mapping[int, Mapping[tuple[str, str], str]]  # by year, then unit and subject


def names_what_there_is(data: Dataset, rules: list[Words]) -> bool:
    """Whether the KPIs and areas that rules are for are in the data set; else they are refused."""
    try:
        asked(data, (load(rules),), None, None)
    except UsageError:
        return False
    return True


def past(data: Dataset, rules: list[Words]) -> dict[str, Statuses]:
    """By rule, what ``assess`` says as of each year, for all units."""
    found: dict[str, dict[int, dict[tuple[str, str], str]]] = {}
    for year in range(data.first_year, data.as_of.year + 1):
        then, book, units = asked(data, (load(rules),), "all", None if year == data.as_of.year else year)
        verdicts = judge(then, book, units, then.as_of.year, "sv", STATUSES).verdicts
        for row in verdicts.iter_rows(named=True):
            found.setdefault(row["rule"], {}).setdefault(year, {})[row["unit"], row["subject"]] = row["status"]
    return found


def counted(statuses: Statuses) -> dict[str, Any]:
    """What RULES says of one rule, one subject and one year at a time."""
    sums: Counter[str] = Counter()
    longest = 0
    subjects = {subject for said in statuses.values() for subject in said}
    years = sorted(statuses)
    for subject in sorted(subjects):
        said = [statuses[year].get(subject, "not_applicable") for year in years]
        sums["judged"] += sum(each in ("flagged", "clear") for each in said)
        sums["flagged"] += said.count("flagged")
        row = 0
        was = gone = False
        for at, each in enumerate(said):
            after = said[at + 1] if at + 1 < len(said) else ""
            if each == "flagged":
                row += 1
                longest = max(longest, row)
                sums["spells"] += row == 1
                sums["came_back"] += gone
                sums["followed"] += after in ("flagged", "clear")
                sums["stayed"] += after == "flagged"
                was, gone = True, False
            else:
                row = 0
                if each == "clear":
                    sums["went"] += was
                    was, gone = False, gone or was
    return {name: sums[name] for name in ("judged", "flagged", "spells", "followed", "stayed", "went", "came_back")} | {
        "longest": longest
    }


def halved(words: Any) -> Any:
    """The rules with every ``by`` halved, as they would be written."""
    if isinstance(words, list):
        return [halved(part) for part in words]
    if not isinstance(words, dict):
        return words
    return {word: _half(value) if word == "by" else halved(value) for word, value in words.items()}


def _half(band: str) -> str:
    number, _, measure = band.partition(" ")
    return f"{float(number.replace(',', '.')) / 2:g} {measure}".replace(".", ",")


def as_of_today(rules: list[Words]) -> set[str]:
    """Rules on measures and signals, and those that ask such."""
    found = {each["id"] for each in rules if set(each["for_each"]) & {"measure", "signal"}}
    while True:
        asking = {
            each["id"] for each in rules if "any_measure" in str(each["when"]) or "any_signal" in str(each["when"])
        }
        asking |= {each["id"] for each in rules if any(f"'rule': '{name}'" in str(each["when"]) for name in found)}
        if asking | found == found:
            return found
        found |= asking


def by_rule(found: Backtest, factor: float) -> dict[str, dict[str, Any]]:
    rows = found.rules.filter(pl.col("factor") == factor)
    return {row["rule"]: row for row in rows.iter_rows(named=True)}


@law(3)
@given(tables(), books())
def test_the_past_is_what_assess_would_have_said(given_tables: Tables, rules: list[Words]) -> None:
    data = read_dataset(given_tables)
    assume(names_what_there_is(data, rules))
    found = backtest(data, load(rules))
    wanted = past(data, rules)
    assert set(found.left_out) == as_of_today(rules)
    assert set(by_rule(found, 1.0)) == {each["id"] for each in rules} - set(found.left_out)
    for name, row in by_rule(found, 1.0).items():
        said = wanted[name]
        told = counted(said)
        assert {part: row[part] for part in told} == told, name
        event(f"came back: {row['came_back'] > 0}")
        for each in found.years.filter((pl.col("rule") == name) & (pl.col("factor") == 1.0)).iter_rows(named=True):
            statuses = Counter(said[each["year"]].values())
            assert each["flagged"] == statuses["flagged"] and each["unknown"] == statuses["unknown"]
            assert each["judged"] == statuses["flagged"] + statuses["clear"]


def test_each_year_has_the_counts_of_an_assessment_as_of_it() -> None:
    data, book = series("103 105 _ 109 101", max_age=1), load([ABOVE, rule("area", {"any_kpi": "above"}, "area")])
    for (year,), mine in backtest(data, book).years.filter(pl.col("factor") == 1.0).group_by("year"):
        counts = assess(data, book, unit="all", as_of=int(str(year))).counts
        for row in mine.iter_rows(named=True):
            said = dict(counts.filter(pl.col("rule") == row["rule"]).select("status", "count").iter_rows())
            assert row["flagged"] == said.get("flagged", 0) and row["unknown"] == said.get("unknown", 0)
            assert row["judged"] == said.get("flagged", 0) + said.get("clear", 0)


@law(3)
@given(tables(), books())
def test_half_the_threshold_is_the_rule_written_with_half_of_it(given_tables: Tables, rules: list[Words]) -> None:
    plain = [each for each in rules if "material" not in str(each["when"])]
    while left_out := _ids(rules) - _ids(plain):  # and what asks for one that is left out
        asking = [each for each in plain if any(f"'{name}'" in str(each["when"]) for name in left_out)]
        if not asking:
            break
        plain = [each for each in plain if each not in asking]
    if not plain:
        return
    data = read_dataset(given_tables)
    assume(names_what_there_is(data, plain))
    found = backtest(data, load(plain))
    again = by_rule(backtest(data, load(halved(copy.deepcopy(plain)))), 1.0)
    for name, row in by_rule(found, 0.5).items():
        assert {**row, "factor": 1.0} == again[name]
    # What has no threshold anywhere beneath it has no variants, and the same in both.
    for name in set(again) - set(by_rule(found, 0.5)):
        assert again[name] == by_rule(found, 1.0)[name]


def _ids(rules: list[Words]) -> set[str]:
    return {each["id"] for each in rules}


def series(own: str, **kpi: Any) -> Dataset:
    """Values of the years that end with 2024 against a reference of 100; ``_`` is missing."""
    values = [None if figure == "_" else float(figure) for figure in own.split()]
    years = range(2025 - len(values), 2025)
    frame = pl.DataFrame({"year": years, "value": values}, schema={"year": pl.Int32, "value": pl.Float64}).drop_nulls()
    figures = pl.DataFrame({"kpi": "k0", "year": years, "benchmark": "reference", "value": 100.0})
    return read_dataset(one_kpi({"max_age": 0} | kpi, frame, benchmarks=figures))


ABOVE = rule("above", {"is": "above", "than": "reference", "by": "4 %"})


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ("105 105 101 105 101", {"flagged": 3, "judged": 5, "spells": 2, "longest": 2, "stayed": 1, "went": 2}),
        ("105 105 101 105 101", {"came_back": 1, "followed": 3}),
        ("105 _ 105", {"spells": 2, "longest": 1, "followed": 0, "went": 0, "came_back": 0}),  # not known in between
        ("105 _ 101 105", {"went": 1, "came_back": 1, "spells": 2}),
        ("101 101", {"flagged": 0, "share": 0.0, "mean_years": None}),
        ("105 105 105", {"mean_years": 3.0, "stayed": 2, "followed": 2, "went": 0}),
    ],
)
def test_flags_last_go_and_come_back(own: str, expected: Mapping[str, Any]) -> None:
    row = by_rule(backtest(series(own), load([ABOVE])), 1.0)["above"]
    assert {name: row[name] for name in expected} == expected


def test_half_and_double_the_threshold_flag_more_and_less() -> None:
    data = series("101 103 105 109")
    found = backtest(data, load([ABOVE, rule("run", {"is": "rising", "for": "2 years"})]))
    assert found.rules.select("rule", "factor", "flagged").rows() == [
        ("above", 0.5, 3),
        ("above", 1.0, 2),
        ("above", 2.0, 1),
        ("run", 1.0, 3),
    ]
    asking = [ABOVE, rule("asking", {"rule": "above"}), rule("area", {"any_kpi": "above"}, "area")]
    asked = backtest(data, load(asking)).rules
    assert asked.filter(pl.col("rule") == "area")["flagged"].to_list() == [3, 2, 1]
    assert asked.filter(pl.col("rule") == "asking")["flagged"].to_list() == [3, 2, 1]


def test_progress_is_told_of_every_run() -> None:
    told: list[tuple[int, int]] = []
    backtest(series("101 105"), load([ABOVE]), progress=lambda done, of: told.append((done, of)))
    assert told == [(at, 6) for at in range(1, 7)]  # two years, three thresholds


def test_the_tables_read_as_decided() -> None:
    found = backtest(series("105 105 101 105", title="Kostnaden"), load([ABOVE | {"title": "Kostnad över"}]))
    text = terminal.render(content(found, "sv"), 120).replace("\xa0", " ")
    assert text.startswith("Reglerna prövade på åren 2021–2024\n")
    assert "Prov; M, 4 år." in text
    lines = [line.split() for line in text.splitlines()]
    assert ["Kostnad", "över", "hälften", "3", "75", "%", "50", "%", "1,5", "2", "100", "%"] in lines
    assert ["som", "den", "är", "3", "75", "%", "50", "%", "1,5", "2", "100", "%"] in lines
    assert ["dubbla", "0", "0", "%", "–", "–", "–", "–"] in lines
    assert ["Kostnad", "över", "100", "%", "100", "%", "0", "%", "100", "%"] in lines
    english = terminal.render(content(found, "en"), 120)
    assert "The rules asked of the years 2021–2024" in english and "as it is" in english
    table = pl.read_csv(io.StringIO(as_table(found)), separator=";", decimal_comma=True)
    assert table["flagged"].to_list() == [3, 3, 0] and table.columns == found.rules.columns
    document = json.loads(as_data(found))
    assert document["asked_years"] == [2021, 2022, 2023, 2024] and len(document["years"]) == 12


def test_what_shows_only_today_is_left_out_and_named() -> None:
    asking = rule("asking", {"any_measure": {"status": "ongoing"}}, "area")
    found = backtest(series("105"), load([ABOVE, asking, rule("old", {"older_than": "6 months"}, "measure")]))
    assert found.left_out == ("asking", "old")
    assert "Inte prövade" in terminal.render(content(found, "sv"), 120)


def test_the_command_tells_text_and_data_and_nothing_of_progress_without_a_terminal(tmp_path: Path) -> None:
    runner = CliRunner()
    pack = tmp_path / "rules.yaml"
    pack.write_text(rule_file([ABOVE]), encoding="utf-8")
    for form, begins in (("text", "Reglerna prövade på åren"), ("csv", "rule;factor"), ("json", "{"), ("md", "# ")):
        arguments = ["backtest", "--rules", str(pack), "--unit", "alingsas", "--format", form]
        done = runner.invoke(main, arguments, standalone_mode=False)
        assert done.return_value == 0 and done.stdout.startswith(begins) and done.stderr == ""


def test_progress_is_written_over_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    import genomlys.cli as cli

    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    out = Terminal()
    monkeypatch.setattr(sys, "stderr", out)
    told = cli._progress("sv")
    assert told is not None
    told(1, 2)
    told(2, 2)
    assert out.getvalue() == "\rProvat 1 av 2 …\r" + " " * 16 + "\r"


def test_one_unit_is_judged_as_among_all() -> None:
    tables: Tables = one_kpi({}, pl.DataFrame({"year": [2024], "value": [1.0]}))
    values = [
        (unit, "k0", year, 100.0 + year % 3 + at) for at, unit in enumerate(("m0", "m1")) for year in (2023, 2024)
    ]
    tables |= {
        "units": pl.DataFrame({"unit": ["m0", "m1"], "title": ["A", "B"], "kind": "municipality"}),
        "values": pl.DataFrame(values, schema=["unit", "kpi", "year", "value"], orient="row"),
    }
    data, book = read_dataset(tables), load([rule("rising", {"is": "rising", "for": "2 years", "by": "1 %"})])
    each = [backtest(data, book, unit=unit).years for unit in ("m0", "m1")]
    together = backtest(data, book).years
    assert (each[0]["judged"] + each[1]["judged"]).to_list() == together["judged"].to_list()
    assert (each[0]["flagged"] + each[1]["flagged"]).to_list() == together["flagged"].to_list()
    assert module.FACTORS == (0.5, 1.0, 2.0) and HOME == data.unit
