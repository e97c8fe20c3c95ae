"""Whatever stands in a file that a stranger wrote, an answer or an error of the project's own comes of it, and soon.

Beside test_pack.py, which does the same to rules alone: packs that use and change others, waivers, lock files, and what
only a file made to do harm has.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples import HEADER, rule

from genomlys.engine.errors import RuleError
from genomlys.engine.language import binding, packfiles, rules
from genomlys.engine.language.locking import lock_file, lock_problems, lock_text
from genomlys.engine.language.pack import RuleBook, load_rules
from genomlys.engine.language.waivers import Waiver, read_waivers
from genomlys.engine.language.words import THRESHOLDS

SOON = timedelta(seconds=20)
FUZZ = settings(deadline=SOON, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FEW = settings(FUZZ, max_examples=40)  # each reads the bundled pack


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


def as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")


def loaded(folder: Path, text: str | bytes) -> RuleBook | None:
    file = folder / "prov.yaml"
    file.write_bytes(as_bytes(text))
    try:
        return load_rules(file)
    except RuleError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.message.sv and problem.message.en and len(problem.say()) < 2000
        return None


# Packs that use others

OTHER_WORDS = "rule move off severity condition reason decided examples x"
KEYS = st.sampled_from((*THRESHOLDS, *OTHER_WORDS.split()))
WORDS = """
    cost-above-reference worsening uneven slow-the-cost measure-not-started total run
    material 1 2 9 yes no low high 2026-03-01 Skäl. {kpi} ~
