"""One pack's files -> a draft: what was read of them, and every problem in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

from genomlys.engine.errors import Problem, RuleError, Text
from genomlys.engine.language.model import Move, Pack, Rule, labelled
from genomlys.engine.language.overrides import VERSION, Use, Wanted, read_override, read_use
from genomlys.engine.language.packfiles import pack_files
from genomlys.engine.language.reader import MOST_PROBLEMS, Fields, Reader, TooManyProblems, shown
from genomlys.engine.language.rules import Draft, read_move, read_rule
from genomlys.engine.language.yamlfile import Node, load_yaml, to_plain

LANGUAGE_VERSION: Final = "1"
MOST_RULES: Final = 1000
_BOM: Final = b"\xef\xbb\xbf"

T = TypeVar("T")


@dataclass
class Header:
    """What one file says of its pack. ``version`` and ``title`` as ``read_file`` finds them."""

    fields: Fields
    name: str | None
    version: str | None
    title: Text | None


@dataclass
class PackDraft:
    """What was read of a pack's files. ``complete``: every rule's id is among the drafts.

    source: what it was asked for by; overrides: what it changes in the packs that it uses.
    """

    source: str
    reader: Reader = field(default_factory=Reader)
    headers: list[Header] = field(default_factory=list)
    rules: list[Draft[Rule]] = field(default_factory=list)
    moves: list[Draft[Move]] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    overrides: list[Wanted] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    complete: bool = True
    sha256: str = ""

    @property
    def name(self) -> str:
        return next((header.name for header in self.headers if header.name), "")

    @property
    def version(self) -> str:
        return next((header.version for header in self.headers if header.version), "")

    @property
    def label(self) -> str:
        return labelled(self.name, self.version, self.sha256)

    def pack(self) -> Pack:
        """The pack of a draft without problems."""
        title = next(header.title for header in self.headers if header.title)
        rules = tuple(draft.whole for draft in self.rules if draft.whole is not None)
        moves = tuple(draft.whole for draft in self.moves if draft.whole is not None)
        uses = tuple(dict.fromkeys(use.name for use in self.uses))
        return Pack(
            self.name, self.version, title, self.sha256, rules, moves, uses, tuple(self.hashes.items()), self.source
        )


def read_pack(source: str | Path) -> PackDraft:
    """Raises RuleError where there is nothing that can be read at all."""
    contents = pack_files(source)
    draft = PackDraft(str(source), sha256=_digest(contents))
    try:
        for path, content in contents:
            _read_file(draft, path, content)
        _check_headers(draft)
    except TooManyProblems:
        draft.complete = False
        last = draft.reader.problems[-1].place
        draft.reader.problems.append(
            Problem(
                "too-many-problems",
                last,
                Text(f"fler än {MOST_PROBLEMS} fel; här slutar läsningen.", f"more than {MOST_PROBLEMS} problems."),
                Text("Rätta dem som visas, och pröva igen.", "Correct those that are shown, and try again."),
            )
        )
    return draft


def _digest(contents: Iterable[tuple[Path, bytes]]) -> str:
    """The same whichever editor saved the files: line ends and a byte order mark make no difference."""
    digest = hashlib.sha256()
    for path, content in contents:
        plain = content.removeprefix(_BOM).replace(b"\r\n", b"\n")
        digest.update(path.name.encode("utf-8", "surrogateescape") + b"\0" + plain + b"\0")
    return digest.hexdigest()


def _read_file(draft: PackDraft, path: Path, content: bytes) -> None:
    """Read one file's header, rules and moves into the draft."""
    reader = draft.reader
    try:
        node = load_yaml(content, str(path))
    except RuleError as error:
        for problem in error.problems:
            reader.report(problem.code, problem.place, problem.message, problem.remedy)
        draft.complete = False
        return
    fields = reader.fields(node, Text("en regelfil", "a rule file"))
    if fields is None or not _is_this_language(fields):
        draft.complete = False
        return
    header = Header(
        fields,
        fields.required("pack", lambda node, what: reader.name(node, what, "min-kommun")),
        fields.optional("version", _read_version(reader)),
        fields.optional("title", reader.bilingual),
    )
    draft.headers.append(header)
    draft.uses += fields.optional("use", lambda node, what: read_use(reader, node, what)) or ()
    of_rules = _read_each(fields, "rules", Text("en regel", "a rule"), read_rule, _nothing)
    # That there are too many is told when all packs are read; until then no more of them are.
    draft.rules += islice(of_rules, max(0, MOST_RULES + 1 - len(draft.rules)))
    draft.moves += _read_each(fields, "moves", Text("en förflyttning", "a move"), read_move, _nothing)
    wanted = _read_each(fields, "override", Text("en ändring", "an override"), read_override, lambda _: None)
    draft.overrides += [each for each in wanted if each is not None]
    for word, kind in (("rules", "rule"), ("moves", "move"), ("override", "override")):
        draft.hashes |= _hashes(fields, word, kind)
    if any(rule.id is None for rule in draft.rules):
        draft.complete = False
    if [header for header in draft.headers if "version" in header.fields] == [header]:
        fields.needed("title")
    fields.finish()


