"""The words of the reports: what the closed words of the result frames are called, in Swedish and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from genomlys.engine.errors import Lang, Text
from genomlys.engine.names import CLASSES as CLASSES
from genomlys.engine.names import EVIDENCE as EVIDENCE
from genomlys.engine.names import LEVELS as LEVELS
from genomlys.engine.names import listed as listed
from genomlys.engine.names import quoted as quoted
from genomlys.engine.writing import NBSP, format_number

# What no figure decides. Words that fill a table would hide the cells that do say something.
NOTHING: Final = "–"

COST: Final[Mapping[str, Text]] = {
    "worse": Text("högre", "higher"),
    "mixed": Text("blandat", "mixed"),
    "better": Text("lägre", "lower"),
    "even": Text("i nivå", "level"),
    "unknown": Text(NOTHING, NOTHING),
}
RESULTS: Final[Mapping[str, Text]] = {**COST, "worse": Text("sämre", "worse"), "better": Text("bättre", "better")}
DEVELOPMENT: Final[Mapping[str, Text]] = {
    **COST,
    "worse": Text("försämras", "worsening"),
    "better": Text("förbättras", "improving"),
    "even": Text("ingen tydlig", "none clear"),
}
NEED: Final[Mapping[str, Text]] = {
    **COST,
    "worse": Text("kräver åtgärd", "call for action"),
    "better": Text("gynnsamma", "favourable"),
    "even": Text("utan anmärkning", "no remark"),
}
TELLS: Final[Mapping[str, Text]] = {
    "problem": Text("problem", "problem"),
    "strength": Text("styrka", "strength"),
    "mixed": Text("blandat", "mixed"),
    "data": Text("brist i underlaget", "gap in the data"),
}
HORIZONS: Final[Mapping[str | None, Text]] = {
    "short": Text("kort sikt", "short term"),
    "long": Text("lång sikt", "long term"),
    "investigate": Text("utreds", "inquiry"),
    None: Text("alla", "all"),
}
# Of a measure in brackets or a table; after "1 åtgärd"; after "5 åtgärder".
MEASURE_STATUSES: Final[Mapping[str, tuple[Text, Text, Text]]] = {
    "not_started": (
        Text("inte påbörjad", "not started"),
        Text("är inte påbörjad", "is not started"),
        Text("är inte påbörjade", "are not started"),
    ),
    "ongoing": (Text("pågår", "ongoing"), Text("pågår", "is ongoing"), Text("pågår", "are ongoing")),
    "done": (Text("genomförd", "done"), Text("är genomförd", "is done"), Text("är genomförda", "are done")),
    "not_feasible": (
        Text("går inte att genomföra", "not feasible"),
        Text("går inte att genomföra", "is not feasible"),
        Text("går inte att genomföra", "are not feasible"),
    ),
    "stopped": (Text("avbruten", "stopped"), Text("är avbruten", "is stopped"), Text("är avbrutna", "are stopped")),
}
SCOPES: Final[Mapping[str, Text]] = {
    "own": Text("den egna nämnden", "within one committee"),
    "cross-committee": Text("över nämndgränserna", "across committees"),
}
KINDS: Final[Mapping[str, tuple[Text, Text]]] = {
    "municipality": (Text("kommun", "municipality"), Text("kommuner", "municipalities")),
    "committee": (Text("nämnd", "committee"), Text("nämnder", "committees")),
    "department": (Text("förvaltning", "department"), Text("förvaltningar", "departments")),
    "company": (Text("bolag", "company"), Text("bolag", "companies")),
    "nation": (Text("land", "nation"), Text("länder", "nations")),
}
MISSING: Final[Mapping[str, tuple[Text, Text]]] = {
    "own": (Text("eget värde", "own value"), Text("egna värden", "own values")),
    "reference": (Text("referenskostnad", "reference cost"), Text("referenskostnader", "reference costs")),
    "target": (Text("målvärde", "target"), Text("målvärden", "targets")),
    "denominator": (Text("nämnare", "denominator"), Text("nämnare", "denominators")),
    "peers": (Text("värden för liknande kommuner", "values of similar municipalities"),) * 2,
    "nation": (Text("värden för alla kommuner", "values of all municipalities"),) * 2,
    "peers.mean": (
        Text("värde för liknande kommuner", "value of similar municipalities"),
        Text("värden för liknande kommuner", "values of similar municipalities"),
    ),
    "peers.median": (
        Text("median av liknande kommuner", "median of similar municipalities"),
        Text("medianer av liknande kommuner", "medians of similar municipalities"),
    ),
    "price": (Text("prisindex", "price index"), Text("prisindex", "price indexes")),
    "nation.mean": (Text("kommungenomsnitt", "national mean"), Text("kommungenomsnitt", "national means")),
    "nation.median": (
        Text("median av alla kommuner", "national median"),
        Text("medianer av alla kommuner", "national medians"),
    ),
    **{
        f"nation.{name}": (Text(f"gräns för {sv} av alla kommuner", f"limit of {en}"),) * 2
        for name, sv, en in (
            ("p10", "den lägsta tiondelen", "the lowest tenth of all municipalities"),
            ("p25", "den lägsta fjärdedelen", "the lowest quarter of all municipalities"),
            ("p75", "den högsta fjärdedelen", "the highest quarter of all municipalities"),
            ("p90", "den högsta tiondelen", "the highest tenth of all municipalities"),
        )
    },
}
REASONS: Final[Mapping[str, Text]] = {
    "missing": Text("", ""),
    "suppressed": Text(" (skyddas av sekretess)", " (suppressed)"),
    "stale": Text(" (det senaste är för gammalt)", " (the latest is too old)"),
    "break": Text(" (definitionen har ändrats)", " (the definition has changed)"),
    "not_positive": Text(" (kan inte delas med 0 eller mindre)", " (cannot be divided by 0 or less)"),
    "few_units": Text(
        " (kan inte normeras: för få kommuner, eller ingen skillnad mellan dem)",
        " (cannot be normalised: too few municipalities, or no difference between them)",
    ),
    "few": Text(" (de är för få)", " (they are too few)"),
    "spread": Text(" (alla har samma)", " (all have the same)"),
}


def count(number: int, one: Text, many: Text, lang: Lang) -> str:
    """ "1 åtgärd", "21 åtgärder", "1 200 åtgärder"."""
    return f"{format_number(number, 0, lang)}{NBSP}{(one if number == 1 else many).in_(lang)}"


_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_KEPT: Final = NBSP + "\u202f\u2009"


def tidy(text: str) -> str:
    """A text from the data on one line, without what would steer a terminal or turn the reading order.

    No-break spaces stay: they keep a number and its measure together.
    """
    line = _BLANKS.sub(lambda blanks: blanks[0] if len(blanks[0]) == 1 and blanks[0] in _KEPT else " ", text)
    return "".join(char for char in line if char in _KEPT or char.isprintable()).strip()
