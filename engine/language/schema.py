"""JSON Schema (2020-12) for packs, data set manifests and waivers, made of the words that the reader knows.

It tells an editor every word that may stand where the cursor is. What words say of each other (references, places in
texts, limits that rise) is the reader's to tell; the schema refuses nothing that the reader takes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from genomlys.engine.conditions.base import SUBJECTS, Subject
from genomlys.engine.conditions.shape import Shape
from genomlys.engine.conditions.when import KINDS
from genomlys.engine.door import about
from genomlys.engine.errors import Text
from genomlys.engine.language import vocabulary
from genomlys.engine.language.words import (
    COUNT,
    DATEABLE,
    THRESHOLDS,
    YEAR,
    Bilingual,
    ByYear,
    Choice,
    Either,
    Form,
    Free,
    Group,
    Many,
    Named,
    Phrase,
    Word,
    Words,
)

Schema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Final[Schema] = {"type": ["string", "number"], "pattern": r"\S"}
_AS: Final = Word(
    Phrase("[a-z][a-z0-9_]*", "peers"),
    Text("Villkorets eget namn, för fält som {peers.basis}.", "A name of its own, for fields such as {peers.basis}."),
)
_BECAUSE: Final = Word(
    Bilingual(), Text("En mening som läggs till där detta gäller.", "A sentence that is added where this holds.")
)


def pack_schema() -> Schema:
    """Of one file of a pack."""
    definitions: Schema = {
        "text": _bilingual(),
        "rule": _rule(),
        "move": _group(vocabulary.MOVE, list(vocabulary.MOVE)),
    }
    definitions["override"] = _override()
    definitions["move"]["properties"]["when"] = _told(_ref("when-move"), vocabulary.MOVE["when"].about)
    definitions |= {name: _form(form) for name, form in vocabulary.DEFINITIONS.items()}
    for subject in SUBJECTS:
        definitions[f"when-{subject}"] = _tree(subject, f"when-{subject}", told=True)
        definitions[f"example-{subject}"] = _example(vocabulary.EXAMPLES[subject])
    definitions["when-move"] = _tree("area", "when-move", told=False)
    whole = _group(vocabulary.PACK, ["genomlys", "pack"])
    whole["dependentRequired"] = {"version": ["title"], "title": ["version"]}
    return {"$schema": _DIALECT, "title": "Genomlys: rules", **whole, "$defs": definitions}


def dataset_schema() -> Schema:
    """Of dataset.yaml."""
    words = {name: vocabulary.DATASET[name] for name in about.WORDS}
    return {"$schema": _DIALECT, "title": "Genomlys: dataset.yaml", **_group(words, list(about.NEEDED))}


def waivers_schema() -> Schema:
    """Of waivers.yaml."""
    return {
        "$schema": _DIALECT,
        "title": "Genomlys: waivers.yaml",
        **_group(vocabulary.WAIVERS, ["genomlys", "waivers"]),
    }


SCHEMAS: Final[Mapping[str, Callable[[], Schema]]] = {
    "pack": pack_schema,
    "dataset": dataset_schema,
    "waivers": waivers_schema,
}


def written(name: str, *, ascii_only: bool = False) -> str:
    """A schema as its file, the same bytes every time. In ASCII alone, all other characters are escaped."""
    return json.dumps(SCHEMAS[name](), ensure_ascii=ascii_only, indent=1) + "\n"


def _bilingual() -> Schema:
    both = _object({"sv": dict(_TEXT), "en": dict(_TEXT)}, ["sv"])
    return {"anyOf": [dict(_TEXT), both]}


def _rule() -> Schema:
    """A rule; its condition and examples are of the subject that ``for_each`` names."""
    needed = [word for word in vocabulary.RULE if word != "tells"]
    schema = _group(vocabulary.RULE, needed)
    for_each = _told(_group(vocabulary.FOR_EACH, []), vocabulary.RULE["for_each"].about)
    schema["properties"] |= {
        "for_each": {**for_each, "minProperties": 1, "maxProperties": 1},
        "when": {"type": "object"},
        "examples": {},
    }
    schema["allOf"] = [
        {
            "if": {"properties": {"for_each": {"required": [subject]}}, "required": ["for_each"]},
            "then": {
                "properties": {
                    "when": _told(_ref(f"when-{subject}"), vocabulary.RULE["when"].about),
                    "examples": _told(_many(_ref(f"example-{subject}"), 0), vocabulary.RULE["examples"].about),
                }
            },
        }
        for subject in SUBJECTS
    ]
    return schema


def _override() -> Schema:
    """A change to a rule or a move of a used pack, whose kinds of condition and subject a schema cannot look up."""
    schema = _group(vocabulary.OVERRIDE, ["reason"])
    schema["properties"] |= {word: _threshold(word) for word in THRESHOLDS}
    example = {"anyOf": [_ref(f"example-{subject}") for subject in SUBJECTS]}
    schema["properties"]["examples"] = _told(_many(example, 0), vocabulary.OVERRIDE["examples"].about)
    limits = [{"required": [word]} for word in vocabulary.CHANGES if word != "off"]
    schema["if"] = {"properties": {"off": {"const": "yes"}}, "required": ["off"]}
    schema["then"] = {"not": {"anyOf": limits}}
    schema["allOf"] = [
        {"anyOf": [{"required": ["rule"]}, {"required": ["move"]}]},
        {"anyOf": [{"required": [word]} for word in vocabulary.CHANGES]},
        {"if": {"required": ["condition"]}, "then": {"anyOf": [{"required": [word]} for word in THRESHOLDS]}},
    ]
    return schema


def _threshold(word: str) -> Schema:
    """What some kind of condition takes for the word."""
    told = [shape.words for kind in KINDS for shape in kind.SHAPES]
    told += [each.form.words for words in told for each in words.values() if isinstance(each.form, Group)]
    forms = {words[word].form: None for words in told if word in words}
    return _told({"anyOf": [*map(_form, forms), _form(ByYear())]}, vocabulary.OVERRIDE[word].about)


def _tree(subject: Subject, name: str, *, told: bool) -> Schema:
    """A condition of the subject, or a node of conditions. ``told``: with names and sentences of their own."""
    below, because = _ref(name), {"because": _word(_BECAUSE)} if told else {}
    nodes = [
        _object({"all": _told(_many(below), _ALL), **because}, ["all"]),
        _object({"any": _told(_many(below), _ANY), **because}, ["any"]),
        _object({"not": _told(_many(below, most=1), _NOT), **because}, ["not"]),
        _object(
            {"at_least": _form(Either((COUNT, ByYear()))), "of": _told(_many(below), _OF), **because},
            ["at_least", "of"],
        ),
    ]
    shapes = [shape for kind in KINDS for shape in kind.SHAPES if subject in shape.subjects]
    return {"anyOf": [*nodes, *(_leaf(shape, because) for shape in shapes)]}


_ALL: Final = Text("Alla dessa gäller.", "All of these hold.")
_ANY: Final = Text("Minst ett av dessa gäller.", "At least one of these holds.")
_NOT: Final = Text("Detta gäller inte.", "This does not hold.")
_OF: Final = Text("De villkor som räknas.", "The conditions that are counted.")


def _leaf(shape: Shape, because: Schema) -> Schema:
    words = {word: _word(_dateable(word, told)) for word, told in shape.words.items()}
    named = {"as": _word(_AS)} if because else {}
    schema = _object({**words, **named, **because}, list(shape.needed))
    if not shape.needed:
        schema["anyOf"] = [{"required": [word]} for word in shape.words]
    return {"title": shape.example, "description": _both(shape.about), **schema}


_YEARLY: Final = Text("Var värdena är beslutade.", "Where the values are decided.")


def _dateable(word: str, told: Word) -> Word:
    """A threshold may be given by year, with a source; so may one in a group of words."""
    if isinstance(told.form, Group):
        words = {inner: _dateable(inner, each) for inner, each in told.form.words.items()}
        return replace(told, form=replace(told.form, words=words))
    return replace(told, form=Either((told.form, ByYear()))) if word in DATEABLE else told


def _example(group: Group) -> Schema:
    schema = _form(group)
    only_flagged = [{"required": [word]} for word in ("text", "severity", "money")]
    schema["if"] = {"properties": {"expect": {"not": {"const": "flagged"}}}, "required": ["expect"]}
    schema["then"] = {"not": {"anyOf": only_flagged}}
    return schema


def _group(words: Words, needed: Sequence[str]) -> Schema:
    return _object({name: _word(word) for name, word in words.items()}, needed)


def _object(properties: Schema, needed: Sequence[str]) -> Schema:
    required = {"required": list(needed)} if needed else {}
    return {"type": "object", "additionalProperties": False, "properties": properties, **required}


def _word(word: Word) -> Schema:
    return _told(_form(word.form), word.about)


def _told(schema: Schema, about: Text) -> Schema:
    return {"description": _both(about), **schema} if about.sv else schema


def _both(text: Text) -> str:
    return f"{text.sv}\n\n{text.en}"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _many(schema: Schema, least: int = 1, most: int | None = None) -> Schema:
    """One on its own, or a list; where none will do, nothing after the colon will too."""
    size = {"minItems": least} | ({} if most is None else {"maxItems": most})
    several = {"type": "array", "items": schema, **size}
    return {"anyOf": [schema, several, *([] if least else [{"type": "null"}])]}


def _form(form: Form) -> Schema:
    match form:
        case Choice(words):
            return {"enum": [*words, *(int(word) for word in words if word.isdigit())]}
        case Phrase(pattern, example, number):
            # An editor types what it reads: a bare 3 is a number to it, and has no pattern.
            types: Any = ["string", "number"] if number else "string"
            return {"type": types, "pattern": rf"^\s*(?:{pattern})\s*$", "examples": [example]}
        case Free(example):
            return {**_TEXT, **({"examples": [example]} if example else {})}
        case Bilingual():
            return _ref("text")
        case Many(each, least):
            return _many(_form(each), least)
        case Either(forms):
            return {"anyOf": [_form(each) for each in forms]}
        case Group(words, needed, any_of):
            schema = _group(words, needed)
            return schema | ({"minProperties": 1} if any_of else {})
        case ByYear():
            years = {f"^{YEAR.pattern}$": {"type": ["string", "number"]}}
            source = {"source": _told(_form(Bilingual()), _YEARLY)}
            return _object(source, ["source"]) | {"patternProperties": years, "minProperties": 2}
        case Named(name):
            return _ref(name)
