"""What the closed words of results are called in text, and how words are joined: one list for report and explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from genomlys.engine.errors import Lang, Text

LEVELS: Final[Mapping[str, Text]] = {
    "low": Text("låg", "low"),
    "medium": Text("medelhög", "medium"),
    "high": Text("hög", "high"),
}
EVIDENCE: Final[Mapping[str, Text]] = {
    "significant": Text("statistiskt säkerställt", "statistically significant"),
    "persistent": Text("ihållande", "persistent"),
    "point": Text("enstaka iakttagelse", "single observation"),
}
CLASSES: Final[Mapping[str, Text]] = {
    "problem": Text("problem", "problem"),
    "mixed": Text("blandat", "mixed"),
    "unknown": Text("kan inte bedömas", "cannot be judged"),
    "even": Text("i nivå", "level"),
    "strength": Text("styrka", "strength"),
}


def listed(words: Sequence[str], lang: Lang) -> str:
    """ "a, b och c"."""
    if len(words) < 2:
        return "".join(words)
    *head, last = words
    return f"{', '.join(head)}{' and ' if lang == 'en' else ' och '}{last}"


def quoted(text: str, lang: Lang) -> str:
    return f"“{text}”" if lang == "en" else f"”{text}”"
