"""Waivers: findings that someone has answered for, on record: which, why, until when and by whose decision.

    genomlys: 1
    waivers:
      - rule: worse-than-peers
        unit: alingsas
        subject: insikt-totalt
        until: 2026-12-31
        reason: En ny handläggningsprocess införs under året.
        decided_by: Kommunstyrelsen
        reference: KS 2026-03-02 § 41

A waiver changes no verdict. It is said beside the finding, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from genomlys.engine.errors import Place, Problem, RuleError, Text
from genomlys.engine.language.reader import Fields, Reader, TooManyProblems, shown
from genomlys.engine.language.words import DATE, Free, Word
from genomlys.engine.language.yamlfile import MAX_BYTES, load_yaml

FILE: Final = "waivers.yaml"
WORDS: Final[Mapping[str, Word]] = {
    "rule": Word(Free("worse-than-peers"), Text("Regelns id.", "The rule's id.")),
    "unit": Word(Free("alingsas"), Text("Enheten.", "The unit.")),
    "subject": Word(Free("insikt-totalt"), Text("Nyckeltal, område, åtgärd eller omständighet.", "What it is about.")),
    "until": Word(DATE, Text("Sista dagen.", "The last day.")),
    "reason": Word(Free(), Text("Varför.", "Why.")),
    "decided_by": Word(Free("Kommunstyrelsen"), Text("Vem som har beslutat.", "Who decided.")),
    "reference": Word(Free("KS 2026-03-02 § 41"), Text("Var beslutet finns.", "Where the decision is.")),
}
_VERSION: Final = "1"


@dataclass(frozen=True)
class Waiver:
    """``until`` is the last day that it holds."""

    rule: str
    unit: str
    subject: str
    until: date
    reason: str
    decided_by: str
    reference: str
    place: Place

    @property
    def key(self) -> tuple[str, str, str]:
        return self.unit, self.rule, self.subject


def load_waivers(path: Path, name: str | None = None) -> tuple[Waiver, ...]:
    """The waivers of a file, which problems call ``name``. Raises RuleError with everything that is wrong with it."""
    file = name or str(path)
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError as error:
        said = Text("filen kan inte öppnas.", "the file cannot be opened.")
        remedy = Text(f"Systemet svarar: {error.strerror}.", f"The system says: {error.strerror}.")
        raise RuleError([Problem("unreadable-file", Place(file), said, remedy)]) from None
    return read_waivers(content, file)


def read_waivers(content: bytes, file: str) -> tuple[Waiver, ...]:
    """The same of the file's bytes."""
    reader = Reader()
    node = load_yaml(content, file)
    found: list[Waiver] = []
    try:
        fields = reader.fields(node, Text("en fil med undantag", "a file of waivers"))
        if fields is not None:
            fields.required("genomlys", lambda node, what: reader.word(node, (_VERSION,), what), example=_VERSION)
            listed = fields.needed("waivers", "[…]")
            fields.finish()
            for item in () if listed is None else reader.items(listed):
                inner = reader.fields(item, Text("ett undantag", "a waiver"))
                waiver = None if inner is None else _waiver(inner)
                found += [] if waiver is None else [waiver]
            _check_apart(reader, found)
    except TooManyProblems:
        pass
    if reader.problems:
        raise RuleError(sorted(reader.problems, key=lambda each: each.place.order))
    return tuple(found)


def _waiver(fields: Fields) -> Waiver | None:
    reader = fields.reader
    texts = {word: fields.required(word, reader.scalar) for word in WORDS if word != "until"}
    until = fields.required("until", reader.date, example="2026-12-31")
    fields.finish()
    whole = {word: text for word, text in texts.items() if text is not None}
    return Waiver(until=until, place=fields.place, **whole) if until is not None and len(whole) == len(texts) else None


def _check_apart(reader: Reader, waivers: list[Waiver]) -> None:
    first: dict[tuple[str, str, str], Waiver] = {}
    for waiver in waivers:
        other = first.setdefault(waiver.key, waiver)
        if other is not waiver:
            name = shown(f"{waiver.rule}/{waiver.subject}")
            reader.report(
                "duplicate-waiver",
                waiver.place,
                Text(
                    f"{name} är redan undantaget ({other.place.say()}).",
                    f"{name} is waived already ({other.place.say()}).",
                ),
                Text("Behåll ett av dem.", "Keep one of them."),
            )
