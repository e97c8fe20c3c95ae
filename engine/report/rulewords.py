"""The words of rules' pages and lists: whom a rule is for, what it tells, and its examples' figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from genomlys.engine.conditions.base import either
from genomlys.engine.conditions.bases import BENCHMARK_WORDS
from genomlys.engine.conditions.measures import NAMES as MEASURE_NAMES
from genomlys.engine.conditions.scope import WHAT, Scope
from genomlys.engine.conditions.signals import NAMES as SIGNAL_NAMES
from genomlys.engine.errors import Lang, Text
from genomlys.engine.language.example_facts import ExampleKpi, usual
from genomlys.engine.language.figures import Figure, Span
from genomlys.engine.writing import NBSP, format_number

SUBJECTS: Final[Mapping[str, Text]] = {
    "kpi": Text("nyckeltal", "KPI"),
    "area": Text("område", "area"),
    "measure": Text("åtgärd", "measure"),
    "signal": Text("omständighet", "signal"),
}
GOALS: Final[Mapping[str, Text]] = {
    "cost": Text("kostnad", "cost"),
    "results": Text("resultat", "results"),
    "development": Text("utveckling", "development"),
    "need": Text("behov", "need"),
    "detail": Text("detalj", "detail"),
    "followup": Text("uppföljning", "follow-up"),
    "data": Text("underlag", "data"),
}
STATUSES: Final[Mapping[str, Text]] = {
    "flagged": Text("flaggas", "flagged"),
    "clear": Text("flaggas inte", "not flagged"),
    "unknown": Text("kan inte bedömas", "cannot be judged"),
    "not_applicable": Text("ej tillämpligt", "not applicable"),
}
_DIRECTIONS: Final[Mapping[str, Text]] = {
    "higher": Text("högre är bättre", "higher is better"),
    "lower": Text("lägre är bättre", "lower is better"),
    "target": Text("ett mål ska nås", "a target is to be met"),
    "neutral": Text("ingen riktning är bättre", "no direction is better"),
}
_CATEGORIES: Final[Mapping[str, Text]] = {
    "ekonomi": Text("ekonomi", "economy"),
    "personal": Text("personal", "staff"),
    "kvalitet": Text("kvalitet", "quality"),
    "volym": Text("volym", "volume"),
}
# How each word that narrows a scope is said, with its values in place of {}.
_NARROWED: Final[Mapping[str, Text]] = {
    "category": Text("i kategorin {}", "in the category {}"),
    "direction": Text("där {}", "where {}"),
    "measure": Text("i måttet {}", "in the measure {}"),
    "area": Text("i området {}", "of the area {}"),
    "kpi": Text("{}", "{}"),
    "has": Text("som jämförs med {}", "compared with {}"),
    "lacks": Text("som inte jämförs med {}", "not compared with {}"),
    "area_has": Text("i områden med jämförelse med {}", "of areas with a comparison with {}"),
    "area_lacks": Text("i områden utan jämförelse med {}", "of areas without a comparison with {}"),
    "followed": Text("som har följts i minst {} år", "followed for at least {} years"),
    "kind": Text("av slaget {}", "of the kind {}"),
}
_YES_OR_NO: Final[Mapping[tuple[str, str], Text]] = {
    ("cost", "yes"): Text("som är kostnader att hålla nere", "that are costs to keep down"),
    ("cost", "no"): Text("som inte är kostnader att hålla nere", "that are not costs to keep down"),
    ("priority", "yes"): Text("som är prioriterade", "that are priorities"),
    ("priority", "no"): Text("som inte är prioriterade", "that are not priorities"),
    ("cross_cutting", "yes"): Text("som går över nämnder", "across committees"),
    ("cross_cutting", "no"): Text("som inte går över nämnder", "not across committees"),
}
_ALL_OF_THEM: Final = ("has", "area_has")
_NAMES: Final[Mapping[str, Mapping[str, Text]]] = {
    "category": _CATEGORIES,
    "direction": _DIRECTIONS,
    "has": BENCHMARK_WORDS,
    "lacks": BENCHMARK_WORDS,
    "area_has": BENCHMARK_WORDS,
    "area_lacks": BENCHMARK_WORDS,
    "kind": SIGNAL_NAMES,
}


def scope(found: Scope, lang: Lang) -> str:
    """ "Nyckeltal i kategorin kvalitet eller personal, som jämförs med liknande kommuner"."""
    words = [_narrowed(word, values, lang) for word, values in found.narrowing]
    what = WHAT[found.subject].in_(lang)
    all_ = Text(f"alla {what}", f"all {what}").in_(lang)
    said = ", ".join([f"{what} {words[0]}", *words[1:]]) if words else all_
    return said[0].upper() + said[1:]


def _narrowed(word: str, values: tuple[str, ...], lang: Lang) -> str:
    if (word, values[0]) in _YES_OR_NO:
        return either([_YES_OR_NO[word, value].in_(lang) for value in values], lang)
    names = _NAMES.get(word, {})
    said = [names[value].in_(lang) if value in names else value for value in values]
    joined = either(said, lang)
    if word in _ALL_OF_THEM and len(said) > 1:
        joined = f"{', '.join(said[:-1])} {Text('och', 'and').in_(lang)} {said[-1]}"
    return _NARROWED[word].in_(lang).replace("{}", joined)


def figure(found: Figure, decimals: int, lang: Lang) -> str:
    """As a table shows it: a value, or why there is none."""
    if found.value is None:
        return _MARKS[found.status].in_(lang)
    preliminary = Text(" (preliminärt)", " (preliminary)").in_(lang) if found.status == "preliminary" else ""
    return number(found.value, decimals, lang) + preliminary


_MARKS: Final[Mapping[str, Text]] = {
    "missing": Text("saknas", "missing"),
    "suppressed": Text("sekretess", "suppressed"),
    "not_applicable": Text("ej tillämpligt", "not applicable"),
}


def number(value: float, decimals: int, lang: Lang) -> str:
    """With the KPI's decimals, or more where the figure has them."""
    needed = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    return format_number(value, max(decimals, needed, 0), lang)


