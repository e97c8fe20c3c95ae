"""What to write instead of common slips: Swedish headers and words, ranges, units and remarks in a number's cell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from genomlys.engine.errors import Text, nearest
from genomlys.engine.numbers import BLANKS, MINUS

# What a column or a word is called in Swedish. A Swedish word may stand for several, of which a table knows one.
_COLUMNS: Final = {
    "area": "område; verksamhetsområde",
    "base_year": "basår",
    "benchmark": "jämförelse; jämförelsevärde",
    "breaks": "seriebrott",
    "category": "kategori",
    "committees": "nämnd; nämnder",
    "cross_cutting": "tvärgående; övergripande",
    "date": "datum",
    "decided": "beslutad; beslut; beslutsdatum; datum",
    "decimals": "decimaler; antal decimaler",
    "deflate": "prisindex; deflator",
    "derive": "härledning; härledd; beräkning; beräknas som",
    "direction": "riktning",
    "due": "slutdatum; klar; förfaller",
    "followup": "uppföljning",
    "followup_date": "uppföljningsdatum",
    "group": "grupp",
    "horizon": "sikt; horisont; tidshorisont",
    "index": "prisindex",
    "kind": "typ; slag",
    "kpi": "nyckeltal",
    "materiality": "väsentlighet; väsentlighetsgräns",
    "measure": "mått; måttenhet; åtgärd",
    "member": "medlem; liknande kommun",
    "members": "medlemmar",
    "n": "antal",
    "of": "delar; av; beräknas av",
    "owner": "ansvarig",
    "parent": "överordnad; tillhör",
    "peer_group": "grupp; jämförelsegrupp",
    "priority": "prioritering; prioriterad inriktning",
    "saving_high": "högsta besparing; besparing till",
    "saving_kind": "besparingsslag",
    "saving_low": "besparing; lägsta besparing; besparing från",
    "signal": "omständighet",
    "source": "källa",
    "title": "titel; rubrik; namn; benämning",
    "unit": "kommun; enhet",
    "value": "värde; utfall; indextal",
    "vintage": "utgåva; utgåvans datum; publicerad",
    "volume": "volym",
    "denominator": "nämnare; antal personer",
    "per": "per antal; bas",
    "year": "år; årtal",
}
_WORDS: Final = {
    "amount": "belopp",
    "audit": "revision",
    "avoids_cost": "undviker kostnad; undviker kostnader",
    "awaiting_inquiry": "inväntar utredning; avvaktar utredning",
    "committee": "nämnd",
    "company": "bolag; kommunalt bolag",
    "department": "förvaltning; avdelning",
    "difference": "skillnad; differens; minus",
    "done": "genomförd; genomfört; klar; klart; avslutad",
    "external": "omvärld; omvärlden",
    "forecast": "prognos",
    "higher": "högre; högt; hög",
    "investigate": "utreda; utreds; utredning",
    "law": "lag; lagändring",
    "long": "lång; lång sikt; på lång sikt; långsiktig",
    "lower": "lägre; lågt; låg",
    "missing": "saknas; bortfall",
    "municipality": "kommun",
    "nation": "riket; land",
    "nation.mean": "nation; riket; rikssnitt; rikets medel",
    "neutral": "ingen; varken eller",
    "normalised": "normerat index; normaliserat index; kvalitetsindex; resursindex; effektivitetsindex",
    "not_applicable": "ej aktuellt; inte aktuellt; ej tillämpligt; ej relevant",
    "not_feasible": "ej genomförbar; inte genomförbar; ej möjlig",
    "not_started": "ej påbörjad; inte påbörjad; ej påbörjat; inte påbörjat; ej startad",
    "ongoing": "pågår; pågående; påbörjad; påbörjat",
    "outcome": "utfall",
    "peers.mean": "liknande kommuner; jämförbara kommuner",
    "preliminary": "preliminär; preliminärt; prel; prel.",
    "ratio": "kvot; andel; procent",
    "real": "fasta priser; fast pris; deflaterad; realt",
    "reference": "referens; referensvärde",
    "short": "kort; kort sikt; på kort sikt; kortsiktig",
    "stopped": "stoppad; stoppat; avbruten; avbrutet",
    "sum": "summa; plus",
    "suppressed": "sekretess; prickad; prickat",
    "target": "mål; målvärde",
    "too_early": "för tidigt; för tidigt att säga",
    "unclear": "oklar; oklart",
}

_LONGEST: Final = 60
_NUMBER: Final = rf"[+\-{MINUS}]?[0-9][0-9{BLANKS}]*(?:[.,][0-9]+)?"
_RANGE: Final = re.compile(rf"({_NUMBER})\s*(?:[\-–—{MINUS}]|till)\s*({_NUMBER})")
_PRELIMINARY: Final = r"(?:\(p\)|\(?prel(?:iminärt?)?\.?\)?)"
_NUMBER_PRELIMINARY: Final = re.compile(rf"({_NUMBER})\s*{_PRELIMINARY}", re.IGNORECASE)
_YEAR_PRELIMINARY: Final = re.compile(rf"([0-9]{{4}})\s*{_PRELIMINARY}", re.IGNORECASE)
_NUMBER_AND_YEAR: Final = re.compile(rf"{_NUMBER}\s*\(((?:19|20)[0-9]{{2}})\)")
_NUMBER_AND_UNIT: Final = re.compile(rf"{_NUMBER}\s*[^\W\d_][^\d()]*")


def column_remedy(name: str, known: Sequence[str]) -> Text:
    """Which of the known columns was meant."""
    return _meant(name, known, _COLUMNS)


def word_remedy(text: str, known: Sequence[str]) -> Text:
    """Which of the known words was meant."""
    return _meant(text, known, _WORDS)


def names_a_column(text: str, known: Sequence[str]) -> bool:
    """Whether a cell is one of the known columns, or what it is called in Swedish."""
    name = _folded(text)
    return name in known or _translated(name, known, _COLUMNS) is not None


def number_remedy(text: str, table: str, column: str) -> Text | None:
    """What to write instead of something that has a number in it and is none; None if that is not clear."""
    if len(text) > _LONGEST:
        return None
    if column == "year":
        return _in_years_cell(text, table)
    if column.startswith("saving_"):
        return _in_savings_cell(text)
    return _in_values_cell(text, table) if column == "value" else None


def _meant(word: str, known: Sequence[str], swedish: Mapping[str, str]) -> Text:
    name = _translated(_folded(word), known, swedish)
    return Text(f"Menade du '{name}'?", f"Did you mean '{name}'?") if name else nearest(word, known)


def _translated(word: str, known: Sequence[str], swedish: Mapping[str, str]) -> str | None:
    return next((name for name in known if word in swedish.get(name, "").split("; ")), None) if word else None


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _in_years_cell(text: str, table: str) -> Text | None:
    found = _YEAR_PRELIMINARY.fullmatch(text)
    if not found:
        return None
    year = found[1]
    if table != "values":
        return Text(f"Skriv {year}.", f"Write {year}.")
    return Text(f"Skriv {year} i year och preliminary i status.", f"Write {year} in year and preliminary in status.")


def _in_savings_cell(text: str) -> Text | None:
    if found := _RANGE.fullmatch(text):
        low, high = found[1].strip(BLANKS), found[2].strip(BLANKS)
        return Text(
            f"Skriv {low} i saving_low och {high} i saving_high.",
            f"Write {low} in saving_low and {high} in saving_high.",
        )
    if _NUMBER_AND_UNIT.fullmatch(text):
        return Text("Skriv bara talet, i tkr per år.", "Write the number alone, in tkr a year.")
    return None


def _in_values_cell(text: str, table: str) -> Text | None:
    if (found := _NUMBER_PRELIMINARY.fullmatch(text)) and table == "values":
        number = found[1].strip(BLANKS)
        return Text(
            f"Skriv {number} i value och preliminary i status.", f"Write {number} in value and preliminary in status."
        )
    if found := _NUMBER_AND_YEAR.fullmatch(text):
        year = found[1]
        return Text(f"Skriv bara talet, och {year} i year.", f"Write the number alone, and {year} in year.")
    if _NUMBER_AND_UNIT.fullmatch(text):
        return Text("Skriv bara talet; måttet står i kpis.", "Write the number alone; its measure is in kpis.")
    return None
