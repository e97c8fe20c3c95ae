"""Rules as documents: a page a rule and one that leads to them all, as blocks that each format writes.

Everything is read from the rules themselves, so that no page says what its rule does not do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from genomlys.engine.conditions.base import Condition
from genomlys.engine.conditions.bases import BENCHMARK_WORDS
from genomlys.engine.conditions.members import Members
from genomlys.engine.conditions.reference import Reference
from genomlys.engine.conditions.tree import Branch, Tree
from genomlys.engine.errors import Lang, Text
from genomlys.engine.explain.words import capital
from genomlys.engine.language.changes import say_override, threshold_name, threshold_text
from genomlys.engine.language.example_facts import ExampleKpi, ExampleMeasure, ExampleSignal
from genomlys.engine.language.examples import Example
from genomlys.engine.language.model import Dated, Move, Pack, Rule
from genomlys.engine.language.pack import RuleBook
from genomlys.engine.language.template import Part, Slot, Template
from genomlys.engine.report import html, markdown, rulewords
from genomlys.engine.report.blocks import Bullets, Fields, Heading, Links, Outline, PageBlock, Paragraph, Table
from genomlys.engine.report.words import HORIZONS, LEVELS, TELLS, quoted
from genomlys.engine.writing import NBSP

INDEX: Final = "index"


@dataclass(frozen=True)
class Page:
    """``name`` is that of its file, without suffix."""

    name: str
    title: str
    blocks: tuple[PageBlock, ...]


def pages(book: RuleBook, lang: Lang) -> tuple[Page, ...]:
    """The page that leads to the others first, then a page a rule in the packs' order."""
    rules = [(pack, rule) for pack in book.packs for rule in pack.rules]
    return (_index(book, lang), *(_page(book, pack, rule, lang) for pack, rule in rules))


def together(found: Sequence[Page]) -> Page:
    """All pages as one, which leads to no other."""
    blocks = [block for page in found for block in page.blocks]
    plain = tuple(block.table if isinstance(block, Links) else block for block in blocks)
    return Page(found[0].name, found[0].title, plain)


def as_markdown(page: Page, lang: Lang) -> str:
    return markdown.render(page.blocks)


def as_html(page: Page, lang: Lang) -> str:
    return html.page(page.title, page.blocks, lang)


FORMATS: Final[Mapping[str, Callable[[Page, Lang], str]]] = {"md": as_markdown, "html": as_html}


def rule_table(book: RuleBook, lang: Lang) -> Table:
    """The rules in the packs' order: id, title, subject, severity, part of the goal, number of examples."""
    heads = (
        ("Regel", "Rule"),
        ("Titel", "Title"),
        ("Gäller", "For"),
        ("Allvarsgrad", "Severity"),
        ("Del av målet", "Part of the goal"),
        ("Exempel", "Examples"),
    )
    rows = [_row(rule, lang) for pack in book.packs for rule in pack.rules]
    return Table(tuple(Text(*head).in_(lang) for head in heads), tuple(rows), right=frozenset([5]))


def _row(rule: Rule, lang: Lang) -> tuple[str, ...]:
    severity = rule.severity.fixed
    levels = [severity] if severity is not None else [level for level, _ in rule.severity.from_gap]
    ends = dict.fromkeys([LEVELS[levels[0]].in_(lang), LEVELS[levels[-1]].in_(lang)])
    return (
        rule.id,
        rule.title.in_(lang),
        rulewords.SUBJECTS[rule.subject].in_(lang),
        "–".join(ends),
        rulewords.GOALS[rule.goal].in_(lang),
        str(len(rule.examples)),
    )


def _index(book: RuleBook, lang: Lang) -> Page:
    own = book.packs[0]
    title = own.title.in_(lang)
    blocks: list[PageBlock] = [Heading(1, title), Fields(tuple(_packs(book, lang)))]
    rules = [rule for pack in book.packs for rule in pack.rules]
    if rules:
        blocks += [Heading(2, Text("Regler", "Rules").in_(lang))]
        blocks += [Links(rule_table(book, lang), tuple(rule.id for rule in rules))]
    if book.moves:
        blocks += [
            Heading(2, Text("Möjliga förflyttningar", "Candidate förflyttningar").in_(lang)),
            Paragraph(
                Text(
                    "För varje område föreslås den första som gäller.",
                    "For each area the first that holds is proposed.",
                ).in_(lang)
            ),
        ]
        for move in book.moves:
            blocks += _move(move, book, lang)
    if book.overrides:
        blocks += [
            Heading(2, Text("Ändrat i regelpaket som används", "Changed in packs that are used").in_(lang)),
            Bullets(tuple(f"{each.id}: {say_override(each, lang)}" for each in book.overrides)),
        ]
    return Page(INDEX, title, tuple(blocks))


def _packs(book: RuleBook, lang: Lang) -> Iterator[tuple[str, str]]:
    for pack in book.packs:
        name = Text("Regelpaket", "Pack") if pack is book.packs[0] else Text("Använder", "Uses")
        yield name.in_(lang), f"{pack.name} {pack.version}"
        yield "SHA-256", pack.sha256


