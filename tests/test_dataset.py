"""From a folder or frames to a data set: every kind of mistake with its place, and nothing lost on the way."""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from genomlys.engine.dataset import Dataset, bundled_dataset, read_dataset
from genomlys.engine.errors import DataError
from genomlys.engine.tables import TABLES, empty, fields, key

ABOUT = "title: Exempel\nunit: '1489'\nas_of: 2024\nsources: [Kolada, Egen uppföljning]\nlicence: CC0\n"
# One of everything that is right. Each mistake in bad_data/mistakes.toml is one change to it.
GOOD: dict[str, str] = {
    "units": (
        "unit,title,kind,parent\n"
        "1489,Alingsås,municipality,\n"
        "BUN,Barn- och ungdomsnämnden,committee,1489\n"
        "0114,Upplands Väsby,municipality,\n"
    ),
    "kpis": (
        "kpi,title,category,area,measure,direction,decimals,materiality,breaks,max_age,volume\n"
        "kostnad,Kostnad för grundskola,ekonomi,skola,kr/inv,lower,0,3 %,2019; 2021,,5 000\n"
        'andel,Andel behöriga elever,kvalitet,skola,%,higher,1,"0,5",,3,\n'
        "elever,Antal elever,volym,skola,antal,neutral,-2,,,,kostnad\n"
        "maltal,Sjukfrånvaro,personal,skola,%,target,1,,,,\n"
    ),
    "values": (
        "unit,kpi,year,value,status,source\n"
        '1489,kostnad,2023,"8 093",,Kolada\n'
        '1489,kostnad,2024,"8 211,5",preliminary,"Kolada, ""preliminärt"""\n'
        '1489,andel,2024,"87,4 %",,\n'
        "1489,elever,2024,−,,\n"
        "0114,andel,2024,..,,\n"
        "0114,kostnad,2024,.,,\n"
        "0114,elever,2024,,suppressed,\n"
        "1489,maltal,2024,6.2,ok,\n"
    ),
    "benchmarks": (
        "unit,kpi,year,benchmark,value,n,members\n1489,kostnad,2024,reference,7 900,,\n"
        ",andel,2024,nation.mean,86.5,290,\n1489,andel,2024,peers.mean,88,2,0114; BUN\n,maltal,2024,target,5,,\n"
    ),
    "peers": "unit,group,year,member\n1489,grundskola,2024,0114\n",
    "prices": "index,year,vintage,value,kind,source\nPKV,2024,2025-02-13,104.2,outcome,SKR\n",
    "areas": "area,title,committees,priority,cross_cutting\nskola,Grundskola,BUN; KS,Trygg uppväxt,nej\n",
    "measures": (
        "measure,title,area,horizon,decided,saving_low,saving_high,saving_kind,status,followup_date\n"
        'm1,Färre lokaler,skola,short,2024-03-01,"1 000",1500,amount,ongoing,2024-10-01\n'
        "m2,Utred skolskjuts,skola,investigate,,,,too_early,not_started,\n"
        "m3,Samordna inköp,skola,long,,300,,amount,done,\n"
    ),
    "signals": "signal,area,kind,title,date\ns1,skola,law,Skollagen skärps,2024-07-01\n",
}


