"""Examples of rules -> the tables of one data set, each example in an area of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import polars as pl

from genomlys.engine.dataset import Dataset, read_dataset
from genomlys.engine.language.example_facts import ExampleKpi
from genomlys.engine.language.examples import Example
from genomlys.engine.language.model import Rule
from genomlys.engine.tables import TABLES, empty

UNIT: Final = "exempel"
_UNIT_TITLE: Final = "Kommunen"
_FIRST_YEAR: Final = 1900
_FILLER: Final = "utfyllnad"
_PEER: Final = "liknande"
_OTHER: Final = "annan"

_Row = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """An example of a rule, with names of its own for what it leaves nameless."""

    number: int
    rule: Rule
    example: Example

    @property
    def area(self) -> str:
        return self.example.area.area or f"exempel-{self.number}"

    @property
    def subject(self) -> str:
        """What is judged, as the verdict calls it."""
        match self.rule.subject:
            case "kpi":
                return self.kpi(0)
            case "area":
                return self.area
            case "measure" | "signal":
                return self.entry(0)

    def kpi(self, row: int) -> str:
        return self.example.kpis[row].kpi or self.entry(row)

    def entry(self, row: int) -> str:
        return f"exempel-{self.number}-{row + 1}"

    def others(self) -> tuple[int, int]:
        """How many similar and how many other municipalities there are beside."""
        kpis = self.example.kpis
        return max((len(kpi.peers) for kpi in kpis), default=0), max((len(kpi.nation) for kpi in kpis), default=0)

    def names(self) -> frozenset[tuple[str, str]]:
        """What no other example of the same data set may be called."""
        kpis = [("kpi", self.kpi(row)) for row in range(len(self.example.kpis))]
        return frozenset([("area", self.area), *kpis])


def dataset_of(cases: Sequence[Case]) -> Dataset:
    """One data set of cases of the same day, or of none after the first; none with a name of another's.

    All must have as many other municipalities, since these are the same for all.

    Raises DataError, with places in the tables made here, for figures that no data set may have.
    """
    rows: dict[str, list[_Row]] = {table: [] for table in TABLES}
    rows["units"].append({"unit": UNIT, "title": _UNIT_TITLE, "kind": "municipality"})
    for table, row in [*_units(cases[0]), *(row for case in cases for row in _rows(case))]:
        rows[table].append(row)
    if not rows["values"]:
        for table, row in _filler(cases[0].example.as_of.year):
            rows[table].append(row)
    frames = {table: pl.DataFrame(found, schema=empty(table).schema) for table, found in rows.items()}
    about = {"title": "Exempel", "unit": UNIT, "as_of": cases[0].example.as_of}
    return read_dataset({"dataset": about, **frames})


def _units(case: Case) -> Iterator[tuple[str, _Row]]:
    """The other municipalities, and of what kind is one that belongs to no nation."""
    for name, count in zip((_PEER, _OTHER), case.others(), strict=True):
        for number in range(1, count + 1):
            yield "units", {"unit": f"{name}-{number}", "title": f"{name.title()} {number}", "kind": "municipality"}
    if case.others()[0]:
        # Where there are groups of peers, each KPI has one; this is for those that say nothing of theirs.
        yield "units", {"unit": _FILLER, "title": _FILLER, "kind": "company"}
        yield "peers", {"unit": UNIT, "group": _FILLER, "year": _FIRST_YEAR, "member": _FILLER}


def _rows(case: Case) -> Iterator[tuple[str, _Row]]:
    """Each row with the name of its table."""
    example, area = case.example, case.area
    yield "areas", asdict(example.area) | {"area": area}
    for row, kpi in enumerate(example.kpis):
        group = None if not case.others()[0] else case.entry(row) if kpi.peers else _FILLER
        yield from _kpi_rows(kpi, case.kpi(row), area, group)
    for row, measure in enumerate(example.measures):
        yield "measures", asdict(measure) | {"measure": case.entry(row), "area": area}
    for row, signal in enumerate(example.signals):
        yield "signals", asdict(signal) | {"signal": case.entry(row), "area": area}


def _kpi_rows(kpi: ExampleKpi, name: str, area: str, group: str | None) -> Iterator[tuple[str, _Row]]:
    facts = asdict(kpi)
    figures = {word: facts.pop(word) for word in ("years", "own", "bases", "peers", "nation")}
    counts = {word: None if facts[word] is None else str(facts[word]) for word in ("volume", "denominator")}
    yield "kpis", facts | {"kpi": name, "area": area, "peer_group": group, **counts}
    for year, figure in zip(kpi.years, figures["own"], strict=True):
        yield "values", figure | {"unit": UNIT, "kpi": name, "year": year}
    for word, unit in (("peers", _PEER), ("nation", _OTHER)):
        for number, figure in enumerate(figures[word], start=1):
            yield "values", figure | {"unit": f"{unit}-{number}", "kpi": name, "year": kpi.years[-1]}
    for number in range(1, len(kpi.peers) + 1):
        yield "peers", {"unit": UNIT, "group": group, "year": _FIRST_YEAR, "member": f"{_PEER}-{number}"}
    for benchmark, values in kpi.bases:
        for year, value in zip(kpi.years, values, strict=True):
            key = {"unit": UNIT, "kpi": name, "year": year, "benchmark": benchmark}
            yield "benchmarks", key | {"value": value.value}


def _filler(year: int) -> Iterator[tuple[str, _Row]]:
    """A data set needs a figure; this one is of an area that no example is about."""
    yield "areas", {"area": _FILLER, "title": _FILLER}
    facts = {"category": "volym", "measure": "antal", "direction": "neutral", "decimals": 0}
    yield "kpis", facts | {"kpi": _FILLER, "title": _FILLER, "area": _FILLER}
    yield "values", {"unit": UNIT, "kpi": _FILLER, "year": year, "value": 1.0, "status": "ok"}
