"""Common slips are told with the very word to write instead."""

from __future__ import annotations

import pytest

from genomlys.engine.door import slips
from genomlys.engine.door.raw import column_names
from genomlys.engine.door.slips import column_remedy, number_remedy, word_remedy
from genomlys.engine.errors import Text
from genomlys.engine.tables import TABLES, fields

COLUMNS = {table: column_names(fields(table)) for table in TABLES}
WORDS = {(table, field.name): field.words for table in TABLES for field in fields(table) if field.words}


def suggested(remedy: Text) -> str:
    """The one word that a remedy suggests, or nothing."""
    if not remedy.sv.startswith("Menade du"):
        return ""
    (_, word, _), (_, same, _) = remedy.sv.split("'"), remedy.en.split("'")
    assert word == same
    return word


@pytest.mark.parametrize(
    ("table", "header", "column"),
    [
        ("values", "kommun", "unit"), ("values", "enhet", "unit"), ("values", "nyckeltal", "kpi"),
        ("values", "år", "year"), ("values", "värde", "value"), ("values", "källa", "source"),
        ("kpis", "titel", "title"), ("kpis", "område", "area"), ("kpis", "mått", "measure"),
        ("kpis", "riktning", "direction"), ("kpis", "kategori", "category"), ("kpis", "decimaler", "decimals"),
        ("measures", "åtgärd", "measure"), ("measures", "datum", "decided"), ("signals", "datum", "date"),
        ("units", "typ", "kind"), ("peers", "grupp", "group"), ("kpis", "grupp", "peer_group"),
        ("values", "vlaue", "value"), ("measures", "enhet", ""), ("values", "", ""),
    ],
)  # fmt: skip
def test_a_header_in_swedish_gives_the_name_of_the_column(table: str, header: str, column: str) -> None:
    assert suggested(column_remedy(header, COLUMNS[table])) == column


@pytest.mark.parametrize(
    ("table", "column", "text", "word"),
    [
        ("kpis", "direction", "lägre", "lower"), ("kpis", "direction", "Högre", "higher"),
        ("kpis", "direction", "mål", "target"), ("units", "kind", "kommun", "municipality"),
        ("units", "kind", "riket", "nation"), ("benchmarks", "benchmark", "riket", "nation.mean"),
        ("measures", "status", "pågår", "ongoing"), ("measures", "status", "genomförd", "done"),
        ("measures", "status", "Ej  påbörjad", "not_started"), ("measures", "status", "stoppad", "stopped"),
        ("measures", "horizon", "kort sikt", "short"), ("measures", "horizon", "lång sikt", "long"),
        ("measures", "horizon", "utreds", "investigate"), ("values", "status", "preliminär", "preliminary"),
        ("values", "status", "okej", "ok"), ("signals", "kind", "lag", "law"), ("kpis", "direction", "xyz", ""),
    ],
)  # fmt: skip
def test_a_word_in_swedish_gives_the_word_of_the_table(table: str, column: str, text: str, word: str) -> None:
    assert suggested(word_remedy(text, WORDS[table, column])) == word


def test_every_translation_is_of_a_column_or_word_that_there_is() -> None:
    assert set(slips._COLUMNS) <= {name for names in COLUMNS.values() for name in names}
    assert set(slips._WORDS) <= {word for words in WORDS.values() for word in words}


def test_no_swedish_word_stands_for_two_columns_or_words_of_one_list() -> None:
    for translations, lists in ((slips._COLUMNS, COLUMNS.values()), (slips._WORDS, WORDS.values())):
        for known in lists:
            swedish = [word for name in known for word in translations.get(name, "").split("; ") if word]
            assert len(swedish) == len(set(swedish))
            assert not set(swedish) & set(known)


@pytest.mark.parametrize("text", ["x", "", "12:30", "5 % %", "0x5", "NaN", "9" * 400, "1" + " " * 100_000 + "1-2"])
@pytest.mark.parametrize("column", ["value", "saving_low", "year", "n"])
def test_what_is_no_common_slip_has_no_remedy_of_its_own(text: str, column: str) -> None:
    assert number_remedy(text, "values", column) is None