def folder(path: Path, tables: Mapping[str, str | bytes], about: str = ABOUT) -> Path:
    (path / "dataset.yaml").write_text(about, encoding="utf-8")
    for name, text in tables.items():
        (path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def told(source: Any) -> list[str]:
    """What a person is told about a source that is wrong."""
    with pytest.raises(DataError) as error:
        read_dataset(source)
    for problem in error.value.problems:
        assert problem.message.sv and problem.message.en and problem.code
    return [problem.say() for problem in error.value.problems]


def assert_same(one: Dataset, other: Dataset) -> None:
    assert (one.title, one.unit, one.as_of, one.sources, one.licence) == (
        (other.title, other.unit, other.as_of, other.sources, other.licence)
    )
    for name in TABLES:
        assert_frame_equal(getattr(one, name), getattr(other, name))


class Bad(NamedTuple):
    """One change to the good data set, and the one thing that must be told."""

    table: str
    old: str
    new: str
    told: list[str]


MISTAKES = Path(__file__).parent / "bad_data" / "mistakes.toml"
BAD = [Bad(**mistake) for mistake in tomllib.loads(MISTAKES.read_text(encoding="utf-8"))["mistake"]]


@pytest.mark.parametrize("bad", BAD, ids=[f"{bad.table}: {bad.old!r} -> {bad.new!r}" for bad in BAD])
def test_one_mistake_gives_its_place_and_what_to_write(bad: Bad, tmp_path: Path) -> None:
    assert bad.old in GOOD[bad.table]
    tables = GOOD | {bad.table: GOOD[bad.table].replace(bad.old, bad.new, 1)}
    assert told(folder(tmp_path, tables)) == bad.told


def test_all_mistakes_are_told_at_once_in_order_of_place(tmp_path: Path) -> None:
    values = GOOD["values"].replace("value,status", "vlaue,status").replace("maltal,2024", "måltal,24")
    kpis = GOOD["kpis"].replace("-2", "9").replace("volym", "vlym")
    peers = GOOD["peers"].replace("0114", "1489") + "1489,grundskola\n"
    tables = GOOD | {"values": values, "kpis": kpis, "peers": peers}
    lines = told(folder(tmp_path, tables, ABOUT.replace("2024", "i år")))
    assert [line.split(":")[0] for line in lines] == [
        "dataset.yaml",
        "kpis.csv, rad 4, kolumn category",
        "kpis.csv, rad 4, kolumn decimals",
        "values.csv, rad 1, kolumn value",
        "values.csv, rad 1, kolumn vlaue",
        "values.csv, rad 9, kolumn kpi",
        "values.csv, rad 9, kolumn year",
        "peers.csv, rad 2, kolumn member",
        "peers.csv, rad 3",
    ]


def test_english_says_the_same(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read_dataset(folder(tmp_path, GOOD | {"values": GOOD["values"].replace("1489,maltal", "1498,maltal")}))
    (problem,) = error.value.problems
    assert problem.say("en") == (
        "values.csv, row 9, column unit: unknown unit '1498'. Did you mean '1489'? [unknown-unit]"
    )


def test_a_thousand_mistakes_are_counted_and_some_of_them_listed(tmp_path: Path) -> None:
    bad = [f"1489,kostnad,{year},x,okej," for year in range(1000, 1500)]
    lines = told(folder(tmp_path, GOOD | {"values": "\n".join(["unit,kpi,year,value,status,source", *bad])}))
    # 500 years, 500 values and 500 words, of each of which 40 are told
    assert len(lines) == 3 * 40 + 1
    exemplar = tmp_path.name
    assert lines[-1] == (
        f"{exemplar}: ytterligare 1380 problem visas inte. Rätta dem ovan och kontrollera igen. [more-problems]"
    )


def test_a_name_misspelt_on_many_rows_is_one_mistake(tmp_path: Path) -> None:
    rows = "".join(f"1489,kostnat,{year},1,,\n" for year in range(2000, 2020))
    assert told(folder(tmp_path, GOOD | {"values": GOOD["values"] + rows})) == [
        "values.csv, rad 10, kolumn kpi: okänt nyckeltal 'kostnat' (även rad 11, 12, 13, 14, 15 …). "
        "Menade du 'kostnad'? [unknown-kpi]"
    ]


# The folder


def test_the_good_data_set_is_read_as_it_was_meant(tmp_path: Path) -> None:
    data = read_dataset(folder(tmp_path, GOOD))
    assert (data.title, data.unit, data.as_of, data.licence) == ("Exempel", "1489", dt.date(2024, 12, 31), "CC0")
    assert data.sources == ("Kolada", "Egen uppföljning")
    assert data.values.rows() == [
        ("0114", "andel", 2024, None, "suppressed", None),
        ("0114", "elever", 2024, None, "suppressed", None),
        ("0114", "kostnad", 2024, None, "not_applicable", None),
        ("1489", "andel", 2024, 87.4, "ok", None),
        ("1489", "elever", 2024, None, "missing", None),
        ("1489", "kostnad", 2023, 8093.0, "ok", "Kolada"),
        ("1489", "kostnad", 2024, 8211.5, "preliminary", 'Kolada, "preliminärt"'),
        ("1489", "maltal", 2024, 6.2, "ok", None),
    ]
    asked = ["kpi", "name", "materiality_rel", "materiality_abs", "breaks", "max_age", "volume", "decimals"]
    assert data.kpis.select(asked).rows() == [
        ("andel", "Andel behöriga elever", None, 0.5, [], 3, None, 1),
        ("elever", "Antal elever", None, None, [], 2, "kostnad", -2),
        ("kostnad", "Kostnad för grundskola", 0.03, None, [2019, 2021], 2, "5000", 0),
        ("maltal", "Sjukfrånvaro", None, None, [], 2, None, 1),
    ]
    assert data.benchmarks["unit"].to_list() == [None, None, "1489", "1489"]
    assert data.benchmarks["members"].to_list() == [None, None, "0114; BUN", None]
    assert data.areas.select("name", "committees", "cross_cutting").rows() == [("Grundskola", ["BUN", "KS"], False)]
    savings = data.measures.select("measure", "saving_low", "saving_high")
    assert savings.rows() == [("m1", 1000, 1500), ("m2", None, None), ("m3", 300, 300)]
    for name in TABLES:
        assert getattr(data, name).schema == empty(name).schema


def test_tables_that_may_be_left_out_are_empty(tmp_path: Path) -> None:
    tables = {name: GOOD[name] for name in ("units", "values", "areas")}
    kpis = "".join(line for line in GOOD["kpis"].splitlines(keepends=True) if "target" not in line)
    values = "".join(line for line in GOOD["values"].splitlines(keepends=True) if "maltal" not in line)
    data = read_dataset(folder(tmp_path, tables | {"kpis": kpis, "values": values}))
    for name in ("benchmarks", "peers", "measures", "signals"):
        assert_frame_equal(getattr(data, name), empty(name))


def test_a_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    assert read_dataset(folder(tmp_path, GOOD | {"signals": "signal,area,kind,title\n"})).signals.is_empty()


def test_the_target_of_a_kpi_is_missed_when_there_is_no_table_of_benchmarks(tmp_path: Path) -> None:
    (line,) = told(folder(tmp_path, {name: text for name, text in GOOD.items() if name != "benchmarks"}))
    assert line.startswith("kpis.csv, rad 5, kolumn direction: nyckeltalet har riktningen target men inget mål.")


def bare(path: Path, tables: Mapping[str, str | bytes]) -> Path:
    """A folder in which nothing but one file can be wrong: no table refers to another that is not there."""
    return folder(
        path, {name: GOOD[name] for name in ("units", "kpis", "values", "areas", "benchmarks")} | dict(tables)
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "signals.csv: filen är tom. Skriv en rubrikrad, eller ta bort filen. [empty-file]"),
        (b" \r\n\n", "signals.csv: filen är tom. Skriv en rubrikrad, eller ta bort filen. [empty-file]"),
        (b"PK\x03\x04\x00\x00", "signals.csv: filen är inte en textfil. Spara den som CSV UTF-8. [binary-file]"),
        (
            GOOD["signals"].encode("utf-16"),
            "signals.csv: filen är skriven i UTF-16. Spara den som CSV UTF-8. [unknown-encoding]",
        ),
        (
            GOOD["signals"].encode() + b"\x81\xff",
            "signals.csv, rad 3: filen är varken skriven i UTF-8 eller i Windows-1252. "
            "Spara den som CSV UTF-8. [unknown-encoding]",
        ),
        (
            b"\n" + GOOD["signals"].encode(),
            "signals.csv, rad 1: rubrikraden verkar stå på rad 2. Ta bort raderna ovanför. [header-below]",
        ),
        (
            b"Nyckeltal\nBarn och unga\n\n" + GOOD["signals"].encode(),
            "signals.csv, rad 1: rubrikraden verkar stå på rad 4. Ta bort raderna ovanför. [header-below]",
        ),
        (
            ("Lagar 2024;;;;\n" + "Signal;Område;Typ;Titel;Datum\ns1;skola;law;x;\n").encode("cp1252"),
            "signals.csv, rad 1: rubrikraden verkar stå på rad 2. Ta bort raderna ovanför. [header-below]",
        ),
        (
            b"\n" + GOOD["signals"].replace("signal,area,kind,title", "1,2,3,4").encode(),
            "signals.csv, rad 1: rubrikraden eller någon cell kan inte läsas. "
            "Spara den som CSV UTF-8. [unreadable-file]",
        ),
        (
            GOOD["signals"].replace("Skollagen", "Förskolans lag").encode("cp850"),
            "signals.csv, rad 2: filen är skriven i en teckentabell från DOS: 'F”rskolans' är nog 'Förskolans'. "
            "Spara den som CSV UTF-8. [unknown-encoding]",
        ),
    ],
)
def test_a_file_that_is_no_table_of_text(content: bytes, expected: str, tmp_path: Path) -> None:
    assert told(bare(tmp_path, {"signals": content})) == [expected]


