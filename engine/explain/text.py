"""Explanations as plain text: one in full, a subject's one after another, or a rule's as a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from genomlys.engine.amounts import format_tkr
from genomlys.engine.errors import Lang, Text
from genomlys.engine.explain import words
from genomlys.engine.explain.model import Cell, Explanation, Made, Origin, Rank, Step
from genomlys.engine.multiplicity import RATE
from genomlys.engine.numbers import BLANKS
from genomlys.engine.writing import format_number

INDENT = "  "
_HEADS: Mapping[str, Text] = {
    "why": Text("Varför", "Why"),
    "limits": Text("Begränsningar", "Limits"),
    "source": Text("Källa", "Source"),
}

_NO_SOURCE = Text("ingen källa angiven", "no source stated")


def render(explanations: Sequence[Explanation], lang: Lang = "sv") -> str:
    """The text of what ``explain`` gave in the same language; lines end in a newline, and none has a trailing blank."""
    return "".join(f"{line}\n" for line in lines(explanations, lang))


def lines(explanations: Sequence[Explanation], lang: Lang) -> Iterator[str]:
    """The same, line by line."""
    if not explanations:
        found = iter([Text("Ingen regel prövas för detta.", "No rule is for this.").in_(lang)])
    elif len(explanations) == 1:
        found = _full(explanations[0], lang)
    elif len({each.rule for each in explanations}) == 1:
        found = _of_rule(explanations, lang)
    else:
        found = _of_subjects(explanations, lang)
    return map(_tidy, found)


def _tidy(line: str) -> str:
    """Without what would steer a terminal; the texts come from files that anyone may have written."""
    return "".join(char if char.isprintable() or char in BLANKS else " " for char in line).rstrip()


def _full(each: Explanation, lang: Lang) -> Iterator[str]:
    yield _about(each, lang)
    yield ""
    yield from _verdict(each, lang)
    yield from _made([each], lang)
    yield from _sources([each], lang)
    yield ""
    yield Text("Regeln", "The rule").in_(lang)
    for name, head in _HEADS.items():
        yield f"{INDENT}{head.in_(lang)}: {getattr(each.document, name)}"
    place = each.document.place
    line = Text(f"rad {place.line}", f"line {place.line}").in_(lang)
    yield f"{INDENT}{Text('Regelpaket', 'Pack').in_(lang)}: {each.pack}, {place.file}, {line}"
    for dated in each.document.dated:
        yield f"{INDENT}{Text('Över tid', 'Over time').in_(lang)}: {dated}"
    if each.document.override is not None:
        yield f"{INDENT}{Text('Ändrad', 'Changed').in_(lang)}: {each.document.override}"
    if each.rank is not None:
        yield ""
        yield from _ranked(each.rank, lang)


def _of_subjects(explanations: Sequence[Explanation], lang: Lang) -> Iterator[str]:
    """All verdicts on what an id means: a KPI, or an area and a measure of the same name."""
    for number, (_, group) in enumerate(groupby(explanations, key=lambda each: each.kind)):
        found = list(group)
        if number:
            yield ""
        yield _about(found[0], lang)
        for each in found:
            if each.status != "not_applicable":
                yield ""
                yield from _verdict(each, lang)
        out = [each.rule for each in found if each.status == "not_applicable"]
        yield from _made(found, lang)
        yield from _sources(found, lang)
        if out:
            yield ""
            yield f"{Text('Ej tillämpliga regler', 'Rules that do not apply').in_(lang)}: {', '.join(out)}."
        if found[0].rank is not None:
            yield ""
            yield from _ranked(found[0].rank, lang)
    yield ""
    first = explanations[0].id
    yield Text(
        f"Regelns skäl och begränsningar, och varför en regel inte är tillämplig: genomlys explain {first}",
        f"A rule's reasons and limits, and why one does not apply: genomlys explain {first}",
    ).in_(lang)


def _of_rule(explanations: Sequence[Explanation], lang: Lang) -> Iterator[str]:
    first = explanations[0]
    yield f"{first.rule_title} ({first.rule}), {first.unit_title}"
    yield ""
    told = [each for each in explanations if each.status != "not_applicable"]
    width = max((len(words.STATUSES[each.status].in_(lang)) for each in told), default=0)
    for each in told:
        status = words.STATUSES[each.status].in_(lang).ljust(width)
        yield f"{INDENT}{status}  {each.title} ({each.subject}){_near(each, lang)}"
    out = [each.subject for each in explanations if each.status == "not_applicable"]
    if out:
        yield f"{INDENT}{words.STATUSES['not_applicable'].in_(lang)}: {', '.join(out)}"
    yield ""
    yield Text("Hela förklaringen", "The whole explanation").in_(lang) + f": genomlys explain {first.id}"


def _near(each: Explanation, lang: Lang) -> str:
    if each.severity is not None:
        level = words.LEVELS[each.severity]
        return Text(f": allvarsgrad {level.sv}", f": severity {level.en}").in_(lang)
    if not each.missing:
        return ""
    return f": {Text('saknas', 'missing').in_(lang)} {_cells(each.missing, lang, each.subject)}"


def _verdict(each: Explanation, lang: Lang) -> Iterator[str]:
    yield f"{each.rule_title} ({each.rule}): {_status(each, lang)}"
    if each.text:
        yield each.text
    if each.waiver:
        yield each.waiver
    yield from (f"{words.capital(reason)}." for reason in each.reasons)
    if each.status == "not_applicable":
        return
    yield from _step(each.tree, lang, 1)
    yield from _consequences(each, lang)


def _status(each: Explanation, lang: Lang) -> str:
    status = words.STATUSES[each.status].in_(lang)
    if each.severity is None:
        return status
    level = words.LEVELS[each.severity]
    return status + Text(f", allvarsgrad {level.sv}", f", severity {level.en}").in_(lang)


def _about(each: Explanation, lang: Lang) -> str:
    kind, year = words.KINDS[each.kind].in_(lang), "" if each.year is None else f", {each.year}"
    return f"{kind}: {each.title} ({each.subject}), {each.unit_title}{year}"


def _step(step: Step, lang: Lang, depth: int) -> Iterator[str]:
    indent, holds = INDENT * depth, words.HOLDS[step.status].in_(lang)
    if step.kind == "year":
        yield f"{indent}{step.words}: {holds}; {_on_a_line(step)}"
        return
    if step.kind == "verdict":
        yield f"{indent}{step.words} ({step.verdict}): {words.STATUSES[step.status].in_(lang)}"
    else:
        yield f"{indent}{words.capital(step.words)}: {holds}"
    indent += INDENT
    yield from (f"{indent}{fact.says}" for fact in step.facts)
    if step.turn is not None and depth > 1:
        # Of a rule with one condition, the same is told of the verdict.
        yield f"{indent}{step.turn.says}"
    if step.missing:
        yield f"{indent}{Text('saknas', 'missing').in_(lang)}: {_cells(step.missing, lang)}"
    for part in step.parts:
        yield from _step(part, lang, depth + 1)


def _on_a_line(step: Step) -> str:
    """ "54 mnkr mot 53 mnkr år 2023, skillnad 1 mnkr"."""
    said = ", ".join(fact.says for fact in step.facts if fact.name != "basis")
    basis = next((f" {fact.says}" for fact in step.facts if fact.name == "basis"), "")
    first, comma, rest = said.partition(", ")
    return first + basis + comma + rest


def _consequences(each: Explanation, lang: Lang) -> Iterator[str]:
    """What would turn the verdict, how sure it is, and how long it has been so."""
    if each.missing:
        missing = _cells(each.missing, lang, each.subject)
        yield Text(f"För att avgöra saknas {missing}.", f"To decide, this is missing: {missing}.").in_(lang)
    if each.turn is not None:
        yield each.turn.says
    # What has no figures cannot be rounded; where rounding decides, that is always told.
    if each.sure is False or (each.sure and _compares(each.tree)):
        sure = Text("Avrundningen av siffrorna ändrar inte utfallet.", "Rounding of the figures does not change this.")
        not_sure = Text("Siffrornas avrundning kan avgöra utfallet.", "Rounding of the figures may decide this.")
        yield (sure if each.sure else not_sure).in_(lang)
    if each.years_flagged and each.year is not None:
        yield _streak(each.year, each.years_flagged).in_(lang)
    if each.q is not None and each.status == "flagged":
        yield _among_many(each.q).in_(lang)
    if each.money is not None:
        money = format_tkr(each.money, lang)
        yield Text(f"Skillnaden motsvarar {money} om året.", f"The difference is worth {money} a year.").in_(lang)


def _compares(step: Step) -> bool:
    return any(fact.name == "difference" for fact in step.facts) or any(_compares(part) for part in step.parts)


def _among_many(q: float) -> Text:
    # A q that is written as 0 would say that chance has no part in it.
    shown = max(q, 0.01)
    sign = "=" if shown == q else "<"
    number = Text(f"{sign} {format_number(shown, 2, 'sv')}", f"{sign} {format_number(shown, 2, 'en')}")
    if q <= RATE:
        return Text(
            f"Det håller också när alla nyckeltal som regeln prövas på räknas med (q {number.sv}).",
            f"That holds when all the KPIs that the rule was asked of are counted in too (q {number.en}).",
        )
    return Text(
        f"När alla nyckeltal som regeln prövas på räknas med kan det vara slump (q {number.sv}).",
        f"When all the KPIs that the rule was asked of are counted in, it may be chance (q {number.en}).",
    )


def _streak(last: int, years: int) -> Text:
    if years == 1:
        return Text(f"Flaggad ett år: {last}.", f"Flagged one year: {last}.")
    first = last - years + 1
    return Text(f"Flaggad {years} år i följd: {first}–{last}.", f"Flagged {years} years in a row: {first}–{last}.")


def _cells(cells: Sequence[Cell], lang: Lang, subject: str | None = None) -> str:
    """Missing figures in words, the years of a figure together; with titles of other subjects than ``subject``."""
    texts = []
    for _, group in groupby(sorted(cells, key=_alike), key=_alike):
        same = list(group)
        is_other = same[0].is_part or (subject is not None and same[0].subject != subject)
        title = f"{same[0].title}: " if is_other else ""
        texts.append(title + _cell(same[0], sorted({cell.year for cell in same if cell.year is not None}), lang))
    return "; ".join(texts)


def _alike(cell: Cell) -> tuple[str, str, str, str]:
    return cell.subject, cell.source, cell.reason, cell.note


def _cell(cell: Cell, years: Sequence[int], lang: Lang) -> str:
    what = words.MISSING[cell.source].in_(lang)
    if cell.reason == "break":
        what = Text(f"jämförbart {what}", f"comparable {what}").in_(lang)
    if years:
        what += f" {words.listed([str(year) for year in years], lang)}"
    elif cell.source in words.SOURCES:
        what = Text(f"ett aktuellt {what}", f"a recent {what}").in_(lang)
    notes = [words.SUPPRESSED.in_(lang)] if cell.reason == "suppressed" else []
    notes += [cell.note] if cell.note else []
    return f"{what} ({', '.join(notes)})" if notes else what


def _made(explanations: Sequence[Explanation], lang: Lang) -> Iterator[str]:
    """How derived values came about, each once."""
    found = tuple(dict.fromkeys(made for each in explanations for made in each.made))
    if found:
        yield ""
        yield Text("Så är värdet framräknat", "How the value was worked out").in_(lang)
        yield from _figures(found, 1)


def _figures(made: Sequence[Made], depth: int) -> Iterator[str]:
    for each in made:
        yield f"{INDENT * depth}{each.says}"
        yield from _figures(each.parts, depth + 1)


def _sources(explanations: Sequence[Explanation], lang: Lang) -> Iterator[str]:
    """What was taken from where: a line for each source, with the tables of the data set that it is in."""
    origins = {origin for each in explanations for origin in each.sources}
    if not origins:
        return
    yield ""
    yield f"{Text('Källor', 'Sources').in_(lang)} ({explanations[0].data})"
    for source, group in groupby(sorted(origins, key=_place), key=lambda origin: origin.source):
        taken = []
        for table, of_table in groupby(group, key=lambda origin: origin.table):
            what = ", ".join(_taken(explanations[0].subject, list(of_table), lang))
            taken.append(f"{what} ({Text('tabellen', 'table').in_(lang)} {table})")
        yield f"{INDENT}{', '.join(taken)}: {source or _NO_SOURCE.in_(lang)}"


def _place(origin: Origin) -> tuple[str, int, str, str, int]:
    order = ("values", "prices", "benchmarks", "measures", "signals").index(origin.table)
    return origin.source or "", order, origin.subject, origin.what, origin.year or 0


def _taken(subject: str, origins: Sequence[Origin], lang: Lang) -> Iterator[str]:
    for (of, what), group in groupby(origins, key=lambda origin: (origin.subject, origin.what)):
        years = words.listed([str(origin.year) for origin in group if origin.year is not None], lang)
        yield f"{'' if of == subject or not years else f'{of} '}{what} {years}".rstrip()


def _ranked(rank: Rank, lang: Lang) -> Iterator[str]:
    yield Text(
        f"Förflyttning på plats {rank.rank} av {rank.of}: {rank.title}",
        f"Candidate number {rank.rank} of {rank.of}: {rank.title}",
    ).in_(lang)
    yield INDENT + Text("Platsen avgörs i denna ordning:", "The rank is decided in this order:").in_(lang)
    for number, (name, said) in enumerate(rank.tiers, start=1):
        yield f"{INDENT * 2}{number}. {name}: {said}"
    yield f"{INDENT}{Text('Underlag', 'Evidence').in_(lang)}: {', '.join(rank.evidence)}"
