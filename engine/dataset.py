"""A data set: a folder or a mapping of frames -> checked tables, or everything that is wrong with them at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Final

import polars as pl

from genomlys.engine.crosschecks import check_across, check_home
from genomlys.engine.cube import Bounds, Cube, is_typed
from genomlys.engine.derived.complete import complete
from genomlys.engine.derived.model import Derived, declared
from genomlys.engine.door.about import About, about_from_mapping, about_from_yaml
from genomlys.engine.door.figures import shares
from genomlys.engine.door.folder import ABOUT, read_file, read_table, scanned, table_files
from genomlys.engine.door.found import Found, Said, listed, quote
from genomlys.engine.door.keys import in_order
from genomlys.engine.door.raw import ROW, RawTable, raw_frame
from genomlys.engine.door.rowchecks import check_rows, completed
from genomlys.engine.door.table import CheckedTable, check_table
from genomlys.engine.errors import DataError, Place, Problem, RuleError, Text, nearest
from genomlys.engine.figuretable import Figures, FigureTable, figures_of, one_of_each
from genomlys.engine.figuretable import is_typed as is_typed_figures
from genomlys.engine.language.waivers import FILE as WAIVERS
from genomlys.engine.language.waivers import Waiver, load_waivers
from genomlys.engine.lazytable import LazyTable
from genomlys.engine.tables import TABLES, empty, needed
from genomlys.engine.valuetable import ValueTable

_ABOUT_KEY: Final = "dataset"
_BUNDLED: Final = "alingsas-2025"
_VALUES: Final = "values"
_BENCHMARKS: Final = "benchmarks"
# Where more than one unit in so many is asked for, all are read: it costs little more, and all are checked.
_FEW: Final = 4
_VALUE_TABLE: Final = LazyTable(ValueTable)
_FIGURE_TABLE: Final = LazyTable(FigureTable)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Checked tables, each with all the columns and types that ``tables.SCHEMAS`` tells, in the order of its key.

    ``unit`` is the home unit, a row of ``units``; ``as_of`` the day up to which the data set tells. Values of the
    ``derived`` KPIs are among ``values``, and what follows for them from other tables is in those. Who asks for
    ``values`` or ``benchmarks`` gets all of them as a frame; for figures to reckon with there are ``cube`` and
    ``figures``.
    """

    title: str
    unit: str
    as_of: dt.date
    sources: tuple[str, ...]
    licence: str
    units: pl.DataFrame
    kpis: pl.DataFrame
    peers: pl.DataFrame
    prices: pl.DataFrame
    areas: pl.DataFrame
    measures: pl.DataFrame
    signals: pl.DataFrame
    derived: tuple[Derived, ...]
    values: LazyTable[ValueTable] = _VALUE_TABLE
    benchmarks: LazyTable[FigureTable] = _FIGURE_TABLE
    waivers: tuple[Waiver, ...] = ()

    def cube(self, units: Sequence[str] | None = None, kpis: Sequence[str] | None = None) -> Cube:
        """The values of some units and KPIs, in that order; None for all, in the order of their names.

        Raises DataError if what is read has not been looked at before and is not sound.
        """
        everyone = self.units["unit"].sort().to_list()
        table, bounds = _VALUE_TABLE.beneath(self), self.bounds
        if units is None or len(units) * _FEW <= len(everyone):
            return table.cube(bounds, units, kpis)
        return table.cube(bounds, None, kpis).part(units, None)

    @property
    def figures(self) -> Figures:
        """The published benchmarks of all units and KPIs, in the order of their names."""
        return _FIGURE_TABLE.beneath(self).figures(self.bounds)

    @property
    def targets(self) -> bool:
        """Whether any KPI aims at a target, so that "worse" needs one."""
        return bool((self.kpis["direction"] == "target").any())

    @property
    def first_year(self) -> int:
        """The first year with a row among the values."""
        return _VALUE_TABLE.beneath(self).first_year

    def followed(self, last: int) -> pl.DataFrame:
        """kpi, followed (Int32): for how many calendar years up to ``last``, from the first to the last, anyone has had
        a value; a KPI without any has no row."""
        return _VALUE_TABLE.beneath(self).followed(last)

    def check(self) -> Dataset:
        """The same, once all of its values have been looked at. Raises DataError with every problem."""
        _VALUE_TABLE.beneath(self).check(self.bounds)
        return self

    def known_on(self, day: dt.date) -> Dataset:
        """The same as of another day: what was decided or happened later was not known then."""
        then = copy(self)
        changed = {
            "as_of": day,
            "measures": self.measures.filter((pl.col("decided") <= day).fill_null(True)),
            "signals": self.signals.filter((pl.col("date") <= day).fill_null(True)),
        }
        vars(then).update(changed)
        return then

    def with_waivers(self, waivers: tuple[Waiver, ...]) -> Dataset:
        """The same with other waivers."""
        other = copy(self)
        vars(other).update(waivers=waivers)
        return other

    @cached_property
    def bounds(self) -> Bounds:
        return _bounds(self.units, self.kpis)


