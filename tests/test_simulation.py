"""The false flags and the power that the bundled rules' pages state are those that the simulation finds."""

import re
from pathlib import Path

import polars as pl
import pytest
import simulation

from genomlys.engine.language.model import Rule
from genomlys.engine.language.pack import RuleBook, load_rules

WRITTEN = Path(simulation.__file__).with_suffix(".md")
STATED = re.compile(r"I en simulering utan verklig \w+ flaggades (\d+) % av (?:nyckeltalen|områdena)(?:, och (\d+) %)?")


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return load_rules("kommun")


def shares_in_table() -> dict[str, list[int]]:
    rows = [line.strip("| ").split(" | ") for line in WRITTEN.read_text(encoding="utf-8").splitlines() if "% |" in line]
    return {rule: [int(share.removesuffix("%")) for share in shares] for rule, *shares in rows if shares[0] != "chance"}


def stated(rule: Rule) -> list[int]:
    found = STATED.search(rule.limits.sv)
    return [int(share) for share in found.groups() if share] if found else []


def test_pages_state_what_the_table_says(book: RuleBook) -> None:
    by_id = {rule.id: rule for rule in book.rules}
    for rule, shares in shares_in_table().items():
        false, *power = stated(by_id[rule])
        assert false == shares[0], rule
        assert set(power) <= set(shares[len(simulation.CHANCE) :]), rule


def test_every_rule_about_figures_is_in_the_table(book: RuleBook) -> None:
    about_figures = [rule.id for rule in book.rules if rule.subject in ("kpi", "area") and rule.goal != "data"]
    assert sorted(shares_in_table()) == sorted(about_figures)


def test_swedish_and_english_state_the_same_shares(book: RuleBook) -> None:
    for rule in book.rules:
        if stated(rule):
            told = rule.limits.en.partition("In a simulation")[2]
            assert [int(share) for share in re.findall(r"(\d+) %", told)][: len(stated(rule))] == stated(rule), rule.id


@pytest.mark.parametrize(
    ("scenario", "column"),
    [(simulation.CHANCE[0], 0), (simulation.REAL[0], len(simulation.CHANCE))],
    ids=lambda given: given.title if isinstance(given, simulation.Scenario) else "",
)
def test_a_small_simulation_agrees_with_the_table(scenario: simulation.Scenario, column: int, book: RuleBook) -> None:
    table = shares_in_table()
    found = simulation.rates(scenario, book, areas=150).filter(pl.col("judged") >= 300, pl.col("rule").is_in(table))
    assert found.height > 5
    for rule, judged, flagged in found.iter_rows():
        share, expected = flagged / judged, table[rule][column] / 100
        # Four standard errors, and what rounding to whole per cent adds.
        chance = 4 * max(expected * (1 - expected), 0.01) ** 0.5 / judged**0.5 + 0.005
        assert abs(share - expected) <= chance, (rule, share, expected)
