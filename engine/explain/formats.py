"""Explanations in the forms that ``--format`` names: plain text, Markdown to paste, JSON for other programs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from genomlys.engine.errors import Lang
from genomlys.engine.explain.model import Explanation
from genomlys.engine.explain.text import INDENT, lines, render

_SPECIAL: Final = str.maketrans({char: f"\\{char}" for char in "\\`*_[]<>|#"})


def as_markdown(explanations: Sequence[Explanation], lang: Lang) -> str:
    """The text with its outline as headings and lists: each of its blocks begins with its own heading."""
    return "".join(f"{line}\n" for line in _marked(list(lines(explanations, lang))))


def _marked(text: Sequence[str]) -> Iterator[str]:
    before = ""
    for number, line in enumerate(text):
        said = line.strip().translate(_SPECIAL)
        after = text[number + 1] if number + 1 < len(text) else ""
        depth = (len(line) - len(line.lstrip(" "))) // len(INDENT)
        if not line:
            yield ""
        elif depth:
            if before and not before.startswith(" "):
                yield ""
            yield f"{INDENT * (depth - 1)}- {said}"
        elif number == 0:
            yield f"# {said}"
        elif not before and after:
            yield f"## {said}"
        else:
            if before:
                yield ""
            yield said
        before = line


def as_json(explanations: Sequence[Explanation], lang: Lang) -> str:
    """A list of the explanations with the fields of ``model.Explanation``; null where there is no limit."""
    plain = [{"id": each.id, **asdict(each)} for each in explanations]
    return json.dumps(_finite(plain), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


FORMATS: Final[Mapping[str, Callable[[Sequence[Explanation], Lang], str]]] = {
    "text": render,
    "md": as_markdown,
    "json": as_json,
}
