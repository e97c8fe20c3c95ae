"""How a changed rule and a threshold that changes with the years are told: sentences, not the file's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from genomlys.engine.errors import Lang, Text
from genomlys.engine.language.model import Change, Dated, Override
from genomlys.engine.writing import NBSP

_NAMES: Final[Mapping[str, Text]] = {
    "severity": Text("allvarsgraden", "the severity"),
    "than": Text("jämförelsetalet", "the number compared with"),
    "by": Text("tröskeln", "the threshold"),
    "in": Text("antalet år som krävs", "the number of years needed"),
    "for": Text("antalet år", "the number of years"),
    "over": Text("antalet år", "the number of years"),
    "after": Text("antalet år dessförinnan", "the number of years before"),
    "confidence": Text("kravet på säkerhet", "the confidence"),
    "places": Text("antalet platser", "the number of places"),
    "share": Text("andelen platser", "the share of places"),
    "beyond": Text("kravet på avstånd", "the distance needed"),
    "older_than": Text("minsta ålder", "the least age"),
    "newer_than": Text("högsta ålder", "the greatest age"),
    "at_least": Text("minsta antal", "the least number"),
    "at_most": Text("högsta antal", "the greatest number"),
    "low": Text("gränsen för låg allvarsgrad", "the limit of low severity"),
    "medium": Text("gränsen för medelhög allvarsgrad", "the limit of medium severity"),
    "high": Text("gränsen för hög allvarsgrad", "the limit of high severity"),
}
# What is written in a rule after one of the words above; a source in brackets is told as it stands.
_WRITTEN: Final[Mapping[str, str]] = {
    "material": "väsentlighetsgränsen",
    "low": "låg",
    "medium": "medelhög",
    "high": "hög",
    "from": "från",
    "of": "av",
    "year": "år",
    "years": "år",
    "month": "månad",
    "months": "månader",
}


def threshold_name(word: str) -> Text:
    """What a word that says how much is needed is called: "tröskeln" for ``by``."""
    return _NAMES[word]


def threshold_text(written: str) -> Text:
    """A value as it is written in a rule, in words: "low 3 %, high 10 %" is "låg 3 %, hög 10 %"."""
    value, bracket, source = written.replace(" %", f"{NBSP}%").partition(" (")
    swedish = re.sub("[a-z]+", lambda word: _WRITTEN.get(word[0], word[0]), value)
    return Text(swedish + bracket + source, value + bracket + source)


def say_override(override: Override, lang: Lang) -> str:
    """ "tröskeln har ändrats från 2 % till 3 % av alingsas 2026.1 (2026-03-01). Skäl: …"."""
    said = [_say_change(change).in_(lang) for change in override.changes]
    if override.off:
        said = [Text("avstängd", "turned off").in_(lang)]
    by, when = Text("av", "by").in_(lang), "" if override.decided is None else f" ({override.decided.isoformat()})"
    pack = override.pack.rpartition("+")[0].replace("@", " ")
    why = Text("Skäl", "Reason").in_(lang)
    return f"{'; '.join(said)} {by} {pack}{when}. {why}: {override.reason.in_(lang)}"


def _say_change(change: Change) -> Text:
    name, after = threshold_name(change.word), threshold_text(change.after)
    if change.before is None:
        return Text(f"{name.sv} har satts till {after.sv}", f"{name.en} has been set to {after.en}")
    before = threshold_text(change.before)
    return Text(
        f"{name.sv} har ändrats från {before.sv} till {after.sv}",
        f"{name.en} has been changed from {before.en} to {after.en}",
    )


def say_dated(dated: Dated, lang: Lang) -> str:
    """ "tröskeln 2 % från 2024, 3 % från 2026 (KF § 120)"."""
    since = Text("från", "from").in_(lang)
    values = ", ".join(f"{threshold_text(value).in_(lang)} {since} {year}" for year, value in dated.values)
    return f"{threshold_name(dated.word).in_(lang)} {values} ({dated.source.in_(lang)})"
