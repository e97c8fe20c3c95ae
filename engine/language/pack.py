"""Rule packs: YAML files -> checked rules. What can be proven wrong at load is a problem at load."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from genomlys.engine.conditions.base import SideCount
from genomlys.engine.conditions.tree import Tree, needs
from genomlys.engine.conditions.tree import graded_leaf as graded_leaf
from genomlys.engine.errors import Place, Problem, RuleError, Text
from genomlys.engine.language.binding import check_ids, check_number, check_references, ordered, referred
from genomlys.engine.language.model import Move, Pack, Rule
from genomlys.engine.language.packfiles import bundled_packs as bundled_packs
from genomlys.engine.language.packfiles import pack_files
from genomlys.engine.language.reader import MOST_PROBLEMS, Fields, Reader, TooManyProblems, shown
from genomlys.engine.language.rules import Draft, read_move, read_rule
from genomlys.engine.language.yamlfile import Node, load_yaml

LANGUAGE_VERSION: Final = "1"
_BOM: Final = b"\xef\xbb\xbf"

T = TypeVar("T", Rule, Move)


@dataclass(frozen=True)
class RuleBook:
    """The rules and moves of all packs in use, rules in an order that puts what is referred to first."""

    packs: tuple[Pack, ...]
    rules: tuple[Rule, ...]
    moves: tuple[Move, ...]

    def pack_of(self, rule: Rule) -> Pack:
        return next(pack for pack in self.packs if rule in pack.rules)

    def beneath(self, when: Tree) -> frozenset[str]:
        """The ids of all rules that a tree's answer comes from, directly or through another rule."""
        trees = {rule.id: rule.when for rule in self.rules}
        found: set[str] = set()
        open_ = self._asked(when)
        while open_:
            found |= open_
            open_ = {name for rule in open_ for name in self._asked(trees[rule])} - found
        return frozenset(found)

    def _asked(self, when: Tree) -> set[str]:
        """The rules that a tree refers to, and those that its sides count."""
        goals = {need.goal for need in needs(when) if isinstance(need, SideCount)}
        return {*referred(when)} | {rule.id for rule in self.rules if rule.subject == "kpi" and rule.goal in goals}


@dataclass
class _Header:
    """What one file says of its pack. ``version`` and ``title`` as ``_read_header`` finds them."""

    fields: Fields
    name: str | None
    version: str | None
    title: Text | None


@dataclass
class _PackDraft:
    """What was read of a pack's files. ``complete``: every rule's id is among the drafts."""

    reader: Reader = field(default_factory=Reader)
    headers: list[_Header] = field(default_factory=list)
    rules: list[Draft[Rule]] = field(default_factory=list)
    moves: list[Draft[Move]] = field(default_factory=list)
    complete: bool = True
    sha256: str = ""

    @property
    def name(self) -> str:
        return next((header.name for header in self.headers if header.name), "")

    def pack(self) -> Pack:
        """The pack of a draft without problems."""
        (version, title) = next((h.version, h.title) for h in self.headers if h.version and h.title)
        assert version and title
        rules = tuple(draft.whole for draft in self.rules if draft.whole is not None)
        moves = tuple(draft.whole for draft in self.moves if draft.whole is not None)
        return Pack(self.name, version, title, self.sha256, rules, moves)


def load_rules(*sources: str | Path) -> RuleBook:
    """Load packs (a bundled pack's name, a folder of YAML files, or one file) into one rule book.

    Raises RuleError with every problem of all of them, in order of place.
    """
    problems: list[Problem] = []
    drafts: list[_PackDraft] = []
    for source in sources or ("kommun",):
        try:
            draft = _read_pack(source)
        except RuleError as error:
            problems += error.problems
            continue
        problems += draft.reader.problems
        drafts.append(draft)
    order = _bind(drafts, problems, complete=len(drafts) == len(sources or ("kommun",)))
    if problems:
        raise RuleError(sorted(dict.fromkeys(problems), key=lambda each: each.place.order))
    packs = tuple(draft.pack() for draft in drafts)
    by_id = {rule.id: rule for pack in packs for rule in pack.rules}
    return RuleBook(packs, tuple(by_id[rule] for rule in order), tuple(move for pack in packs for move in pack.moves))


def load_pack(source: str | Path) -> Pack:
    """One pack, each rule checked by itself. Raises RuleError with every problem found."""
    draft = _read_pack(source)
    if draft.reader.problems:
        raise RuleError(sorted(draft.reader.problems, key=lambda each: each.place.order))
    return draft.pack()


def _read_pack(source: str | Path) -> _PackDraft:
    """Raises RuleError where there is nothing that can be read at all."""
    contents = pack_files(source)
    draft = _PackDraft(sha256=_digest(contents))
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


def _read_file(draft: _PackDraft, path: Path, content: bytes) -> None:
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
    header = _Header(
        fields,
        fields.required("pack", lambda node, what: reader.name(node, what, "min-kommun")),
        fields.optional("version", _read_version(reader)),
        fields.optional("title", reader.bilingual),
    )
    draft.headers.append(header)
    _read_each(fields, "rules", Text("en regel", "a rule"), read_rule, draft.rules)
    _read_each(fields, "moves", Text("en förflyttning", "a move"), read_move, draft.moves)
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
        match = reader.phrase(node, r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}", what, "2026.1")
        return match[0] if match else None

    return read


def _read_each(fields: Fields, word: str, what: Text, read: Callable[[Fields], Draft[T]], into: list[Draft[T]]) -> None:
    node = fields.raw(word)
    for item in fields.reader.items(node) if node is not None else ():
        inner = fields.reader.fields(item, what)
        into.append(Draft(None, item.place, None, None) if inner is None else read(inner))


def _check_headers(draft: _PackDraft) -> None:
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
    if not draft.rules and not draft.moves and not reader.problems:
        reader.report(
            "no-rules",
            draft.headers[0].fields.place,
            Text("regelpaketet har inga regler.", "the pack has no rules."),
            Text("Skriv minst en regel under 'rules:'.", "Write one or more below 'rules:'."),
        )


def _bind(drafts: Sequence[_PackDraft], problems: list[Problem], complete: bool) -> list[str]:
    """Check what packs and rules say of each other; the ids of the rules, what is referred to first."""
    reader = Reader()
    try:
        if _are_apart(reader, drafts):
            rules = [rule for draft in drafts for rule in draft.rules]
            moves = [move for draft in drafts for move in draft.moves]
            check_ids(reader, "rule", rules)
            check_ids(reader, "move", moves)
            check_number(reader, moves)
            complete = complete and all(draft.complete for draft in drafts)
            check_references(reader, [*rules, *moves], {rule.id: rule for rule in rules if rule.id}, complete)
            return ordered(reader, [rule.whole for rule in rules if rule.whole is not None])
    except TooManyProblems:
        pass
    finally:
        problems += reader.problems
    return []


def _are_apart(reader: Reader, drafts: Sequence[_PackDraft]) -> bool:
    """Whether no two packs have one name; every rule would be there twice."""
    first: dict[str, Place] = {}
    for draft in drafts:
        places = [header.fields.value_place("pack") for header in draft.headers if header.name == draft.name]
        if draft.name in first and places:
            reader.report(
                "duplicate-pack",
                places[0],
                Text(
                    f"regelpaketet '{draft.name}' finns redan ({first[draft.name].file}).",
                    f"the pack '{draft.name}' is there already ({first[draft.name].file}).",
                ),
                Text("Ange det en gång, eller ge det ett annat namn.", "Give it once, or give it another name."),
            )
        elif places:
            first[draft.name] = places[0]
    return not reader.problems
