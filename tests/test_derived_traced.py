"""Derived KPIs through ``assess`` and ``explain``: judged, traced to their parts, and missing by the name of a part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomlys.engine.assess import assess
from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.explain import explain, render
from genomlys.engine.writing import NBSP

KOLADA = Path(__file__).resolve().parents[2] / "shared" / "kolada" / "values.parquet"
YEARS = (2022, 2023, 2024)
UNITS = {"a": "Ankeborg", "b": "Gåseborg", "c": "Kråkmåla", "d": "Dunderby"}
# kpi, title, measure, direction, decimals, derive, of, base_year, deflate, source
KPIS: tuple[tuple[Any, ...], ...] = (
    ("netto", "Nettokostnad grundskola", "mnkr", "neutral", 1, None, "", None, None, "Bokslutet"),
    ("referens", "Referenskostnad grundskola", "mnkr", "neutral", 1, None, "", None, None, "SKR"),
    ("inv", "Invånare", "antal", "neutral", 0, None, "", None, None, "SCB"),
    ("skillnad", "Avvikelse från referensen", "mnkr", "neutral", 1, "difference", "netto; referens", None, None, None),
    ("avvikelse", "Nettokostnadsavvikelse", "%", "lower", 1, "ratio", "skillnad; referens", None, None, None),
    ("per-inv", "Nettokostnad, kr/inv", "kr/inv", "lower", 0, "per", "netto; inv", None, None, None),
    ("fast", "Nettokostnad (2024 års priser)", "mnkr", "lower", 1, "real", "netto", 2024, "PKV", None),
    ("takt", "Nettokostnadens utveckling", "index", "lower", 1, "index", "netto", 2022, None, None),
    ("normerat", "Kostnadsindex", "index", "higher", 0, "normalised", "per-inv", None, None, None),
)
NAMES = ("kpi", "title", "measure", "direction", "decimals", "derive", "of", "base_year", "deflate", "source")
FIGURES: Mapping[tuple[str, str, int], float | str] = {
    **{(unit, "netto", year): 100.0 + 10 * (year - 2022) for unit in UNITS for year in YEARS},
    **{(unit, "referens", year): 100.0 for unit in UNITS for year in YEARS},
    **{(unit, "inv", year): 10000.0 for unit in UNITS for year in YEARS},
}


def data_set(figures: Mapping[tuple[str, str, int], float | str], prices: Mapping[int, float] | None = None) -> Dataset:
    """Figures of the KPIs that are not derived; ".." is suppressed."""
    told = {2022: 95.2, 2023: 100.0, 2024: 104.2} if prices is None else prices
    return read_dataset(
        {
            "dataset": {"title": "Grundskolan", "unit": "a", "as_of": "2024"},
            "units": pl.DataFrame({"unit": list(UNITS), "title": list(UNITS.values()), "kind": "municipality"}),
            "areas": pl.DataFrame({"area": ["skola"], "title": ["Grundskola"]}),
            "kpis": pl.DataFrame(KPIS, schema=NAMES, orient="row", infer_schema_length=None).with_columns(
                category=pl.lit("ekonomi"), area=pl.lit("skola"), materiality=pl.lit("1 %")
            ),
            "values": pl.DataFrame(
                [(*at, str(value)) for at, value in figures.items()],
                schema=["unit", "kpi", "year", "value"],
                orient="row",
            ),
            "prices": pl.DataFrame(
                [
                    ("PKV", year, "2025-02-13", value, "forecast" if year == 2024 else "outcome", "SKR")
                    for year, value in told.items()
                ],
                schema=["index", "year", "vintage", "value", "kind", "source"],
                orient="row",
            ),
            "peers": pl.DataFrame({"unit": "a", "group": "g", "year": 2024, "member": ["b", "c", "d"]}),
        }
    )


def without(*at: tuple[str, str, int]) -> dict[tuple[str, str, int], float | str]:
    return {key: value for key, value in FIGURES.items() if key not in at}


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def made_and_sources(data: Dataset, kpi: str, rule: str) -> str:
    text = plain(render(explain(data, verdict=f"{rule}/{kpi}")))
    return text[text.index("Så är värdet framräknat") : text.index("\n\nRegeln")]


def test_a_finding_on_a_derived_kpi_reads_as_any_other() -> None:
    findings = assess(data_set(FIGURES)).findings
    text = plain(dict(findings.select("finding", "text").iter_rows())["worsening/avvikelse"])
    assert text.startswith("Nyckeltalet ”Nettokostnadsavvikelse” har stigit varje år 2022–2024: 0,0; 10,0 och 20,0 %.")


def test_a_derived_value_is_traced_through_every_step_to_the_sources_of_its_parts() -> None:
    assert made_and_sources(data_set(without(("a", "netto", 2022))), "avvikelse", "worse-than-peers") == (
        "Så är värdet framräknat\n"
        "  Nettokostnadsavvikelse 2024: 20,0 %, kvoten av\n"
        "    Avvikelse från referensen 2024: 20,0 mnkr, skillnaden mellan\n"
        "      Nettokostnad grundskola 2024: 120,0 mnkr\n"
        "      Referenskostnad grundskola 2024: 100,0 mnkr\n"
        "    Referenskostnad grundskola 2024: 100,0 mnkr\n"
        "\n"
        "Källor (Grundskolan)\n"
        "  netto eget värde 2024 (tabellen values): Bokslutet\n"
        "  referens eget värde 2024 (tabellen values): SKR\n"
        "  liknande kommuner 2024 (tabellen values): beräknat av värdena för Dunderby, Gåseborg och Kråkmåla"
    )


def test_fixed_prices_show_the_edition_and_what_is_a_forecast() -> None:
    told = made_and_sources(data_set(FIGURES), "fast", "cost-development")
    assert (
        "  Nettokostnad (2024 års priser) 2023: 114,6 mnkr (preliminärt), "
        "i 2024 års priser enligt PKV (utgåva 2025-02-13), av\n"
        "    Nettokostnad grundskola 2023: 110,0 mnkr\n"
        "    PKV 2023: 100 (utfall)\n"
        "    PKV 2024: 104,2 (prognos)\n"
    ) in told
    assert "PKV prisindex 2022, 2023 och 2024 (tabellen prices): SKR, 2025-02-13" in told


def test_an_index_shows_its_base_year_beside_the_year() -> None:
    told = made_and_sources(data_set(FIGURES), "takt", "worsening")
    assert (
        "  Nettokostnadens utveckling 2023: 110,0, index där 2022 är 100, av\n"
        "    Nettokostnad grundskola 2023: 110,0 mnkr\n"
        "    Nettokostnad grundskola 2022: 100,0 mnkr\n"
    ) in told


def unknown(figures: Mapping[tuple[str, str, int], float | str], verdict: str, **more: Any) -> list[tuple[Any, ...]]:
    """Which figures are told to decide a verdict: KPI, source, year, reason."""
    told = assess(data_set(figures, **more)).unknowns.filter(pl.col("verdicts").list.contains(verdict))
    return sorted(told.select("kpi", "source", "year", "reason").rows(), key=str)


@pytest.mark.parametrize(
    ("figures", "verdict", "told"),
    [
        (without(("a", "netto", 2023)), "worsening/avvikelse", [("netto", "own", 2023, "missing")]),
        (
            without(("a", "netto", 2023), ("a", "referens", 2023)),
            "worsening/avvikelse",
            [("netto", "own", 2023, "missing"), ("referens", "own", 2023, "missing")],
        ),
        ({**FIGURES, ("a", "inv", 2023): ".."}, "cost-development/per-inv", [("inv", "own", 2023, "suppressed")]),
        ({**FIGURES, ("a", "inv", 2023): 0}, "cost-development/per-inv", [("inv", "own", 2023, "not_positive")]),
        ({**FIGURES, ("a", "referens", 2023): -5}, "worsening/avvikelse", [("referens", "own", 2023, "not_positive")]),
        # No recent value of the KPI at all: of the latest year in which a part has one, the other is missing.
        (
            without(*(("a", "inv", year) for year in YEARS)),
            "cost-development/per-inv",
            [("inv", "own", 2024, "missing")],
        ),
        # The base year is what all the years lack.
        (without(("a", "netto", 2022)), "worsening/takt", [("netto", "own", 2022, "missing")]),
        ({**FIGURES, ("a", "netto", 2022): 0}, "worsening/takt", [("netto", "own", 2022, "not_positive")]),
        (FIGURES, "worsening/normerat", [("normerat", "own", 2024, "few_units")]),
    ],
)
def test_what_is_missing_is_the_part_that_is(
    figures: Mapping[tuple[str, str, int], float | str], verdict: str, told: list[tuple[Any, ...]]
) -> None:
    assert unknown(figures, verdict) == told


def test_a_year_that_the_price_index_lacks_is_told_as_that() -> None:
    prices = {2022: 95.2, 2024: 104.2}
    assert unknown(FIGURES, "cost-development/fast", prices=prices) == [("fast", "price", 2023, "missing")]
    (found,) = explain(data_set(FIGURES, prices), verdict="cost-development/fast")
    assert "För att avgöra saknas prisindex 2023." in render([found])


def test_explain_names_the_part_beside_the_condition_that_lacks_it() -> None:
    data = data_set({**FIGURES, ("a", "inv", 2023): ".."})
    text = render(explain(data, verdict="cost-development/per-inv"))
    assert "    saknas: Invånare: eget värde 2023 (sekretessbelagt)\n" in text
    assert "För att avgöra saknas Invånare: eget värde 2023 (sekretessbelagt)." in text
    english = render(explain(data, verdict="cost-development/per-inv", lang="en"), "en")
    assert "To decide, this is missing: Invånare: own value 2023 (suppressed)." in english


@given(gone=st.sets(st.sampled_from(sorted(FIGURES))))
@settings(max_examples=15, deadline=None)
def test_a_unit_is_judged_the_same_alone_and_among_all(gone: set[tuple[str, str, int]]) -> None:
    figures = without(*gone)
    if not figures:
        return
    data = data_set(figures)
    alone = assess(data, unit="a").verdicts.filter(pl.col("status").is_in(["flagged", "unknown"]))
    among = assess(data, unit="all").verdicts.filter(pl.col("unit") == "a")
    assert among.equals(alone)


@given(
    gone=st.sets(st.sampled_from(sorted(at for at in FIGURES if at[0] == "a")), min_size=1, max_size=4), data=st.data()
)
@settings(max_examples=8, deadline=None)
def test_a_part_that_is_filled_in_never_turns_a_verdict_the_other_way(
    gone: set[tuple[str, str, int]], data: st.DataObject
) -> None:
    """A newer value is another question: only verdicts on the same year are held to this."""
    filled = data.draw(st.sampled_from(sorted(gone)))
    value = data.draw(st.sampled_from([1.0, 95.0, 100.0, 130.0, 10_000.0]))
    before = assess(data_set(without(*gone))).verdicts
    after = assess(data_set({**without(*gone), filled: value})).verdicts
    decided = ["flagged", "clear"]
    # What is missing or too old is said of the data, and is what filling mends.
    both = before.filter(~pl.col("rule").str.starts_with("data-")).join(
        after, on=["unit", "rule", "subject", "year"], suffix="_after"
    )
    known = both.filter(pl.col("status").is_in(decided) & pl.col("status_after").is_in(decided))
    assert known.filter(pl.col("status") != pl.col("status_after")).is_empty()


@given(gone=st.sets(st.sampled_from(sorted(at for at in FIGURES if at[0] == "a")), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None)
def test_every_figure_that_is_told_to_be_missing_is_missing_and_belongs_to_no_derived_kpi(
    gone: set[tuple[str, str, int]],
) -> None:
    found = assess(data_set(without(*gone))).unknowns.filter(pl.col("source") == "own")
    derived = {name for name, *_, derive, _, _, _, _ in KPIS if derive}
    for kpi, year, reason in found.select("kpi", "year", "reason").iter_rows():
        if reason == "few_units":
            continue
        assert kpi not in derived
        assert all(("a", kpi, when) in gone for when in (YEARS if year is None else [year]) if when in YEARS)


@pytest.mark.skipif(not KOLADA.exists(), reason="the published figures are not beside this checkout")
def test_a_published_deviation_is_recomputed_from_its_published_parts() -> None:
    """N28018 "Nettokostnadsavvikelse LSS (%)": N28021 (mnkr) per inhabitant (N01951) through N28026 (kr/inv).

    For 290 municipalities and twelve years, to the fourth decimal, which is what is published.
    """
    parts = ("N28021", "N01951", "N28026", "N28018")
    rows = pl.read_parquet(KOLADA).filter(pl.col("kpi").is_in(parts) & (pl.col("year") >= 2011))
    measures = {"N28021": "mnkr", "N01951": "antal", "N28026": "kr/inv", "N28018": "%"}
    derived = (
        {"kpi": "per-inv", "measure": "kr/inv", "derive": "per", "of": "N28021; N01951"},
        {"kpi": "avvikelse", "measure": "%", "derive": "ratio", "of": "per-inv; N28026"},
    )
    kpis = [*({"kpi": kpi, "measure": measure} for kpi, measure in measures.items()), *derived]
    units = rows["municipality"].unique().sort()
    data = read_dataset(
        {
            "dataset": {"title": "Kolada", "unit": "1489", "as_of": "2022"},
            "units": pl.DataFrame({"unit": units, "title": units, "kind": "municipality"}),
            "areas": pl.DataFrame({"area": ["lss"], "title": ["LSS"]}),
            "kpis": pl.DataFrame(kpis, infer_schema_length=None).with_columns(
                title="kpi", category=pl.lit("ekonomi"), area=pl.lit("lss"), direction=pl.lit("lower"), decimals=4
            ),
            "values": rows.select("kpi", "year", "value", unit="municipality"),
        }
    )
    values = data.values.filter(pl.col("value").is_not_null() & (pl.col("unit") != "0000"))
    both = values.filter(pl.col("kpi") == "avvikelse").join(
        values.filter(pl.col("kpi") == "N28018"), on=["unit", "year"], suffix="_published"
    )
    assert both.height > 3400
    apart = (both["value"] - both["value_published"]).abs()
    # Cut off after the fourth decimal rather than rounded, and made of figures with more decimals than are published.
    assert apart.to_numpy().max() < 1.1e-4
