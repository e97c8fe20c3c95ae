"""Coverage-guided fuzzing of what is read of rule files: run by hand, it goes on until something else than an error
of the project's own comes out, or the time is out.

    pip install -e ".[fuzz]"
    python tests/fuzz_packs.py [rules|waivers] -max_total_time=300

Arbitrary bytes give a rule book (waivers) or a RuleError, and nothing else. The bundled pack and the one-mistake packs
are where it begins; what it finds is kept in a folder of its own and forgotten afterwards.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["genomlys.engine.language", "genomlys.engine.conditions"]):
    from genomlys.engine.errors import RuleError
    from genomlys.engine.language.pack import bundled_packs, load_rules
    from genomlys.engine.language.waivers import read_waivers

HERE = Path(__file__).resolve().parent


def rules(folder: Path) -> Callable[[bytes], None]:
    """Loads the bytes as a pack, which may use the bundled one."""
    file = folder / "drawn.yaml"

    def one(content: bytes) -> None:
        file.write_bytes(content)
        try:
            load_rules(file)
        except RuleError as error:
            assert error.problems
            for problem in error.problems:
                assert problem.say("sv") and problem.say("en")

    return one


def waivers(_folder: Path) -> Callable[[bytes], None]:
    def one(content: bytes) -> None:
        try:
            read_waivers(content, "waivers.yaml")
        except RuleError as error:
            assert error.problems

    return one


def main() -> None:
    asked = sys.argv[1] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else "rules"
    target = {"rules": rules, "waivers": waivers}[asked]
    with tempfile.TemporaryDirectory() as name:
        corpus = Path(name) / "corpus"
        corpus.mkdir()
        for file in [*(HERE / "bad").glob("*.yaml"), *bundled_packs()["kommun"].glob("*.yaml")]:
            shutil.copy(file, corpus / file.name)
        options = [option for option in sys.argv[1:] if option.startswith("-")]
        atheris.Setup([sys.argv[0], *options, "-max_len=20000", "-timeout=20", str(corpus)], target(Path(name)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
