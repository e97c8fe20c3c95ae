"""A pack's lock file: what each rule was when the pack's version was set, so that a changed rule must change version.

The file stands in the pack's folder as ``genomlys.lock``, or beside a pack of one file: ``lokal.lock`` for
``lokal.yaml``. It is written by ``genomlys rules lock`` and read by ``genomlys rules check``; what is assessed does not
depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from genomlys.engine.errors import Place, Problem, RuleError, Text
from genomlys.engine.language.model import Pack
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.language.packfiles import bundled_packs
from genomlys.engine.language.reader import Fields, Reader
from genomlys.engine.language.yamlfile import MAX_BYTES, Map, Node, load_yaml

_HEAD: Final = "# Skriven av 'genomlys rules lock'. En ändrad regel kräver en ny version av regelpaketet.\n"
_AGAIN: Final = Text(
    "Höj 'version' och kör 'genomlys rules lock' på nytt.", "Raise 'version' and run 'genomlys rules lock' again."
)


def lock_file(pack: Pack) -> Path:
    """Where the pack's lock file is, or would be."""
    path = bundled_packs().get(pack.source, Path(pack.source))
    return path / "genomlys.lock" if path.is_dir() else path.with_suffix(".lock")


def lock_text(pack: Pack, book: RuleBook) -> str:
    """The lock file of a pack as it is now."""
    lines = ["genomlys: 1", f"pack: {pack.name}", f"version: {pack.version}"]
    for word, hashes in (("use", _used(pack, book)), ("parts", dict(pack.hashes))):
        lines += [f"{word}:", *(f"  {name}: {sha256}" for name, sha256 in hashes.items())] if hashes else []
    return _HEAD + "".join(f"{line}\n" for line in lines)


def _used(pack: Pack, book: RuleBook) -> dict[str, str]:
    return {each.name: each.sha256 for each in book.packs if each.name in pack.uses}


def lock_problems(pack: Pack, book: RuleBook) -> Iterator[Problem]:
    """What has changed since the pack's version was locked; nothing where there is no lock file."""
    path = lock_file(pack)
    if not path.exists():
        return
    try:
        version, used, parts = _read(path)
    except RuleError as error:
        yield from error.problems
        return
    if version != pack.version:
        said = Text(f"låsfilen är av version {version}, inte {pack.version}.", f"the lock is of version {version}.")
        run = Text("Kör 'genomlys rules lock' på nytt.", "Run 'genomlys rules lock' again.")
        yield Problem("lock-behind", Place(str(path)), said, run, "warning")
        return
    now = dict(pack.hashes)
    places = {f"rule.{rule.id}": rule.place for rule in pack.rules} | {f"move.{m.id}": m.place for m in pack.moves}
    places |= {f"override.{each.id}": each.place for each in book.overrides if each.pack == pack.label}
    for name in sorted(now.keys() | parts.keys()):
        if now.get(name) != parts.get(name):
            yield _changed(name, places.get(name, Place(str(path))), version, name in parts, name in now)
    for name, sha256 in _used(pack, book).items():
        if used.get(name, sha256) != sha256:
            yield Problem(
                "used-pack-changed",
                Place(str(path)),
                Text(
                    f"regelpaketet '{name}' som används är inte det som version {version} låstes med.",
                    f"the used pack '{name}' is not the one that version {version} was locked with.",
                ),
                _AGAIN,
            )


def _changed(name: str, place: Place, version: str, was: bool, is_: bool) -> Problem:
    how = Text("har ändrats", "has changed") if was and is_ else Text("är ny", "is new")
    how = how if is_ else Text("har tagits bort", "was removed")
    said = Text(
        f"{name} {how.sv} sedan version {version} låstes.", f"{name} {how.en} since version {version} was locked."
    )
    return Problem("changed-without-version", place, said, _AGAIN)


def _read(path: Path) -> tuple[str, Mapping[str, str], Mapping[str, str]]:
    """Version, used packs and parts with their hashes. Raises RuleError."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        said = Text("filen kan inte öppnas.", "the file cannot be opened.")
        remedy = Text(f"Systemet svarar: {error.strerror}.", f"The system says: {error.strerror}.")
        raise RuleError([Problem("unreadable-file", Place(str(path)), said, remedy)]) from None
    reader = Reader()
    fields = reader.fields(load_yaml(content, str(path)), Text("en låsfil", "a lock file"))
    version, used, parts = None, None, None
    if fields is not None:
        fields.required("genomlys", reader.scalar)
        fields.required("pack", reader.scalar)
        version = fields.required("version", reader.scalar)
        used = fields.optional("use", lambda node, what: _hashes(reader, node, what)) or {}
        parts = fields.optional("parts", lambda node, what: _hashes(reader, node, what)) or {}
        fields.finish()
    if reader.problems or version is None or used is None or parts is None:
        raise RuleError(reader.problems)
    return version, used, parts


def _hashes(reader: Reader, node: Node, what: Text) -> dict[str, str]:
    fields: Fields | None = reader.fields(node, what)
    if fields is None or not isinstance(node, Map):
        return {}
    found = {name: fields.required(name, reader.scalar) for name in fields.names}
    return {name: sha256 for name, sha256 in found.items() if sha256 is not None}
