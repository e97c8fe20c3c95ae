"""Writing a set of files whole or not at all: what was there stays until every new file is on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from genomlys.engine.errors import Place, Problem, Text, UsageError


def write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write each content under its name in the folder, which is made if it is not there.

    Raises UsageError if any of them cannot be written, and leaves the folder as it was.
    """
    made: list[Path] = []
    waiting: dict[Path, Path] = {}  # the new file of each target
    before: dict[Path, Path | None] = {}  # what stood at a target that has been taken; None if nothing did
    at = folder
    try:
        for path in _missing(folder):
            path.mkdir()
            made.append(path)
        for name, content in contents.items():
            waiting[folder / name] = _beside(folder / name, "new")
            waiting[folder / name].write_bytes(content)
        for at, new in waiting.items():
            before[at] = _set_aside(at)
            new.replace(at)
    except BaseException as error:
        for target, old in before.items():
            _put_back(target, old)
        _remove(waiting.values())
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir()
        if isinstance(error, OSError):
            raise UsageError([_cannot_write(at, error)]) from None
        raise
    _remove(old for old in before.values() if old is not None)


def check_folder(folder: Path) -> None:
    """Raises UsageError if the folder can never be one, so that nobody waits for an assessment in vain."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    if there is not None and not there.is_dir():
        said = Text("här finns en fil.", "there is a file here.")
        remedy = Text("Ange en mapp.", "Give a folder.")
        raise UsageError([Problem("not-a-folder", Place(str(there)), said, remedy)])


def _missing(folder: Path) -> list[Path]:
    """The folders to make, outermost first."""
    return [path for path in reversed([folder, *folder.parents]) if not path.exists()]


def _beside(target: Path, role: str) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}.{role}")


def _set_aside(target: Path) -> Path | None:
    if target.is_dir():
        raise IsADirectoryError(21, "Is a directory", str(target))
    if not target.exists():
        return None
    old = _beside(target, "old")
    target.replace(old)
    return old


def _put_back(target: Path, old: Path | None) -> None:
    with suppress(OSError):
        if old is None:
            target.unlink()
        else:
            old.replace(target)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink()


def _cannot_write(at: Path, error: OSError) -> Problem:
    return Problem(
        "cannot-write",
        Place(str(at)),
        Text("går inte att skriva.", "cannot be written."),
        Text(
            f"Systemet svarar: {error.strerror}. Stäng filen om den är öppen i ett program, eller ange en annan mapp.",
            f"The system says: {error.strerror}. Close the file if it is open in a program, or give another folder.",
        ),
    )
