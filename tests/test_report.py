"""The reports say what the result frames say, in words a controller can use, whatever the data contain."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator, FormatChecker
from polars.testing import assert_frame_equal
from samples import calm, dear, measures, national
from strategies import Tables, tables

from genomlys.engine import areas, vocabulary
from genomlys.engine.assess import Assessment, assess
from genomlys.engine.candidates import RELATIONS
from genomlys.engine.dataset import read_dataset
from genomlys.engine.language.model import TELLS
from genomlys.engine.language.pack import load_rules
from genomlys.engine.report import console, frames, json_, markdown, terminal, words
from genomlys.engine.report.blocks import Bullets, Fields, Heading, Paragraph, Table
from genomlys.engine.report.formats import FORMATS, all_files, chosen

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "engine" / "report" / "assessment.schema.json").read_text(encoding="utf-8"))
BOOK = load_rules()
TEXTS: tuple[Callable[[Assessment], str], ...] = (terminal.as_text, markdown.as_markdown)


@pytest.fixture(scope="module")
def bundled() -> Assessment:
    return assess()


@pytest.fixture(scope="module")
def english() -> Assessment:
    return assess(lang="en")


@pytest.fixture(scope="module")
def all_units() -> Assessment:
    return assess(national(), unit="all")


def flat(text: str) -> str:
    """One line, so that it does not matter where lines were broken; the signs that begin one are left out."""
    plain = re.sub(r"\\([^\w\s])", r"\1", text)
    return " ".join(re.sub(r"^ *- ", "", line) for line in plain.splitlines()).replace("  ", " ")


def told(text: str) -> str:
    return re.sub(r"[\s\xa0]+", " ", flat(text))


# What the bundled review must be told to be; counted by hand in its pages.
FACTS = [
    "Genomlysning av Alingsås kommun",
    "Läge: 2025-09-01",
    "Av 14 områden når inget målet, 2 når det inte (Näringsliv och Samhällsplanering) och 12 kan inte bedömas mot det",
    "1. Bromsa kostnadsutvecklingen för lokalförsörjningen",
    "313, 330 och 360 mnkr, sammanlagt 15 %",
    "Omfattning: över nämndgränserna (kommunstyrelsen och kultur- och utbildningsnämnden)",
    "Tidigare beslut: nytt förslag; ingen åtgärd är beslutad i området",
    "Tidigare beslut: fortsätter ”Ta bort blanketter som ska registreras genom E-tjänst” (inte påbörjad)",
    "Rangordning: samlat: problem; allvarsgrad: hög; prioriterad inriktning: stärkt ekonomi- och koncernstyrning; "
    "belopp: –; år i följd: 1; underlag: ihållande; säkra iakttagelser: 2",
    "21 åtgärder är beslutade: 18 pågår, 1 är inte påbörjad, 1 är genomförd och 1 går inte att genomföra.",
    "9 åtgärder saknar belopp och ingår inte i summorna.",
    "egna värden för 2022 och 2023",
]


@pytest.mark.parametrize("written", TEXTS)
def test_the_bundled_review_is_told(bundled: Assessment, written: Callable[[Assessment], str]) -> None:
    text = told(written(bundled)).replace("**", "")
    assert [fact for fact in FACTS if fact not in text] == []


@pytest.mark.parametrize("written", TEXTS)
@pytest.mark.parametrize("lang", ["sv", "en"])
def test_nothing_of_one_unit_is_left_out(
    bundled: Assessment, english: Assessment, lang: str, written: Callable[[Assessment], str]
) -> None:
    assessment = english if lang == "en" else bundled
    text = told(written(assessment))
    said = [
        *assessment.findings["text"],
        *assessment.areas["title"],
        *assessment.candidates.select("title", "description", "gain").unpivot()["value"],
        *(title for titles in assessment.candidates["measures"] for title in titles),
        *assessment.unknowns.join(assessment.data.kpis.select("kpi", "title"), on="kpi")["title"],
    ]
    # A cell of a table may be broken over lines that other cells stand on too: what is in tables is sought in words.
    rest = [each for each in said if told(each) not in text]
    assert all(word in text for each in rest for word in each.split()), rest
    assert set(rest) <= {*assessment.areas["title"], *assessment.data.kpis["title"]}


def test_the_sums_of_the_measures_are_told(bundled: Assessment) -> None:
    rows = [line.split() for line in terminal.as_text(bundled).splitlines()]
    for line in (
        "kort sikt pågår 5 2 450 0",
        "lång sikt inte påbörjad 1 100 0",
        "pågår 2 – 2",
        "utreds pågår 11 2 300 7",
        "genomförd 1 700 0",
        "alla inte påbörjad 1 100 0",
        "pågår 18 4 750 9",
    ):
        assert line.split() in rows, line


def test_problems_come_before_strengths(bundled: Assessment) -> None:
    text = terminal.as_text(bundled)
    table = text[text.index("Områdena") : text.index("Möjliga förflyttningar")]
    order = [table.index(title) for title in ("Fastigheter", "Näringsliv", "Arbetsmarknad", "Attraktivitet")]
    assert order == sorted(order)


ENGLISH_IDS = {
    *areas.SIDES.categories,
    *areas.CLASSES.categories,
    *RELATIONS.categories,
    *vocabulary.LEVELS,
    *vocabulary.HORIZONS,
    *vocabulary.MEASURE_STATUSES,
    "cross-committee",
    "flagged",
    "not_applicable",
} - {"problem"}


def test_the_swedish_report_is_swedish(bundled: Assessment, all_units: Assessment) -> None:
    for assessment in (bundled, all_units):
        found = set(re.findall(r"[\w-]+", markdown.as_markdown(assessment).lower()))
        assert not found & ENGLISH_IDS
        assert "None" not in markdown.as_markdown(assessment)


def test_the_english_report_has_no_swedish_words_of_its_own() -> None:
    for unit in ("0000", "all"):
        text = markdown.as_markdown(assess(national(), unit=unit, lang="en"))
        rest = re.sub(r"Nyckeltal k\d+|Område a\d+|Alla kommuner|Kommun \d+", "", text)
        assert not re.findall(r"[åäöÅÄÖ]", rest)


def test_every_closed_word_has_its_words() -> None:
    for column in (words.COST, words.RESULTS, words.DEVELOPMENT, words.NEED):
        assert set(column) == set(areas.SIDES.categories)
    assert set(words.CLASSES) == set(areas.CLASSES.categories)
    assert set(words.LEVELS) == set(vocabulary.LEVELS)
    assert set(words.TELLS) == set(TELLS)
    assert set(words.HORIZONS) == {*vocabulary.HORIZONS, None}
    assert set(words.MEASURE_STATUSES) == set(vocabulary.MEASURE_STATUSES)
    assert set(words.KINDS) == set(vocabulary.UNIT_KINDS)
    assert set(words.MISSING) == {*vocabulary.BENCHMARKS, "own", "price", "peers", "nation", "denominator"}


@pytest.mark.parametrize("width", [80, 100, 120])
def test_lines_fit_the_window(bundled: Assessment, all_units: Assessment, width: int) -> None:
    for assessment in (bundled, all_units):
        lines = terminal.as_text(assessment, width).splitlines()
        assert max(map(len, lines)) <= width
        assert all(line == line.rstrip() for line in lines)


def test_a_number_stays_with_its_measure(bundled: Assessment) -> None:
    assert "360\xa0mnkr" in terminal.as_text(bundled, 60)


def test_a_table_gives_room_where_it_is_needed() -> None:
    table = Table(("Område", "Antal"), (("ett långt namn på ett område", "1"), ("kort", "12 000")), frozenset({1}))
    assert terminal.render([table], 24).splitlines() == [
        "Område             Antal",
        "----------------  ------",
        "ett långt namn         1",
        "på ett område",
        "kort              12 000",
    ]


def test_a_list_stands_under_its_label_and_fields_under_their_heading() -> None:
    blocks = [Heading(3, "1. Rubrik"), Fields((("Varför", ("a", "b")), ("Var", "c"))), Paragraph("d"), Bullets(("e",))]
    assert terminal.render([*blocks, Heading(2, "Nytt"), Paragraph("f")]).splitlines() == [
        "1. Rubrik",
        "   Varför:",
        "     - a",
        "     - b",
        "   Var: c",
        "",
        "   d",
        "",
        "   - e",
        "",
        "Nytt",
        "----",
        "f",
    ]


# Several units, and other units than the home unit.


def test_several_units_are_told_in_numbers(all_units: Assessment) -> None:
    text = told(terminal.as_text(all_units))
    counts = dict(all_units.counts.group_by("status").agg(pl.col("count").sum()).iter_rows())
    assert "Genomlysning av 12 kommuner" in text
    assert f"{counts['flagged']} flaggade och {counts['clear']} inte flaggade; {counts['unknown']} kunde" in text
    assert f"Av sammanlagt {all_units.areas.height} områden" in text
    assert "Möjlig effektivisering" not in text, "twelve full reports"
    problems = all_units.areas.group_by("unit").agg(number=(pl.col("class") == "problem").sum())
    worst = problems.filter(pl.col("number") == pl.col("number").max())["unit"]
    first = re.search(r"Enhet +Id.*\n-.*\nKommun (\d+)", terminal.as_text(all_units))
    assert first and first[1] in worst


def test_measures_are_told_of_the_home_unit_only() -> None:
    tables = national() | {"measures": measures({"saving_kind": "amount", "saving_low": 100, "saving_high": 250})}
    assert "100–250" in terminal.as_text(assess(tables))
    other = told(terminal.as_text(assess(tables, unit="0003")))
    assert "Datamängdens åtgärder gäller Kommun 0000." in other
    assert "100–250" not in other
    assert "ingen åtgärd är beslutad" not in other, "nobody knows"


def test_a_data_set_without_measures_says_so() -> None:
    assert "Datamängden har inga beslutade åtgärder." in terminal.as_text(assess(national()))


def test_nothing_to_tell_is_told_too() -> None:
    text = told(terminal.as_text(assess(calm())))
    assert "Reglerna ger inga förslag till förflyttningar." in text
    assert "Reglerna visar inga styrkor." in text
    assert "Inga siffror saknas för bedömningarna." in text


@pytest.mark.parametrize(
    ("statuses", "said"),
    [
        (["ongoing", "done"], "förstärker ”Åtgärd 1” (pågår)"),
        (["done"], "förstärker ”Åtgärd 1” (genomförd)"),
        (["not_feasible", "stopped"], "ersätter ”Åtgärd 1” (går inte att genomföra) och ”Åtgärd 2” (avbruten)"),
    ],
)
def test_a_candidate_names_the_measures_it_builds_on(statuses: list[str], said: str) -> None:
    tables = dear() | {"measures": measures(*({"status": status} for status in statuses))}
    assert f"Tidigare beslut: {said}" in told(terminal.as_text(assess(tables)))


def test_money_is_told_where_it_can_be_computed() -> None:
    assert "belopp: 500 tkr om året" in told(terminal.as_text(assess(dear())))


def test_verdicts_that_no_figure_would_decide_are_told() -> None:
    tables = national() | {"measures": measures({"decided": None, "status": "not_started"})}
    text = told(terminal.as_text(assess(tables)))
    assert "Inte heller dessa kunde avgöras:" in text
    assert "Beslutad åtgärd har inte påbörjats: Åtgärd 1" in text


# What the data contain must not become something else.

HOSTILE = "| *x* <img src=x onerror=alert(1)> [a](javascript:b) `c` _d_ # e - f &amp; ~~g~~ \\|"
HIDDEN = f"{HOSTILE}\x1b[31m\n# a\r\n- \u202eb\u200b"  # not from a data set: its door refuses them


@pytest.fixture(scope="module")
def hostile() -> Assessment:
    tables = national(3) | {"measures": measures({"title": HOSTILE, "status": "not_started"})}
    tables["areas"] = tables["areas"].with_columns(title=pl.lit(HOSTILE), name=pl.lit(HOSTILE))
    tables["kpis"] = tables["kpis"].with_columns(title=pl.lit(HOSTILE), name=pl.lit(HOSTILE))
    tables["units"] = tables["units"].with_columns(title=pl.lit(HOSTILE))
    tables["dataset"] = tables["dataset"] | {"title": HOSTILE, "sources": [HOSTILE]}
    assessment = assess(tables)
    return dataclasses.replace(
        assessment,
        areas=assessment.areas.with_columns(title=pl.lit(HIDDEN)),
        candidates=assessment.candidates.with_columns(pl.lit(HIDDEN).alias(name) for name in ("title", "description")),
        findings=assessment.findings.with_columns(text=pl.lit(HIDDEN)),
    )


def test_markdown_shows_text_from_the_data_as_it_stands(hostile: Assessment) -> None:
    for assessment in (hostile, dataclasses.replace(hostile, units=("0000", "0001"))):
        text = markdown.as_markdown(assessment)
        assert not re.search(r"(?<!\\)(?:\\\\)*[<`\[]", text)
        assert not re.search(r"(?m)^\s*- - |^\s*#+ #", text)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        for row in rows:
            assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) in (4, 5, 6, 7, 8), row
        assert "\x1b" not in text and "\u202e" not in text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("8 093 kr/inv, 3,4 %", "8 093 kr/inv, 3,4 %"),
        ("a|b", r"a\|b"),
        ("*a* _b_", r"\*a\* \_b\_"),
        ("<b>", r"\<b\>"),
        ("[a](b)", r"\[a\](b)"),
        ("# a", r"\# a"),
        ("- a", r"\- a"),
        ("+ a", r"\+ a"),
        ("1. a", r"1\. a"),
        ("2024) a", r"2024\) a"),
        ("2024 a", "2024 a"),
        ("a\nb", "a b"),
        ("&lt;", r"\&lt;"),
        ("\\", "\\\\"),
    ],
)
def test_markdown_is_escaped(text: str, escaped: str) -> None:
    assert markdown.escape_line(text) == escaped


def test_nothing_from_the_data_steers_the_terminal(hostile: Assessment) -> None:
    text = terminal.as_text(hostile)
    assert not [char for char in set(text) if not (char.isprintable() or char in "\n\xa0")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("8\xa0093 kr", "8\xa0093 kr"),
        (" a \n\t b ", "a b"),
        ("a\x1b[2Jb", "a [2Jb"),
        ("a\u200b\u202eb", "ab"),
        ("a\xa0\nb", "a b"),
    ],
)
def test_texts_are_tidied(text: str, line: str) -> None:
    assert words.tidy(text) == line


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("−2 → ≥ – ” …", "cp850", '-2 -> >= - " ...'),
        ("− åäö ” –", "cp1252", "- åäö ” –"),
        ("8\xa0093\u2009kr", "cp1252", "8\xa0093 kr"),
        ("åäö é", "ascii", "aao e"),
        ("中", "cp1252", "?"),
        ("\udce5", "utf-8", "?"),
        ("− å", "utf-8", "− å"),
        ("− å", None, "− å"),
    ],
)
def test_the_console_is_given_what_it_can_show(text: str, encoding: str | None, shown: str) -> None:
    assert console.shown(text, encoding) == shown
    assert encoding is None or console.shown(text, encoding).encode(encoding)


@pytest.mark.parametrize(
    ("window", "is_window", "width"), [(80, True, 80), (300, True, 120), (20, True, 60), (80, False, 100)]
)
def test_the_window_decides_the_width(
    monkeypatch: pytest.MonkeyPatch, window: int, is_window: bool, width: int
) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: is_window)
    monkeypatch.setenv("COLUMNS", str(window))
    assert console.width(stream) == width


# Files.


def test_the_bytes_are_the_same_every_time(bundled: Assessment) -> None:
    again = assess()
    for form in FORMATS:
        assert form.files(bundled) == form.files(again)


def test_each_format_has_its_own_files(bundled: Assessment) -> None:
    written = [set(form.files(bundled)) for form in FORMATS]
    assert sum(map(len, written)) == len(set.union(*written))
    names = set(all_files(bundled, chosen("csv")))
    assert names == {"report.md", "assessment.json", *(f"{name}.csv" for name in bundled.frames)}


def test_parquet_has_the_frames_as_they_are(bundled: Assessment) -> None:
    for name, content in frames.parquet_files(bundled).items():
        assert_frame_equal(pl.read_parquet(content), bundled.frames[name.removesuffix(".parquet")])


def test_csv_is_as_a_swedish_excel_opens_it() -> None:
    frame = pl.DataFrame(
        {
            "text": ["=1+1", "+a", "-b", "@c", "\td", "\re", "plain", 'a;"b"', None],
            "number": [1.5, -2.0, float("inf"), float("nan"), 0.1, 1e22, 1234567.25, None, -0.5],
            "list": [["=a", "b"], ["c"], [], None, ["-d"], ["e"], ["f"], ["g"], ["h"]],
            "whole": [-1, 2, 3, 4, 5, 6, 7, 8, None],
            "flag": [True, False, None] * 3,
        }
    )
    content = frames.as_csv(frame)
    assert content.startswith(b"\xef\xbb\xbf") and content.count(b"\r\n") == 10
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[:4] == [
        "text;number;list;whole;flag",
        "'=1+1;1,5;'=a; b;-1;true".replace("'=a; b", '"\'=a; b"'),
        "'+a;-2,0;c;2;false",
        '\'-b;;"";3;',
    ]
    assert lines[4] == "'@c;;;4;true" and lines[8] == '"a;""b""";;g;8;false'
    back = pl.read_csv(content, separator=";", decimal_comma=True)
    finite = frame["number"].replace([float("inf")], [None]).fill_nan(None)
    assert back["number"].to_list() == finite.to_list()
    assert back["whole"].to_list() == frame["whole"].to_list()