@dataclass(frozen=True)
class _Source:
    """What came from outside. ``files`` are the names of all its parts in order, ``name`` is that of the whole."""

    name: str
    about: About
    tables: Mapping[str, RawTable]
    found: Found
    files: tuple[str, ...]
    waivers: tuple[Waiver, ...] = ()


def read_dataset(source: str | Path | Mapping[str, object]) -> Dataset:
    """A data set from a folder, or from a mapping of frames.

    A folder has ``dataset.yaml`` (title, unit, as_of, sources, licence), a CSV or Parquet file per table, and
    perhaps ``waivers.yaml``.
    A mapping has the same under ``"dataset"``, and under a table's name a Polars frame or anything with the
    Arrow PyCapsule interface. Cells are text as in a file, or typed. units, kpis, values and areas must have
    rows; the other tables may be left out.

    Raises DataError with every problem that was found, in order of place; no row is ever left out.
    """
    return open_dataset(source).check()


def open_dataset(source: str | Path | Mapping[str, object]) -> Dataset:
    """As ``read_dataset``, but values with types are looked at where they are read, and no others are."""
    if (scan := _typed_values(source)) is None:
        return _through_the_door(source)
    published = _typed_benchmarks(source)
    came = _came(source, aside=frozenset({_VALUES} if published is None else {_VALUES, _BENCHMARKS}))
    if published is not None:
        # Other tables only ask which KPIs have which benchmark.
        few = raw_frame(_BENCHMARKS, one_of_each(published), _BENCHMARKS)
        came = replace(came, tables={**came.tables, _BENCHMARKS: few})
    tables, whole = _checked(came)
    # What is made of values needs them all.
    if (told := _told(came, whole)) is None or declared(tables["kpis"].frame):
        return _through_the_door(source)
    frames, last_year = _frames(tables), told[-1].year + 1
    beneath: dict[str, ValueTable | FigureTable] = {
        _VALUES: ValueTable(scan, lambda: _through_the_door(source).values, last_year)
    }
    if published is not None:
        figures = figures_of(published, _bounds(frames["units"], frames["kpis"]), last_year)
        if figures is None:
            return _through_the_door(source)
        beneath[_BENCHMARKS] = FigureTable(published, lambda: _alone(_BENCHMARKS, published), figures)
    return _dataset(told, came, {**frames, **beneath}, ())


def named_with_folder(problem: Problem, folder: Path) -> Problem:
    """A data set names its files alone; a person who has several folders must be told which."""
    file = problem.place.file
    if file in (str(folder), folder.name):
        return problem
    return replace(problem, place=replace(problem.place, file=str(folder / file)))


def _alone(name: str, table: pl.DataFrame) -> pl.DataFrame:
    """A table in which nothing is wrong, after the door."""
    checked, _ = check_table(raw_frame(name, table, name))
    return _frames({name: checked})[name]


def _through_the_door(source: str | Path | Mapping[str, object]) -> Dataset:
    came = _came(source)
    tables, whole = _checked(came)
    if (told := _told(came, whole)) is None:
        raise DataError(listed(whole, came.files, came.name))
    frames = _frames(tables)
    made = complete(frames, told[1])
    made_of = {"kpis": made.kpis, _BENCHMARKS: made.benchmarks, _VALUES: made.values}
    return _dataset(told, came, {**frames, **made_of}, made.derived)