def test_files_that_have_no_place_in_a_data_set(tmp_path: Path) -> None:
    folder(tmp_path, GOOD)
    for name in ("value.csv", "Nyckeltal.xlsx", "Values.parquet", "units.txt", "dataset.yml"):
        (tmp_path / name).write_text("x")
    for name in ("README.md", "~$Nyckeltal.xlsx", ".hidden.csv", "källor.txt"):
        (tmp_path / name).write_text("x")
    assert sorted(told(tmp_path)) == [
        "Nyckeltal.xlsx: Excel-filer läses inte. Spara den som CSV UTF-8: tabellens namn.csv. [excel-file]",
        "dataset.yml: filen har fel namn. Kalla den dataset.yaml. [unknown-file]",
        "units.txt: filen är varken CSV eller Parquet. Spara den som CSV UTF-8: units.csv. [unknown-file]",
        "value.csv: 'value' är ingen tabell. Menade du 'values'? [unknown-file]",
        "values.csv: Values.parquet och values.csv är samma tabell. Behåll en av dem. [two-files]",
    ]


def test_what_is_missing_from_a_folder(tmp_path: Path) -> None:
    assert told(tmp_path) == [
        "dataset.yaml: filen saknas. Skriv den med raderna title, unit och as_of. [missing-file]",
        "units.csv: tabellen units saknas. Lägg till units.csv. [missing-table]",
        "kpis.csv: tabellen kpis saknas. Lägg till kpis.csv. [missing-table]",
        "values.csv: tabellen values saknas. Lägg till values.csv. [missing-table]",
        "areas.csv: tabellen areas saknas. Lägg till areas.csv. [missing-table]",
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no such folder", "det finns ingen sådan mapp."),
        ("dataset.yaml", "det är en fil, inte en mapp."),
        ("values.csv", "det är en fil, inte en mapp."),
    ],
)
def test_a_folder_that_is_none(name: str, said: str, tmp_path: Path) -> None:
    (line,) = told(str(folder(tmp_path, GOOD) / name))
    assert line.endswith(f": {said} Ange en mapp med dataset.yaml och en fil per tabell. [no-folder]")


