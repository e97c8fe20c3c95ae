"""The command line: what it prints where, its exit codes, and that it leaves nothing half written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result
from samples import calm, folder, measures, national

import genomlys
from genomlys.cli import main
from genomlys.engine.errors import UsageError
from genomlys.engine.report.files import write_files

BAD = Path(__file__).resolve().parent / "bad"
ROOT = Path(__file__).parents[1]
BUNDLED = ROOT / "datasets" / "alingsas-2025"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def start(*arguments: str, environment: Mapping[str, str] = {}, **how: Any) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    variables = os.environ | {"PYTHONPATH": str(Path(genomlys.__file__).parents[1])} | dict(environment)
    command = [sys.executable, "-W", "error", "-m", "genomlys.cli", *arguments]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how)


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("country"), national(4))


# What is printed, and where.


def test_assess_prints_the_report_of_the_bundled_data_set() -> None:
    done = run("assess")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Genomlysning av Alingsås kommun\n=====")
    assert done.stdout.splitlines()[-1].endswith("tabeller.")


def test_assess_speaks_english() -> None:
    assert run("assess", "--lang", "en").stdout.startswith("Review of Alingsås kommun\n")


def test_assess_takes_a_data_set_a_unit_and_a_day(country: Path) -> None:
    done = run("assess", country, "--unit", "0002", "--as-of", "2023")
    assert done.exit_code == 0
    assert "Genomlysning av Kommun 0002" in done.stdout and "Läge: 2023-12-31" in done.stdout
    assert "Läge: 2023-06-30" in run("assess", country, "--as-of", "2023-06-30").stdout


def test_assess_takes_several_units(country: Path) -> None:
    assert "Genomlysning av 2\xa0kommuner" in run("assess", country, "--unit", "0001", "--unit", "0002").stdout
    assert "Genomlysning av 4\xa0kommuner" in run("assess", country, "--unit", "all").stdout


def test_assess_takes_rules(country: Path, tmp_path: Path) -> None:
    copy = tmp_path / "egna.yaml"
    text = (ROOT / "rules" / "kommun" / "cost.yaml").read_text(encoding="utf-8").replace("pack: kommun", "pack: egna")
    copy.write_text(text.replace("pack: egna", "pack: egna\nversion: 7\ntitle: Egna regler", 1), encoding="utf-8")
    assert "Egna regler (egna 7, sha256" in run("assess", country, "--rules", copy).stdout


@pytest.mark.parametrize(("lang", "total"), [("sv", "2 fel."), ("en", "2 errors.")])
def test_every_problem_of_the_data_is_told_and_nothing_else(
    country: Path, tmp_path: Path, lang: str, total: str
) -> None:
    data = folder(tmp_path, national(1))
    kpis = (data / "kpis.csv").read_text(encoding="utf-8")
    (data / "kpis.csv").write_text(
        kpis.replace("lower", "lover", 1).replace("kvalitet", "kvallitet", 1), encoding="utf-8"
    )
    for command in (["assess", data, "--out", tmp_path / "out"], ["check", data]):
        done = run(*command, "--lang", lang)
        assert (done.exit_code, done.stdout) == (1, "")
        lines = done.stderr.splitlines()
        assert len(lines) == 3 and lines[-1] == total
        assert all("kpis.csv" in line and line.endswith("]") for line in lines[:2])
    assert not (tmp_path / "out").exists()


def test_every_problem_of_the_rules_is_told(tmp_path: Path) -> None:
    rules = tmp_path / "r.yaml"
    rules.write_text("genomlys: 1\npack: p\nversion: 1\ntitle: P\nrulez: []\n", encoding="utf-8")
    done = run("assess", "--rules", rules)
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"{rules}:5:1: " in done.stderr and done.stderr.endswith("1 fel.\n")


USAGE = [
    (["assess", "--unit", "alingas"], "Menade du 'alingsas'?"),
    (["assess", "--format", "excel", "--out", "x"], "--format: formatet 'excel' är okänt."),
    (["assess", "--as-of", "20244"], "--as-of: '20244' är varken ett år eller ett datum."),
    (["assess", "--as-of", "2024-02-30"], "är varken ett år eller ett datum."),
    (["assess", "--as-of", "0001"], "är varken ett år eller ett datum."),
    (["assess", "--lang", "de"], "--lang: skriv något av sv, en."),
    (["assess", "--fail-on", "hög"], "--fail-on: skriv något av low, medium, high."),
    (["assess", "--unit"], "Växeln --unit ska följas av ett värde."),
    (["assess", "--untis", "x"], "Det finns ingen växel --untis. Menade du --unit"),
    (["assess", "a", "b"], "För mycket på raden: b."),
    (["asess"], "Det finns inget kommando 'asess'. Skriv något av: assess, "),
    (["check"], "PATH... saknas."),
    (["explain"], "ID saknas."),
    (["explain", "lokalhyro"], "Menade du 'lokalhyror'?"),
]


@pytest.mark.parametrize(("arguments", "told"), USAGE)
def test_a_question_that_cannot_be_asked_is_told_in_swedish(arguments: list[str], told: str) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr
    assert "Usage" not in done.stderr and "Error" not in done.stderr


@pytest.mark.parametrize("command", ["assess", "check", "explain", ""])
def test_help_is_in_swedish(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.exit_code == 0
    assert done.stdout.startswith("Användning: ") and "Växlar:" in done.stdout
    assert not {"Usage:", "Options:", "Commands:", "Show", "exit."} & set(done.stdout.split())
    done.stdout.encode("cp850")


def test_no_command_shows_the_help() -> None:
    assert "Kommandon:" in run().output


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"genomlys {genomlys.__version__}\n"


# Flags as an exit code.


@pytest.mark.parametrize("level", ["low", "medium", "high"])
def test_fail_on_counts_problems_at_its_level_and_above(level: str, tmp_path: Path) -> None:
    assert run("assess", "--fail-on", level).exit_code == 3
    assert run("assess", folder(tmp_path, calm()), "--fail-on", level).exit_code == 0


def test_fail_on_takes_no_account_of_lower_levels_or_strengths(tmp_path: Path) -> None:
    # A measure without an amount is a problem of the lowest level; the cost is a strength.
    tables = calm() | {"measures": measures({"decided": "2023-01-01", "horizon": "long"})}
    tables["values"] = tables["values"].with_columns(value=pl.lit(90.0))
    data = folder(tmp_path, tables)
    done = {level: run("assess", data, "--fail-on", level) for level in ("low", "medium", "high")}
    assert {level: result.exit_code for level, result in done.items()} == {"low": 3, "medium": 0, "high": 0}
    assert done["low"].stderr == "Problem med minst den allvarsgrad som --fail-on low anger: 1.\n"
    assert "under referenskostnaden" in done["low"].stdout


# Files.


def test_out_writes_every_file_and_tells_where(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    done = run("assess", "--out", out)
    assert done.exit_code == 0 and done.stdout == run("assess").stdout
    assert done.stderr == f"14 filer i {out}.\n"
    names = {path.name for path in out.iterdir()}
    assert len(names) == 14 and {"report.md", "assessment.json", "findings.csv"} <= names
    assert json.loads((out / "assessment.json").read_text(encoding="utf-8"))["lang"] == "sv"
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    run("assess", "--out", out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first


def test_out_writes_parquet(tmp_path: Path) -> None:
    assert run("assess", "--out", tmp_path, "--format", "parquet").exit_code == 0
    assert pl.read_parquet(tmp_path / "findings.parquet").height
    assert not list(tmp_path.glob("*.csv"))


def test_out_must_be_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    for out in (file, file / "below"):
        done = run("assess", "--out", out)
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{file}: här finns en fil.")


NEW = {"a.csv": b"new a", "b.csv": b"new b", "c.csv": b"new c"}


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
@pytest.mark.parametrize("calls", range(1, 5))
def test_files_are_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
) -> None:
    """The disk fills up, or Excel holds a file, at any moment."""
    (tmp_path / "a.csv").write_bytes(b"old a")
    (tmp_path / "c.csv").write_bytes(b"old c")
    real, done = getattr(Path, step), 0

    def fails(self: Path, *arguments: Any) -> Any:
        nonlocal done
        done += 1
        if done == calls:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *arguments)

    monkeypatch.setattr(Path, step, fails)
    if step == "write_bytes" and calls > 3:
        write_files(tmp_path, NEW)
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == NEW
        return
    with pytest.raises(UsageError, match="cannot be written"):
        write_files(tmp_path, NEW)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.csv": b"old a", "c.csv": b"old c"}


def test_a_folder_that_was_made_in_vain_goes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError):
        write_files(tmp_path / "a" / "b", NEW)
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_place_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(UsageError, match=r"b\.csv"):
        write_files(tmp_path, NEW)
    assert [path.name for path in tmp_path.iterdir()] == ["b.csv"]


# check


def test_check_says_what_was_read(country: Path) -> None:
    done = run("check", country, "kommun", BUNDLED / "dataset.yaml")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.replace("\xa0", " ").splitlines()
    assert lines[0].startswith(f"{country}: Alla kommuner, 2024-12-31. 4 enheter, 6 nyckeltal, ")
    assert "35 nyckeltal" in lines[1] and "21 åtgärder" in lines[1]
    assert lines[2].startswith("kommun: Allmänna regler för en kommun (kommun ") and lines[3] == "Inga fel."
    assert run("check", "kommun", "--lang", "en").stdout.endswith("No errors.\n")


def test_check_tells_data_from_rules(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    about = tmp_path / "about.yaml"
    about.write_text("title: T\nunit: u\nas_of: 2024\n", encoding="utf-8")
    rules = tmp_path / "rules" / "r.yml"
    rules.write_text("genomlys: 1\npack: p\nrules: []\n", encoding="utf-8")
    table = tmp_path / "kpis.csv"
    table.write_text("kpi\n", encoding="utf-8")
    for path, code in (
        (about, "missing-table"),
        (rules, "pack-version"),
        (rules.parent, "pack-version"),
        (table, "neither-data-nor-rules"),
        (tmp_path / "nothing", "no-folder"),
        (tmp_path / "nothing.yaml", "no-rules"),
    ):
        done = run("check", path)
        assert done.exit_code == 1 and f"[{code}]" in done.stderr, (path, done.stderr)


def test_check_tells_in_which_data_set_a_problem_is(tmp_path: Path, country: Path) -> None:
    bad = folder(tmp_path / "bad", national(1))
    (bad / "areas.csv").unlink()
    done = run("check", country, bad)
    assert done.exit_code == 1
    assert f"{bad / 'areas.csv'}: tabellen areas saknas." in done.stderr
    assert done.stdout.startswith(f"{country}: ") and "Inga fel" not in done.stdout


def test_check_reads_packs_together(tmp_path: Path) -> None:
    pack = (ROOT / "rules" / "kommun" / "moves.yaml").read_text(encoding="utf-8")
    path = tmp_path / "moves.yaml"
    own = pack.replace("pack: kommun", "pack: egna\nversion: 1\ntitle: Egna").replace("id: ", "id: own-")
    path.write_text(own, encoding="utf-8")
    assert run("check", "kommun", path).exit_code == 0
    assert "[unknown-rule]" in run("check", path).stderr


# rules


def test_rules_check_tells_of_a_pack_that_holds() -> None:
    done = run("rules", "check")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("kommun: ") and done.stdout.endswith("Inga fel.\n")


def test_rules_check_points_at_what_is_wrong() -> None:
    done = run("rules", "check", BAD / "compare-misspelt-side.yaml")
    assert done.exit_code == 1 and "^" in done.stdout and "Menade du 'above'?" in done.stdout
    assert done.stdout.endswith("1 fel.\n")


def test_a_warning_is_no_error_unless_asked_for() -> None:
    pack = BAD / "lint-number-in-text.yaml"
    done = run("rules", "check", pack)
    assert done.exit_code == 0 and "varning: " in done.stdout and done.stdout.endswith("1 varning.\n")
    assert run("rules", "check", pack, "--strict").exit_code == 1
    assert run("rules", "check", "--strict").exit_code == 0
    done = run("check", pack)
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "Inga fel.") and "varning: " in done.stderr


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_rules_check_writes_for_machines_whatever_was_found(form: str) -> None:
    for packs, code in ((["kommun"], 0), ([BAD / "lint-above-and-below.yaml"], 1)):
        done = run("rules", "check", *packs, "--format", form)
        assert (done.exit_code, done.stderr) == (code, "") and json.loads(done.stdout)


@pytest.mark.parametrize("name", ["pack", "dataset", "waivers"])
def test_rules_schema_writes_what_is_committed(name: str) -> None:
    committed = (ROOT / "rules" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert run("rules", "schema", name).stdout == committed


def test_a_schema_is_the_same_on_any_console() -> None:
    process = start("rules", "schema", environment={"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"})
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out.decode("ascii")) == json.loads((ROOT / "rules" / "pack.schema.json").read_text("utf-8"))


# explain


def test_explain_shows_the_figures_behind_a_verdict() -> None:
    done = run("explain", "cost-development/lokalhyror")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "360" in done.stdout and "313" in done.stdout


def test_explain_takes_a_data_set_and_a_unit(country: Path) -> None:
    done = run("explain", "k0", country, "--unit", "0001", "--lang", "en")
    assert done.exit_code == 0 and "Kommun 0001" in done.stdout


def test_the_report_ends_with_a_question_that_explain_answers() -> None:
    asked = re.search(r"^Mer: genomlys explain (\S+) ", run("assess").stdout, re.MULTILINE)
    assert asked and run("explain", asked[1]).exit_code == 0


# A real console.


@pytest.mark.parametrize("encoding", ["cp1252", "cp850"])
def test_a_swedish_windows_console_gets_swedish(encoding: str) -> None:
    process = start("assess", environment={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    text = out.decode(encoding)
    assert "Målet är bättre resultat" in text and "?" not in text
    assert ("–" in text) == (encoding == "cp1252")


@pytest.mark.parametrize("encoding", ["cp1252", "cp850"])
def test_problems_can_be_told_on_any_console(encoding: str) -> None:
    process = start("check", "finns−inte→", environment={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    out, err = process.communicate()
    assert (process.returncode, out) == (1, b"")
    assert err.decode(encoding).splitlines()[0].startswith("finns-inte->: det finns ingen sådan mapp.")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_whoever_stops_reading_is_left_in_peace() -> None:
    process = start("assess", "--fail-on", "high")
    assert process.stdout and process.stderr
    process.stdout.close()
    err = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 3, "the exit code is what it would have been"
    assert err == "Problem med minst den allvarsgrad som --fail-on high anger: 3.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_plainly() -> None:
    variables = os.environ | {"PYTHONPATH": str(Path(genomlys.__file__).parents[1])}
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "genomlys.cli", "check", "kommun"]
        done = subprocess.run(command, env=variables, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode != 0 and b"Traceback" not in done.stderr and b"No space left" in done.stderr


def test_numpy_starts_no_threads_unless_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    assert run("rules", "list").exit_code == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert run("rules", "list").exit_code == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