def test_csv_of_an_assessment_reads_back(bundled: Assessment) -> None:
    for name, content in frames.csv_files(bundled).items():
        frame = bundled.frames[name.removesuffix(".csv")]
        back = pl.read_csv(content, separator=";", decimal_comma=True, infer_schema_length=None)
        assert back.columns == frame.columns and back.height == frame.height


def validate(assessment: Assessment) -> Mapping[str, Any]:
    text = json_.as_json(assessment)
    document: Mapping[str, Any] = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    Draft202012Validator(SCHEMA, format_checker=FormatChecker()).validate(document)
    return document


def test_the_json_follows_its_schema(bundled: Assessment, english: Assessment, all_units: Assessment) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    for assessment in (bundled, all_units, english, assess(calm())):
        document = validate(assessment)
        assert list(document) == list(SCHEMA["properties"])
        for name, property_ in SCHEMA["properties"].items():
            if property_.get("type") == "array" and document[name]:
                assert set(document[name][0]) == set(property_["items"]["properties"]), name


def test_the_json_says_what_the_run_was_of(bundled: Assessment) -> None:
    document = validate(bundled)
    assert document["dataset"]["as_of"] == "2025-09-01"
    assert document["units"] == [{"unit": "alingsas", "title": "Alingsås kommun", "kind": "municipality"}]
    assert [pack["sha256"] for pack in document["packs"]] == [BOOK.packs[0].sha256]
    assert len(document["followup"]) == 21 and len(document["candidates"]) == bundled.candidates.height