def test_a_folder_in_the_place_of_a_file_and_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    bare(tmp_path, {})
    (tmp_path / "peers.csv").mkdir()
    (tmp_path / "signals.parquet").write_bytes(b"PAR1 and nothing else PAR1")
    lines = told(tmp_path)
    assert [line.split(":")[0] for line in lines] == ["peers.csv", "signals.parquet"]
    assert all(line.endswith("[unreadable-file]") for line in lines)


def test_a_needed_table_without_rows(tmp_path: Path) -> None:
    lines = told(folder(tmp_path, GOOD | {"values": "unit,kpi,year,value\n"}))
    assert lines == ["values.csv: tabellen har inga rader. Skriv minst en rad. [empty-table]"]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ("- a", ["dataset.yaml:1:1: filen ska bestå av nyckel: värde."]),
        ("title: x\nunit: '1489'\n", ["dataset.yaml: as_of saknas."]),
        (ABOUT.replace("Exempel", "''"), ["dataset.yaml:1:8: title saknas."]),
        (ABOUT.replace("1489", "1498"), ["dataset.yaml:2:7: okänd enhet '1498'. Menade du '1489'? [unknown-unit]"]),
        (ABOUT.replace("2024", "2024-13-01"), ["dataset.yaml:3:8: '2024-13-01' är varken ett år eller ett datum."]),
        (ABOUT.replace("2024", "[2024]"), ["dataset.yaml:3:8: as_of är inte en text."]),
        (ABOUT.replace("licence", "license"), ["dataset.yaml:5:1: okänd nyckel 'license'. Menade du 'licence'?"]),
        (ABOUT.replace("[Kolada", "[{a: b}"), ["dataset.yaml:4:10: sources är inte en lista med texter."]),
        (ABOUT + "unit: x\n", ["dataset.yaml:6:1: nyckeln 'unit' finns redan på rad 2."]),
    ],
)
def test_what_the_data_set_says_about_itself(about: str, expected: list[str], tmp_path: Path) -> None:
    lines = told(folder(tmp_path, GOOD, about))
    assert len(lines) == len(expected)
    assert all(line.startswith(start) for line, start in zip(lines, expected, strict=True)), lines