def stated(kpi: ExampleKpi, lang: Lang) -> Iterator[tuple[str, str]]:
    """What else its verdict may hang on in an example: others' figures, and facts that are not the usual."""
    for what, figures in ((_PEERS, kpi.peers), (_OTHERS, kpi.nation)):
        if figures:
            yield f"{what.in_(lang)} {kpi.years[-1]}", _grouped(figures, kpi.decimals, lang)
    if kpi.direction != usual(kpi.category)[1]:
        yield Text("Riktning", "Direction").in_(lang), _DIRECTIONS[kpi.direction].in_(lang)
    if kpi.materiality_rel is not None:
        yield _MATERIALITY.in_(lang), f"{number(100 * kpi.materiality_rel, 0, lang)}{NBSP}%"
    facts = (
        (_MATERIALITY, kpi.materiality_abs),
        (Text("Räknas på", "Counted on"), kpi.denominator),
        (Text("Per", "Per"), kpi.per),
        (Text("Volym", "Volume"), kpi.volume),
    )
    yield from ((what.in_(lang), number(value, 0, lang)) for what, value in facts if value is not None)
    if kpi.breaks:
        yield Text("Ändrad definition", "Definition changed").in_(lang), ", ".join(map(str, kpi.breaks))


_PEERS: Final = Text("Liknande kommuner var för sig", "Similar municipalities one by one")
_OTHERS: Final = Text("Andra kommuner", "Other municipalities")
_MATERIALITY: Final = Text("Väsentlighetsgräns", "Materiality")


def _grouped(figures: Sequence[Figure], decimals: int, lang: Lang) -> str:
    """ "50 med värdet 90; 60 med värdet 105", in the order they are written; a few are listed one by one."""
    counted = Counter(figure(each, decimals, lang) for each in figures)
    if len(counted) == len(figures) or len(figures) <= _FEW:
        return "; ".join(figure(each, decimals, lang) for each in figures)
    having = Text("med värdet", "with the value").in_(lang)
    return "; ".join(f"{number(times, 0, lang)} {having} {value}" for value, times in counted.items())


_FEW: Final = 12


def span(found: Span, lang: Lang) -> str:
    """A margin or an amount as an example expects it: "2", "−1 till 3"."""
    if found.lo == found.hi:
        return number(found.lo, 0, lang)
    ends = [
        Text("obegränsat", "unbounded").in_(lang) if abs(end) == float("inf") else number(end, 0, lang)
        for end in (found.lo, found.hi)
    ]
    return Text(f"{ends[0]} till {ends[1]}", f"{ends[0]} to {ends[1]}").in_(lang)


MEASURE_WORDS: Final = MEASURE_NAMES
SIGNAL_WORDS: Final = SIGNAL_NAMES
