"""How often the bundled rules flag what is chance, and how often they see a real difference.

    python benchmarks/simulation.py > benchmarks/simulation.md

A home municipality and seven similar ones have the same true level in every KPI; what differs is chance,
of a size that is ordinary in Swedish municipal figures. Each rule is asked of thousands of such KPIs, by
the same code as ``assess``. Then the home municipality is really worse (or better, for rules that tell
strengths), by a stated size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from genomlys.engine.assess import assess
from genomlys.engine.language.pack import RuleBook, load_rules

Floats = NDArray[np.float64]

AREAS: Final = 3_000  # of each of the two make-ups
HOME: Final = "hemma"
MEMBERS: Final = tuple(f"liknande-{number}" for number in range(1, 8))
YEARS: Final = tuple(range(2013, 2025))
SEED: Final = 2024


@dataclass(frozen=True)
class Kind:
    """KPIs of one sort. ``noise`` is the standard deviation of a year's figure, in parts of the level."""

    name: str
    category: str
    measure: str
    direction: str
    materiality: str
    level: float
    noise: float
    together: float  # what every municipality's level changes a year in the variant where all change
    peers: bool = False
    nation: bool = False
    reference: bool = False

    @property
    def worse(self) -> float:
        return 1.0 if self.direction == "lower" else -1.0


def _cost(name: str, level: float, noise: float, *, reference: bool = False) -> Kind:
    return Kind(name, "ekonomi", "kr/inv", "lower", "3 %", level, noise, 0.03, peers=True, reference=reference)


def _result(name: str, *, peers: bool = False, nation: bool = False) -> Kind:
    return Kind(name, "kvalitet", "%", "higher", "1", 70.0, 0.03, -0.01, peers=peers, nation=nation)


# Between neighbouring years the large services' costs per inhabitant move by chance by about 2 %, smaller services'
# by 5 %, shares in surveys and statistics by 2 points (the median over Kolada's KPIs, trends taken away).
_WITH_REFERENCE: Final = (
    _cost("helhet", 10_000.0, 0.02, reference=True),
    *[_cost(f"del-{number}", 2_000.0, 0.05) for number in range(2)],
    *[_result(f"resultat-{number}", peers=True, nation=True) for number in range(5)],
)
_WITHOUT: Final = (
    *[_cost(f"kostnad-{number}", 2_000.0, 0.05) for number in range(2)],
    *[_result(f"likar-{number}", peers=True) for number in range(2)],
    *[_result(f"riket-{number}", nation=True) for number in range(2)],
)
MAKE_UPS: Final = {"referens": _WITH_REFERENCE, "likar": _WITHOUT}


@dataclass(frozen=True)
class Scenario:
    """What is true of the figures. ``level`` and ``yearly`` are the home municipality's own, in parts of the level.

    ``yearly`` is a worsening that has gone on for six years. ``kept`` is the share of a year's chance that stays the
    year after. Rules that tell strengths are asked of the same as an improvement.
    """

    title: str
    kept: float = 0.0
    together: bool = False
    level: float = 0.0
    yearly: float = 0.0


CHANCE: Final = (
    Scenario("chance"),
    Scenario("lasting chance", kept=0.5),
    Scenario("all change alike", together=True),
)
REAL: Final = (
    Scenario("5 % off", level=0.05),
    Scenario("10 % off", level=0.10),
    Scenario("2 % a year", yearly=0.02),
    Scenario("5 % a year", yearly=0.05),
)
WORSENING_YEARS: Final = 6
_HEADING: Final = """# The share that each bundled rule flags

Written by `python benchmarks/simulation.py > benchmarks/simulation.md`. README.md says what the columns are.
"""


def rates(scenario: Scenario, book: RuleBook, areas: int = AREAS) -> pl.DataFrame:
    """rule, judged, flagged: of how many KPIs or areas each rule was asked, and how many it flagged.

    Rules for problems are asked of figures where the home municipality is worse, those for strengths where
    it is better.
    """
    tells = {rule.id: rule.tells for rule in book.rules if rule.subject in ("kpi", "area") and rule.goal != "data"}
    found = []
    for better in (False, True) if scenario.level or scenario.yearly else (False,):
        verdicts = assess(_data(scenario, better, areas), book, unit=HOME).verdicts
        found.append(
            verdicts.filter(pl.col("status") != "not_applicable")
            .group_by("rule")
            .agg(judged=pl.len(), flagged=(pl.col("status") == "flagged").sum())
            .with_columns(better=pl.lit(better), tells=pl.col("rule").replace_strict(tells, default=None))
        )
    # Rules about the data itself tell nothing: no figure is missing here.
    asked = pl.col("tells").is_not_null() & (pl.col("better") == ((pl.col("tells") == "strength") & (len(found) > 1)))
    return pl.concat(found).filter(asked).select("rule", "judged", "flagged").sort("rule")