@pytest.mark.parametrize(("written", "day"), [("2024", dt.date(2024, 12, 31)), ("2025-02-28", dt.date(2025, 2, 28))])
def test_a_year_is_its_last_day(written: str, day: dt.date, tmp_path: Path) -> None:
    assert read_dataset(folder(tmp_path, GOOD, ABOUT.replace("2024", written))).as_of == day


def test_the_bundled_data_set_is_in_the_package_and_right() -> None:
    data = read_dataset(bundled_dataset())
    assert data.values.height > 50


# Figures and their KPIs


def with_kpi(path: Path, title: str, decimals: int, value: str, *, measure: str = "%", table: str = "values") -> Path:
    """The good data set with one more KPI and one more figure of it, after all the others."""
    rows = {"values": f'1489,ny,2024,"{value}",,\n', "benchmarks": f'1489,ny,2024,reference,"{value}",,\n'}
    kpis = GOOD["kpis"] + f'ny,"{title}",ekonomi,skola,{measure},neutral,{decimals},,,,\n'
    return folder(path, GOOD | {"kpis": kpis, table: GOOD[table] + rows[table]})


@pytest.mark.parametrize(
    "title",
    [
        "Nettokostnadsavvikelse, andel av nettokostnaden (%)",
        "Andel lediga lokaler, förändring sedan 2020",
        "Andel äldre, ökning",
        "Andel barn, minskning",
        "Köp av huvudverksamhet, andel av verksamhetens kostnader",
        "Verksamhetens nettokostnad som andel av skatter och statsbidrag",
        "Årets resultat som andel av skatt och statsbidrag",
        "Investeringar, andel av skatteintäkter",
        "Soliditet",
        "Handelns omsättning mot riket",
    ],
)
@pytest.mark.parametrize("value", ["104,5", "−3"])
def test_what_is_no_share_may_be_negative_or_over_100(title: str, value: str, tmp_path: Path) -> None:
    assert read_dataset(with_kpi(tmp_path, title, 1, value)).values.height == 9


@pytest.mark.parametrize(
    "title", ["Andel behöriga elever (%)", "Elever med examen, andel", "Andelen män", "Personalandel"]
)
def test_a_share_is_between_0_and_100(title: str, tmp_path: Path) -> None:
    (line,) = told(with_kpi(tmp_path, title, 1, "104,5"))
    assert line.startswith("values.csv, rad 10, kolumn value: '104,5' är ingen andel:")


@pytest.mark.parametrize(("text", "title"), [("8,093", "8 093"), ("8.093", "8 093"), ("−120,500", "−120 500")])
@pytest.mark.parametrize("table", ["values", "benchmarks"])
def test_three_digits_after_a_separator_may_be_thousands_or_decimals(
    text: str, title: str, table: str, tmp_path: Path
) -> None:
    (line,) = told(with_kpi(tmp_path, "Kostnad", 0, text, measure="kr", table=table))
    whole, thousand = title.split(" ")
    assert line.split(", kolumn ")[1] == (
        f"value: '{text}' kan vara {whole} {thousand} eller {whole},{thousand}. Skriv {whole}{thousand} om det är "
        f"tusental; är det decimaler, skriv {whole},{thousand}0 eller höj nyckeltalets decimals till 3. "
        "[ambiguous-number]"
    )


@pytest.mark.parametrize(
    ("decimals", "text", "value"),
    [
        (3, "8,093", 8.093),
        (0, "8,0930", 8.093),
        (0, "8,09", 8.09),
        (0, "0,093", 0.093),
        (0, "8093,125", 8093.125),
        (0, "1 008,093", 1008.093),
        (0, "8 093", 8093.0),
        (2, "8.093e0", 8.093),
    ],
)
def test_a_number_that_can_be_read_one_way_only_is_read(decimals: int, text: str, value: float, tmp_path: Path) -> None:
    data = read_dataset(with_kpi(tmp_path, "Kostnad", decimals, text, measure="kr"))
    assert data.values.filter(pl.col("kpi") == "ny")["value"].to_list() == [value]


