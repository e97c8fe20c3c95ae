"""Loading packs: where they are, their hash and order, and that nothing but a RuleError ever comes of a bad one.

What single mistakes are told as is in ``tests/bad``, and that a pack that loads can be run in ``test_runs.py``.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import HEADER, rule

import genomlys
from genomlys.engine.conditions.base import SUBJECTS
from genomlys.engine.errors import Lang, Place, Problem, RuleError
from genomlys.engine.language import packfiles
from genomlys.engine.language.binding import MOST_MOVES
from genomlys.engine.language.pack import RuleBook, bundled_packs, load_rules
from genomlys.engine.language.reader import MOST_PROBLEMS
from genomlys.engine.language.yamlfile import MAX_BYTES

MOVE = """\
  - id: {id}
    when: {{any_kpi: dear}}
    title: Se över
    description: Gör en översyn.
    gain: Lägre kostnad.
    horizon: short
"""
# Long enough for a slow machine; what it must catch is what takes minutes.
IN_TIME = timedelta(seconds=20)


PACK = f"{HEADER}rules:\n{rule()}"


def write(path: Path, text: str | bytes = PACK) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems_of(*sources: str | Path) -> tuple[Problem, ...]:
    with pytest.raises(RuleError) as caught:
        load_rules(*sources)
    return caught.value.problems


def codes_of(*sources: str | Path) -> list[str]:
    return [problem.code for problem in problems_of(*sources)]


# Where a pack is


def test_a_pack_is_a_file_a_folder_or_a_bundled_ones_name(tmp_path: Path) -> None:
    file = write(tmp_path / "one.yaml")
    assert load_rules(file).rules == load_rules(str(file)).rules
    assert len(load_rules(tmp_path).rules) == 1
    assert load_rules().packs == load_rules("kommun").packs == load_rules(bundled_packs()["kommun"]).packs


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("komun", "sökvägen finns inte. Menade du 'kommun'?"),
        ("nowhere/rules", "sökvägen finns inte. Ange en mapp med .yaml-filer, en fil eller"),
        ("", "sökvägen finns inte. Ange"),
        (" ", "sökvägen finns inte. Ange"),
        ("a\0b", "sökvägen finns inte. Ange"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(source: str, said: str) -> None:
    (problem,) = problems_of(source)
    assert (problem.code, problem.place) == ("no-rules", Place(source))
    assert said in problem.say()


def test_a_name_that_no_file_can_have_is_told() -> None:
    (problem,) = problems_of("x" * 5000)
    assert problem.code in ("no-rules", "unreadable-file")


def test_a_folder_without_rule_files_is_told(tmp_path: Path) -> None:
    write(tmp_path / "rules.txt")
    write(tmp_path / ".rules.yaml", "what an editor leaves behind: [")
    (problem,) = problems_of(tmp_path)
    assert problem.say().startswith(f"{tmp_path}: mappen har inga .yaml-filer. Ange en mapp")


def test_the_suffix_may_be_in_capitals_and_hidden_files_are_left_aside(tmp_path: Path) -> None:
    write(tmp_path / "RULES.YAML")
    write(tmp_path / "._RULES.YAML", b"\0\1")
    assert len(load_rules(tmp_path).rules) == 1


def test_a_folder_that_is_called_as_a_file_is_told(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    (tmp_path / "b.yaml").mkdir()
    (problem,) = problems_of(tmp_path)
    assert (problem.code, problem.place) == ("unreadable-file", Place(str(tmp_path / "b.yaml")))
    assert "det är en mapp, inte en fil." in problem.say()


@pytest.mark.skipif(os.name == "nt", reason="Windows seldom lets a person make links")
def test_a_link_is_followed_and_one_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "a.yaml").symlink_to(write(tmp_path / "real.yaml"))
    assert len(load_rules(tmp_path / "pack" / ".." / "pack").rules) == 1
    (tmp_path / "pack" / "b.yaml").symlink_to(tmp_path / "gone.yaml")
    assert codes_of(tmp_path / "pack") == ["unreadable-file"]


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a.yaml")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    (problem,) = problems_of(file)
    assert problem.say() == (f"{file}: filen kan inte öppnas. Systemet svarar: Permission denied. [unreadable-file]")


def test_of_a_huge_file_no_more_is_read_than_tells_so(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    with file.open("wb") as out:
        out.truncate(50 * 1024 * 1024 * 1024)
    assert codes_of(file) == ["yaml-too-large"]
    assert len(packfiles.pack_files(file)[0][1]) == MAX_BYTES + 1


def test_a_folder_of_too_many_files_is_told(tmp_path: Path) -> None:
    for number in range(101):
        write(tmp_path / f"{number}.yaml")
    assert codes_of(tmp_path) == ["too-many-files"]


# Hash and order


def digest(path: Path) -> str:
    return load_rules(path).packs[0].sha256


def test_line_ends_and_a_byte_order_mark_do_not_change_the_hash(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml")
    plain = digest(file)
    places = [rule.place for rule in load_rules(file).rules]
    for other in (PACK.replace("\n", "\r\n"), "\ufeff" + PACK):
        assert digest(write(file, other)) == plain
        assert [rule.place for rule in load_rules(file).rules] == places


def test_any_other_change_changes_the_hash(tmp_path: Path) -> None:
    plain = digest(write(tmp_path / "a.yaml"))
    assert digest(write(tmp_path / "b.yaml")) != plain
    assert digest(write(tmp_path / "a.yaml", PACK + " ")) != plain


def test_rules_come_after_those_they_refer_to_and_else_as_written(tmp_path: Path) -> None:
    text = (
        HEADER
        + "rules:\n"
        + "".join(
            [
                rule("c", "{any: [{rule: b}, {rule: z}, {rule: a}]}"),
                rule("b", "{rule: a}"),
                rule("a"),
                rule("z"),
            ]
        )
    )
    order = [rule.id for rule in load_rules(write(tmp_path / "a.yaml", text)).rules]
    assert sorted(order) == ["a", "b", "c", "z"]
    assert order.index("a") < order.index("b") < order.index("c") > order.index("z")


def test_the_order_is_the_same_in_every_run() -> None:
    """Python hashes text differently in each process."""
    code = "from genomlys.engine.language.pack import load_rules; print([rule.id for rule in load_rules().rules])"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(genomlys.__file__).parents[1])},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert printed == {str([rule.id for rule in load_rules().rules]).encode() + os.linesep.encode()}


# Several mistakes, several files, several packs


def test_all_mistakes_of_all_files_are_told_at_once_in_order_of_place(tmp_path: Path) -> None:
    write(
        tmp_path / "a.yaml",
        f"{HEADER}rules:\n{rule(when='{is: abvoe, than: refrence}')}{rule('other', '{rule: nope}')}",
    )
    write(tmp_path / "b.yaml", "genomlys: 1\npack: prov\nruels: []\n")
    told = [(Path(p.place.file).name, p.place.line, p.place.column, p.code) for p in problems_of(tmp_path)]
    assert told == [
        ("a.yaml", 10, 16, "unknown-word"),
        ("a.yaml", 10, 29, "unknown-word"),
        ("a.yaml", 21, 18, "unknown-rule"),
        ("b.yaml", 3, 1, "unknown-word"),
    ]


def test_a_rule_with_a_mistake_can_still_be_referred_to(tmp_path: Path) -> None:
    text = f"{HEADER}rules:\n{rule(when='{is: abvoe, than: reference}')}{rule('other', '{rule: dear}')}"
    assert codes_of(write(tmp_path / "a.yaml", text)) == ["unknown-word"]


def test_a_rule_may_refer_to_one_of_another_pack(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml")
    second = write(tmp_path / "b.yaml", f"{HEADER.replace('prov', 'egna')}rules:\n{rule('dearer', '{rule: dear}')}")
    assert [rule.id for rule in load_rules(second, first).rules] == ["dear", "dearer"]
    assert codes_of(second) == ["unknown-rule"]


def test_a_pack_given_twice_is_one_problem(tmp_path: Path) -> None:
    assert codes_of("kommun", "kommun") == ["duplicate-pack"]
    assert "finns redan" in problems_of(write(tmp_path / "a.yaml"), write(tmp_path / "b.yaml"))[0].say()


def test_a_pack_that_is_not_there_hides_no_mistake_in_another(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", PACK.replace("goal: cost", "goal: costs"))
    assert sorted(codes_of("komun", file)) == ["no-rules", "unknown-word"]


def test_too_many_moves_are_told_at_the_first_too_many(tmp_path: Path) -> None:
    moves = "".join(MOVE.format(id=f"m{number}") for number in range(MOST_MOVES + 1))
    (problem,) = problems_of(write(tmp_path / "a.yaml", f"{PACK}moves:\n{moves}"))
    assert problem.code == "too-many-moves"
    assert problem.place.line == len((PACK + "moves:\n").splitlines()) + 6 * MOST_MOVES + 1


def test_a_flood_of_mistakes_ends(tmp_path: Path) -> None:
    words = ", ".join(f"x{number}" for number in range(20_000))
    found = problems_of(write(tmp_path / "a.yaml", PACK.replace("{kpi: {}}", f"{{kpi: {{category: [{words}]}}}}")))
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1].code == "too-many-problems"


# Whatever stands in the files, a rule book or a RuleError comes of it, and soon

LANGS: tuple[Lang, Lang] = ("sv", "en")
FUZZ = settings(deadline=IN_TIME, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


def loaded(folder: Path, text: str | bytes) -> RuleBook | None:
    """The book, or None after a look at what was told instead."""
    content = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    file = write(folder / "drawn.yaml", content)
    try:
        book = load_rules(file)
    except RuleError as error:
        assert 0 < len(error.problems) <= 2 * MOST_PROBLEMS + 2
        for problem in error.problems:
            assert problem.place.file == str(file)
            for lang in LANGS:
                assert problem.message.in_(lang)
                assert len(problem.say(lang)) < 2000
        return None
    assert book.rules or book.moves
    return book


@given(st.one_of(st.binary(), st.text()))
@FUZZ
def test_any_text_is_a_pack_or_a_rule_error(folder: Path, text: str | bytes) -> None:
    loaded(folder, text)
    loaded(folder, HEADER.encode() + (text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")))


@cache
def bundled_text() -> str:
    """The bundled pack as one file."""
    files = sorted(bundled_packs()["kommun"].iterdir())
    texts = [file.read_text(encoding="utf-8").split("\n", 2)[2] for file in files]
    rules = [text.partition("rules:\n")[2] for text in texts if "\nrules:\n" in f"\n{text}"]
    moves = [text.partition("moves:\n")[2] for text in texts if "\nmoves:\n" in f"\n{text}"]
    return "\n".join([HEADER.rstrip(), "rules:", *rules, "moves:", *moves])


@cache
def tokens() -> Sequence[str]:
    """Every scalar and sign of the bundled pack."""
    return sorted(set(re.findall(r'"[^"\n]*"|[\w.%-]+|[\[\]{}:,]', bundled_text())))


def cut(text: str, randomly: random.Random) -> str:
    """Some lines of the pack, so that what is changed is seldom at a place of no interest."""
    rules = text.split("\n  - id: ")
    return rules[0] + "".join("\n  - id: " + rule for rule in randomly.sample(rules[1:], 3))


def with_lines_changed(text: str, randomly: random.Random) -> str:
    lines = text.split("\n")
    for _ in range(randomly.randint(1, 3)):
        at, other = randomly.randrange(len(lines)), randomly.randrange(len(lines))
        match randomly.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[other])
            case 2:
                lines[at] = lines[other]
            case 3:
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                lines[at] = " " * randomly.randrange(9) + lines[at].lstrip()
        lines = lines or [""]
    return "\n".join(lines)


def with_tokens_swapped(text: str, randomly: random.Random) -> str:
    for _ in range(randomly.randint(1, 3)):
        places = [match.span() for match in re.finditer(r'"[^"\n]*"|[\w.%-]+|[\[\]{}:,]', text)]
        start, end = randomly.choice(places)
        text = text[:start] + randomly.choice([*tokens(), ""]) + text[end:]
    return text


@given(st.randoms(use_true_random=False), st.sampled_from([with_lines_changed, with_tokens_swapped]))
@FUZZ
def test_a_bundled_pack_that_was_tampered_with_is_a_pack_or_a_rule_error(
    folder: Path, randomly: random.Random, tampered: Callable[[str, random.Random], str]
) -> None:
    loaded(folder, tampered(bundled_text() if randomly.random() < 0.2 else cut(bundled_text(), randomly), randomly))


VOCABULARY = """
    genomlys pack version title rules moves id tells goal for_each when severity because why limits source examples
    horizon description gain kpi area measure signal category direction has lacks priority all any not at_least of as is
    than by in for older_than rule any_kpi all_kpis kpis status saving past_due any_measure kind newer_than any_signal
    above below worse better rising falling missing stale reference peers.mean target material cost results
    low medium high years own expect text margin money as_of sv en 1 0 -1 2 2024 dear {kpi} {gap} {years:a|b}
    ekonomi lower done law yes no
"""
PHRASES = ("5 %", "100 kr/inv", "2 of 3 years", "3 years", "6 months", "own 1 year ago", "", "9" * 400)
WORDS = st.sampled_from((*VOCABULARY.split(), *PHRASES))
VALUES = st.recursive(
    WORDS,
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(WORDS, below, max_size=5)),
    max_leaves=25,
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("dear") | WORDS,
        "title": VALUES,
        "goal": st.just("cost") | VALUES,
        "for_each": st.sampled_from(SUBJECTS).map(lambda subject: {subject: {}}) | VALUES,
        "when": VALUES,
        "severity": VALUES,
        "because": VALUES,
        "why": VALUES,
        "limits": VALUES,
        "source": VALUES,
        "examples": VALUES,
    },
)


@given(st.lists(RULES | VALUES, max_size=3), VALUES)
@FUZZ
def test_any_tree_of_the_languages_own_words_is_a_pack_or_a_rule_error(
    folder: Path, rules: list[object], moves: object
) -> None:
    tree = {"genomlys": "1", "pack": "prov", "version": "1", "title": "Prov", "rules": rules, "moves": moves}
    loaded(folder, json.dumps(tree, ensure_ascii=False))