def table(book: RuleBook, areas: int = AREAS) -> pl.DataFrame:
    """A row per rule in the pack's order, a column per scenario: the share flagged."""
    columns = [
        rates(scenario, book, areas).select("rule", (pl.col("flagged") / pl.col("judged")).alias(scenario.title))
        for scenario in (*CHANCE, *REAL)
    ]
    shares = pl.DataFrame({"rule": [rule.id for rule in book.rules]})
    for column in columns:
        shares = shares.join(column, on="rule", how="left", maintain_order="left")
    return shares.drop_nulls()


def _data(scenario: Scenario, better: bool, areas: int) -> dict[str, object]:
    random = np.random.Generator(np.random.PCG64(SEED))
    kpis: list[dict[str, Any]] = []
    values: list[pl.DataFrame] = []
    figures: list[pl.DataFrame] = []
    names: list[str] = []
    for make_up, kinds in MAKE_UPS.items():
        of_make_up = [f"{make_up}-{number:05d}" for number in range(areas)]
        names += of_make_up
        for kind in kinds:
            ids = [f"{area}-{kind.name}" for area in of_make_up]
            kpis += [_facts(kind, kpi, area) for kpi, area in zip(ids, of_make_up, strict=True)]
            values += _values(kind, ids, scenario, better, random)
            figures += _figures(kind, ids, scenario)
    units = pl.DataFrame({"unit": [HOME, *MEMBERS]}).with_columns(title=pl.col("unit"), kind=pl.lit("municipality"))
    return {
        "dataset": {"title": "Simulering", "unit": HOME, "as_of": f"{YEARS[-1]}-12-31"},
        "units": units,
        "areas": pl.DataFrame({"area": names, "title": names}),
        "kpis": pl.DataFrame(kpis),
        "values": pl.concat(values),
        "benchmarks": pl.concat(figures),
        "peers": pl.DataFrame({"unit": HOME, "group": "likar", "year": YEARS[-1], "member": MEMBERS}),
    }


def _facts(kind: Kind, kpi: str, area: str) -> dict[str, Any]:
    facts = {"kpi": kpi, "title": kpi, "category": kind.category, "area": area, "measure": kind.measure}
    return facts | {"direction": kind.direction, "decimals": 0, "materiality": kind.materiality}


def _values(
    kind: Kind, ids: list[str], scenario: Scenario, better: bool, random: np.random.Generator
) -> list[pl.DataFrame]:
    """The home municipality's figures, and its peers' where the KPI has any."""
    since = np.maximum(np.arange(len(YEARS)) - (len(YEARS) - 1 - WORSENING_YEARS), 0)
    own = (-1.0 if better else 1.0) * kind.worse * (scenario.level + scenario.yearly * since)
    units = (HOME, *MEMBERS) if kind.peers else (HOME,)
    return [
        _long(ids, np.round(kind.level * (_common(kind, scenario) + chance + (own if unit == HOME else 0.0))))
        .with_columns(unit=pl.lit(unit))
        .select("unit", "kpi", "year", "value")
        for unit in units
        for chance in [kind.noise * _chance(random, (len(ids), len(YEARS)), scenario.kept)]
    ]


def _figures(kind: Kind, ids: list[str], scenario: Scenario) -> list[pl.DataFrame]:
    """The comparisons that are so broad that chance is evened out in them."""
    told = [name for name, there in (("reference", kind.reference), ("nation.mean", kind.nation)) if there]
    level = np.broadcast_to(kind.level * _common(kind, scenario), (len(ids), len(YEARS)))
    return [
        _long(ids, level).select("kpi", "year", "value", benchmark=pl.lit(name), unit=pl.lit(None, dtype=pl.String))
        for name in told
    ]


def _common(kind: Kind, scenario: Scenario) -> Floats:
    """[years]: every municipality's level, 1 in the last year."""
    years = np.arange(len(YEARS), dtype=np.float64) - (len(YEARS) - 1)
    level: Floats = 1.0 + (kind.together if scenario.together else 0.0) * years
    return level


def _chance(random: np.random.Generator, shape: tuple[int, int], kept: float) -> Floats:
    """Normal with standard deviation 1; each year keeps a share of the chance of the year before."""
    chance = random.standard_normal(shape)
    for year in range(1, shape[1]):
        chance[:, year] = kept * chance[:, year - 1] + np.sqrt(1 - kept**2) * chance[:, year]
    return chance


def _long(ids: list[str], figures: Floats) -> pl.DataFrame:
    kpi = pl.Series("kpi", ids).gather(np.repeat(np.arange(len(ids)), len(YEARS)))
    return pl.DataFrame({"kpi": kpi, "year": list(YEARS) * len(ids), "value": figures.ravel()})


def written(shares: pl.DataFrame) -> str:
    """The table in Markdown, in per cent."""
    lines = ["| " + " | ".join(shares.columns) + " |", "|---|" + "---:|" * (shares.width - 1)]
    lines += [f"| {rule} | " + " | ".join(f"{share:.0%}" for share in row) + " |" for rule, *row in shares.iter_rows()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(_HEADING)
    print(written(table(load_rules("kommun"))))
