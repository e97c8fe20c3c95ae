"""Writing to a console: a Swedish Windows console knows neither − nor →, and must not stop at them."""

from __future__ import annotations

import errno
import os
import shutil
import unicodedata
from collections.abc import Sequence
from typing import Final, TextIO

from genomlys.engine.errors import Lang, Problem, Text

_REDIRECTED: Final = 100  # columns, where there is no window to ask

_INSTEAD: Final = str.maketrans(
    {
        "\u2212": "-",
        "–": "-",
        "—": "-",
        "\u2011": "-",
        "→": "->",
        "≥": ">=",
        "≤": "<=",
        "≠": "<>",
        "…": "...",
        "”": '"',
        "“": '"',
        "„": '"',
        "’": "'",
        "‘": "'",
        "•": "*",
        "×": "x",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)


def shown(text: str, encoding: str | None) -> str:
    """The text with what the encoding lacks replaced: − by -, → by ->, and what has no such likeness by ?.

    ``encoding`` None is a stream that takes any text.
    """
    if encoding is None:
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(_shown(char, encoding) for char in text)
    return text


def _shown(char: str, encoding: str) -> str:
    # ö without an ö is o, as Swedes write it where they must.
    bare = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode("ascii")
    for candidate in (char, char.translate(_INSTEAD), bare):
        if candidate and _fits(candidate, encoding):
            return candidate
    return "?"


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def write(text: str, stream: TextIO) -> None:
    """Write what the stream can show. Whoever stopped reading wants no more, and that is no error."""
    try:
        stream.write(shown(text, stream.encoding))
        stream.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EINVAL):
            raise
        # The interpreter flushes once more when it ends: let it have somewhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def width(stream: TextIO) -> int:
    """The columns to write in: those of the window, but no line longer than is good to read."""
    return min(max(shutil.get_terminal_size().columns, 60), 120) if stream.isatty() else _REDIRECTED


def told(problems: Sequence[Problem], lang: Lang) -> str:
    """Every problem on its line, and last how many there are."""
    return "".join(f"{line}\n" for line in [*(problem.say(lang) for problem in problems), total(problems, lang)])


def total(problems: Sequence[Problem], lang: Lang) -> str:
    """ "3 fel, 1 varning."."""
    listed = [problem for problem in problems if problem.code != "more-problems"]
    warnings = sum(problem.severity == "warning" for problem in listed)
    errors = len(listed) - warnings
    words = (
        [Text(f"{errors} fel", f"{errors} {'error' if errors == 1 else 'errors'}")] if errors or not warnings else []
    )
    if warnings:
        one = warnings == 1
        words.append(
            Text(f"{warnings} {'varning' if one else 'varningar'}", f"{warnings} {'warning' if one else 'warnings'}")
        )
    said = f"{', '.join(text.in_(lang) for text in words)}."
    return Text(f"Fler än {said}", f"More than {said}").in_(lang) if len(listed) < len(problems) else said