def _told(came: _Source, found: Found) -> tuple[str, str, dt.date] | None:
    """Title, unit and day of a data set in which nothing wrong was found."""
    about = came.about
    return None if found or not (about.title and about.unit and about.as_of) else (about.title, about.unit, about.as_of)


def _came(source: str | Path | Mapping[str, object], aside: frozenset[str] = frozenset()) -> _Source:
    """aside: tables that are not read now."""
    return _from_mapping(source, aside) if isinstance(source, Mapping) else _from_folder(Path(source), aside)


def _checked(came: _Source) -> tuple[dict[str, CheckedTable], Found]:
    tables: dict[str, CheckedTable] = {}
    found = [came.found]
    for name, raw in came.tables.items():
        tables[name], problems = check_table(raw)
        found += [problems, check_rows(tables[name], came.about.as_of)]
    found.append(check_across(tables))
    if came.about.unit:
        found.append(check_home(came.about.unit, came.about.unit_place, tables))
    return tables, Found.all_of(found)


def _frames(tables: Mapping[str, CheckedTable]) -> dict[str, pl.DataFrame]:
    return {name: in_order(name, completed(name, table.frame.drop(ROW)), table.codes) for name, table in tables.items()}


def _dataset(
    told: tuple[str, str, dt.date],
    came: _Source,
    tables: Mapping[str, Any],
    derived: tuple[Derived, ...],
) -> Dataset:
    about, waivers = came.about, came.waivers
    return Dataset(*told, about.sources, about.licence, **tables, derived=derived, waivers=waivers)


def _bounds(units: pl.DataFrame, kpis: pl.DataFrame) -> Bounds:
    names = units["unit"].sort().to_list(), kpis["kpi"].sort().to_list()
    return Bounds(tuple(names[0]), tuple(names[1]), frozenset(shares(kpis)))


def _typed_values(source: str | Path | Mapping[str, object]) -> pl.LazyFrame | None:
    """The table of values, not yet read, if it is one with types and has rows."""
    given = _given(source, _VALUES)
    try:
        scan = None if given is None else given.lazy()
        typed = scan is not None and is_typed(scan.collect_schema()) and not scan.head(1).collect().is_empty()
    except _UNREADABLE:
        return None  # the door tells why
    return scan if typed else None


def _typed_benchmarks(source: str | Path | Mapping[str, object]) -> pl.DataFrame | None:
    """The table of benchmarks, if it is one with types and has rows."""
    given = _given(source, _BENCHMARKS)
    try:
        table = given.collect() if isinstance(given, pl.LazyFrame) else given
    except _UNREADABLE:
        return None
    return table if is_typed_figures(table) else None


def _given(source: str | Path | Mapping[str, object], name: str) -> pl.LazyFrame | pl.DataFrame | None:
    """A table that is a frame or one Parquet file."""
    given = source.get(name) if isinstance(source, Mapping) else scanned(Path(source), name)
    return given if isinstance(given, (pl.LazyFrame, pl.DataFrame)) else None


_UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


def bundled_dataset() -> Path:
    """The folder of the data set that comes with the package."""
    return Path(str(resources.files("genomlys") / "datasets" / _BUNDLED))


def _from_folder(folder: Path, aside: frozenset[str]) -> _Source:
    try:
        files, misplaced = table_files(folder)
    except OSError:
        said = Text("det finns ingen sådan mapp.", "there is no such folder.")
        if folder.is_file():
            said = Text("det är en fil, inte en mapp.", "it is a file, not a folder.")
        remedy = Text(
            f"Ange en mapp med {ABOUT} och en fil per tabell.", f"Give a folder with {ABOUT} and a file per table."
        )
        raise DataError(Found.one(Place(str(folder)), Said("no-folder", said, remedy)).problems) from None
    about, of_about = _about_file(folder / ABOUT)
    tables = {name: raw_frame(name, empty(name), name) for name in TABLES if name not in files and not needed(name)}
    found = [misplaced, of_about]
    for name, paths in files.items():
        if len(paths) > 1 or name in aside:
            continue
        raw, problems = read_table(name, paths[0])
        found.append(problems)
        if raw:
            tables[name] = raw
            found.append(_no_rows(name, raw, problems))
    found += [_missing_table(name, f"{name}.csv") for name in TABLES if needed(name) and name not in files]
    waivers, of_waivers = _waivers(folder / WAIVERS)
    found.append(of_waivers)
    names = [files[name][-1].name if name in files else f"{name}.csv" for name in TABLES]
    return _Source(folder.name, about, tables, Found.all_of(found), (ABOUT, *names, WAIVERS), waivers)


