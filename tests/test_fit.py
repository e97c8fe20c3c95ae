"""Whether rules fit a data set: what they name, compare with and ask years of must be there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from samples import folder, national
from strategies import rule, rule_file

from genomlys.cli import main
from genomlys.engine.dataset import read_dataset
from genomlys.engine.fit import fit
from genomlys.engine.language.pack import load_rules

HOME = "0000"


def found(tmp_path: Path, tables: Mapping[str, Any], *rules: Mapping[str, Any]) -> list[tuple[str, str]]:
    path = tmp_path / "prov.yaml"
    path.write_text(rule_file([dict(each) for each in rules]), encoding="utf-8")
    return [(each.code, each.message.sv) for each in fit(load_rules(path), read_dataset(tables))]


def with_target(tables: Mapping[str, Any], **years: int) -> dict[str, Any]:
    """A target from a year on for some KPIs."""
    rows = [
        {"unit": HOME, "kpi": kpi, "year": year, "benchmark": "target", "value": 90.0} for kpi, year in years.items()
    ]
    return {**tables, "benchmarks": pl.concat([tables["benchmarks"], pl.DataFrame(rows)])}


ABOVE = {"is": "above", "than": "reference"}


def test_rules_that_fit_are_told_nothing_of(tmp_path: Path) -> None:
    rules = [
        rule("a", ABOVE, scope={"measure": "%"}),
        rule("b", {"trend": "rising", "over": "4 years", "confidence": "90 %"}),
        rule("c", {"any_kpi": "a"}, "area", {"area": "a0"}),
        rule("d", {"status": "ongoing"}, "measure"),  # a data set without measures may have some tomorrow
    ]
    assert found(tmp_path, national(), *rules) == []


@pytest.mark.parametrize(
    ("scope", "code", "said"),
    [
        ({"kpi": "k9"}, "unknown-kpi", "gäller 'k9' som inte finns"),
        ({"area": ["a0", "b0"]}, "unknown-area", "gäller 'b0' som inte finns"),
        ({"measure": "kr/invånare"}, "unknown-measure", "inget nyckeltal har måttet 'kr/invånare'"),
        ({"category": "personal"}, "matches-nothing", "gäller inget nyckeltal i datamängden"),
        ({"has": "peers.median"}, "matches-nothing", "gäller inget nyckeltal i datamängden"),
    ],
)
def test_a_scope_that_finds_nothing_is_told(scope: dict[str, Any], code: str, said: str, tmp_path: Path) -> None:
    ((told, message),) = found(tmp_path, national(), rule("a", ABOVE, scope=scope))
    assert told == code and said in message


def test_an_area_rule_for_no_area_is_told(tmp_path: Path) -> None:
    rules = [rule("a", ABOVE), rule("b", {"any_kpi": "a"}, "area", {"priority": "yes"})]
    assert [code for code, _ in found(tmp_path, national(), *rules)] == ["matches-nothing"]


@pytest.mark.parametrize(
    ("when", "years"),
    [
        ({"is": "rising", "for": "6 years"}, 6),
        ({"is": "above", "than": "own 5 years ago"}, 6),
        ({"is": "above", "than": "reference", "in": "6 of 9 years"}, 6),
        ({"is": "above", "than": "reference", "in": "5 of 9 years"}, None),
        ({"any": [{"is": "rising", "for": "7 years"}, {"is": "rising", "for": "6 years"}]}, 7),
        ({"is": "above", "than": "own 4 years ago"}, None),
    ],
)
def test_more_years_than_there_are_is_told_once(when: dict[str, Any], years: int | None, tmp_path: Path) -> None:
    """The sample has five years; of some KPIs one at an end is missing."""
    tables = national()
    whole = (
        tables["values"].filter(pl.col("unit") == HOME).group_by("kpi").agg(pl.col("year").max() - pl.col("year").min())
    )
    kpis = whole.filter(pl.col("year") == 4)["kpi"].to_list()
    told = found(tmp_path, tables, rule("a", when, scope={"kpi": kpis}))
    if years is None:
        assert told == []
    else:
        ((code, message),) = told
        assert code == "too-few-years" and f"behöver värden från {years} år" in message
        assert f"{len(kpis)} av {len(kpis)} nyckeltal ({', '.join(sorted(kpis)[:3])}" in message


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ({"is": "rising", "for": "3 years"}, True),
        ({"gap": "widening", "to": "peers.mean", "over": "3 years"}, True),
        ({"turn": "above", "than": "peers.mean", "after": "2 years"}, True),
        ({"trend": "rising", "over": "4 years", "confidence": "90 %"}, False),
    ],
)
def test_what_needs_every_year_finds_too_few_where_there_is_a_hole(
    when: dict[str, Any], told: bool, tmp_path: Path
) -> None:
    tables = national()
    years = sorted(tables["values"]["year"].unique())
    holed = tables["values"].filter((pl.col("year") - years[-1]).is_in([0, -1, -3, -4]))
    codes = found(tmp_path, {**tables, "values": holed}, rule("a", when))
    assert [code for code, _ in codes] == ["too-few-years"] * told
    assert not told or "3 år i följd" in codes[0][1]


def test_a_target_that_is_missing_for_the_year_is_told(tmp_path: Path) -> None:
    to_target = rule("a", {"is": "worse", "than": "target"})
    told = found(tmp_path, with_target(national(), k0=2024, k1=2020), to_target)
    assert [code for code, _ in told] == ["no-target"]
    assert "mål för 2024, och det har inte 4 av 6 nyckeltal (k2, k3, k4 …)" in told[0][1]
    scoped = rule("a", {"is": "worse", "than": "target"}, scope={"has": "target"})
    assert found(tmp_path, with_target(national(), k0=2024, k1=2020), scoped) == []


def test_worse_for_a_kpi_that_aims_at_a_target_needs_one(tmp_path: Path) -> None:
    tables = national()
    # A target that begins next year is none this year.
    aiming = tables["kpis"].with_columns(
        direction=pl.when(pl.col("kpi") == "k0").then(pl.lit("target")).otherwise("direction")
    )
    later = with_target({**tables, "kpis": aiming}, k0=2025)
    for side, codes in (("worse", ["no-target"]), ("above", [])):
        told = found(tmp_path, later, rule("a", {"is": side, "than": "reference"}))
        assert [code for code, _ in told] == codes
    assert "1 av 1 nyckeltal (k0)" in found(tmp_path, later, rule("a", {"is": "worse", "than": "reference"}))[0][1]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ({"gap": "widening", "to": "target", "over": "2 years"}, True),
        ({"turn": "above", "than": "target", "after": "1 year"}, True),
        ({"is": "worsening", "for": "2 years"}, True),
        ({"trend": "worsening", "over": "4 years", "confidence": "90 %"}, True),
        ({"outlier": "worse", "among": "nation", "beyond": "3.5"}, False),  # not asked of a KPI that aims
        ({"trend": "rising", "over": "4 years", "confidence": "90 %"}, False),
    ],
)
def test_whatever_asks_for_a_target_needs_one(when: dict[str, Any], told: bool, tmp_path: Path) -> None:
    tables = national()
    k0 = pl.col("kpi") == "k0"
    aiming = tables["kpis"].with_columns(direction=pl.when(k0).then(pl.lit("target")).otherwise("direction"))
    codes = [code for code, _ in found(tmp_path, with_target({**tables, "kpis": aiming}, k0=2025), rule("a", when))]
    assert ("no-target" in codes) is told


def test_rules_check_asks_the_data_set_it_is_given(tmp_path: Path) -> None:
    from click.testing import CliRunner

    data = folder(tmp_path / "data", national())
    pack = tmp_path / "prov.yaml"
    pack.write_text(rule_file([rule("a", ABOVE, scope={"kpi": "k9"})]), encoding="utf-8")
    arguments = ["rules", "check", str(pack), "--data", str(data)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1 and "[unknown-kpi]" in done.stdout
    assert CliRunner().invoke(main, arguments[:3]).exit_code == 0
    done = CliRunner().invoke(main, [*arguments[:4], str(tmp_path / "nowhere")])
    assert done.exit_code == 1 and "[no-folder]" in done.stdout
