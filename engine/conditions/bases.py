"""What a figure can be compared with: a benchmark, the unit's own earlier value, a number."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from genomlys.engine.conditions import columns
from genomlys.engine.conditions.base import Lags, Need, phrase
from genomlys.engine.errors import Lang, Text, nearest
from genomlys.engine.language.reader import Quantity, Reader, shown
from genomlys.engine.language.words import QUANTITY, Choice, Either, Phrase, Word
from genomlys.engine.language.yamlfile import Node

BENCHMARK_WORDS = {
    "reference": Text("referenskostnaden", "the reference cost"),
    "peers.mean": Text("liknande kommuner", "similar municipalities"),
    "peers.median": Text("medianen av liknande kommuner", "the median of similar municipalities"),
    "nation.mean": Text("kommungenomsnittet", "the national mean"),
    "nation.median": Text("medianen av alla kommuner", "the national median"),
    "nation.p10": Text("den lägsta tiondelen av alla kommuner", "the lowest tenth of all municipalities"),
    "nation.p25": Text(
        "gränsen för den lägsta fjärdedelen av alla kommuner", "the lowest quarter of all municipalities"
    ),
    "nation.p75": Text(
        "gränsen för den högsta fjärdedelen av alla kommuner", "the highest quarter of all municipalities"
    ),
    "nation.p90": Text("den högsta tiondelen av alla kommuner", "the highest tenth of all municipalities"),
    "target": Text("målet", "the target"),
}

MOST_YEARS_AGO = 20
OWN = Phrase(r"own ([0-9]{1,3}) years? ago", "own 1 year ago")
THAN = Word(
    Either((Choice(tuple(BENCHMARK_WORDS)), OWN, QUANTITY)),
    Text(
        "Vad värdet jämförs med: ett jämförelsevärde, det egna värdet några år tidigare eller ett tal.",
        "What the value is compared with: a benchmark, the own value some years ago or a number.",
    ),
)


@dataclass(frozen=True)
class Benchmark:
    """A figure of the benchmarks table for the same KPI and unit."""

    benchmark: str

    @property
    def source(self) -> str:
        return self.benchmark

    def needs(self, years: int) -> tuple[Need, ...]:
        return (Lags("own", years), Lags(self.benchmark, years))

    def value(self, lag: int) -> pl.Expr:
        return columns.basis(self.benchmark, lag)

    def year(self, lag: int = 0) -> pl.Expr:
        return columns.basis_year(self.benchmark) if lag == 0 else columns.YEAR - lag

    def title(self) -> tuple[pl.Expr, pl.Expr]:
        words = BENCHMARK_WORDS[self.benchmark]
        return pl.lit(words.sv), pl.lit(words.en)

    def half(self) -> pl.Expr:
        """How much the printed figure may be off; a target is what it says."""
        return pl.lit(0.0) if self.benchmark == "target" else columns.HALF

    def say(self, lang: Lang) -> str:
        return BENCHMARK_WORDS[self.benchmark].in_(lang)


@dataclass(frozen=True)
class OwnBefore:
    """The unit's own value ``years_ago`` calendar years earlier, never across a change of definition."""

    years_ago: int

    @property
    def source(self) -> str:
        return "own"

    def needs(self, years: int) -> tuple[Need, ...]:
        earlier = Lags("own", years + self.years_ago, first=self.years_ago, one_definition=True)
        return (Lags("own", years, one_definition=True), earlier)

    def value(self, lag: int) -> pl.Expr:
        """As far back as ``lag`` itself lies, the earlier value must be comparable with it."""
        return columns.own_comparable(lag + self.years_ago)

    def year(self, lag: int = 0) -> pl.Expr:
        return columns.YEAR - (lag + self.years_ago)

    def title(self) -> tuple[pl.Expr, pl.Expr]:
        year = self.year().cast(pl.String)
        return pl.format("{} års värde", year), pl.format("the value of {}", year)

    def half(self) -> pl.Expr:
        return columns.OWN_HALF

    def say(self, lang: Lang) -> str:
        if self.years_ago == 1:
            return phrase("det egna värdet året före", "the own value the year before", lang)
        return phrase(
            f"det egna värdet {self.years_ago} år tidigare", f"the own value {self.years_ago} years earlier", lang
        )


@dataclass(frozen=True)
class Number:
    """A number written in the rule, in the measure of the KPIs in scope."""

    quantity: Quantity

    @property
    def source(self) -> None:
        return None

    def needs(self, years: int) -> tuple[Need, ...]:
        return (Lags("own", years),)

    def value(self, lag: int) -> pl.Expr:
        return pl.lit(self.quantity.value)

    def year(self, lag: int = 0) -> pl.Expr:
        return pl.lit(None, dtype=pl.Int32)

    def title(self) -> tuple[pl.Expr, pl.Expr]:
        return pl.lit("gränsen"), pl.lit("the limit")

    def half(self) -> pl.Expr:
        return pl.lit(0.0)

    def say(self, lang: Lang) -> str:
        number = f"{self.quantity.value:g}"
        number = number if lang == "en" else number.replace(".", ",")
        return f"{number} {self.quantity.measure}".strip()


Basis = Benchmark | OwnBefore | Number


def read_basis(reader: Reader, node: Node, what: Text) -> Basis | None:
    """``reference``, ``peers.mean`` …, ``own 2 years ago`` or a number."""
    text = reader.scalar(node, what)
    if text is None:
        return None
    if text in BENCHMARK_WORDS:
        return Benchmark(text)
    if re.match(r"own\b", text):
        return _read_own(reader, node, what)
    if re.match(r"[0-9+\-−]", text):
        quantity = reader.quantity(node, what, "100 kr/inv")
        return Number(quantity) if quantity else None
    reader.report(
        "unknown-word",
        node.place,
        Text(f"'{shown(text)}' är inget att jämföra med.", f"'{shown(text)}' is nothing to compare with."),
        nearest(text, [*BENCHMARK_WORDS, "own 1 year ago", "own 2 years ago"]),
    )
    return None


def _read_own(reader: Reader, node: Node, what: Text) -> OwnBefore | None:
    match = reader.form(node, OWN, what)
    if match is None:
        return None
    years = int(match[1])
    if 1 <= years <= MOST_YEARS_AGO:
        return OwnBefore(years)
    reader.report(
        "never-fires" if years == 0 else "too-many-years",
        node.place,
        Text("ett värde jämförs med sig självt.", "a value is compared with itself.")
        if years == 0
        else Text(f"{years} år sedan är för länge sedan.", f"{years} years ago is too long ago."),
        Text(
            f"Skriv från 'own 1 year ago' till 'own {MOST_YEARS_AGO} years ago'.",
            f"Write from 'own 1 year ago' to 'own {MOST_YEARS_AGO} years ago'.",
        ),
    )
    return None
