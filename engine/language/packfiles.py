"""Where a pack's files are, and their bytes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from genomlys.engine.errors import Place, Problem, RuleError, Text, nearest
from genomlys.engine.language.yamlfile import MAX_BYTES

_MOST_FILES: Final = 100
# Some six hundred rules: what cannot be read in a few seconds cannot be looked after by anyone either.
MAX_PACK_BYTES: Final = 2 * 1024 * 1024
_SUFFIXES: Final = (".yaml", ".yml")


def bundled_packs() -> dict[str, Path]:
    """The packs that come with Genomlys, by name."""
    folder = Path(str(files("genomlys") / "rules"))
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_dir()}


def used_packs(source: str) -> dict[str, Path]:
    """The packs that one may use, by name: the bundled ones, and those that stand beside it.

    A pack names what it uses, and nothing that it says becomes a path: what stands beside it is listed here.
    """
    bundled = bundled_packs()
    try:
        beside = sorted(bundled.get(source, Path(source)).resolve().parent.iterdir())
    except OSError:
        return bundled
    named = {path.name if path.is_dir() else path.stem: path for path in beside if path.is_dir() or _is_rule_file(path)}
    return named | bundled


def pack_files(source: str | Path) -> list[tuple[Path, bytes]]:
    """The files of a pack (a bundled one's name, a folder or one file) in order of their names.

    Of a file that is too large no more is read than tells so. Raises RuleError with every file that
    cannot be read, and for whatever is no pack at all.
    """
    try:
        paths = _paths(source)
    except OSError as error:
        raise RuleError([_unreadable(Place(str(source)), error)]) from None
    problems: list[Problem] = []
    found: list[tuple[Path, bytes]] = []
    for path in paths:
        if path.is_dir():
            problems.append(_no_file(path))
            continue
        try:
            with path.open("rb") as file:
                found.append((path, file.read(MAX_BYTES + 1)))
        except OSError as error:
            problems.append(_unreadable(Place(str(path)), error))
    if problems:
        raise RuleError(problems)
    if sum(len(content) for _, content in found) > MAX_PACK_BYTES:
        limit = MAX_PACK_BYTES // 1024 // 1024
        message = Text(f"regelpaketet är större än {limit} MiB.", f"the pack is larger than {limit} MiB.")
        raise RuleError([Problem("too-large-pack", Place(str(source)), message, _DIVIDED)])
    return found


def _paths(source: str | Path) -> list[Path]:
    """Raises OSError where the file system does not answer, RuleError where there are no rules."""
    bundled = bundled_packs()
    path = bundled.get(str(source), Path(source))
    # An empty text would be the current folder.
    if not str(source).strip() or not path.exists():
        raise RuleError([_no_rules(source, Text("sökvägen finns inte.", "there is no such path."), bundled)])
    if not path.is_dir():
        return [path]
    found = sorted((child for child in path.iterdir() if _is_rule_file(child)), key=lambda child: child.name)
    if not found:
        message = Text("mappen har inga .yaml-filer.", "the folder has no .yaml files.")
        raise RuleError([_no_rules(source, message, bundled)])
    if len(found) > _MOST_FILES:
        message = Text(f"mappen har fler än {_MOST_FILES} filer.", f"the folder has more than {_MOST_FILES} files.")
        raise RuleError([Problem("too-many-files", Place(str(source)), message, _FEWER)])
    return found


_DIVIDED: Final = Text(
    "Dela upp det i flera regelpaket, där ett använder de andra.",
    "Divide it into several packs, where one uses the others.",
)
_FEWER: Final = Text("Skriv fler regler i varje fil.", "Write more rules in each file.")


def _is_rule_file(path: Path) -> bool:
    # A name that begins with a dot is what an editor or a file system leaves behind.
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _no_rules(source: str | Path, message: Text, bundled: dict[str, Path]) -> Problem:
    suggestion = nearest(str(source), list(bundled))
    close = suggestion.en.startswith("Did you mean")
    remedy = Text(
        f"Ange en mapp med .yaml-filer, en fil eller ett medföljande regelpaket ({', '.join(bundled)}).",
        f"Give a folder of .yaml files, a file or a bundled pack ({', '.join(bundled)}).",
    )
    return Problem("no-rules", Place(str(source)), message, suggestion if close else remedy)


def _no_file(path: Path) -> Problem:
    return Problem(
        "unreadable-file",
        Place(str(path)),
        Text("det är en mapp, inte en fil.", "it is a folder, not a file."),
        Text("Ge mappen ett namn som inte slutar som en regelfils.", "Give it a name that does not end like a file's."),
    )


def _unreadable(place: Place, error: OSError) -> Problem:
    return Problem(
        "unreadable-file",
        place,
        Text("filen kan inte öppnas.", "the file cannot be opened."),
        Text(f"Systemet svarar: {error.strerror}.", f"The system says: {error.strerror}."),
    )