def _move(move: Move, book: RuleBook, lang: Lang) -> Iterator[PageBlock]:
    yield Heading(3, _template(move.title.parts(lang)))
    yield Paragraph(_template(move.description.parts(lang)))
    yield Fields(
        (
            (Text("Möjlig effekt", "Possible gain").in_(lang), _template(move.gain.parts(lang))),
            (Text("Sikt", "Horizon").in_(lang), HORIZONS[move.horizon].in_(lang)),
        )
    )
    yield Paragraph(Text("Föreslås när detta gäller:", "Proposed when this holds:").in_(lang))
    yield Outline(tuple(_tree(move.when, book, lang)))
    yield from _by_year(move.dated, lang)


def _page(book: RuleBook, pack: Pack, rule: Rule, lang: Lang) -> Page:
    title = rule.title.in_(lang)
    return Page(
        rule.id,
        title,
        (
            Heading(1, title),
            Fields(tuple(_facts(rule, lang))),
            Heading(2, Text("Syfte", "Purpose").in_(lang)),
            Paragraph(_prose(rule.why.in_(lang))),
            Heading(2, Text("Villkor", "Condition").in_(lang)),
            Outline(tuple(_tree(rule.when, book, lang))),
            Heading(2, Text("Gränser och källa", "Limits and source").in_(lang)),
            *_limits(rule, lang),
            Heading(2, Text("Motivering", "Justification").in_(lang)),
            Paragraph(_template(rule.because.parts(lang))),
            *_sentences(rule.when, lang),
            Heading(2, Text("När regeln vilseleder", "When the rule misleads").in_(lang)),
            Paragraph(_prose(rule.limits.in_(lang))),
            *_examples(rule, lang),
            Heading(2, Text("Historik", "History").in_(lang)),
            *_history(pack, rule, lang),
        ),
    )


def _facts(rule: Rule, lang: Lang) -> Iterator[tuple[str, str]]:
    yield "Id", rule.id
    yield Text("Gäller", "For").in_(lang), rulewords.scope(rule.scope, lang)
    yield Text("En flagga betyder", "A flag means").in_(lang), TELLS[rule.tells].in_(lang)
    yield Text("Del av målet", "Part of the goal").in_(lang), rulewords.GOALS[rule.goal].in_(lang)


def _tree(tree: Tree, book: RuleBook, lang: Lang, depth: int = 0) -> Iterator[tuple[int, str]]:
    """The condition in words; rules are called by their titles."""
    if not isinstance(tree, Branch):
        yield depth, capital(_leaf(tree, book, lang))
    elif tree.joint == "not" and not isinstance(tree.parts[0], Branch):
        yield depth, Text("Inte: ", "Not: ").in_(lang) + _leaf(tree.parts[0], book, lang)
    else:
        yield depth, capital(tree.say(lang))
        for part in tree.parts:
            yield from _tree(part, book, lang, depth + 1)


def _leaf(leaf: Condition, book: RuleBook, lang: Lang) -> str:
    said = leaf.say(lang)
    if not isinstance(leaf, Reference | Members):
        return said
    title = next(rule.title.in_(lang) for pack in book.packs for rule in pack.rules if rule.id == leaf.rule)
    return said.replace(f"'{leaf.rule}'", quoted(title, lang))


def _limits(rule: Rule, lang: Lang) -> Iterator[PageBlock]:
    if rule.severity.fixed is not None:
        level = LEVELS[rule.severity.fixed]
        yield Paragraph(Text(f"Allvarsgrad: {level.sv}.", f"Severity: {level.en}.").in_(lang))
    else:
        head = (Text("Allvarsgrad", "Severity").in_(lang), Text("Skillnad från", "Gap from").in_(lang))
        rows = [
            (LEVELS[level].in_(lang), f"{rulewords.number(100 * limit, 0, lang)} %")
            for level, limit in rule.severity.from_gap
        ]
        yield Table(head, tuple(rows), right=frozenset([1]))
    yield from _by_year(rule.dated, lang)
    yield Paragraph(_prose(rule.source.in_(lang)))


def _by_year(dated: Sequence[Dated], lang: Lang) -> Iterator[PageBlock]:
    """The thresholds that change with the years; nothing where none does."""
    heads = (("Gräns", "Limit"), ("Värde", "Value"), ("Från år", "From"), ("Källa", "Source"))
    rows = tuple(row for each in dated for row in _of_years(each, lang))
    if rows:
        yield Table(tuple(Text(*head).in_(lang) for head in heads), rows)


def _of_years(dated: Dated, lang: Lang) -> Iterator[tuple[str, ...]]:
    """A row for each year that the threshold changes."""
    for year, value in dated.values:
        name, said = threshold_name(dated.word).in_(lang), threshold_text(value).in_(lang)
        yield capital(name), said, str(year), dated.source.in_(lang)