def _waivers(path: Path) -> tuple[tuple[Waiver, ...], Found]:
    if not path.exists():
        return (), Found()
    try:
        return load_waivers(path, path.name), Found()
    except RuleError as error:
        return (), Found.of(error.problems)


def _about_file(path: Path) -> tuple[About, Found]:
    if not path.exists():
        said = Text("filen saknas.", "the file is missing.")
        remedy = Text("Skriv den med raderna title, unit och as_of.", "Write it with the lines title, unit and as_of.")
        return About(), Found.one(Place(ABOUT), Said("missing-file", said, remedy))
    source, found = read_file(path)
    return (About(), found) if source is None else about_from_yaml(source, ABOUT)


def _from_mapping(source: Mapping[str, object], aside: frozenset[str]) -> _Source:
    if _ABOUT_KEY in source:
        about, of_about = about_from_mapping(source[_ABOUT_KEY], _ABOUT_KEY)
    else:
        said = Text(f"nyckeln '{_ABOUT_KEY}' saknas.", f"the key '{_ABOUT_KEY}' is missing.")
        remedy = Text("Ge den title, unit och as_of.", "Give it title, unit and as_of.")
        about, of_about = About(), Found.one(Place(_ABOUT_KEY), Said("missing-file", said, remedy))
    tables = {name: raw_frame(name, empty(name), name) for name in TABLES if name not in source and not needed(name)}
    found = [of_about, *(_unknown_table(str(name)) for name in source if name not in (*TABLES, _ABOUT_KEY))]
    for name in (name for name in TABLES if name in source and name not in aside):
        frame = _frame(source[name])
        if frame is None:
            found.append(_no_frame(name))
            continue
        tables[name] = raw_frame(name, frame, name)
        found.append(_no_rows(name, tables[name], Found()))
    found += [_missing_table(name, name) for name in TABLES if needed(name) and name not in source]
    return _Source(_ABOUT_KEY, about, tables, Found.all_of(found), (_ABOUT_KEY, *TABLES))


def _frame(source: object) -> pl.DataFrame | None:
    """Polars' own frames, and whatever exports an Arrow stream."""
    if isinstance(source, pl.DataFrame):
        return source
    try:
        if isinstance(source, pl.LazyFrame):
            return source.collect()
        if hasattr(source, "__arrow_c_stream__"):
            return pl.DataFrame(source)
    except (Exception, pl.exceptions.PanicException):
        # Another library's exporter runs here: whatever it raises means that there is no table.
        return None
    return None


def _no_rows(name: str, raw: RawTable, problems: Found) -> Found:
    """A table that must say something and has no row, unless its rows are problems already."""
    if not needed(name) or raw.frame.height or problems:
        return Found()
    said = Text("tabellen har inga rader.", "the table has no rows.")
    remedy = Text("Skriv minst en rad.", "Write at least one row.")
    return Found.one(Place(raw.file), Said("empty-table", said, remedy))


def _missing_table(name: str, file: str) -> Found:
    said = Text(f"tabellen {name} saknas.", f"the table {name} is missing.")
    remedy = Text(f"Lägg till {file}.", f"Add {file}.")
    return Found.one(Place(file), Said("missing-table", said, remedy))


def _unknown_table(name: str) -> Found:
    said = Text(f"{quote(name)} är ingen tabell.", f"{quote(name)} is no table.")
    return Found.one(Place(name), Said("unknown-table", said, nearest(name, TABLES)))


def _no_frame(name: str) -> Found:
    said = Text("det är ingen tabell.", "it is no table.")
    remedy = Text(
        "Ge en DataFrame från Polars, eller något annat med Arrow PyCapsule-gränssnittet.",
        "Give a Polars DataFrame, or something else with the Arrow PyCapsule interface.",
    )
    return Found.one(Place(name), Said("not-a-table", said, remedy))