def test_typed_numbers_are_never_ambiguous_and_those_of_unknown_kpis_are_not_told(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    number = pl.when(pl.col("kpi") == "kostnad").then(8.093).otherwise("value")
    assert (
        read_dataset(frames | {"values": frames["values"].with_columns(value=number, status=None)}).values.height == 8
    )
    tables = GOOD | {"values": GOOD["values"] + '1489,ny,2024,"8,093",,\n'}
    assert [line.rsplit(" ", 1)[1] for line in told(folder(tmp_path, tables))] == ["[unknown-kpi]"]


# The same facts in another dress


def swedish_excel(text: str, encoding: str) -> bytes:
    """What Excel in Sweden writes: semicolons, decimal commas, and a code page of its own."""
    frame = pl.read_csv(text.encode(), infer_schema=False)
    comma = pl.all().str.replace(r"^(\d+)\.(\d+)$", "$1,$2").str.replace("−", "-")
    written = frame.select(comma).write_csv(separator=";", quote_style="necessary", line_terminator="\r\n")
    return written.encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_swedish_excel_says_the_same(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "excel").mkdir()
    excel = folder(tmp_path / "excel", {name: swedish_excel(text, encoding) for name, text in GOOD.items()})
    assert b"\r\n" in (excel / "kpis.csv").read_bytes()
    assert_same(read_dataset(excel), read_dataset(folder(tmp_path, GOOD)))


def test_tabs_blanks_and_the_order_of_columns_and_rows_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other: dict[str, str | bytes] = {}
    for name, text in GOOD.items():
        frame = pl.read_csv(text.encode(), infer_schema=False)
        reversed_columns = frame.select(reversed(frame.columns)).reverse()
        spaced = reversed_columns.rename(lambda column: f" {column.upper()} ").with_columns(pl.all() + " ")
        # Rows and columns that a spreadsheet leaves behind.
        other[name] = spaced.with_columns(pl.lit("").alias(" ")).write_csv(separator="\t") + "\t" * frame.width + "\n\n"
    assert_same(read_dataset(folder(tmp_path / "other", other)), read_dataset(folder(tmp_path, GOOD)))


def typed(tmp_path: Path) -> dict[str, Any]:
    """The good data set as it is after the door: numbers as numbers, lists as lists, dates as dates."""
    data = read_dataset(folder(tmp_path, GOOD))
    about = {"title": data.title, "unit": data.unit, "as_of": data.as_of, "licence": data.licence}
    return {"dataset": about | {"sources": list(data.sources)}} | {name: getattr(data, name) for name in TABLES}


class Stream:
    """What pandas and DuckDB look like from here: nothing is known but the Arrow stream."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


def test_what_went_through_the_door_goes_through_it_again_unchanged(tmp_path: Path) -> None:
    assert_same(read_dataset(typed(tmp_path)), read_dataset(tmp_path))


def test_frames_of_text_say_the_same_as_files(tmp_path: Path) -> None:
    frames: dict[str, Any] = {name: pl.read_csv(text.encode(), infer_schema=False) for name, text in GOOD.items()}
    about = {"title": "Exempel", "unit": "1489", "as_of": 2024, "licence": "CC0"}
    frames["dataset"] = about | {"sources": ("Kolada", "Egen uppföljning")}
    frames["values"] = frames["values"].lazy()
    assert_same(read_dataset(frames), read_dataset(folder(tmp_path, GOOD)))


def test_arrow_streams_say_the_same(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    streams = {name: frames[name].to_arrow() for name in TABLES} | {"dataset": frames["dataset"]}
    streams["kpis"] = Stream(streams["kpis"])
    values = streams["values"].set_column(1, "kpi", streams["values"]["kpi"].dictionary_encode())
    streams["values"] = Stream(values)
    assert_same(read_dataset(streams), read_dataset(tmp_path))


def test_parquet_says_the_same(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    (tmp_path / "parquet").mkdir()
    folder(tmp_path / "parquet", {})
    for name in TABLES:
        frames[name].write_parquet(tmp_path / "parquet" / f"{name}.parquet")
    assert_same(read_dataset(tmp_path / "parquet"), read_dataset(tmp_path))


def test_the_types_that_other_programs_give(tmp_path: Path) -> None:
    """pandas: an integer column with a hole is floats with NaN, a date is a point in time; a database: decimals."""
    frames = typed(tmp_path)
    frames["values"] = frames["values"].with_columns(
        pl.col("year").cast(pl.Float64),
        pl.col("value").fill_null(math.nan),
        pl.col("kpi").cast(pl.Categorical),
        pl.col("status").cast(pl.Enum(["ok", "missing", "suppressed", "not_applicable", "preliminary"])),
    )
    frames["benchmarks"] = frames["benchmarks"].with_columns(
        pl.col("n").cast(pl.Float64).fill_null(math.nan),
        pl.col("members").str.split("; "),
        pl.col("value").cast(pl.Decimal(10, 1)),
        pl.col("source").cast(pl.Null),
    )
    frames["measures"] = frames["measures"].with_columns(pl.col("decided", "followup_date").cast(pl.Datetime("ns")))
    frames["areas"] = frames["areas"].with_columns(pl.col("cross_cutting").cast(pl.Int8))
    assert_same(read_dataset(frames), read_dataset(tmp_path))


def test_names_that_became_numbers_are_names_again(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    number = pl.col("unit").replace({"0114": "1440", "BUN": "77"}).cast(pl.Float64)
    frames["units"] = frames["units"].with_columns(number, parent=pl.lit(None, pl.Float32))
    frames["values"] = frames["values"].with_columns(number.cast(pl.Int64))
    del frames["peers"]
    assert read_dataset(frames).values["unit"].unique().sort().to_list() == ["1440", "1489"]


def test_a_float32_is_the_number_that_it_shows(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    frames["values"] = frames["values"].with_columns(pl.col("value").cast(pl.Float32))
    assert_same(read_dataset(frames), read_dataset(tmp_path))


# Mistakes in frames


def test_rows_of_frames_are_counted_from_one(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    frames["values"] = frames["values"].with_columns(
        value=pl.when(pl.col("kpi") == "maltal").then(math.inf).otherwise("value"),
        year=pl.when(pl.col("kpi") == "andel").then(2024.5).otherwise("year"),
    )
    assert told(frames) == [
        "values, rad 1, kolumn year: '2024.5' är inte ett år. Skriv fyra siffror, till exempel 2024. [bad-year]",
        "values, rad 4, kolumn year: '2024.5' är inte ett år. Skriv fyra siffror, till exempel 2024. [bad-year]",
        "values, rad 8, kolumn value: 'inf' är inte ett ändligt tal. Skriv ett tal, eller lämna cellen tom. "
        "[infinite-number]",
    ]


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("value", pl.Series([True] * 8)),
        ("value", pl.Series([dt.date(2024, 1, 1)] * 8)),
        ("value", pl.Series([b"8"] * 8)),
        ("value", pl.Series([{"a": 1}] * 8)),
        ("kpi", pl.Series([["a"]] * 8)),
        ("source", pl.Series([dt.timedelta(1)] * 8)),
        ("source", pl.Series([object()] * 8, dtype=pl.Object)),
        ("unit", pl.Series([True] * 8)),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.dtype),
)
def test_a_column_of_a_type_that_says_nothing(column: str, cells: pl.Series, tmp_path: Path) -> None:
    frames = typed(tmp_path)
    frames["values"] = frames["values"].with_columns(cells.alias(column))
    (line,) = told(frames)
    assert line.startswith(f"values, kolumn {column}: kolumnen innehåller värden av typen ")
    assert line.endswith("Ge den som text, tal eller datum. [wrong-type]")


def test_what_is_no_frame(tmp_path: Path) -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            raise RuntimeError("the connection is closed")

    frames = typed(tmp_path)
    frames["peers"] = {"unit": ["1489"]}
    frames["signals"] = Broken()
    frames["measures"] = pl.scan_csv(tmp_path / "no such file.csv")
    frames["valeus"] = frames["values"]
    assert [line.split(".")[0] for line in told(frames)] == [
        "peers: det är ingen tabell",
        "measures: det är ingen tabell",
        "signals: det är ingen tabell",
        "valeus: 'valeus' är ingen tabell",
    ]


def test_a_mapping_without_the_data_sets_own_words(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    assert told({**frames, "dataset": "Exempel"}) == [
        "dataset: det ska vara en mappning. Ge nycklarna title, unit, as_of, sources, licence. [bad-dataset]"
    ]
    del frames["dataset"], frames["units"]
    assert told(frames) == [
        "dataset: nyckeln 'dataset' saknas. Ge den title, unit och as_of. [missing-file]",
        "units: tabellen units saknas. Lägg till units. [missing-table]",
    ]


def test_both_ways_of_giving_a_materiality_is_one_too_many(tmp_path: Path) -> None:
    frames = typed(tmp_path)
    frames["kpis"] = frames["kpis"].with_columns(materiality=pl.lit("3 %"))
    lines = told(frames)
    assert lines and all(line.endswith("[duplicate-column]") for line in lines)
    frames["kpis"] = frames["kpis"].drop("materiality").with_columns(materiality_rel=0.1)
    (line,) = told(frames)
    assert line.startswith("kpis, rad 1, kolumn materiality_abs: raden har två väsentlighetsgränser.")


# Laws

CELLS = st.sampled_from(
    [
        "",
        "-",
        "..",
        ".",
        "1489",
        "0114",
        "kostnad",
        "2024",
        "8 093",
        "3,4 %",
        "ok",
        "missing",
        "x",
        "1e400",
        "∞",
        '"',
        "\x00",
    ]
) | st.text(max_size=6)


@given(st.lists(st.lists(CELLS, max_size=7), max_size=6), st.sampled_from(",;\t"), st.booleans())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_cells_are_a_data_set_or_its_problems(
    tmp_path: Path, rows: list[list[str]], delimiter: str, header: bool
) -> None:
    names = [["unit", "kpi", "year", "value", "status", "source"]] if header else []
    text = "\n".join(delimiter.join(row) for row in [*names, *rows])
    assert_data_or_problems(tmp_path, text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=80) | st.text(alphabet='ab",;\n\r\t 1é\ufeff', max_size=60).map(str.encode))
@example(b'unit,kpi,year,value\n1489,kostnad,2024,"')
@example(b"\xef\xbb\xbf")
@example(b'"')
@example(b'"unit\n"')
@example(b"unit;unit;unit\n")
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_a_data_set_or_its_problems(tmp_path: Path, content: bytes) -> None:
    assert_data_or_problems(tmp_path, content)


def assert_data_or_problems(path: Path, content: bytes) -> None:
    try:
        read_dataset(folder(path, GOOD | {"values": content}))
    except DataError as error:
        assert all(problem.say("sv") and problem.say("en") for problem in error.problems)


VALUES = st.dictionaries(
    st.tuples(st.sampled_from(["1489", "0114"]), st.sampled_from(["kostnad", "elever"]), st.integers(1900, 2025)),
    st.none() | st.floats(-1e9, 1e9).map(lambda number: round(number, 3)),
    min_size=1,
)


@given(VALUES, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_that_goes_in_comes_out(
    tmp_path: Path, facts: dict[tuple[str, str, int], float | None], random: Any
) -> None:
    rows = [(*names, value) for names, value in facts.items()]
    random.shuffle(rows)
    lines = [f"{unit};{kpi};{year};{written(value)}" for unit, kpi, year, value in rows]
    folder(tmp_path, GOOD | {"values": "\n".join(["unit;kpi;year;value", *lines])})
    assert read_dataset(tmp_path).values.select("unit", "kpi", "year", "value").rows() == sorted(rows)


def written(value: float | None) -> str:
    # With four decimals: with three "8,093" might be a thousand.
    return "" if value is None else f"{value:.4f}".replace(".", ",")


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_row_twice_is_told_with_both_rows(tmp_path: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(TABLES))
    header, *rows = GOOD[name].splitlines()
    first = data.draw(st.integers(0, len(rows) - 1))
    again = data.draw(st.integers(first + 1, len(rows)))
    rows.insert(again, rows[first])
    folder(tmp_path, GOOD | {name: "\n".join([header, *rows])})
    (line,) = told(tmp_path)
    assert f"{name}.csv, rad {again + 2}, kolumn " in line and f"finns redan på rad {first + 2}." in line


def test_tables_come_in_the_order_of_their_keys(tmp_path: Path) -> None:
    data = read_dataset(folder(tmp_path, GOOD))
    for name in TABLES:
        frame: pl.DataFrame = getattr(data, name)
        assert_frame_equal(frame, frame.sort(key(name), nulls_last=False))
        assert [field.name for field in fields(name)] == frame.columns
