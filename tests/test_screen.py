"""``screen`` says the same as ``assess``, in blocks of any size, from frames and files, on any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import genomlys
from genomlys.engine import truth
from genomlys.engine.dataset import Dataset, bundled_dataset, read_dataset
from genomlys.engine.language.pack import load_rules
from genomlys.engine.screen import TELL, Screening, screen, screened
from genomlys.engine.verdicts import judge
from tests.strategies import Tables, Words, books, tables
from tests.test_laws import law, load

KEY = ["rule", "subject", "unit"]


def units(data: Dataset) -> tuple[str, ...]:
    return tuple(data.units["unit"].sort())


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.Enum).cast(pl.String), pl.col(pl.Categorical).cast(pl.String))


def assert_same(one: Screening, other: Screening) -> None:
    assert_frame_equal(one.verdicts, other.verdicts, check_exact=True)
    assert_frame_equal(one.counts, other.counts)


def assert_as_assessed(data: Dataset, found: Screening) -> None:
    judged = judge(data, found.book, found.units, data.as_of.year, "sv", ("flagged", "unknown"))
    wanted = judged.verdicts.select(found.verdicts.columns).sort(KEY)
    # Told of the flagged verdicts on KPIs.
    told = (pl.col("status") == "flagged") & pl.col("rule").is_in(
        [r.id for r in found.book.rules if r.subject == "kpi"]
    )
    wanted = wanted.with_columns(pl.when(told).then(name).alias(name) for name in TELL if name in wanted.columns)
    assert_frame_equal(as_text(found.verdicts), as_text(wanted), check_exact=True)
    assert_frame_equal(as_text(found.counts), as_text(judged.tally))


@law(40)
@given(tables(), books(), st.sampled_from([1, 2, 5, 60_000]), st.sampled_from([None, 1, 2]))
def test_a_screening_says_the_same_as_an_assessment_in_blocks_of_any_size(
    given_tables: Tables, rules: list[Words], series: int, block: int | None
) -> None:
    data, book = read_dataset(given_tables), load(rules)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(truth, "_SERIES", series)
        found = screened(data, book, units(data), block=block)
        assert_as_assessed(data, found)
        assert_as_assessed(data, screened(data, book, units(data), tell=TELL, block=block))
    assert_same(found, screened(data, book, units(data)))


@law(15)
@given(tables(), books())
def test_a_unit_is_told_the_same_alone_and_among_all(given_tables: Tables, rules: list[Words]) -> None:
    data, book = read_dataset(given_tables), load(rules)
    everyone = screened(data, book, units(data))
    for unit in everyone.units:
        alone = as_text(screened(data, book, (unit,)).verdicts)
        assert_frame_equal(alone, as_text(everyone.verdicts).filter(pl.col("unit") == unit), check_exact=True)


def test_the_bundled_data_set_is_screened_as_it_is_assessed() -> None:
    data = read_dataset(bundled_dataset())
    assert_as_assessed(data, screen(data))


def test_a_folder_of_parquet_files_is_screened_as_the_frames_in_them(tmp_path: Path) -> None:
    data = read_dataset(bundled_dataset())
    (tmp_path / "dataset.yaml").write_bytes((bundled_dataset() / "dataset.yaml").read_bytes())
    for name in ("units", "kpis", "values", "benchmarks", "areas", "measures", "signals"):
        getattr(data, name).write_parquet(tmp_path / f"{name}.parquet")
    assert_same(screen(tmp_path, load_rules()), screen(data, load_rules()))


CODE = """
import sys
import genomlys
found = genomlys.screen(sys.argv[1])
for frame in (found.verdicts, found.counts):
    sys.stdout.write(frame.write_csv(float_precision=17))
"""


@pytest.mark.parametrize("threads", ["1", "3"])
def test_the_number_of_threads_changes_no_bit(threads: str) -> None:
    where = str(Path(genomlys.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": where, "PYTHONUTF8": "1", "POLARS_MAX_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(bundled_dataset())], env=environment, capture_output=True, check=True
    )
    found = screen(bundled_dataset())
    here = "".join(frame.write_csv(float_precision=17) for frame in (found.verdicts, found.counts))
    assert done.stdout.decode().replace("\r\n", "\n") == here