def test_a_limit_that_is_not_there_is_null_in_json() -> None:
    frame = pl.DataFrame({"lo": [1.0, float("-inf"), float("nan")]})
    assert json_.rows(frame) == [{"lo": 1.0}, {"lo": None}, {"lo": None}]


def test_the_documentation_has_every_column(bundled: Assessment) -> None:
    page = (ROOT / "docs" / "output.md").read_text(encoding="utf-8")
    for name, frame in {**bundled.frames, "followup": bundled.data.measures}.items():
        section = re.search(rf"^## {name}\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL)
        assert section, name
        assert sorted(re.findall(r"^\| `(\w+)` \|", section[1], re.MULTILINE)) == sorted(frame.columns), name
    for name in SCHEMA["properties"]:
        assert f"`{name}`" in page


# Whatever the data and the rules.


@settings(
    max_examples=12 * int(os.environ.get("GENOMLYS_EXAMPLES", "1")),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(tables())
def test_every_assessment_can_be_written(given_tables: Tables) -> None:
    data = read_dataset(given_tables)
    for unit, lang in ((None, "sv"), ("all", "en")):
        assessment = assess(data, BOOK, unit=unit, lang=lang)  # type: ignore[arg-type]
        assert terminal.as_text(assessment)
        validate(assessment)
        for form in FORMATS:
            assert form.files(assessment)
