"""The words of a pack outside its conditions, with the form of their values and what they are for.

The reader asks for these words one by one; a test holds what it asks for and what is listed here together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from genomlys.engine.conditions.base import SUBJECTS, Subject
from genomlys.engine.conditions.scope import NARROWING, WHAT
from genomlys.engine.errors import Text
from genomlys.engine.language.examples import EXPECT
from genomlys.engine.language.figures import SPAN
from genomlys.engine.language.model import GOALS, TELLS
from genomlys.engine.language.overrides import USE
from genomlys.engine.language.overrides import WORDS as OVERRIDE_WORDS
from genomlys.engine.language.waivers import WORDS as WAIVER
from genomlys.engine.language.words import (
    DATE,
    NAME,
    NUMBER,
    THRESHOLDS,
    Bilingual,
    ByYear,
    Choice,
    Either,
    Form,
    Free,
    Group,
    Many,
    Named,
    Phrase,
    Word,
    Words,
)
from genomlys.engine.vocabulary import (
    BENCHMARKS,
    CATEGORIES,
    DIRECTIONS,
    HORIZONS,
    LEVELS,
    MEASURE_STATUSES,
    SAVING_KINDS,
    SIGNAL_KINDS,
)

_YES_OR_NO: Final = Choice(("yes", "no", "ja", "nej"))
_FIGURE: Final = rf"(?:{NUMBER})\*?|_|-|\.|\.\."
_OTHER: Final = rf"(?:[0-9]{{1,3}}x)?(?:{_FIGURE})"
_WHOLE: Final = Phrase(r"[-−]?[0-9]{1,3}", "0", number=True)
_AMOUNT: Final = Phrase(NUMBER, "42 000", number=True)
_FIGURES: Final = Either(
    (
        Phrase(rf"(?:{_FIGURE})(?:[ \t\n]+(?:{_FIGURE}))*", "101 _ 106", number=True),
        Many(Phrase(_FIGURE, "8 093", number=True)),
    )
)
_OTHERS: Final = Either(
    (
        Phrase(rf"{_OTHER}(?:[ \t\n]+{_OTHER})*", "100 3x104 _", number=True),
        Many(Phrase(_OTHER, "8 093", number=True)),
    )
)
_YEAR: Final = r"[0-9]{4}(?:[-–][0-9]{4})?"
_YEARS: Final = Either(
    (
        Phrase(rf"{_YEAR}(?:[ \t\n]+{_YEAR})*", "2022-2024", number=True),
        Many(Phrase(_YEAR, "2024", number=True)),
    )
)
DAY: Final = Either((DATE, Phrase("[12][0-9]{3}", "2025", number=True)))
_PERCENT: Final = Phrase(rf"(?![-−]){NUMBER}\s*%", "10 %")

LEVEL_WORDS: Final[Words] = {
    level: Word(
        Either((_PERCENT, ByYear())),
        Text("Minsta skillnad mot jämförelsen, i procent.", "The least gap to the basis, in per cent."),
    )
    for level in LEVELS
}
SEVERITY: Final = Either((Choice(LEVELS), Group(LEVEL_WORDS, any_of=LEVELS)))

PACK: Final[Words] = {
    "genomlys": Word(Choice(("1",)), Text("Regelspråkets version.", "The version of the rule language.")),
    "pack": Word(NAME, Text("Regelpaketets namn, i varje fil.", "The pack's name, in every file.")),
    "version": Word(
        Phrase(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}", "2026.1", number=True),
        Text("Regelpaketets version, i en av filerna.", "The pack's version, in one of its files."),
    ),
    "title": Word(
        Bilingual(), Text("Regelpaketets titel, bredvid versionen.", "The pack's title, beside its version.")
    ),
    "use": USE,
    "override": Word(
        Many(Named("override"), 0),
        Text("Det som ändras i regelpaket som används, med skäl.", "What is changed in used packs, and why."),
    ),
    "rules": Word(Many(Named("rule"), 0), Text("Reglerna.", "The rules.")),
    "moves": Word(
        Many(Named("move"), 0),
        Text(
            "Möjliga förflyttningar; den första som gäller för ett område föreslås.",
            "Candidate förflyttningar; the first that holds for an area is proposed.",
        ),
    ),
}

RULE: Final[Words] = {
    "id": Word(NAME, Text("Regelns namn, som andra regler hänvisar till.", "The rule's name, that others refer to.")),
    "title": Word(Bilingual(), Text("Vad regeln visar, i några ord.", "What the rule shows, in a few words.")),
    "tells": Word(
        Choice(TELLS),
        Text(
            "Vad en flagga betyder: problem (om inget anges), styrka, blandat eller brist i data.",
            "What a flag means: a problem (if nothing is said), a strength, mixed or a gap in the data.",
        ),
    ),
    "goal": Word(
        Choice(GOALS), Text("Vilken del av målet regeln gäller.", "Which part of the municipality's goal it speaks of.")
    ),
    "for_each": Word(Named("for_each"), Text("Vad regeln prövas på.", "What the rule is asked of.")),
    "when": Word(Named("when"), Text("När regeln flaggar.", "When the rule is flagged.")),
    "severity": Word(
        SEVERITY,
        Text(
            "Allvarsgrad: en nivå, eller nivåer efter skillnaden mot jämförelsen.",
            "A level, or levels by the gap to the basis.",
        ),
    ),
    "because": Word(
        Bilingual(),
        Text(
            "Motiveringen, med fält som {kpi}, {value} och {gap_percent}.",
            "The justification, with fields such as {kpi}, {value} and {gap_percent}.",
        ),
    ),
    "why": Word(Bilingual(), Text("Regelns syfte.", "The rule's purpose.")),
    "limits": Word(Bilingual(), Text("När regeln vilseleder.", "When the rule misleads.")),
    "source": Word(
        Bilingual(), Text("Varifrån regeln och dess gränser kommer.", "Where the rule and its limits come from.")
    ),
    "examples": Word(Many(Named("example"), 0), Text("Små fall med sitt svar.", "Small cases with their answer.")),
}

MOVE: Final[Words] = {
    "id": RULE["id"],
    "when": Word(Named("when"), Text("När den föreslås för ett område.", "When it is proposed for an area.")),
    "title": Word(Bilingual(), Text("Förflyttningen i några ord.", "The move in a few words.")),
    "description": Word(Bilingual(), Text("Vad som ska göras.", "What is to be done.")),
    "gain": Word(Bilingual(), Text("Möjlig effektivisering, i ord.", "The possible gain, in words.")),
    "horizon": Word(
        Choice(HORIZONS), Text("Kort eller lång sikt, eller att utreda.", "Short, long or to be investigated.")
    ),
}

OVERRIDE: Final[Words] = {
    **OVERRIDE_WORDS,
    "severity": RULE["severity"],
    "examples": Word(
        Many(Named("example"), 0), Text("Exempel på den ändrade regeln.", "Examples of the changed rule.")
    ),
}
# One of these must be there.
CHANGES: Final = ("off", "severity", *THRESHOLDS)

_SCOPE_ABOUT: Final[dict[str, Text]] = {
    "category": Text("Nyckeltalets kategori.", "The KPI's category."),
    "direction": Text("Åt vilket håll som är bättre.", "Which way is better."),
    "measure": Text("Måttet, som i data.", "The measure, as in the data."),
    "area": Text("Områdets id.", "The area's id."),
    "kpi": Text("Nyckeltalets id.", "The KPI's id."),
    "has": Text("Har jämförelsevärdet.", "Has the benchmark."),
    "lacks": Text("Saknar jämförelsevärdet.", "Lacks the benchmark."),
    "area_has": Text("Något nyckeltal i området har jämförelsevärdet.", "Some KPI of its area has the benchmark."),
    "area_lacks": Text("Inget nyckeltal i området har jämförelsevärdet.", "No KPI of its area has the benchmark."),
    "cost": Text("Är en kostnad att hålla nere.", "Is a cost to keep down."),
    "followed": Text(
        "Någon har värden för så många år, från det första till det sista.",
        "Someone has values for so many years, from the first to the last.",
    ),
    "priority": Text("Är en prioriterad inriktning.", "Is a priority."),
    "cross_cutting": Text("Går över nämnder.", "Goes across committees."),
    "kind": Text("Omständighetens slag.", "The kind of signal."),
}


def _taken(choices: Sequence[str] | Phrase | None) -> Form:
    """The form of what a word that narrows takes."""
    if isinstance(choices, Phrase):
        return choices
    return Many(Free() if choices is None else Choice(tuple(choices)))


SCOPES: Final[dict[Subject, Words]] = {
    subject: {
        word: Word(_taken(choices), _SCOPE_ABOUT.get(word, Text("", "")))
        for word, choices in NARROWING[subject].items()
    }
    for subject in SUBJECTS
}
FOR_EACH: Final[Words] = {
    subject: Word(
        Group(SCOPES[subject]),
        Text(f"Regeln gäller {WHAT[subject].sv}; {{}} är alla.", f"The rule is for {WHAT[subject].en}; {{}} is all."),
    )
    for subject in SUBJECTS
}

_KPI_FACTS: Final[Words] = {
    "kpi": Word(Free(), Text("Nyckeltalets id.", "The KPI's id.")),
    "category": Word(Choice(CATEGORIES), Text("Annars ekonomi.", "Otherwise ekonomi.")),
    "measure": Word(Free("kr/inv"), Text("Annars efter kategorin.", "Otherwise by the category.")),
    "direction": Word(Choice(DIRECTIONS), Text("Annars efter kategorin.", "Otherwise by the category.")),
    "title": Word(Free(), Text("Annars Nyckeltalet.", "Otherwise Nyckeltalet.")),
    "name": Word(Free(), Text("Namnet i löpande text.", "The name in running text.")),
    "decimals": Word(_WHOLE, Text("Decimaler, annars 0.", "Decimals, otherwise 0.")),
    "materiality": Word(
        Phrase(rf"(?![-−]){NUMBER}\s*%?", "3 %", number=True), Text("Väsentlighetsgränsen.", "The material difference.")
    ),
    "breaks": Word(Named("years"), Text("År då definitionen ändrades.", "Years in which the definition changed.")),
    "max_age": Word(_WHOLE, Text("Högsta ålder i år, annars 2.", "Highest age in years, otherwise 2.")),
    "volume": Word(_AMOUNT, Text("Volym, för belopp.", "A volume, for money.")),
    "denominator": Word(_AMOUNT, Text("Så många som andelen räknas på.", "How many the share is counted on.")),
    "per": Word(_AMOUNT, Text("Så många som frekvensen räknas per.", "How many the rate is per.")),
}
_AREA_ID: Final[Words] = {"area": Word(Free(), Text("Områdets id.", "The area's id."))}
_SERIES: Final[Words] = {
    "years": Word(Named("years"), Text("Kalenderåren, stigande.", "The calendar years, rising.")),
    "own": Word(
        Named("figures"),
        Text(
            "Ett värde per år; _ saknas, .. sekretess, . ej tillämpligt, 104* preliminärt.",
            "A figure a year; _ missing, .. suppressed, . not applicable, 104* preliminary.",
        ),
    ),
    **{
        name: Word(Named("figures"), Text("Jämförelsevärdet, ett per år.", "The benchmark, a figure a year."))
        for name in BENCHMARKS
    },
    "peers": Word(
        Named("others"),
        Text(
            "Liknande kommuners värden det sista året; 3x100 är tre med 100.",
            "The values of similar municipalities in the last year; 3x100 are three with 100.",
        ),
    ),
    "nation": Word(
        Named("others"),
        Text(
            "Övriga kommuners värden det sista året; 100x98 är hundra med 98.",
            "The values of other municipalities in the last year; 100x98 are a hundred with 98.",
        ),
    ),
}
_KPI_BESIDE: Final = Group({**_KPI_FACTS, **_SERIES}, needed=("years", "own"))
_AREA: Final[Words] = {
    **_AREA_ID,
    "title": Word(Free(), Text("Annars Området.", "Otherwise Området.")),
    "name": Word(Free(), Text("Namnet i löpande text.", "The name in running text.")),
    "committees": Word(Many(Free(), 0), Text("Nämnderna.", "The committees.")),
    "priority": Word(Free("yes"), Text("yes, no eller inriktningens namn.", "yes, no or the priority's name.")),
    "cross_cutting": Word(_YES_OR_NO, Text("Går över nämnder.", "Goes across committees.")),
}
_MEASURE: Final[Words] = {
    "title": Word(Free(), Text("Annars Åtgärden.", "Otherwise Åtgärden.")),
    "status": Word(Choice(MEASURE_STATUSES), Text("Annars ongoing.", "Otherwise ongoing.")),
    "horizon": Word(Choice(HORIZONS), Text("Annars short.", "Otherwise short.")),
    "decided": Word(DATE, Text("Beslutsdatum.", "The date of the decision.")),
    "due": Word(DATE, Text("Slutdatum.", "The due date.")),
    "followup_date": Word(DATE, Text("Uppföljningens datum.", "The date of the follow-up.")),
    "saving": Word(
        Phrase(rf"{NUMBER}(?:\s*[-–]\s*{NUMBER})?", "100-300", number=True), Text("Tkr per år.", "Tkr a year.")
    ),
    "saving_kind": Word(Choice(SAVING_KINDS), Text("Effektens slag.", "The kind of saving.")),
    "owner": Word(Free(), Text("Ansvarig.", "Who is responsible.")),
    "saving_note": Word(Free(), Text("Om effekten, i ord.", "On the saving, in words.")),
    "followup": Word(Free(), Text("Uppföljningen, i ord.", "The follow-up, in words.")),
}
_SIGNAL: Final[Words] = {
    "date": Word(DATE, Text("Datum.", "The date.")),
    "kind": Word(Choice(SIGNAL_KINDS), Text("Omständighetens slag.", "The kind of signal.")),
    "title": Word(Free(), Text("Annars Omständigheten.", "Otherwise Omständigheten.")),
}
_ANSWER: Final[Words] = {
    "title": Word(Free(), Text("Vad exemplet visar.", "What the example shows.")),
    "as_of": Word(DAY, Text("Exemplets dag.", "The day of the example.")),
    "expect": Word(Choice(EXPECT), Text("Det väntade utfallet.", "The expected outcome.")),
    "text": Word(
        Bilingual(), Text("Hela motiveringen, tecken för tecken.", "The whole justification, letter by letter.")
    ),
    "severity": Word(Choice(LEVELS), Text("Den väntade allvarsgraden.", "The expected severity.")),
    "money": Word(SPAN, Text("Tkr per år.", "Tkr a year.")),
    "margin": Word(
        SPAN, Text("Marginalen, till så många decimaler som skrivs.", "The margin, to the decimals written.")
    ),
    "todo": Word(Free(), Text("Varför utfallet ännu är fel.", "Why the outcome is wrong still.")),
}
_BESIDE: Final[Words] = {
    "kpis": Word(Many(Named("kpi"), 0), Text("Andra nyckeltal i området.", "Other KPIs of the area.")),
    "measures": Word(Many(Named("measure"), 0), Text("Andra åtgärder i området.", "Other measures of the area.")),
    "signals": Word(Many(Named("signal"), 0), Text("Andra omständigheter i området.", "Other signals of the area.")),
}
_OF_AREA: Final[Words] = {"area": Word(Group(_AREA), Text("Området.", "The area.")), **_BESIDE}
EXAMPLES: Final[dict[Subject, Group]] = {
    "kpi": Group(
        {
            **_ANSWER,
            "kpi": Word(Group({**_AREA_ID, **_KPI_FACTS}), Text("Nyckeltalet som bedöms.", "The KPI that is judged.")),
            **_SERIES,
            "kpis": _BESIDE["kpis"],
        },
        needed=("title", "expect", "years", "own"),
    ),
    "area": Group({**_ANSWER, **_OF_AREA}, needed=("title", "expect")),
    "measure": Group(
        {**_ANSWER, "measure": Word(Named("measure"), Text("Åtgärden som bedöms.", "The measure judged.")), **_OF_AREA},
        needed=("title", "expect", "measure"),
    ),
    "signal": Group(
        {
            **_ANSWER,
            "signal": Word(Named("signal"), Text("Omständigheten som bedöms.", "The signal that is judged.")),
            **_OF_AREA,
        },
        needed=("title", "expect", "signal"),
    ),
}
# What is used in several places, by the name that ``Named`` gives it.
DEFINITIONS: Final[dict[str, Form]] = {
    "years": _YEARS,
    "figures": _FIGURES,
    "others": _OTHERS,
    "kpi": _KPI_BESIDE,
    "measure": Group(_MEASURE),
    "signal": Group(_SIGNAL),
}

WAIVERS: Final[Words] = {
    "genomlys": PACK["genomlys"],
    "waivers": Word(
        Many(Group(WAIVER, needed=tuple(WAIVER)), 0),
        Text("Flaggor som någon har svarat för.", "Flags that someone has answered for."),
    ),
}

DATASET: Final[Words] = {
    "title": Word(Free(), Text("Datamängdens namn.", "The data set's name.")),
    "unit": Word(Free(), Text("Den egna enhetens id, en rad i units.", "The home unit's id, a row of units.")),
    "as_of": Word(DAY, Text("Dagen som datamängden gäller: ett datum eller ett år.", "A date, or a year for its end.")),
    "sources": Word(Many(Free(), 0), Text("Varifrån uppgifterna kommer.", "Where the data come from.")),
    "licence": Word(Free(), Text("Villkor för uppgifterna.", "The terms of the data.")),
}