def _sentences(tree: Tree, lang: Lang) -> Iterator[PageBlock]:
    """The sentences that conditions add where they hold."""
    added = [_template(said.parts(lang)) for said in _added(tree)]
    if added:
        yield Paragraph(Text("Där det gäller läggs till:", "Added where it holds:").in_(lang))
        yield Bullets(tuple(added))


def _added(tree: Tree) -> Iterator[Template]:
    if tree.because is not None:
        yield tree.because
    if isinstance(tree, Branch):
        for part in tree.parts:
            yield from _added(part)


def _prose(text: str) -> str:
    """A per cent sign is never parted from its number."""
    return text.replace(" %", f"{NBSP}%")


def _template(parts: Sequence[Part]) -> str:
    return "".join(_slot(part) if isinstance(part, Slot) else part for part in parts)


def _slot(slot: Slot) -> str:
    return f"{{{slot.name}}}" if slot.one is None else f"{slot.one}/{slot.many}"


def _history(pack: Pack, rule: Rule, lang: Lang) -> Iterator[PageBlock]:
    place = f"{pack.name} {pack.version}"
    said = [
        Text(f"Så här i {place} (SHA-256 {pack.sha256[:12]}).", f"As in {place} (SHA-256 {pack.sha256[:12]}).").in_(
            lang
        )
    ]
    if rule.override is not None:
        said.append(f"{capital(say_override(rule.override, lang))}")
    yield Bullets(tuple(said))


def _examples(rule: Rule, lang: Lang) -> Iterator[PageBlock]:
    if not rule.examples:
        return
    yield Heading(2, Text("Exempel", "Examples").in_(lang))
    for example in rule.examples:
        yield Heading(3, example.title)
        for kpi in example.kpis:
            yield _figures(kpi, lang)
            if stated := tuple(rulewords.stated(kpi, lang)):
                yield Fields(stated)
        entries = [
            *(_measure(each, lang) for each in example.measures),
            *(_signal(each, lang) for each in example.signals),
        ]
        if entries:
            yield Bullets(tuple(entries))
        if not (example.kpis or entries):
            yield Paragraph(Text("Området har inga uppgifter.", "The area has no figures.").in_(lang))
        yield Fields(tuple(_expected(example, lang)))


def _figures(kpi: ExampleKpi, lang: Lang) -> Table:
    """A small table: a row a series, a column a year."""
    rows = [(Text("Eget värde", "Own value").in_(lang), kpi.own)]
    rows += [(capital(BENCHMARK_WORDS[name].in_(lang)), figures) for name, figures in kpi.bases]
    told = tuple((name, *(rulewords.figure(each, kpi.decimals, lang) for each in figures)) for name, figures in rows)
    head = (f"{capital(kpi.name)}, {kpi.measure}", *map(str, kpi.years))
    return Table(head, told, right=frozenset(range(1, len(head))))


def _measure(measure: ExampleMeasure, lang: Lang) -> str:
    said = [rulewords.MEASURE_WORDS[measure.status].in_(lang), HORIZONS[measure.horizon].in_(lang)]
    said += [] if measure.decided is None else [_dated(Text("beslutad", "decided"), measure.decided.isoformat(), lang)]
    said += [] if measure.due is None else [_dated(Text("slutdatum", "due"), measure.due.isoformat(), lang)]
    return f"{_titled(Text('Åtgärden', 'The measure'), measure.title, lang)}: {', '.join(said)}"


def _signal(signal: ExampleSignal, lang: Lang) -> str:
    said = [rulewords.SIGNAL_WORDS[signal.kind].in_(lang)]
    said += [] if signal.date is None else [_dated(Text("daterad", "dated"), signal.date.isoformat(), lang)]
    return f"{_titled(Text('Omständigheten', 'The signal'), signal.title, lang)}: {', '.join(said)}"


def _titled(what: Text, title: str, lang: Lang) -> str:
    """An example may leave its title out, and then has the word itself."""
    return what.in_(lang) if title == what.sv else f"{what.in_(lang)} {quoted(title, lang)}"


def _dated(what: Text, day: str, lang: Lang) -> str:
    return f"{what.in_(lang)} {day}"


def _expected(example: Example, lang: Lang) -> Iterator[tuple[str, str]]:
    expected = example.expected
    outcome = rulewords.STATUSES[expected.status].in_(lang)
    if expected.severity is not None:
        level = LEVELS[expected.severity]
        outcome += Text(f", allvarsgrad {level.sv}", f", severity {level.en}").in_(lang)
    yield Text("Utfall", "Outcome").in_(lang), capital(outcome)
    if expected.margin is not None:
        yield Text("Marginal", "Margin").in_(lang), rulewords.span(expected.margin, lang)
    if expected.money is not None:
        yield Text("Belopp, tkr om året", "Money, tkr a year").in_(lang), rulewords.span(expected.money, lang)
    texts = dict(expected.texts)
    text = texts.get(lang) or texts.get("sv")
    if text is not None:
        yield Text("Text", "Text").in_(lang), text
    if example.todo is not None:
        yield Text("Känt fel", "Known to be wrong").in_(lang), example.todo