"""
PHRASES = ("3 %", "300 %", "-1 %", "2 of 3 years", "4 years", "0 years", "6 months", "95 %", "", "9" * 400)
SCALARS = st.sampled_from((*WORDS.split(), *PHRASES))
INNER = st.sampled_from(("low", "medium", "high", "2024", "2026", "source", "sv", "en"))
VALUES = st.recursive(
    SCALARS,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(INNER, below, max_size=4)),
    max_leaves=8,
)
CHANGES = st.dictionaries(KEYS, VALUES, max_size=6) | st.builds(
    lambda rule, word, value: {"rule": rule, word: value, "reason": "Skäl."},
    st.sampled_from(("cost-above-reference", "worsening", "uneven", "cost-development", "measure-not-started")),
    KEYS,
    VALUES,
)


@given(st.lists(CHANGES | VALUES, max_size=4))
@FEW
def test_any_change_to_the_bundled_pack_is_a_book_or_a_rule_error(folder: Path, changes: list[object]) -> None:
    tree = {"genomlys": "1", "pack": "prov", "version": "1", "title": "Prov", "use": ["kommun@2026.1"]}
    book = loaded(folder, json.dumps(tree | {"override": changes}, ensure_ascii=False))
    if book is not None:
        assert len(book.overrides) == len(changes)


@given(st.lists(st.text(max_size=30) | st.sampled_from(("kommun@2026.1", "prov@1", "../x@1", "/@1", "x@")), max_size=4))
@FEW
def test_whatever_is_used_nothing_but_listed_files_is_read(folder: Path, names: list[str]) -> None:
    opened: list[Path] = []
    open_ = Path.open

    def noting(self: Path, *args: object, **words: object) -> object:
        opened.append(self)
        return open_(self, *args, **words)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "open", noting)
        loaded(folder, json.dumps({"genomlys": "1", "pack": "prov", "version": "1", "title": "Prov", "use": names}))
    bundled = packfiles.bundled_packs()["kommun"]
    assert {path.parent for path in opened} <= {folder, bundled}


@given(st.dictionaries(st.sampled_from(("2024", "2026", "1800", "20", "source", "x")), SCALARS, max_size=4))
@FUZZ
def test_any_threshold_by_year_is_a_rule_or_a_rule_error(folder: Path, by: dict[str, str]) -> None:
    when = json.dumps({"is": "above", "than": "reference", "by": by}, ensure_ascii=False)
    book = loaded(folder, f"{HEADER}rules:\n{rule(when=when)}")
    if book is not None:
        years = sorted(int(year) for year in by if year != "source")
        assert [year for year, _ in book.rules[0].variants] == years and "source" in by


# Waivers and lock files


def waivers(text: str | bytes) -> tuple[Waiver, ...] | None:
    try:
        return read_waivers(as_bytes(text), "waivers.yaml")
    except RuleError as error:
        assert error.problems and all(problem.place.file == "waivers.yaml" for problem in error.problems)
        return None


@given(st.one_of(st.binary(), st.text()))
@FUZZ
def test_any_text_is_waivers_or_a_rule_error(text: str | bytes) -> None:
    waivers(text)
    waivers(b"genomlys: 1\nwaivers:\n" + as_bytes(text))


WAIVER = {
    **dict.fromkeys(("rule", "unit", "subject", "reason", "decided_by", "reference"), "x"),
    "until": "2026-12-31",
}


@given(st.lists(st.dictionaries(st.sampled_from((*WAIVER, "untill")), SCALARS) | st.just(WAIVER) | VALUES, max_size=3))
@FUZZ
def test_any_tree_is_waivers_or_a_rule_error(listed: list[object]) -> None:
    found = waivers(json.dumps({"genomlys": "1", "waivers": listed}, ensure_ascii=False))
    assert found is None or len(found) == len(listed)


@given(st.one_of(st.binary(), st.text()), st.randoms(use_true_random=False))
@FUZZ
def test_any_lock_file_is_read_or_told(folder: Path, text: str | bytes, randomly: random.Random) -> None:
    book = loaded(folder, f"{HEADER}rules:\n{rule()}")
    assert book is not None
    (pack,) = book.packs
    whole = lock_text(pack, book).encode()
    at = randomly.randrange(len(whole))
    for content in (as_bytes(text), whole[:at] + as_bytes(text) + whole[at:], whole):
        lock_file(pack).write_bytes(content)
        found = list(lock_problems(pack, book))
        assert all(problem.message.sv for problem in found)
    assert found == []
    lock_file(pack).unlink()


# What only a hostile file has


def flood_of_aliases(_: Path) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 30)]
    return HEADER + "\n".join(lines)


def deep(_: Path) -> str:
    return f"{HEADER}rules: {'[' * 100_000}{']' * 100_000}"


def deep_conditions(_: Path) -> str:
    when = "{not: " * 40 + "{is: above, than: reference}" + "}" * 40
    return f"{HEADER}rules:\n{rule(when=when)}"


def many_combinations(_: Path) -> str:
    part = "{is: above, than: reference, in: 5 of 10 years}"
    when = f"{{at_least: 10, of: [{', '.join([part] * 20)}]}}"
    return f"{HEADER}rules:\n{rule(when=when)}"


def long_words(_: Path) -> str:
    return f"{HEADER}rules:\n" + "".join(rule("x" * 50_000) for _ in range(3))


def many_long_references(_: Path) -> str:
    return f"{HEADER}rules:\n" + "".join(rule(f"r{n}", f"{{rule: {'q' * 55}{n}}}") for n in range(400))


def tag_that_makes_objects(_: Path) -> str:
    return f"{HEADER}rules: !!python/object/apply:os.system [id]"


def format_field(_: Path) -> str:
    return f"{HEADER}rules:\n{rule()}".replace("{kpi} är", "{kpi.__class__.__init__.__globals__} {value:>99999999} är")


def duplicate_keys(_: Path) -> str:
    return f"{HEADER}{HEADER}rules:\n{rule()}"


def one_used_by_many(folder: Path) -> str:
    for number in range(8):
        uses = ", ".join(f"p{other}@1" for other in range(number + 1, 8))
        text = HEADER.replace("prov", f"p{number}") + f"use: [{uses}]\nrules:\n{rule(f'r{number}')}"
        (folder / f"p{number}.yaml").write_text(text, encoding="utf-8")
    return f"{HEADER}use: [p0@1, p1@1]\nrules:\n{rule()}"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (flood_of_aliases, "yaml-alias"),
        (deep, "yaml-too-deep"),
        (deep_conditions, "yaml-too-deep"),
        (many_combinations, "too-large"),
        (long_words, "bad-phrase"),
        (many_long_references, "unknown-rule"),
        (tag_that_makes_objects, "yaml-tag"),
        (format_field, "bad-placeholder"),
        (duplicate_keys, "yaml-duplicate-key"),
        (one_used_by_many, None),
    ],
)
def test_a_file_made_to_do_harm_is_refused_at_once(folder: Path, make: Callable[[Path], str], code: str | None) -> None:
    file = folder / "prov.yaml"
    file.write_text(make(folder), encoding="utf-8")
    if code is None:
        assert len(load_rules(file).packs) == 9
        return
    with pytest.raises(RuleError) as caught:
        load_rules(file)
    assert code in {problem.code for problem in caught.value.problems}


def test_a_pack_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        text = f"{HEADER if number == 0 else 'genomlys: 1'}\npack: prov\nrules:\n{rule(f'r{number}')}"
        (tmp_path / f"{number}.yaml").write_text(text.replace("pack: prov\nversion", "version", 1), encoding="utf-8")
    assert len(load_rules(tmp_path).rules) == 3
    monkeypatch.setattr(packfiles, "MAX_PACK_BYTES", 500)
    with pytest.raises(RuleError, match="too-large-pack"):
        load_rules(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(binding, "MOST_COMPARISONS", 2)
    with pytest.raises(RuleError, match="too-many-conditions"):
        load_rules(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(binding, "MOST_RULES", 2)
    with pytest.raises(RuleError, match="too-many-rules"):
        load_rules(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(rules, "MOST_CHANGES_IN_ALL", 3)
    by_year = "{is: above, than: reference, by: {2024: 2 %, 2025: 3 %, source: KF}}"
    file = tmp_path / "0.yaml"
    file.write_text(f"{HEADER}rules:\n{rule('a', when=by_year)}{rule('b', when=by_year)}", encoding="utf-8")
    with pytest.raises(RuleError, match="change more than 3 times"):
        load_rules(file)
