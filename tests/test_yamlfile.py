"""YAML files are read as text with places; everything else is refused with a place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from genomlys.engine.errors import Place, RuleError
from genomlys.engine.language import yamlfile
from genomlys.engine.language.yamlfile import Map, Scalar, Seq, load_yaml, to_plain


def problems_of(source: bytes | str) -> list[tuple[str, int | None, int | str | None]]:
    with pytest.raises(RuleError) as caught:
        load_yaml(source, "f.yaml")
    return [(problem.code, problem.place.line, problem.place.column) for problem in caught.value.problems]


def message_of(source: bytes | str) -> str:
    with pytest.raises(RuleError) as caught:
        load_yaml(source, "f.yaml")
    return caught.value.problems[0].say("sv")


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = getattr(yaml, request.param, None)
    if loader is None:
        pytest.skip("PyYAML without libyaml")
    monkeypatch.setattr(yamlfile, "_LOADER", loader)


@pytest.mark.parametrize("text", ["0114", "no", "12:30", "1e5", "0x10", "null", "2024-01-01", "5 %", ".5", "1_000"])
def test_every_scalar_is_the_text_that_was_written(text: str) -> None:
    assert to_plain(load_yaml(f"a: [{text}]", "f")) == {"a": [text]}


@pytest.mark.parametrize(
    ("source", "text"), [("a: ~", ""), ("a:", ""), ("a: '~'", "~"), ("a: ''", ""), ("a: '5'", "5")]
)
def test_nothing_is_empty_text_and_quoted_text_is_its_content(source: str, text: str) -> None:
    assert to_plain(load_yaml(source, "f")) == {"a": text}


def test_every_node_knows_its_place() -> None:
    node = load_yaml("a: 1\nb:\n  - x\n  - {y: z}\n", "f.yaml")
    assert isinstance(node, Map)
    assert node.place == Place("f.yaml", 1, 1)
    assert node.keys() == ("a", "b")
    assert node.key_place("b") == Place("f.yaml", 2, 1)
    items = node.get("b")
    assert isinstance(items, Seq)
    assert items.place == Place("f.yaml", 3, 3)
    assert items.items[0] == Scalar("x", Place("f.yaml", 3, 5))
    assert isinstance(items.items[1], Map)
    assert items.items[1].place == Place("f.yaml", 4, 5)
    assert node.get("c") is None


def test_places_count_characters_not_bytes() -> None:
    node = load_yaml("åäö: 'é𝄞'\n", "f")
    assert isinstance(node, Map)
    assert node.entries[0][1].place == Place("f", 1, 6)


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ("a: x å🙂 {field} y", 1, 9),
        ('a: "x \\u00e5 {field}"', 1, 14),
        ("a: >-\r\n  åäö\r\n  och {field}\r\n", 3, 7),
        ("a: 'x {fi eld}'", 1, 4),  # not as it is written
    ],
)
def test_a_part_of_a_text_has_a_place_of_its_own(source: str, line: int, column: int) -> None:
    node = load_yaml(source, "x.yaml")
    assert isinstance(node, Map)
    text = node.get("a")
    assert isinstance(text, Scalar) and text.find(r"\{field\}") == Place("x.yaml", line, column)


def test_a_byte_order_mark_is_tolerated() -> None:
    assert load_yaml("\ufeffa: 1".encode(), "f") == load_yaml(b"a: 1", "f")


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("a: &x 1", [("yaml-anchor", 1, 4)]),
        ("a: *x", [("yaml-alias", 1, 4)]),
        ("a: !!int 1", [("yaml-tag", 1, 4)]),
        ("a: !x [1]", [("yaml-tag", 1, 4)]),
        ("a: 1\nb: 2\na: 3", [("yaml-duplicate-key", 3, 1)]),
        ("a: 1\n'a': 3", [("yaml-duplicate-key", 2, 1)]),
        ("{a: 1}: 2", [("yaml-key", 1, 1)]),
        ("? [a]\n: 2", [("yaml-key", 1, 3)]),
        ("<<: {a: 1}", [("yaml-merge", 1, 1)]),
        ("a: 1\n---\nb: 2", [("yaml-documents", 2, 1)]),
        ("", [("yaml-empty", None, None)]),
        ("# only a comment", [("yaml-empty", None, None)]),
        ("---", [("yaml-empty", None, None)]),
        ("~", [("yaml-empty", None, None)]),
        ("a: 1\n\u00a0b: 2", [("yaml-blank", 2, 1)]),
        ("a: x\x00y", [("yaml-character", 1, 5)]),
        ("a: x\u202ey\n\u2028", [("yaml-character", 1, 5), ("yaml-character", 2, 1)]),
        ("a: \ud800", [("yaml-character", 1, 4)]),
        ('a: "\\0"', [("yaml-character", 1, 4)]),
        (b"a: 1\nb: \xe5", [("yaml-encoding", 2, 4)]),
        ("a: 1".encode("utf-16"), [("yaml-encoding", 1, 1)]),
        ("a: &x 1\nb: !y 2\na: *x\nc: ]", [
            ("yaml-anchor", 1, 4), ("yaml-tag", 2, 4), ("yaml-duplicate-key", 3, 1), ("yaml-alias", 3, 4),
            ("yaml-syntax", 4, 4),
        ]),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_at_its_place(source: bytes | str, found: list[tuple[Any, ...]]) -> None:
    assert problems_of(source) == found


def test_a_quoted_double_angle_is_a_key_like_any_other() -> None:
    assert to_plain(load_yaml("'<<': 1", "f")) == {"<<": "1"}


@pytest.mark.usefixtures("either_parser")
@pytest.mark.parametrize(
    ("source", "place", "said"),
    [
        ("a:\n\tb: 1\n", "2:1", "tabb"),
        ("a: 1\n\tb: 2\n", "2:1", "tabb"),
        ("a: 1\nb 2\nc: 3\n", "2:1", "saknar kolon"),
        ("a: Kostnad: hög\n", "1:11", "kolon följt av blanksteg"),
        ("a: b\n  c: d\n", "2:4", "indraget är fel"),
        ("a:\n    b: 1\n  c: 2\n", "3:3", "fel indrag"),
        ('a: "x\nb: 2\n', "1:4", "stängs aldrig"),
        ("a: {kpi} låg\n", "1:10", "hela texten inom citattecken"),
        ("a: 'it's'\n", "1:8", "skrivs dubbelt"),
        ("a: [1, 2\nb: 3\n", "1:4", "avsluta med ]"),
        ("a: {x: 1\nb: 3\n", "1:4", "avsluta med }"),
        ("a: @x\n", "1:4", "inte får börja med"),
        ("a: %x\n", "1:4", "inte får börja med"),
        ("a: *\n", "1:4", "* eller &"),
        ("a: 1\nb: [\n", "3:1", "filen slutar mitt i"),
        ('a: "C:\\Users"\n', "1:9", "omvänt snedstreck"),
        ("a: - b\n", "1:4", "egen rad under nyckeln"),
        ("a: | x\n  y\n", "1:6", "nästa rad"),
        ("a: !foo!bar x\n", "1:4", "typmärken"),
        ("a: ]\n", "1:4", "väntades ett värde"),
        ("a:\n  - x\n  b: 1\n", "3:3", "raden"),
    ],
)
def test_a_syntax_error_is_told_in_plain_words(source: str, place: str, said: str) -> None:
    message = message_of(source)
    assert message.startswith(f"f.yaml:{place}: ")
    assert said in message
    assert message.endswith("[yaml-syntax]")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("a" * (yamlfile.MAX_BYTES + 1), "yaml-too-large"),
        ("å" * (yamlfile.MAX_BYTES // 2 + 1), "yaml-too-large"),
        ("[" * 31 + "]" * 31, "yaml-too-deep"),
        ("{a: " * 31 + "}" * 31, "yaml-too-deep"),
        ("- " * 1000 + "a", "yaml-too-deep"),
        ("[" * yamlfile.MAX_BYTES, "yaml-too-deep"),
        ("- a\n" * yamlfile.MAX_NODES, "yaml-too-many"),
        ("\0" * 100_000, "yaml-character"),
    ],
)
def test_size_depth_and_number_are_capped(source: str, code: str) -> None:
    assert {found[0] for found in problems_of(source)} == {code}


def test_thirty_levels_and_a_full_file_are_accepted() -> None:
    load_yaml("[" * 30 + "]" * 30, "f")
    load_yaml("- a\n" * (yamlfile.MAX_NODES - 1), "f")


TOKENS = st.sampled_from(
    [
        "a",
        "b",
        "0",
        "å",
        ":",
        "-",
        "?",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
        "\\",
        "&a",
        "*a",
        "!",
        "!!x",
        "%",
        "%TAG",
        "<<",
        "|",
        ">",
        "#",
        "---",
        "...",
        "~",
        "\\U0011FFFF",
        "\\UFFFFFFFF",
        "\\xD800",
        ": ",
        "- ",
        "? ",
        " ",
        "\n",
        "\n  ",
        "\t",
        "\r",
        "\x85",
        "\ufeff",
    ]
)


def only_rule_errors(source: bytes | str) -> None:
    try:
        node = load_yaml(source, "f")
    except RuleError as raised:
        problems = raised.problems
    else:
        assert isinstance(node, Scalar | Seq | Map)
        return
    assert problems
    assert all(problem.message.sv and problem.message.en for problem in problems)


@given(st.binary())
@settings(deadline=None)
def test_any_bytes_give_a_node_or_a_rule_error(source: bytes) -> None:
    only_rule_errors(source)


@given(st.text())
@settings(deadline=None)
def test_any_text_gives_a_node_or_a_rule_error(source: str) -> None:
    only_rule_errors(source)


@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_any_heap_of_yaml_signs_gives_a_node_or_a_rule_error(
    loader: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamlfile, "_LOADER", loader)

    @given(st.lists(TOKENS, max_size=40).map("".join))
    @settings(deadline=None)
    def holds(source: str) -> None:
        only_rule_errors(source)

    holds()


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)
TREES = st.recursive(
    WORDS.filter(bool),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(WORDS, children, max_size=4),
    max_leaves=20,
)


@given(TREES)
@settings(deadline=None)
def test_what_a_yaml_writer_writes_is_read_back(tree: object) -> None:
    quoted = yaml.safe_dump(tree, default_style='"', allow_unicode=True)
    # The writer adds tags to what is not text only; text in double quotes has none.
    assert to_plain(load_yaml(quoted, "f")) == tree
