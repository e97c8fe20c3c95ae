"""What the README shows is what happens: its Python examples run, and its output is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import genomlys

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")

EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

# `<!-- output: genomlys assess -->` stands before the block that shows it. A line of only … stands for any lines.
OUTPUTS = re.findall(r"^<!-- output: (genomlys [^(>]+?) -->\n+```text\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(arguments: list[str], folder: Path) -> str:
    """What Python prints in an empty folder: an example must not lean on where the repository is."""
    package = str(Path(genomlys.__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": package, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def missing(shown: str, printed: str) -> str | None:
    """The first line of `shown` that `printed` does not have after the ones before it, as a whole line."""
    rest = iter(line.rstrip() for line in printed.splitlines())
    for line in map(str.rstrip, shown.splitlines()):
        if line.strip() not in ("", "…") and line not in rest:  # `in` reads on from where it stopped
            return line
    return None


def test_every_output_says_which_command_printed_it() -> None:
    assert len(OUTPUTS) == len(re.findall(r"^```text$", README, re.MULTILINE))


def test_missing_finds_what_is_not_printed_in_this_order() -> None:
    printed = "one\ntwo  \nthree\n"
    assert missing("one\n…\nthree\n", printed) is None
    assert missing("two\n", printed) is None
    assert missing("three\none\n", printed) == "one"
    assert missing("tw\n", printed) == "tw"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_python_examples_run(example: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(example, encoding="utf-8")
    run([str(script)], tmp_path)


@pytest.mark.parametrize(("command", "shown"), OUTPUTS)
def test_the_output_shown_is_what_is_printed(command: str, shown: str, tmp_path: Path) -> None:
    printed = run(["-c", "from genomlys.cli import main; main()", *command.split()[1:]], tmp_path)
    line = missing(shown, printed)
    assert line is None, f"README.md shows a line that `{command}` does not print (there): {line}"