def _is_this_language(fields: Fields) -> bool:
    """Of a file in another version of the language nothing else can be said."""
    reader = fields.reader
    language = fields.required("genomlys", reader.scalar, example=LANGUAGE_VERSION)
    if language is None or language == LANGUAGE_VERSION:
        return True
    reader.report(
        "language-version",
        fields.value_place("genomlys"),
        Text(f"regelspråkets version '{shown(language)}' är okänd.", f"unknown language version '{shown(language)}'."),
        Text(f"Skriv 'genomlys: {LANGUAGE_VERSION}'.", f"Write 'genomlys: {LANGUAGE_VERSION}'."),
    )
    return False


def _read_version(reader: Reader) -> Callable[[Node, Text], str | None]:
    def read(node: Node, what: Text) -> str | None:
        match = reader.form(node, VERSION, what)
        return match[0] if match else None

    return read


def _read_each(
    fields: Fields, word: str, what: Text, read: Callable[[Fields], T], instead: Callable[[Node], T]
) -> Iterator[T]:
    """What ``read`` makes of each of a list, and ``instead`` of those that are no words at all."""

    def one(item: Node) -> T:
        inner = fields.reader.fields(item, what)
        return instead(item) if inner is None else read(inner)

    node = fields.raw(word)
    return map(one, fields.reader.items(node) if node is not None else ())


def _hashes(fields: Fields, word: str, kind: str) -> dict[str, str]:
    """SHA-256 of what is written of each, whatever its layout and comments; examples do not count."""
    found = {}
    node = fields.node.get(word)
    for item in fields.reader.items(node) if node is not None else ():
        plain = to_plain(item)
        if isinstance(plain, dict):
            name = next((plain[key] for key in ("id", "rule", "move") if key in plain), "")
            plain.pop("examples", None)
            written = json.dumps(plain, ensure_ascii=False, sort_keys=True)
            found[f"{kind}.{name}"] = hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
    return found


def _nothing(node: Node) -> Draft[Any]:
    return Draft(None, node.place, None, None)


def _check_headers(draft: PackDraft) -> None:
    """The name is the same in all of a pack's files; version and title stand in exactly one of them."""
    reader = draft.reader
    for header in draft.headers:
        if header.name is not None and header.name != draft.name:
            reader.report(
                "pack-name",
                header.fields.value_place("pack"),
                Text(
                    f"filen hör till '{header.name}', men de andra i mappen till '{draft.name}'.",
                    f"the file is of '{header.name}', but the others of the folder are of '{draft.name}'.",
                ),
                Text(
                    f"Skriv 'pack: {draft.name}', eller flytta filen till en egen mapp.",
                    f"Write 'pack: {draft.name}', or move the file to a folder of its own.",
                ),
            )
        if "title" in header.fields and "version" not in header.fields:
            reader.report(
                "pack-version",
                header.fields.key_place("title"),
                Text("'title' står i en fil utan 'version'.", "'title' is in a file without 'version'."),
                Text("Skriv dem i samma fil.", "Write them in the same file."),
            )
    stated = [header for header in draft.headers if "version" in header.fields]
    for header in stated[1:]:
        first = stated[0].fields.key_place("version")
        reader.report(
            "pack-version",
            header.fields.key_place("version"),
            Text(
                f"regelpaketets version står redan i {first.say()}.", f"the pack's version is already in {first.say()}."
            ),
            Text("Ta bort den ena.", "Remove one of them."),
        )
    # A file that could not be read may be the one that says it.
    if not draft.complete or not draft.headers:
        return
    titled = any("title" in header.fields for header in draft.headers)
    if not stated and not titled:
        reader.report(
            "pack-version",
            draft.headers[0].fields.place,
            Text("regelpaketet saknar version.", "the pack has no version."),
            Text(
                "Skriv 'version: 2026.1' och 'title: …' i en av filerna.",
                "Write 'version: 2026.1' and 'title: …' in one of its files.",
            ),
        )
    if not (draft.rules or draft.moves or draft.uses or reader.problems):
        reader.report(
            "no-rules",
            draft.headers[0].fields.place,
            Text("regelpaketet har inga regler.", "the pack has no rules."),
            Text("Skriv minst en regel under 'rules:'.", "Write one or more below 'rules:'."),
        )
