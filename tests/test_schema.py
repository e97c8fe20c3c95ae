"""The JSON Schemas: what the reader takes they take, of the bad packs they refuse all but those listed, and they drift
neither from the reader's words nor from the committed files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from strategies import Words, books, rule_file
from test_bad_packs import MISTAKES, Mistake
from test_laws import law

from genomlys.engine.conditions.when import KINDS
from genomlys.engine.dataset import bundled_dataset
from genomlys.engine.errors import RuleError
from genomlys.engine.language import schema
from genomlys.engine.language.pack import bundled_packs, load_rules
from genomlys.engine.language.reader import Fields
from genomlys.engine.language.waivers import read_waivers
from genomlys.engine.language.yamlfile import Map, Node, Scalar, Seq, load_yaml

ROOT = Path(__file__).resolve().parents[1]
PACKS = [file for folder in bundled_packs().values() for file in sorted(folder.glob("*.yaml"))]

# What no schema can tell: what one word says of another, of the rest of the pack, or of the world.
BEYOND = {
    "always-fires",
    "ambiguous-field",
    "beyond-range",
    "bad-placeholder",
    "bad-year",
    "by-over-100",
    "confidence-range",
    "date-after-as-of",
    "duplicate-condition",
    "duplicate-example",
    "duplicate-kpi",
    "duplicate-move",
    "duplicate-name",
    "duplicate-rule",
    "implied-rule",
    "level-never-given",
    "margin-contradicts",
    "never-fires",
    "never-proposed",
    "no-examples",
    "no-rules",
    "not-a-count",
    "number-in-text",
    "off-but-referred",
    "one-figure-a-year",
    "out-of-range",
    "overridden-twice",
    "override-nothing",
    "pack-name",
    "pack-version",
    "rule-cycle",
    "run-length",
    "saving-missing",
    "saving-unexpected",
    "severity-order",
    "severity-without-gap",
    "share-range",
    "target-missing",
    "too-large",
    "too-many-others",
    "too-many-years",
    "trend-length",
    "uncertain-field",
    "unknown-condition",
    "unknown-field",
    "unknown-move",
    "unknown-pack",
    "unknown-rule",
    "use-ring",
    "use-version",
    "which-condition",
    "wrong-measure",
    "wrong-rule",
    "years-order",
}


@cache
def validator(name: str) -> Draft202012Validator:
    found = schema.SCHEMAS[name]()
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


def as_an_editor_reads(node: Node) -> Any:
    """With the types of YAML 1.2: a plain ``2`` is a number to it, ``yes`` and ``2024-12-16`` are texts."""
    match node:
        case Map():
            return {key.text: as_an_editor_reads(value) for key, value in node.entries}
        case Seq():
            return [as_an_editor_reads(item) for item in node.items]
        case Scalar(text, _, quoted):
            return text if quoted else _typed(text)


def _typed(text: str) -> Any:
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "false", "True", "False", "TRUE", "FALSE"):
        return text.lower() == "true"
    if re.fullmatch(r"[-+]?[0-9]+", text):
        return int(text)
    if re.fullmatch(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", text):
        return float(text)
    return text


def refused(name: str, text: str | bytes) -> list[str]:
    node = as_an_editor_reads(load_yaml(text, "file.yaml"))
    return [f"{error.json_path}: {error.message[:200]}" for error in validator(name).iter_errors(node)]


@pytest.mark.parametrize("file", PACKS, ids=lambda file: file.name)
def test_the_bundled_packs_are_as_the_schema_says_and_point_to_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert refused("pack", text) == []
    assert_points_to(text, file, "pack")


def test_the_bundled_data_set_is_as_the_schema_says_and_points_to_it() -> None:
    file = bundled_dataset() / "dataset.yaml"
    text = file.read_text(encoding="utf-8")
    assert refused("dataset", text) == []
    assert_points_to(text, file, "dataset")


def assert_points_to(text: str, file: Path, name: str) -> None:
    first = text.splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    path = file.resolve().parent / first.partition("=")[2]
    assert path.resolve() == (ROOT / "rules" / f"{name}.schema.json").resolve()


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    committed = (ROOT / "rules" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == schema.written(name), f"genomlys rules schema {name} > rules/{name}.schema.json"


@law(60)
@given(books())
def test_the_schema_takes_what_the_reader_takes(rules: list[Words]) -> None:
    assert refused("pack", rule_file(rules)) == []


def files(mistake: Mistake) -> list[Path]:
    return sorted(mistake.pack.iterdir()) if mistake.pack.is_dir() else [mistake.pack]


def is_refused(mistake: Mistake) -> bool:
    """What cannot be read as YAML is refused by every editor."""
    try:
        return any(refused("pack", file.read_bytes()) for file in files(mistake))
    except RuleError:
        return True


def test_bad_packs_are_refused_as_far_as_a_schema_can() -> None:
    taken = {mistake.pack.name: mistake.code for mistake in MISTAKES.values() if not is_refused(mistake)}
    assert {name: code for name, code in taken.items() if code not in BEYOND} == {}
    assert set(taken.values()) == BEYOND, "a code that the schema refuses everywhere is not beyond it"


WAIVER = """\
genomlys: 1
waivers:
  - rule: worse-than-peers
    unit: "0114"
    subject: insikt-totalt
    until: 2026-12-31
    reason: En ny process införs.
    decided_by: Kommunstyrelsen
    reference: KS 2026-03-02 § 41
