"""A made-up national data set, the same bytes every time: python benchmarks/generate.py M FOLDER

It has the shape of Sweden's figures and none of its numbers: 290 municipalities, KPIs of all
categories with levels, trends and noise of ordinary size, 15 % of the cells missing, twelve groups of
similar municipalities (one per service), a reference cost for every twentieth KPI, definitions that
change and figures that are preliminary. The result is a data set folder that ``genomlys check`` passes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEED: Final = 290
UNITS: Final = 290
LAST_YEAR: Final = 2024
MEMBERS: Final = 7  # similar municipalities in a group, as in Kolada
# A group of similar municipalities each, and two areas each.
SERVICES: Final = (
    "forskola",
    "grundskola",
    "gymnasium",
    "aldreomsorg",
    "funktionsstod",
    "individ-och-familj",
    "kultur",
    "fritid",
    "gator-och-parker",
    "miljo-och-plan",
    "personal",
    "ledning",
)
AREAS: Final = tuple(f"{service}-{part}" for service in SERVICES for part in (1, 2))
STATUS: Final = pl.Enum(["ok", "missing", "suppressed", "not_applicable", "preliminary"])
# About 250 000 rows a group: enough to compress well, few enough to read in parts.
_ROW_GROUP: Final = 250_000


@dataclass(frozen=True)
class Size:
    kpis: int
    years: int

    @property
    def first_year(self) -> int:
        return LAST_YEAR - self.years + 1


SIZES: Final = {"S": Size(50, 10), "M": Size(2_000, 12), "L": Size(6_000, 20)}


@dataclass(frozen=True)
class _Profile:
    """What figures of one kind look like. ``spread``, ``trend`` and ``noise`` are in parts of the level."""

    category: str
    measure: str
    direction: str
    decimals: int
    materiality: str | None
    levels: tuple[float, float]
    spread: float
    trend: float
    noise: float
    highest: float = np.inf


_COST = _Profile("ekonomi", "kr/inv", "lower", 0, "3 %", (200.0, 20_000.0), 0.12, 0.012, 0.03)
_STAFF = _Profile("personal", "%", "lower", 1, "0,3", (4.0, 25.0), 0.15, 0.01, 0.06, 100.0)
_SHARE = _Profile("kvalitet", "%", "higher", 0, "1", (30.0, 90.0), 0.10, 0.006, 0.03, 100.0)
_SURVEY = _Profile("kvalitet", "index", "higher", 1, None, (40.0, 80.0), 0.08, 0.004, 0.03, 100.0)
_COUNT = _Profile("kvalitet", "antal", "lower", 0, "5 %", (20.0, 400.0), 0.35, 0.01, 0.08)
_SPLIT = _Profile("kvalitet", "%", "neutral", 1, None, (10.0, 60.0), 0.2, 0.01, 0.04, 100.0)
_VOLUME = _Profile("volym", "antal", "neutral", 0, None, (2_000.0, 40_000.0), 0.25, 0.008, 0.004)
# The catalogue repeats these twenty kinds; the fourth of them has a reference cost.
_PROFILES: Final = (_VOLUME, *[_COST] * 6, *[_STAFF] * 3, *[_SHARE] * 5, *[_SURVEY] * 3, _COUNT, _SPLIT)
_WITH_REFERENCE: Final = 3


def units() -> pl.DataFrame:
    names = [f"{number:04d}" for number in range(1, UNITS + 1)]
    return pl.DataFrame(
        {"unit": names, "title": [f"Kommun {name}" for name in names]},
        schema_overrides={"unit": pl.Enum(names)},
    ).with_columns(kind=pl.lit("municipality"))


def areas() -> pl.DataFrame:
    return pl.DataFrame({"area": AREAS, "title": [area.replace("-", " ").capitalize() for area in AREAS]})


def peers() -> pl.DataFrame:
    """Each unit's seven nearest on a made-up scale of its conditions, another one for each service."""
    names = units()["unit"].to_list()
    rows = []
    for at, service in enumerate(SERVICES):
        place = np.random.Generator(np.random.PCG64([SEED, 1, at])).standard_normal((UNITS, 3))
        distance = ((place[:, None] - place[None]) ** 2).sum(axis=2)
        np.fill_diagonal(distance, np.inf)
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :MEMBERS]
        rows += [
            (unit, service, LAST_YEAR, names[member])
            for unit, members in zip(names, nearest, strict=True)
            for member in sorted(members)
        ]
    return pl.DataFrame(rows, schema=["unit", "group", "year", "member"], orient="row")


@dataclass(frozen=True)
class _Series:
    """One KPI: its row in the catalogue and its figures, [units, years], NaN where there is none."""

    facts: dict[str, object]
    values: Floats
    status: NDArray[np.uint8]
    reference: Floats | None


