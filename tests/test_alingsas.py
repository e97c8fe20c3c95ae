"""The bundled data set says what the published review says: counts, sums and figures are given here by hand."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "datasets" / "alingsas-2025"
TABLES = ("units", "kpis", "values", "benchmarks", "areas", "measures", "signals")
WITH_SOURCE = TABLES[1:]
Row = dict[str, str]

# One line per row of the comparison tables: own value, similar municipalities, mean of all.
COMPARISONS = {
    ("overformyndare-kostnad", "2024"): ("8 093", "9 432", "9 445"),
    ("miljoindex", "2024"): ("76", "71", "72"),
    ("socialt-index", "2024"): ("73", "68", "66"),
    ("information-forandringar", "2024"): ("52 %", "43 %", "50 %"),
    ("svar-pa-fragor", "2024"): ("71 %", "69 %", "64 %"),
    ("trygghetsindex", "2024"): ("56", "49", "56"),
    ("detaljplan-mediantid", "2023"): ("15", "19", "14"),
    ("detaljplan-antagna", "2023"): ("13", "12", "8"),
    ("plats-att-bo", "2024"): ("96 %", "89 %", "92 %"),
    ("utbud-av-platser", "2024"): ("72 %", "68 %", "68 %"),
    ("insikt-totalt", "2024"): ("73", "75", "76"),
    ("insikt-upphandling", "2024"): ("66", "65", "65"),
}
# One line per row of the time series, from 2022.
SERIES = {
    "klk-nettokostnad": "100|109|120",
    "it-kostnad": "49|53|54",
    "lokalhyror": "313|330|360",
    "detaljplan-debiteringsgrad": "-|56 %|56 %",
    "puls-klk": "3,2|3,3|3,2",
    "puls-tillvaxt": "-|3,0|3,0",
    "arsarbetare-klk": "133|138|134",
    "medarbetare-per-chef-klk": "9|9|9",
    "medarbetare-per-chef-kommunen": "22|21|24",
    "sjukfranvaro-klk": "3,4 %|3,7 %|3,4 %",
    "sjukfranvaro-kommunen": "8,9 %|7,8 %|7,4 %",
    "personalomsattning-klk": "14 %|11 %|11 %",
    "personalomsattning-kommunen": "13 %|11 %|10 %",
    "stod-fran-klk": "3,6|3,8|3,7",
    "it-storningar": "16|24|19",
    "e-tjanster-externt": "16 800|17 700|20 600",
    "e-tjanster-internt": "41 000|49 100|58 000",
    "detaljplan-paborjade": "33 %|83 %|57 %",
    "detaljplan-oversiktsplan": "100 %|100 %|100 %",
    "naringsliv-ranking": "231|223|216",
    "naringsliv-omdome": "2,88|2,9|3,06|3,15",
}
IN_TEXT = {
    ("lokalhyror", "2015"): "270",
    ("it-kostnadsokning-mnkr", "2024"): "9,3",
    ("it-kostnadsokning-procent", "2024"): "20,6 %",
}


def table(name: str) -> list[Row]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    # DictReader puts surplus cells under None and fills short rows with None: neither may occur.
    assert all(None not in row and None not in row.values() for row in rows), name
    return rows


def section(source: str) -> str:
    found = re.match(r"Genomlysning 2025–2026, avsnitt (\d(?:\.\d)*)", source)
    assert found, source
    return found[1]


def own() -> dict[tuple[str, str], str]:
    return {(row["kpi"], row["year"]): row["value"] for row in table("values")}


def savings(column: str) -> Counter[str]:
    """Sum of savings, tkr a year, per value of ``column``; rows without an amount count for nothing."""
    total: Counter[str] = Counter()
    for row in table("measures"):
        total[row[column]] += int(row["saving_high"] or 0)
    return total


def test_thirty_three_published_kpis_and_two_from_the_text() -> None:
    sections = Counter(section(row["source"]) for row in table("kpis"))
    assert sections == {"2.1": 5, "2.2": 9, "2.3": 19, "2.4.3": 2}


def test_ninety_eight_published_figures_by_table() -> None:
    compared = {row["kpi"] for row in table("benchmarks")}
    figures: Counter[tuple[str, str]] = Counter()
    for row in table("values") + table("benchmarks"):
        if row["value"] != "-":
            kind = "comparison" if row["kpi"] in compared else "series"
            figures[section(row["source"]), kind] += 1
    in_text = {key: figures.pop(key) for key in list(figures) if key[0].startswith("2.4")}
    assert figures == {
        ("2.1", "comparison"): 3,
        ("2.1", "series"): 11,
        ("2.2", "series"): 26,
        ("2.3", "comparison"): 33,
        ("2.3", "series"): 25,
    }
    assert sum(figures.values()) == 98
    assert in_text == {("2.4.6", "series"): 1, ("2.4.3", "series"): 2}


def test_every_own_figure_is_the_printed_one() -> None:
    printed = {key: cells[0] for key, cells in COMPARISONS.items()} | IN_TEXT
    for kpi, cells in SERIES.items():
        printed |= {(kpi, str(2022 + i)): cell for i, cell in enumerate(cells.split("|"))}
    assert own() == printed


def test_every_comparison_figure_is_the_printed_one() -> None:
    rows = {(row["kpi"], row["year"], row["benchmark"]): (row["unit"], row["value"]) for row in table("benchmarks")}
    printed = {}
    for key, (_, similar, nation) in COMPARISONS.items():
        printed[*key, "peers.mean"] = ("alingsas", similar)
        printed[*key, "nation.mean"] = ("", nation)
    assert rows == printed


def test_the_two_printed_dashes_are_rows() -> None:
    dashes = {key for key, value in own().items() if value == "-"}
    assert dashes == {("detaljplan-debiteringsgrad", "2022"), ("puls-tillvaxt", "2022")}


def test_twenty_one_measures_by_horizon_and_status() -> None:
    measures = table("measures")
    assert Counter(row["horizon"] for row in measures) == {"short": 5, "long": 3, "investigate": 13}
    assert Counter(row["status"] for row in measures) == {"ongoing": 18, "not_started": 1, "done": 1, "not_feasible": 1}
    assert {row["measure"]: row["status"] for row in measures if row["status"] != "ongoing"} == {
        "blanketter": "not_started",
        "attest": "not_feasible",
        "kostuppfoljning": "done",
    }
    sections = {"short": "3.1", "long": "3.2", "investigate": "3.3"}
    assert all(section(row["source"]) == sections[row["horizon"]] for row in measures)


def test_savings_add_up_to_the_sums_made_by_hand() -> None:
    # short: 1 000 + 350 + 100 + 500 + 500; long: 100; investigate: 250 + 700 + 200 + 100 + 1 000 + 1 000
    assert savings("horizon") == {"short": 2450, "long": 100, "investigate": 3250}
    assert savings("status") == {"ongoing": 4750, "not_started": 100, "done": 700, "not_feasible": 250}
    measures = table("measures")
    assert all(row["saving_low"] == row["saving_high"] for row in measures)
    assert all((row["saving_kind"] == "amount") == bool(row["saving_high"]) for row in measures)
    assert Counter(row["saving_kind"] for row in measures) == {
        "amount": 12,
        "too_early": 5,
        "awaiting_inquiry": 2,
        "avoids_cost": 1,
        "unclear": 1,
    }


@pytest.mark.parametrize("name", WITH_SOURCE)
def test_every_row_names_its_section(name: str) -> None:
    assert all(section(row["source"]) for row in table(name))


def test_the_authors_conclusion_is_not_in_the_data() -> None:
    from_section_4 = [row for name in WITH_SOURCE for row in table(name) if section(row["source"]).startswith("4")]
    assert [row.get("signal") for row in from_section_4] == ["skarpt-lag-valfardsbrott"]


def test_keys_are_unique_and_point_at_something() -> None:
    keys = {
        "units": ("unit",),
        "kpis": ("kpi",),
        "values": ("unit", "kpi", "year"),
        "benchmarks": ("unit", "kpi", "year", "benchmark"),
        "areas": ("area",),
        "measures": ("measure",),
        "signals": ("signal",),
    }
    for name, columns in keys.items():
        assert max(Counter(tuple(row[c] for c in columns) for row in table(name)).values()) == 1, name
    areas, kpis = {row["area"] for row in table("areas")}, {row["kpi"] for row in table("kpis")}
    used = {row["area"] for name in ("kpis", "measures", "signals") for row in table(name)}
    assert used == areas
    assert {row["kpi"] for row in table("values")} == kpis
    assert {row["kpi"] for row in table("benchmarks")} <= kpis
    assert {row["unit"] for row in table("values")} == {row["unit"] for row in table("units")} == {"alingsas"}


def test_words_come_from_the_vocabularies() -> None:
    words = {
        ("kpis", "category"): {"ekonomi", "personal", "kvalitet", "volym"},
        ("kpis", "direction"): {"higher", "lower", "target", "neutral"},
        ("areas", "cross_cutting"): {"ja", "nej"},
        ("areas", "priority"): {
            "",
            "stärkt ekonomi- och koncernstyrning",
            "effektiv stadsplaneringsprocess",
            "social hållbarhet",
        },
        ("signals", "kind"): {"law", "policy", "audit", "external", "organisation", "forecast"},
    }
    for (name, column), allowed in words.items():
        assert {row[column] for row in table(name)} <= allowed, (name, column)
    for name in TABLES:
        assert all(cell == cell.strip() for row in table(name) for cell in row.values()), name


def test_running_text_can_be_built_from_names_and_titles() -> None:
    for row in table("kpis") + table("areas"):
        assert row["name"] and not row["name"].endswith("."), row
        assert row["name"][0].islower() or row["name"].startswith("IT-"), row
    for row in table("signals"):
        assert row["title"][0].isupper() and not row["title"].endswith("."), row


def test_the_engine_reads_the_folder() -> None:
    from genomlys.engine.dataset import read_dataset

    dataset = read_dataset(FOLDER)
    read = {(kpi, year): (value, status) for _, kpi, year, value, status, _ in dataset.values.iter_rows()}
    assert len(read) == len(own())
    assert read["e-tjanster-internt", 2024] == (58000.0, "ok")
    assert read["sjukfranvaro-kommunen", 2022] == (8.9, "ok")
    assert read["puls-tillvaxt", 2022] == (None, "missing")
    assert dict(dataset.areas.select("area", "committees").iter_rows())["samhallsplanering"] == [
        "kommunstyrelsen",
        "tekniska nämnden",
        "bygg- och miljönämnden",
    ]
    bands = dict(dataset.kpis.select("kpi", "materiality_rel").iter_rows())
    assert (bands["lokalhyror"], bands["sjukfranvaro-klk"]) == (0.03, None)
