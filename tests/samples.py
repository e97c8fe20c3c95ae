"""Small data sets and rules that tests share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

HEADER = "genomlys: 1\npack: prov\nversion: 1\ntitle: Prov\n"
RULE = """\
  - id: {id}
    title: Dyrt
    goal: cost
    for_each: {{kpi: {{}}}}
    when: {when}
    severity: low
    because: "{{kpi}} är dyr."
    why: Prov.
    limits: Inga.
    source: Ingen.
    examples: [{{title: Lika, years: 2024, own: 1, reference: 1, expect: clear}}]
"""
BENCHMARKS = ("reference", "peers.mean", "nation.mean")


def rule(rule_id: str = "dear", when: str = "{is: above, than: reference}") -> str:
    """A rule as it stands below ``rules:`` in a file that begins with HEADER."""
    return RULE.format(id=rule_id, when=when)


def national(units: int = 12, kpis: int = 6) -> dict[str, Any]:
    """Municipalities with figures around 100, which everything is compared with; some figures are missing."""
    names = [f"{number:04d}" for number in range(units)]
    ids = [f"k{number}" for number in range(kpis)]
    is_cost = [number % 3 == 0 for number in range(kpis)]
    areas = [f"a{number // 3}" for number in range(kpis)]
    years = range(2020, 2025)
    values = [
        {"unit": unit, "kpi": kpi, "year": year, "value": 80.0 + (u * 7 + k * 13 + (year - 2020) * (u + k + 5)) % 41}
        for u, unit in enumerate(names)
        for k, kpi in enumerate(ids)
        for year in years
        if (u + 3 * k + year) % 17
    ]
    return {
        "dataset": {"title": "Alla kommuner", "unit": "0000", "as_of": 2024},
        "units": pl.DataFrame({"unit": names, "title": [f"Kommun {name}" for name in names], "kind": "municipality"}),
        "kpis": pl.DataFrame(
            {
                "kpi": ids,
                "title": [f"Nyckeltal {kpi}" for kpi in ids],
                "category": ["ekonomi" if cost else "kvalitet" for cost in is_cost],
                "area": areas,
                "measure": ["kr/inv" if cost else "%" for cost in is_cost],
                "direction": ["lower" if cost else "higher" for cost in is_cost],
                "decimals": 0,
                "volume": ["10000" if cost else None for cost in is_cost],
            }
        ),
        "areas": pl.DataFrame({"area": sorted(set(areas)), "title": [f"Område {area}" for area in sorted(set(areas))]}),
        "values": pl.DataFrame(values),
        "benchmarks": pl.DataFrame(
            [
                {"unit": unit, "kpi": kpi, "year": year, "benchmark": name, "value": 100.0}
                for unit in names
                for kpi in ids
                for year in years
                for name in BENCHMARKS
            ]
        ),
    }


def calm() -> dict[str, Any]:
    """One municipality with one cost, just as high as its reference: nothing to tell."""
    tables = national(1, 1)
    same = tables["benchmarks"].filter(pl.col("benchmark") == "reference")
    return tables | {"values": same.select("unit", "kpi", "year", "value"), "benchmarks": same}


def dear() -> dict[str, Any]:
    """As ``national``, with the cost k0 of area a0 half as high again as its reference everywhere: 500 tkr a year."""
    tables = national()
    cost = pl.when(pl.col("kpi") == "k0").then(150.0).otherwise("value")
    return tables | {"values": tables["values"].with_columns(value=cost)}


def measures(*rows: Mapping[str, Any]) -> pl.DataFrame:
    """Measures of area a0; what a row leaves out is of no account to the test."""
    usual = {"area": "a0", "horizon": "short", "decided": "2024-12-16", "saving_kind": "too_early", "status": "ongoing"}
    wide = [
        {"measure": f"m{number}", "title": f"Åtgärd {number}", **usual, **row}
        for number, row in enumerate(rows, start=1)
    ]
    return pl.DataFrame(wide, infer_schema_length=None)


def folder(path: Path, tables: Mapping[str, Any]) -> Path:
    """A data set's folder with a CSV file per table."""
    about = "".join(f"{key}: {value!r}\n" for key, value in tables["dataset"].items())
    path.mkdir(parents=True, exist_ok=True)
    (path / "dataset.yaml").write_text(about, encoding="utf-8")
    for name, frame in tables.items():
        if isinstance(frame, pl.DataFrame):
            frame.write_csv(path / f"{name}.csv")
    return path