def _series(number: int, size: Size) -> _Series:
    """The KPI of a number, from a stream of random numbers of its own."""
    random = np.random.Generator(np.random.PCG64([SEED, 2, number]))
    profile = _PROFILES[number % len(_PROFILES)]
    years = np.arange(size.years)
    low, high = np.log(profile.levels)
    level = np.exp(random.uniform(low, high))
    area = int(random.integers(len(AREAS)))
    # The conditions of a unit, which a reference cost knows, and what it makes of them, which is its own.
    conditions = random.normal(0.0, profile.spread * 0.8, (UNITS, 1))
    own = random.normal(0.0, profile.spread * 0.6, (UNITS, 1))
    trend = random.normal(0.0, profile.trend) + random.normal(0.0, profile.trend * 0.5, (UNITS, 1))
    noise = _autocorrelated(random.normal(0.0, profile.noise, (UNITS, size.years)))
    begins, break_at = int(random.integers(size.years)), int(random.integers(size.years - 8, size.years - 1))
    has_break = bool(random.random() < 0.03)
    shift = np.where(has_break & (years >= break_at), random.choice([-0.15, 0.15]), 0.0)
    relative = 1.0 + conditions + own + trend * (years - years[-1]) + noise + shift
    values = np.round(np.clip(level * relative, 0.0, profile.highest), profile.decimals)
    missing = random.random((UNITS, size.years)) < 0.09
    missing |= (random.random((UNITS, 1)) < 0.03) & (years >= size.years - 4)  # a unit that no longer reports
    if random.random() < 0.11:  # a KPI that began some years ago
        missing |= years < begins
    status = np.where(missing, random.choice([1, 2, 3], p=[0.8, 0.15, 0.05], size=missing.shape), 0).astype(np.uint8)
    if number % 10 == 7:
        status[~missing[:, -1], -1] = 4
    reference = None
    if number % len(_PROFILES) == _WITH_REFERENCE:
        expected = level * (1.0 + conditions + trend.mean() * (years - years[-1]) + shift)
        reference = np.where(random.random(expected.shape) < 0.03, np.nan, np.round(expected, profile.decimals))
    facts = {
        "kpi": kpi_name(number),
        "title": f"Nyckeltal {number:05d}, {profile.measure}",
        "category": profile.category,
        "area": AREAS[area],
        "measure": profile.measure,
        "direction": profile.direction,
        "decimals": profile.decimals,
        "materiality": profile.materiality,
        "breaks": str(size.first_year + break_at) if has_break else None,
        "volume": kpi_name(0) if profile is _COST else None,
        "peer_group": AREAS[area].rsplit("-", 1)[0],
    }
    return _Series(facts, np.where(missing, np.nan, values), status, reference)


def kpi_name(number: int) -> str:
    return f"K{number:05d}"


def _autocorrelated(noise: Floats, share: float = 0.4) -> Floats:
    """Each year keeps a share of the year before's deviation."""
    for year in range(1, noise.shape[1]):
        noise[:, year] = share * noise[:, year - 1] + np.sqrt(1 - share**2) * noise[:, year]
    return noise


def tables(size: Size) -> dict[str, pl.DataFrame]:
    """Every table of the data set, ``values`` sorted by kpi, unit and year."""
    series = [_series(number, size) for number in range(size.kpis)]
    names = pl.Enum([str(one.facts["kpi"]) for one in series])
    with_reference = [number for number, one in enumerate(series) if one.reference is not None]
    values = np.concatenate([one.values.ravel() for one in series])
    status = np.concatenate([one.status.ravel() for one in series])
    references = np.concatenate([series[number].reference.ravel() for number in with_reference])  # type: ignore[union-attr]
    return {
        "units": units(),
        "areas": areas(),
        "kpis": pl.DataFrame([one.facts for one in series], infer_schema_length=None).with_columns(
            pl.col("kpi").cast(names)
        ),
        "peers": peers(),
        "values": _long(range(size.kpis), size, names).with_columns(
            value=pl.Series(values, nan_to_null=True), status=pl.Series(status).cat.to(STATUS)
        ),
        "benchmarks": _long(with_reference, size, names).with_columns(
            benchmark=pl.lit("reference", dtype=pl.Enum(["reference"])), value=pl.Series(references, nan_to_null=True)
        ),
    }


def _long(kpis: range | list[int], size: Size, names: pl.Enum) -> pl.DataFrame:
    """unit, kpi, year: a row per cell, sorted by kpi, unit and year."""
    cells = UNITS * size.years
    kpi = np.repeat(np.array(kpis, dtype=np.uint32), cells)
    unit = np.tile(np.repeat(np.arange(UNITS, dtype=np.uint32), size.years), len(kpis))
    year = np.tile(np.arange(size.first_year, LAST_YEAR + 1, dtype=np.int32), len(kpis) * UNITS)
    unit_names = units().schema["unit"]
    return pl.DataFrame({"unit": pl.Series(unit).cat.to(unit_names), "kpi": pl.Series(kpi).cat.to(names), "year": year})


def write(folder: Path, size: Size) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    about = f"title: Påhittade nyckeltal\nunit: '0001'\nas_of: {LAST_YEAR}-12-31\nsources: [benchmarks/generate.py]\n"
    (folder / "dataset.yaml").write_text(about, encoding="utf-8")
    for name, table in tables(size).items():
        table.write_parquet(folder / f"{name}.parquet", row_group_size=_ROW_GROUP, statistics=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    write(asked.folder, SIZES[asked.size])


if __name__ == "__main__":
    main()
