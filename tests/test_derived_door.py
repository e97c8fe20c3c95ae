"""KPIs that are made of other KPIs, at the door: every mistake with its place, and what to write instead."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from genomlys.engine.dataset import read_dataset
from genomlys.engine.errors import DataError

# One of every word, with | for the tabs between cells. Each mistake in bad_data/derived.toml is one change to it.
GOOD = {
    "dataset.yaml": "title: Exempel\nunit: '1489'\nas_of: 2025\n",
    "units.csv": "unit|title|kind\n1489|Alingsås|municipality\n0114|Upplands Väsby|municipality\n",
    "areas.csv": "area|title\nskola|Grundskola\n",
    "kpis.csv": (
        "kpi|title|category|area|measure|direction|decimals|derive|of|base_year|deflate\n"
        "netto|Nettokostnad|ekonomi|skola|mnkr|lower|1||||\n"
        "referens|Referenskostnad|ekonomi|skola|mnkr|neutral|1||||\n"
        "inv|Invånare|volym|skola|antal|neutral|0||||\n"
        "elever|Elever|volym|skola|antal|neutral|0||||\n"
        "behoriga|Andel behöriga|kvalitet|skola|%|higher|1||||\n"
        "skillnad|Avvikelse|ekonomi|skola|mnkr|lower|1|difference|netto; referens||\n"
        "avvikelse|Avvikelse i procent|ekonomi|skola|%|lower|1|ratio|skillnad; referens||\n"
        "bada|Båda|ekonomi|skola|mnkr|lower|1|sum|netto; referens||\n"
        "per-inv|Per invånare|ekonomi|skola|kr/inv|lower|0|per|netto; inv||\n"
        "per-tusen|Elever per tusen|volym|skola|antal/1 000 inv|neutral|0|per|elever; inv||\n"
        "utveckling|Utveckling|ekonomi|skola|index|lower|1|index|netto|2019|\n"
        "fast|Nettokostnad (2024 års priser)|ekonomi|skola|mnkr|lower|1|real|netto|2024|PKV\n"
        "kvalitet|Kvalitetsindex|kvalitet|skola|index|higher|0|normalised|behoriga; avvikelse||\n"
    ),
    "values.csv": "unit|kpi|year|value\n1489|netto|2024|100\n1489|netto|2023|90\n",
    "prices.csv": (
        "index|year|vintage|value|kind|source\nPKV|2024|2025-10-01|104,2|forecast|SKR\n"
        "PKV|2023|2025-10-01|100|outcome|SKR\nKPI|2022|2025-01-15|102|outcome|SCB\n"
    ),
}
MISTAKES = tomllib.loads((Path(__file__).parent / "bad_data" / "derived.toml").read_text(encoding="utf-8"))["mistake"]


def folder(path: Path, table: str = "", old: str = "", new: str = "") -> Path:
    for name, text in GOOD.items():
        changed = text.replace(old, new, 1) if name == f"{table}.csv" else text
        (path / name).write_text(changed.replace("|", "\t"), encoding="utf-8")
    return path


def test_the_good_data_set_is_read(tmp_path: Path) -> None:
    data = read_dataset(folder(tmp_path))
    assert [each.word for each in data.derived if each.kpi == "fast"] == ["real"]
    assert {each.kpi: each.scale for each in data.derived if each.word in ("per", "ratio")} == {
        "avvikelse": 100.0,
        "per-inv": 1_000_000.0,
        "per-tusen": 1000.0,
    }


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake['old']!r} -> {mistake['new']!r}")
def test_one_mistake_gives_its_place_and_what_to_write(mistake: dict[str, str], tmp_path: Path) -> None:
    assert mistake["old"] in GOOD[f"{mistake['table']}.csv"]
    with pytest.raises(DataError) as error:
        read_dataset(folder(tmp_path, mistake["table"], mistake["old"], mistake["new"]))
    assert [problem.say() for problem in error.value.problems] == mistake["told"]
    assert all(problem.message.en and problem.remedy.en for problem in error.value.problems)
