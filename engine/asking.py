"""What a run is asked about: the data set, the rules and the units, read and checked before anything is judged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from genomlys.engine.dataset import Dataset, bundled_dataset, named_with_folder, open_dataset
from genomlys.engine.errors import DataError, Place, Problem, Text, UsageError, nearest
from genomlys.engine.fit import unknown_names
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.waivers import load_waivers
from genomlys.engine.population import nation

ALL: Final = "all"


def asked(
    data: Dataset | str | Path | Mapping[str, object] | None,
    packs: Sequence[str | Path | RuleBook],
    unit: str | Sequence[str] | None,
    as_of: int | dt.date | None,
    waivers: str | Path | None = None,
) -> tuple[Dataset, RuleBook, tuple[str, ...]]:
    """The data set, rules and units that ``assess`` and ``explain`` are asked about, read and checked."""
    data, book = opened(data, packs)
    data = _dated(data, as_of)
    if waivers is not None:
        data = data.with_waivers(load_waivers(Path(waivers)))
    units = chosen_units(data, unit)
    _check_scopes(book, data)
    return data, book.in_force(data.as_of.year), units


def opened(
    data: Dataset | str | Path | Mapping[str, object] | None, packs: Sequence[str | Path | RuleBook]
) -> tuple[Dataset, RuleBook]:
    """The data set and rules, read but not yet of a certain year."""
    return data if isinstance(data, Dataset) else _read(data), _book(packs)


def _read(source: str | Path | Mapping[str, object] | None) -> Dataset:
    source = bundled_dataset() if source is None else source
    try:
        return open_dataset(source)
    except DataError as error:
        if isinstance(source, Mapping):
            raise
        raise DataError(named_with_folder(problem, Path(source)) for problem in error.problems) from None


def _book(packs: Sequence[str | Path | RuleBook]) -> RuleBook:
    """The one rule book that was given, or that of the packs that were named."""
    sources = [pack for pack in packs if not isinstance(pack, RuleBook)]
    books = [pack for pack in packs if isinstance(pack, RuleBook)]
    if not books:
        return load_rules(*sources)
    if len(packs) == 1:
        return books[0]
    said = Text(
        "en regelbok kan inte användas tillsammans med andra regelpaket.",
        "a rule book cannot be used with other packs.",
    )
    remedy = Text("Ladda alla i en med load_rules(…).", "Load all of them into one with load_rules(…).")
    raise usage("several-rule-books", "packs", said, remedy)


def _dated(data: Dataset, as_of: int | dt.date | None) -> Dataset:
    if as_of is None:
        return data
    day = _day(as_of)
    first = data.first_year
    if day.year < first:
        raise usage(
            "as-of-before-data",
            "--as-of",
            Text(f"datamängden börjar år {first}.", f"the data set begins in {first}."),
            Text(f"Skriv {first} eller senare.", f"Write {first} or later."),
        )
    return data.known_on(day)


def _day(as_of: object) -> dt.date:
    if isinstance(as_of, dt.datetime):
        return as_of.date()
    if isinstance(as_of, dt.date):
        return as_of
    if isinstance(as_of, int) and 1900 <= as_of <= 2199:
        return dt.date(as_of, 12, 31)
    raise usage(
        "bad-as-of",
        "--as-of",
        Text(f"'{as_of}' är varken ett år eller ett datum.", f"'{as_of}' is neither a year nor a date."),
        Text("Skriv till exempel 2024 eller 2025-09-01.", "Write for example 2024 or 2025-09-01."),
    )


def usage(code: str, place: str, message: Text, remedy: Text) -> UsageError:
    """The error of one thing that cannot be asked."""
    return UsageError([Problem(code, Place(place), message, remedy)])


def chosen_units(data: Dataset, unit: str | Sequence[str] | None) -> tuple[str, ...]:
    """The units to judge. Raises UsageError for a unit that is not in the data set."""
    if unit is None:
        return (data.unit,)
    if unit == ALL:
        return tuple(nation(data))
    asked = (unit,) if isinstance(unit, str) else tuple(unit)
    if not asked:
        raise usage(
            "no-unit",
            "--unit",
            Text("ingen enhet är angiven.", "no unit is given."),
            Text("Ange minst en enhet, eller 'all'.", "Give at least one unit, or 'all'."),
        )
    known = data.units["unit"].to_list()
    # An id goes before a title, and a title that several units share names none of them.
    titled = dict(data.units.filter(pl.col("title").is_unique()).select("title", "unit").iter_rows())
    asked = tuple(name if name in known else titled.get(name, name) for name in asked)
    problems = [
        Problem(
            "unknown-unit",
            Place("--unit"),
            Text(f"enheten '{name}' finns inte i datamängden.", f"the unit '{name}' is not in the data set."),
            nearest(name, [*known, *titled, ALL]),
        )
        for name in asked
        if name not in known
    ]
    if problems:
        raise UsageError(problems)
    return tuple(sorted(set(asked)))


def _check_scopes(book: RuleBook, data: Dataset) -> None:
    problems = [*unknown_names(book.rules, data)]
    if problems:
        raise UsageError(problems)
