"""How a derived value came about: the figures it is made of, each with its year, down to those that were published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from genomlys.engine.derived.model import Derived
from genomlys.engine.derived.prices import Edition, newest
from genomlys.engine.errors import Text
from genomlys.engine.explain import words
from genomlys.engine.explain.context import Context
from genomlys.engine.explain.model import Made, Origin

_WORDS: Final = {
    "ratio": Text("kvoten av", "the ratio of"),
    "sum": Text("summan av", "the sum of"),
    "difference": Text("skillnaden mellan", "the difference between"),
    "per": Text("det första delat med det andra", "the first through the second"),
}
_PRELIMINARY: Final = Text("preliminärt", "preliminary")
_KINDS: Final = {"outcome": Text("utfall", "outcome"), "forecast": Text("prognos", "forecast")}


def made(case: Context, origins: Sequence[Origin]) -> tuple[tuple[Made, ...], tuple[Origin, ...]]:
    """How each own value of a derived KPI among ``origins`` came about, the latest year first; and the origins with
    those of the published figures in the place of such values."""
    derived = {each.kpi for each in case.data.derived}
    own = words.SOURCES["own"].in_(case.lang)
    asked = [each for each in origins if each.table == "values" and each.subject in derived and each.what == own]
    if not asked:
        return (), tuple(origins)
    figures = _Figures(case)
    ordered = sorted({(each.subject, each.year or 0) for each in asked}, key=lambda of: (of[0], -of[1]))
    found = tuple(figures.made(kpi, year) for kpi, year in ordered)
    kept = [each for each in origins if each not in asked]
    return found, tuple(dict.fromkeys([*kept, *_published(found)]))


def _published(of: Iterable[Made]) -> Iterator[Origin]:
    for each in of:
        if each.origin is not None:
            yield each.origin
        yield from _published(each.parts)


class _Figures:
    """The unit's figures and the facts of its KPIs, looked up once."""

    def __init__(self, case: Context) -> None:
        self._case = case
        self._derived = {each.kpi: each for each in case.data.derived}
        asked = {name for each in case.data.derived for name in (each.kpi, *each.of)}
        rows = case.data.values.filter((pl.col("unit") == case.unit) & pl.col("kpi").is_in(list(asked)))
        self._values = {(row["kpi"], row["year"]): row for row in rows.rows(named=True)}
        self._facts = {row["kpi"]: row for row in case.data.kpis.rows(named=True)}
        self._prices = newest(case.data.prices)

    def made(self, kpi: str, year: int) -> Made:
        each = self._derived.get(kpi)
        says = self._says(kpi, year)
        if each is None:
            source = self._case.own_sources.get((kpi, year)) or self._case.kpi_sources.get(kpi)
            return Made(says, origin=Origin("values", kpi, words.SOURCES["own"].in_(self._case.lang), year, source))
        parts = [self.made(part, year) for part in each.of]
        if each.word == "index" and each.base_year not in (None, year):
            parts.append(self.made(each.of[0], each.base_year or year))
        if each.word == "real" and each.base_year != year:
            parts += self._price_years(each, year)
        return Made(f"{says}, {self._how(each, year)}", tuple(parts))

    def _says(self, kpi: str, year: int) -> str:
        """ "Nettokostnad grundskola 2024: 110 mnkr (preliminärt)"."""
        facts, row, lang = self._facts[kpi], self._values.get((kpi, year)), self._case.lang
        if row is None or row["value"] is None:
            return f"{facts['title']} {year}: {Text('saknas', 'missing').in_(lang)}"
        said = words.value(row["value"], facts["measure"], facts["decimals"], lang)
        note = f" ({_PRELIMINARY.in_(lang)})" if row["status"] == "preliminary" else ""
        return f"{facts['title']} {year}: {said}{note}"

    def _how(self, each: Derived, year: int) -> str:
        lang = self._case.lang
        if each.word == "index":
            return Text(f"index där {each.base_year} är 100, av", f"an index with {each.base_year} as 100, of").in_(
                lang
            )
        if each.word == "real":
            edition = self._prices[str(each.deflate)]
            return Text(
                f"i {each.base_year} års priser enligt {edition.index} (utgåva {edition.vintage}), av",
                f"in the prices of {each.base_year} by {edition.index} (edition {edition.vintage}), of",
            ).in_(lang)
        if each.word == "normalised":
            with_value = (pl.col("kpi") == each.kpi) & (pl.col("year") == year) & pl.col("value").is_not_null()
            units = self._case.data.values.filter(with_value).height
            return Text(
                f"normerat till 0–100 bland {units} kommuner, av",
                f"normalised to 0–100 among {units} municipalities, of",
            ).in_(lang)
        return _WORDS[each.word].in_(lang)

    def _price_years(self, each: Derived, year: int) -> Iterator[Made]:
        edition, lang = self._prices[str(each.deflate)], self._case.lang
        what = Text("prisindex", "price index").in_(lang)
        for of in (year, each.base_year):
            if of is not None and of in edition.values:
                said = f"{edition.index} {of}: {_price(edition, of, self._case)}"
                source = f"{edition.sources[of] or edition.index}, {edition.vintage}"
                yield Made(said, origin=Origin("prices", edition.index, what, of, source))


def _price(edition: Edition, year: int, case: Context) -> str:
    kind = _KINDS["forecast" if year in edition.forecasts else "outcome"].in_(case.lang)
    # As it was published, which is with no fixed number of decimals.
    decimals = len(repr(edition.values[year]).partition(".")[2].rstrip("0"))
    return f"{words.value(edition.values[year], '', min(decimals, 6), case.lang)} ({kind})"