"""


def test_waivers_are_taken_and_their_mistakes_refused() -> None:
    assert read_waivers(WAIVER.encode(), "w.yaml") and refused("waivers", WAIVER) == []
    for old, new in (
        ("until: 2026-12-31", "until: snart"),
        ("    reason: En ny process införs.\n", ""),
        ("unit:", "enhet:"),
    ):
        wrong = WAIVER.replace(old, new)
        with pytest.raises(RuleError):
            read_waivers(wrong.encode(), "w.yaml")
        assert refused("waivers", wrong)


# The reader's words


def groups(found: Any) -> Iterator[frozenset[str]]:
    """The words of every closed map in a schema."""
    if isinstance(found, dict):
        if found.get("additionalProperties") is False:
            yield frozenset(found["properties"])
        for value in found.values():
            yield from groups(value)
    elif isinstance(found, list):
        for value in found:
            yield from groups(value)


def test_the_schema_has_the_words_that_the_reader_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[frozenset[str], frozenset[str]] = {}
    finish = Fields.finish

    def spy(fields: Fields) -> None:
        asked[frozenset(fields._asked)] = frozenset(fields.names)
        finish(fields)

    monkeypatch.setattr(Fields, "finish", spy)
    load_rules("kommun")
    read_waivers(WAIVER.encode(), "w.yaml")
    known = {*groups(schema.pack_schema()), *groups(schema.waivers_schema())}
    conditions = frozenset(word for kind in KINDS for word in kind.WORDS) | {"as", "because", "all", "any", "not", "of"}
    # A kind asks for all its words at once, the schema shows them a shape at a time.
    shapes = [frozenset(kind.WORDS) | {"as", "because"} for kind in KINDS]
    missing = [
        sorted(words)
        for words, there in asked.items()
        if words not in known and words - {"sv", "en"} and not any(there <= words <= shape for shape in shapes)
    ]
    assert len(asked) > 20 and missing == []
    assert conditions <= {word for group in known for word in group}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.rpartition(".")[2])
def test_a_kind_says_all_its_words_by_its_shapes(kind: Any) -> None:
    assert {word for shape in kind.SHAPES for word in shape.words} == set(kind.WORDS)
    assert {subject for shape in kind.SHAPES for subject in shape.subjects} == set(kind.SUBJECTS)
    for shape in kind.SHAPES:
        assert set(shape.needed) <= set(shape.words)
        node = as_an_editor_reads(load_yaml(shape.example, "example"))
        assert set(node) <= set(shape.words)
        for subject in shape.subjects:
            below = {"$ref": f"#/$defs/when-{subject}", "$defs": schema.pack_schema()["$defs"]}
            assert Draft202012Validator(below).is_valid(node), (shape.example, subject)


def test_every_word_has_a_description_in_both_languages() -> None:
    silent = [
        word
        for found in (schema.pack_schema(), schema.dataset_schema(), schema.waivers_schema())
        for word, told in properties(found)
        if word not in ("sv", "en", "at_least") and "\n\n" not in told.get("description", "")
    ]
    assert silent == []


def properties(found: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(found, dict):
        # What stands below "then" is the same word once more.
        if found.get("additionalProperties") is False:
            yield from (
                (word, told) for word, told in found["properties"].items() if told not in ({}, {"type": "object"})
            )
        for value in found.values():
            yield from properties(value)
    elif isinstance(found, list):
        for value in found:
            yield from properties(value)


@pytest.mark.parametrize(
    ("change", "taken"),
    [
        ("by: material", True),
        ("by: {2024: 2 %, 2026: 3 %, source: KF}", True),
        ("in: 2 of 3 years", True),
        ("in: 2 av 3 år", False),
        ("older_than: 6 months", True),
        ("older_than: halvåret", False),
        ("by: 3 %, examples: [{title: Över, years: 2024, own: 2, reference: 1, expect: flagged}]", True),
        ("by: 3 %, examples: [{title: Över, years: 2024, own: 2, refrence: 1, expect: flagged}]", False),
    ],
)
def test_an_override_takes_what_conditions_and_examples_take(change: str, taken: bool) -> None:
    pack = f"genomlys: 1\npack: p\nuse: [kommun@2026.1]\noverride:\n  - {{rule: r, reason: Prov., {change}}}\n"
    assert (refused("pack", pack) == []) is taken
